"""What is wrong, in words an operator can act on, with the line and column; never with the value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from interlock.settings.document import Document, Path, Problem
from interlock.settings.secrets import looks_secret
from interlock.settings.shape import TRANSPORTS, fields_of

_SAYINGS = {
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list, such as [a, b]",
    "dict_type": "must be a mapping, such as {key: value}",
    "model_type": "must be a mapping, such as {key: value}",
    "model_attributes_type": "must be a mapping, such as {key: value}",
    "too_short": "must not be empty",
    "string_too_long": "is too long",
    "union_tag_invalid": "transport must be stdio or http",
    "union_tag_not_found": "missing key 'transport' (stdio or http)",
}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,63}")


def shape_problems(error: ValidationError, document: Document) -> list[Problem]:
    """Turn pydantic's findings into ours. Their text, which may quote the value, is not used."""
    return [_translate(finding, document) for finding in error.errors(include_input=False, include_url=False)]


def describe(problem: Problem) -> str:
    """Return ``12:5: servers.files.comand: what is wrong``."""
    where = _dotted(problem.path)
    return f"{problem.mark.line}:{problem.mark.column}: {where}{': ' if where else ''}{problem.text}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems as the file has them; of several about one thing the first, from which the rest follow."""
    first: dict[object, Problem] = {}
    for problem in problems:
        first.setdefault((problem.mark, problem.path), problem)
    return sorted(first.values(), key=lambda problem: (problem.mark.line, problem.mark.column))


def _translate(finding: ErrorDetails, document: Document) -> Problem:
    path, kind = _path(finding["loc"]), finding["type"]
    if kind == "extra_forbidden":
        return Problem(path, _unknown_key(path, document.data), document.mark(path, of_key=True))
    if kind == "missing":
        return Problem(path, "missing", document.mark(path))
    if finding["loc"][-1] == "[key]":
        text = "a server's name is lower-case letters, digits and - _ . (at most 63, a letter or digit first)"
        return Problem(path, text, document.mark(path, of_key=True))
    return Problem(path, _saying(finding), document.mark(path))


def _saying(finding: ErrorDetails) -> str:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in {"enum", "literal_error"}:
        return f"must be {context['expected']}"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    return _SAYINGS.get(kind, "must be text that is not blank")


def _path(loc: tuple[str | int, ...]) -> Path:
    """Return where pydantic means: it adds the transport behind a server's name, and a mark to a key."""
    path = loc[:-1] if loc[-1] == "[key]" else loc
    return (*path[:2], *path[3:]) if path[0] == "servers" else path


def _unknown_key(path: Path, data: dict[str, Any]) -> str:
    key = str(path[-1])
    transport = data["servers"][path[1]]["transport"] if len(path) > 2 else ""  # noqa: PLR2004 - servers.<name>.<key>
    known = fields_of(path[:-1], transport)
    for other in TRANSPORTS:
        if key in fields_of(path[:-1], other):
            return f"belongs to a server with transport {other}; this one has {transport}"
    close = get_close_matches(key.lower(), known, n=1)
    return f"unknown key; did you mean '{close[0]}'?" if close else f"unknown key; known are {', '.join(known)}"


def _dotted(path: Path) -> str:
    """Write the path as text. A key that is not plainly one (``{KEY:sk-...}``, a space forgotten) may hold a secret."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if _PLAIN_KEY.fullmatch(part) and not looks_secret(part) else ".<key>"
    return text.removeprefix(".")
