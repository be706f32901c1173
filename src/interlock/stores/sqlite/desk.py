"""The store as people's commands see it: synchronous, one transaction a use-case, beside a running gateway."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interlock.audit.export import Row
from interlock.audit.merkle import Frontier, MalformedTreeError
from interlock.audit.record import Kind, Record, absent
from interlock.core.approval import Answer, Approval, Refusal, class_axes, lapse
from interlock.core.errors import CallerError, IntegrityError, InterlockError
from interlock.core.forms import class_to_json
from interlock.core.inventory import Catalog, Change, Listed, Review, ServerEntry, reviewed
from interlock.core.words import Stage, Standing, ToolClass
from interlock.stores.sqlite import approvals, catalog, log, schema

PATIENCE = 15_000
"""Milliseconds that a transaction waits for others to end theirs."""

CHUNK = 50
"""How many tools one record names: a record is bounded, an inventory is not."""


def create(path: Path, genesis: Record) -> bool:
    """Make the database and begin its log, if there is none; whether the log was begun.

    Raises:
        OperatorError: the file cannot be a database of ours.

    """
    connection = schema.connect(path, create=True)
    try:
        connection.execute("BEGIN IMMEDIATE")
        begun = log.begin(connection, genesis)
        connection.execute("COMMIT")
    finally:
        connection.close()
    return begun


class LogSnapshot:
    """The log as it was at one moment, whatever is appended meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def head(self) -> Frontier | None:
        """The tree's frontier as stored; ``None`` where it is missing or no frontier."""
        try:
            row = self._connection.execute("SELECT frontier FROM log_head").fetchone()
            return Frontier.from_bytes(row[0]) if row else None
        except (MalformedTreeError, TypeError):
            return None

    def notes(self) -> Iterator[bytes]:
        """Yield the signed checkpoints that are kept, in the order of size."""
        for note in log.checkpoints(self._connection):
            yield _bytes(note)

    def rows(self) -> Iterator[tuple[Row, tuple[str, ...]]]:
        """Yield each leaf with its stored hash, and the names of the columns that are not what the leaf says."""
        for seq, leaf, stored, columns in log.rows(self._connection):
            data = _bytes(leaf)
            yield Row(data, _bytes(stored)), _differing(data, {"seq": seq, **columns})


class Desk:
    """A connection of one's own to the store at ``path``, which must have been made by ``interlock init``.

    Every method that writes is one transaction, durable once it returns. Raises OperatorError where there is no such
    store, InterlockError where it stays busy or fails.
    """

    def __init__(self, path: Path) -> None:
        self._connection = schema.connect(path)
        self._connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        self.appended = False
        """Whether a record was appended through this desk."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # --- the inventory ---

    def inventory(self) -> Catalog:
        """Return the inventory as decisions see it."""
        with self._reading() as connection:
            return catalog.load(connection)

    def servers(self) -> list[dict[str, Any]]:
        """Return every server's row."""
        with self._reading() as connection:
            return catalog.servers(connection)

    def tools(self, server: str | None = None) -> list[dict[str, Any]]:
        """Return every tool's row, or those of one server."""
        with self._reading() as connection:
            return catalog.tools(connection, server)

    def reviews(self) -> list[Review]:
        """Return every review."""
        with self._reading() as connection:
            return catalog.reviews(connection)

    def observe(
        self, entry: ServerEntry, listed: Sequence[Listed], now: float, accepted: Mapping[str, Any] | None
    ) -> list[Change]:
        """Write down what a server lists; where ``accepted`` says by whom, pin all of it and put it in production.

        What is pinned is what was listed here, not what somebody else may have seen since.
        """
        with self._transaction() as connection:
            changes = catalog.observe(connection, entry, listed, now)
            if accepted is not None:
                _accept(connection, entry, [tool.name for tool in listed], accepted, now)
            return changes

    def review(self, review: Review, inferred: ToolClass, by: Mapping[str, Any], now: float) -> None:
        """Keep a review of the definition last seen, and accept the definition with it.

        ``inferred`` is the class without any review.

        Raises:
            CallerError: there is no such tool, or it is not the one that was reviewed.

        """
        with self._transaction() as connection:
            _check_reviewed(connection, review)
            _apply(connection, review, inferred, now, {"event": "reviewed", **by})

    def import_reviews(
        self, taken: Sequence[tuple[Review, ToolClass | None]], by: Mapping[str, Any], now: float
    ) -> list[Review]:
        """Keep reviews that were made elsewhere; return those that accepted a tool here.

        Each comes with the inferred class of the tool as last seen, or ``None`` where it is of another definition.
        """
        applied = []
        with self._transaction() as connection:
            for review, inferred in taken:
                if inferred is None or not _is_current(connection, review):
                    catalog.keep_review(connection, review)
                    _record_review(connection, review, now, {"event": "imported", **by})
                else:
                    _apply(connection, review, inferred, now, {"event": "imported", **by})
                    applied.append(review)
        return applied

    def stop(self, scope: str, name: str, by: Mapping[str, Any], now: float) -> None:
        """Throw the stop switch for ``all``, a ``server`` or a ``workload``."""
        with self._transaction() as connection:
            catalog.stop(connection, scope, name, {**by, "time": log.timestamp(now)})
            _record_stop(connection, (scope, name), now, {"event": "stopped", **by})

    def resume(self, scope: str, name: str, by: Mapping[str, Any], now: float) -> bool:
        """Take a stop back; whether there was one."""
        with self._transaction() as connection:
            if (scope, name) not in catalog.load(connection).stopped:
                return False
            catalog.resume(connection, scope, name)
            _record_stop(connection, (scope, name), now, {"event": "resumed", **by})
            return True

    # --- approvals ---

    def approvals(self, now: float) -> list[Approval]:
        """Return every approval as it stands at ``now``, oldest first."""
        with self._reading() as connection:
            return approvals.listing(connection, now)

    def approval(self, approval_id: str, now: float) -> Approval | None:
        """Return one approval as it stands at ``now``."""
        with self._reading() as connection:
            found = approvals.get(connection, approval_id)
            return lapse(found, now) if found else None

    def answer(self, approval_id: str, said: Answer, *, approve: bool) -> Approval | Refusal:
        """Apply a person's answer and record it, also one that is refused."""
        with self._transaction() as connection:
            return approvals.answer(connection, approval_id, said, approve=approve)

    # --- the log ---

    def find(self, wanted: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """Return the newest records that match, oldest first (:func:`interlock.stores.sqlite.log.find`)."""
        with self._reading() as connection:
            return log.find(connection, wanted, limit)

    def record(self, seq: int) -> dict[str, Any] | None:
        """Return the record with this sequence number."""
        with self._reading() as connection:
            row = connection.execute("SELECT leaf FROM log WHERE seq = ?", (seq,)).fetchone()
            return json.loads(row[0]) if row else None

    def payload(self, ref: str) -> tuple[bytes | None, bytes | None] | None:
        """Return the commitment key and the value kept for a call or an approval; ``None`` if erased or never kept."""
        with self._reading() as connection:
            row = connection.execute("SELECT key, body FROM payloads WHERE ref = ?", (ref,)).fetchone()
            return (row[0], row[1]) if row else None

    def checkpoint(self, sign: Callable[[Frontier], str]) -> str:
        """Sign the log as it is and keep the checkpoint; return the signed note."""
        with self._transaction() as connection:
            frontier = log.head(connection)
            note = sign(frontier)
            log.save_checkpoint(connection, frontier.size, note)
            return note

    @contextmanager
    def snapshot(self) -> Iterator[LogSnapshot]:
        """Look at the log as it is now; a running gateway is not disturbed.

        Raises:
            IntegrityError: the database is damaged.

        """
        try:
            with self._reading() as connection:
                yield LogSnapshot(connection)
        except InterlockError as error:
            raise IntegrityError(error.what, "restore the database from its backup; keep this one as it is") from None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Read what is one moment's."""
        with self._begun("BEGIN") as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Write: all of it or nothing."""
        with self._begun("BEGIN IMMEDIATE") as connection:
            before = log.head(connection).size
            yield connection
            grown = log.head(connection).size > before
            connection.execute("COMMIT")
        self.appended = self.appended or grown

    @contextmanager
    def _begun(self, how: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute(how)
            yield connection
        except sqlite3.Error as error:
            raise InterlockError(f"the store failed: {error}", "try again; nothing was changed") from None
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _accept(
    connection: sqlite3.Connection, entry: ServerEntry, names: Sequence[str], by: Mapping[str, Any], now: float
) -> None:
    rows = {row["name"]: row for row in catalog.tools(connection, entry.name)}
    stage = next(row["stage"] for row in catalog.servers(connection) if row["name"] == entry.name)
    pinned = [rows[name] for name in names if rows[name]["standing"] != Standing.PINNED]
    for row in pinned:
        catalog.pin_tool(connection, entry.name, row["name"])
    if stage != Stage.PRODUCTION:
        catalog.set_stage(connection, entry.name, Stage.PRODUCTION)
    if not pinned and stage == Stage.PRODUCTION:
        return
    tools = [{"tool": row["name"], "digest": row["digest"], "before": row["pin"]} for row in pinned]
    for start in range(0, max(len(tools), 1), CHUNK):
        detail = {"event": "accepted", "stage": Stage.PRODUCTION.value, "count": len(tools), **by}
        record = Record(
            kind=Kind.INVENTORY,
            time=log.timestamp(now),
            tenant=entry.tenant,
            server=entry.name,
            tool=tools[0]["tool"] if len(tools) == 1 else absent("several"),
            detail=detail | {"tools": tools[start : start + CHUNK]},
        )
        log.append(connection, record)


def _check_reviewed(connection: sqlite3.Connection, review: Review) -> None:
    row = connection.execute(
        "SELECT digest, standing FROM tools WHERE server = ? AND name = ?", (review.server, review.tool)
    ).fetchone()
    if row is None:
        raise CallerError(f"{review.server}/{review.tool}: there is no such tool", "see `interlock inventory ls`")
    digest, standing = row
    if digest != review.digest:
        raise CallerError(
            f"{review.server}/{review.tool}: the definition last seen is {digest}, not the reviewed {review.digest}",
            "look at `interlock inventory diff` again, then review what is there now",
        )
    if standing == Standing.GONE:
        raise CallerError(f"{review.server}/{review.tool}: its server does not list it any more")


def _is_current(connection: sqlite3.Connection, review: Review) -> bool:
    row = connection.execute(
        "SELECT 1 FROM tools WHERE server = ? AND name = ? AND digest = ? AND standing != ?",
        (review.server, review.tool, review.digest, Standing.GONE),
    ).fetchone()
    return row is not None


def _apply(
    connection: sqlite3.Connection, review: Review, inferred: ToolClass, now: float, detail: Mapping[str, Any]
) -> None:
    catalog.keep_review(connection, review)
    connection.execute(
        "UPDATE tools SET class = ? WHERE server = ? AND name = ?",
        (json.dumps(class_to_json(reviewed(inferred, review))), review.server, review.tool),
    )
    catalog.pin_tool(connection, review.server, review.tool)
    _record_review(connection, review, now, detail)


def _record_review(connection: sqlite3.Connection, review: Review, now: float, detail: Mapping[str, Any]) -> None:
    row = connection.execute("SELECT tenant FROM servers WHERE name = ?", (review.server,)).fetchone()
    given = class_axes(review.tool_class) if review.tool_class else absent("the inferred class was left")
    record = Record(
        kind=Kind.REVIEW,
        time=log.timestamp(now),
        tenant=row[0] if row else absent("the server is not in the inventory"),
        server=review.server,
        tool=review.tool,
        definition={"verified": review.digest} if row else {"claimed": review.digest},
        tool_class=given,
        detail={**detail, "reviewer": review.reviewer, "reason": review.reason, "date": review.date},
    )
    log.append(connection, record)


def _record_stop(connection: sqlite3.Connection, what: tuple[str, str], now: float, detail: Mapping[str, Any]) -> None:
    scope, name = what
    record = Record(
        kind=Kind.STOP,
        time=log.timestamp(now),
        server=name if scope == "server" else absent("not about one server"),
        workload=name if scope == "workload" else absent("not about one workload"),
        detail={**detail, "scope": scope},
    )
    log.append(connection, record)


def _differing(data: bytes, columns: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        record = json.loads(data)
        said = {"seq": record.get("seq"), **log.projection(record)}
    except (ValueError, AttributeError, TypeError):
        return ()  # no record at all: whoever verifies the leaf says so
    return tuple(name for name, value in columns.items() if value != said[name])


def _bytes(stored: Any) -> bytes:
    """Return what a column holds as bytes, whatever type somebody gave it."""
    return stored if isinstance(stored, bytes) else str(stored).encode()
