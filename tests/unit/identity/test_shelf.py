from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interlock.identity.shelf import Shelf


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_thing_is_kept_until_its_lifetime_is_over() -> None:
    clock = Clock()
    shelf: Shelf[int] = Shelf(2, 10, clock)
    shelf.put("a", 1)
    clock.at = 9.9
    assert shelf.get("a") == 1
    clock.at = 10
    assert shelf.get("a") is None


def test_a_thing_is_taken_once() -> None:
    shelf: Shelf[int] = Shelf(2, 10, Clock())
    shelf.put("a", 1)
    assert (shelf.take("a"), shelf.take("a")) == (1, None)


def test_the_oldest_makes_room_and_expired_ones_make_it_first() -> None:
    clock = Clock()
    shelf: Shelf[int] = Shelf(2, 10, clock)
    shelf.put("a", 1)
    shelf.put("b", 2)
    assert shelf.full
    shelf.put("c", 3)
    assert [shelf.get(name) for name in "abc"] == [None, 2, 3]
    clock.at = 10
    assert not shelf.full


def test_putting_again_replaces_and_renews() -> None:
    clock = Clock()
    shelf: Shelf[int] = Shelf(2, 10, clock)
    shelf.put("a", 1)
    shelf.put("b", 2)
    clock.at = 5
    shelf.put("a", 3)
    assert shelf.get("b") == 2
    clock.at = 14
    assert (shelf.get("a"), shelf.get("b")) == (3, None)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 5))), st.integers(1, 4))
def test_it_agrees_with_a_plain_model(puts: list[tuple[str, float]], limit: int) -> None:
    clock = Clock()
    shelf: Shelf[float] = Shelf(limit, 10, clock)
    model: dict[str, float] = {}
    for name, pause in puts:
        clock.at += pause
        model = {each: at for each, at in model.items() if clock.at < at + 10 and each != name}
        if len(model) == limit:
            del model[min(model, key=lambda each: (model[each], list(model).index(each)))]
        model[name] = clock.at
        shelf.put(name, clock.at)
        assert {each: shelf.get(each) for each in "abcdef" if shelf.get(each) is not None} == model
