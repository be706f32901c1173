"""``interlock audit verify``: of the configured store beside a running gateway, or of an export with nothing else."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from interlock.audit.checkpoint import VerifierKey
from interlock.audit.export import Row, read_line
from interlock.audit.record import MAX_BYTES
from interlock.audit.verify import Finding
from interlock.audit.verify import verify as verify_rows
from interlock.cli import checkpoints, keys
from interlock.cli.context import settings_of
from interlock.cli.terminal import complain, talk, tint, write_json
from interlock.control.log import Verdict, verify_store
from interlock.core.errors import Fault, OperatorError
from interlock.settings import Settings
from interlock.stores.sqlite.desk import Desk

UNSOUND = 4
_LINE = MAX_BYTES + 256
"""The longest line that can be a record with its leaf hash."""


def verify(arguments: argparse.Namespace) -> int:
    """Verify a log; exits 4 where a rule is broken, and names the record and the rule."""
    verdict = _of_export(arguments) if arguments.export is not None else _of_store(arguments)
    if arguments.output == "json":
        write_json(_form(verdict))
    else:
        _tell(verdict)
    return 0 if verdict.sound else UNSOUND


def _of_export(arguments: argparse.Namespace) -> Verdict:
    if not arguments.key:
        raise OperatorError(
            "an export is verified with --key: the log's verifier key, or its file", "see var/keys/log.pub"
        )
    return Verdict(verify_rows(_rows(arguments.export), _keys(arguments), _given(arguments)))


def _rows(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as stream:
            while line := stream.readline(_LINE):
                yield read_line(line)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read: {error.strerror}", "name a readable export") from None


def _of_store(arguments: argparse.Namespace) -> Verdict:
    """Verify the store. The checkpoints are read first: what is appended meanwhile can then only be more."""
    settings = settings_of(arguments)
    known = _keys(arguments) or [_own_key(settings)]
    notes, missing = _saved(settings, {key.name for key in known})
    notes |= _given(arguments)
    for origin, size in checkpoints.others(settings.audit.checkpoints, known[0].name).items():
        talk(f"note: the checkpoints' place also tells of another log, {origin}, of {size} records")
    try:
        desk = Desk(settings.store.path)
    except OperatorError as error:
        lost = Finding("store.lost", None, f"the store cannot be opened: {error.what}")
        return Verdict(verify_store(None, known, notes).log, (lost, *missing))
    try:
        with desk.snapshot() as view:
            verdict = verify_store(view, known, notes)
    except Fault as error:
        damaged = Finding("store.damaged", None, error.what)
        return Verdict(verify_store(None, known, notes).log, (damaged, *missing))
    finally:
        desk.close()
    return Verdict(verdict.log, (*verdict.store, *missing))


def _own_key(settings: Settings) -> VerifierKey:
    return keys.load_verifier(settings)


def _keys(arguments: argparse.Namespace) -> list[VerifierKey]:
    return [keys.read_verifier(text) for text in arguments.key]


def _given(arguments: argparse.Namespace) -> dict[str, bytes]:
    try:
        return {str(path): path.read_bytes() for path in arguments.checkpoint}
    except OSError as error:
        raise OperatorError(f"{error.filename}: cannot be read: {error.strerror}", "name a readable file") from None


def _saved(settings: Settings, origins: set[str]) -> tuple[dict[str, bytes], list[Finding]]:
    """Return the checkpoints in the second places; a place that cannot be read is a finding."""
    notes: dict[str, bytes] = {}
    missing: list[Finding] = []
    for place in settings.audit.checkpoints:
        try:
            for origin in origins:
                notes |= checkpoints.read([place], origin)
        except OSError as error:
            text = f"the checkpoints' place {place} cannot be read: {error.strerror}; `interlock init` makes a new one"
            missing.append(Finding("place.unreadable", None, text))
    return notes, missing


def _form(verdict: Verdict) -> dict[str, object]:
    log = verdict.log
    return {
        "sound": verdict.sound,
        "records": log.size,
        "root": log.root.hex(),
        "covered": log.covered,
        "checkpoints": log.agreed,
        "findings": [_finding(each) for each in verdict.findings],
        "remarks": [_finding(each) for each in log.remarks],
        "omitted": log.omitted,
        "kinds": dict(log.kinds),
        "unsettled": [{"seq": each.seq, "call_id": each.call_id} for each in log.unsettled],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {"rule": finding.rule, "line": finding.line, "sentence": finding.sentence}


def _tell(verdict: Verdict) -> None:
    log = verdict.log
    for each in verdict.findings:
        complain(f"{each.rule}: {each.sentence}")
    for each in log.remarks:
        talk(f"note: {each.rule}: {each.sentence}")
    if log.omitted:
        talk(f"note: {log.omitted} more are not listed")
    said = tint("sound", "green") if verdict.sound else tint("NOT SOUND", "red")
    print(f"{said}: {log.size} records, {log.agreed} checkpoints agree, the last over {log.covered} records")
    if log.unsettled:
        print(f"{len(log.unsettled)} calls are under way or wait for recovery: {_first(log.unsettled)}")


def _first(unsettled: Sequence[object]) -> str:
    ids = [str(getattr(each, "call_id", each)) for each in unsettled]
    return ", ".join(ids[:3]) + (" ..." if len(ids) > 3 else "")  # noqa: PLR2004 (the three shown)
