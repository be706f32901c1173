from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.control import inventory, reviews
from interlock.control.people import Operator
from interlock.core.inventory import Review, definition_digest
from interlock.core.words import Blast, Confidence
from interlock.stores.sqlite.desk import Desk
from unit.control.sample import FILES, NOW, READS, Servers, new_store, reads, tool

ADA = Operator(name="ada", reason="from the other house", os_user="root")
REVIEW = Review(
    server="files",
    tool="read",
    digest=definition_digest(tool("read")),
    tool_class=replace(READS, blast=Blast.MANY, confidence=Confidence.REVIEWED),
    reviewer="bob",
    reason="read it",
    date="2026-01-31T12:00:00Z",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(new_store(tmp_path))) as opened:
        asyncio.run(inventory.sync(opened, Servers({"files": [tool("read")]}), [FILES], reads, (NOW, None)))
        yield opened


@pytest.mark.parametrize("review", [REVIEW, replace(REVIEW, tool_class=None)])
def test_a_review_survives_its_form(review: Review) -> None:
    assert reviews.from_form(reviews.to_form(review)) == review


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"digest": "sha256:7"}, "digest"),
        ({"digest": None}, "digest"),
        ({"date": "yesterday"}, "date"),
        ({"reviewer": "ada,bob"}, "reviewer"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"rason": "x"}, "rason"),
        ({"class": "high"}, "class"),
        ({"class": {"impact": "read_only"}}, "class"),
        ({"class": {**reviews.to_form(REVIEW)["class"], "impact": "none"}}, "class"),
        ({"class": {**reviews.to_form(REVIEW)["class"], "by": "x"}}, "class"),
        ({"class": {**reviews.to_form(REVIEW)["class"], "evidence": []}}, "class"),
    ],
)
def test_a_bad_form_names_its_key(change: dict[str, Any], key: str) -> None:
    with pytest.raises(reviews.BadReview) as bad:
        reviews.from_form({**reviews.to_form(REVIEW), **change})
    assert bad.value.key == key


def test_a_form_that_is_none_is_refused_as_a_whole() -> None:
    with pytest.raises(reviews.BadReview, match="mapping"):
        reviews.from_form([])
    with pytest.raises(reviews.BadReview, match="reason must be") as bad:
        reviews.from_form({key: value for key, value in reviews.to_form(REVIEW).items() if key != "reason"})
    assert bad.value.key is None


def test_comparing_finds_both_sides_and_what_differs() -> None:
    other, changed = replace(REVIEW, tool="write"), replace(REVIEW, reason="read it twice")
    compared = reviews.compare([REVIEW, other], [changed, replace(REVIEW, server="web")])
    assert compared.ours == (other,)
    assert compared.theirs == (replace(REVIEW, server="web"),)
    assert compared.differing == ((REVIEW, changed),)
    assert not compared.same
    assert reviews.compare([REVIEW], [REVIEW]).same


@pytest.mark.parametrize("theirs", [[], [replace(REVIEW, reason="other")], [REVIEW, replace(REVIEW, tool="x")]])
def test_any_difference_is_a_difference(theirs: list[Review]) -> None:
    assert not reviews.compare([REVIEW], theirs).same


def test_an_import_accepts_the_definition_it_was_made_for(desk: Desk) -> None:
    done = reviews.take(desk, [REVIEW], ADA, reads, NOW)
    assert (done.kept, done.applied) == (1, (REVIEW,))
    (row,) = desk.tools()
    assert (row["standing"], row["class"]["blast"]) == ("pinned", "many")
    record = desk.find({"kind": "review"}, 1)[0]["detail"]
    assert (record["reviewer"], record["by"], record["why"]) == ("bob", "ada", "from the other house")


def test_importing_again_does_nothing(desk: Desk) -> None:
    reviews.take(desk, [REVIEW], ADA, reads, NOW)
    assert reviews.take(desk, [REVIEW], ADA, reads, NOW) == reviews.Imported(0, ())
    assert reviews.take(desk, [replace(REVIEW, reason="again")], ADA, reads, NOW).kept == 1


def test_a_review_of_another_definition_is_kept_and_accepts_nothing(desk: Desk) -> None:
    later = replace(REVIEW, digest=definition_digest(tool("read", "Later.")))
    assert reviews.take(desk, [later], ADA, reads, NOW) == reviews.Imported(1, ())
    assert desk.tools()[0]["standing"] == "new"
