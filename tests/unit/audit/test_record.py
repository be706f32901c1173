"""The record: its law, its vocabularies, its bound, commitments and agreement."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.audit.sample_log import at, leaves, of_call, records
from interlock import canon
from interlock.audit import record
from interlock.audit.record import (
    CALL_KINDS,
    FACTS,
    GROUPS,
    HEAD,
    HEADROOM,
    KEPT,
    MAX_BYTES,
    OUTCOMES,
    SETTLED,
    WORDS,
    Agreement,
    Kind,
    MalformedRecordError,
    Outcome,
    Record,
    RecordTooLargeError,
    absent,
    agreement,
    check,
    check_commitment,
    commit,
    fact,
    leaf,
)
from unit.core.sample import manner

KEY = bytes(range(32))
INTENT = canon.parse(leaf(of_call(Kind.INTENT, 7), 7))
GENESIS = canon.parse(leaves()[0])


def refused(row: Any, why: str) -> None:
    with pytest.raises(MalformedRecordError, match="^" + re.escape(why)):
        check(row)


def test_a_leaf_is_the_canonical_form_of_what_was_said() -> None:
    said = Record(kind=Kind.STOP, time=at(1), tenant="acme", detail={"epoch": 2})
    none = '{"absent":"not about a call"}'
    assert leaf(said, 3).decode() == (
        f'{{"call_id":{none},"detail":{{"epoch":2}},"kind":"stop","outcome":{none},"seq":3,"server":{none},'
        f'"subject":{none},"tenant":"acme","time":"2026-03-04T05:06:01.000789Z","tool":{none},"v":1,"workload":{none}}}'
    )


def test_the_fields_of_a_record_are_the_fields_of_a_leaf() -> None:
    names = {each.name for each in dataclasses.fields(Record)}
    assert names == {"kind", "time", *HEAD, *FACTS, *GROUPS, *WORDS}


def test_the_sample_has_each_kind() -> None:
    assert {record.kind for record in records()} == set(Kind)


@pytest.mark.parametrize("kind", sorted(CALL_KINDS))
@pytest.mark.parametrize("name", [*HEAD, *FACTS, *GROUPS[:-1], *WORDS])
def test_a_record_of_a_call_says_something_in_every_field(kind: Kind, name: str) -> None:
    with pytest.raises(MalformedRecordError, match=rf"^{name} is not said; absent\(why\) says why not$"):
        leaf(of_call(kind, 1, **{name: None}), 0)


def test_all_unsaid_fields_are_named() -> None:
    with pytest.raises(MalformedRecordError, match=r"^call_id, host is not said"):
        leaf(of_call(Kind.INTENT, 1, host=None, call_id=None), 0)


def test_a_record_of_a_call_may_have_a_detail() -> None:
    assert canon.parse(leaf(of_call(Kind.INTENT, 1, detail={"a": 1}), 0))["detail"] == {"a": 1}


def test_another_record_says_what_applies() -> None:
    row = canon.parse(leaf(Record(kind=Kind.LEND, time=at(1), lend={"id": "l"}, era="x"), 0))
    assert row.keys() == {"v", "seq", "kind", "time", *HEAD, "lend", "era"}


@pytest.mark.parametrize("row", [None, [], "genesis", 1, {}, {"kind": 1}, {"kind": "other"}, {"kind": ["genesis"]}])
def test_what_has_no_known_kind_is_refused(row: Any) -> None:
    refused(row, "the kind is unknown")


@pytest.mark.parametrize("name", ["v", "seq", "time", *HEAD])
def test_the_head_is_in_every_leaf(name: str) -> None:
    row = dict(GENESIS)
    del row[name]
    refused(row, f"{name} is not said")


@pytest.mark.parametrize("name", ["_leaf", "extra", "Kind"])
def test_unknown_fields_are_refused(name: str) -> None:
    refused({**GENESIS, name: "x", "zz": 1}, f"{name}, zz is no field of version 1")


@pytest.mark.parametrize("version", [0, 2, True, 1.0, "1", None])
def test_other_versions_are_refused(version: Any) -> None:
    refused({**GENESIS, "v": version}, "the version is not 1")


@pytest.mark.parametrize("seq", [-1, True, 0.0, "0", None])
def test_seq_is_a_whole_number_from_0(seq: Any) -> None:
    refused({**GENESIS, "seq": seq}, "seq is not a whole number from 0")


@pytest.mark.parametrize(
    "time",
    [None, 1, "", "2026-03-04T05:06:07Z", "2026-03-04T05:06:07.123Z", "2026-03-04T05:06:07.123456",
     "2026-03-04T05:06:07.123456+00:00", "2026-03-04 05:06:07.123456Z", "2026-03-04T05:06:07.123456z",
     "2026-03-04T05:06:07.123456Z\n", "x2026-03-04T05:06:07.123456Z", "2026-23-04T05:06:07.123456Z",
     "2026-03-44T05:06:07.123456Z", "2026-03-04T35:06:07.123456Z", "2026-03-04T05:66:07.123456Z",
     "2026-03-04T05:06:67.123456Z", "2026-03-04T05:06:07x123456Z", "٢٠٢٦-03-04T05:06:07.123456Z"],
)  # fmt: skip
def test_times_are_utc_with_microseconds(time: Any) -> None:
    refused({**GENESIS, "time": time}, "the time is not RFC 3339 in UTC with microseconds")


@pytest.mark.parametrize("time", ["2026-12-31T23:59:59.999999Z", "2026-09-09T09:09:09.000000Z"])
def test_a_sound_time_is_taken(time: str) -> None:
    check({**GENESIS, "time": time})


@pytest.mark.parametrize("name", [*HEAD, *WORDS])
@pytest.mark.parametrize(
    "value", ["", 1, None, [], {}, {"absent": ""}, {"absent": 1}, {"absent": "x", "more": 1}, {"x": "y"}]
)
def test_a_text_is_said_or_absent_with_a_reason(name: str, value: Any) -> None:
    refused({**INTENT, name: value}, f"{name} is neither a text nor absent with a reason")


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize(
    "value",
    ["x", 1, None, [], ["verified"], {}, {"absent": ""}, {"absent": "x", "claimed": 1}, {"other": 1},
     {"verified": None}, {"verified": 1, "claimed": None}, {"verified": 1, "other": 2}],
)  # fmt: skip
def test_a_fact_is_verified_claimed_or_absent(name: str, value: Any) -> None:
    refused({**INTENT, name: value}, f"{name} is neither verified, claimed nor absent with a reason")


@pytest.mark.parametrize("value", [{"verified": 0}, {"claimed": "x"}, {"verified": 1, "claimed": 2}, {"absent": "x"}])
def test_a_sound_fact_is_taken(value: Any) -> None:
    check({**INTENT, "host": value})


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("value", ["x", 1, None, [], {}, {"absent": ""}, {"absent": "x", "more": 1}])
def test_a_group_holds_something_or_is_absent(name: str, value: Any) -> None:
    refused({**INTENT, name: value}, f"{name} is neither a group nor absent with a reason")


@pytest.mark.parametrize("kind", sorted(CALL_KINDS))
def test_a_call_has_an_id(kind: Kind) -> None:
    with pytest.raises(MalformedRecordError, match=r"^a record of a call has a call_id$"):
        leaf(of_call(kind, 1, call_id=absent("lost")), 0)


@pytest.mark.parametrize("kind", sorted(Kind))
@pytest.mark.parametrize("outcome", [*Outcome, "success", absent("unknown")])
def test_each_kind_has_its_outcomes(kind: Kind, outcome: Any) -> None:
    row = {**INTENT, "kind": kind, "outcome": outcome, "detail": {"origin": "o", "key": "k", "note": "n"}}
    settled = outcome in ("completed", "tool_error", "transport_error", "not_forwarded", "outcome_unknown")
    unsettled = outcome in ("blocked", "denied", "pending", "expired", "client_declined", "refused", "answered")
    if {"outcome": settled, "decision": unsettled}.get(kind, isinstance(outcome, dict)):
        check(row)
    else:
        refused(row, f"the outcome is none of a record of kind {kind}")


def test_the_outcomes_of_a_call_are_of_an_outcome_or_of_a_decision() -> None:
    assert OUTCOMES[Kind.OUTCOME] == SETTLED
    assert OUTCOMES[Kind.OUTCOME] ^ OUTCOMES[Kind.DECISION] == set(Outcome)


def test_agreement_has_three_words() -> None:
    for word in Agreement:
        check({**INTENT, "agreement": word})
    refused({**INTENT, "agreement": "yes"}, "the agreement is neither match, mismatch nor undetermined")


@pytest.mark.parametrize(("kind", "name"), [("genesis", "origin"), ("genesis", "key"), ("key", "note")])
def test_the_details_that_verification_needs(kind: str, name: str) -> None:
    whole = {"origin": "o", "key": "k", "note": "n"}
    check({**GENESIS, "kind": kind, "detail": whole})
    why = f"a {kind} record has a text in detail.{name}"
    refused({**GENESIS, "kind": kind, "detail": {**whole, name: 1}}, why)
    refused({**GENESIS, "kind": kind, "detail": {each: "x" for each in whole if each != name}}, why)
    bare = {each: value for each, value in GENESIS.items() if each != "detail"}
    refused({**bare, "kind": kind}, f"a {kind} record has a text in detail.")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(canon.EncodeError):
        leaf(Record(kind=Kind.STOP, time=at(1), detail={"x": object()}), 0)


def test_facts() -> None:
    assert fact(verified=1, claimed=2) == {"verified": 1, "claimed": 2}
    assert fact(verified=0) == {"verified": 0}
    assert fact(claimed="") == {"claimed": ""}
    assert fact() == {"absent": "client sent none"}
    assert fact(otherwise="stdio has none") == {"absent": "stdio has none"}


def sized(kind: Kind, size: int) -> Record:
    """A record of a call whose leaf has just this size."""
    bare = len(leaf(of_call(kind, 1, detail={"x": ""}, outcome=OUTCOME_OF[kind]), 0))
    return of_call(kind, 1, detail={"x": "y" * (size - bare)}, outcome=OUTCOME_OF[kind])


OUTCOME_OF: dict[Kind, Any] = {
    Kind.INTENT: absent("not yet"),
    Kind.OUTCOME: Outcome.COMPLETED,
    Kind.DECISION: Outcome.DENIED,
}


@pytest.mark.parametrize(
    ("kind", "limit"), [(Kind.INTENT, 65_535 - 8_192), (Kind.OUTCOME, 65_535), (Kind.DECISION, 65_535)]
)
def test_the_bound_of_a_leaf(kind: Kind, limit: int) -> None:
    assert MAX_BYTES - HEADROOM == 65_535 - 8_192
    assert len(leaf(sized(kind, limit), 0)) == limit
    with pytest.raises(RecordTooLargeError, match=f"^this {kind} record has {limit + 1} bytes; {limit} fit$"):
        leaf(sized(kind, limit + 1), 0)


def test_long_lists_are_shortened_and_say_so_only_where_they_must() -> None:
    evidence = [f"e{index:04}" for index in range(9000)]
    policies = [f"p{index:04}" for index in range(33)]
    grouped: dict[str, Any] = {"tool_class": {"impact": "x", "evidence": evidence}, "decision": {"policies": policies}}
    row = canon.parse(leaf(of_call(Kind.INTENT, 1, **grouped), 0))
    assert row["tool_class"] == {"impact": "x", "evidence": evidence[:KEPT], "evidence_omitted": 9000 - KEPT}
    assert row["decision"] == {"policies": policies[:KEPT], "policies_omitted": 1}
    assert grouped["tool_class"]["evidence"] is evidence
    assert len(evidence) == 9000

    grouped["tool_class"]["evidence"] = evidence[:1000]
    row = canon.parse(leaf(of_call(Kind.INTENT, 1, **grouped), 0))
    assert row["tool_class"]["evidence"] == evidence[:1000]
    assert row["decision"] == {"policies": policies}


def test_short_and_foreign_lists_are_left_alone() -> None:
    long = {"tool_class": {"evidence": tuple(["e" * 5000] * 33)}, "decision": {"policies": ["p"] * KEPT}}
    with pytest.raises(RecordTooLargeError):  # 32 times 5,000 is still too much
        leaf(of_call(Kind.INTENT, 1, **long), 0)
    long["tool_class"]["evidence"] = ("e" * 1700,) * 33
    row = canon.parse(leaf(of_call(Kind.INTENT, 1, **long), 0))
    assert row["tool_class"]["evidence_omitted"] == 1
    assert row["decision"] == {"policies": ["p"] * KEPT}

    other = of_call(Kind.INTENT, 1, detail={"evidence": ["e"] * 30_000}, tool_class={"evidence": "e" * 40})
    with pytest.raises(RecordTooLargeError):
        leaf(other, 0)
    with pytest.raises(RecordTooLargeError):  # a record without the groups has nothing to shorten
        leaf(Record(kind=Kind.STOP, time=at(1), detail={"x": "y" * MAX_BYTES}), 0)


def test_a_record_that_just_fits_is_left_whole() -> None:
    evidence = ["e"] * 40
    bare = len(leaf(of_call(Kind.INTENT, 1, tool_class={"evidence": evidence}, detail={"x": ""}), 0))
    for over, kept in ((0, 40), (1, KEPT)):
        filling = "y" * (MAX_BYTES - HEADROOM - bare + over)
        row = canon.parse(leaf(of_call(Kind.INTENT, 1, tool_class={"evidence": evidence}, detail={"x": filling}), 0))
        assert len(row["tool_class"]["evidence"]) == kept


def test_a_text_where_a_long_list_belongs_is_not_cut() -> None:
    row = of_call(Kind.INTENT, 1, tool_class={"evidence": "e" * 60_000})
    with pytest.raises(RecordTooLargeError):
        leaf(row, 0)


def test_a_commitment_is_over_path_zero_value() -> None:
    message = b'arguments.to\0{"a":1,"b":2}'
    expected = hmac.new(KEY, message, hashlib.sha256).hexdigest()
    assert commit(KEY, "arguments.to", {"b": 2, "a": 1}) == f"hmac-sha256:{expected}"


@given(st.text(min_size=1).filter(lambda each: "\0" not in each), st.text(), st.text())
def test_a_commitment_holds_for_its_own_value_only(path: str, value: str, other: str) -> None:
    commitment = commit(KEY, path, value)
    assert check_commitment(commitment, KEY, path, value)
    assert check_commitment(commitment, KEY, path, other) == (value == other)
    assert not check_commitment(commitment, KEY, path + "x", value)
    assert not check_commitment(commitment, KEY[::-1], path, value)


def test_a_commitment_that_is_no_ascii_is_just_wrong() -> None:
    assert not check_commitment("hmac-sha256:\u00e9", KEY, "p", 1)


@pytest.mark.parametrize(("key", "path"), [(KEY[1:], "p"), (KEY + b"\0", "p"), (KEY, ""), (KEY, "a\0b")])
def test_a_commitment_needs_a_whole_key_and_a_plain_path(key: bytes, path: str) -> None:
    with pytest.raises(MalformedRecordError, match=r"^a commitment needs a key of 32 bytes and a path without zero"):
        commit(key, path, 1)


@pytest.mark.parametrize(
    ("control", "approved", "allowed"),
    [("run", False, True), ("run", True, True), ("confirm", True, True), ("confirm", False, False),
     ("block", False, False), ("block", True, False), ("other", True, False)],
)  # fmt: skip
@pytest.mark.parametrize("outcome", Outcome)
def test_agreement(control: str, approved: bool, allowed: bool, outcome: Outcome) -> None:  # noqa: FBT001 - a table
    expected = Agreement.MATCH
    if outcome in ("transport_error", "outcome_unknown", "answered"):
        expected = Agreement.UNDETERMINED
    elif outcome in ("completed", "tool_error") and not allowed:
        expected = Agreement.MISMATCH
    assert agreement(control=control, approved=approved, outcome=outcome) is expected


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(record)
    assert found
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}


def test_the_vocabularies_are_closed() -> None:
    assert [each.value for each in Agreement] == ["match", "mismatch", "undetermined"]
    assert {kind.value for kind in CALL_KINDS} == {"decision", "intent", "outcome"}
    assert manner(record) == {"Record": (True, True, True)}
