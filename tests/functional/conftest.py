"""What functional tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    def bounded(main: Coroutine[Any, Any, None]) -> None:
        (asyncio.run if request.param == "asyncio" else uvloop.run)(asyncio.wait_for(main, 20))

    return bounded
