from __future__ import annotations

import inspect
from collections.abc import Generator
from types import UnionType
from typing import Any, get_args

import pytest

from interlock.core import requests
from interlock.core.reasons import Reason
from interlock.core.requests import (
    Approved,
    AskPerson,
    BorrowCredential,
    CheckResult,
    Credential,
    Decide,
    Dispatch,
    Done,
    FindTool,
    Forward,
    GatherFacts,
    NoTool,
    NotSent,
    Outcome,
    RecordDecision,
    RecordOutcome,
    Refine,
    Reply,
    Request,
    StepFailed,
    Stopped,
    Ticket,
    Waiting,
    ask,
)
from interlock.core.words import Decision, Facts, Tier, Tool, ToolCall, ToolClass
from unit.core.sample import CALL, PENDING, TOOL, judged, manner, words

ANSWERS: dict[type[Request[Any]], set[type]] = {
    FindTool: {Tool, NoTool},
    Refine: {ToolClass},
    GatherFacts: {Facts},
    Decide: {Decision},
    AskPerson: {Approved, Waiting},
    RecordDecision: {Done},
    Dispatch: {Ticket},
    BorrowCredential: {Credential},
    Forward: {Reply, NotSent},
    CheckResult: {Reply},
    RecordOutcome: {Done},
}


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(requests)
    assert len(found) == 24
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
    assert {name for name, (_, _, by_keyword) in found.items() if by_keyword} == {"Approved", "Waiting", "Done"}


def test_each_request_says_which_answers_are_truthful() -> None:
    found = {word for word in words(requests) if issubclass(word, Request)}
    assert found == set(ANSWERS)
    for request, answers in ANSWERS.items():
        said: type | UnionType = request.answers
        assert set(get_args(said) or (said,)) == answers, request


def test_a_request_has_no_room_for_more() -> None:
    assert not hasattr(FindTool(CALL, fresh=True), "__dict__")
    assert not hasattr(Done(), "__dict__")


def test_the_outcomes_are_stable() -> None:
    names = ["completed", "tool_error", "transport_error", "not_forwarded", "outcome_unknown"]
    assert [outcome.value for outcome in Outcome] == names
    assert [outcome.name.lower() for outcome in Outcome] == names


def test_what_nobody_says_otherwise() -> None:
    assert NoTool().reason is Reason.TOOL_UNKNOWN
    assert (Credential("l", "k").scope, Credential("l", "k").expires_at) == ("", None)
    stopped = Stopped(Reason.STEP_FAILED)
    assert (stopped.judged, stopped.waiting, stopped.detail) == (None, None, "")


def test_a_stopped_call_has_the_tier_that_was_decided_or_block() -> None:
    assert Stopped(Reason.APPROVAL_PENDING, judged(Tier.TWO_PERSONS), PENDING).tier is Tier.TWO_PERSONS
    assert Stopped(Reason.APPROVAL_PENDING, judged(Tier.RUN), PENDING).tier is Tier.RUN
    assert Stopped(Reason.TOOL_UNKNOWN).tier is Tier.BLOCK


def test_a_failed_step_says_why() -> None:
    failure = StepFailed(Reason.LOG_UNAVAILABLE, "disk full")
    assert (failure.reason, failure.detail) == (Reason.LOG_UNAVAILABLE, "disk full")
    assert failure.args == (Reason.LOG_UNAVAILABLE, "disk full")
    assert StepFailed(Reason.LOG_UNAVAILABLE).detail == ""


def test_asking_yields_the_request_and_returns_its_answer() -> None:
    request = FindTool(CALL, fresh=False)
    for answer in (TOOL, NoTool()):
        steps = ask(request)
        assert inspect.isgenerator(steps)
        assert next(steps) is request
        assert _end(steps, answer) is answer


@pytest.mark.parametrize("answer", [None, True, "tool", ToolCall, Tool, Done(), [TOOL]])
def test_an_answer_of_another_type_is_a_failed_step(answer: object) -> None:
    steps = ask(FindTool(CALL, fresh=False))
    next(steps)
    with pytest.raises(StepFailed) as caught:
        steps.send(answer)
    assert caught.value.reason is Reason.STEP_FAILED
    assert caught.value.detail == f"FindTool was answered with {type(answer).__name__}"


def test_a_failure_thrown_at_a_question_comes_out_of_it() -> None:
    steps = ask(Refine(CALL, TOOL))
    next(steps)
    failure = StepFailed(Reason.STEP_FAILED)
    with pytest.raises(StepFailed) as caught:
        steps.throw(failure)
    assert caught.value is failure


def _end(steps: Generator[Any, Any, Any], answer: object) -> object:
    with pytest.raises(StopIteration) as end:
        steps.send(answer)
    return end.value.value
