"""How the story looks: numbered acts, short lines, things of a kind below each other."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from interlock.cli.terminal import tint, write
from interlock.core.errors import InterlockError
from interlock.core.visible import reveal

WIDEST = 100
_INDENT = "   "
_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "run": "green",
        "ran": "green",
        "notify": "green",
        "pending": "yellow",
        "confirm": "yellow",
        "two_persons": "yellow",
        "denied": "red",
        "blocked": "red",
        "expired": "red",
    }
)


class Teller:
    """Tells act after act, and counts them."""

    def __init__(self) -> None:
        self._acts = 0

    def title(self, text: str) -> None:
        """Begin."""
        write(f"{text}\n{'=' * len(text)}\n")

    def act(self, text: str) -> None:
        """Begin the next act."""
        self._acts += 1
        write(f"\n{self._acts}. {text}")

    def say(self, text: str) -> None:
        """Tell something in a paragraph."""
        _paragraph(text, _INDENT)

    def quote(self, text: str) -> None:
        """Show a text word for word, as the model gets it."""
        for line in text.splitlines():
            _paragraph(line, f"{_INDENT}  | ")

    def command(self, *words: str) -> None:
        """Show a command that a person could have typed; it is run as shown, with ``-c`` added."""
        write(f"{_INDENT}  $ interlock {shlex.join(words)}")

    def lines(self, texts: Sequence[str]) -> None:
        """Show lines of output as they are."""
        for text in texts:
            write(f"{_INDENT}  {text}")

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show rows in columns. The last column is wrapped; a cell that is a control or a status has its colour."""
        safe = [[reveal(cell, keep="⟨⟩") for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in safe) for column in range(len(safe[0]) - 1)]
        margin = len(_INDENT) + 2 + sum(widths) + 2 * len(widths)
        for row in safe:
            head = "  ".join(
                _tinted(cell) + " " * (width - len(cell)) for cell, width in zip(row[:-1], widths, strict=True)
            )
            first, *more = textwrap.wrap(row[-1], max(_width() - margin, 20)) or [""]
            print(f"{_INDENT}  {head}  {_tinted(first)}".rstrip())
            for line in more:
                write(" " * margin + line)

    def status(self, status: str, text: str) -> None:
        """Show what a call came to."""
        self.rows([["->", status, text]])


def expect(happened: bool, what: str) -> None:  # noqa: FBT001 (an assertion reads so)
    """Make sure that what is told is true.

    Raises:
        InterlockError: it is not.

    """
    if not happened:
        raise InterlockError(
            f"the story did not come out: {what}", "this is a defect of Interlock or of its demo: report it"
        )


def _paragraph(text: str, indent: str) -> None:
    write(textwrap.fill(text, _width(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False))


def _tinted(cell: str) -> str:
    return tint(cell, _COLOURS[cell]) if cell in _COLOURS else cell


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)
