"""The demo, as a person runs it: real servers, real clients, and nothing left of it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.cli.demo.stage import children_in

INTERLOCK = [sys.executable, "-m", "interlock"]
LAST_LINE = "What happened:"


@contextlib.contextmanager
def demo(scratch: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run it with its scratch folder below ``scratch``, and end it if the test has not."""
    environment = os.environ | {"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*INTERLOCK, "demo", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.communicate()


def leftovers(scratch: Path) -> list[object]:
    return [*scratch.iterdir(), *children_in(scratch.resolve())]


@pytest.mark.slow
def test_the_whole_story_comes_out(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        told, complaints = process.communicate(timeout=150)
    assert (process.returncode, complaints) == (0, "")
    acts = [line for line in told.splitlines() if line[:1].isdigit()]
    assert [int(line.partition(".")[0]) for line in acts] == list(range(1, 12))
    assert "PENDING, not performed" in told
    assert "\x1b" not in told
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(("number", "exits"), [(signal.SIGINT, 0), (signal.SIGTERM, 0)], ids=["Ctrl-C", "SIGTERM"])
def test_what_stays_up_is_gone_when_told_so(tmp_path: Path, number: signal.Signals, exits: int) -> None:
    with demo(tmp_path, "--serve") as process:
        for line in process.stdout:
            if line.startswith(LAST_LINE):
                break
        assert leftovers(tmp_path) != []
        process.send_signal(number)
        _, talk = process.communicate(timeout=60)
    assert (process.returncode, talk) == (exits, "ended; nothing is left\n")
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_a_story_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        for line in process.stdout:
            if line.startswith("3."):
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert leftovers(tmp_path) == []
