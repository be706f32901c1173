from __future__ import annotations

import secrets as randomness
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.settings.secrets import is_secret, looks_secret, names_secret, secret_arguments, url_secret


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "apiKey",
        "APIKey",
        "apikey",
        "GITHUB_TOKEN",
        "GITHUBTOKEN",
        "X-Api-Key",
        "--api-key",
        "client_secret",
        "DB_PASSWORD",
        "dbPassword",
        "PASSWD",
        "pass_word",
        "Authorization",
        "AUTH",
        "AWS_CREDENTIALS",
        "Cookie",
        "SENTRY_DSN",
        "API_KEYS",
        "PRIVATE_KEY",
        "signing.secret",
        "KEY_1",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "LOG_LEVEL",
        "REGION",
        "MAX_TOKENS",
        "AUTHOR",
        "KEYBOARD",
        "API_KEY_FILE",
        "TOKEN_PATH",
        "SECRETS_DIR",
        "--no-auth",
        "KEYED",
        "",
        "_",
        "42",
        "PATH",
        "passive",
        "compass",
    ],
)
def test_names_of_settings(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdefghijkl",
        "sk_live_abcdefghijkl",
        "ghp_0123456789abcdefghij",
        "github_pat_11ABC",
        "glpat-abcdefgh",
        "xoxb-1",
        "xapp-1",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA-abcdefghijklmnopq",
        "eyJhbGciOiJub25l.eyJ",
        "hf_abcdefghijklmn",
        "SG.abcdefghijklmn",
        "whsec_a",
        "hvs.abcdefghijkl",
        "-----BEGIN RSA PRIVATE KEY-----",
        "Bearer hunter2",
        "basic aHVudGVyMg==",
        "postgres://me:pw@host/db",
        "https://pw@host/",
        "text with ghp_0123456789abcdefghij in it",
        "9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_looks_of_secrets(text: str) -> None:
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "@modelcontextprotocol/server-filesystem@2026.8.31",
        "/home/user1/Projects/My-App_2026/servers/interlock-config.json",
        "550e8400-e29b-41d4-a716-446655440000",
        "docker.io/mcp/server@sha256:" + "ab12" * 16,
        "git+https://github.example/org/repo@0123456789abcdef0123456789abcdef01234567",
        "ConfluenceCloudMcpServerV2Production",
        "iPhone15-ProMax-Test2-Device1",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "arn:aws:iam::123456789012:role/MyRole",
        "https://mcp.example/v1/projects/1234567890/sse",
        "postgres://host/db",
        "2026-11-22T10:11:12Z",
        "Bearer",
        "task-force",
        "",
    ],
)
def test_looks_of_settings(text: str) -> None:
    assert not looks_secret(text)


@pytest.mark.parametrize(("make", "missed"), [(randomness.token_hex, 0.02), (randomness.token_urlsafe, 0.2)])
def test_most_random_tokens_are_seen(make: Callable[[int], str], missed: float) -> None:
    assert sum(not looks_secret(make(24)) for _ in range(500)) <= 500 * missed


@pytest.mark.parametrize(
    "text", ["oauth", "None", " basic ", "", "${API_KEY}", "$API_KEY", "Bearer ${API_KEY}", "token ${API_KEY}"]
)
def test_what_may_stand_under_a_secrets_name(text: str) -> None:
    assert not is_secret("API_KEY", text)


@pytest.mark.parametrize("text", ["hunter2", "Bearer x${API_KEY}", "1234", "${A}x"])
def test_what_may_not_stand_under_a_secrets_name(text: str) -> None:
    assert is_secret("API_KEY", text)
    assert not is_secret("LEVEL", text)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (["npx", "-y", "thing", "./data"], []),
        (["x", "--token=hunter2"], [1]),
        (["x", "-token", "hunter2", "y"], [2]),
        (["x", "--token", "--verbose"], []),
        (["x", "token", "hunter2"], []),
        (["x", "--token-file", "secrets/token"], []),
        (["x", "--no-auth", "./data"], []),
        (["x", "--auth", "oauth"], []),
        (["docker", "run", "-e", "API_KEY", "image"], []),
        (["docker", "run", "-e", "API_KEY=hunter2", "image"], [3]),
        (["docker", "run", "--env=API_KEY=hunter2"], [2]),
        (["x", "--header", "Authorization: Bearer ${TOKEN}"], []),
        (["x", "--header", "Authorization:Bearer hunter2"], [2]),
        (["x", "--header=X-Api-Key: hunter2"], [1]),
        (["x", "https://host/mcp?team=acme"], []),
        (["x", "https://host/mcp?api_key=hunter2"], [1]),
        (["x", "--url=https://host/mcp?api_key=hunter2"], [1]),
        (["x", "--url=https://[host"], []),
        (["x", "postgres://me:pw@host/db"], [1]),
        (["x", "ghp_0123456789abcdefghij", "--password=a", "ok"], [1, 2]),
        (["ghp_0123456789abcdefghij"], [0]),
        (["x", "=".join(["a"] * 5000)], []),
        ([], []),
    ],
)
def test_arguments(command: list[str], found: list[int]) -> None:
    assert secret_arguments(command) == found


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://host/mcp?team=acme", None),
        ("https://me@host/", "the user part"),
        ("https://me:pw@host/", "the user part"),
        ("https://host/?a=b&token=x", "the query"),
        ("https://host/?ghp_0123456789abcdefghij", "the query"),
        ("https://host/ghp_0123456789abcdefghij/mcp", "the path"),
    ],
)
def test_urls(url: str, where: str | None) -> None:
    assert url_secret(url) == where


@given(st.lists(st.text(), max_size=4))
def test_any_command_can_be_asked_about(command: list[str]) -> None:
    assert set(secret_arguments(command)) <= set(range(len(command)))


@pytest.mark.parametrize("text", ["a" * 300_000, "a1" * 150_000, "://" * 100_000, "${" * 150_000, "a=" * 150_000])
def test_long_text_is_judged_in_good_time(text: str) -> None:
    assert isinstance(is_secret("API_KEY", text), bool)
    assert isinstance(secret_arguments(["x", text]), list)
