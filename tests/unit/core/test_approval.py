from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from interlock.canon import digest
from interlock.core import approval as machine
from interlock.core.approval import (
    MOVES,
    UNSPENDABLE,
    Approval,
    Refusal,
    State,
    bind,
    class_axes,
    content_digest,
    decide,
    lapse,
    request_digest,
    spend,
)
from interlock.core.reasons import Reason
from interlock.core.requests import Judged
from interlock.core.words import Tier
from unit.core.sample import CALL, DELETES, FACTS, NOW, TOOL, asked, decision, judged, manner, said

AXES = {
    "impact": "external_side_effect",
    "destructive": True,
    "reversibility": "recoverable",
    "sensitivity": "confidential",
    "blast": "many",
    "open_ended": True,
    "by": ["query"],
    "confidence": "low",
}


def approved(**more: Any) -> Approval:
    given = decide(asked(), said(**more), approve=True)
    assert isinstance(given, Approval)
    return given


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(machine)
    assert len(found) == 4
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
    assert {name for name, (_, _, by_keyword) in found.items() if by_keyword} == {"Answer", "Approval"}


def test_the_states_are_stable() -> None:
    assert [state.value for state in State] == ["pending", "approved", "denied", "expired", "redeemed", "void"]
    assert [state.name.lower() for state in State] == [state.value for state in State]


def test_the_whole_machine() -> None:
    assert set(MOVES) == set(State)
    open_ends = {state.value: {then.value for then in moves} for state, moves in MOVES.items() if moves}
    assert open_ends == {
        "pending": {"approved", "denied", "expired", "void"},
        "approved": {"redeemed", "expired", "void"},
    }


def test_what_is_asked_for_is_pending_and_bound() -> None:
    approval = asked(Tier.CONFIRM_STRONGLY)
    assert approval == Approval(
        approval_id="apr-1",
        state=State.PENDING,
        request=request_digest(CALL),
        content=content_digest(judged(Tier.CONFIRM_STRONGLY)),
        binding=bind(approval),
        tenant="acme",
        server="tickets",
        tool="delete_ticket",
        arguments_digest="sha256:7",
        subject="ada",
        workload="support-agent",
        tier=Tier.CONFIRM_STRONGLY,
        nonce="n-1",
        not_before=NOW,
        decide_by=NOW + 900,
        redeem_by=NOW + 1500,
        redeem_within=600,
        shown={"tool": "delete_ticket"},
        answer=None,
    )


def test_the_digests_are_stable_so_that_an_upgrade_voids_no_approval() -> None:
    assert request_digest(CALL) == digest(
        {
            "tenant": "acme",
            "subject": "ada",
            "workload": "support-agent",
            "actors": ["router", "planner"],
            "host": "desk-app",
            "server": "tickets",
            "tool": "delete_ticket",
            "arguments": "sha256:7",
        }
    )
    assert class_axes(DELETES) == AXES
    assert content_digest(judged()) == digest(
        {
            "definition": "sha256:d",
            "class": AXES,
            "resource_tenant": "acme",
            "tenant_binding": "bound",
            "resources": [],
            "tier": "confirm",
            "policy": "sha256:p",
        }
    )
    assert asked().binding == digest(
        {
            "approval": "apr-1",
            "request": request_digest(CALL),
            "content": content_digest(judged()),
            "tenant": "acme",
            "server": "tickets",
            "tool": "delete_ticket",
            "arguments": "sha256:7",
            "subject": "ada",
            "workload": "support-agent",
            "tier": "confirm",
            "nonce": "n-1",
            "not_before": NOW,
            "decide_by": NOW + 900,
            "redeem_by": NOW + 1500,
            "redeem_within": 600,
            "max_uses": 1,
            "shown": digest({"tool": "delete_ticket"}),
        }
    )


def test_an_approval_lapses_once_approved_by_how_early_the_answer_came() -> None:
    assert asked().redeemable_until == NOW + 1500
    assert approved(after=10).redeemable_until == NOW + 610
    assert replace(approved(after=10), redeem_by=NOW + 100).redeemable_until == NOW + 100


@pytest.mark.parametrize(
    ("state", "after", "then"),
    [
        (State.PENDING, 899.999, State.PENDING),
        (State.PENDING, 900, State.EXPIRED),
        (State.PENDING, 901, State.EXPIRED),
        (State.APPROVED, 609.999, State.APPROVED),
        (State.APPROVED, 610, State.EXPIRED),
        (State.APPROVED, 611, State.EXPIRED),
        (State.DENIED, 10_000, State.DENIED),
        (State.REDEEMED, 10_000, State.REDEEMED),
        (State.VOID, 10_000, State.VOID),
        (State.EXPIRED, 10_000, State.EXPIRED),
    ],
)
def test_a_deadline_passes_at_its_second_and_moves_only_what_is_open(state: State, after: float, then: State) -> None:
    approval = replace(asked(), state=state, answer=None if state is State.PENDING else said(after=10))
    assert lapse(approval, NOW + after) == replace(approval, state=then)


def test_an_approval_and_a_denial_keep_the_answer() -> None:
    answer = said(assurance=1, downgraded=True)
    assert decide(asked(), answer, approve=True) == replace(asked(), state=State.APPROVED, answer=answer)
    assert decide(asked(), answer, approve=False) == replace(asked(), state=State.DENIED, answer=answer)


@pytest.mark.parametrize("state", [state for state in State if state is not State.PENDING])
@pytest.mark.parametrize("approve", [True, False])
def test_what_is_not_pending_is_not_decided(state: State, *, approve: bool) -> None:
    found = decide(replace(asked(), state=state), said(), approve=approve)
    assert found == Refusal(Reason.APPROVAL_SPENT, f"approval apr-1 is {state.value}, not pending")


def test_a_late_answer_is_told_that_it_is_late() -> None:
    found = decide(asked(), said(after=900), approve=True)
    assert found == Refusal(Reason.APPROVAL_SPENT, "approval apr-1 is expired, not pending")
    assert isinstance(decide(asked(), said(after=899.999), approve=True), Approval)


@pytest.mark.parametrize("approve", [True, False])
def test_an_answer_before_the_question_voids_it(*, approve: bool) -> None:
    void = Refusal(Reason.APPROVAL_VOID, "approval apr-1 is not what was asked for", State.VOID)
    assert decide(asked(), said(after=-0.001), approve=approve) == void
    assert isinstance(decide(asked(), said(after=0), approve=approve), Approval)
    assert decide(replace(asked(), nonce="n-2"), said(), approve=approve) == void


@pytest.mark.parametrize(
    "approver",
    [
        "ada",
        "ADA",
        "support-agent",
        "Support-Agent",
        "\uff41da",  # a full-width a
        "\U0001d400da",  # a bold mathematical A
    ],
)
def test_nobody_approves_their_own_request(approver: str) -> None:
    found = decide(asked(), said(approver), approve=True)
    assert found == Refusal(
        Reason.APPROVAL_INSUFFICIENT, "nobody approves their own request: somebody else has to", None
    )
    assert isinstance(decide(asked(), said(approver), approve=False), Approval)


@pytest.mark.parametrize(
    ("subject", "approver"),
    [
        ("José", "Jose\u0301"),  # composed, decomposed
        ("straße", "STRASSE"),
        ("İpek", "i\u0307pek"),
        ("ΌΣΟΣ", "όσος"),
        ("K\u212a", "kk"),  # the Kelvin sign
        ("\u0390", "\u03aa\u0301"),  # small iota with both marks; the capital, which has no sign for both
    ],
)
def test_a_name_spelled_otherwise_is_the_same_name(subject: str, approver: str) -> None:
    call = replace(CALL, caller=replace(CALL.caller, subject=subject))
    found = decide(asked(call=call), said(approver), approve=True)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.APPROVAL_INSUFFICIENT
    assert isinstance(decide(asked(call=call), said("grace"), approve=True), Approval)


def test_letters_of_another_script_are_another_account() -> None:
    assert isinstance(decide(asked(), said("\u0430d\u0430"), approve=True), Approval)


@pytest.mark.parametrize(
    ("tier", "needed"), [(Tier.RUN, 0), (Tier.CONFIRM, 1), (Tier.CONFIRM_STRONGLY, 2), (Tier.TWO_PERSONS, 3)]
)
def test_an_answer_counts_for_its_tier_or_does_not(tier: Tier, needed: int) -> None:
    assert isinstance(decide(asked(tier), said(assurance=needed), approve=True), Approval)
    found = decide(asked(tier), said(assurance=needed - 1, channel="terminal"), approve=True)
    assert found == Refusal(
        Reason.APPROVAL_INSUFFICIENT, f"tier {tier.label} needs more than an answer at the terminal can give", None
    )
    assert isinstance(decide(asked(tier), said(assurance=needed - 1), approve=False), Approval)


def test_an_approved_approval_is_spent_once() -> None:
    spent = spend(approved(), CALL, judged(), NOW + 20)
    assert spent == replace(approved(), state=State.REDEEMED)
    assert isinstance(spent, Approval)
    assert spend(spent, CALL, judged(), NOW + 21) == Refusal(Reason.APPROVAL_SPENT, "approval apr-1 is redeemed", None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.PENDING, Reason.APPROVAL_PENDING),
        (State.DENIED, Reason.APPROVAL_DENIED),
        (State.EXPIRED, Reason.APPROVAL_EXPIRED),
        (State.REDEEMED, Reason.APPROVAL_SPENT),
        (State.VOID, Reason.APPROVAL_VOID),
    ],
)
def test_what_is_not_approved_is_not_spent(state: State, reason: Reason) -> None:
    found = spend(replace(asked(), state=state), CALL, judged(), NOW + 1)
    assert found == Refusal(reason, f"approval apr-1 is {state.value}", None)


def test_each_state_but_approved_says_why_it_cannot_be_spent() -> None:
    assert set(UNSPENDABLE) == set(State) - {State.APPROVED}


def test_an_approval_is_spent_before_it_lapses() -> None:
    assert isinstance(spend(approved(after=10), CALL, judged(), NOW + 609.999), Approval)
    late = spend(approved(after=10), CALL, judged(), NOW + 610)
    assert late == Refusal(Reason.APPROVAL_EXPIRED, "approval apr-1 is expired", None)


@pytest.mark.parametrize("field", ["tenant", "subject", "workload"])
def test_to_anybody_else_there_is_no_such_approval(field: str) -> None:
    other = replace(CALL, caller=replace(CALL.caller, **{field: "eve"}))
    for approval in (asked(), approved(), replace(asked(), state=State.DENIED)):
        assert spend(approval, other, judged(), NOW + 20) == Refusal(Reason.APPROVAL_UNKNOWN, "no such approval", None)


CHANGED = Refusal(Reason.APPROVAL_VOID, "what approval apr-1 was given for has changed", State.VOID)


def test_a_changed_call_record_or_judgement_voids() -> None:
    other = replace(CALL, tool="delete_all")
    assert spend(approved(), other, judged(), NOW + 20) == CHANGED
    assert spend(replace(approved(), nonce="n-2"), CALL, judged(), NOW + 20) == CHANGED
    decided = Judged(TOOL, FACTS, decision(Tier.CONFIRM_STRONGLY))
    assert spend(approved(), CALL, decided, NOW + 20) == CHANGED


def test_what_is_only_claimed_or_named_anew_voids_nothing() -> None:
    again = replace(CALL, call_id="call-2", claims=replace(CALL.claims, reason="in other words"), era="2026-06-30")
    assert isinstance(spend(approved(), again, judged(), NOW + 20), Approval)
