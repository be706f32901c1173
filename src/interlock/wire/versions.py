"""The protocol's revisions and its two eras."""

from __future__ import annotations

from enum import StrEnum

LEGACY_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Revisions with ``initialize`` and sessions, oldest first."""
MODERN_VERSIONS = ("2026-07-28",)
"""Stateless revisions, oldest first."""
LATEST_LEGACY = LEGACY_VERSIONS[-1]
LATEST_MODERN = MODERN_VERSIONS[-1]


class Era(StrEnum):
    """How a peer speaks: with a handshake and a session, or with an envelope in each request."""

    LEGACY = "legacy"
    MODERN = "modern"


def era_of(version: str | None) -> Era:
    """Return a revision's era; what names no modern revision is legacy, as before 2026 nothing was named."""
    return Era.MODERN if version in MODERN_VERSIONS else Era.LEGACY


def negotiate(asked: object) -> str:
    """Return the revision an ``initialize`` is answered with: the one asked for, or the latest with a handshake."""
    return asked if isinstance(asked, str) and asked in LEGACY_VERSIONS else LATEST_LEGACY
