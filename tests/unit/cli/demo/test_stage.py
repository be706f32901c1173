import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from interlock.cli.demo import stage as module
from interlock.cli.demo.servers import Programs
from interlock.cli.demo.stage import Stage, children_in, interrupted_by_signals, stage, undisturbed
from interlock.core.errors import InterlockError
from interlock.proxy.children import MARK

PROGRAMS = Programs(Path("/opt/node"), Path("/opt/mcp-server-time"))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "_free_ports", lambda: (4001, 4002))
    return tmp_path


def test_nothing_is_left_of_the_stage(scratch: Path) -> None:
    with stage(PROGRAMS, "3s") as made:
        assert made.folder.parent == scratch.resolve()
        assert made.settings.gateway.listen.port == 4001
        assert made.notes.read_text().startswith("Launch plan")
        assert made.address("files") == "http://127.0.0.1:4001/servers/files/mcp"
    assert list(scratch.iterdir()) == []


def test_nothing_is_left_when_the_story_fails(scratch: Path) -> None:
    with pytest.raises(InterlockError), stage(PROGRAMS, "3s"):
        raise InterlockError("an act did not happen")
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_after_a_signal(scratch: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stage(PROGRAMS, "3s"):
        os.kill(os.getpid(), number)
    assert list(scratch.iterdir()) == []
    assert signal.getsignal(number) == before


def test_cleaning_up_is_not_disturbed() -> None:
    with interrupted_by_signals():
        with undisturbed():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def done(code: int) -> object:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, stdout=" ".join(command[1:]), stderr="a complaint")

    return run


def test_a_command_is_run_on_the_stages_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", done(4))
    ran = Stage(tmp_path).run("audit", "verify", expect=4)
    assert (ran.code, ran.out) == (4, f"-m interlock audit verify -c {tmp_path / 'interlock.yaml'}")
    other = Stage(tmp_path).run("audit", "verify", expect=4, config=tmp_path / "forged.yaml")
    assert other.out.endswith(f"-c {tmp_path / 'forged.yaml'}")


@pytest.mark.parametrize(("code", "expected"), [(1, 0), (0, 4)])
def test_a_command_that_exits_otherwise_fails_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: int
) -> None:
    monkeypatch.setattr(subprocess, "run", done(code))
    with pytest.raises(InterlockError, match=f"exited {code}, not {expected}:.*\n?a complaint|a complaint"):
        Stage(tmp_path).run("audit", "verify", expect=expected)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells")
def test_only_a_gateways_children_below_the_folder_count(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    processes = []
    for folder, mark in ((inside, {MARK: "1"}), (inside, {f"X{MARK}": "1"}), (outside, {MARK: "1"})):
        folder.mkdir(exist_ok=True)
        code = "print(flush=True); input()"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes.append(subprocess.Popen([sys.executable, "-I", "-c", code], cwd=folder, env=mark, **pipes))
    try:
        for process in processes:
            process.stdout.readline()
        assert children_in(inside) == [processes[0].pid]
    finally:
        for process in processes:
            process.communicate(b"\n", timeout=10)
    assert children_in(inside) == []
