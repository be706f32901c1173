from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from interlock.net.errors import ConnectFailed, ResponseFailed, SendFailed
from interlock.net.url import parse_upstream_url
from interlock.proxy.http_upstream import Endpoint, HttpUpstream
from interlock.proxy.upstream import Lost, TimedOut, Unsent
from interlock.wire import meta
from interlock.wire.jsonrpc import UPSTREAM_FAILED, raw
from interlock.wire.versions import Era
from unit.proxy.fake_http import FakeClient, FakeResponse, Sent, events, said
from unit.proxy.fakes import run, until

LEGACY = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "n", "version": "1"}}
MODERN = {"supportedVersions": ["2026-07-28"], "capabilities": {}}
REFUSED = {"code": -32601, "message": "no"}


class Server:
    """A server of one era, whose calls are answered by ``calls``."""

    def __init__(self, era: Era, calls: Callable[[Sent], Any] | None = None, session: str | None = "s-1") -> None:
        self.era = era
        self.calls = calls or (lambda sent: said(sent, {"content": []}))
        self.session = session

    def __call__(self, sent: Sent) -> Any:
        if sent.method != "POST":
            return FakeResponse(405)
        method = sent.message["method"]
        if "id" not in sent.message:
            return FakeResponse(202)
        if method == "server/discover":
            modern = self.era is Era.MODERN
            return said(sent, MODERN) if modern else FakeResponse(400, chunks=[b'{"error":"what?"}'])
        if method == "initialize":
            session = {"mcp_session_id": self.session} if self.session else {}
            return said(sent, LEGACY, **session)
        return self.calls(sent)


def endpoint() -> Endpoint:
    url = parse_upstream_url("http://127.0.0.1:9/mcp")
    return Endpoint(url, lambda: {"Authorization": "Bearer upstream-secret"}, "notes/acme", 1 << 20)


async def start(server: Server, protocol: str = "auto", within: float = 5.0) -> tuple[HttpUpstream, FakeClient]:
    client = FakeClient(server)
    return await HttpUpstream.start(client, endpoint(), protocol, within), client  # type: ignore[arg-type]


# --- introductions ---


def test_a_modern_server_is_asked_once_and_has_no_session() -> None:
    async def main() -> None:
        upstream, client = await start(Server(Era.MODERN))
        assert (upstream.introduction.version, upstream.introduction.era) == ("2026-07-28", Era.MODERN)
        assert client.methods() == ["server/discover"]
        await upstream.request("tools/call", {"name": raw("größe"), "_meta": raw({"x": 1})}, within=1)
        call = client.sent[-1]
        assert call.headers["mcp-protocol-version"] == "2026-07-28"
        assert call.headers["mcp-method"] == "tools/call"
        assert call.headers["mcp-name"].startswith("=?base64?")
        assert call.message["params"]["_meta"]["x"] == 1
        assert call.message["params"]["_meta"][meta.VERSION] == "2026-07-28"
        await upstream.notify("notifications/cancelled", {})
        await upstream.close()
        assert client.methods() == ["server/discover", "tools/call"]

    run(main())


def test_a_legacy_server_gets_a_handshake_and_its_session_is_ended() -> None:
    async def main() -> None:
        upstream, client = await start(Server(Era.LEGACY))
        assert (upstream.introduction.version, upstream.introduction.era) == ("2025-06-18", Era.LEGACY)
        assert client.methods() == ["server/discover", "initialize", "notifications/initialized"]
        await upstream.request("tools/call", {"name": raw("t"), "_meta": raw({meta.VERSION: "x"})}, within=1)
        call = client.sent[-1]
        assert call.headers["mcp-session-id"] == "s-1"
        assert call.headers["mcp-protocol-version"] == "2025-06-18"
        assert "mcp-method" not in call.headers
        assert "_meta" not in call.message["params"]
        await upstream.close()
        assert not upstream.alive
        assert (client.sent[-1].method, client.sent[-1].headers["mcp-session-id"]) == ("DELETE", "s-1")

    run(main())


@pytest.mark.parametrize(
    ("era", "protocol", "asked"),
    [(Era.LEGACY, "legacy", ["initialize"]), (Era.MODERN, "modern", ["server/discover"])],
)
def test_a_server_whose_era_is_configured_is_not_tried_otherwise(era: Era, protocol: str, asked: list[str]) -> None:
    async def main() -> None:
        _, client = await start(Server(era), protocol)
        assert client.methods()[:1] == asked

    run(main())


def test_a_server_that_speaks_neither() -> None:
    async def main() -> None:
        with pytest.raises(Unsent, match="introduce"):
            await start(Server(Era.LEGACY), "modern")
        client = FakeClient(lambda sent: said(sent, {}))
        with pytest.raises(Unsent, match="no protocol revision"):
            await HttpUpstream.start(client, endpoint(), "auto", 5)  # type: ignore[arg-type]

    run(main())


def test_a_server_that_cannot_be_reached_or_takes_too_long() -> None:
    async def main() -> None:
        with pytest.raises(Unsent, match="no route"):
            await HttpUpstream.start(FakeClient(lambda _: ConnectFailed("no route")), endpoint(), "auto", 5)  # type: ignore[arg-type]

        async def never(_sent: Sent) -> FakeResponse:
            await asyncio.Event().wait()
            raise AssertionError

        with pytest.raises(Unsent, match="too long"):
            await HttpUpstream.start(FakeClient(never), endpoint(), "auto", 0.01)  # type: ignore[arg-type]

    run(main())


def test_every_request_is_in_the_lane_of_its_key_with_the_configured_headers() -> None:
    async def main() -> None:
        upstream, client = await start(Server(Era.LEGACY))
        await upstream.request("tools/list", {}, within=1)
        await until(lambda: "GET" in {sent.method for sent in client.sent})
        await upstream.close()
        assert {sent.lane for sent in client.sent} <= {"notes/acme", "notes/acme events"}
        assert {sent.headers["authorization"] for sent in client.sent} == {"Bearer upstream-secret"}

    run(main())


# --- answers ---


def result_of(sent: Sent, identifier: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": sent.message["id"] if identifier is None else identifier, "result": {"ok": 1}}


GOOD = {
    "json": lambda sent: said(sent, {"ok": 1}),
    "events": lambda sent: events(result_of(sent)),
    "events with others": lambda sent: events(b": ping\n\n", result_of(sent, 999), b"data: x\n\n", result_of(sent)),
    "events, then a cut": lambda sent: events(result_of(sent), ResponseFailed("cut")),
}


@pytest.mark.parametrize("era", Era)
@pytest.mark.parametrize("how", GOOD)
def test_an_answer_is_the_one_that_was_asked_for(era: Era, how: str) -> None:
    async def main() -> None:
        upstream, _ = await start(Server(era, GOOD[how]))
        answer = await upstream.request("tools/call", {"name": raw("t")}, within=1)
        assert answer.result == raw({"ok": 1})
        await upstream.close()

    run(main())


BAD: dict[str, tuple[Callable[[Sent], Any], type[Exception]]] = {
    "nothing left": (lambda _: ConnectFailed("down"), Unsent),
    "partly sent": (lambda _: SendFailed("broke"), Lost),
    "no head": (lambda _: ResponseFailed("broke"), Lost),
    "cut stream": (lambda _: events(b"data: {", ResponseFailed("cut")), Lost),
    "ended stream": (lambda _: events(), Lost),
    "another's answer": (lambda sent: said(Sent("", {}, {"id": sent.message["id"] + 1}, ""), {}), Lost),
    "empty": (lambda _: FakeResponse(200), Lost),
    "accepted": (lambda _: FakeResponse(202), Lost),
    "text": (lambda _: FakeResponse(200, chunks=[b"hello"]), Lost),
    "duplicate keys": (lambda _: FakeResponse(200, chunks=[b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}']), Lost),
    "moved": (lambda _: FakeResponse(307, {"location": "http://evil.example"}), Lost),
    "failed": (lambda _: FakeResponse(500, chunks=[b"oops"]), Lost),
}


@pytest.mark.parametrize("era", Era)
@pytest.mark.parametrize("how", BAD)
def test_no_usable_answer(era: Era, how: str) -> None:
    answer, error = BAD[how]

    async def main() -> None:
        upstream, client = await start(Server(era, answer))
        before = len(client.sent)
        with pytest.raises(error) as raised:
            await upstream.request("tools/call", {"name": raw("t")}, within=1)
        assert type(raised.value) is error
        calls = [sent for sent in client.sent[before:] if sent.method == "POST"]
        assert len(calls) == 1, "nothing is sent twice"

    run(main())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_a_refusal_is_an_answer(status: int) -> None:
    async def main() -> None:
        upstream, _ = await start(Server(Era.LEGACY, lambda _: FakeResponse(status, chunks=[b"no"])))
        answer = await upstream.request("tools/call", {"name": raw("t")}, within=1)
        assert answer.error == {"code": UPSTREAM_FAILED, "message": f"The upstream answered HTTP {status}"}
        assert upstream.alive is (status != 404), "a session that is not known any more is over"

    run(main())


def test_an_error_in_words_is_kept_whatever_its_status_and_id() -> None:
    async def main() -> None:
        body = b'{"jsonrpc":"2.0","id":"server-error","error":{"code":-1,"message":"no","data":[1]}}'
        upstream, _ = await start(Server(Era.MODERN, lambda _: FakeResponse(400, chunks=[body])))
        answer = await upstream.request("tools/call", {"name": raw("t")}, within=1)
        assert answer.error == {"code": -1, "message": "no", "data": [1]}

    run(main())


# --- time, cancellation, progress ---


@pytest.mark.parametrize(("era", "told"), [(Era.LEGACY, True), (Era.MODERN, False)])
@pytest.mark.parametrize("how", ["timeout", "cancelled"])
def test_a_call_that_is_given_up_is_cancelled(era: Era, how: str, *, told: bool) -> None:
    """The modern era hears it from the closed stream, the legacy one is told."""
    made: list[FakeResponse] = []

    def stuck(_sent: Sent) -> FakeResponse:
        made.append(events(b": ping\n\n", asyncio.Event()))
        return made[0]

    async def main() -> None:
        upstream, client = await start(Server(era, stuck))
        within = 0.02 if how == "timeout" else 5.0
        calling = asyncio.create_task(upstream.request("tools/call", {"name": raw("t")}, within=within))
        await until(lambda: made)
        if how == "cancelled":
            calling.cancel()
        await asyncio.wait({calling})
        if how == "timeout":
            assert isinstance(calling.exception(), TimedOut)
        assert made[0].closed
        number = next(
            sent.message["id"] for sent in client.sent if sent.message and sent.message["method"] == "tools/call"
        )
        await asyncio.sleep(0.01)
        cancelled = [sent.message for sent in client.sent if sent.message and "cancelled" in sent.message["method"]]
        assert [message["params"]["requestId"] for message in cancelled] == ([number] if told else [])

    run(main())


@pytest.mark.parametrize("era", Era)
def test_progress_of_this_request_goes_to_its_caller_and_the_rest_to_whoever_listens(era: Era) -> None:
    def reporting(sent: Sent) -> FakeResponse:
        token = sent.message["params"]["_meta"]["progressToken"]
        own = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": 1}}
        other = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 999, "progress": 1}}
        changed = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
        return events(own, other, changed, result_of(sent))

    async def main() -> None:
        mine: list[str] = []
        others: list[str] = []
        upstream, client = await start(Server(era, reporting))
        upstream.on_event = lambda method, _params: others.append(method)
        params = {"name": raw("t"), "_meta": raw({"progressToken": "theirs"})}
        await upstream.request("tools/call", params, within=1, on_notice=lambda method, _params: mine.append(method))
        assert mine == ["notifications/progress"]
        assert others == ["notifications/progress", "notifications/tools/list_changed"]
        assert client.sent[-1].message["params"]["_meta"]["progressToken"] == client.sent[-1].message["id"]

    run(main())


def test_a_legacy_server_is_heard_between_requests() -> None:
    changed = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}

    async def main() -> None:
        server = Server(Era.LEGACY)

        def answer(sent: Sent) -> Any:
            return events(changed, ResponseFailed("cut")) if sent.method == "GET" else server(sent)

        heard: list[str] = []
        client = FakeClient(answer)
        upstream = await HttpUpstream.start(client, endpoint(), "legacy", 5)  # type: ignore[arg-type]
        upstream.on_event = lambda method, _params: heard.append(method)
        await until(lambda: heard)
        assert heard == ["notifications/tools/list_changed"]
        await upstream.close()

    run(main())
