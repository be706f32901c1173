"""The store as the data path sees it: asynchronous, one writer thread, reads from a connection of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from interlock.audit.merkle import Frontier
from interlock.audit.outcome import Ending, outcome_record, record_of
from interlock.audit.record import Outcome as Recorded
from interlock.audit.record import Record
from interlock.core.approval import Approval, Refusal, State
from interlock.core.inventory import Catalog, Listed, ServerEntry
from interlock.core.reasons import Reason
from interlock.core.requests import Approved, Judged, Outcome, Ticket
from interlock.core.words import Caller, ToolCall
from interlock.stores.sqlite import approvals, calls, catalog, log, schema
from interlock.stores.sqlite.lease import Lease
from interlock.stores.sqlite.writer import Faults, Work, Writer

Result = TypeVar("Result")


class GatewayStore:
    """Everything the data path keeps. ``wait`` is how long, in seconds, a write may take to become durable."""

    def __init__(self, path: Path, *, wait: float = 5.0, faults: Faults | None = None) -> None:
        self._reader = schema.connect_reader(path)
        self._lease = Lease.new(path.parent)
        self._path = path
        self._wait = wait
        self._writer = Writer(lambda: schema.connect(path), faults)
        self._catalog = self._load()

    @property
    def owner(self) -> str:
        """The name under which this process performs calls."""
        return self._lease.owner

    def close(self) -> None:
        """Write what is queued and close."""
        self._writer.close()
        self._reader.close()
        self._lease.release()

    async def recover(self) -> int:
        """Settle as ``outcome_unknown`` every open intent whose owner is gone; return how many."""
        settled = 0
        for owner in {owner for _, owner, _ in calls.open_intents(self._reader)} - {self.owner}:
            inherited = Lease.inherit(self._path.parent, owner)
            if inherited is None:
                continue
            try:
                settled += await self._run(partial(_settle_all, owner=owner))
            finally:
                inherited.release()
        return settled

    # --- reading ---

    def inventory(self) -> Catalog:
        """Return the inventory as it is now, reading it again only when it changed."""
        if catalog.version(self._reader) != self._catalog.version:
            self._catalog = self._load()
        return self._catalog

    def _load(self) -> Catalog:
        """Return the inventory of one moment: a stop and its epoch are seen together or not at all."""
        self._reader.execute("BEGIN")
        try:
            return catalog.load(self._reader)
        finally:
            self._reader.execute("ROLLBACK")

    def repeats_unknown(self, call: ToolCall) -> bool:
        """Whether the last call like this one has no known outcome."""
        return calls.repeats_unknown(self._reader, call)

    def approval(self, approval_id: str) -> Approval | None:
        """Return an approval."""
        return approvals.get(self._reader, approval_id)

    def approval_state(self, approval_id: str) -> State | None:
        """Return the state an approval is stored in."""
        return approvals.state(self._reader, approval_id)

    def approvals_of(self, caller: Caller, server: str) -> Sequence[Approval]:
        """Return the caller's approvals at a server that are pending or approved."""
        return approvals.of_caller(self._reader, caller, server, time.time())

    def stored_arguments(self, approval_id: str) -> bytes | None:
        """Return the arguments an approval was asked for."""
        return approvals.arguments(self._reader, approval_id)

    def head(self) -> Frontier:
        """Return the log's frontier."""
        return log.head(self._reader)

    # --- writing ---

    async def observe(self, entry: ServerEntry, listed: Sequence[Listed]) -> None:
        """Write down what a server lists over one connection now."""
        await self._run(lambda connection: catalog.observe(connection, entry, listed, time.time(), whole=False))

    async def ask(self, wanted: Approval, arguments: bytes, sticky_since: float) -> Approval:
        """Return the approval that answers a request, asking a person if there is none."""
        return await self._run(lambda connection: approvals.ask(connection, wanted, arguments, sticky_since))

    async def dispatch(
        self, call: ToolCall, judged: Judged, approved: Approved | None, record: Record, key: bytes
    ) -> Ticket | Refusal:
        """Spend the approval and record the intent, durably, or say why not.

        ``key`` is the key of the record's commitments. If nobody learns that the intent became durable, it
        is settled as not forwarded.
        """
        intent = calls.Intent(call, judged, approved, record, key, self.owner, time.time())

        def not_forwarded(connection: sqlite3.Connection) -> bool:
            ending = Ending(
                outcome=Recorded.NOT_FORWARDED, time=log.timestamp(time.time()), reason=Reason.LOG_UNAVAILABLE
            )
            return calls.settle(
                connection, call.call_id, Outcome.NOT_FORWARDED, partial(outcome_record, record, ending)
            )

        return await self._run(lambda connection: calls.dispatch(connection, intent), orphaned=not_forwarded)

    async def settle(self, ticket: Ticket, outcome: Outcome, record: Callable[[], Record]) -> bool:
        """Write an intent's outcome; it is written in the end even if nobody can wait so long."""

        def work(connection: sqlite3.Connection) -> bool:
            return calls.settle(connection, ticket.call_id, outcome, record)

        return await self._run(work, orphaned=work)

    async def record(self, record: Record) -> int:
        """Write a record."""
        return await self._run(lambda connection: log.append(connection, record))

    async def checkpoint(self, sign: Callable[[Frontier], str]) -> str:
        """Sign the log as it is and keep the checkpoint; return the signed note."""

        def work(connection: sqlite3.Connection) -> str:
            frontier = log.head(connection)
            note = sign(frontier)
            log.save_checkpoint(connection, frontier.size, note)
            return note

        return await self._run(work)

    async def _run(self, work: Work[Result], *, orphaned: Work[Any] | None = None) -> Result:
        return await self._writer.run(work, wait=self._wait, orphaned=orphaned)


def _settle_all(connection: sqlite3.Connection, owner: str) -> int:
    settled = 0
    for call_id, its_owner, row in calls.open_intents(connection):
        if its_owner == owner:
            ending = Ending(
                outcome=Recorded.OUTCOME_UNKNOWN,
                time=log.timestamp(time.time()),
                reason="recovered after its gateway ended",
            )
            record = partial(outcome_record, record_of(row), ending)
            settled += calls.settle(connection, call_id, Outcome.OUTCOME_UNKNOWN, record)
    return settled
