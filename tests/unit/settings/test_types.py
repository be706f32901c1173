from __future__ import annotations

import dataclasses

import pytest

from interlock.settings import types
from interlock.settings.types import Address


@pytest.mark.parametrize(
    ("address", "text", "loopback", "unspecified"),
    [
        (Address("127.0.0.1", 1), "127.0.0.1:1", True, False),
        (Address("127.8.9.1", 1), "127.8.9.1:1", True, False),
        (Address("::1", 1), "[::1]:1", True, False),
        (Address("localhost", 1), "localhost:1", True, False),
        (Address("LocalHost", 1), "LocalHost:1", True, False),
        (Address("localhost.example", 1), "localhost.example:1", False, False),
        (Address("10.0.0.1", 1), "10.0.0.1:1", False, False),
        (Address("0.0.0.0", 1), "0.0.0.0:1", False, True),  # noqa: S104 - the case in question
        (Address("::", 1), "[::]:1", False, True),
    ],
)
def test_addresses(address: Address, text: str, loopback: bool, unspecified: bool) -> None:  # noqa: FBT001 - a table
    assert (str(address), address.is_loopback, address.is_unspecified) == (text, loopback, unspecified)


def test_every_type_is_frozen_and_slotted() -> None:
    found = [each for each in vars(types).values() if dataclasses.is_dataclass(each) and isinstance(each, type)]
    assert len(found) > 12
    for each in found:
        assert each.__dataclass_params__.frozen, each  # type: ignore[attr-defined]
        assert "__slots__" in vars(each), each
