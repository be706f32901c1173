"""Offline verification: does an export hold what the log's signed checkpoints say, and keep the log's rules.

One pass; memory is the frontier, the calls still open, the checkpoints given and a bounded list of findings.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from interlock import canon
from interlock.audit.checkpoint import (
    Checkpoint,
    ForgedNoteError,
    MalformedNoteError,
    UnknownSignerError,
    VerifierKey,
    open_checkpoint,
    open_rotation,
    parse_note,
)
from interlock.audit.export import Row
from interlock.audit.merkle import HASH_BYTES, Frontier, leaf_hash
from interlock.audit.record import CALL_KINDS, MAX_BYTES, Kind, MalformedRecordError, check

MAX_FINDINGS = 1000
"""Findings and remarks kept of each; more are only counted."""

_SAME = ("tenant", "server", "tool", "subject", "workload")


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: its id, the export's line it shows on (from 1; ``None`` for the whole), and a sentence."""

    rule: str
    line: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An intent that has no outcome yet."""

    seq: int
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verification found. ``findings`` are failures, ``remarks`` are not; ``omitted`` counts those not kept.

    ``covered`` is the size up to which a trusted checkpoint agrees, ``agreed`` how many checkpoints do. Records from
    ``covered`` on rest on nothing but themselves.
    """

    findings: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    omitted: int
    size: int
    root: bytes
    covered: int
    agreed: int
    kinds: Mapping[str, int]
    unsettled: tuple[Unsettled, ...]

    @property
    def sound(self) -> bool:
        """Whether no rule is broken."""
        return not self.findings


def verify(rows: Iterable[Row], keys: Iterable[VerifierKey], notes: Mapping[str, bytes]) -> Verification:
    """Verify a whole log, record 0 first, against the log's keys and any checkpoints, by the names to call them.

    Never raises for what the rows or the notes hold.
    """
    report = _Report()
    witnesses = _Witnesses(report, keys, notes)
    log = _Log(report, witnesses)
    witnesses.compare(log.frontier)
    for row in rows:
        log.take(row)
        witnesses.compare(log.frontier)
    if log.frontier.size == 0:
        report.find("log.empty", None, "the log is empty; a log begins with its genesis record, so it was emptied")
    witnesses.finish(log.frontier.size)
    return Verification(
        findings=tuple(report.findings),
        remarks=tuple(report.remarks),
        omitted=report.omitted,
        size=log.frontier.size,
        root=log.frontier.root(),
        covered=witnesses.last.checkpoint.size if witnesses.last else 0,
        agreed=witnesses.agreed,
        kinds=dict(log.kinds),
        unsettled=tuple(Unsettled(row["seq"], call_id) for call_id, row in log.open.items()),
    )


class _Report:
    """Findings and remarks, each bounded."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self.omitted = 0

    def find(self, rule: str, line: int | None, sentence: str) -> None:
        self._add(self.findings, Finding(rule, line, sentence))

    def remark(self, rule: str, line: int | None, sentence: str) -> None:
        self._add(self.remarks, Finding(rule, line, sentence))

    def _add(self, to: list[Finding], finding: Finding) -> None:
        if len(to) < MAX_FINDINGS:
            to.append(finding)
        else:
            self.omitted += 1


@dataclass(frozen=True, slots=True)
class _Saved:
    """A checkpoint someone kept, by the name to call it; not trusted before it is opened."""

    name: str
    note: bytes
    checkpoint: Checkpoint


class _Witnesses:
    """The checkpoints given, taken in the order of their size, and the keys trusted so far.

    ``chain`` are keys known only from the log itself: they show that rotations follow one another, no more.
    """

    def __init__(self, report: _Report, keys: Iterable[VerifierKey], notes: Mapping[str, bytes]) -> None:
        self.report = report
        self.keys = list(keys)
        self.chain: list[VerifierKey] = []
        self.origin: str | None = None
        self.last: _Saved | None = None
        self.agreed = 0
        self.broken: list[_Saved] = []
        saved = [_Saved(name, note, read) for name, note in notes.items() if (read := self._read(name, note))]
        self.waiting = deque(sorted(saved, key=lambda each: each.checkpoint.size))
        if not notes:
            report.remark("checkpoint.none", None, "no checkpoint was given: a log rewritten as a whole would pass")

    def begin(self, detail: Mapping[str, str]) -> None:
        """Take the origin and the first key from the genesis record."""
        self.origin = detail["origin"]
        try:
            self.chain.append(VerifierKey.parse(detail["key"]))
        except MalformedNoteError as error:
            self.report.find("key.malformed", 1, f"the genesis record names no log key: {error}")

    def learn(self, line: int, fields: Mapping[str, Any]) -> None:
        """Take a new key from a ``key`` record, at the standing of the key that vouches for it."""
        for standing in (self.keys, self.chain):
            new = _vouched(fields["detail"]["note"], standing)
            if new is not None:
                standing.append(new)
                return
        text = f"record {fields['seq']} brings a log key that no earlier key vouches for"
        self.report.find("key.unvouched", line, text)

    def compare(self, frontier: Frontier) -> None:
        """Hold the log, as far as it was read, against the checkpoints of just this size."""
        while self.waiting and self.waiting[0].checkpoint.size == frontier.size:
            saved = self.waiting.popleft()
            if not self._trusts(saved):
                continue
            if saved.checkpoint.root == frontier.root():
                self._agree(saved)
            elif self.last and self.last.checkpoint.size == frontier.size:
                self._contradict(saved, self.last)
            else:
                self.broken.append(saved)

    def finish(self, size: int) -> None:
        """Report what the checkpoints say of records that are not there, or not as they were."""
        longer = [saved for saved in self.waiting if self._trusts(saved)]
        for one, other in pairwise([*self.broken, *longer]):
            if one.checkpoint.size == other.checkpoint.size and one.checkpoint.root != other.checkpoint.root:
                self._contradict(one, other)
        if self.broken:
            first, start = self.broken[0], self.last.checkpoint.size if self.last else 0
            text = f"records {start} to {first.checkpoint.size - 1} are not all what the checkpoint {first.name} was"
            text = f"{text} signed over; the records before {start} are not in doubt"
            self.report.find("root.differs", start + 1, text)
        for saved in longer:
            text = f"the log ends after {size} records, but the checkpoint {saved.name} was signed over"
            self.report.find("log.truncated", None, f"{text} {saved.checkpoint.size}: records are missing")

    def _agree(self, saved: _Saved) -> None:
        for other in self.broken:
            self._contradict(other, saved)
        self.broken.clear()
        self.last = saved
        self.agreed += 1

    def _contradict(self, one: _Saved, other: _Saved) -> None:
        text = f"the checkpoints {one.name} (size {one.checkpoint.size}) and {other.name} (size"
        text = f"{text} {other.checkpoint.size}) are both signed, but not of one history"
        self.report.find("checkpoint.contradiction", None, text)

    def _read(self, name: str, note: bytes) -> Checkpoint | None:
        try:
            return Checkpoint.parse(parse_note(note).text)
        except MalformedNoteError as error:
            self.report.find("checkpoint.malformed", None, f"the checkpoint {name} cannot be read: {error}")
            return None

    def _trusts(self, saved: _Saved) -> bool:
        try:
            open_checkpoint(saved.note, self.keys)
        except UnknownSignerError as error:
            self.report.find("checkpoint.unknown_key", None, f"the checkpoint {saved.name} proves nothing: {error}")
            return False
        except ForgedNoteError as error:
            self.report.find("checkpoint.forged", None, f"the checkpoint {saved.name} is forged: {error}")
            return False
        if self.origin not in {None, saved.checkpoint.origin}:
            text = f"the checkpoint {saved.name} is of the log {saved.checkpoint.origin}, not of {self.origin}"
            self.report.find("checkpoint.other_log", None, text)
            return False
        return True


class _Log:
    """The rows read so far: their tree, their order, and the calls they leave open."""

    def __init__(self, report: _Report, witnesses: _Witnesses) -> None:
        self.report = report
        self.witnesses = witnesses
        self.frontier = Frontier()
        self.next_seq = 0
        self.time = ""
        self.kinds: Counter[str] = Counter()
        self.open: dict[str, Mapping[str, Any]] = {}

    def take(self, row: Row) -> None:
        """Take the next row.

        A stored leaf hash goes into the tree in place of the computed one: where the root then agrees with a
        checkpoint, the stored hashes are proven, and the one record that does not fit its own is known exactly.
        """
        line, computed = self.frontier.size + 1, leaf_hash(row.data)
        stored = row.stored if row.stored and len(row.stored) == HASH_BYTES else computed
        self.frontier = self.frontier.append(stored)
        fields = self._read(line, row.data)
        seq = fields["seq"] if fields else self.next_seq
        if row.stored not in {None, computed}:
            self.report.find("leaf.differs", line, f"record {seq} was edited: it is not what the log hashed")
        if fields is None:
            self.next_seq += 1
            return
        self.kinds[fields["kind"]] += 1
        self._check_order(line, fields)
        self._check_kind(line, fields)
        if fields["kind"] in CALL_KINDS:
            self._check_call(line, fields)

    def _read(self, line: int, data: bytes) -> Mapping[str, Any] | None:
        """Return the fields of a leaf that keeps the format; report one that does not."""
        due = f"record {self.next_seq}"
        if len(data) > MAX_BYTES:
            self.report.find("record.too_large", line, f"{due} has {len(data)} bytes; {MAX_BYTES} fit a leaf")
            return None
        try:
            fields: Mapping[str, Any] = canon.parse(data)
            check(fields)
        except (canon.ParseError, MalformedRecordError) as error:
            self.report.find("record.malformed", line, f"{due} is malformed: {error}")
            return None
        if canon.encode(fields) != data:
            self.report.find("record.not_canonical", line, f"record {fields['seq']} is not in canonical form")
        return fields

    def _check_order(self, line: int, fields: Mapping[str, Any]) -> None:
        seq = fields["seq"]
        if seq > self.next_seq:
            text = f"records {self.next_seq} to {seq - 1} are missing before record {seq}"
            self.report.find("seq.gap", line, text)
        elif seq < self.next_seq:
            text = f"record {seq} is repeated or out of order: record {self.next_seq} is due"
            self.report.find("seq.repeated", line, text)
        self.next_seq = max(self.next_seq, seq + 1)
        if fields["time"] < self.time:
            text = f"record {seq} is dated {fields['time']}, before its predecessor's {self.time}"
            self.report.remark("time.backwards", line, text)
        self.time = fields["time"]

    def _check_kind(self, line: int, fields: Mapping[str, Any]) -> None:
        kind, seq = fields["kind"], fields["seq"]
        if line == 1 and kind != Kind.GENESIS:
            self.report.find("log.no_genesis", line, f"the log's head is missing: it begins with a {kind} record")
        if line > 1 and kind == Kind.GENESIS:
            self.report.find("genesis.repeated", line, f"record {seq} is another genesis record")
        elif kind == Kind.GENESIS:
            self.witnesses.begin(fields["detail"])
        elif kind == Kind.KEY:
            self.witnesses.learn(line, fields)

    def _check_call(self, line: int, fields: Mapping[str, Any]) -> None:
        kind, seq, call_id = fields["kind"], fields["seq"], fields["call_id"]
        intent = self.open.get(call_id)
        if kind == Kind.OUTCOME and intent is None:
            text = f"record {seq} is an outcome of call {call_id}, which has no open intent: none, or it is settled"
            self.report.find("outcome.without_intent", line, text)
        elif kind == Kind.OUTCOME:
            self._settle(line, fields, self.open.pop(call_id))
        elif intent is not None:
            text = f"record {seq} is a second {kind} of call {call_id}, whose intent is record {intent['seq']}"
            self.report.find(f"{kind}.after_intent", line, text)
        elif kind == Kind.INTENT:
            self.open[call_id] = {name: fields[name] for name in ("seq", *_SAME)}

    def _settle(self, line: int, outcome: Mapping[str, Any], intent: Mapping[str, Any]) -> None:
        differ = ", ".join(name for name in _SAME if outcome[name] != intent[name])
        if differ:
            text = f"record {outcome['seq']} does not have the {differ} of its intent, record {intent['seq']}"
            self.report.find("outcome.differs", line, text)


def _vouched(note: str, keys: list[VerifierKey]) -> VerifierKey | None:
    try:
        return open_rotation(note.encode(), keys)
    except (MalformedNoteError, UnknownSignerError, ForgedNoteError):
        return None
