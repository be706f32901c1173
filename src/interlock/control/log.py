"""The log, as people read and verify it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from interlock import canon
from interlock.audit.checkpoint import VerifierKey
from interlock.audit.export import Row
from interlock.audit.record import KEY_BYTES, check_commitment
from interlock.audit.verify import Finding, Verification, verify
from interlock.control.ports import LogStore, LogView
from interlock.core.errors import CallerError

NOT_IN_LOG = "kept beside the log, erasable; the log holds only a commitment to it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found in the leaves and checkpoints, and what else is wrong with the store around them."""

    log: Verification
    store: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.log.sound and not self.store

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong."""
        return (*self.log.findings, *self.store)


def verify_store(view: LogView | None, keys: Iterable[VerifierKey], notes: Mapping[str, bytes]) -> Verdict:
    """Verify a store's log against checkpoints kept elsewhere and its own, its filter columns and its head.

    Without a ``view`` (the store is gone, or nothing can be read of it) the log counts as empty.
    """
    if view is None:
        return Verdict(verify((), keys, notes))
    own = {f"kept in the store, {number}": note for number, note in enumerate(view.notes(), start=1)}
    differing: list[Finding] = []
    verified = verify(_leaves(view, differing), keys, {**own, **notes})
    head = view.head
    if head is None or head.size != verified.size or head.root() != verified.root:
        says = "is missing" if head is None else f"says {head.size} records"
        text = f"the store's tree head {says}, and its records are {verified.size}: records were added or taken away"
        differing.append(Finding("head.differs", None, text))
    return Verdict(verified, tuple(differing))


def _leaves(view: LogView, differing: list[Finding]) -> Iterator[Row]:
    for number, (row, columns) in enumerate(view.rows()):
        if columns:
            text = f"record {number}: the filter column {', '.join(columns)} does not say what the record says"
            differing.append(Finding("column.differs", number + 1, text))
        yield row


def story(store: LogStore, which: str, limit: int) -> dict[str, Any]:
    """Return the records of a call, or the one with a sequence number, and what is kept beside the log of it.

    Raises:
        CallerError: there is no such record.

    """
    records = _records(store, which, limit)
    refs = dict.fromkeys(ref for record in records for ref in _refs(record))
    return {"records": records, "payloads": [_payload(store, ref, records) for ref in refs]}


def _records(store: LogStore, which: str, limit: int) -> list[Mapping[str, Any]]:
    if which.isascii() and which.isdigit():
        record = store.record(int(which)) if len(which) < len(str(1 << 63)) else None
        if record is None:
            raise CallerError(f"{which}: the log has no record of this number", "see `interlock audit ls`")
        return [record]
    records = list(store.find({"call_id": which}, limit))
    if not records:
        raise CallerError(f"{which}: the log has no record of this call", "see `interlock audit ls`")
    return records


def _refs(record: Mapping[str, Any]) -> Iterator[str]:
    approval = record.get("approval", {}).get("id")
    for ref in (record.get("call_id"), approval):
        if isinstance(ref, str):
            yield ref


def _payload(store: LogStore, ref: str, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    kept = store.payload(ref)
    if kept is None or kept[1] is None:
        return {"of": ref, "absent": "erased, or never kept"}
    key, body = kept
    try:
        value = canon.parse(bytes(body or b""))
    except (canon.ParseError, TypeError):  # a text in a column of bytes is not what we wrote
        return {"of": ref, "absent": "what is kept is no JSON"}
    if key is None:  # an approval's: the arguments alone, held to the log by the approval's binding
        return {"of": ref, "arguments": value, "note": NOT_IN_LOG, "committed": None}
    said = value if isinstance(value, dict) else {}
    shown = {"arguments": said.get("arguments"), "reason": said.get("reason")}
    return {"of": ref, **shown, "note": NOT_IN_LOG, "committed": _committed(key, shown, records)}


def _committed(key: bytes, shown: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> bool | None:
    """Whether the records' commitments are to what is shown; ``None`` where there is none to compare with."""
    if len(key) != KEY_BYTES:
        return False
    for record in records:
        commitments = {
            ("arguments", canon.digest(shown["arguments"])): record.get("arguments", {}).get("digest_commitment"),
            ("reason", shown["reason"]): record.get("prompt", {}).get("claimed", {}).get("reason_commitment"),
        }
        made = {of: commitment for of, commitment in commitments.items() if isinstance(commitment, str)}
        if made:
            return all(check_commitment(commitment, key, *of) for of, commitment in made.items())
    return None


def pretty(value: Any) -> str:
    """Return JSON for a person: indented, in the record's own words."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
