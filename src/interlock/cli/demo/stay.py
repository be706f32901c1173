"""``interlock demo --serve``: the same servers, kept up to be tried with a client of one's own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.cli.demo.acts import PERSON, SERVERS, TENANT
from interlock.cli.demo.stage import Stage
from interlock.cli.terminal import talk, write
from interlock.core.errors import InterlockError

SUBJECT = "ann"
WORKLOAD = "my-client"


def stay(stage: Stage) -> None:
    """Keep the gateway up and say how to use it, until Ctrl-C.

    Raises:
        InterlockError: the gateway ended by itself.

    """
    try:
        stage.run("init")
        stage.run("inventory", "sync", "--accept", "--as", PERSON, "--reason", "to try")
        with stage.serving() as gateway:
            write(invitation(stage, stage.run(*token_words()).out.strip()))
            sys.stdout.flush()
            _wait(gateway, stage)
    except KeyboardInterrupt:
        talk("ended; nothing is left")


def token_words() -> tuple[str, ...]:
    """Return the command that prints a token."""
    return ("token", "--subject", SUBJECT, "--workload", WORKLOAD, "--tenant", TENANT)


def invitation(stage: Stage, token: str) -> str:
    """Return what to do with the gateway: addresses, a token, configurations to paste, commands to approve with."""
    urls = "\n".join(f"  {name:8}{stage.address(name)}" for name in SERVERS)
    http = {name: {"type": "http", "url": stage.address(name)} for name in SERVERS}
    headers = {"headers": {"Authorization": f"Bearer {token}"}}
    return f"""\
Interlock is up, in front of three real servers. Ctrl-C ends it and removes {stage.folder}.

Servers (MCP over streamable HTTP):
{urls}

A token, good for 15 minutes:
  {token}
another one:
  {command(stage, *token_words())}

For a client that starts commands; it needs no token:
{_entries({name: _stdio(stage, name) for name in SERVERS})}

For a client that speaks HTTP and can log in (OAuth); it needs no token:
{_entries(http)}

For one that cannot, each entry with the token, such as:
{_entries({"files": http["files"] | headers})}

(VS Code says "servers" where others say "mcpServers".)

Things to ask for: read {stage.notes}, and overwrite it, which waits for you.
What waits, and your answer to it:
  {command(stage, "approvals", "watch")}
  {command(stage, "approvals", "approve", "ID", "--as", PERSON, "--reason", "I looked")}
What happened:
  {command(stage, "audit", "ls")}
"""


def command(stage: Stage, *words: str) -> str:
    """Return a command to paste into any shell."""
    return shlex.join([str(_program()), *words, "-c", str(stage.config)])


def _stdio(stage: Stage, name: str) -> dict[str, Any]:
    return {"command": str(_program()), "args": ["run", "--server", name, "-c", str(stage.config)]}


def _program() -> Path:
    return Path(sys.executable).parent / "interlock"


def _entries(entries: Mapping[str, Any]) -> str:
    """Return a client's configuration, an entry a line."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
    return f'{{"mcpServers": {{\n{lines}\n}}}}'


def _wait(gateway: subprocess.Popen[bytes], stage: Stage) -> None:
    code = gateway.wait()
    raise InterlockError(f"the gateway ended by itself with {code}:\n{stage.log()}", "report it with these lines")
