from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.approval import Approval, State, bind
from interlock.core.forms import approval_from_json, approval_to_json, class_from_json, class_to_json
from interlock.core.words import Confidence, Tier, ToolClass
from unit.core.sample import DELETES, asked, said

DELETES_FORM = {
    "impact": "external_side_effect",
    "destructive": True,
    "reversibility": "recoverable",
    "sensitivity": "confidential",
    "blast": "many",
    "open_ended": True,
    "by": ["query"],
    "confidence": "low",
    "evidence": [{"axis": "impact", "value": "external_side_effect", "source": "name", "detail": "delete"}],
    "findings": ["annotation.conflict"],
}
PLAIN_FORM: dict[str, Any] = {
    name: DELETES_FORM[name]
    for name in ("impact", "destructive", "reversibility", "sensitivity", "blast", "open_ended")
}


def through_text(form: object) -> Any:
    return json.loads(json.dumps(form))


def test_the_form_of_a_class_is_stable() -> None:
    assert class_to_json(DELETES) == DELETES_FORM
    assert class_from_json(DELETES_FORM) == DELETES
    assert {type(value) for item in class_to_json(DELETES)["evidence"] for value in item.values()} == {str}


@given(st.from_type(ToolClass))
def test_a_class_comes_back_as_it_was(tool_class: ToolClass) -> None:
    assert class_from_json(through_text(class_to_json(tool_class))) == tool_class


def test_a_class_may_leave_out_its_evidence() -> None:
    found = class_from_json(PLAIN_FORM)
    assert (found.by, found.confidence, found.evidence, found.findings) == ((), Confidence.HIGH, (), ())


@pytest.mark.parametrize("axis", PLAIN_FORM)
def test_a_class_has_all_its_axes(axis: str) -> None:
    with pytest.raises(KeyError, match=axis):
        class_from_json({name: value for name, value in PLAIN_FORM.items() if name != axis})
    with pytest.raises(ValueError, match=f"{axis} is neither true nor false|is not a valid"):
        class_from_json(PLAIN_FORM | {axis: "false"})


@pytest.mark.parametrize("axis", ["destructive", "open_ended"])
@pytest.mark.parametrize("value", [0, 1, None, "true"])
def test_what_is_almost_a_boolean_is_none(axis: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{axis} is neither true nor false$"):
        class_from_json(PLAIN_FORM | {axis: value})


@pytest.mark.parametrize("answer", [None, said(), said("grace", downgraded=True, assurance=3)])
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("tier", [Tier.RUN, Tier.TWO_PERSONS])
def test_an_approval_comes_back_as_it_was(answer: Any, state: State, tier: Tier) -> None:
    approval = replace(asked(tier, title="Löschen", rows=[1, 2]), state=state, answer=answer)
    back = approval_from_json(through_text(approval_to_json(approval)))
    assert back == approval
    assert back.state is state
    assert back.tier is tier
    assert bind(back) == approval.binding


def test_the_form_of_an_approval_is_every_field_in_plain_json() -> None:
    form = approval_to_json(replace(asked(Tier.CONFIRM_STRONGLY), answer=said()))
    assert set(form) == {each.name for each in fields(Approval)}
    assert (form["state"], form["tier"], form["shown"]) == ("pending", "confirm_strongly", {"tool": "delete_ticket"})
    assert {type(form[name]) for name in ("state", "tier")} == {str}
    assert form["answer"]["approver"] == "grace"
    assert approval_to_json(asked())["answer"] is None


def test_the_form_shares_nothing_with_what_was_shown() -> None:
    approval = asked()
    approval_to_json(approval)["shown"]["tool"] = "another"
    assert approval.binding == bind(approval)


@pytest.mark.parametrize("name", [each.name for each in fields(Approval) if each.name != "answer"])
def test_an_approval_has_all_its_fields(name: str) -> None:
    form = approval_to_json(asked())
    del form[name]
    with pytest.raises((KeyError, TypeError), match=name):
        approval_from_json(form)
