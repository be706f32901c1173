"""One HTTP/1.1 connection to an upstream: one exchange at a time, parsed by httptools.

An own protocol because this is the data path: a pooled exchange costs a few dozen microseconds here and
about a millisecond in the general clients (docs/adr/0004). What it never does is send twice.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, cast

import httptools

from interlock.net.errors import NetFailed, ResponseFailed, SendFailed, TooLarge
from interlock.net.http1 import Headers

_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """Bounds of the client.

    ``connections`` is per origin and lane; ``buffer_bytes`` is what an unread body may hold in memory
    before the upstream is made to wait; ``body_bytes`` is ``read``'s default.
    """

    connections: int = 32
    queue_seconds: float = 30.0
    connect_seconds: float = 5.0
    header_seconds: float = 60.0
    idle_seconds: float = 30.0
    header_bytes: int = 64 << 10
    body_bytes: int = 16 << 20
    buffer_bytes: int = 256 << 10


class Home(Protocol):
    """Where a connection goes when its exchange is over."""

    def freed(self, connection: Connection) -> None:
        """Take back a connection whose exchange is over; it may be unusable."""

    def gone(self, connection: Connection) -> None:
        """Learn that a connection is closed."""


class Body:
    """The bytes of one response, between the connection that gets them and the one task that reads them."""

    __slots__ = ("_chunks", "_connection", "_failure", "_over", "_size", "_waiter")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._failure: NetFailed | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def held(self) -> int:
        """How many bytes arrived and were not taken yet."""
        return self._size

    def put(self, chunk: bytes) -> None:
        """Add bytes that arrived."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._wake()

    def end(self, failure: NetFailed | None = None) -> None:
        """Mark the body whole, or cut short by ``failure``."""
        if not self._over:
            self._over = True
            self._failure = failure
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> bytes:
        """Return the next bytes, ``b""`` at the end. Raises the failure that cut the body short."""
        while not self._chunks:
            if self._failure is not None:
                raise self._failure
            if self._over:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        self._connection.drained(self)
        return chunk

    def close(self) -> None:
        """Forget what is held, and drop the connection if the body is not complete."""
        self._chunks.clear()
        self._size = 0
        self._connection.drop(self)
        self.end(ResponseFailed("the response was closed before it was read"))


class Response:
    """A response whose head has arrived. ``status`` 3xx is returned like any other: no redirect is followed."""

    __slots__ = ("_body", "_limit", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: Body, limit: int) -> None:
        self.status = status
        self.headers = headers
        self._body = body
        self._limit = limit

    async def read(self, limit: int | None = None) -> bytes:
        """Return the whole body. Raises TooLarge past ``limit`` bytes, ResponseFailed when it is cut short."""
        most = self._limit if limit is None else limit
        chunks = []
        size = 0
        while chunk := await self._body.take():
            size += len(chunk)
            if size > most:
                self.close()
                raise TooLarge(f"the response body passed {most} bytes", "raise the limit if this upstream may")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; a slow reader makes the upstream wait. Raises ResponseFailed."""
        while chunk := await self._body.take():
            yield chunk

    def close(self) -> None:
        """Let go. A response not yet complete takes its connection with it: that is how a call is cancelled."""
        self._body.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Unasked(Exception):
    """The upstream began a response nobody asked for."""


class Connection(asyncio.Protocol):
    """A connection in the pool's sense: idle, or busy with exactly one exchange."""

    def __init__(self, limits: ClientLimits, home: Home) -> None:
        self._limits = limits
        self._home = home
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._paused = False
        self._unsent = False
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._begin_nothing()

    def _begin_nothing(self) -> None:
        self._ready: asyncio.Future[Response] | None = None
        self._body: Body | None = None
        self._pairs: list[tuple[str, str]] = []
        self._overhead = 0
        self._refusal: NetFailed | None = None
        self._bodyless = False
        self._complete = False
        self._keep = False
        self._until_close = False

    # --- used by the pool and the client ---

    @property
    def closing(self) -> bool:
        """Whether it is known to be closed or closing."""
        return self._transport is None or self._transport.is_closing()

    def usable(self) -> bool:
        """Whether a request may be written: open, and nothing (not even an end) is waiting to be read.

        The kernel is asked, as the loop may not have got round to reading a close that has arrived: a
        request written onto it would be unsettled for nothing.
        """
        return not self.closing and not self._poll.poll(0)

    def shut(self, failure: NetFailed | None = None) -> None:
        """Close at once; a running exchange fails with ``failure``."""
        if self._busy:
            self._fail(failure or ResponseFailed("the connection was shut"))
        elif self._transport is not None:
            self._transport.abort()

    async def exchange(self, request: bytes, *, bodyless: bool) -> Response:
        """Write one request and return its response once the head is in. The connection must be usable.

        Raises SendFailed, ResponseFailed. Cancelled, it drops the connection.
        """
        ready = self._start(request, bodyless=bodyless)
        try:
            return await ready
        except asyncio.CancelledError:
            if ready.cancelled() or not ready.done():
                self.drop(ready)
            elif ready.exception() is None:  # answered and cancelled in the same turn of the loop
                ready.result().close()
            raise

    def _start(self, request: bytes, *, bodyless: bool) -> asyncio.Future[Response]:
        transport = cast("asyncio.Transport", self._transport)
        ready: asyncio.Future[Response] = self._loop.create_future()
        self._ready = ready
        self._bodyless = bodyless
        self._arm(self._limits.header_seconds)
        transport.write(request)
        return ready

    def drop(self, holder: Body | asyncio.Future[Response]) -> None:
        """Abandon the exchange of ``holder`` if it is still the one running here."""
        if holder is self._ready or holder is self._body:
            self._settle(reusable=False)

    def drained(self, body: Body) -> None:
        """Let the upstream go on when the reader has caught up."""
        if self._paused and body is self._body and body.held <= self._limits.buffer_bytes // 2:
            self._resume()

    # --- asyncio's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        # Told of every unsent byte: a broken connection then says whether all of the request had left.
        # (1, not 0: asyncio's TLS transport takes 0 for "always full".)
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def pause_writing(self) -> None:
        """Learn that a part of the request is still here."""
        self._unsent = True

    def resume_writing(self) -> None:
        """Learn that all of the request has left."""
        self._unsent = False

    def data_received(self, data: bytes) -> None:
        """Parse what came, then draw the one conclusion it allows."""
        if not self._busy:  # nobody asked
            self.shut()
            return
        self._overhead += len(data)
        whole = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            whole = False
        if self._complete:
            self._settle(reusable=whole and self._keep and not self._unsent)
        elif self._refusal is not None:
            self._fail(self._refusal)
        elif not whole:
            self._fail(ResponseFailed("the upstream's answer is not well-formed HTTP", "report it to its owner"))
        elif self._overhead > self._limits.header_bytes:
            self._fail(self._head_too_large())
        elif self._body is not None and self._body.held > self._limits.buffer_bytes and not self._paused:
            self._paused = True
            cast("asyncio.Transport", self._transport).pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the running exchange: whole only if the close is how its body ends."""
        if self._busy:
            if self._until_close and exc is None:
                self._on_end()
                self._settle(reusable=False)
            elif self._unsent:
                self._fail(SendFailed("the upstream closed the connection while the request was being sent"))
            else:
                self._fail(ResponseFailed("the upstream closed the connection before its answer was complete"))
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._home.gone(self)
        if not self.closed.done():
            self.closed.set_result(None)

    # --- httptools' side; the names are its own ---

    def on_message_begin(self) -> None:
        """Refuse a second response to one request."""
        if self._complete:
            raise _Unasked
        self._pairs = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header; a trailer is counted and let go."""
        if self._body is None and not self._complete:
            self._pairs.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Hand out the response, unless it is an interim one."""
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            if status == _SWITCHING_PROTOCOLS:
                raise _Unasked
            return
        if sum(len(name) + len(value) + 4 for name, value in self._pairs) > self._limits.header_bytes:
            self._refusal = self._head_too_large()
            return
        headers = Headers(tuple(self._pairs))
        self._overhead = 0
        self._deadline = None
        self._body = Body(self)
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(Response(status, headers, self._body, self._limits.body_bytes))
        # With neither a length nor a last coding of chunked, the close is the end (RFC 9112 section 6.3).
        codings = headers.get("transfer-encoding")
        self._until_close = (
            headers.get("content-length") is None
            if codings is None
            else not codings.lower().rstrip().endswith("chunked")
        )
        if self._bodyless:  # HEAD: httptools would wait for the body the headers describe
            self._on_end()

    def on_body(self, data: bytes) -> None:
        """Pass body bytes to the reader."""
        if self._body is not None and not self._complete:
            self._overhead = 0
            self._body.put(data)

    def on_message_complete(self) -> None:
        """End the body of a final response."""
        if self._body is not None and not self._complete:
            self._keep = not self._bodyless and self._parser.should_keep_alive()
            self._on_end()

    # --- the exchange's end ---

    @property
    def _busy(self) -> bool:
        return self._ready is not None

    def _on_end(self) -> None:
        self._complete = True
        if self._body is not None:
            self._body.end()

    def _head_too_large(self) -> NetFailed:
        return TooLarge(f"the response headers passed {self._limits.header_bytes} bytes", "report it to its owner")

    def _fail(self, failure: NetFailed) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(failure)
        if self._body is not None:
            self._body.end(failure)
        self._settle(reusable=False)

    def _settle(self, *, reusable: bool) -> None:
        self._begin_nothing()
        self._deadline = None
        if not reusable:
            if self._transport is not None:
                self._transport.abort()
        else:
            self._arm(self._limits.idle_seconds)
            if self._paused:
                self._resume()
        self._home.freed(self)

    def _resume(self) -> None:
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- one lazy timer: a deadline moves at every exchange, the timer only when it has to come sooner ---

    def _arm(self, seconds: float) -> None:
        self._deadline = when = self._loop.time() + seconds
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._tick)
        elif self._busy:
            self._fail(ResponseFailed(f"no answer within {self._limits.header_seconds:g} s"))
        else:
            self.shut()
