"""Run ``interlock``, which kills itself (SIGKILL) the n-th time it comes to a named step of a call.

``python crashing.py STEP N serve -c interlock.yaml``. Nothing of this is in what ships: the steps are found from
outside, by wrapping the functions that make them.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from interlock.cli import checkpoints
from interlock.cli.main import main
from interlock.core.requests import BorrowCredential, Forward, Request, Ticket
from interlock.proxy import hands
from interlock.proxy.children import Child
from interlock.stores.sqlite import calls, writer

STEPS = (
    "before_dispatch_commit",
    "after_dispatch_commit",
    "after_borrow",
    "after_forward_wrote",
    "after_upstream_answered",
    "before_outcome_commit",
    "after_outcome_commit",
    "before_checkpoint_copy",
    "after_checkpoint_link",
)


class Fate:
    """Counts the comings to one step and ends the process at one of them."""

    def __init__(self, step: str, at: int) -> None:
        self._step = step
        self._left = at
        self._batch: set[str] = set()

    def meet(self, step: str) -> None:
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def holds(self, what: str) -> None:
        """The batch under way holds such a record."""
        self._batch.add(what)

    def before_commit(self, _writer: object) -> None:
        for what in self._batch:
            self.meet(f"before_{what}_commit")

    def after_commit(self, _writer: object) -> None:
        for what in self._batch:
            self.meet(f"after_{what}_commit")
        self._batch.clear()


def arrange(fate: Fate) -> None:
    """Wrap every step."""
    calls.dispatch = _noting(fate, calls.dispatch, "dispatch")
    calls.settle = _noting(fate, calls.settle, "outcome")
    writer.NoFaults.before_commit = functools.partialmethod(_call, fate.before_commit)  # type: ignore[assignment]
    writer.NoFaults.after_commit = functools.partialmethod(_call, fate.after_commit)  # type: ignore[assignment]
    how: Any = hands._HOW
    how[BorrowCredential] = _then(fate, how[BorrowCredential], "after_borrow")
    how[Forward] = _then(fate, how[Forward], "after_upstream_answered")
    send = Child.send

    async def sent(child: Child, line: bytes) -> None:
        await send(child, line)
        if b'"tools/call"' in line:
            fate.meet("after_forward_wrote")

    Child.send = sent  # type: ignore[method-assign, assignment]
    _arrange_checkpoints(fate)


def _arrange_checkpoints(fate: Fate) -> None:
    copy, link = checkpoints.copy, os.link

    def copied(*arguments: Any) -> None:
        fate.meet("before_checkpoint_copy")
        copy(*arguments)

    def linked(*arguments: Any) -> None:
        link(*arguments)
        fate.meet("after_checkpoint_link")

    checkpoints.copy = copied  # type: ignore[assignment]
    os.link = linked  # type: ignore[assignment]


def _call(self: object, what: Callable[[object], None]) -> None:
    what(self)


def _noting(fate: Fate, work: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(work)
    def noted(*arguments: Any) -> Any:
        result = work(*arguments)
        if result is True or isinstance(result, Ticket):
            fate.holds(what)
        return result

    return noted


def _then(fate: Fate, step: Callable[..., Any], name: str) -> Callable[..., Any]:
    async def stepped(one: Any, request: Request[Any]) -> Any:
        answer = await step(one, request)
        fate.meet(name)
        return answer

    return stepped


if __name__ == "__main__":
    arrange(Fate(sys.argv[1], int(sys.argv[2])))
    sys.exit(main(sys.argv[3:]))
