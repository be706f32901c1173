"""What the data path needs of the rooms that are handed to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from interlock.audit.record import Record
from interlock.core.approval import Approval, Refusal, State
from interlock.core.inventory import Catalog, Listed, ServerEntry
from interlock.core.requests import Approved, Credential, Judged, Outcome, Ticket
from interlock.core.words import Caller, Decision, Facts, Tool, ToolCall, ToolClass


class Store(Protocol):
    """What the data path keeps. A write that returns is durable; one that is not in time raises InterlockError."""

    def inventory(self) -> Catalog:
        """Return the inventory as it is now."""

    def repeats_unknown(self, call: ToolCall) -> bool:
        """Whether the last call like this one has no known outcome."""

    def approval(self, approval_id: str) -> Approval | None:
        """Return an approval."""

    def approval_state(self, approval_id: str) -> State | None:
        """Return the state an approval is stored in."""

    def approvals_of(self, caller: Caller, server: str) -> Sequence[Approval]:
        """Return the caller's approvals at a server that are pending or approved."""

    def stored_arguments(self, approval_id: str) -> bytes | None:
        """Return the arguments an approval was asked for."""

    async def observe(self, entry: ServerEntry, listed: Sequence[Listed]) -> None:
        """Write down what a server lists now."""

    async def ask(self, wanted: Approval, arguments: bytes, sticky_since: float) -> Approval:
        """Return the approval that answers a request, asking a person if there is none."""

    async def dispatch(
        self, call: ToolCall, judged: Judged, approved: Approved | None, record: Record, key: bytes
    ) -> Ticket | Refusal:
        """Spend the approval and record the intent, or say why not."""

    async def settle(self, ticket: Ticket, outcome: Outcome, record: Callable[[], Record]) -> bool:
        """Write an intent's outcome."""

    async def record(self, record: Record) -> int:
        """Write a record."""


class Classifier(Protocol):
    """Classifies tools as they are listed, and calls as they are made."""

    def classify(self, server: str, definition: Mapping[str, Any]) -> ToolClass:
        """Return a tool's class: the worst its arguments allow."""

    def refine(self, tool: Tool, arguments: Mapping[str, Any]) -> ToolClass:
        """Return the class of a call with these arguments."""


class Lender(Protocol):
    """Lends what an upstream wants. Secrets come out at the last moment, for one connection or request."""

    def lend(self, server: str) -> Credential:
        """Return a handle to the server's credential.

        Raises:
            Fault: it cannot be had.

        """

    def values(self, server: str) -> Mapping[str, str]:
        """Return the environment or the headers to give this server, secrets in the open.

        Raises:
            Fault: one of them cannot be had.

        """


Judge = Callable[[ToolCall, Tool, Facts], Decision]


@dataclass(frozen=True, slots=True)
class WebRequest:
    """An HTTP request for something that is not MCP. ``path`` is decoded, header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebResponse:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The credential does not do: answer with this status and ``WWW-Authenticate``."""

    status: int
    header: str
    description: str


class Authority(Protocol):
    """Knows who calls."""

    def authenticate(self, authorization: str | None, server: str) -> Caller | Challenge:
        """Return the caller behind an ``Authorization`` header, or what to answer instead."""

    async def respond(self, request: WebRequest) -> WebResponse | None:
        """Answer a request for metadata or to a development issuer; ``None`` if it is for neither."""


Sleep = Callable[[float], Awaitable[None]]
