from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from interlock.core.errors import OperatorError
from interlock.net.errors import ConnectFailed, SendFailed, TooLarge
from interlock.proxy import stdio_upstream
from interlock.proxy.children import ChildSpec
from interlock.proxy.stdio_upstream import StdioUpstream
from interlock.proxy.upstream import Lost, TimedOut, Unsent
from interlock.wire import meta
from interlock.wire.jsonrpc import raw
from interlock.wire.versions import Era
from unit.proxy.fake_http import compact
from unit.proxy.fakes import run, until

LEGACY = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "n", "version": "1"}}
MODERN = {"supportedVersions": ["2026-07-28"], "capabilities": {}}
SPEC = ChildSpec(command="none")
Answers = Callable[["FakeChild", Any], None]


class FakeChild:
    """A child in this process: ``answers`` is told of each message."""

    def __init__(self, era: Era, answers: Answers | None = None) -> None:
        self.era = era
        self.answers = answers or (lambda child, message: child.result(message, {"ok": 1}))
        self.heard: list[Any] = []
        self.out: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self.stopped = False
        self.full: asyncio.Event | None = None
        self.broken: Exception | None = None

    async def send(self, line: bytes) -> None:
        assert b"\n" not in line
        if self.broken is not None:
            raise self.broken
        if self.full is not None:
            await self.full.wait()
        message = json.loads(line)
        self.heard.append(message)
        method = message.get("method")
        if method == "initialize":
            self.result(message, LEGACY) if self.era is Era.LEGACY else self.error(message)
        elif method == "server/discover":
            self.result(message, MODERN) if self.era is Era.MODERN else self.error(message)
        elif method is not None and "id" in message:
            self.answers(self, message)

    def say(self, message: Any) -> None:
        self.out.put_nowait(message if isinstance(message, bytes) else compact(message))

    def result(self, message: Any, result: Any) -> None:
        self.say({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def error(self, message: Any) -> None:
        self.say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}})

    def end(self, error: BaseException | None = None) -> None:
        self.out.put_nowait(error)

    async def lines(self) -> AsyncIterator[bytes]:
        while (line := await self.out.get()) is not None:
            if isinstance(line, BaseException):
                raise line
            yield line

    async def stop(self, grace: float = 2.0) -> None:
        assert grace > 0
        self.stopped = True
        self.end()

    def methods(self) -> list[str]:
        return [message["method"] for message in self.heard if "method" in message]


async def start(
    monkeypatch: pytest.MonkeyPatch, child: FakeChild | Exception, protocol: str = "auto", within: float = 5.0
) -> StdioUpstream:
    async def fake(_spec: ChildSpec, _on_stderr: Callable[[bytes], None]) -> FakeChild:
        if isinstance(child, Exception):
            raise child
        return child

    monkeypatch.setattr(stdio_upstream.Child, "start", fake)
    return await StdioUpstream.start(SPEC, lambda _line: None, protocol, within)


def ask(upstream: StdioUpstream, within: float = 1.0, **fields: Any) -> Any:
    return upstream.request("tools/call", {"name": raw("t")}, within=within, **fields)


# --- introductions ---


@pytest.mark.parametrize(
    ("era", "protocol", "methods"),
    [
        (Era.LEGACY, "auto", ["initialize", "notifications/initialized"]),
        (Era.LEGACY, "legacy", ["initialize", "notifications/initialized"]),
        (Era.MODERN, "auto", ["initialize", "server/discover"]),
        (Era.MODERN, "modern", ["server/discover"]),
    ],
)
def test_how_a_child_is_met(monkeypatch: pytest.MonkeyPatch, era: Era, protocol: str, methods: list[str]) -> None:
    async def main() -> None:
        child = FakeChild(era)
        upstream = await start(monkeypatch, child, protocol)
        assert upstream.introduction.era is era
        assert "capabilities" in upstream.introduction.members
        assert child.methods() == methods
        assert (await ask(upstream)).result == raw({"ok": 1})
        envelope = child.heard[-1]["params"].get("_meta", {})
        assert (meta.VERSION in envelope) is (era is Era.MODERN)
        await upstream.close()
        assert child.stopped
        assert not upstream.alive

    run(main())


@pytest.mark.parametrize(("era", "protocol"), [(Era.LEGACY, "modern"), (Era.MODERN, "legacy")])
def test_a_child_of_the_wrong_era_is_ended(monkeypatch: pytest.MonkeyPatch, era: Era, protocol: str) -> None:
    async def main() -> None:
        child = FakeChild(era)
        with pytest.raises(Unsent, match="introduce"):
            await start(monkeypatch, child, protocol)
        assert child.stopped

    run(main())


def test_a_child_that_does_not_start_says_nothing_or_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with pytest.raises(Unsent, match="does not start"):
            await start(monkeypatch, OperatorError("no such file"))
        silent = FakeChild(Era.LEGACY)
        silent.full = asyncio.Event()
        with pytest.raises(Unsent, match="too long"):
            await start(monkeypatch, silent, within=0.02)
        assert silent.stopped
        ended = FakeChild(Era.LEGACY)
        ended.end()
        with pytest.raises(Unsent, match="ended"):
            await start(monkeypatch, ended)
        assert ended.stopped

    run(main())


def test_giving_up_the_start_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        silent = FakeChild(Era.LEGACY)
        silent.full = asyncio.Event()
        starting = asyncio.create_task(start(monkeypatch, silent))
        await asyncio.sleep(0.01)
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        assert silent.stopped

    run(main())


# --- answers ---


def test_answers_find_their_requests_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        held: list[Any] = []
        child = FakeChild(Era.LEGACY, lambda _child, message: held.append(message))
        upstream = await start(monkeypatch, child)
        calls = [asyncio.create_task(ask(upstream)) for _ in range(3)]
        await until(lambda: len(held) == 3)
        for message in reversed(held):
            child.result(message, {"id": message["id"]})
        answers = [await call for call in calls]
        assert [answer.result for answer in answers] == [raw({"id": message["id"]}) for message in held]
        await upstream.close()

    run(main())


def test_what_is_no_answer_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(child: FakeChild, message: Any) -> None:
        number = message["id"]
        child.say(b"garbage")
        child.say(b"\xff\xfe")
        child.say(b"")
        child.say({"jsonrpc": "2.0", "id": None, "result": {"no": 1}})
        child.say({"jsonrpc": "2.0", "id": str(number), "result": {"no": 1}})
        child.say({"jsonrpc": "2.0", "id": number + 50, "result": {"no": 1}})
        child.result(message, {"ok": 1})
        child.result(message, {"late": 1})

    async def main() -> None:
        upstream = await start(monkeypatch, FakeChild(Era.LEGACY, noisy))
        assert (await ask(upstream)).result == raw({"ok": 1})
        assert (await ask(upstream)).result == raw({"ok": 1})
        await upstream.close()

    run(main())


@pytest.mark.parametrize("error", [None, TooLarge("a line"), OSError("broken")])
def test_a_child_that_ends_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    async def main() -> None:
        child = FakeChild(Era.LEGACY, lambda child, _message: child.end(error))
        upstream = await start(monkeypatch, child)
        with pytest.raises(Lost, match="ended before it answered"):
            await ask(upstream)
        assert not upstream.alive
        with pytest.raises(Unsent):
            await ask(upstream)
        await upstream.close()

    run(main())


@pytest.mark.parametrize(("error", "kind"), [(ConnectFailed("gone"), Unsent), (SendFailed("half"), Lost)])
def test_a_message_that_could_not_be_written(monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type) -> None:
    async def main() -> None:
        child = FakeChild(Era.LEGACY)
        upstream = await start(monkeypatch, child)
        child.broken = error
        with pytest.raises(kind) as raised:
            await ask(upstream)
        assert type(raised.value) is kind
        await upstream.close()

    run(main())


def test_a_child_that_does_not_read_costs_no_more_than_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing into a full pipe was once not timed: such a call never ended."""

    async def main() -> None:
        child = FakeChild(Era.LEGACY)
        upstream = await start(monkeypatch, child)
        child.full = asyncio.Event()
        with pytest.raises(TimedOut):
            await asyncio.wait_for(ask(upstream, within=0.02), 2)
        child.full.set()
        await upstream.close()

    run(main())


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
def test_a_call_that_is_given_up_is_cancelled(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async def main() -> None:
        child = FakeChild(Era.LEGACY, lambda _child, _message: None)
        upstream = await start(monkeypatch, child)
        calling = asyncio.create_task(ask(upstream, within=0.02 if how == "timeout" else 5.0))
        await until(lambda: "tools/call" in child.methods())
        number = child.heard[-1]["id"]
        if how == "cancelled":
            calling.cancel()
        await asyncio.wait({calling})
        await until(lambda: "notifications/cancelled" in child.methods())
        assert child.heard[-1]["params"]["requestId"] == number
        child.result({"id": number}, {"late": 1})
        assert isinstance(calling.exception(), TimedOut) if how == "timeout" else calling.cancelled()
        await upstream.close()

    run(main())


# --- what it says of itself ---


def test_progress_goes_to_its_caller_and_the_rest_to_whoever_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def reporting(child: FakeChild, message: Any) -> None:
        own = message["params"]["_meta"]["progressToken"]
        for token in (own, own + 1, [own]):
            child.say({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token}})
        child.say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        child.result(message, {})

    async def main() -> None:
        mine: list[str] = []
        others: list[str] = []
        upstream = await start(monkeypatch, FakeChild(Era.LEGACY, reporting))
        upstream.on_event = lambda method, _params: others.append(method)
        await ask(upstream, on_notice=lambda method, _params: mine.append(method))
        assert mine == ["notifications/progress"]
        assert others == ["notifications/progress"] * 2 + ["notifications/tools/list_changed"]
        await upstream.close()

    run(main())


def test_what_it_asks_of_us_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        child = FakeChild(Era.LEGACY)
        upstream = await start(monkeypatch, child)
        child.say({"jsonrpc": "2.0", "id": "p", "method": "ping"})
        child.say({"jsonrpc": "2.0", "id": "s", "method": "sampling/createMessage", "params": {}})
        await until(lambda: len(child.heard) == 4)
        answers = {message["id"]: message for message in child.heard[2:]}
        assert answers["p"]["result"] == {}
        assert answers["s"]["error"]["code"] == -32601
        await upstream.close()

    run(main())
