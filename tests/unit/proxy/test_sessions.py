from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from interlock.proxy.sessions import MOST_OF_ONE, Owner, Session, Sessions, owner_of
from unit.proxy.fakes import CALLER, run

OWNER = owner_of(CALLER, "notes")


def test_whose_a_session_is() -> None:
    assert OWNER == ("notes", "acme", "ada", "agent")
    renewed = replace(CALLER, credential_id="cred-2", host="other", expires_at=99, machine="10.0.0.1")
    assert owner_of(renewed, "notes") == OWNER, "a renewed token keeps its session"


def test_it_is_found_by_its_owner_alone() -> None:
    sessions = Sessions(10)
    session = sessions.open(OWNER, "2025-11-25", "cursor/1")
    assert sessions.find(session.session_id, OWNER) is session
    assert (session.version, session.claimed_host) == ("2025-11-25", "cursor/1")
    for index in range(4):
        stranger = tuple("x" if place == index else part for place, part in enumerate(OWNER))
        assert sessions.find(session.session_id, stranger) is None  # type: ignore[arg-type]
    assert sessions.find(None, OWNER) is sessions.find("x", OWNER) is None


def test_an_id_cannot_be_guessed() -> None:
    sessions = Sessions(100)
    identifiers = {sessions.open(OWNER, "v", None).session_id for _ in range(50)}
    assert len(identifiers) == 50
    assert min(map(len, identifiers)) >= 32


def test_a_closed_one_is_gone_and_may_be_closed_again() -> None:
    sessions = Sessions(10)
    session = sessions.open(OWNER, "v", None)
    sessions.close(session)
    sessions.close(session)
    assert sessions.find(session.session_id, OWNER) is None


def test_beyond_the_bound_the_one_unused_for_longest_ends() -> None:
    def owner(subject: str) -> Owner:
        return ("notes", "acme", subject, "agent")

    sessions = Sessions(2)
    first, second = (sessions.open(owner(name), "v", None) for name in ("first", "second"))
    assert sessions.find(first.session_id, first.owner) is first
    third = sessions.open(owner("third"), "v", None)
    assert sessions.find(second.session_id, second.owner) is None
    assert sessions.find(first.session_id, first.owner) is first
    assert sessions.find(third.session_id, third.owner) is third


@pytest.mark.parametrize("request_id", [1, "1", None, 2.0, [], {}, True])
def test_only_its_own_running_request_is_cancelled(request_id: object) -> None:
    async def main() -> None:
        session = Session("s", OWNER, "v", None)
        task: asyncio.Task[bytes] = asyncio.create_task(asyncio.sleep(60, b""))
        session.running[7] = task
        session.cancel(request_id)
        assert not task.cancelling()
        session.cancel(7)
        assert task.cancelling()
        await asyncio.wait({task})

    run(main())


def test_one_caller_cannot_push_out_the_sessions_of_others() -> None:
    sessions = Sessions(MOST_OF_ONE + 10)
    theirs = sessions.open(("notes", "acme", "bob", "agent"), "v", None)
    mine = [sessions.open(OWNER, "v", None) for _ in range(MOST_OF_ONE + 1)]
    assert sessions.find(mine[0].session_id, OWNER) is None, "the oldest of mine makes room for mine"
    assert all(sessions.find(each.session_id, OWNER) is each for each in mine[1:])
    assert sessions.find(theirs.session_id, theirs.owner) is theirs
