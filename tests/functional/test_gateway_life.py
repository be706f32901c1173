"""The gateway's life: it comes up, goes down, and leaves nothing behind; the command line's part in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from functional.gateway import (
    BOUND_SECONDS,
    READY_SECONDS,
    UPSTREAM,
    Installation,
    Who,
    eventually,
    installation,
    listens,
    modern,
    routed,
    run,
    said,
    unique,
)
from interlock.proxy.children import MARK

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def configure(made: Installation) -> None:
    made.stdio("notes", UPSTREAM)
    made.stdio("other", UPSTREAM, isolation="session")
    made.stdio("together", UPSTREAM, isolation="shared")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("life"), configure) as made:
        yield made


def alone(made: Installation) -> None:
    made.stdio("notes", UPSTREAM)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Installation]:
    """A gateway that a test may end."""
    with installation(tmp_path, alone) as made:
        yield made


def marked(directory: Path) -> list[int]:
    """Return the processes that carry the mark of a child and journal into this directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        ours = any(line.startswith(b"UPSTREAM_EFFECTS=" + os.fsencode(directory)) for line in environment)
        if state != "Z" and ours and any(line.startswith(MARK.encode() + b"=") for line in environment):
            found.append(int(process.name))
    return found


def whoami(gateway: Installation, server: str, who: Who = Who()) -> int:  # noqa: B008 (frozen)
    body = modern("tools/call", {"name": "get_whoami", "arguments": {}})
    answer = gateway.post(server, body, who=who, **routed("tools/call", "get_whoami")).json()
    return int(json.loads(answer["result"]["content"][0]["text"])["pid"])


@LINUX
def test_ready_in_time_and_gone_with_all_its_children(mortal: Installation) -> None:
    whoami(mortal, "notes")
    assert marked(mortal.directory)
    mortal.stop()  # within END_SECONDS, or it raises
    assert marked(mortal.directory) == []
    assert mortal.start() < READY_SECONDS


@LINUX
def test_a_gateway_that_is_killed_leaves_no_child_and_the_next_one_serves(mortal: Installation) -> None:
    whoami(mortal, "notes")
    assert mortal.serving is not None
    mortal.serving.kill()
    mortal.serving.wait()
    eventually(lambda: not marked(mortal.directory))
    mortal.start()
    whoami(mortal, "notes")


def test_it_settles_what_is_under_way_before_it_ends(mortal: Installation) -> None:
    """SIGTERM once ended the process before anything was closed: no outcome, no checkpoint, exit by signal."""
    note = unique()
    body = modern("tools/call", {"name": "read_slowly", "arguments": {"id": note, "seconds": 60}})
    content = json.dumps(body)
    headers = {
        "Authorization": f"Bearer {mortal.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    } | {name.replace("_", "-"): value for name, value in routed("tools/call", "read_slowly").items()}
    code = "import sys, httpx2; httpx2.post(sys.argv[1], content=sys.argv[2], headers=eval(sys.argv[3]), timeout=60)"
    caller = subprocess.Popen(
        [sys.executable, "-c", code, mortal.url("notes"), content, repr(headers)], stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: mortal.effects("notes", id=note))
        mortal.stop()
    finally:
        caller.kill()
        caller.wait()
    assert mortal.records(kind="outcome", tool="read_slowly")[-1]["outcome"] == "outcome_unknown"
    sizes = [int(file.stem.rpartition("-")[2]) for file in (mortal.directory / "checkpoints").iterdir()]
    assert max(sizes) == len(mortal.records()), "the last checkpoint covers everything"
    verified, out, err = mortal.cli("audit", "verify")
    assert verified == 0, out + err


def test_who_shares_a_child(gateway: Installation) -> None:
    """The pool key of the house: server, tenant, subject, workload, session, as isolation says."""
    mine = whoami(gateway, "notes")
    assert whoami(gateway, "notes") == mine
    assert whoami(gateway, "notes", Who(subject="user-2")) != mine
    assert whoami(gateway, "notes", Who(workload="other")) != mine
    assert whoami(gateway, "together") == whoami(gateway, "together", Who(subject="user-2"))

    async def main() -> None:
        async with gateway.client("other", "legacy") as one, gateway.client("other", "legacy") as two:
            pids = [json.loads(said(await client.call_tool("get_whoami", {})))["pid"] for client in (one, two, one)]
        assert pids[0] == pids[2] != pids[1]

    run(main())


def test_a_second_gateway_on_the_same_port_says_so(gateway: Installation) -> None:
    code, _, err = gateway.cli("serve")
    assert code == 2
    assert "cannot listen" in err


def interlock(gateway: Installation, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "interlock", *words, "-c", str(gateway.config)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOUND_SECONDS,
        env=os.environ | environment,
        check=False,
    )


def test_the_token_command_prints_a_token_that_is_good(gateway: Installation) -> None:
    printed = interlock(gateway, "token", "--subject", "user-1", "--workload", "demo-agent", "--tenant", "acme")
    assert printed.returncode == 0
    token = printed.stdout.decode().strip()
    assert printed.stdout.decode() == token + "\n", "the token alone"
    answer = gateway.post("notes", modern("tools/list"), Authorization=f"Bearer {token}", **routed("tools/list"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("words", "environment", "complaint"),
    [
        (("--server", "nowhere"), {}, "no such server"),
        (("--server", "notes"), {"INTERLOCK_TOKEN": " "}, "without a token nothing is run"),
        (("--server", "notes", "--", "echo", "hi"), {}, "differs from the one configured"),
    ],
)
def test_what_run_refuses(
    gateway: Installation, words: tuple[str, ...], environment: dict[str, str], complaint: str
) -> None:
    config = ("-c", str(gateway.config))
    refused = subprocess.run(
        [sys.executable, "-m", "interlock", "run", *config, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOUND_SECONDS,
        env=os.environ | environment,
        check=False,
    )
    assert refused.returncode == 2
    assert complaint in refused.stderr.decode()
    assert refused.stdout == b""


def test_run_with_a_token_that_is_no_good_is_answered_so(gateway: Installation) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
    spoken = subprocess.run(
        [sys.executable, "-m", "interlock", "run", "--server", "notes", "-c", str(gateway.config)],
        input=json.dumps(request).encode() + b"\n" + b"garbage\n",
        capture_output=True,
        timeout=BOUND_SECONDS,
        env=os.environ | {"INTERLOCK_TOKEN": "garbage"},
        check=False,
    )
    answers = [json.loads(line) for line in spoken.stdout.splitlines()]
    assert {answer["id"]: answer["error"]["code"] for answer in answers} == {1: -31002, None: -32700}


def test_run_starts_a_gateway_and_the_last_one_out_ends_it(tmp_path: Path) -> None:
    made = Installation(tmp_path, {})
    made.stdio("notes", UPSTREAM)
    with made:
        made.accept()
        command = made.servers["notes"]["command"]

        async def main() -> None:
            arguments = ["-m", "interlock", "run", "--server", "notes", "-c", str(made.config), "--", *command]
            async with Client(StdioServerParameters(command=sys.executable, args=arguments), mode="auto") as one:
                seen: dict[str, Any] = json.loads(said(await one.call_tool("get_whoami", {})))
                assert listens(made.port)
                async with Client(made.shim("notes"), mode="legacy") as two:
                    assert said(await two.call_tool("read_note", {"id": "x"})) == "note x"
                assert json.loads(said(await one.call_tool("get_whoami", {})))["pid"] == seen["pid"]

        run(main())
        eventually(lambda: not listens(made.port))
        if sys.platform == "linux":
            eventually(lambda: not marked(tmp_path))


def test_a_log_that_verifies_beside_a_running_gateway(gateway: Installation) -> None:
    whoami(gateway, "notes")
    code, out, err = gateway.cli("audit", "verify")
    assert code == 0, out + err


def test_a_policy_file_that_vanishes_while_it_is_looked_at_ends_nothing(gateway: Installation) -> None:
    """It once ended the gateway: what goes on beside serving had died of it."""
    vanished = gateway.directory / "policy" / "vanished.cedar"
    vanished.symlink_to(gateway.directory / "nowhere")
    try:
        eventually(lambda: "the policy stays as it is" in gateway.log())
        whoami(gateway, "notes")
        assert gateway.serving is not None
        assert gateway.serving.poll() is None
    finally:
        vanished.unlink()
