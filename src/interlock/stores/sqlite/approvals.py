"""Approvals in the database. Every move is :mod:`interlock.core.approval`'s, made inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from interlock.audit.record import Kind, Record
from interlock.core.approval import Answer, Approval, Refusal, State, decide, lapse
from interlock.core.forms import approval_from_json, approval_to_json
from interlock.core.reasons import Reason
from interlock.core.requests import StepFailed
from interlock.core.words import Caller
from interlock.stores.sqlite import log

OPEN = (State.PENDING, State.APPROVED)
MOST_PENDING = 32
"""How many answers one caller may be waiting for."""


def get(connection: sqlite3.Connection, approval_id: str) -> Approval | None:
    """Return an approval as it is stored."""
    row = connection.execute("SELECT body FROM approvals WHERE id = ?", (approval_id,)).fetchone()
    return approval_from_json(json.loads(row[0])) if row else None


def state(connection: sqlite3.Connection, approval_id: str) -> State | None:
    """Return the state an approval is stored in, without reading the rest of it."""
    row = connection.execute("SELECT state FROM approvals WHERE id = ?", (approval_id,)).fetchone()
    return State(row[0]) if row else None


def ask(connection: sqlite3.Connection, wanted: Approval, arguments: bytes, sticky_since: float) -> Approval:
    """Return the approval that answers this request: the one there is, or ``wanted``, stored now.

    A person's denial after ``sticky_since`` (Unix seconds) answers for the same request. What was asked
    for the same request under other circumstances (definition, class, policy) becomes void.
    """
    now = wanted.not_before
    rows = connection.execute(
        "SELECT body FROM approvals WHERE request = ? AND (state IN (?, ?) OR (state = ? AND settled_at > ?))",
        (wanted.request, *OPEN, State.DENIED, sticky_since),
    ).fetchall()
    answer: Approval | None = None
    for (body,) in rows:
        approval = expire(connection, approval_from_json(json.loads(body)), now)
        if approval.state in OPEN and approval.content != wanted.content:
            move(connection, replace(approval, state=State.VOID), now, "what it was asked for has changed")
        elif approval.state in OPEN or approval.state is State.DENIED:
            answer = approval if answer is None or approval.state is State.DENIED else answer
    if answer is not None:
        return answer
    _check_crowd(connection, wanted)
    _insert(connection, wanted)
    connection.execute(
        "INSERT INTO payloads (ref, tenant, key, body, time) VALUES (?, ?, NULL, ?, ?)",
        (wanted.approval_id, wanted.tenant, arguments, now),
    )
    log.append(connection, _record(wanted, "asked", now))
    return wanted


def answer(connection: sqlite3.Connection, approval_id: str, said: Answer, *, approve: bool) -> Approval | Refusal:
    """Apply a person's answer and record it, also one that is refused."""
    stored = get(connection, approval_id)
    if stored is None:
        return Refusal(Reason.APPROVAL_UNKNOWN, f"{approval_id}: there is no such approval")
    approval = expire(connection, stored, said.at)
    moved = decide(approval, said, approve=approve)
    if isinstance(moved, Refusal):
        if moved.then is not None:
            move(connection, replace(approval, state=moved.then), said.at, moved.sentence)
        else:
            detail = {"attempt": "approve" if approve else "deny", "by": said.approver, "refused": moved.sentence}
            log.append(connection, _record(approval, "answer_refused", said.at, detail))
        return moved
    move(connection, moved, said.at, said.reason)
    return moved


def spend(
    connection: sqlite3.Connection, approval_id: str, now: float, rule: Callable[[Approval], Approval | Refusal]
) -> Approval | Refusal:
    """Consume an approval by compare-and-swap. The intent record in the same transaction tells of it."""
    stored = get(connection, approval_id)
    if stored is None:
        return Refusal(Reason.APPROVAL_UNKNOWN, "no such approval")
    moved = rule(stored)
    if isinstance(moved, Refusal):
        if moved.then is not None and stored.state in OPEN:
            move(connection, replace(stored, state=moved.then), now, moved.sentence)
        return moved
    swapped = connection.execute(
        "UPDATE approvals SET state = ?, body = ? WHERE id = ? AND state = ?",
        (State.REDEEMED, _body(moved), approval_id, State.APPROVED),
    )
    return moved if swapped.rowcount else Refusal(Reason.APPROVAL_SPENT, f"approval {approval_id} is used")


def of_caller(connection: sqlite3.Connection, caller: Caller, server: str, now: float) -> list[Approval]:
    """Return the caller's approvals at a server that are pending or approved at ``now``."""
    rows = connection.execute(
        "SELECT body FROM approvals"
        " WHERE tenant = ? AND subject = ? AND workload = ? AND state IN (?, ?) AND server = ?",
        (caller.tenant, caller.subject, caller.workload, *OPEN, server),
    )
    found = [lapse(approval_from_json(json.loads(body)), now) for (body,) in rows]
    return [approval for approval in found if approval.state in OPEN]


def arguments(connection: sqlite3.Connection, approval_id: str) -> bytes | None:
    """Return the stored arguments of the call an approval was asked for, unless they were erased."""
    row = connection.execute("SELECT body FROM payloads WHERE ref = ?", (approval_id,)).fetchone()
    return row[0] if row else None


def listing(connection: sqlite3.Connection, now: float) -> list[Approval]:
    """Return every approval as it stands at ``now``, oldest first; nothing is written."""
    rows = connection.execute("SELECT body FROM approvals").fetchall()
    found = [lapse(approval_from_json(json.loads(body)), now) for (body,) in rows]
    return sorted(found, key=lambda approval: (approval.not_before, approval.approval_id))


def expire(connection: sqlite3.Connection, approval: Approval, now: float) -> Approval:
    """Write down that a deadline has passed, if it has."""
    lapsed = lapse(approval, now)
    if lapsed.state is not approval.state:
        move(connection, lapsed, now, "its time is over")
    return lapsed


def move(connection: sqlite3.Connection, approval: Approval, now: float, why: str) -> None:
    """Store an approval's new state and record it."""
    connection.execute(
        "UPDATE approvals SET state = ?, settled_at = ?, body = ? WHERE id = ?",
        (approval.state, now, _body(approval), approval.approval_id),
    )
    log.append(connection, _record(approval, approval.state.value, now, {"why": why}))


def _check_crowd(connection: sqlite3.Connection, wanted: Approval) -> None:
    """Refuse to ask for more than :data:`MOST_PENDING` at once: nobody approves with care what comes in heaps."""
    (pending,) = connection.execute(
        "SELECT count(*) FROM approvals"
        " WHERE tenant = ? AND subject = ? AND workload = ? AND state = ? AND decide_by > ?",
        (wanted.tenant, wanted.subject, wanted.workload, State.PENDING, wanted.not_before),
    ).fetchone()
    if pending >= MOST_PENDING:
        raise StepFailed(Reason.APPROVAL_CROWDED)


def _insert(connection: sqlite3.Connection, approval: Approval) -> None:
    connection.execute(
        "INSERT INTO approvals"
        " (id, state, request, tenant, server, tool, subject, workload, decide_by, redeem_by, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            approval.approval_id,
            approval.state,
            approval.request,
            approval.tenant,
            approval.server,
            approval.tool,
            approval.subject,
            approval.workload,
            approval.decide_by,
            approval.redeem_by,
            _body(approval),
        ),
    )


def _body(approval: Approval) -> str:
    return json.dumps(approval_to_json(approval))


def _record(approval: Approval, event: str, now: float, extra: Mapping[str, Any] | None = None) -> Record:
    return Record(
        kind=Kind.APPROVAL,
        time=log.timestamp(now),
        tenant=approval.tenant,
        server=approval.server,
        tool=approval.tool,
        subject=approval.subject,
        workload=approval.workload,
        approval={"id": approval.approval_id, "binding": approval.binding, "tier": approval.tier.label}
        | _answered(approval.answer),
        detail={"event": event, "decide_by": log.timestamp(approval.decide_by), **(extra or {})},
    )


def _answered(said: Answer | None) -> dict[str, Any]:
    if said is None:
        return {}
    return {
        "approvers": [said.approver],
        "verified": said.verified,
        "assurance": said.assurance,
        "downgraded": said.downgraded,
        "channel": said.channel,
    }
