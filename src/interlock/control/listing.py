"""From what a server lists to what the inventory keeps: nothing unnamed, nothing twice, nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interlock.canon import EncodeError
from interlock.control.ports import Classify
from interlock.core.inventory import Listed, Unusable, definition_digest, flaws


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server lists, as far as it can be used."""

    tools: tuple[Listed, ...]
    unusable: tuple[Unusable, ...]


def read_listing(server: str, definitions: Sequence[Mapping[str, Any]], classify: Classify) -> Listing:
    """Digest and classify what a server lists."""
    flawed = flaws(definitions)
    tools: list[Listed] = []
    unusable = {flaw.tool: flaw for flaw in flawed.values()}
    for index, definition in enumerate(definitions):
        if index in flawed:
            continue
        name = definition["name"]
        try:
            tools.append(Listed(name, definition_digest(definition), definition, classify(server, definition)))
        except EncodeError as error:
            unusable[name] = Unusable(name, "listing.malformed", f"its definition is no JSON: {error}")
    return Listing(tuple(tools), tuple(unusable.values()))
