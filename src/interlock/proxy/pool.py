"""Who shares an upstream connection, and how long it lives.

The key is what isolation says (house rule "Who owns an upstream connection"); a connection is made when a
caller needs it, once however many callers of the key wait, and ended when it has been idle for long.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.core.errors import Fault, InterlockError
from interlock.core.inventory import ServerEntry
from interlock.core.words import Caller, ToolClass
from interlock.proxy.backoff import Backoff
from interlock.proxy.upstream import Lister, Notice, Unsent, Upstream
from interlock.wire import jsonrpc

IDLE_SECONDS = 600.0
SWEEP_SECONDS = 15.0
PATIENCE_SECONDS = 2.0
"""How long a call waits for a server's next try; if that is further away the call is refused."""
_LIST_CHANGED = "notifications/tools/list_changed"
_PROGRESS = "notifications/progress"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """What the data path knows of a server. Times are seconds.

    ``connect`` makes a connection for a pool key; ``entry`` is the server as the inventory keeps it.
    """

    entry: ServerEntry
    isolation: str
    max_age: float
    call_timeout: float
    connect: Callable[[Key], Awaitable[Upstream]]
    classify: Callable[[Mapping[str, Any]], ToolClass]

    @property
    def name(self) -> str:
        """The server's name."""
        return self.entry.name


class Link:
    """A connection in the pool, with its listing and whoever wants to hear of its events."""

    def __init__(self, upstream: Upstream, spec: ServerSpec) -> None:
        self.upstream = upstream
        self.lister = Lister(upstream, spec.classify)
        self.listeners: set[Notice] = set()
        self.made = self.used = time.monotonic()
        self.busy = 0
        upstream.on_event = self._hear

    def _hear(self, method: str, params: jsonrpc.RawParams) -> None:
        if method == _LIST_CHANGED:
            self.lister.expire()
        elif method == _PROGRESS:  # of a request that is over: its token is ours and could be another's at the client
            return
        for listener in tuple(self.listeners):
            listener(method, params)


class Pool:
    """Every upstream connection of this process. ``most`` bounds them; beyond it an idle one is ended."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._links: dict[Key, Link] = {}
        self._making: dict[Key, asyncio.Task[Link]] = {}
        self._arriving = 0
        self._backoff: dict[Key, tuple[Backoff, float]] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def link(self, spec: ServerSpec, key: Key) -> Link:
        """Return the live connection of this key, made if need be.

        Raises:
            Unsent: it cannot be made now.

        """
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep())
        link = self._links.get(key)
        if link is not None and link.upstream.alive:
            link.used = time.monotonic()
            return link
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(spec, key))
            making.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(making)

    async def close(self) -> None:
        """End every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._making.values()):
            task.cancel()
        if self._making:
            await asyncio.wait(list(self._making.values()))
        await self._end(list(self._links))

    async def _make(self, spec: ServerSpec, key: Key) -> Link:
        dead = self._links.get(key)
        if dead is not None:
            self._failed(key, time.monotonic() - dead.made)
            await self._end([key])
        await self._wait_for_turn(spec, key)
        await self._make_room()
        self._arriving += 1
        began = time.monotonic()
        try:
            upstream = await spec.connect(key)
        except Fault as error:
            self._failed(key, time.monotonic() - began)
            raise Unsent(error.what, error.then) from None
        finally:
            self._arriving -= 1
        link = self._links[key] = Link(upstream, spec)
        return link

    def _failed(self, key: Key, ran: float) -> None:
        backoff = self._backoff.get(key, (Backoff(), 0.0))[0].after(ran)
        self._backoff[key] = (backoff, time.monotonic() + backoff.delay(random.random))

    async def _wait_for_turn(self, spec: ServerSpec, key: Key) -> None:
        wait = self._backoff.get(key, (None, 0.0))[1] - time.monotonic()
        if wait > PATIENCE_SECONDS:
            raise Unsent(f"{spec.name} keeps failing and is tried again in {wait:.0f} s")
        await asyncio.sleep(max(0.0, wait))

    async def _make_room(self) -> None:
        while len(self._links) + self._arriving >= self._most:
            idle = [(link.used, key) for key, link in self._links.items() if not link.busy]
            if not idle:
                raise InterlockError(f"all {self._most} upstream connections are busy", "raise limits.children")
            await self._end([min(idle)[1]])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            oldest = time.monotonic() - IDLE_SECONDS
            links = self._links.items()
            await self._end([key for key, link in links if not link.busy and link.used < oldest])

    async def _end(self, keys: list[Key]) -> None:
        ended = [link for key in keys if (link := self._links.pop(key, None)) is not None]
        await asyncio.gather(*(link.upstream.close() for link in ended))


def pool_key(spec: ServerSpec, caller: Caller, session: str) -> Key:
    """Return the key of the connection this caller uses, from the narrowest sharing to the widest."""
    keys: Mapping[str, Key] = {
        "session": (spec.name, caller.tenant, caller.subject, caller.workload, session),
        "caller": (spec.name, caller.tenant, caller.subject, caller.workload),
        "tenant": (spec.name, caller.tenant),
        "shared": (spec.name,),
    }
    return keys[spec.isolation]
