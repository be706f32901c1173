from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from interlock.core.words import ToolCall
from playbooks.playbook import Playbook, conversations


@pytest.fixture
def begin() -> Iterator[Callable[[ToolCall], Playbook]]:
    with conversations() as begin:
        yield begin
