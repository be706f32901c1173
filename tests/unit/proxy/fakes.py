"""Stand-ins for the rooms that the data path is handed, and for its upstreams. No socket, no process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from interlock.audit.record import Record
from interlock.core.approval import Answer, Approval, Deadlines, Refusal, State
from interlock.core.inventory import Catalog, Listed, ServerEntry, definition_digest
from interlock.core.requests import Approved, Credential, Judged, Outcome, Ticket
from interlock.core.words import (
    Blast,
    Caller,
    Decision,
    Facts,
    Impact,
    Reversibility,
    Sensitivity,
    Stage,
    Standing,
    Tier,
    Tool,
    ToolCall,
    ToolClass,
)
from interlock.proxy.hands import Means
from interlock.proxy.pool import Key, ServerSpec
from interlock.proxy.upstream import Introduction, Lost, Notice, Unsent
from interlock.wire import calls
from interlock.wire.jsonrpc import RawParams, Response, raw
from interlock.wire.versions import Era

READS = ToolClass(
    impact=Impact.READ_ONLY,
    destructive=False,
    reversibility=Reversibility.NONE_NEEDED,
    sensitivity=Sensitivity.INTERNAL,
    blast=Blast.SINGLE,
    open_ended=False,
)
CHANGES = replace(READS, impact=Impact.INTERNAL_MODIFICATION, reversibility=Reversibility.REVERSIBLE)
CALLER = Caller(
    subject="ada",
    workload="agent",
    tenant="acme",
    credential_id="cred-1",
    issuer="https://issuer.example",
    audience=("https://gateway.example",),
    expires_at=0,
)
ENTRY = ServerEntry(name="notes", tenant="acme", owner="o", risk_owner="o", transport="stdio", identity={}, findings=())
DEFINITION = {"name": "read", "inputSchema": {"type": "object"}}
DIGEST = "sha256:" + "2" * 64


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine; nothing here takes long, so what takes long has hung."""
    return asyncio.run(asyncio.wait_for(main, 10))


async def soon(holds: Callable[[], Any]) -> None:
    """Let other tasks run until something is true."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something is true that only time brings about."""
    while not holds():  # noqa: ASYNC110 (what is waited for has no event)
        await asyncio.sleep(0.001)


@dataclass
class FakeUpstream:
    """Answers by a table of method to function; ``calls`` is what it was asked."""

    answers: dict[str, Callable[[RawParams], Awaitable[Any]]] = field(default_factory=dict)
    introduction: Introduction = field(default_factory=lambda: Introduction("2025-11-25", Era.LEGACY, {}))
    alive: bool = True
    closed: int = 0

    def __post_init__(self) -> None:
        self.on_event: Notice = lambda _method, _params: None
        self.calls: list[tuple[str, RawParams]] = []

    async def request(
        self, method: str, params: RawParams, *, within: float, on_notice: Notice | None = None
    ) -> Response:
        del within
        self.calls.append((method, params))
        self.on_notice = on_notice
        answer = await self.answers[method](params)
        return answer if isinstance(answer, Response) else Response(1, raw(answer), None)

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.calls.append((method, {name: raw(value) for name, value in params.items()}))

    async def close(self) -> None:
        self.alive = False
        self.closed += 1


def always(answer: Any) -> Callable[[RawParams], Awaitable[Any]]:
    async def give(_params: RawParams) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return give


def listing(*definitions: Mapping[str, Any]) -> Callable[[RawParams], Awaitable[Any]]:
    return always({"tools": list(definitions or (DEFINITION,))})


def spec(connect: Callable[[Key], Awaitable[Any]] | None = None, **fields: Any) -> ServerSpec:
    async def none(_key: Key) -> Any:
        raise Unsent("there is none")

    given: dict[str, Any] = {"entry": ENTRY, "isolation": "caller", "max_age": 60.0, "call_timeout": 5.0}
    return ServerSpec(connect=connect or none, classify=lambda _definition: READS, **given | fields)


def tool(definition: Mapping[str, Any] = DEFINITION, **fields: Any) -> Tool:
    digest = definition_digest(definition)
    given: dict[str, Any] = {"stage": Stage.PRODUCTION, "standing": Standing.PINNED, "digest": digest, "pin": digest}
    return Tool(
        server="notes",
        name=definition["name"],
        tenant="acme",
        owner="o",
        tool_class=fields.pop("tool_class", READS),
        definition=definition,
        **given | fields,
    )


def listed(definition: Mapping[str, Any] = DEFINITION) -> Listed:
    return Listed(definition["name"], definition_digest(definition), definition, READS)


def decision(tier: Tier = Tier.RUN, reason: str = "policy.permitted") -> Decision:
    return Decision(tier=tier, reason=reason, policies=("p",), policy_digest=DIGEST)


def call(name: str = "read", arguments: bytes = b"{}", **fields: Any) -> ToolCall:
    given: dict[str, Any] = {"call_id": "call-1", "caller": CALLER, "claims": calls.Claims(), "era": "modern"}
    return ToolCall(server="notes", tool=name, arguments=calls.read_arguments(arguments), **given | fields)


def approving(asked: Approval) -> Approval:
    now = time.time()
    answer = Answer(
        approver="bob", reason="ok", at=now, assurance=1, verified=False, downgraded=True, channel="terminal"
    )
    return replace(asked, state=State.APPROVED, answer=answer)


@dataclass
class FakeStore:
    """Keeps everything in lists; what it should fail at is in ``fails``."""

    tools: Sequence[Tool] = ()
    stopped: frozenset[tuple[str, str]] = frozenset()
    answer: Callable[[Approval], Approval] = lambda asked: asked
    refusal: Refusal | None = None
    unknown: bool = False
    stage: Stage = Stage.PRODUCTION
    fails: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.records: list[Record] = []
        self.observed: list[list[str]] = []
        self.approvals: dict[str, tuple[Approval, bytes]] = {}
        self.dispatched: list[tuple[Approved | None, Record]] = []
        self.settled: list[tuple[Outcome, Record]] = []
        self.asked_since: list[float] = []

    def _may(self, what: str) -> None:
        if what in self.fails:
            raise self.fails[what]

    def inventory(self) -> Catalog:
        tools = {(each.server, each.name): each for each in self.tools}
        return Catalog(version=1, stop_epoch=3, stopped=self.stopped, tools=tools, stages={"notes": self.stage})

    def repeats_unknown(self, _call: ToolCall) -> bool:
        return self.unknown

    def approval(self, approval_id: str) -> Approval | None:
        found = self.approvals.get(approval_id)
        return self.answer(found[0]) if found else None

    def approval_state(self, approval_id: str) -> State | None:
        found = self.approval(approval_id)
        return found.state if found else None

    def approvals_of(self, caller: Caller, server: str) -> Sequence[Approval]:
        mine = (caller.subject, caller.workload, server)
        kept = [approval for approval, _ in self.approvals.values()]
        return [each for each in kept if (each.subject, each.workload, each.server) == mine]

    def stored_arguments(self, approval_id: str) -> bytes | None:
        found = self.approvals.get(approval_id)
        return found[1] if found else None

    async def observe(self, _entry: ServerEntry, listed: Sequence[Listed]) -> None:
        self._may("observe")
        self.observed.append([each.name for each in listed])

    async def ask(self, wanted: Approval, arguments: bytes, sticky_since: float) -> Approval:
        self._may("ask")
        self.asked_since.append(sticky_since)
        self.approvals[wanted.approval_id] = (wanted, arguments)
        return self.answer(wanted)

    async def dispatch(
        self, call: ToolCall, judged: Judged, approved: Approved | None, record: Record, key: bytes
    ) -> Ticket | Refusal:
        del judged, key
        self._may("dispatch")
        if self.refusal is not None:
            return self.refusal
        self.dispatched.append((approved, record))
        return Ticket(call.call_id, 1)

    async def settle(self, ticket: Ticket, outcome: Outcome, record: Callable[[], Record]) -> bool:
        del ticket
        self._may("settle")
        self.settled.append((outcome, record()))
        return True

    async def record(self, record: Record) -> int:
        self._may("record")
        self.records.append(record)
        return len(self.records)


@dataclass
class FakeClassifier:
    effect: ToolClass = READS

    def classify(self, _server: str, _definition: Mapping[str, Any]) -> ToolClass:
        return self.effect

    def refine(self, _tool: Tool, _arguments: Mapping[str, Any]) -> ToolClass:
        return self.effect


@dataclass
class FakeLender:
    fails: Exception | None = None

    def lend(self, _server: str) -> Credential:
        if self.fails is not None:
            raise self.fails
        return Credential("lend-1", "none")

    def values(self, _server: str) -> Mapping[str, str]:
        return {}


def means(store: FakeStore, decided: Decision | None = None, **fields: Any) -> Means:
    def judge(_call: ToolCall, _tool: Tool, _facts: Facts) -> Decision:
        return decided or decision()

    given: dict[str, Any] = {"wait": 0.0, "deadlines": Deadlines(900.0, 900.0), "sticky_denial": 600.0}
    return Means(
        store=store,
        classifier=fields.pop("classifier", FakeClassifier()),
        lender=fields.pop("lender", FakeLender()),
        judge=lambda: judge,
        **given | fields,
    )


class FakeWeb:
    """One ASGI request, and what is answered to it."""

    def __init__(
        self, body: bytes = b"", path: str = "/servers/notes/mcp", method: str = "POST", **headers: str
    ) -> None:
        given = {
            "host": "gateway.example",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [(name.encode(), value.encode()) for name, value in given.items() if value]
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": lines,
            "client": ("127.0.0.9", 5),
        }
        self.chunks = [body]
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.chunks:
            return {"type": "http.request", "body": self.chunks.pop(0), "more_body": bool(self.chunks)}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        lines = self.body.decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


LOST = Lost("the server ended")
FAILED = Response(1, None, {"code": -32000, "message": "no"})
