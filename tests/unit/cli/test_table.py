from __future__ import annotations

import pytest

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
