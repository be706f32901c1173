"""The database: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path

from interlock.core.errors import OperatorError

VERSION = 1

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', 1), ('catalog', 0), ('stop_epoch', 0);

-- The inventory. One row a server, one a tool; class and definition are JSON.
CREATE TABLE servers (
    name TEXT PRIMARY KEY, tenant TEXT NOT NULL, owner TEXT NOT NULL, risk_owner TEXT NOT NULL,
    stage TEXT NOT NULL, transport TEXT NOT NULL, identity TEXT NOT NULL, findings TEXT NOT NULL,
    first_seen REAL NOT NULL, last_seen REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE tools (
    server TEXT NOT NULL REFERENCES servers (name), name TEXT NOT NULL, standing TEXT NOT NULL,
    digest TEXT NOT NULL, definition TEXT NOT NULL, class TEXT NOT NULL,
    pin TEXT, pinned TEXT, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
    PRIMARY KEY (server, name)
) WITHOUT ROWID;
CREATE TABLE reviews (
    server TEXT NOT NULL, tool TEXT NOT NULL, digest TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (server, tool, digest)
) WITHOUT ROWID;
CREATE TABLE stops (
    scope TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (scope, name)
) WITHOUT ROWID;

CREATE TABLE approvals (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, request TEXT NOT NULL, tenant TEXT NOT NULL, server TEXT NOT NULL,
    tool TEXT NOT NULL, subject TEXT NOT NULL, workload TEXT NOT NULL, decide_by REAL NOT NULL,
    redeem_by REAL NOT NULL, settled_at REAL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX approvals_by_request ON approvals (request, state);
CREATE INDEX approvals_by_caller ON approvals (tenant, subject, workload, state);

-- Calls: what recovery settles, and what a repetition is compared with.
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY, intent_seq INTEGER NOT NULL, request TEXT NOT NULL, owner TEXT NOT NULL, outcome TEXT
) WITHOUT ROWID;
CREATE INDEX calls_by_request ON calls (request, intent_seq);
CREATE INDEX calls_open ON calls (owner) WHERE outcome IS NULL;

-- What may be erased: values and the keys of their commitments. Erasing a row leaves every proof valid.
CREATE TABLE payloads (
    ref TEXT PRIMARY KEY, tenant TEXT NOT NULL, key BLOB, body BLOB, time REAL NOT NULL
) WITHOUT ROWID;

-- The log. `leaf` is the record; the other columns are copies of its fields to filter by.
CREATE TABLE log (
    seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, hash BLOB NOT NULL, kind TEXT NOT NULL, call_id TEXT,
    time TEXT NOT NULL, tenant TEXT, server TEXT, tool TEXT, subject TEXT, workload TEXT, approver TEXT,
    control TEXT, outcome TEXT
);
CREATE INDEX log_by_call ON log (call_id);
CREATE INDEX log_by_tenant ON log (tenant, seq);
CREATE TABLE log_head (id INTEGER PRIMARY KEY CHECK (id = 0), frontier BLOB NOT NULL);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
"""


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open the database for writing, durably: WAL, and every commit is flushed to the disk.

    Raises:
        OperatorError: it is not there (and ``create`` is false), is not ours, or is of another version.

    """
    if not create and not path.exists():
        raise OperatorError(f"{path}: there is no such database", "run `interlock init`")
    try:
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        with ExitStack() as undo:
            undo.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            if create:
                _create(connection)
            _check_version(connection, path)
            undo.pop_all()
    except sqlite3.DatabaseError as error:
        raise OperatorError(f"{path}: cannot be opened as a database: {error}", "restore it, or name another") from None
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the database for reading only; a running gateway is not disturbed.

    Raises:
        OperatorError: it is not there or is not ours.

    """
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    exists = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    if not exists:
        for statement in _statements():
            connection.execute(statement)
    connection.execute("COMMIT")


def _statements() -> list[str]:
    statements, current = [], ""
    for line in TABLES.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if row is None or row[0] != VERSION:
        raise OperatorError(
            f"{path}: the database is of schema {row and row[0]}, this Interlock reads {VERSION}",
            "use the Interlock version that made it",
        )
