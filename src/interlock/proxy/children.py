"""Stdio servers as child processes: started from configuration only, never by a shell, and ended for certain.

On Linux each server runs below a minder of its own (:mod:`interlock.proxy.minder`), so that neither a
daemonised grandchild nor the death of Interlock itself leaves a process behind. Elsewhere (macOS) there is
only the server's process group: a descendant that leaves the group survives, and so does a server that
ignores the end of its input when Interlock is killed; and under uvloop a server there that closes its
output but lives on goes unnoticed, since uvloop hands it a second copy. POSIX only.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from interlock.core.errors import InterlockError, OperatorError
from interlock.net.errors import ConnectFailed, RequestRefused, SendFailed, TooLarge

MARK = "INTERLOCK_CHILD"
"""Environment variable that every process of a child carries, unless it takes pains to lose it."""

_INHERITED = frozenset(("HOME", "LANG", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"))
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_MINDED = sys.platform == "linux"
_MINDER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("minder.py")))
_STDERR_LINES = 200
_STDERR_LINE = 4 << 10
_HARD_SECONDS = 12.0  # the minder gives its sweep 10
_PIPE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What to run. ``command`` is an absolute path or a bare name looked up in the child's ``PATH``.

    ``env`` is added to the few inherited variables and kept out of the repr, like ``args``: both may hold
    secrets. ``max_line`` bounds one line of output, in bytes.
    """

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    max_line: int = 8 << 20


def child_environment(configured: Mapping[str, str], ambient: Mapping[str, str]) -> dict[str, str]:
    """Return a child's whole environment: a short list out of ``ambient``, then what is configured.

    Inherited are HOME, LANG, LC_*, LOGNAME, PATH, TMPDIR, TZ and USER, nothing else: a token in the
    gateway's environment is not the servers'. Raises OperatorError for a name or value no environment can hold.
    """
    environment = {name: value for name, value in ambient.items() if name in _INHERITED or name.startswith("LC_")}
    for name, value in configured.items():
        if not name or "=" in name or "\0" in name + value or name == MARK:
            raise OperatorError(
                f"environment variable {name!r} of a stdio server is reserved or malformed", "rename or correct it"
            )
        environment[name] = value
    return environment


def find_command(command: str, path: str) -> str:
    """Return the absolute path of an executable. Raises OperatorError when there is none."""
    if "/" in command and not command.startswith("/"):
        raise OperatorError(
            f"the command {command!r} of a stdio server is a relative path", "write an absolute path or a bare name"
        )
    found = shutil.which(command, path=path)
    if found is None or not found.startswith("/"):
        raise OperatorError(
            f"the command {command!r} of a stdio server is not an executable file", "install it, or correct the path"
        )
    return found


class Child:
    """One running stdio server; lines of bytes go in and out. Made by :meth:`start`, ended by :meth:`stop`.

    A failure to write follows :class:`interlock.net.errors.NetFailed`: ``may_have_happened`` tells whether
    anything of the line can have reached the server.
    """

    def __init__(self, process: Process, mark: str, on_stderr: Callable[[bytes], None]) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise InterlockError("a child was started without its three pipes")
        self._process = process
        self._mark = mark
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._sending = asyncio.Lock()
        self._reading = False
        self._on_stderr = on_stderr
        self._tail: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self._draining = asyncio.create_task(self._drain_stderr())

    @classmethod
    async def start(cls, spec: ChildSpec, on_stderr: Callable[[bytes], None]) -> Self:
        """Start the server. ``on_stderr`` gets each line of its stderr, cut at 4 KiB, without the line end.

        A file that exists but cannot be executed shows as exit status 127 with a line on stderr.
        Raises OperatorError when there is nothing to execute or the working directory is missing.
        """
        mark = secrets.token_hex(16)
        environment = child_environment(spec.env, os.environ)
        command = find_command(spec.command, environment.get("PATH", _DEFAULT_PATH))
        environment[MARK] = mark
        if any("\0" in arg for arg in spec.args):
            raise OperatorError("an argument of a stdio server holds a NUL character", "correct it")
        if spec.cwd is not None and not Path(spec.cwd).is_absolute():
            raise OperatorError("the working directory of a stdio server is a relative path", "write an absolute path")
        minder = (*_MINDER, str(os.getpid())) if _MINDED else ()
        try:
            process = await asyncio.create_subprocess_exec(
                *minder,
                command,
                *spec.args,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=environment,
                cwd=spec.cwd,
                start_new_session=True,
                limit=spec.max_line,
            )
        except OSError as error:
            raise OperatorError(
                f"the stdio server {command} cannot be started: {error.strerror}",
                "check the file and its working directory",
            ) from error
        return cls(process, mark, on_stderr)

    @property
    def pid(self) -> int:
        """The process Interlock started: on Linux the minder, whose only child is the server."""
        return self._process.pid

    @property
    def stderr_tail(self) -> tuple[bytes, ...]:
        """The last lines of stderr, at most 200."""
        return tuple(self._tail)

    async def send(self, line: bytes) -> None:
        """Write one line; return when the pipe has taken enough of it. Writers queue in order.

        Raises RequestRefused (a line end inside), ConnectFailed (the server has ended: nothing was
        written), SendFailed (it ended while the line was being written).
        """
        if b"\n" in line:
            raise RequestRefused("a message for a stdio server holds a line end", "serialise it on one line")
        async with self._sending:
            if self._process.returncode is not None or self._stdin.is_closing():
                raise ConnectFailed("the stdio server has ended", "see its stderr")
            self._stdin.write(line + b"\n")
            try:
                await self._stdin.drain()
            except OSError as error:
                raise SendFailed(
                    "the stdio server ended while a message was being written", "see its stderr"
                ) from error

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield each whole line of stdout without its end, until the server closes it. For one reader.

        Raises TooLarge for a line over the limit; nothing sensible can follow, so the child is to be stopped.
        """
        while True:
            self._reading = True
            try:
                line = await self._stdout.readuntil(b"\n")
            except asyncio.IncompleteReadError:  # an unfinished last line is no message
                return
            except asyncio.LimitOverrunError:
                raise TooLarge("a stdio server wrote a line over the size limit", "report it to its owner") from None
            finally:
                self._reading = False
            yield line[:-1]

    async def wait(self) -> int:
        """Wait until the server has ended; return its exit status, 128 + n if by signal n."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def stop(self, grace: float = 2.0) -> None:
        """End the server and everything it started: end of input, then SIGTERM, then SIGKILL, ``grace`` seconds apart.

        May be called again, and after the server ended by itself. Cancelled, it leaves the rest to the minder. Raises
        InterlockError when a process survives SIGKILL.
        """
        self._stdin.close()
        discarding = asyncio.create_task(self._discard_stdout())  # an unread pipe must not keep it from exiting
        try:
            await self._end(grace)
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            raise
        finally:
            discarding.cancel()
            self._draining.cancel()
        await self._process.wait()
        await asyncio.wait((discarding, self._draining))
        if _MINDED:
            await asyncio.to_thread(_end_marked, self._mark)

    async def _end(self, grace: float) -> None:
        if await self._ends_within(grace):
            return
        self._signal(signal.SIGTERM)
        if await self._ends_within(grace):
            return
        self._signal(signal.SIGKILL)
        if not await self._ends_within(_HARD_SECONDS):
            self._process.kill()  # a minder that is stopped or stuck; what it leaves behind carries the mark

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._process.wait()
                await asyncio.wait((self._draining,), timeout=_PIPE_SECONDS)  # the last words
        return self._process.returncode is not None

    def _signal(self, number: signal.Signals) -> None:
        """Send to the server's group.

        A minder passes on a first SIGTERM, ends everything some seconds later, and at once on a second.
        """
        with suppress(ProcessLookupError):
            if _MINDED:
                self._process.send_signal(signal.SIGTERM)
            else:
                os.killpg(self._process.pid, number)

    async def _discard_stdout(self) -> None:
        while not self._reading and await self._stdout.read(1 << 16):
            pass

    async def _drain_stderr(self) -> None:
        """Keep stderr flowing, so that a talkative server never blocks on it; memory stays bounded."""
        loop = asyncio.get_running_loop()
        pending = b""
        while chunk := await self._stderr.read(1 << 16):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._tell(loop, line)
            pending = pending[:_STDERR_LINE]
        if pending:
            self._tell(loop, pending)

    def _tell(self, loop: asyncio.AbstractEventLoop, line: bytes) -> None:
        cut = line[:_STDERR_LINE]
        self._tail.append(cut)
        loop.call_soon(self._on_stderr, cut)  # a callback that raises must not stop the draining


def _end_marked(mark: str) -> None:
    """Kill whatever still carries the mark: only if the minder itself was killed is there anything."""
    for _ in range(50):
        marked = _marked(mark)
        if not marked:
            return
        for pid in marked:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    raise InterlockError("a stdio server left a process that SIGKILL does not end", f"look for {MARK}={mark}")


def _marked(mark: str) -> list[int]:
    needle = f"{MARK}={mark}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is somebody else's
            if needle in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found
