"""A bounded place for things that expire: what the development issuer remembers, it remembers here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Holds at most ``limit`` things for ``lifetime`` seconds each; ``now`` gives Unix seconds."""

    def __init__(self, limit: int, lifetime: float, now: Callable[[], float]) -> None:
        self._limit = limit
        self._lifetime = lifetime
        self._now = now
        self._things: dict[str, tuple[float, Thing]] = {}

    @property
    def full(self) -> bool:
        """Whether the next new thing would push out one that has not expired."""
        self._sweep()
        return len(self._things) >= self._limit

    def put(self, name: str, thing: Thing) -> None:
        """Keep ``thing`` under ``name`` for a lifetime from now; the oldest makes room if there is none."""
        self._things.pop(name, None)
        if self.full:
            del self._things[next(iter(self._things))]
        self._things[name] = (self._now() + self._lifetime, thing)

    def get(self, name: str) -> Thing | None:
        """Return what is kept under ``name`` and has not expired."""
        self._sweep()
        found = self._things.get(name)
        return found[1] if found else None

    def take(self, name: str) -> Thing | None:
        """Return what is kept under ``name`` and keep it no longer."""
        found = self.get(name)
        self._things.pop(name, None)
        return found

    def _sweep(self) -> None:
        # Insertion order is order of expiry, since every thing has the same lifetime and `put` inserts anew.
        now = self._now()
        while self._things:
            name, (expires_at, _) = next(iter(self._things.items()))
            if now < expires_at:
                return
            del self._things[name]
