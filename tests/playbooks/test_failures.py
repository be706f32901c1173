"""What becomes of a call when a step fails: before it is forwarded it is refused, after it unsettled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from interlock.core.reasons import Reason
from interlock.core.requests import (
    AskPerson,
    BorrowCredential,
    CheckResult,
    Decide,
    Delivered,
    Dispatch,
    FindTool,
    GatherFacts,
    NotSent,
    Outcome,
    RecordDecision,
    RecordOutcome,
    Refine,
    Refused,
    Reply,
    Stopped,
    Unsettled,
)
from interlock.core.words import Tier
from playbooks.openings import RUNS, dispatched, lent, look
from playbooks.playbook import Playbook
from unit.core.sample import CALL, CREDENTIAL, DELETES, FACTS, PENDING, REPLY, TICKET, TOOL, approved, judged

Begin = Callable[..., Playbook]
LOOKING = ((FindTool, TOOL), (Refine, DELETES), (GatherFacts, FACTS), (Decide, None))


@pytest.mark.parametrize("failing", range(len(LOOKING)))
@pytest.mark.parametrize("second", [False, True])
def test_a_step_of_looking_that_fails_refuses(begin: Begin, failing: int, *, second: bool) -> None:
    book = begin(CALL)
    if second:
        book = look(book, Tier.CONFIRM).expects(AskPerson).reply(approved())
    for request, answer in LOOKING[:failing]:
        book = book.expects(request).reply(answer)
    book = book.expects(LOOKING[failing][0]).fail(Reason.UPSTREAM_UNREACHABLE, "no listing")
    stopped = Stopped(Reason.UPSTREAM_UNREACHABLE, detail="no listing")
    assert stopped.tier is Tier.BLOCK
    book.expects(RecordDecision, call=CALL, stopped=stopped).done().ends(Refused(stopped))


def test_a_failed_approval_says_what_had_been_decided(begin: Begin) -> None:
    stopped = Stopped(Reason.LOG_UNAVAILABLE, judged(), detail="disk full")
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).fail(Reason.LOG_UNAVAILABLE, "disk full")
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_a_failed_dispatch_says_what_had_been_decided(begin: Begin) -> None:
    stopped = Stopped(Reason.STATE_CHANGED, RUNS, detail="stopped just now")
    book = look(begin(CALL), Tier.RUN, reason="policy.permitted").expects(Dispatch)
    book = book.fail(Reason.STATE_CHANGED, "stopped just now")
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_a_refusal_that_cannot_be_recorded_is_still_a_refusal_and_says_so(begin: Begin) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(PENDING)
    book = book.expects(RecordDecision).fail(Reason.STEP_FAILED, "hung disk")
    book.ends(Refused(Stopped(Reason.LOG_UNAVAILABLE, judged(), PENDING)))


def test_a_credential_that_cannot_be_lent_refuses_and_settles_the_intent(begin: Begin) -> None:
    book = dispatched(begin(CALL)).expects(BorrowCredential).fail(Reason.CREDENTIAL_UNAVAILABLE)
    book = book.expects(
        RecordOutcome,
        call=CALL,
        ticket=TICKET,
        outcome=Outcome.NOT_FORWARDED,
        reason=Reason.CREDENTIAL_UNAVAILABLE,
        credential=None,
    )
    book.done().ends(Refused(Stopped(Reason.CREDENTIAL_UNAVAILABLE)))


def test_what_was_not_sent_is_refused(begin: Begin) -> None:
    book = lent(begin(CALL)).reply(NotSent(Reason.UPSTREAM_UNREACHABLE))
    book = book.expects(
        RecordOutcome,
        call=CALL,
        ticket=TICKET,
        outcome=Outcome.NOT_FORWARDED,
        reason=Reason.UPSTREAM_UNREACHABLE,
        credential=CREDENTIAL,
    )
    book.done().ends(Refused(Stopped(Reason.UPSTREAM_UNREACHABLE)))


def test_what_was_not_sent_stays_refused_when_that_cannot_be_recorded(begin: Begin) -> None:
    book = lent(begin(CALL)).reply(NotSent(Reason.UPSTREAM_UNREACHABLE))
    book = book.expects(RecordOutcome).fail(Reason.OUTCOME_UNRECORDED)
    book.ends(Refused(Stopped(Reason.UPSTREAM_UNREACHABLE)))


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.UPSTREAM_FAILED, Outcome.TRANSPORT_ERROR),
        (Reason.UPSTREAM_TIMEOUT, Outcome.OUTCOME_UNKNOWN),
        (Reason.CALL_CANCELLED, Outcome.OUTCOME_UNKNOWN),
    ],
)
def test_a_failure_after_forwarding_is_unsettled(begin: Begin, reason: Reason, outcome: Outcome) -> None:
    book = lent(begin(CALL)).fail(reason)
    book = book.expects(RecordOutcome, call=CALL, ticket=TICKET, outcome=outcome, reason=reason, credential=CREDENTIAL)
    book.done().ends(Unsettled(reason))


def test_a_result_that_is_refused_is_withheld(begin: Begin) -> None:
    book = lent(begin(CALL)).reply(REPLY).expects(CheckResult, call=CALL, reply=REPLY).fail(Reason.RESULT_REFUSED)
    book = book.expects(RecordOutcome, outcome=Outcome.OUTCOME_UNKNOWN, reason=Reason.RESULT_REFUSED)
    book.done().ends(Unsettled(Reason.RESULT_REFUSED))


@pytest.mark.parametrize("answer", [None, True, "a result", {"content": []}])
def test_an_answer_of_another_type_is_a_failed_step(begin: Begin, answer: object) -> None:
    book = lent(begin(CALL)).reply(answer).expects(RecordOutcome, reason=Reason.STEP_FAILED)
    book.done().ends(Unsettled(Reason.STEP_FAILED))
    stopped = Stopped(Reason.STEP_FAILED, detail=f"FindTool was answered with {type(answer).__name__}")
    begin(CALL).expects(FindTool).reply(answer).expects(RecordDecision).done().ends(Refused(stopped))


def test_without_its_outcome_a_result_is_withheld(begin: Begin) -> None:
    book = lent(begin(CALL)).reply(REPLY).expects(CheckResult).reply(REPLY)
    book.expects(RecordOutcome).fail(Reason.OUTCOME_UNRECORDED).ends(Unsettled(Reason.OUTCOME_UNRECORDED))


def test_without_its_outcome_an_unsettled_call_is_unrecorded(begin: Begin) -> None:
    book = lent(begin(CALL)).fail(Reason.UPSTREAM_TIMEOUT).expects(RecordOutcome).fail(Reason.STEP_FAILED)
    book.ends(Unsettled(Reason.OUTCOME_UNRECORDED))


def test_a_tool_error_is_delivered(begin: Begin) -> None:
    failed = Reply(Outcome.TOOL_ERROR, {"isError": True})
    book = lent(begin(CALL)).reply(failed).expects(CheckResult).reply(failed)
    book.expects(RecordOutcome, outcome=Outcome.TOOL_ERROR).done().ends(Delivered(failed))
