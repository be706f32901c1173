"""The record: what one leaf of the log says, and the closed vocabularies it says it in.

``docs/spec/audit-format.md`` is the law of the bytes; :func:`check` is its only implementation, asked both before a
record is written and when a log is verified.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from interlock import canon

VERSION = 1
MAX_BYTES = 65_535
HEADROOM = 8_192
"""An intent stays this much below :data:`MAX_BYTES`: its outcome repeats it and must never be too large."""
KEPT = 32
"""How many elements stay of a list that had to be shortened."""
KEY_BYTES = 32

Said = str | Mapping[str, Any] | None
"""A text, or ``absent(why)``; ``None`` where the field does not apply to the kind."""


class MalformedRecordError(ValueError):
    """A record breaks the format; the message says where."""


class RecordTooLargeError(MalformedRecordError):
    """A record does not fit a leaf, also after its long lists were shortened."""


class Kind(StrEnum):
    """What a record is of. ``DECISION``, ``INTENT`` and ``OUTCOME`` are of calls, the rest of everything around."""

    GENESIS = "genesis"
    KEY = "key"
    DECISION = "decision"
    INTENT = "intent"
    OUTCOME = "outcome"
    SETTLEMENT = "settlement"
    LEND = "lend"
    APPROVAL = "approval"
    GRANT = "grant"
    INVENTORY = "inventory"
    REVIEW = "review"
    POLICY = "policy"
    SETTINGS = "settings"
    STOP = "stop"
    ACCESS = "access"
    REDACTION = "redaction"


class Outcome(StrEnum):
    """How a call ended: the first five after an intent, the others without one."""

    COMPLETED = "completed"
    TOOL_ERROR = "tool_error"
    TRANSPORT_ERROR = "transport_error"
    NOT_FORWARDED = "not_forwarded"
    OUTCOME_UNKNOWN = "outcome_unknown"
    BLOCKED = "blocked"
    DENIED = "denied"
    PENDING = "pending"
    EXPIRED = "expired"
    CLIENT_DECLINED = "client_declined"
    REFUSED = "refused"
    ANSWERED = "answered"


class Agreement(StrEnum):
    """Whether what happened is what the decision meant."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNDETERMINED = "undetermined"


CALL_KINDS = frozenset({Kind.DECISION, Kind.INTENT, Kind.OUTCOME})
SETTLED = frozenset(
    {Outcome.COMPLETED, Outcome.TOOL_ERROR, Outcome.TRANSPORT_ERROR, Outcome.NOT_FORWARDED, Outcome.OUTCOME_UNKNOWN}
)
UNKNOWN_EFFECT = frozenset({Outcome.TRANSPORT_ERROR, Outcome.OUTCOME_UNKNOWN, Outcome.ANSWERED})
OUTCOMES: Mapping[str, frozenset[Outcome]] = {
    Kind.OUTCOME: SETTLED,
    Kind.DECISION: frozenset(Outcome) - SETTLED,
}

HEAD = ("call_id", "tenant", "server", "tool", "subject", "workload", "outcome")
FACTS = ("identity", "host", "machine", "resource", "definition", "prompt")
GROUPS = ("tool_class", "arguments", "decision", "approval", "lend", "effect", "timings", "detail")
WORDS = ("agreement", "era", "activity")
SHORTENED = (("tool_class", "evidence"), ("decision", "policies"))
"""The lists that may lose their tail, at ``group.list``; ``<list>_omitted`` then says how much."""

_TIME = re.compile(r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")
_REQUIRED = frozenset({"v", "seq", "kind", "time", *HEAD})
_WHOLE = _REQUIRED | ({*FACTS, *GROUPS, *WORDS} - {"detail"})
_KNOWN = _WHOLE | {"detail"}
_KINDS = frozenset(Kind)
_AGREEMENTS = frozenset(Agreement)
_DETAILS = {Kind.GENESIS: ("origin", "key"), Kind.KEY: ("note",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry before it has a place in the log; each field is JSON, and named as in the leaf.

    A record of a call says something in every field but ``detail``, if only ``absent(why)``. Another record says
    what it can; ``detail`` holds what is particular to its kind. ``time`` is RFC 3339 in UTC with microseconds.
    """

    kind: Kind
    time: str
    call_id: Said = None
    tenant: Said = None
    server: Said = None
    tool: Said = None
    subject: Said = None
    workload: Said = None
    outcome: Said = None
    identity: Mapping[str, Any] | None = None
    host: Mapping[str, Any] | None = None
    machine: Mapping[str, Any] | None = None
    resource: Mapping[str, Any] | None = None
    definition: Mapping[str, Any] | None = None
    prompt: Mapping[str, Any] | None = None
    tool_class: Mapping[str, Any] | None = None
    arguments: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
    approval: Mapping[str, Any] | None = None
    lend: Mapping[str, Any] | None = None
    effect: Mapping[str, Any] | None = None
    timings: Mapping[str, Any] | None = None
    agreement: Said = None
    era: Said = None
    activity: Said = None
    detail: Mapping[str, Any] | None = None


_NONE = {"absent": "not said"}
_NAMES = tuple(each.name for each in fields(Record))


def absent(why: str) -> dict[str, str]:
    """Say why a field cannot be filled."""
    return {"absent": why}


def fact(*, verified: Any = None, claimed: Any = None, otherwise: str = "client sent none") -> dict[str, Any]:
    """Return a fact: what is verified and what is only claimed, side by side; absent where there is neither."""
    known = {"verified": verified, "claimed": claimed}
    return {name: value for name, value in known.items() if value is not None} or absent(otherwise)


def leaf(record: Record, seq: int) -> bytes:
    """Return the bytes of a record at its place in the log: canonical JSON, at most :data:`MAX_BYTES`.

    Raises :class:`MalformedRecordError`, :class:`RecordTooLargeError`, or ``canon.EncodeError`` for what is no JSON.
    """
    said = {name: getattr(record, name) for name in _NAMES}
    row = {name: _plain(value) for name, value in said.items() if value is not None}
    if record.kind not in CALL_KINDS:
        row = {name: absent("not about a call") for name in HEAD} | row
    row |= {"v": VERSION, "seq": seq}
    check(row)
    limit = MAX_BYTES - HEADROOM if record.kind == Kind.INTENT else MAX_BYTES
    data = canon.encode(row)
    if len(data) > limit:
        data = canon.encode(_shortened(row))
    if len(data) > limit:
        raise RecordTooLargeError(f"this {record.kind} record has {len(data)} bytes; {limit} fit")
    return data


def check(row: Any) -> None:
    """Check a leaf's JSON value against the format. Raises :class:`MalformedRecordError`."""
    kind = row.get("kind") if isinstance(row, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise MalformedRecordError("the kind is unknown")
    if missing := (_WHOLE if kind in CALL_KINDS else _REQUIRED) - row.keys():
        raise MalformedRecordError(f"{_list(missing)} is not said; absent(why) says why not")
    if unknown := row.keys() - _KNOWN:
        raise MalformedRecordError(f"{_list(unknown)} is no field of version {VERSION}")
    if type(row["v"]) is not int or row["v"] != VERSION:
        raise MalformedRecordError(f"the version is not {VERSION}")
    if type(row["seq"]) is not int or row["seq"] < 0:
        raise MalformedRecordError("seq is not a whole number from 0")
    if not isinstance(row["time"], str) or not _TIME.fullmatch(row["time"]):
        raise MalformedRecordError("the time is not RFC 3339 in UTC with microseconds")
    _check_fields(row)
    _check_kind(kind, row)


def commit(key: bytes, path: str, value: Any) -> str:
    """Return the commitment to a sensitive value: HMAC-SHA256 over ``path``, a zero byte and the canonical value.

    ``key`` is 32 random bytes, fresh for the record and kept where it can be erased. A path holds no zero byte, and
    neither does canonical JSON, so that no two pairs share a message. Raises :class:`MalformedRecordError`.
    """
    if len(key) != KEY_BYTES or not path or "\0" in path:
        raise MalformedRecordError(f"a commitment needs a key of {KEY_BYTES} bytes and a path without zero bytes")
    message = path.encode() + b"\0" + canon.encode(value)
    return "hmac-sha256:" + hmac.new(key, message, hashlib.sha256).hexdigest()


def check_commitment(commitment: str, key: bytes, path: str, value: Any) -> bool:
    """Tell whether a commitment is to this value at this path. Raises as :func:`commit` does."""
    return hmac.compare_digest(commitment.encode(), commit(key, path, value).encode())


def agreement(*, control: str, approved: bool, outcome: str) -> Agreement:
    """Tell whether a call's end agrees with its decision.

    Nobody knows of a lost call, or of one that another gateway forwards: undetermined. What did not happen agrees
    with any decision. What happened agrees with ``run``, and with ``confirm`` where it was approved.
    """
    if outcome in UNKNOWN_EFFECT:
        return Agreement.UNDETERMINED
    happened = outcome in {Outcome.COMPLETED, Outcome.TOOL_ERROR}
    allowed = control == "run" or (control == "confirm" and approved)
    return Agreement.MISMATCH if happened and not allowed else Agreement.MATCH


def _check_fields(row: Mapping[str, Any]) -> None:
    for name in (*HEAD, *WORDS):
        value = row.get(name, _NONE)
        if not (isinstance(value, str) and value) and not _is_absence(value):
            raise MalformedRecordError(f"{name} is neither a text nor absent with a reason")
    for name in FACTS:
        value = row.get(name, _NONE)
        if not _is_absence(value) and not _is_fact(value):
            raise MalformedRecordError(f"{name} is neither verified, claimed nor absent with a reason")
    for name in GROUPS:
        value = row.get(name, _NONE)
        if not isinstance(value, Mapping) or not value or ("absent" in value and not _is_absence(value)):
            raise MalformedRecordError(f"{name} is neither a group nor absent with a reason")


def _check_kind(kind: str, row: Mapping[str, Any]) -> None:
    if kind in CALL_KINDS and not isinstance(row["call_id"], str):
        raise MalformedRecordError("a record of a call has a call_id")
    outcome, allowed = row["outcome"], OUTCOMES.get(kind, frozenset())
    if outcome not in allowed if isinstance(outcome, str) else allowed:
        raise MalformedRecordError(f"the outcome is none of a record of kind {kind}")
    if isinstance(row.get("agreement"), str) and row["agreement"] not in _AGREEMENTS:
        raise MalformedRecordError("the agreement is neither match, mismatch nor undetermined")
    for name in _DETAILS.get(Kind(kind), ()):
        if not isinstance(row.get("detail", {}).get(name), str):
            raise MalformedRecordError(f"a {kind} record has a text in detail.{name}")


def _plain(value: Any) -> Any:
    """Return a text as a plain string: an enumeration's member costs the encoder its fast way."""
    return str(value) if isinstance(value, str) else value


def _is_absence(value: Any) -> bool:
    if not isinstance(value, Mapping) or value.keys() != {"absent"}:
        return False
    return isinstance(value["absent"], str) and value["absent"] != ""


def _is_fact(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return value.keys() <= {"verified", "claimed"} and None not in value.values()


def _shortened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the lists named in :data:`SHORTENED` to :data:`KEPT` elements, and say how many are left out."""
    short = dict(row)
    for group, name in SHORTENED:
        whole = short.get(group, {}).get(name)
        if isinstance(whole, list | tuple) and len(whole) > KEPT:
            short[group] = {**short[group], name: whole[:KEPT], f"{name}_omitted": len(whole) - KEPT}
    return short


def _list(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
