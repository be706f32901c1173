from __future__ import annotations

import inspect
from typing import Any

import pytest

from interlock.control import ports
from interlock.stores.sqlite.desk import Desk, LogSnapshot
from unit.control.sample import Servers


@pytest.mark.parametrize(
    ("port", "filled"),
    [
        (ports.InventoryStore, Desk),
        (ports.StopStore, Desk),
        (ports.ApprovalStore, Desk),
        (ports.LogStore, Desk),
        (ports.LogView, LogSnapshot),
        (ports.Upstreams, Servers),
    ],
)
def test_what_fills_a_port_is_called_as_the_port_says(port: Any, filled: Any) -> None:
    wanted = {name: member for name, member in vars(port).items() if not name.startswith("_")}
    assert wanted
    for name, member in wanted.items():
        offered = inspect.getattr_static(filled, name)
        if isinstance(member, property):
            assert isinstance(offered, property), name
            continue
        mine, theirs = inspect.signature(member).parameters, inspect.signature(offered).parameters
        assert [(each.name, each.kind, each.default) for each in mine.values()] == [
            (each.name, each.kind, each.default) for each in theirs.values()
        ], name
        assert inspect.iscoroutinefunction(member) == inspect.iscoroutinefunction(offered), name
