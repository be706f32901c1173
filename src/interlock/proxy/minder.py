"""The minder: a tiny process between Interlock and one stdio server, so that nothing the server starts outlives it.

Linux only, run as a script by :mod:`interlock.proxy.children` (``python -I -S minder.py PARENT COMMAND...``),
so it imports nothing but the standard library. It is a *child subreaper* (prctl(2)): a descendant that
daemonises is handed to it instead of to init, and therefore never leaves its tree. It ends everything
below it and exits

- when the server has exited,
- on a second SIGTERM, or some seconds after the first (which is passed on to the server's process group),
- and when Interlock dies, even by SIGKILL: the kernel then sends it SIGTERM (PR_SET_PDEATHSIG). That signal
  comes when the parent's *thread* ends, so the event loop belongs in a thread that lives as long as the process.

Its exit status is the server's, 128 + n for signal n. Once it has exited by itself, nothing is left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

_SET_PDEATHSIG = 1  # linux/prctl.h
_SET_CHILD_SUBREAPER = 36
_WATCHED = (signal.SIGTERM, signal.SIGCHLD)
_CHANGED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # ignored by us, and the server would inherit that
_PATIENCE = 5.0  # seconds between a first SIGTERM and the end, when no second one comes
_SWEEP = 10.0  # seconds, after which a descendant that SIGKILL does not end is left to Interlock's report
_AN_HOUR = 3600.0  # any long time: nothing is polled, signals wake it
_CANNOT_MIND = 125  # as env(1) and timeout(1) have it
_CANNOT_EXECUTE = 127
_BY_SIGNAL = 128


def main(arguments: list[str]) -> int:
    """Run ``arguments[1:]`` as a child of ``arguments[0]``, and return the exit status."""
    parent, command = int(arguments[0]), arguments[1:]
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # uvloop leaves a second copy of the server's pipe ends, and more
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    if not (_prctl(_SET_CHILD_SUBREAPER, 1) and _prctl(_SET_PDEATHSIG, signal.SIGTERM)):
        _complain("the kernel refuses to let it mind its descendants")
        return _CANNOT_MIND
    if os.getppid() != parent:  # it died before the line above
        return _CANNOT_MIND
    minder = os.getpid()
    server = os.fork()
    if not server:
        _become(command, minder)
    _let_go_of_pipes()
    status = _watch(server)
    _sweep(minder)
    return status


def _prctl(option: int, value: int) -> bool:
    zero = ctypes.c_ulong(0)
    return not ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), zero, zero, zero)


def _complain(what: str) -> None:
    os.write(2, f"interlock: the server was not started: {what}\n".encode())


def _become(command: list[str], minder: int) -> None:
    """Turn into the server: own session, default signals, and never without a minder."""
    os.setsid()
    if not _prctl(_SET_PDEATHSIG, signal.SIGKILL) or os.getppid() != minder:
        os._exit(_CANNOT_MIND)
    for number in _CHANGED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        _complain(str(error.strerror))
    os._exit(_CANNOT_EXECUTE)


def _let_go_of_pipes() -> None:
    """Leave the server alone on its pipes, so that their ends mean what they say."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)


def _watch(server: int) -> int:
    """Wait until the server has exited, or has to go. Returns the exit status."""
    until: float | None = None
    while True:
        left = _AN_HOUR if until is None else max(until - time.monotonic(), 0)
        came = signal.sigtimedwait(_WATCHED, left)
        status = _reap(server)
        if status is not None:
            return status
        asked = came is not None and came.si_signo == signal.SIGTERM
        if until is not None and (asked or came is None):
            return _BY_SIGNAL + signal.SIGKILL
        if asked:
            until = time.monotonic() + _PATIENCE
            _send(server, signal.SIGTERM, group=True)


def _reap(server: int) -> int | None:
    """Reap whoever has exited, the server's adopted orphans too. Returns the server's exit status if it has."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == server:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _BY_SIGNAL - code
        if not pid:
            return None


def _sweep(minder: int) -> None:
    """Kill and reap until there is no descendant, in whatever session or group it hides."""
    until = time.monotonic() + _SWEEP
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:  # none left: a subreaper's every descendant would be its child in the end
            return
        for pid in _descendants(minder):
            _send(pid, signal.SIGKILL)
        time.sleep(0.002)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would triple the start-up time
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123 - likewise
                    after_name = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            children.setdefault(int(after_name[1]), []).append(int(name))
    found = list(children.get(root, ()))
    for pid in found:  # grows while it is walked
        found += children.get(pid, ())
    return found


def _send(pid: int, number: int, *, group: bool = False) -> None:
    # It may have ended meanwhile, or run as somebody else: the sweep's bound and Interlock's check remain.
    with contextlib.suppress(OSError):
        (os.killpg if group else os.kill)(pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
