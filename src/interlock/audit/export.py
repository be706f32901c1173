"""The log's own export, JSON Lines, and what is measured over it: fidelity.

A line is the leaf's own bytes with the hash the log stored for it put in front as ``_leaf``, a key that sorts before
every field: the line is canonical JSON too, and the leaf is had back by cutting a prefix of fixed length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.audit.record import UNKNOWN_EFFECT, Kind

_LEAF = re.compile(rb'\{"_leaf":"sha256:([0-9a-f]{64})",')
_ENDS = frozenset({Kind.DECISION, Kind.OUTCOME})
_ASPECTS = {
    "identity": "identity",
    "host": "host",
    "machine": "machine",
    "tenant": "resource",
    "tool": "definition",
    "prompt context": "prompt",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A leaf as a store or an export holds it: its bytes, and the leaf hash stored beside it, where there is one."""

    data: bytes
    stored: bytes | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """How many records hold a verified value, only a claimed one, none."""

    verified: int = 0
    claimed: int = 0
    absent: int = 0

    def share(self, standing: str) -> float:
        """Return the share, from 0 to 1, of ``verified``, ``claimed`` or ``absent``; 0 where there is no record."""
        total = self.verified + self.claimed + self.absent
        return getattr(self, standing) / total if total else 0.0


def write_line(row: Row) -> bytes:
    """Return a row's line, newline included. A stored hash is passed on, never computed: an edit must stay visible."""
    if row.stored is None:
        return row.data + b"\n"
    return b'{"_leaf":"sha256:' + row.stored.hex().encode() + b'",' + row.data[1:] + b"\n"


def read_line(line: bytes) -> Row:
    """Return the row of a line, with or without its newline. Whether the row is sound is for ``verify`` to say."""
    body = line.removesuffix(b"\n")
    match = _LEAF.match(body)
    if match is None:
        return Row(body)
    return Row(b"{" + body[match.end() :], bytes.fromhex(match[1].decode()))


def fidelity(records: Iterable[Mapping[str, Any]]) -> dict[str, Held]:
    """Count how well the records of ended calls (``decision`` and ``outcome``) know each aspect of the call.

    A host that is both verified and claimed counts as verified. An outcome is verified where this gateway saw it.
    """
    counts = {aspect: [0, 0, 0] for aspect in (*_ASPECTS, "outcome")}
    for record in records:
        if record["kind"] in _ENDS:
            for aspect, field in _ASPECTS.items():
                counts[aspect][_standing(record[field])] += 1
            counts["outcome"][2 if record["outcome"] in UNKNOWN_EFFECT else 0] += 1
    return {aspect: Held(*each) for aspect, each in counts.items()}


def _standing(fact: Mapping[str, Any]) -> int:
    return 0 if "verified" in fact else 1 if "claimed" in fact else 2
