"""Upstreams that break the protocol. Interlock answers in words, in time, and tells what may have happened."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functional.gateway import (
    ERAS,
    ROGUE,
    UPSTREAM,
    Installation,
    decision,
    eventually,
    installation,
    modern,
    routed,
    run,
    said,
    unique,
)

LIMIT = "2MiB"
SERVERS = ["pipe", "remote"]
both = pytest.mark.parametrize("server", SERVERS)


def configure(made: Installation) -> None:
    made.stdio("pipe", ROGUE, call_timeout="1s", max_age="60s")
    made.http("remote", ROGUE, call_timeout="1s", max_age="60s")
    made.stdio("crashing", UPSTREAM)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    limits = {"max_result_bytes": LIMIT}
    with installation(tmp_path_factory.mktemp("rogue"), configure, limits=limits) as made:
        yield made


def call(gateway: Installation, server: str, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    body = modern("tools/call", {"name": tool, "arguments": arguments or {}})
    response = gateway.post(server, body, **routed("tools/call", tool))
    assert response.status_code == 200
    if response.headers["content-type"].startswith("text/event-stream"):
        events = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        return dict(json.loads(events[-1]))
    return dict(response.json())


def unsettled(answer: dict[str, Any]) -> str:
    """Return the reason for which nobody knows what happened."""
    result = answer["result"]
    assert result["isError"]
    assert "structuredContent" not in result
    assert "MAY HAVE BEEN PERFORMED" in result["content"][0]["text"]
    made = result["_meta"]["interlock/decision"]
    assert (made["status"], made["performed"]) == ("unsettled", "unknown")
    return str(made["reason"])


def well(gateway: Installation, server: str) -> bool:
    """Whether the server is of use; one that has just died may be in its back-off."""
    answer = call(gateway, server, "read_properly")
    return bool(answer["result"]["content"][0]["text"] == "properly")


@pytest.mark.parametrize(
    ("server", "tool", "reason"),
    [
        ("pipe", "read_wrong_id", "upstream.timeout"),
        ("pipe", "read_both", "upstream.failed"),
        ("pipe", "read_never", "upstream.timeout"),
        ("pipe", "read_late", "upstream.timeout"),
        ("pipe", "read_text_result", "result.refused"),
        ("pipe", "read_odd_error_flag", "result.refused"),
        ("pipe", "read_cut", "upstream.failed"),
        ("pipe", "read_huge", "upstream.failed"),
        ("remote", "read_wrong_id", "upstream.failed"),
        ("remote", "read_both", "upstream.failed"),
        ("remote", "read_never", "upstream.timeout"),
        ("remote", "read_late", "upstream.timeout"),
        ("remote", "read_text_result", "result.refused"),
        ("remote", "read_odd_error_flag", "result.refused"),
        ("remote", "read_cut", "upstream.failed"),
        ("remote", "read_huge", "upstream.failed"),
        ("remote", "read_status_500", "upstream.failed"),
        ("remote", "read_moved", "upstream.failed"),
    ],
)
def test_no_answer_is_an_unknown_outcome(gateway: Installation, server: str, tool: str, reason: str) -> None:
    before = len(gateway.effects(server))
    assert unsettled(call(gateway, server, tool)) == reason
    assert gateway.effects(server)[before:].count(tool) == 1, "it was sent once"
    eventually(lambda: well(gateway, server))
    outcome = gateway.records(kind="outcome", tool=tool, server=server)[-1]
    assert outcome["outcome"] in {"outcome_unknown", "transport_error"}


@pytest.mark.parametrize("code", [401, 403, 404, 429])
def test_a_refusal_by_http_is_the_tools_error(gateway: Installation, code: int) -> None:
    """It never becomes an HTTP status of ours: clients would end their session or begin a login."""
    answer = call(gateway, "remote", f"read_status_{code}")
    assert answer["error"]["code"] == -31002
    assert str(code) in answer["error"]["message"]
    assert gateway.records(kind="outcome", tool=f"read_status_{code}")[-1]["outcome"] == "tool_error"
    assert well(gateway, "remote")


def test_a_redirect_is_not_followed(gateway: Installation) -> None:
    unsettled(call(gateway, "remote", "read_moved"))
    assert not [done for done in gateway.effects("remote") if "elsewhere" in done]


@both
def test_garbage_before_the_answer_is_passed_over(gateway: Installation, server: str) -> None:
    assert call(gateway, server, "read_garbage")["result"]["content"][0]["text"] == "clean"


@both
def test_what_is_forwarded_is_what_came_byte_for_byte(gateway: Installation, server: str) -> None:
    arguments = b'{ "z":1.0, "a" : 1e2,"n":123456789012345678901234567890,\t"u":"\\u00e9\xc3\xa9\\/", "e":[ ] }'
    template = modern("tools/call", {"name": "read_raw", "arguments": "HERE"})
    body = json.dumps(template).encode().replace(b'"HERE"', arguments)
    answer = gateway.post(server, body, **routed("tools/call", "read_raw")).json()
    sent = base64.b64decode(answer["result"]["content"][0]["text"])
    assert arguments in sent
    assert b"io.modelcontextprotocol" not in sent, "a legacy server is told nothing of the modern envelope"


@both
@pytest.mark.parametrize("era", ERAS)
def test_what_interlock_need_not_change_passes(gateway: Installation, server: str, era: str) -> None:
    async def main() -> None:
        meta = {"example.org/key": {"deep": [1]}, "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
        async with gateway.client(server, era) as client:
            answer = await client.call_tool("read_raw", {}, meta=meta)
        sent = json.loads(base64.b64decode(said(answer)))
        assert {key: sent["params"]["_meta"][key] for key in meta} == meta

    run(main())


def test_a_late_answer_goes_to_nobody(gateway: Installation) -> None:
    """The answer of a call that was given up comes while another waits."""
    assert unsettled(call(gateway, "pipe", "read_late")) == "upstream.timeout"
    assert call(gateway, "pipe", "read_properly")["result"]["content"][0]["text"] == "properly"


def test_a_change_that_nobody_knows_of_needs_a_new_approval(gateway: Installation) -> None:
    note = {"id": unique()}
    for server in SERVERS:
        pending = call(gateway, server, "delete_cut", note)["result"]["_meta"]["interlock/decision"]
        gateway.approve(pending["approval"]["id"])
        assert unsettled(call(gateway, server, "delete_cut", note)) == "upstream.failed"

        def asked_again(server: str = server) -> Any:
            made = call(gateway, server, "delete_cut", note)["result"]["_meta"]["interlock/decision"]
            return made if made["status"] == "pending" else None  # until the server is up again

        again = eventually(asked_again)
        assert again["approval"]["id"] != pending["approval"]["id"]
        assert "confirm.repeats-unknown" in again["policies"]
        assert gateway.effects(server, **note) == ["delete_cut"]


def test_a_child_that_dies_is_started_again_with_back_off(gateway: Installation) -> None:
    async def main() -> None:
        async with gateway.client("crashing", "auto") as client:
            first = json.loads(said(await client.call_tool("get_whoami", {})))["pid"]
            arguments = {"id": unique()}
            approval = decision(await client.call_tool("crash", arguments))["approval"]["id"]
            gateway.approve(approval)
            crashed = await client.call_tool("crash", arguments)
            assert decision(crashed)["status"] == "unsettled"
            until = time.monotonic() + 60
            while (again := await client.call_tool("get_whoami", {})).is_error:
                assert decision(again)["reason"] == "upstream.unreachable"
                assert time.monotonic() < until
                await asyncio.sleep(0.1)
            assert json.loads(said(again))["pid"] != first
        assert gateway.effects("crashing", **arguments) == ["crash"], "nothing is sent twice"

    run(main())


def serving(directory: Path, server: str, how: str) -> Installation:
    """Return an installation of one server whose listing misbehaves; its gateway serves."""
    made = Installation(directory, {})
    if server == "pipe":
        made.stdio("odd", ROGUE, "--list", how, call_timeout="1s")
    else:
        made.http("odd", ROGUE, "--list", how, call_timeout="1s")
    made.write()
    return made


def test_a_listing_without_end_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "remote", "cycle") as made:
        code, out, err = made.cli("inventory", "sync", "--accept")
    assert code == 3
    assert "more than 100 pages" in out + err


def test_a_name_that_is_listed_twice_is_nobodys(tmp_path: Path) -> None:
    """V8: nobody can tell which of the two would be called."""
    with serving(tmp_path, "remote", "twice") as made:
        made.cli("inventory", "sync", "--accept")
        made.start()
        listed = made.post("odd", modern("tools/list"), **routed("tools/list")).json()["result"]["tools"]
        names = [tool["name"] for tool in listed]
        assert "read_properly" not in names
        assert "read_garbage" in names
        answer = call(made, "odd", "read_properly")
        assert answer["result"]["_meta"]["interlock/decision"]["reason"] == "tool.unknown"
        assert "read_properly" not in made.effects("odd")


def test_a_listing_that_changes_whenever_it_is_read_ends(tmp_path: Path) -> None:
    """`tools/list_changed` during every listing once had the gateway list for ever."""
    with serving(tmp_path, "pipe", "announce") as made:
        made.accept()
        made.start()
        answer = call(made, "odd", "read_properly")
        assert answer["result"]["_meta"]["interlock/decision"]["reason"] == "upstream.unreachable"
        assert "read_properly" not in made.effects("odd")
