"""Text as a person must see it: what hides, reorders or imitates is made visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00013441\U00013442\U00016fe4\U0001d159"
)
"""Letters, marks and symbols that draw nothing: not of a hidden category, yet invisible.

They are Unicode's Default_Ignorable_Code_Point beyond the hidden categories, and the blanks of single scripts.
"""


def reveal(text: str, *, keep: str = "") -> str:
    r"""Return ``text`` with every invisible, bidirectional, control or unusual space character spelled out.

    ``\u202e`` becomes ``⟨U+202E⟩``; a plain space stays. What is already spelled like that is escaped, too,
    so that nobody can write an innocent ``⟨U+202E⟩``. Characters in ``keep`` stay as they are: whoever shows
    the text takes care of them.
    """
    return "".join(character if character in keep else _reveal_one(character) for character in text)


def reveal_json(value: Any) -> Any:
    """Return a JSON value with every string in it, keys included, revealed.

    Line ends and tabs in values stay: JSON text spells them out itself, and a page can show them as they are.
    """
    if isinstance(value, str):
        return reveal(value, keep="\n\t")
    if isinstance(value, Mapping):
        return {reveal(str(key)): reveal_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [reveal_json(item) for item in value]
    return value


def _reveal_one(character: str) -> str:
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    odd_space = category == "Zs"
    if category in _HIDDEN or odd_space or character in _BLANK or character in "⟨⟩" or _is_selector(character):
        return f"⟨U+{ord(character):04X}⟩"
    return character


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
