"""An approval is good for exactly what was shown, for exactly that caller, once. The upstream's journal counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from functional.gateway import (
    ERAS,
    UPSTREAM,
    USER,
    Installation,
    Who,
    decision,
    eventually,
    installation,
    modern,
    routed,
    run,
    said,
    unique,
)

TOOL = "delete_note"
REDEEM = "interlock_redeem"
OTHERS = {
    "subject": Who(subject="user-2"),
    "workload": Who(workload="other-agent"),
    "host": Who(host="another-host"),
}


def configure(made: Installation) -> None:
    made.stdio("notes", UPSTREAM)
    made.http("remote", UPSTREAM)
    made.stdio("theirs", UPSTREAM, tenant="globex")


def alone(made: Installation) -> None:
    made.stdio("notes", UPSTREAM)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("binding"), configure) as made:
        yield made


def call(gateway: Installation, tool: str, arguments: dict[str, Any], who: Who = USER, server: str = "notes") -> Any:
    """Make one call of the modern era and return its result."""
    body = modern("tools/call", {"name": tool, "arguments": arguments})
    response = gateway.post(server, body, who=who, **routed("tools/call", tool))
    assert response.status_code == 200, response.text
    return response.json()["result"]


def status(result: Any) -> tuple[str, str]:
    made = result["_meta"]["interlock/decision"]
    return made["status"], made["reason"]


def approved(gateway: Installation, arguments: dict[str, Any], who: Who = USER, server: str = "notes") -> str:
    """Ask for a call and have it approved; return the approval's id."""
    approval = call(gateway, TOOL, arguments, who, server)["_meta"]["interlock/decision"]["approval"]["id"]
    gateway.approve(approval)
    return str(approval)


def test_a_changed_argument_needs_its_own_approval(gateway: Installation) -> None:
    note = unique()
    approved(gateway, {"id": note})
    for changed in ({"id": note + "x"}, {"id": note, "force": True}, {"id": [note]}, {"ID": note, "id": note}):
        assert status(call(gateway, TOOL, changed)) == ("pending", "approval.pending")
    assert gateway.effects("notes") == []
    call(gateway, TOOL, {"id": note})
    assert gateway.effects("notes", id=note) == [TOOL]


def test_a_reworded_reason_voids_nothing(gateway: Installation) -> None:
    note = unique()
    approved(gateway, {"id": note, "interlock_reason": "it is old"})
    done = call(gateway, TOOL, {"interlock_reason": "because it has aged", "id": note})
    assert not done.get("isError")
    assert gateway.effects("notes", id=note) == [TOOL]


@pytest.mark.parametrize("other", OTHERS)
def test_another_caller_cannot_use_it(gateway: Installation, other: str) -> None:
    note = unique()
    approval = approved(gateway, {"id": note})
    assert status(call(gateway, TOOL, {"id": note}, OTHERS[other])) == ("pending", "approval.pending")
    refused = status(call(gateway, REDEEM, {"approval_id": approval}, OTHERS[other]))
    assert refused in {("refused", "approval.unknown"), ("expired", "approval.void")}
    assert gateway.effects("notes", id=note) == []


def test_another_callers_redemption_leaves_it_usable(gateway: Installation) -> None:
    note = unique()
    approval = approved(gateway, {"id": note})
    assert status(call(gateway, REDEEM, {"approval_id": approval}, OTHERS["subject"]))[0] == "refused"
    assert gateway.state(approval) == "approved"
    call(gateway, REDEEM, {"approval_id": approval})
    assert gateway.effects("notes", id=note) == [TOOL]


def test_another_tenant_cannot_even_reach_it(gateway: Installation) -> None:
    note = unique()
    approval = approved(gateway, {"id": note})
    elsewhere = Who(tenant="globex")
    body = modern("tools/call", {"name": TOOL, "arguments": {"id": note}})
    assert gateway.post("notes", body, who=elsewhere, **routed("tools/call", TOOL)).status_code == 404
    assert status(call(gateway, REDEEM, {"approval_id": approval}, elsewhere, "theirs"))[0] == "refused"
    assert gateway.effects("notes", id=note) == gateway.effects("theirs", id=note) == []


def test_it_is_no_good_at_another_server(gateway: Installation) -> None:
    note = unique()
    approval = approved(gateway, {"id": note})
    assert status(call(gateway, TOOL, {"id": note}, server="remote"))[0] == "pending"
    assert status(call(gateway, REDEEM, {"approval_id": approval}, server="remote"))[0] == "refused"
    assert gateway.effects("remote", id=note) == gateway.effects("notes", id=note) == []


@pytest.mark.parametrize("server", ["notes", "remote"])
def test_a_drifted_definition_blocks_until_reviewed(gateway: Installation, server: str) -> None:
    note = unique()
    approval = approved(gateway, {"id": note}, server=server)
    gateway.switch(server, drift=[TOOL])
    try:
        assert status(call(gateway, TOOL, {"id": note}, server=server)) == ("blocked", "tool.drifted")
        assert status(call(gateway, REDEEM, {"approval_id": approval}, server=server)) == ("blocked", "tool.drifted")
        assert TOOL not in listed(gateway, server)
        gateway.switch(server)
        assert status(call(gateway, TOOL, {"id": note}, server=server)) == ("blocked", "tool.drifted"), "it flickers"
        gateway.switch(server, drift=[TOOL])
        code, _, err = gateway.cli("inventory", "review", server, TOOL, "--as", "olga", "--reason", "fine")
        assert code == 0, err
        assert TOOL in listed(gateway, server)
        voided = status(call(gateway, REDEEM, {"approval_id": approval}, server=server))
        assert voided == ("expired", "approval.void"), "it was given for the old definition"
        assert status(call(gateway, TOOL, {"id": note}, server=server))[0] == "pending"
        assert gateway.effects(server, id=note) == []
    finally:
        gateway.switch(server)
        gateway.accept()


def listed(gateway: Installation, server: str) -> set[str]:
    body = modern("tools/list")
    found = gateway.post(server, body, **routed("tools/list")).json()["result"]["tools"]
    return {tool["name"] for tool in found}


def test_a_new_tool_is_not_shown_and_not_called(gateway: Installation) -> None:
    gateway.switch("notes", add=["read_extra"])
    try:
        assert "read_extra" not in listed(gateway, "notes")
        assert status(call(gateway, "read_extra", {"id": "x"})) == ("blocked", "tool.new")
    finally:
        gateway.switch("notes")


def test_a_removed_tool_is_gone(gateway: Installation) -> None:
    gateway.switch("remote", remove=["read_echo"])
    try:
        assert "read_echo" not in listed(gateway, "remote")
        assert status(call(gateway, "read_echo", {}, server="remote")) == ("blocked", "tool.gone")
    finally:
        gateway.switch("remote")
    assert "read_echo" in listed(gateway, "remote")


def test_nobody_approves_their_own_request(gateway: Installation) -> None:
    asked = call(gateway, TOOL, {"id": unique()})["_meta"]["interlock/decision"]["approval"]["id"]
    for name in ("user-1", "USER-1", "demo-agent"):
        code, _, err = gateway.cli("approvals", "approve", asked, "--as", name, "--reason", "me")
        assert code != 0
        assert "nobody approves their own request" in err
    assert gateway.state(asked) == "pending"


def test_a_policy_change_voids_it_and_a_bad_policy_changes_nothing(gateway: Installation) -> None:
    policy = gateway.directory / "policy" / "default.cedar"
    good = policy.read_text()
    note, kept = unique(), unique()
    approval = approved(gateway, {"id": note})
    approved(gateway, {"id": kept})

    policy.write_text("permit (principal, action, resource) when { nonsense };")
    eventually(lambda: "the policy stays as it is" in gateway.log())
    call(gateway, TOOL, {"id": kept})
    assert gateway.effects("notes", id=kept) == [TOOL], "the good policy is still in force"
    assert status(call(gateway, TOOL, {"id": unique()}))[0] == "pending"

    policy.write_text(good)
    extra = gateway.directory / "policy" / "extra.cedar"
    extra.write_text('@id("no.mallory")\nforbid (principal, action, resource) when { context.subject == "mallory" };')
    eventually(lambda: "is in force" in gateway.log())
    try:
        assert status(call(gateway, REDEEM, {"approval_id": approval})) == ("expired", "approval.void")
        assert gateway.effects("notes", id=note) == []
    finally:
        before = gateway.log().count("is in force")
        extra.unlink()
        eventually(lambda: gateway.log().count("is in force") > before)


@pytest.mark.parametrize("era", ERAS)
def test_two_at_once_get_one_execution(gateway: Installation, era: str) -> None:
    note = unique()

    async def main() -> None:
        async with gateway.client("notes", era) as one, gateway.client("notes", era) as two:
            first = decision(await one.call_tool(TOOL, {"id": note}))["approval"]["id"]
            gateway.approve(first)
            attempts = [client.call_tool(TOOL, {"id": note}) for client in (one, two, one, two)]
            redeemed = [client.call_tool(REDEEM, {"approval_id": first}) for client in (one, two)]
            results = await asyncio.gather(*attempts, *redeemed)
        assert [said(result) for result in results].count("delete_note done") == 1

    run(main())
    assert gateway.effects("notes", id=note) == [TOOL]


def test_a_fast_approver_is_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    approvals = {"wait": "20s", "decide_by": "1m", "redeem_by": "1m"}
    with installation(tmp_path_factory.mktemp("fast"), alone, approvals=approvals) as gateway:

        async def main() -> None:
            note = unique()
            async with gateway.client("notes", "auto") as client:
                calling = asyncio.create_task(client.call_tool(TOOL, {"id": note}))
                while not (asked := gateway.approvals("pending")):  # noqa: ASYNC110 (a command tells, no event does)
                    await asyncio.sleep(0.05)
                gateway.approve(asked[0]["id"])
                done = await calling
            assert said(done) == "delete_note done"
            assert gateway.effects("notes", id=note) == [TOOL]

        run(main())


def test_deadlines(tmp_path_factory: pytest.TempPathFactory) -> None:
    approvals = {"wait": "0s", "decide_by": "1s", "redeem_by": "1s"}
    with installation(tmp_path_factory.mktemp("deadlines"), alone, approvals=approvals) as gateway:
        undecided, unredeemed = unique(), unique()
        late = call(gateway, TOOL, {"id": undecided})["_meta"]["interlock/decision"]["approval"]["id"]
        spent = approved(gateway, {"id": unredeemed})
        eventually(lambda: gateway.state(late) == "expired" and gateway.state(spent) == "expired")
        code, _, err = gateway.cli("approvals", "approve", late, "--as", "alice", "--reason", "too late")
        assert code != 0
        assert "expired" in err
        for approval in (late, spent):
            assert status(call(gateway, REDEEM, {"approval_id": approval})) == ("expired", "approval.expired")
        assert status(call(gateway, TOOL, {"id": unredeemed})) == ("pending", "approval.pending"), "not sticky"
        assert gateway.effects("notes") == []


def test_an_approval_survives_a_restart_and_is_good_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with installation(tmp_path_factory.mktemp("restart"), alone) as gateway:
        note = unique()
        approval = approved(gateway, {"id": note})
        gateway.stop()
        gateway.start()
        call(gateway, TOOL, {"id": note})
        assert gateway.effects("notes", id=note) == [TOOL]
        gateway.stop()
        gateway.start()
        assert status(call(gateway, REDEEM, {"approval_id": approval})) == ("expired", "approval.spent")
        assert gateway.effects("notes", id=note) == [TOOL]


def test_what_the_client_says_of_itself_changes_nothing(gateway: Installation) -> None:
    """V17: two names, one approval; and a name as trusted as can be opens nothing."""
    note = unique()
    named = {"io.modelcontextprotocol/clientInfo": {"name": "trusted-admin", "version": "1"}}
    params = {"name": TOOL, "arguments": {"id": note}}

    def ask(**meta: Any) -> httpx2.Response:
        return gateway.post("notes", modern("tools/call", params, **meta), **routed("tools/call", TOOL))

    first = ask(**named).json()["result"]["_meta"]["interlock/decision"]
    assert first["status"] == "pending"
    assert ask().json()["result"]["_meta"]["interlock/decision"]["approval"]["id"] == first["approval"]["id"]
    shown = gateway.json("approvals", "show", first["approval"]["id"])
    who = shown["shown"]["who"]
    assert who["claimed"]["host"] == "trusted-admin/1"
    assert who["verified"]["host"] is None
    record = gateway.records(kind="decision")[-2]
    assert (record["host"]["claimed"], record["host"].get("verified")) == ("trusted-admin/1", None), record["host"]
