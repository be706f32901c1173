"""A database in a file, as the contract and the fault tests use it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from contracts.world import ENTRY, SERVER, TOOL, OpenStore, listed, said
from interlock.audit.checkpoint import SigningKey
from interlock.audit.export import Row
from interlock.audit.record import Kind, Record
from interlock.audit.verify import Finding, verify
from interlock.core.approval import Answer, Approval, Refusal
from interlock.core.inventory import Listed
from interlock.core.words import Stage
from interlock.stores.sqlite import approvals, catalog, log, schema
from interlock.stores.sqlite.desk import create
from interlock.stores.sqlite.gateway import GatewayStore
from interlock.stores.sqlite.writer import Faults

Result = TypeVar("Result")

ORIGIN = "interlock/0000000000000001"
VERIFIER = str(SigningKey(ORIGIN, bytes(32)).verifier)


class SqlitePremises:
    """A database with one tool, pinned and in production."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "interlock.db"
        genesis = {"origin": ORIGIN, "key": VERIFIER}
        create(self.path, Record(kind=Kind.GENESIS, time=log.timestamp(time.time()), detail=genesis))
        self.observe([listed()])
        self.accept()
        self.stage(Stage.PRODUCTION)
        self._opened: list[GatewayStore] = []

    def open(self, *, wait: float = 5.0, faults: Faults | None = None) -> GatewayStore:
        store = GatewayStore(self.path, wait=wait, faults=faults)
        self._opened.append(store)
        return store

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def kill(self, store: OpenStore) -> None:
        assert isinstance(store, GatewayStore)
        self._opened.remove(store)
        store._writer.close()
        store._reader.close()
        os.close(store._lease._descriptor)  # as the system does for a process that is gone; its file stays

    def answer(self, approval_id: str, said: Answer, *, approve: bool) -> Approval | Refusal:
        return self.write(lambda connection: approvals.answer(connection, approval_id, said, approve=approve))

    def observe(self, listed: Sequence[Listed]) -> None:
        self.write(lambda connection: catalog.observe(connection, ENTRY, listed, time.time()))

    def accept(self) -> None:
        self.write(lambda connection: catalog.pin_tool(connection, SERVER, TOOL))

    def stage(self, stage: Stage) -> None:
        self.write(lambda connection: catalog.set_stage(connection, SERVER, stage))

    def stop(self) -> None:
        self.write(lambda connection: catalog.stop(connection, "all", "", {"by": said().approver}))

    def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
            return result

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        with closing(schema.connect(self.path)) as connection:
            yield connection

    def rows(self) -> list[dict[str, Any]]:
        with self.connection() as connection:
            return log.find(connection, {}, 1_000_000)

    def findings(self) -> Sequence[Finding]:
        with self.connection() as connection:
            stored = [Row(leaf, hashed) for _, leaf, hashed, _ in log.rows(connection)]
            frontier = log.head(connection)
        verified = verify(stored, [], {})
        assert verified.root == frontier.root()
        assert verified.size == frontier.size
        return verified.findings
