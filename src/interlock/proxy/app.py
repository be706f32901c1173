"""The gateway as an ASGI application: who may knock, and at which door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from interlock.core.errors import CallerError
from interlock.core.words import Caller
from interlock.proxy.door import Door
from interlock.proxy.exchange import Exchange, Receive, Scope, Send
from interlock.proxy.pool import ServerSpec
from interlock.proxy.ports import Authority, WebRequest, WebResponse

_SERVER_PATH = re.compile(r"/servers/([^/]+)/mcp")
_MAX_WEB_BODY = 64 << 10
_NOT_FOUND = b'{"error":"not_found"}'


@dataclass(frozen=True, slots=True)
class Threshold:
    """Which ``Host`` and ``Origin`` may knock: ours, and those the operator added. Lower case, with port."""

    hosts: frozenset[str]
    origins: frozenset[str]

    def refuses(self, exchange: Exchange) -> bool:
        """Whether a request comes under a name that is not ours (DNS rebinding), or from a foreign page."""
        host = exchange.header("host")
        if host is None or host.lower() not in self.hosts:
            return True
        said = [value.lower() for name, value in exchange.headers if name == "origin"]
        return any(origin not in self.origins for origin in said) or len(said) > 1


@dataclass(slots=True)
class Gateway:
    """The application. ``servers`` maps a server's name to what is known of it."""

    threshold: Threshold
    authority: Authority
    door: Door
    servers: Mapping[str, ServerSpec]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        if scope["type"] != "http":
            raise CallerError(f"{scope['type']} is not served")
        exchange = Exchange(scope, receive, send)
        if self.threshold.refuses(exchange):
            await exchange.answer(421, b'{"error":"misdirected_request"}')
            return
        if exchange.path == "/healthz":
            await exchange.answer(200, b'{"status":"ok"}')
            return
        match = _SERVER_PATH.fullmatch(exchange.path)
        if match is not None:
            await self._serve(exchange, match[1])
            return
        await self._web(exchange)

    async def _serve(self, exchange: Exchange, name: str) -> None:
        caller = self.authority.authenticate(exchange.header("authorization"), name)
        if not isinstance(caller, Caller):
            body = WebResponse(caller.status, {"WWW-Authenticate": caller.header})
            await exchange.answer(body.status, b'{"error":"unauthorized"}', list(body.headers.items()))
            return
        caller = replace(caller, machine=exchange.peer)
        spec = self.servers.get(name)
        if spec is None or spec.entry.tenant != caller.tenant:
            await exchange.answer(404, _NOT_FOUND)
            return
        await self.door.serve(exchange, caller, spec)

    async def _web(self, exchange: Exchange) -> None:
        try:
            body = await exchange.body(_MAX_WEB_BODY)
        except CallerError:
            await exchange.answer(413)
            return
        headers = dict(exchange.headers)
        request = WebRequest(exchange.method, exchange.path, exchange.query, headers, body)
        response = await self.authority.respond(request)
        if response is None:
            await exchange.answer(404, _NOT_FOUND)
            return
        await exchange.answer(response.status, response.body, list(response.headers.items()))


def threshold(listen: tuple[str, int], resource: str, hosts: tuple[str, ...], origins: tuple[str, ...]) -> Threshold:
    """Return the threshold of a gateway that listens there and is known as ``resource``."""
    host, port = listen
    names = {f"{name}:{port}" for name in (host if ":" not in host else f"[{host}]", "127.0.0.1", "localhost", "[::1]")}
    public = urlsplit(resource)
    ours = names | {public.netloc.lower()} | {name.lower() for name in hosts}
    schemes = {f"http://{name}" for name in names} | {f"{public.scheme}://{public.netloc}".lower()}
    return Threshold(frozenset(ours), frozenset(schemes | {origin.lower() for origin in origins}))
