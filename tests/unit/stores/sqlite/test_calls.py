from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.sqlite_premises import SqlitePremises
from contracts.world import call, judged, outcome
from interlock.audit.record import Record, check_commitment
from interlock.canon import digest
from interlock.core.approval import Refusal
from interlock.core.reasons import Reason
from interlock.core.requests import Outcome, StepFailed, Ticket
from interlock.core.words import Claims, Tier, ToolCall
from interlock.proxy import records
from interlock.stores.sqlite import calls
from interlock.stores.sqlite.calls import Intent


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connection(premises: SqlitePremises) -> Iterator[sqlite3.Connection]:
    with premises.connection() as opened:
        yield opened


def intent(premises: SqlitePremises, of: ToolCall, owner: str = "me", tier: Tier = Tier.RUN) -> Intent:
    seen = judged(premises.open(), tier)
    key = records.fresh_key()
    return Intent(of, seen, None, records.intent_record(of, seen, None, key), key, owner, time.time())


def test_dispatch_keeps_the_arguments_and_their_key_beside_the_log(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    of = replace(call(id=7, text="a secret"), claims=Claims(reason="another secret"))
    made = intent(premises, of)
    ticket = calls.dispatch(connection, made)
    assert isinstance(ticket, Ticket)
    tenant, key, body = connection.execute(
        "SELECT tenant, key, body FROM payloads WHERE ref = ?", (of.call_id,)
    ).fetchone()
    kept = json.loads(body)
    assert (tenant, kept) == ("acme", {"arguments": {"id": 7, "text": "a secret"}, "reason": "another secret"})
    leaf = connection.execute("SELECT leaf FROM log WHERE seq = ?", (ticket.intent_seq,)).fetchone()[0]
    assert b"secret" not in leaf
    assert check_commitment(
        json.loads(leaf)["arguments"]["digest_commitment"], key, "arguments", digest(kept["arguments"])
    )


def test_erasing_a_payload_leaves_the_log_sound(premises: SqlitePremises) -> None:
    of = call(id=7)
    premises.write(lambda connection: calls.dispatch(connection, intent(premises, of)))
    premises.write(lambda connection: connection.execute("DELETE FROM payloads WHERE ref = ?", (of.call_id,)))
    assert premises.findings() == ()


def test_a_payload_is_kept_once(connection: sqlite3.Connection) -> None:
    calls.keep_payload(connection, "x", "acme", (None, b"1"), 0.0)
    with pytest.raises(sqlite3.IntegrityError):
        calls.keep_payload(connection, "x", "acme", (None, b"2"), 0.0)


def test_open_intents_are_told_with_owner_and_record(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    of, done = call(id=7), call(id=8)
    made = intent(premises, of, owner="one")
    calls.dispatch(connection, made)
    calls.dispatch(connection, intent(premises, done, owner="two"))
    assert calls.settle(connection, done.call_id, Outcome.COMPLETED, outcome(done, made.judged))
    ((call_id, owner, record),) = calls.open_intents(connection)
    assert (call_id, owner, record["kind"], record["call_id"]) == (of.call_id, "one", "intent", of.call_id)


def test_settling_asks_for_the_record_only_where_it_is_due(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    of = call()
    made = intent(premises, of)
    calls.dispatch(connection, made)
    asked = []

    def record() -> Record:
        asked.append(1)
        return outcome(of, made.judged)()

    assert calls.settle(connection, of.call_id, Outcome.COMPLETED, record)
    assert not calls.settle(connection, of.call_id, Outcome.COMPLETED, record)
    assert len(asked) == 1


def test_notify_runs_without_an_approval(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    assert isinstance(calls.dispatch(connection, intent(premises, call(), tier=Tier.NOTIFY)), Ticket)


@pytest.mark.parametrize("tier", [Tier.CONFIRM, Tier.CONFIRM_STRONGLY, Tier.TWO_PERSONS, Tier.BLOCK])
def test_no_other_tier_does(premises: SqlitePremises, connection: sqlite3.Connection, tier: Tier) -> None:
    with pytest.raises(StepFailed) as failure:
        calls.dispatch(connection, intent(premises, call(), tier=tier))
    assert failure.value.reason is Reason.APPROVAL_INSUFFICIENT


def test_a_tool_that_is_not_in_the_inventory_is_not_dispatched(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    made = intent(premises, call())
    stranger = replace(made, judged=replace(made.judged, tool=replace(made.judged.tool, name="other")))
    result: Ticket | Refusal | None = None
    with pytest.raises(StepFailed) as failure:
        result = calls.dispatch(connection, stranger)
    assert (result, failure.value.reason) == (None, Reason.STATE_CHANGED)


def test_the_last_of_two_like_calls_decides_whether_it_is_unknown(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    first, second = call(id=7), call(id=7)
    seen = intent(premises, first).judged
    for of in (first, second):
        calls.dispatch(connection, intent(premises, of))
    assert calls.repeats_unknown(connection, first)
    calls.settle(connection, second.call_id, Outcome.NOT_FORWARDED, outcome(second, seen, Outcome.NOT_FORWARDED))
    assert not calls.repeats_unknown(connection, first)
