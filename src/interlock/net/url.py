"""Upstream URLs: one strict spelling, so that what was checked is what is connected to.

Every leniency of a URL parser is a place where two programs read two hosts (V2, V10), so a URL is
taken apart by one regular expression and everything unusual is refused with a sentence that says
what to write instead. No message ever repeats the URL: it may hold a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from interlock.core.errors import OperatorError
from interlock.net.errors import AddressRefused

LOCALHOST = "localhost"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")  # WHATWG URL, "ends in a number checker"
_NAME_MAX = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamUrl:
    """An ``http`` or ``https`` URL, taken apart.

    ``host`` is lower case without brackets, ``address`` is set when it is an IP literal. ``target`` is
    path and query. ``configured`` tells that the operator wrote it: only then may a literal host be
    loopback or private.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    authority: str
    address: IPv4Address | IPv6Address | None
    configured: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port for messages; never path or query, which may hold a key."""
        return f"{self.scheme}://{self.authority}"


class _Unusable(Exception):
    """Why a URL was refused (``args[0]``) and what to write instead (``args[1]``)."""


def parse_upstream_url(text: str) -> UpstreamUrl:
    """Parse a URL the operator wrote in the configuration. Raises OperatorError."""
    try:
        return _parse(text, configured=True)
    except _Unusable as unusable:
        what, then = unusable.args
        raise OperatorError(f"upstream URL: {what}", then) from None


def parse_learned_url(text: str) -> UpstreamUrl:
    """Parse a URL somebody else told us (OAuth metadata, a redirect). Raises AddressRefused.

    A host in it is judged like any DNS name's address, however it is spelled.
    """
    try:
        return _parse(text, configured=False)
    except _Unusable as unusable:
        what, _ = unusable.args
        raise AddressRefused(f"URL told by a server: {what}", "report it to the owner of that server") from None


def _parse(text: str, *, configured: bool) -> UpstreamUrl:
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise _Unusable(
            "it holds a space, backslash, control or non-ASCII character",
            "percent-encode the path, and write an international host name in its xn-- form",
        )
    parts = _URL.fullmatch(text)
    if parts is None:
        raise _Unusable(
            "it is not an http or https URL without a fragment", "write it as https://host/path, without '#'"
        )
    scheme = parts["scheme"].lower()
    if "@" in parts["authority"]:
        raise _Unusable("it holds a user name or password", "remove it, and configure a credential by reference")
    authority = _AUTHORITY.fullmatch(parts["authority"].lower())
    if authority is None:
        raise _Unusable("its host and port cannot be read", "write https://host:port/, IPv6 addresses in brackets")
    port = int(authority["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 1 << 16:
        raise _Unusable("its port is not in 1..65535", "correct the port")
    host, address = _host(authority["host"])
    shown = f"[{host}]" if isinstance(address, IPv6Address) else host
    target = parts["target"]
    return UpstreamUrl(
        scheme=scheme,
        host=host,
        port=port,
        target=target if target.startswith("/") else f"/{target}",
        authority=shown if port == _DEFAULT_PORTS[scheme] else f"{shown}:{port}",
        address=address,
        configured=configured,
    )


def _host(host: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if host.startswith("["):
        return _literal(IPv6Address, host[1:-1])
    if _ENDS_IN_NUMBER.fullmatch(host):
        return _literal(IPv4Address, host)
    if host.endswith("."):
        raise _Unusable("its host ends in a dot", "write the name without the last dot")
    if len(host) > _NAME_MAX or not _NAME.fullmatch(host):
        raise _Unusable("its host is not a host name", "write a DNS name, or an IP address")
    return host, None


def _literal(kind: type[IPv4Address | IPv6Address], spelled: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    try:
        address = kind(spelled)
    except ValueError:
        raise _Unusable(
            "its host is a number that is not an IP address in its usual spelling",
            "write four decimal numbers without leading zeros (127.0.0.1), or an IPv6 address in brackets",
        ) from None
    if isinstance(address, IPv6Address) and (address.scope_id or address.ipv4_mapped):
        raise _Unusable(
            "its IPv6 address has a zone, or holds an IPv4 address", "write the plain IPv6, or the IPv4, address"
        )
    if address.is_unspecified or address.is_multicast:
        raise _Unusable("its address names no single machine", "write the machine's address (127.0.0.1, not 0.0.0.0)")
    return str(address), address
