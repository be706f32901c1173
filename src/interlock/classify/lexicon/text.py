"""How the tables are written: words in a text."""

from __future__ import annotations


def wordset(text: str) -> frozenset[str]:
    """Return the words of ``text``, which are separated by white space."""
    return frozenset(text.split())
