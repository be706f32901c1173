from interlock.classify.clues import Clue
from interlock.classify.effects import READ, REMOVE
from interlock.classify.hints import CONFLICT, CONTRADICTED, read_hints
from interlock.core.words import Source

READING = [Clue(READ, Source.NAME, "")]
REMOVING = [Clue(REMOVE, Source.NAME, "")]


def test_a_claim_to_only_read_is_contradicted_by_an_effect() -> None:
    clues, findings = read_hints({"readOnlyHint": True}, REMOVING)
    assert [clue.effect for clue in clues] == [READ]
    assert findings == (CONFLICT, CONTRADICTED)


def test_a_claim_to_only_read_and_to_destroy_contradicts_itself() -> None:
    assert read_hints({"readOnlyHint": True, "destructiveHint": True}, READING)[1] == (CONFLICT,)


def test_a_claim_to_write_raises() -> None:
    clues, findings = read_hints({"readOnlyHint": False, "destructiveHint": True}, READING)
    assert any(clue.effect.destructive for clue in clues)
    assert findings == (CONFLICT,)


def test_a_claim_not_to_destroy_is_shown_where_it_is_not_so() -> None:
    assert read_hints({"destructiveHint": False}, REMOVING) == ((), (CONFLICT,))


def test_a_claim_is_read_only_where_it_is_a_boolean() -> None:
    assert read_hints({"readOnlyHint": "yes", "destructiveHint": 1}, READING) == ((), ())
