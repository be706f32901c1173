from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all",), "everything"),
        (("--server", "files"), "server files"),
        (("--workload", "agent"), "workload agent"),
    ],
)
def test_stop_and_resume(home: Path, interlock: Terminal, words: tuple[str, ...], said: str) -> None:
    stopped = interlock("stop", *words, "--reason", "odd calls", "--as", "ada")
    assert (stopped.code, stopped.out, stopped.err) == (0, "", f"stopped: {said}\n")
    (record,) = interlock("audit", "ls", "--kind", "stop", "-o", "json").json
    assert (record["detail"]["by"], record["detail"]["why"], record["detail"]["event"]) == (
        "ada",
        "odd calls",
        "stopped",
    )
    assert interlock("resume", *words, "--reason", "over").code == 0
    again = interlock("resume", *words, "--reason", "over")
    assert (again.code, f"{said} was not stopped" in again.err) == (1, True)
    assert len(list((home / "checkpoints").iterdir())) == 3


@pytest.mark.parametrize("words", [(), ("--all", "--server", "files"), ("--server", "files", "--workload", "x")])
def test_one_thing_is_stopped(home: Path, interlock: Terminal, words: tuple[str, ...]) -> None:
    said = interlock("stop", *words, "--reason", "x")
    assert (said.code, "one of --all, --server NAME, --workload NAME" in said.err) == (2, True)
    assert home.exists()


def test_a_server_that_is_not_configured_is_named(home: Path, interlock: Terminal) -> None:
    said = interlock("stop", "--server", "file", "--reason", "x")
    assert said.code == 2
    assert f"file: there is no such server in {home / 'interlock.yaml'}" in said.err
    assert "configured: files, web" in said.err


def test_a_reason_is_needed(home: Path, interlock: Terminal) -> None:
    said = interlock("stop", "--all", "--reason", " ")
    assert (said.code, "say why in a sentence" in said.err) == (2, True)
    assert home.exists()
