from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Terminal
from unit.control.sample import tool

Listings = dict[str, Sequence[Mapping[str, Any]] | str]
ADA = ("--as", "ada", "--reason", "read it")


@pytest.fixture
def stocked(home: Path, interlock: Terminal, upstreams: Listings) -> Listings:
    upstreams["files"] = [tool("read_note"), tool("delete_note", "Deletes a note for good.")]
    interlock("inventory", "sync", "--accept")
    assert home.exists()
    return upstreams


def drift(stocked: Listings, interlock: Terminal) -> None:
    stocked["files"] = [tool("read_note", "Reads a note.\u200b"), tool("delete_note", "Deletes a note for good.")]
    assert interlock("inventory", "sync").code == 1


def test_listing_tells_of_every_server_and_tool(stocked: Listings, interlock: Terminal) -> None:
    files, web = interlock("inventory", "ls", "-o", "json").json
    assert (files["owner"], files["risk_owner"], files["tenant"]) == ("platform", "platform", "acme")
    assert files["findings"] == ["server.risk_owner_defaulted"]
    assert files["identity"]["kind"] == "none"
    assert (web["risk_owner"], web["tools"]) == ("security", [])
    assert [each["name"] for each in files["tools"]] == ["delete_note", "read_note"]
    said = interlock("inventory", "ls")
    assert (said.code, said.err) == (0, "files: server.risk_owner_defaulted\n")
    lines = said.out.splitlines()
    assert lines[1].split()[:4] == ["files", "delete_note", "pinned", "production"]
    assert "destructive" in lines[1]
    assert lines[3].split()[:2] == ["web", "production"]
    assert stocked


def test_showing_a_server_or_a_tool(stocked: Listings, interlock: Terminal) -> None:
    assert interlock("inventory", "show", "files", "-o", "json").json["name"] == "files"
    shown = interlock("inventory", "show", "files", "delete_note", "-o", "json").json
    assert shown["class"]["destructive"] is True
    assert shown["class"]["evidence"]
    assert shown["definition"]["description"] == "Deletes a note for good."
    assert '"name": "read_note"' in interlock("inventory", "show", "files", "read_note").out
    assert interlock("inventory", "show", "none").code == 1
    said = interlock("inventory", "show", "files", "none")
    assert (said.code, "files/none: there is no such tool" in said.err) == (1, True)
    assert stocked


def test_a_diff_of_nothing_is_nothing(stocked: Listings, interlock: Terminal) -> None:
    said = interlock("inventory", "diff")
    assert (said.code, said.out) == (0, "")
    assert interlock("inventory", "diff", "-o", "json").json == []
    assert interlock("inventory", "diff", "files", "none").code == 1
    assert stocked


def test_a_diff_reveals_what_hides(stocked: Listings, interlock: Terminal) -> None:
    drift(stocked, interlock)
    said = interlock("inventory", "diff", "files", "read_note")
    assert said.code == 1
    assert "files/read_note is drifted" in said.out
    assert '+  "description": "Reads a note.⟨U+200B⟩",' in said.out.splitlines()
    (row,) = interlock("inventory", "diff", "-o", "json").json
    assert (row["tool"], row["standing"]) == ("read_note", "drifted")


def test_a_review_accepts_what_was_looked_at(stocked: Listings, interlock: Terminal) -> None:
    drift(stocked, interlock)
    digest = interlock("inventory", "diff", "-o", "json").json[0]["digest"]
    other = interlock("inventory", "review", "files", "read_note", "--digest", "sha256:0", *ADA)
    assert (other.code, "not the reviewed sha256:0" in other.err) == (1, True)
    said = interlock("inventory", "review", "files", "read_note", "--digest", digest, *ADA, "-o", "json")
    assert (said.code, said.json["standing"], said.json["pin"]) == (0, "pinned", digest)
    assert said.err == f"files/read_note: {digest} is accepted\n"
    assert interlock("inventory", "diff").code == 0
    (record,) = interlock("audit", "ls", "--kind", "review", "-o", "json").json
    assert (record["detail"]["by"], record["tool"]) == ("ada", "read_note")


def test_a_review_may_give_a_class(stocked: Listings, interlock: Terminal) -> None:
    words = ("--class", "impact=external_side_effect,blast=many", "--class", "destructive=false")
    said = interlock("inventory", "review", "files", "delete_note", *ADA, *words, "-o", "json")
    given = said.json["class"]
    assert (given["impact"], given["blast"], given["destructive"]) == ("external_side_effect", "many", False)
    assert given["confidence"] == "reviewed"
    assert stocked


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("impact", "is not AXIS=VALUE"),
        ("impct=read_only", "a class has no such axis"),
        ("impact=low", "choose one of read_only, internal_modification, external_side_effect"),
    ],
)
def test_a_class_that_is_none_is_refused(stocked: Listings, interlock: Terminal, given: str, says: str) -> None:
    said = interlock("inventory", "review", "files", "read_note", *ADA, "--class", given)
    assert (said.code, says in said.err) == (2, True)
    assert stocked


def test_a_reviewed_tool_of_a_server_that_is_not_served_is_told_so(
    home: Path, interlock: Terminal, upstreams: Listings
) -> None:
    upstreams["files"] = [tool("read_note")]
    interlock("inventory", "sync")
    assert "its server is not served yet" in interlock("inventory", "review", "files", "read_note", *ADA).err
    assert home.exists()
