from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

import pytest

from interlock.core.reasons import Reason
from interlock.core.requests import FindTool, RecordDecision, Refused, Request, StepFailed, Stopped, Unsettled
from interlock.proxy.driver import drive
from unit.proxy.fakes import call, run, soon

FIND = FindTool(call(), fresh=False)
RECORD = RecordDecision(call(), Stopped(Reason.STEP_FAILED))


def steps(seen: list[Any]) -> Generator[Request[Any], Any, Any]:
    """Ask twice; say how the first went, and end with a reason."""
    try:
        seen.append((yield FIND))
    except StepFailed as failure:
        seen.append((failure.reason, failure.detail))
        yield RECORD
        return Refused(Stopped(failure.reason))
    return Unsettled(Reason.STEP_FAILED)


def test_answers_go_in_and_the_end_comes_out() -> None:
    seen: list[Any] = []
    asked: list[Any] = []

    async def perform(request: Request[Any]) -> Any:
        asked.append(request)
        return "an answer"

    assert run(drive(steps(seen), perform)) == Unsettled(Reason.STEP_FAILED)
    assert (asked, seen) == ([FIND], ["an answer"])


@pytest.mark.parametrize("error", [ValueError("secret text"), OSError("x"), TimeoutError(), AssertionError()])
def test_any_exception_is_a_failed_step_whose_text_stays_here(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []

    async def perform(request: Request[Any]) -> Any:
        if request is FIND:
            raise error

    with caplog.at_level(logging.ERROR):
        assert run(drive(steps(seen), perform)) == Refused(Stopped(Reason.STEP_FAILED))
    assert seen == [(Reason.STEP_FAILED, f"FindTool: {type(error).__name__}")]
    assert f"FindTool failed: {type(error).__name__}" in caplog.text


def test_a_failed_step_keeps_its_reason() -> None:
    seen: list[Any] = []

    async def perform(request: Request[Any]) -> Any:
        if request is FIND:
            raise StepFailed(Reason.UPSTREAM_UNREACHABLE, "down")

    assert run(drive(steps(seen), perform)) == Refused(Stopped(Reason.UPSTREAM_UNREACHABLE))
    assert seen == [(Reason.UPSTREAM_UNREACHABLE, "down")]


def test_a_cancellation_is_a_failed_step_and_what_follows_is_still_done() -> None:
    seen: list[Any] = []
    done: list[Any] = []

    async def perform(request: Request[Any]) -> Any:
        if request is FIND:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        done.append(request)

    async def main() -> None:
        driving = asyncio.create_task(drive(steps(seen), perform))
        await asyncio.sleep(0)
        driving.cancel()
        assert await driving == Refused(Stopped(Reason.CALL_CANCELLED))
        assert driving.cancelling() == 0
        assert done == [RECORD]

    run(main())


def test_a_second_cancellation_ends_the_step_it_meets_and_nothing_else() -> None:
    seen: list[Any] = []
    asked: list[Any] = []

    def stubborn() -> Generator[Request[Any], Any, Any]:
        for _ in range(2):
            try:
                yield FIND
            except StepFailed as failure:
                seen.append(failure.reason)
        return Refused(Stopped(Reason.CALL_CANCELLED))

    async def perform(request: Request[Any]) -> Any:
        asked.append(request)
        await asyncio.Event().wait()

    async def main() -> None:
        driving = asyncio.create_task(drive(stubborn(), perform))
        for times in (1, 2):
            await soon(lambda times=times: len(asked) == times)
            driving.cancel()
        assert await driving == Refused(Stopped(Reason.CALL_CANCELLED))

    run(main())
    assert seen == [Reason.CALL_CANCELLED] * 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_order_to_end_is_not_swallowed(error: type[BaseException]) -> None:
    async def perform(_request: Request[Any]) -> Any:
        raise error

    async def main() -> None:
        generator = steps([])
        coroutine = drive(generator, perform)
        with pytest.raises(error):
            coroutine.send(None)
        generator.close()

    run(main())
