"""How the contract speaks with a store."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from contracts.world import (
    OpenStore,
    Premises,
    ask,
    call,
    judged,
    said,
)
from interlock.core.approval import Approval, State
from interlock.core.words import Tier

Test = Callable[..., Coroutine[Any, Any, None]]


def drives(test: Test) -> Callable[..., None]:
    """Run a conversation with the store on a loop of its own."""

    @functools.wraps(test)
    def run(self: Any, **fixtures: Any) -> None:
        asyncio.run(test(self, **fixtures))

    return run


async def ready(premises: Premises, store: OpenStore, **how: Any) -> tuple[Any, Any, Approval]:
    """Have a call asked about and approved."""
    of, seen = call(id=7), judged(store, Tier.CONFIRM)
    asked = await ask(store, of, seen, **how)
    moved = premises.answer(asked.approval_id, said(asked.not_before + 1), approve=True)
    assert isinstance(moved, Approval)
    assert moved.state is State.APPROVED
    return of, seen, moved


def stand(store: OpenStore, approval: Approval) -> State:
    found = store.approval(approval.approval_id)
    assert found is not None
    return found.state
