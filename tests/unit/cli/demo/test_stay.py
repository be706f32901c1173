import json
import re
import shlex
from pathlib import Path

import pytest

from interlock.cli.demo.servers import Programs, configuration
from interlock.cli.demo.stage import Stage
from interlock.cli.demo.stay import command, invitation, token_words
from interlock.cli.main import build_parser

PROGRAMS = Programs(Path("/opt/node"), Path("/opt/mcp-server-time"))


@pytest.fixture
def scratch(tmp_path: Path) -> Stage:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "interlock.yaml").write_text(configuration(folder, PROGRAMS, (4001, 4002), "3s"))
    return Stage(folder)


def configurations(text: str) -> list[dict[str, dict[str, object]]]:
    return [
        json.loads(found)["mcpServers"] for found in re.findall(r"^\{\"mcp.*?^\}\}$", text, re.MULTILINE | re.DOTALL)
    ]


def test_every_server_is_told_for_clients_that_start_commands_and_for_those_that_log_in(scratch: Stage) -> None:
    stdio, http, _ = configurations(invitation(scratch, "the-token"))
    assert set(stdio) == set(http) == {"files", "memory", "time"}
    assert http["time"] == {"type": "http", "url": "http://127.0.0.1:4001/servers/time/mcp"}
    for name, entry in stdio.items():
        parsed = build_parser().parse_args(entry["args"])
        assert (parsed.target, parsed.server, parsed.config) == ("interlock.cli.run:run", name, scratch.config)


def test_the_token_is_in_the_one_configuration_that_needs_it(scratch: Stage) -> None:
    stdio, http, tokened = configurations(invitation(scratch, "the-token"))
    assert tokened["files"]["headers"] == {"Authorization": "Bearer the-token"}
    assert "the-token" not in json.dumps([stdio, http])


def test_every_command_that_is_told_is_one(scratch: Stage) -> None:
    lines = [line for line in invitation(scratch, "the-token").splitlines() if "/interlock " in line and "-c" in line]
    targets = [build_parser().parse_args(shlex.split(line)[1:]).target for line in lines if not line.startswith('  "')]
    assert targets == [
        "interlock.cli.tokens:token",
        "interlock.cli.approvals:watch",
        "interlock.cli.approvals:approve",
        "interlock.cli.audit:ls",
    ]


def test_a_command_can_be_pasted_whatever_the_folder_is_called(scratch: Stage) -> None:
    words = shlex.split(command(scratch, *token_words()))
    assert words[-2:] == ["-c", str(scratch.config)]
