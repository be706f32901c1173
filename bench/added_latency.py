"""What a governed call costs beside the same upstream called directly, in one run on one machine.

Prints the added median latency at one call at a time, and the gateway's CPU time per call, against the
upstream's own. Everything is on: token, classification, Cedar, durable intent and outcome. Absolute times
depend on the machine; compare the columns, not runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interlock.net.client import HttpClient
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.url import UpstreamUrl, parse_upstream_url

HERE = Path(__file__).parent
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
HEADERS = [
    ("Content-Type", "application/json"),
    ("Accept", "application/json, text/event-stream"),
    ("MCP-Protocol-Version", VERSION),
    ("Mcp-Method", "tools/call"),
    ("Mcp-Name", "read_note"),
]
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=32)
    arguments = parser.parse_args()
    upstream_port, gateway_port = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as folder, _upstream(upstream_port) as upstream:
        token = _install(Path(folder), upstream_port, gateway_port)
        with _gateway(Path(folder), gateway_port) as gateway:
            direct = parse_upstream_url(f"http://127.0.0.1:{upstream_port}/mcp")
            governed = parse_upstream_url(f"http://127.0.0.1:{gateway_port}/servers/echo/mcp")
            asyncio.run(_measure(arguments, (direct, upstream), (governed, gateway), token))
    return 0


async def _measure(
    arguments: argparse.Namespace, direct: tuple[UpstreamUrl, int], governed: tuple[UpstreamUrl, int], token: str
) -> None:
    async with HttpClient(dial=Dialer(), limits=ClientLimits(connections=arguments.at_once)) as client:
        for url, _ in (direct, governed):
            await _load(client, url, token, 200, 1)
        rows = {}
        for name, (url, pid) in (("direct", direct), ("governed", governed)):
            times = await _load(client, url, token, arguments.calls, 1)
            before, began = _cpu(pid), time.perf_counter()
            await _load(client, url, token, arguments.calls, arguments.at_once)
            took, cpu = time.perf_counter() - began, _cpu(pid) - before
            rows[name] = (statistics.median(times) * 1e3, cpu / arguments.calls * 1e6, arguments.calls / took)
    print(f"{'':10}{'median ms (1 at once)':>24}{f'CPU us/call ({arguments.at_once})':>20}{'calls/s':>10}")
    for name, (median, cpu, rate) in rows.items():
        print(f"{name:10}{median:24.3f}{cpu:20.0f}{rate:10.0f}")
    print(f"added median: {rows['governed'][0] - rows['direct'][0]:.3f} ms")


async def _load(client: HttpClient, url: UpstreamUrl, token: str, calls: int, at_once: int) -> list[float]:
    params = {"name": "read_note", "arguments": {"title": "groceries"}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    headers = [*HEADERS, ("Authorization", f"Bearer {token}")]
    times: list[float] = []

    async def caller(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            response = await client.send("POST", url, headers, body)
            answer = await response.read()
            times.append(time.perf_counter() - began)
            if b'"a note"' not in answer:
                raise SystemExit(answer.decode())

    await asyncio.gather(*(caller(calls // at_once) for _ in range(at_once)))
    return times


def _install(folder: Path, upstream_port: int, gateway_port: int) -> str:
    config = folder / "interlock.yaml"
    config.write_text(
        f"version: 1\ngateway: {{listen: 127.0.0.1:{gateway_port}}}\nidentity: {{development_issuer: true}}\n"
        f"audit: {{checkpoints: [file:checkpoints/]}}\nservers:\n"
        f'  echo: {{transport: http, url: "http://127.0.0.1:{upstream_port}/mcp", tenant: acme, owner: bench}}\n'
    )
    _interlock(config, "init")
    _interlock(config, "inventory", "sync", "--accept")
    return _interlock(config, "token", "--subject", "user-1", "--workload", "bench", "--tenant", "acme").strip()


def _interlock(config: Path, *words: str) -> str:
    command = [sys.executable, "-m", "interlock", *words, "-c", str(config)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@contextmanager
def _upstream(port: int) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, str(HERE / "echo_upstream.py"), str(port)])
    try:
        _await_port(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _gateway(folder: Path, port: int) -> Iterator[int]:
    command = [sys.executable, "-m", "interlock", "serve", "-c", str(folder / "interlock.yaml")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _await_port(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(15)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu(pid: int) -> float:
    """Return the CPU seconds a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    sys.exit(main())
