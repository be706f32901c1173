from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Terminal
from unit.control.sample import tool

Listings = dict[str, Sequence[Mapping[str, Any]] | str]
ADA = ("--as", "ada", "--reason", "read it: twice")


@pytest.fixture
def reviewed(home: Path, interlock: Terminal, upstreams: Listings) -> Path:
    upstreams["files"] = [tool("read_note"), tool("delete_note", "Deletes a note for good.")]
    interlock("inventory", "sync")
    interlock("inventory", "review", "files", "read_note", *ADA)
    interlock("inventory", "review", "files", "delete_note", *ADA, "--class", "blast=many")
    return home


def test_reviews_move_to_another_installation(
    reviewed: Path, interlock: Terminal, upstreams: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = interlock("inventory", "reviews", "export", "reviews.yaml")
    assert (said.code, said.out, said.err) == (0, "", "reviews.yaml: 2 reviews\n")
    assert interlock("inventory", "reviews", "diff", "reviews.yaml").code == 0
    other = reviewed / "other"
    other.mkdir()
    (other / "interlock.yaml").write_bytes((reviewed / "interlock.yaml").read_bytes())
    monkeypatch.chdir(other)
    interlock("init")
    interlock("inventory", "sync")
    differing = interlock("inventory", "reviews", "diff", "../reviews.yaml", "-o", "json")
    assert (differing.code, len(differing.json["only_there"])) == (1, 2)
    taken = interlock("inventory", "reviews", "import", "../reviews.yaml", "--as", "bob", "--reason", "promoted")
    assert (taken.code, taken.err) == (0, "2 of 2 reviews were new; 2 accepted a tool here\n")
    assert "files/read_note: accepted by ada's review" in taken.out
    assert interlock("inventory", "diff").code == 0
    assert interlock("inventory", "show", "files", "delete_note", "-o", "json").json["class"]["blast"] == "many"
    assert interlock("inventory", "reviews", "diff", "../reviews.yaml").code == 0
    assert "0 of 2 reviews were new" in interlock("inventory", "reviews", "import", "../reviews.yaml").err
    assert upstreams


def test_the_file_is_yaml_that_we_read_strictly(reviewed: Path, interlock: Terminal) -> None:
    text = interlock("inventory", "reviews", "export").out
    assert text.startswith("# Reviews of tool definitions")
    assert "reason: 'read it: twice'" in text
    (reviewed / "again.yaml").write_text(text)
    assert interlock("inventory", "reviews", "diff", "again.yaml").code == 0
    exported = interlock("inventory", "reviews", "export", "-o", "json").json
    assert [each["tool"] for each in exported["reviews"]] == ["delete_note", "read_note"]


def test_a_difference_is_told(reviewed: Path, interlock: Terminal) -> None:
    text = interlock("inventory", "reviews", "export").out.replace("blast: many", "blast: system")
    (reviewed / "other.yaml").write_text(text)
    said = interlock("inventory", "reviews", "diff", "other.yaml")
    assert said.code == 1
    assert said.out.startswith("differs: files/delete_note sha256:")
    assert "'blast': 'many'" in said.out
    assert "'blast': 'system'" in said.out
    (reviewed / "none.yaml").write_text("version: 1\nreviews: []\n")
    assert "only here: files/read_note" in interlock("inventory", "reviews", "diff", "none.yaml").out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("version: 1", "version: 2"), "reviews.yaml: must be version: 1 and reviews"),
        (("reviews:", "reviews: 7\nx:"), "must be version: 1 and reviews, and nothing else"),
        (("  tool: read_note", "  tol: read_note"), ": tol: unknown key"),
        (("  tool: read_note\n", ""), ": tool must be a text"),
        (("digest: sha256:", "digest: sha1:"), ": digest: must be sha256:"),
        (("  reviewer: ada", "  reviewer: ada\n  reviewer: eve"), "reviews.yaml:"),
        (("impact: internal_modification", "impact: harmless"), ": class: is no class"),
        (("version: 1", "version: ["), "reviews.yaml:"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    reviewed: Path, interlock: Terminal, change: tuple[str, str], says: str
) -> None:
    text = interlock("inventory", "reviews", "export").out
    assert change[0] in text
    (reviewed / "reviews.yaml").write_text(text.replace(*change))
    said = interlock("inventory", "reviews", "import", "reviews.yaml")
    assert (said.code, says in said.err) == (2, True), said.err


def test_the_place_of_a_problem_is_its_line(reviewed: Path, interlock: Terminal) -> None:
    lines = interlock("inventory", "reviews", "export").out.splitlines()
    number = next(index for index, line in enumerate(lines) if line.startswith("  date: "))
    lines[number] = "  date: today"
    (reviewed / "reviews.yaml").write_text("\n".join(lines))
    said = interlock("inventory", "reviews", "import", "reviews.yaml")
    assert f"reviews.yaml:{number + 1}:9: date: must be RFC 3339" in said.err


def test_the_same_definition_twice_is_refused(reviewed: Path, interlock: Terminal) -> None:
    text = interlock("inventory", "reviews", "export").out
    entry = text[text.index("- server") :]
    (reviewed / "reviews.yaml").write_text(text + entry)
    assert "the same definition is reviewed twice" in interlock("inventory", "reviews", "diff", "reviews.yaml").err


def test_a_file_that_is_not_there_is_the_operators(home: Path, interlock: Terminal) -> None:
    said = interlock("inventory", "reviews", "import", "none.yaml")
    assert (said.code, "none.yaml: cannot be read: No such file" in said.err) == (2, True)
    (home / "list.yaml").write_text("version: 1\nreviews: 7\n")
    assert "reviews must be a list" in interlock("inventory", "reviews", "import", "list.yaml").err
