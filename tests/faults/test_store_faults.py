"""No log, no call: what the data path says, does and leaves behind while its disk fails."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from contracts.sqlite_premises import SqlitePremises
from contracts.world import ENTRY, SERVER, again, ask, call, listed, of_call, said, sums
from contracts.world import judged as look
from faults.crash_points import CrashPoints, eio, sqlite_eio
from interlock.core.approval import Deadlines, State
from interlock.core.enforcement import enforce
from interlock.core.reasons import Reason
from interlock.core.requests import Credential, Delivered, Ending, Refused, Unsettled
from interlock.core.words import Decision, Facts, Tier, Tool, ToolCall, ToolClass
from interlock.proxy.driver import drive
from interlock.proxy.hands import Hands, Means
from interlock.proxy.pool import ServerSpec
from interlock.stores.sqlite.gateway import GatewayStore
from interlock.wire import jsonrpc

Answer = TypeVar("Answer")

WAIT = 0.4
POLICY = "sha256:p"
FAILURES = {
    "intent lost": ("fail_intent_and_not_persist", False),
    "intent kept": ("fail_intent_but_persist", True),
}


@dataclass
class Upstream:
    """Counts what is forwarded; ``during`` happens while it works."""

    alive = True
    calls: int = 0
    during: Callable[[], None] = lambda: None

    async def request(self, _method: str, _params: Any, **_how: Any) -> jsonrpc.Response:
        self.calls += 1
        self.during()
        return jsonrpc.Response(1, msgspec.Raw(b'{"content":[]}'), None)


class Lister:
    async def listing(self, _max_age: float) -> Any:
        return type("Listing", (), {"tools": {listed().name: listed()}})


@dataclass
class Link:
    upstream: Upstream
    lister: Lister = field(default_factory=Lister)
    busy: int = 0


class Classifier:
    def classify(self, _server: str, _definition: Any) -> ToolClass:
        return listed().tool_class

    def refine(self, tool: Tool, _arguments: Any) -> ToolClass:
        return tool.tool_class


class Lender:
    def lend(self, _server: str) -> Credential:
        return Credential("lend-1", "none")

    def values(self, _server: str) -> dict[str, str]:
        return {}


@dataclass
class Gateway:
    """The data path over a store whose disk fails as told."""

    premises: SqlitePremises
    faults: CrashPoints
    tier: Tier = Tier.RUN
    upstream: Upstream = field(default_factory=Upstream)

    def __post_init__(self) -> None:
        self.store = self.premises.open(wait=WAIT, faults=self.faults)

    async def call(self, of: ToolCall) -> Ending:
        async def connect(_key: object) -> Any:
            raise AssertionError

        async def link() -> Link:
            return Link(self.upstream)

        spec = ServerSpec(
            entry=ENTRY,
            isolation="caller",
            max_age=60.0,
            call_timeout=5.0,
            connect=connect,
            classify=lambda _: listed().tool_class,
        )
        means = Means(
            store=self.store,
            classifier=Classifier(),
            lender=Lender(),
            judge=lambda: self.judge,
            wait=0.0,
            deadlines=Deadlines(900, 600),
            sticky_denial=600,
        )
        return await drive(enforce(of), Hands(means, spec, link, {}, None).perform)

    def judge(self, _call: ToolCall, _tool: Tool, _facts: Facts) -> Decision:
        return Decision(tier=self.tier, reason=Reason.POLICY_PERMITTED, policies=(), policy_digest=POLICY)


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


@pytest.fixture
def faults() -> Iterator[CrashPoints]:
    made = CrashPoints()
    yield made
    made.heal()


@pytest.fixture
def gateway(premises: SqlitePremises, faults: CrashPoints) -> Gateway:
    return Gateway(premises, faults)


async def until(settled: Callable[[], bool]) -> None:
    """Wait for what the writer does when nobody waits for it."""
    limit = time.monotonic() + 5
    while not settled():
        assert time.monotonic() < limit
        await asyncio.sleep(0.01)


async def settled(gateway: Gateway) -> None:
    await until(lambda: sums(gateway.premises.rows()).open == 0)
    assert gateway.premises.findings() == ()


def refused_for(ending: Ending) -> Reason:
    assert isinstance(ending, Refused)
    return ending.stopped.reason


async def bounded(calling: Awaitable[Answer]) -> Answer:
    """A call is answered within the bounds of its two writes, whatever the disk does."""
    return await asyncio.wait_for(calling, 2 * WAIT + 2.0)


def test_a_sound_disk_delivers(gateway: Gateway) -> None:
    of = call()
    assert isinstance(asyncio.run(gateway.call(of)), Delivered)
    assert gateway.upstream.calls == 1
    assert of_call(gateway.premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]


@pytest.mark.parametrize("error", [sqlite_eio(), sqlite3.OperationalError("database or disk is full"), eio()])
@pytest.mark.parametrize("point", ["intent lost", "intent kept"])
def test_a_failed_intent_forwards_nothing(gateway: Gateway, point: str, error: Exception) -> None:
    name, kept = FAILURES[point]

    async def story() -> None:
        of = call()
        gateway.faults.error = error
        getattr(gateway.faults, name)()
        assert refused_for(await bounded(gateway.call(of))) is Reason.LOG_UNAVAILABLE
        assert gateway.upstream.calls == 0
        await settled(gateway)
        of_this = of_call(gateway.premises.rows(), of.call_id)
        assert (("outcome", "not_forwarded") in of_this) is kept
        assert len([kind for kind, _ in of_this if kind == "intent"]) == int(kept)
        assert isinstance(await gateway.call(again(of)), Delivered)

    asyncio.run(story())


def test_a_disk_that_never_takes_the_intent_refuses_every_call(gateway: Gateway) -> None:
    async def story() -> None:
        gateway.faults.fail_intent_and_not_persist(1000)
        endings = await bounded(asyncio.gather(*(gateway.call(call(id=n)) for n in range(20))))
        assert {refused_for(ending) for ending in endings} == {Reason.LOG_UNAVAILABLE}
        gateway.faults.heal()
        assert isinstance(await gateway.call(call()), Delivered)
        assert gateway.upstream.calls == 1
        await settled(gateway)

    asyncio.run(story())


@pytest.mark.parametrize("point", ["hang_intent_before_it_persists", "hang_intent_after_it_persists"])
def test_a_hung_disk_refuses_in_time_and_the_intent_is_not_forwarded(gateway: Gateway, point: str) -> None:
    async def story() -> None:
        of = call()
        getattr(gateway.faults, point)()
        assert refused_for(await bounded(gateway.call(of))) is Reason.LOG_UNAVAILABLE
        assert gateway.faults.reached.is_set()
        gateway.faults.heal()
        await until(lambda: ("outcome", "not_forwarded") in of_call(gateway.premises.rows(), of.call_id))
        await settled(gateway)
        assert gateway.upstream.calls == 0

    asyncio.run(story())


@pytest.mark.parametrize("point", ["hang_intent_before_it_persists", "hang_intent_after_it_persists"])
def test_the_decision_of_a_given_up_call_comes_after_its_outcome(gateway: Gateway, point: str) -> None:
    """The disk comes back while the refusal waits to be written: the log must not hold it inside the open intent."""

    async def story() -> None:
        of = call()
        getattr(gateway.faults, point)()
        calling = asyncio.create_task(gateway.call(of))
        await asyncio.sleep(WAIT * 1.5)
        gateway.faults.heal()
        assert refused_for(await calling) is Reason.LOG_UNAVAILABLE
        await settled(gateway)
        kinds = of_call(gateway.premises.rows(), of.call_id)
        assert kinds == [("intent", None), ("outcome", "not_forwarded"), ("decision", "refused")]

    asyncio.run(story())


@pytest.mark.parametrize("point", ["hang_intent_before_it_persists", "hang_intent_after_it_persists"])
def test_a_client_that_leaves_while_the_intent_is_written_forwards_nothing(gateway: Gateway, point: str) -> None:
    async def story() -> None:
        of = call()
        getattr(gateway.faults, point)()
        calling = asyncio.create_task(gateway.call(of))
        await asyncio.to_thread(gateway.faults.reached.wait, 5)
        calling.cancel()
        await asyncio.sleep(0.05)
        gateway.faults.heal()
        assert isinstance(await calling, Refused)
        await settled(gateway)
        assert gateway.upstream.calls == 0
        assert ("outcome", "not_forwarded") in of_call(gateway.premises.rows(), of.call_id)

    asyncio.run(story())


@pytest.mark.parametrize("name", ["fail_outcome_and_not_persist", "fail_outcome_but_persist"])
def test_a_failed_outcome_withholds_the_result_and_is_written_in_the_end(gateway: Gateway, name: str) -> None:
    async def story() -> None:
        of = call()
        gateway.upstream.during = getattr(gateway.faults, name)
        ending = await bounded(gateway.call(of))
        assert ending == Unsettled(Reason.OUTCOME_UNRECORDED)
        await settled(gateway)
        assert of_call(gateway.premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]
        assert gateway.upstream.calls == 1

    asyncio.run(story())


@pytest.mark.parametrize("name", ["hang_outcome_before_it_persists", "hang_outcome_after_it_persists"])
def test_a_hung_outcome_withholds_the_result_and_is_written_in_the_end(gateway: Gateway, name: str) -> None:
    async def story() -> None:
        of = call()
        gateway.upstream.during = getattr(gateway.faults, name)
        assert await bounded(gateway.call(of)) == Unsettled(Reason.OUTCOME_UNRECORDED)
        gateway.faults.heal()
        await settled(gateway)
        assert of_call(gateway.premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]

    asyncio.run(story())


def test_an_outcome_that_fails_ten_times_is_written_the_eleventh(gateway: Gateway) -> None:
    async def story() -> None:
        of = call()
        gateway.upstream.during = lambda: gateway.faults.fail_outcome_and_not_persist(10)
        assert await gateway.call(of) == Unsettled(Reason.OUTCOME_UNRECORDED)
        assert sums(gateway.premises.rows()).open == 1
        await settled(gateway)
        assert of_call(gateway.premises.rows(), of.call_id) == [("intent", None), ("outcome", "completed")]

    asyncio.run(story())


@pytest.mark.parametrize("name", ["fail_intent_and_not_persist", "fail_intent_but_persist"])
def test_an_approval_is_spent_only_with_its_intent(gateway: Gateway, name: str) -> None:
    async def story() -> None:
        gateway.tier = Tier.CONFIRM
        of = call(id=7)
        asked = await ask(gateway.store, of, look(gateway.store, Tier.CONFIRM, POLICY))
        gateway.premises.answer(asked.approval_id, said(), approve=True)
        armed: list[str] = []
        whole = gateway.store.dispatch

        async def dispatch(*arguments: Any) -> Any:
            if not armed:
                armed.append(name)
                getattr(gateway.faults, name)()
            return await whole(*arguments)

        gateway.store.dispatch = dispatch  # type: ignore[method-assign, assignment]
        assert refused_for(await gateway.call(of)) is Reason.LOG_UNAVAILABLE
        await settled(gateway)
        found = gateway.store.approval(asked.approval_id)
        assert found is not None
        kept = name == "fail_intent_but_persist"
        assert found.state is (State.REDEEMED if kept else State.APPROVED)
        ending = await gateway.call(again(of))
        assert isinstance(ending, Refused) if kept else isinstance(ending, Delivered)
        assert gateway.upstream.calls == (0 if kept else 1)

    asyncio.run(story())


def test_a_full_disk_refuses_and_recovers_when_there_is_room(premises: SqlitePremises, faults: CrashPoints) -> None:
    """SQLite itself says that the disk is full: no page can be added."""
    gateway = Gateway(premises, faults)
    connect = gateway.store._writer._connect

    def full() -> sqlite3.Connection:
        connection = connect()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    async def story() -> None:
        gateway.store._writer._connect = full
        refused = 0
        for number in range(12):
            ending = await bounded(gateway.call(call(id=number, text="x" * 9000)))
            if not isinstance(ending, Delivered):
                refused += 1
        assert refused > 8
        delivered = 12 - refused
        assert gateway.upstream.calls - delivered <= 1  # at most one lost its outcome to the full disk
        gateway.store._writer._connect = connect
        gateway.faults.fail_intent_and_not_persist()  # the full connection is given up
        await gateway.call(call())
        assert isinstance(await gateway.call(call()), Delivered)
        await settled(gateway)
        rows = sums(premises.rows())
        assert rows.intents == rows.outcomes >= gateway.upstream.calls

    asyncio.run(story())


def test_a_database_held_by_somebody_else_refuses_in_time(gateway: Gateway) -> None:
    async def story() -> None:
        with gateway.premises.connection() as holder:
            holder.execute("BEGIN IMMEDIATE")
            of = call()
            assert refused_for(await bounded(gateway.call(of))) is Reason.LOG_UNAVAILABLE
            holder.execute("ROLLBACK")
        assert gateway.upstream.calls == 0
        await settled(gateway)
        assert isinstance(await gateway.call(again(of)), Delivered)

    asyncio.run(story())


def test_two_gateways_on_one_failing_database_keep_one_log(premises: SqlitePremises) -> None:
    async def story() -> None:
        shaky, sound = Gateway(premises, CrashPoints()), Gateway(premises, CrashPoints())
        endings = []
        for number in range(15):
            if number % 3 == 0:
                shaky.faults.fail_intent_but_persist()
            if number % 5 == 0:
                shaky.faults.fail_outcome_and_not_persist()
            both = [gateway.call(call(id=number)) for gateway in (shaky, sound)]
            endings += await asyncio.gather(*both)
        await settled(shaky)
        rows = sums(premises.rows())
        assert rows.outcomes == rows.intents >= shaky.upstream.calls + sound.upstream.calls
        delivered = sum(isinstance(ending, Delivered) for ending in endings)
        assert 15 <= delivered <= shaky.upstream.calls + sound.upstream.calls

    asyncio.run(story())


def test_what_a_hung_disk_left_open_is_recovered_by_the_next(premises: SqlitePremises, faults: CrashPoints) -> None:
    async def story() -> GatewayStore:
        gateway = Gateway(premises, faults)
        of = call()
        gateway.upstream.during = lambda: faults.fail_outcome_and_not_persist(1000)
        assert isinstance(await gateway.call(of), Unsettled)
        await asyncio.to_thread(premises.kill, gateway.store)
        after = premises.open()
        assert await after.recover() == 1
        assert of_call(premises.rows(), of.call_id) == [("intent", None), ("outcome", "outcome_unknown")]
        return after

    store = asyncio.run(story())
    assert (SERVER, listed().name) in store.inventory().tools
    assert premises.findings() == ()
