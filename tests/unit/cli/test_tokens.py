from __future__ import annotations

import time
from pathlib import Path

from interlock.core.words import Caller
from interlock.identity.development import issuer_of
from interlock.identity.keys import load_key
from interlock.identity.tokens import Verifier
from unit.cli.conftest import CONFIG, Terminal

BASE = "http://127.0.0.1:8700"


def test_a_token_stands_alone_and_verifies(home: Path, interlock: Terminal) -> None:
    said = interlock("token", "--subject", "user-1", "--workload", "agent", "--tenant", "acme", "--host-app", "Desk")
    assert (said.code, said.err, said.out.count("\n")) == (0, "", 1)
    keys = load_key(home / "var/keys/issuer.jwk").public_keys()
    caller = Verifier(issuer_of(BASE), keys, {BASE}, time.time).verify(said.out.strip(), f"{BASE}/servers/files/mcp")
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.workload, caller.tenant, caller.host) == ("user-1", "agent", "acme", "Desk")
    assert 890 <= caller.expires_at - time.time() <= 900


def test_a_name_that_no_verifier_accepts_gets_none(home: Path, interlock: Terminal) -> None:
    said = interlock("token", "--subject", " ", "--workload", "agent", "--tenant", "acme")
    assert (said.code, said.out) == (1, "")
    assert "correct the name" in said.err
    assert home.exists()


def test_without_the_development_issuer_there_is_none(home: Path, interlock: Terminal) -> None:
    (home / "interlock.yaml").write_text(CONFIG.replace("development_issuer: true", "development_issuer: false"))
    said = interlock("token", "--subject", "u", "--workload", "w", "--tenant", "t")
    assert (said.code, said.out) == (2, "")
    assert "the development issuer is off" in said.err


def test_without_its_key_the_operator_is_told(home: Path, interlock: Terminal) -> None:
    (home / "var/keys/issuer.jwk").unlink()
    said = interlock("token", "--subject", "u", "--workload", "w", "--tenant", "t")
    assert (said.code, said.out) == (2, "")
    assert "issuer.jwk cannot be read" in said.err
