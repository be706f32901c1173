from pathlib import Path

import pytest

from interlock.cli.demo import servers
from interlock.cli.demo.servers import Programs, configuration, find_programs, use_memory, version_of
from interlock.core.errors import OperatorError
from interlock.settings import load

PROGRAMS = Programs(Path("/opt/node"), Path("/opt/mcp-server-time"))


@pytest.mark.parametrize("name", ["plain", "with space and 'quotes\"", "tmp.Xq9Zr4LkT0vWb2N"])
def test_the_configuration_is_one_that_loads(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "interlock.yaml").write_text(configuration(folder, PROGRAMS, (4001, 4002), "500ms"))
    settings = load(folder / "interlock.yaml")
    assert (settings.gateway.listen.port, settings.console.listen.port) == (4001, 4002)
    assert settings.approvals.wait == 0.5
    assert list(settings.servers) == ["files", "memory", "time"]
    assert settings.servers["files"].command[0] == "/opt/node"
    assert settings.servers["files"].command[-1] == str(folder / "data")
    assert settings.servers["time"].command == ("/opt/mcp-server-time", "--local-timezone", "UTC")
    assert not [server.findings for server in settings.servers.values() if server.findings]


def test_nothing_is_kept_outside_the_scratch_folder(tmp_path: Path) -> None:
    (tmp_path / "interlock.yaml").write_text(configuration(tmp_path, PROGRAMS, (4001, 4002), "3s"))
    settings = load(tmp_path / "interlock.yaml")
    kept = [settings.store.path, settings.policy.path, *settings.audit.checkpoints]
    assert all(path.is_relative_to(tmp_path) for path in kept)


def test_an_upgrade_turns_the_name_to_the_other_release(tmp_path: Path) -> None:
    for release in ("before", "after"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "package.json").write_text(f'{{"version": "{release}"}}')
        use_memory(tmp_path, tmp_path / release)
        assert version_of(tmp_path / servers.MEMORY_LINK) == release


def test_the_demo_names_servers_that_are_in_its_lock_file() -> None:
    locked = (servers.CHECKOUT / "demo" / "package-lock.json").read_text()
    for package in (servers.FILES, servers.MEMORY, servers.MEMORY_BEFORE):
        assert f'"{package.relative_to(servers.CHECKOUT / "demo")}"' in locked


def test_without_node_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(OperatorError, match="Node"):
        find_programs()


@pytest.mark.parametrize("missing", ["FILES", "MEMORY", "MEMORY_BEFORE"])
def test_without_its_servers_it_says_make_setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str) -> None:
    for name in ("FILES", "MEMORY", "MEMORY_BEFORE"):
        entry = tmp_path / name / servers.ENTRY
        entry.parent.mkdir(parents=True)
        entry.touch()
        monkeypatch.setattr(servers, name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mcp-server-time").touch()
    monkeypatch.setattr("shutil.which", lambda _name: "/opt/node")
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    assert find_programs() == Programs(Path("/opt/node"), tmp_path / "bin" / "mcp-server-time")
    (tmp_path / missing / servers.ENTRY).unlink()
    with pytest.raises(OperatorError, match=missing) as failure:
        find_programs()
    assert "make setup" in failure.value.then
