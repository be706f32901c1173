from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from interlock.cli.entries import entries_of, entry_of
from interlock.core.errors import OperatorError
from interlock.settings import parse

HEAD = "version: 1\nservers:\n"


def identity(tmp_path: Path, server: str) -> dict[str, Any]:
    settings = parse(f"{HEAD}  s: {server}\n".encode(), tmp_path / "interlock.yaml")
    return dict(entry_of(settings.servers["s"]).identity)


def test_a_server_that_acts_under_nothing(tmp_path: Path) -> None:
    server = "{transport: stdio, command: [x], tenant: acme, owner: me}"
    assert identity(tmp_path, server) == {
        "kind": "none",
        "names": [],
        "sources": [],
        "since": None,
        "scope": None,
        "owner": None,
        "expires": None,
        "shared_by": "caller",
    }


def test_a_server_with_a_secret_in_its_environment(tmp_path: Path) -> None:
    told = identity(
        tmp_path,
        '{transport: stdio, command: [x], env: {LEVEL: info, KEY: "env:FILES_KEY"}, tenant: acme, owner: me,'
        " isolation: tenant, credential: {owner: ada, expires: 2027-03-31, scope: read}}",
    )
    assert (told["kind"], told["names"], told["sources"]) == ("env", ["KEY", "LEVEL"], ["env:FILES_KEY"])
    assert (told["owner"], told["expires"], told["scope"]) == ("ada", "2027-03-31", "read")
    assert (told["since"], told["shared_by"]) == (None, "tenant")


def test_a_secret_in_a_file_is_as_old_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the secret")
    os.utime(tmp_path / "key", (1_000_000, 1_000_000))
    server = '{transport: http, url: "http://127.0.0.1:1/", headers: {X-Key: "file:key"}, tenant: a, owner: me}'
    told = identity(tmp_path, server)
    assert (told["kind"], told["since"]) == ("header", 1_000_000)
    assert told["sources"] == [f"file:{tmp_path / 'key'}"]
    assert "the secret" not in repr(told)
    (tmp_path / "key").unlink()
    assert identity(tmp_path, server)["since"] is None


def test_values_that_are_no_secrets_are_static(tmp_path: Path) -> None:
    told = identity(tmp_path, "{transport: stdio, command: [x], env: {LEVEL: info}, tenant: acme, owner: me}")
    assert (told["kind"], told["names"]) == ("static", ["LEVEL"])


def test_entries_are_of_the_servers_named(tmp_path: Path) -> None:
    one = "{transport: stdio, command: [x], tenant: acme, owner: me}"
    two = '{transport: http, url: "http://127.0.0.1:1/", tenant: globex, owner: you, risk_owner: them}'
    settings = parse(f"{HEAD}  one: {one}\n  two: {two}\n".encode(), tmp_path / "interlock.yaml")
    assert [entry.name for entry in entries_of(settings)] == ["one", "two"]
    (entry,) = entries_of(settings, ["two", "two"])
    assert (entry.tenant, entry.owner, entry.risk_owner, entry.transport) == ("globex", "you", "them", "http")
    assert entries_of(settings)[0].findings == ("server.risk_owner_defaulted",)
    with pytest.raises(OperatorError, match="three: there is no such server"):
        entries_of(settings, ["one", "three"])
