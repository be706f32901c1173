from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from unit.cli.conftest import Terminal
from unit.control.sample import tool

Listings = dict[str, Sequence[Mapping[str, Any]] | str]
WHO = ("--subject", "user-1", "--workload", "agent", "--tenant", "acme")


@pytest.fixture
def stocked(home: Path, interlock: Terminal, upstreams: Listings) -> Path:
    upstreams["files"] = [tool("read_note"), tool("delete_note", "Deletes a note for good.")]
    interlock("inventory", "sync", "--accept")
    return home


def test_the_configured_policy_is_checked(home: Path, interlock: Terminal) -> None:
    said = interlock("policy", "check", "-o", "json")
    assert said.code == 0
    assert said.json["digest"].startswith("sha256:")
    assert "confirm.destructive" in said.json["policies"]
    assert said.json["files"] == [str(home / "policy/default.cedar")]
    assert (
        interlock("policy", "check").out == f"{said.json['digest']}  {len(said.json['policies'])} policies in 1 files\n"
    )


def test_a_bad_policy_is_named_with_its_line(home: Path, interlock: Terminal) -> None:
    (home / "own.cedar").write_text("// one\npermit (principal, action, resource) when { nonsense };\n")
    said = interlock("policy", "check", "own.cedar", "-c", "none.yaml")
    assert (said.code, "own.cedar:2:" in said.err) == (2, True), said.err
    assert "none.cedar: cannot be read" in interlock("policy", "check", "none.cedar").err


def test_a_folder_without_policies_is_told(home: Path, interlock: Terminal) -> None:
    (home / "policy/default.cedar").unlink()
    said = interlock("policy", "check")
    assert (said.code, "there is no policy (*.cedar)" in said.err) == (2, True)


@pytest.mark.parametrize(("name", "tier", "code"), [("read_note", "run", 0), ("delete_note", "confirm", 0)])
def test_a_decision_is_explained(stocked: Path, interlock: Terminal, name: str, tier: str, code: int) -> None:
    said = interlock("policy", "explain", "files", name, *WHO, "-o", "json")
    assert said.code == code
    assert said.json["tier"].startswith(tier)
    assert said.json["asked"][0]["assurance"] == 0
    assert interlock("policy", "explain", "files", name, *WHO).out.startswith(tier)
    assert stocked.exists()


def test_another_tenants_caller_is_blocked(stocked: Path, interlock: Terminal) -> None:
    other = ("--subject", "user-1", "--workload", "agent", "--tenant", "globex")
    said = interlock("policy", "explain", "files", "read_note", *other, "-o", "json")
    assert (said.code, said.json["tier"]) == (1, "block")
    assert stocked.exists()


@pytest.mark.parametrize("words", [("--all",), ("--server", "files"), ("--workload", "agent")])
def test_a_stop_is_part_of_it(stocked: Path, interlock: Terminal, words: tuple[str, ...]) -> None:
    interlock("stop", *words, "--reason", "x")
    said = interlock("policy", "explain", "files", "read_note", *WHO, "-o", "json")
    assert (said.code, said.json["reason"]) == (1, "stop.active")
    assert stocked.exists()


def test_a_stop_of_others_is_not(stocked: Path, interlock: Terminal) -> None:
    interlock("stop", "--server", "web", "--reason", "x")
    interlock("stop", "--workload", "other", "--reason", "x")
    assert interlock("policy", "explain", "files", "read_note", *WHO).code == 0
    assert stocked.exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("files", "none"), 1, "tool.unknown"),
        (("files", "read_note", "--arguments", "{"), 2, "--arguments: not JSON"),
        (("files", "read_note", "--arguments", "[]"), 2, "is no JSON object"),
    ],
)
def test_what_cannot_be_explained(
    stocked: Path, interlock: Terminal, words: tuple[str, ...], code: int, says: str
) -> None:
    said = interlock("policy", "explain", *words, *WHO)
    assert (said.code, says in said.err) == (code, True)
    assert stocked.exists()
