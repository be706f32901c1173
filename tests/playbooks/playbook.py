"""Conversations with enforcement, written as they are held.

::

    Playbook(CALL).expects(FindTool).reply(TOOL)....expects(RecordOutcome).done().ends(Delivered(REPLY))

A playbook that never says how its call ends is a failure: the fixture ``begin`` holds tests to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from interlock.core.enforcement import enforce
from interlock.core.reasons import Reason
from interlock.core.requests import Done, Ending, Request, StepFailed
from interlock.core.words import ToolCall


class Playbook:
    """One conversation: what is expected to be asked, and what is answered."""

    def __init__(self, call: ToolCall) -> None:
        self._steps = enforce(call)
        self._request: Request[Any] | None = None
        self._ending: Ending | None = None
        self._said: list[str] = []
        self._unanswered = False
        self.finished = False
        self._hear(lambda: next(self._steps))

    def expects(self, request: type[Request[Any]], **details: Any) -> Playbook:
        """Expect to be asked this next, and these of its fields to be so."""
        assert not self._unanswered, self._told(f"answer {self._name()} before expecting {request.__name__}")
        if type(self._request) is not request:
            raise AssertionError(self._told(f"expected {request.__name__}, was asked {self._name()}"))
        for name, wanted in details.items():
            found = getattr(self._request, name)
            assert found == wanted, self._told(
                f"{request.__name__}.{name} differs:\n{difference(wanted, found, '    ')}"
            )
        self._unanswered = True
        return self

    def reply(self, answer: Any) -> Playbook:
        """Answer what was asked."""
        return self._answer(f"answered {type(answer).__name__}", lambda: self._steps.send(answer))

    def done(self) -> Playbook:
        """Answer that it is done."""
        return self.reply(Done())

    def fail(self, reason: Reason, detail: str = "") -> Playbook:
        """Have the step fail."""
        return self._answer(f"failed {reason.value}", lambda: self._steps.throw(StepFailed(reason, detail)))

    def ends(self, ending: Ending) -> None:
        """Expect that nothing more is asked and that the call ends so."""
        self.finished = True
        assert self._ending is not None, self._told(f"expected the end, was asked {self._name()}")
        assert self._ending == ending, self._told(f"the ending differs:\n{difference(ending, self._ending, '    ')}")

    def _answer(self, said: str, step: Callable[[], Request[Any]]) -> Playbook:
        assert self._unanswered, self._told(f"{said}, but nothing was expected: the question is {self._name()}")
        self._unanswered = False
        self._said.append(f"{self._name()} {said}")
        self._hear(step)
        return self

    def _hear(self, step: Callable[[], Request[Any]]) -> None:
        self._request = None
        try:
            self._request = step()
        except StopIteration as end:
            self._ending = end.value

    def _name(self) -> str:
        return f"the ending {self._ending}" if self._request is None else type(self._request).__name__

    def _told(self, problem: str) -> str:
        return "\n".join([*(f"  {number}. {line}" for number, line in enumerate(self._said, 1)), f"  -> {problem}"])


def difference(wanted: Any, found: Any, indent: str = "") -> str:
    """Return where two words differ, one line a field."""
    if type(wanted) is not type(found) or not is_dataclass(wanted):
        return f"{indent}wanted {wanted!r}\n{indent}found  {found!r}"
    lines = []
    for each in fields(wanted):
        here, there = getattr(wanted, each.name), getattr(found, each.name)
        if here != there:
            lines.append(f"{indent}{type(wanted).__name__}.{each.name}:\n{difference(here, there, indent + '  ')}")
    return "\n".join(lines)


@contextmanager
def conversations() -> Iterator[Callable[[ToolCall], Playbook]]:
    """Give what begins a playbook, and fail when one was not brought to its end."""
    held: list[Playbook] = []

    def begin(call: ToolCall) -> Playbook:
        held.append(Playbook(call))
        return held[-1]

    yield begin
    assert all(book.finished for book in held), "a playbook says how its call ends: .ends(...)"
