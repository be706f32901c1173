"""The dialer: every address is judged at the moment it is dialled, and the judged address is the one dialled.

A check at configuration time, or one that lets a second resolution happen afterwards, is how server-side
request forgery gets through (V10). The rule: a host written literally in the configuration may be loopback
or private; nothing else may lead there.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar

from interlock.net.errors import AddressRefused, ConnectFailed
from interlock.net.url import LOCALHOST, UpstreamUrl

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
P = TypeVar("P", bound=asyncio.BaseProtocol)

_ADDRESSES_TRIED = 8
_LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_GLOBAL_V6 = IPv6Network("2000::/3")  # RFC 4291 and IANA: the only global unicast space handed out
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052

# First match counts. From the IANA IPv4 and IPv6 special-purpose registries (RFC 6890), and the addresses
# at which cloud platforms answer with credentials although the registries call them ordinary.
_NEVER: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), name)
    for network, name in (
        ("0.0.0.0/8", "unspecified"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("::/128", "unspecified"),
        ("ff00::/8", "multicast"),
    )
)
_ONLY_LITERAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), name)
    for network, name in (
        ("127.0.0.0/8", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("::1/128", "loopback"),
        ("fc00::/7", "unique local"),
    )
)
_ONLY_LISTED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), name)
    for network, name in (
        ("168.63.129.16/32", "a cloud platform's metadata service"),
        ("fd00:ec2::254/128", "a cloud platform's metadata service"),
        ("fd20:ce::254/128", "a cloud platform's metadata service"),
        ("169.254.0.0/16", "link-local, where metadata services live"),
        ("100.64.0.0/10", "shared by carriers (CGNAT)"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("240.0.0.0/4", "reserved"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("2001::/23", "Teredo or reserved for protocols"),
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "reserved for documentation"),
    )
)


def why_refused(address: Address, *, literal: bool, networks: Sequence[Network] = ()) -> str | None:
    """Return what kind of address this is when it must not be dialled, else None.

    ``literal`` tells that the operator wrote this very address. ``networks`` are explicitly allowed, but
    unspecified, multicast and broadcast addresses never are. IPv4-mapped and NAT64 addresses are judged as
    the IPv4 address inside; 6to4, Teredo and local-use NAT64 are refused whatever is inside.
    """
    inner = _inner(address)
    never = _kind(inner, _NEVER)
    if never is not None:
        return never
    if any(inner in network or address in network for network in networks):
        return None
    # Metadata addresses lie inside private ranges: they are looked up before the literal's permission.
    kind = _kind(inner, _ONLY_LISTED)
    if kind is not None:
        return kind
    kind = _kind(inner, _ONLY_LITERAL)
    if kind is not None:
        return None if literal else kind
    if isinstance(inner, IPv6Address) and inner not in _GLOBAL_V6:
        return "not globally routable"
    return None


def _inner(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _kind(address: Address, table: Sequence[tuple[Network, str]]) -> str | None:
    return next((name for network, name in table if address in network), None)


async def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Returns addresses as text, in the system's order of preference. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


@dataclass(frozen=True, slots=True)
class Dialer:
    """Resolves, judges and connects. ``networks`` are addresses the operator allows any name to lead to."""

    networks: tuple[Network, ...] = ()
    resolve: Resolver = resolve_host

    async def addresses(self, url: UpstreamUrl) -> tuple[Address, ...]:
        """Return the addresses that may be dialled for ``url``, all judged.

        One refused address refuses them all: a name that mixes public and private answers is either
        misconfigured or meant to get in. Raises AddressRefused, ConnectFailed.
        """
        found = await self._lookup(url)
        literal = url.configured and (url.address is not None or url.host == LOCALHOST)
        for address in found:
            kind = why_refused(address, literal=literal, networks=self.networks)
            if kind is not None:
                raise AddressRefused(
                    f"{url.host} leads to {address}, which is {kind}",
                    "write the address itself in the upstream's URL, or list its network as allowed",
                )
        return found[:_ADDRESSES_TRIED]

    async def _lookup(self, url: UpstreamUrl) -> tuple[Address, ...]:
        if url.address is not None:
            return (url.address,)
        if url.host == LOCALHOST:  # RFC 6761 section 6.3: never asked of DNS
            return _LOOPBACK
        try:
            found = await self.resolve(url.host, url.port)
        except OSError as error:
            raise ConnectFailed(f"{url.host} cannot be resolved: {error.strerror}", "check the name and DNS") from error
        addresses = tuple(dict.fromkeys(ip_address(text) for text in found))
        if not addresses:
            raise ConnectFailed(f"{url.host} has no address", "check the name and DNS")
        return addresses

    async def dial(self, url: UpstreamUrl, protocol: Callable[[], P], *, tls: ssl.SSLContext, seconds: float) -> P:
        """Connect a new ``protocol`` to the first judged address that answers, within ``seconds`` in all.

        TLS names and verifies the URL's host, not the address. Raises AddressRefused, ConnectFailed.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        failure: OSError | None = None
        try:
            async with asyncio.timeout_at(until):
                addresses = await self.addresses(url)
        except TimeoutError:
            raise ConnectFailed(f"{url.host} was not resolved within {seconds:g} s", "check DNS") from None
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            # An address that swallows packets costs its share of the time, not all of it.
            share = max(until - loop.time(), 0) / left
            try:
                async with asyncio.timeout(share):
                    _, made = await loop.create_connection(
                        protocol,
                        host=str(address),
                        port=url.port,
                        ssl=tls if url.scheme == "https" else None,
                        server_hostname=url.host if url.scheme == "https" else None,
                        flags=socket.AI_NUMERICHOST,  # the judged address: no second resolution
                    )
            except OSError as error:  # includes TimeoutError and TLS failures
                failure = error
            else:
                return made
        reason = "timed out" if isinstance(failure, TimeoutError) else str(failure)
        raise ConnectFailed(f"no connection to {url.origin}: {reason}", "check that the upstream is up") from failure
