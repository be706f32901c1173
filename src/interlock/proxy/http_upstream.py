"""An upstream behind a URL: streamable HTTP of either era, over the one pooled client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from interlock.core.errors import Fault, InterlockError
from interlock.net.client import HttpClient
from interlock.net.connection import Response as HttpResponse
from interlock.net.errors import NetFailed
from interlock.net.sse import Parser
from interlock.net.url import UpstreamUrl
from interlock.proxy.upstream import Introduction, Lost, Notice, TimedOut, Unsent
from interlock.wire import handshake, jsonrpc
from interlock.wire.dialects import routing_headers
from interlock.wire.versions import LATEST_MODERN, Era

_ACCEPT = ("Accept", "application/json, text/event-stream")
_JSON = ("Content-Type", "application/json")
_SESSION = "mcp-session-id"
_OK = range(200, 300)
_CLIENT_FAULTS = range(400, 500)
_GONE = 404
_END_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an upstream is. ``headers`` gives the configured headers, secrets in the open, for one request.

    ``lane`` keeps connections apart that isolation wants apart; ``limit`` bounds an answer, in bytes.
    """

    url: UpstreamUrl
    headers: Callable[[], Mapping[str, str]]
    lane: str
    limit: int


class HttpUpstream:
    """An upstream that has been introduced."""

    def __init__(self, client: HttpClient, endpoint: Endpoint) -> None:
        self.introduction = Introduction("", Era.LEGACY, {})
        self.on_event: Notice = _ignore
        self.alive = True
        self._client = client
        self._endpoint = endpoint
        self._session: str | None = None
        self._next_id = 0
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, client: HttpClient, endpoint: Endpoint, protocol: str, within: float) -> HttpUpstream:
        """Introduce ourselves: by ``server/discover``, else by ``initialize``.

        Raises:
            Unsent: it cannot be reached or does not introduce itself in time.

        """
        upstream = cls(client, endpoint)
        try:
            async with asyncio.timeout(within):
                upstream.introduction = await upstream.introduce(protocol)
        except (Fault, TimeoutError) as error:
            raise Unsent(f"the server does not introduce itself: {str(error) or 'it took too long'}") from None
        return upstream

    async def introduce(self, protocol: str) -> Introduction:
        """Find out how the server speaks."""
        if protocol != "legacy":
            self.introduction = Introduction(LATEST_MODERN, Era.MODERN, {})
            response = await self._exchange("server/discover", handshake.modern_params({}), 3600.0, None)
            version = handshake.discovered_version(response)
            if version is not None and response.result is not None:
                return Introduction(version, Era.MODERN, jsonrpc.open_object(response.result) or {})
            if protocol == "modern":
                raise InterlockError("it does not answer server/discover")
        self.introduction = Introduction("", Era.LEGACY, {})
        response = await self._exchange("initialize", handshake.initialize_params(), 3600.0, None)
        version = handshake.initialized_version(response)
        if version is None or response.result is None:
            raise InterlockError("it speaks no protocol revision that Interlock speaks")
        self.introduction = Introduction(version, Era.LEGACY, jsonrpc.open_object(response.result) or {})
        await self.notify("notifications/initialized", {})
        self._spawn(self._listen())
        return self.introduction

    async def request(
        self, method: str, params: jsonrpc.RawParams, *, within: float, on_notice: Notice | None = None
    ) -> jsonrpc.Response:
        """Send a request and return its answer."""
        return await self._exchange(method, handshake.outgoing(self.introduction.era, params), within, on_notice)

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification; the modern era has none from clients."""
        if self.introduction.era is Era.LEGACY:
            body = jsonrpc.notification(method, params)
            try:
                response = await self._client.send(
                    "POST", self._endpoint.url, self._headers(method, {}), body, lane=self._endpoint.lane
                )
                await response.read()
            except Fault:
                return

    async def close(self) -> None:
        """End the session, if the server keeps one."""
        self.alive = False
        for task in self._background:
            task.cancel()
        if self._session is None:
            return
        headers = [*self._endpoint.headers().items(), ("Mcp-Session-Id", self._session)]
        try:
            async with asyncio.timeout(1.0):
                response = await self._client.send("DELETE", self._endpoint.url, headers, lane=self._endpoint.lane)
                response.close()
        except (Fault, TimeoutError):
            return

    def _headers(self, method: str, params: Mapping[str, Any]) -> list[tuple[str, str]]:
        headers = [_JSON, _ACCEPT, *self._endpoint.headers().items()]
        if self.introduction.era is Era.MODERN:
            return headers + routing_headers(method, params, self.introduction.version)
        if self.introduction.version:
            headers.append(("MCP-Protocol-Version", self.introduction.version))
        if self._session is not None:
            headers.append(("Mcp-Session-Id", self._session))
        return headers

    async def _exchange(
        self, method: str, params: jsonrpc.RawParams, within: float, on_notice: Notice | None
    ) -> jsonrpc.Response:
        self._next_id += 1
        identifier = self._next_id
        if on_notice is not None:
            params = handshake.with_progress_token(params, identifier)
        named: dict[str, Any] = {key: msgspec.json.decode(params[key]) for key in ("name", "uri") if key in params}
        body = jsonrpc.request(identifier, method, params)
        try:
            async with asyncio.timeout(within):
                return await self._post(body, self._headers(method, named), identifier, on_notice)
        except TimeoutError:
            self._cancel(identifier)
            raise TimedOut(f"the server did not answer within {within:g} s") from None
        except asyncio.CancelledError:
            self._cancel(identifier)
            raise
        except NetFailed as error:
            raise (Lost if error.may_have_happened else Unsent)(error.what, error.then) from None

    async def _post(
        self, body: bytes, headers: list[tuple[str, str]], identifier: int, on_notice: Notice | None
    ) -> jsonrpc.Response:
        endpoint = self._endpoint
        response = await self._client.send("POST", endpoint.url, headers, body, lane=endpoint.lane)
        with ExitStack() as unless_answered:
            unless_answered.callback(response.close)
            if response.status == _GONE and self._session is not None:
                self.alive = False
            session = response.headers.get(_SESSION)
            if session is not None and self.introduction.era is Era.LEGACY and self._session is None:
                self._session = session
            if not _streams(response):
                return _read_json(response.status, await response.read(endpoint.limit), identifier)
            answer = await self._read_events(response, identifier, on_notice)
            unless_answered.pop_all()
        self._spawn(_let_end(response))
        return answer

    async def _read_events(self, response: HttpResponse, identifier: int, on_notice: Notice | None) -> jsonrpc.Response:
        async for message in _events(response, self._endpoint.limit):
            if isinstance(message, jsonrpc.Response) and message.id == identifier:
                return message
            if isinstance(message, jsonrpc.Notification):
                mine = message.params.get("progressToken") == identifier and on_notice is not None
                (on_notice if mine and on_notice else self.on_event)(message.method, message.raw)
        raise Lost("the server closed its stream before it answered")

    async def _listen(self) -> None:
        """Hear what a legacy server tells between requests; one that offers no such stream tells nothing."""
        headers = [("Accept", "text/event-stream"), *self._headers("", {})[2:]]
        with suppress(Fault):
            response = await self._client.send("GET", self._endpoint.url, headers, lane=f"{self._endpoint.lane} events")
            async with response:
                if _streams(response):
                    async for message in _events(response, self._endpoint.limit):
                        if isinstance(message, jsonrpc.Notification):
                            self.on_event(message.method, message.raw)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _cancel(self, identifier: int) -> None:
        """Cancel a request: the modern era by the closed stream, the legacy one by saying so."""
        self._spawn(self.notify("notifications/cancelled", {"requestId": identifier, "reason": "cancelled"}))


def _streams(response: HttpResponse) -> bool:
    kind = (response.headers.get("content-type") or "").partition(";")[0].strip().lower()
    return kind == "text/event-stream" and response.status in _OK


async def _events(response: HttpResponse, limit: int) -> AsyncIterator[jsonrpc.Message]:
    """Yield the messages of a stream; what is no message is passed over."""
    parser = Parser(limit=limit)
    async for chunk in response.stream():
        for event in parser.feed(chunk):
            message = jsonrpc.parse_answer(event.data) if event.data else None
            if message is not None and not isinstance(message, jsonrpc.Rejection):
                yield message


async def _let_end(response: HttpResponse) -> None:
    """Give an answered stream a moment to end by itself: then its connection can be used again."""
    with suppress(Fault, TimeoutError):
        async with response, asyncio.timeout(_END_SECONDS):
            async for _ in response.stream():
                pass


def _read_json(status: int, body: bytes, identifier: int) -> jsonrpc.Response:
    message = jsonrpc.parse_answer(body) if body else None
    if isinstance(message, jsonrpc.Response) and (message.id == identifier or message.error is not None):
        return message
    if status in _CLIENT_FAULTS:
        refused = {"code": jsonrpc.UPSTREAM_FAILED, "message": f"The upstream answered HTTP {status}"}
        return jsonrpc.Response(identifier, None, refused)
    raise Lost(f"the server answered HTTP {status} and no JSON-RPC response")


def _ignore(method: str, params: Mapping[str, msgspec.Raw]) -> None:
    del method, params
