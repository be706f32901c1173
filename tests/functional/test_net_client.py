"""The HTTP client against real sockets: scripted servers on the loopback."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import ip_network

import pytest

from functional.net_server import OK, Serve, Server, always, client, serving, silent, until
from interlock.net.client import HttpClient
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.errors import AddressRefused, ConnectFailed, ResponseFailed, SendFailed
from interlock.net.url import parse_learned_url, parse_upstream_url


def test_requests_share_one_kept_connection(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(always(OK)) as server, client() as http:
            for _ in range(3):
                response = await http.send("POST", server.url, [("X-Y", "1")], b"body")
                assert (response.status, await response.read()) == (200, b"ok")
            assert server.connections == 1
            head = server.requests[0]
            assert head.startswith(b"POST /mcp?a=1 HTTP/1.1\r\nhost: " + server.url.authority.encode())
            assert b"\r\nX-Y: 1\r\ncontent-length: 4\r\n\r\n" in head

    run(main())


def test_lanes_and_learned_urls_do_not_share_connections(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(always(OK)) as server, client() as http:
            for lane in ("", "a", "a", "b"):
                await (await http.send("GET", server.url, lane=lane)).read()
            assert server.connections == 3
            learned = parse_learned_url(f"{server.url.origin}/")
            with pytest.raises(AddressRefused):
                await http.send("GET", learned)

    run(main())


def test_callers_wait_their_turn_in_order(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(always(OK)) as server, client(connections=1) as http:
            order: list[int] = []

            async def call(number: int) -> None:
                response = await http.send("GET", server.url)
                order.append(number)
                await response.read()

            await asyncio.gather(*(call(number) for number in range(8)))
            assert order == list(range(8))
            assert server.connections == 1

    run(main())


def test_a_full_pool_gives_up_with_nothing_sent_and_cancelled_waiters_lose_no_slot(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(silent) as server, client(connections=1, queue_seconds=0.05) as http:
            busy = asyncio.ensure_future(http.send("GET", server.url))
            await until(lambda: bool(server.requests))
            with pytest.raises(ConnectFailed, match="busy"):
                await http.send("GET", server.url)
            waiting = [asyncio.ensure_future(http.send("GET", server.url)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            busy.cancel()  # its slot is passed to the second waiter
            await until(lambda: len(server.requests) == 2)
            assert server.connections == 2
            waiting[1].cancel()
            await asyncio.gather(busy, *waiting, return_exceptions=True)
            assert not http.origins

    run(main())


def test_a_waiter_cancelled_as_its_turn_comes_passes_it_on(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(always(OK)) as server, client(connections=1) as http:

            async def cancel_next() -> None:
                await http.send("GET", server.url)
                second.cancel()  # handed the connection already, not yet resumed

            first = asyncio.ensure_future(cancel_next())
            second, third = (asyncio.ensure_future(http.send("GET", server.url)) for _ in range(2))
            assert (await third).status == 200
            await first
            assert second.cancelled()
            assert (server.connections, len(server.requests)) == (1, 2)

    run(main())


def test_a_stale_connection_is_replaced_before_anything_is_written(run: Callable[..., None]) -> None:
    def once(server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.request(reader)
            writer.write(OK)
            await writer.drain()

        return serve

    async def main() -> None:
        async with serving(once) as server, client() as http:
            for number in range(3):
                response = await http.send("POST", server.url, body=b"x")
                assert await response.read() == b"ok"
                await until(lambda: not server.tasks)
                await asyncio.sleep(0.01 * (number % 2))
            assert server.connections == 3
            assert len(server.requests) == 3

    run(main())


def test_a_close_the_loop_has_not_read_yet_is_seen_before_writing(run: Callable[..., None]) -> None:
    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        url = parse_upstream_url(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        loop = asyncio.get_running_loop()
        async with client() as http:
            for _ in range(3):
                asked = asyncio.ensure_future(http.send("POST", url, body=b"x"))
                peer, _ = await loop.sock_accept(listener)
                while not (await loop.sock_recv(peer, 4096)).endswith(b"x"):
                    pass
                await loop.sock_sendall(peer, OK)
                assert await (await asked).read() == b"ok"
                peer.close()  # no turn of the loop between this and the next request
        listener.close()

    run(main())


def test_a_connection_handed_on_as_it_closes_is_replaced(run: Callable[..., None]) -> None:
    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        url = parse_upstream_url(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        loop = asyncio.get_running_loop()
        async with client(connections=1) as http:
            calls = [asyncio.ensure_future(http.send("POST", url, body=b"x")) for _ in range(3)]
            for call in calls:
                peer, _ = await loop.sock_accept(listener)
                while not (await loop.sock_recv(peer, 4096)).endswith(b"x"):
                    pass
                peer.send(OK)
                peer.close()  # both wait for the loop's next turn, in which the connection is handed on
                assert await (await call).read() == b"ok"
        listener.close()

    run(main())


def test_an_idle_connection_that_closes_gives_its_slot_back(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(always(OK)) as server, client(idle_seconds=0.05) as http:
            await (await http.send("GET", server.url)).read()
            assert len(http.connections) == len(http.origins) == 1
            await until(lambda: not http.connections)
            assert not http.origins

    run(main())


def test_a_connection_made_while_the_client_closes_is_not_used(run: Callable[..., None]) -> None:
    resolving, go_on = asyncio.Event(), asyncio.Event()

    async def gated(_host: str, _port: int) -> Sequence[str]:
        resolving.set()
        await go_on.wait()
        return ["127.0.0.1"]

    async def main() -> None:
        async with serving(always(OK)) as server:
            dialer = Dialer(networks=(ip_network("127.0.0.1/32"),), resolve=gated)
            http = HttpClient(dial=dialer, limits=ClientLimits())
            call = asyncio.ensure_future(
                http.send("GET", parse_upstream_url(f"http://mcp.example.com:{server.url.port}/"))
            )
            await resolving.wait()
            await http.aclose()
            go_on.set()
            with pytest.raises(ConnectFailed):
                await call
            assert not http.connections
            assert not http.origins
            assert not server.requests

    run(main())


@pytest.mark.parametrize("reset", [True, False])
def test_nothing_is_sent_twice_when_a_kept_connection_dies_under_a_request(
    run: Callable[..., None],
    reset: bool,  # noqa: FBT001 - a case
) -> None:
    def second_dies(server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.request(reader)
            writer.write(OK)
            await server.request(reader)
            if reset:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        return serve

    async def main() -> None:
        async with serving(second_dies) as server, client() as http:
            await (await http.send("POST", server.url, body=b"x")).read()
            with pytest.raises(ResponseFailed) as failed:
                await http.send("POST", server.url, body=b"x")
            assert failed.value.may_have_happened
            assert len(server.requests) == 2

    run(main())


def test_a_large_request_broken_off_says_so(run: Callable[..., None]) -> None:
    def cut(_server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(10)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        return serve

    async def main() -> None:
        async with serving(cut) as server, client() as http:
            with pytest.raises(SendFailed):
                await http.send("POST", server.url, body=bytes(30_000_000))

    run(main())


def test_nobody_listening_means_nothing_sent(run: Callable[..., None]) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        async with client() as http:
            with pytest.raises(ConnectFailed) as failed:
                await http.send("POST", parse_upstream_url(f"http://127.0.0.1:{port}/"), body=b"x")
            assert not failed.value.may_have_happened
            assert not http.origins

    run(main())


def test_the_next_address_is_tried_and_the_name_is_kept(run: Callable[..., None]) -> None:
    async def two(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async def main() -> None:
        async with serving(always(OK)) as server:
            dialer = Dialer(networks=(ip_network("127.0.0.0/8"),), resolve=two)
            url = parse_upstream_url(f"http://mcp.example.com:{server.url.port}/")
            async with HttpClient(dial=dialer, limits=ClientLimits()) as http:
                assert (await http.send("GET", url)).status == 200
            assert f"host: mcp.example.com:{url.port}\r\n".encode() in server.requests[0]

    run(main())


def test_a_name_is_resolved_once_per_connection_and_judged_each_time(run: Callable[..., None]) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    async def main() -> None:
        closing = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        async with serving(always(closing)) as server:
            dialer = Dialer(networks=(ip_network("127.0.0.1/32"),), resolve=rebinding)
            url = parse_upstream_url(f"http://mcp.example.com:{server.url.port}/")
            async with HttpClient(dial=dialer, limits=ClientLimits()) as http:
                await (await http.send("GET", url)).read()
                with pytest.raises(AddressRefused):
                    await http.send("GET", url)

    run(main())


def test_a_hanging_resolver_or_listener_times_out_with_nothing_sent(run: Callable[..., None]) -> None:
    async def hang(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    async def main() -> None:
        async with HttpClient(dial=Dialer(resolve=hang), limits=ClientLimits(connect_seconds=0.05)) as http:
            with pytest.raises(ConnectFailed, match="not resolved"):
                await http.send("GET", parse_upstream_url("http://a.example/"))
        async with serving(silent) as server, client(connect_seconds=0.05) as http:
            with pytest.raises(ConnectFailed, match="timed out"):  # a TLS handshake nobody answers
                await http.send("GET", parse_upstream_url(f"https://127.0.0.1:{server.url.port}/"))
            assert not http.origins

    run(main())


def test_closing_early_hangs_up_and_frees_the_slot(run: Callable[..., None]) -> None:
    hung_up = asyncio.Event()

    def endless(server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n")
            await reader.read()
            hung_up.set()

        return serve

    async def main() -> None:
        async with serving(endless) as server, client(connections=1) as http:
            for _ in range(2):
                async with await http.send("POST", server.url) as response:
                    async for chunk in response.stream():
                        assert chunk == b"data:"
                        break
                await hung_up.wait()
                hung_up.clear()

    run(main())


def test_a_slow_reader_makes_the_upstream_wait(run: Callable[..., None]) -> None:
    sent = 0

    def flood(server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await server.request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (64 << 20))
            for _ in range(1024):
                writer.write(bytes(64 << 10))
                await writer.drain()
                sent += 64 << 10

        return serve

    async def main() -> None:
        nonlocal sent
        sent = 0
        async with serving(flood) as server, client(buffer_bytes=64 << 10) as http:
            response = await http.send("GET", server.url)
            before = -1
            while sent != before:
                before = sent
                await asyncio.sleep(0.1)
            assert sent < 32 << 20  # what the kernel's buffers take, not the whole
            total = 0
            async for chunk in response.stream():
                total += len(chunk)
            assert total == 64 << 20

    run(main())


def test_aclose_fails_what_runs_and_waits_and_leaves_nothing(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(silent) as server:
            http = client(connections=1)
            calls = [asyncio.ensure_future(http.send("GET", server.url)) for _ in range(2)]
            await until(lambda: bool(server.requests))
            await http.aclose()
            running, waiting = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(running, ResponseFailed)
            assert isinstance(waiting, ConnectFailed)
            assert not http.connections
            assert not http.origins

    run(main())


def test_cancelled_calls_leave_no_connection(run: Callable[..., None]) -> None:
    async def main() -> None:
        async with serving(silent) as server, client() as http:
            calls = [asyncio.ensure_future(http.send("GET", server.url)) for _ in range(5)]
            await until(lambda: len(server.requests) == 5)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            await until(lambda: not http.connections)
            assert not http.origins
            assert server.connections == 5

    run(main())
