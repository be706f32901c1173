"""Reviews as a file: exported, compared, and promoted from one installation to another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interlock.control.people import MAX_REASON, Operator, is_name
from interlock.control.ports import Classify, InventoryStore
from interlock.core.approval import class_axes
from interlock.core.forms import class_from_json
from interlock.core.inventory import Review
from interlock.core.words import Confidence, ToolClass

_KEYS = ("server", "tool", "digest", "class", "reviewer", "reason", "date")
_AXES = frozenset({"impact", "destructive", "reversibility", "sensitivity", "blast", "open_ended", "by"})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class BadReview(ValueError):
    """A form that is no review: at ``key`` (``None``: as a whole), for the reason the message tells."""

    def __init__(self, key: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: how many reviews were kept, and which of them accepted a tool here."""

    kept: int
    applied: tuple[Review, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Reviews that only the inventory has, that only the file has, and that differ (ours, theirs)."""

    ours: tuple[Review, ...]
    theirs: tuple[Review, ...]
    differing: tuple[tuple[Review, Review], ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not (self.ours or self.theirs or self.differing)


def to_form(review: Review) -> dict[str, Any]:
    """Return a review as plain data."""
    return {
        "server": review.server,
        "tool": review.tool,
        "digest": review.digest,
        "class": _axes(review.tool_class) if review.tool_class else None,
        "reviewer": review.reviewer,
        "reason": review.reason,
        "date": review.date,
    }


def from_form(form: Any) -> Review:
    """Return the review that :func:`to_form` wrote.

    Raises:
        BadReview: it is none; says which key is wrong, and never quotes its value.

    """
    if not isinstance(form, Mapping):
        raise BadReview(None, "a review is a mapping")
    for key in sorted(map(str, form.keys() - set(_KEYS))):
        raise BadReview(key, f"unknown key; a review has {', '.join(_KEYS)}")
    texts = {key: _text(form, key) for key in _KEYS if key != "class"}
    if not _DIGEST.fullmatch(texts["digest"]):
        raise BadReview("digest", "must be sha256: and 64 hexadecimal digits")
    if not _DATE.fullmatch(texts["date"]):
        raise BadReview("date", "must be RFC 3339 in UTC, such as 2026-01-31T12:00:00Z, in quotes")
    if not is_name(texts["reviewer"]):
        raise BadReview("reviewer", "must be a person's name, without a comma")
    if len(texts["reason"]) > MAX_REASON:
        raise BadReview("reason", f"must be at most {MAX_REASON} characters")
    return Review(tool_class=_class(form.get("class")), **texts)


def compare(ours: Sequence[Review], theirs: Sequence[Review]) -> Comparison:
    """Compare the reviews of two installations, by server, tool and digest."""
    here, there = {_key(each): each for each in ours}, {_key(each): each for each in theirs}
    return Comparison(
        ours=tuple(here[key] for key in sorted(here.keys() - there.keys())),
        theirs=tuple(there[key] for key in sorted(there.keys() - here.keys())),
        differing=tuple(
            (here[key], there[key])
            for key in sorted(here.keys() & there.keys())
            if to_form(here[key]) != to_form(there[key])
        ),
    )


def take(
    store: InventoryStore, reviews: Sequence[Review], operator: Operator, classify: Classify, now: float
) -> Imported:
    """Keep reviews made elsewhere. One of the definition last seen accepts it; another waits for its definition."""
    seen = {(row["server"], row["name"], row["digest"]): row["definition"] for row in store.tools()}
    known = {_key(each): to_form(each) for each in store.reviews()}
    fresh = [each for each in reviews if known.get(_key(each)) != to_form(each)]
    inferred = [(each, classify(each.server, seen[_key(each)]) if _key(each) in seen else None) for each in fresh]
    return Imported(len(fresh), tuple(store.import_reviews(inferred, operator.claim(), now)))


def _key(review: Review) -> tuple[str, str, str]:
    return review.server, review.tool, review.digest


def _axes(tool_class: ToolClass) -> dict[str, Any]:
    return {name: value for name, value in class_axes(tool_class).items() if name in _AXES}


def _text(form: Mapping[str, Any], key: str) -> str:
    value = form.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadReview(key if key in form else None, f"{key} must be a text")
    return value


def _class(form: Any) -> ToolClass | None:
    if form is None:
        return None
    if not isinstance(form, Mapping) or not form.keys() <= _AXES:
        raise BadReview("class", f"must be a mapping of {', '.join(sorted(_AXES))}, or null")
    by = form.get("by", [])
    if not isinstance(by, list) or not all(isinstance(name, str) for name in by):
        raise BadReview("class", "by must be a list of parameter names")
    try:
        return class_from_json({**form, "confidence": Confidence.REVIEWED.value})
    except (KeyError, ValueError) as error:
        raise BadReview("class", f"is no class: {error}") from None
