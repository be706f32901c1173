"""What every store promises the data path, whatever it is made of. Inherit, and give it ``premises``."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.asking import AskingContract, SeparationContract
from contracts.conversation import drives, ready, stand
from contracts.world import (
    TOOL,
    Premises,
    again,
    approved,
    ask,
    call,
    dispatch,
    judged,
    listed,
    of_call,
    outcome,
    perform,
    said,
    sums,
    wanted,
)
from interlock.core.approval import Refusal, State
from interlock.core.errors import Fault
from interlock.core.inventory import Listed
from interlock.core.reasons import Reason
from interlock.core.requests import Outcome, StepFailed, Ticket
from interlock.core.words import Stage, Standing, Tier
from interlock.proxy import records
from unit.policy.calls import CALLER


def flicker(premises: Premises, other: Listed) -> None:
    premises.observe([other])
    premises.observe([listed()])


def replace_tool(premises: Premises, other: Listed) -> None:
    premises.observe([other])
    premises.accept()


class DispatchContract:
    """Intent before effect; one approval, at most one execution; nothing dispatched that changed."""

    @drives
    async def test_the_intent_is_in_the_log_when_the_ticket_is_given(self, premises: Premises) -> None:
        store = premises.open()
        of = call(id=7)
        ticket = await dispatch(store, of, judged(store))
        assert isinstance(ticket, Ticket)
        row = premises.rows()[ticket.intent_seq]
        assert (row["kind"], row["call_id"], row["seq"]) == ("intent", of.call_id, ticket.intent_seq)
        assert premises.findings() == ()

    @drives
    async def test_an_approval_is_spent_in_the_transaction_of_its_intent(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        before = len(premises.rows())
        assert isinstance(await dispatch(store, of, seen, approval.approval_id), Ticket)
        assert stand(store, approval) is State.REDEEMED
        rows = premises.rows()[before:]
        assert [row["kind"] for row in rows] == ["intent"]
        assert rows[0]["approval"]["id"] == approval.approval_id

    @drives
    async def test_an_intent_that_cannot_be_written_leaves_its_approval_unspent(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        key = records.fresh_key()
        broken = replace(records.intent_record(of, seen, None, key), time="yesterday")
        before = premises.rows()
        with pytest.raises(ValueError, match="time"):
            await store.dispatch(of, seen, approved(approval.approval_id), broken, key)
        assert stand(store, approval) is State.APPROVED
        assert premises.rows() == before

    @drives
    async def test_confirm_without_an_approval_is_never_dispatched(self, premises: Premises) -> None:
        store = premises.open()
        before = premises.rows()
        with pytest.raises(StepFailed) as failure:
            await dispatch(store, call(), judged(store, Tier.CONFIRM))
        assert failure.value.reason is Reason.APPROVAL_INSUFFICIENT
        assert premises.rows() == before

    @drives
    async def test_one_approval_of_fifty_dispatchers_runs_one(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        answers = await asyncio.gather(*(dispatch(store, again(of), seen, approval.approval_id) for _ in range(50)))
        self.one_ran(premises, answers)

    @drives
    async def test_one_approval_of_two_gateways_runs_once(self, premises: Premises) -> None:
        one, other = premises.open(), premises.open()
        of, seen, approval = await ready(premises, one)
        race = [dispatch(store, again(of), seen, approval.approval_id) for _ in range(25) for store in (one, other)]
        self.one_ran(premises, await asyncio.gather(*race))

    def one_ran(self, premises: Premises, answers: list[Ticket | Refusal]) -> None:
        assert sum(isinstance(answer, Ticket) for answer in answers) == 1
        refused = {answer.reason for answer in answers if isinstance(answer, Refusal)}
        assert refused == {Reason.APPROVAL_SPENT}
        assert sums(premises.rows()).intents == 1
        assert premises.findings() == ()

    @drives
    async def test_an_unknown_approval_is_refused(self, premises: Premises) -> None:
        store = premises.open()
        refusal = await dispatch(store, call(), judged(store, Tier.CONFIRM), "apr-none")
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_UNKNOWN

    @drives
    async def test_a_call_id_is_dispatched_once(self, premises: Premises) -> None:
        store = premises.open()
        of, seen = call(), judged(store)
        await dispatch(store, of, seen)
        with pytest.raises(Exception, match="call_id"):
            await dispatch(store, of, seen)
        assert sums(premises.rows()).intents == 1

    @pytest.mark.parametrize(
        "change", ["digest", "gone", "drifted", "drifted again", "accepted", "replaced", "stage", "stop"]
    )
    @drives
    async def test_what_changed_since_it_was_judged_is_not_dispatched(self, premises: Premises, change: str) -> None:
        store = premises.open()
        changed = {"name": TOOL, "description": "Closes a ticket, and more."}
        if change in {"accepted", "drifted again"}:
            premises.observe([listed(changed)])
        of, seen, approval = await ready(premises, store)
        changes: dict[str, Callable[[], None]] = {
            "digest": lambda: premises.observe([listed(changed)]),
            "gone": lambda: premises.observe([]),
            "drifted": functools.partial(flicker, premises, listed(changed)),
            "drifted again": functools.partial(premises.observe, [listed({"name": TOOL, "description": "third"})]),
            "accepted": premises.accept,
            "replaced": functools.partial(replace_tool, premises, listed(changed)),
            "stage": lambda: premises.stage(Stage.QUARANTINED),
            "stop": premises.stop,
        }
        changes[change]()
        before = premises.rows()
        for spent in (approval.approval_id, None):
            with pytest.raises(StepFailed) as failure:
                await dispatch(store, again(of), seen, spent)
            assert failure.value.reason is Reason.STATE_CHANGED
        assert stand(store, approval) is State.APPROVED
        assert premises.rows() == before

    @drives
    async def test_what_is_judged_after_the_change_sees_it(self, premises: Premises) -> None:
        store = premises.open()
        assert judged(store).tool.standing is Standing.PINNED
        premises.observe([listed({"name": TOOL, "description": "other"})])
        assert judged(store).tool.standing is Standing.DRIFTED
        premises.stop()
        assert judged(store).facts.stopped

    @pytest.mark.parametrize("change", ["arguments", "policy", "tier"])
    @drives
    async def test_another_call_than_the_approved_voids_the_approval(self, premises: Premises, change: str) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        other = call(id=8) if change == "arguments" else again(of)
        look = judged(
            store,
            Tier.CONFIRM_STRONGLY if change == "tier" else Tier.CONFIRM,
            "sha256:q" if change == "policy" else "sha256:p",
        )
        refusal = await dispatch(store, other, look, approval.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_VOID
        assert stand(premises.open(), approval) is State.VOID
        assert premises.rows()[-1]["detail"]["event"] == "void"
        again_refused = await dispatch(store, again(of), seen, approval.approval_id)
        assert isinstance(again_refused, Refusal)
        assert sums(premises.rows()).intents == 0

    @pytest.mark.parametrize("caller", [{"subject": "eve"}, {"workload": "other"}])
    @drives
    async def test_somebody_elses_approval_is_unknown_and_stays(
        self, premises: Premises, caller: dict[str, str]
    ) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        stranger = replace(again(of), caller=replace(of.caller, **caller))
        refusal = await dispatch(store, stranger, seen, approval.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_UNKNOWN
        assert stand(store, approval) is State.APPROVED

    @drives
    async def test_an_approval_too_old_to_redeem_is_refused(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store, now=time.time() - 100, within=(50.0, 10.0))
        refusal = await dispatch(store, of, seen, approval.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_EXPIRED

    @pytest.mark.parametrize("approve", [None, False])
    @drives
    async def test_what_nobody_approved_is_not_dispatched(self, premises: Premises, *, approve: bool | None) -> None:
        store = premises.open()
        of, seen = call(id=7), judged(store, Tier.CONFIRM)
        asked = await ask(store, of, seen)
        if approve is not None:
            premises.answer(asked.approval_id, said(), approve=approve)
        refusal = await dispatch(store, of, seen, asked.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is (Reason.APPROVAL_PENDING if approve is None else Reason.APPROVAL_DENIED)
        assert sums(premises.rows()).intents == 0


class SettlementContract:
    """Every intent gets exactly one outcome; a repetition of what nobody knows is known to be one."""

    @drives
    async def test_an_intent_is_settled_once(self, premises: Premises) -> None:
        store = premises.open()
        of, seen = call(), judged(store)
        ticket = await dispatch(store, of, seen)
        assert isinstance(ticket, Ticket)
        race = [store.settle(ticket, how, outcome(of, seen, how)) for how in (Outcome.COMPLETED, Outcome.TOOL_ERROR)]
        assert sorted(await asyncio.gather(*race)) == [False, True]
        assert of_call(premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]
        assert premises.findings() == ()

    @drives
    async def test_without_an_intent_there_is_nothing_to_settle(self, premises: Premises) -> None:
        store = premises.open()
        of = call()
        before = premises.rows()
        assert not await store.settle(Ticket(of.call_id, 1), Outcome.COMPLETED, outcome(of, judged(store)))
        assert premises.rows() == before

    @drives
    async def test_an_outcome_that_cannot_be_written_leaves_the_intent_open(self, premises: Premises) -> None:
        store = premises.open()
        of, seen = call(), judged(store)
        ticket = await dispatch(store, of, seen)
        assert isinstance(ticket, Ticket)
        with pytest.raises(ValueError, match="outcome"):
            await store.settle(ticket, Outcome.COMPLETED, lambda: replace(outcome(of, seen)(), outcome="splendid"))
        assert await store.settle(ticket, Outcome.OUTCOME_UNKNOWN, outcome(of, seen, Outcome.OUTCOME_UNKNOWN))

    @pytest.mark.parametrize("how", list(Outcome))
    @drives
    async def test_a_repetition_of_the_unknown_is_known_as_one(self, premises: Premises, how: Outcome) -> None:
        store = premises.open()
        of = call(id=7)
        assert not store.repeats_unknown(of)
        await perform(store, of, how)
        unknown = how in {Outcome.OUTCOME_UNKNOWN, Outcome.TRANSPORT_ERROR}
        assert store.repeats_unknown(again(of)) is unknown
        assert premises.open().repeats_unknown(again(of)) is unknown
        assert not store.repeats_unknown(call(id=8))
        assert not store.repeats_unknown(replace(of, caller=replace(CALLER, tenant="globex")))

    @drives
    async def test_a_call_under_way_is_unknown(self, premises: Premises) -> None:
        store = premises.open()
        of = call(id=7)
        await perform(store, of)
        await dispatch(store, again(of), judged(store))
        assert store.repeats_unknown(again(of))

    @drives
    async def test_a_known_end_clears_the_unknown_before_it(self, premises: Premises) -> None:
        store = premises.open()
        of = call(id=7)
        await perform(store, of, Outcome.OUTCOME_UNKNOWN)
        await perform(store, again(of))
        assert not store.repeats_unknown(again(of))


class RecoveryContract:
    """Intents of the dead are settled as unknown, those of the living are not."""

    @drives
    async def test_the_open_intents_of_the_dead_become_unknown(self, premises: Premises) -> None:
        dead, store = premises.open(), premises.open()
        of, done = call(id=7), call(id=8)
        await dispatch(dead, of, judged(dead))
        await perform(dead, done)
        premises.kill(dead)
        assert await store.recover() == 1
        assert of_call(premises.rows(), of.call_id) == [("intent", None), ("outcome", "outcome_unknown")]
        assert of_call(premises.rows(), done.call_id) == [("intent", None), ("outcome", "completed")]
        assert premises.rows()[-1]["agreement"] == "undetermined"
        assert store.repeats_unknown(again(of))
        assert await store.recover() == 0
        assert premises.findings() == ()

    @drives
    async def test_the_open_intents_of_the_living_stay_open(self, premises: Premises) -> None:
        living, store = premises.open(), premises.open()
        of, seen = call(id=7), judged(living)
        ticket = await dispatch(living, of, seen)
        assert isinstance(ticket, Ticket)
        assert await store.recover() == 0
        assert await living.recover() == 0
        assert await living.settle(ticket, Outcome.COMPLETED, outcome(of, seen))
        assert of_call(premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]

    @drives
    async def test_two_that_recover_settle_once(self, premises: Premises) -> None:
        dead, one, other = premises.open(), premises.open(), premises.open()
        for number in range(5):
            await dispatch(dead, call(id=number), judged(dead))
        premises.kill(dead)
        await asyncio.gather(one.recover(), other.recover())
        await one.recover()
        assert sums(premises.rows()).open == 0
        assert premises.findings() == ()

    @drives
    async def test_what_was_left_by_close_is_recovered(self, premises: Premises) -> None:
        left = premises.open()
        await dispatch(left, call(), judged(left))
        premises.kill(left)
        assert await premises.open().recover() == 1

    @drives
    async def test_an_approval_spent_by_the_dead_stays_spent(self, premises: Premises) -> None:
        dead = premises.open()
        of, seen, approval = await ready(premises, dead)
        await dispatch(dead, of, seen, approval.approval_id)
        premises.kill(dead)
        store = premises.open()
        await store.recover()
        refusal = await dispatch(store, again(of), judged(store, Tier.CONFIRM), approval.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_SPENT


class RecordingContract:
    """Other records, and what a closed store says."""

    @drives
    async def test_records_have_gapless_numbers_over_stores(self, premises: Premises) -> None:
        one, other = premises.open(), premises.open()
        seen = judged(one)
        numbers = await asyncio.gather(
            *(
                store.record(records.intent_record(call(), seen, None, records.fresh_key()))
                for store in (one, other) * 9
            )
        )
        rows = premises.rows()
        assert sorted(numbers) == [row["seq"] for row in rows][-18:]
        assert [row["seq"] for row in rows] == list(range(len(rows)))
        assert premises.findings() == ()

    @drives
    async def test_a_closed_store_takes_nothing(self, premises: Premises) -> None:
        store = premises.open()
        seen, before = judged(store), premises.rows()
        premises.kill(store)
        with pytest.raises(Fault, match="closed"):
            await dispatch(store, call(), seen)
        assert premises.rows() == before

    @drives
    async def test_the_digest_of_what_is_asked_is_what_is_stored(self, premises: Premises) -> None:
        store = premises.open()
        asked = wanted(call(id=7), judged(store, Tier.CONFIRM))
        assert await store.ask(asked, b"{}", 0.0) == asked
        assert store.approval(asked.approval_id) == asked
        assert premises.open().approval(asked.approval_id) == asked


class StoreContract(
    DispatchContract,
    SettlementContract,
    AskingContract,
    SeparationContract,
    RecoveryContract,
    RecordingContract,
):
    """The whole of it."""
