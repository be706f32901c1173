from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core.errors import OperatorError
from interlock.settings.load import load, parse
from interlock.settings.types import Settings

FIXTURES = Path(__file__).parent / "fixtures"
HERE = Path("/etc/interlock/interlock.yaml")

GOOD = """\
# interlock.yaml; paths are relative to this file
version: 1
gateway: {listen: 127.0.0.1:8700}
console: {listen: 127.0.0.1:8701}      # a later issue
store: sqlite:///var/interlock.db
policy: {path: policy/}
audit: {checkpoints: [file:../checkpoints/]}
approvals: {wait: 3s, decide_by: 15m, redeem_by: 15m}
identity: {development_issuer: true}    # its tokens enrol their workload by themselves
limits: {}
servers:
  files: {transport: stdio, command: [npx, -y, "@modelcontextprotocol/server-filesystem@2026.8.31", ./data], cwd: ., \
env: {API_KEY: "env:FILES_KEY"}, tenant: acme, owner: platform-team, isolation: caller}
  other: {transport: http, url: "http://127.0.0.1:3991/mcp", headers: {}, tenant: acme, owner: platform-team}
"""

# The beginning of each line of the error, behind the file's name; every line has to be there.
DEFECTS: dict[str, list[str]] = {
    "alias": ["3:10: anchors and aliases (& and *) are"],
    "alias_bomb": ["1:4: anchors and aliases (& and *) are"],
    "ambiguous_boolean": ["3:23: identity.development_issuer: YAML readers disagree on what this"],
    "ambiguous_octal": ["3:13: limits.children: YAML readers disagree on what this"],
    "ambiguous_server_name": ["3:3: servers: YAML readers disagree on what this"],
    "argument_not_quoted": ["5:22: servers.files.command[1]: must be text; put it in"],
    "binary_tag": ["3:8: tags (!) are not read; leave the"],
    "blank_owner": ["7:12: servers.files.owner: must be text that is not"],
    "checkpoint_target_not_supported": ["5:7: audit.checkpoints[1]: only files are supported as checkpoint"],
    "command_empty": ["5:14: servers.files.command: must not be empty"],
    "command_is_one_string": ["5:14: servers.files.command: must be a list, such as"],
    "command_on_http_server": ["8:5: servers.files.command: belongs to a server with transport"],
    "console_on_gateway_address": ["3:19: console.listen: the gateway listens there; take another"],
    "control_character": ["3:8: store: a control character, or half of"],
    "credential_expiry_not_a_date": ["8:39: servers.files.credential.expires: must be a date, such as"],
    "deep_nesting": ["2:25: nested deeper than 16"],
    "development_issuer_on_all_addresses": [
        "6:23: identity.development_issuer: is for one machine; have gateway.listen"
    ],
    "directive_out_of_range": ["1:1: a number in an escape sequence or"],
    "duplicate_header": ["10:7: servers.files.headers.x-team: the same header again; case does"],
    "duplicate_key": ["4:1: store: the same key as on line"],
    "duplicate_server": ["8:3: servers.files: the same key as on line"],
    "duration_compound": ["2:19: approvals.wait: must be a duration with its"],
    "duration_without_unit": ["2:24: approvals.decide_by: must be a duration with its"],
    "empty": ["1:1: the file is empty; `interlock init` writes"],
    "escape_out_of_range": ["1:1: a number in an escape sequence or"],
    "expansion_not_done": ["8:19: servers.files.env.REGION: ${...} is not expanded; write env:NAME"],
    "header_injection": ["8:23: servers.files.headers.X-Team: a header's value is one line"],
    "header_is_ours": ["8:31: servers.files.headers.Mcp-Session-Id: this header is set by Interlock"],
    "header_name_bad": ["8:25: servers.files.headers.<key>: not a header's name; is a"],
    "host_is_a_pattern": ["2:31: gateway.hosts[1]: must be a host name, with"],
    "isolation_unknown": ["8:16: servers.files.isolation: must be 'session', 'caller', 'tenant' or"],
    "key_is_a_list": ["3:3: a key must be text; put it"],
    "key_not_text": ["3:1: a key must be text; put it"],
    "limit_not_positive": ["2:20: limits.children: must be at least 1"],
    "limit_too_high": ["2:20: limits.sessions: must be at most 1000000"],
    "listen_not_an_address": ["2:19: gateway.listen: the host is not an IP"],
    "listen_on_all_without_resource": ["2:1: gateway.resource: missing: gateway.listen names no address that"],
    "listen_port_only": ["2:19: gateway.listen: must be host:port, such as 127.0.0.1:8700"],
    "listen_port_too_high": ["2:19: gateway.listen: a port is at most 65535"],
    "local_operator_not_boolean": ["2:29: approvals.local_operator: must be true or false"],
    "many_problems": [
        "2:1: gatway: unknown key; did you mean 'gateway'?",
        "3:20: limits.children: must be a whole number",
        "5:3: servers.files.owner: missing",
        "5:3: servers.files.command: missing",
        "7:5: servers.files.comand: unknown key; did you mean 'command'?",
        "9:22: servers.files.env.API_TOKEN: is named like a secret, and",
    ],
    "misspelt_key": ["5:5: servers.files.comand: unknown key; did you mean 'command'?"],
    "misspelt_section": ["2:1: gatway: unknown key; did you mean 'gateway'?"],
    "not_a_mapping": ["1:1: must be a mapping of sections, such"],
    "not_utf8": ["3:6: not UTF-8; save the file in that"],
    "origin_with_path": ["2:21: gateway.origins[0]: must be an origin as browsers"],
    "path_in_home": ["2:16: policy.path: must be a path, relative to"],
    "reference_file_with_host": ["8:20: servers.files.env.API_KEY: file: takes a path, without a"],
    "reference_not_a_name": ["8:20: servers.files.env.API_KEY: env: takes the name of one"],
    "reference_not_yet_keyring": ["8:20: servers.files.env.API_KEY: keyring: and vault: are not read"],
    "reference_not_yet_vault": ["8:30: servers.files.headers.Authorization: keyring: and vault: are not read"],
    "resource_with_query": ["2:21: gateway.resource: must have no query and no"],
    "second_document": ["3:1: a second document (---) begins; the file"],
    "secret_by_look": ["8:20: servers.files.env.SETTING: looks like a secret, and secrets"],
    "secret_by_name": ["9:16: servers.files.env.API_KEY: is named like a secret, and"],
    "secret_by_noise": ["8:20: servers.files.env.SETTING: looks like a secret, and secrets"],
    "secret_in_argument": ["5:27: servers.files.command[2]: is or holds a secret, and"],
    "secret_in_argument_after_flag": ["5:36: servers.files.command[3]: is or holds a secret, and"],
    "secret_in_header": ["8:30: servers.files.headers.Authorization: looks like a secret, and secrets"],
    "secret_in_key": ["8:26: servers.files.env.<key>: not a variable's name; is a"],
    "secret_in_url_query": ["5:10: servers.files.url: a secret in the query of"],
    "secret_in_url_user": ["5:10: servers.files.url: a secret in the user part"],
    "secret_in_value_url": ["8:21: servers.files.env.DATABASE: looks like a secret, and secrets"],
    "section_is_text": ["2:10: gateway: must be a mapping, such as"],
    "server_is_text": ["2:18: servers.files: must be a mapping, such as"],
    "server_name_upper_case": ["3:3: servers.Files: a server's name is lower-case letters,"],
    "servers_missing": ["1:1: servers: missing"],
    "size_decimal_unit": ["2:29: limits.max_request_bytes: must be a size with its"],
    "size_without_unit": ["2:28: limits.max_result_bytes: must be a size with its"],
    "store_not_supported": ["2:8: store: only SQLite is supported yet; write"],
    "syntax_unclosed": ["3:1: not YAML: expected ',' or '}', but"],
    "syntax_wrong_indent": ["4:2: not YAML: the indentation does not fit"],
    "tab_indent": ["3:1: a tab; YAML is indented with spaces"],
    "tag": ["3:8: tags (!) are not read; leave the"],
    "tag_handle": ["5:16: tags (!) are not read; leave the"],
    "tenant_missing": ["3:3: servers.files.tenant: missing"],
    "text_too_long": ["7:12: servers.files.owner: is too long"],
    "transport_missing": ["4:5: servers.files: missing key 'transport' (stdio or http)"],
    "transport_unknown": ["4:5: servers.files: transport must be stdio or http"],
    "unprintable": ["2:15: a character that YAML does not allow"],
    "url_not_http": ["5:10: servers.files.url: must be a URL such as"],
    "url_on_stdio_server": ["8:5: servers.files.url: belongs to a server with transport"],
    "url_port_bad": ["5:10: servers.files.url: must be a URL such as"],
    "url_without_host": ["5:10: servers.files.url: the URL must name a host,"],
    "version_is_boolean": ["1:10: version: this Interlock reads version 1 only;"],
    "version_is_text": ["1:10: version: this Interlock reads version 1 only;"],
    "version_missing": ["1:1: version: missing"],
    "version_newer": ["2:10: version: this Interlock reads version 1 only;"],
    "wait_longer_than_decision": ["3:9: approvals.wait: is longer than approvals.decide_by"],
}


def lines_of(error: OperatorError, path: Path) -> list[str]:
    lines = error.what.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_a_defect_is_told_with_its_line_and_column(defect: str) -> None:
    path = FIXTURES / f"{defect}.yaml"
    with pytest.raises(OperatorError) as raised:
        load(path)
    told = lines_of(raised.value, path)
    assert len(told) == len(DEFECTS[defect]), told
    for line, beginning in zip(told, DEFECTS[defect], strict=True):
        assert line.startswith(beginning)
    assert "hunter2" not in raised.value.diagnostics()
    assert raised.value.then


def test_every_fixture_is_in_the_table() -> None:
    assert {path.stem for path in FIXTURES.iterdir()} == set(DEFECTS)


def test_the_contract_is_read() -> None:
    read = parse(GOOD.encode(), HERE)
    assert read.path == HERE
    assert list(read.servers) == ["files", "other"]


def test_a_file_is_read_from_disk_and_its_paths_are_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interlock.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    read = load(Path("interlock.yaml"))
    assert read.directory == tmp_path.resolve()
    assert read.policy.path == tmp_path.resolve() / "policy"


def test_paths_are_relative_to_the_real_directory(tmp_path: Path) -> None:
    real, link = tmp_path / "a" / "b", tmp_path / "link"
    real.mkdir(parents=True)
    link.symlink_to(real)
    (real / "interlock.yaml").write_text(GOOD)
    assert load(link / "interlock.yaml").audit.checkpoints == (tmp_path.resolve() / "a" / "checkpoints",)


def test_a_missing_file_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file") as raised:
        load(tmp_path / "interlock.yaml")
    assert "interlock init" in raised.value.then


def test_a_directory_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="this is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("error", "told"),
    [(PermissionError(13, "no"), "not allowed to read it"), (OSError(5, "Input/output error"), "Input/output error")],
)
def test_an_unreadable_file_is_told_as_one(monkeypatch: pytest.MonkeyPatch, error: OSError, told: str) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OperatorError, match=told):
        load(HERE)


def test_a_path_that_is_none_is_the_operators_fault() -> None:
    with pytest.raises(OperatorError, match="not a path"):
        load(Path("a\0b"))


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "interlock.yaml"
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(OperatorError, match="longer than 1048576 bytes"):
        load(path)


def read_or_refused(text: bytes) -> Settings | OperatorError:
    try:
        return parse(text, HERE)
    except OperatorError as error:
        return error


SPLICES = st.one_of(
    st.sampled_from([b"", b"\n", b"\t", b" ", b":", b"- ", b"{", b"}", b"[", b"]", b'"', b"'", b"&a", b"*a", b"!a"]),
    st.sampled_from([b"null", b"yes", b"0", b"1.5", b"~", b"|", b">", b"%YAML 1.1", b"---", b"\xff", b"\\U00110000"]),
    st.binary(max_size=8),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 30), SPLICES), min_size=1, max_size=3))
def test_whatever_the_text_it_is_read_or_the_operators_fault(splices: list[tuple[int, int, bytes]]) -> None:
    raw = GOOD.encode()
    for start, length, splice in splices:
        raw = raw[:start] + splice + raw[start + length :]
    outcome = read_or_refused(raw)
    if isinstance(outcome, OperatorError):
        assert all(re.match(r":\d+:\d+: .", line.removeprefix(str(HERE))) for line in outcome.what.split("\n"))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["env:A", "3s", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [place for key, inner in value.items() for place in places(inner, (*path, key))]
    if isinstance(value, list):
        found += [place for index, inner in enumerate(value) for place in places(inner, (*path, index))]
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


GOOD_DATA = yaml.safe_load(GOOD)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(places(GOOD_DATA)), VALUES)
def test_whatever_stands_in_a_place_it_is_read_or_the_operators_fault(place: tuple[Any, ...], new: Any) -> None:
    read_or_refused(yaml.safe_dump(replaced(GOOD_DATA, place, new)).encode())


SECRET_PLACES: list[Callable[[str], Any]] = [
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "env"), {"API_KEY": secret}),
    lambda secret: replaced(GOOD_DATA, ("servers", "other", "headers"), {"Authorization": f"Bearer {secret}"}),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "command"), ["x", f"--token={secret}"]),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "command"), ["x", "--token", secret]),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "command"), ["x", f"--header=X-Api-Key: {secret}"]),
    lambda secret: replaced(GOOD_DATA, ("servers", "other", "url"), f"https://me:{secret}@host/"),
    lambda secret: replaced(GOOD_DATA, ("servers", "other", "url"), f"https://host/?a=b&api_key={secret}"),
    lambda secret: replaced(GOOD_DATA, ("servers", "other", "url"), f"https://host:{secret}/"),
    lambda secret: replaced(GOOD_DATA, ("store",), f"postgresql://me:{secret}@host/"),
    lambda secret: replaced(GOOD_DATA, ("approvals", "wait"), secret),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "isolation"), secret),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "transport"), secret),
    lambda secret: replaced(GOOD_DATA, ("version",), secret),
    lambda secret: replaced(GOOD_DATA, ("servers", "files", "env"), {f"API_KEY:{secret}": None}),
]


@pytest.mark.parametrize("place", SECRET_PLACES)
@settings(max_examples=20, deadline=None)
@given(secret=st.text("ghijkzqGHJKZQ", min_size=8, max_size=20).map(lambda text: f"zq{text}"))
def test_a_secret_is_refused_and_never_repeated(place: Callable[[str], Any], secret: str) -> None:
    outcome = read_or_refused(yaml.safe_dump(place(secret), width=1000).encode())
    assert isinstance(outcome, OperatorError)
    assert secret not in outcome.diagnostics()
    assert secret not in repr(outcome)
    assert outcome.__cause__ is None
