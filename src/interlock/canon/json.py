"""Canonical JSON (RFC 8785) and strict parsing (RFC 8259, I-JSON of RFC 7493).

One deviation from RFC 8785, and from the I-JSON it builds on: integers of any size stay exact.
Two arguments that differ in the last digit of a long account number must never share a digest.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Any

MAX_DEPTH = 256
"""The deepest nesting of arrays and objects that :func:`parse` and :func:`encode` accept."""

_FRACTION = re.compile(rb"[0-9][.eE]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_STEPS))
_EXPONENT_FROM = 21
_LEADING_ZEROS = 6
_encode_plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class ParseError(ValueError):
    """The text is not strict JSON. The message says what and where, and never quotes the text."""


class EncodeError(ValueError):
    """The value has no canonical JSON form."""


def parse(data: bytes) -> Any:
    """Parse UTF-8 JSON strictly.

    Refuses what two parsers may read differently: duplicate keys anywhere, byte order marks, lone
    surrogates, NaN and infinities (also those that overflow), nesting beyond :data:`MAX_DEPTH`.

    Raises:
        ParseError: the text is refused.

    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"not UTF-8 at byte {error.start}") from None
    _check_depth(data)
    try:
        value = json.loads(
            text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant, parse_float=_parse_float
        )
    except json.JSONDecodeError as error:
        raise ParseError(f"not JSON at character {error.pos}: {error.msg}") from None
    except ParseError:
        raise
    except ValueError:
        raise ParseError("an integer has too many digits") from None
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def encode(value: Any) -> bytes:
    """Return the canonical form of a JSON value as UTF-8 bytes (RFC 8785; integers exact).

    Raises:
        EncodeError: the value holds something that is not JSON, or is nested beyond :data:`MAX_DEPTH`.

    """
    try:
        text = _encode_plain(value) if _is_plain(value, 0) else _write(value)
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodeError("a string holds a lone surrogate") from None
    except EncodeError:
        raise
    except ValueError:
        raise EncodeError("an integer has too many digits") from None


def is_exact(data: bytes) -> bool:
    """Whether every fraction in strict JSON text is exactly what :func:`encode` writes for it.

    ``0.10000000000000001`` is not: it parses to the same double as ``0.1``, and a reader with decimals would
    see another number than the one whose digest was taken.
    """
    if not _FRACTION.search(data):
        return True
    inexact: list[str] = []

    def compare(text: str) -> float:
        value = float(text)
        if Decimal(text) != Decimal(repr(value)):
            inexact.append(text)
        return value

    json.loads(data, parse_float=compare)
    return not inexact


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRING.sub(b"", data).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise ParseError(f"nested more than {MAX_DEPTH} deep")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ParseError("an object has the same key twice")
    return result


def _refuse_constant(_name: str) -> Any:
    raise ParseError("NaN and infinities are not JSON")


def _parse_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ParseError("a number is too large")
    return value


def _refuse_surrogates(value: Any) -> None:
    try:
        encode(value)
    except EncodeError:
        raise ParseError("a string holds a lone surrogate") from None


def _is_plain(value: Any, depth: int) -> bool:
    """Whether the standard library's encoder writes this value canonically: no floats, keys that sort alike."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool:
        return True
    if depth == MAX_DEPTH:
        return False
    if kind is dict:
        return all(type(key) is str and key.isascii() and _is_plain(item, depth + 1) for key, item in value.items())
    if kind is list:
        return all(_is_plain(item, depth + 1) for item in value)
    return False


def _write(value: Any, depth: int = 0) -> str:
    if value is None or isinstance(value, bool):
        return _encode_plain(value)
    if isinstance(value, str):
        return _encode_plain(str.__str__(value))
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _write_float(value)
    if depth == MAX_DEPTH:
        raise EncodeError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        return "{" + ",".join(_write_member(key, value[key], depth) for key in sorted(value, key=_utf16)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(item, depth + 1) for item in value) + "]"
    raise EncodeError(f"{type(value).__name__} is not JSON")


def _write_member(key: str, value: Any, depth: int) -> str:
    return f"{_encode_plain(str.__str__(key))}:{_write(value, depth + 1)}"


def _utf16(key: Any) -> bytes:
    if not isinstance(key, str):
        raise EncodeError("an object's key is not a string")
    return key.encode("utf-16-be", "surrogatepass")


def _write_float(value: float) -> str:
    """Write a double as ECMAScript does (RFC 8785 section 3.2.2.3; ECMA-262 Number::toString)."""
    if not math.isfinite(value):
        raise EncodeError("NaN and infinities are not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= _EXPONENT_FROM:
        text = digits.ljust(point, "0")
        return sign + (text[:point] + "." + text[point:] if len(text) > point else text)
    if -_LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"
