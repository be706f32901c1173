"""``interlock audit ls|show|export``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from interlock.audit.checkpoint import Checkpoint, parse_note
from interlock.audit.export import write_line
from interlock.cli import checkpoints, keys
from interlock.cli.context import now, open_desk, settings_of
from interlock.cli.files import write_file, writing
from interlock.cli.terminal import talk, write, write_json, write_table
from interlock.control import log
from interlock.control.people import timestamp
from interlock.core.errors import OperatorError
from interlock.stores.sqlite.desk import Desk

_FILTERS = ("subject", "workload", "tenant", "server", "tool", "approver", "outcome", "kind")
_COLUMNS = ("seq", "time", "kind", "server", "tool", "subject", "workload", "tenant", "outcome", "call_id")
_COLOURS = {"completed": "green", "denied": "red", "blocked": "red", "outcome_unknown": "red", "pending": "yellow"}
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST = 10_000


def ls(arguments: argparse.Namespace) -> int:
    """List the newest records that match."""
    if not 0 < arguments.limit <= _MOST:
        raise OperatorError(f"--limit {arguments.limit}: must be from 1 to {_MOST}", "use `audit export` for all")
    wanted = _wanted(arguments)
    with open_desk(settings_of(arguments)) as desk:
        records = desk.find(wanted, arguments.limit)
    if arguments.output == "json":
        write_json(records)
    else:
        rows = [[_said(record[name]) for name in _COLUMNS] for record in records]
        write_table([name.upper() for name in _COLUMNS], rows, _COLOURS)
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Show one record, or all records of a call with what is kept beside them."""
    with open_desk(settings_of(arguments)) as desk:
        found = log.story(desk, arguments.which, _MOST)
    if arguments.output == "json":
        write_json(found)
        return 0
    for record in found["records"]:
        write(log.pretty(record))
    for payload in found["payloads"]:
        write(f"-- of {payload['of']}: {payload.get('absent') or payload['note']}")
        if "arguments" in payload:
            write(log.pretty(payload["arguments"]))
            write(f"-- the log's commitment is to this: {_judgement(payload['committed'])}")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Write every record as a line; with ``--checkpoint`` sign the log first and export exactly what is signed."""
    settings = settings_of(arguments)
    with open_desk(settings) as desk:
        size = None
        if arguments.checkpoint is not None:
            note = desk.checkpoint(checkpoints.signer(keys.load_log_key(settings)))
            checkpoints.copy(note, settings.audit.checkpoints)
            write_file(arguments.checkpoint, note.encode())
            size = Checkpoint.parse(parse_note(note.encode()).text).size
        if arguments.file is None:
            sys.stdout.flush()
            count = _write(desk, sys.stdout.buffer, size)
        else:
            with writing(arguments.file) as stream:
                count = _write(desk, stream, size)
    talk(f"{count} records")
    return 0


def _write(desk: Desk, stream: BinaryIO, size: int | None) -> int:
    count = 0
    with desk.snapshot() as view:
        for row, _columns in view.rows():
            if count == size:
                break
            stream.write(write_line(row))
            count += 1
    stream.flush()
    return count


def _wanted(arguments: argparse.Namespace) -> dict[str, str]:
    named = {name: getattr(arguments, name) for name in _FILTERS} | {"control": arguments.decision}
    times = {name: moment(name, text) for name in ("since", "until") if (text := getattr(arguments, name)) is not None}
    return {name: value for name, value in named.items() if value is not None} | times


def moment(option: str, text: str) -> str:
    """Return a moment as the log writes it, from RFC 3339, a date, or so long ago.

    Raises:
        OperatorError: it is none of them.

    """
    ago = _AGO.fullmatch(text)
    if ago:
        return timestamp(now() - int(ago[1]) * _UNITS[ago[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(
            f"--{option} {text}: is no moment",
            "give 2026-01-31, 2026-01-31T12:00:00Z, or so long ago: 90s, 15m, 2h, 7d",
        ) from None
    return timestamp((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _said(value: Any) -> Any:
    return "-" if isinstance(value, Mapping) else value


def _judgement(committed: bool | None) -> str:  # noqa: FBT001 (a value from JSON, not a switch)
    return {True: "yes", False: "NO: it was exchanged", None: "there is none to compare with"}[committed]
