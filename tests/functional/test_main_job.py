"""The main job, each way a call can take: era x upstream transport x client transport.

The journal of the fixture server says what really happened; nothing else is believed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from itertools import product
from typing import Any

import jsonschema
import pytest
from mcp.shared.exceptions import MCPDeprecationWarning

from functional.gateway import (
    DECISION,
    ERAS,
    UPSTREAM,
    Installation,
    Who,
    decision,
    installation,
    run,
    said,
    unique,
)

SCHEMA = json.loads(files("interlock.wire").joinpath("decision.schema.json").read_text())
WAYS = list(product(("stdio", "http"), ERAS, ("http", "shim")))
MOST_WAYS = [way for way in WAYS if way[0] == "stdio" or way[2] == "http"]
"""The shim does not know which transport its gateway uses upstream: once an era is enough for what takes longer."""
every_way = pytest.mark.parametrize(("server", "era", "via"), WAYS, ids=["-".join(way) for way in WAYS])
most_ways = pytest.mark.parametrize(("server", "era", "via"), MOST_WAYS, ids=["-".join(way) for way in MOST_WAYS])
NAMES = {
    "read_note",
    "create_note",
    "delete_note",
    "send_message",
    "read_slowly",
    "read_failing",
    "crash",
    "read_big",
    "read_echo",
    "get_whoami",
}
REDEEM = "interlock_redeem"


def configure(made: Installation) -> None:
    made.stdio("stdio", UPSTREAM)
    made.http("http", UPSTREAM)
    made.http("json", UPSTREAM, "--json")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("main"), configure) as made:
        yield made


def assert_not_performed(result: Any, status: str, start: str) -> None:
    assert result.is_error
    assert result.structured_content is None
    assert [block.type for block in result.content] == ["text"]
    assert said(result).startswith(start), said(result)
    jsonschema.validate(decision(result), SCHEMA, format_checker=jsonschema.FormatChecker())
    assert (decision(result)["status"], decision(result)["performed"]) == (status, "no")


@most_ways
def test_names_are_unchanged_and_a_read_runs(gateway: Installation, server: str, era: str, via: str) -> None:
    async def main() -> None:
        note = unique()
        async with gateway.client(server, era, via=via, who=Who(subject=unique())) as client:
            assert client.protocol_version == {"legacy": "2025-11-25", "auto": "2026-07-28"}[era]
            assert client.server_info.name == "notes"
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert listed.keys() == NAMES  # nothing is pending: interlock_redeem is not offered
            assert listed["delete_note"].annotations.destructive_hint
            assert "interlock_reason" in listed["delete_note"].input_schema["properties"]
            assert "interlock_reason" not in listed["read_note"].input_schema["properties"]
            read = await client.call_tool("read_note", {"id": note})
        assert (read.is_error, said(read)) == (False, f"note {note}")
        assert read.structured_content == {"id": note, "text": f"note {note}"}
        assert gateway.effects(server, id=note) == ["read_note"]

    run(main())


@every_way
def test_a_destructive_call_waits_then_runs_once(gateway: Installation, server: str, era: str, via: str) -> None:
    """Also: the tool has an output schema, and the client validates against it."""

    async def main() -> None:
        call = ("delete_note", {"id": unique()})
        async with gateway.client(server, era, via=via) as client:
            await client.list_tools()
            pending = await client.call_tool(*call)
            assert_not_performed(pending, "pending", "PENDING, not performed")
            approval = decision(pending)["approval"]
            assert decision(pending)["reason"] == "approval.pending"
            assert approval["id"] in said(pending)
            assert REDEEM in said(pending)
            deadline = datetime.fromisoformat(approval["decide_by"])
            assert 890 < (deadline - datetime.now(UTC)).total_seconds() <= 900
            assert gateway.effects(server, **call[1]) == []
            assert REDEEM in {tool.name for tool in (await client.list_tools()).tools}

            gateway.approve(approval["id"])
            assert gateway.effects(server, **call[1]) == [], "nobody asked for it yet"
            done = await client.call_tool(*call)
            assert (done.is_error, said(done)) == (False, "delete_note done")
            assert done.structured_content == {"deleted": call[1]["id"]}

            again = await client.call_tool(*call)
            assert_not_performed(again, "pending", "PENDING, not performed")
            assert decision(again)["approval"]["id"] != approval["id"]
        assert gateway.effects(server, **call[1]) == ["delete_note"]
        assert gateway.state(approval["id"]) == "redeemed"

    run(main())


@most_ways
def test_redeeming_runs_the_stored_arguments_once(gateway: Installation, server: str, era: str, via: str) -> None:
    async def main() -> None:
        recipient = unique()
        arguments = {"to": recipient, "text": "grüße \u202e 12345678901234567890123", "n": 2**80}
        async with gateway.client(server, era, via=via) as client:
            pending = await client.call_tool("send_message", arguments | {"interlock_reason": "to tell them"})
            redeem = (REDEEM, {"approval_id": decision(pending)["approval"]["id"]})
            early = await client.call_tool(*redeem)
            assert_not_performed(early, "pending", "PENDING, not performed")
            gateway.approve(redeem[1]["approval_id"])
            done = await client.call_tool(*redeem)
            assert (done.is_error, said(done)) == (False, "send_message done")
            second = await client.call_tool(*redeem)
            assert_not_performed(second, "expired", "DENIED (approval.spent)")
        assert gateway.effects(server, **arguments) == ["send_message"]

    run(main())


@most_ways
def test_a_denial_is_sticky(gateway: Installation, server: str, era: str, via: str) -> None:
    async def main() -> None:
        call = ("delete_note", {"id": unique()})
        async with gateway.client(server, era, via=via) as client:
            first = decision(await client.call_tool(*call))["approval"]["id"]
            gateway.deny(first)
            for _ in range(2):
                denied = await client.call_tool(*call)
                assert_not_performed(denied, "denied", "DENIED by a person")
                assert decision(denied)["approval"]["id"] == first
                assert "Do not retry" in said(denied)
            other = await client.call_tool("delete_note", {"id": unique()})
            assert decision(other)["status"] == "pending"
        assert gateway.effects(server, **call[1]) == []

    run(main())


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("server", ["stdio", "http", "json"])
def test_progress_comes_under_the_clients_own_token(gateway: Installation, server: str, era: str) -> None:
    async def main() -> None:
        seen: list[tuple[float, float | None, str | None]] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            seen.append((progress, total, message))

        async with gateway.client(server, era) as client:
            note = unique()
            done = await client.call_tool("read_slowly", {"id": note, "seconds": 0.5}, progress_callback=hear)
        assert said(done) == "slow done"
        if server == "json":  # an upstream that answers with JSON has nowhere to say it
            return
        assert seen == [(step, 10.0, "reading") for step in range(1, 11)]

    run(main())


@pytest.mark.parametrize("era", ERAS)
def test_progress_through_the_shim(gateway: Installation, era: str) -> None:
    async def main() -> None:
        seen: list[float] = []

        async def hear(progress: float, _total: float | None, _message: str | None) -> None:
            seen.append(progress)

        async with gateway.client("stdio", era, via="shim") as client:
            await client.call_tool("read_slowly", {"id": unique(), "seconds": 0.2}, progress_callback=hear)
        assert seen == [1, 2, 3, 4]

    run(main())


@every_way
def test_a_cancelled_call_is_cancelled_upstream(gateway: Installation, server: str, era: str, via: str) -> None:
    async def main() -> None:
        note = unique()
        async with gateway.client(server, era, via=via) as client:
            calling = asyncio.create_task(client.call_tool("read_slowly", {"id": note, "seconds": 20}))
            while not gateway.effects(server, id=note):  # noqa: ASYNC110 (a file is all there is to look at)
                await asyncio.sleep(0.02)
            calling.cancel()
            await asyncio.wait({calling})
            while len(gateway.effects(server, id=note)) == 1:  # noqa: ASYNC110 (likewise)
                await asyncio.sleep(0.02)
            after = await client.call_tool("read_note", {"id": note})
            assert said(after) == f"note {note}"
        assert gateway.effects(server, id=note) == ["read_slowly.begun", "read_slowly.cancelled", "read_note"]

    run(main())
    settled = gateway.records(kind="outcome", tool="read_slowly", server=server)
    assert settled[-1]["outcome"] == "outcome_unknown"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("server", ["stdio", "http", "json"])
def test_a_tools_own_error_passes_as_it_is(gateway: Installation, server: str, era: str) -> None:
    async def main() -> None:
        async with gateway.client(server, era) as client:
            failed = await client.call_tool("read_failing", {"id": unique()})
        assert (failed.is_error, said(failed)) == (True, "it failed")
        assert DECISION not in (failed.meta or {})

    run(main())


@pytest.mark.parametrize("via", ["http", "shim"])
@pytest.mark.parametrize("server", ["stdio", "http"])
def test_a_legacy_client_can_ping(gateway: Installation, server: str, via: str) -> None:
    async def main() -> None:
        async with gateway.client(server, "legacy", via=via) as client:
            with pytest.warns(MCPDeprecationWarning):
                await client.send_ping()

    run(main())


@most_ways
def test_an_unknown_tool_is_denied_in_words(gateway: Installation, server: str, era: str, via: str) -> None:
    async def main() -> None:
        async with gateway.client(server, era, via=via) as client:
            refused = await client.call_tool("no_such_tool", {"id": "x"})
            assert_not_performed(refused, "blocked", "DENIED by Interlock (tool.unknown)")
            nothing = await client.call_tool(REDEEM, {"approval_id": "apr-none"})
            assert_not_performed(nothing, "refused", "DENIED")

    run(main())


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("server", ["stdio", "http", "json"])
def test_arguments_arrive_exactly(gateway: Installation, server: str, era: str) -> None:
    arguments = {
        "id": unique(),
        "big": 2**200,
        "negative": -(10**40),
        "float": 0.1,
        "text": 'ünïcödé \U0001f600 \u202e \x00 \\ " / \u2028',
        "ключ": [None, True, {"": []}],
        "interlock_reason": "never forwarded",
    }
    wanted = {name: value for name, value in arguments.items() if name != "interlock_reason"}

    async def main() -> None:
        async with gateway.client(server, era) as client:
            with_reason = await client.call_tool("read_echo", arguments)
            plain = await client.call_tool("read_echo", wanted)
        assert json.loads(said(with_reason)) == wanted
        assert json.loads(said(plain)) == wanted

    run(main())


@pytest.mark.parametrize("server", ["stdio", "http", "json"])
def test_a_big_result_arrives_whole(gateway: Installation, server: str) -> None:
    async def main() -> None:
        async with gateway.client(server, "auto") as client:
            assert len(said(await client.call_tool("read_big", {"bytes": 5_000_000}))) == 5_000_000

    run(main())
