"""interlock.yaml -> :class:`~interlock.settings.types.Settings`, or all that is wrong with it at once."""

from __future__ import annotations

import os.path
from pathlib import Path

from pydantic import ValidationError

from interlock.core.errors import OperatorError
from interlock.settings.build import build
from interlock.settings.checks import check_servers, check_together
from interlock.settings.document import MAX_BYTES, Document, DocumentError, Problem, read_document
from interlock.settings.problems import describe, in_order, shape_problems
from interlock.settings.shape import VERSION, File
from interlock.settings.types import Settings

_NEXT = "correct the file and try again; docs/spec/configuration.md explains every key"


def load(path: Path) -> Settings:
    """Read the configuration file.

    Raises:
        OperatorError: the file cannot be read, or is wrong: one line ``path:line:column: key: what`` for
            every problem, none with a value of the file in it.

    """
    return parse(_read(path), path)


def parse(raw: bytes, path: Path) -> Settings:
    """Read a configuration from its bytes; ``path`` says whose, for messages and relative paths.

    Raises:
        OperatorError: as for :func:`load`.

    """
    try:
        document = read_document(raw)
    except DocumentError as error:
        place = f"{path}:{error.mark.line}:{error.mark.column}"
        raise OperatorError(f"{place}: {error.text}", _NEXT) from None
    _check_version(document, path)
    file, problems = _check(document)
    if file is None or problems:
        raise _wrong(path, problems)
    directory = Path(os.path.realpath(path.parent))
    return build(file, directory / path.name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise OperatorError(f"{path}: there is no such file", "run `interlock init` to write one") from None
    except IsADirectoryError:
        raise OperatorError(f"{path}: this is a directory", f"name the file, {path / 'interlock.yaml'}") from None
    except PermissionError:
        raise OperatorError(f"{path}: not allowed to read it", "give this user read permission") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise OperatorError(f"{path!s}: cannot be read: {reason}", "name a readable file") from None


def _check_version(document: Document, path: Path) -> None:
    """Refuse a file of another version, or of none: of such a file nothing else can be said."""
    data = document.data
    if not isinstance(data, dict):
        raise _wrong(path, [Problem((), "must be a mapping of sections, such as version: 1", document.mark(()))])
    version = data.get("version", VERSION)
    if type(version) is not int or version != VERSION:
        text = f"this Interlock reads version {VERSION} only; write version: {VERSION}, or use the Interlock it is for"
        raise _wrong(path, [Problem(("version",), text, document.mark(("version",)))])


def _check(document: Document) -> tuple[File | None, list[Problem]]:
    problems = [*document.problems, *check_servers(document)]
    try:
        file = File.model_validate(document.data)
    except ValidationError as error:
        return None, [*problems, *shape_problems(error, document)]
    return file, [*problems, *check_together(file, document)]


def _wrong(path: Path, problems: list[Problem]) -> OperatorError:
    return OperatorError("\n".join(f"{path}:{describe(problem)}" for problem in in_order(problems)), _NEXT)
