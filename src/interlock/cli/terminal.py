"""What a person sees: data on standard output, talk on standard error, nothing that hides or moves the cursor."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from interlock.core.visible import reveal

_COLOURS = MappingProxyType({"red": 31, "green": 32, "yellow": 33})
_GAP = 2
_NARROWEST = 8


def write(text: str) -> None:
    """Write data for a person: lines of text, whose characters are all visible."""
    for line in text.split("\n"):
        print(_safe(line))


def write_json(value: Any) -> None:
    """Write one JSON document, in ASCII: it is exact, and nothing in it can move a cursor."""
    print(json.dumps(value, indent=2))


def write_json_line(value: Any) -> None:
    """Write one line of JSON Lines, at once."""
    print(json.dumps(value), flush=True)


def talk(text: str) -> None:
    """Say something to the person on standard error."""
    for line in text.split("\n"):
        print(_safe(line), file=sys.stderr)


def complain(text: str) -> None:
    """Say on standard error what went wrong."""
    talk(f"interlock: {text}")


def forget_output() -> None:
    """Let Python close a standard output whose reader is gone without a word."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # no file at all: nothing to close


def tint(text: str, colour: str) -> str:
    """Return text in a colour where a person looks at it and wants colours (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def write_table(
    headers: Sequence[str], rows: Iterable[Sequence[Any]], colours: Mapping[str, str] | None = None
) -> None:
    """Write rows in columns. On a terminal too narrow the widest columns are cut; elsewhere nothing is.

    A cell whose text is in ``colours`` gets its colour.
    """
    cells = [[_safe("" if cell is None else str(cell)) for cell in row] for row in rows]
    lines = [list(headers), *cells]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headers))]
    if sys.stdout.isatty():
        widths = fit(widths, shutil.get_terminal_size().columns)
    for line in lines:
        padded = [_pad(cell, width) for cell, width in zip(line, widths, strict=True)]
        tinted = [_tinted(text, cell, colours or {}) for text, cell in zip(padded, line, strict=True)]
        print((" " * _GAP).join(tinted).rstrip())


def fit(widths: Sequence[int], room: int) -> list[int]:
    """Return column widths that fit into ``room`` characters, the widest cut first, none below a least width."""
    fitted = list(widths)
    while sum(fitted) + _GAP * (len(fitted) - 1) > room and max(fitted) > _NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _tinted(text: str, cell: str, colours: Mapping[str, str]) -> str:
    return tint(text, colours[cell]) if cell in colours else text


def _pad(text: str, width: int) -> str:
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _safe(text: str) -> str:
    """Spell out what is invisible, but nothing twice; a colour of ours is put on afterwards."""
    return text if text.isascii() and text.isprintable() else reveal(text, keep="⟨⟩")
