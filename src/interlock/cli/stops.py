"""``interlock stop`` and ``interlock resume``."""

from __future__ import annotations

import argparse

from interlock.cli.context import now, open_desk, operator_of, settings_of
from interlock.cli.terminal import talk
from interlock.control import stops
from interlock.core.errors import OperatorError
from interlock.settings import Settings


def stop(arguments: argparse.Namespace) -> int:
    """Stop everything, a server or a workload."""
    settings = settings_of(arguments)
    what = _scope(arguments, settings)
    with open_desk(settings) as desk:
        stops.stop(desk, what, operator_of(arguments), now())
    talk(f"stopped: {what}")
    return 0


def resume(arguments: argparse.Namespace) -> int:
    """Take a stop back."""
    settings = settings_of(arguments)
    what = _scope(arguments, settings)
    with open_desk(settings) as desk:
        stops.resume(desk, what, operator_of(arguments), now())
    talk(f"resumed: {what}")
    return 0


def _scope(arguments: argparse.Namespace, settings: Settings) -> stops.Scope:
    named = {"server": arguments.server, "workload": arguments.workload}
    given = [stops.Scope(kind, name) for kind, name in named.items() if name is not None]
    given += [stops.Scope(*stops.EVERYTHING)] if arguments.everything else []
    if len(given) != 1:
        raise OperatorError("say what: one of --all, --server NAME, --workload NAME")
    if given[0].kind == "server" and given[0].name not in settings.servers:
        known = ", ".join(settings.servers) or "none"
        raise OperatorError(f"{given[0].name}: there is no such server in {settings.path}", f"configured: {known}")
    return given[0]
