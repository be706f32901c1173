from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from interlock.core.errors import OperatorError
from interlock.stores.sqlite import schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "interlock.db"
    schema.connect(path, create=True).close()
    return path


def test_writing_is_durable_and_guarded(path: Path) -> None:
    with closing(schema.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        assert connection.isolation_level is None


def test_creating_twice_keeps_what_is_there(path: Path) -> None:
    with closing(schema.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 7 WHERE key = 'catalog'")
    with closing(schema.connect(path, create=True)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'catalog'").fetchone() == (7,)


def test_every_table_is_made(path: Path) -> None:
    with closing(schema.connect(path)) as connection:
        made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert made == {
        "meta",
        "servers",
        "tools",
        "reviews",
        "stops",
        "approvals",
        "calls",
        "payloads",
        "log",
        "log_head",
        "checkpoints",
    }


def test_there_is_one_head(path: Path) -> None:
    with closing(schema.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO log_head (id, frontier) VALUES (1, x'')")


def test_a_reader_cannot_write(path: Path) -> None:
    with closing(schema.connect_reader(path)) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM meta")


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such database") as error:
        schema.connect(tmp_path / "none.db")
    assert "interlock init" in error.value.then
    assert not (tmp_path / "none.db").exists()


def test_another_version_is_refused(path: Path) -> None:
    with closing(schema.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 2 WHERE key = 'schema'")
    with pytest.raises(OperatorError, match="of schema 2, this Interlock reads 1"):
        schema.connect(path)


@pytest.mark.parametrize("content", [b"this is no database, but text " * 40, b""])
def test_what_is_no_database_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(OperatorError, match="cannot be opened as a database"):
        schema.connect(path)


def test_a_refused_database_is_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody has would hold its files and locks."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noting(*arguments: object, **how: object) -> sqlite3.Connection:
        opened.append(connect(*arguments, **how))  # type: ignore[call-overload]
        return opened[-1]

    with closing(schema.connect(path)) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'schema'")
    monkeypatch.setattr(sqlite3, "connect", noting)
    with pytest.raises(OperatorError, match="of schema None"):
        schema.connect(path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_a_path_that_cannot_be_opened_is_the_operators_fault(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be opened as a database: unable to open"):
        schema.connect(tmp_path)
