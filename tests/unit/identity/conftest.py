from __future__ import annotations

from dataclasses import dataclass

import pytest
from joserfc.jwk import ECKey

from interlock.identity.keys import SigningKey


@dataclass
class Clock:
    """A clock that a test sets."""

    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def new_key() -> SigningKey:
    key = ECKey.generate_key("P-256")
    return SigningKey(key.thumbprint(), key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return new_key()


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    return new_key()
