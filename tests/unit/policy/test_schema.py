from __future__ import annotations

import re
from importlib.resources import files

import pytest

from interlock.core.errors import OperatorError
from interlock.core.words import Impact, Reversibility, Stage
from interlock.policy.facts import CONTEXT
from interlock.policy.schema import FINITE, schema, schema_digest, shipped


def test_the_schema_declares_exactly_the_facts_that_are_gathered() -> None:
    call = str(schema()).partition("type Call = {")[2].partition("};")[0]
    declared = set(re.findall(r"(\w+)\??:", call))
    assert declared == {*CONTEXT, "assurance"}


def test_finite_attributes_have_the_words_of_the_core() -> None:
    assert FINITE["impact"] == tuple(word.value for word in Impact)
    assert FINITE["reversibility"] == tuple(word.value for word in Reversibility)
    assert FINITE["stage"] == tuple(word.value for word in Stage)
    assert FINITE.keys() <= CONTEXT.keys()


def test_the_schema_documents_every_value_of_its_finite_attributes() -> None:
    text = files("interlock.policy").joinpath("schema.cedarschema").read_text(encoding="utf-8")
    for name, values in FINITE.items():
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{name}:"))
        assert line.partition("one of: ")[2] == ", ".join(values)


def test_the_schema_digest_is_of_the_parsed_schema() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", schema_digest())
    assert "//" not in str(schema())


def test_strict_is_the_default_and_more() -> None:
    assert shipped("strict").startswith(shipped("default"))
    assert '@id("strict.confirm-change")' in shipped("strict")
    assert '@id("strict.confirm-change")' not in shipped("default")


def test_an_unknown_profile_is_the_operators_fault_and_the_known_ones_are_named() -> None:
    with pytest.raises(OperatorError) as refused:
        shipped("lax")
    assert "default, strict" in refused.value.diagnostics()
