from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.sqlite_premises import SqlitePremises
from contracts.store import StoreContract


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[SqlitePremises]:
    made = SqlitePremises(tmp_path)
    yield made
    made.close()


class TestSqlite(StoreContract):
    """SQLite keeps the contract."""
