"""Asking, answering, dispatching, settling, stopping, dying, waiting in any order: the store does as a tiny model."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule

from contracts.sqlite_premises import SqlitePremises
from contracts.world import (
    again,
    approved,
    call,
    judged,
    of_call,
    outcome,
    said,
    sums,
    wanted,
)
from interlock.core.approval import Approval, Refusal, State, lapse
from interlock.core.reasons import Reason
from interlock.core.requests import Judged, Outcome, StepFailed, Ticket
from interlock.core.words import Tier
from interlock.proxy import records
from interlock.stores.sqlite import gateway
from interlock.stores.sqlite.gateway import GatewayStore

DECIDE, REDEEM, STICKY = 10.0, 6.0, 20.0
POLICIES = ("sha256:p", "sha256:q")
OPEN = {State.PENDING, State.APPROVED}
REFUSED = {
    State.PENDING: Reason.APPROVAL_PENDING,
    State.DENIED: Reason.APPROVAL_DENIED,
    State.EXPIRED: Reason.APPROVAL_EXPIRED,
    State.REDEEMED: Reason.APPROVAL_SPENT,
    State.VOID: Reason.APPROVAL_VOID,
}


class Clock:
    """The store's time, which passes only as told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@dataclass
class Wish:
    """What the model knows of an approval."""

    request: int
    policy: str
    state: State
    until: float
    asked: float
    settled: float = 0.0


@dataclass
class Deed:
    """What the model knows of a dispatched call."""

    request: int
    judged: Judged
    ticket: Ticket
    store: int
    outcome: Outcome | None = None


@dataclass
class Model:
    """The whole of it."""

    wishes: dict[str, Wish] = field(default_factory=dict)
    deeds: dict[str, Deed] = field(default_factory=dict)

    def pass_to(self, now: float) -> None:
        for wish in self.wishes.values():
            if wish.state in OPEN and now >= wish.until:
                wish.state, wish.settled = State.EXPIRED, now

    def ask(self, request: int, policy: str, now: float) -> set[str]:
        """Return the approvals that may answer; none: a new one."""
        same = {key: wish for key, wish in self.wishes.items() if wish.request == request}
        for wish in same.values():
            if wish.state in OPEN and wish.policy != policy:
                wish.state = State.VOID
        denied = {key for key, wish in same.items() if wish.state is State.DENIED and wish.settled > now - STICKY}
        return denied or {key for key, wish in same.items() if wish.state in OPEN}


class StoreMachine(RuleBasedStateMachine):
    """Two gateways on one database, and the people who answer."""

    wishes: Bundle[str] = Bundle("wishes")
    deeds: Bundle[str] = Bundle("deeds")

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.patch = mock.patch.object(gateway, "time", self.clock)
        self.patch.start()
        self.runner = asyncio.Runner()
        self.premises = SqlitePremises(Path(self.directory.name))
        self.stores: list[GatewayStore] = [self.premises.open(), self.premises.open()]
        self.model = Model()
        self.requests = [call(id=number) for number in range(2)]

    @rule(seconds=st.sampled_from([0.5, 3.0, 7.0, 25.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.model.pass_to(self.clock.now)

    @rule(target=wishes, which=st.integers(0, 1), request=st.integers(0, 1), policy=st.sampled_from(POLICIES))
    def ask(self, which: int, request: int, policy: str) -> str:
        now, store = self.clock.now, self.stores[which]
        question = wanted(self.requests[request], judged(store, Tier.CONFIRM, policy), now, within=(DECIDE, REDEEM))
        found = self.runner.run(store.ask(question, b"{}", now - STICKY))
        expected = self.model.ask(request, policy, now)
        if expected:
            assert found.approval_id in expected
        else:
            assert found == question
            self.model.wishes[found.approval_id] = Wish(request, policy, State.PENDING, now + DECIDE, now)
        return found.approval_id

    @rule(approval_id=wishes, approve=st.booleans())
    def answer(self, approval_id: str, *, approve: bool) -> None:
        wish, now = self.model.wishes[approval_id], self.clock.now
        moved = self.premises.answer(approval_id, said(now), approve=approve)
        if wish.state is not State.PENDING:
            assert isinstance(moved, Refusal)
            return
        assert isinstance(moved, Approval)
        wish.state, wish.settled = (State.APPROVED if approve else State.DENIED), now
        wish.until = min(wish.asked + DECIDE + REDEEM, now + REDEEM)

    @rule(
        target=deeds,
        approval_id=wishes,
        which=st.integers(0, 1),
        other=st.sampled_from(["same", "same", "same", "request", "policy"]),
    )
    def dispatch(self, approval_id: str, which: int, other: str) -> str | MultipleResults[str]:
        wish = self.model.wishes[approval_id]
        request = 1 - wish.request if other == "request" else wish.request
        policy = next(each for each in POLICIES if (each != wish.policy) == (other == "policy"))
        seen = judged(self.stores[which], Tier.CONFIRM, policy)
        made = self._dispatch(which, request, seen, approval_id)
        if wish.state is State.APPROVED and other == "same":
            wish.state = State.REDEEMED
            assert made in self.model.deeds
            return str(made)
        assert isinstance(made, Refusal)
        if wish.state is State.APPROVED:
            wish.state = State.VOID
        assert made.reason is REFUSED[wish.state]
        return multiple()

    @rule(target=deeds, which=st.integers(0, 1), request=st.integers(0, 1))
    def run_unattended(self, which: int, request: int) -> str:
        made = self._dispatch(which, request, judged(self.stores[which]), None)
        assert made in self.model.deeds
        return str(made)

    @rule(approval_id=wishes, which=st.integers(0, 1))
    def stop_and_dispatch_what_was_judged_before(self, approval_id: str, which: int) -> None:
        seen = judged(self.stores[which], Tier.CONFIRM)
        self.premises.stop()
        made = self._dispatch(which, self.model.wishes[approval_id].request, seen, approval_id)
        assert made is Reason.STATE_CHANGED

    def _dispatch(self, which: int, request: int, seen: Judged, approval_id: str | None) -> str | Refusal | Reason:
        of, key = again(self.requests[request]), records.fresh_key()
        spent = approved(approval_id) if approval_id else None
        record = records.intent_record(of, seen, spent, key)
        try:
            made = self.runner.run(self.stores[which].dispatch(of, seen, spent, record, key))
        except StepFailed as failure:
            return failure.reason
        if isinstance(made, Ticket):
            self.model.deeds[of.call_id] = Deed(request, seen, made, which)
            return of.call_id
        return made

    @rule(call_id=deeds, which=st.integers(0, 1), how=st.sampled_from(list(Outcome)))
    def settle(self, call_id: str, which: int, how: Outcome) -> None:
        deed = self.model.deeds[call_id]
        of = self.requests[deed.request]
        record = outcome(of, deed.judged, how)()
        named = type(record)(**{name: getattr(record, name) for name in record.__slots__} | {"call_id": call_id})
        assert self.runner.run(self.stores[which].settle(deed.ticket, how, lambda: named)) is (deed.outcome is None)
        deed.outcome = deed.outcome or how

    @rule(which=st.integers(0, 1))
    def die_and_be_recovered(self, which: int) -> None:
        self.premises.kill(self.stores[which])
        self.stores[which] = self.premises.open()
        orphans = [deed for deed in self.model.deeds.values() if deed.store == which and deed.outcome is None]
        assert self.runner.run(self.stores[1 - which].recover()) == len(orphans)
        for deed in orphans:
            deed.outcome = Outcome.OUTCOME_UNKNOWN

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        for number, store in enumerate(self.stores):
            for approval_id, wish in self.model.wishes.items():
                found = store.approval(approval_id)
                assert found is not None
                assert lapse(found, self.clock.now).state is wish.state, number
            for number_of, request in enumerate(self.requests):
                assert store.repeats_unknown(request) is self._unknown(number_of)

    def _unknown(self, request: int) -> bool:
        same = [deed for deed in self.model.deeds.values() if deed.request == request]
        last = max(same, key=lambda deed: deed.ticket.intent_seq, default=None)
        return last is not None and last.outcome in {None, Outcome.OUTCOME_UNKNOWN, Outcome.TRANSPORT_ERROR}

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        try:
            rows = self.premises.rows()
            deeds = self.model.deeds
            for call_id, deed in deeds.items():
                ends = [("outcome", deed.outcome.value)] if deed.outcome else []
                assert of_call(rows, call_id) == [("intent", None), *ends]
            assert sums(rows).intents == len(deeds)
            spent = [row["approval"]["id"] for row in rows if row["kind"] == "intent" and "id" in row["approval"]]
            assert len(spent) == len(set(spent))
            redeemed = {key for key, wish in self.model.wishes.items() if wish.state is State.REDEEMED}
            assert set(spent) == redeemed
            assert self.premises.findings() == ()
        finally:
            self.premises.close()
            self.runner.close()
            self.patch.stop()
            self.directory.cleanup()


def of_examples(count: int) -> settings:
    return settings(max_examples=count, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


class TestStoreMachine(StoreMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = of_examples(20)


@pytest.mark.slow
class TestStoreMachineDeeply(StoreMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = of_examples(300)
