"""From what a server lists to what the inventory keeps: nothing unnamed, nothing twice, nothing of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interlock.canon import EncodeError
from interlock.control.ports import Classify
from interlock.core.inventory import RESERVED_PREFIX, Listed, definition_digest

MAX_NAME = 256


@dataclass(frozen=True, slots=True)
class Unusable:
    """A listed tool that the inventory does not take: it can never be called. ``finding`` is a stable code."""

    tool: str
    finding: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server lists, as far as it can be used."""

    tools: tuple[Listed, ...]
    unusable: tuple[Unusable, ...]


def read_listing(server: str, definitions: Sequence[Mapping[str, Any]], classify: Classify) -> Listing:
    """Digest and classify what a server lists."""
    times = Counter(str(definition.get("name")) for definition in definitions)
    tools: list[Listed] = []
    unusable: dict[str, Unusable] = {}
    for definition in definitions:
        flaw = _flaw(definition, times)
        if flaw is not None:
            unusable[flaw.tool] = flaw
            continue
        name = definition["name"]
        try:
            tools.append(Listed(name, definition_digest(definition), definition, classify(server, definition)))
        except EncodeError as error:
            unusable[name] = Unusable(name, "listing.malformed", f"its definition is no JSON: {error}")
    return Listing(tuple(tools), tuple(unusable.values()))


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
