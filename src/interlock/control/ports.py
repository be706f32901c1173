"""What people's use-cases need of the rooms that are handed to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from interlock.audit.export import Row
from interlock.audit.merkle import Frontier
from interlock.core.approval import Answer, Approval, Refusal
from interlock.core.inventory import Change, Listed, Review, ServerEntry
from interlock.core.words import ToolClass

Classify = Callable[[str, Mapping[str, Any]], ToolClass]
"""Gives a tool its class, from its server's name and its definition: the worst its arguments allow."""


class Upstreams(Protocol):
    """The servers, as they answer now."""

    async def list_tools(self, server: str) -> Sequence[Mapping[str, Any]]:
        """Return the definitions that a server lists.

        Raises:
            Fault: it cannot be asked, or gives no answer that can be used.

        """


class InventoryStore(Protocol):
    """Servers, tools and reviews. A write that returns is durable and recorded in the log."""

    def servers(self) -> Sequence[Mapping[str, Any]]:
        """Return every server's row."""

    def tools(self, server: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Return every tool's row, or those of one server."""

    def reviews(self) -> Sequence[Review]:
        """Return every review."""

    def observe(
        self, entry: ServerEntry, listed: Sequence[Listed], now: float, accepted: Mapping[str, Any] | None
    ) -> Sequence[Change]:
        """Write down what a server lists; where ``accepted`` says by whom, pin all of it."""

    def review(self, review: Review, inferred: ToolClass, by: Mapping[str, Any], now: float) -> None:
        """Keep a review of the definition last seen and accept the definition with it."""

    def import_reviews(
        self, taken: Sequence[tuple[Review, ToolClass | None]], by: Mapping[str, Any], now: float
    ) -> Sequence[Review]:
        """Keep reviews made elsewhere; return those that accepted a tool here."""


class StopStore(Protocol):
    """The stop switch."""

    def stop(self, scope: str, name: str, by: Mapping[str, Any], now: float) -> None:
        """Throw it."""

    def resume(self, scope: str, name: str, by: Mapping[str, Any], now: float) -> bool:
        """Take it back; whether it was thrown."""


class ApprovalStore(Protocol):
    """Approvals, as they stand at a moment given in Unix seconds."""

    def approvals(self, now: float) -> Sequence[Approval]:
        """Return all, oldest first."""

    def approval(self, approval_id: str, now: float) -> Approval | None:
        """Return one."""

    def answer(self, approval_id: str, said: Answer, *, approve: bool) -> Approval | Refusal:
        """Apply a person's answer and record it."""


class LogView(Protocol):
    """The log at one moment."""

    @property
    def head(self) -> Frontier | None:
        """The frontier as stored; ``None`` where it cannot be read."""

    def notes(self) -> Iterator[bytes]:
        """Yield the signed checkpoints kept beside the log."""

    def rows(self) -> Iterator[tuple[Row, tuple[str, ...]]]:
        """Yield each leaf, and the names of the copied columns that differ from it."""


class LogStore(Protocol):
    """The log and what may be erased beside it."""

    def find(self, wanted: Mapping[str, str], limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the newest records that match, oldest first."""

    def record(self, seq: int) -> Mapping[str, Any] | None:
        """Return one record."""

    def payload(self, ref: str) -> tuple[bytes | None, bytes | None] | None:
        """Return the commitment key and the value kept for a call or an approval; ``None`` if erased."""

    def snapshot(self) -> AbstractContextManager[LogView]:
        """Look at the log as it is now."""
