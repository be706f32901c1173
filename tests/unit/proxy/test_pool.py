from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from interlock.core.errors import Fault, InterlockError
from interlock.proxy import pool as pool_module
from interlock.proxy.pool import Key, Link, Pool, ServerSpec, pool_key
from interlock.proxy.upstream import Unsent
from interlock.wire.jsonrpc import RawParams
from unit.proxy.fakes import CALLER, FakeUpstream, listing, run, soon, spec, until

KEY = ("notes", "acme", "ada", "agent")


class Makers:
    """Makes connections; each waits for ``gate`` and fails while ``failing``."""

    def __init__(self) -> None:
        self.made: list[tuple[Key, FakeUpstream]] = []
        self.tried = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = False

    async def connect(self, key: Key) -> FakeUpstream:
        self.tried += 1
        await self.gate.wait()
        if self.failing:
            raise Unsent("it does not start")
        self.made.append((key, FakeUpstream({"tools/list": listing()})))
        return self.made[-1][1]

    def spec(self, **fields: Any) -> ServerSpec:
        return spec(self.connect, **fields)


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)


# --- who shares ---


@pytest.mark.parametrize(
    ("isolation", "shares"),
    [
        ("session", set()),
        ("caller", {"session"}),
        ("tenant", {"session", "workload", "subject"}),
        ("shared", {"session", "workload", "subject", "tenant"}),
    ],
)
def test_who_shares_a_connection(isolation: str, shares: set[str]) -> None:
    made = spec(isolation=isolation)
    mine = pool_key(made, CALLER, "s-1")
    others = {
        "session": pool_key(made, CALLER, "s-2"),
        "workload": pool_key(made, replace(CALLER, workload="x"), "s-1"),
        "subject": pool_key(made, replace(CALLER, subject="x"), "s-1"),
        "tenant": pool_key(made, replace(CALLER, tenant="x"), "s-1"),
    }
    assert {name for name, key in others.items() if key == mine} == shares
    assert mine[0] == "notes"


def test_names_that_only_look_alike_when_joined_stay_apart() -> None:
    made = spec()
    one = pool_key(made, replace(CALLER, subject="a/b", workload="c"), "s")
    assert one != pool_key(made, replace(CALLER, subject="a", workload="b/c"), "s")


# --- making ---


def test_however_many_wait_it_is_made_once() -> None:
    async def main() -> None:
        makers, pool = Makers(), Pool(10)
        makers.gate.clear()
        waiting = [asyncio.create_task(pool.link(makers.spec(), KEY)) for _ in range(5)]
        await soon(lambda: makers.tried)
        waiting[0].cancel()
        makers.gate.set()
        links = await asyncio.gather(*waiting[1:])
        assert len({id(link) for link in links}) == 1
        assert await pool.link(makers.spec(), KEY) is links[0]
        assert makers.tried == 1
        await pool.close()
        assert makers.made[0][1].closed == 1

    run(main())


def test_each_key_has_its_own() -> None:
    async def main() -> None:
        makers, pool = Makers(), Pool(10)
        one = await pool.link(makers.spec(), KEY)
        two = await pool.link(makers.spec(), (*KEY, "s"))
        assert one is not two
        assert [key for key, _ in makers.made] == [KEY, (*KEY, "s")]
        await pool.close()
        assert [upstream.closed for _, upstream in makers.made] == [1, 1]

    run(main())


def test_one_that_died_is_closed_and_made_again_later_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            await real(0)

        real = asyncio.sleep
        monkeypatch.setattr(pool_module.asyncio, "sleep", sleep)
        monkeypatch.setattr(pool_module, "PATIENCE_SECONDS", 100.0)
        makers, pool = Makers(), Pool(10)
        for _ in range(3):
            link = await pool.link(makers.spec(), KEY)
            link.upstream.alive = False  # type: ignore[misc]
        await pool.link(makers.spec(), KEY)
        assert makers.tried == 4
        assert [upstream.closed for _, upstream in makers.made] == [1, 1, 1, 0]
        turns = [wait for wait in waits if wait not in {0, pool_module.SWEEP_SECONDS}]
        assert turns == sorted(turns)
        assert turns[0] > 0
        await pool.close()

    run(main())


def test_a_server_that_keeps_failing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(pool_module, "PATIENCE_SECONDS", 0.0)
        makers, pool = Makers(), Pool(10)
        makers.failing = True
        with pytest.raises(Unsent, match="does not start"):
            await pool.link(makers.spec(), KEY)
        with pytest.raises(Unsent, match="keeps failing"):
            await pool.link(makers.spec(), KEY)
        assert makers.tried == 1
        makers.failing = False
        await pool.link(makers.spec(), (*KEY, "other"))
        await pool.close()

    run(main())


# --- the bound ---


def test_beyond_the_bound_an_idle_one_is_ended() -> None:
    async def main() -> None:
        makers, pool = Makers(), Pool(2)
        old = await pool.link(makers.spec(), ("a",))
        new = await pool.link(makers.spec(), ("b",))
        old.used = new.used + 1
        await pool.link(makers.spec(), ("c",))
        assert [upstream.closed for _, upstream in makers.made] == [0, 1, 0]
        await pool.close()

    run(main())


def test_a_busy_one_is_not_ended_for_another() -> None:
    async def main() -> None:
        makers, pool = Makers(), Pool(1)
        (await pool.link(makers.spec(), ("a",))).busy += 1
        with pytest.raises(Fault, match="busy"):
            await pool.link(makers.spec(), ("b",))
        assert makers.made[0][1].closed == 0
        await pool.close()

    run(main())


def test_a_crowd_that_comes_at_once_keeps_to_the_bound() -> None:
    """Connections being made once did not count: a crowd of new callers started as many children."""

    async def main() -> None:
        makers, pool = Makers(), Pool(2)
        makers.gate.clear()
        crowd = [asyncio.create_task(pool.link(makers.spec(), (str(n),))) for n in range(6)]
        await soon(lambda: makers.tried == 2)
        await asyncio.wait(crowd, timeout=0.05)
        makers.gate.set()
        results = await asyncio.gather(*crowd, return_exceptions=True)
        assert len([result for result in results if isinstance(result, Link)]) == 2
        assert len([result for result in results if isinstance(result, InterlockError)]) == 4
        assert makers.tried == 2
        await pool.close()

    run(main())


def test_idle_ones_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(pool_module, "SWEEP_SECONDS", 0.01)
        makers, pool = Makers(), Pool(10)
        idle, busy, used = [await pool.link(makers.spec(), (name,)) for name in "abc"]
        idle.used = busy.used = used.used - pool_module.IDLE_SECONDS - 1
        busy.busy += 1
        await until(lambda: makers.made[0][1].closed)
        assert [upstream.closed for _, upstream in makers.made] == [1, 0, 0]
        await pool.close()

    run(main())


def test_closing_ends_also_what_is_being_made() -> None:
    async def main() -> None:
        makers, pool = Makers(), Pool(10)
        makers.gate.clear()
        waiting = asyncio.create_task(pool.link(makers.spec(), KEY))
        await soon(lambda: makers.tried)
        await pool.close()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert makers.made == []

    run(main())


# --- what is heard ---


def test_who_listens_hears_events_and_a_change_expires_the_listing() -> None:
    async def main() -> None:
        upstream = FakeUpstream({"tools/list": listing()})
        link = Link(upstream, spec())
        heard: list[tuple[str, RawParams]] = []
        link.listeners.add(lambda method, params: heard.append((method, params)))
        await link.lister.listing(60.0)
        upstream.on_event("notifications/message", {})
        await link.lister.listing(60.0)
        assert len(upstream.calls) == 1
        upstream.on_event("notifications/tools/list_changed", {})
        await link.lister.listing(60.0)
        assert len(upstream.calls) == 2
        assert heard == [("notifications/message", {}), ("notifications/tools/list_changed", {})]

    run(main())


def test_progress_of_a_request_that_is_over_is_told_to_nobody() -> None:
    """Its token is ours; a client could take it for one of its own."""

    async def main() -> None:
        upstream = FakeUpstream()
        link = Link(upstream, spec())
        heard: list[str] = []
        link.listeners.add(lambda method, _params: heard.append(method))
        upstream.on_event("notifications/progress", {})
        assert heard == []

    run(main())
