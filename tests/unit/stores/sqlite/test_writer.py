from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from faults.crash_points import CrashPoints
from interlock.core.errors import InterlockError
from interlock.core.reasons import Reason
from interlock.core.requests import StepFailed
from interlock.stores.sqlite import writer as writer_module
from interlock.stores.sqlite.writer import MAX_BATCH, Work, Writer


@dataclass
class Bench:
    """A writer over a table of words."""

    path: Path
    faults: CrashPoints = field(default_factory=CrashPoints)
    connects: int = 0
    refuse: sqlite3.Error | None = None

    def __post_init__(self) -> None:
        with closing(self.open()) as connection:
            connection.execute("CREATE TABLE words (word TEXT UNIQUE)")
        self.writer = Writer(self._connect, self.faults)

    def open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.1)

    def _connect(self) -> sqlite3.Connection:
        self.connects += 1
        if self.refuse is not None:
            raise self.refuse
        return self.open()

    def words(self) -> list[str]:
        with closing(self.open()) as connection:
            return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY rowid")]

    async def until(self, words: list[str]) -> None:
        for _ in range(500):
            if self.words() == words:
                return
            await asyncio.sleep(0.01)
        assert self.words() == words


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(writer_module, "REST", 0.005)
    made = Bench(tmp_path / "words.db")
    yield made
    made.refuse = None
    made.faults.heal()
    made.writer.close()


def put(word: str) -> Work[str]:
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO words VALUES (?)", (word,))
        return word

    return work


def put_and_fail(word: str, error: BaseException) -> Work[None]:
    def work(connection: sqlite3.Connection) -> None:
        put(word)(connection)
        raise error

    return work


async def hung(bench: Bench) -> None:
    """Wait until the disk stands still."""
    assert await asyncio.to_thread(bench.faults.reached.wait, 5)


def test_what_is_answered_is_durable(bench: Bench) -> None:
    assert asyncio.run(bench.writer.run(put("a"), wait=5)) == "a"
    assert bench.words() == ["a"]


def test_nobody_is_answered_before_the_batch_is_durable(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        writing = asyncio.create_task(bench.writer.run(put("a"), wait=5))
        await hung(bench)
        await asyncio.sleep(0.05)
        assert not writing.done()
        bench.faults.heal()
        assert await writing == "a"

    asyncio.run(story())


def test_those_who_wait_share_one_commit_in_order(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        first = asyncio.create_task(bench.writer.run(put("first"), wait=5))
        await hung(bench)
        rest = [asyncio.create_task(bench.writer.run(put(str(n)), wait=5)) for n in range(50)]
        await asyncio.sleep(0.05)
        bench.faults.heal()
        await asyncio.gather(first, *rest)

    asyncio.run(story())
    assert bench.faults.batches == 2
    assert bench.words() == ["first", *map(str, range(50))]


def test_a_batch_is_bounded(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        first = asyncio.create_task(bench.writer.run(put("first"), wait=30))
        await hung(bench)
        rest = [asyncio.create_task(bench.writer.run(put(str(n)), wait=30)) for n in range(MAX_BATCH + 1)]
        await asyncio.sleep(0.05)
        bench.faults.heal()
        await asyncio.gather(first, *rest)

    asyncio.run(story())
    assert bench.faults.batches == 3


@pytest.mark.parametrize(
    "error",
    [
        InterlockError("it broke"),
        StepFailed(Reason.STATE_CHANGED),
        ValueError("bad"),
        KeyError("bad"),
        TypeError("bad"),
        AttributeError("bad"),
        OverflowError("bad"),
        RecursionError("bad"),
        sqlite3.IntegrityError("twice"),
        sqlite3.ProgrammingError("unbindable"),
        sqlite3.DataError("too big"),
    ],
)
def test_one_that_fails_takes_nothing_of_its_batch(bench: Bench, error: Exception) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        first = asyncio.create_task(bench.writer.run(put("first"), wait=5))
        await hung(bench)
        works: list[Work[str | None]] = [put("before"), put_and_fail("never", error), put("after")]
        batch = [asyncio.create_task(bench.writer.run(work, wait=5)) for work in works]
        await asyncio.sleep(0.02)
        bench.faults.heal()
        await first
        assert await asyncio.gather(*batch, return_exceptions=True) == ["before", error, "after"]

    asyncio.run(story())
    assert bench.words() == ["first", "before", "after"]
    assert bench.connects == 1


def test_a_value_that_sqlite_cannot_bind_fails_alone(bench: Bench) -> None:
    async def story() -> None:
        bad = bench.writer.run(lambda connection: connection.execute("SELECT ?", (object(),)), wait=5)
        results = await asyncio.gather(bench.writer.run(put("a"), wait=5), bad, return_exceptions=True)
        assert results[0] == "a"
        assert isinstance(results[1], sqlite3.Error)

    asyncio.run(story())
    assert bench.connects == 1


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_failed_commit_fails_everybody_of_it_and_the_next_works(bench: Bench, point: str) -> None:
    async def story() -> None:
        setattr(bench.faults, point, 1)
        both = [bench.writer.run(put(word), wait=5) for word in "ab"]
        results = await asyncio.gather(*both, return_exceptions=True)
        assert all(isinstance(each, InterlockError) and "disk I/O error" in each.what for each in results)
        assert await bench.writer.run(put("c"), wait=5) == "c"

    asyncio.run(story())
    assert bench.words()[-1] == "c"
    assert (bench.words()[0] == "a") is (point == "after")
    assert bench.connects == 2


@pytest.mark.parametrize(("point", "kept"), [("before", []), ("after", ["a"])])
def test_after_a_failed_commit_the_orphan_runs_whether_it_was_kept_or_not(
    bench: Bench, point: str, kept: list[str]
) -> None:
    async def story() -> None:
        setattr(bench.faults, point, 1)
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))
        await bench.until([*kept, "orphan"])

    asyncio.run(story())


def test_an_orphan_runs_until_it_commits(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.fail_intent_and_not_persist(7)
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))
        await bench.until(["orphan"])
        assert bench.faults.before == 0

    asyncio.run(story())
    assert bench.connects == 8


def test_an_orphan_runs_once_it_has_committed(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.after = 1
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))
        await bench.until(["a", "orphan"])
        for n in range(5):
            await bench.writer.run(put(str(n)), wait=5)

    asyncio.run(story())
    assert bench.words() == ["a", "orphan", "0", "1", "2", "3", "4"]


def test_without_a_fault_no_orphan_runs(bench: Bench) -> None:
    async def story() -> None:
        await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))
        await bench.writer.run(put("b"), wait=5)

    asyncio.run(story())
    assert bench.words() == ["a", "b"]


def test_abandoned_before_it_was_begun_it_is_never_run(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        first = asyncio.create_task(bench.writer.run(put("first"), wait=5))
        await hung(bench)
        with pytest.raises(InterlockError, match=r"within 0\.05 s"):
            await bench.writer.run(put("late"), wait=0.05, orphaned=put("orphan"))
        bench.faults.heal()
        await first
        await bench.until(["first", "orphan"])

    asyncio.run(story())


@pytest.mark.parametrize("hang", ["hang_before", "hang_after"])
@pytest.mark.parametrize("how", ["waited", "cancelled"])
def test_abandoned_in_flight_it_is_kept_and_the_orphan_follows(bench: Bench, hang: str, how: str) -> None:
    async def story() -> None:
        setattr(bench.faults, hang, True)
        wait = 0.05 if how == "waited" else 5
        writing = asyncio.create_task(bench.writer.run(put("a"), wait=wait, orphaned=put("orphan")))
        await hung(bench)
        if how == "cancelled":
            writing.cancel()
        with pytest.raises(InterlockError if how == "waited" else asyncio.CancelledError):
            await writing
        bench.faults.heal()
        await bench.until(["a", "orphan"])

    asyncio.run(story())


def test_cancelled_after_the_commit_and_before_it_learns_of_it_the_orphan_runs(bench: Bench) -> None:
    async def story() -> None:
        writing = asyncio.create_task(bench.writer.run(put("a"), wait=5, orphaned=put("orphan")))
        await asyncio.sleep(0)
        while bench.words() != ["a"]:
            pass
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await bench.until(["a", "orphan"])

    asyncio.run(story())


def test_an_orphan_goes_before_what_its_waiter_queues_next(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_after = True
        writing = asyncio.create_task(bench.writer.run(put("intent"), wait=0.05, orphaned=put("outcome")))
        await hung(bench)
        others = [asyncio.create_task(bench.writer.run(put(str(n)), wait=5)) for n in range(3)]
        with pytest.raises(InterlockError):
            await writing
        decision = asyncio.create_task(bench.writer.run(put("decision"), wait=5))
        await asyncio.sleep(0.02)
        bench.faults.heal()
        await asyncio.gather(decision, *others)

    asyncio.run(story())
    assert bench.words() == ["intent", "outcome", "0", "1", "2", "decision"]


def test_orphans_go_first_also_while_the_disk_fails_again(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_after = True
        bench.faults.before = 0
        writing = asyncio.create_task(bench.writer.run(put("intent"), wait=0.05, orphaned=put("outcome")))
        await hung(bench)
        with pytest.raises(InterlockError):
            await writing
        bench.faults.before = 3
        decision = asyncio.create_task(bench.writer.run(put("decision"), wait=5, orphaned=put("settled")))
        await asyncio.sleep(0.02)
        bench.faults.healed.set()
        with pytest.raises(InterlockError):
            await decision
        for _ in range(500):
            if len(bench.words()) == 3:
                break
            await asyncio.sleep(0.01)

    asyncio.run(story())
    assert bench.words()[0] == "intent"
    assert set(bench.words()[1:]) == {"outcome", "settled"}


def test_an_orphan_that_cannot_be_done_is_dropped_and_holds_nobody_up(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.after = 1
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=5, orphaned=put("a"))
        assert await bench.writer.run(put("b"), wait=5) == "b"

    asyncio.run(story())
    assert bench.words() == ["a", "b"]


def test_a_database_that_cannot_be_opened_refuses_until_it_can(bench: Bench) -> None:
    async def story() -> None:
        bench.refuse = sqlite3.OperationalError("unable to open database file")
        with pytest.raises(InterlockError, match="unable to open"):
            await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))
        bench.refuse = None
        assert await bench.writer.run(put("b"), wait=5) == "b"

    asyncio.run(story())
    assert bench.words() == ["orphan", "b"]


def test_close_writes_what_is_queued(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        writing = [asyncio.create_task(bench.writer.run(put(word), wait=5)) for word in "abc"]
        await hung(bench)
        closing_down = asyncio.create_task(asyncio.to_thread(bench.writer.close))
        await asyncio.sleep(0.05)
        assert not closing_down.done()
        with pytest.raises(InterlockError, match="closed"):
            await bench.writer.run(put("late"), wait=5)
        bench.faults.heal()
        await closing_down
        assert await asyncio.gather(*writing) == ["a", "b", "c"]

    asyncio.run(story())
    assert bench.words() == ["a", "b", "c"]


def test_close_runs_the_orphans_of_those_who_gave_up(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.hang_before = True
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=0.05, orphaned=put("orphan"))

    asyncio.run(story())
    healing = threading.Timer(0.05, bench.faults.heal)
    healing.start()
    bench.writer.close()
    healing.join()
    assert bench.words() == ["a", "orphan"]


def test_close_ends_also_while_the_disk_fails(bench: Bench) -> None:
    async def story() -> None:
        bench.faults.fail_intent_and_not_persist(1_000_000)
        with pytest.raises(InterlockError):
            await bench.writer.run(put("a"), wait=5, orphaned=put("orphan"))

    asyncio.run(story())
    bench.writer.close()
    assert bench.words() == []


def test_closing_twice_is_closing_once(bench: Bench) -> None:
    bench.writer.close()
    bench.writer.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_takes_no_more_work(bench: Bench) -> None:
    async def story() -> None:
        with pytest.raises(InterlockError):
            await bench.writer.run(put_and_fail("a", SystemError("a bug")), wait=0.2)
        with pytest.raises(InterlockError, match="closed"):
            await bench.writer.run(put("b"), wait=5)

    asyncio.run(story())
    assert bench.words() == []


def test_waiters_of_several_loops_are_all_answered(bench: Bench) -> None:
    answers: list[str] = []

    def one(word: str) -> None:
        answers.append(asyncio.run(bench.writer.run(put(word), wait=5)))

    threads = [threading.Thread(target=partial(one, str(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(bench.words()) == [str(n) for n in range(8)]


def test_a_waiter_whose_loop_is_gone_holds_nobody_up(bench: Bench) -> None:
    loop = asyncio.new_event_loop()
    bench.faults.hang_before = True
    task = loop.create_task(bench.writer.run(put("a"), wait=5))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert bench.faults.reached.wait(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    bench.faults.heal()
    assert asyncio.run(bench.writer.run(put("b"), wait=5)) == "b"
    assert bench.words() == ["a", "b"]


def test_without_faults_nothing_happens_at_the_crash_points() -> None:
    steps: list[Callable[[], None]] = [writer_module.NoFaults().before_commit, writer_module.NoFaults().after_commit]
    assert [step() for step in steps] == [None, None]
