"""The composition root: rooms that may not know each other are handed to each other here."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from interlock.classify import classify, refine
from interlock.cli import keys
from interlock.cli.entries import entry_of
from interlock.core.approval import Deadlines
from interlock.core.errors import OperatorError
from interlock.core.requests import Credential
from interlock.core.words import Caller, Tool, ToolClass
from interlock.identity.challenge import ResourceMetadata, challenge
from interlock.identity.development import DevelopmentIssuer, DevelopmentSettings, issuer_of
from interlock.identity.keys import load_key
from interlock.identity.lend import resolve
from interlock.identity.resources import locate
from interlock.identity.tokens import Verifier
from interlock.identity.words import HttpRequest, HttpResponse, Refusal, RefusalCode
from interlock.net.client import HttpClient
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.url import parse_upstream_url
from interlock.proxy.app import Gateway, threshold
from interlock.proxy.children import ChildSpec
from interlock.proxy.door import Door
from interlock.proxy.hands import Means
from interlock.proxy.http_upstream import Endpoint, HttpUpstream
from interlock.proxy.pool import Key, Pool, ServerSpec
from interlock.proxy.ports import Challenge, Judge, Store, WebRequest, WebResponse
from interlock.proxy.sessions import Sessions
from interlock.proxy.stdio_upstream import StdioUpstream
from interlock.proxy.upstream import Lister, Upstream
from interlock.settings import Settings
from interlock.settings.types import FromEnvironment, FromFile, HttpServer, Literal, StdioServer, Value

START_SECONDS = 60.0
"""How long a server may take to start and introduce itself: a first ``npx`` fetches its package."""

Server = StdioServer | HttpServer


@dataclass(frozen=True, slots=True)
class Classifier:
    """The classify room, as the data path asks it."""

    def classify(self, server: str, definition: Mapping[str, Any]) -> ToolClass:
        """Return a tool's class."""
        return classify(server, definition)

    def refine(self, tool: Tool, arguments: Mapping[str, Any]) -> ToolClass:
        """Return the class of a call."""
        return refine(tool.tool_class, tool.definition, arguments, server=tool.server)


@dataclass(frozen=True, slots=True)
class Lender:
    """Lends the static secrets that the configuration refers to."""

    servers: Mapping[str, Server]

    def lend(self, server: str) -> Credential:
        """Return a handle; raises OperatorError if a secret cannot be had now."""
        names = [name for name, value in _values_of(self.servers[server]).items() if not isinstance(value, Literal)]
        self.values(server)
        return Credential(f"lend-{secrets.token_hex(8)}", "static" if names else "none", ", ".join(names))

    def values(self, server: str) -> Mapping[str, str]:
        """Return the environment or headers of a server, secrets in the open."""
        return {name: _open(value) for name, value in _values_of(self.servers[server]).items()}


class Authority:
    """The identity room, as the data path asks it: bearer tokens of one issuer, and its metadata."""

    def __init__(self, settings: Settings) -> None:
        if not settings.identity.development_issuer:
            raise OperatorError(
                f"{settings.path}: nobody can call: there is no issuer of tokens", "set identity.development_issuer"
            )
        base = settings.gateway.resource
        key = load_key(keys.issuer_path(settings))
        tenants = {name: server.tenant for name, server in settings.servers.items()}
        self._resources = locate(base)
        self._verifier = Verifier(issuer_of(base), key.public_keys(), self._resources.audiences, time.time)
        self._metadata = ResourceMetadata(self._resources, [issuer_of(base)])
        defaults = DevelopmentSettings(base_url=base, default_tenant=next(iter(tenants.values()), "default"))
        self._issuer = DevelopmentIssuer(defaults, key, tenants.get, time.time)

    def authenticate(self, authorization: str | None, server: str) -> Caller | Challenge:
        """Return the caller behind a bearer token, or the challenge to answer with (RFC 6750)."""
        resource = self._resources.server(server)
        metadata = self._resources.metadata_url(resource)
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return Challenge(401, challenge(metadata), "no bearer token")
        caller = self._verifier.verify(token.strip(), resource)
        if isinstance(caller, Refusal):
            status = 403 if caller.code is RefusalCode.INSUFFICIENT_SCOPE else 401
            return Challenge(status, challenge(metadata, caller), caller.description)
        return caller

    async def respond(self, request: WebRequest) -> WebResponse | None:
        """Answer a request for resource metadata or to the development issuer."""
        asked = HttpRequest(request.method, request.path, request.query, request.headers, request.body)
        response: HttpResponse | None = self._metadata.respond(asked) or await self._issuer.respond(asked)
        return WebResponse(response.status, response.headers, response.body) if response else None


@dataclass(frozen=True, slots=True)
class Connector:
    """Makes connections to the configured servers."""

    settings: Settings
    client: HttpClient
    lender: Lender

    def spec(self, server: Server) -> ServerSpec:
        """Return what the data path knows of a server."""

        async def connect(key: Key) -> Upstream:
            return await self.connect(server, key)

        return ServerSpec(
            entry=entry_of(server),
            isolation=server.isolation.value,
            max_age=server.max_age,
            call_timeout=server.call_timeout,
            connect=connect,
            classify=lambda definition: classify(server.name, definition),
        )

    async def connect(self, server: Server, key: Key) -> Upstream:
        """Return a new connection, introduced; raises Fault if it cannot be made."""
        if isinstance(server, HttpServer):
            endpoint = Endpoint(
                parse_upstream_url(server.url),
                lambda: self.lender.values(server.name),
                "/".join(key),
                self.settings.limits.max_result_bytes,
            )
            return await HttpUpstream.start(self.client, endpoint, server.protocol.value, START_SECONDS)
        spec = ChildSpec(
            command=_command(server),
            args=server.command[1:],
            env=self.lender.values(server.name),
            cwd=str(server.cwd),
            max_line=self.settings.limits.max_result_bytes,
        )
        return await StdioUpstream.start(spec, _drop, server.protocol.value, START_SECONDS)


def http_client(settings: Settings) -> HttpClient:
    """Return the one HTTP client of a process. A call's own timeout bounds the wait for its answer."""
    longest = max((server.call_timeout for server in settings.servers.values()), default=60.0)
    limits = ClientLimits(
        connections=settings.limits.connections_per_origin,
        header_seconds=longest + 5,
        body_bytes=settings.limits.max_result_bytes,
    )
    return HttpClient(dial=Dialer(), limits=limits)


def gateway(settings: Settings, store: Store, judge: Callable[[], Judge], connector: Connector, pool: Pool) -> Gateway:
    """Return the gateway of a configuration."""
    approvals, limits = settings.approvals, settings.limits
    means = Means(
        store=store,
        classifier=Classifier(),
        lender=connector.lender,
        judge=judge,
        wait=approvals.wait,
        deadlines=Deadlines(approvals.decide_by, approvals.redeem_by),
        sticky_denial=approvals.sticky_denial,
    )
    listen = settings.gateway.listen
    return Gateway(
        threshold=threshold(
            (listen.host, listen.port), settings.gateway.resource, settings.gateway.hosts, settings.gateway.origins
        ),
        authority=Authority(settings),
        door=Door(means, pool, Sessions(limits.sessions), limits.max_request_bytes),
        servers={name: connector.spec(server) for name, server in settings.servers.items()},
    )


@asynccontextmanager
async def open_lister(settings: Settings) -> AsyncIterator[Upstreams]:
    """Open the servers for listing; every connection is ended at the end."""
    async with http_client(settings) as client:
        connector = Connector(settings, client, Lender(settings.servers))
        yield Upstreams(settings, connector.connect)


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Lists servers, each over a connection of its own."""

    settings: Settings
    connect: Callable[[Server, Key], Awaitable[Upstream]]

    async def list_tools(self, server: str) -> Sequence[Mapping[str, Any]]:
        """Return a server's definitions; raises Fault if it cannot be asked."""
        upstream = await self.connect(self.settings.servers[server], (server, "interlock"))
        try:
            listing = await Lister(upstream, lambda definition: classify(server, definition)).listing(0.0)
        finally:
            await upstream.close()
        return [listed.definition for listed in listing.tools.values()]


def _values_of(server: Server) -> Mapping[str, Value]:
    return server.headers if isinstance(server, HttpServer) else server.env


def _open(value: Value) -> str:
    if isinstance(value, Literal):
        return value.text
    reference = f"env:{value.name}" if isinstance(value, FromEnvironment) else _file_reference(value)
    return resolve(reference, os.environ)[0].reveal()


def _file_reference(value: FromFile) -> str:
    return f"file:{value.path}"


def _command(server: StdioServer) -> str:
    """Return the program: a relative path is relative to the server's working directory, never searched for."""
    program = server.command[0]
    if "/" in program and not program.startswith("/"):
        return str(server.cwd / program)
    return program


def _drop(_line: bytes) -> None:
    """Take a line of a child's standard error: it may hold anything, so it is not logged."""
