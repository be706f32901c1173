"""Canonical JSON against a second writer: slow, written from RFC 8785 and ECMA-262, and sharing no code with ours."""

from __future__ import annotations

import math
from collections import UserDict
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from interlock.canon import EncodeError, ParseError, digest, encode, parse

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
awkward = st.text(
    st.sampled_from('a"\\/\b\f\n\r\t\0\x1f\x7f\x80\u2028\ud7ff\ue000\uffff\U00010000\U0010ffff'), max_size=4
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | awkward,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | awkward, inner, max_size=4),
    max_leaves=12,
)

SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def slow_writer(value: object) -> str:
    """Write a JSON value as section 3.2 of RFC 8785 says, integers exactly."""
    match value:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case int():
            return f"{value:d}"
        case float():
            return slow_number(value)
        case str():
            return slow_string(value)
        case list():
            return f"[{','.join(slow_writer(item) for item in value)}]"
        case dict():
            members = sorted(value.items(), key=lambda member: units(member[0]))
            return "{" + ",".join(f"{slow_string(key)}:{slow_writer(item)}" for key, item in members) + "}"
    raise AssertionError(value)


def slow_string(text: str) -> str:
    return '"' + "".join(SHORT.get(ord(it)) or (f"\\u{ord(it):04x}" if ord(it) < 32 else it) for it in text) + '"'


def units(text: str) -> list[int]:
    """Return the UTF-16 code units of a text, by the arithmetic of RFC 2781."""
    found = []
    for point in map(ord, text):
        if point < 0x10000:
            found.append(point)
        else:
            found += [0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF)]
    return found


def slow_number(value: float) -> str:
    """Write a double by the letter of ECMA-262 Number::toString: find k, n and s, then choose the notation."""
    if value == 0:
        return "0"
    if value < 0:
        return "-" + slow_number(-value)
    k, s, n = next(found for k in range(1, 18) for found in digits(value, k))
    if k <= n <= 21:
        return s + "0" * (n - k)
    if 0 < n <= 21:
        return f"{s[:n]}.{s[n:]}"
    if -6 < n <= 0:
        return "0." + "0" * -n + s
    sign = "+" if n > 0 else "-"
    fraction = "." + s[1:] if k > 1 else ""
    return f"{s[0]}{fraction}e{sign}{abs(n - 1)}"


def digits(value: float, k: int) -> list[tuple[int, str, int]]:
    """Return k, s and n such that s has k digits and s * 10**(n - k) reads back as this double: the nearest first.

    Of two that are as near it is the even one.
    """
    about = int(f"{value:e}".partition("e")[2]) + 1
    found = []
    for n in (about - 1, about, about + 1):
        exact = Fraction(value) / Fraction(10) ** (n - k)
        for s in (math.floor(exact), math.floor(exact) + 1):
            if 10 ** (k - 1) <= s < 10**k and float(f"{s}e{n - k}") == value:
                away = abs(Fraction(s) * Fraction(10) ** (n - k) - Fraction(value))
                found.append((away, s % 2, (k, str(s), n)))
    return [best for _, _, best in sorted(found)]


@given(values)
@example({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3})
def test_both_writers_write_the_same(value: object) -> None:
    assert encode(value).decode() == slow_writer(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e21)
@example(1e20)
@example(123456789012345680000.0)
@example(1e-6)
@example(1e-7)
@example(1.5e-7)
@example(1.5e300)
@example(100.0)
@example(0.1)
@example(2.0**-24)
@example(5e-324)
def test_both_write_each_double_the_same_and_exactly(value: float) -> None:
    text = encode(value).decode()
    assert text == slow_number(value)
    assert float(text) == value


@given(st.integers(0, 2**64 - 1))
def test_no_bit_pattern_of_a_double_is_written_differently(bits: int) -> None:
    value = math.ldexp(1 + (bits & (2**52 - 1)) / 2**52, (bits >> 52) % 2046 - 1022)
    assert encode(value).decode() == slow_number(value)


@given(values)
def test_what_is_written_is_read_back_to_the_same_digest(value: object) -> None:
    assert digest(parse(encode(value))) == digest(value)


@given(st.dictionaries(texts, values, max_size=3))
def test_the_order_of_members_and_the_kind_of_container_change_nothing(value: dict[str, object]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)
    assert encode(UserDict(value)) == encode(value)
    assert encode(tuple(value.values())) == encode(list(value.values()))


@given(
    st.binary(max_size=40)
    | st.text(st.sampled_from('{}[]",:0123456789.eE+-truefalsn\\u d8'), max_size=30).map(str.encode)
)
def test_parsing_anything_gives_a_value_or_refuses_and_what_it_gives_has_a_canonical_form(data: bytes) -> None:
    try:
        value = parse(data)
    except ParseError:
        return
    assert parse(encode(value)) == value or isinstance(value, float)


@given(values, st.sampled_from([math.nan, math.inf, -math.inf, b"x", {1: 2}, {0.5}, "\ud800", object()]))
def test_what_is_no_json_is_refused_wherever_it_is(value: object, wrong: object) -> None:
    for whole in ([value, wrong], {"a": value, "b": wrong}, {"a": [wrong, value]}):
        try:
            encode(whole)
        except EncodeError:
            continue
        raise AssertionError(whole)
