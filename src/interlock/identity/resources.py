"""Which URLs are ours: the gateway as a protected resource, and each server path as one of its own.

An origin is all a base may be, so that RFC 9728's well-known paths and what the proxy routes cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from interlock.core.errors import OperatorError

ENDPOINT = "/mcp"
_WELL_KNOWN = "/.well-known/oauth-protected-resource"
_SERVER_PATH = re.compile(r"/servers/([A-Za-z0-9][A-Za-z0-9._-]{0,127})/mcp")
_HTTP_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Resources:
    """The protected resources below one base URL (``https://gateway.example``). Built by :func:`locate`."""

    gateway: str

    @property
    def audiences(self) -> frozenset[str]:
        """The resource identifiers that stand for the whole gateway."""
        return frozenset({self.gateway, self.gateway + ENDPOINT})

    def server(self, name: str) -> str:
        """Return the resource identifier of one server's path."""
        return f"{self.gateway}/servers/{name}/mcp"

    def server_named(self, resource: str) -> str | None:
        """Return the name of the server whose path ``resource`` is, exactly; None if it is no server's path."""
        found = _SERVER_PATH.fullmatch(resource.removeprefix(self.gateway)) if self._below(resource) else None
        return found[1] if found else None

    def is_gateway(self, resource: str) -> bool:
        """Tell whether ``resource`` stands for the whole gateway; an origin is the same with a closing slash."""
        return resource == self.gateway + "/" or resource in self.audiences

    def metadata_url(self, resource: str) -> str:
        """Return where ``resource``'s metadata are: the well-known path goes before its own (RFC 9728 section 3.1)."""
        return f"{self.gateway}{_WELL_KNOWN}{resource.removeprefix(self.gateway)}"

    def described_at(self, path: str) -> str | None:
        """Return the resource that the well-known ``path`` describes; None if it describes none of ours.

        Every well-formed server name has one, known or not: the document tells nothing of the inventory.
        """
        if path != _WELL_KNOWN and not path.startswith(_WELL_KNOWN + "/"):
            return None
        resource = self.gateway + path.removeprefix(_WELL_KNOWN)
        return resource if resource in self.audiences or self.server_named(resource) else None

    def _below(self, resource: str) -> bool:
        return resource.startswith(self.gateway + "/")


def locate(base_url: str) -> Resources:
    """Return the resources below ``base_url``: an http(s) origin, canonical or with a closing slash.

    Raises:
        OperatorError: it is no such origin.

    """
    parts = _split(base_url)
    origin = _origin(parts) if parts else None
    if parts is None or origin is None or base_url.rstrip("/").lower() != origin or parts.path not in {"", "/"}:
        raise OperatorError(
            f"the gateway's base URL {base_url!r} is not an origin",
            "give scheme, host and port alone, without a default port: https://gateway.example",
        )
    return Resources(origin)


def is_loopback(url: str) -> bool:
    """Tell whether ``url`` is an http(s) URL whose host is this machine by name or literal address (RFC 8252)."""
    parts = _split(url)
    if parts is None or _origin(parts) is None:
        return False
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    """Split a URL that every reader splits alike: printable ASCII, no backslash, no user, no fragment."""
    if not (url.isascii() and url.isprintable()) or any(mark in url for mark in '\\ "#<>'):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if "@" not in parts.netloc else None


def _origin(parts: SplitResult) -> str | None:
    if parts.scheme not in _HTTP_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _HTTP_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
