import re
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.errors import OperatorError
from interlock.net.errors import AddressRefused
from interlock.net.url import parse_learned_url, parse_upstream_url


def test_a_plain_url_is_taken_apart() -> None:
    url = parse_upstream_url("HTTPS://MCP.Example.com/a/b?x=1/2")
    assert (url.scheme, url.host, url.port, url.target) == ("https", "mcp.example.com", 443, "/a/b?x=1/2")
    assert url.authority == "mcp.example.com"
    assert url.address is None
    assert url.configured


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("http://a.example", "a.example", "/"),
        ("http://a.example:80/", "a.example", "/"),
        ("http://a.example:8080/", "a.example:8080", "/"),
        ("https://a.example:80/", "a.example:80", "/"),
        ("http://a.example?q", "a.example", "/?q"),
        ("http://[::1]:9/x", "[::1]:9", "/x"),
        ("http://[2001:DB8:0::1]/", "[2001:db8::1]", "/"),
        ("http://127.0.0.1:1/x//y/../z", "127.0.0.1:1", "/x//y/../z"),
        ("http://my_service:65535/", "my_service:65535", "/"),
    ],
)
def test_authority_and_target(text: str, authority: str, target: str) -> None:
    url = parse_upstream_url(text)
    assert (url.authority, url.target) == (authority, target)


def test_literals_are_known_as_addresses() -> None:
    assert parse_upstream_url("http://10.0.0.7/").address == IPv4Address("10.0.0.7")
    assert parse_upstream_url("http://[::1]/").address == IPv6Address("::1")
    assert parse_upstream_url("http://[::1]/").host == "::1"
    assert parse_upstream_url("http://localhost/").address is None


BAD = {
    "other_scheme": "ftp://a.example/",
    "no_scheme": "a.example/mcp",
    "no_host": "http:///x",
    "user": "http://user@a.example/",
    "password": "https://user:s3cr3t@a.example/",
    "fragment": "http://a.example/#x",
    "backslash": "http://a.example\\@b.example/",
    "space": "http://a.example/ x",
    "line_break": "http://a.example/\r\nx: y",
    "nul": "http://a.example/\0",
    "delete": "http://a.example/\x7f",
    "fullwidth_digits": "http://\uff11\uff12\uff17.0.0.1/",
    "ideographic_dot": "http://127\u30020.0.1/",
    "percent_in_host": "http://127.0.0.%31/",
    "trailing_dot": "http://a.example./",
    "trailing_dot_localhost": "http://localhost./",
    "trailing_dot_address": "http://127.0.0.1./",
    "empty_label": "http://a..example/",
    "hyphen_first": "http://-a.example/",
    "hyphen_last": "http://a-.example/",
    "label_too_long": f"http://{'a' * 64}.example/",
    "name_too_long": f"http://{'a.' * 127}example/",
    "zero": "http://0/",
    "unspecified": "http://0.0.0.0:8000/",
    "unspecified_v6": "http://[::]/",
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "octal_whole": "http://017700000001/",
    "hex": "http://0x7f000001/",
    "hex_parts": "http://0x7f.0.0.0x1/",
    "hex_last": "http://a.0x1/",
    "hex_empty": "http://0x/",
    "short": "http://127.1/",
    "five_parts": "http://1.2.3.4.5/",
    "name_with_number_last": "http://a.example.1/",
    "multicast": "http://224.0.0.1/",
    "multicast_v6": "http://[ff02::1]/",
    "mapped": "http://[::ffff:127.0.0.1]/",
    "zone": "http://[fe80::1%25eth0]/",
    "v6_bare": "http://::1/",
    "v6_open": "http://[::1/",
    "v6_empty": "http://[]/",
    "v4_in_brackets": "http://[127.0.0.1]/",
    "port_zero": "http://a.example:0/",
    "port_high": "http://a.example:65536/",
    "port_empty": "http://a.example:/",
    "port_text": "http://a.example:http/",
    "two_ports": "http://a.example:1:2/",
    "empty": "",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_unusual_spellings_are_refused(text: str) -> None:
    with pytest.raises(OperatorError) as refused:
        parse_upstream_url(text)
    assert refused.value.then
    with pytest.raises(AddressRefused):
        parse_learned_url(text)


def test_no_message_repeats_what_may_be_a_secret() -> None:
    with pytest.raises(OperatorError) as refused:
        parse_upstream_url("https://user:s3cr3t@a.example/?key=s3cr3t")
    assert "s3cr3t" not in refused.value.diagnostics()
    url = parse_upstream_url("https://a.example/?key=s3cr3t")
    assert "s3cr3t" not in repr(url)
    assert url.origin == "https://a.example"


def test_a_learned_url_is_never_taken_for_a_configured_one() -> None:
    assert not parse_learned_url("http://127.0.0.1/").configured


@given(st.text(alphabet="htps:/@[]0123456789abcdefx.%#?\\ -_", max_size=40).map(lambda tail: f"http://{tail}"))
def test_whatever_is_accepted_has_a_safe_host_and_target(text: str) -> None:
    try:
        url = parse_upstream_url(text)
    except OperatorError:
        return
    assert re.fullmatch(r"[a-z0-9._:-]+", url.host)
    assert url.target.startswith("/")
    assert not re.search(r"[\s#]", url.target)
    assert 0 < url.port < 65536
    assert text.lower().startswith(f"http://{url.authority[0]}")
