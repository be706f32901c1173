"""``interlock inventory ls|show|diff|review``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from interlock.classify import classify
from interlock.cli.context import now, open_desk, operator_of, settings_of
from interlock.cli.terminal import talk, tint, write, write_json, write_table
from interlock.control import inventory
from interlock.control.log import pretty
from interlock.core.errors import CallerError, OperatorError

_COLUMNS = ("SERVER", "TOOL", "STANDING", "STAGE", "CLASS", "OWNER", "TENANT", "ACTS UNDER", "DIGEST", "FINDINGS")
_COLOURS = {"pinned": "green", "new": "yellow", "drifted": "red", "gone": "yellow"}
_SHORT = len("sha256:") + 12


def ls(arguments: argparse.Namespace) -> int:
    """List every server and tool."""
    with open_desk(settings_of(arguments)) as desk:
        servers = inventory.describe(desk, now())
    if arguments.output == "json":
        write_json(servers)
        return 0
    write_table(_COLUMNS, [row for server in servers for row in _rows(server)], _COLOURS)
    for server in servers:
        for finding in server["findings"]:
            talk(f"{server['name']}: {finding}")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Show all of a server, or of one tool."""
    with open_desk(settings_of(arguments)) as desk:
        (found,) = inventory.describe(desk, now(), arguments.server)
    if arguments.tool is not None:
        found = _tool(found, arguments.tool)
    if arguments.output == "json":
        write_json(found)
    else:
        write(pretty(found))
    return 0


def diff(arguments: argparse.Namespace) -> int:
    """Show how definitions differ from the accepted ones; exits 1 where one does."""
    with open_desk(settings_of(arguments)) as desk:
        differences = inventory.diff(desk, arguments.server, arguments.tool)
    if arguments.output == "json":
        write_json([asdict(each) for each in differences])
    else:
        for each in differences:
            write(f"{each.server}/{each.tool} is {each.standing}")
            _print_lines(each.lines)
    return 1 if differences else 0


def review(arguments: argparse.Namespace) -> int:
    """Accept one tool's definition, and class it otherwise where asked to."""
    said = inventory.Judgement(arguments.server, arguments.tool, arguments.digest, _axes(arguments.axes))
    with open_desk(settings_of(arguments)) as desk:
        given = inventory.review(desk, said, operator_of(arguments), classify, now())
        (server,) = inventory.describe(desk, now(), arguments.server)
    if arguments.output == "json":
        write_json(_tool(server, arguments.tool))
    talk(f"{given.server}/{given.tool}: {given.digest} is accepted")
    if server["stage"] == "discovered":
        talk("its server is not served yet: interlock inventory sync --accept puts it in production")
    return 0


def _axes(pairs: Iterable[str]) -> dict[str, str]:
    axes: dict[str, str] = {}
    for pair in (each for text in pairs for each in text.split(",")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise OperatorError(f"--class {pair}: is not AXIS=VALUE", "write, say, --class impact=read_only")
        axes[name.strip()] = value.strip()
    return axes


def _tool(server: Mapping[str, Any], name: str) -> dict[str, Any]:
    for tool in server["tools"]:
        if tool["name"] == name:
            return dict(tool)
    raise CallerError(f"{server['name']}/{name}: there is no such tool", "see `interlock inventory ls`")


def _rows(server: Mapping[str, Any]) -> list[list[Any]]:
    common = [server["owner"], server["tenant"], server["identity"]["kind"]]
    return [
        [
            server["name"],
            tool["name"],
            tool["standing"],
            server["stage"],
            _brief(tool["class"]),
            *common,
            tool["digest"][:_SHORT],
            " ".join(tool["findings"]),
        ]
        for tool in server["tools"]
    ] or [[server["name"], "", "", server["stage"], "", *common, "", ""]]


def _brief(tool_class: Mapping[str, Any]) -> str:
    """Return a class in a few words, those that matter to who approves."""
    words = [tool_class["impact"]]
    words += ["destructive"] if tool_class["destructive"] else []
    words += [tool_class["reversibility"]] if tool_class["reversibility"] in {"recoverable", "irreversible"} else []
    words += ["restricted"] if tool_class["sensitivity"] == "restricted" else []
    words += ["open-ended"] if tool_class["open_ended"] else []
    return " ".join(words)


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        colour = {"+": "green", "-": "red"}.get(line[:1])
        if colour is None:
            write(line)
        else:
            print(tint(line, colour))
