from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.visible import reveal, reveal_json

IGNORABLE = [
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
]
"""Default_Ignorable_Code_Point of the Unicode character database: what a renderer leaves out."""


def spelled(point: int) -> str:
    return f"⟨U+{point:04X}⟩"


def test_no_character_that_renderers_leave_out_stays_hidden() -> None:
    for first, last in IGNORABLE:
        for point in range(first, last + 1):
            assert reveal(chr(point)) == spelled(point)


@pytest.mark.parametrize(
    "character",
    [
        *"\0\t\n\r\x1b\x7f\x80\x9f",  # controls
        *"\u202a\u202e\u2066\u2069\u200e",  # directions
        *"\xa0\u2003\u3000",  # spaces that are not the space
        *"\u2028\u2029",  # separators
        *"\ue000\U000f0000\ud800\u0378",  # private, lone and unassigned
        *"\u2800\U00013441\U00013442\U00016fe4\U0001d159",  # blanks of single scripts
        *"⟨⟩",  # what we spell with
    ],
)
def test_what_hides_or_reorders_is_spelled_out(character: str) -> None:
    assert reveal(f"a{character}b") == f"a{spelled(ord(character))}b"


@pytest.mark.parametrize(
    "text", ["", " ", "~", "plain text", "naïve", "日本語", "עברית", "e\u0301", "😀", "\ufdff", "\ufe10", "<U+202E>"]
)
def test_what_is_seen_stays(text: str) -> None:
    assert reveal(text) == text


@pytest.mark.parametrize("border", ["\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef"])
def test_variation_selectors_are_spelled_out_to_the_last(border: str) -> None:
    assert unicodedata.category(border) == "Mn"
    assert reveal(border) == spelled(ord(border))


@given(st.text(), st.text())
def test_no_two_texts_look_alike_for_what_they_hide(one: str, other: str) -> None:
    assert (reveal(one) == reveal(other)) == (one == other)


@given(st.text())
def test_what_was_revealed_hides_nothing(text: str) -> None:
    shown = reveal(text).translate({ord("⟨"): None, ord("⟩"): None})
    assert reveal(shown) == shown


def test_json_is_revealed_keys_and_depths_included() -> None:
    value = {"a\u200b": ["\u202e", ("x\0",), {"k\xa0": 1}], "n": None, "t": True, "f": 0.5}
    assert reveal_json(value) == {
        "a⟨U+200B⟩": ["⟨U+202E⟩", ["x⟨U+0000⟩"], {"k⟨U+00A0⟩": 1}],
        "n": None,
        "t": True,
        "f": 0.5,
    }
    assert reveal_json({7: "\0"}) == {"7": "⟨U+0000⟩"}


def test_line_ends_of_a_value_stay_since_json_spells_them_out() -> None:
    assert reveal_json({"a\n": "b\n\tc\r"}) == {"a⟨U+000A⟩": "b\n\tc⟨U+000D⟩"}


def test_what_is_kept_stays_and_nothing_else() -> None:
    assert reveal("⟨U+202E⟩\u202e", keep="⟨⟩") == "⟨U+202E⟩⟨U+202E⟩"
