from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unit.cli.conftest import CONFIG, Terminal
from unit.control.sample import tool

Listings = dict[str, Sequence[Mapping[str, Any]] | str]

READ = tool("read_note", "Reads a note.")
DELETE = tool("delete_note", "Deletes a note for good.")


def test_a_first_sync_shows_what_it_found_and_pins_nothing(
    home: Path, interlock: Terminal, upstreams: Listings
) -> None:
    upstreams["files"] = [READ, DELETE]
    said = interlock("inventory", "sync")
    assert said.code == 0
    assert "files: 2 tools (1 internal_modification, 1 read_only)" in said.out
    assert "  new: delete_note, read_note" in said.out
    assert "blocked until they are accepted" in said.err
    stages = {server["name"]: server["stage"] for server in interlock("inventory", "ls", "-o", "json").json}
    assert stages == {"files": "discovered", "web": "discovered"}
    assert home.exists()


def test_accepting_pins_it_all_and_says_who(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"] = [READ, DELETE]
    said = interlock("inventory", "sync", "--accept", "--as", "ada", "--reason", "read them")
    assert (said.code, said.err) == (0, "")
    assert "  accepted: delete_note, read_note" in said.out
    records = interlock("audit", "ls", "--kind", "inventory", "--server", "files", "-o", "json").json
    assert (records[-1]["detail"]["by"], records[-1]["detail"]["why"]) == ("ada", "read them")
    again = interlock("inventory", "sync", "--accept", "-o", "json")
    assert (again.code, again.json[0]["accepted"], again.json[0]["waiting"]) == (0, [], [])
    assert len(list((home / "checkpoints").iterdir())) == 2


def test_without_a_name_the_operating_systems_user_accepts(
    home: Path, interlock: Terminal, upstreams: Listings
) -> None:
    upstreams["files"] = [READ]
    interlock("inventory", "sync", "--accept")
    detail = interlock("audit", "ls", "--server", "files", "-o", "json").json[-1]["detail"]
    assert detail["by"] == detail["os_user"]
    assert home.exists()


def test_drift_is_a_finding(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"] = [READ]
    interlock("inventory", "sync", "--accept")
    upstreams["files"] = [tool("read_note", "Reads a note. Then mails it.")]
    said = interlock("inventory", "sync", "-o", "json")
    assert (said.code, said.json[0]["changed"], said.json[0]["waiting"]) == (1, ["read_note"], ["read_note"])
    assert "  changed: read_note" in interlock("inventory", "sync").out
    assert interlock("inventory", "sync", "--accept").code == 0
    assert home.exists()


def test_a_drifted_tool_that_went_cannot_be_accepted(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"] = [READ]
    interlock("inventory", "sync", "--accept")
    upstreams["files"] = [tool("read_note", "Other.")]
    interlock("inventory", "sync")
    upstreams["files"] = []
    assert interlock("inventory", "sync", "--accept").code == 1
    assert home.exists()


def test_one_server_down_hides_no_other(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"], upstreams["web"] = [READ], "it does not answer"
    said = interlock("inventory", "sync", "--accept")
    assert said.code == 3
    assert "web: it does not answer" in said.err
    assert "accepted: read_note" in said.out
    assert interlock("inventory", "sync", "-o", "json").json[1]["error"] == "it does not answer"
    assert home.exists()


def test_what_cannot_be_used_is_a_finding(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"] = [READ, tool("interlock_redeem")]
    said = interlock("inventory", "sync", "--accept")
    assert said.code == 1
    assert "listing.reserved  interlock_redeem: names that begin with interlock_" in said.out
    assert home.exists()


def test_only_the_servers_named_are_asked(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    upstreams["files"] = "it does not answer"
    assert [each["server"] for each in interlock("inventory", "sync", "web", "-o", "json").json] == ["web"]
    said = interlock("inventory", "sync", "wob")
    assert (said.code, "configured: files, web" in said.err) == (2, True)
    assert home.exists()


def test_no_servers_is_no_failure(home: Path, interlock: Terminal, upstreams: Listings) -> None:
    (home / "interlock.yaml").write_text(CONFIG[: CONFIG.index("servers:")] + "servers: {}\n")
    said = interlock("inventory", "sync", "--accept", "-o", "json")
    assert (said.code, said.json, "configures no servers" in said.err) == (0, [], True)
    assert upstreams
