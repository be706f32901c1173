"""The agent of the story: the real MCP client of the Python SDK, in either era of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, TextContent

from interlock.wire.meta import DECISION

SECONDS = 30.0
UNAUTHORIZED = 401


class Era(Enum):
    """How the client speaks: with ``initialize`` and sessions, or stateless."""

    LEGACY = "legacy"
    MODERN = "auto"

    @property
    def mode(self) -> Literal["legacy", "auto"]:
        """The SDK's name of it."""
        return "legacy" if self is Era.LEGACY else "auto"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model gets to see, what the program around it gets beside, and the revision that was spoken."""

    text: str
    error: bool
    decision: Mapping[str, Any]
    revision: str

    @property
    def status(self) -> str:
        """``ran``, ``failed`` (the tool's own error), or the gateway's word: pending, denied, blocked, expired."""
        if not self.error:
            return "ran"
        return str(self.decision.get("status", "failed"))

    @property
    def approval(self) -> str:
        """The approval that was asked for; empty if none was."""
        return str(self.decision.get("approval", {}).get("id", ""))


@dataclass(frozen=True, slots=True)
class Agent:
    """A client with a person's token. ``claims`` is the name that it gives itself."""

    gateway: str
    token: str
    era: Era = Era.MODERN
    claims: str = "notes-agent"

    def speaking(self, era: Era) -> Agent:
        """Return the same agent in an era."""
        return replace(self, era=era)

    def call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool over a connection of its own."""
        return asyncio.run(self._call(server, tool, arguments))

    async def _call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http:
            transport = streamable_http_client(f"{self.gateway}/servers/{server}/mcp", http_client=http)
            name = Implementation(name=self.claims, version="1.0")
            async with Client(transport, mode=self.era.mode, client_info=name) as client:
                return answer_of(await client.call_tool(tool, dict(arguments)), client.protocol_version)


def answer_of(result: CallToolResult, revision: str) -> Answer:
    """Return what a result says."""
    text = "\n".join(each.text for each in result.content if isinstance(each, TextContent))
    decision = (result.meta or {}).get(DECISION, {})
    return Answer(text, bool(result.is_error), decision, revision)


def knock(address: str) -> tuple[int, str]:
    """Send a request without a token; return the status and the challenge that answer it."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    answer = httpx2.post(address, json=message, headers=accept, timeout=SECONDS)
    return answer.status_code, answer.headers.get("www-authenticate", "")
