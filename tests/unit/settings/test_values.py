from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.settings import values
from interlock.settings.types import Address, FromEnvironment, FromFile, Literal

HERE = Path("/etc/interlock")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("3s", 3.0),
        ("0s", 0.0),
        ("1.5s", 1.5),
        ("15m", 900.0),
        ("1h", 3600.0),
        ("999999999h", 3599999996400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert values.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "3", "s", "-3s", "3 s", "3S", "1d", "1m30s", "1e3s", "3s\n", ".5s", "1" * 10 + "s", 3, None]
)
def test_no_durations(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        values.parse_duration(text)


@pytest.mark.parametrize(("text", "size"), [("1B", 1), ("16KiB", 16384), ("4MiB", 4194304), ("2GiB", 2147483648)])
def test_sizes(text: str, size: int) -> None:
    assert values.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "4", "0MiB", "4MB", "4mib", "1.5MiB", "4MiB\n", "-1B", 4, None])
def test_no_sizes(text: object) -> None:
    with pytest.raises(ValueError, match="size"):
        values.parse_size(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8700", Address("127.0.0.1", 8700)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)),
        ("[0:0:0:0:0:0:0:1]:1", Address("::1", 1)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert values.parse_listen(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":8700",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.1:80",
        "::1:80",
        "[::g]:80",
        "[1.2.3.4]:80",
        "[:::]:80",
        "a b:80",
        "http://a:80",
        "localhost:80\n",
        8700,
        None,
    ],
)
def test_no_addresses(text: object) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        values.parse_listen(text)


def test_dates() -> None:
    assert values.parse_date("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize(
    "text", ["2027-02-29", "20270228", "2027-W01-1", "2027-02-28T00:00", "", None, date(2027, 1, 1)]
)
def test_no_dates(text: object) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        values.parse_date(text)


ACCEPTED: list[tuple[Callable[[str], str], str]] = [
    (values.check_store, "sqlite:///var/interlock.db"),
    (values.check_store, "sqlite:////var/lib/interlock.db"),
    (values.check_path, "../policy"),
    (values.check_target, "file:../checkpoints/"),
    (values.check_target, "file:///var/checkpoints"),
    (values.check_host_name, "gateway.example:443"),
    (values.check_host_name, "[::1]:8700"),
    (values.check_origin, "https://console.example"),
    (values.check_origin, "http://localhost:8701"),
    (values.check_resource, "https://gateway.example/mcp"),
    (values.check_url, "http://127.0.0.1:3991/mcp"),
    (values.check_url, "https://[::1]:3991/mcp?team=acme&page=2"),
    (values.check_url, "https://mcp.example/v1/projects/1234567890/sse"),
]


@pytest.mark.parametrize(("check", "text"), ACCEPTED)
def test_accepted_as_written(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


REFUSED: list[tuple[Callable[[str], str], str]] = [
    (values.check_store, "var/interlock.db"),
    (values.check_store, "sqlite://var/interlock.db"),
    (values.check_store, "sqlite:///"),
    (values.check_store, "sqlite:///var/"),
    (values.check_store, "sqlite:///~/x.db"),
    (values.check_path, ""),
    (values.check_path, "  "),
    (values.check_path, "~/policy"),
    (values.check_target, "checkpoints/"),
    (values.check_target, "file:"),
    (values.check_target, "file://host/checkpoints"),
    (values.check_target, "file:~/x"),
    (values.check_host_name, "*.example"),
    (values.check_host_name, "https://a.example"),
    (values.check_host_name, "a.example/"),
    (values.check_host_name, ""),
    (values.check_origin, "*"),
    (values.check_origin, "null"),
    (values.check_origin, "https://a.example/"),
    (values.check_origin, "ftp://a.example"),
    (values.check_origin, "a.example"),
    (values.check_resource, "https://a.example/#x"),
    (values.check_resource, "https://a.example/?x=y"),
    (values.check_resource, "https://a.example/?"),
    (values.check_url, "HTTPS//a"),
    (values.check_url, "file:///etc/passwd"),
    (values.check_url, "https://"),
    (values.check_url, "https://a.example/ x"),
    (values.check_url, "https://a.example\\@b.example/"),
    (values.check_url, "https://a.example:99999/"),
    (values.check_url, "https://[::1/"),
    (values.check_url, "https://a.example\\b/"),
    (values.check_url, "https://a.example/#x"),
    (values.check_url, "https://user@a.example/"),
    (values.check_url, "https://a.example/?access_token=abc"),
    (values.check_url, "https://a.example/ghp_0123456789abcdefghij"),
    (values.check_url, "https://exämple/"),
]


@pytest.mark.parametrize(("check", "text"), REFUSED)
def test_refused_without_being_quoted(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the sentences are many, that none quotes is the point
        check(text)
    assert text in {"sqlite:///", "https://"} or len(text) < 4 or text not in str(raised.value)


def test_names_of_hosts_are_compared_in_one_case() -> None:
    assert values.check_host_name("Gateway.Example") == "gateway.example"
    assert values.check_origin("https://Console.Example") == "https://console.example"
    assert values.check_resource("https://gateway.example/") == "https://gateway.example"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LOG_LEVEL", "debug"),
        ("API_KEY", "env:FILES_KEY"),
        ("API_KEY", "file:secrets/key"),
        ("AUTH_MODE", "oauth"),
        ("A", ""),
    ],
)
def test_values_that_may_stand(name: str, text: str) -> None:
    assert values.check_variable(name, text) == text
    assert values.check_header(name, text) == text


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("API_KEY", "hunter2", "named like a secret"),
        ("LEVEL", "ghp_0123456789abcdefghij", "looks like a secret"),
        ("LEVEL", "keyring:x", "not read yet"),
        ("LEVEL", "vault:x", "not read yet"),
        ("LEVEL", "env:", "env: takes the name"),
        ("LEVEL", "env:1A", "env: takes the name"),
        ("LEVEL", "file:", "must be a path"),
        ("LEVEL", "file://host/x", "without a host"),
        ("LEVEL", "${LEVEL}", "not expanded"),
        ("API_KEY", "${API_KEY}", "not expanded"),
        ("API_KEY", "Bearer env:TOKEN", "as the whole value"),
    ],
)
def test_values_that_may_not(name: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("$", r"\$")):
        values.check_variable(name, text)
    with pytest.raises(ValueError, match=why.replace("$", r"\$")):
        values.check_header(name, text)


@pytest.mark.parametrize("name", ["", "A B", "1A", "A=B", "A:env", "A-B"])
def test_names_that_no_variable_has(name: str) -> None:
    with pytest.raises(ValueError, match="not a variable's name"):
        values.check_variable(name, "x")


@pytest.mark.parametrize("name", ["", "A B", "A:", "Ä"])
def test_names_that_no_header_has(name: str) -> None:
    with pytest.raises(ValueError, match="not a header's name"):
        values.check_header(name, "x")


@pytest.mark.parametrize("name", ["Host", "content-length", "MCP-Protocol-Version", "Connection"])
def test_headers_that_are_not_the_operators(name: str) -> None:
    with pytest.raises(ValueError, match="set by Interlock itself"):
        values.check_header(name, "x")


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "ä", "a\tb"])
def test_a_header_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        values.check_header("X-Team", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("debug", Literal("debug")),
        ("env:FILES_KEY", FromEnvironment("FILES_KEY")),
        ("file:secrets/key", FromFile(Path("/etc/interlock/secrets/key"))),
        ("file:///run/key", FromFile(Path("/run/key"))),
        ("file:/run/key", FromFile(Path("/run/key"))),
    ],
)
def test_values_become_what_they_are(text: str, value: Any) -> None:
    assert values.resolve_value(text, HERE) == value


@pytest.mark.parametrize(
    ("text", "path"),
    [("policy/", "/etc/interlock/policy"), ("../x", "/etc/x"), (".", "/etc/interlock"), ("/x/../y", "/y")],
)
def test_paths_become_absolute(text: str, path: str) -> None:
    assert values.resolve_path(text, HERE) == Path(path)


CHECKS = [values.check_store, values.check_path, values.check_target, values.check_host_name, values.check_origin]
PARSERS = [values.parse_duration, values.parse_size, values.parse_listen, values.parse_date]


@given(st.text(), st.sampled_from([*CHECKS, *PARSERS, values.check_url, values.check_resource]))
def test_any_text_is_a_value_or_a_value_error(text: str, check: Callable[[str], Any]) -> None:
    try:
        check(text)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017 - a UnicodeError or the like would quote the text


@given(st.sampled_from(["http://", "https://", "https://[", "http://a@"]), st.text())
def test_any_url_is_one_or_a_value_error(scheme: str, text: str) -> None:
    try:
        values.check_url(scheme + text)
    except ValueError as error:
        assert str(error).startswith(("must be a URL", "a secret in", "the URL must"))  # noqa: PT017 - never urllib's own
