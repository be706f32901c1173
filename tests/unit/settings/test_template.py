from __future__ import annotations

import re
from pathlib import Path

from interlock.settings.load import parse
from interlock.settings.template import default_text
from interlock.settings.types import Address, CredentialNote, FromEnvironment

HERE = Path("/etc/interlock/interlock.yaml")


def test_it_is_valid_and_has_no_servers() -> None:
    read = parse(default_text().encode(), HERE)
    assert read.servers == {}
    assert read.identity.development_issuer


def test_what_it_spells_out_are_the_defaults() -> None:
    least = parse(b"version: 1\nservers:\nidentity: {development_issuer: true}\n", HERE)
    assert parse(default_text().encode(), HERE) == least


def test_addresses_are_written_in() -> None:
    read = parse(default_text(gateway="[::1]:9000", console="localhost:9001").encode(), HERE)
    assert (read.gateway.listen, read.console.listen) == (Address("::1", 9000), Address("localhost", 9001))


def test_its_examples_are_valid_once_uncommented() -> None:
    text = re.sub(r"(?m)^#(?=  )", "", default_text())
    servers = parse(text.encode(), HERE).servers
    assert list(servers) == ["files", "tickets"]
    assert servers["files"].env["API_KEY"] == FromEnvironment("FILES_KEY")  # type: ignore[union-attr]
    assert isinstance(servers["files"].credential, CredentialNote)
    assert servers["files"].findings == ()
