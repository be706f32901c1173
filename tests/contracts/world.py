"""Calls, approvals and records to try a store with. Nothing here knows which store it is."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from interlock.audit.outcome import Ending, outcome_record
from interlock.audit.record import Outcome as Recorded
from interlock.audit.record import Record
from interlock.audit.verify import Finding
from interlock.canon import digest
from interlock.core.approval import Answer, Approval, Deadlines, Refusal, request_approval
from interlock.core.inventory import Listed, ServerEntry
from interlock.core.requests import Approved, Judged, Outcome, Ticket
from interlock.core.words import (
    Arguments,
    Caller,
    Claims,
    Decision,
    Facts,
    Stage,
    TenantBinding,
    Tier,
    Tool,
    ToolCall,
    ToolClass,
)
from interlock.proxy import records
from interlock.proxy.ports import Store
from unit.policy.calls import CALLER, HARMLESS

SERVER, TOOL = "tickets", "close_ticket"
ENTRY = ServerEntry(
    name=SERVER, tenant="acme", owner="desk", risk_owner="security", transport="http", identity={}, findings=()
)
STICKY = 600.0


class OpenStore(Store, Protocol):
    """What the contract asks of a store beside the port: to be recovered and closed."""

    async def recover(self) -> int:
        """Settle the open intents whose owner is gone."""

    def close(self) -> None:
        """Write what is queued and close."""


class Premises(Protocol):
    """One database with one accepted tool, and what people and other processes do to it."""

    def open(self) -> OpenStore:
        """Return another store on the same data: what another gateway sees."""

    def kill(self, store: OpenStore) -> None:
        """End a store as ``kill -9`` would: what it holds is freed, nothing is written."""

    def answer(self, approval_id: str, said: Answer, *, approve: bool) -> Approval | Refusal:
        """Answer as a person does."""

    def observe(self, listed: Sequence[Listed]) -> None:
        """Have the server list this."""

    def accept(self) -> None:
        """Pin what the server listed last."""

    def stage(self, stage: Stage) -> None:
        """Move the server."""

    def stop(self) -> None:
        """Throw the stop switch for everything."""

    def rows(self) -> list[dict[str, Any]]:
        """Return the whole log."""

    def findings(self) -> Sequence[Finding]:
        """Verify the whole log; what is wrong with it."""


def listed(definition: Mapping[str, Any] | None = None, name: str = TOOL) -> Listed:
    shown = definition or {"name": name, "inputSchema": {"type": "object"}}
    return Listed(name, digest(dict(shown)), shown, HARMLESS)


def call(caller: Caller = CALLER, server: str = SERVER, tool: str = TOOL, **arguments: Any) -> ToolCall:
    return ToolCall(
        call_id=f"call-{secrets.token_hex(8)}",
        caller=caller,
        claims=Claims(reason="because"),
        server=server,
        tool=tool,
        arguments=Arguments(b"{}", arguments, digest(arguments)),
        era="2025-11-25",
    )


def judged(store: Store, tier: Tier = Tier.RUN, policy: str = "sha256:p", effect: ToolClass = HARMLESS) -> Judged:
    """Judge as of now: the tool and the stop switch as the store has them."""
    catalog = store.inventory()
    tool: Tool = catalog.tools[SERVER, TOOL]
    facts = Facts(
        effect=effect,
        resource_tenant=tool.tenant,
        tenant_binding=TenantBinding.BOUND,
        within_budget=True,
        stopped=bool(catalog.stopped),
        stop_epoch=catalog.stop_epoch,
        repeats_unknown=False,
    )
    return Judged(tool, facts, Decision(tier=tier, reason="policy.x", policies=("x",), policy_digest=policy))


def wanted(of: ToolCall, seen: Judged, now: float | None = None, within: tuple[float, float] = (900, 600)) -> Approval:
    return request_approval(
        of,
        seen,
        {"tool": of.tool},
        (f"apr-{secrets.token_hex(8)}", secrets.token_hex(8)),
        (now if now is not None else time.time(), Deadlines(*within)),
    )


def said(at: float | None = None, approver: str = "grace") -> Answer:
    return Answer(
        approver=approver,
        reason="looked",
        at=at if at is not None else time.time(),
        assurance=1,
        verified=True,
        downgraded=False,
        channel="inbox",
    )


def approved(approval_id: str) -> Approved:
    return Approved(approval_id=approval_id, assurance=1, approvers=("grace",), downgraded=False)


async def ask(store: Store, of: ToolCall, seen: Judged, **how: Any) -> Approval:
    approval = wanted(of, seen, **how)
    return await store.ask(approval, of.arguments.raw, approval.not_before - STICKY)


async def dispatch(store: Store, of: ToolCall, seen: Judged, approval_id: str | None = None) -> Ticket | Refusal:
    key = records.fresh_key()
    spent = approved(approval_id) if approval_id else None
    return await store.dispatch(of, seen, spent, records.intent_record(of, seen, spent, key), key)


def outcome(of: ToolCall, seen: Judged, how: Outcome = Outcome.COMPLETED) -> Callable[[], Record]:
    intent = records.intent_record(of, seen, None, records.fresh_key())
    return lambda: outcome_record(intent, Ending(outcome=Recorded(how.value), time=records.timestamp()))


async def perform(
    store: Store, of: ToolCall, how: Outcome = Outcome.COMPLETED, approval_id: str | None = None, **seen: Any
) -> Ticket:
    """Dispatch and settle a call."""
    look = judged(store, **seen)
    ticket = await dispatch(store, of, look, approval_id)
    assert isinstance(ticket, Ticket)
    assert await store.settle(ticket, how, outcome(of, look, how))
    return ticket


def again(of: ToolCall) -> ToolCall:
    """Return the same request, made anew."""
    return replace(of, call_id=f"call-{secrets.token_hex(8)}")


def of_call(rows: Sequence[Mapping[str, Any]], call_id: str) -> list[tuple[str, str | None]]:
    """Return kind and outcome of each record of a call."""
    return [
        (row["kind"], row["outcome"] if isinstance(row["outcome"], str) else None)
        for row in rows
        if row["call_id"] == call_id
    ]


@dataclass(frozen=True)
class Sums:
    """What a log says of its calls."""

    intents: int
    outcomes: int
    open: int


def sums(rows: Sequence[Mapping[str, Any]]) -> Sums:
    intents = [row["call_id"] for row in rows if row["kind"] == "intent"]
    outcomes = [row["call_id"] for row in rows if row["kind"] == "outcome"]
    assert len(set(intents)) == len(intents)
    assert len(set(outcomes)) == len(outcomes)
    assert set(outcomes) <= set(intents)
    return Sums(len(intents), len(outcomes), len(intents) - len(outcomes))
