"""Policy text: cut into statements, parsed one by one, with a line for every complaint.

Cedar's Python binding tells what is wrong but not where, so each policy is handed over alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cedarpy import PolicySet, policies_to_json_str

from interlock import canon

# A comment, a string, the end of a statement, or anything else that is not white space.
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^\s;"/]+|["/]', re.DOTALL)
# Cedar's parser overflows its stack, and takes the process with it, on text some thousands deep.
_MAX_NESTING = 64
_MAX_LENGTH = 4_000
_QUOTED = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|\s+', re.DOTALL)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_UNFINISHED = "unexpected end of input"
_SYNTAX = ("unexpected token", "invalid token")
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of one policy, and where it begins (lines count from 1)."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One parsed policy: its ``@id``, Cedar's JSON form of it, and where it stands."""

    name: str
    body: Mapping[str, Any]
    statement: Statement

    @property
    def place(self) -> str:
        """Where it stands, for a person: file, line and id."""
        return f"{self.statement.file}:{self.statement.line}: {self.name}"


class Misread(ValueError):
    """A statement is not one policy. The message begins with file and line."""


def invisible(file: str, text: str) -> Iterator[str]:
    """Complain of characters that a reviewer cannot see: they make a rule read otherwise than it is."""
    for number, line in enumerate(text.split("\n"), start=1):
        for character in sorted(set(line) - {"\t", "\r"}):
            if unicodedata.category(character) in _INVISIBLE:
                yield f"{file}:{number}: invisible character U+{ord(character):04X}; in a string write it as an escape"


def split(file: str, text: str) -> Iterator[Statement]:
    """Cut a file into statements at each ``;`` that is in no string and no comment."""
    start = None
    for token in _TOKEN.finditer(text):
        if start is None and not token[0].startswith("//"):
            start = token.start()
        if token[0] == ";":
            yield _statement(file, text, start or 0, token.end())
            start = None
    if start is not None:
        yield _statement(file, text, start, len(text))


def _statement(file: str, text: str, start: int, end: int) -> Statement:
    return Statement(file, text.count("\n", 0, start) + 1, text[start:end])


def parse(statement: Statement) -> Policy:
    """Parse one statement.

    Raises:
        Misread: it is no policy, a template, too long or nested too deep, or has no proper ``@id``.

    """
    _check_size(statement)
    try:
        text = policies_to_json_str(statement.text)
    except ValueError as error:
        raise Misread(f"{statement.file}:{_line_of(statement, str(error))}: {one_line(str(error))}") from None
    try:
        # The judge is built from this form, so what is decided by is what is digested; Cedar bounds its depth.
        PolicySet.from_json_str(text)
        parsed = canon.parse(text.encode())
    except ValueError:
        raise _oversized(statement) from None
    if parsed["templates"]:
        raise Misread(f"{statement.file}:{statement.line}: a template decides nothing; write the policy out")
    (body,) = parsed["staticPolicies"].values()
    name = body.get("annotations", {}).get("id")
    if not name:
        raise Misread(f'{statement.file}:{statement.line}: the policy has no name; put @id("...") before it')
    if not _NAME.fullmatch(name):
        raise Misread(
            f"{statement.file}:{statement.line}: {name!r} is no @id: at most 100 of a-z 0-9 . _ - (no . _ - first)"
        )
    return Policy(name, body, statement)


def one_line(complaint: str) -> str:
    """Return Cedar's complaint, which may quote the policy, in one line."""
    return " ".join(complaint.split())


def _check_size(statement: Statement) -> None:
    """Refuse, before Cedar sees it, what is too long (strings, comments and white space not counted) or too deep."""
    skeleton = _QUOTED.sub("", statement.text)
    depth = deepest = 0
    for character in skeleton:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if len(skeleton) > _MAX_LENGTH or deepest > _MAX_NESTING:
        raise _oversized(statement)


def _oversized(statement: Statement) -> Misread:
    return Misread(f"{statement.file}:{statement.line}: the policy is too long or nested too deep; split it")


def _line_of(statement: Statement, complaint: str) -> int:
    """Find the line of a syntax error: the first at which the text so far is wrong and not just unfinished."""
    if not complaint.startswith(_SYNTAX):
        return statement.line
    for cut in re.finditer("\n", statement.text):
        if _complaint(statement.text[: cut.start()]) not in ("", _UNFINISHED):
            return statement.line + statement.text.count("\n", 0, cut.start())
    return statement.line + statement.text.count("\n")


def _complaint(text: str) -> str:
    try:
        policies_to_json_str(text)
    except ValueError as error:
        return str(error)
    return ""
