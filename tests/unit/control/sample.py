"""A store in a folder, servers that answer as told, and approvals that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interlock.audit.record import Kind, Record
from interlock.core.approval import Approval, Deadlines, request_approval
from interlock.core.errors import InterlockError
from interlock.core.inventory import ServerEntry
from interlock.core.requests import Judged
from interlock.core.words import (
    Arguments,
    Blast,
    Decision,
    Impact,
    Reversibility,
    Sensitivity,
    Tier,
    ToolClass,
)
from interlock.stores.sqlite import approvals, schema
from interlock.stores.sqlite.desk import create
from unit.policy.calls import case

NOW = 1_800_000_000.0
KEY = "interlock/0000000000000001"
READS = ToolClass(Impact.READ_ONLY, False, Reversibility.NONE_NEEDED, Sensitivity.INTERNAL, Blast.SINGLE, False)
FILES = ServerEntry(
    name="files",
    tenant="acme",
    owner="platform",
    risk_owner="security",
    transport="stdio",
    identity={"kind": "env", "since": NOW - 60, "shared_by": "caller"},
    findings=(),
)


def genesis() -> Record:
    detail = {"origin": KEY, "key": "none"}
    return Record(kind=Kind.GENESIS, time="2026-01-01T00:00:00.000000Z", detail=detail)


def new_store(directory: Path) -> Path:
    path = directory / "interlock.db"
    assert create(path, genesis())
    return path


def tool(name: str, description: str = "Reads a note.") -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": {"type": "object"}}


def reads(_server: str, _definition: Mapping[str, Any]) -> ToolClass:
    return READS


@dataclass
class Servers:
    """Upstreams that list what they are told to; a text instead of a listing is why they cannot."""

    listings: dict[str, Sequence[Mapping[str, Any]] | str] = field(default_factory=dict)

    async def list_tools(self, server: str) -> Sequence[Mapping[str, Any]]:
        listing = self.listings[server]
        if isinstance(listing, str):
            raise InterlockError(listing)
        return listing


def ask(path: Path, approval_id: str, now: float, tier: Tier = Tier.CONFIRM, /, **arguments: Any) -> Approval:
    """Have an approval asked for, as the gateway does."""
    call, target, facts = case()
    call = replace(call, arguments=Arguments(b'{"id":7}', arguments, f"sha256:{approval_id}"))
    decision = Decision(tier=tier, reason="policy.confirm", policies=("confirm.x",), policy_digest="sha256:p")
    wanted = request_approval(
        call,
        Judged(target, facts, decision),
        {"arguments": arguments, "tool": target.name},
        (approval_id, "nonce"),
        (now, Deadlines(900, 600)),
    )
    with closing(schema.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        approvals.ask(connection, wanted, b'{"id":7}', now - 60)
        connection.execute("COMMIT")
    return wanted
