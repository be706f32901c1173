"""The story: who is in it, and the order of its acts."""

from __future__ import annotations

import time

from interlock.cli.demo.acts import Cast, look
from interlock.cli.demo.deciding import approve, deny, read, repeat, run_once, wait_for_a_person
from interlock.cli.demo.proving import drift, forge, knock_and_pretend, show_records
from interlock.cli.demo.stage import Stage
from interlock.cli.demo.teller import Teller

INTRODUCTION = (
    "Ann's agent takes notes for her. It is a real MCP client (the Python SDK) and it calls three real MCP servers: a "
    "folder of files, a memory, and the time. Interlock stands between them: every call passes it, what only reads "
    "runs at once, what destroys waits for a person, and everything is written down before it happens."
)


def tell(stage: Stage) -> None:
    """Tell the story, while it happens.

    Raises:
        InterlockError: something that is told did not happen.

    """
    began = time.monotonic()
    teller = Teller()
    teller.title("Interlock, a short story on real servers")
    teller.say(INTRODUCTION)
    teller.say(f"(All of it happens in {stage.folder}, which is gone at the end.)")
    look(stage, teller)
    with stage.serving():
        cast = Cast.of(stage, teller)
        read(cast)
        asked = wait_for_a_person(cast)
        approve(cast, asked)
        run_once(cast)
        repeat(cast, asked)
        deny(cast)
        drift(cast)
        knock_and_pretend(cast)
        show_records(cast, asked)
    forge(cast)
    teller.act("The end")
    teller.say(
        f"It took {time.monotonic() - began:.0f} seconds. All of it was checked while it was told, and nothing is left "
        "running."
    )
    teller.say("To try it with your own client: interlock demo --serve. To put it before your own server: README.md.")
