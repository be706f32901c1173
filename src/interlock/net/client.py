"""The pooled HTTP/1.1 client of the data path.

It sends each request at most once. A kept connection that is seen to be closed before the first byte is
written is replaced; after that nothing is ever retried, because the call may have happened. It follows no
redirect, reads no proxy from the environment, and builds one TLS context for its whole life.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from interlock.net.connection import ClientLimits, Connection, Response
from interlock.net.dial import Dialer
from interlock.net.errors import ConnectFailed, ResponseFailed
from interlock.net.http1 import request_head
from interlock.net.url import UpstreamUrl

Key = tuple[str, str, int, bool, str]


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return a verifying client context: TLS 1.2 at least, HTTP/1.1 by ALPN, the system's authorities or ``ca_file``.

    Built by hand, as ``ssl.create_default_context`` would log session keys where SSLKEYLOGFILE says.
    Raises OSError when ``ca_file`` cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    return context


class _Origin:
    """The connections to one origin in one lane.

    A *slot* is the right to have one; it is held by a connection being dialled, a busy one, or an idle
    one, and passed on in order of arrival.
    """

    __slots__ = ("client", "idle", "key", "slots", "waiters")

    def __init__(self, client: HttpClient, key: Key) -> None:
        self.client = client
        self.key = key
        self.idle: deque[Connection] = deque()
        self.slots = 0
        self.waiters: deque[asyncio.Future[Connection | None]] = deque()

    async def acquire(self, url: UpstreamUrl) -> Connection:
        """Return a usable connection. The caller writes to it before it awaits anything. Raises ConnectFailed."""
        while self.idle:
            connection = self.idle.pop()  # the warmest
            if connection.usable():
                return connection
            self.slots -= 1
            connection.shut()
        if self.slots < self.client.limits.connections:
            self.slots += 1
        else:
            handed = await self._wait()
            if handed is not None:
                if handed.usable():
                    return handed
                handed.shut()
        return await self._dial(url)

    async def _wait(self) -> Connection | None:
        """Wait for a slot: with a connection in it, or empty. The slot is ours either way."""
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        seconds = self.client.limits.queue_seconds
        try:
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError:
            self._decline(waiter)
            raise ConnectFailed(f"every connection was busy for {seconds:g} s", "allow more connections") from None
        except asyncio.CancelledError:
            self._decline(waiter)
            raise

    def _decline(self, waiter: asyncio.Future[Connection | None]) -> None:
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            connection = waiter.result()  # handed over and given up in the same turn of the loop
            if connection is None:
                self.pass_slot()
            else:
                self.freed(connection)
        elif waiter in self.waiters:
            self.waiters.remove(waiter)

    async def _dial(self, url: UpstreamUrl) -> Connection:
        client = self.client
        connection: Connection | None = None
        try:
            connection = await client.dial.dial(
                url,
                lambda: Connection(client.limits, self),
                tls=client.tls,
                seconds=client.limits.connect_seconds,
            )
            if client.closed or connection.closing:
                connection.shut()
                connection = None
                raise ConnectFailed(f"the connection to {url.origin} closed at once", "check that the upstream is up")
            client.connections.add(connection)
        finally:
            if connection is None:
                self.pass_slot()
        return connection

    def freed(self, connection: Connection) -> None:
        """Hand a connection on, keep it, or pass its slot on when it is closing."""
        if connection.closing or self.client.closed:
            connection.shut()
            self.pass_slot()
            return
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self.idle.append(connection)

    def gone(self, connection: Connection) -> None:
        """Forget a closed connection; an idle one gives its slot back."""
        self.client.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
            self.pass_slot()

    def pass_slot(self) -> None:
        """Give an empty slot to whoever waits longest, or back."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.slots -= 1
        if not self.slots:
            self.client.origins.pop(self.key, None)


class HttpClient:
    """Sends requests over kept connections. One per process is enough; it belongs to one event loop."""

    def __init__(self, *, dial: Dialer, limits: ClientLimits, tls: ssl.SSLContext | None = None) -> None:
        self.dial = dial
        self.limits = limits
        self.tls = tls or tls_context()
        self.closed = False
        self.origins: dict[Key, _Origin] = {}
        self.connections: set[Connection] = set()

    async def send(
        self,
        method: str,
        url: UpstreamUrl,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        lane: str = "",
    ) -> Response:
        """Send one request, once; return its response when the head is in. Read or close the response.

        Connections are shared within a ``lane`` only (one per tenant, caller or session, as isolation
        demands), and never between configured and learned URLs. Raises RequestRefused and ConnectFailed
        (nothing has left), SendFailed and ResponseFailed (it may have happened).
        """
        request = request_head(method, url, headers, len(body)) + body
        if self.closed:
            raise ConnectFailed("the client is closed")
        key = (url.scheme, url.host, url.port, url.configured, lane)
        origin = self.origins.get(key)
        if origin is None:
            origin = self.origins[key] = _Origin(self, key)
        connection = await origin.acquire(url)
        return await connection.exchange(request, bodyless=method == "HEAD")

    async def aclose(self) -> None:
        """Fail what is running or waiting, and return when every connection is closed."""
        self.closed = True
        for origin in list(self.origins.values()):
            while origin.waiters:
                waiter = origin.waiters.popleft()
                if not waiter.done():
                    waiter.set_exception(ConnectFailed("the client is closed"))
        closing = [connection.closed for connection in self.connections]
        for connection in list(self.connections):
            connection.shut(ResponseFailed("the client was closed"))
        if closing:
            await asyncio.wait(closing)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
