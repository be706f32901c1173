"""Approvals, as people answer them at the terminal of the store's machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interlock.control.people import Operator, timestamp
from interlock.control.ports import ApprovalStore
from interlock.core.approval import Answer, Approval, Refusal, State
from interlock.core.errors import CallerError, OperatorError

CHANNEL = "terminal"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the terminal may do. ``local_operator``: answer at all; ``development``: for any tier, as downgraded."""

    local_operator: bool
    development: bool


def listing(store: ApprovalStore, now: float, states: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return approvals, oldest first, as rows; only those in one of ``states`` if any are named."""
    return [row(each) for each in store.approvals(now) if not states or each.state in states]


def row(approval: Approval) -> dict[str, Any]:
    """Return an approval as one row; times are RFC 3339, ``redeem_by`` is when it lapses as it stands."""
    return {
        "id": approval.approval_id,
        "state": approval.state.value,
        "server": approval.server,
        "tool": approval.tool,
        "arguments_digest": approval.arguments_digest,
        "subject": approval.subject,
        "workload": approval.workload,
        "tenant": approval.tenant,
        "decide_by": timestamp(approval.decide_by),
        "redeem_by": timestamp(approval.redeemable_until),
        "tier": approval.tier.label,
        "asked_at": timestamp(approval.not_before),
        "approver": approval.answer.approver if approval.answer else None,
    }


def show(store: ApprovalStore, approval_id: str, now: float) -> dict[str, Any]:
    """Return one approval: its row, how long it still has, the answer, and exactly what was shown when it was asked.

    Raises:
        CallerError: there is no such approval.

    """
    approval = _find(store, approval_id, now)
    said = approval.answer
    return {
        **row(approval),
        "seconds_left": max(0, int(_deadline(approval) - now)),
        "binding": approval.binding,
        "answer": said
        and {
            "approver": said.approver,
            "verified": said.verified,
            "reason": said.reason,
            "at": timestamp(said.at),
            "assurance": said.assurance,
            "downgraded": said.downgraded,
            "channel": said.channel,
        },
        "shown": dict(approval.shown),
    }


def answer(
    store: ApprovalStore, approval_id: str, operator: Operator, ground: tuple[Rules, float], *, approve: bool
) -> Approval:
    """Approve or deny as the local operator; ``ground`` is what the terminal may do, and now.

    The name is claimed. In development mode an answer counts for whatever the tier asks, and is marked downgraded
    where that is more than one unverified person.

    Raises:
        OperatorError: the terminal may not answer.
        CallerError: there is no such approval, or the machine refuses this answer.

    """
    rules, now = ground
    if not rules.local_operator:
        raise OperatorError(
            "the local operator may not answer here: approvals.local_operator is off",
            "answer in the console, or set approvals.local_operator: true",
        )
    needed = _find(store, approval_id, now).tier.assurance
    counts = needed if approve and rules.development else 1
    said = Answer(
        approver=operator.name,
        reason=f"{operator.reason} (operating-system user {operator.os_user})",
        at=now,
        assurance=counts,
        verified=False,
        downgraded=counts > 1,
        channel=CHANNEL,
    )
    moved = store.answer(approval_id, said, approve=approve)
    if isinstance(moved, Refusal):
        raise CallerError(moved.sentence, f"nothing was {'approved' if approve else 'denied'} ({moved.reason.value})")
    return moved


class Watch:
    """Follows approvals: each look returns what is pending and was not when looked at before."""

    def __init__(self, store: ApprovalStore) -> None:
        self._store = store
        self._seen: frozenset[str] = frozenset()

    def look(self, now: float) -> list[Approval]:
        """Return what became pending since the last look."""
        pending = [each for each in self._store.approvals(now) if each.state is State.PENDING]
        fresh = [each for each in pending if each.approval_id not in self._seen]
        self._seen = frozenset(each.approval_id for each in pending)
        return fresh


def _find(store: ApprovalStore, approval_id: str, now: float) -> Approval:
    approval = store.approval(approval_id, now)
    if approval is None:
        raise CallerError(f"{approval_id}: there is no such approval", "see `interlock approvals ls`")
    return approval


def _deadline(approval: Approval) -> float:
    if approval.state is State.PENDING:
        return approval.decide_by
    return approval.redeemable_until if approval.state is State.APPROVED else 0.0
