from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core import inventory
from interlock.core.inventory import (
    MAX_NAME,
    RESERVED_PREFIX,
    UNPINNED,
    Review,
    Unusable,
    definition_digest,
    flaws,
    reviewed,
    standing,
)
from interlock.core.words import Confidence, Evidence, Impact, Source, Standing
from unit.core.sample import DELETES, manner

REVIEW = Review("tickets", "delete_ticket", "sha256:d", None, "grace", "as documented", "2026-01-02")
PINS = st.sampled_from([None, "sha256:a", "sha256:b"])


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(inventory)
    assert found
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
    assert {name for name, (_, _, by_keyword) in found.items() if by_keyword} == {"ServerEntry"}


def test_a_definition_is_pinned_whole() -> None:
    definition = {"name": "x", "_meta": {"a": 1}, "inputSchema": {"type": "object"}}
    canonical = b'{"_meta":{"a":1},"inputSchema":{"type":"object"},"name":"x"}'
    assert definition_digest(definition) == "sha256:" + hashlib.sha256(canonical).hexdigest()
    assert frozenset() == UNPINNED
    for key in definition:
        assert definition_digest({**definition, key: "other"}) != definition_digest(definition)


def test_keys_that_are_not_pinned_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "UNPINNED", frozenset({"annotations"}))
    assert definition_digest({"name": "x", "annotations": {}}) == definition_digest({"name": "x"})


def test_the_gateways_own_names_are_reserved() -> None:
    assert RESERVED_PREFIX == "interlock_"


@pytest.mark.parametrize(
    ("before", "pin", "listed", "after"),
    [
        (None, None, "sha256:a", Standing.NEW),
        (Standing.NEW, None, "sha256:b", Standing.NEW),
        (Standing.NEW, "sha256:a", "sha256:a", Standing.PINNED),
        (Standing.PINNED, "sha256:a", "sha256:a", Standing.PINNED),
        (Standing.PINNED, "sha256:a", "sha256:b", Standing.DRIFTED),
        (None, "sha256:a", "sha256:b", Standing.DRIFTED),
        (Standing.GONE, "sha256:a", "sha256:a", Standing.PINNED),
        (Standing.GONE, "sha256:a", "sha256:b", Standing.DRIFTED),
        (Standing.PINNED, "sha256:a", None, Standing.GONE),
        (None, None, None, Standing.GONE),
        (Standing.GONE, None, None, Standing.GONE),
    ],
)
def test_how_a_tool_stands(before: Standing | None, pin: str | None, listed: str | None, after: Standing) -> None:
    assert standing(before=before, pin=pin, listed=listed) is after


@given(st.lists(PINS))
def test_drift_holds_whatever_is_listed_until_somebody_reviews_it(listings: list[str | None]) -> None:
    now = Standing.DRIFTED
    for listed in listings:
        now = standing(before=now, pin="sha256:a", listed=listed)
        assert now is Standing.DRIFTED


def test_only_the_pinned_definition_is_ever_pinned() -> None:
    for before in (None, *Standing):
        for listed in (None, "sha256:a", "sha256:b"):
            for pin in (None, "sha256:a"):
                found = standing(before=before, pin=pin, listed=listed)
                assert found is not Standing.PINNED or (listed == pin and before is not Standing.DRIFTED)


def test_a_review_gives_its_class_and_keeps_what_was_inferred_as_evidence() -> None:
    given_class = replace(DELETES, impact=Impact.READ_ONLY, evidence=(), findings=())
    found = reviewed(DELETES, replace(REVIEW, tool_class=given_class))
    assert found.impact is Impact.READ_ONLY
    proof = Evidence("all", "reviewed", Source.REVIEWED, "grace, 2026-01-02: as documented")
    assert found.evidence == (proof, *DELETES.evidence)
    assert found.findings == DELETES.findings
    assert found.confidence is Confidence.REVIEWED


def test_a_review_without_a_class_leaves_the_inferred_one() -> None:
    found = reviewed(DELETES, REVIEW)
    assert replace(found, evidence=DELETES.evidence, confidence=DELETES.confidence) == DELETES
    assert found.confidence is Confidence.REVIEWED


SENTENCES = {
    "listing.malformed": "a name is a text of 1 to 256 characters",
    "listing.reserved": "names that begin with interlock_ are the gateway's own",
    "listing.ambiguous": "it is listed more than once, and nobody can tell which is meant",
}


def flawed(shown: str, finding: str) -> Unusable:
    return Unusable(shown, finding, SENTENCES[finding])


@pytest.mark.parametrize(
    ("name", "shown", "finding"),
    [
        (None, "None", "listing.malformed"),
        (7, "7", "listing.malformed"),
        (["x"], "['x']", "listing.malformed"),
        ("", "''", "listing.malformed"),
        ("x" * 257, "'" + "x" * 255, "listing.malformed"),
        ("\ud800", "'\\ud800'", "listing.malformed"),
        ("a\udfff", "'a\\udfff'", "listing.malformed"),
        ("interlock_redeem", "interlock_redeem", "listing.reserved"),
        ("interlock_", "interlock_", "listing.reserved"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_place(name: object, shown: str, finding: str) -> None:
    assert flaws([{"name": "read"}, {"name": name}, {}]) == {
        1: flawed(shown, finding),
        2: flawed("None", "listing.malformed"),
    }


@pytest.mark.parametrize("name", ["x", "x" * MAX_NAME, "interlock", "Interlock_x", "\ud7ff", "\ue000", "日本"])
def test_any_other_name_can_be_used(name: str) -> None:
    assert flaws([{"name": name}, {"name": "read"}]) == {}


def test_of_two_with_one_name_neither_is_used() -> None:
    found = flaws([{"name": "a", "title": "one"}, {"name": "b"}, {"name": "a", "title": "two"}])
    assert found == {0: flawed("a", "listing.ambiguous"), 2: flawed("a", "listing.ambiguous")}
    assert flaws([]) == {}
