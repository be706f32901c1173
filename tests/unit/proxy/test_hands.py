from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from interlock.core.approval import Approval, Refusal, State
from interlock.core.enforcement import enforce
from interlock.core.errors import Fault, InterlockError, OperatorError
from interlock.core.reasons import Reason
from interlock.core.requests import Delivered, Outcome, Refused, StepFailed, Unsettled
from interlock.core.words import Stage, Standing, Tier
from interlock.proxy.driver import drive
from interlock.proxy.hands import Hands, observed
from interlock.proxy.pool import Link
from interlock.proxy.upstream import Lost, TimedOut, Unsent
from interlock.wire.jsonrpc import Response, raw
from unit.proxy.fakes import (
    CHANGES,
    DEFINITION,
    FAILED,
    FakeClassifier,
    FakeLender,
    FakeStore,
    FakeUpstream,
    always,
    approving,
    call,
    decision,
    listed,
    listing,
    means,
    run,
    spec,
    tool,
)

RESULT = {"content": [{"type": "text", "text": "done"}]}
CONFIRM = decision(Tier.CONFIRM, "policy.confirm")
DELETE = {"name": "delete", "inputSchema": {"type": "object"}}


def upstream(answer: Any = RESULT, definitions: tuple[dict[str, Any], ...] = (DEFINITION,)) -> FakeUpstream:
    return FakeUpstream({"tools/list": listing(*definitions), "tools/call": always(answer)})


def perform(store: FakeStore, server: FakeUpstream | Exception, **fields: Any) -> Any:
    """Have one call enforced by these hands; return its ending."""
    made = spec()
    link = Link(server, made) if isinstance(server, FakeUpstream) else None

    async def connection() -> Link:
        if link is None:
            raise server
        return link

    wanted = fields.pop("wanted", None) or call()
    hands = Hands(fields.pop("means", None) or means(store, **fields), made, connection, {}, None)
    return run(drive(enforce(wanted), hands.perform))


def reason(ending: Any) -> Reason:
    assert isinstance(ending, Refused), ending
    return ending.stopped.reason


def sent(server: FakeUpstream) -> int:
    return len([method for method, _ in server.calls if method == "tools/call"])


def test_a_call_that_may_run_is_recorded_before_and_after() -> None:
    store, server = FakeStore([tool()]), upstream()
    ending = perform(store, server)
    assert isinstance(ending, Delivered)
    assert ending.reply.body.result == raw(RESULT)
    assert [record.kind.value for _, record in store.dispatched] == ["intent"]
    assert [(outcome, record.kind.value) for outcome, record in store.settled] == [(Outcome.COMPLETED, "outcome")]
    assert store.records == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (RESULT | {"isError": True}, Outcome.TOOL_ERROR),
        (RESULT | {"isError": False}, Outcome.COMPLETED),
        (FAILED, Outcome.TOOL_ERROR),
    ],
)
def test_how_an_answer_is_recorded(answer: Any, outcome: Outcome) -> None:
    store = FakeStore([tool()])
    assert isinstance(perform(store, upstream(answer)), Delivered)
    assert [each for each, _ in store.settled] == [outcome]


@pytest.mark.parametrize("answer", ["text", [], None, 7, {"isError": "yes"}, {"isError": 1}, {"isError": None}])
def test_what_is_no_result_is_withheld(answer: Any) -> None:
    store = FakeStore([tool()])
    assert perform(store, upstream(Response(1, raw(answer), None))) == Unsettled(Reason.RESULT_REFUSED)
    assert [each for each, _ in store.settled] == [Outcome.OUTCOME_UNKNOWN]


def test_a_result_that_says_twice_whether_it_failed_is_withheld() -> None:
    store = FakeStore([tool()])
    twice = Response(1, msgspec.Raw(b'{"content":[],"isError":true,"isError":false}'), None)
    assert perform(store, upstream(twice)) == Unsettled(Reason.RESULT_REFUSED)
    deeper = Response(1, msgspec.Raw(b'{"content":[],"isError":false,"structuredContent":{"isError":1}}'), None)
    assert isinstance(perform(store, upstream(deeper)), Delivered)


@pytest.mark.parametrize(
    ("error", "ending", "outcome"),
    [
        (TimedOut("x"), Reason.UPSTREAM_TIMEOUT, Outcome.OUTCOME_UNKNOWN),
        (Lost("x"), Reason.UPSTREAM_FAILED, Outcome.TRANSPORT_ERROR),
        (ValueError("x"), Reason.STEP_FAILED, Outcome.OUTCOME_UNKNOWN),
    ],
)
def test_a_failure_after_it_was_sent_is_unsettled(error: Exception, ending: Reason, outcome: Outcome) -> None:
    store = FakeStore([tool()])
    assert perform(store, upstream(error)) == Unsettled(ending)
    assert [each for each, _ in store.settled] == [outcome]


def test_a_failure_before_it_was_sent_refuses() -> None:
    store = FakeStore([tool()])
    assert reason(perform(store, upstream(Unsent("x")))) is Reason.UPSTREAM_UNREACHABLE
    assert [each for each, _ in store.settled] == [Outcome.NOT_FORWARDED]


def test_a_connection_that_died_meanwhile_is_not_replaced_by_another() -> None:
    """What was listed is what is called: another connection may be another server."""
    store, server = FakeStore([tool()]), upstream()

    async def dying(_params: Any) -> Any:
        server.alive = False
        return {"tools": [DEFINITION]}

    server.answers["tools/list"] = dying
    assert reason(perform(store, server)) is Reason.UPSTREAM_UNREACHABLE
    assert sent(server) == 0
    assert [each for each, _ in store.settled] == [Outcome.NOT_FORWARDED]


def test_what_an_effect_was_is_recorded_but_no_text_of_it() -> None:
    store = FakeStore([tool()])
    perform(store, upstream(FAILED))
    perform(store, upstream())
    effects = [record.effect for _, record in store.settled]
    assert effects == [{"error": "-32000"}, {"result_bytes": len(bytes(raw(RESULT)))}]


def test_a_server_that_cannot_be_listed_is_not_called() -> None:
    for server in (Unsent("down"), FakeUpstream({"tools/list": always(TimeoutError())})):
        store = FakeStore([tool()])
        assert reason(perform(store, server)) is Reason.UPSTREAM_UNREACHABLE
        assert store.dispatched == []
        assert len(store.records) == 1


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"standing": Standing.DRIFTED}, "tool.drifted"),
        ({"stage": Stage.DISCOVERED}, "server.stage"),
        ({"stage": Stage.QUARANTINED}, "server.stage"),
        ({"stage": Stage.RETIRED}, "server.stage"),
    ],
)
def test_a_tool_that_is_blocked_anyway_is_not_even_looked_for(fields: dict[str, Any], wanted: str) -> None:
    store, server = FakeStore([tool(**fields)]), upstream()
    assert reason(perform(store, server, decided=decision(Tier.BLOCK, wanted))).value == wanted
    assert server.calls == []


def test_a_tool_that_nobody_knows() -> None:
    store, server = FakeStore(), upstream()
    assert reason(perform(store, server)) is Reason.TOOL_UNKNOWN
    assert server.calls == []
    assert len(store.records) == 1


def test_a_tool_that_this_connection_does_not_list_is_gone_here() -> None:
    """Other connections may list it: whose listing it is missing from is nothing to write down for all."""
    facts: list[Standing] = []
    store, server = FakeStore([tool()]), upstream(definitions=(DELETE,))
    made = means(store, decision(Tier.BLOCK, "tool.gone"))
    judged = replace(
        made, judge=lambda: lambda _call, seen, _facts: facts.append(seen.standing) or made.judge()(_call, seen, _facts)
    )
    assert reason(perform(store, server, means=judged)) is Reason.TOOL_GONE
    assert facts == [Standing.GONE]


def test_arguments_too_large_for_a_person_are_not_shown_to_one() -> None:
    large = call(arguments=b'{"a":"' + b"x" * (256 << 10) + b'"}')
    store, server = FakeStore([tool()]), upstream()
    assert reason(perform(store, server, decided=CONFIRM, wanted=large)) is Reason.APPROVAL_TOO_LARGE
    assert (store.approvals, sent(server)) == ({}, 0)


def test_a_listing_that_says_something_new_is_written_down_first() -> None:
    drifted = DEFINITION | {"description": "now different"}
    store = FakeStore([tool()])
    perform(store, upstream(definitions=(drifted,)))
    assert store.observed == [["read"]]
    store = FakeStore([tool()], fails={"observe": InterlockError("full")})
    ending = perform(store, upstream(definitions=(drifted,)))
    assert isinstance(ending, Refused)
    assert store.dispatched == []


@pytest.mark.parametrize(
    ("known", "seen", "writes"),
    [
        ([tool()], [DEFINITION], False),
        ([tool(), tool(DELETE, standing=Standing.GONE)], [DEFINITION], False),
        ([tool()], [DEFINITION, DELETE], True),
        ([tool(), tool(DELETE)], [DEFINITION], False),
        ([tool(), tool(DELETE, standing=Standing.GONE)], [DEFINITION, DELETE], True),
        ([tool(digest="sha256:other")], [DEFINITION], True),
        ([], [], False),
    ],
)
def test_only_what_is_new_is_written_down(known: Any, seen: Any, *, writes: bool) -> None:
    store = FakeStore(known)
    run(observed(store, spec(), {each["name"]: listed(each) for each in seen}))
    assert bool(store.observed) is writes


# --- facts ---


@pytest.mark.parametrize(
    ("stops", "stopped"),
    [
        (set(), False),
        ({("all", "")}, True),
        ({("server", "notes")}, True),
        ({("workload", "agent")}, True),
        ({("server", "other"), ("workload", "other"), ("subject", "ada")}, False),
    ],
)
def test_the_stop_switch_is_a_fact(stops: set[tuple[str, str]], *, stopped: bool) -> None:
    facts: list[Any] = []
    store = FakeStore([tool()], stopped=frozenset(stops))
    judged = replace(means(store), judge=lambda: lambda _call, _tool, seen: facts.append(seen) or decision())
    perform(store, upstream(), means=judged)
    assert [each.stopped for each in facts] == [stopped]
    assert facts[0].stop_epoch == 3
    assert facts[0].resource_tenant == "acme"


def test_an_unknown_outcome_before_is_a_fact_of_changes_only() -> None:
    for effect, repeats in ((None, False), (CHANGES, True)):
        facts: list[Any] = []
        store = FakeStore([tool()], unknown=True)
        classifier = FakeClassifier(effect) if effect else FakeClassifier()
        judged = means(store, classifier=classifier)
        judged = replace(judged, judge=lambda facts=facts: lambda _call, _tool, seen: facts.append(seen) or decision())
        perform(store, upstream(), means=judged)
        assert facts[0].repeats_unknown is repeats


# --- persons ---


def test_nobody_has_answered_yet() -> None:
    store, server = FakeStore([tool()]), upstream()
    ending = perform(store, server, decided=CONFIRM)
    assert reason(ending) is Reason.APPROVAL_PENDING
    (asked, arguments) = next(iter(store.approvals.values()))
    assert ending.stopped.waiting.approval_id == asked.approval_id
    assert asked.approval_id.startswith("apr-")
    assert arguments == b"{}"
    assert 0 < time.time() - store.asked_since[0] - 600 < 5
    assert sent(server) == 0
    assert len(store.records) == 1


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (State.DENIED, Reason.APPROVAL_DENIED),
        (State.EXPIRED, Reason.APPROVAL_EXPIRED),
        (State.REDEEMED, Reason.APPROVAL_SPENT),
        (State.VOID, Reason.APPROVAL_VOID),
    ],
)
def test_any_answer_but_yes_is_no(state: State, wanted: Reason) -> None:
    store, server = FakeStore([tool()], answer=lambda asked: replace(asked, state=state)), upstream()
    assert reason(perform(store, server, decided=CONFIRM)) is wanted
    assert sent(server) == 0


def test_a_yes_runs_after_a_fresh_look() -> None:
    store, server = FakeStore([tool()], answer=approving), upstream()
    assert isinstance(perform(store, server, decided=CONFIRM), Delivered)
    assert [method for method, _ in server.calls] == ["tools/list", "tools/list", "tools/call"]
    (approved, record) = store.dispatched[0]
    assert approved is not None
    assert (approved.approvers, approved.downgraded) == (("bob",), True)
    assert record.approval["id"] == approved.approval_id


def test_an_answer_within_the_wait_is_waited_for() -> None:
    looks: list[int] = []

    def slowly(asked: Approval) -> Approval:
        looks.append(1)
        return approving(asked) if len(looks) > 3 else asked

    store = FakeStore([tool()], answer=slowly)
    assert isinstance(perform(store, upstream(), decided=CONFIRM, wait=5.0), Delivered)


def test_a_deadline_that_passes_while_waiting_is_no() -> None:
    store = FakeStore([tool()], answer=lambda asked: replace(asked, decide_by=time.time() - 1))
    assert reason(perform(store, upstream(), decided=CONFIRM, wait=1.0)) is Reason.APPROVAL_EXPIRED


def test_a_redemption_of_nothing() -> None:
    store, server = FakeStore([tool()]), upstream()
    assert reason(perform(store, server, wanted=call(redeems="apr-none"))) is Reason.APPROVAL_UNKNOWN
    assert store.approvals == {}, "a redemption never asks anybody"


# --- what else may fail ---


@pytest.mark.parametrize("fault", [InterlockError("full"), OperatorError("gone")])
@pytest.mark.parametrize(("where", "wanted"), [("ask", Reason.LOG_UNAVAILABLE), ("dispatch", Reason.LOG_UNAVAILABLE)])
def test_no_log_no_call(fault: Fault, where: str, wanted: Reason) -> None:
    store, server = FakeStore([tool()], answer=approving, fails={where: fault}), upstream()
    assert reason(perform(store, server, decided=CONFIRM)) is wanted
    assert sent(server) == 0


def test_a_decision_that_cannot_be_recorded_refuses_all_the_same() -> None:
    store = FakeStore(fails={"record": InterlockError("full")})
    assert reason(perform(store, upstream())) is Reason.LOG_UNAVAILABLE


def test_an_outcome_that_cannot_be_recorded_withholds_the_result() -> None:
    store = FakeStore([tool()], fails={"settle": InterlockError("full")})
    assert perform(store, upstream()) == Unsettled(Reason.OUTCOME_UNRECORDED)


def test_what_the_store_refuses_is_not_sent() -> None:
    store, server = FakeStore([tool()], refusal=Refusal(Reason.STATE_CHANGED, "the stop switch")), upstream()
    assert reason(perform(store, server)) is Reason.STATE_CHANGED
    assert sent(server) == 0


def test_a_credential_that_cannot_be_had() -> None:
    store, server = FakeStore([tool()]), upstream()
    ending = perform(store, server, lender=FakeLender(OperatorError("no secret")))
    assert reason(ending) is Reason.CREDENTIAL_UNAVAILABLE
    assert sent(server) == 0
    assert [each for each, _ in store.settled] == [Outcome.NOT_FORWARDED]


def test_an_outcome_without_an_intent_is_a_failed_step() -> None:
    hands = Hands(means(FakeStore()), spec(), lambda: None, {}, None)
    with pytest.raises(StepFailed):
        run(hands.record_outcome(None))  # type: ignore[arg-type]


def test_the_connection_is_busy_while_it_is_used() -> None:
    busy: list[int] = []
    server = upstream()
    link = Link(server, spec())

    async def look(_params: Any) -> Any:
        busy.append(link.busy)
        raise Lost("x")

    async def connection() -> Link:
        return link

    server.answers["tools/call"] = look
    hands = Hands(means(FakeStore([tool()])), spec(), connection, {}, None)
    run(drive(enforce(call()), hands.perform))
    assert (busy, link.busy) == ([1], 0)
