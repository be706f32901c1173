"""``interlock classify``: class tools from a file, and compare the classes with labels."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from interlock import canon
from interlock.classify import classify, evaluate, render
from interlock.cli.terminal import write, write_json, write_json_line, write_table
from interlock.control.classification import would_decide
from interlock.core.approval import class_axes
from interlock.core.errors import OperatorError
from interlock.core.words import Control, ToolClass
from interlock.policy import PolicySnapshot, load, shipped

_COLUMNS = ("ID", "SERVER", "TOOL", "IMPACT", "DESTRUCTIVE", "REVERSIBILITY", "SENSITIVITY", "BLAST", "OPEN", "CONTROL")
_COLOURS = {"run": "green", "confirm": "yellow", "block": "red"}
_AXES = ("impact", "destructive", "reversibility", "sensitivity", "blast", "open_ended", "by")
_TOOL = {"id": str, "server": str, "tool": dict}
_LABEL = {"id": str}

Row = Mapping[str, Any]


def classify_file(arguments: argparse.Namespace) -> int:
    """Class every tool of a file, and say what the default policy would do with it."""
    rows = _read(arguments.tools, "--tools", _TOOL)
    policy = _default_policy()
    if arguments.output == "json":
        for row in rows:
            write_json_line(_form(row, policy))
        return 0
    classed = [(row, classify(row["server"], row["tool"])) for row in rows]
    if arguments.explain:
        for row, tool_class in classed:
            _explain(row, tool_class)
    else:
        write_table(_COLUMNS, [_cells(row, given, _control(policy, row, given)) for row, given in classed], _COLOURS)
    return 0


def evaluate_file(arguments: argparse.Namespace) -> int:
    """Print how the classes compare with labels."""
    tools = list(_read(arguments.tools, "--tools", _TOOL))
    labels = list(_read(arguments.labels, "--labels", _LABEL))
    report = evaluate(tools, labels, _controls(tools))
    if arguments.output == "json":
        write_json(
            {
                "tools": report.tools,
                "axes": [
                    {
                        "axis": table.axis,
                        "n": table.n,
                        "agreement": table.agreement,
                        "confusion": [
                            {"label": label, "class": given, "count": count}
                            for (label, given), count in table.counts.items()
                        ],
                    }
                    for table in report.axes
                ],
                **{
                    name: {"ids": list(figure.ids), "n": figure.n, "upper_bound": figure.upper_bound}
                    for name, figure in (("dangerous_misses", report.dangerous), ("over_asks", report.over_asks))
                },
            }
        )
    else:
        write(render(report))
    return 0


def _default_policy() -> PolicySnapshot:
    return load({"default.cedar": shipped("default")})


def _controls(tools: list[Row]) -> Callable[[str, ToolClass], str]:
    policy = _default_policy()
    by_id = {row["id"]: row for row in tools}
    return lambda each, given: _control(policy, by_id[each], given).value


def _control(policy: PolicySnapshot, row: Row, tool_class: ToolClass) -> Control:
    try:
        return would_decide(policy, row["server"], row["tool"], tool_class).control
    except canon.EncodeError:
        return Control.BLOCK  # what has no digest cannot be pinned


def _form(row: Row, policy: PolicySnapshot) -> dict[str, Any]:
    tool_class = classify(row["server"], row["tool"])
    axes = class_axes(tool_class)
    return {
        "id": row["id"],
        **{name: axes[name] for name in _AXES},
        "control": _control(policy, row, tool_class).value,
        "confidence": tool_class.confidence.value,
        "evidence": [
            {"axis": each.axis, "value": each.value, "source": each.source.value, "detail": each.detail}
            for each in tool_class.evidence
        ],
        "findings": list(tool_class.findings),
    }


def _cells(row: Row, tool_class: ToolClass, control: Control) -> list[Any]:
    axes = class_axes(tool_class)
    shown = [axes[name] for name in _AXES[:5]]
    opens = ", ".join(tool_class.by) if tool_class.open_ended else ""
    return [row["id"], row["server"], row["tool"].get("name"), *shown, opens, control.value]


def _explain(row: Row, tool_class: ToolClass) -> None:
    """Print every axis: its value, the evidence that says so, and the evidence that says otherwise."""
    axes = class_axes(tool_class)
    write(f"{row['id']}  {row['server']}/{row['tool'].get('name')}  confidence {tool_class.confidence.value}")
    for axis in _AXES[:-1]:
        value = str(axes[axis]).lower()
        write(f"  {axis}: {value}")
        for each in tool_class.evidence:
            if each.axis in {axis, "all"}:
                mark = "=" if each.value == value else "x"
                write(f"    {mark} {each.value} ({each.source.value}: {each.detail})")
    for finding in tool_class.findings:
        write(f"  finding {finding}")


def _read(path: Path | None, option: str, shape: Mapping[str, type]) -> Iterator[Row]:
    """Yield the rows of a JSON Lines file; ``-`` is standard input.

    Raises:
        OperatorError: the file or a line of it is not to be read; says which.

    """
    if path is None:
        raise OperatorError(f"{option} FILE is needed", "give a file of JSON Lines, or - for standard input")
    if str(path) == "-":
        yield from _rows(sys.stdin, path, shape)
        return
    try:
        with path.open(encoding="utf-8") as stream:
            yield from _rows(stream, path, shape)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read: {error.strerror}", "name a readable file") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{path}: is not UTF-8 text", "save it as UTF-8") from None


def _rows(stream: TextIO | io.TextIOBase, path: Path, shape: Mapping[str, type]) -> Iterator[Row]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = canon.parse(line.encode("utf-8", "surrogateescape"))
        except canon.ParseError as error:
            raise OperatorError(f"{path}:{number}: {error}", "every line is one JSON object") from None
        if not isinstance(row, dict) or not all(isinstance(row.get(key), kind) for key, kind in shape.items()):
            says = ", ".join(f"{key} ({'text' if kind is str else 'object'})" for key, kind in shape.items())
            raise OperatorError(f"{path}:{number}: a row has {says}", "correct the line")
        yield row
