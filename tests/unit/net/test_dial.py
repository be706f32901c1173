from collections.abc import Coroutine, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.net.dial import Dialer, Resolver, why_refused
from interlock.net.errors import AddressRefused, ConnectFailed
from interlock.net.url import parse_learned_url, parse_upstream_url

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end what never really waits, without an event loop (which would open a socket)."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise AssertionError("it waited")


def answers(*found: str) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return found

    return resolve


async def never(_host: str, _port: int) -> Sequence[str]:
    raise AssertionError("asked DNS")


async def broken(_host: str, _port: int) -> Sequence[str]:
    raise OSError(-2, "Name or service not known")


NAME = parse_upstream_url("https://mcp.example.com/")

REFUSED = {
    "loopback": "127.0.0.1",
    "loopback_other": "127.255.255.254",
    "private_10": "10.0.0.1",
    "private_172": "172.31.255.255",
    "private_192": "192.168.1.1",
    "link_local_metadata": "169.254.169.254",
    "azure_metadata": "168.63.129.16",
    "cgnat": "100.64.0.1",
    "alibaba_metadata": "100.100.100.200",
    "oracle_metadata": "192.0.0.192",
    "unspecified": "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
    "this_network": "0.1.2.3",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "documentation": "203.0.113.9",
    "benchmark": "198.19.0.1",
    "v6_loopback": "::1",
    "v6_unspecified": "::",
    "v6_mapped_loopback": "::ffff:127.0.0.1",
    "v6_mapped_metadata": "::ffff:169.254.169.254",
    "v6_compatible": "::127.0.0.1",
    "v6_translated": "::ffff:0:127.0.0.1",
    "v6_link_local": "fe80::1",
    "v6_link_local_zone": "fe80::1%1",
    "v6_site_local": "fec0::1",
    "v6_unique_local": "fd12::1",
    "v6_aws_metadata": "fd00:ec2::254",
    "v6_multicast": "ff02::1",
    "v6_6to4_loopback": "2002:7f00:1::1",
    "v6_6to4_public": "2002:808:808::1",
    "v6_nat64_loopback": "64:ff9b::7f00:1",
    "v6_nat64_metadata": "64:ff9b::a9fe:a9fe",
    "v6_nat64_local_use": "64:ff9b:1::808:808",
    "v6_teredo": "2001:0:808:808::1",
    "v6_orchid": "2001:20::1",
    "v6_documentation": "2001:db8::1",
    "v6_documentation_new": "3fff::1",
    "v6_discard": "100::1",
    "v6_segment_routing": "5f00::1",
}
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("found", REFUSED.values(), ids=REFUSED)
def test_a_name_may_not_lead_anywhere_but_to_public_addresses(found: str) -> None:
    with pytest.raises(AddressRefused):
        run(Dialer(resolve=answers(found)).addresses(NAME))


@pytest.mark.parametrize("found", PUBLIC)
def test_a_name_may_lead_to_public_addresses(found: str) -> None:
    assert run(Dialer(resolve=answers(found)).addresses(NAME)) == (ip_address(found),)


def test_one_bad_address_among_good_ones_refuses_them_all() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1, which is private"):
        run(Dialer(resolve=answers("8.8.8.8", "10.0.0.1")).addresses(NAME))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "[::1]", "[fd12::1]", "8.8.8.8"])
def test_a_configured_literal_may_be_loopback_or_private_and_asks_no_dns(host: str) -> None:
    url = parse_upstream_url(f"http://{host}/")
    assert run(Dialer(resolve=never).addresses(url)) == (url.address,)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "168.63.129.16", "[fd00:ec2::254]", "100.100.100.200", "[fe80::1]", "[2002:7f00:1::]"]
)
def test_even_a_configured_literal_may_not_be_a_metadata_address(host: str) -> None:
    with pytest.raises(AddressRefused):
        run(Dialer(resolve=never).addresses(parse_upstream_url(f"http://{host}/")))


def test_localhost_is_loopback_without_asking_dns() -> None:
    found = run(Dialer(resolve=never).addresses(parse_upstream_url("http://LOCALHOST:1/")))
    assert [str(address) for address in found] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "[::1]"])
def test_a_learned_url_may_not_lead_inside_even_literally(host: str) -> None:
    with pytest.raises(AddressRefused):
        run(Dialer(resolve=never).addresses(parse_learned_url(f"https://{host}/token")))


def test_a_name_below_localhost_is_a_name() -> None:
    with pytest.raises(AddressRefused):
        run(Dialer(resolve=answers("127.0.0.1")).addresses(parse_upstream_url("http://a.localhost/")))


def test_listed_networks_are_allowed_and_only_they() -> None:
    dialer = Dialer(networks=(ip_network("10.2.0.0/16"),), resolve=answers("10.2.9.9", "::ffff:10.2.0.1"))
    assert len(run(dialer.addresses(NAME))) == 2
    with pytest.raises(AddressRefused):
        run(Dialer(networks=dialer.networks, resolve=answers("10.3.0.1")).addresses(NAME))


@pytest.mark.parametrize("found", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::ffff:0.0.0.0", "::", "ff02::1"])  # noqa: S104
def test_no_list_allows_what_is_no_machine(found: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    with pytest.raises(AddressRefused):
        run(Dialer(networks=everything, resolve=answers(found)).addresses(NAME))


def test_a_failed_or_empty_resolution_sends_nothing() -> None:
    for resolver in (broken, answers()):
        with pytest.raises(ConnectFailed):
            run(Dialer(resolve=resolver).addresses(NAME))


def test_repeated_and_excess_answers_are_cut() -> None:
    many = [f"8.8.{n}.8" for n in range(20)]
    found = run(Dialer(resolve=answers(*many, *many)).addresses(NAME))
    assert [str(address) for address in found] == many[:8]


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_ipv6_dress(address: object) -> None:
    plain = ip_address(str(address))
    for dress in (f"::ffff:{plain}", f"64:ff9b::{plain}"):
        for literal in (True, False):
            assert why_refused(ip_address(dress), literal=literal) == why_refused(plain, literal=literal)


@given(st.ip_addresses())
def test_what_python_knows_as_not_global_is_refused(address: Any) -> None:
    if not address.is_global and why_refused(address, literal=False) is None:
        # Python has no word on NAT64's well-known prefix before 3.13; what is inside was judged.
        assert address in ip_network("64:ff9b::/96")
