"""Checkpoints in their second places: one file for each, named by the log and its size, never overwritten."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from interlock.audit.checkpoint import Checkpoint, MalformedNoteError, SigningKey, parse_note, sign_checkpoint
from interlock.audit.merkle import Frontier
from interlock.core.errors import IntegrityError, InterlockError

SUFFIX = ".checkpoint"
KEPT_NEWEST = 256
KEPT_SPAN = 4096
"""Of the checkpoints older than the newest ones, one in so many records is kept."""


def signer(key: SigningKey) -> Callable[[Frontier], str]:
    """Return the function that signs the log as it is."""

    def sign(frontier: Frontier) -> str:
        return sign_checkpoint(Checkpoint(key.name, frontier.size, frontier.root()), key).decode()

    return sign


def file_name(origin: str, size: int) -> str:
    """Return the name of a checkpoint's file: the origin's digest and the log's size, so that names sort by size."""
    return f"{_prefix(origin)}{size:016d}{SUFFIX}"


def copy(note: str, places: Iterable[Path]) -> None:
    """Write a signed checkpoint to every place, durably.

    Raises:
        InterlockError: a place does not take it; the others have it.
        IntegrityError: a place has another checkpoint of this log at this size: the log has two histories.

    """
    checkpoint = Checkpoint.parse(parse_note(note.encode()).text)
    name = file_name(checkpoint.origin, checkpoint.size)
    failed: list[str] = []
    for place in places:
        try:
            _write(place / name, note.encode())
        except OSError as error:
            failed.append(f"{place}: {error.strerror}")
    if failed:
        raise InterlockError(
            "the checkpoint was not copied everywhere: " + "; ".join(failed), "make the place writable, then sign again"
        )


def thin(places: Iterable[Path], origin: str) -> None:
    """Remove checkpoints that later ones make superfluous: keep the newest, and of the older one in so many records.

    A later checkpoint speaks for everything before it, so nothing becomes harder to detect; an older one only
    narrows down where. A place that lets nothing be removed keeps them all.
    """
    for place in places:
        with suppress(OSError):
            kept: set[int] = set()
            for path in sorted(place.glob(f"{_prefix(origin)}*{SUFFIX}"))[:-KEPT_NEWEST]:
                size = path.name.removeprefix(_prefix(origin)).removesuffix(SUFFIX)
                span = int(size) // KEPT_SPAN if size.isdecimal() else -1
                if span in kept and span >= 0:
                    path.unlink()
                kept.add(span)


def read(places: Iterable[Path], origin: str) -> dict[str, bytes]:
    """Return the checkpoints of one log in all its places, by file.

    Raises:
        OSError: a place, or a file in it, cannot be read.

    """
    found: dict[str, bytes] = {}
    for place in places:
        for name in sorted(os.listdir(place)):  # noqa: PTH208 (glob would take an unreadable place for an empty one)
            if name.startswith(_prefix(origin)) and name.endswith(SUFFIX):
                path = place / name
                found[str(path)] = path.read_bytes()
    return found


def others(places: Iterable[Path], origin: str) -> dict[str, int]:
    """Return the largest size that the places tell of every other log, by its origin.

    A log that was replaced together with its keys has another origin: its old checkpoints stay behind.
    """
    found: dict[str, int] = {}
    for place in places:
        newest = {path.name.partition("-")[0]: path for path in sorted(place.glob(f"*-*{SUFFIX}"))}
        for path in newest.values():
            with suppress(MalformedNoteError, OSError):
                checkpoint = Checkpoint.parse(parse_note(path.read_bytes()).text)
                if checkpoint.origin != origin:
                    found[checkpoint.origin] = max(checkpoint.size, found.get(checkpoint.origin, 0))
    return found


def newest_size(notes: Iterable[bytes]) -> int:
    """Return the size of the largest log that any of these checkpoints speaks of; 0 if none can be read."""
    sizes = [0]
    for note in notes:
        try:
            sizes.append(Checkpoint.parse(parse_note(note).text).size)
        except MalformedNoteError:
            continue
    return max(sizes)


def _prefix(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()[:16] + "-"


def _write(path: Path, note: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as stream:
            stream.write(note)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path)  # fails, unlike a rename, where something is
    except FileExistsError:
        if path.read_bytes() != note:
            raise IntegrityError(
                f"{path} is another checkpoint of this log at the same size: the log has two histories",
                "keep both, and run `interlock audit verify`",
            ) from None
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
