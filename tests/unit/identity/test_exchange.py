from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.identity.exchange import (
    MAX_BODY,
    answer_json,
    answer_problem,
    parse_form,
    parse_object,
    read_form,
    read_object,
)
from interlock.identity.words import HttpRequest, Problem

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":2}', b"[1]", b"", b"\xff", b'{"a":NaN}', b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"]
)
def test_what_is_not_one_strict_object_is_none(data: bytes) -> None:
    assert parse_object(data) is None


def test_an_object_is_read() -> None:
    assert parse_object(b'{"a":{"b":[1]}}') == {"a": {"b": [1]}}


@given(st.binary(max_size=200))
def test_parse_object_never_raises(data: bytes) -> None:
    assert parse_object(data) is None or isinstance(parse_object(data), dict)


def test_a_repeated_parameter_is_a_problem_and_an_empty_one_is_omitted() -> None:
    assert isinstance(parse_form("a=1&a=1"), Problem)
    assert parse_form("a=&b=2") == {"b": "2"}


@pytest.mark.parametrize("text", ["a=%ff", "a=" + "x" * MAX_BODY, "&".join(f"a{n}=1" for n in range(33))])
def test_an_unreadable_form_is_a_problem(text: str) -> None:
    assert isinstance(parse_form(text), Problem)


def test_a_form_body_needs_its_media_type() -> None:
    assert read_form(HttpRequest("POST", "/", headers=FORM, body=b"a=1")) == {"a": "1"}
    assert isinstance(read_form(HttpRequest("POST", "/", body=b"a=1")), Problem)
    assert isinstance(read_form(HttpRequest("POST", "/", headers=FORM, body=b"a=\xff")), Problem)
    assert isinstance(read_form(HttpRequest("POST", "/", headers=FORM, body=b"a" * (MAX_BODY + 1))), Problem)


def test_a_json_body_needs_its_media_type() -> None:
    typed = {"content-type": "Application/JSON"}
    assert read_object(HttpRequest("POST", "/", headers=typed, body=b'{"a":1}')) == {"a": 1}
    assert isinstance(
        read_object(HttpRequest("POST", "/", headers={"content-type": "text/plain"}, body=b"{}")), Problem
    )
    assert isinstance(read_object(HttpRequest("POST", "/", headers=typed, body=b"[]")), Problem)
    assert isinstance(read_object(HttpRequest("POST", "/", headers=typed, body=b" " * MAX_BODY + b"{}")), Problem)


def test_answers_are_json_and_never_cached() -> None:
    answer = answer_json(200, {"a": 1})
    assert (answer.status, json.loads(answer.body)) == (200, {"a": 1})
    assert answer.headers == {"Content-Type": "application/json", "Cache-Control": "no-store"}


def test_a_problem_names_the_scheme_only_when_unauthorized() -> None:
    refused = answer_problem(Problem("invalid_client", "No.", 401))
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    bad = answer_problem(Problem("invalid_request", "No."))
    assert "WWW-Authenticate" not in bad.headers
    assert json.loads(bad.body) == {"error": "invalid_request", "error_description": "No."}
