"""Calls: the intent before the first byte leaves, the outcome before the answer, and recovery in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from interlock.audit.record import Record
from interlock.canon import encode
from interlock.core.approval import Approval, Refusal, request_digest, spend
from interlock.core.reasons import Reason
from interlock.core.requests import Approved, Judged, Outcome, StepFailed, Ticket
from interlock.core.words import Control, ToolCall
from interlock.stores.sqlite import approvals, log

UNSETTLED = (Outcome.TRANSPORT_ERROR, Outcome.OUTCOME_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Intent:
    """What dispatch needs: the call as judged, the approval it spends, its record and who performs it."""

    call: ToolCall
    judged: Judged
    approved: Approved | None
    record: Record
    payload_key: bytes
    owner: str
    now: float


def dispatch(connection: sqlite3.Connection, intent: Intent) -> Ticket | Refusal:
    """Check that nothing changed, spend the approval, record the intent; the caller holds the transaction.

    A refusal is returned, not raised: the state an approval moves to because of it must be kept.

    Raises:
        StepFailed: the tool, its server or the stop switch is not what was judged.

    """
    call, judged = intent.call, intent.judged
    _check_unchanged(connection, judged)
    spent: Approval | Refusal | None = None
    if intent.approved is not None:
        now = intent.now
        spent = approvals.spend(connection, intent.approved.approval_id, now, lambda it: spend(it, call, judged, now))
    elif judged.decision.control is not Control.RUN:
        raise StepFailed(Reason.APPROVAL_INSUFFICIENT)
    if isinstance(spent, Refusal):
        return spent
    seq = log.append(connection, intent.record)
    connection.execute(
        "INSERT INTO calls (call_id, intent_seq, request, owner) VALUES (?, ?, ?, ?)",
        (call.call_id, seq, request_digest(call), intent.owner),
    )
    body = {"arguments": call.arguments.value, "reason": call.claims.reason}
    keep_payload(connection, call.call_id, call.caller.tenant, (intent.payload_key, encode(body)), intent.now)
    return Ticket(call.call_id, seq)


def keep_payload(
    connection: sqlite3.Connection, ref: str, tenant: str, content: tuple[bytes | None, bytes], now: float
) -> None:
    """Keep a sensitive value and the key of its commitment where they can be erased."""
    connection.execute(
        "INSERT INTO payloads (ref, tenant, key, body, time) VALUES (?, ?, ?, ?, ?)", (ref, tenant, *content, now)
    )


def settle(connection: sqlite3.Connection, call_id: str, outcome: Outcome, record: Callable[[], Record]) -> bool:
    """Write the one outcome of an intent; whether there was an intent that had none."""
    updated = connection.execute(
        "UPDATE calls SET outcome = ? WHERE call_id = ? AND outcome IS NULL", (outcome.value, call_id)
    )
    if not updated.rowcount:
        return False
    log.append(connection, record())
    return True


def repeats_unknown(connection: sqlite3.Connection, call: ToolCall) -> bool:
    """Whether the same request was sent before and nobody knows, or knows yet, what came of it."""
    row = connection.execute(
        "SELECT outcome FROM calls WHERE request = ? ORDER BY intent_seq DESC LIMIT 1", (request_digest(call),)
    ).fetchone()
    return row is not None and (row[0] is None or row[0] in UNSETTLED)


def open_intents(connection: sqlite3.Connection) -> list[tuple[str, str, dict[str, object]]]:
    """Return call id, owner and intent record of every intent without an outcome."""
    found = connection.execute(
        "SELECT calls.call_id, owner, leaf FROM calls JOIN log ON seq = intent_seq WHERE calls.outcome IS NULL"
    )
    return [(call_id, owner, json.loads(leaf)) for call_id, owner, leaf in found]


def _check_unchanged(connection: sqlite3.Connection, judged: Judged) -> None:
    tool = judged.tool
    row = connection.execute(
        "SELECT stage, standing, digest, pin, (SELECT value FROM meta WHERE key = 'stop_epoch')"
        " FROM tools JOIN servers ON servers.name = tools.server WHERE tools.server = ? AND tools.name = ?",
        (tool.server, tool.name),
    ).fetchone()
    seen = (tool.stage.value, tool.standing.value, tool.digest, tool.pin, judged.facts.stop_epoch)
    if row != seen:
        raise StepFailed(Reason.STATE_CHANGED)
