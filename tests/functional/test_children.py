"""Real child processes, ill-behaved ones above all. After ``stop`` nothing they started is alive."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from interlock.core.errors import OperatorError
from interlock.net.errors import ConnectFailed, RequestRefused, TooLarge
from interlock.proxy import children
from interlock.proxy.children import MARK, Child, ChildSpec

LINUX = sys.platform == "linux"
both_ways = pytest.mark.usefixtures("way")
linux_only = pytest.mark.skipif(not LINUX, reason="needs a subreaper")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    def bounded(main: Coroutine[Any, Any, None]) -> None:
        (asyncio.run if request.param == "asyncio" else uvloop.run)(asyncio.wait_for(main, 30))

    return bounded


@pytest.fixture(params=["minded", "group"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the minder, and with the process group only, as on macOS."""
    if request.param == "group":
        monkeypatch.setattr(children, "_MINDED", False)
    elif not LINUX:
        pytest.skip("needs a subreaper")


def python(code: str, **options: Any) -> ChildSpec:
    program = "import os, signal, sys, time\n" + textwrap.dedent(code)
    return ChildSpec(command=sys.executable, args=("-I", "-S", "-u", "-c", program), **options)


def quiet(_line: bytes) -> None:
    pass


def alive(mark: str) -> list[int]:
    return children._marked(mark) if LINUX else []


def there(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


ECHO = """
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(line); sys.stdout.flush()
"""

# Daemonises properly: double fork, own session, all pipes let go, SIGTERM ignored; then says its pid.
DAEMON = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(1, b"%d\\n" % os.getpid())
        nowhere = os.open("/dev/null", os.O_RDWR)
        for n in (0, 1, 2): os.dup2(nowhere, n)
        time.sleep(300)
    os._exit(0)
os.wait()
"""


@both_ways
def test_lines_go_in_and_out_and_the_end_of_input_ends_it(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python(ECHO), quiet)
        lines = child.lines()
        await asyncio.gather(*(child.send(b"%d" % n + b"x" * 100_000) for n in range(5)))
        for n in range(5):
            assert await anext(lines) == b"%d" % n + b"x" * 100_000
        await child.stop()
        assert await child.wait() == 0
        with pytest.raises(StopAsyncIteration):
            await anext(lines)
        assert not alive(child._mark)
        await child.stop()

    run(main())


def test_a_line_with_a_line_end_is_refused(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python(ECHO), quiet)
        with pytest.raises(RequestRefused):
            await child.send(b"a\nb")
        await child.stop()

    run(main())


@both_ways
def test_one_that_ignores_everything_is_killed(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(
            python("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(300)"), quiet
        )
        assert await anext(child.lines()) == b"up"
        await child.stop(grace=0.1)
        assert await child.wait() == 128 + signal.SIGKILL
        assert not alive(child._mark)

    run(main())


@both_ways
def test_sigterm_comes_first_and_reaches_the_whole_group(run: Callable[..., None]) -> None:
    async def main() -> None:
        heard: list[bytes] = []
        code = """
        if os.fork() == 0:
            who = "child"
        else:
            who = "server"
        def end(*_):
            os.write(2, who.encode() + b" heard\\n"); os._exit(7)
        signal.signal(signal.SIGTERM, end)
        os.write(1, b"up\\n")
        while True: time.sleep(300)
        """
        child = await Child.start(python(code), heard.append)
        lines = child.lines()
        assert [await anext(lines), await anext(lines)] == [b"up", b"up"]
        await child.stop(grace=0.3)
        assert await child.wait() == 7
        assert max(heard) == b"server heard"
        assert not alive(child._mark)

    run(main())


@linux_only
def test_a_daemonised_grandchild_does_not_survive_stop(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[list[int]] = []
    monkeypatch.setattr(children, "_end_marked", lambda mark: found.append(alive(mark)))
    monkeypatch.setattr(children, "_HARD_SECONDS", 4.0)  # less than the minder's patience after one SIGTERM

    async def main() -> None:
        child = await Child.start(python(DAEMON + "time.sleep(300)"), quiet)
        daemon = int(await anext(child.lines()))
        assert there(daemon)
        await child.stop(grace=0.1)
        assert found == [[]]  # the minder's work, not the last resort's
        assert not there(daemon)

    run(main())


@linux_only
def test_nor_does_it_survive_its_server_though_it_lost_the_mark(run: Callable[..., None]) -> None:
    async def main() -> None:
        lose = DAEMON.replace("time.sleep(300)", "os.execve('/bin/sleep', ['sleep', '300'], {})")
        child = await Child.start(python(lose), quiet)
        daemon = int(await anext(child.lines()))
        assert await child.wait() == 0
        assert not there(daemon)
        await child.stop()

    run(main())


@linux_only
def test_when_the_minder_is_killed_stop_finds_what_is_left_by_its_mark(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python(DAEMON + "time.sleep(300)"), quiet)
        daemon = int(await anext(child.lines()))
        os.kill(child.pid, signal.SIGKILL)
        assert await child.wait() == 128 + signal.SIGKILL
        assert there(daemon)
        await child.stop()
        assert not there(daemon)
        assert not alive(child._mark)

    run(main())


@linux_only
def test_a_stopped_minder_does_not_stop_the_stop(run: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_HARD_SECONDS", 0.1)

    async def main() -> None:
        child = await Child.start(python("print('up'); time.sleep(300)"), quiet)
        assert await anext(child.lines()) == b"up"
        os.kill(child.pid, signal.SIGSTOP)
        await child.stop(grace=0.1)
        assert not alive(child._mark)

    run(main())


@linux_only
def test_a_cancelled_stop_still_ends_it(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("print('up'); time.sleep(300)"), quiet)
        assert await anext(child.lines()) == b"up"
        stopping = asyncio.ensure_future(child.stop(grace=60))
        await asyncio.sleep(0.05)
        stopping.cancel()
        await asyncio.wait([stopping])
        assert stopping.cancelled()
        assert await child.wait() == 128 + signal.SIGTERM
        assert not alive(child._mark)

    run(main())


@both_ways
def test_a_huge_line_is_refused_and_the_child_can_be_stopped(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(
            python("print('ok'); os.write(1, b'x' * (20 << 20)); time.sleep(300)", max_line=1 << 16), quiet
        )
        lines = child.lines()
        assert await anext(lines) == b"ok"
        with pytest.raises(TooLarge):
            await anext(lines)
        await child.stop(grace=0.1)
        assert not alive(child._mark)

    run(main())


def test_a_line_of_exactly_the_limit_passes(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("os.write(1, b'x' * 65536 + b'\\n' + b'y\\n')", max_line=1 << 16), quiet)
        assert [len(line) async for line in child.lines()] == [65536, 1]
        await child.stop()

    run(main())


@both_ways
def test_an_unread_child_that_floods_both_outputs_can_be_stopped(run: Callable[..., None]) -> None:
    async def main() -> None:
        code = """
        if os.fork() == 0:
            while True: os.write(2, b"e" * 10000 + b"\\n")
        while True: os.write(1, b"o" * 100 + b"\\n")
        """
        heard: list[bytes] = []
        child = await Child.start(python(code, max_line=1 << 16), heard.append)
        while len(heard) < 300:  # noqa: ASYNC110 - lines come by callback
            await asyncio.sleep(0.01)
        await child.stop(grace=0.1)
        assert len(child.stderr_tail) == 200
        assert {len(line) for line in child.stderr_tail[:-1]} == {4096}  # the last one was cut by the kill
        assert not alive(child._mark)

    run(main())


def test_endless_stderr_without_a_line_end_holds_no_memory(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("for _ in range(30): os.write(2, b'e' * (1 << 20))"), quiet)
        tracemalloc.start()
        await child.wait()
        await child.stop()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20
        assert child.stderr_tail == (b"e" * 4096,)

    run(main())


@both_ways
def test_stderr_comes_line_by_line_and_the_last_words_are_kept(run: Callable[..., None]) -> None:
    async def main() -> None:
        heard: list[bytes] = []
        child = await Child.start(python("os.write(2, b'one\\n\\ntwo\\nlast words'); sys.exit(3)"), heard.append)
        assert await child.wait() == 3
        await child.stop()
        await asyncio.sleep(0)
        assert heard == [b"one", b"", b"two", b"last words"]
        assert child.stderr_tail == (b"one", b"", b"two", b"last words")

    run(main())


@both_ways
def test_one_that_ended_takes_no_more_lines(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("pass"), quiet)
        assert [line async for line in child.lines()] == []
        await child.wait()
        with pytest.raises(ConnectFailed) as failed:
            await child.send(b"x")
        assert not failed.value.may_have_happened
        await child.stop()

    run(main())


@linux_only
def test_one_that_closes_its_output_ends_the_lines_and_an_unfinished_one_is_dropped(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("os.write(1, b'a\\nunfini'); os.close(1); time.sleep(300)"), quiet)
        assert [line async for line in child.lines()] == [b"a"]
        await child.stop(grace=0.1)
        assert not alive(child._mark)

    run(main())


@both_ways
def test_a_server_that_ends_under_a_large_message_is_unsettled(run: Callable[..., None]) -> None:
    async def main() -> None:
        child = await Child.start(python("os.read(0, 1000); sys.exit(0)"), quiet)
        with pytest.raises(children.SendFailed):
            await child.send(bytes(4 << 20))
        await child.stop()

    run(main())


@linux_only
def test_the_child_has_its_own_environment_session_and_default_signals(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("A_SECRET", "x")

    async def main() -> None:
        code = """
        print(",".join(sorted(os.environ)))
        print(os.getcwd())
        print(os.getsid(0) == os.getpid() == os.getpgid(0))
        print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        print(sorted(int(f) for f in os.listdir("/proc/self/fd")))
        """
        child = await Child.start(python(code, env={"MINE": "1"}, cwd=str(tmp_path)), quiet)
        names, cwd, leads, mask, descriptors = [line.decode() async for line in child.lines()]
        assert "A_SECRET" not in names.split(",")
        assert {"MINE", MARK} <= set(names.split(","))
        assert Path(cwd) == tmp_path
        assert leads == "True"
        assert mask == "set()"
        assert descriptors == "[0, 1, 2, 3]"  # 3 is the listing itself
        await child.stop()

    run(main())


@both_ways
@linux_only
def test_sigpipe_is_back_to_its_default(run: Callable[..., None]) -> None:
    async def main() -> None:
        spec = ChildSpec(command="sh", args=("-c", "grep SigIgn /proc/self/status"))
        child = await Child.start(spec, quiet)
        ignored = int((await anext(child.lines())).split()[1], 16)
        assert not ignored & (1 << (signal.SIGPIPE - 1))
        assert not ignored & (1 << (signal.SIGXFSZ - 1))
        await child.stop()

    run(main())


def test_what_cannot_be_started_says_so(run: Callable[..., None], tmp_path: Path) -> None:
    async def main() -> None:
        for spec in (
            ChildSpec(command="no-such-command-anywhere"),
            python("", cwd=str(tmp_path / "missing")),
            python("", cwd="relative"),
            ChildSpec(command="sh", args=("a\0b",)),
        ):
            with pytest.raises(OperatorError):
                await Child.start(spec, quiet)

    run(main())


@linux_only
def test_a_file_that_is_no_program_shows_as_127(run: Callable[..., None], tmp_path: Path) -> None:
    async def main() -> None:
        bad = tmp_path / "bad"
        bad.write_text("#!/no/such/interpreter\n")
        bad.chmod(0o755)
        child = await Child.start(ChildSpec(command=str(bad)), quiet)
        assert await child.wait() == 127
        await child.stop()
        assert b"was not started" in child.stderr_tail[-1]

    run(main())


@linux_only
def test_when_interlock_is_killed_nothing_is_left() -> None:
    program = """
    import asyncio, sys
    from interlock.proxy.children import Child, ChildSpec
    async def main():
        code = "import os, signal, time\\n" + sys.argv[1] + "time.sleep(300)"
        child = await Child.start(ChildSpec(command=sys.executable, args=("-c", code)), lambda _: None)
        print(child.pid, (await anext(child.lines())).decode(), child._mark, flush=True)
        await asyncio.sleep(300)
    asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), DAEMON], stdout=subprocess.PIPE, text=True
    ) as interlock:
        assert interlock.stdout is not None
        minder, daemon, mark = interlock.stdout.readline().split()
        interlock.kill()
    assert there(int(daemon))
    until = time.monotonic() + 20  # the server ignores SIGTERM, so the minder's patience runs out first
    while (there(int(minder)) or alive(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not there(int(minder))
    assert not there(int(daemon))
    assert alive(mark) == []


@linux_only
def test_a_minder_whose_parent_died_before_it_could_ask_starts_nothing() -> None:
    ran = subprocess.run(
        [*children._MINDER, "1", "/bin/echo", "started"], capture_output=True, text=True, check=False, timeout=20
    )
    assert ran.returncode == 125
    assert "started" not in ran.stdout
