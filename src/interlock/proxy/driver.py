"""Carries out what enforcement asks for. Any exception, and nothing else, becomes a failed step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from interlock.core.reasons import Reason
from interlock.core.requests import Ending, Request, StepFailed, Steps

logger = logging.getLogger(__name__)

Perform = Callable[[Request[Any]], Awaitable[Any]]


async def drive(steps: Steps[Ending], perform: Perform) -> Ending:
    """Run ``steps`` to their end and return it.

    A cancellation (the client has gone) is a failed step, too: what was begun is still recorded.
    """
    try:
        request = next(steps)
        while True:
            try:
                answer = await perform(request)
            except BaseException as error:  # noqa: BLE001 (the one place: it can only refuse or mark unsettled)
                request = steps.throw(_failure(request, error))
            else:
                request = steps.send(answer)
    except StopIteration as end:
        ending: Ending = end.value
        return ending


def _failure(request: Request[Any], error: BaseException) -> StepFailed:
    if isinstance(error, StepFailed):
        return error
    name = type(request).__name__
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        return StepFailed(Reason.CALL_CANCELLED, name)
    if not isinstance(error, Exception):
        raise error
    logger.error("%s failed: %s", name, type(error).__name__, exc_info=error)
    return StepFailed(Reason.STEP_FAILED, f"{name}: {type(error).__name__}")
