"""From an intent to its outcome: the record repeats the intent, so that each row can be read by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from interlock.audit.record import Kind, Outcome, Record, absent, agreement

_NAMES = frozenset(each.name for each in fields(Record))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an intent ended. ``time`` is RFC 3339; ``reason`` a reason code; the groups are JSON."""

    outcome: Outcome
    time: str
    reason: str | None = None
    lend: Mapping[str, Any] | None = None
    effect: Mapping[str, Any] | None = None
    timings: Mapping[str, Any] | None = None


def outcome_record(intent: Record, ending: Ending) -> Record:
    """Return the outcome record of an intent."""
    decision = intent.decision or {}
    approval = intent.approval or {}
    agreed = agreement(
        control=str(decision.get("control")), approved="approvers" in approval, outcome=ending.outcome.value
    )
    return replace(
        intent,
        kind=Kind.OUTCOME,
        time=ending.time,
        outcome=ending.outcome.value,
        agreement=agreed.value,
        lend=ending.lend or absent("nothing was lent"),
        effect=ending.effect or absent("no result was seen"),
        timings=ending.timings or absent("not measured"),
        detail={"reason": ending.reason} if ending.reason else None,
    )


def record_of(row: Mapping[str, Any]) -> Record:
    """Return the record a leaf was made of."""
    return Record(**{name: value for name, value in row.items() if name in _NAMES} | {"kind": Kind(row["kind"])})
