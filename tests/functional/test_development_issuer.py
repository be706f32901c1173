"""The stock ``mcp`` SDK logs in at the development issuer over real HTTP, with nobody at a screen."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from interlock.core.words import Caller
from interlock.identity.challenge import ResourceMetadata, challenge
from interlock.identity.development import DevelopmentIssuer, DevelopmentSettings
from interlock.identity.keys import load_or_create_key
from interlock.identity.resources import locate
from interlock.identity.tokens import Verifier
from interlock.identity.words import HttpRequest, HttpResponse

CALLBACK = "http://localhost:1/callback"
DOCUMENT = "https://client.example/client.json"
BOUND = 20
"""Seconds; far more than any of these takes."""


class StandInGateway:
    """STAND-IN for the gateway's data path: a protected resource that answers who called, and nothing else."""

    def __init__(self, base: str, key_file: Path) -> None:
        key = load_or_create_key(key_file)
        self.resources = locate(base)
        settings = DevelopmentSettings(base_url=base)
        self.issuer = DevelopmentIssuer(settings, key, {"files": "acme"}.get, time.time, fetch=self.fetch)
        self.metadata = ResourceMetadata(self.resources, [self.issuer.issuer])
        self.verifier = Verifier(self.issuer.issuer, key.public_keys(), self.resources.audiences, time.time)
        self.seen: list[str] = []

    async def fetch(self, url: str) -> bytes:
        return json.dumps({"client_id": url, "redirect_uris": [CALLBACK]}).encode()

    def respond(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(f"{request.method} {request.path}")
        answer = self.metadata.respond(request) or asyncio.run(self.issuer.respond(request))
        return answer or self.protected(request)

    def protected(self, request: HttpRequest) -> HttpResponse:
        resource = self.resources.gateway + request.path
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        caller = self.verifier.verify(token, resource) if token else None
        if isinstance(caller, Caller):
            told = {"subject": caller.subject, "workload": caller.workload, "tenant": caller.tenant}
            return HttpResponse(200, {}, json.dumps({**told, "audience": caller.audience}).encode())
        return HttpResponse(401, {"WWW-Authenticate": challenge(self.resources.metadata_url(resource), caller)})


@contextmanager
def serving(key_file: Path) -> Iterator[StandInGateway]:
    class Handler(BaseHTTPRequestHandler):
        timeout = BOUND

        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = gateway.respond(HttpRequest(self.command, path, query, headers, body))
            self.send_response(response.status)
            for name, value in {**response.headers, "Content-Length": str(len(response.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = answer  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway = StandInGateway(f"http://127.0.0.1:{server.server_port}", key_file)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join(BOUND)


class Memory:
    """What a client keeps between runs."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def provider_for(url: str, memory: Memory, document: str | None = None) -> OAuthClientProvider:
    landed: list[dict[str, str]] = []

    async def browse(authorize_url: str) -> None:
        """Do what a browser would, up to the redirect to the client's own listener."""
        async with httpx2.AsyncClient(timeout=BOUND) as browser:
            answer = await browser.get(authorize_url)
        assert answer.status_code == 302
        location = answer.headers["location"]
        assert location.startswith(CALLBACK + "?")
        landed.append(dict(parse_qsl(urlsplit(location).query)))

    async def listen() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**landed.pop())

    metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="Stock Client")
    return OAuthClientProvider(url, metadata, memory, browse, listen, client_metadata_url=document)


def call(url: str, provider: OAuthClientProvider) -> Any:
    async def once() -> httpx2.Response:
        async with asyncio.timeout(BOUND), httpx2.AsyncClient(auth=provider, timeout=BOUND) as client:
            return await client.post(url, json={}, headers={"mcp-protocol-version": "2025-11-25"})

    answer = asyncio.run(once())
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[StandInGateway]:
    with serving(tmp_path / "key.jwk") as gateway:
        yield gateway


def test_a_stock_client_logs_in_at_a_servers_path(gateway: StandInGateway) -> None:
    url = gateway.resources.server("files")
    told = call(url, provider_for(url, Memory()))
    assert told == {"subject": "developer", "workload": "Stock-Client", "tenant": "acme", "audience": [url]}


def test_a_stock_client_logs_in_at_the_gateway(gateway: StandInGateway) -> None:
    url = gateway.resources.gateway + "/mcp"
    told = call(url, provider_for(url, Memory()))
    assert (told["tenant"], told["audience"]) == ("default", [gateway.resources.gateway])


def test_a_stock_client_refreshes_without_logging_in_again(gateway: StandInGateway) -> None:
    url, memory = gateway.resources.server("files"), Memory()
    provider = provider_for(url, memory)
    call(url, provider)
    assert memory.tokens is not None
    first = memory.tokens
    provider.context.token_expiry_time = 1.0
    gateway.seen.clear()
    call(url, provider)
    assert gateway.seen == ["POST /development/token", "POST /servers/files/mcp"]
    assert memory.tokens.access_token != first.access_token
    assert memory.tokens.refresh_token != first.refresh_token


def test_a_stock_client_keeps_its_registration_over_our_restart(tmp_path: Path) -> None:
    memory = Memory()
    with serving(tmp_path / "key.jwk") as first:
        url = first.resources.server("files")
        call(url, provider_for(url, memory))
    assert memory.client is not None
    # The next gateway has another port here, so the binding to the old issuer is what a stored one would be.
    memory.tokens, memory.client.issuer = None, None
    with serving(tmp_path / "key.jwk") as second:
        url = second.resources.server("files")
        call(url, provider_for(url, memory))
        assert "POST /development/register" not in second.seen


def test_a_stock_client_with_a_metadata_document_does_not_register(gateway: StandInGateway) -> None:
    url = gateway.resources.server("files")
    told = call(url, provider_for(url, Memory(), DOCUMENT))
    assert told["workload"] == DOCUMENT
    assert "POST /development/register" not in gateway.seen


def test_a_token_for_one_server_opens_no_other(gateway: StandInGateway) -> None:
    url, memory = gateway.resources.server("files"), Memory()
    call(url, provider_for(url, memory))
    assert memory.tokens is not None
    headers = {"authorization": f"Bearer {memory.tokens.access_token}"}
    answer = httpx2.post(gateway.resources.server("mail"), headers=headers, timeout=BOUND)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert memory.tokens.access_token not in answer.headers["www-authenticate"]
