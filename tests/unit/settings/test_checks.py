from __future__ import annotations

from typing import Any

import pytest

from interlock.settings.checks import check_servers, check_together
from interlock.settings.document import Document, read_document
from interlock.settings.shape import File


def problems_of_servers(text: str) -> list[tuple[str | int, ...]]:
    return [problem.path for problem in check_servers(read_document(text.encode()))]


def contradictions(text: str) -> list[tuple[str | int, ...]]:
    document = read_document(f"version: 1\nservers: {{}}\n{text}".encode())
    return [problem.path for problem in check_together(File.model_validate(document.data), document)]


def test_every_secret_is_found_whatever_else_is_wrong() -> None:
    text = """
servers:
  a: {env: {API_KEY: x, LEVEL: 3}, command: [x, 3, --token, y], nonsense: 1}
  b: {headers: {Authorization: z, x-a: ok, X-A: ok}}
"""
    assert problems_of_servers(text) == [
        ("servers", "a", "env", "API_KEY"),
        ("servers", "a", "command", 3),
        ("servers", "b", "headers", "Authorization"),
        ("servers", "b", "headers", "X-A"),
    ]


@pytest.mark.parametrize(
    "data", [None, [], "x", {"servers": []}, {"servers": {"a": 1}}, {"servers": {"a": {"env": 1}}}]
)
def test_any_shape_can_be_searched(data: Any) -> None:
    assert not list(check_servers(Document(data=data)))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("approvals: {wait: 16m}", ("approvals", "wait")),
        ("console: {listen: 127.0.0.1:8700}", ("console", "listen")),
        ("gateway: {listen: 127.0.0.1:8701}", ("console", "listen")),
        ('gateway: {listen: "0.0.0.0:1"}', ("gateway", "resource")),
        (
            'identity: {development_issuer: true}\ngateway: {listen: "10.0.0.1:1"}',
            ("identity", "development_issuer"),
        ),
    ],
)
def test_contradictions(text: str, path: tuple[str, ...]) -> None:
    assert contradictions(text) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "approvals: {wait: 15m}",
        'gateway: {listen: "127.0.0.1:0"}\nconsole: {listen: "127.0.0.1:0"}',
        'gateway: {listen: "0.0.0.0:1", resource: https://gw.example}',
        'identity: {development_issuer: true}\ngateway: {listen: "[::1]:1"}',
        'gateway: {listen: "10.0.0.1:1"}',
    ],
)
def test_no_contradictions(text: str) -> None:
    assert contradictions(text) == []
