from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.stores.sqlite.lease import Lease

HOLD = """
import sys, time
from pathlib import Path
from interlock.stores.sqlite.lease import Lease
lease = Lease(Path(sys.argv[1]), "other")
print("held", flush=True)
time.sleep(60)
"""


def test_a_new_lease_has_a_name_of_its_own(tmp_path: Path) -> None:
    one, other = Lease.new(tmp_path), Lease.new(tmp_path)
    assert one.owner != other.owner
    one.release()
    other.release()


def test_a_held_lease_cannot_be_inherited(tmp_path: Path) -> None:
    lease = Lease.new(tmp_path)
    assert Lease.inherit(tmp_path, lease.owner) is None
    assert Lease.inherit(tmp_path, lease.owner) is None
    lease.release()


def test_a_name_is_leased_once(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "me")
    with pytest.raises(BlockingIOError):
        Lease(tmp_path, "me")
    lease.release()


def test_a_released_lease_leaves_nothing_and_can_be_inherited(tmp_path: Path) -> None:
    lease = Lease.new(tmp_path)
    lease.release()
    assert list(tmp_path.iterdir()) == []
    inherited = Lease.inherit(tmp_path, lease.owner)
    assert inherited is not None
    assert inherited.owner == lease.owner
    inherited.release()


def test_a_failed_try_keeps_no_file_open(tmp_path: Path) -> None:
    lease = Lease.new(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208 (counting)
    for _ in range(10):
        assert Lease.inherit(tmp_path, lease.owner) is None
    after = len(os.listdir("/proc/self/fd")) if before else 0  # noqa: PTH208 (counting)
    assert after == before
    lease.release()


def test_nobody_else_reads_the_lease(tmp_path: Path) -> None:
    lease = Lease.new(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    lease.release()


def test_kill_9_frees_a_lease(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert Lease.inherit(tmp_path, "other") is None
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    inherited = Lease.inherit(tmp_path, "other")
    assert inherited is not None
    inherited.release()


def test_a_program_that_is_started_does_not_keep_the_lease(tmp_path: Path) -> None:
    lease = Lease.new(tmp_path)
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lease.release()
        inherited = Lease.inherit(tmp_path, lease.owner)
        child.communicate(b"\n", timeout=10)
    assert inherited is not None
    inherited.release()
