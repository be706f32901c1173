from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interlock.core.errors import CallerError
from interlock.proxy import exchange as exchange_module
from interlock.proxy.exchange import Exchange, Notices
from unit.proxy.fakes import FakeWeb, run, soon, until

NOTICE = b'{"jsonrpc":"2.0","method":"n"}'
ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{}}'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "QUICK_SECONDS", 0.01)


def exchange(web: FakeWeb) -> Exchange:
    return Exchange(web.scope, web.receive, web.send)


async def after(event: asyncio.Event, answer: bytes = ANSWER) -> bytes:
    await event.wait()
    return answer


def answering(web: FakeWeb, work: asyncio.Task[bytes], notices: Notices, *, keep: bool = False) -> asyncio.Task[None]:
    return asyncio.create_task(exchange(web).answer_with(work, notices, [("X-Id", "7")], keep=keep))


# --- reading ---


def test_what_a_request_says() -> None:
    made = exchange(FakeWeb(b"", "/p", "POST", X_Twice="a"))
    made.headers.append(("x-twice", "b"))
    assert (made.method, made.path, made.query, made.peer) == ("POST", "/p", "", "127.0.0.9")
    assert made.header("host") == "gateway.example"
    assert made.header("x-none") is made.header("x-twice") is None


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("application/json", True),
        ("text/html, application/json;q=0.5", True),
        ("APPLICATION/JSON", True),
        ("application/*", True),
        ("*/*", True),
        ("text/event-stream", False),
        ("application/jsonx", False),
    ],
)
def test_what_a_client_takes(accept: str, *, takes: bool) -> None:
    assert exchange(FakeWeb(accept=accept)).accepts("application/json") is takes


def test_who_says_nothing_takes_nothing() -> None:
    assert not exchange(FakeWeb(accept="")).accepts("application/json")


def test_a_body_comes_in_pieces_and_within_its_bound() -> None:
    web = FakeWeb()
    web.chunks = [b"ab", b"", b"cd"]
    assert run(exchange(web).body(4)) == b"abcd"
    web.chunks = [b"ab", b"cde", b"f" * 100]
    with pytest.raises(CallerError, match="larger than 4"):
        run(exchange(web).body(4))
    assert web.chunks == [b"f" * 100], "the rest is not even read"


def test_a_client_that_goes_away_in_the_middle() -> None:
    async def main() -> None:
        web = FakeWeb()
        web.chunks = []
        web.gone.set()
        with pytest.raises(CallerError, match="went away"):
            await exchange(web).body(4)

    run(main())


# --- answering at once ---


def test_an_answer_has_its_length_and_is_json_unless_it_says_otherwise() -> None:
    async def main() -> None:
        web = FakeWeb()
        await exchange(web).answer(404, b"{}")
        assert (web.status, web.body) == (404, b"{}")
        assert web.headers == {"content-type": "application/json", "content-length": "2"}
        web = FakeWeb()
        await exchange(web).answer(200, b"x", [("Content-Type", "text/plain")])
        assert web.headers == {"content-type": "text/plain", "content-length": "1"}
        web = FakeWeb()
        await exchange(web).answer(202)
        assert web.headers == {"content-length": "0"}

    run(main())


# --- JSON or events ---


def test_a_quick_answer_is_json() -> None:
    async def main() -> None:
        web, done = FakeWeb(), asyncio.Event()
        done.set()
        await answering(web, asyncio.create_task(after(done)), Notices())
        assert (web.status, web.headers["content-type"], web.headers["x-id"]) == (200, "application/json", "7")
        assert web.body == ANSWER

    run(main())


def test_a_slow_answer_without_notices_is_json_too() -> None:
    async def main() -> None:
        web, done = FakeWeb(), asyncio.Event()
        task = answering(web, asyncio.create_task(after(done)), Notices())
        await asyncio.sleep(0.05)
        assert web.sent == []
        done.set()
        await task
        assert web.headers["content-type"] == "application/json"

    run(main())


def test_notices_make_it_a_stream_and_the_answer_comes_last() -> None:
    async def main() -> None:
        web, done, notices = FakeWeb(), asyncio.Event(), Notices()
        task = answering(web, asyncio.create_task(after(done)), notices)
        notices.tell(NOTICE)
        await soon_events(web, 1)
        notices.tell(NOTICE)
        await soon_events(web, 2)
        notices.tell(NOTICE)
        done.set()
        await task
        assert web.headers["content-type"] == "text/event-stream"
        assert web.headers["x-id"] == "7"
        assert [event.get("method") for event in web.events] == ["n", "n", "n", None]
        assert [message.get("more_body") for message in web.sent[1:]] == [True, True, True, False]

    async def soon_events(web: FakeWeb, count: int) -> None:
        await until(lambda: len(web.sent) > count)

    run(main())


def test_a_notice_before_a_quick_answer_is_not_lost() -> None:
    async def main() -> None:
        web, done, notices = FakeWeb(), asyncio.Event(), Notices()
        done.set()
        notices.tell(NOTICE)
        await answering(web, asyncio.create_task(after(done)), notices)
        assert [event.get("method") for event in web.events] == ["n", None]

    run(main())


def test_a_client_that_takes_no_events_gets_the_answer_and_costs_no_turns() -> None:
    """A notice that nobody takes once made the wait return at once, over and over, until the call ended."""

    async def main() -> None:
        web, done, notices = FakeWeb(accept="application/json"), asyncio.Event(), Notices()
        turns = 0
        waited = notices.wait_beside

        async def counted(others: Any) -> bool:
            nonlocal turns
            turns += 1
            return await waited(others)

        notices.wait_beside = counted  # type: ignore[method-assign]
        task = answering(web, asyncio.create_task(after(done)), notices)
        notices.tell(NOTICE)
        await asyncio.sleep(0.1)
        done.set()
        await task
        assert web.headers["content-type"] == "application/json"
        assert web.body == ANSWER
        assert turns < 5

    run(main())


def test_silence_is_broken_by_a_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(exchange_module, "PING_SECONDS", 0.01)
        web, done = FakeWeb(), asyncio.Event()
        task = answering(web, asyncio.create_task(after(done)), Notices())
        await until(lambda: len(web.sent) >= 3)
        done.set()
        await task
        assert web.headers["content-type"] == "text/event-stream"
        assert web.body.startswith(b": ping\n\n: ping\n\n")
        assert web.events == [{"jsonrpc": "2.0", "id": 1, "result": {}}]

    run(main())


@pytest.mark.parametrize("keep", [True, False])
def test_a_client_that_goes_away_cancels_the_work_unless_it_is_kept(*, keep: bool) -> None:
    async def main() -> None:
        web, done = FakeWeb(), asyncio.Event()
        work = asyncio.create_task(after(done))
        task = answering(web, work, Notices(), keep=keep)
        await asyncio.sleep(0.03)
        web.gone.set()
        await asyncio.sleep(0.03)
        assert bool(work.cancelling()) is not keep
        done.set()
        await task
        assert work.cancelled() is not keep
        assert web.sent == []

    run(main())


def test_a_cancelled_request_has_no_result() -> None:
    async def main() -> None:
        web = FakeWeb()
        work = asyncio.create_task(after(asyncio.Event()))
        task = answering(web, work, Notices())
        await asyncio.sleep(0.03)
        work.cancel()
        await task
        assert (web.status, web.body) == (202, b"")

    run(main())


def test_being_ended_ourselves_ends_the_work() -> None:
    async def main() -> None:
        work = asyncio.create_task(after(asyncio.Event()))
        task = answering(FakeWeb(), work, Notices())
        await asyncio.sleep(0.03)
        task.cancel()
        await asyncio.wait({task, work})
        assert task.cancelled()
        assert work.cancelled()

    run(main())


# --- following ---


def test_following_streams_until_the_client_goes() -> None:
    async def main() -> None:
        web, notices = FakeWeb(), Notices()
        web.chunks = []
        task = asyncio.create_task(exchange(web).follow(notices))
        await soon(lambda: len(web.sent) == 2)
        notices.tell(NOTICE)
        await soon(lambda: len(web.events) == 1)
        web.gone.set()
        await task
        assert web.body.startswith(b": ping\n\n"), "the client sees at once that it is connected"
        assert all(message["more_body"] for message in web.sent[1:]), "it is the client who ends it"

    run(main())


def test_notices_are_bounded_and_the_oldest_go_first() -> None:
    notices = Notices(most=2)
    for number in range(4):
        notices.tell(b"%d" % number)
    assert notices.take() == [b"2", b"3"]
    assert notices.empty()
    assert notices.take() == []
