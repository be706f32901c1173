"""The laws of enforcement, over every way the world can answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core.enforcement import enforce
from interlock.core.reasons import Reason
from interlock.core.requests import (
    Approved,
    AskPerson,
    BorrowCredential,
    CheckResult,
    Decide,
    Delivered,
    Dispatch,
    Done,
    Ending,
    FindTool,
    Forward,
    GatherFacts,
    NoTool,
    NotSent,
    Outcome,
    RecordDecision,
    RecordOutcome,
    Refine,
    Refused,
    Reply,
    Request,
    StepFailed,
    Ticket,
    Unsettled,
)
from interlock.core.words import Control, Decision, Tier, ToolCall
from unit.core.sample import CALL, CREDENTIAL, DELETES, FACTS, PENDING, REPLY, TICKET, TOOL, approved, decision

REDEEMS = replace(CALL, redeems="apr-1")
LONGEST = 14
"""Look, ask, look again, dispatch, borrow, forward, check, record."""
FAILS = StepFailed(Reason.STEP_FAILED, "it broke")
LOST = StepFailed(Reason.UPSTREAM_FAILED)
TOOL_ERROR = Reply(Outcome.TOOL_ERROR, "no")
DENIED = replace(PENDING, reason=Reason.APPROVAL_DENIED)
DECISIONS = tuple(decision(tier) for tier in Tier)
APPROVALS = tuple(approved(assurance) for assurance in range(4))

ANSWERS: dict[type[Request[Any]], tuple[Any, ...]] = {
    FindTool: (TOOL, NoTool(), FAILS, None),
    Refine: (DELETES, FAILS, True),
    GatherFacts: (FACTS, FAILS, "facts"),
    Decide: (*DECISIONS, FAILS, Control.RUN),
    AskPerson: (*APPROVALS, PENDING, DENIED, FAILS, True),
    RecordDecision: (Done(), FAILS, None),
    Dispatch: (TICKET, FAILS, True, None),
    BorrowCredential: (CREDENTIAL, FAILS, "secret"),
    Forward: (REPLY, TOOL_ERROR, NotSent(Reason.UPSTREAM_UNREACHABLE), FAILS, LOST, True),
    CheckResult: (REPLY, TOOL_ERROR, NotSent(Reason.RESULT_REFUSED), FAILS, None),
    RecordOutcome: (Done(), FAILS, True),
}
"""Every kind of answer to each request: truthful ones first, then failures and answers that are none."""
ODD = (None, True, False, 0, "", "approved", b"{}", [], {}, object(), ValueError("x"), Approved, Ticket, LOST)
ANYTHING = (*ODD, *{id(answer): answer for answers in ANSWERS.values() for answer in answers}.values())


@dataclass
class Run:
    """What was asked and answered, in order, and how it ended."""

    call: ToolCall
    asked: list[Request[Any]]
    answered: list[Any]
    ending: Ending

    def all(self, kind: type[Request[Any]]) -> list[tuple[int, Any, Any]]:
        """Return place, request and answer of each request of a kind."""
        pairs = zip(self.asked, self.answered, strict=True)
        return [(place, *pair) for place, pair in enumerate(pairs) if type(pair[0]) is kind]


def play(call: ToolCall, answers: Sequence[Any]) -> Run | Request[Any]:
    """Answer in this order and return the run, or what was asked when the answers were used up."""
    steps, asked = enforce(call), list[Request[Any]]()
    try:
        asked.append(next(steps))
        for answer in answers:
            asked.append(steps.throw(answer) if isinstance(answer, StepFailed) else steps.send(answer))
    except StopIteration as end:
        return Run(call, asked, list(answers), end.value)
    return asked[-1]


def every_run(call: ToolCall) -> Iterator[Run]:
    """Yield each run there is, by answering every request in every way."""
    open_ends: list[tuple[Any, ...]] = [()]
    while open_ends:
        answers = open_ends.pop()
        assert len(answers) <= LONGEST, f"enforcement goes on after {answers}"
        found = play(call, answers)
        if isinstance(found, Run):
            yield found
        else:
            open_ends.extend((*answers, answer) for answer in ANSWERS[type(found)])


def check(run: Run) -> None:
    check_order(run)
    check_dispatch(run)
    check_records(run)
    check_ending(run)


def check_order(run: Run) -> None:
    """It ends soon, dispatches and forwards once at most, and forwards only what has a ticket."""
    assert len(run.asked) == len(run.answered) <= LONGEST
    dispatches, forwards = run.all(Dispatch), run.all(Forward)
    assert len(dispatches) <= 1
    assert len(forwards) <= 1
    assert len(run.all(BorrowCredential)) <= 1
    for place, forward, _ in forwards:
        [(dispatched, _, ticket)] = dispatches
        assert dispatched < place
        assert isinstance(ticket, Ticket)
        assert forward.ticket is ticket
        assert forward.credential is run.answered[place - 1]
    assert all(request.call is run.call for request in run.asked)


def check_dispatch(run: Run) -> None:
    """What is dispatched was judged last and in full, is no block, and has the approval it needs."""
    for place, dispatch, _ in run.all(Dispatch):
        assert [type(request) for request in run.asked[place - 4 : place]] == [FindTool, Refine, GatherFacts, Decide]
        tool, effect, facts, verdict = run.answered[place - 4 : place]
        judged = dispatch.judged
        assert (judged.tool, judged.facts, judged.decision) == (tool, facts, verdict)
        assert run.asked[place - 2] == GatherFacts(run.call, tool, effect)
        assert run.asked[place - 1] == Decide(run.call, tool, facts)
        assert isinstance(verdict, Decision)
        assert verdict.control is not Control.BLOCK
        given = [(at, answer) for at, _, answer in run.all(AskPerson)]
        assert [answer for _, answer in given] == ([] if dispatch.approved is None else [dispatch.approved])
        needed = verdict.control is Control.CONFIRM or run.call.redeems is not None
        assert not needed or isinstance(dispatch.approved, Approved)
        for at, approval in given:
            assert approval.assurance >= verdict.tier.assurance
            assert at == place - 5
            assert run.asked[place - 4] == FindTool(run.call, fresh=True)


def check_records(run: Run) -> None:
    """With a ticket one outcome is recorded, without one decision; after it nothing is asked."""
    ticketed = [answer for _, _, answer in run.all(Dispatch) if isinstance(answer, Ticket)]
    outcomes, decisions = run.all(RecordOutcome), run.all(RecordDecision)
    assert len(outcomes) == len(ticketed)
    assert len(decisions) == 1 - len(ticketed)
    [(place, _, _)] = outcomes + decisions
    assert place == len(run.asked) - 1
    for _, record, _ in outcomes:
        assert record.ticket is ticketed[0]
        lent = [answer for _, _, answer in run.all(BorrowCredential) if answer is CREDENTIAL]
        assert record.credential == (lent[0] if lent else None)
        sent = [answer for _, _, answer in run.all(Forward) if not isinstance(answer, NotSent)]
        assert (record.outcome is Outcome.NOT_FORWARDED) == (not sent)


def check_ending(run: Run) -> None:
    """A result only with its outcome recorded; a refusal only of what was not sent."""
    recorded = [answer for _, _, answer in run.all(RecordOutcome)]
    sent = [answer for _, _, answer in run.all(Forward) if not isinstance(answer, NotSent)]
    checked = [answer for _, _, answer in run.all(CheckResult)]
    delivers = bool(checked) and isinstance(checked[0], Reply) and isinstance(recorded[0], Done)
    assert isinstance(run.ending, Delivered) == delivers
    assert isinstance(run.ending, Refused) == (not sent)
    if isinstance(run.ending, Delivered):
        assert run.ending.reply is checked[0]
        [(_, record, _)] = run.all(RecordOutcome)
        assert record.outcome is checked[0].outcome
    if isinstance(run.ending, Unsettled) and not isinstance(recorded[0], Done):
        assert run.ending.reason is Reason.OUTCOME_UNRECORDED
    if isinstance(run.ending, Refused) and run.all(RecordDecision):
        [(_, record, answer)] = run.all(RecordDecision)
        unrecorded = replace(record.stopped, reason=Reason.LOG_UNAVAILABLE, detail="")
        assert run.ending.stopped == (record.stopped if isinstance(answer, Done) else unrecorded)


@pytest.mark.parametrize("call", [CALL, REDEEMS, replace(CALL, redeems="")])
def test_every_run_keeps_the_laws(call: ToolCall) -> None:
    runs, endings = 0, set[type]()
    for run in every_run(call):
        check(run)
        runs += 1
        endings.add(type(run.ending))
    assert endings == {Refused, Unsettled, Delivered}
    assert runs > 2000


def test_every_request_is_reached_and_every_answer_given() -> None:
    given_answers: dict[type[Request[Any]], set[int]] = {}
    for run in every_run(CALL):
        for request, answer in zip(run.asked, run.answered, strict=True):
            given_answers.setdefault(type(request), set()).add(id(answer))
    assert given_answers == {request: {id(answer) for answer in answers} for request, answers in ANSWERS.items()}


@given(call=st.sampled_from([CALL, REDEEMS]), data=st.data())
@settings(max_examples=300)
def test_whatever_is_answered_the_laws_hold(call: ToolCall, data: st.DataObject) -> None:
    answers: list[Any] = []
    while isinstance(found := play(call, answers), Request):
        assert len(answers) < LONGEST
        truthful = st.sampled_from([it for it in ANSWERS[type(found)] if isinstance(it, found.answers)])
        answers.append(data.draw(truthful | truthful | truthful | st.sampled_from(ANYTHING)))
    check(found)


@given(st.lists(st.sampled_from(ANYTHING), min_size=LONGEST, max_size=LONGEST))
def test_nonsense_is_never_delivered_nor_endless(answers: list[Any]) -> None:
    ended = next(run for length in range(1, LONGEST + 1) if isinstance(run := play(CALL, answers[:length]), Run))
    check(ended)
