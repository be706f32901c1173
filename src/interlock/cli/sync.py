"""``interlock inventory sync``: ask every server what it offers."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from interlock.classify import classify
from interlock.cli.context import now, open_desk, operator_of, settings_of
from interlock.cli.entries import entries_of
from interlock.cli.table import LISTER, resolve
from interlock.cli.terminal import complain, talk, tint, write, write_json
from interlock.control import inventory
from interlock.control.inventory import Synced
from interlock.control.people import Operator
from interlock.core.inventory import ServerEntry
from interlock.settings import Settings
from interlock.stores.sqlite.desk import Desk


def sync(arguments: argparse.Namespace) -> int:
    """List the servers, report what was found, and pin it with ``--accept``.

    Exits 3 where a server could not be asked; 1 where something drifted, cannot be used, or is left unpinned.
    """
    settings = settings_of(arguments)
    entries = entries_of(settings, arguments.servers)
    operator = operator_of(arguments, "accepted as listed") if arguments.accept else None
    if not entries:
        talk(f"{settings.path} configures no servers")
    with open_desk(settings) as desk:
        reports = asyncio.run(_sync(settings, desk, entries, operator))
    if arguments.output == "json":
        write_json([asdict(report) for report in reports])
    else:
        _tell(reports)
    if operator is None and any(report.new for report in reports):
        talk("new tools are blocked until they are accepted: interlock inventory sync --accept, or inventory review")
    return _code(reports, accepting=operator is not None)


async def _sync(
    settings: Settings, desk: Desk, entries: Sequence[ServerEntry], operator: Operator | None
) -> list[Synced]:
    async with resolve(LISTER)(settings) as upstreams:
        return await inventory.sync(desk, upstreams, entries, classify, (now(), operator))


def _code(reports: Sequence[Synced], *, accepting: bool) -> int:
    if any(report.error is not None for report in reports):
        return 3
    blocked = any(report.unusable or (report.waiting if accepting else _drifted(report)) for report in reports)
    return 1 if blocked else 0


def _drifted(report: Synced) -> bool:
    return bool(set(report.waiting) - set(report.new))


def _tell(reports: Sequence[Synced]) -> None:
    for report in reports:
        if report.error is not None:
            complain(f"{report.server}: {report.error}")
            continue
        kinds = ", ".join(f"{count} {impact}" for impact, count in sorted((report.classes or {}).items()))
        write(f"{report.server}: {len(report.found)} tools" + (f" ({kinds})" if kinds else ""))
        _names("new", report.new, "yellow")
        _names("changed", report.changed, "red")
        _names("gone", report.gone, "yellow")
        _names("accepted", report.accepted, "green")
        _names("waiting for review", report.waiting, "red")
        for flaw in report.unusable:
            write(f"  {flaw.finding}  {flaw.tool}: {flaw.sentence}")


def _names(what: str, names: Sequence[str], colour: str) -> None:
    if names:
        print(tint(f"  {what}:", colour), end=" ")
        write(", ".join(names))
