from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from interlock.control.people import Operator
from interlock.control.stops import EVERYTHING, Scope, resume, stop
from interlock.core.errors import CallerError
from interlock.stores.sqlite.desk import Desk
from unit.control.sample import NOW, new_store

ADA = Operator(name="ada", reason="something is wrong", os_user="root")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Scope(*EVERYTHING), "everything"),
        (Scope("server", "files"), "server files"),
        (Scope("workload", "agent"), "workload agent"),
    ],
)
def test_what_is_stopped_can_be_resumed_once(tmp_path: Path, what: Scope, said: str) -> None:
    with closing(Desk(new_store(tmp_path))) as desk:
        stop(desk, what, ADA, NOW)
        assert desk.inventory().stopped == {(what.kind, what.name)}
        assert desk.find({"kind": "stop"}, 1)[0]["detail"]["why"] == "something is wrong"
        resume(desk, what, ADA, NOW)
        with pytest.raises(CallerError, match=f"{said} was not stopped"):
            resume(desk, what, ADA, NOW)
