from __future__ import annotations

import pytest

from interlock.wire.versions import LATEST_LEGACY, LEGACY_VERSIONS, MODERN_VERSIONS, Era, era_of, negotiate


def test_the_five_revisions_and_their_eras() -> None:
    assert LEGACY_VERSIONS == ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
    assert MODERN_VERSIONS == ("2026-07-28",)
    assert {era_of(version) for version in LEGACY_VERSIONS} == {Era.LEGACY}
    assert {era_of(version) for version in MODERN_VERSIONS} == {Era.MODERN}


def test_what_names_no_revision_is_legacy() -> None:
    assert era_of(None) is era_of("2030-01-01") is Era.LEGACY


@pytest.mark.parametrize("asked", LEGACY_VERSIONS)
def test_a_legacy_revision_is_granted(asked: str) -> None:
    assert negotiate(asked) == asked


@pytest.mark.parametrize("asked", [None, "2026-07-28", "1999-01-01", 7, ["2024-11-05"], {}])
def test_anything_else_gets_the_latest_with_a_handshake(asked: object) -> None:
    assert negotiate(asked) == LATEST_LEGACY == "2025-11-25"
