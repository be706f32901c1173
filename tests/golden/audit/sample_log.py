"""The recipe of the golden log: one record of each kind, in an order that a real log could have.

``python tests/golden/audit/sample_log.py`` writes the files again. They pin the bytes of version 1 of the format:
a change of them is a change of the format, and needs a new version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.audit.checkpoint import Checkpoint, SigningKey, sign_checkpoint, sign_rotation
from interlock.audit.export import Row, write_line
from interlock.audit.merkle import Frontier, leaf_hash
from interlock.audit.record import Agreement, Kind, Outcome, Record, absent, commit, fact, leaf

HERE = Path(__file__).parent
ORIGIN = "log.example/sample"
KEY = SigningKey(ORIGIN, bytes(range(32)))
NEXT = SigningKey(ORIGIN, bytes(range(1, 33)))
COMMIT_KEY = bytes(range(200, 232))
POLICY = "sha256:" + "ab" * 32
SIZES = (1, 7, 20)
"""The sizes at which the sample has checkpoints; the last one is signed by the new key."""


def at(second: int) -> str:
    return f"2026-03-04T05:06:{second:02}.000789Z"


def of_call(kind: Kind, second: int, **said: Any) -> Record:
    """Return a record of the sample's call, with some fields said otherwise."""
    fields: dict[str, Any] = {
        "call_id": "call-1",
        "tenant": "acme",
        "server": "tickets",
        "tool": "update_ticket",
        "subject": "user:ada",
        "workload": "spiffe://acme/agent",
        "outcome": absent("not known before the outcome"),
        "identity": fact(verified={"by": "jwt", "issuer": "https://idp.example", "credential_id": "c1", "actors": []}),
        "host": fact(verified="claude-code", claimed="claude-code/2.1"),
        "machine": fact(verified="192.0.2.7"),
        "resource": fact(verified={"tenant": "acme", "binding": "extracted"}),
        "definition": fact(verified={"digest": "sha256:" + "cd" * 32, "build": "1.2.3"}),
        "prompt": fact(claimed={"reason": commit(COMMIT_KEY, "prompt.reason", "tidy up"), "trace": "t-1"}),
        "tool_class": {"impact": "internal_modification", "reversibility": "reversible", "evidence": ["e1", "e2"]},
        "arguments": {"commitment": commit(COMMIT_KEY, "arguments", {"id": 12345678901234567890, "text": "Grüße"})},
        "decision": {
            "control": "confirm",
            "tier": "confirm",
            "reason": "policy.permit",
            "policies": ["p1"],
            "policy_digest": POLICY,
        },
        "approval": {"id": "a1", "approvers": ["user:bo"], "assurance": 1, "downgraded": False},
        "lend": absent("no credential is lent before the intent"),
        "effect": absent("the server reports no evidence of effect"),
        "timings": {"decided_us": 1200},
        "agreement": absent("not known before the outcome"),
        "era": "2025-11-25",
        "activity": absent("the call belongs to no activity"),
    }
    return Record(kind=kind, time=at(second), **(fields | said))


def records() -> list[Record]:
    """Return the sample's records, the genesis record first."""
    lend = {"id": "l1", "scope": "tickets:write", "expires_at": at(59)}
    rotation = sign_rotation(KEY, NEXT.verifier).decode()
    return [
        Record(kind=Kind.GENESIS, time=at(0), detail={"origin": ORIGIN, "key": str(KEY.verifier)}),
        Record(kind=Kind.SETTINGS, time=at(1), detail={"digest": "sha256:" + "01" * 32}),
        Record(kind=Kind.POLICY, time=at(2), subject="user:bo", detail={"digest": POLICY, "profile": "default"}),
        Record(kind=Kind.INVENTORY, time=at(3), tenant="acme", server="tickets", detail={"event": "discovered"}),
        Record(kind=Kind.REVIEW, time=at(4), tenant="acme", server="tickets", detail={"stage": "production"}),
        of_call(
            Kind.DECISION,
            5,
            call_id="call-0",
            outcome=Outcome.PENDING,
            agreement=Agreement.MATCH,
            approval={"id": "a1"},
            lend=absent("the call was not dispatched"),
        ),
        Record(
            kind=Kind.APPROVAL,
            time=at(6),
            call_id="call-0",
            tenant="acme",
            subject="user:bo",
            identity=fact(claimed={"by": "local_operator", "os_user": "bo"}),
            detail={"event": "approved", "id": "a1"},
        ),
        of_call(Kind.INTENT, 7),
        Record(kind=Kind.LEND, time=at(8), call_id="call-1", tenant="acme", lend=lend, detail={"event": "lent"}),
        of_call(Kind.OUTCOME, 9, outcome=Outcome.COMPLETED, agreement=Agreement.MATCH, lend=lend),
        of_call(Kind.INTENT, 10, call_id="call-2"),
        of_call(Kind.OUTCOME, 11, call_id="call-2", outcome=Outcome.OUTCOME_UNKNOWN, agreement=Agreement.UNDETERMINED),
        Record(kind=Kind.SETTLEMENT, time=at(12), detail={"owner": "gateway-1", "settled": 1}),
        Record(kind=Kind.GRANT, time=at(13), tenant="acme", subject="user:bo", detail={"event": "created", "id": "g1"}),
        Record(kind=Kind.STOP, time=at(14), subject="user:bo", detail={"epoch": 2, "scope": "tenant:acme"}),
        Record(kind=Kind.ACCESS, time=at(15), subject="user:bo", detail={"event": "export", "records": 15}),
        Record(kind=Kind.KEY, time=at(16), detail={"note": rotation}),
        Record(kind=Kind.REDACTION, time=at(17), tenant="acme", detail={"seq": 7, "paths": ["arguments"]}),
        of_call(Kind.DECISION, 18, call_id="call-3", outcome=Outcome.BLOCKED, agreement=Agreement.MATCH),
        of_call(Kind.INTENT, 19, call_id="call-4"),
    ]


def leaves() -> list[bytes]:
    """Return the sample's leaves."""
    return [leaf(record, seq) for seq, record in enumerate(records())]


def rows() -> list[Row]:
    """Return the sample's rows as a store holds them."""
    return [Row(data, leaf_hash(data)) for data in leaves()]


def checkpoint_of(data: list[bytes], *keys: SigningKey) -> bytes:
    """Return the signed checkpoint over some leaves."""
    frontier = Frontier()
    for each in data:
        frontier = frontier.append(leaf_hash(each))
    return sign_checkpoint(Checkpoint(ORIGIN, frontier.size, frontier.root()), *keys)


def checkpoints() -> dict[str, bytes]:
    """Return the sample's checkpoints by the names of their files."""
    data = leaves()
    keys = {20: NEXT}
    return {f"sample-{size}.note": checkpoint_of(data[:size], keys.get(size, KEY)) for size in SIZES}


def files() -> dict[str, bytes]:
    """Return the golden files by name."""
    export = b"".join(write_line(row) for row in rows())
    keys = f"{KEY.verifier}\n{NEXT.verifier}\n".encode()
    return {"sample.jsonl": export, "sample.keys": keys, **checkpoints()}


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_bytes(content)
