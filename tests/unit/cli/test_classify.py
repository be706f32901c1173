from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from interlock.canon import EncodeError
from unit.cli.conftest import Terminal
from unit.control.sample import tool

ROWS = [
    {"id": "t-1", "server": "notes", "tool": tool("read_note", "Reads a note.")},
    {"id": "t-2", "server": "notes", "tool": tool("delete_note", "Deletes a note for good.")},
]
LABELS = [
    {
        "id": "t-1",
        "impact": "read_only",
        "destructive": False,
        "reversibility": "none_needed",
        "sensitivity": "internal",
        "open_ended": False,
        "blast": "single",
    },
    {
        "id": "t-2",
        "impact": "internal_modification",
        "destructive": True,
        "reversibility": {"disputed": ["recoverable", "irreversible"]},
        "sensitivity": "internal",
        "open_ended": False,
        "blast": "single",
    },
]


@pytest.fixture
def tools(folder: Path) -> Path:
    return write(folder / "tools.jsonl", ROWS)


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    return path


def test_tools_are_classed_without_any_configuration(tools: Path, interlock: Terminal) -> None:
    said = interlock("classify", "--tools", tools, "-o", "json")
    assert (said.code, said.err) == (0, "")
    keys = {"id", "impact", "destructive", "reversibility", "sensitivity", "blast", "open_ended", "by", "control"}
    assert all(keys | {"evidence"} <= row.keys() for row in said.lines)
    assert [(row["id"], row["impact"], row["control"]) for row in said.lines] == [
        ("t-1", "read_only", "run"),
        ("t-2", "internal_modification", "confirm"),
    ]
    assert said.lines[1]["evidence"][0].keys() == {"axis", "value", "source", "detail"}


def test_a_person_gets_a_table_or_reasons(tools: Path, interlock: Terminal) -> None:
    lines = interlock("classify", "--tools", tools).out.splitlines()
    assert lines[2].split()[:3] == ["t-2", "notes", "delete_note"]
    assert lines[2].split()[-1] == "confirm"
    explained = interlock("classify", "--tools", tools, "--explain").out
    assert "t-2  notes/delete_note  confidence" in explained
    assert "  destructive: true" in explained
    assert "    = true (name: " in explained


def test_tools_can_come_by_standard_input(tools: Path, interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(tools.read_text()))
    assert len(interlock("classify", "--tools", "-", "-o", "json").lines) == 2


def test_a_definition_that_cannot_be_pinned_is_blocked(
    tools: Path, interlock: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EncodeError("no canonical form")

    monkeypatch.setattr("interlock.cli.classify.would_decide", refuse)
    assert {row["control"] for row in interlock("classify", "--tools", tools, "-o", "json").lines} == {"block"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "tools.jsonl:1: a row has id (text), server (text), tool (object)"),
        ('{"id": "a", "server": "b", "tool": {}}\n[]', "tools.jsonl:2: a row has"),
        ('{"id": 7, "server": "b", "tool": {}}', "tools.jsonl:1: a row has"),
        ("{", "tools.jsonl:1: not JSON"),
        ('{"id": "a", "id": "b"}', "tools.jsonl:1: an object has the same key twice"),
    ],
)
def test_a_bad_line_is_named(folder: Path, interlock: Terminal, text: str, says: str) -> None:
    (folder / "tools.jsonl").write_text(text)
    said = interlock("classify", "--tools", "tools.jsonl")
    assert (said.code, says in said.err) == (2, True), said.err


def test_a_file_is_needed_and_readable(folder: Path, interlock: Terminal) -> None:
    assert "--tools FILE is needed" in interlock("classify").err
    assert "none: cannot be read" in interlock("classify", "--tools", "none").err
    (folder / "latin").write_bytes(b'{"id": "\xff"}')
    said = interlock("classify", "--tools", "latin")
    assert (said.code, "latin: is not UTF-8" in said.err) == (2, True)


def test_an_evaluation_prints_figures_with_n_and_bounds(tools: Path, interlock: Terminal) -> None:
    labels = write(tools.with_name("labels.jsonl"), LABELS)
    said = interlock("classify", "eval", "--tools", tools, "--labels", labels, "-o", "json")
    assert said.code == 0
    assert said.json["tools"] == 2
    assert (said.json["dangerous_misses"]["ids"], said.json["dangerous_misses"]["n"]) == ([], 1)
    assert (said.json["over_asks"]["n"], said.json["over_asks"]["upper_bound"]) == (1, pytest.approx(0.95))
    axes = {axis["axis"]: axis for axis in said.json["axes"]}
    assert (axes["reversibility"]["n"], axes["impact"]["n"]) == (1, 2)
    text = interlock("classify", "eval", "--tools", tools, "--labels", labels).out
    assert "dangerous misses: 0 of 1" in text
    assert "over-asks: 0 of 1" in text


def test_an_evaluation_needs_both_files(tools: Path, interlock: Terminal) -> None:
    said = interlock("classify", "eval", "--tools", tools)
    assert (said.code, "--labels FILE is needed" in said.err) == (2, True)
    bad = write(tools.with_name("labels.jsonl"), [{"impact": "read_only"}])
    assert "labels.jsonl:1: a row has id (text)" in interlock("classify", "eval", "--tools", tools, "--labels", bad).err
