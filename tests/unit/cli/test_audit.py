from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from interlock.audit.export import read_line
from interlock.audit.merkle import leaf_hash
from interlock.cli import audit
from interlock.core.errors import OperatorError
from unit.cli.conftest import Terminal
from unit.control.sample import ask


@pytest.fixture
def busy(home: Path, interlock: Terminal) -> Path:
    interlock("stop", "--server", "files", "--reason", "first")
    interlock("stop", "--workload", "agent", "--reason", "second")
    ask(home / "var/interlock.db", "a-1", time.time(), id=7)
    return home


def test_records_are_listed_and_filtered(busy: Path, interlock: Terminal) -> None:
    assert [record["seq"] for record in interlock("audit", "ls", "-o", "json").json] == [0, 1, 2, 3]
    for words, seqs in (
        (("--server", "files"), [1]),
        (("--workload", "agent"), [2]),
        (("--kind", "stop"), [1, 2]),
        (("--kind", "stop", "--limit", "1"), [2]),
        (("--subject", "ada"), [3]),
        (("--tenant", "acme"), [3]),
        (("--tool", "close_ticket"), [3]),
        (("--approver", "bob"), []),
        (("--decision", "run"), []),
        (("--outcome", "completed"), []),
        (("--since", "1h"), [0, 1, 2, 3]),
        (("--until", "1h"), []),
        (("--since", "2020-01-01", "--until", "2021-01-01T00:00:00+02:00"), []),
    ):
        found = interlock("audit", "ls", *words, "-o", "json")
        assert (found.code, [record["seq"] for record in found.json]) == (0, seqs), words
    assert "files" in interlock("audit", "ls").out.splitlines()[2]
    assert busy.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--since", "soon"), "--since soon: is no moment"),
        (("--until", "5 minutes"), "--until 5 minutes"),
        (("--limit", "0"), "must be from 1 to 10000"),
        (("--limit", "10001"), "audit export"),
    ],
)
def test_a_filter_that_says_nothing_is_refused(
    busy: Path, interlock: Terminal, words: tuple[str, ...], says: str
) -> None:
    said = interlock("audit", "ls", *words)
    assert (said.code, says in said.err) == (2, True)
    assert busy.exists()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", "2026-01-31T00:00:00.000000Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31T12:00:00.5+01:00", "2026-01-31T11:00:00.500000Z"),
        ("90s", "2027-01-15T07:58:30.000000Z"),
        ("15m", "2027-01-15T07:45:00.000000Z"),
        ("2h", "2027-01-15T06:00:00.000000Z"),
        ("7d", "2027-01-08T08:00:00.000000Z"),
    ],
)
def test_moments(monkeypatch: pytest.MonkeyPatch, text: str, moment: str) -> None:
    monkeypatch.setattr(audit, "now", lambda: 1_800_000_000.0)
    assert audit.moment("since", text) == moment


def test_a_moment_that_is_none() -> None:
    with pytest.raises(OperatorError):
        audit.moment("since", "")


def test_showing_discloses_what_is_kept_and_marks_it(busy: Path, interlock: Terminal) -> None:
    story = interlock("audit", "show", "3", "-o", "json").json
    assert story["records"][0]["approval"]["id"] == "a-1"
    assert story["payloads"][0]["arguments"] == {"id": 7}
    said = interlock("audit", "show", "3")
    assert "-- of a-1: kept beside the log, erasable" in said.out
    assert "-- the log's commitment is to this: there is none to compare with" in said.out
    assert interlock("audit", "show", "99").code == 1
    assert interlock("audit", "show", "c-1").code == 1
    assert busy.exists()


def test_an_export_is_a_line_a_record_that_stands_by_itself(busy: Path, interlock: Terminal) -> None:
    said = interlock("audit", "export", "-o", "json")
    assert (said.code, said.err) == (0, "4 records\n")
    assert [line["seq"] for line in said.lines] == [0, 1, 2, 3]
    for line in said.out.encode().splitlines(keepends=True):
        row = read_line(line)
        assert row.stored == leaf_hash(row.data)
    assert {"kind", "seq", "call_id", "time", "tenant", "server", "tool", "outcome"} <= said.lines[3].keys()
    assert busy.exists()


def test_an_export_to_a_file_with_its_checkpoint_verifies(busy: Path, interlock: Terminal) -> None:
    said = interlock("audit", "export", "--output", "log.jsonl", "--checkpoint", "log.checkpoint")
    assert (said.code, said.out, said.err) == (0, "", "4 records\n")
    assert stat.S_IMODE((busy / "log.jsonl").stat().st_mode) == 0o600
    assert (busy / "log.checkpoint").read_text().splitlines()[1] == "4"
    verified = interlock(
        *("audit", "verify", "--export", "log.jsonl", "--key", "var/keys/log.pub", "--checkpoint", "log.checkpoint"),
        *("-c", "no-such.yaml"),
    )
    assert (verified.code, verified.out) == (0, "sound: 4 records, 1 checkpoints agree, the last over 4 records\n")


def test_an_export_that_cannot_be_written_says_where(busy: Path, interlock: Terminal) -> None:
    said = interlock("audit", "export", "--output", "none/log.jsonl")
    assert (said.code, "No such file or directory" in said.err) == (3, True)
    assert busy.exists()


def test_an_export_with_a_checkpoint_holds_exactly_what_is_signed(
    busy: Path, interlock: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_note: str, _places: object) -> None:
        ask(busy / "var/interlock.db", "a-2", time.time())

    monkeypatch.setattr(audit.checkpoints, "copy", meanwhile)
    assert interlock("audit", "export", "--output", "log.jsonl", "--checkpoint", "log.checkpoint").err == "4 records\n"
    assert interlock("audit", "export").err == "5 records\n"
