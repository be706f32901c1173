"""One connection to an upstream: what the data path asks of it, however it is made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from interlock import canon
from interlock.core.errors import InterlockError
from interlock.core.inventory import Listed, definition_digest, flaws
from interlock.core.words import ToolClass
from interlock.wire import jsonrpc
from interlock.wire.versions import Era

CLIENT_INFO = {"name": "interlock", "version": "0.1.0"}
MAX_PAGES = 100
MAX_DEFINITION = 256 << 10
"""Bytes of one tool's definition; a larger one is not taken, so that the tool cannot be called."""
READ_AT_ONCE = 16 << 10
LIST_TIMEOUT = 30.0
"""Seconds a whole listing may take."""
MAX_WALKS = 5
"""Listings in a row that the upstream may say have changed while they were read."""

Notice = Callable[[str, jsonrpc.RawParams], None]
"""Told of each notification that belongs to a request: method and parameters."""


class Unsent(InterlockError):
    """The request did not leave."""


class Lost(InterlockError):
    """The request left, or may have, and no answer came."""


class TimedOut(Lost):
    """The request left and its answer did not come in time."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What an upstream says of itself: the revision spoken, and its handshake result's own bytes."""

    version: str
    era: Era
    members: jsonrpc.RawParams = field(hash=False)


class Upstream(Protocol):
    """A connection that has been introduced. Belongs to one event loop."""

    introduction: Introduction
    on_event: Notice

    @property
    def alive(self) -> bool:
        """Whether another request can be tried."""

    async def request(
        self, method: str, params: jsonrpc.RawParams, *, within: float, on_notice: Notice | None = None
    ) -> jsonrpc.Response:
        """Send a request and return its answer, in ``within`` seconds at most.

        Cancelling the wait cancels the request at the upstream.

        Raises:
            Unsent: nothing left.
            Lost: it may have been performed.

        """

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification; a failure is the next request's to find."""

    async def close(self) -> None:
        """End the connection and whatever serves it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every tool an upstream lists, and the rest of its first page's members."""

    tools: Mapping[str, Listed]
    members: jsonrpc.RawParams
    taken: float


Classify = Callable[[Mapping[str, Any]], ToolClass]


class Lister:
    """Keeps one connection's listing fresh; one listing is under way at a time, and all who wait share it."""

    def __init__(self, upstream: Upstream, classify: Classify) -> None:
        self._upstream = upstream
        self._classify = classify
        self._listing: Listing | None = None
        self._running: asyncio.Task[Listing] | None = None
        self._changed = 0.0
        self._known: dict[bytes, Listed] = {}

    def expire(self) -> None:
        """Trust no listing taken before now: something has changed."""
        self._changed = time.monotonic()

    async def listing(self, max_age: float) -> Listing:
        """Return a listing at most ``max_age`` seconds old, begun after this call where that is 0.

        Raises:
            InterlockError: the upstream could not be listed.

        """
        oldest, walks = time.monotonic() - max_age, 0
        while self._listing is None or self._listing.taken < max(oldest, self._changed):
            if walks == MAX_WALKS:
                raise InterlockError("the upstream's list of tools changes whenever it is read")
            walks += 1
            if self._running is None or self._running.done():
                self._running = asyncio.create_task(self._walk())
            self._listing = await asyncio.shield(self._running)
        return self._listing

    async def _walk(self) -> Listing:
        taken = time.monotonic()
        raw: list[bytes] = []
        first: jsonrpc.RawParams = {}
        cursor: msgspec.Raw | None = None
        async with asyncio.timeout(LIST_TIMEOUT):
            for _ in range(MAX_PAGES):
                members = await self._page(cursor)
                first = first or {key: value for key, value in members.items() if key not in {"tools", "nextCursor"}}
                raw += _definitions(members)
                cursor = members.get("nextCursor")
                if cursor is None or bytes(cursor) == b"null":
                    return Listing(await self._read_beside(raw), first, taken)
        raise InterlockError(f"the upstream's list of tools has more than {MAX_PAGES} pages")

    async def _page(self, cursor: msgspec.Raw | None) -> jsonrpc.RawParams:
        params = {"cursor": cursor} if cursor is not None else {}
        response = await self._upstream.request("tools/list", params, within=LIST_TIMEOUT)
        members = jsonrpc.open_object(response.result) if response.result is not None else None
        if members is None:
            raise InterlockError("the upstream does not list its tools")
        return members

    async def _read_beside(self, raw: Sequence[bytes]) -> Mapping[str, Listed]:
        """Read what is new of a listing; beside the loop if it is much, so that other callers need not wait."""
        fresh = sum(len(data) for data in raw if data not in self._known)
        return await asyncio.to_thread(self._read, raw) if fresh > READ_AT_ONCE else self._read(raw)

    def _read(self, raw: Sequence[bytes]) -> Mapping[str, Listed]:
        """Return the tools that can be used; what was read before, byte for byte, is not read again."""
        known = self._known
        raw = [data for data in raw if len(data) <= MAX_DEFINITION]
        try:
            parsed = [known[data].definition if data in known else _parse(data) for data in raw]
            flawed = flaws(parsed)
            usable = [
                (data, definition)
                for index, (data, definition) in enumerate(zip(raw, parsed, strict=True))
                if index not in flawed
            ]
            self._known = {data: known.get(data) or self._listed(definition) for data, definition in usable}
        except (canon.ParseError, canon.EncodeError) as error:
            raise InterlockError(f"the upstream's list of tools is malformed: {error}") from None
        return {tool.name: tool for tool in self._known.values()}

    def _listed(self, definition: Mapping[str, Any]) -> Listed:
        return Listed(definition["name"], definition_digest(definition), definition, self._classify(definition))


def _parse(raw: bytes) -> Mapping[str, Any]:
    definition = canon.parse(raw)
    if not isinstance(definition, dict):
        raise InterlockError("the upstream lists a tool that is no object")
    return definition


def _definitions(members: jsonrpc.RawParams) -> list[bytes]:
    try:
        definitions = msgspec.json.decode(members.get("tools", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise InterlockError(f"the upstream's list of tools is malformed: {error}") from None
    return [bytes(definition) for definition in definitions]


Connect = Callable[[], Awaitable[Upstream]]
