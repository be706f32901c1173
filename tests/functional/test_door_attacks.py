"""What comes to the door that should not get in, byte by byte. Nothing of it may have an effect."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from functional.gateway import (
    ROGUE,
    UPSTREAM,
    USER,
    Installation,
    Who,
    modern,
    routed,
    run,
    said,
    unique,
)

LIMIT = 64 << 10
TOOL = "create_note"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "by-hand", "version": "1"},
    },
}


def configure(made: Installation) -> None:
    made.stdio("notes", UPSTREAM)
    made.http("remote", UPSTREAM)
    made.stdio("theirs", UPSTREAM, tenant="globex")
    made.stdio("taken", ROGUE, "--list", "reserved")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("door"), {}, {"limits": {"max_request_bytes": "64KiB"}})
    configure(made)
    try:
        with made:
            made.cli("inventory", "sync", "--accept")  # exits 1: a reserved name cannot be accepted
            made.start()
            yield made
    finally:
        if made.serving is not None:
            made.stop()


@pytest.fixture(autouse=True)
def _nothing_happened(gateway: Installation) -> Iterator[None]:
    yield
    assert gateway.effects("notes", attack=True) == gateway.effects("remote", attack=True) == []
    assert gateway.healthy()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def raw(gateway: Installation, path: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> Answer:
    """Send exactly these header lines."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        lines = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lines, response.read())
    finally:
        connection.close()


def create() -> dict[str, Any]:
    return modern("tools/call", {"name": TOOL, "arguments": {"id": unique(), "attack": True}})


def lines(gateway: Installation, **changed: str | None) -> list[tuple[str, str]]:
    """Return a good call's header lines, with some changed or (``None``) left out."""
    good: dict[str, str | None] = {
        "Host": f"127.0.0.1:{gateway.port}",
        "Authorization": f"Bearer {gateway.token()}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": TOOL,
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in good.items() if value is not None]


def test_the_good_call_that_the_attacks_change_does_run(gateway: Installation) -> None:
    body = modern("tools/call", {"name": TOOL, "arguments": {"id": "good"}})
    answer = raw(gateway, "/servers/notes/mcp", lines(gateway), json.dumps(body).encode())
    assert answer.status == 200
    assert json.loads(answer.body)["result"]["resultType"] == "complete"
    assert gateway.effects("notes", id="good") == [TOOL]


# --- where it says it goes, and from where (V2, V5) ---


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "0.0.0.0:{port}",
        "127.0.0.1:{port}?",
        "127.0.0.1:{port}/healthz?",
        "127.0.0.1:{port}#x",
        "x/healthz?127.0.0.1:{port}",
        "user@127.0.0.1:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "localhost.:{port}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/servers/notes/mcp", "/healthz", "/.well-known/oauth-protected-resource"])
def test_a_foreign_host_is_misdirected(gateway: Installation, host: str, path: str) -> None:
    headers = lines(gateway, Host=host.format(port=gateway.port))
    answer = raw(gateway, path, headers, json.dumps(create()).encode())
    assert answer.status in {400, 421}


def test_no_host_and_two_hosts(gateway: Installation) -> None:
    body = json.dumps(create()).encode()
    assert raw(gateway, "/servers/notes/mcp", lines(gateway, Host=None), body).status in {400, 421}
    twice = [*lines(gateway), ("Host", "evil.example")]
    assert raw(gateway, "/servers/notes/mcp", twice, body).status in {400, 421}


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1", ""])
def test_a_foreign_origin_is_refused(gateway: Installation, origin: str) -> None:
    headers = [*lines(gateway), ("Origin", origin.format(port=gateway.port))]
    assert raw(gateway, "/servers/notes/mcp", headers, json.dumps(create()).encode()).status == 421


def test_two_origins_are_refused_and_our_own_is_not(gateway: Installation) -> None:
    ours = ("Origin", f"http://127.0.0.1:{gateway.port}")
    body = modern("tools/call", {"name": "read_note", "arguments": {"id": "x"}})
    headers = [*lines(gateway, Mcp_Name="read_note"), ours]
    assert raw(gateway, "/servers/notes/mcp", headers, json.dumps(body).encode()).status == 200
    assert raw(gateway, "/servers/notes/mcp", [*headers, ours], json.dumps(body).encode()).status == 421


@pytest.mark.parametrize(
    "path",
    [
        "/servers/notes/mcp/",
        "/servers//mcp",
        "/servers/notes/../notes/mcp",
        "/servers/notes%2fmcp/mcp",
        "/servers/NOTES/mcp",
        "/SERVERS/notes/mcp",
        "//servers/notes/mcp",
        "/servers/notes%00/mcp",
        "/servers/notes%0d%0aX-Evil:%201/mcp",
        "/servers/%ff%fe/mcp",
        "/servers/%E2%80%AEseton/mcp",
        "/mcp",
    ],
)
def test_only_the_one_path_leads_to_a_server(gateway: Installation, path: str) -> None:
    """V11: a malformed name never widens what is reached."""
    body = json.dumps(create()).encode()
    assert raw(gateway, path, lines(gateway), body).status in {401, 404}
    answer = raw(gateway, path, lines(gateway, Authorization=None), body)
    assert answer.status in {401, 404}
    assert "x-evil" not in answer.headers


# --- who it says it is ---


def test_no_token_is_told_where_to_get_one(gateway: Installation) -> None:
    answer = gateway.post("notes", create(), Authorization=None, **routed("tools/call", TOOL))
    assert answer.status_code == 401
    metadata = f"http://127.0.0.1:{gateway.port}/.well-known/oauth-protected-resource/servers/notes/mcp"
    assert answer.headers["www-authenticate"] == f'Bearer resource_metadata="{metadata}"'
    found = httpx2.get(metadata).json()
    assert found["resource"] == gateway.url("notes")
    assert found["authorization_servers"]


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer garbage", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "{token}", "Bearer {token}x", "Token {token}"],
)
def test_what_is_no_token_is_refused(gateway: Installation, authorization: str) -> None:
    given = authorization.format(token=gateway.token())
    answer = gateway.post("notes", create(), Authorization=given, **routed("tools/call", TOOL))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_two_tokens_are_refused(gateway: Installation) -> None:
    twice = [*lines(gateway), ("Authorization", f"Bearer {gateway.token()}")]
    assert raw(gateway, "/servers/notes/mcp", twice, json.dumps(create()).encode()).status == 401


def test_an_expired_token_and_one_for_another_server_are_refused(gateway: Installation) -> None:
    tokens = {
        "expired": gateway.token(at=time.time() - 3600),
        "not yet": gateway.token(at=time.time() + 3600),
    }
    for token in tokens.values():
        answer = gateway.post("notes", create(), Authorization=f"Bearer {token}", **routed("tools/call", TOOL))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_for_one_server_is_no_good_at_another(gateway: Installation) -> None:
    body = modern("tools/list")
    token = f"Bearer {gateway.token(server='notes')}"
    assert gateway.post("notes", body, Authorization=token, **routed("tools/list")).status_code == 200
    for server in ("remote", "nowhere"):
        refused = gateway.post(server, body, Authorization=token, **routed("tools/list"))
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_another_tenants_server_answers_as_an_unknown_one(gateway: Installation) -> None:
    """V4, and invariant 6: nothing is learned of another tenant's inventory."""
    answers = [
        gateway.post(server, body, **headers)
        for server in ("theirs", "nowhere")
        for body, headers in ((create(), routed("tools/call", TOOL)), (INITIALIZE, {}))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    told = [sorted(set(answer.headers) - {"date"}) for answer in answers]
    assert told.count(told[0]) == len(told)
    assert gateway.post("theirs", INITIALIZE, who=Who(tenant="globex")).status_code == 200


# --- sessions (V7) ---


def session(gateway: Installation, server: str = "notes", who: Who = USER) -> str:
    answer = gateway.post(server, INITIALIZE, who=who)
    assert answer.status_code == 200
    return str(answer.headers["mcp-session-id"])


PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


@pytest.mark.parametrize(
    ("server", "who"),
    [
        ("notes", Who(subject="user-2")),
        ("notes", Who(workload="other-agent")),
        ("remote", Who()),
    ],
)
def test_a_session_is_its_owners_alone(gateway: Installation, server: str, who: Who) -> None:
    opened = session(gateway)
    stolen = gateway.post(server, PING, who=who, Mcp_Session_Id=opened)
    unknown = gateway.post(server, PING, who=who, Mcp_Session_Id="no-such-session")
    assert (stolen.status_code, stolen.content) == (unknown.status_code, unknown.content) == (404, unknown.content)
    for method in ("GET", "DELETE"):
        headers = {"Authorization": f"Bearer {gateway.token(who)}", "Mcp-Session-Id": opened}
        assert httpx2.request(method, gateway.url(server), headers=headers).status_code == 404
    assert gateway.post("notes", PING, Mcp_Session_Id=opened).json()["result"] == {}


def test_a_session_ends_when_it_is_deleted(gateway: Installation) -> None:
    opened = session(gateway)
    headers = {"Authorization": f"Bearer {gateway.token()}", "Mcp-Session-Id": opened}
    assert httpx2.delete(gateway.url("notes"), headers=headers).status_code == 204
    assert gateway.post("notes", PING, Mcp_Session_Id=opened).status_code == 404


def test_a_legacy_request_without_a_session_is_refused(gateway: Installation) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": TOOL, "arguments": {"attack": True}}}
    assert gateway.post("notes", body).status_code == 400


def test_a_token_in_the_session_header_is_no_token(gateway: Installation) -> None:
    answer = gateway.post("notes", PING, Authorization=None, Mcp_Session_Id=session(gateway))
    assert answer.status_code == 401


# --- what it says (V12, incidents 15 and 17) ---


@pytest.mark.parametrize(
    "changed",
    [
        {"Mcp_Name": "read_note"},
        {"Mcp_Name": None},
        {"Mcp_Name": "CREATE_NOTE"},
        {"Mcp_Name": "=?base64?cmVhZF9ub3Rl?="},
        {"Mcp_Name": "=?base64?!!?="},
        {"Mcp_Method": "tools/list"},
        {"Mcp_Method": None},
        {"MCP_Protocol_Version": "2025-11-25"},
        {"MCP_Protocol_Version": None},
    ],
)
def test_headers_that_say_something_else_than_the_body(gateway: Installation, changed: dict[str, str | None]) -> None:
    answer = raw(gateway, "/servers/notes/mcp", lines(gateway, **changed), json.dumps(create()).encode())
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, -32020)


def test_a_header_twice(gateway: Installation) -> None:
    for extra in (("Mcp-Name", TOOL), ("Mcp-Method", "tools/call"), ("MCP-Protocol-Version", "2026-07-28")):
        answer = raw(gateway, "/servers/notes/mcp", [*lines(gateway), extra], json.dumps(create()).encode())
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, -32020)


GOOD = json.dumps(create())
BODIES = {
    "duplicate-name": GOOD.replace('"name": "create_note"', '"name": "read_note", "name": "create_note"'),
    "duplicate-in-arguments": GOOD.replace('"attack": true', '"attack": true, "attack": false'),
    "escaped-duplicate": GOOD.replace('"attack": true', '"attack": true, "\\u0061ttack": true'),
    "variant-name": GOOD.replace('"name": "create_note"', '"Name": "create_note", "name": "read_note"'),
    "variant-method": GOOD.replace('"method"', '"Method": "ping", "method"', 1),
    "variant-arguments": GOOD.replace('"arguments"', '"Arguments": {}, "arguments"'),
    "batch": f"[{GOOD}]",
    "batch-of-two": f"[{GOOD},{GOOD}]",
    "empty-batch": "[]",
    "two-messages": GOOD + GOOD,
    "trailing": GOOD + "x",
    "nan": GOOD.replace("true", "NaN"),
    "infinity": GOOD.replace("true", "1e999"),
    "lone-surrogate": GOOD.replace("true", '"\\ud800"'),
    "comment": GOOD + "/* x */",
    "bom": "\ufeff" + GOOD,
    "nested": GOOD.replace("true", "[" * 500 + "]" * 500),
    "empty": "",
    "null": "null",
    "text": '"tools/call"',
    "no-version": GOOD.replace('"jsonrpc": "2.0", ', ""),
    "version-1": GOOD.replace('"jsonrpc": "2.0"', '"jsonrpc": "1.0"'),
    "id-true": GOOD.replace('"id": 1', '"id": true'),
    "id-null": GOOD.replace('"id": 1', '"id": null'),
    "id-float": GOOD.replace('"id": 1', '"id": 1.5'),
    "params-list": '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["create_note"]}',
    "meta-list": '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":[]}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_two_parsers_may_read_differently(gateway: Installation, name: str) -> None:
    body = BODIES[name].encode("utf-8", "surrogatepass")
    for server in ("notes", "remote"):
        answer = raw(gateway, f"/servers/{server}/mcp", lines(gateway), body)
        assert answer.status == 400
        assert json.loads(answer.body)["error"]["code"] in {-32700, -32600, -32602}
    opened = session(gateway)
    legacy = gateway.post("notes", body, Mcp_Session_Id=opened)
    assert legacy.status_code == 400


def test_bytes_that_are_no_utf_8(gateway: Installation) -> None:
    for body in (GOOD.encode("utf-16"), GOOD.encode().replace(b"true", b'"\xff"'), b"\xc0\xae" + GOOD.encode()):
        answer = raw(gateway, "/servers/notes/mcp", lines(gateway), body)
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, -32700)


def test_too_large_a_body(gateway: Installation) -> None:
    body = json.dumps(create() | {"padding": "x" * LIMIT}).encode()
    answer = gateway.post("notes", body, **routed("tools/call", TOOL))
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", None])
def test_a_wrong_content_type(gateway: Installation, kind: str | None) -> None:
    answer = gateway.post("notes", create(), Content_Type=kind, **routed("tools/call", TOOL))
    assert answer.status_code == 415


def test_a_client_that_takes_no_json(gateway: Installation) -> None:
    answer = gateway.post("notes", create(), Accept="text/html", **routed("tools/call", TOOL))
    assert answer.status_code == 406


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods(gateway: Installation, method: str) -> None:
    headers = {"Authorization": f"Bearer {gateway.token()}", "MCP-Protocol-Version": "2026-07-28"}
    answer = httpx2.request(method, gateway.url("notes"), headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["initialize", "ping", "tools/Call", "sampling/createMessage", "x"])
def test_a_method_the_modern_era_has_not(gateway: Installation, method: str) -> None:
    answer = gateway.post("notes", modern(method), **routed(method))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, -32601)


def test_a_revision_nobody_speaks(gateway: Installation) -> None:
    body = modern("tools/list", **{"io.modelcontextprotocol/protocolVersion": "2030-01-01"})
    answer = gateway.post("notes", body, MCP_Protocol_Version="2030-01-01", Mcp_Method="tools/list")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32022)
    assert answer.json()["error"]["data"]["supported"] == ["2026-07-28"]


# --- names that are ours (V8) ---


def test_an_upstreams_tool_by_a_name_of_ours_is_never_served(gateway: Installation) -> None:
    listed = gateway.post("taken", modern("tools/list"), **routed("tools/list")).json()["result"]["tools"]
    assert [tool["name"] for tool in listed] == ["read_properly"]
    for name in ("interlock_redeem", "interlock_other"):
        body = modern("tools/call", {"name": name, "arguments": {}})
        result = gateway.post("taken", body, **routed("tools/call", name)).json()["result"]
        assert result["isError"]
    assert not [done for done in gateway.effects("taken") if done.startswith("interlock_")]


# --- what may not get through (invariant 7) ---


@pytest.mark.parametrize("era", ["legacy", "auto"])
@pytest.mark.parametrize("server", ["notes", "remote"])
def test_the_callers_token_does_not_reach_the_server(gateway: Installation, server: str, era: str) -> None:
    async def main() -> None:
        async with gateway.client(server, era) as client:
            seen = said(await client.call_tool("get_whoami", {}))
        assert "Bearer" not in seen
        assert gateway.token()[:40] not in seen
        assert "authorization" not in {name.lower() for name in json.loads(seen)["headers"]}
        inherited = {"HOME", "LANG", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER", "INTERLOCK_CHILD"}
        ours = {"UPSTREAM_EFFECTS", "UPSTREAM_SWITCH"}
        environment = json.loads(seen)["environment"].keys()
        if server == "notes":
            assert {name for name in environment if not name.startswith("LC_")} <= inherited | ours

    run(main())
