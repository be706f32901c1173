from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.sqlite_premises import SqlitePremises
from contracts.world import ENTRY, SERVER, TOOL, call, dispatch, judged, listed
from faults.crash_points import CrashPoints
from interlock.audit.merkle import Frontier
from interlock.core.errors import InterlockError, OperatorError
from interlock.core.requests import StepFailed
from interlock.core.words import Stage, Standing
from interlock.stores.sqlite.gateway import GatewayStore


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


def test_there_must_be_a_store(tmp_path: Path) -> None:
    with pytest.raises(OperatorError):
        GatewayStore(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_each_store_is_an_owner_of_its_own(premises: SqlitePremises) -> None:
    assert premises.open().owner != premises.open().owner


def test_a_closed_store_leaves_no_lease(premises: SqlitePremises) -> None:
    premises.open()
    premises.close()
    assert not list(premises.path.parent.glob(".owner-*"))


def test_the_inventory_is_read_again_only_when_it_changed(premises: SqlitePremises) -> None:
    store = premises.open()
    first = store.inventory()
    assert store.inventory() is first
    premises.stage(Stage.PILOT)
    assert store.inventory().tools[SERVER, TOOL].stage is Stage.PILOT


def test_what_a_server_lists_is_written_down(premises: SqlitePremises) -> None:
    store = premises.open()
    asyncio.run(store.observe(ENTRY, [listed(), listed(name="another")]))
    assert store.inventory().tools[SERVER, "another"].standing is Standing.NEW


def test_a_stop_between_two_reads_of_a_load_is_not_lost(premises: SqlitePremises) -> None:
    """Its epoch must not be taken with the stops from before it: such a call would pass dispatch."""
    store = premises.open()
    premises.stage(Stage.PILOT)
    stops: list[str] = []

    def meanwhile(statement: str) -> None:
        if "FROM meta" in statement and "stop_epoch" in statement and not stops:
            stops.append(statement)
            premises.stop()

    store._reader.set_trace_callback(meanwhile)
    seen = judged(store)
    store._reader.set_trace_callback(None)
    assert stops
    if not seen.facts.stopped:
        with pytest.raises(StepFailed):
            asyncio.run(dispatch(store, call(), seen))
    assert judged(store).facts.stopped


def test_a_pin_between_two_reads_of_a_load_is_seen_by_the_next(premises: SqlitePremises) -> None:
    store = premises.open()
    premises.stage(Stage.PILOT)
    done: list[str] = []

    def meanwhile(statement: str) -> None:
        if "FROM stops" in statement and not done:
            done.append(statement)
            premises.stage(Stage.QUARANTINED)

    store._reader.set_trace_callback(meanwhile)
    store.inventory()
    store._reader.set_trace_callback(None)
    assert done
    assert store.inventory().tools[SERVER, TOOL].stage is Stage.QUARANTINED


def test_a_load_that_fails_leaves_no_transaction_open(
    premises: SqlitePremises, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = premises.open()
    premises.stage(Stage.PILOT)

    def fail(_connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("interlock.stores.sqlite.catalog.load", fail)
        with pytest.raises(sqlite3.OperationalError):
            store.inventory()
    premises.stage(Stage.RETIRED)
    assert store.inventory().tools[SERVER, TOOL].stage is Stage.RETIRED


def test_a_recovery_that_failed_can_be_tried_again(premises: SqlitePremises) -> None:
    """The dead owner's lease must not stay with the one that failed."""
    faults = CrashPoints()
    dead, store = premises.open(), premises.open(faults=faults)
    asyncio.run(dispatch(dead, call(), judged(dead)))
    premises.kill(dead)
    faults.fail_outcome_and_not_persist()
    with pytest.raises(InterlockError):
        asyncio.run(store.recover())
    assert asyncio.run(store.recover()) == 1
    assert not list(premises.path.parent.glob(f".owner-{dead.owner}.lock"))


def test_a_checkpoint_is_of_the_log_as_it_is(premises: SqlitePremises) -> None:
    store = premises.open()
    signed: list[Frontier] = []

    def sign(frontier: Frontier) -> str:
        signed.append(frontier)
        return f"of {frontier.size}"

    assert asyncio.run(store.checkpoint(sign)) == f"of {len(premises.rows())}"
    assert signed == [store.head()]
    with premises.connection() as connection:
        assert connection.execute("SELECT size, note FROM checkpoints").fetchall() == [
            (store.head().size, f"of {store.head().size}")
        ]


def test_a_write_waits_no_longer_than_told(premises: SqlitePremises) -> None:
    faults = CrashPoints()
    store = premises.open(wait=0.05, faults=faults)
    seen = judged(store)
    faults.hang_before = True
    with pytest.raises(InterlockError, match=r"within 0\.05 s"):
        asyncio.run(dispatch(store, call(), seen))
    faults.heal()
