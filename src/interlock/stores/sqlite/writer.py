"""One thread writes: whoever waits is served by one fsync (group commit).

A piece of work runs in a savepoint of its own inside the batch's transaction: one that fails takes
nothing of the others with it. Nobody is answered before the batch is durable.

A waiter may give up (too long, or cancelled), and a commit may fail and be durable all the same. So a
piece of work can name what must hold when its waiter was not told of its success: ``orphaned`` runs in a
later batch, again and again until it commits. An intent nobody waits for any more gets its outcome so.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from interlock.core.errors import Fault, InterlockError
from interlock.core.requests import StepFailed

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

MAX_BATCH = 256
REST = 0.2
"""Seconds between tries while the database fails."""

WORK_ERRORS = (
    Fault,
    StepFailed,
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
"""What one piece of work may raise without taking its batch with it. A failing disk takes the batch."""


class Faults(Protocol):
    """Where tests make the store fail, named by crash point. The shipped one does nothing."""

    def before_commit(self) -> None:
        """Run when a batch is complete and not yet durable."""

    def after_commit(self) -> None:
        """Run when a batch is durable and nobody knows yet."""


class NoFaults:
    """What production runs with."""

    def before_commit(self) -> None:
        """Do nothing."""

    def after_commit(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class _Job(Generic[Result]):
    work: Work[Result]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Result]
    orphaned: Work[Any] | None
    result: Any = None
    error: BaseException | None = None
    settled: bool = False
    abandoned: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Writer:
    """Owns the one writing connection of this process."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], faults: Faults | None = None) -> None:
        self._connect = connect
        self._faults = faults or NoFaults()
        self._queue: deque[_Job[Any]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="interlock-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[Result], *, wait: float, orphaned: Work[Any] | None = None) -> Result:
        """Run ``work`` in a transaction and return its result once it is durable.

        Raises:
            InterlockError: it did not become durable within ``wait`` seconds, or the database failed.
            Whatever ``work`` raises.

        """
        loop = asyncio.get_running_loop()
        job: _Job[Result] = _Job(work, loop, loop.create_future(), orphaned)
        with self._wake:
            if self._closing:
                raise InterlockError("the store is closed")
            self._queue.append(job)
            self._wake.notify()
        try:
            async with asyncio.timeout(wait):  # wait_for swallows a cancellation on Python 3.11
                return await job.future
        except TimeoutError:
            if self._give_up(job):
                raise InterlockError(f"the store did not become durable within {wait:g} s") from None
            return _outcome(job)
        except asyncio.CancelledError:
            if not self._give_up(job):
                self._adopt(job)
            raise

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _give_up(self, job: _Job[Any]) -> bool:
        """Abandon the job unless the writer has settled it; whether it was abandoned."""
        with job.lock:
            job.abandoned = not job.settled
        return job.abandoned

    def _run(self) -> None:
        try:
            self._serve()
        finally:  # however it ends: nobody may wait for a thread that is gone
            with self._wake:
                self._closing = True

    def _serve(self) -> None:
        connection: sqlite3.Connection | None = None
        while jobs := self._next():
            failed = False
            try:
                connection = connection or self._connect()
                self._commit(connection, jobs)
            except (sqlite3.Error, OSError, Fault) as error:
                _discard(connection)
                connection, failed = None, True
                for job in jobs:
                    job.error = InterlockError(f"the store failed: {error}")
            self._answer(jobs, failed=failed)
            if failed and self._rest():
                break
        _discard(connection)

    def _rest(self) -> bool:
        """Wait a moment after a failure; whether to end, since nothing more can be done."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing, REST)
            return self._closing

    def _next(self) -> list[_Job[Any]]:
        """Wait for work. An empty list means: closed, and nothing is left to do."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job[Any]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            if job.abandoned:
                continue
            connection.execute("SAVEPOINT work")
            try:
                job.result = job.work(connection)
            except WORK_ERRORS as error:
                job.error = error
                connection.execute("ROLLBACK TO work")
            connection.execute("RELEASE work")
        self._faults.before_commit()
        connection.execute("COMMIT")
        self._faults.after_commit()

    def _answer(self, jobs: list[_Job[Any]], *, failed: bool) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
        for job in jobs:
            with job.lock:
                job.settled = True
            if job.abandoned or failed:
                self._adopt(job)
            if not job.abandoned:
                loops.setdefault(job.loop, []).append(job)
        for loop, answered in loops.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_resolve, answered)

    def _adopt(self, job: _Job[Any]) -> None:
        """Queue what must hold now, before anything its waiter may have queued since it gave up."""
        if job.orphaned is None:
            return
        with self._wake:
            self._queue.appendleft(_Job(job.orphaned, job.loop, job.future, job.orphaned))
            self._wake.notify()


def _resolve(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _outcome(job: _Job[Result]) -> Result:
    if job.error is not None:
        raise job.error
    result: Result = job.result
    return result


def _discard(connection: sqlite3.Connection | None) -> None:
    """Close a connection in whatever state it is; an open transaction is rolled back by closing."""
    if connection is not None:
        connection.close()
