"""The door of one server: MCP over streamable HTTP, both eras. Everything a client can ask comes in here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from interlock import canon
from interlock.core.enforcement import enforce
from interlock.core.errors import CallerError, Fault
from interlock.core.reasons import REASONS, Reason
from interlock.core.requests import Delivered, Ending, Refused, Reply
from interlock.core.words import Caller, Impact, Standing, ToolCall
from interlock.proxy import records
from interlock.proxy.driver import drive
from interlock.proxy.exchange import Exchange, Notices
from interlock.proxy.hands import SERVED, Hands, Means, observed, stops_on
from interlock.proxy.pool import Link, Pool, ServerSpec, pool_key
from interlock.proxy.sessions import Session, Sessions, owner_of
from interlock.wire import calls, introductions, jsonrpc, meta, saying, tools
from interlock.wire.dialects import DIALECTS, Dialect
from interlock.wire.jsonrpc import Rejection
from interlock.wire.versions import LEGACY_VERSIONS, Era, negotiate

_SESSION_HEADER = "mcp-session-id"
_INITIALIZE = "initialize"
_GOVERNED = "tools/call"
_SHARED = frozenset({"tenant", "shared"})
_FOR_ALL = "notifications/tools/list_changed"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at the door: who, at which server, in which dialect and session."""

    caller: Caller
    spec: ServerSpec
    request: jsonrpc.Request
    dialect: Dialect
    session: Session | None
    notices: Notices = field(default_factory=Notices)

    @property
    def claimed_host(self) -> str | None:
        """The host application the client says it is."""
        return self.session.claimed_host if self.session else self.dialect.claimed_host(self.request)


@dataclass(slots=True)
class Door:
    """Serves every server's path. ``max_body`` is in bytes."""

    means: Means
    pool: Pool
    sessions: Sessions
    max_body: int

    async def serve(self, exchange: Exchange, caller: Caller, spec: ServerSpec) -> None:
        """Answer one HTTP request."""
        if exchange.method == "POST":
            await self._post(exchange, caller, spec)
            return
        session = self.sessions.find(exchange.header(_SESSION_HEADER), owner_of(caller, spec.name))
        if session is not None and exchange.method == "GET" and self._closed(caller, spec):
            await exchange.answer(403)
            return
        if exchange.method not in {"GET", "DELETE"} or exchange.header(_SESSION_HEADER) is None:
            await exchange.answer(405, headers=[("Allow", "POST")])
        elif session is None:
            await exchange.answer(404)
        elif exchange.method == "DELETE":
            self.sessions.close(session)
            await exchange.answer(204)
        elif not exchange.accepts("text/event-stream"):
            await exchange.answer(406)
        else:
            await self._listen(exchange, caller, spec, session)

    async def _post(self, exchange: Exchange, caller: Caller, spec: ServerSpec) -> None:
        kind = (exchange.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json" or not exchange.accepts("application/json"):
            await exchange.answer(415 if kind != "application/json" else 406)
            return
        try:
            message = jsonrpc.parse(await exchange.body(self.max_body))
        except CallerError as error:
            await _reject(exchange, Rejection(jsonrpc.INVALID_REQUEST, error.what, status=413))
            return
        if isinstance(message, Rejection):
            await _reject(exchange, message)
            return
        era = _era(exchange, message)
        session = self.sessions.find(exchange.header(_SESSION_HEADER), owner_of(caller, spec.name))
        if not isinstance(message, jsonrpc.Request):
            await self._hear(exchange, message, session)
            return
        closed = self._closed(caller, spec) if message.method != _GOVERNED else None
        if closed is not None:
            with suppress(Fault):  # it is turned away whether or not that can be written down
                await self.means.store.record(records.access_record(caller, spec.name, closed.value))
            text = f"{closed.value}: {REASONS[closed]}"
            await _reject(exchange, Rejection(jsonrpc.REFUSED, text, status=200, id=message.id))
            return
        if era is Era.LEGACY and message.method == _INITIALIZE:
            await self._initialize(exchange, message, caller, spec)
            return
        visit = Visit(caller, spec, message, DIALECTS[era], session if era is Era.LEGACY else None)
        refusal = visit.dialect.check(message, exchange.headers) or _session_refusal(exchange, visit)
        if refusal is None:
            await self._answer(exchange, visit)
            return
        if refusal.code == jsonrpc.HEADER_MISMATCH:
            with suppress(Fault):  # it is turned away whether or not that can be written down
                await self.means.store.record(records.access_record(caller, spec.name, "header_mismatch"))
        await _reject(exchange, refusal)

    def _closed(self, caller: Caller, spec: ServerSpec) -> Reason | None:
        """Return why nothing of a server is served to this caller now; a call of a tool has its own judge."""
        catalog = self.means.store.inventory()
        if not stops_on(spec.name, caller).isdisjoint(catalog.stopped):
            return Reason.STOP_ACTIVE
        return None if catalog.stages.get(spec.name) in SERVED else Reason.SERVER_STAGE

    async def _hear(
        self, exchange: Exchange, message: jsonrpc.Notification | jsonrpc.Response, session: Session | None
    ) -> None:
        """Take a notification or a stray response; only a session's own request can be cancelled."""
        if isinstance(message, jsonrpc.Notification) and message.method == "notifications/cancelled" and session:
            session.cancel(message.params.get("requestId"))
        await exchange.answer(202)

    async def _initialize(self, exchange: Exchange, request: jsonrpc.Request, caller: Caller, spec: ServerSpec) -> None:
        version = negotiate(request.params.get("protocolVersion"))
        claimed = meta.host_of(request.params.get("clientInfo"))
        session = self.sessions.open(owner_of(caller, spec.name), version, claimed)
        try:
            link = await self.pool.link(spec, pool_key(spec, caller, session.session_id))
        except Fault as error:
            self.sessions.close(session)
            await exchange.answer(200, jsonrpc.error(request.id, jsonrpc.UPSTREAM_FAILED, _unreachable(spec, error)))
            return
        result = introductions.initialize_result(link.upstream.introduction, version)
        await exchange.answer(200, jsonrpc.result(request.id, result), [("Mcp-Session-Id", session.session_id)])

    async def _answer(self, exchange: Exchange, visit: Visit) -> None:
        work = asyncio.create_task(self._work(visit))
        running = visit.session.running if visit.session else None
        if running is not None:
            running[visit.request.id] = work
            work.add_done_callback(lambda _: running.pop(visit.request.id, None))
        await exchange.answer_with(work, visit.notices, [], keep=visit.dialect.era is Era.LEGACY)

    async def _work(self, visit: Visit) -> bytes:
        """Return the response to a request; what goes wrong is an answer, too."""
        request = visit.request
        handle = _HANDLERS.get(request.method, Door._relay)
        try:
            answer = await handle(self, visit)
        except (Fault, TimeoutError) as error:
            return jsonrpc.error(request.id, jsonrpc.UPSTREAM_FAILED, _unreachable(visit.spec, error))
        if isinstance(answer, Rejection):
            return jsonrpc.rejected(answer)
        if answer.result is None:
            return msgspec.json.encode({"jsonrpc": "2.0", "id": request.id, "error": answer.error})
        return jsonrpc.result(request.id, visit.dialect.shape(request.method, answer.result))

    async def _ping(self, visit: Visit) -> jsonrpc.Response | Rejection:
        return jsonrpc.Response(visit.request.id, jsonrpc.raw({}), None)

    async def _discover(self, visit: Visit) -> jsonrpc.Response | Rejection:
        link = await self._link(visit)
        result = introductions.discover_result(link.upstream.introduction)
        return jsonrpc.Response(visit.request.id, msgspec.Raw(msgspec.json.encode(result)), None)

    async def _list_tools(self, visit: Visit) -> jsonrpc.Response | Rejection:
        """List the tools the inventory accepted, each under the definition that was accepted."""
        if visit.request.params.get("cursor") is not None:
            return Rejection(jsonrpc.INVALID_PARAMS, "There is one page only", status=200, id=visit.request.id)
        link = await self._link(visit)
        listing = await link.lister.listing(0.0)
        catalog = await observed(self.means.store, visit.spec, listing.tools)
        shown: list[Mapping[str, Any]] = []
        for name, listed in listing.tools.items():
            tool = catalog.tools.get((visit.spec.name, name))
            if tool is None or tool.standing is not Standing.PINNED:
                continue
            reads = tool.tool_class.impact is Impact.READ_ONLY
            shown.append(listed.definition if reads else tools.with_reason(listed.definition))
        if self.means.store.approvals_of(visit.caller, visit.spec.name):
            shown.append(tools.REDEEM_TOOL)
        members = {**listing.members, "tools": jsonrpc.raw(shown)}
        if "cacheScope" in members:
            members["cacheScope"] = jsonrpc.raw("private")
        return jsonrpc.Response(visit.request.id, msgspec.Raw(msgspec.json.encode(members)), None)

    async def _call_tool(self, visit: Visit) -> jsonrpc.Response | Rejection:
        asked = calls.read_call(visit.request, visit.claimed_host)
        if isinstance(asked, Rejection):
            return asked
        call = ToolCall(
            call_id=f"call-{secrets.token_hex(12)}",
            caller=visit.caller,
            claims=asked.claims,
            server=visit.spec.name,
            tool=asked.tool,
            arguments=asked.arguments,
            era=visit.dialect.era.value,
        )
        if asked.tool == calls.REDEEM:
            redeemed = self._redeemed(call)
            if redeemed is None:
                said = saying.say_misuse(call.call_id, "this caller has no such approval here.")
                return jsonrpc.Response(visit.request.id, jsonrpc.raw(said), None)
            call = redeemed
        hands = Hands(
            means=self.means,
            spec=visit.spec,
            link=partial(self._link, visit),
            params=visit.request.raw,
            on_notice=_relay_progress(visit),
        )
        ending = await drive(enforce(call), hands.perform)
        return _said(visit.request.id, call, ending)

    def _redeemed(self, call: ToolCall) -> ToolCall | None:
        """Return the stored call that a redemption asks for, if it is this caller's."""
        approval_id = call.arguments.value.get("approval_id")
        store = self.means.store
        approval = store.approval(approval_id) if isinstance(approval_id, str) else None
        owner = (call.server, call.caller.tenant, call.caller.subject, call.caller.workload)
        if approval is None or owner != (approval.server, approval.tenant, approval.subject, approval.workload):
            return None
        stored = store.stored_arguments(approval.approval_id)
        if stored is None:
            return None
        try:
            arguments = calls.read_arguments(stored)
        except canon.ParseError:
            return None
        return replace(call, tool=approval.tool, arguments=arguments, redeems=approval.approval_id)

    async def _relay(self, visit: Visit) -> jsonrpc.Response | Rejection:
        """Pass a method that Interlock does not govern to its upstream."""
        link = await self._link(visit)
        link.busy += 1
        try:
            return await link.upstream.request(
                visit.request.method,
                visit.request.raw,
                within=visit.spec.call_timeout,
                on_notice=_relay_progress(visit),
            )
        finally:
            link.busy -= 1

    async def _link(self, visit: Visit) -> Link:
        session = visit.session.session_id if visit.session else visit.caller.credential_id
        return await self.pool.link(visit.spec, pool_key(visit.spec, visit.caller, session))

    async def _listen(self, exchange: Exchange, caller: Caller, spec: ServerSpec, session: Session) -> None:
        """Relay what the upstream tells a legacy client between its requests."""
        notices = Notices()
        try:
            link = await self.pool.link(spec, pool_key(spec, caller, session.session_id))
        except Fault:
            await exchange.answer(503)
            return

        def hear(method: str, params: jsonrpc.RawParams) -> None:
            if method == _FOR_ALL or spec.isolation not in _SHARED:
                notices.tell(jsonrpc.notification(method, params))

        link.listeners.add(hear)
        try:
            await exchange.follow(notices)
        finally:
            link.listeners.discard(hear)


def _era(exchange: Exchange, message: jsonrpc.Message) -> Era:
    """Return the era a message is of: by its envelope, else by its version header, else legacy."""
    if isinstance(message, jsonrpc.Request) and meta.VERSION in message.meta:
        return Era.MODERN
    version = exchange.header("mcp-protocol-version")
    return Era.LEGACY if version is None or version in LEGACY_VERSIONS else Era.MODERN


def _session_refusal(exchange: Exchange, visit: Visit) -> Rejection | None:
    if visit.dialect.era is Era.MODERN or visit.session is not None:
        return None
    if exchange.header(_SESSION_HEADER) is None:
        return Rejection(jsonrpc.INVALID_REQUEST, "Missing session: initialize first", id=visit.request.id)
    return Rejection(jsonrpc.INVALID_REQUEST, "No such session", status=404, id=visit.request.id)


def _relay_progress(visit: Visit) -> Any:
    """Return who hears of progress: the client under its own token, or nobody if it asked for none."""
    token = visit.request.meta.get("progressToken")
    if not isinstance(token, str | int):
        return None

    def tell(method: str, params: jsonrpc.RawParams) -> None:
        visit.notices.tell(jsonrpc.notification(method, params | {"progressToken": jsonrpc.raw(token)}))

    return tell


def _said(request_id: jsonrpc.Id, call: ToolCall, ending: Ending) -> jsonrpc.Response:
    if isinstance(ending, Delivered):
        return _delivered(ending.reply)
    if isinstance(ending, Refused):
        said = saying.say_stopped(call, ending.stopped)
    else:
        said = saying.say_unsettled(call, ending.reason)
    return jsonrpc.Response(request_id, jsonrpc.raw(said), None)


def _delivered(reply: Reply) -> jsonrpc.Response:
    response: jsonrpc.Response = reply.body
    return response


def _unreachable(spec: ServerSpec, error: Exception) -> str:
    why = error.what if isinstance(error, Fault) else "it took too long"
    return f"The server {spec.name} cannot be reached: {why}"


async def _reject(exchange: Exchange, rejection: Rejection) -> None:
    await exchange.answer(rejection.status, jsonrpc.rejected(rejection))


_HANDLERS = {
    "ping": Door._ping,  # noqa: SLF001 (its own table)
    "server/discover": Door._discover,  # noqa: SLF001 (its own table)
    "tools/list": Door._list_tools,  # noqa: SLF001 (its own table)
    "tools/call": Door._call_tool,  # noqa: SLF001 (its own table)
}
