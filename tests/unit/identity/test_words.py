from __future__ import annotations

from interlock.identity.words import HttpRequest, HttpResponse, Problem, RefusalCode


def test_codes_are_the_rfcs_own() -> None:
    assert {code.value for code in RefusalCode} == {"invalid_token", "insufficient_scope"}


def test_what_is_not_given_is_empty() -> None:
    assert HttpRequest("GET", "/") == HttpRequest("GET", "/", "", {}, b"")
    assert HttpResponse(405) == HttpResponse(405, {}, b"")
    assert Problem("invalid_request", "No.").status == 400
