from __future__ import annotations

import re
from pathlib import Path

import pytest
from cedarpy import ValidationResult
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core.errors import OperatorError
from interlock.core.words import Impact, Tier
from interlock.policy import PolicySnapshot, load, shipped
from unit.policy.calls import case

CALL = 'principal, action == Interlock::Action::"call", resource'
PAGE = Path(__file__).parents[3] / "docs" / "spec" / "policy.md"


def permit(name: str, condition: str = "true", annotations: str = "") -> str:
    return f'@id("{name}") {annotations}\npermit ({CALL})\nwhen {{ {condition} }};\n'


def refusal(**files: str) -> str:
    with pytest.raises(OperatorError) as refused:
        load(files)
    assert "load again" in refused.value.then
    return refused.value.what


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (permit("a", 'context.impactt == "read_only"'), "p:1: a: attribute `impactt` in context"),
        (permit("a", "context.impact == 3"), "p:1: a: the types Long and String are not compatible"),
        (permit("a", 'context.host == "x"'), "p:1: a: unable to guarantee safety of access to optional"),
        (permit("a", "resource.owner == context.owner"), "p:1: a: attribute `owner`"),
        ('@id("a") permit (principal, action == Interlock::Action::"cal", resource);', "p:1: a: unrecognized action"),
        ('@id("a") permit (principal == Interlock::Tool::"x", action, resource);', "p:1: a: unable to find an applic"),
        (permit("a", "false"), "p:1: a: the policy can never apply"),
        (permit("a", "resource has owner"), "p:1: a: the policy can never apply"),
        (permit("a", 'context.destructive && resource == Interlock::Server::"s"'), "p:1: a: the policy can never"),
        (permit("a")[:-2] + "\nunless { true || context.destructive };", "p:1: a: the policy can never apply"),
        (permit("a", 'context.impact == "readonly"'), "p:1: a: context.impact is never 'readonly'; it is one of read"),
        (permit("a", '"Pilot" != context.stage'), "p:1: a: context.stage is never 'Pilot'"),
        (permit("a", '["many", "all"].contains(context.blast)'), "p:1: a: context.blast is never 'all'"),
        (permit("a", annotations='@tier("quiet")'), 'p:1: a: @tier can only be @tier("notify")'),
        (permit("a", annotations="@tier"), 'p:1: a: @tier can only be @tier("notify")'),
        (f'@id("a") @tier("notify") forbid ({CALL});', 'p:1: a: @tier can only be @tier("notify")'),
        (permit("a", annotations='@teir("notify")'), "p:1: a: unknown annotation @teir; did you mean @tier?"),
        (permit("a", annotations='@x("1")'), "p:1: a: unknown annotation @x; known are @id, @description, @tier"),
        (permit("A b"), "p:1: 'A b' is no @id"),
        (permit("a" * 101), "is no @id: at most 100"),
        (permit("a\nb"), r"p:1: 'a\nb' is no @id"),
        (permit("a", 'context.impact == "read\nonly"'), r"p:1: a: context.impact is never 'read\nonly'"),
        (permit("a") + permit("a"), "p:4: a: the @id is taken by p:1"),
        ("\n\npermit (principal, action, resource);", "p:3: the policy has no name"),
        (permit("a", "context.destructive ="), "p:3: unexpected token"),
        (permit("a", '"\u202e" == context.subject'), "p:3: invisible character U+202E"),
    ],
)
def test_a_bad_file_yields_no_snapshot_and_is_named_with_its_line(policy: str, says: str) -> None:
    assert says in refusal(p=policy)
    assert says in refusal(p=policy, z=permit("fine"))


def test_all_complaints_of_a_kind_are_told_at_once_each_with_its_file_and_line() -> None:
    what = refusal(one=permit("a") + permit("b", "context.nope"), two="// first\n" + permit("c", "context.impact == 1"))
    assert [line.strip().partition(": ")[0] for line in what.splitlines()[1:]] == ["one:4", "two:2"]


def test_an_id_is_unique_over_all_files() -> None:
    assert "two:1: a: the @id is taken by one:1" in refusal(one=permit("a"), two=permit("a"))


@settings(deadline=None)
@given(st.integers(min_value=0), st.sampled_from(list('"();{}=@\\ \n.x/\u200b')))
def test_a_damaged_file_is_loaded_as_what_it_says_or_refused_by_line(place: int, character: str) -> None:
    whole = permit("a", 'context.impact == "read_only"') + f"{permit('b', 'context.destructive')}"
    place %= len(whole)
    try:
        snapshot = load({"p": whole[:place] + character + whole[place + 1 :]})
    except OperatorError as refused:
        complaints = refused.what.splitlines()[1:]
    else:
        assert len(snapshot.policies) in {1, 2}
        complaints = []
    assert all(re.match(r"  p:\d+: ", complaint) for complaint in complaints)


def test_no_policies_block_everything() -> None:
    decision = load({}).judge(*case())
    assert (decision.tier, decision.reason, decision.policies) == (Tier.BLOCK, "policy.no_match", ())


def test_a_snapshot_lists_its_policies_and_the_facts_they_mention() -> None:
    snapshot = load({"p": permit("b", "context.destructive"), "q": permit("a", "context has host", '@tier("notify")')})
    assert snapshot.policies == ("a", "b")
    assert snapshot.mentioned == ("destructive", "host")
    assert snapshot.notifying == frozenset({"a"})


@pytest.mark.parametrize(
    ("errors", "says"),
    [([], "the policies do not fit the schema"), ([{"policy_id": "", "error": "not\nplaced"}], "not placed")],
)
def test_a_failed_validation_refuses_whatever_it_tells(
    monkeypatch: pytest.MonkeyPatch, errors: list[dict[str, str]], says: str
) -> None:
    failed = ValidationResult({"validation_passed": False, "errors": errors})
    monkeypatch.setitem(load.__globals__, "validate_policies", lambda *_: failed)
    assert says in refusal(p=permit("a"))


class TestDigest:
    ONE, TWO = permit("a", 'context.impact == "read_only"'), permit("b", "context.destructive")

    def test_it_ignores_comments_layout_file_names_and_order(self) -> None:
        digest = load({"p": self.ONE + self.TWO}).digest
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
        assert load({"z": self.ONE, "a": self.TWO}).digest == digest
        assert load({"p": "// why\n" + self.TWO.replace("\n", "\n\n  ") + "\n" + self.ONE}).digest == digest

    @pytest.mark.parametrize(
        "other",
        [
            permit("a", 'context.impact != "read_only"'),
            permit("c", 'context.impact == "read_only"'),
            permit("a", 'context.impact == "read_only"').replace("permit", "forbid"),
            permit("a", 'context.impact == "read_only"', '@tier("notify")'),
            permit("a", 'context.impact == "read_only"', '@description("x")'),
        ],
    )
    def test_it_changes_with_the_policies(self, other: str) -> None:
        assert load({"p": other}).digest != load({"p": self.ONE}).digest

    def test_it_changes_with_the_schema(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = load({"p": self.ONE}).digest
        monkeypatch.setitem(load.__globals__, "schema_digest", lambda: "sha256:other")
        assert load({"p": self.ONE}).digest != before


class TestThePage:
    """docs/spec/policy.md says what is so."""

    EXAMPLES = re.findall(r"```cedar\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    def snapshot(self, example: str) -> PolicySnapshot:
        return load({"shipped.cedar": shipped("default"), "acme.cedar": example})

    def test_its_policies_load_beside_the_default(self) -> None:
        assert len(self.EXAMPLES) == 2
        assert all(self.snapshot(example) for example in self.EXAMPLES)

    def test_the_row_with_unless_confirms(self) -> None:
        snapshot = self.snapshot(self.EXAMPLES[0])
        assert snapshot.judge(*case(impact=Impact.INTERNAL_MODIFICATION)).tier is Tier.CONFIRM
        assert snapshot.judge(*case(impact=Impact.INTERNAL_MODIFICATION, tool={"server": "wiki"})).tier is Tier.NOTIFY

    def test_the_row_without_unless_blocks(self) -> None:
        snapshot = self.snapshot(self.EXAMPLES[1])
        pay = {"server": "bank", "name": "pay"}
        assert snapshot.judge(*case(tool=pay)).policies == ("acme.no-payments-from-elsewhere",)
        assert snapshot.judge(*case(tool=pay, caller={"host": "desk-app"})).tier is Tier.RUN
        assert snapshot.judge(*case(tool=pay, caller={"host": "other"})).tier is Tier.BLOCK
        assert snapshot.judge(*case(tool={**pay, "name": "balance"})).tier is Tier.RUN

    def test_its_table_lists_every_fact(self) -> None:
        table = PAGE.read_text(encoding="utf-8").partition("## Context")[2].partition("##")[0]
        named = set(re.findall(r"`(\w+)\??`", " ".join(row.split("|")[1] for row in table.splitlines() if "|" in row)))
        snapshot = load({"p": permit("a", "context == context && principal == principal")})
        assert named == {*snapshot.mentioned, "assurance"} - {"principal"}
