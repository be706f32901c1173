"""The HTTP server around the gateway: bound before anything else, ended within bounds."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn

from interlock.core.errors import OperatorError
from interlock.proxy.app import Gateway

GRACE_SECONDS = 4
"""How long calls under way may take to end once we are told to stop."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address.

    Raises:
        OperatorError: the address cannot be had.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise OperatorError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            "another program may be using it: end that one, or change gateway.listen",
        ) from None
    return listening


async def run(
    gateway: Gateway, listening: socket.socket, beside: Callable[[], Awaitable[None]], ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; ``beside`` runs as long, and its end ends the server, too."""
    config = uvicorn.Config(
        gateway,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=None,
    )
    server = _Server(config)
    companion = asyncio.create_task(_companion(beside, server))
    announcing = asyncio.create_task(_announce(server, ready))
    try:
        await server.serve(sockets=[listening])
    finally:
        announcing.cancel()
        companion.cancel()
        await asyncio.wait({companion, announcing})


class _Server(uvicorn.Server):
    """A server that ends when it is told to, and lets us end, too: uvicorn's own raises the signal once more."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as the order to end while serving."""
        loop, orders = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        for order in orders:
            loop.add_signal_handler(order, self.handle_exit, order, None)
        try:
            yield
        finally:
            for order in orders:
                loop.remove_signal_handler(order)


async def _companion(beside: Callable[[], Awaitable[None]], server: uvicorn.Server) -> None:
    try:
        await beside()
    finally:
        server.should_exit = True


async def _announce(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 (uvicorn has a flag, not an event)
        await asyncio.sleep(0.01)
    ready()
