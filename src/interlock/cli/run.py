"""``interlock run``: be, on standard input and output, one of the gateway's servers."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvloop

from interlock.cli import keys
from interlock.cli.context import now, os_user, settings_of
from interlock.cli.wiring import http_client
from interlock.core.errors import InterlockError, OperatorError
from interlock.identity.development import mint_development_token
from interlock.identity.keys import load_key
from interlock.identity.resources import locate
from interlock.identity.tokens import Principal
from interlock.net.url import parse_upstream_url
from interlock.proxy.shim import Shim
from interlock.settings import Settings
from interlock.settings.types import StdioServer

TOKEN_VARIABLE = "INTERLOCK_TOKEN"  # noqa: S105 (a variable's name)
WORKLOAD = "interlock-run"
START_SECONDS = 15.0
_REUSE_SECONDS = 300.0


def run(arguments: argparse.Namespace) -> int:
    """Serve the client on the pipe until it stops writing."""
    settings = settings_of(arguments)
    _check_command(settings, arguments.server, tuple(arguments.command))
    token = _token_source(settings, arguments.server)
    token()
    with Presence(settings):
        _ensure_gateway(settings)
        uvloop.run(_serve_pipe(settings, arguments.server, token))
    return 0


def unused(settings: Settings) -> Callable[[], bool]:
    """Return what tells a gateway that a shim has started whether any shim is left."""
    lock = _presence_file(settings).open("a+b")

    def nobody() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return nobody


class Presence:
    """Says, as long as this process lives, that a shim is using the gateway."""

    def __init__(self, settings: Settings) -> None:
        self._path = _presence_file(settings)

    def __enter__(self) -> None:
        """Take a share of the lock; the operating system gives it back whatever happens."""
        self._lock = self._path.open("a+b")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._lock.close()


def _presence_file(settings: Settings) -> Path:
    return settings.store.path.with_suffix(".shims")


def _check_command(settings: Settings, name: str, command: tuple[str, ...]) -> None:
    server = settings.servers.get(name)
    if server is None:
        known = ", ".join(settings.servers) or "none"
        raise OperatorError(f"{name}: there is no such server in {settings.path}", f"configured: {known}")
    if not command:
        return
    if not isinstance(server, StdioServer) or command != server.command:
        raise OperatorError(
            f"the command line differs from the one configured for {name}; nothing was started",
            f"make the client run `interlock run --server {name}` alone, or correct {settings.path}",
        )


def _token_source(settings: Settings, name: str) -> Callable[[], str]:
    """Return what gives a token that is good now.

    Raises:
        OperatorError: there is none to be had.

    """
    given = os.environ.get(TOKEN_VARIABLE)
    if given is not None:
        if not given.strip():
            raise OperatorError(f"{TOKEN_VARIABLE} is empty: without a token nothing is run", "set it to a token")
        return lambda: given
    if not settings.identity.development_issuer:
        raise OperatorError(
            f"there is no token: {TOKEN_VARIABLE} is not set and the development issuer is off",
            f"set {TOKEN_VARIABLE} to a short-lived token for {settings.gateway.resource}",
        )
    who = Principal(subject=os_user(), workload=WORKLOAD, tenant=settings.servers[name].tenant)
    key = load_key(keys.issuer_path(settings))
    minted: list[tuple[float, str]] = []

    def mint() -> str:
        if not minted or time.monotonic() - minted[-1][0] > _REUSE_SECONDS:
            token = mint_development_token(key, settings.gateway.resource, who, now)
            minted[:] = [(time.monotonic(), token)]
        return minted[-1][1]

    return mint


def _ensure_gateway(settings: Settings) -> None:
    """Start a gateway, unless one listens; it ends by itself when the last shim has gone."""
    if _listens(settings):
        return
    command = [sys.executable, "-m", "interlock", "serve", "--until-unused", "-c", str(settings.path)]
    log = settings.store.path.with_suffix(".serve.log").open("ab")
    started = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
    )
    log.close()
    deadline = time.monotonic() + START_SECONDS
    while not _listens(settings):
        if time.monotonic() > deadline:
            started.terminate()
            raise InterlockError(f"the gateway did not start; see {log.name}", "run `interlock serve` to see why")
        time.sleep(0.05)


def _listens(settings: Settings) -> bool:
    listen = settings.gateway.listen
    try:
        with socket.create_connection((listen.host, listen.port), timeout=1.0):
            return True
    except OSError:
        return False


async def _serve_pipe(settings: Settings, name: str, token: Callable[[], str]) -> None:
    url = parse_upstream_url(locate(f"http://{settings.gateway.listen}").server(name))
    async with http_client(settings) as client:
        pipe = await StandardPipe.open(settings.limits.max_result_bytes)
        await Shim(client, url, token, pipe, settings.limits.max_result_bytes).run()


class StandardPipe:
    """Standard input and output as lines."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, limit: int) -> StandardPipe:
        """Take over standard input and output."""
        reader = asyncio.StreamReader(limit)
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        return cls(reader)

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield each line without its end."""
        while line := await self._reader.readline():
            if line.strip():
                yield line.rstrip(b"\r\n")

    async def write(self, line: bytes) -> None:
        """Write one line."""
        async with self._writing:
            await asyncio.to_thread(_write, line.replace(b"\n", b" ") + b"\n")


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
