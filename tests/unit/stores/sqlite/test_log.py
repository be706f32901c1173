from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sqlite_premises import SqlitePremises
from contracts.world import call, judged, outcome
from interlock.audit.merkle import Frontier, leaf_hash
from interlock.audit.record import Kind, Record, absent
from interlock.core.errors import InterlockError, OperatorError
from interlock.proxy import records
from interlock.stores.sqlite import log, schema


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connection(premises: SqlitePremises) -> Iterator[sqlite3.Connection]:
    with premises.connection() as opened:
        yield opened


def note(**fields: Any) -> Record:
    return Record(kind=Kind.POLICY, time="2026-01-01T00:00:00.000000Z", **{"detail": {"event": "loaded"}, **fields})


def test_a_timestamp_is_rfc_3339_with_microseconds() -> None:
    assert log.timestamp(1_800_000_000.25) == "2027-01-15T08:00:00.250000Z"


@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0, max_value=4e9))
def test_timestamps_sort_like_their_times(one: float, other: float) -> None:
    if one <= other:
        assert log.timestamp(one) <= log.timestamp(other)


def test_a_record_takes_the_next_place(connection: sqlite3.Connection) -> None:
    before = log.head(connection)
    seq = log.append(connection, note())
    after = log.head(connection)
    assert (seq, after.size) == (before.size, before.size + 1)
    number, leaf, hashed, columns = list(log.rows(connection))[-1]
    assert number == seq
    assert json.loads(leaf)["seq"] == seq
    assert hashed == leaf_hash(leaf)
    assert after.root() == before.append(hashed).root()
    assert columns["kind"] == "policy"


def test_the_frontier_is_that_of_all_leaves(connection: sqlite3.Connection) -> None:
    for _ in range(20):
        log.append(connection, note())
    frontier = Frontier()
    for _, leaf, _, _ in log.rows(connection):
        frontier = frontier.append(leaf_hash(leaf))
    assert log.head(connection) == frontier


def test_a_malformed_record_changes_nothing(connection: sqlite3.Connection) -> None:
    before = log.head(connection)
    with pytest.raises(ValueError, match="time"):
        log.append(connection, replace(note(), time="now"))
    assert log.head(connection) == before


def test_without_a_genesis_nothing_is_written(tmp_path: Path) -> None:
    connection = schema.connect(tmp_path / "new.db", create=True)
    with pytest.raises(InterlockError, match="no genesis"):
        log.append(connection, note())
    with pytest.raises(OperatorError, match="no log"):
        log.head(connection)
    assert list(log.rows(connection)) == []
    connection.close()


def test_a_log_begins_once(tmp_path: Path) -> None:
    connection = schema.connect(tmp_path / "new.db", create=True)
    genesis = Record(kind=Kind.GENESIS, time="2026-01-01T00:00:00.000000Z", detail={"origin": "o", "key": "k"})
    assert log.begin(connection, genesis)
    assert not log.begin(connection, genesis)
    assert log.head(connection).size == 1
    connection.close()


def test_checkpoints_are_kept_by_size_once(connection: sqlite3.Connection) -> None:
    log.save_checkpoint(connection, 9, "nine")
    log.save_checkpoint(connection, 2, "two")
    log.save_checkpoint(connection, 9, "another")
    assert log.checkpoints(connection) == ["two", "nine"]


def test_old_checkpoints_are_thinned_out_new_ones_are_not(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    for size in range(0, 20_000, 20):
        log.save_checkpoint(connection, size, str(size))
    connection.execute("COMMIT")
    kept = [int(note) for note in log.checkpoints(connection)]
    newest = list(range(20_000 - 20 * log.KEPT_NEWEST, 20_000, 20))
    assert kept[-log.KEPT_NEWEST :] == newest
    assert kept[: -log.KEPT_NEWEST] == [0, 4100, 8200, 12300]


def test_the_columns_say_what_the_record_says(premises: SqlitePremises, connection: sqlite3.Connection) -> None:
    store = premises.open()
    of, seen = call(), judged(store)
    intent = replace(
        records.intent_record(of, seen, None, records.fresh_key()),
        approval={"id": "apr-1", "approvers": ["ada", "bob"], "assurance": 3, "downgraded": False},
    )
    log.append(connection, intent)
    columns = list(log.rows(connection))[-1][3]
    assert columns == {
        "kind": "intent",
        "call_id": of.call_id,
        "time": intent.time,
        "tenant": "acme",
        "server": "tickets",
        "tool": "close_ticket",
        "subject": "ada",
        "workload": "support-agent",
        "approver": "ada,bob",
        "control": "run",
        "outcome": None,
    }
    log.append(connection, outcome(of, seen)())
    assert list(log.rows(connection))[-1][3]["outcome"] == "completed"


def test_what_is_absent_is_no_column(connection: sqlite3.Connection) -> None:
    log.append(connection, note(server=absent("not about one server")))
    columns = list(log.rows(connection))[-1][3]
    assert (columns["server"], columns["tenant"], columns["approver"], columns["control"]) == (None,) * 4


@pytest.fixture
def several(connection: sqlite3.Connection) -> sqlite3.Connection:
    for number in range(4):
        log.append(
            connection,
            note(
                tenant="acme" if number % 2 else "globex",
                server=f"s{number}",
                approval={"approvers": ["ann", "bob"] if number == 3 else ["joann"]},
                detail={"number": number},
            ),
        )
    connection.execute("UPDATE log SET time = '2026-02-01' WHERE server = 's1'")
    return connection


def found(connection: sqlite3.Connection, limit: int = 10, **wanted: str) -> list[int]:
    return [row["detail"]["number"] for row in log.find(connection, {"kind": "policy", **wanted}, limit)]


def test_find_filters_by_every_column(several: sqlite3.Connection) -> None:
    assert found(several) == [0, 1, 2, 3]
    assert found(several, tenant="acme") == [1, 3]
    assert found(several, tenant="acme", server="s1") == [1]
    assert found(several, tenant="nobody") == []


def test_find_takes_an_approver_as_a_whole_name(several: sqlite3.Connection) -> None:
    assert found(several, approver="ann") == [3]
    assert found(several, approver="bob") == [3]
    assert found(several, approver="joann") == [0, 1, 2]


def test_find_takes_a_span_of_time_without_its_end(several: sqlite3.Connection) -> None:
    assert found(several, since="2026-02-01") == [1]
    assert found(several, until="2026-02-01") == [0, 2, 3]


def test_find_returns_the_newest_oldest_first(several: sqlite3.Connection) -> None:
    assert found(several, limit=2) == [2, 3]


@pytest.mark.parametrize("name", ["leaf", "1=1 OR tenant", "approvers"])
def test_find_refuses_what_is_no_filter(several: sqlite3.Connection, name: str) -> None:
    with pytest.raises(OperatorError, match="no such filter"):
        log.find(several, {name: "x"}, 1)


@pytest.mark.parametrize("name", sorted(log.FILTERS | {"approver", "since", "until"}))
def test_find_takes_every_filter(several: sqlite3.Connection, name: str) -> None:
    assert isinstance(log.find(several, {name: "x' OR '1'='1"}, 1), list)
