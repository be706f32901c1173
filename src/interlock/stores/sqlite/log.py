"""The log in the database: appended inside whatever transaction records an effect."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from interlock.audit.merkle import Frontier, leaf_hash
from interlock.audit.record import Record, leaf
from interlock.core.errors import InterlockError, OperatorError

_COLUMNS = "seq, leaf, hash, kind, call_id, time, tenant, server, tool, subject, workload, approver, control, outcome"
_INSERT = f"INSERT INTO log ({_COLUMNS}) VALUES ({', '.join('?' * 14)})"  # noqa: S608 (constants)
KEPT_NEWEST = 256
KEPT_SPAN = 4096
_PLAIN = ("kind", "call_id", "time", "tenant", "server", "tool", "subject", "workload")
_COPIED = (*_PLAIN, "approval", "decision", "outcome")
FILTERS = frozenset({"kind", "call_id", "tenant", "server", "tool", "subject", "workload", "control", "outcome"})


def timestamp(now: float) -> str:
    """Return Unix seconds as RFC 3339 in UTC with microseconds, as records carry it."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def append(connection: sqlite3.Connection, record: Record) -> int:
    """Append a record and return its sequence number; the caller holds the transaction.

    Raises:
        InterlockError: the log has no beginning (the database was not made by ``interlock init``).
        ValueError: the record breaks the format.

    """
    head = _frontier(connection)
    if head is None:
        raise InterlockError("the log has no genesis record", "run `interlock init`")
    return _append(connection, record, head)


def begin(connection: sqlite3.Connection, genesis: Record) -> bool:
    """Write the genesis record if the log has none yet; whether it was written."""
    if _frontier(connection) is not None:
        return False
    connection.execute("INSERT INTO log_head (id, frontier) VALUES (0, ?)", (Frontier().to_bytes(),))
    _append(connection, genesis, Frontier())
    return True


def head(connection: sqlite3.Connection) -> Frontier:
    """Return the tree's frontier: its size and root.

    Raises:
        OperatorError: there is no log.

    """
    frontier = _frontier(connection)
    if frontier is None:
        raise OperatorError("the database holds no log", "run `interlock init`")
    return frontier


def save_checkpoint(connection: sqlite3.Connection, size: int, note: str) -> None:
    """Keep a signed checkpoint; of the older ones, one in so many records is enough: a later one speaks for all."""
    connection.execute("INSERT OR IGNORE INTO checkpoints (size, note) VALUES (?, ?)", (size, note))
    connection.execute(
        "DELETE FROM checkpoints WHERE size NOT IN (SELECT size FROM checkpoints ORDER BY size DESC LIMIT ?)"
        " AND size NOT IN (SELECT min(size) FROM checkpoints GROUP BY size / ?)",
        (KEPT_NEWEST, KEPT_SPAN),
    )


def checkpoints(connection: sqlite3.Connection) -> list[str]:
    """Return the signed checkpoints that were kept, oldest first."""
    return [note for (note,) in connection.execute("SELECT note FROM checkpoints ORDER BY size")]


def rows(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes, bytes, Mapping[str, Any]]]:
    """Yield each record's seq, leaf, stored hash and the copies of its fields, in order: every row there is."""
    names = _COLUMNS.split(", ")
    for row in connection.execute(f"SELECT {_COLUMNS} FROM log ORDER BY seq"):  # noqa: S608 (constants)
        yield row[0], row[1], row[2], dict(zip(names[3:], row[3:], strict=True))


def find(connection: sqlite3.Connection, wanted: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
    """Return the newest records that match, oldest first.

    ``wanted`` maps a filter (:data:`FILTERS`, ``approver``, ``since``, ``until``) to its value.

    Raises:
        OperatorError: there is no such filter.

    """
    clauses, values = ["1"], []
    for name, value in wanted.items():
        clause = _CLAUSES.get(name) or (f"{name} = ?" if name in FILTERS else None)
        if clause is None:
            raise OperatorError(f"{name}: the log has no such filter")
        clauses.append(clause)
        values.append(value)
    query = f"SELECT leaf FROM log WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT ?"  # noqa: S608 (constants)
    found = connection.execute(query, (*values, limit)).fetchall()
    return [json.loads(leaf_bytes) for (leaf_bytes,) in reversed(found)]


_CLAUSES = {
    "approver": "instr(',' || approver || ',', ',' || ? || ',') > 0",
    "since": "time >= ?",
    "until": "time < ?",
}


def _frontier(connection: sqlite3.Connection) -> Frontier | None:
    row = connection.execute("SELECT frontier FROM log_head").fetchone()
    return Frontier.from_bytes(row[0]) if row else None


def _append(connection: sqlite3.Connection, record: Record, frontier: Frontier) -> int:
    seq = frontier.size
    data = leaf(record, seq)
    hashed = leaf_hash(data)
    said = {name: getattr(record, name) for name in _COPIED}
    columns = (seq, data, hashed, *projection(said).values())
    connection.execute(_INSERT, columns)
    connection.execute("UPDATE log_head SET frontier = ?", (frontier.append(hashed).to_bytes(),))
    return seq


def projection(row: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the copies of a record's fields that the log is filtered by."""
    copies: dict[str, str | None] = {name: _text(row.get(name)) for name in _PLAIN}
    copies["approver"] = ",".join((row.get("approval") or {}).get("approvers", ())) or None
    copies["control"] = (row.get("decision") or {}).get("control")
    copies["outcome"] = _text(row.get("outcome"))
    return copies


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str) else None
