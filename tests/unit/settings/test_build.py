from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from interlock.settings import types
from interlock.settings.load import parse

HERE = Path("/etc/interlock/interlock.yaml")
MINIMAL = "version: 1\nservers:\n"
STDIO = "  a: {transport: stdio, command: [x], tenant: acme, owner: ops%s}\n"
HTTP = "  b: {transport: http, url: http://127.0.0.1/mcp, tenant: acme, owner: ops%s}\n"


def read(text: str) -> types.Settings:
    return parse(text.encode(), HERE)


def server(text: str) -> types.StdioServer | types.HttpServer:
    (found,) = read(MINIMAL + text).servers.values()
    return found


def test_the_least_file_has_every_default() -> None:
    assert read(MINIMAL) == types.Settings(
        path=HERE,
        directory=HERE.parent,
        gateway=types.GatewaySettings(
            listen=types.Address("127.0.0.1", 8700), resource="http://127.0.0.1:8700", hosts=(), origins=()
        ),
        console=types.ConsoleSettings(listen=types.Address("127.0.0.1", 8701)),
        store=types.StoreSettings(path=Path("/etc/interlock/var/interlock.db")),
        policy=types.PolicySettings(path=Path("/etc/interlock/policy")),
        audit=types.AuditSettings(checkpoints=(Path("/etc/checkpoints"),)),
        approvals=types.ApprovalSettings(
            wait=3.0, decide_by=900.0, redeem_by=900.0, sticky_denial=600.0, local_operator=False
        ),
        identity=types.IdentitySettings(development_issuer=False),
        limits=types.Limits(
            max_request_bytes=4 << 20,
            max_result_bytes=64 << 20,
            children=64,
            connections_per_origin=64,
            sessions=10_000,
            store_wait=5.0,
        ),
        servers={},
    )


def test_empty_sections_are_sections_left_out() -> None:
    sections = "gateway: {}\nconsole:\npolicy:\naudit: ~\napprovals: {}\nidentity:\nlimits:\n"
    assert read(sections + MINIMAL) == read(MINIMAL)


def test_a_stdio_server() -> None:
    assert server(
        STDIO % ", cwd: sub, env: {A: b, API_KEY: 'env:K', C: 'file:c'}, risk_owner: boss"
    ) == types.StdioServer(
        name="a",
        tenant="acme",
        owner="ops",
        risk_owner="boss",
        isolation=types.Isolation.CALLER,
        protocol=types.Protocol.AUTO,
        max_age=60.0,
        call_timeout=300.0,
        credential=None,
        findings=(types.CREDENTIAL_UNDOCUMENTED,),
        command=("x",),
        cwd=Path("/etc/interlock/sub"),
        env={
            "A": types.Literal("b"),
            "API_KEY": types.FromEnvironment("K"),
            "C": types.FromFile(Path("/etc/interlock/c")),
        },
    )


def test_an_http_server() -> None:
    more = ", isolation: session, protocol: legacy, max_age: 0s, call_timeout: 1h, headers: {X-Team: a}"
    assert server(HTTP % more) == types.HttpServer(
        name="b",
        tenant="acme",
        owner="ops",
        risk_owner="ops",
        isolation=types.Isolation.SESSION,
        protocol=types.Protocol.LEGACY,
        max_age=0.0,
        call_timeout=3600.0,
        credential=None,
        findings=(types.RISK_OWNER_DEFAULTED,),
        url="http://127.0.0.1/mcp",
        headers={"X-Team": types.Literal("a")},
    )


@pytest.mark.parametrize(
    ("more", "findings"),
    [
        (", risk_owner: x", ()),
        ("", (types.RISK_OWNER_DEFAULTED,)),
        (", risk_owner: x, isolation: shared", (types.CONNECTION_SHARED,)),
        (", risk_owner: x, headers: {A: b}", ()),
        (", risk_owner: x, headers: {A: 'env:B'}", (types.CREDENTIAL_UNDOCUMENTED,)),
        (", risk_owner: x, headers: {A: 'env:B'}, credential: {owner: o}", (types.CREDENTIAL_UNDOCUMENTED,)),
        (", risk_owner: x, headers: {A: 'env:B'}, credential: {expires: 2027-01-01}", (types.CREDENTIAL_UNDOCUMENTED,)),
        (", risk_owner: x, headers: {A: 'env:B'}, credential: {owner: o, expires: 2027-01-01}", ()),
    ],
)
def test_findings(more: str, findings: tuple[str, ...]) -> None:
    assert server(HTTP % more).findings == findings


def test_what_is_said_of_a_credential() -> None:
    said = server(HTTP % ", credential: {owner: o, expires: 2027-01-31, scope: read}").credential
    assert said == types.CredentialNote(owner="o", expires=date(2027, 1, 31), scope="read")


@pytest.mark.parametrize(
    ("issuer", "said", "allowed"),
    [
        ("true", "", True),
        ("false", "", False),
        ("true", "local_operator: false", False),
        ("false", "local_operator: true", True),
    ],
)
def test_the_local_operator_follows_the_development_issuer_unless_told(issuer: str, said: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    text = f"{MINIMAL}identity: {{development_issuer: {issuer}}}\napprovals: {{{said}}}\n"
    assert read(text).approvals.local_operator is allowed


def test_a_gateway_for_others() -> None:
    text = MINIMAL + (
        'gateway: {listen: "0.0.0.0:8700", resource: https://gw.example/, hosts: [GW.example], origins: [https://c.example]}\n'
    )
    assert read(text).gateway == types.GatewaySettings(
        listen=types.Address("0.0.0.0", 8700),  # noqa: S104 - the case in question
        resource="https://gw.example",
        hosts=("gw.example",),
        origins=("https://c.example",),
    )


def test_paths_that_are_absolute_stay() -> None:
    read_ = read(
        MINIMAL + "store: sqlite:////var/lib/i.db\npolicy: {path: /p}\naudit: {checkpoints: ['file:/a', 'file:///b']}\n"
    )
    assert (read_.store.path, read_.policy.path) == (Path("/var/lib/i.db"), Path("/p"))
    assert read_.audit.checkpoints == (Path("/a"), Path("/b"))


def test_settings_cannot_be_changed() -> None:
    found = server(STDIO % ", env: {A: b}")
    assert isinstance(found, types.StdioServer)
    with pytest.raises(TypeError):
        found.env["A"] = types.Literal("c")  # type: ignore[index]  # that it cannot is the test
