"""Files that hold secrets: read only if nobody else can read them, created whole and never over another."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from interlock.core.errors import OperatorError

MAX_SIZE = 64 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """What a private file held, and when it was last written (Unix seconds)."""

    content: bytes = field(repr=False)
    modified_at: float


def read_private(path: Path, purpose: str) -> PrivateFile:
    """Read ``path``; ``purpose`` names it in errors.

    The checks are made on the opened file, so nothing can be swapped between check and reading.

    Raises:
        OperatorError: missing, unreadable, not a regular file, too large, open to others, or somebody else's.

    """
    try:
        # Non-blocking, or a named pipe in the file's place would hang us before it is refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise OperatorError(f"{purpose} {path} cannot be read: {error.strerror}", "check the path and its owner") from (
            error
        )
    try:
        status = os.fstat(descriptor)
        _check(status, path, purpose)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return PrivateFile(stream.read(MAX_SIZE), status.st_mtime)
    finally:
        os.close(descriptor)


def create_private(path: Path, content: bytes, purpose: str) -> bool:
    """Create ``path`` with mode 0600, whole or not at all; return False if it is there already, untouched.

    Raises:
        OperatorError: the directory does not take it.

    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            # A link, unlike a rename, fails where something exists: the loser of a race keeps the winner's file.
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        return False
    except OSError as error:
        raise OperatorError(
            f"{purpose} {path} cannot be created: {error.strerror}", "give a directory of your own on a local disk"
        ) from error
    return True


def _check(status: os.stat_result, path: Path, purpose: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OperatorError(f"{purpose} {path} is not a regular file", "give the path of a file")
    if status.st_mode & 0o077:
        raise OperatorError(f"{purpose} {path} is open to other users", f"run: chmod 600 {path}")
    if status.st_uid not in {os.geteuid(), 0}:
        raise OperatorError(f"{purpose} {path} belongs to another user", "own the file that you let Interlock use")
    if status.st_size > MAX_SIZE:
        raise OperatorError(f"{purpose} {path} is larger than {MAX_SIZE} bytes", "give the file that holds it alone")
