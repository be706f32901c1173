"""One HTTP exchange over ASGI: read it within bounds, answer it as JSON or as a stream of events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from interlock.core.errors import CallerError
from interlock.net.sse import Event, encode_event

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

QUICK_SECONDS = 0.25
"""How long an answer may take before anybody watches whether the client is still there."""
PING_SECONDS = 15.0
"""Between two signs of life on a stream that has nothing to say."""

_JSON = (b"content-type", b"application/json")
_EVENTS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_PING = b": ping\n\n"


class Notices:
    """Messages on their way to a client: told from anywhere in the loop, taken by the one who streams."""

    def __init__(self, most: int = 1000) -> None:
        self._messages: deque[bytes] = deque(maxlen=most)
        self._told = asyncio.Event()

    def tell(self, message: bytes) -> None:
        """Add a message; the oldest one is dropped when nobody takes them."""
        self._messages.append(message)
        self._told.set()

    def empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._messages

    def take(self) -> list[bytes]:
        """Return what has been told since."""
        taken = list(self._messages)
        self._messages.clear()
        self._told.clear()
        return taken

    async def wait_beside(self, others: AbstractSet[asyncio.Task[Any]]) -> bool:
        """Wait for a message or for one of ``others``; whether either came before it was time for a ping."""
        told = asyncio.create_task(self._told.wait())
        done, _ = await asyncio.wait({told, *others}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        return bool(done)


class Exchange:
    """A request and the way to answer it. Header names are lower case."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: list[tuple[str, str]] = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        peer = scope.get("client")
        self.peer: str | None = peer[0] if peer else None
        self.local_port: int | None = (scope.get("server") or (None, None))[1]
        self._receive = receive
        self._send = send

    def header(self, name: str) -> str | None:
        """Return a header's one value; ``None`` if it is missing or there are several."""
        values = [value for key, value in self.headers if key == name]
        return values[0] if len(values) == 1 else None

    def accepts(self, kind: str) -> bool:
        """Whether the client takes answers of this media type."""
        said = ",".join(value for key, value in self.headers if key == "accept")
        accepted = {part.partition(";")[0].strip().lower() for part in said.split(",")}
        return not {kind, "*/*", kind.partition("/")[0] + "/*"}.isdisjoint(accepted)

    async def body(self, limit: int) -> bytes:
        """Return the request's body.

        Raises:
            CallerError: it is larger than ``limit`` bytes, or the client went away in the middle.

        """
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerError("the client went away")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise CallerError(f"the request is larger than {limit} bytes")
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def answer(self, status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()) -> None:
        """Answer at once; a body without a content type is JSON."""
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if body and not any(name == b"content-type" for name, _ in lines):
            lines.append(_JSON)
        lines.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": lines})
        await self._send({"type": "http.response.body", "body": body})

    async def gone(self) -> None:
        """Return when the client has gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def answer_with(
        self,
        work: asyncio.Task[bytes],
        notices: Notices,
        headers: Sequence[tuple[str, str]],
        *,
        keep: bool,
    ) -> None:
        """Answer with what ``work`` returns: as JSON, or as events once there is a notice or it takes long.

        When the client goes away ``work`` is cancelled, unless ``keep``: then it runs to its end unheard.
        """
        await asyncio.wait({work}, timeout=QUICK_SECONDS)
        if work.done() and notices.empty():
            await self._finish(work, headers)
            return
        gone = asyncio.create_task(self.gone())
        try:
            await self._stream(work, notices, headers, gone)
        finally:
            gone.cancel()
            if not work.done() and not keep:
                work.cancel()
        if not work.done():
            await asyncio.wait({work})

    async def _stream(
        self,
        work: asyncio.Task[bytes],
        notices: Notices,
        headers: Sequence[tuple[str, str]],
        gone: asyncio.Task[None],
    ) -> None:
        streams, begun = self.accepts("text/event-stream"), False
        while not gone.done():
            taken = notices.take()  # also when nobody wants them: what is not taken would end every wait at once
            messages = taken if streams else []
            begun = begun or (bool(messages) and await self.begin_events(headers))
            for message in messages:
                await self.event(message)
            if work.done():
                if begun and not work.cancelled():
                    await self.event(work.result(), last=True)
                elif not begun:
                    await self._finish(work, headers)
                return
            if not await notices.wait_beside({work, gone}) and streams:
                begun = begun or await self.begin_events(headers)
                await self._send({"type": "http.response.body", "body": _PING, "more_body": True})

    async def _finish(self, work: asyncio.Task[bytes], headers: Sequence[tuple[str, str]]) -> None:
        """Answer with the result; a request that was cancelled has none."""
        if work.cancelled():
            await self.answer(202, headers=headers)
        else:
            await self.answer(200, work.result(), headers)

    async def begin_events(self, headers: Sequence[tuple[str, str]] = ()) -> bool:
        """Begin a stream of events."""
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": 200, "headers": _EVENTS + lines})
        return True

    async def event(self, message: bytes, *, last: bool = False) -> None:
        """Send one message as an event."""
        await self._send({"type": "http.response.body", "body": encode_event(Event(message)), "more_body": not last})

    async def follow(self, notices: Notices) -> None:
        """Stream notices until the client goes away."""
        await self.begin_events()
        await self._send({"type": "http.response.body", "body": _PING, "more_body": True})
        gone = asyncio.create_task(self.gone())
        while not gone.done():
            for message in notices.take():
                await self.event(message)
            if not await notices.wait_beside({gone}):
                await self._send({"type": "http.response.body", "body": _PING, "more_body": True})
