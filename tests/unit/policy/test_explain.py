from __future__ import annotations

import json
import re
from pathlib import Path

from interlock.core.words import Impact, Reversibility, Sensitivity, Standing
from interlock.policy import explain, load, shipped
from unit.policy.calls import case

CALL = 'principal, action == Interlock::Action::"call", resource'
PAGE = Path(__file__).parents[3] / "docs" / "spec" / "policy.md"
DEFAULT = load({"shipped.cedar": shipped("default")})


def test_each_level_asked_is_told_with_its_policies() -> None:
    explanation = explain(DEFAULT, *case(sensitivity=Sensitivity.RESTRICTED))
    told = explanation.as_json()
    assert told["asked"] == [
        {"assurance": 0, "permitted": False, "policies": ["confirm.restricted"], "errors": []},
        {"assurance": 1, "permitted": True, "policies": ["run.own-server"], "errors": []},
    ]
    assert (told["tier"], told["control"], told["reason"]) == ("confirm", "confirm", "policy.confirm")
    assert told["policies"] == ["run.own-server", "confirm.restricted"]
    assert told["policy_digest"] == DEFAULT.digest
    assert told["facts"].keys() == set(DEFAULT.mentioned)
    assert told["facts"]["sensitivity"] == "restricted"
    assert json.loads(json.dumps(told)) == told


def test_it_is_the_judges_decision() -> None:
    asked = case(cross_tenant=True, reversibility=Reversibility.IRREVERSIBLE)
    assert explain(DEFAULT, *asked).decision == DEFAULT.judge(*asked)


def test_a_hard_rule_is_told_without_questions() -> None:
    explanation = explain(DEFAULT, *case(tool={"standing": Standing.DRIFTED}))
    assert explanation.answers == ()
    assert explanation.facts == {"stopped": False, "stage": "production", "standing": "drifted"}
    assert explanation.as_text().startswith("block: tool.drifted (")


def test_errors_and_empty_denials_are_told() -> None:
    broken = load({"p": f'@id("b") permit ({CALL}) when {{ context.assurance - 9223372036854775807 - 5 < 0 }};'})
    told = explain(broken, *case())
    assert told.as_json()["reason"] == "policy.error"
    assert re.search(r"assurance 0: error by .*`b`.*overflow", told.as_text())
    assert "assurance 3: deny by no policy" in explain(load({}), *case()).as_text()


def test_sets_and_absent_facts_are_json() -> None:
    names = load({"p": f'@id("a") permit ({CALL}) when {{ context has host || context.scopes.contains("x") }};'})
    facts = explain(names, *case(caller={"scopes": frozenset({"b", "a"})})).as_json()["facts"]
    assert facts == {"host": None, "scopes": ["a", "b"]}


def test_the_page_shows_an_explanation_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (example, *_) = re.findall(r"```cedar\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    snapshot = load({"shipped.cedar": shipped("default"), "acme.cedar": example})
    asked = case(impact=Impact.INTERNAL_MODIFICATION, reversibility=Reversibility.REVERSIBLE)
    assert explain(snapshot, *asked).as_text() == f"{shown}  policies {snapshot.digest}"
