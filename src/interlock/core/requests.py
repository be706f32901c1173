"""What enforcement asks of the world, and the words it is answered with.

Requests are imperatives; a driver (:mod:`interlock.proxy.driver`) carries them out. An answer of the
wrong type, like any exception, becomes :class:`StepFailed`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, ClassVar, Generic, TypeVar, cast

from interlock.core.reasons import Reason
from interlock.core.words import Decision, Facts, Tier, Tool, ToolCall, ToolClass

Answer = TypeVar("Answer")


class StepFailed(Exception):
    """A request could not be carried out. ``reason`` is all the core needs to know."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


# --- Answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoTool:
    """The inventory has no such tool for this caller."""

    reason: Reason = Reason.TOOL_UNKNOWN


@dataclass(frozen=True, slots=True)
class Judged:
    """A call as it was seen and what was decided of it. An approval and an intent are bound to this."""

    tool: Tool
    facts: Facts
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Persons have approved exactly this call. ``downgraded``: by weaker means than the tier names."""

    approval_id: str
    assurance: int
    approvers: tuple[str, ...]
    downgraded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nobody has approved: still pending, denied, expired or void, as ``reason`` says. Never runs."""

    approval_id: str
    reason: Reason
    decide_by: float
    redeem_by: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """The durable intent: from here on the call may be sent, once."""

    call_id: str
    intent_seq: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A handle to what was lent for one call. The core never sees the secret."""

    lend_id: str
    kind: str
    scope: str = ""
    expires_at: float | None = None


class Outcome(StrEnum):
    """How an intent ended. ``OUTCOME_UNKNOWN`` is an honest outcome."""

    COMPLETED = "completed"
    TOOL_ERROR = "tool_error"
    TRANSPORT_ERROR = "transport_error"
    NOT_FORWARDED = "not_forwarded"
    OUTCOME_UNKNOWN = "outcome_unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """The upstream's answer: ``body`` is for the wire, opaque here."""

    outcome: Outcome
    body: Any


@dataclass(frozen=True, slots=True)
class NotSent:
    """Forwarding ended before the first byte left."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Done:
    """The request was carried out and there is nothing to say."""


# --- Requests ----------------------------------------------------------------------------------


class Request(Generic[Answer]):
    """Something only the world can do. ``answers`` is the type a truthful answer has."""

    __slots__ = ()
    answers: ClassVar[type | UnionType]


@dataclass(frozen=True, slots=True)
class FindTool(Request[Tool | NoTool]):
    """Find the tool in the inventory; ``fresh``: list it again at the upstream now, whatever its age."""

    answers: ClassVar[type | UnionType] = Tool | NoTool
    call: ToolCall
    fresh: bool


@dataclass(frozen=True, slots=True)
class Refine(Request[ToolClass]):
    """Classify the call by the arguments actually sent."""

    answers: ClassVar[type | UnionType] = ToolClass
    call: ToolCall
    tool: Tool


@dataclass(frozen=True, slots=True)
class GatherFacts(Request[Facts]):
    """Look up what a decision may depend on beside the caller and the tool."""

    answers: ClassVar[type | UnionType] = Facts
    call: ToolCall
    tool: Tool
    effect: ToolClass


@dataclass(frozen=True, slots=True)
class Decide(Request[Decision]):
    """Judge the call by policy: a pure function of what is given here and of one policy snapshot."""

    answers: ClassVar[type | UnionType] = Decision
    call: ToolCall
    tool: Tool
    facts: Facts


@dataclass(frozen=True, slots=True)
class AskPerson(Request[Approved | Waiting]):
    """Find the approval for exactly this call or ask for one, and wait a moment for the answer."""

    answers: ClassVar[type | UnionType] = Approved | Waiting
    call: ToolCall
    judged: Judged


@dataclass(frozen=True, slots=True)
class RecordDecision(Request[Done]):
    """Write the one durable record of a call that was not dispatched."""

    answers: ClassVar[type | UnionType] = Done
    call: ToolCall
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Dispatch(Request[Ticket]):
    """In one transaction: check that nothing changed, spend the approval, record the intent."""

    answers: ClassVar[type | UnionType] = Ticket
    call: ToolCall
    judged: Judged
    approved: Approved | None


@dataclass(frozen=True, slots=True)
class BorrowCredential(Request[Credential]):
    """Lend the credential the upstream wants for this call."""

    answers: ClassVar[type | UnionType] = Credential
    call: ToolCall
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Forward(Request[Reply | NotSent]):
    """Send the call to its upstream, once. A failure from here on may have happened."""

    answers: ClassVar[type | UnionType] = Reply | NotSent
    call: ToolCall
    ticket: Ticket
    credential: Credential


@dataclass(frozen=True, slots=True)
class CheckResult(Request[Reply]):
    """Check the answer before anybody sees it."""

    answers: ClassVar[type | UnionType] = Reply
    call: ToolCall
    reply: Reply


@dataclass(frozen=True, slots=True)
class RecordOutcome(Request[Done]):
    """Write the one durable outcome of an intent."""

    answers: ClassVar[type | UnionType] = Done
    call: ToolCall
    ticket: Ticket
    outcome: Outcome
    reason: Reason | None
    credential: Credential | None


# --- Endings -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a call ends before dispatch. ``judged`` is there once it was judged, ``waiting`` once somebody was asked."""

    reason: Reason
    judged: Judged | None = None
    waiting: Waiting | None = None
    detail: str = ""

    @property
    def tier(self) -> Tier:
        """The tier that was decided; block where nothing could be."""
        return self.judged.decision.tier if self.judged else Tier.BLOCK


@dataclass(frozen=True, slots=True)
class Refused:
    """The call was not performed."""

    stopped: Stopped


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The call was sent, or may have been, and there is no result to give."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Delivered:
    """The call was performed, its outcome is durable, and here is the answer."""

    reply: Reply


Ending = Refused | Unsettled | Delivered
Steps = Generator[Request[Any], Any, Answer]


def ask(request: Request[Answer]) -> Steps[Answer]:
    """Yield a request and return its answer.

    Raises:
        StepFailed: the driver failed to carry the request out, or answered it with something else.

    """
    answer = yield request
    if not isinstance(answer, request.answers):
        raise StepFailed(Reason.STEP_FAILED, f"{type(request).__name__} was answered with {type(answer).__name__}")
    return cast("Answer", answer)
