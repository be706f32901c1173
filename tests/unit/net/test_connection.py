import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.net.connection import ClientLimits, Connection, Response
from interlock.net.errors import NetFailed, ResponseFailed, SendFailed, TooLarge

REQUEST = b"POST / HTTP/1.1\r\n\r\n"


class Pipe:
    """A descriptor that never becomes readable."""

    def __init__(self) -> None:
        self.ends = os.pipe()

    def fileno(self) -> int:
        return self.ends[0]


class FakeTransport(asyncio.Transport):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__({"socket": pipe})
        self.written = b""
        self.aborted = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (1, 0)


class Wire:
    """A connection with nothing behind it, and the pool it belongs to."""

    def __init__(self, limits: ClientLimits) -> None:
        self.pipe = Pipe()
        self.transport = FakeTransport(self.pipe)
        self.freed_as: list[bool] = []
        self.lost = 0
        self.connection = Connection(limits, self)
        self.connection.connection_made(self.transport)

    def freed(self, connection: Connection) -> None:
        self.freed_as.append(not connection.closing)

    def gone(self, _connection: Connection) -> None:
        self.lost += 1

    def ask(self, *, bodyless: bool = False) -> asyncio.Task[Response]:
        return asyncio.ensure_future(self.connection.exchange(REQUEST, bodyless=bodyless))

    async def answered(self, *chunks: bytes, bodyless: bool = False) -> Response:
        asked = self.ask(bodyless=bodyless)
        await asyncio.sleep(0)
        for chunk in chunks:
            self.connection.data_received(chunk)
        return await asked


def with_wire(test: Callable[[Wire], Awaitable[None]], **limits: Any) -> None:
    async def main() -> None:
        wire = Wire(ClientLimits(**limits))
        try:
            await test(wire)
        finally:
            if not wire.lost:
                wire.connection.connection_lost(None)
            for end in wire.pipe.ends:
                os.close(end)

    asyncio.run(main())


WHOLE = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nhi", b"hi", True),
    "chunked": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi", True),
    "trailers": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx: 1\r\n\r\n", b"hi", True),
    "interim": (
        b"HTTP/1.1 103 E\r\nx: 0\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"",
        True,
    ),
    "no_content": (b"HTTP/1.1 204 N\r\n\r\n", b"", True),
    "not_modified": (b"HTTP/1.1 304 N\r\ncontent-length: 9\r\n\r\n", b"", True),
    "redirect": (b"HTTP/1.1 307 T\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n", b"", True),
    "close": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi", b"hi", False),
    "old": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", b"hi", False),
    "second_answer": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n", b"hi", False),
    "garbage_after": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiX", b"hi", False),
}


@pytest.mark.parametrize(("stream", "body", "kept"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_whole_answer_is_read_and_the_connection_kept_if_it_may_be(
    stream: bytes,
    body: bytes,
    kept: bool,  # noqa: FBT001 - a case
    step: int,
) -> None:
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        for at in range(0, len(stream), step):
            wire.connection.data_received(stream[at : at + step])
        response = await asked
        assert await response.read() == body
        assert wire.transport.written == REQUEST
        assert wire.freed_as[0] is kept or step < len(body)  # bytes after the end may come too late to matter
        assert wire.transport.aborted is not kept
        response.close()
        assert wire.transport.aborted is not kept

    with_wire(test)


def test_interim_headers_are_not_the_answers() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(WHOLE["interim"][0])
        assert (response.status, list(response.headers)) == (200, [("content-length", "0")])

    with_wire(test)


def test_trailers_are_not_headers() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(WHOLE["trailers"][0])
        assert response.headers.get("x") is None

    with_wire(test)


def test_a_kept_connection_answers_again() -> None:
    async def test(wire: Wire) -> None:
        for status in (200, 404):
            response = await wire.answered(b"HTTP/1.1 %d X\r\ncontent-length: 1\r\n\r\nx" % status)
            assert response.status == status
            assert await response.read() == b"x"
        assert wire.freed_as == [True, True]

    with_wire(test)


def test_the_answer_to_head_has_no_body_and_ends_the_connection() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", bodyless=True)
        assert await response.read() == b""
        assert wire.freed_as == [False]

    with_wire(test)


def test_a_body_without_length_ends_with_the_connection() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd")
        wire.connection.connection_lost(None)
        assert await response.read() == b"abcd"

    with_wire(test)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n2\r\nab\r\n",
    ],
)
def test_a_framed_body_cut_short_is_an_error_after_what_came(start: bytes) -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(start)
        wire.connection.connection_lost(None)
        stream = response.stream()
        assert await anext(stream) == b"ab"
        with pytest.raises(ResponseFailed):
            await anext(stream)

    with_wire(test)


def test_a_body_without_length_broken_off_is_an_error() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\n\r\nab")
        wire.connection.connection_lost(ConnectionResetError())
        with pytest.raises(ResponseFailed):
            await response.read()

    with_wire(test)


MALFORMED = {
    "not_http": b"SSH-2.0-x\r\n",
    "both_framings": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
    "two_lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n",
    "switching": b"HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "switching_bare": b"HTTP/1.1 101 S\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("stream", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_unsettled(stream: bytes) -> None:
    async def test(wire: Wire) -> None:
        with pytest.raises(ResponseFailed) as failed:
            await wire.answered(stream)
        assert failed.value.may_have_happened
        assert wire.freed_as == [False]

    with_wire(test)


@pytest.mark.parametrize(
    "chunks",
    [
        [b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200 + b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nx: " + b"a" * 60] + [b"a" * 60] * 2,
        [b"HTTP/1.1 200 " + b"a" * 60] + [b"a" * 60] * 2,
        [b"HTTP/1.1 100 C\r\n\r\n" * 4] * 2,
    ],
)
def test_a_large_head_is_refused_however_it_comes(chunks: list[bytes]) -> None:
    async def test(wire: Wire) -> None:
        with pytest.raises(TooLarge):
            await wire.answered(*chunks)

    with_wire(test, header_bytes=100)


def test_large_trailers_are_refused_and_many_small_chunks_are_not() -> None:
    async def test(wire: Wire) -> None:
        chunk = b"1\r\nx\r\n"
        response = await wire.answered(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[chunk] * 100, b"0\r\nt: ", *[b"a" * 60] * 2
        )
        with pytest.raises(TooLarge):
            await response.read()

    with_wire(test, header_bytes=100)


def test_a_body_over_the_limit_is_refused_and_the_connection_dropped() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123456789")
        with pytest.raises(TooLarge):
            await response.read(9)
        assert wire.freed_as == [False]

    with_wire(test)


def test_a_body_of_exactly_the_limit_is_read() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789")
        assert await response.read() == b"0123456789"

    with_wire(test, body_bytes=10)


def test_an_unread_body_makes_the_upstream_wait() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n0123456789")
        assert wire.transport.reading
        wire.connection.data_received(b"x")
        assert not wire.transport.reading
        stream = response.stream()
        await anext(stream)
        assert wire.transport.reading
        wire.connection.data_received(b"x" * 29)
        assert wire.freed_as == [True]
        assert wire.transport.reading

    with_wire(test, buffer_bytes=10)


def test_a_whole_body_in_hand_lets_a_paused_connection_go_on() -> None:
    async def test(wire: Wire) -> None:
        await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n", b"x" * 20)
        assert not wire.transport.reading
        wire.connection.data_received(b"x" * 20)  # already on its way when reading was paused
        assert wire.freed_as == [True]
        assert wire.transport.reading

    with_wire(test, buffer_bytes=10)


def test_closing_an_incomplete_response_drops_the_connection() -> None:
    async def test(wire: Wire) -> None:
        async with await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab") as response:
            pass
        assert wire.freed_as == [False]
        with pytest.raises(ResponseFailed):
            await response.read()

    with_wire(test)


def test_closing_an_old_response_does_not_touch_the_next_exchange() -> None:
    async def test(wire: Wire) -> None:
        old = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab")
        asked = wire.ask()
        await asyncio.sleep(0)
        old.close()
        wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        assert (await asked).status == 200
        assert wire.freed_as == [True, True]

    with_wire(test)


def test_a_cancelled_exchange_drops_its_connection() -> None:
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert wire.freed_as == [False]

    with_wire(test)


@pytest.mark.parametrize(("length", "freed"), [(2, [True]), (3, [False])])
def test_cancelled_in_the_turn_of_its_answer_it_drops_only_what_is_incomplete(length: int, freed: list[bool]) -> None:
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\nab" % length)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert wire.freed_as == freed

    with_wire(test)


@pytest.mark.parametrize(("unsent", "kind"), [(True, SendFailed), (False, ResponseFailed)])
def test_a_lost_connection_tells_whether_all_of_the_request_had_left(unsent: bool, kind: type[NetFailed]) -> None:  # noqa: FBT001 - a case
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        wire.connection.pause_writing()
        if not unsent:
            wire.connection.resume_writing()
        wire.connection.connection_lost(ConnectionResetError())
        with pytest.raises(kind):
            await asked
        assert wire.freed_as == [False]

    with_wire(test)


def test_an_answer_before_the_request_has_left_ends_the_connection() -> None:
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        wire.connection.pause_writing()
        wire.connection.data_received(b"HTTP/1.1 413 T\r\ncontent-length: 0\r\n\r\n")
        assert (await asked).status == 413
        assert wire.freed_as == [False]

    with_wire(test)


def test_bytes_nobody_asked_for_close_an_idle_connection() -> None:
    async def test(wire: Wire) -> None:
        wire.connection.data_received(b"HTTP/1.1 408 T\r\n\r\n")
        assert wire.transport.aborted

    with_wire(test)


def test_a_connection_with_something_to_read_is_not_usable() -> None:
    async def test(wire: Wire) -> None:
        assert wire.connection.usable()
        os.write(wire.pipe.ends[1], b"x")
        assert not wire.connection.usable()

    with_wire(test)


def test_no_head_in_time_is_unsettled() -> None:
    async def test(wire: Wire) -> None:
        with pytest.raises(ResponseFailed, match="no answer within"):
            await wire.ask()
        assert wire.freed_as == [False]

    with_wire(test, header_seconds=0.01)


def test_a_head_in_time_lifts_the_deadline_and_an_idle_connection_closes() -> None:
    async def test(wire: Wire) -> None:
        response = await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na")
        await asyncio.sleep(0.03)
        assert not wire.transport.aborted
        wire.connection.data_received(b"b")
        assert await response.read() == b"ab"
        while not wire.transport.aborted:  # noqa: ASYNC110 - the fake transport has no event to wait for
            await asyncio.sleep(0.005)

    with_wire(test, header_seconds=0.01, idle_seconds=0.02)


def test_a_deadline_may_come_sooner_than_the_one_before() -> None:
    async def test(wire: Wire) -> None:
        await wire.answered(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        async with asyncio.timeout(10):
            while not wire.transport.aborted:  # noqa: ASYNC110 - the fake transport has no event to wait for
                await asyncio.sleep(0.005)

    with_wire(test, header_seconds=1000, idle_seconds=0.01)


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans())
def test_no_bytes_make_it_raise_or_hang(chunks: list[bytes], http: bool) -> None:  # noqa: FBT001 - drawn
    async def test(wire: Wire) -> None:
        asked = wire.ask()
        await asyncio.sleep(0)
        for chunk in [b"HTTP/1.1 200 OK\r\n"] * http + chunks:
            wire.connection.data_received(chunk)
        wire.connection.connection_lost(None)
        with suppress(ResponseFailed):
            await (await asked).read()
        assert len(wire.freed_as) == 1

    with_wire(test)
