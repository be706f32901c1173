"""The command line: words in, one function called, an exit code out.

Exit codes: 0 ok, 1 findings or denied, 2 usage or configuration, 3 runtime, 4 integrity; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType

from interlock.cli.table import COMMANDS, CONFIG, GROUPS, Command, resolve
from interlock.cli.terminal import complain, forget_output
from interlock.core.errors import Fault

RUNTIME = 3
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    face = _Face()
    with face:
        arguments = build_parser().parse_args(argv)
        face.code = resolve(arguments.target)(arguments)
        sys.stdout.flush()
    return face.code


class _Face:
    """Where every failure becomes words and an exit code. Nothing gets past it, so that nothing needs to."""

    code = RUNTIME

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Convert what was raised; always swallowed."""
        if error is not None:
            self.code = _convert(error)
        return True


def _convert(error: BaseException) -> int:
    if isinstance(error, SystemExit):  # argparse, which has said what it has to
        return error.code if isinstance(error.code, int) else 0
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        forget_output()
        return RUNTIME
    if isinstance(error, Fault):
        complain(error.diagnostics())
        return error.exit_code
    if isinstance(error, OSError) and error.filename is not None:
        complain(f"{error.filename}: {error.strerror}")
        return RUNTIME
    _report_bug(error)
    return RUNTIME


def _report_bug(error: BaseException) -> None:
    """Say that it is our fault, without the error's own text: it may quote what should not be printed."""
    if os.environ.get("INTERLOCK_DEBUG") == "1":
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    complain(
        f"a bug in Interlock: {type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}\n"  # noqa: PTH119 (a frame's file is text)
        "  -> run it again with INTERLOCK_DEBUG=1 and report what it prints, as CONTRIBUTING.md says"
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="interlock", description="A gateway that every MCP tool call passes.", allow_abbrev=False
    )
    parsers: dict[str, argparse.ArgumentParser] = {"": parser}
    below: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in COMMANDS:
        words = command.words.split()
        for length in range(1, len(words)):
            _add(" ".join(words[:length]), None, parsers, below)
        _add(command.words, command, parsers, below)
    return parser


def _add(
    words: str,
    command: Command | None,
    parsers: dict[str, argparse.ArgumentParser],
    below: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]],
) -> None:
    """Add a command, or the first words of longer ones, below what it follows."""
    if words in parsers:
        return
    parent, _, word = words.rpartition(" ")
    if parent not in below:
        must = parsers[parent].get_default("target") is None
        below[parent] = parsers[parent].add_subparsers(metavar="COMMAND", required=must)
    about = command.help if command else GROUPS[words]
    parsers[words] = parser = below[parent].add_parser(word, help=about, description=about, allow_abbrev=False)
    if command is not None:
        parser.set_defaults(target=command.target)
        for option in (*command.options, CONFIG):
            parser.add_argument(*option.names, **option.how)
