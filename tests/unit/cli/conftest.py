"""A folder with a configuration, ``interlock`` as a person types it, and servers that answer as told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from interlock.cli import sync
from interlock.cli.main import main
from unit.control.sample import Servers

CONFIG = """\
version: 1
gateway: {listen: "127.0.0.1:8700"}
store: sqlite:///var/interlock.db
policy: {path: policy/}
audit: {checkpoints: ["file:checkpoints/"]}
identity: {development_issuer: true}
servers:
  files: {transport: stdio, command: [files-server], tenant: acme, owner: platform}
  web: {transport: http, url: "http://127.0.0.1:3991/mcp", tenant: globex, owner: desk, risk_owner: security}
"""


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Terminal:
    """Types commands."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> Said:
        self.capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = self.capsys.readouterr()
        return Said(code, out, err)


@pytest.fixture
def interlock(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def home(folder: Path, interlock: Terminal) -> Path:
    (folder / "interlock.yaml").write_text(CONFIG)
    assert interlock("init").code == 0
    return folder


@pytest.fixture
def upstreams(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sequence[Mapping[str, Any]] | str]:
    """What the servers list; a text is why one cannot be asked."""
    servers = Servers({"files": [], "web": []})

    @asynccontextmanager
    async def open_lister(_settings: object) -> AsyncIterator[Servers]:
        yield servers

    monkeypatch.setattr(sync, "resolve", lambda _target: open_lister)
    return servers.listings
