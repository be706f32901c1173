"""``interlock inventory reviews export|import|diff``: reviews.yaml."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from interlock.classify import classify
from interlock.cli.context import now, open_desk, operator_of, settings_of
from interlock.cli.files import write_file
from interlock.cli.terminal import talk, write, write_json
from interlock.control import reviews
from interlock.core.errors import OperatorError
from interlock.core.inventory import Review
from interlock.settings.document import MAX_BYTES, Document, DocumentError, read_document

VERSION = 1
_HEAD = "# Reviews of tool definitions; docs/howto/accept-a-tool.md tells how to move them between installations.\n"
_NEXT = "docs/howto/accept-a-tool.md shows the format"


def export(arguments: argparse.Namespace) -> int:
    """Write every review, to a file or to standard output."""
    with open_desk(settings_of(arguments)) as desk:
        forms = [reviews.to_form(each) for each in desk.reviews()]
    if arguments.output == "json":
        write_json({"version": VERSION, "reviews": forms})
        return 0
    body = {"version": VERSION, "reviews": forms}
    text = _HEAD + yaml.safe_dump(body, sort_keys=False, allow_unicode=False, width=120)
    if arguments.file is None:
        sys.stdout.write(text)
    else:
        write_file(arguments.file, text.encode())
        talk(f"{arguments.file}: {len(forms)} reviews")
    return 0


def take(arguments: argparse.Namespace) -> int:
    """Keep the reviews of a file; each of a definition as last seen accepts it."""
    found = read_reviews(arguments.file)
    operator = operator_of(arguments, "imported")
    with open_desk(settings_of(arguments)) as desk:
        done = reviews.take(desk, found, operator, classify, now())
    for each in done.applied:
        write(f"{each.server}/{each.tool}: accepted by {each.reviewer}'s review")
    talk(f"{done.kept} of {len(found)} reviews were new; {len(done.applied)} accepted a tool here")
    return 0


def diff(arguments: argparse.Namespace) -> int:
    """Compare the reviews kept here with those of a file; exits 1 where they differ."""
    found = read_reviews(arguments.file)
    with open_desk(settings_of(arguments)) as desk:
        compared = reviews.compare(desk.reviews(), found)
    if arguments.output == "json":
        write_json(
            {
                "only_here": [reviews.to_form(each) for each in compared.ours],
                "only_there": [reviews.to_form(each) for each in compared.theirs],
                "differing": [
                    {"here": reviews.to_form(ours), "there": reviews.to_form(theirs)}
                    for ours, theirs in compared.differing
                ],
            }
        )
    else:
        _tell(compared, arguments.file)
    return 0 if compared.same else 1


def read_reviews(path: Path) -> list[Review]:
    """Return the reviews of a file.

    Raises:
        OperatorError: it cannot be read or is wrong; a line for every problem, with its place.

    """
    document = _read(path)
    data = document.data
    if not isinstance(data, dict) or data.keys() != {"version", "reviews"} or data["version"] != VERSION:
        raise OperatorError(f"{path}: must be version: {VERSION} and reviews, and nothing else", _NEXT)
    if not isinstance(data["reviews"], list):
        raise OperatorError(f"{path}: reviews must be a list", _NEXT)
    problems = [f"{path}:{each.mark.line}:{each.mark.column}: {each.text}" for each in document.problems]
    found, wrong = _take_each(data["reviews"], document, path)
    if problems or wrong:
        raise OperatorError("\n".join([*problems, *wrong]), _NEXT)
    return found


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as stream:
            return read_document(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise OperatorError(f"{path}: cannot be read: {error.strerror}", "name a readable file") from None
    except DocumentError as error:
        raise OperatorError(f"{path}:{error.mark.line}:{error.mark.column}: {error.text}", _NEXT) from None


def _take_each(forms: Sequence[Any], document: Document, path: Path) -> tuple[list[Review], list[str]]:
    found: dict[tuple[str, str, str], Review] = {}
    wrong: list[str] = []
    for index, form in enumerate(forms):
        here = ("reviews", index)
        try:
            review = reviews.from_form(form)
        except reviews.BadReview as bad:
            mark = document.mark((*here, bad.key) if bad.key is not None else here)
            wrong.append(f"{path}:{mark.line}:{mark.column}: {f'{bad.key}: ' if bad.key else ''}{bad}")
            continue
        if found.setdefault((review.server, review.tool, review.digest), review) is not review:
            wrong.append(f"{path}:{document.mark(here).line}: the same definition is reviewed twice")
    return list(found.values()), wrong


def _tell(compared: reviews.Comparison, path: Path) -> None:
    for each in compared.ours:
        write(f"only here: {each.server}/{each.tool} {each.digest}")
    for each in compared.theirs:
        write(f"only in {path}: {each.server}/{each.tool} {each.digest}")
    for ours, theirs in compared.differing:
        write(f"differs: {ours.server}/{ours.tool} {ours.digest}")
        for key, value in reviews.to_form(ours).items():
            other = reviews.to_form(theirs)[key]
            if value != other:
                write(f"  {key}: {value} here, {other} in {path}")
