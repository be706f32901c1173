from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from interlock.core.errors import CallerError
from interlock.core.words import Caller
from interlock.proxy.app import Gateway, threshold
from interlock.proxy.pool import ServerSpec
from interlock.proxy.ports import Challenge, WebRequest, WebResponse
from unit.proxy.fakes import CALLER, ENTRY, FakeWeb, run, spec

OURS = threshold(("127.0.0.1", 8700), "https://Gateway.example", ("proxy.example:443",), ("https://App.example",))
THEIRS = spec(entry=replace(ENTRY, name="theirs", tenant="globex"))


class FakeDoor:
    def __init__(self) -> None:
        self.served: list[tuple[Caller, str]] = []

    async def serve(self, exchange: Any, caller: Caller, served: ServerSpec) -> None:
        self.served.append((caller, served.name))
        await exchange.answer(200, b"{}")


class FakeAuthority:
    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str]] = []
        self.requests: list[WebRequest] = []

    def authenticate(self, authorization: str | None, server: str) -> Caller | Challenge:
        self.asked.append((authorization, server))
        return CALLER if authorization == "Bearer good" else Challenge(401, "Bearer error", "no")

    async def respond(self, request: WebRequest) -> WebResponse | None:
        self.requests.append(request)
        return WebResponse(200, {"X-Y": "z"}, b"{}") if request.path == "/known" else None


def knock(web: FakeWeb) -> tuple[FakeDoor, FakeAuthority]:
    door, authority = FakeDoor(), FakeAuthority()
    gateway = Gateway(OURS, authority, door, {"notes": spec(), "theirs": THEIRS})  # type: ignore[arg-type]

    async def main() -> None:
        await gateway(web.scope, web.receive, web.send)

    run(main())
    return door, authority


def test_a_caller_comes_to_the_door_with_the_address_we_saw() -> None:
    web = FakeWeb(authorization="Bearer good")
    door, authority = knock(web)
    assert door.served == [(replace(CALLER, machine="127.0.0.9"), "notes")]
    assert authority.asked == [("Bearer good", "notes")]


def test_without_a_token_nobody_learns_which_servers_there_are() -> None:
    answers = []
    for name in ("notes", "theirs", "nowhere"):
        web = FakeWeb(path=f"/servers/{name}/mcp")
        door, _ = knock(web)
        assert door.served == []
        answers.append((web.status, web.body, web.headers))
    assert answers[0][0] == 401
    assert answers[0][2]["www-authenticate"] == "Bearer error"
    assert answers[0] == answers[1] == answers[2]


def test_another_tenants_server_is_as_unknown_as_none() -> None:
    answers = []
    for name in ("theirs", "nowhere"):
        web = FakeWeb(path=f"/servers/{name}/mcp", authorization="Bearer good")
        door, _ = knock(web)
        assert door.served == []
        answers.append((web.status, web.body, web.headers))
    assert answers[0][0] == 404
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "path",
    ["/servers/notes/mcp/", "/servers//mcp", "/x/servers/notes/mcp", "/servers/notes/mcpx", "/servers/a/b/mcp", "/"],
)
def test_what_is_no_servers_path_is_offered_to_identity_and_else_unknown(path: str) -> None:
    web = FakeWeb(path=path, authorization="Bearer good")
    door, authority = knock(web)
    assert door.served == []
    assert [request.path for request in authority.requests] == [path]
    assert web.status == 404


def test_what_identity_answers() -> None:
    web = FakeWeb(b"x=1", path="/known")
    _, authority = knock(web)
    assert (web.status, web.body, web.headers["x-y"]) == (200, b"{}", "z")
    (request,) = authority.requests
    assert (request.method, request.body) == ("POST", b"x=1")
    web = FakeWeb(b"x" * (1 << 17), path="/known")
    _, authority = knock(web)
    assert web.status == 413
    assert authority.requests == []


def test_health_needs_no_token_but_our_name() -> None:
    web = FakeWeb(path="/healthz", method="GET")
    knock(web)
    assert (web.status, web.body) == (200, b'{"status":"ok"}')
    web = FakeWeb(path="/healthz", method="GET", host="evil.example")
    knock(web)
    assert web.status == 421


@pytest.mark.parametrize(
    "host",
    ["gateway.example", "GATEWAY.example", "127.0.0.1:8700", "localhost:8700", "[::1]:8700", "proxy.example:443"],
)
def test_our_names(host: str) -> None:
    web = FakeWeb(host=host, authorization="Bearer good")
    assert len(knock(web)[0].served) == 1


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "gateway.example:1", "127.0.0.1", "127.0.0.1:8700?", "0.0.0.0:8700", "gateway.example."],
)
def test_not_our_names(host: str) -> None:
    web = FakeWeb(host=host, authorization="Bearer good")
    door, authority = knock(web)
    assert web.status == 421
    assert door.served == []
    assert authority.asked == []


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://gateway.example", 200),
        ("http://127.0.0.1:8700", 200),
        ("HTTPS://APP.EXAMPLE", 200),
        ("http://gateway.example", 421),
        ("https://127.0.0.1:8700", 421),
        ("https://proxy.example:443", 421),
        ("null", 421),
        ("https://gateway.example.evil.example", 421),
    ],
)
def test_who_may_send_a_page(origin: str, status: int) -> None:
    web = FakeWeb(origin=origin, authorization="Bearer good")
    knock(web)
    assert web.status == status


def test_two_hosts_and_two_origins() -> None:
    for name, value in ((b"host", b"gateway.example"), (b"origin", b"https://app.example")):
        web = FakeWeb(origin="https://app.example", authorization="Bearer good")
        web.scope["headers"].append((name, value))
        door, _ = knock(web)
        assert web.status == 421
        assert door.served == []


def test_listening_on_ipv6() -> None:
    assert "[::1]:9" in threshold(("::1", 9), "http://[::1]:9", (), ()).hosts


def test_nothing_but_http_is_served() -> None:
    web = FakeWeb()
    web.scope["type"] = "websocket"
    gateway = Gateway(OURS, FakeAuthority(), FakeDoor(), {})  # type: ignore[arg-type]
    with pytest.raises(CallerError):
        asyncio.run(gateway(web.scope, web.receive, web.send))
