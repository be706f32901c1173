"""A stdio face for clients that only start commands: a client of the gateway, and of nothing else.

It decides nothing and keeps nothing. What a client writes on standard input is posted to the gateway; what
the gateway answers is written to standard output.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from interlock.core.errors import Fault
from interlock.net.client import HttpClient
from interlock.net.connection import Response as HttpResponse
from interlock.net.sse import Parser
from interlock.net.url import UpstreamUrl
from interlock.wire import jsonrpc, meta
from interlock.wire.dialects import routing_headers

_OK = range(200, 300)
_ACCEPTED = 202
_NO_SESSION = 404
_INITIALIZE = "initialize"
_LISTEN_AGAIN_SECONDS = 1.0


class Pipe(Protocol):
    """Where the client is: lines in, lines out."""

    def lines(self) -> AsyncIterator[bytes]:
        """Yield each line the client writes, without its end, until it stops."""

    async def write(self, line: bytes) -> None:
        """Write one line to the client."""


class Shim:
    """One client on a pipe. ``token`` gives a token that is good now; ``limit`` bounds a message, in bytes."""

    def __init__(self, client: HttpClient, url: UpstreamUrl, token: Callable[[], str], pipe: Pipe, limit: int) -> None:
        self._client = client
        self._url = url
        self._token = token
        self._pipe = pipe
        self._limit = limit
        self._session: str | None = None
        self._version: str | None = None
        self._hello: bytes | None = None
        self._beginning = asyncio.Lock()
        self._running: dict[jsonrpc.Id, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the client until it stops writing; what it has asked for until then is still answered."""
        try:
            async for line in self._pipe.lines():
                await self._take(line)
            if self._running:
                await asyncio.wait(list(self._running.values()))
        finally:
            for task in (*self._running.values(), *self._others):
                task.cancel()
            await self._leave()

    async def _take(self, line: bytes) -> None:
        message = jsonrpc.parse(line)
        if isinstance(message, jsonrpc.Rejection):
            await self._pipe.write(jsonrpc.rejected(message))
        elif isinstance(message, jsonrpc.Request):
            task = asyncio.create_task(self._ask(message, line))
            self._running[message.id] = task
            task.add_done_callback(lambda _: self._running.pop(message.id, None))
            if message.method == _INITIALIZE:
                self._hello = line
                await task
        elif isinstance(message, jsonrpc.Notification):
            await self._tell(message, line)

    async def _tell(self, message: jsonrpc.Notification, line: bytes) -> None:
        """Pass a notification on. The modern era cancels by hanging up, so that is what is done for it."""
        if message.method == "notifications/cancelled" and self._session is None:
            request_id = message.params.get("requestId")
            running = self._running.get(request_id) if isinstance(request_id, str | int) else None
            if running is not None:
                running.cancel()
            return
        with suppress(Fault):
            response = await self._post(line, [])
            response.close()
        if message.method == "notifications/initialized":
            listening = asyncio.create_task(self._listen())
            self._others.add(listening)
            listening.add_done_callback(self._others.discard)

    async def _ask(self, request: jsonrpc.Request, line: bytes) -> None:
        version = request.meta.get(meta.VERSION)
        headers = routing_headers(request.method, request.params, version) if isinstance(version, str) else []
        try:
            session = self._session
            response = await self._post(line, headers)
            if response.status == _NO_SESSION and request.method != _INITIALIZE and await self._begin_again(session):
                response.close()
                response = await self._post(line, headers)
            async with response:
                answered = await self._answer(request, response)
            why = "the gateway gave no answer"
        except Fault as fault:
            answered, why = False, fault.what
        if not answered:
            await self._pipe.write(jsonrpc.error(request.id, jsonrpc.UPSTREAM_FAILED, f"Interlock: {why}"))

    async def _begin_again(self, ended: str | None) -> bool:
        """Open another session in place of one the gateway knows no more; whether there is one.

        Nothing was performed for a request whose session is unknown, so it can be sent once more.
        """
        async with self._beginning:
            if ended is None or self._session != ended or self._hello is None:
                return self._session is not None and self._session != ended
            self._session = self._version = None
            async with await self._post(self._hello, []) as response:
                begun = self._remember(response.headers.get("mcp-session-id"), await response.read(self._limit))
            if not begun:
                return False
            response = await self._post(jsonrpc.notification("notifications/initialized", {}), [])
            response.close()
            return True

    def _remember(self, session: str | None, body: bytes) -> bool:
        """Keep what ``initialize`` was answered with; whether a session has begun."""
        message = jsonrpc.parse(body) if body else None
        if isinstance(message, jsonrpc.Response) and message.result is not None:
            self._session = session
            said = (jsonrpc.open_object(message.result) or {}).get("protocolVersion")
            self._version = bytes(said).decode().strip('"') if said is not None else None
        return self._session is not None

    async def _answer(self, request: jsonrpc.Request, response: HttpResponse) -> bool:
        """Write what the gateway says to the client; whether that was an answer."""
        kind = (response.headers.get("content-type") or "").partition(";")[0].strip()
        if kind == "text/event-stream":
            answered = False
            parser = Parser(limit=self._limit)
            async for chunk in response.stream():
                for event in parser.feed(chunk):
                    answered = answered or isinstance(jsonrpc.parse(event.data), jsonrpc.Response)
                    await self._pipe.write(event.data)
            return answered
        body = await response.read(self._limit)
        message = jsonrpc.parse(body) if body else None
        if not isinstance(message, jsonrpc.Response):
            return response.status == _ACCEPTED
        if request.method == _INITIALIZE:
            self._remember(response.headers.get("mcp-session-id"), body)
        await self._pipe.write(body)
        return True

    async def _listen(self) -> None:
        """Follow what the gateway tells a legacy session between its requests."""
        while self._session is not None:
            with suppress(Fault):
                response = await self._client.send("GET", self._url, self._headers("text/event-stream", []))
                async with response:
                    if response.status not in _OK:
                        return
                    parser = Parser(limit=self._limit)
                    async for chunk in response.stream():
                        for event in parser.feed(chunk):
                            await self._pipe.write(event.data)
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)

    async def _post(self, body: bytes, headers: list[tuple[str, str]]) -> HttpResponse:
        lines = self._headers("application/json, text/event-stream", headers)
        return await self._client.send("POST", self._url, [*lines, ("Content-Type", "application/json")], body)

    def _headers(self, accept: str, extra: list[tuple[str, str]]) -> list[tuple[str, str]]:
        headers = [("Accept", accept), ("Authorization", f"Bearer {self._token()}"), *extra]
        if self._session is not None:
            headers.append(("Mcp-Session-Id", self._session))
            if self._version is not None:
                headers.append(("MCP-Protocol-Version", self._version))
        return headers

    async def _leave(self) -> None:
        if self._session is not None:
            with suppress(Fault, TimeoutError):
                async with asyncio.timeout(1.0):
                    response = await self._client.send("DELETE", self._url, self._headers("application/json", []))
                    response.close()
