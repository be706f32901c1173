from __future__ import annotations

import json
import math
import struct
from collections import UserDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

import interlock.canon.json as canon_json
from interlock.canon import MAX_DEPTH, EncodeError, ParseError, encode, is_exact, parse

texts = st.text(st.characters(exclude_categories=["Cs"]))
# Beyond 2**53 a double's shortest digits (which RFC 8785 writes) are a neighbouring integer's exact ones.
floats = st.floats(-(2.0**53), 2.0**53)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)

MANY = b"[{" * MAX_DEPTH


@given(values)
def test_encode_round_trips(value: object) -> None:
    assert parse(encode(value)) == value
    assert encode(parse(encode(value))) == encode(value)


@given(values)
def test_plain_and_general_writer_agree(value: object) -> None:
    # A float anywhere forces the general writer on the very same content.
    assert encode([value, 0.5]) == b"[" + encode(value) + b",0.5]"


# RFC 8785 appendix B: IEEE 754 bits -> ECMAScript text.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_of_rfc_8785_appendix_b(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert encode(number) == text.encode()


def test_sorting_of_rfc_8785_is_by_utf16_code_units() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(encode(value))) == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_escape_only_what_rfc_8785_says() -> None:
    assert encode('\x00\x1f\x7f\b\f\n\r\t"\\/€') == b'"\\u0000\\u001f\x7f\\b\\f\\n\\r\\t\\"\\\\/' + "€".encode() + b'"'


def test_integers_stay_exact() -> None:
    assert encode(2**53 + 1) == b"9007199254740993"
    assert encode([2**80 + 1, 0.5]) == b"[1208925819614629174706177,0.5]"
    assert parse(b"9007199254740993") == 2**53 + 1


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"\\u0061":2}}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"",
        b"{}{}",
        b"{'a':1}",
        b"[1,]",
        b"01",
        b'"a\nb"',
        b"1" * 5000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b"[" * 1_000_000,
    ],
)
def test_parse_refuses(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data)
    assert len(str(caught.value)) < 100


def test_parse_counts_depth_not_brackets() -> None:
    assert len(parse(b"[" + b",".join([b"[]"] * 1000) + b"]")) == 1000
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode(parse(deep)) == deep
    assert parse(b'["' + b"[" * 1000 + b'\\"[", "\\\\"]') == ["[" * 1000 + '"[', "\\"]


@pytest.mark.parametrize(
    "quoted",
    [
        rb'"' + MANY + rb'"',
        rb'"","' + MANY + rb'"',
        rb'"\"' + MANY + rb'"',
        rb'"\\\"' + MANY + rb'"',
        rb'"\\\\","' + MANY + rb'"',
        rb'"\n","\\","]","' + MANY + rb'"',
        rb'"]","' + MANY + rb'"',
    ],
)
def test_brackets_in_strings_nest_nothing(quoted: bytes) -> None:
    assert parse(b"[" + quoted + b"]")[-1].endswith("[{" * MAX_DEPTH)
    assert parse(b'"' + MANY + b'"') == "[{" * MAX_DEPTH


@pytest.mark.parametrize("before", [b"[],[],[],{},{}", rb'"\\"', rb'"\""', rb'"\\\"","]"', b'"]]]]"'])
def test_what_stands_before_does_not_hide_how_deep_it_gets(before: bytes) -> None:
    def nested(depth: int) -> bytes:
        return b"[" + before + b"," + b"[" * (depth - 1) + b"]" * depth

    assert parse(nested(MAX_DEPTH))
    with pytest.raises(ParseError, match=rf"^nested more than {MAX_DEPTH} deep$"):
        parse(nested(MAX_DEPTH + 1))


def test_nesting_is_bounded_where_the_page_says() -> None:
    assert MAX_DEPTH == 256


def test_what_is_plain_is_written_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canon_json, "_write", None)
    plain: object = {"a": [1, "x", None, True, {}], "b": "ü"}
    for _ in range(MAX_DEPTH - 3):
        plain = [plain]
    assert encode(plain).strip(b"[]") == b'{"a":[1,"x",null,true,{}],"b":"\xc3\xbc"}'


def test_parse_accepts_paired_surrogates() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("value", [math.nan, math.inf, {1: 2}, {"a": {1: 0.5}}, {"a": b"x"}, object(), "\ud800", {0.5}])
def test_encode_refuses(value: object) -> None:
    with pytest.raises(EncodeError):
        encode(value)


def test_encode_refuses_what_is_nested_too_deep() -> None:
    plain: object = 1
    for _ in range(MAX_DEPTH + 1):
        plain = [plain]
    with pytest.raises(EncodeError, match="deep"):
        encode(plain)
    with pytest.raises(EncodeError, match="deep"):
        encode([plain, 0.5])


class Speaking(str):
    """A text that prints as something else than it is, as the members of some enumerations do."""

    __slots__ = ()

    def __str__(self) -> str:
        return "Speaking.NAME"


def test_a_key_is_written_as_it_is_not_as_it_prints() -> None:
    assert encode({Speaking("name"): Speaking("name")}) == b'{"name":"name"}'


def test_an_integer_with_too_many_digits_is_refused_by_both() -> None:
    with pytest.raises(EncodeError, match=r"^an integer has too many digits$"):
        encode(10**5000)
    with pytest.raises(EncodeError, match=r"^an integer has too many digits$"):
        encode([10**5000, 0.5])
    with pytest.raises(ParseError, match=r"^an integer has too many digits$"):
        parse(b"1" * 5000)


@pytest.mark.parametrize("bottom", [[], {}, [1], {"a": 1}])
def test_encode_and_parse_agree_on_how_deep_is_too_deep(bottom: object) -> None:
    for _ in range(MAX_DEPTH - 1):
        bottom = [bottom]
    assert parse(encode(bottom)) == bottom
    for deeper in ([bottom], {"a": bottom}, (bottom,), UserDict(a=bottom), [bottom, 0.5]):
        with pytest.raises(EncodeError, match=rf"^nested more than {MAX_DEPTH} deep$"):
            encode(deeper)


def test_a_scalar_at_the_bottom_is_no_deeper() -> None:
    value: object = 0.5
    for _ in range(MAX_DEPTH):
        value = [value]
    assert parse(encode(value)) == value


@pytest.mark.parametrize(
    "text", ["0.1", "1e5", "-2.50", "1E-7", '"0.10000000000000001"', "123456789012345678901", "[1,0.5]"]
)
def test_a_number_that_stays_the_same_is_exact(text: str) -> None:
    assert is_exact(text.encode())


@pytest.mark.parametrize("text", ["0.10000000000000001", "12345678901234567890.5", '{"a":[1.00000000000000000001e3]}'])
def test_a_number_that_a_double_cannot_hold_is_not_exact(text: str) -> None:
    assert not is_exact(text.encode())


def test_depth_is_counted_outside_strings_and_their_escapes() -> None:
    inside = "[" * 300
    assert parse(f'["{inside}", "\\\\", "\\"{inside}", 1]'.encode())[0] == inside
    with pytest.raises(ParseError, match="deep"):
        parse(("[" * 300).encode() + b'"]"')


@pytest.mark.parametrize(
    ("data", "exact"),
    [
        (b"{}", True),
        (b"[1,2]", True),
        (b'{"a":0.1}', True),
        (b"[0.10]", True),
        (b"[0.1,1e5,1E-7,-0.0,5e-324,1.50,100.0]", True),
        (b"0.10000000000000001", False),
        (b"[0.5,0.10000000000000001,0.5]", False),
        (b'{"a":[9007199254740993.0]}', False),
        (b"1e-400", False),
        (b"[1,1e999]", False),
        (b'["0.10000000000000001","1.e"]', True),
        (b'["0.1",123456789012345678901234567890]', True),
    ],
)
def test_a_fraction_is_exact_when_no_digit_of_it_is_lost(data: bytes, *, exact: bool) -> None:
    assert is_exact(data) is exact


@given(values)
def test_what_we_write_is_exact(value: object) -> None:
    assert is_exact(encode(value))
