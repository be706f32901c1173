"""Lines and fidelity."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.audit import sample_log
from golden.audit.sample_log import leaves, rows
from interlock import canon
from interlock.audit import export
from interlock.audit.export import Held, Row, fidelity, read_line, write_line
from interlock.audit.merkle import leaf_hash
from interlock.audit.record import leaf
from unit.core.sample import manner

GOLDEN = Path(sample_log.__file__).parent
LEAF = b'{"a":1}'
HASH = bytes(range(32))


@pytest.mark.parametrize("name", sorted(sample_log.files()))
def test_the_bytes_of_the_format_do_not_change(name: str) -> None:
    assert sample_log.files()[name] == (GOLDEN / name).read_bytes()


def test_a_line_carries_the_stored_hash_in_front() -> None:
    assert write_line(Row(LEAF, HASH)) == b'{"_leaf":"sha256:' + HASH.hex().encode() + b'","a":1}\n'
    assert write_line(Row(LEAF)) == LEAF + b"\n"


def test_a_stored_hash_is_not_computed_anew() -> None:
    assert read_line(write_line(Row(LEAF, HASH))).stored == HASH != leaf_hash(LEAF)


@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_golden_lines_are_canonical_and_read_back(end: bytes) -> None:
    lines = (GOLDEN / "sample.jsonl").read_bytes().splitlines()
    assert [read_line(line + end) for line in lines] == rows()
    for line in lines:
        assert canon.encode(canon.parse(line)) == line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"_leaf":"sha256:' + b"a" * 63 + b'",}',
        b'{"_leaf":"sha256:' + b"A" * 64 + b'",}',
        b'{"_leaf":"' + b"a" * 64 + b'",}',
        b' {"_leaf":"sha256:' + b"a" * 64 + b'",}',
        b'{"_leaf":"sha256:' + b"a" * 64 + b'"}',
    ],
)
def test_another_line_is_taken_as_it_is(line: bytes) -> None:
    assert read_line(line) == Row(line)


def test_only_one_newline_ends_a_line() -> None:
    assert read_line(b"{}\n\n") == Row(b"{}\n")
    assert read_line(b"{}\r\n") == Row(b"{}\r")


@given(st.binary())
def test_any_line_is_read(line: bytes) -> None:
    assert isinstance(read_line(line), Row)


def test_fidelity_of_the_sample() -> None:
    # ended: a pending and a blocked decision, a completed and an unknown outcome
    assert fidelity(canon.parse(each) for each in leaves()) == {
        "identity": Held(4, 0, 0),
        "host": Held(4, 0, 0),
        "machine": Held(4, 0, 0),
        "tenant": Held(4, 0, 0),
        "tool": Held(4, 0, 0),
        "prompt context": Held(0, 4, 0),
        "outcome": Held(3, 0, 1),
    }


@pytest.mark.parametrize(
    ("aspect", "field"),
    [("identity", "identity"), ("host", "host"), ("machine", "machine"), ("tenant", "resource"),
     ("tool", "definition"), ("prompt context", "prompt")],
)  # fmt: skip
def test_each_aspect_has_its_field(aspect: str, field: str) -> None:
    ended = canon.parse(leaf(sample_log.of_call(sample_log.Kind.DECISION, 1, outcome="denied"), 0))
    held = [{"verified": 1, "claimed": 2}, {"claimed": 2}, {"claimed": 2}, *[{"absent": "x"}] * 3]
    before = fidelity([ended] * 6)
    after = fidelity({**ended, field: each} for each in held)
    assert after == before | {aspect: Held(1, 2, 3)}


@pytest.mark.parametrize("outcome", sample_log.Outcome)
def test_an_outcome_is_verified_where_it_was_seen(outcome: str) -> None:
    ended = canon.parse(leaf(sample_log.of_call(sample_log.Kind.DECISION, 1, outcome="denied"), 0))
    lost = outcome in ("transport_error", "outcome_unknown", "answered")
    assert fidelity([{**ended, "outcome": outcome}])["outcome"] == (Held(0, 0, 1) if lost else Held(1, 0, 0))


def test_shares() -> None:
    held = Held(1, 2, 5)
    assert [held.share(each) for each in ("verified", "claimed", "absent")] == [0.125, 0.25, 0.625]
    assert Held().share("verified") == 0.0
    assert Held() == Held(0, 0, 0) == fidelity([])["tool"]


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(export)
    assert found
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
