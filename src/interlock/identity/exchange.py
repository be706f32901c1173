"""Strict parsing of what OAuth requests carry, and the one shape of what is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from interlock.canon import ParseError, parse
from interlock.identity.words import HttpRequest, HttpResponse, Problem

MAX_BODY = 16 * 1024
"""Bytes; no OAuth request comes near it."""

_MAX_FIELDS = 32


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Parse a JSON object strictly, or return None: two readers must not be able to see two documents."""
    try:
        value = parse(data)
    except ParseError:
        return None
    return value if isinstance(value, dict) else None


def parse_form(text: str) -> dict[str, str] | Problem:
    """Parse a query or form body; a repeated parameter is a problem, an empty one is omitted (RFC 6749 section 3.1)."""
    if len(text) > MAX_BODY:
        return Problem("invalid_request", "The request is too large.")
    try:
        pairs = parse_qsl(text, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError:
        return Problem("invalid_request", "The parameters cannot be read.")
    form = dict(pairs)
    if len(form) != len(pairs):
        return Problem("invalid_request", "A parameter is given more than once.")
    return form


def read_form(request: HttpRequest) -> dict[str, str] | Problem:
    """Return the parameters of a form body, or why there are none."""
    if media_type(request) != "application/x-www-form-urlencoded":
        return Problem("invalid_request", "Send the parameters as application/x-www-form-urlencoded.")
    if not request.body.isascii():
        return Problem("invalid_request", "The body is not a form.")
    return parse_form(request.body.decode("ascii"))


def read_object(request: HttpRequest) -> dict[str, Any] | Problem:
    """Return the JSON object of a body, or why there is none.

    The media type is required, since a web page cannot send it across origins without asking first.
    """
    if media_type(request) != "application/json":
        return Problem("invalid_client_metadata", "Send the client metadata as application/json.")
    document = parse_object(request.body) if len(request.body) <= MAX_BODY else None
    if document is None:
        return Problem("invalid_client_metadata", "The body is not one JSON object of reasonable size.")
    return document


def media_type(request: HttpRequest) -> str:
    """Return the request's media type in lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def answer_json(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return ``document`` as a JSON response that nobody caches (RFC 6749 section 5.1)."""
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return HttpResponse(status, {**fixed, **(headers or {})}, json.dumps(document, separators=(",", ":")).encode())


def answer_problem(problem: Problem) -> HttpResponse:
    """Return ``problem`` as RFC 6749 section 5.2 has it; a 401 names the scheme that would do."""
    headers = {"WWW-Authenticate": 'Basic realm="interlock development"'} if problem.status == 401 else None  # noqa: PLR2004 - RFC 6749 names it
    return answer_json(problem.status, {"error": problem.error, "error_description": problem.description}, headers)
