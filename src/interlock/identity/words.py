"""The nouns of identity: plain HTTP in and out, a refused token, a failed OAuth request.

The proxy turns its own HTTP objects into these and back; nothing in this room opens a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a bearer token does not do (RFC 6750 section 3.1)."""

    INVALID_TOKEN = "invalid_token"  # noqa: S105 - an error code
    INSUFFICIENT_SCOPE = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A token that was presented and does not do. ``description`` is ours, never any part of the token."""

    code: RefusalCode
    description: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An OAuth request that fails: an error code of RFC 6749, 7591 or 8707, our sentence, the HTTP status."""

    error: str
    description: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. ``path`` is decoded, ``query`` is raw, header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP response. Header names are as they should be written."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
