"""A door with one server behind it, and how requests are put to it."""

from __future__ import annotations

import json
from typing import Any

from interlock.core.words import Caller
from interlock.proxy.door import Door
from interlock.proxy.exchange import Exchange
from interlock.proxy.pool import Key, Pool
from interlock.proxy.sessions import Sessions
from interlock.wire import meta
from unit.proxy.fakes import CALLER, FakeStore, FakeUpstream, FakeWeb, always, listing, means, spec, tool

RESULT = {"content": [{"type": "text", "text": "done"}]}
ENVELOPE = {meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}}


class House:
    """A door with one server behind it."""

    def __init__(self, store: FakeStore | None = None, upstream: FakeUpstream | None = None, **fields: Any) -> None:
        self.store = store or FakeStore([tool()])
        self.upstream = upstream or FakeUpstream({"tools/list": listing(), "tools/call": always(RESULT)})
        self.keys: list[Key] = []
        self.down: Exception | None = None
        self.spec = spec(self.connect, isolation=fields.pop("isolation", "caller"))
        self.pool = Pool(10)
        self.door = Door(means(self.store, **fields), self.pool, Sessions(10), 1 << 16)

    async def connect(self, key: Key) -> FakeUpstream:
        if self.down is not None:
            raise self.down
        self.keys.append(key)
        return self.upstream

    async def ask(self, web: FakeWeb, caller: Caller = CALLER) -> FakeWeb:
        await self.door.serve(Exchange(web.scope, web.receive, web.send), caller, self.spec)
        return web

    async def modern(self, method: str, _name: str = "", _envelope: Any = None, **params: Any) -> FakeWeb:
        """Send a request of the modern era whose headers are right."""
        body = {"_meta": ENVELOPE | (_envelope or {})} | params
        name = _name or params.get("name", "")
        return await self.ask(post(method, body, mcp_protocol_version="2026-07-28", mcp_method=method, mcp_name=name))

    async def session(self, caller: Caller = CALLER) -> str:
        params = {"protocolVersion": "2025-06-18", "clientInfo": {"name": "cursor", "version": "1"}}
        return (await self.ask(post("initialize", params), caller)).headers["mcp-session-id"]

    async def legacy(self, session: str, method: str, caller: Caller = CALLER, **params: Any) -> FakeWeb:
        return await self.ask(post(method, params, mcp_session_id=session), caller)

    def called(self) -> list[Any]:
        calls = [params for method, params in self.upstream.calls if method == "tools/call"]
        return [{name: json.loads(bytes(value)) for name, value in params.items()} for params in calls]


def post(method: str, params: Any, identifier: Any = 1, **headers: str) -> FakeWeb:
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    if identifier is not None:
        body["id"] = identifier
    return FakeWeb(json.dumps(body).encode(), **headers)


def decided(web: FakeWeb) -> Any:
    return web.json["result"]["_meta"][meta.DECISION]
