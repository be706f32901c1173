"""A real gateway in front of a real server, put under load, killed, and held to what the log promises."""

from __future__ import annotations

import contextlib
import http.client
import io
import itertools
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from contracts.world import sums
from interlock.cli.main import main as interlock
from interlock.identity.development import mint_development_token
from interlock.identity.keys import load_key
from interlock.identity.tokens import Principal
from interlock.proxy.children import MARK

HERE = Path(__file__).parent
READY_SECONDS = 40.0
END_SECONDS = 10.0
CLIENTS = 6
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def eventually(holds: Callable[[], bool], within: float) -> bool:
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@dataclass
class Tally:
    """What was seen over all rounds."""

    rounds: int = 0
    effects: int = 0
    intents: int = 0
    unknown: int = 0
    delivered: int = 0
    redeemed: int = 0


@dataclass
class Victim:
    """One installation; ``serve`` it, have it killed, ``check`` it, and serve again."""

    directory: Path
    transport: str = "stdio"
    port: int = field(default_factory=free_port)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.config = self.directory / "interlock.yaml"
        self.journal = self.directory / "effects"
        self.process: subprocess.Popen[bytes] | None = None
        self.delivered: set[str] = set()
        self._numbers = itertools.count()
        self.upstream: subprocess.Popen[bytes] | None = None
        server = (self._http() if self.transport == "http" else self._stdio()) | {"tenant": "acme", "owner": "platform"}
        settings = {
            "version": 1,
            "gateway": {"listen": f"127.0.0.1:{self.port}"},
            "approvals": {"wait": "10ms", "decide_by": "15m", "redeem_by": "15m"},
            "identity": {"development_issuer": True},
            "audit": {"checkpoints": ["file:second-place/"]},
            "servers": {"notes": server},
        }
        self.config.write_text(yaml.safe_dump(settings))
        assert self.cli("init")[0] == 0
        code, said = self.cli("inventory", "sync", "--accept")
        assert code == 0, said
        key = load_key(self.directory / "var" / "keys" / "issuer.jwk")
        who = Principal(subject="user-1", workload="agent", tenant="acme", host=None)
        self.token = mint_development_token(key, f"http://127.0.0.1:{self.port}", who, time.time)

    def _stdio(self) -> dict[str, Any]:
        command = [sys.executable, "-S", str(HERE / "counting.py")]
        return {"transport": "stdio", "command": command, "env": {"UPSTREAM_EFFECTS": str(self.journal)}}

    def _http(self) -> dict[str, Any]:
        port = free_port()
        command = [sys.executable, "-S", str(HERE / "counting.py"), "--http", str(port)]
        self.upstream = subprocess.Popen(
            command, env={"UPSTREAM_EFFECTS": str(self.journal)}, stderr=subprocess.DEVNULL
        )
        assert eventually(lambda: listens(port), READY_SECONDS)
        return {"transport": "http", "url": f"http://127.0.0.1:{port}/mcp"}

    def cli(self, *words: str) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            return interlock([*words, "-c", str(self.config)]), out.getvalue()

    # --- its life ---

    def serve(self, step: str | None = None, at: int = 1) -> bool:
        """Start the gateway, to be killed at a step or not; whether it lived to be ready."""
        program = ["-m", "interlock"] if step is None else [str(HERE / "crashing.py"), step, str(at)]
        with (self.directory / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", "-c", str(self.config)], stdout=log, stderr=log
            )
        process = self.process
        assert eventually(lambda: process.poll() is not None or self.healthy(), READY_SECONDS), self.log()
        return process.poll() is None

    def healthy(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException), self.connected() as client:
            client.request("GET", "/healthz")
            return client.getresponse().status == 200
        return False

    def killed(self) -> bool:
        """Wait for the end that ``crashing.py`` brings; whether it was that."""
        assert self.process is not None
        return self.process.wait(READY_SECONDS) == -signal.SIGKILL

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        assert self.killed()

    def terminate(self) -> float:
        """Tell it to end; return its seconds."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(END_SECONDS) in {0, -signal.SIGTERM}, self.log()
        return time.monotonic() - began

    def end(self) -> None:
        for process in (self.process, self.upstream):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    def log(self) -> str:
        return (self.directory / "serve.log").read_text()

    def orphans(self) -> list[int]:
        """Return our servers that still run."""
        wanted = f"UPSTREAM_EFFECTS={self.journal}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
                if wanted in variables and any(each.startswith(MARK.encode() + b"=") for each in variables):
                    found.append(int(entry.name))
        return found

    # --- clients ---

    @contextlib.contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            yield client
        finally:
            client.close()

    def call(self, client: http.client.HTTPConnection, tool: str, note: str) -> Mapping[str, Any]:
        """Call a tool by hand; return its result."""
        params = {"_meta": ENVELOPE, "name": tool, "arguments": {"id": note}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        client.request("POST", "/servers/notes/mcp", body, headers)
        answer = client.getresponse()
        text = answer.read()
        result: Mapping[str, Any] = json.loads(text)["result"]
        if not result.get("isError"):
            self.delivered.add(note)
        return result

    def approve_some(self, count: int) -> list[str]:
        """Ask for calls that need a person, and approve them; return their notes."""
        notes = [f"approved-{next(self._numbers)}" for _ in range(count)]
        with self.connected() as client:
            for note in notes:
                waiting = self.call(client, "delete_note", note)["_meta"]["interlock/decision"]
                code, said = self.cli("approvals", "approve", waiting["approval"]["id"], "--as", "ada", "--reason", "y")
                assert code == 0, said
        return notes

    @contextlib.contextmanager
    def load(self, approved: list[str]) -> Iterator[None]:
        """Have several clients write, read and redeem until the end of this block or of the gateway."""
        over = threading.Event()
        clients = [threading.Thread(target=self._client, args=(over, approved)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            over.set()
            for client in clients:
                client.join(30)
                assert not client.is_alive()

    def _client(self, over: threading.Event, approved: list[str]) -> None:
        with self.connected() as client, contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
            while not over.is_set():
                number = next(self._numbers)
                self.call(client, "read_note" if number % 4 == 0 else "create_note", f"note-{number}")
                if number % 3 == 0 and approved:
                    self.call(client, "delete_note", approved[number % len(approved)])

    # --- what the log promises ---

    def effects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    def records(self) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self.directory / "var" / "interlock.db")) as database:
            return [json.loads(leaf) for (leaf,) in database.execute("SELECT leaf FROM log ORDER BY seq")]

    def notes(self) -> dict[str, str]:
        """Return the note each call was about, from what is kept beside the log."""
        with contextlib.closing(sqlite3.connect(self.directory / "var" / "interlock.db")) as database:
            found = database.execute("SELECT ref, body FROM payloads WHERE ref LIKE 'call-%'").fetchall()
        return {ref: json.loads(body)["arguments"]["id"] for ref, body in found}

    def check(self) -> None:
        """Hold the log against what really happened. The gateway has recovered, and nothing is under way."""
        rows, notes, effects = self.records(), self.notes(), self.effects()
        intents = [row for row in rows if row["kind"] == "intent"]
        outcomes = [row for row in rows if row["kind"] == "outcome"]
        assert sums(rows).open == 0
        _check_effects([(notes[row["call_id"]], row["tool"], _moment(row)) for row in intents], effects)
        redeemed = [row["approval"]["id"] for row in intents if "id" in row["approval"]]
        assert len(redeemed) == len(set(redeemed)), "an approval was spent twice"
        done = {notes[row["call_id"]] for row in outcomes if row["outcome"] == "completed"}
        assert self.delivered <= done, "a result was given without an outcome"
        code, said = self.cli("audit", "verify")
        assert code == 0, said
        unknown = sum(row["outcome"] == "outcome_unknown" for row in outcomes)
        self.tally = Tally(self.tally.rounds, len(effects), len(intents), unknown, len(self.delivered), len(redeemed))


def _check_effects(intents: list[tuple[str, str, float]], effects: list[dict[str, Any]]) -> None:
    """Each effect has an intent of its own that precedes it, and what needs an approval happened once."""
    began: dict[tuple[str, str], list[float]] = {}
    for note, tool, time_of in sorted(intents, key=lambda each: each[2]):
        began.setdefault((note, tool), []).append(time_of)
    counted: Counter[tuple[str, str]] = Counter()
    for effect in sorted(effects, key=lambda each: float(each["time"])):
        what = (effect["id"], effect["tool"])
        counted[what] += 1
        earlier = [time_of for time_of in began.get(what, []) if time_of <= effect["time"]]
        assert len(earlier) >= counted[what], f"{what} happened without an intent before it"
        assert counted[what] == 1 or effect["tool"] != "delete_note", f"{what} was approved once, and happened twice"


def _moment(record: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(record["time"]).timestamp()
