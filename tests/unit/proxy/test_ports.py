"""The rooms that are handed in have what the data path asks of them, under the same names."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from interlock.cli import wiring
from interlock.proxy import ports
from interlock.stores.sqlite.gateway import GatewayStore

PAIRS = [
    (ports.Store, GatewayStore),
    (ports.Classifier, wiring.Classifier),
    (ports.Lender, wiring.Lender),
    (ports.Authority, wiring.Authority),
]


def methods(kind: type[Any]) -> dict[str, Any]:
    return {name: member for name, member in vars(kind).items() if inspect.isfunction(member) and name[0] != "_"}


@pytest.mark.parametrize(("port", "room"), PAIRS)
def test_a_room_has_all_that_its_port_names(port: type[Any], room: type[Any]) -> None:
    wanted = methods(port)
    assert wanted
    for name, method in wanted.items():
        theirs = getattr(room, name)
        assert list(inspect.signature(theirs).parameters) == list(inspect.signature(method).parameters)
        assert inspect.iscoroutinefunction(theirs) == inspect.iscoroutinefunction(method)


@pytest.mark.parametrize("word", [ports.WebRequest, ports.WebResponse, ports.Challenge])
def test_words_are_frozen(word: type[Any]) -> None:
    made = word(**{each.name: each.name for each in dataclasses.fields(word)})
    for each in dataclasses.fields(word):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, each.name, "other")
