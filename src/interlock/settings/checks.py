"""What the shape of one value cannot tell: names with their values, and sections with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from interlock.settings.document import Document, Path, Problem
from interlock.settings.secrets import secret_arguments
from interlock.settings.shape import File
from interlock.settings.values import check_header, check_variable


def check_servers(document: Document) -> Iterator[Problem]:
    """Find secrets, and names that cannot be, in variables, headers and arguments, whatever shape the rest is in."""
    for name, server in _mapping(document.data, "servers").items():
        path = ("servers", name)
        yield from _check_pairs(document, (*path, "env"), _mapping(server, "env"), check_variable)
        headers = _mapping(server, "headers")
        yield from _check_pairs(document, (*path, "headers"), headers, check_header)
        yield from _check_twins(document, (*path, "headers"), headers)
        yield from _check_command(document, (*path, "command"), server)


def check_together(file: File, document: Document) -> Iterator[Problem]:
    """Find sections that are right by themselves and wrong together."""
    for path, text in _contradictions(file):
        yield Problem(path, text, document.mark(path))


def _contradictions(file: File) -> Iterator[tuple[Path, str]]:
    gateway, approvals = file.gateway, file.approvals
    if file.identity.development_issuer and not gateway.listen.is_loopback:
        yield (
            ("identity", "development_issuer"),
            "is for one machine; have gateway.listen on 127.0.0.1, or switch it off",
        )
    if gateway.listen.is_unspecified and gateway.resource is None:
        yield ("gateway", "resource"), "missing: gateway.listen names no address that tokens could be meant for"
    if gateway.listen == file.console.listen and gateway.listen.port:
        yield ("console", "listen"), "the gateway listens there; take another port"
    if approvals.wait > approvals.decide_by:
        yield ("approvals", "wait"), "is longer than approvals.decide_by"


def _mapping(data: Any, key: str) -> dict[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _check_pairs(
    document: Document, path: Path, pairs: dict[str, Any], check: Callable[[str, str], str]
) -> Iterator[Problem]:
    for name, value in pairs.items():
        here = (*path, name)
        try:
            check(name, value if isinstance(value, str) else "")  # the shape tells of a value that is no text
        except ValueError as error:
            yield Problem(here, str(error), document.mark(here))


def _check_twins(document: Document, path: Path, headers: dict[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            here = (*path, name)
            yield Problem(here, "the same header again; case does not matter", document.mark(here, of_key=True))
        seen.add(name.lower())


def _check_command(document: Document, path: Path, server: Any) -> Iterator[Problem]:
    command = server.get("command") if isinstance(server, dict) else None
    if not isinstance(command, list):
        return
    for index in secret_arguments([item if isinstance(item, str) else "" for item in command]):
        here = (*path, index)
        text = "is or holds a secret, and every program of the machine can read it there; pass it in env, as env:NAME"
        yield Problem(here, text, document.mark(here))
