"""``interlock approvals``: look at what waits for a person, and answer as the local operator."""

from __future__ import annotations

import argparse
import time
from typing import Any

from interlock.cli.context import now, open_desk, operator_of, settings_of
from interlock.cli.terminal import talk, write, write_json, write_json_line, write_table
from interlock.control import approvals
from interlock.control.log import pretty
from interlock.core.approval import Approval

REST = 0.5
"""Seconds between two looks."""

_COLUMNS = ("id", "state", "tier", "server", "tool", "subject", "workload", "tenant", "decide_by")
_COLOURS = {"pending": "yellow", "approved": "green", "denied": "red", "void": "red"}


def ls(arguments: argparse.Namespace) -> int:
    """List approvals, oldest first."""
    with open_desk(settings_of(arguments)) as desk:
        rows = approvals.listing(desk, now(), arguments.state)
    if arguments.output == "json":
        write_json(rows)
    else:
        write_table([name.upper() for name in _COLUMNS], [[row[name] for name in _COLUMNS] for row in rows], _COLOURS)
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Show one approval, with exactly what was shown when it was asked for."""
    with open_desk(settings_of(arguments)) as desk:
        found = approvals.show(desk, arguments.id, now())
    if arguments.output == "json":
        write_json(found)
    else:
        write(pretty(found))
    return 0


def approve(arguments: argparse.Namespace) -> int:
    """Approve it."""
    return _answer(arguments, approve=True)


def deny(arguments: argparse.Namespace) -> int:
    """Deny it."""
    return _answer(arguments, approve=False)


def watch(arguments: argparse.Namespace) -> int:
    """Print what becomes pending, until Ctrl-C."""
    with open_desk(settings_of(arguments)) as desk:
        following = approvals.Watch(desk)
        talk("waiting for approvals to be asked for; Ctrl-C ends")
        try:
            while True:
                for approval in following.look(now()):
                    _tell(approval, arguments)
                time.sleep(REST)
        except KeyboardInterrupt:
            return 0


def _answer(arguments: argparse.Namespace, *, approve: bool) -> int:
    settings = settings_of(arguments)
    rules = approvals.Rules(settings.approvals.local_operator, settings.identity.development_issuer)
    with open_desk(settings) as desk:
        moved = approvals.answer(desk, arguments.id, operator_of(arguments), (rules, now()), approve=approve)
    talk(f"{moved.approval_id}: {moved.state.value}{_how(moved)}")
    return 0


def _how(approval: Approval) -> str:
    weaker = approval.answer is not None and approval.answer.downgraded
    return f" (tier {approval.tier.label}, downgraded: development mode)" if weaker else ""


def _tell(approval: Approval, arguments: argparse.Namespace) -> None:
    row: dict[str, Any] = approvals.row(approval)
    if arguments.output == "json":
        write_json_line(row)
        return
    write(f"{row['id']}  {row['tier']}  {row['server']}/{row['tool']}  for {row['subject']} by {row['workload']}")
    write(pretty(dict(approval.shown)))
