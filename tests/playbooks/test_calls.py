"""How a call goes, from the first question to its ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    Forward,
    GatherFacts,
    Judged,
    NoTool,
    Outcome,
    RecordDecision,
    RecordOutcome,
    Refine,
    Refused,
    Reply,
    Stopped,
    Waiting,
)
from interlock.core.words import Standing, Tier
from playbooks.openings import lent, look
from playbooks.playbook import Playbook
from unit.core.sample import CALL, CREDENTIAL, DELETES, FACTS, PENDING, REPLY, TICKET, TOOL, approved, decision, judged

Begin = Callable[..., Playbook]
REDEEMS = replace(CALL, redeems="apr-1")


def test_a_read_runs(begin: Begin) -> None:
    (
        lent(begin(CALL))
        .reply(REPLY)
        .expects(CheckResult, reply=REPLY)
        .reply(REPLY)
        .expects(RecordOutcome, ticket=TICKET, outcome=Outcome.COMPLETED, reason=None, credential=CREDENTIAL)
        .done()
        .ends(Delivered(REPLY))
    )


def test_what_was_checked_is_what_is_delivered(begin: Begin) -> None:
    checked = Reply(Outcome.TOOL_ERROR, "redacted")
    book = lent(begin(CALL)).reply(REPLY).expects(CheckResult).reply(checked)
    book.expects(RecordOutcome, outcome=Outcome.TOOL_ERROR).done().ends(Delivered(checked))


def test_a_notified_call_runs_unattended(begin: Begin) -> None:
    book = look(begin(CALL), Tier.NOTIFY).expects(Dispatch, approved=None).reply(TICKET)
    book = book.expects(BorrowCredential).reply(CREDENTIAL).expects(Forward).reply(REPLY).expects(CheckResult)
    book.reply(REPLY).expects(RecordOutcome).done().ends(Delivered(REPLY))


def test_a_blocked_call_is_recorded_and_refused(begin: Begin) -> None:
    blocked = Stopped(Reason.POLICY_NO_MATCH, Judged(TOOL, FACTS, decision(Tier.BLOCK, "policy.no_match")))
    book = look(begin(CALL), Tier.BLOCK, reason="policy.no_match")
    book.expects(RecordDecision, call=CALL, stopped=blocked).done().ends(Refused(blocked))


def test_a_block_for_a_reason_that_is_no_code_of_ours_is_still_recorded(begin: Begin) -> None:
    blocked = Stopped(Reason.POLICY_BLOCKED, Judged(TOOL, FACTS, decision(Tier.BLOCK, "because I say so")))
    book = look(begin(CALL), Tier.BLOCK, reason="because I say so")
    book.expects(RecordDecision, stopped=blocked).done().ends(Refused(blocked))


@pytest.mark.parametrize("reason", [Reason.TOOL_UNKNOWN, Reason.TOOL_GONE])
def test_a_tool_that_is_not_there_is_refused(begin: Begin, reason: Reason) -> None:
    stopped = Stopped(reason)
    book = begin(CALL).expects(FindTool, call=CALL, fresh=False).reply(NoTool(reason))
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_a_drifted_tool_is_blocked_by_its_facts(begin: Begin) -> None:
    drifted = replace(TOOL, standing=Standing.DRIFTED)
    verdict = decision(Tier.BLOCK, "tool.drifted")
    stopped = Stopped(Reason.TOOL_DRIFTED, Judged(drifted, FACTS, verdict))
    book = begin(CALL).expects(FindTool).reply(drifted).expects(Refine, tool=drifted).reply(DELETES)
    book = book.expects(GatherFacts).reply(FACTS).expects(Decide, tool=drifted).reply(verdict)
    book.expects(RecordDecision).done().ends(Refused(stopped))


@pytest.mark.parametrize("reason", [Reason.APPROVAL_PENDING, Reason.APPROVAL_DENIED, Reason.APPROVAL_EXPIRED])
def test_who_is_not_approved_waits(begin: Begin, reason: Reason) -> None:
    waiting: Waiting = replace(PENDING, reason=reason)
    stopped = Stopped(reason, judged(), waiting)
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson, call=CALL, judged=judged()).reply(waiting)
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_an_approved_call_runs_after_a_second_look(begin: Begin) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(approved())
    book = look(book, Tier.CONFIRM, fresh=True).expects(Dispatch, judged=judged(), approved=approved()).reply(TICKET)
    book = book.expects(BorrowCredential).reply(CREDENTIAL).expects(Forward).reply(REPLY).expects(CheckResult)
    book.reply(REPLY).expects(RecordOutcome).done().ends(Delivered(REPLY))


def test_drift_between_the_approval_and_the_call_blocks(begin: Begin) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(approved())
    stopped = Stopped(Reason.TOOL_DRIFTED, Judged(TOOL, FACTS, decision(Tier.BLOCK, "tool.drifted")))
    book = look(book, Tier.BLOCK, fresh=True, reason="tool.drifted")
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_a_tool_gone_between_the_approval_and_the_call_refuses(begin: Begin) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(approved())
    stopped = Stopped(Reason.TOOL_GONE)
    book = book.expects(FindTool, fresh=True).reply(NoTool(Reason.TOOL_GONE))
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_dispatch_is_asked_with_the_second_look(begin: Begin) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(approved(3))
    seen = judged(Tier.TWO_PERSONS)
    book = look(book, Tier.TWO_PERSONS, fresh=True).expects(Dispatch, judged=seen, approved=approved(3))
    stopped = Stopped(Reason.APPROVAL_VOID, seen, detail="it has changed")
    book = book.fail(Reason.APPROVAL_VOID, "it has changed")
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


@pytest.mark.parametrize(
    ("assurance", "tier"),
    [(0, Tier.CONFIRM), (1, Tier.CONFIRM_STRONGLY), (2, Tier.TWO_PERSONS), (1, Tier.TWO_PERSONS)],
)
def test_an_approval_below_what_the_call_needs_now_is_insufficient(begin: Begin, assurance: int, tier: Tier) -> None:
    book = look(begin(CALL), Tier.CONFIRM).expects(AskPerson).reply(approved(assurance))
    stopped = Stopped(Reason.APPROVAL_INSUFFICIENT, judged(tier))
    look(book, tier, fresh=True).expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))


def test_a_downgraded_approval_reaches_the_record_as_such(begin: Begin) -> None:
    given = approved(2, downgraded=True)
    book = look(begin(CALL), Tier.CONFIRM_STRONGLY).expects(AskPerson).reply(given)
    book = look(book, Tier.CONFIRM_STRONGLY, fresh=True).expects(Dispatch, approved=given).fail(Reason.LOG_UNAVAILABLE)
    stopped = Stopped(Reason.LOG_UNAVAILABLE, judged(Tier.CONFIRM_STRONGLY))
    book.expects(RecordDecision).done().ends(Refused(stopped))


def test_a_redemption_of_what_would_run_unattended_still_asks_and_spends(begin: Begin) -> None:
    book = look(begin(REDEEMS), Tier.RUN).expects(AskPerson, call=REDEEMS).reply(approved(0))
    book = look(book, Tier.RUN, fresh=True).expects(Dispatch, call=REDEEMS, approved=approved(0)).reply(TICKET)
    book = book.expects(BorrowCredential).reply(CREDENTIAL).expects(Forward).reply(REPLY).expects(CheckResult)
    book.reply(REPLY).expects(RecordOutcome).done().ends(Delivered(REPLY))


def test_a_redemption_that_names_nothing_does_not_become_an_ordinary_call(begin: Begin) -> None:
    book = look(begin(replace(CALL, redeems="")), Tier.RUN).expects(AskPerson).fail(Reason.APPROVAL_UNKNOWN)
    stopped = Stopped(Reason.APPROVAL_UNKNOWN, judged(Tier.RUN))
    book.expects(RecordDecision, stopped=stopped).done().ends(Refused(stopped))
