"""A whole installation in a folder of its own: real servers, a real gateway, the real SDK client."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import yaml
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from interlock.cli.main import main as interlock
from interlock.identity.development import Mint, issuer_of, mint_development_token
from interlock.identity.keys import load_key
from interlock.identity.tokens import Principal

FIXTURES = Path(__file__).parent.parent / "fixtures"
UPSTREAM = FIXTURES / "upstream.py"
ROGUE = FIXTURES / "rogue.py"
READY_SECONDS = 5.0
"""The contract: ready this soon after the start, on a machine that has nothing else to do."""
END_SECONDS = 10.0
"""The contract: ended this soon after SIGTERM."""
BOUND_SECONDS = 120.0
"""No test waits longer for anything."""
ERAS = ("legacy", "auto")
DECISION = "interlock/decision"


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine, bounded."""
    asyncio.run(asyncio.wait_for(main, BOUND_SECONDS))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def eventually(holds: Callable[[], Any], within: float = BOUND_SECONDS) -> Any:
    """Return what ``holds`` returns once that is true."""
    deadline = time.monotonic() + within
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


def end(process: subprocess.Popen[Any], within: float = END_SECONDS) -> float:
    """Tell a process to end; return how long that took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"it did not end within {within} s of SIGTERM") from None
    assert process.returncode in {0, -signal.SIGTERM}, process.returncode
    return time.monotonic() - began


def processor_seconds(pid: int) -> float:
    """Return how much processor time a process has had (proc(5)); unlike a clock, others' work does not slow it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Who:
    """A caller."""

    subject: str = "user-1"
    workload: str = "demo-agent"
    tenant: str = "acme"
    host: str | None = None


USER = Who()


@dataclass
class Installation:
    """One configuration. ``start`` and ``stop`` its gateway; used as a context, everything is ended."""

    directory: Path
    servers: dict[str, dict[str, Any]]
    extra: dict[str, Any] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.serving: subprocess.Popen[bytes] | None = None
        self.config = self.directory / "interlock.yaml"
        self._upstreams: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.write()
        code, _, err = self.cli("init")
        assert code == 0, err
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.serving is not None:
                self.stop()
        finally:
            for upstream in self._upstreams.values():
                end(upstream)

    # --- servers ---

    def stdio(self, name: str, program: Path, *arguments: str, **settings: Any) -> None:
        """Configure a server that the gateway starts."""
        self.servers[name] = {
            "transport": "stdio",
            "command": [sys.executable, str(program), "--stdio", *arguments],
            "env": self._environment(name),
        } | self._owned(settings)

    def http(self, name: str, program: Path, *arguments: str, **settings: Any) -> None:
        """Start a server and configure it."""
        port = free_port()
        self.servers[name] = {"transport": "http", "url": f"http://127.0.0.1:{port}/mcp"} | self._owned(settings)
        self.start_upstream(name, program, *arguments)

    def start_upstream(self, name: str, program: Path, *arguments: str) -> None:
        """Start the process of a configured HTTP server."""
        port = int(self.servers[name]["url"].rpartition(":")[2].removesuffix("/mcp"))
        command = [sys.executable, str(program), "--http", str(port), *arguments]
        log = (self.directory / f"{name}.log").open("ab")
        with log:
            process = subprocess.Popen(command, env=os.environ | self._environment(name), stdout=log, stderr=log)
        self._upstreams[name] = process
        eventually(lambda: listens(port))

    def end_upstream(self, name: str) -> None:
        end(self._upstreams.pop(name))

    def _environment(self, name: str) -> dict[str, str]:
        return {"UPSTREAM_EFFECTS": str(self.directory / f"{name}.effects"), "UPSTREAM_SWITCH": str(self._switch(name))}

    def _owned(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {"tenant": "acme", "owner": "platform-team", "max_age": "0s", **settings}

    def _switch(self, name: str) -> Path:
        return self.directory / f"{name}.switch"

    def switch(self, name: str, **said: Any) -> None:
        """Tell a fixture server what to do from now on; atomically, since it may be reading."""
        fresh = self._switch(name).with_suffix(".new")
        fresh.write_text(json.dumps(said))
        fresh.replace(self._switch(name))

    def effects(self, name: str, **arguments: Any) -> list[str]:
        """Return the tools that really did something, with at least these arguments, in order."""
        journal = self.directory / f"{name}.effects"
        lines = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
        return [line["tool"] for line in lines if arguments.items() <= (line["arguments"] or {}).items()]

    # --- the gateway ---

    def write(self) -> None:
        """Write the configuration."""
        given = {
            "version": 1,
            "gateway": {"listen": f"127.0.0.1:{self.port}"},
            "approvals": {"wait": "100ms", "decide_by": "15m", "redeem_by": "15m"},
            "identity": {"development_issuer": True},
            "audit": {"checkpoints": ["file:checkpoints/"]},
            "servers": self.servers,
        }
        self.config.write_text(yaml.safe_dump(given | self.extra))

    def cli(self, *words: str) -> tuple[int, str, str]:
        """Run a command in this process; return its exit code, output and complaints."""
        written, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = interlock([*words, "-c", str(self.config)])
        return code, written.getvalue().decode(), err.getvalue()

    def json(self, *words: str) -> Any:
        code, out, err = self.cli(*words, "-o", "json")
        assert code == 0, err
        return json.loads(out)

    def accept(self) -> None:
        code, out, err = self.cli("inventory", "sync", "--accept")
        assert code == 0, out + err

    def start(self) -> float:
        """Start the gateway; return how much processor time, in seconds, it took to be ready."""
        command = [sys.executable, "-m", "interlock", "serve", "-c", str(self.config)]
        with (self.directory / "serve.log").open("ab") as log:
            self.serving = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
        try:
            eventually(self.healthy, BOUND_SECONDS)
        except AssertionError:
            raise AssertionError("it is not ready: " + self.log()) from None
        return processor_seconds(self.serving.pid)

    def healthy(self) -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).status_code == 200
        return False

    def stop(self) -> float:
        """End the gateway; return how long that took."""
        assert self.serving is not None
        serving, self.serving = self.serving, None
        took = end(serving)
        assert serving.returncode == 0, "it was ended by the signal, and has not ended by itself"
        return took

    def log(self) -> str:
        return (self.directory / "serve.log").read_text()

    # --- people ---

    def approvals(self, state: str | None = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json("approvals", "ls")
        return [row for row in rows if state in {None, row["state"]}]

    def state(self, approval_id: str) -> str:
        return next(str(row["state"]) for row in self.approvals() if row["id"] == approval_id)

    def approve(self, approval_id: str, name: str = "alice") -> None:
        code, _, err = self.cli("approvals", "approve", approval_id, "--as", name, "--reason", "looks right")
        assert code == 0, err

    def deny(self, approval_id: str, name: str = "alice") -> None:
        code, _, err = self.cli("approvals", "deny", approval_id, "--as", name, "--reason", "looks wrong")
        assert code == 0, err

    def records(self, **wanted: str) -> list[dict[str, Any]]:
        """Return the log's records that have these values, oldest first."""
        code, out, err = self.cli("audit", "export", "-o", "json")
        assert code == 0, err
        records = [json.loads(line) for line in out.splitlines()]
        return [record for record in records if all(record.get(name) == value for name, value in wanted.items())]

    # --- clients ---

    def url(self, server: str) -> str:
        return f"http://127.0.0.1:{self.port}/servers/{server}/mcp"

    def token(self, who: Who = USER, *, server: str | None = None, at: float | None = None) -> str:
        """Mint a token as `interlock token` does, or as a login at one server's path does."""
        base = f"http://127.0.0.1:{self.port}"
        key = load_key(self.directory / "var" / "keys" / "issuer.jwk")
        principal = Principal(subject=who.subject, workload=who.workload, tenant=who.tenant, host=who.host)
        now = time.time() if at is None else at
        if server is not None:
            return Mint(key, issuer_of(base), lambda: now).mint(principal, self.url(server), 900)
        return mint_development_token(key, base, principal, lambda: now)

    def client(self, server: str, era: str, *, via: str = "http", who: Who = USER, **options: Any) -> Any:
        """Return an SDK client, to be entered: over HTTP, or through ``interlock run`` on a pipe."""
        if via == "shim":
            return Client(self.shim(server, who), mode=era, **options)
        return self._over_http(server, era, who, options)

    def shim(self, server: str, who: Who = USER) -> StdioServerParameters:
        arguments = ["-m", "interlock", "run", "--server", server, "-c", str(self.config)]
        environment = {"INTERLOCK_TOKEN": self.token(who)}
        return StdioServerParameters(command=sys.executable, args=arguments, env=environment)

    @contextlib.asynccontextmanager
    async def _over_http(self, server: str, era: str, who: Who, options: dict[str, Any]) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {self.token(who)}"}
        async with httpx2.AsyncClient(headers=headers, timeout=BOUND_SECONDS) as http:
            transport = streamable_http_client(self.url(server), http_client=http)
            async with Client(transport, mode=era, **options) as client:
                yield client

    def post(self, server: str, body: Any, *, who: Who = USER, **headers: str | None) -> httpx2.Response:
        """Send one hand-made request; a header that is ``None`` is left out."""
        given: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token(who)}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {name: value for name, value in given.items() if value is not None}
        return httpx2.post(self.url(server), content=content, headers=lines, timeout=BOUND_SECONDS)


def unique() -> str:
    """Return a note id that no other call of any test has."""
    return f"n-{secrets.token_hex(6)}"


def said(result: Any) -> str:
    """Return the text of a result."""
    return str(result.content[0].text)


def decision(result: Any) -> dict[str, Any]:
    """Return the machine data of a result that is none."""
    found: dict[str, Any] = result.meta[DECISION]
    return found


def modern(method: str, params: Mapping[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    """Return a request of the modern era."""
    envelope = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": envelope | meta, **(params or {})}}


def routed(method: str, name: str | None = None) -> dict[str, str]:
    """Return the headers that go with a request of the modern era."""
    headers = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": method}
    return headers | ({"Mcp_Name": name} if name else {})


@contextlib.contextmanager
def installation(directory: Path, configure: Callable[[Installation], None], **extra: Any) -> Iterator[Installation]:
    """Give an installation whose servers are accepted and whose gateway serves."""
    made = Installation(directory, {}, extra)
    try:
        configure(made)
        with made:
            made.accept()
            made.start()
            yield made
    finally:
        for upstream in made._upstreams.values():
            if upstream.poll() is None:
                end(upstream)
