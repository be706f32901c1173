"""What every store promises of approvals. Part of :mod:`contracts.store`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from contracts.conversation import drives, ready, stand
from contracts.world import (
    SERVER,
    STICKY,
    Premises,
    again,
    ask,
    call,
    dispatch,
    judged,
    said,
)
from interlock.core.approval import Refusal, State
from interlock.core.reasons import Reason
from interlock.core.words import Tier
from unit.policy.calls import CALLER


class AskingContract:
    """One question to a person for one request; a denial holds for a while; what changed is asked again."""

    @drives
    async def test_a_pending_question_is_asked_once(self, premises: Premises) -> None:
        one, other = premises.open(), premises.open()
        of, seen = call(id=7), judged(one, Tier.CONFIRM)
        asked = await asyncio.gather(*(ask(store, again(of), seen) for _ in range(10) for store in (one, other)))
        assert len({approval.approval_id for approval in asked}) == 1
        assert [row["detail"]["event"] for row in premises.rows() if row["kind"] == "approval"] == ["asked"]
        assert one.stored_arguments(asked[0].approval_id) == of.arguments.raw

    @drives
    async def test_an_approved_question_answers_the_next_call(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        found = await ask(store, again(of), seen)
        assert (found.approval_id, found.state) == (approval.approval_id, State.APPROVED)

    @drives
    async def test_a_redeemed_approval_answers_nothing(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        await dispatch(store, of, seen, approval.approval_id)
        assert (await ask(store, again(of), seen)).approval_id != approval.approval_id

    @drives
    async def test_a_denial_holds_for_its_window_and_no_longer(self, premises: Premises) -> None:
        store = premises.open()
        of, seen, now = call(id=7), judged(store, Tier.CONFIRM), time.time()
        first = await ask(store, of, seen, now=now)
        premises.answer(first.approval_id, said(now + 1), approve=False)
        held = await ask(store, again(of), seen, now=now + STICKY)
        assert (held.approval_id, held.state) == (first.approval_id, State.DENIED)
        fresh = await ask(store, again(of), seen, now=now + STICKY + 2)
        assert (fresh.approval_id != first.approval_id, fresh.state) == (True, State.PENDING)

    @drives
    async def test_a_denial_holds_for_the_same_request_under_another_policy(self, premises: Premises) -> None:
        store = premises.open()
        of = call(id=7)
        first = await ask(store, of, judged(store, Tier.CONFIRM))
        premises.answer(first.approval_id, said(), approve=False)
        held = await ask(store, again(of), judged(store, Tier.CONFIRM, "sha256:q"))
        assert held.approval_id == first.approval_id

    @pytest.mark.parametrize("approve", [True, False])
    @drives
    async def test_an_expired_question_is_asked_anew_and_said_to_be_over(
        self, premises: Premises, *, approve: bool
    ) -> None:
        store = premises.open()
        of, seen, past = call(id=7), judged(store, Tier.CONFIRM), time.time() - 1000
        first = await ask(store, of, seen, now=past, within=(100.0, 100.0))
        if approve:
            premises.answer(first.approval_id, said(past + 1), approve=True)
        fresh = await ask(store, again(of), seen)
        assert (fresh.approval_id != first.approval_id, fresh.state) == (True, State.PENDING)
        assert stand(store, first) is State.EXPIRED
        events = [row["detail"]["event"] for row in premises.rows() if row["kind"] == "approval"]
        assert events[-2:] == ["expired", "asked"]

    @pytest.mark.parametrize("approve", [True, False])
    @drives
    async def test_changed_content_voids_the_old_question(self, premises: Premises, *, approve: bool) -> None:
        store = premises.open()
        of, seen = call(id=7), judged(store, Tier.CONFIRM)
        first = await ask(store, of, seen)
        if approve:
            premises.answer(first.approval_id, said(), approve=True)
        fresh = await ask(store, again(of), judged(store, Tier.CONFIRM, "sha256:q"))
        assert (fresh.approval_id != first.approval_id, fresh.state) == (True, State.PENDING)
        assert stand(store, first) is State.VOID
        events = [row["detail"]["event"] for row in premises.rows() if row["kind"] == "approval"]
        assert events[-2:] == ["void", "asked"]

    @drives
    async def test_an_answer_too_late_is_refused_and_recorded(self, premises: Premises) -> None:
        store = premises.open()
        asked = await ask(store, call(id=7), judged(store, Tier.CONFIRM), now=time.time() - 1000, within=(10.0, 10.0))
        refusal = premises.answer(asked.approval_id, said(), approve=True)
        assert isinstance(refusal, Refusal)
        assert stand(store, asked) is State.EXPIRED
        assert premises.rows()[-1]["detail"]["event"] == "answer_refused"


class SeparationContract:
    """A caller learns of nobody else's approvals."""

    @pytest.mark.parametrize("other", [{"tenant": "globex"}, {"subject": "eve"}, {"workload": "w"}])
    @drives
    async def test_approvals_are_their_callers_alone(self, premises: Premises, other: dict[str, Any]) -> None:
        store = premises.open()
        stranger = replace(CALLER, **other)
        seen = judged(store, Tier.CONFIRM)
        mine = await ask(store, call(id=7), seen)
        theirs = await ask(store, call(stranger, id=7), seen)
        assert mine.approval_id != theirs.approval_id
        assert [each.approval_id for each in store.approvals_of(CALLER, SERVER)] == [mine.approval_id]
        assert [each.approval_id for each in store.approvals_of(stranger, SERVER)] == [theirs.approval_id]

    @drives
    async def test_only_what_can_still_be_used_is_listed(self, premises: Premises) -> None:
        store = premises.open()
        _, _, approval = await ready(premises, store)
        assert [each.state for each in store.approvals_of(CALLER, SERVER)] == [State.APPROVED]
        assert store.approvals_of(CALLER, "another") == []
        denied = await ask(store, call(id=8), judged(store, Tier.CONFIRM))
        premises.answer(denied.approval_id, said(), approve=False)
        assert [each.approval_id for each in store.approvals_of(CALLER, SERVER)] == [approval.approval_id]

    @drives
    async def test_another_tenants_dispatch_leaves_an_approval_alone(self, premises: Premises) -> None:
        """Also one of the same subject and workload by name."""
        store = premises.open()
        of, seen, approval = await ready(premises, store)
        stranger = replace(again(of), caller=replace(CALLER, tenant="globex"))
        refusal = await dispatch(store, stranger, seen, approval.approval_id)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.APPROVAL_UNKNOWN
        assert stand(store, approval) is State.APPROVED
