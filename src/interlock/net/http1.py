"""HTTP/1.1 as text: what a request's head looks like, and what came back (RFC 9110, RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from interlock.net.errors import RequestRefused
from interlock.net.url import UpstreamUrl

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
_VALUE = re.compile(r"[\t -~\x80-\xff]*")  # RFC 9110 section 5.5: no CR, LF, NUL or other control
_OURS = frozenset(
    (
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    )
)
_BODYLESS = frozenset(("GET", "HEAD", "DELETE", "OPTIONS"))


def request_head(method: str, url: UpstreamUrl, headers: Iterable[tuple[str, str]], length: int) -> bytes:
    """Return the request line and headers. Framing, ``Host`` and connection headers are ours alone.

    Raises RequestRefused for a name or value that could end a line, and for a header that is ours; the
    message names the header and never repeats its value.
    """
    if not _TOKEN.fullmatch(method):
        raise RequestRefused("the HTTP method is not a token")
    lines = [f"{method} {url.target} HTTP/1.1", f"host: {url.authority}"]
    for name, value in headers:
        _check_name(name)
        if not _VALUE.fullmatch(value):
            raise RequestRefused(f"the value of header {name} holds a line break or another forbidden character")
        lines.append(f"{name}: {value}")
    if length or method not in _BODYLESS:
        lines.append(f"content-length: {length}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1")


@lru_cache(maxsize=1024)  # the same dozen names on every call
def _check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise RequestRefused("a header's name is not a token")
    if name.lower() in _OURS:
        raise RequestRefused(f"header {name} is set by the connection, not by its user")


@dataclass(frozen=True, slots=True)
class Headers:
    """Response headers in order, names in lower case. Values stay out of the repr: a cookie is a secret."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)

    def get(self, name: str) -> str | None:
        """Return the first value of ``name``, in any case, or None."""
        lowered = name.lower()
        return next((value for key, value in self.pairs if key == lowered), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of ``name``, in any case."""
        lowered = name.lower()
        return tuple(value for key, value in self.pairs if key == lowered)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)
