from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.control.listing import read_listing
from interlock.core.inventory import definition_digest
from unit.control.sample import READS, reads, tool


def test_a_listing_is_digested_and_classed() -> None:
    listing = read_listing("files", [tool("read")], reads)
    (listed,) = listing.tools
    assert (listed.name, listed.digest, listed.tool_class) == ("read", definition_digest(tool("read")), READS)
    assert listing.unusable == ()


@pytest.mark.parametrize(
    ("definition", "finding"),
    [
        ({}, "listing.malformed"),
        ({"name": ""}, "listing.malformed"),
        ({"name": 7}, "listing.malformed"),
        ({"name": "x" * 257}, "listing.malformed"),
        ({"name": "\ud800"}, "listing.malformed"),
        ({"name": "x", "description": "\ud800"}, "listing.malformed"),
        ({"name": "interlock_redeem"}, "listing.reserved"),
    ],
)
def test_what_can_never_be_called_is_not_taken(definition: dict[str, Any], finding: str) -> None:
    listing = read_listing("files", [definition, tool("read")], reads)
    assert [listed.name for listed in listing.tools] == ["read"]
    assert [flaw.finding for flaw in listing.unusable] == [finding]


def test_of_two_tools_with_one_name_neither_is_taken() -> None:
    listing = read_listing("files", [tool("read"), tool("read", "Deletes a note."), tool("write")], reads)
    assert [listed.name for listed in listing.tools] == ["write"]
    assert [(flaw.tool, flaw.finding) for flaw in listing.unusable] == [("read", "listing.ambiguous")]


@given(st.lists(st.dictionaries(st.sampled_from(["name", "x"]), st.one_of(st.text(), st.integers(), st.none()))))
def test_every_definition_is_either_taken_once_or_told_of(definitions: list[dict[str, Any]]) -> None:
    listing = read_listing("files", definitions, reads)
    names = [listed.name for listed in listing.tools]
    assert len(names) == len(set(names))
    assert len(names) + len(listing.unusable) <= len(definitions)
    told = {flaw.tool for flaw in listing.unusable}
    for definition in definitions:
        name = definition.get("name")
        assert name in names or name in told or repr(name) in told
