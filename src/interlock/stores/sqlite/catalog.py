"""The inventory in the database: servers, their tools, pins and reviews, and the stop switch."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from interlock.audit.record import Kind, Record, absent
from interlock.core.forms import class_from_json, class_to_json
from interlock.core.inventory import Catalog, Change, Listed, Review, ServerEntry, reviewed, standing
from interlock.core.words import Stage, Standing, Tool
from interlock.stores.sqlite import log


def version(connection: sqlite3.Connection) -> int:
    """Return the inventory's version; it rises with every change that a decision could depend on."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'catalog'").fetchone()
    return int(row[0])


def load(connection: sqlite3.Connection) -> Catalog:
    """Return the inventory as it is; the caller holds a transaction if it must be one moment's."""
    found = connection.execute(
        "SELECT tools.server, tools.name, tenant, owner, stage, standing, digest, pin, class, definition"
        " FROM tools JOIN servers ON servers.name = tools.server"
    )
    tools = {(row[0], row[1]): _tool(row) for row in found}
    stops = connection.execute("SELECT scope, name FROM stops").fetchall()
    epoch = connection.execute("SELECT value FROM meta WHERE key = 'stop_epoch'").fetchone()[0]
    stages = {name: Stage(stage) for name, stage in connection.execute("SELECT name, stage FROM servers")}
    return Catalog(version(connection), epoch, frozenset((scope, name) for scope, name in stops), tools, stages)


def observe(
    connection: sqlite3.Connection, entry: ServerEntry, listed: Iterable[Listed], now: float, *, whole: bool = True
) -> list[Change]:
    """Write down what a server lists now. What is new or differs from its pin is recorded and thereby blocked.

    ``whole``: what is not listed is gone. One caller's connection may be shown less than another's, so what
    it lists is not the whole.
    """
    moved = _keep_server(connection, entry, now)
    known = {
        name: (Standing(stands), pin, seen)
        for name, stands, pin, seen in connection.execute(
            "SELECT name, standing, pin, digest FROM tools WHERE server = ?", (entry.name,)
        )
    }
    changes: list[Change] = []
    for tool in listed:
        before, pin, seen = known.pop(tool.name, (None, None, None))
        review = find_review(connection, entry.name, tool)
        tool_class = reviewed(tool.tool_class, review) if review else tool.tool_class
        promoted = review is not None and pin is None  # a review made elsewhere; drift waits for one made here
        after = Standing.PINNED if promoted else standing(before=before, pin=pin, listed=tool.digest)
        if before is None or after is not before or seen != tool.digest:
            changes.append(Change(tool.name, before, after))
        _keep_tool(connection, entry.name, replace(tool, tool_class=tool_class), after, now)
        if promoted:
            pin_tool(connection, entry.name, tool.name)
    for name, (before, pin, _seen) in known.items() if whole else ():
        after = standing(before=before, pin=pin, listed=None)
        if after is not before:
            changes.append(Change(name, before, after))
            connection.execute("UPDATE tools SET standing = ? WHERE server = ? AND name = ?", (after, entry.name, name))
    if changes or moved:
        bump(connection)
    if changes:
        log.append(connection, _changed(entry, changes, now))
    return changes


def pin_tool(connection: sqlite3.Connection, server: str, tool: str) -> None:
    """Accept a tool's definition as it was last seen."""
    connection.execute(
        "UPDATE tools SET pin = digest, pinned = definition, standing = ? WHERE server = ? AND name = ?",
        (Standing.PINNED, server, tool),
    )
    bump(connection)


def set_stage(connection: sqlite3.Connection, server: str, stage: Stage) -> None:
    """Move a server to another stage."""
    connection.execute("UPDATE servers SET stage = ? WHERE name = ?", (stage, server))
    bump(connection)


def keep_review(connection: sqlite3.Connection, review: Review) -> None:
    """Keep an owner's review of one exact definition."""
    body = asdict(review) | {"tool_class": class_to_json(review.tool_class) if review.tool_class else None}
    connection.execute(
        "INSERT OR REPLACE INTO reviews (server, tool, digest, body) VALUES (?, ?, ?, ?)",
        (review.server, review.tool, review.digest, json.dumps(body)),
    )
    bump(connection)


def find_review(connection: sqlite3.Connection, server: str, tool: Listed) -> Review | None:
    """Return the review of exactly this definition, if there is one."""
    row = connection.execute(
        "SELECT body FROM reviews WHERE server = ? AND tool = ? AND digest = ?", (server, tool.name, tool.digest)
    ).fetchone()
    return _review(row[0]) if row else None


def reviews(connection: sqlite3.Connection) -> list[Review]:
    """Return every review, by server, tool and digest."""
    return [_review(body) for (body,) in connection.execute("SELECT body FROM reviews ORDER BY server, tool, digest")]


def servers(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every server's row."""
    cursor = connection.execute("SELECT * FROM servers ORDER BY name")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [row | {key: json.loads(row[key]) for key in ("identity", "findings")} for row in rows]


def tools(connection: sqlite3.Connection, server: str | None = None) -> list[dict[str, Any]]:
    """Return every tool's row, or those of one server; class and definitions are parsed."""
    cursor = connection.execute(
        "SELECT * FROM tools WHERE ? IS NULL OR server = ? ORDER BY server, name", (server, server)
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [
        row | {key: json.loads(row[key]) if row[key] else None for key in ("class", "definition", "pinned")}
        for row in rows
    ]


def stop(connection: sqlite3.Connection, scope: str, name: str, body: Mapping[str, Any]) -> None:
    """Throw the stop switch for everything, a server or a workload."""
    connection.execute(
        "INSERT OR REPLACE INTO stops (scope, name, body) VALUES (?, ?, ?)", (scope, name, json.dumps(body))
    )
    _next_epoch(connection)


def resume(connection: sqlite3.Connection, scope: str, name: str) -> bool:
    """Take a stop back; whether there was one."""
    removed = connection.execute("DELETE FROM stops WHERE scope = ? AND name = ?", (scope, name))
    if removed.rowcount:
        _next_epoch(connection)
    return bool(removed.rowcount)


def bump(connection: sqlite3.Connection) -> None:
    """Say that the inventory is another one now."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'catalog'")


def _next_epoch(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE key IN ('stop_epoch', 'catalog')")


def _keep_server(connection: sqlite3.Connection, entry: ServerEntry, now: float) -> bool:
    """Write the server down; whether it is another one than before to whoever decides."""
    before = connection.execute("SELECT tenant, owner FROM servers WHERE name = ?", (entry.name,)).fetchone()
    connection.execute(
        "INSERT INTO servers"
        " (name, tenant, owner, risk_owner, stage, transport, identity, findings, first_seen, last_seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET tenant = excluded.tenant, owner = excluded.owner,"
        " risk_owner = excluded.risk_owner, transport = excluded.transport, identity = excluded.identity,"
        " findings = excluded.findings, last_seen = excluded.last_seen",
        (
            entry.name,
            entry.tenant,
            entry.owner,
            entry.risk_owner,
            Stage.DISCOVERED,
            entry.transport,
            json.dumps(dict(entry.identity)),
            json.dumps(entry.findings),
            now,
            now,
        ),
    )
    return before not in {None, (entry.tenant, entry.owner)}


def _keep_tool(connection: sqlite3.Connection, server: str, tool: Listed, stands: Standing, now: float) -> None:
    connection.execute(
        "INSERT INTO tools (server, name, standing, digest, definition, class, first_seen, last_seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (server, name) DO UPDATE SET standing = excluded.standing, digest = excluded.digest,"
        " definition = excluded.definition, class = excluded.class, last_seen = excluded.last_seen",
        (
            server,
            tool.name,
            stands,
            tool.digest,
            json.dumps(dict(tool.definition)),
            json.dumps(class_to_json(tool.tool_class)),
            now,
            now,
        ),
    )


def _tool(row: tuple[Any, ...]) -> Tool:
    server, name, tenant, owner, stage, stands, digest, pin, tool_class, definition = row
    return Tool(
        server=server,
        name=name,
        tenant=tenant,
        owner=owner,
        stage=Stage(stage),
        standing=Standing(stands),
        digest=digest,
        pin=pin,
        tool_class=class_from_json(json.loads(tool_class)),
        definition=json.loads(definition),
    )


def _review(body: str) -> Review:
    form = json.loads(body)
    given = form.pop("tool_class")
    return Review(**form, tool_class=class_from_json(given) if given else None)


def _changed(entry: ServerEntry, changes: list[Change], now: float) -> Record:
    shown = [
        {"tool": change.tool, "before": change.before.value if change.before else None, "after": change.after.value}
        for change in changes[:50]
    ]
    return Record(
        kind=Kind.INVENTORY,
        time=log.timestamp(now),
        tenant=entry.tenant,
        server=entry.name,
        tool=changes[0].tool if len(changes) == 1 else absent("several"),
        detail={"event": "observed", "changes": shown, "count": len(changes)},
    )
