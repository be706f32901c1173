"""The approval machine: what an approval binds, and which state may follow which.

Everything that moves an approval lives in this file, and this file does not know who stores it or what
time it is: a store calls these functions inside its own transaction and writes what they return. The
rule is the dynamic linking of PSD2: any change to what was shown makes the approval void.

::

    pending  --approve-->  approved  --spend-->  redeemed
    pending  --deny----->  denied
    pending, approved  --deadline passed-->  expired
    pending, approved  --what it is bound to changed-->  void
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from interlock.canon import digest
from interlock.core.reasons import Reason
from interlock.core.requests import Judged
from interlock.core.words import Tier, ToolCall, ToolClass


class State(StrEnum):
    """Where an approval stands. Only ``PENDING`` and ``APPROVED`` can still move."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    REDEEMED = "redeemed"
    VOID = "void"


MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PENDING: frozenset({State.APPROVED, State.DENIED, State.EXPIRED, State.VOID}),
        State.APPROVED: frozenset({State.REDEEMED, State.EXPIRED, State.VOID}),
        State.DENIED: frozenset(),
        State.EXPIRED: frozenset(),
        State.REDEEMED: frozenset(),
        State.VOID: frozenset(),
    }
)
"""The whole machine: what is not listed cannot happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's answer. ``verified``: authenticated by Interlock, else only claimed at the terminal.

    ``assurance`` is what this answer counts for; ``downgraded`` that it counts for more than its means
    deserve, by the operator's configuration. ``at`` is Unix seconds.
    """

    approver: str
    reason: str
    at: float
    assurance: int
    verified: bool
    downgraded: bool
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request for a person's approval, bound to one call. Times are Unix seconds.

    ``request`` is the digest of the semantic request (who wants what done where); ``content`` the digest
    of everything else it is bound to; ``binding`` covers both, the identifiers and the deadlines.
    """

    approval_id: str
    state: State
    request: str
    content: str
    binding: str
    tenant: str
    server: str
    tool: str
    arguments_digest: str
    subject: str
    workload: str
    tier: Tier
    nonce: str
    not_before: float
    decide_by: float
    redeem_by: float
    redeem_within: float
    shown: Mapping[str, Any]
    answer: Answer | None = None

    @property
    def redeemable_until(self) -> float:
        """When it lapses once approved: the bound deadline, or sooner by how early the answer came."""
        return min(self.redeem_by, self.answer.at + self.redeem_within) if self.answer else self.redeem_by


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a person has to decide and the caller to redeem, in seconds."""

    decide_within: float
    redeem_within: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """The machine says no, and why. ``then`` is the state the approval moves to because of it, if any."""

    reason: Reason
    sentence: str
    then: State | None = None


def request_digest(call: ToolCall) -> str:
    """Digest of the semantic request: the same person's same program wants the same done again."""
    caller = call.caller
    return digest(
        {
            "tenant": caller.tenant,
            "subject": caller.subject,
            "workload": caller.workload,
            "actors": list(caller.actors),
            "host": caller.host,
            "server": call.server,
            "tool": call.tool,
            "arguments": call.arguments.digest,
        }
    )


def content_digest(judged: Judged) -> str:
    """Digest of what was decided about: definition, class of this call, resource, tier and policy."""
    return digest(
        {
            "definition": judged.tool.digest,
            "class": class_axes(judged.facts.effect),
            "resource_tenant": judged.facts.resource_tenant,
            "tenant_binding": judged.facts.tenant_binding.value,
            "resources": [],
            "tier": judged.decision.tier.label,
            "policy": judged.decision.policy_digest,
        }
    )


def class_axes(effect: ToolClass) -> dict[str, Any]:
    """Return a class without its evidence: what an approval is bound to and a record states."""
    return {
        "impact": effect.impact.value,
        "destructive": effect.destructive,
        "reversibility": effect.reversibility.value,
        "sensitivity": effect.sensitivity.value,
        "blast": effect.blast.value,
        "open_ended": effect.open_ended,
        "by": list(effect.by),
        "confidence": effect.confidence.value,
    }


def bind(approval: Approval) -> str:
    """Return the digest an approval stands for; recomputed before every use, so that no field can be swapped."""
    return digest(
        {
            "approval": approval.approval_id,
            "request": approval.request,
            "content": approval.content,
            "tenant": approval.tenant,
            "server": approval.server,
            "tool": approval.tool,
            "arguments": approval.arguments_digest,
            "subject": approval.subject,
            "workload": approval.workload,
            "tier": approval.tier.label,
            "nonce": approval.nonce,
            "not_before": approval.not_before,
            "decide_by": approval.decide_by,
            "redeem_by": approval.redeem_by,
            "redeem_within": approval.redeem_within,
            "max_uses": 1,
            "shown": digest(approval.shown),
        }
    )


def request_approval(
    call: ToolCall, judged: Judged, shown: Mapping[str, Any], ids: tuple[str, str], clock: tuple[float, Deadlines]
) -> Approval:
    """Return a new pending approval for this call. ``ids`` are its id and nonce, ``clock`` now and the deadlines."""
    now, within = clock
    unbound = Approval(
        approval_id=ids[0],
        state=State.PENDING,
        request=request_digest(call),
        content=content_digest(judged),
        binding="",
        tenant=call.caller.tenant,
        server=call.server,
        tool=call.tool,
        arguments_digest=call.arguments.digest,
        subject=call.caller.subject,
        workload=call.caller.workload,
        tier=judged.decision.tier,
        nonce=ids[1],
        not_before=now,
        decide_by=now + within.decide_within,
        redeem_by=now + within.decide_within + within.redeem_within,
        redeem_within=within.redeem_within,
        shown=shown,
    )
    return replace(unbound, binding=bind(unbound))


def lapse(approval: Approval, now: float) -> Approval:
    """Return the approval as it stands at ``now``: a deadline that has passed is a denial of this record only."""
    late = (approval.state is State.PENDING and now >= approval.decide_by) or (
        approval.state is State.APPROVED and now >= approval.redeemable_until
    )
    return replace(approval, state=State.EXPIRED) if late else approval


def decide(approval: Approval, answer: Answer, *, approve: bool) -> Approval | Refusal:
    """Apply a person's answer. Nobody approves their own request (separation of duties).

    A person may always deny what they themselves asked for.
    """
    approval = lapse(approval, answer.at)
    if approval.state is not State.PENDING:
        return Refusal(Reason.APPROVAL_SPENT, f"approval {approval.approval_id} is {approval.state.value}, not pending")
    if answer.at < approval.not_before or approval.binding != bind(approval):
        return Refusal(Reason.APPROVAL_VOID, f"approval {approval.approval_id} is not what was asked for", State.VOID)
    if not approve:
        return replace(approval, state=State.DENIED, answer=answer)
    if _folded(answer.approver) in {_folded(approval.subject), _folded(approval.workload)}:
        return Refusal(Reason.APPROVAL_INSUFFICIENT, "nobody approves their own request: somebody else has to")
    if answer.assurance < approval.tier.assurance:
        return Refusal(
            Reason.APPROVAL_INSUFFICIENT,
            f"tier {approval.tier.label} needs more than an answer at the {answer.channel} can give",
        )
    return replace(approval, state=State.APPROVED, answer=answer)


def _folded(name: str) -> str:
    """Return a name in the one form that its spellings share: composition, width, font and case are folded.

    Letters of other scripts that only look alike stay apart: to an issuer they are different accounts, and what
    two accounts of one person may do is the issuer's to say.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def spend(approval: Approval, call: ToolCall, judged: Judged, now: float) -> Approval | Refusal:
    """Consume an approved approval for exactly the call it was given for, once."""
    caller = call.caller
    if (caller.tenant, caller.subject, caller.workload) != (approval.tenant, approval.subject, approval.workload):
        return Refusal(Reason.APPROVAL_UNKNOWN, "no such approval")
    approval = lapse(approval, now)
    if approval.state is not State.APPROVED:
        return Refusal(UNSPENDABLE[approval.state], f"approval {approval.approval_id} is {approval.state.value}")
    if (
        approval.binding != bind(approval)
        or approval.request != request_digest(call)
        or approval.content != content_digest(judged)
    ):
        return Refusal(
            Reason.APPROVAL_VOID, f"what approval {approval.approval_id} was given for has changed", State.VOID
        )
    return replace(approval, state=State.REDEEMED)


UNSPENDABLE: Mapping[State, Reason] = MappingProxyType(
    {
        State.PENDING: Reason.APPROVAL_PENDING,
        State.DENIED: Reason.APPROVAL_DENIED,
        State.EXPIRED: Reason.APPROVAL_EXPIRED,
        State.REDEEMED: Reason.APPROVAL_SPENT,
        State.VOID: Reason.APPROVAL_VOID,
    }
)
"""Why an approval in a state that is not ``APPROVED`` cannot be spent."""
