from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from interlock.core.requests import Judged
from interlock.core.words import Blast, Claims, Evidence, Reversibility, Source, Tier
from interlock.proxy.showing import consequence, show
from unit.proxy.fakes import CALLER, CHANGES, READS, call, decision, tool
from unit.proxy.test_records import FACTS

EFFECT = replace(
    CHANGES,
    destructive=True,
    reversibility=Reversibility.IRREVERSIBLE,
    evidence=(Evidence("impact", "x", Source.NAME, "delete"),),
)
JUDGED = Judged(tool(), replace(FACTS, effect=EFFECT), decision(Tier.CONFIRM_STRONGLY))


def shown(**fields: Any) -> dict[str, Any]:
    return show(call(**fields), JUDGED)


def test_everything_an_approver_decides_on_is_there() -> None:
    caller = replace(CALLER, host="agent-host", machine="10.0.0.1", actors=("outer", "inner"))
    seen = shown(arguments=b'{"id":7}', caller=caller, claims=Claims(host="cursor/1", reason="cleaning up"))
    assert seen["who"]["verified"] == {
        "subject": "ada",
        "workload": "agent",
        "actors": ["outer", "inner"],
        "host": "agent-host",
        "machine": "10.0.0.1",
    }
    assert seen["who"]["claimed"] == {"host": "cursor/1"}
    assert seen["tenant"] == {"caller": "acme", "resource": "acme", "binding": "bound"}
    assert (seen["server"], seen["tool"], seen["tier"]) == ("notes", "read", "confirm_strongly")
    assert seen["arguments"] == {"id": 7}
    assert seen["reason_claimed"] == "cleaning up"
    assert seen["class"]["evidence"] == ["impact=x (name: delete)"]
    assert seen["consequence"].endswith("it cannot be undone.")
    json.dumps(seen)


def test_nothing_hides_from_an_approver() -> None:
    hidden = "\u202eevil\u200b\x1b[2J"
    arguments = json.dumps({hidden: [hidden]}).encode()
    seen = shown(name="t" + hidden, arguments=arguments, claims=Claims(host=hidden, reason=hidden))
    text = json.dumps(seen, ensure_ascii=False)
    for character in ("\u202e", "\u200b", "\x1b", "\\u001b"):
        assert character not in text
    assert "U+202E" in text


def test_what_was_not_said_is_not_made_up() -> None:
    seen = shown()
    assert seen["reason_claimed"] is None
    assert seen["who"]["claimed"] == {"host": None}
    assert seen["who"]["verified"]["host"] is None


@pytest.mark.parametrize(("back", "blast"), list(product(Reversibility, Blast)))
def test_every_consequence_is_a_sentence(back: Reversibility, blast: Blast) -> None:
    for effect in (READS, CHANGES, EFFECT):
        said = consequence(replace(effect, reversibility=back, blast=blast))
        assert said.startswith("This call ")
        assert said.endswith(".")
        assert ("destroys" in said) == (effect.destructive and back is not Reversibility.NONE_NEEDED)
        assert ("cannot be undone" in said) == (back is Reversibility.IRREVERSIBLE)
