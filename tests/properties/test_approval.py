"""The approval machine: one approval, at most one execution, of exactly what was shown, in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from interlock.core.approval import (
    MOVES,
    Answer,
    Approval,
    Deadlines,
    Refusal,
    State,
    bind,
    decide,
    lapse,
    request_approval,
    spend,
)
from interlock.core.reasons import Reason
from interlock.core.requests import Judged
from interlock.core.words import (
    Arguments,
    Blast,
    Confidence,
    Decision,
    Impact,
    Reversibility,
    Sensitivity,
    TenantBinding,
    Tier,
    ToolCall,
)
from unit.core.sample import CALL, DELETES, FACTS, NOW, TOOL, asked, judged, said

Change = Callable[[ToolCall, Judged], tuple[ToolCall, Judged]]


def of_call(**change: Any) -> Change:
    return lambda call, seen: (replace(call, **change), seen)


def of_caller(**change: Any) -> Change:
    return lambda call, seen: (replace(call, caller=replace(call.caller, **change)), seen)


def of_class(**change: Any) -> Change:
    facts = replace(FACTS, effect=replace(DELETES, **change))
    return lambda call, seen: (call, Judged(seen.tool, facts, seen.decision))


def of_facts(**change: Any) -> Change:
    return lambda call, seen: (call, Judged(seen.tool, replace(seen.facts, **change), seen.decision))


def of_decision(**change: Any) -> Change:
    return lambda call, seen: (call, Judged(seen.tool, seen.facts, replace(seen.decision, **change)))


CHANGES: dict[str, Change] = {
    "arguments": of_call(arguments=Arguments(b'{"id":8}', {"id": 8}, "sha256:8")),
    "server": of_call(server="tickets-2"),
    "tool": of_call(tool="delete_tickets"),
    "host": of_caller(host="another-app"),
    "no host": of_caller(host=None),
    "longer actor chain": of_caller(actors=("router", "planner", "eve")),
    "other order of actors": of_caller(actors=("planner", "router")),
    "no actors": of_caller(actors=()),
    "definition": lambda call, seen: (call, Judged(replace(TOOL, digest="sha256:e"), seen.facts, seen.decision)),
    "impact": of_class(impact=Impact.READ_ONLY),
    "destructive": of_class(destructive=False),
    "reversibility": of_class(reversibility=Reversibility.IRREVERSIBLE),
    "sensitivity": of_class(sensitivity=Sensitivity.RESTRICTED),
    "blast": of_class(blast=Blast.SYSTEM),
    "open-ended": of_class(open_ended=False),
    "by": of_class(by=("sql",)),
    "confidence": of_class(confidence=Confidence.HIGH),
    "resource's tenant": of_facts(resource_tenant="globex"),
    "no resource's tenant": of_facts(resource_tenant=None),
    "how the tenant is known": of_facts(tenant_binding=TenantBinding.UNKNOWN),
    "policy": of_decision(policy_digest="sha256:q"),
    **{f"tier {tier.label}": of_decision(tier=tier) for tier in Tier if tier is not Tier.CONFIRM},
}
"""What an approval is bound to in the call and in what was judged of it."""
STRANGERS = {
    "tenant": of_caller(tenant="globex"),
    "subject": of_caller(subject="eve"),
    "workload": of_caller(workload="another-agent"),
}

SWAPS: dict[str, Any] = {
    "approval_id": "apr-2",
    "request": "sha256:0",
    "content": "sha256:0",
    "binding": "sha256:0",
    "server": "tickets-2",
    "tool": "delete_tickets",
    "arguments_digest": "sha256:8",
    "tier": Tier.RUN,
    "nonce": "n-2",
    "not_before": NOW - 1,
    "decide_by": NOW + 901,
    "redeem_by": NOW + 1501,
    "redeem_within": 601.0,
    "shown": {"tool": "read_ticket"},
}
"""Each field of the stored record that could be swapped under the person who approved it, but whose it is."""


def granted(approval: Approval) -> Approval:
    moved = decide(approval, said(assurance=3), approve=True)
    assert isinstance(moved, Approval)
    return moved


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_voids_the_approval(change: str) -> None:
    call, seen = CHANGES[change](CALL, judged())
    found = spend(granted(asked()), call, seen, NOW + 20)
    assert isinstance(found, Refusal)
    assert (found.reason, found.then) == (Reason.APPROVAL_VOID, State.VOID)


@pytest.mark.parametrize("change", STRANGERS)
def test_a_stranger_learns_nothing_and_moves_nothing(change: str) -> None:
    call, seen = STRANGERS[change](CALL, judged())
    assert spend(granted(asked()), call, seen, NOW + 20) == Refusal(Reason.APPROVAL_UNKNOWN, "no such approval")


@pytest.mark.parametrize("name", SWAPS)
def test_a_record_with_a_swapped_field_is_neither_decided_nor_spent(name: str) -> None:
    swapped = replace(asked(), **{name: SWAPS[name]})
    for approve in (True, False):
        found = decide(swapped, said(assurance=3), approve=approve)
        assert isinstance(found, Refusal)
        assert (found.reason, found.then) == (Reason.APPROVAL_VOID, State.VOID)
    spent = spend(replace(granted(asked()), **{name: SWAPS[name]}), CALL, judged(), NOW + 20)
    assert isinstance(spent, Refusal)
    assert (spent.reason, spent.then) == (Reason.APPROVAL_VOID, State.VOID)


@pytest.mark.parametrize("name", STRANGERS)
def test_a_record_that_became_somebody_elses_is_decided_by_nobody_and_spent_by_neither(name: str) -> None:
    swapped, other = replace(asked(), **{name: "eve"}), of_caller(**{name: "eve"})
    found = decide(swapped, said(assurance=3), approve=True)
    assert isinstance(found, Refusal)
    assert (found.reason, found.then) == (Reason.APPROVAL_VOID, State.VOID)
    theirs = spend(replace(granted(asked()), **{name: "eve"}), *other(CALL, judged()), NOW + 20)
    assert isinstance(theirs, Refusal)
    assert (theirs.reason, theirs.then) == (Reason.APPROVAL_VOID, State.VOID)
    ours = spend(replace(granted(asked()), **{name: "eve"}), CALL, judged(), NOW + 20)
    assert isinstance(ours, Refusal)
    assert ours.reason is Reason.APPROVAL_UNKNOWN


def test_every_field_of_an_approval_is_swapped_somewhere() -> None:
    assert {each.name for each in fields(Approval)} == SWAPS.keys() | STRANGERS.keys() | {"state", "answer"}
    for name in STRANGERS:
        assert bind(replace(asked(), **{name: "eve"})) != asked().binding


@pytest.mark.parametrize("state", [state for state in State if not MOVES[state]])
@given(after=st.floats(-2000, 2000), approve=st.booleans())
def test_what_has_ended_stays_as_it_is(state: State, after: float, *, approve: bool) -> None:
    ended = replace(granted(asked()), state=state)
    assert lapse(ended, NOW + after) == ended
    for found in (decide(ended, said(after=after), approve=approve), spend(ended, CALL, judged(), NOW + after)):
        assert isinstance(found, Refusal)
        assert found.then is None


@given(st.floats(0, 10_000), st.floats(0, 10_000), st.floats(0, 2000), st.floats(0, 2000))
def test_the_deadlines_hold_to_the_second(decided: float, spent: float, decide_within: float, within: float) -> None:
    clock = (NOW, Deadlines(decide_within, within))
    approval = request_approval(CALL, judged(), {"tool": "x"}, ("apr-1", "n-1"), clock)
    moved = decide(approval, said(after=decided), approve=True)
    assert isinstance(moved, Approval) == (NOW + decided < NOW + decide_within)
    if isinstance(moved, Approval):
        until = min(NOW + decided + within, NOW + decide_within + within)
        assert isinstance(spend(moved, CALL, judged(), NOW + spent), Approval) == (NOW + spent < until)


@given(st.text(max_size=12), st.sampled_from([str.upper, str.lower, str.casefold, str.title, str.swapcase, str]))
def test_nobody_approves_their_own_request_however_they_write_their_name(name: str, spell: Any) -> None:
    call = replace(CALL, caller=replace(CALL.caller, subject=spell(name)))
    if spell(name).casefold() == name.casefold():
        assert isinstance(decide(asked(call=call), said(name, assurance=3), approve=True), Refusal)


class Life(RuleBasedStateMachine):
    """An approval as a store keeps it: whatever the machine returns is written, in any order of events."""

    @initialize(tier=st.sampled_from([tier for tier in Tier if tier is not Tier.BLOCK]))
    def ask(self, tier: Tier) -> None:
        self.judged = judged(tier)
        self.stored = asked(tier)
        self.now = NOW
        self.executions = 0
        self.approver: Answer | None = None

    def keep(self, moved: Approval | Refusal) -> None:
        """Write what came of it: only a move that is listed, and of nothing but state and answer."""
        before = self.stored
        if isinstance(moved, Approval):
            self.stored = moved
        elif moved.then is not None:
            self.stored = replace(before, state=moved.then)
        if self.stored.state is not before.state:
            assert self.stored.state in MOVES[before.state]
        else:
            assert self.stored == before
        assert replace(self.stored, state=before.state, answer=before.answer) == before

    @rule(seconds=st.sampled_from([0.0, 0.5, 10.0, 299.5, 600.0, 900.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def sweep(self) -> None:
        self.keep(lapse(self.stored, self.now))

    @rule(
        approver=st.sampled_from(["grace", "ada", "ADA", "Support-agent"]),
        assurance=st.integers(0, 3),
        approve=st.booleans(),
        downgraded=st.booleans(),
    )
    def answer(self, approver: str, assurance: int, *, approve: bool, downgraded: bool) -> None:
        answer = said(approver, at=self.now, assurance=assurance, downgraded=downgraded)
        before = self.stored
        moved = decide(before, answer, approve=approve)
        self.keep(moved)
        if isinstance(moved, Approval):
            assert before.state is State.PENDING
            assert self.now < before.decide_by
            assert moved.answer is answer
        if isinstance(moved, Approval) and approve:
            assert approver == "grace"
            assert assurance >= before.tier.assurance
            self.approver = answer

    @rule(change=st.none() | st.sampled_from(sorted(CHANGES | STRANGERS)))
    def redeem(self, change: str | None) -> None:
        how = (CHANGES | STRANGERS)[change] if change else None
        call, seen = how(CALL, self.judged) if how else (CALL, self.judged)
        before = self.stored
        moved = spend(before, call, seen, self.now)
        self.keep(moved)
        if isinstance(moved, Approval):
            assert (call, seen) == (CALL, self.judged)
            assert before.state is State.APPROVED
            assert self.now < before.redeemable_until
            self.executions += 1

    @rule(name=st.sampled_from(sorted(SWAPS)))
    @precondition(lambda self: self.stored.state in {State.PENDING, State.APPROVED})
    def tamper(self, name: str) -> None:
        if getattr(self.stored, name) == SWAPS[name]:
            return
        tampered = replace(self.stored, **{name: SWAPS[name]})
        answer = said("grace", at=self.now, assurance=3)
        for found in (decide(tampered, answer, approve=True), spend(tampered, CALL, self.judged, self.now)):
            assert isinstance(found, Refusal)

    @invariant()
    def one_approval_one_execution(self) -> None:
        assert self.executions == (self.stored.state is State.REDEEMED)

    @invariant()
    def what_was_answered_is_carried_unchanged(self) -> None:
        if self.approver is not None:
            assert self.stored.answer is self.approver
            assert self.stored.answer.downgraded is self.approver.downgraded
        assert self.executions == 0 or self.approver is not None


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=20)


def moves_from(approval: Approval) -> set[State]:
    """Return every state an approval can be brought to, by every event there is."""
    stale = replace(approval, nonce="n-2")
    found: list[Approval | Refusal] = [lapse(approval, NOW + after) for after in (0, 899, 900, 5000)]
    for after in (-1, 1, 899, 900, 5000):
        for at_hand in (approval, stale):
            found += [decide(at_hand, said(after=after), approve=approve) for approve in (True, False)]
            found.append(spend(at_hand, CALL, judged(), NOW + after))
        found.extend(spend(approval, *change(CALL, judged()), NOW + after) for change in CHANGES.values())
    reached = {each.state if isinstance(each, Approval) else each.then or approval.state for each in found}
    return reached - {approval.state}


@pytest.mark.parametrize("state", list(State))
def test_what_is_listed_happens_and_what_is_not_listed_never(state: State) -> None:
    answer = None if state is State.PENDING else said()
    assert moves_from(replace(asked(), state=state, answer=answer)) == MOVES[state]


def test_the_decision_is_what_an_approval_is_asked_for() -> None:
    verdict = Decision(tier=Tier.TWO_PERSONS, reason="policy.confirm", policies=(), policy_digest="sha256:z")
    seen = Judged(TOOL, FACTS, verdict)
    approval = request_approval(CALL, seen, {}, ("a", "n"), (NOW, Deadlines(1, 1)))
    moved = decide(approval, said(after=0.5, assurance=3), approve=True)
    assert isinstance(moved, Approval)
    assert isinstance(spend(moved, CALL, seen, NOW + 0.75), Approval)
