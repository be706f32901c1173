"""The inventory's rules: what a definition's digest is, and how a tool stands to its pin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from interlock.canon import digest
from interlock.core.words import Confidence, Evidence, Source, Stage, Standing, Tool, ToolClass

RESERVED_PREFIX = "interlock_"
"""Names of the gateway's own tools; an upstream tool that takes one is never served."""

MAX_NAME = 256
"""Characters in a tool's name."""

UNPINNED: frozenset[str] = frozenset()
"""Keys of a Tool object that its digest leaves out. None: whatever a model or a client can see is pinned."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A tool as its upstream lists it now."""

    name: str
    digest: str
    definition: Mapping[str, Any]
    tool_class: ToolClass


@dataclass(frozen=True, slots=True)
class Unusable:
    """A listed tool that the inventory does not take: it can never be called. ``finding`` is a stable code."""

    tool: str
    finding: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Review:
    """An owner's judgement of one exact definition: evidence of the highest rank, in both directions.

    ``tool_class`` is the class the reviewer gives it, or ``None`` to leave the inferred one. ``date`` is
    RFC 3339.
    """

    server: str
    tool: str
    digest: str
    tool_class: ToolClass | None
    reviewer: str
    reason: str
    date: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """The whole inventory at one version: what the data path decides on."""

    version: int
    stop_epoch: int
    stopped: frozenset[tuple[str, str]]
    tools: Mapping[tuple[str, str], Tool]
    stages: Mapping[str, Stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """A server as the inventory keeps it. ``identity`` describes what it acts under, never a secret."""

    name: str
    tenant: str
    owner: str
    risk_owner: str
    transport: str
    identity: Mapping[str, Any]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What an observation changed of one tool's standing."""

    tool: str
    before: Standing | None
    after: Standing


def definition_digest(definition: Mapping[str, Any]) -> str:
    """Return the pin of a tool: the digest of its whole definition but for :data:`UNPINNED`."""
    return digest({key: value for key, value in definition.items() if key not in UNPINNED})


def standing(*, before: Standing | None, pin: str | None, listed: str | None) -> Standing:
    """Return how a tool stands once it was listed with digest ``listed`` (``None``: it was not listed).

    Drift holds until somebody reviews it, also when the old definition comes back: a definition that
    flickers is what an attack on a listing looks like.
    """
    if listed is None:
        return Standing.GONE if before is not Standing.DRIFTED else Standing.DRIFTED
    if pin is None:
        return Standing.NEW
    if before is Standing.DRIFTED or listed != pin:
        return Standing.DRIFTED
    return Standing.PINNED


def reviewed(inferred: ToolClass, review: Review) -> ToolClass:
    """Return the class a review gives a tool; what was inferred stays visible as the losing evidence."""
    given = review.tool_class or inferred
    proof = Evidence("all", "reviewed", Source.REVIEWED, f"{review.reviewer}, {review.date}: {review.reason}")
    return replace(
        given, confidence=Confidence.REVIEWED, evidence=(proof, *inferred.evidence), findings=inferred.findings
    )


def flaws(definitions: Sequence[Mapping[str, Any]]) -> dict[int, Unusable]:
    """Return, by their place in the list, the tools that cannot be used: unnamed, named like ours, or named twice."""
    times = Counter(str(definition.get("name")) for definition in definitions)
    found = ((index, _flaw(definition, times)) for index, definition in enumerate(definitions))
    return {index: flaw for index, flaw in found if flaw is not None}


def _flaw(definition: Mapping[str, Any], times: Mapping[str, int]) -> Unusable | None:
    name = definition.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or _is_broken(name):
        return Unusable(repr(name)[:MAX_NAME], "listing.malformed", f"a name is a text of 1 to {MAX_NAME} characters")
    if name.startswith(RESERVED_PREFIX):
        return Unusable(name, "listing.reserved", f"names that begin with {RESERVED_PREFIX} are the gateway's own")
    if times[name] > 1:
        return Unusable(name, "listing.ambiguous", "it is listed more than once, and nobody can tell which is meant")
    return None


def _is_broken(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)
