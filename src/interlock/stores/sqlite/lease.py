"""Who performs calls: a lease held by a lock on a file, which the operating system ends with its process.

Recovery settles only the intents of an owner whose lease it has obtained. ``kill -9`` frees a lock at
once; a live process never loses it. (POSIX ``flock``; the database is on one machine by definition.)
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path


class Lease:
    """A lease on an owner's name: held from construction until :meth:`release`."""

    def __init__(self, directory: Path, owner: str) -> None:
        self.owner = owner
        self._path = _lock_file(directory, owner)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise

    @classmethod
    def new(cls, directory: Path) -> Lease:
        """Take a lease under a fresh name."""
        return cls(directory, secrets.token_hex(8))

    @classmethod
    def inherit(cls, directory: Path, owner: str) -> Lease | None:
        """Take the lease of an owner that is gone; ``None`` while it lives."""
        try:
            return cls(directory, owner)
        except BlockingIOError:
            return None

    def release(self) -> None:
        """Give the lease back and remove its file."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _lock_file(directory: Path, owner: str) -> Path:
    return directory / f".owner-{owner}.lock"
