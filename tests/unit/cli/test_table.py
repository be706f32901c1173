from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from interlock.cli.main import build_parser
from interlock.cli.table import COMMANDS, CONFIG, LISTER, Command, resolve


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_every_command_is_there_to_be_called(command: Command) -> None:
    assert callable(resolve(command.target))
    assert command.help


def test_the_lister_is_there() -> None:
    assert callable(resolve(LISTER))


def test_every_reading_command_speaks_json() -> None:
    writes = {
        "init",
        "demo",
        "serve",
        "run",
        "token",
        "stop",
        "resume",
        "inventory reviews import",
        "approvals approve",
        "approvals deny",
    }
    mute = {command.words for command in COMMANDS if not any("-o" in option.names for option in command.options)}
    assert mute == writes


def test_the_configuration_is_in_the_current_folder_unless_told() -> None:
    assert str(CONFIG.how["default"]) == "interlock.yaml"


def test_no_two_commands_have_the_same_words() -> None:
    words = [command.words for command in COMMANDS]
    assert len(words) == len(set(words))


DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "spec/cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)
def test_the_page_has_every_command_with_every_option(command: Command) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{command.words}` |")]
    for option in command.options:
        name = option.names[0] if option.names[0].startswith("-") else option.how["metavar"]
        assert name.replace("|", "\\|") in line
    assert line.count("`") == 2 * (len(command.options) + 1) + command.help.count("`")


@pytest.mark.parametrize("page", sorted((DOCS / "howto").glob("*.md")), ids=lambda page: page.stem)
def test_every_command_of_a_howto_can_be_typed(page: Path) -> None:
    lines = re.findall(r"^interlock (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    for line in lines:
        assert callable(resolve(build_parser().parse_args(shlex.split(line)).target))
