from __future__ import annotations

import pytest

from interlock.core.errors import OperatorError
from interlock.identity.resources import is_loopback, locate

BASE = "https://gateway.example"


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://gateway.example", BASE),
        ("https://Gateway.example/", BASE),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_locates_the_gateway(given: str, origin: str) -> None:
    assert locate(given).gateway == origin


@pytest.mark.parametrize(
    "given",
    [
        "",
        "gateway.example",
        "ftp://gateway.example",
        "https://gateway.example/path",
        "https://gateway.example//",
        "https://gateway.example?q",
        "https://gateway.example#f",
        "https://user@gateway.example",
        "https://gateway.example:443",
        "https://gateway.example:99999",
        "https://gate way.example",
        "https://gateway.example\\@evil.example",
        'https://gateway.example"',
    ],
)
def test_anything_else_is_the_operators_fault(given: str) -> None:
    with pytest.raises(OperatorError):
        locate(given)


def test_a_server_has_one_resource_and_only_that_names_it() -> None:
    resources = locate(BASE)
    assert resources.server("files") == BASE + "/servers/files/mcp"
    assert resources.server_named(BASE + "/servers/files/mcp") == "files"


@pytest.mark.parametrize(
    "resource",
    [
        BASE,
        BASE + "/servers/files/mcp/",
        BASE + "/servers/files",
        BASE + "/servers//mcp",
        BASE + "/servers/../mcp",
        BASE + "/servers/a/b/mcp",
        BASE + "/servers/a%2fb/mcp",
        BASE + "/servers/files/mcp?x=1",
        BASE + ".evil.example/servers/files/mcp",
        "/servers/files/mcp",
    ],
)
def test_what_is_not_exactly_a_servers_path_names_none(resource: str) -> None:
    assert locate(BASE).server_named(resource) is None


def test_the_gateway_goes_by_its_origin_and_its_endpoint() -> None:
    resources = locate(BASE)
    assert resources.audiences == {BASE, BASE + "/mcp"}
    assert all(resources.is_gateway(each) for each in (BASE, BASE + "/", BASE + "/mcp"))
    assert not any(resources.is_gateway(each) for each in (BASE + "/mcp/", BASE + "/servers/a/mcp", "", BASE + "x"))


def test_metadata_are_where_rfc_9728_puts_them_and_described_there() -> None:
    resources = locate(BASE)
    known = "/.well-known/oauth-protected-resource"
    for resource, path in {
        BASE: known,
        BASE + "/mcp": known + "/mcp",
        BASE + "/servers/files/mcp": known + "/servers/files/mcp",
    }.items():
        assert resources.metadata_url(resource) == BASE + path
        assert resources.described_at(path) == resource


@pytest.mark.parametrize(
    "path", ["/", "/mcp", "/.well-known/oauth-protected-resource/x", "/.well-known/oauth-protected-resourcex"]
)
def test_other_paths_describe_nothing(path: str) -> None:
    assert locate(BASE).described_at(path) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "http://127.8.9.1:1/x", "http://[::1]:8080/cb", "https://LOCALHOST/cb"]
)
def test_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://127.0.0.1@evil.example",
        "http://evil.example\\@127.0.0.1",
        "http://evil.example@127.0.0.1/cb",
        "http://localhost/\\\\evil.example",
        "http://evil.example#@127.0.0.1",
        "http://2130706433",
        "http://localhost:x",
        "http://[::1",
        "//localhost",
        "ftp://localhost",
        "http://",
        "http://localhost\n",
    ],
)
def test_not_loopback(url: str) -> None:
    assert not is_loopback(url)
