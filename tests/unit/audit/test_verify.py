"""Verification, played as tampering: what was done to the log, and which rules it breaks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.audit.sample_log import KEY, NEXT, ORIGIN, at, checkpoint_of, checkpoints, leaves, of_call, records, rows
from interlock import canon
from interlock.audit.checkpoint import Checkpoint, SigningKey, sign_checkpoint, sign_rotation
from interlock.audit.export import Row
from interlock.audit.merkle import EMPTY_ROOT, leaf_hash, root_of
from interlock.audit.record import CALL_KINDS, MAX_BYTES, Kind, Outcome, Record, absent, leaf
from interlock.audit.verify import MAX_FINDINGS, Finding, Unsettled, Verification, verify
from unit.core.sample import manner

LEAVES = leaves()
ROWS = rows()
NOTES = checkpoints()
BARE = [Row(each) for each in LEAVES]
FIRST = [KEY.verifier]
STRANGER = SigningKey(ORIGIN, bytes(range(3, 35)))


def rules(found: Verification) -> list[str]:
    return [each.rule for each in found.findings]


def judged(tampered: list[Row], notes: dict[str, bytes] | None = None) -> list[str]:
    return rules(verify(tampered, FIRST, NOTES if notes is None else notes))


def only(found: Verification) -> Finding:
    assert len(found.findings) == 1, found.findings
    return found.findings[0]


def changed(index: int, **fields: Any) -> bytes:
    """Leaf ``index`` with some fields changed, in canonical form again."""
    return canon.encode({**canon.parse(LEAVES[index]), **fields})


def replaced(index: int, row: Row, whole: list[Row] = ROWS) -> list[Row]:
    return [*whole[:index], row, *whole[index + 1 :]]


def rewritten(chosen: list[Record]) -> list[Row]:
    """A log of these records, numbered and hashed as they stand."""
    data = [leaf(record, seq) for seq, record in enumerate(chosen)]
    return [Row(each, leaf_hash(each)) for each in data]


def test_the_sample_is_sound() -> None:
    found = verify(iter(ROWS), iter(FIRST), NOTES)
    assert found == Verification(
        findings=(),
        remarks=(),
        omitted=0,
        size=20,
        root=root_of([leaf_hash(each) for each in LEAVES].__getitem__, 0, 20),
        covered=20,
        agreed=3,
        kinds=dict.fromkeys(Kind, 1) | {Kind.INTENT: 3, Kind.DECISION: 2, Kind.OUTCOME: 2},
        unsettled=(Unsettled(19, "call-4"),),
    )
    assert found.sound


def test_stored_hashes_are_not_needed() -> None:
    assert verify(BARE, FIRST, NOTES) == verify(ROWS, FIRST, NOTES)


def test_rows_are_taken_one_at_a_time() -> None:
    alive = 0

    def stream() -> Iterator[Row]:
        nonlocal alive
        for seq in range(200):
            alive += 1
            yield ROWS[0] if seq == 0 else Row(leaf(Record(kind=Kind.STOP, time=at(1), detail={"n": 1}), seq))
            alive -= 1
            assert alive == 0

    assert verify(stream(), FIRST, {}).size == 200


def test_without_checkpoints_a_rewrite_would_pass_and_that_is_said() -> None:
    found = verify(rewritten(records()[:3]), FIRST, {})
    assert found.sound
    assert (found.covered, found.agreed) == (0, 0)
    said = "no checkpoint was given: a log rewritten as a whole would pass"
    assert found.remarks == (Finding("checkpoint.none", None, said),)


def test_records_beyond_the_last_checkpoint_rest_on_themselves() -> None:
    found = verify(ROWS, FIRST, {"a": NOTES["sample-7.note"]})
    assert found.sound
    assert (found.size, found.covered, found.agreed) == (20, 7, 1)


# Editing


@pytest.mark.parametrize("index", range(20))
def test_an_edited_record_is_named_where_its_hash_is_stored(index: int) -> None:
    edited = Row(changed(index, time=at(59)), ROWS[index].stored)
    found = verify(replaced(index, edited), FIRST, NOTES)
    assert only(found) == Finding(
        "leaf.differs", index + 1, f"record {index} was edited: it is not what the log hashed"
    )
    assert found.agreed == 3


@pytest.mark.parametrize(
    ("index", "start", "until", "name"),
    [(0, 0, 0, "sample-1.note"), (1, 1, 6, "sample-7.note"), (6, 1, 6, "sample-7.note"), (7, 7, 19, "sample-20.note")],
)
@pytest.mark.parametrize("hashed", [leaf_hash, lambda _: None], ids=["stored", "bare"])
def test_an_edited_record_is_between_two_checkpoints_otherwise(
    index: int, start: int, until: int, name: str, hashed: Callable[[bytes], bytes | None]
) -> None:
    data = changed(index, time=at(59))
    whole = ROWS if hashed is leaf_hash else BARE
    found = verify(replaced(index, Row(data, hashed(data)), whole), FIRST, NOTES)
    assert only(found) == Finding(
        "root.differs",
        start + 1,
        f"records {start} to {until} are not all what the checkpoint {name} was signed over; "
        f"the records before {start} are not in doubt",
    )
    assert found.covered == start


@pytest.mark.parametrize("stored", [b"", b"short", b"x" * 33, b"x" * 32])
def test_a_broken_stored_hash_is_a_finding(stored: bytes) -> None:
    found = judged(replaced(3, Row(LEAVES[3], stored)))
    assert found[0] == "leaf.differs"
    assert found[1:] == (["root.differs"] if len(stored) == 32 else [])


@given(st.integers(0, 19), st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_passes(index: int, where: int, change: int) -> None:
    data = bytearray(LEAVES[index])
    data[where % len(data)] ^= change
    for row in (Row(bytes(data)), Row(bytes(data), ROWS[index].stored), Row(bytes(data), leaf_hash(bytes(data)))):
        assert not verify(replaced(index, row), FIRST, NOTES).sound


# Removing, inserting, repeating, reordering, truncating, emptying


@pytest.mark.parametrize("index", range(1, 19))
def test_a_removed_record_is_missed(index: int) -> None:
    found = verify(ROWS[:index] + ROWS[index + 1 :], [KEY.verifier, NEXT.verifier], NOTES)
    text = f"records {index} to {index} are missing before record {index + 1}"
    assert found.findings[0] == Finding("seq.gap", index + 1, text)
    assert "log.truncated" in rules(found)
    assert rules(found).count("seq.gap") == 1


def test_removed_records_are_counted() -> None:
    found = verify(ROWS[:2] + ROWS[5:], FIRST, {})
    assert only(found) == Finding("seq.gap", 3, "records 2 to 4 are missing before record 5")


def test_a_repeated_record_is_seen() -> None:
    found = verify([*ROWS[:5], ROWS[4], *ROWS[5:]], FIRST, {})
    assert only(found) == Finding("seq.repeated", 6, "record 4 is repeated or out of order: record 5 is due")


def test_swapped_records_are_seen() -> None:
    found = verify([*ROWS[:2], ROWS[3], ROWS[2], *ROWS[4:]], FIRST, NOTES)
    assert rules(found) == ["seq.gap", "seq.repeated", "root.differs"]
    assert found.remarks[0].rule == "time.backwards"


def test_an_inserted_record_is_seen() -> None:
    extra = leaf(Record(kind=Kind.STOP, time=at(4), detail={"epoch": 9}), 4)
    assert judged([*ROWS[:4], Row(extra), *ROWS[4:]]) == ["seq.repeated", "root.differs"]


def test_a_renumbered_log_is_seen() -> None:
    without = rewritten([each for place, each in enumerate(records()) if place != 4])
    assert judged(without) == ["root.differs", "log.truncated"]


@pytest.mark.parametrize("size", range(1, 20))
def test_a_truncated_log_is_seen(size: int) -> None:
    found = verify(ROWS[:size], [KEY.verifier, NEXT.verifier], NOTES)
    longer = [each for each in (7, 20) if each > size]
    said = f"the log ends after {size} records, but the checkpoint"
    assert [(each.rule, each.line, each.sentence) for each in found.findings] == [
        ("log.truncated", None, f"{said} sample-{each}.note was signed over {each}: records are missing")
        for each in longer
    ]
    assert found.covered == (7 if size >= 7 else 1)


def test_an_empty_log_is_no_log() -> None:
    found = verify([], FIRST, {})
    said = "the log is empty; a log begins with its genesis record, so it was emptied"
    assert only(found) == Finding("log.empty", None, said)
    assert (found.size, found.root, found.covered) == (0, EMPTY_ROOT, 0)
    assert judged([], {"a": NOTES["sample-7.note"]}) == ["log.empty", "log.truncated"]


def test_a_checkpoint_of_the_empty_log_is_met_at_its_beginning() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), KEY)
    found = verify(ROWS, FIRST, {"empty": note})
    assert found.sound
    assert (found.agreed, found.covered) == (1, 0)


def test_a_log_begins_with_genesis() -> None:
    found = verify(rewritten(records()[1:3]), FIRST, {})
    assert only(found) == Finding("log.no_genesis", 1, "the log's head is missing: it begins with a settings record")
    assert judged(ROWS[2:], {}) == ["seq.gap", "log.no_genesis"]


def test_a_log_has_one_genesis() -> None:
    found = verify(rewritten([records()[0], records()[0]]), FIRST, {})
    assert only(found) == Finding("genesis.repeated", 2, "record 1 is another genesis record")


# Checkpoints and keys


def test_a_checkpoint_that_cannot_be_read() -> None:
    found = verify(ROWS, FIRST, {"a": b"nothing", "b": NOTES["sample-7.note"]})
    assert only(found).rule == "checkpoint.malformed"
    assert only(found).sentence.startswith("the checkpoint a cannot be read: a note is a text")
    assert found.agreed == 1
    assert found.remarks == ()


def test_a_wrong_key() -> None:
    found = verify(ROWS, [STRANGER.verifier], {"a": NOTES["sample-7.note"], "b": NOTES["sample-1.note"]})
    assert rules(found) == ["checkpoint.unknown_key"] * 2
    assert found.findings[0].sentence == (
        f"the checkpoint b proves nothing: no known key signed this note; it is signed as {ORIGIN}"
    )
    assert (found.agreed, found.covered) == (0, 0)


def test_a_forged_signature() -> None:
    note = NOTES["sample-7.note"].replace(b"\n7\n", b"\n8\n")
    found = verify(ROWS, FIRST, {"a": note})
    said = f"the checkpoint a is forged: the signature of {ORIGIN} is not over this text"
    assert only(found) == Finding("checkpoint.forged", None, said)


def test_an_untrusted_checkpoint_accuses_nobody() -> None:
    longer = sign_checkpoint(Checkpoint(ORIGIN, 99, b"r" * 32), STRANGER)
    other = sign_checkpoint(Checkpoint(ORIGIN, 7, b"r" * 32), STRANGER)
    assert judged(ROWS, {"a": longer, "b": other}) == ["checkpoint.unknown_key"] * 2


def test_an_untrusted_checkpoint_hides_no_other_of_its_size() -> None:
    stranger = sign_checkpoint(Checkpoint(ORIGIN, 7, b"r" * 32), STRANGER)
    found = verify(ROWS, FIRST, {"a": stranger, "b": NOTES["sample-7.note"]})
    assert only(found).rule == "checkpoint.unknown_key"
    assert (found.agreed, found.covered) == (1, 7)


def test_a_checkpoint_of_another_log() -> None:
    key = SigningKey("log.example/other", b"k" * 32)
    note = sign_checkpoint(Checkpoint("log.example/other", 7, root_of(lambda at: ROWS[at].stored or b"", 0, 7)), key)
    found = verify(ROWS, [key.verifier], {"a": note})
    said = f"the checkpoint a is of the log log.example/other, not of {ORIGIN}"
    assert only(found) == Finding("checkpoint.other_log", None, said)
    assert found.agreed == 0


def contradiction(one: str, size: int, other: str, another: int) -> Finding:
    said = f"the checkpoints {one} (size {size}) and {other} (size {another}) are both signed, but not of one history"
    return Finding("checkpoint.contradiction", None, said)


FORKED = sign_checkpoint(Checkpoint(ORIGIN, 7, b"f" * 32), KEY)
TWICE = sign_checkpoint(Checkpoint(ORIGIN, 7, b"g" * 32), KEY)
AHEAD = [sign_checkpoint(Checkpoint(ORIGIN, 30, root), KEY) for root in (b"h" * 32, b"i" * 32)]


def test_two_checkpoints_of_one_size_contradict_each_other() -> None:
    good = NOTES["sample-7.note"]
    assert only(verify(ROWS, FIRST, {"bad": FORKED, "good": good})) == contradiction("bad", 7, "good", 7)
    assert only(verify(ROWS, FIRST, {"good": good, "bad": FORKED})) == contradiction("bad", 7, "good", 7)


def test_an_earlier_checkpoint_contradicts_a_later_one_that_holds() -> None:
    notes = {"bad": FORKED, "good": NOTES["sample-20.note"]}
    found = verify(ROWS, FIRST, notes)
    assert only(found) == contradiction("bad", 7, "good", 20)
    assert (found.agreed, found.covered) == (1, 20)


def test_contradictions_that_both_differ_from_the_log() -> None:
    found = verify(ROWS, FIRST, {"one": FORKED, "two": TWICE, "same": TWICE})
    assert rules(found) == ["checkpoint.contradiction", "root.differs"]
    assert contradiction("one", 7, "two", 7) in found.findings


def test_contradictions_beyond_the_log() -> None:
    found = verify(ROWS, FIRST, {"one": AHEAD[0], "two": AHEAD[1], "same": AHEAD[1]})
    assert rules(found) == ["checkpoint.contradiction"] + ["log.truncated"] * 3
    assert found.findings[0] == contradiction("one", 30, "two", 30)


def test_a_later_agreement_does_not_clear_a_later_difference() -> None:
    late = sign_checkpoint(Checkpoint(ORIGIN, 18, b"f" * 32), KEY)
    found = verify(ROWS, FIRST, {"bad": late, "good": NOTES["sample-7.note"]})
    assert rules(found) == ["root.differs"]
    assert only(found).line == 8


def test_a_rotated_key_is_learnt_from_the_log() -> None:
    found = verify(ROWS, FIRST, {"a": NOTES["sample-20.note"]})
    assert found.sound
    assert found.agreed == 1


def test_a_rotated_key_is_learnt_only_from_a_trusted_one() -> None:
    assert judged_with([], NOTES) == ["checkpoint.unknown_key"] * 3


def judged_with(keys: list[Any], notes: dict[str, bytes]) -> list[str]:
    return rules(verify(ROWS, keys, notes))


def test_the_newest_key_is_enough_for_its_own_checkpoint() -> None:
    assert judged_with([NEXT.verifier], {"a": NOTES["sample-20.note"]}) == []


def test_a_new_key_is_not_trusted_before_its_record() -> None:
    early = checkpoint_of(LEAVES[:16], NEXT)
    assert judged_with(FIRST, {"a": early}) == ["checkpoint.unknown_key"]
    assert judged_with(FIRST, {"a": checkpoint_of(LEAVES[:17], NEXT)}) == []


def test_a_key_that_nobody_vouches_for() -> None:
    note = sign_rotation(STRANGER, NEXT.verifier).decode()
    for text in (note, "no note"):
        chosen = [records()[0], Record(kind=Kind.KEY, time=at(1), detail={"note": text})]
        found = verify(rewritten(chosen), FIRST, {})
        said = "record 1 brings a log key that no earlier key vouches for"
        assert only(found) == Finding("key.unvouched", 2, said)


def test_a_chain_of_rotations_from_genesis_is_followed() -> None:
    third = SigningKey(ORIGIN, bytes(range(2, 34)))
    chosen = [
        records()[0],
        *(
            Record(kind=Kind.KEY, time=at(1), detail={"note": sign_rotation(old, new.verifier).decode()})
            for old, new in ((KEY, NEXT), (NEXT, third))
        ),
    ]
    for keys in ([], [KEY.verifier], [NEXT.verifier], [third.verifier]):
        assert rules(verify(rewritten(chosen), keys, {})) == []


def test_a_genesis_key_that_is_none() -> None:
    found = verify(rewritten([Record(kind=Kind.GENESIS, time=at(0), detail={"origin": "o", "key": "k"})]), FIRST, {})
    assert only(found).rule == "key.malformed"
    assert only(found).line == 1
    assert only(found).sentence.startswith("the genesis record names no log key: an Ed25519 key has 32 bytes")


# The form of a record


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"null", b'{"v":1,"v":1}', b"\xff", b"\r"])
def test_a_malformed_record_is_named(data: bytes) -> None:
    found = verify(replaced(3, Row(data)), FIRST, {})
    assert only(found).rule == "record.malformed"
    assert only(found).line == 4
    assert only(found).sentence.startswith("record 3 is malformed: ")
    assert found.size == 20
    assert sum(found.kinds.values()) == 19


def test_an_unknown_field_or_kind_is_malformed() -> None:
    assert judged(replaced(3, Row(changed(3, extra=1))), {}) == ["record.malformed"]
    assert judged(replaced(3, Row(changed(3, kind="other"))), {}) == ["record.malformed"]


def test_another_form_of_the_same_values_is_named() -> None:
    found = verify(replaced(3, Row(LEAVES[3].replace(b'"v":1', b'"v": 1'))), FIRST, {})
    assert only(found) == Finding("record.not_canonical", 4, "record 3 is not in canonical form")


@pytest.mark.parametrize(("size", "expected"), [(MAX_BYTES, []), (MAX_BYTES + 1, ["record.too_large"])])
def test_a_record_is_bounded(size: int, expected: list[str]) -> None:
    bare = len(changed(3, detail={"x": ""}))
    found = verify(replaced(3, Row(changed(3, detail={"x": "y" * (size - bare)}))), FIRST, {})
    assert rules(found) == expected
    if expected:
        assert only(found) == Finding("record.too_large", 4, "record 3 has 65536 bytes; 65535 fit a leaf")


def test_clocks_that_go_backwards_are_remarked_only() -> None:
    chosen = [records()[0], *(Record(kind=Kind.STOP, time=at(second), detail={"n": 1}) for second in (9, 9, 8, 9))]
    found = verify(rewritten(chosen), FIRST, {})
    assert found.sound
    assert found.remarks[1:] == (
        Finding("time.backwards", 4, f"record 3 is dated {at(8)}, before its predecessor's {at(9)}"),
    )


def test_findings_and_remarks_are_bounded() -> None:
    found = verify([Row(b"")] * (MAX_FINDINGS + 2), FIRST, {})
    assert (len(found.findings), found.omitted) == (MAX_FINDINGS, 2)
    chosen = [Record(kind=Kind.STOP, time=at(9 - place % 2), detail={"n": 1}) for place in range(2 * MAX_FINDINGS + 1)]
    found = verify(rewritten([records()[0], *chosen]), FIRST, {})
    assert (len(found.remarks), found.omitted) == (MAX_FINDINGS, 1)


# Calls


def calls(*said: tuple[Kind, dict[str, Any]]) -> Verification:
    """Verify a log of records of calls; an outcome is completed where nothing else is said."""
    ends = {Kind.OUTCOME: Outcome.COMPLETED, Kind.DECISION: Outcome.DENIED}
    chosen = [of_call(kind, 1, **{"outcome": ends.get(kind, absent("not yet")), **fields}) for kind, fields in said]
    return verify(rewritten([records()[0], *chosen]), FIRST, {})


def test_intents_and_outcomes_in_pairs() -> None:
    one, two = {"call_id": "1"}, {"call_id": "2"}
    found = calls((Kind.INTENT, one), (Kind.INTENT, two), (Kind.OUTCOME, two), (Kind.DECISION, {}), (Kind.OUTCOME, one))
    assert found.sound
    assert found.unsettled == ()


def test_an_open_intent_is_listed_and_no_failure() -> None:
    found = calls((Kind.INTENT, {"call_id": "1"}), (Kind.INTENT, {"call_id": "2"}), (Kind.OUTCOME, {"call_id": "1"}))
    assert found.sound
    assert found.unsettled == (Unsettled(2, "2"),)


def test_an_outcome_follows_an_intent() -> None:
    said = "record 1 is an outcome of call call-1, which has no open intent: none, or it is settled"
    assert only(calls((Kind.OUTCOME, {}))) == Finding("outcome.without_intent", 2, said)
    assert rules(calls((Kind.OUTCOME, {}), (Kind.INTENT, {}))) == ["outcome.without_intent"]
    assert rules(calls((Kind.INTENT, {}), (Kind.OUTCOME, {"call_id": "x"}))) == ["outcome.without_intent"]


def test_an_intent_has_one_outcome() -> None:
    found = calls((Kind.INTENT, {}), (Kind.OUTCOME, {}), (Kind.OUTCOME, {}))
    assert only(found).rule == "outcome.without_intent"
    assert only(found).line == 4


@pytest.mark.parametrize("kind", sorted(CALL_KINDS - {Kind.OUTCOME}))
def test_an_open_call_is_not_decided_or_intended_again(kind: Kind) -> None:
    found = calls((Kind.INTENT, {}), (kind, {}), (Kind.OUTCOME, {}))
    said = f"record 2 is a second {kind} of call call-1, whose intent is record 1"
    assert only(found) == Finding(f"{kind}.after_intent", 3, said)
    assert found.unsettled == ()


@pytest.mark.parametrize("name", ["tenant", "server", "tool", "subject", "workload"])
def test_an_outcome_is_of_the_call_intended(name: str) -> None:
    found = calls((Kind.INTENT, {}), (Kind.OUTCOME, {name: "another"}))
    said = f"record 2 does not have the {name} of its intent, record 1"
    assert only(found) == Finding("outcome.differs", 3, said)
    assert found.unsettled == ()


def test_all_that_differs_is_named() -> None:
    found = calls((Kind.INTENT, {}), (Kind.OUTCOME, {"tool": "x", "server": absent("lost")}))
    assert "the server, tool of its intent" in only(found).sentence


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(sys.modules["interlock.audit.verify"])
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
    assert {name for name, (_, _, by_keyword) in found.items() if by_keyword} == {"Verification"}
    assert MAX_FINDINGS == 1000
