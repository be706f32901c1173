"""The inventory, as people keep it: what the servers list, what of it is accepted, what changed since."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from interlock.control.listing import Listing, read_listing
from interlock.control.people import Operator, timestamp
from interlock.control.ports import Classify, InventoryStore, Upstreams
from interlock.core.errors import CallerError, Fault, OperatorError
from interlock.core.inventory import Review, ServerEntry, Unusable, standing
from interlock.core.visible import reveal_json
from interlock.core.words import (
    Blast,
    Confidence,
    Impact,
    Reversibility,
    Sensitivity,
    Standing,
    ToolClass,
)

_AXES: Mapping[str, type] = {
    "impact": Impact,
    "destructive": bool,
    "reversibility": Reversibility,
    "sensitivity": Sensitivity,
    "blast": Blast,
    "open_ended": bool,
}
_SETTLED = frozenset({Standing.PINNED, Standing.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync found at one server. The lists are names of tools; ``waiting`` is blocked until it is reviewed.

    ``accepted`` was pinned by this sync. ``classes`` counts what is listed by impact. With an ``error`` nothing is
    known and nothing was changed.
    """

    server: str
    error: str | None = None
    found: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    classes: Mapping[str, int] | None = None


async def sync(
    store: InventoryStore,
    upstreams: Upstreams,
    servers: Sequence[ServerEntry],
    classify: Classify,
    clock: tuple[float, Operator | None],
) -> list[Synced]:
    """List every server, write down what is found, and accept it if ``clock``, now and by whom, names somebody."""
    listings = await asyncio.gather(*(_ask(upstreams, entry.name, classify) for entry in servers))
    return [
        Synced(server=entry.name, error=listing) if isinstance(listing, str) else _take(store, entry, listing, clock)
        for entry, listing in zip(servers, listings, strict=True)
    ]


async def _ask(upstreams: Upstreams, server: str, classify: Classify) -> Listing | str:
    try:
        return read_listing(server, await upstreams.list_tools(server), classify)
    except Fault as fault:
        return fault.diagnostics()


def _take(store: InventoryStore, entry: ServerEntry, listing: Listing, clock: tuple[float, Operator | None]) -> Synced:
    now, operator = clock
    before = {row["name"]: row for row in store.tools(entry.name)}
    store.observe(entry, listing.tools, now, operator.claim() if operator else None)
    after = {row["name"]: Standing(row["standing"]) for row in store.tools(entry.name)}
    stood = {tool.name: _stands(before.get(tool.name), tool.digest) for tool in listing.tools}
    return Synced(
        server=entry.name,
        found=tuple(sorted(stood)),
        new=_named(stood, Standing.NEW),
        changed=_named(stood, Standing.DRIFTED),
        gone=_named(after, Standing.GONE),
        accepted=tuple(sorted(name for name in stood if stood[name] not in _SETTLED and after[name] in _SETTLED)),
        waiting=tuple(sorted(name for name, stands in after.items() if stands not in _SETTLED)),
        unusable=listing.unusable,
        classes=dict(Counter(tool.tool_class.impact.value for tool in listing.tools)),
    )


def _stands(row: Mapping[str, Any] | None, listed: str) -> Standing:
    if row is None:
        return Standing.NEW
    return standing(before=Standing(row["standing"]), pin=row["pin"], listed=listed)


def _named(stood: Mapping[str, Standing], wanted: Standing) -> tuple[str, ...]:
    return tuple(sorted(name for name, stands in stood.items() if stands is wanted))


def describe(store: InventoryStore, now: float, server: str | None = None) -> list[dict[str, Any]]:
    """Return every server, or one, with its tools, as JSON; times are RFC 3339.

    Raises:
        CallerError: there is no such server.

    """
    rows = [row for row in store.servers() if server in {None, row["name"]}]
    if server is not None and not rows:
        raise CallerError(f"{server}: the inventory has no such server", "see `interlock inventory ls`")
    tools = store.tools(server)
    return [_server(row, [tool for tool in tools if tool["server"] == row["name"]], now) for row in rows]


def _server(row: Mapping[str, Any], tools: Iterable[Mapping[str, Any]], now: float) -> dict[str, Any]:
    identity = dict(row["identity"])
    since = identity.get("since")
    identity["age"] = int(now - since) if since is not None else None
    identity["since"] = timestamp(since) if since is not None else None
    seen = {name: timestamp(row[name]) for name in ("first_seen", "last_seen")}
    return {**row, "identity": identity, **seen, "tools": [_tool(tool) for tool in tools]}


def _tool(row: Mapping[str, Any]) -> dict[str, Any]:
    stands, tool_class = Standing(row["standing"]), row["class"]
    findings = [*tool_class["findings"]]
    if stands is not Standing.PINNED:
        findings.append(f"tool.{stands.value}")
    if tool_class["confidence"] == Confidence.NONE:
        findings.append("class.unknown")
    plain = {name: row[name] for name in ("server", "name", "standing", "digest", "pin", "definition")}
    seen = {name: timestamp(row[name]) for name in ("first_seen", "last_seen")}
    return {**plain, "class": tool_class, "findings": findings, **seen}


@dataclass(frozen=True, slots=True)
class Difference:
    """How a tool's definition last seen differs from the accepted one, as the lines of a unified diff.

    Whatever hides or reorders in the definitions is spelled out. ``pin`` is ``None`` where nothing was accepted.
    """

    server: str
    tool: str
    standing: str
    pin: str | None
    digest: str
    lines: tuple[str, ...]


def diff(store: InventoryStore, server: str | None = None, tool: str | None = None) -> list[Difference]:
    """Return what differs from its pin, or what has drifted, in the whole inventory, at a server or of one tool.

    Raises:
        CallerError: there is no such tool or server.

    """
    rows = [row for row in store.tools(server) if tool in {None, row["name"]}]
    if server is not None and not rows:
        raise CallerError(f"{'/'.join(filter(None, (server, tool)))}: not in the inventory", "see `inventory ls`")
    return [
        _difference(row) for row in rows if Standing(row["standing"]) not in _SETTLED or row["pin"] != row["digest"]
    ]


def _difference(row: Mapping[str, Any]) -> Difference:
    accepted, seen = _lines(row["pinned"]), _lines(row["definition"])
    names = (f"accepted {row['pin'] or '(nothing)'}", f"last seen {row['digest']}")
    lines = difflib.unified_diff(accepted, seen, *names, lineterm="", n=3)
    return Difference(row["server"], row["name"], row["standing"], row["pin"], row["digest"], tuple(lines))


def _lines(definition: Any) -> list[str]:
    if definition is None:
        return []
    return json.dumps(reveal_json(definition), indent=2, ensure_ascii=False, sort_keys=True).splitlines()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer says of a tool.

    ``digest`` is the definition they looked at, if they name one. ``axes`` is what they class otherwise than it was
    inferred, as ``{"impact": "read_only", "destructive": "false"}``.
    """

    server: str
    tool: str
    digest: str | None
    axes: Mapping[str, str]


def review(store: InventoryStore, said: Judgement, operator: Operator, classify: Classify, now: float) -> Review:
    """Accept a tool's definition, as last seen, with the class the reviewer gives it.

    Raises:
        CallerError: there is no such tool, or it is not the one the reviewer looked at.
        OperatorError: an axis or its value is none of the taxonomy's.

    """
    rows = [row for row in store.tools(said.server) if row["name"] == said.tool]
    if not rows:
        raise CallerError(f"{said.server}/{said.tool}: there is no such tool", "see `interlock inventory ls`")
    inferred = classify(said.server, rows[0]["definition"])
    given = Review(
        server=said.server,
        tool=said.tool,
        digest=said.digest or rows[0]["digest"],
        tool_class=give_class(inferred, said.axes) if said.axes else None,
        reviewer=operator.name,
        reason=operator.reason,
        date=timestamp(now),
    )
    store.review(given, inferred, operator.claim(), now)
    return given


def give_class(inferred: ToolClass, axes: Mapping[str, str]) -> ToolClass:
    """Return a class with some axes given by a person.

    Raises:
        OperatorError: an axis or its value is none of the taxonomy's.

    """
    given: dict[str, Any] = {name: _axis(name, value) for name, value in axes.items()}
    if given.get("open_ended") is False:
        given["by"] = ()
    return replace(inferred, evidence=(), findings=(), confidence=Confidence.REVIEWED, **given)


def _axis(name: str, value: str) -> Any:
    kind = _AXES.get(name)
    if kind is None:
        raise OperatorError(f"{name}: a class has no such axis", f"its axes are {', '.join(_AXES)}")
    known = {"true": True, "false": False} if kind is bool else {str(each): each for each in kind}  # type: ignore[attr-defined]
    if value not in known:
        raise OperatorError(f"{name}: {value!r} is none of its values", f"choose one of {', '.join(known)}")
    return known[value]
