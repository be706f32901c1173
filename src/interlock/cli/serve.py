"""``interlock serve``: the gateway, and what goes on beside it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import uvloop

from interlock.audit.record import Kind, Record
from interlock.cli import checkpoints, keys
from interlock.cli.context import now, policy_texts, settings_of
from interlock.cli.run import unused
from interlock.cli.terminal import complain, talk
from interlock.cli.wiring import Connector, Lender, gateway, http_client
from interlock.control.people import timestamp
from interlock.core.errors import Fault, OperatorError
from interlock.policy import PolicySnapshot, load
from interlock.proxy import server
from interlock.proxy.pool import Pool
from interlock.proxy.ports import Judge
from interlock.settings import Settings
from interlock.stores.sqlite.gateway import GatewayStore

TICK_SECONDS = 1.0
RECOVER_EVERY = 30


def serve(arguments: argparse.Namespace) -> int:
    """Run the gateway until it is told to stop."""
    settings = settings_of(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    policy = PolicyHolder(settings.policy.path)
    listen = settings.gateway.listen
    listening = server.bind(listen.host, listen.port)
    store = GatewayStore(settings.store.path, wait=settings.limits.store_wait)
    try:
        uvloop.run(_serve(settings, store, policy, listening, unused(settings) if arguments.until_unused else None))
    finally:
        store.close()
        listening.close()
    return 0


class PolicyHolder:
    """The policy in force. A changed directory is validated, then swapped; a bad file never replaces a good one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamp = self._look()
        self.snapshot: PolicySnapshot = load(policy_texts(directory))

    def judge(self) -> Judge:
        """Return the judge in force."""
        return self.snapshot.judge

    def reload(self) -> bool:
        """Take a changed policy in force; whether it is another one now."""
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            fresh = load(policy_texts(self._directory))
        except Fault as fault:
            complain(f"the policy stays as it is: {fault.diagnostics()}")
            return False
        changed = fresh.digest != self.snapshot.digest
        self.snapshot = fresh
        return changed

    def _look(self) -> list[tuple[str, int, int]]:
        """Return what tells the files apart from changed ones.

        Raises:
            OperatorError: one went away while we looked, as when an editor replaces it.

        """
        try:
            files = [(file, file.stat()) for file in sorted(self._directory.glob("*.cedar"))]
        except OSError as error:
            raise OperatorError(
                f"{error.filename}: cannot be read: {error.strerror}", "it is looked at again"
            ) from None
        return [(file.name, stat.st_mtime_ns, stat.st_size) for file, stat in files]


async def _serve(
    settings: Settings,
    store: GatewayStore,
    policy: PolicyHolder,
    listening: socket.socket,
    unused: Callable[[], bool] | None,
) -> None:
    companion = Companion(settings, store, policy, unused)
    pool = Pool(settings.limits.children)
    async with http_client(settings) as client:
        connector = Connector(settings, client, Lender(settings.servers))
        application = gateway(settings, store, policy.judge, connector, pool)
        recovered = await store.recover()
        if recovered:
            talk(f"settled {recovered} call(s) of a gateway that is gone as outcome_unknown")
        try:
            await server.run(application, listening, companion.run, lambda: _announce(settings))
        finally:
            await pool.close()
            await companion.checkpoint()


def _announce(settings: Settings) -> None:
    for name in settings.servers:
        talk(f"{name}: http://{settings.gateway.listen}/servers/{name}/mcp")
    talk(f"ready on http://{settings.gateway.listen}")


class Companion:
    """What goes on beside serving: checkpoints, policy reload, recovery of calls whose gateway is gone."""

    def __init__(
        self, settings: Settings, store: GatewayStore, policy: PolicyHolder, unused: Callable[[], bool] | None
    ) -> None:
        self._settings = settings
        self._store = store
        self._policy = policy
        self._unused = unused
        key = keys.load_log_key(settings)
        self._origin = key.name
        self._sign = checkpoints.signer(key)
        self._signed = 0

    async def run(self) -> None:
        """Tick until cancelled, or until nobody uses the gateway any more."""
        tick = 0
        while self._unused is None or not self._unused():
            await asyncio.sleep(TICK_SECONDS)
            tick += 1
            try:
                await self._tick(recover=tick % RECOVER_EVERY == 0)
            except Fault as fault:
                complain(fault.diagnostics())
            except (OSError, ValueError, sqlite3.Error) as error:
                complain(f"beside serving: {error}")

    async def checkpoint(self) -> None:
        """Sign the log if it has grown, and copy the checkpoint to its second places."""
        if self._store.head().size == self._signed:
            return
        try:
            note = await self._store.checkpoint(self._sign)
            self._signed = int(note.splitlines()[1])
            await asyncio.to_thread(checkpoints.copy, note, self._settings.audit.checkpoints)
        except Fault as fault:
            complain(fault.diagnostics())

    async def _tick(self, *, recover: bool) -> None:
        if self._policy.reload():
            digest = self._policy.snapshot.digest
            talk(f"policy {digest} is in force")
            await self._store.record(
                Record(kind=Kind.POLICY, time=timestamp(now()), detail={"event": "loaded", "digest": digest})
            )
        if recover:
            await self._store.recover()
            await asyncio.to_thread(checkpoints.thin, self._settings.audit.checkpoints, self._origin)
        await self.checkpoint()
