"""The hands of enforcement: each request it makes of the world, carried out."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from interlock import canon
from interlock.audit.record import Record
from interlock.core.approval import UNSPENDABLE, Approval, Deadlines, Refusal, State, lapse, request_approval
from interlock.core.errors import Fault
from interlock.core.inventory import Catalog
from interlock.core.reasons import Reason
from interlock.core.requests import (
    Approved,
    AskPerson,
    BorrowCredential,
    CheckResult,
    Credential,
    Decide,
    Dispatch,
    Done,
    FindTool,
    Forward,
    GatherFacts,
    NoTool,
    NotSent,
    Outcome,
    RecordDecision,
    RecordOutcome,
    Refine,
    Reply,
    Request,
    StepFailed,
    Ticket,
    Waiting,
)
from interlock.core.words import Caller, Decision, Facts, Impact, Stage, Standing, TenantBinding, Tool, ToolClass
from interlock.proxy import records
from interlock.proxy.pool import Link, ServerSpec
from interlock.proxy.ports import Classifier, Judge, Lender, Store
from interlock.proxy.showing import show
from interlock.proxy.upstream import Lost, Notice, TimedOut, Unsent
from interlock.wire import jsonrpc
from interlock.wire.calls import forwarded_params
from interlock.wire.saying import status_of

Written = TypeVar("Written")

_VERDICT = b'"isError"'
_POLL_SECONDS = 0.05
MAX_SHOWN = 256 << 10
"""Bytes of arguments that a person can be asked to approve."""
SERVED = frozenset({Stage.PILOT, Stage.PRODUCTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the hands work with, the same for every call. Times are seconds.

    ``judge`` returns the judge in force: a reloaded policy decides the next call.
    """

    store: Store
    classifier: Classifier
    lender: Lender
    judge: Callable[[], Judge]
    wait: float
    deadlines: Deadlines
    sticky_denial: float


@dataclass(slots=True)
class Hands:
    """One call's hands: where it goes and with which parameters. ``link`` gives the caller's connection."""

    means: Means
    spec: ServerSpec
    link: Callable[[], Any]
    params: jsonrpc.RawParams
    on_notice: Notice | None
    _link: Link | None = None
    _approved: bool = False
    _intent: Record | None = None
    _began: float = 0.0
    _effect: Mapping[str, Any] | None = field(default=None)

    async def perform(self, request: Request[Any]) -> Any:
        """Carry out one request."""
        return await _HOW[type(request)](self, request)

    async def find_tool(self, request: FindTool) -> Tool | NoTool:
        """Find the tool and make sure that what the inventory has of it is fresh."""
        call = request.call
        known = self.means.store.inventory().tools.get((call.server, call.tool))
        if known is None or known.stage not in SERVED or known.standing is Standing.DRIFTED:
            return known or NoTool()
        try:
            link: Link = await self.link()
            listing = await link.lister.listing(0.0 if request.fresh else self.spec.max_age)
            catalog = await observed(self.means.store, self.spec, listing.tools)
        except (Fault, TimeoutError) as error:
            raise StepFailed(Reason.UPSTREAM_UNREACHABLE, str(error)) from None
        self._link = link  # what was listed here is called here: another connection may be another server
        tool = catalog.tools.get((call.server, call.tool)) or NoTool()
        if isinstance(tool, Tool) and call.tool not in listing.tools:
            return replace(tool, standing=Standing.GONE)
        return tool

    async def refine(self, request: Refine) -> ToolClass:
        """Classify the call by its arguments."""
        return self.means.classifier.refine(request.tool, request.call.arguments.value)

    async def gather_facts(self, request: GatherFacts) -> Facts:
        """Look up the facts."""
        call, effect, store = request.call, request.effect, self.means.store
        catalog = store.inventory()
        reads = effect.impact is Impact.READ_ONLY
        return Facts(
            effect=effect,
            resource_tenant=request.tool.tenant,
            tenant_binding=TenantBinding.BOUND,
            within_budget=True,  # no budget can be set yet, so nothing is over one
            stopped=not stops_on(call.server, call.caller).isdisjoint(catalog.stopped),
            stop_epoch=catalog.stop_epoch,
            repeats_unknown=not reads and store.repeats_unknown(call),
        )

    async def decide(self, request: Decide) -> Decision:
        """Ask the judge in force."""
        return self.means.judge()(request.call, request.tool, request.facts)

    async def ask_person(self, request: AskPerson) -> Approved | Waiting:
        """Find or ask for the approval, and wait a moment for a fast approver."""
        approval = await self._approval(request)
        until = time.monotonic() + self.means.wait
        while approval.state is State.PENDING and time.monotonic() < until:
            await asyncio.sleep(_POLL_SECONDS)
            if self.means.store.approval_state(approval.approval_id) is not State.PENDING:
                approval = self.means.store.approval(approval.approval_id) or approval
            approval = lapse(approval, time.time())
        answer = approval.answer
        if approval.state is State.APPROVED and answer is not None:
            return Approved(
                approval_id=approval.approval_id,
                assurance=answer.assurance,
                approvers=(answer.approver,),
                downgraded=answer.downgraded,
            )
        return Waiting(
            approval_id=approval.approval_id,
            reason=UNSPENDABLE.get(approval.state, Reason.APPROVAL_UNKNOWN),
            decide_by=approval.decide_by,
            redeem_by=approval.redeemable_until,
        )

    async def _approval(self, request: AskPerson) -> Approval:
        call, now = request.call, time.time()
        if call.redeems is not None:
            found = self.means.store.approval(call.redeems)
            if found is None:
                raise StepFailed(Reason.APPROVAL_UNKNOWN)
            return lapse(found, now)
        if len(call.arguments.raw) > MAX_SHOWN:
            raise StepFailed(Reason.APPROVAL_TOO_LARGE)
        wanted = request_approval(
            call,
            request.judged,
            show(call, request.judged),
            (f"apr-{secrets.token_hex(8)}", secrets.token_hex(16)),
            (now, self.means.deadlines),
        )
        return await _kept(
            self.means.store.ask(wanted, call.arguments.raw, now - self.means.sticky_denial), Reason.LOG_UNAVAILABLE
        )

    async def record_decision(self, request: RecordDecision) -> Done:
        """Write the decision record."""
        stopped = request.stopped
        record = records.decision_record(request.call, stopped, status_of(stopped.reason))
        await _kept(self.means.store.record(record), Reason.LOG_UNAVAILABLE)
        return Done()

    async def dispatch(self, request: Dispatch) -> Ticket:
        """Spend the approval and write the intent."""
        key = records.fresh_key()
        self._approved = request.approved is not None
        self._intent = records.intent_record(request.call, request.judged, request.approved, key)
        answer = await _kept(
            self.means.store.dispatch(request.call, request.judged, request.approved, self._intent, key),
            Reason.LOG_UNAVAILABLE,
        )
        if isinstance(answer, Refusal):
            raise StepFailed(answer.reason, answer.sentence)
        return answer

    async def borrow_credential(self, request: BorrowCredential) -> Credential:
        """Borrow what the upstream wants."""
        try:
            return self.means.lender.lend(request.call.server)
        except Fault as error:
            raise StepFailed(Reason.CREDENTIAL_UNAVAILABLE, error.what) from None

    async def forward(self, request: Forward) -> Reply | NotSent:
        """Send the call, once."""
        call = request.call
        self._began = time.monotonic()
        link = self._link
        if link is None or not link.upstream.alive:
            return NotSent(Reason.UPSTREAM_UNREACHABLE)
        link.busy += 1
        try:
            response = await link.upstream.request(
                "tools/call",
                forwarded_params(self.params, call, approved=self._approved),
                within=self.spec.call_timeout,
                on_notice=self.on_notice,
            )
        except Unsent:
            return NotSent(Reason.UPSTREAM_UNREACHABLE)
        except TimedOut:
            raise StepFailed(Reason.UPSTREAM_TIMEOUT) from None
        except Lost as error:
            raise StepFailed(Reason.UPSTREAM_FAILED, str(error)) from None
        finally:
            link.busy -= 1
        return _reply(response)

    async def check_result(self, request: CheckResult) -> Reply:
        """Check the answer's form; what is no result at all is withheld."""
        response: jsonrpc.Response = request.reply.body
        if response.result is not None and bytes(response.result).count(_VERDICT) > 1:
            _refuse_two_verdicts(bytes(response.result))
        size = len(bytes(response.result)) if response.result is not None else 0
        self._effect = {"result_bytes": size} if response.result is not None else {"error": str(_code(response))[:64]}
        return request.reply

    async def record_outcome(self, request: RecordOutcome) -> Done:
        """Write the outcome."""
        intent, effect = self._intent, self._effect
        if intent is None:
            raise StepFailed(Reason.STEP_FAILED, "an outcome without an intent")
        began = self._began or time.monotonic()
        await _kept(
            self.means.store.settle(
                request.ticket, request.outcome, lambda: records.settled_record(intent, request, began, effect)
            ),
            Reason.OUTCOME_UNRECORDED,
        )
        return Done()


async def _kept(writing: Awaitable[Written], reason: Reason) -> Written:
    try:
        return await writing
    except Fault as error:
        raise StepFailed(reason, error.what) from None


def stops_on(server: str, caller: Caller) -> frozenset[tuple[str, str]]:
    """Return the stops that would hold for this caller at this server."""
    return frozenset({("all", ""), ("server", server), ("workload", caller.workload)})


async def observed(store: Store, spec: ServerSpec, listed: Mapping[str, Any]) -> Catalog:
    """Return the inventory after this listing; it is written down only where it says something new."""
    catalog = store.inventory()
    known = {name: catalog.tools[spec.name, name] for name in listed if (spec.name, name) in catalog.tools}
    entry = spec.entry
    moved = any((tool.tenant, tool.owner) != (entry.tenant, entry.owner) for tool in known.values())
    same = not moved and all(
        name in known and known[name].digest == tool.digest and known[name].standing is not Standing.GONE
        for name, tool in listed.items()
    )
    if not same:
        await store.observe(spec.entry, list(listed.values()))
        catalog = store.inventory()
    return catalog


def _reply(response: jsonrpc.Response) -> Reply:
    if response.result is None:
        return Reply(Outcome.TOOL_ERROR, response)
    try:
        failed = msgspec.json.decode(response.result, type=_Result).is_error
    except msgspec.ValidationError:
        raise StepFailed(Reason.RESULT_REFUSED) from None
    return Reply(Outcome.TOOL_ERROR if failed else Outcome.COMPLETED, response)


def _refuse_two_verdicts(result: bytes) -> None:
    """Refuse a result that says twice whether it failed: the log and the client could read it differently."""
    try:
        canon.parse(result)
    except canon.ParseError:
        raise StepFailed(Reason.RESULT_REFUSED) from None


class _Result(msgspec.Struct):
    is_error: bool = msgspec.field(name="isError", default=False)


def _code(response: jsonrpc.Response) -> Any:
    return (response.error or {}).get("code")


_HOW: Mapping[type, Callable[[Hands, Any], Any]] = {
    FindTool: Hands.find_tool,
    Refine: Hands.refine,
    GatherFacts: Hands.gather_facts,
    Decide: Hands.decide,
    AskPerson: Hands.ask_person,
    RecordDecision: Hands.record_decision,
    Dispatch: Hands.dispatch,
    BorrowCredential: Hands.borrow_credential,
    Forward: Hands.forward,
    CheckResult: Hands.check_result,
    RecordOutcome: Hands.record_outcome,
}
