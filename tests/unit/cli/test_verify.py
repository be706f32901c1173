from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from unit.cli.conftest import Terminal

COLUMNS = "leaf, hash, kind, call_id, time, tenant, server, tool, subject, workload, approver, control, outcome"
SMUGGLE = f"INSERT INTO log SELECT -7, {COLUMNS} FROM log WHERE seq = 3"  # noqa: S608 (constants)


@pytest.fixture
def logged(home: Path, interlock: Terminal) -> Path:
    for reason in ("first", "second", "third"):
        interlock("stop", "--server", "files", "--reason", reason)
    interlock("audit", "export", "--output", "log.jsonl", "--checkpoint", "log.checkpoint")
    return home


def alter(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "var/interlock.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def rules(interlock: Terminal, *words: str) -> set[str]:
    said = interlock("audit", "verify", *words, "-o", "json")
    assert said.code == 4, said
    assert said.json["sound"] is False
    return {finding["rule"] for finding in said.json["findings"]}


def test_a_sound_log_is_told_so(logged: Path, interlock: Terminal) -> None:
    said = interlock("audit", "verify", "-o", "json")
    assert (said.code, said.json["sound"], said.json["records"], said.json["covered"]) == (0, True, 4, 4)
    assert (said.json["findings"], said.json["unsettled"], said.json["kinds"]) == ([], [], {"genesis": 1, "stop": 3})
    assert interlock("audit", "verify").out.startswith("sound: 4 records, ")
    assert logged.exists()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE log SET leaf = replace(leaf, 'second', 'sekond') WHERE seq = 2"], "leaf.differs"),
        (["UPDATE log SET server = 'web' WHERE seq = 2"], "column.differs"),
        (["DELETE FROM log WHERE seq = 2"], "seq.gap"),
        (["DELETE FROM log WHERE seq = 3"], "log.truncated"),
        (["DELETE FROM log"], "log.empty"),
        (["DELETE FROM log", "DELETE FROM log_head", "DELETE FROM checkpoints"], "log.truncated"),
        (["DROP TABLE log"], "store.damaged"),
        (["DROP TABLE meta"], "store.lost"),
        (["UPDATE log SET seq = seq + 100"], "column.differs"),
        ([SMUGGLE], "log.no_genesis"),
    ],
)
def test_whatever_is_done_to_the_database_is_4(
    logged: Path, interlock: Terminal, statements: list[str], found: str
) -> None:
    alter(logged, *statements)
    assert found in rules(interlock)


def test_the_record_is_named(logged: Path, interlock: Terminal) -> None:
    alter(logged, "UPDATE log SET leaf = replace(leaf, 'second', 'sekond') WHERE seq = 2")
    said = interlock("audit", "verify")
    assert said.code == 4
    assert "leaf.differs: record 2 was edited" in said.err
    assert said.out.startswith("NOT SOUND: 4 records")


def test_truncating_everything_in_the_database_is_found_by_the_second_place(logged: Path, interlock: Terminal) -> None:
    older = logged / "older.db"
    interlock("audit", "verify")
    with closing(sqlite3.connect(logged / "var/interlock.db")) as now, closing(sqlite3.connect(older)) as then:
        now.backup(then)
    interlock("stop", "--all", "--reason", "to be forgotten")
    for path in (logged / "var").glob("interlock.db*"):
        path.unlink()
    shutil.copy(older, logged / "var/interlock.db")
    assert rules(interlock) == {"log.truncated"}


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.unlink(), lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"x" * 9999)],
)
def test_a_database_that_is_gone_empty_or_garbage_is_4(
    logged: Path, interlock: Terminal, spoil: Callable[[Path], object]
) -> None:
    for path in (logged / "var").glob("interlock.db-*"):
        path.unlink()
    spoil(logged / "var/interlock.db")
    assert rules(interlock) >= {"store.lost", "log.empty", "log.truncated"}


def test_a_second_place_that_is_gone_is_a_finding(logged: Path, interlock: Terminal) -> None:
    shutil.rmtree(logged / "checkpoints")
    assert rules(interlock) == {"place.unreadable"}


def test_a_forged_checkpoint_is_a_finding(logged: Path, interlock: Terminal) -> None:
    path = max((logged / "checkpoints").iterdir())
    path.write_text(path.read_text().replace("\n4\n", "\n9\n"))
    assert rules(interlock) == {"checkpoint.forged"}


def test_a_checkpoint_of_ones_own_is_held_against_the_store(logged: Path, interlock: Terminal) -> None:
    assert interlock("audit", "verify", "--checkpoint", "log.checkpoint").code == 0
    (logged / "bad").write_text("x")
    assert rules(interlock, "--checkpoint", "bad") == {"checkpoint.malformed"}


def test_without_the_public_key_nothing_can_be_said(logged: Path, interlock: Terminal) -> None:
    (logged / "var/keys/log.pub").rename(logged / "kept.pub")
    said = interlock("audit", "verify")
    assert (said.code, "log.pub: the log's public key is not there" in said.err) == (2, True)
    assert interlock("audit", "verify", "--key", "kept.pub").code == 0
    assert interlock("audit", "verify", "--key", (logged / "kept.pub").read_text().strip()).code == 0


EXPORT = ("--export", "log.jsonl", "--key", "var/keys/log.pub", "--checkpoint", "log.checkpoint")


def test_an_export_needs_no_configuration(logged: Path, interlock: Terminal) -> None:
    (logged / "interlock.yaml").unlink()
    said = interlock("audit", "verify", *EXPORT)
    assert (said.code, said.err) == (0, "")
    alone = interlock("audit", "verify", *EXPORT[:4])
    assert (alone.code, "a log rewritten as a whole would pass" in alone.err) == (0, True)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda lines: [*lines[:2], lines[2].replace("second", "sekond"), *lines[3:]], "leaf.differs"),
        (lambda lines: [*lines[:2], *lines[3:]], "seq.gap"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "seq.gap"),
        (lambda lines: lines[:-1], "log.truncated"),
        (lambda _lines: [], "log.empty"),
        (lambda lines: [*lines, "x" * 200_000], "record.too_large"),
    ],
)
def test_an_export_that_was_changed_is_4(
    logged: Path, interlock: Terminal, spoil: Callable[[list[str]], list[str]], found: str
) -> None:
    path = logged / "log.jsonl"
    path.write_text("".join(f"{line}\n" for line in spoil(path.read_text().splitlines())))
    assert found in rules(interlock, *EXPORT)


def test_a_rewritten_export_without_stored_hashes_is_found_by_the_checkpoint(logged: Path, interlock: Terminal) -> None:
    path = logged / "log.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[2]["detail"]["why"] = "nothing"
    for row in rows:
        del row["_leaf"]
    path.write_text("".join(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in rows))
    assert rules(interlock, *EXPORT) == {"root.differs"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--export", "log.jsonl"), "verified with --key"),
        (("--export", "none.jsonl", "--key", "var/keys/log.pub"), "none.jsonl: cannot be read"),
        (("--export", "log.jsonl", "--key", "none.pub"), "no verifier key"),
        (("--export", "log.jsonl", "--key", "a+b+c"), "no verifier key"),
        (("--checkpoint", "none"), "none: cannot be read"),
    ],
)
def test_wrong_words_are_2(logged: Path, interlock: Terminal, words: tuple[str, ...], says: str) -> None:
    said = interlock("audit", "verify", *words)
    assert (said.code, says in said.err) == (2, True), said
    assert logged.exists()
