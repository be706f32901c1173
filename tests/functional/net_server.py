"""The HTTP client against real sockets: scripted servers on the loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from interlock.net.client import HttpClient
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.url import UpstreamUrl, parse_upstream_url

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Serves one script per connection, and remembers what came."""

    def __init__(self, script: Serve) -> None:
        self.script = script
        self.connections = 0
        self.requests: list[bytes] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.url: UpstreamUrl

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self.script(reader, writer)
            writer.close()  # sends what is still unsent first
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self.tasks.discard(task)

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        self.requests.append(head)
        return await reader.readexactly(length)


@asynccontextmanager
async def serving(script: Callable[[Server], Serve], tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(lambda _reader, _writer: asyncio.sleep(0))
    server.script = script(server)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.url = parse_upstream_url(f"http{'s' if tls else ''}://127.0.0.1:{port}/mcp?a=1")
    try:
        yield server
    finally:
        listener.close()
        for task in list(server.tasks):
            task.cancel()
        if server.tasks:
            await asyncio.wait(server.tasks)


def client(**limits: Any) -> HttpClient:
    return HttpClient(dial=Dialer(), limits=ClientLimits(**limits))


def always(answer: bytes) -> Callable[[Server], Serve]:
    def script(server: Server) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await server.request(reader)
                writer.write(answer)
                await writer.drain()

        return serve

    return script


def silent(server: Server) -> Serve:
    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        await reader.read()

    return serve


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for happens in the kernel
        await asyncio.sleep(0.002)
