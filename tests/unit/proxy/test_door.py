from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from interlock.core.errors import InterlockError
from interlock.core.words import Stage, Standing, Tier
from interlock.proxy import exchange as exchange_module
from interlock.proxy.pool import Pool
from interlock.proxy.upstream import Unsent
from interlock.wire.calls import REASON, REDEEM
from interlock.wire.jsonrpc import RawParams, Response, raw
from unit.proxy.fakes import (
    CALLER,
    CHANGES,
    DEFINITION,
    FakeStore,
    FakeUpstream,
    FakeWeb,
    always,
    approving,
    decision,
    listing,
    run,
    soon,
    tool,
    until,
)
from unit.proxy.house import ENVELOPE, RESULT, House, decided, post

CONFIRM = decision(Tier.CONFIRM, "policy.confirm")
DELETE = {"name": "delete", "inputSchema": {"type": "object", "properties": {}}}


# --- methods and sessions ---


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_posting_without_a_session(method: str) -> None:
    web = run(House().ask(FakeWeb(method=method)))
    assert (web.status, web.headers["allow"]) == (405, "POST")


def test_a_legacy_session_from_its_beginning_to_its_end() -> None:
    async def main() -> None:
        house = House()
        session = await house.session()
        web = await house.legacy(session, "tools/call", name="read", arguments={"id": 7})
        assert web.json["result"] == RESULT
        assert house.called() == [{"name": "read", "arguments": {"id": 7}}]
        assert house.store.dispatched[0][1].host["claimed"] == "cursor/1"
        for method, status in (("DELETE", 204), ("DELETE", 404), ("GET", 404)):
            assert (await house.ask(FakeWeb(method=method, mcp_session_id=session))).status == status
        assert (await house.legacy(session, "ping")).status == 404

    run(main())


def test_initialize_answers_in_the_revision_asked_for() -> None:
    async def main() -> None:
        house = House()
        web = await house.ask(post("initialize", {"protocolVersion": "2024-11-05"}))
        assert web.json["result"]["protocolVersion"] == "2024-11-05"
        house.down = Unsent("it does not start")
        await house.pool.close()
        house.pool = house.door.pool = Pool(10)
        web = await house.ask(post("initialize", {}))
        assert web.json["error"]["code"] == -31002
        assert "mcp-session-id" not in web.headers

    run(main())


@pytest.mark.parametrize("field", ["subject", "workload", "tenant"])
def test_a_session_is_of_no_use_to_another(field: str) -> None:
    async def main() -> None:
        house = House()
        session = await house.session()
        thief = replace(CALLER, **{field: "mallory"})
        stolen = await house.legacy(session, "ping", thief)
        unknown = await house.legacy("none", "ping", thief)
        assert (stolen.status, stolen.body) == (unknown.status, unknown.body)
        assert stolen.status == 404
        assert (await house.ask(FakeWeb(method="DELETE", mcp_session_id=session), thief)).status == 404
        assert (await house.legacy(session, "ping")).json["result"] == {}

    run(main())


def test_a_session_of_its_own_has_a_connection_of_its_own() -> None:
    async def main() -> None:
        house = House(isolation="session")
        one, two = await house.session(), await house.session()
        await house.legacy(one, "tools/list")
        assert [key[-1] for key in house.keys] == [one, two]

    run(main())


# --- what gets in ---


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": ""}, 415),
        ({"content_type": "application/json; charset=utf-8"}, 400),
        ({"accept": "text/event-stream"}, 406),
        ({"accept": ""}, 406),
    ],
)
def test_what_it_must_say_it_is(headers: dict[str, str], status: int) -> None:
    web = run(House().ask(FakeWeb(b"[]", **headers)))
    assert web.status == status


def test_what_is_too_large() -> None:
    assert run(House().ask(FakeWeb(b"x" * ((1 << 16) + 1)))).status == 413


def test_notifications_and_stray_responses_are_accepted_and_that_is_all() -> None:
    async def main() -> None:
        house = House()
        for web in (
            post("notifications/initialized", {}, None),
            post("notifications/cancelled", {"requestId": 1}, None),
            FakeWeb(b'{"jsonrpc":"2.0","id":1,"result":{}}'),
        ):
            assert (await house.ask(web)).status == 202
        assert house.upstream.calls == []

    run(main())


def test_headers_that_do_not_say_what_the_body_says_are_written_down() -> None:
    async def main() -> None:
        house = House()
        web = await house.modern("tools/call", _name="other", name="read")
        assert (web.status, web.json["error"]["code"]) == (400, -32020)
        assert [record.detail["event"] for record in house.store.records] == ["header_mismatch"]
        house.store.fails["record"] = InterlockError("full")
        assert (await house.modern("tools/call", _name="other", name="read")).status == 400
        assert house.called() == []

    run(main())


def test_a_legacy_request_needs_its_session() -> None:
    async def main() -> None:
        house = House()
        assert (await house.ask(post("tools/list", {}))).status == 400
        assert (await house.legacy("none", "tools/list")).status == 404
        assert house.upstream.calls == []

    run(main())


def test_the_era_is_the_envelopes_and_else_the_headers() -> None:
    async def main() -> None:
        house = House()
        session = await house.session()
        body = {"_meta": ENVELOPE}
        mixed = await house.ask(post("tools/list", body, mcp_session_id=session))
        assert mixed.json["error"]["code"] == -32020, "a session does not make a modern request legacy"
        bare = await house.ask(post("tools/list", {}, mcp_session_id=session, mcp_protocol_version="2026-07-28"))
        assert bare.json["error"]["code"] == -32602

    run(main())


# --- what it answers ---


def test_discover_and_ping() -> None:
    async def main() -> None:
        house = House()
        found = (await house.modern("server/discover")).json["result"]
        assert found["supportedVersions"][-1] == "2026-07-28"
        assert found["cacheScope"] == "private"
        assert (await house.legacy(await house.session(), "ping")).json["result"] == {}

    run(main())


def test_the_list_shows_what_was_accepted_as_it_was_accepted() -> None:
    drifted, new, gone = {"name": "drifted"}, {"name": "new"}, {"name": "gone"}
    tools = [
        tool(),
        tool(DELETE, tool_class=CHANGES),
        tool(drifted, standing=Standing.DRIFTED),
        tool(new, standing=Standing.NEW),
        tool(gone, standing=Standing.GONE),
    ]
    answer = {"tools": [DEFINITION, DELETE, drifted, new], "ttlMs": 9, "cacheScope": "public", "_meta": {"x": 1}}

    async def main() -> None:
        house = House(FakeStore(tools), FakeUpstream({"tools/list": always(answer)}))
        shown = (await house.modern("tools/list")).json["result"]
        assert [each["name"] for each in shown["tools"]] == ["read", "delete"]
        assert shown["tools"][0] == DEFINITION
        assert REASON in shown["tools"][1]["inputSchema"]["properties"]
        assert (shown["ttlMs"], shown["cacheScope"], shown["_meta"]) == (9, "private", {"x": 1})
        legacy = (await house.legacy(await house.session(), "tools/list")).json["result"]
        assert legacy.keys() == {"tools", "_meta"}
        second = await house.modern("tools/list", cursor="x")
        assert second.json["error"]["code"] == -32602

    run(main())


def test_who_has_approvals_is_offered_the_way_to_redeem_them() -> None:
    async def main() -> None:
        house = House(decided=CONFIRM)
        names = [each["name"] for each in (await house.modern("tools/list")).json["result"]["tools"]]
        assert REDEEM not in names
        await house.modern("tools/call", name="read")
        names = [each["name"] for each in (await house.modern("tools/list")).json["result"]["tools"]]
        assert names[-1] == REDEEM

    run(main())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"content": []}, {"content": [], "resultType": "complete"}),
        (
            {"content": [], "isError": True, "other": 1},
            {"content": [], "isError": True, "other": 1, "resultType": "complete"},
        ),
    ],
)
def test_an_answer_passes(answer: Any, said: Any) -> None:
    house = House(upstream=FakeUpstream({"tools/list": listing(), "tools/call": always(answer)}))
    web = run(house.modern("tools/call", name="read"))
    assert web.json == {"jsonrpc": "2.0", "id": 1, "result": said}


def test_a_servers_own_error_passes_under_the_clients_id() -> None:
    from_server = {"code": -5, "message": "no", "data": {"x": 1}}

    upstream = FakeUpstream({"tools/list": listing(), "tools/call": always(Response(99, None, from_server))})
    house = House(upstream=upstream)
    assert run(house.modern("tools/call", name="read")).json == {"jsonrpc": "2.0", "id": 1, "error": from_server}


def test_what_is_no_call() -> None:
    async def main() -> None:
        house = House()
        web = await house.modern("tools/call", name="read", arguments=[])
        assert (web.status, web.json["error"]["code"]) == (200, -32602)
        assert house.store.records == []

    run(main())


def test_a_method_that_is_not_governed_passes_to_its_server() -> None:
    async def main() -> None:
        upstream = FakeUpstream({"prompts/list": always({"prompts": [1]}), "tools/list": listing()})
        house = House(upstream=upstream)
        found = (await house.modern("prompts/list")).json["result"]
        assert found == {"prompts": [1], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        upstream.answers["prompts/list"] = always(TimeoutError())
        assert (await house.modern("prompts/list")).json["error"]["code"] == -31002

    run(main())


def test_a_connection_is_busy_while_something_passes() -> None:
    async def main() -> None:
        house = House()
        link = await house.pool.link(house.spec, ("notes", "acme", "ada", "agent"))
        busy: list[int] = []

        async def look(_params: RawParams) -> Any:
            busy.append(link.busy)
            return {}

        house.upstream.answers["prompts/list"] = look
        await house.modern("prompts/list")
        assert (busy, link.busy) == ([1], 0)

    run(main())


@pytest.mark.parametrize(
    ("stopped", "stage", "code"),
    [
        ({("all", "")}, Stage.PRODUCTION, "stop.active"),
        ({("server", "notes")}, Stage.PRODUCTION, "stop.active"),
        ({("workload", "agent")}, Stage.PRODUCTION, "stop.active"),
        (set(), Stage.QUARANTINED, "server.stage"),
        (set(), Stage.DISCOVERED, "server.stage"),
    ],
)
def test_a_stop_holds_for_every_method(stopped: set[tuple[str, str]], stage: Stage, code: str) -> None:
    async def main() -> None:
        house = House(FakeStore([tool()], stopped=frozenset(stopped), stage=stage))
        for method in ("tools/list", "server/discover", "prompts/list"):
            web = await house.modern(method)
            assert web.json["error"]["code"] == -31001
            assert web.json["error"]["message"].startswith(code)
        web = await house.ask(post("initialize", {}))
        assert web.json["error"]["code"] == -31001
        assert [record.detail["event"] for record in house.store.records] == [code] * 4
        assert house.keys == []

    run(main())


# --- approvals ---


def test_pending_then_redeemed_with_the_stored_arguments() -> None:
    async def main() -> None:
        house = House(decided=CONFIRM)
        first = decided(await house.modern("tools/call", name="read", arguments={"id": 2**70, REASON: "why"}))
        assert (first["status"], house.called()) == ("pending", [])
        approval_id = first["approval"]["id"]
        house.store.answer = approving
        done = await house.modern("tools/call", name=REDEEM, arguments={"approval_id": approval_id, "id": 666})
        assert done.json["result"]["content"] == RESULT["content"]
        (sent,) = house.called()
        assert (sent["name"], sent["arguments"]) == ("read", {"id": 2**70})

    run(main())


@pytest.mark.parametrize("given", [{}, {"approval_id": 7}, {"approval_id": None}, {"approval_id": "apr-none"}])
def test_a_redemption_of_nothing_is_told_so(given: dict[str, Any]) -> None:
    web = run(House().modern("tools/call", name=REDEEM, arguments=given))
    assert decided(web)["status"] == "refused"
    assert web.json["result"]["isError"] is True


@pytest.mark.parametrize("field", ["subject", "workload", "tenant"])
def test_nobody_redeems_anothers_approval(field: str) -> None:
    async def main() -> None:
        house = House(decided=CONFIRM)
        approval_id = decided(await house.modern("tools/call", name="read"))["approval"]["id"]
        house.store.answer = approving
        envelope = {"name": REDEEM, "arguments": {"approval_id": approval_id}, "_meta": ENVELOPE}
        headers = {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/call", "mcp_name": REDEEM}
        web = await house.ask(post("tools/call", envelope, **headers), replace(CALLER, **{field: "mallory"}))
        assert decided(web)["status"] == "refused"
        assert house.called() == []

    run(main())


@pytest.mark.parametrize("stored", [None, b"not json", b'{"a":1,"a":2}'])
def test_stored_arguments_that_cannot_be_read_run_nothing(stored: bytes | None) -> None:
    async def main() -> None:
        house = House(decided=CONFIRM)
        approval_id = decided(await house.modern("tools/call", name="read"))["approval"]["id"]
        house.store.stored_arguments = lambda _id: stored  # type: ignore[method-assign]
        web = await house.modern("tools/call", name=REDEEM, arguments={"approval_id": approval_id})
        assert decided(web)["status"] == "refused"

    run(main())


# --- while it runs ---


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "QUICK_SECONDS", 0.01)


@pytest.mark.usefixtures("_quick")
def test_progress_comes_under_the_clients_token_and_only_if_it_asked() -> None:
    async def main() -> None:
        for token in ("mine", 7, None):
            done = asyncio.Event()

            async def slow(_params: RawParams, done: asyncio.Event = done) -> Any:
                await done.wait()
                return RESULT

            house = House(upstream=FakeUpstream({"tools/list": listing(), "tools/call": slow}))
            asking = asyncio.create_task(
                house.modern("tools/call", name="read", _envelope={"progressToken": token} if token else None)
            )
            await until(house.called)
            if token is None:
                assert house.upstream.on_notice is None
            else:
                house.upstream.on_notice("notifications/progress", {"progressToken": raw(3), "progress": raw(1)})
                await asyncio.sleep(0.03)
            done.set()
            web = await asking
            if token is not None:
                params = web.events[0]["params"]
                assert params == {"progressToken": token, "progress": 1}
                assert web.events[1]["result"]["content"] == RESULT["content"]

    run(main())


@pytest.mark.usefixtures("_quick")
def test_a_legacy_client_cancels_its_own_running_request_only() -> None:
    async def main() -> None:
        async def never(_params: RawParams) -> Any:
            await asyncio.Event().wait()

        house = House(upstream=FakeUpstream({"tools/list": listing(), "tools/call": never}))
        session, other = await house.session(), await house.session()
        asking = asyncio.create_task(house.legacy(session, "tools/call", name="read"))
        await until(house.called)
        for headers in ({"mcp_session_id": other}, {}, {"mcp_session_id": "none"}):
            await house.ask(post("notifications/cancelled", {"requestId": 1}, None, **headers))
        await house.ask(post("notifications/cancelled", {"requestId": 2}, None, mcp_session_id=session))
        await asyncio.sleep(0.02)
        assert not asking.done()
        await house.ask(post("notifications/cancelled", {"requestId": 1}, None, mcp_session_id=session))
        web = await asking
        assert decided(web)["reason"] == "call.cancelled"
        assert [outcome.value for outcome, _ in house.store.settled] == ["outcome_unknown"]

    run(main())


@pytest.mark.usefixtures("_quick")
def test_a_modern_client_cancels_by_going_away() -> None:
    async def main() -> None:
        async def never(_params: RawParams) -> Any:
            await asyncio.Event().wait()

        house = House(upstream=FakeUpstream({"tools/list": listing(), "tools/call": never}))
        web = post(
            "tools/call",
            {"name": "read", "_meta": ENVELOPE},
            mcp_protocol_version="2026-07-28",
            mcp_method="tools/call",
            mcp_name="read",
        )
        asking = asyncio.create_task(house.ask(web))
        await until(house.called)
        await asyncio.sleep(0.02)
        web.gone.set()
        await asking
        assert web.sent == []
        assert [outcome.value for outcome, _ in house.store.settled] == ["outcome_unknown"]

    run(main())


@pytest.mark.parametrize(
    ("isolation", "hears"), [("caller", True), ("session", True), ("tenant", False), ("shared", False)]
)
def test_who_listens_hears_no_event_of_others(isolation: str, *, hears: bool) -> None:
    async def main() -> None:
        house = House(isolation=isolation)
        web = FakeWeb(method="GET", mcp_session_id=await house.session())
        web.chunks = []
        listening = asyncio.create_task(house.ask(web))
        await soon(lambda: len(web.sent) == 2)
        house.upstream.on_event("notifications/message", {"data": raw("secret")})
        house.upstream.on_event("notifications/tools/list_changed", {})
        await until(lambda: web.events and "list_changed" in web.events[-1]["method"])
        assert len(web.events) == 1 + hears
        web.gone.set()
        await listening
        link = await house.pool.link(house.spec, house.keys[0])
        assert link.listeners == set()

    run(main())


def test_listening_needs_events() -> None:
    async def main() -> None:
        house = House()
        web = FakeWeb(method="GET", mcp_session_id=await house.session(), accept="application/json")
        assert (await house.ask(web)).status == 406

    run(main())
