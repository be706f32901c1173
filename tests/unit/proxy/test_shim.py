from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from interlock.net.errors import ConnectFailed, ResponseFailed
from interlock.net.url import parse_upstream_url
from interlock.proxy import shim as shim_module
from interlock.proxy.shim import Shim
from interlock.wire import meta
from interlock.wire.dialects import decode_header
from unit.proxy.fake_http import JSON, Answer, FakeClient, FakeResponse, Sent, events, said
from unit.proxy.fakes import run, until

ENVELOPE = {meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}}


class FakePipe:
    """The client's end: it writes lines, one after the other, then stops when told to."""

    def __init__(self) -> None:
        self.typed: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.read: list[Any] = []

    def type(self, message: Any) -> None:
        self.typed.put_nowait(message if isinstance(message, bytes) else json.dumps(message).encode())

    def stop(self) -> None:
        self.typed.put_nowait(None)

    async def lines(self) -> AsyncIterator[bytes]:
        while (line := await self.typed.get()) is not None:
            yield line

    async def write(self, line: bytes) -> None:
        self.read.append(json.loads(line))


class Desk:
    """A shim with a client on its pipe and a gateway behind it. Tokens are numbered."""

    def __init__(self, answer: Answer) -> None:
        self.pipe = FakePipe()
        self.client = FakeClient(answer)
        self.tokens = 0
        url = parse_upstream_url("http://127.0.0.1:8700/servers/notes/mcp")
        self.shim = Shim(self.client, url, self.token, self.pipe, 1 << 20)  # type: ignore[arg-type]

    def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    async def talk(self, *messages: Any) -> list[Any]:
        """Let the client write these and stop; return what it read."""
        for message in messages:
            self.pipe.type(message)
        self.pipe.stop()
        await self.shim.run()
        return self.pipe.read


def request(method: str, identifier: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def told(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def legacy(sent: Sent) -> Any:
    """A gateway of the legacy era."""
    if sent.method == "GET":
        return events(told("notifications/tools/list_changed"), asyncio.Event())
    if sent.method == "DELETE":
        return FakeResponse(204)
    if "id" not in sent.message:
        return FakeResponse(202)
    if sent.message["method"] == "initialize":
        return said(sent, {"protocolVersion": "2025-06-18"}, mcp_session_id="s-1")
    return said(sent, {"ok": 1})


def test_a_legacy_client_has_a_session_from_beginning_to_end() -> None:
    async def main() -> None:
        desk = Desk(legacy)
        answers = await desk.talk(
            request("initialize", 0), told("notifications/initialized"), request("tools/list", "a")
        )
        assert {answer.get("id"): answer.get("result") for answer in answers if "id" in answer} == {
            0: {"protocolVersion": "2025-06-18"},
            "a": {"ok": 1},
        }
        posted = [sent for sent in desk.client.sent if sent.method == "POST"]
        assert "mcp-session-id" not in posted[0].headers
        for sent in posted[1:]:
            assert sent.headers["mcp-session-id"] == "s-1"
            assert sent.headers["mcp-protocol-version"] == "2025-06-18"
        assert desk.client.sent[-1].method == "DELETE"

    run(main())


def test_every_request_carries_a_token_that_is_good_now() -> None:
    async def main() -> None:
        desk = Desk(legacy)
        await desk.talk(request("initialize"), request("tools/list", 2))
        tokens = [sent.headers["authorization"] for sent in desk.client.sent]
        assert tokens == [f"Bearer token-{number + 1}" for number in range(len(tokens))]

    run(main())


def test_a_modern_request_says_in_headers_what_it_says_in_its_body() -> None:
    async def main() -> None:
        desk = Desk(legacy)
        await desk.talk(
            request("tools/call", name="größe", _meta=ENVELOPE), request("server/discover", 2, _meta=ENVELOPE)
        )
        call, discover = desk.client.sent
        assert (call.headers["mcp-method"], call.headers["mcp-protocol-version"]) == ("tools/call", "2026-07-28")
        assert decode_header(call.headers["mcp-name"]) == "größe"
        assert "mcp-name" not in discover.headers
        assert "DELETE" not in {sent.method for sent in desk.client.sent}, "there is no session to end"

    run(main())


def test_the_clients_own_bytes_go_out() -> None:
    async def main() -> None:
        bodies: list[bytes] = []

        class Raw(FakeClient):
            async def send(
                self, method: str, url: object, headers: Any = (), body: bytes = b"", *, lane: str = ""
            ) -> Any:
                bodies.append(body)
                return await super().send(method, url, headers, body, lane=lane)

        desk = Desk(legacy)
        desk.shim._client = Raw(legacy)  # type: ignore[assignment]
        line = b'{"id":1, "jsonrpc":"2.0","method":"ping","params":{"n": 1.0,"b":12345678901234567890123}}'
        await desk.talk(line)
        assert bodies[0] == line

    run(main())


def test_a_stream_is_passed_on_as_it_comes() -> None:
    progress = told("notifications/progress", progressToken=1)

    async def main() -> None:
        done = asyncio.Event()

        def slow(sent: Sent) -> Any:
            result = {"jsonrpc": "2.0", "id": sent.message["id"], "result": {}}
            return events(b": ping\n\n", progress, done, result)

        desk = Desk(slow)
        talking = asyncio.create_task(desk.talk(request("tools/call", 7)))
        await until(lambda: desk.pipe.read == [progress])
        done.set()
        assert (await talking)[1]["id"] == 7

    run(main())


@pytest.mark.parametrize(
    "answer",
    [
        ConnectFailed("refused"),
        ResponseFailed("cut"),
        FakeResponse(401, dict(JSON), [b'{"error":"unauthorized"}']),
        FakeResponse(404, dict(JSON), [b'{"error":"not_found"}']),
        FakeResponse(500),
        FakeResponse(200, dict(JSON), [b"garbage"]),
        events(told("notifications/progress")),
        events(b"data: {", ResponseFailed("cut")),
    ],
)
def test_a_request_without_an_answer_is_answered_here(answer: Any) -> None:
    async def main() -> None:
        answers = await Desk(lambda _: answer).talk(request("tools/call", 7))
        said_here = [each for each in answers if each.get("id") == 7]
        assert [each["error"]["code"] for each in said_here] == [-31002]

    run(main())


def test_a_refusal_in_words_is_passed_on_whatever_its_status() -> None:
    async def main() -> None:
        body = b'{"jsonrpc":"2.0","id":7,"error":{"code":-32020,"message":"no"}}'
        answers = await Desk(lambda _: FakeResponse(400, dict(JSON), [body])).talk(request("tools/call", 7))
        assert [answer["error"]["code"] for answer in answers] == [-32020]

    run(main())


@pytest.mark.parametrize("line", [b"garbage", b"[]", b"\xff", b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'])
def test_what_is_no_message_is_refused_and_not_sent(line: bytes) -> None:
    async def main() -> None:
        desk = Desk(legacy)
        answers = await desk.talk(line)
        assert answers[0]["error"]["code"] in {-32700, -32600}
        assert desk.client.sent == []

    run(main())


def test_a_modern_cancellation_hangs_up_and_a_legacy_one_is_told() -> None:
    async def main() -> None:
        opened: list[FakeResponse] = []

        def stuck(sent: Sent) -> Any:
            if sent.method != "POST" or sent.message["method"] != "tools/call":
                return legacy(sent)
            opened.append(events(b": ping\n\n", asyncio.Event()))
            return opened[-1]

        desk = Desk(stuck)
        talking = asyncio.create_task(desk.shim.run())
        desk.pipe.type(request("tools/call", 7, name="t", _meta=ENVELOPE))
        await until(lambda: opened)
        desk.pipe.type(told("notifications/cancelled", requestId=8))
        desk.pipe.type(told("notifications/cancelled", requestId=7))
        await until(lambda: opened[0].closed)
        assert desk.client.methods() == ["tools/call"]
        desk.pipe.type(request("initialize", 1))
        desk.pipe.type(told("notifications/cancelled", requestId=9))
        await until(lambda: desk.client.methods()[-1] == "notifications/cancelled")
        desk.pipe.stop()
        await talking

    run(main())


def test_a_legacy_client_hears_the_gateway_between_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim_module, "_LISTEN_AGAIN_SECONDS", 0.001)
    changed = told("notifications/tools/list_changed")

    async def main() -> None:
        listened = 0

        def flaky(sent: Sent) -> Any:
            nonlocal listened
            if sent.method != "GET":
                return legacy(sent)
            listened += 1
            answers = {1: ConnectFailed("x"), 2: events(changed, ResponseFailed("cut")), 3: events(changed)}
            return answers.get(listened, FakeResponse(404))

        desk = Desk(flaky)
        talking = asyncio.create_task(desk.shim.run())
        desk.pipe.type(request("initialize", 1))
        desk.pipe.type(told("notifications/initialized"))
        await until(lambda: listened == 4)
        await asyncio.sleep(0.02)
        assert listened == 4, "a session that is over is not listened to"
        assert desk.pipe.read[1:] == [changed, changed]
        desk.pipe.stop()
        await talking

    run(main())


def test_what_was_asked_before_the_client_stopped_is_still_answered() -> None:
    async def main() -> None:
        done = asyncio.Event()

        async def slowly(sent: Sent) -> FakeResponse:
            await done.wait()
            return said(sent, {"ok": 1})

        desk = Desk(slowly)
        talking = asyncio.create_task(desk.talk(request("tools/call", 7)))
        await until(lambda: desk.client.sent)
        await asyncio.sleep(0.01)
        assert not talking.done()
        done.set()
        assert [answer["id"] for answer in await talking] == [7]

    run(main())
