from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from interlock.core.errors import InterlockError
from interlock.core.inventory import definition_digest
from interlock.core.words import ToolClass
from interlock.proxy.upstream import MAX_PAGES, MAX_WALKS, Lister, Lost
from interlock.wire.jsonrpc import RawParams, Response
from unit.proxy.fakes import DEFINITION, FAILED, READS, FakeUpstream, always, listing, run, soon


def lister(upstream: FakeUpstream, classed: list[Any] | None = None) -> Lister:
    def classify(definition: Mapping[str, Any]) -> ToolClass:
        if classed is not None:
            classed.append(definition["name"])
        return READS

    return Lister(upstream, classify)


def walks(upstream: FakeUpstream) -> int:
    return len([method for method, _ in upstream.calls if method == "tools/list"])


def test_a_tool_is_read_with_its_digest_and_class() -> None:
    upstream = FakeUpstream({"tools/list": always({"tools": [DEFINITION], "ttlMs": 5, "_meta": {"x": 1}})})
    found = run(lister(upstream).listing(0.0))
    assert found.tools.keys() == {"read"}
    assert found.tools["read"].digest == definition_digest(DEFINITION)
    assert found.members.keys() == {"ttlMs", "_meta"}


def test_a_fresh_enough_listing_is_not_taken_again() -> None:
    async def main() -> None:
        upstream = FakeUpstream({"tools/list": listing()})
        kept = lister(upstream)
        first = await kept.listing(60.0)
        assert await kept.listing(60.0) is first
        assert walks(upstream) == 1
        kept.expire()
        assert await kept.listing(60.0) is not first
        assert walks(upstream) == 2
        await kept.listing(0.0)
        assert walks(upstream) == 3

    run(main())


def test_those_who_wait_share_one_listing_unless_it_began_before_they_asked() -> None:
    async def main() -> None:
        gates: list[asyncio.Event] = []

        async def slow(_params: RawParams) -> Any:
            gates.append(asyncio.Event())
            await gates[-1].wait()
            return {"tools": [DEFINITION]}

        upstream = FakeUpstream({"tools/list": slow})
        kept = lister(upstream)
        old = [asyncio.create_task(kept.listing(60.0)) for _ in range(3)]
        await soon(lambda: gates)
        fresh = [asyncio.create_task(kept.listing(0.0)) for _ in range(3)]
        await asyncio.sleep(0.01)
        gates[0].set()
        assert len({id(each) for each in await asyncio.gather(*old)}) == 1
        assert not any(task.done() for task in fresh), "it was begun before they asked"
        await soon(lambda: len(gates) == 2)
        gates[1].set()
        assert len({id(each) for each in await asyncio.gather(*fresh)}) == 1
        assert walks(upstream) == 2

    run(main())


def test_one_who_goes_away_does_not_end_the_listing_of_the_others() -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def slow(_params: RawParams) -> Any:
            await gate.wait()
            return {"tools": [DEFINITION]}

        kept = lister(FakeUpstream({"tools/list": slow}))
        one, two = (asyncio.create_task(kept.listing(60.0)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait({one})
        gate.set()
        assert (await two).tools.keys() == {"read"}
        assert one.cancelled()

    run(main())


def test_a_list_that_changes_while_it_is_read_is_read_again() -> None:
    async def main() -> None:
        versions = [[DEFINITION], [DEFINITION, {"name": "other"}]]

        async def changing(_params: RawParams) -> Any:
            now = versions.pop(0)
            if versions:
                await asyncio.sleep(0.01)
                kept.expire()
            return {"tools": now}

        kept = lister(FakeUpstream({"tools/list": changing}))
        assert (await kept.listing(60.0)).tools.keys() == {"read", "other"}

    run(main())


def test_a_list_that_changes_whenever_it_is_read_is_given_up() -> None:
    """It once was read for ever, and the call never ended."""

    async def main() -> None:
        async def restless(_params: RawParams) -> Any:
            await asyncio.sleep(0.002)
            kept.expire()
            return {"tools": [DEFINITION]}

        upstream = FakeUpstream({"tools/list": restless})
        kept = lister(upstream)
        with pytest.raises(InterlockError, match="whenever it is read"):
            await kept.listing(60.0)
        assert walks(upstream) == MAX_WALKS

    run(main())


def test_every_page_is_read() -> None:
    async def paged(params: RawParams) -> Any:
        number = int(bytes(params["cursor"]).strip(b'"')) if "cursor" in params else 0
        page: dict[str, Any] = {"tools": [{"name": f"t{number}"}], "ttlMs": number}
        return page | ({"nextCursor": str(number + 1)} if number < 3 else {"nextCursor": None})

    found = run(lister(FakeUpstream({"tools/list": paged})).listing(0.0))
    assert list(found.tools) == ["t0", "t1", "t2", "t3"]
    assert {name: bytes(value) for name, value in found.members.items()} == {"ttlMs": b"0"}


def test_pages_without_end_are_given_up() -> None:
    upstream = FakeUpstream({"tools/list": always({"tools": [], "nextCursor": "x"})})
    with pytest.raises(InterlockError, match="pages"):
        run(lister(upstream).listing(0.0))
    assert walks(upstream) == MAX_PAGES


@pytest.mark.parametrize(
    "answer",
    [
        FAILED,
        [],
        "x",
        {"tools": {}},
        {"tools": None},
        {"tools": ["x"]},
        {"tools": [[1]]},
    ],
)
def test_what_is_no_list_of_tools(answer: Any) -> None:
    with pytest.raises(InterlockError):
        run(lister(FakeUpstream({"tools/list": always(answer)})).listing(0.0))


def test_a_failure_is_not_kept() -> None:
    async def main() -> None:
        upstream = FakeUpstream({"tools/list": always(Lost("gone"))})
        kept = lister(upstream)
        with pytest.raises(Lost):
            await kept.listing(60.0)
        upstream.answers["tools/list"] = listing()
        assert (await kept.listing(60.0)).tools.keys() == {"read"}

    run(main())


def test_names_that_cannot_be_used_are_left_out() -> None:
    """Listed twice, unnamed, or one of ours: whichever it is, nobody can call it."""
    twice = {"name": "twice"}
    odd = [{"name": ""}, {}, {"name": 7}, {"name": "interlock_redeem"}, {"name": "x" * 257}]
    found = run(lister(FakeUpstream({"tools/list": listing(DEFINITION, twice, twice | {"a": 1}, *odd)})).listing(0.0))
    assert found.tools.keys() == {"read"}


def test_duplicate_keys_in_a_definition_are_refused() -> None:
    answer = Response(1, msgspec.Raw(b'{"tools":[{"name":"a","name":"b"}]}'), None)
    with pytest.raises(InterlockError, match="malformed"):
        run(lister(FakeUpstream({"tools/list": always(answer)})).listing(0.0))


def test_a_definition_is_classed_once_as_long_as_its_bytes_are_the_same() -> None:
    async def main() -> None:
        classed: list[Any] = []
        upstream = FakeUpstream({"tools/list": listing()})
        kept = lister(upstream, classed)
        for _ in range(3):
            await kept.listing(0.0)
        assert classed == ["read"]
        upstream.answers["tools/list"] = listing(DEFINITION | {"title": "Read"})
        changed = await kept.listing(0.0)
        assert classed == ["read", "read"]
        assert changed.tools["read"].digest != definition_digest(DEFINITION)

    run(main())
