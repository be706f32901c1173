from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from interlock.control import approvals
from interlock.control.approvals import Rules, Watch
from interlock.control.people import Operator
from interlock.core.approval import State
from interlock.core.errors import CallerError, OperatorError
from interlock.core.words import Tier
from interlock.stores.sqlite.desk import Desk
from unit.control.sample import NOW, ask, new_store

BOB = Operator(name="bob", reason="it is fine", os_user="root")
DEVELOPMENT = Rules(local_operator=True, development=True)
PLAIN = Rules(local_operator=True, development=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return new_store(tmp_path)


@pytest.fixture
def desk(path: Path) -> Iterator[Desk]:
    with closing(Desk(path)) as opened:
        yield opened


def test_a_row_has_what_the_contract_says(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    (row,) = approvals.listing(desk, NOW)
    assert row == {
        "id": "a-1",
        "state": "pending",
        "server": "tickets",
        "tool": "close_ticket",
        "arguments_digest": "sha256:a-1",
        "subject": "ada",
        "workload": "support-agent",
        "tenant": "acme",
        "decide_by": "2027-01-15T08:15:00.000000Z",
        "redeem_by": "2027-01-15T08:25:00.000000Z",
        "tier": "confirm",
        "asked_at": "2027-01-15T08:00:00.000000Z",
        "approver": None,
    }


def test_rows_can_be_chosen_by_state(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    ask(path, "a-2", NOW + 500)
    assert [row["id"] for row in approvals.listing(desk, NOW + 1000)] == ["a-1", "a-2"]
    assert [row["id"] for row in approvals.listing(desk, NOW + 1000, ["pending"])] == ["a-2"]
    assert [row["id"] for row in approvals.listing(desk, NOW + 1000, ["expired", "void"])] == ["a-1"]


def test_an_approval_is_recorded_as_claimed(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    moved = approvals.answer(desk, "a-1", BOB, (PLAIN, NOW + 10), approve=True)
    assert moved.state is State.APPROVED
    assert moved.answer is not None
    assert (moved.answer.verified, moved.answer.assurance, moved.answer.downgraded) == (False, 1, False)
    assert moved.answer.channel == "terminal"
    assert moved.answer.reason == "it is fine (operating-system user root)"
    record = desk.find({"approver": "bob"}, 1)[0]
    assert (record["approval"]["verified"], record["approval"]["id"]) == (False, "a-1")
    row = approvals.listing(desk, NOW + 10)[0]
    assert (row["approver"], row["redeem_by"]) == ("bob", "2027-01-15T08:10:10.000000Z")


@pytest.mark.parametrize(
    ("tier", "assurance", "downgraded"),
    [(Tier.CONFIRM, 1, False), (Tier.CONFIRM_STRONGLY, 2, True), (Tier.TWO_PERSONS, 3, True)],
)
def test_in_development_mode_an_answer_counts_for_the_tier_and_is_marked(
    path: Path, desk: Desk, tier: Tier, assurance: int, *, downgraded: bool
) -> None:
    ask(path, "a-1", NOW, tier)
    moved = approvals.answer(desk, "a-1", BOB, (DEVELOPMENT, NOW + 1), approve=True)
    assert moved.answer is not None
    assert (moved.answer.assurance, moved.answer.downgraded) == (assurance, downgraded)
    assert desk.find({"approver": "bob"}, 1)[0]["approval"]["downgraded"] is downgraded


def test_outside_development_mode_the_terminal_is_one_person(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW, Tier.CONFIRM_STRONGLY)
    with pytest.raises(CallerError, match="confirm_strongly needs more"):
        approvals.answer(desk, "a-1", BOB, (PLAIN, NOW + 1), approve=True)
    denied = approvals.answer(desk, "a-1", BOB, (PLAIN, NOW + 1), approve=False)
    assert denied.state is State.DENIED


def test_a_denial_is_never_downgraded(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW, Tier.TWO_PERSONS)
    denied = approvals.answer(desk, "a-1", BOB, (DEVELOPMENT, NOW + 1), approve=False)
    assert denied.answer is not None
    assert (denied.answer.downgraded, denied.answer.assurance) == (False, 1)


def test_the_terminal_answers_only_where_it_may(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    for approve in (True, False):
        with pytest.raises(OperatorError, match="local_operator is off"):
            approvals.answer(desk, "a-1", BOB, (Rules(local_operator=False, development=True), NOW), approve=approve)
    assert approvals.listing(desk, NOW)[0]["state"] == "pending"


@pytest.mark.parametrize("name", ["ada", "ADA", "Support-Agent"])
def test_nobody_approves_their_own_request(path: Path, desk: Desk, name: str) -> None:
    ask(path, "a-1", NOW)
    own = Operator(name=name, reason="me", os_user="root")
    with pytest.raises(CallerError, match="nobody approves their own"):
        approvals.answer(desk, "a-1", own, (DEVELOPMENT, NOW + 1), approve=True)
    assert desk.find({"kind": "approval"}, 1)[0]["detail"]["event"] == "answer_refused"


def test_an_answer_comes_too_late_or_twice_or_for_nothing(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    with pytest.raises(CallerError, match="no such approval"):
        approvals.answer(desk, "a-2", BOB, (PLAIN, NOW), approve=True)
    with pytest.raises(CallerError, match="expired"):
        approvals.answer(desk, "a-1", BOB, (PLAIN, NOW + 900), approve=True)
    ask(path, "a-3", NOW)
    approvals.answer(desk, "a-3", BOB, (PLAIN, NOW), approve=False)
    with pytest.raises(CallerError, match="denied, not pending") as failure:
        approvals.answer(desk, "a-3", BOB, (PLAIN, NOW), approve=True)
    assert "nothing was approved (approval.spent)" in failure.value.diagnostics()


def test_showing_tells_what_was_shown_and_what_time_is_left(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW, id=7)
    shown = approvals.show(desk, "a-1", NOW + 60)
    assert shown["shown"] == {"arguments": {"id": 7}, "tool": "close_ticket"}
    assert (shown["seconds_left"], shown["answer"], shown["state"]) == (840, None, "pending")
    approvals.answer(desk, "a-1", BOB, (PLAIN, NOW + 100), approve=True)
    later = approvals.show(desk, "a-1", NOW + 200)
    assert later["seconds_left"] == 500
    assert later["answer"]["approver"] == "bob"
    assert approvals.show(desk, "a-1", NOW + 5000)["seconds_left"] == 0
    with pytest.raises(CallerError):
        approvals.show(desk, "a-9", NOW)


def test_watching_tells_of_each_once(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    watch = Watch(desk)
    assert [each.approval_id for each in watch.look(NOW)] == ["a-1"]
    ask(path, "a-2", NOW)
    assert [each.approval_id for each in watch.look(NOW)] == ["a-2"]
    assert watch.look(NOW) == []
    assert watch.look(NOW + 1000) == []
