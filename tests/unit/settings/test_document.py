from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.settings.document import MAX_DEPTH, DocumentError, Mark, read_document


def scalar(text: str) -> tuple[Any, bool]:
    document = read_document(f"a: {text}\n".encode())
    return document.data["a"], bool(document.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("0", 0),
        ("-12", -12),
        ("3.11", 3.11),
        ("2026-12-31", "2026-12-31"),
        ("127.0.0.1:8700", "127.0.0.1:8700"),
        ("1.2.3", "1.2.3"),
        ('"yes"', "yes"),
        ("'010'", "010"),
        ("9" * 19, "9" * 19),
        ("٣", "٣"),
        ("yesterday", "yesterday"),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_a_scalar_that_readers_agree_on(text: str, value: Any) -> None:
    assert scalar(text) == (value, False)
    assert type(scalar(text)[0]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "010",
        "-017",
        "0o17",
        "0x1F",
        "0b11",
        "1_000",
        "1_0.5",
        "1:30",
        "-1:30:59",
        "12:30.5",
        "1e3",
        "1.5E-3",
        ".5",
        "1.",
        ".inf",
        "-.INF",
        ".nan",
        "=",
    ],
)
def test_a_scalar_that_readers_disagree_on_is_a_problem(text: str) -> None:
    assert scalar(text)[1]


@pytest.mark.parametrize("text", ['"\\0"', '"\\e"', '"\\x7f"', '"\\x9f"', '"\\ud800"', '"\\b"'])
def test_a_control_character_is_a_problem_and_gone(text: str) -> None:
    assert scalar(text) == ("?", True)


def test_newlines_and_tabs_are_text() -> None:
    assert scalar('"a\\tb\\nc"') == ("a\tb\nc", False)


def test_marks_are_of_the_key_and_of_the_value() -> None:
    document = read_document(b"a:\n  - b\n  - {c: d}\n")
    assert document.mark(("a",), of_key=True) == Mark(1, 1)
    assert document.mark(("a",)) == Mark(2, 3)
    assert document.mark(("a", 1, "c"), of_key=True) == Mark(3, 6)
    assert document.mark(("a", 1, "c")) == Mark(3, 9)


def test_what_is_missing_stands_where_its_owner_does() -> None:
    document = read_document(b"\na: {b: c}\n")
    assert document.mark(("a", "x")) == Mark(2, 1)
    assert document.mark(("x",)) == Mark(2, 1)


def test_every_repetition_is_told_and_the_first_value_kept() -> None:
    document = read_document(b"a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [(problem.mark.line, problem.path) for problem in document.problems] == [
        (2, ("a",)),
        (3, ("b", "c")),
        (4, ("a",)),
    ]


def test_the_byte_order_mark_is_not_text() -> None:
    document = read_document(b"\xef\xbb\xbfa: b\n")
    assert document.data == {"a": "b"}
    assert document.mark(("a",)) == Mark(1, 4)


@pytest.mark.parametrize("raw", ["a: b".encode("utf-16"), b"# ok\na: \xc3\x28"])
def test_another_encoding_is_told(raw: bytes) -> None:
    with pytest.raises(DocumentError, match="UTF-8"):
        read_document(raw)


def test_depth_is_bounded_where_it_is_said_to_be() -> None:
    read_document(b"[" * (MAX_DEPTH - 1) + b"x" + b"]" * (MAX_DEPTH - 1))
    with pytest.raises(DocumentError, match="deeper"):
        read_document(b"[" * MAX_DEPTH + b"x" + b"]" * MAX_DEPTH)


def test_siblings_do_not_add_to_the_depth() -> None:
    assert len(read_document(b"[" + b"[x]," * 100 + b"]").data) == 100


def test_a_very_long_number_like_text_is_read_in_good_time() -> None:
    assert scalar("1" + "_" * 200_000 + "x") == ("1" + "_" * 200_000 + "x", False)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(DATA)
def test_what_another_writer_wrote_unambiguously_is_read_the_same(data: Any) -> None:
    document = read_document(yaml.safe_dump({"root": data}).encode())
    assert document.problems or document.data == {"root": data}
