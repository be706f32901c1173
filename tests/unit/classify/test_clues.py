import pytest

from interlock.classify.clues import is_light, meaning, objects_of
from interlock.classify.effects import (
    ADD,
    EDIT,
    GRANT,
    OPERATE,
    PAY,
    PROVISION,
    PUBLISH,
    READ,
    REGRANT,
    REPLACE,
    RUN,
    SEND,
    Effect,
)


@pytest.mark.parametrize(
    ("verb", "nouns", "effect"),
    [
        ("create", ["folder"], ADD),
        ("create", ["password"], GRANT),
        ("create", ["invoice"], PAY),
        ("create", ["comment"], SEND),
        ("create", ["release"], PUBLISH),
        ("create", ["server"], PROVISION),
        ("create", ["gizmo"], PROVISION),
        ("update", ["task"], EDIT),
        ("update", ["permission"], REGRANT),
        ("update", ["document"], REPLACE),
        ("update", ["gizmo"], REPLACE),
        ("resolve", ["hostname"], READ),
        ("resolve", ["ticket"], EDIT),
        ("resolve", ["incident"], SEND),
        ("generate", ["diagram"], READ),
        ("generate", ["image", "map"], READ),
        ("generate", ["image"], PROVISION),
        ("run", ["search"], READ),
        ("run", ["query"], RUN),
        ("run", ["query", "log"], READ),
        ("create", ["link", "payment"], PAY),
        ("enable", ["tag", "server"], EDIT),
        ("enable", ["gizmo", "server", "tag"], OPERATE),
        ("upload", ["gizmo"], PUBLISH),
        ("acknowledge", ["page", "incident"], SEND),
        ("acknowledge", ["task"], EDIT),
    ],
)
def test_what_is_done_depends_on_what_it_is_done_to(verb: str, nouns: list[str], effect: Effect) -> None:
    assert meaning(verb, nouns) == effect


def test_an_unknown_head_is_not_explained_by_what_describes_it() -> None:
    assert meaning("create", ["gizmo", "customer"]) == ADD
    assert meaning("create", ["gizmo", "customer"], strict=True) == PROVISION


def test_the_head_of_the_direct_object_comes_first() -> None:
    assert objects_of(["issue", "comments", "to", "the", "board"]) == ["comment", "issue", "board"]


def test_a_light_verb_is_one_without_a_telling_object() -> None:
    assert is_light("run", ["gizmo"])
    assert not is_light("run", ["pipeline"])
    assert not is_light("delete", ["gizmo"])
