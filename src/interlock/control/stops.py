"""The stop switch: everything, a server or a workload stands still from the next dispatch on."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.control.people import Operator
from interlock.control.ports import StopStore
from interlock.core.errors import CallerError

EVERYTHING = ("all", "")
"""Scope and name of the stop that stops everything."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to stop: ``all`` with no name, a ``server`` or a ``workload``."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else "everything"


def stop(store: StopStore, what: Scope, operator: Operator, now: float) -> None:
    """Stop it. A call that is already with its upstream runs on; none is dispatched any more."""
    store.stop(what.kind, what.name, operator.claim(), now)


def resume(store: StopStore, what: Scope, operator: Operator, now: float) -> None:
    """Take a stop back.

    Raises:
        CallerError: it was not stopped.

    """
    if not store.resume(what.kind, what.name, operator.claim(), now):
        raise CallerError(f"{what} was not stopped", "another stop may hold: `interlock audit ls --kind stop`")
