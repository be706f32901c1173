from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.sqlite_premises import SqlitePremises
from contracts.world import SERVER, call, judged, said, wanted
from interlock.core.approval import Approval, Refusal, State
from interlock.core.reasons import Reason
from interlock.core.requests import StepFailed
from interlock.core.words import Tier
from interlock.stores.sqlite import approvals, log
from unit.policy.calls import CALLER

NOW = 1_800_000_000.0


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connection(premises: SqlitePremises) -> Iterator[sqlite3.Connection]:
    with premises.connection() as opened:
        yield opened


def asked(premises: SqlitePremises, connection: sqlite3.Connection, now: float = NOW, **arguments: Any) -> Approval:
    question = wanted(call(**arguments), judged(premises.open(), Tier.CONFIRM), now)
    return approvals.ask(connection, question, b"{}", now - 600)


def last(connection: sqlite3.Connection) -> dict[str, object]:
    found: dict[str, object] = json.loads(list(log.rows(connection))[-1][1])
    return found


def columns(connection: sqlite3.Connection, approval: Approval) -> tuple[str, float | None]:
    state, settled = connection.execute(
        "SELECT state, settled_at FROM approvals WHERE id = ?", (approval.approval_id,)
    ).fetchone()
    return state, settled


def test_what_is_asked_is_stored_and_recorded(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection, id=7)
    assert approvals.get(connection, approval.approval_id) == approval
    assert approvals.arguments(connection, approval.approval_id) == b"{}"
    assert columns(connection, approval) == ("pending", None)
    record = last(connection)
    assert record["approval"] == {"id": approval.approval_id, "binding": approval.binding, "tier": "confirm"}
    assert record["detail"] == {"event": "asked", "decide_by": log.timestamp(approval.decide_by)}
    assert record["time"] == log.timestamp(NOW)


def test_an_answer_is_stored_with_its_time_and_recorded_with_who_gave_it(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    approval = asked(premises, connection)
    moved = approvals.answer(connection, approval.approval_id, said(NOW + 5), approve=True)
    assert isinstance(moved, Approval)
    assert approvals.get(connection, approval.approval_id) == moved
    assert columns(connection, approval) == ("approved", NOW + 5)
    record = last(connection)
    assert record["time"] == log.timestamp(NOW + 5)
    assert record["approval"] == {
        "id": approval.approval_id,
        "binding": approval.binding,
        "tier": "confirm",
        "approvers": ["grace"],
        "verified": True,
        "assurance": 1,
        "downgraded": False,
        "channel": "inbox",
    }


def test_the_second_answer_is_refused_and_recorded(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    approvals.answer(connection, approval.approval_id, said(NOW + 5), approve=False)
    refusal = approvals.answer(connection, approval.approval_id, said(NOW + 6, "bob"), approve=True)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.APPROVAL_SPENT
    assert columns(connection, approval) == ("denied", NOW + 5)
    detail = last(connection)["detail"]
    assert isinstance(detail, dict)
    assert (detail["event"], detail["attempt"], detail["by"]) == ("answer_refused", "approve", "bob")


def test_nobody_approves_their_own_request_and_may_still_deny_it(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    approval = asked(premises, connection)
    refusal = approvals.answer(connection, approval.approval_id, said(NOW + 1, "ada"), approve=True)
    assert isinstance(refusal, Refusal)
    assert columns(connection, approval) == ("pending", None)
    denied = approvals.answer(connection, approval.approval_id, said(NOW + 2, "ada"), approve=False)
    assert isinstance(denied, Approval)
    assert denied.state is State.DENIED


def test_an_answer_to_nothing_is_refused_and_leaves_no_record(connection: sqlite3.Connection) -> None:
    before = log.head(connection)
    refusal = approvals.answer(connection, "apr-none", said(NOW), approve=True)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.APPROVAL_UNKNOWN
    assert log.head(connection) == before


def test_an_approval_whose_bytes_were_edited_is_void(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    body = connection.execute("SELECT body FROM approvals").fetchone()[0]
    connection.execute("UPDATE approvals SET body = ?", (body.replace('"close_ticket"', '"open_ticket"'),))
    refusal = approvals.answer(connection, approval.approval_id, said(NOW + 1), approve=True)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.APPROVAL_VOID
    assert columns(connection, approval) == ("void", NOW + 1)


def spend_as(moved: Approval | Refusal, connection: sqlite3.Connection, approval: Approval) -> Approval | Refusal:
    return approvals.spend(connection, approval.approval_id, NOW + 9, lambda _: moved)


def test_spending_swaps_approved_for_redeemed_and_nothing_else(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    approval = asked(premises, connection)
    redeemed = replace(approval, state=State.REDEEMED)
    refusal = spend_as(redeemed, connection, approval)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.APPROVAL_SPENT
    assert columns(connection, approval)[0] == "pending"
    approvals.answer(connection, approval.approval_id, said(NOW + 1), approve=True)
    assert spend_as(redeemed, connection, approval) == redeemed
    assert columns(connection, approval)[0] == "redeemed"
    assert isinstance(spend_as(redeemed, connection, approval), Refusal)


def test_a_void_spending_is_dated_when_it_was_tried(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    """Not when it was asked for: the log would go back in time."""
    approval = asked(premises, connection)
    refusal = Refusal(Reason.APPROVAL_VOID, "it has changed", State.VOID)
    assert spend_as(refusal, connection, approval) == refusal
    assert columns(connection, approval) == ("void", NOW + 9)
    assert last(connection)["time"] == log.timestamp(NOW + 9)


def test_a_settled_approval_does_not_become_void(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    approvals.answer(connection, approval.approval_id, said(NOW + 1), approve=False)
    spend_as(Refusal(Reason.APPROVAL_VOID, "it has changed", State.VOID), connection, approval)
    assert columns(connection, approval) == ("denied", NOW + 1)


def test_a_denial_answers_before_a_question_that_is_open(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    """Both can be there when a denial fell out of its window and a longer window is asked for."""
    first = asked(premises, connection, NOW)
    approvals.answer(connection, first.approval_id, said(NOW + 1), approve=False)
    seen = judged(premises.open(), Tier.CONFIRM)
    second = approvals.ask(connection, wanted(call(), seen, NOW + 2), b"{}", NOW + 2)
    assert second.state is State.PENDING
    held = approvals.ask(connection, wanted(call(), seen, NOW + 3), b"{}", NOW)
    assert held.approval_id == first.approval_id


def test_a_listing_tells_what_has_lapsed_and_writes_nothing(
    premises: SqlitePremises, connection: sqlite3.Connection
) -> None:
    later, first = asked(premises, connection, NOW + 1, id=1), asked(premises, connection, NOW, id=2)
    before = log.head(connection)
    listed = approvals.listing(connection, first.decide_by)
    assert [(each.approval_id, each.state) for each in listed] == [
        (first.approval_id, State.EXPIRED),
        (later.approval_id, State.PENDING),
    ]
    assert log.head(connection) == before
    assert columns(connection, first) == ("pending", None)


def test_expiry_is_written_once(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    lapsed = approvals.expire(connection, approval, approval.decide_by)
    assert columns(connection, approval) == ("expired", approval.decide_by)
    before = log.head(connection)
    approvals.expire(connection, lapsed, approval.decide_by + 1)
    assert log.head(connection) == before
    assert approvals.expire(connection, approval, NOW) == approval


def test_a_callers_open_approvals_are_told(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    now = approval.not_before
    assert approvals.of_caller(connection, CALLER, SERVER, now) == [approval]
    assert approvals.of_caller(connection, replace(CALLER, tenant="globex"), SERVER, now) == []
    assert approvals.of_caller(connection, CALLER, "another", now) == []
    assert approvals.of_caller(connection, CALLER, SERVER, approval.decide_by) == []


def test_a_caller_waits_for_so_many_answers_and_no_more(
    premises: SqlitePremises, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvals, "MOST_PENDING", 2)
    for number in (1, 2):
        asked(premises, connection, id=number)
    before = log.head(connection)
    with pytest.raises(StepFailed) as caught:
        asked(premises, connection, id=3)
    assert caught.value.reason is Reason.APPROVAL_CROWDED
    assert log.head(connection) == before


def test_erased_arguments_are_gone(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    approval = asked(premises, connection)
    connection.execute("DELETE FROM payloads")
    assert approvals.arguments(connection, approval.approval_id) is None
