"""Where the store is made to fail, by the name of the crash point. One double, armed for a number of batches.

``fail_*_but_persist``: the batch is durable, and the writer is told that it failed.
``fail_*_and_not_persist``: the batch is lost, and the writer is told that it failed.
``hang_*_and_not_persist`` and ``hang_*_but_persist``: likewise the disk stands still before or after.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from dataclasses import dataclass, field

HANG_SECONDS = 20.0
"""A hung disk comes back after this at the latest, so that no test hangs with it."""


def eio() -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO))


def sqlite_eio() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("disk I/O error")


@dataclass
class CrashPoints:
    """Arm one before the step it is to meet; it stays armed for ``batches`` batches."""

    error: Exception = field(default_factory=sqlite_eio)
    before: int = 0
    after: int = 0
    hang_before: bool = False
    hang_after: bool = False
    batches: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    healed: threading.Event = field(default_factory=threading.Event)

    def fail_intent_and_not_persist(self, times: int = 1) -> None:
        self.before = times

    def fail_intent_but_persist(self, times: int = 1) -> None:
        self.after = times

    fail_outcome_and_not_persist = fail_intent_and_not_persist
    fail_outcome_but_persist = fail_intent_but_persist

    def hang_intent_before_it_persists(self) -> None:
        self.hang_before = True

    def hang_intent_after_it_persists(self) -> None:
        self.hang_after = True

    hang_outcome_before_it_persists = hang_intent_before_it_persists
    hang_outcome_after_it_persists = hang_intent_after_it_persists

    def heal(self) -> None:
        """Let the disk work again."""
        self.before = self.after = 0
        self.healed.set()

    def before_commit(self) -> None:
        self.batches += 1
        if self.hang_before:
            self.hang_before = False
            self._hang()
        if self.before:
            self.before -= 1
            self.reached.set()
            raise self.error

    def after_commit(self) -> None:
        if self.hang_after:
            self.hang_after = False
            self._hang()
        if self.after:
            self.after -= 1
            self.reached.set()
            raise self.error

    def _hang(self) -> None:
        self.reached.set()
        assert self.healed.wait(HANG_SECONDS)
