"""How one call is decided and performed. Read this file first.

:func:`enforce` performs nothing. It yields requests, is sent answers, and ends with one of three words:
``Refused`` (nothing has left), ``Delivered`` (performed, logged, here is the answer) or ``Unsettled``
(it may have happened and there is nothing to show for it). It never outlives its request: a call that
waits for a person is a stored record, and a later call enters here again from the top.

Two rules hold by construction:

* ``Forward`` is asked for in one place, after the ticket that only ``Dispatch`` can give.
* An exception before that place refuses; an exception after it is unsettled. Neither can become a result.
"""

from __future__ import annotations

from typing import TypeVar

from interlock.core.reasons import REASONS, Reason
from interlock.core.requests import (
    Approved,
    AskPerson,
    BorrowCredential,
    CheckResult,
    Decide,
    Delivered,
    Dispatch,
    Ending,
    FindTool,
    Forward,
    GatherFacts,
    Judged,
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
    Steps,
    Stopped,
    Ticket,
    Unsettled,
    ask,
)
from interlock.core.words import Control, ToolCall

Answer = TypeVar("Answer")


def enforce(call: ToolCall) -> Steps[Ending]:
    """Decide a call and, where it may run, have it performed exactly once."""
    try:
        cleared = yield from _clear(call)
    except StepFailed as failure:
        cleared = Stopped(failure.reason, detail=failure.detail)
    if isinstance(cleared, Ticket):
        return (yield from _perform(call, cleared))
    try:
        yield from ask(RecordDecision(call, cleared))
    except StepFailed:
        return Refused(Stopped(Reason.LOG_UNAVAILABLE, cleared.judged, cleared.waiting))
    return Refused(cleared)


def _clear(call: ToolCall) -> Steps[Ticket | Stopped]:
    """Everything before dispatch: the ticket, or why there is none."""
    judged = yield from _look(call, fresh=False)
    if isinstance(judged, Stopped):
        return judged
    approved = None
    if judged.decision.control is Control.CONFIRM or call.redeems is not None:
        answer = yield from _knowing(judged, AskPerson(call, judged))
        if isinstance(answer, Stopped):
            return answer
        if not isinstance(answer, Approved):
            return Stopped(answer.reason, judged, answer)
        approved = answer
        judged = yield from _look(call, fresh=True)  # a person took their time: what is true now?
        if isinstance(judged, Stopped):
            return judged
        if approved.assurance < judged.decision.tier.assurance:
            return Stopped(Reason.APPROVAL_INSUFFICIENT, judged)
    return (yield from _knowing(judged, Dispatch(call, judged, approved)))


def _knowing(judged: Judged, request: Request[Answer]) -> Steps[Answer | Stopped]:
    """Ask; if it fails, stop with what was judged, so that the record says what was decided and not "block"."""
    try:
        return (yield from ask(request))
    except StepFailed as failure:
        return Stopped(failure.reason, judged, detail=failure.detail)


def _look(call: ToolCall, *, fresh: bool) -> Steps[Judged | Stopped]:
    """See the tool, the effect of these arguments and the facts as they are, and judge."""
    tool = yield from ask(FindTool(call, fresh))
    if isinstance(tool, NoTool):
        return Stopped(tool.reason)
    effect = yield from ask(Refine(call, tool))
    facts = yield from ask(GatherFacts(call, tool, effect))
    judged = Judged(tool, facts, (yield from ask(Decide(call, tool, facts))))
    if judged.decision.control is Control.BLOCK:
        reason = judged.decision.reason
        return Stopped(Reason(reason) if reason in REASONS else Reason.POLICY_BLOCKED, judged)
    return judged


def _perform(call: ToolCall, ticket: Ticket) -> Steps[Ending]:
    """Everything after dispatch: whatever happens, the intent gets its one outcome before anybody is answered."""
    try:
        credential = yield from ask(BorrowCredential(call, ticket))
    except StepFailed as failure:
        unsent = RecordOutcome(call, ticket, Outcome.NOT_FORWARDED, failure.reason, None)
        return (yield from _settle(unsent, Refused(Stopped(failure.reason))))
    try:
        reply = yield from ask(Forward(call, ticket, credential))
        if isinstance(reply, Reply):
            reply = yield from ask(CheckResult(call, reply))
    except StepFailed as failure:
        unknown = RecordOutcome(call, ticket, _how_it_failed(failure.reason), failure.reason, credential)
        return (yield from _settle(unknown, Unsettled(failure.reason)))
    if isinstance(reply, NotSent):
        unsent = RecordOutcome(call, ticket, Outcome.NOT_FORWARDED, reply.reason, credential)
        return (yield from _settle(unsent, Refused(Stopped(reply.reason))))
    answered = RecordOutcome(call, ticket, reply.outcome, None, credential)
    return (yield from _settle(answered, Delivered(reply)))


def _settle(outcome: RecordOutcome, ending: Ending) -> Steps[Ending]:
    """Record the outcome, then end. Without its record a result is withheld; a refusal stays one: nothing left."""
    try:
        yield from ask(outcome)
    except StepFailed:
        return ending if isinstance(ending, Refused) else Unsettled(Reason.OUTCOME_UNRECORDED)
    return ending


def _how_it_failed(reason: Reason) -> Outcome:
    return Outcome.TRANSPORT_ERROR if reason is Reason.UPSTREAM_FAILED else Outcome.OUTCOME_UNKNOWN
