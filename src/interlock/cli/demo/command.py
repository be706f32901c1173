"""``interlock demo``."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from interlock.cli.demo.servers import find_programs
from interlock.cli.demo.stage import stage
from interlock.cli.table import resolve
from interlock.core.errors import OperatorError

STORY = "interlock.cli.demo.story:tell"
"""Needs the MCP SDK, which nothing else of Interlock does: imported once it is known to be there."""
STAY = "interlock.cli.demo.stay:stay"


def demo(arguments: argparse.Namespace) -> int:
    """Tell the story, or stay up to be tried; works in a scratch folder and leaves nothing behind.

    Raises:
        OperatorError: what the demo needs beside Interlock is not installed.
        InterlockError: something that the story tells did not happen.

    """
    if find_spec("mcp") is None:
        raise OperatorError("the demo's client, the MCP SDK for Python, is not installed", "run `make setup`")
    play, wait = (STAY, "3s") if arguments.serve else (STORY, "500ms")
    with stage(find_programs(), wait) as scratch:
        resolve(play)(scratch)
    return 0
