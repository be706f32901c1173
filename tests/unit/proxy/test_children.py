import os
from pathlib import Path

import pytest

from interlock.core.errors import OperatorError
from interlock.proxy.children import MARK, ChildSpec, child_environment, find_command


def test_only_the_short_list_is_inherited() -> None:
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "LC_TIME", "TMPDIR", "TZ", "USER", "LOGNAME")
    others = ("AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "HTTP_PROXY", "LD_PRELOAD", "NODE_OPTIONS", "path", "LCX")
    ambient = {name: f"value of {name}" for name in (*wanted, *others)}
    inherited = child_environment({}, ambient)
    assert inherited == {name: f"value of {name}" for name in wanted}


def test_what_is_configured_is_added_and_wins() -> None:
    assert child_environment({"PATH": "/opt", "TOKEN": "t"}, {"PATH": "/bin", "HOME": "/h"}) == {
        "PATH": "/opt",
        "TOKEN": "t",
        "HOME": "/h",
    }


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "s3cr3t\0"), (MARK, "x")])
def test_what_no_environment_can_hold_is_the_operators_fault(name: str, value: str) -> None:
    with pytest.raises(OperatorError) as refused:
        child_environment({name: value}, {})
    assert "s3cr3t" not in refused.value.diagnostics()


def test_a_bare_name_is_looked_up_in_the_childs_path(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    with pytest.raises(OperatorError):  # not executable
        find_command("tool", str(tmp_path))
    tool.chmod(0o755)
    assert find_command("tool", str(tmp_path)) == str(tool)
    assert find_command(str(tool), "") == str(tool)
    with pytest.raises(OperatorError):
        find_command("tool", "/nonexistent")


def test_nothing_is_looked_up_relative_to_wherever_we_happen_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for command, path in (("./tool", "/bin"), ("../x/tool", "/bin"), ("tool", "."), ("", os.defpath)):
        with pytest.raises(OperatorError):
            find_command(command, path)


def test_secrets_stay_out_of_the_repr() -> None:
    spec = ChildSpec(command="c", args=("s3cr3t",), env={"A": "s3cr3t"})
    assert "s3cr3t" not in repr(spec)
