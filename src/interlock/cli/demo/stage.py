"""The demo's stage: a scratch folder, Interlock's own commands run in it, a gateway; and nothing left of it all."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from interlock.cli.demo.servers import MEMORY_BEFORE, Programs, configuration, use_memory
from interlock.cli.run import Presence
from interlock.core.errors import InterlockError
from interlock.proxy.children import MARK
from interlock.settings import Settings, load

START_SECONDS = 30.0
STOP_SECONDS = 15.0
LEFT_SECONDS = 3.0
COMMAND_SECONDS = 60.0
_OUTSIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOG_LINES = 20

NOTES = "Launch plan: tell the customers on Monday, switch on Tuesday, cake on Wednesday."


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A scratch folder with a configuration in it."""

    folder: Path

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "interlock.yaml"

    @property
    def notes(self) -> Path:
        """The file that the story is about."""
        return self.folder / "data" / "launch.txt"

    @property
    def settings(self) -> Settings:
        """The configuration, loaded."""
        return load(self.config)

    def address(self, server: str) -> str:
        """Return where clients reach a server."""
        return f"http://{self.settings.gateway.listen}/servers/{server}/mcp"

    def run(self, *words: str, expect: int = 0, config: Path | None = None) -> Ran:
        """Run one ``interlock`` command on this configuration.

        Raises:
            InterlockError: it exited otherwise than expected.

        """
        command = [sys.executable, "-m", "interlock", *words, "-c", str(config or self.config)]
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            command, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS, cwd=self.folder
        )
        if done.returncode != expect:
            raise InterlockError(
                f"`interlock {' '.join(words)}` exited {done.returncode}, not {expect}:\n{done.stdout}{done.stderr}",
                "this is a defect of Interlock or of its demo: report it",
            )
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the gateway; end it and everything it started.

        Raises:
            InterlockError: it did not start, did not end, or left something running.

        """
        with Presence(self.settings):  # the gateway ends by itself should this process be killed
            gateway = self._start()
            try:
                self._await(gateway)
                yield gateway
            finally:
                with undisturbed():
                    self._stop(gateway)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "interlock", "serve", "--until-unused", "-c", str(self.config)]
        with (self.folder / "serve.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )

    def _await(self, gateway: subprocess.Popen[bytes]) -> None:
        listen = self.settings.gateway.listen
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and gateway.poll() is None:
            with suppress(OSError), socket.create_connection((listen.host, listen.port), timeout=1.0):
                return
            time.sleep(0.05)
        raise InterlockError("the gateway did not start:\n" + self.log(), "report it with these lines")

    def log(self) -> str:
        """Return the last lines that the gateway wrote."""
        text = (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_LOG_LINES:])

    def _stop(self, gateway: subprocess.Popen[bytes]) -> None:
        gateway.terminate()
        try:
            gateway.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            gateway.kill()
            gateway.wait()
            raise InterlockError("the gateway did not end when told to, and was killed", "report it") from None
        finally:
            left = self._left()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if left:
            raise InterlockError(f"the gateway left processes running: {left}; they were killed", "report it")

    def _left(self) -> list[int]:
        """Return the gateway's children that are still there after a moment."""
        until = time.monotonic() + LEFT_SECONDS
        while (left := children_in(self.folder)) and time.monotonic() < until:
            time.sleep(0.05)
        return left


@contextmanager
def stage(programs: Programs, wait: str) -> Iterator[Stage]:
    """Make a scratch folder with a configuration; nothing of it is left at the end, whatever that is.

    ``wait`` is how long a call waits for a quick answer, as the configuration writes it.
    """
    with interrupted_by_signals():
        folder = Path(tempfile.mkdtemp(prefix="interlock-demo-")).resolve()
        try:
            set_up = Stage(folder)
            set_up.notes.parent.mkdir()
            set_up.notes.write_text(NOTES, encoding="utf-8")
            use_memory(folder, MEMORY_BEFORE)
            set_up.config.write_text(configuration(folder, programs, _free_ports(), wait), encoding="utf-8")
            yield set_up
        finally:
            with undisturbed():
                shutil.rmtree(folder)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the demo as Ctrl-C does, cleaning up."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Clean up to the end: a second Ctrl-C does not stop that."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _OUTSIDE}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def children_in(folder: Path) -> list[int]:
    """Return the processes below ``folder`` that a gateway started. Linux tells; elsewhere there are none to see."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _is_child(process, folder)]


def _is_child(process: Path, folder: Path) -> bool:
    try:
        marked = f"\0{MARK}=".encode() in b"\0" + (process / "environ").read_bytes()
        return marked and (process / "cwd").readlink().is_relative_to(folder)
    except OSError:  # it has ended meanwhile, or is somebody else's
        return False


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
