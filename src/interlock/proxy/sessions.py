"""Legacy sessions: bound to the caller who opened them, and to nothing a client says."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from interlock.core.words import Caller
from interlock.wire.jsonrpc import Id

MOST_OF_ONE = 64
"""Sessions of one caller at one server; beyond it the caller's own oldest one ends, and nobody else's."""

Owner = tuple[str, str, str, str]


def owner_of(caller: Caller, server: str) -> Owner:
    """Return to whom a session belongs."""
    return (server, caller.tenant, caller.subject, caller.workload)


@dataclass(slots=True)
class Session:
    """One legacy session. ``running`` holds the requests that a notification may cancel."""

    session_id: str
    owner: Owner
    version: str
    claimed_host: str | None
    used: float = field(default_factory=time.monotonic)
    running: dict[Id, asyncio.Task[bytes]] = field(default_factory=dict)

    def cancel(self, request_id: object) -> None:
        """Cancel a running request of this session, if there is one by this id."""
        task = self.running.get(request_id) if isinstance(request_id, str | int) else None
        if task is not None:
            task.cancel()


class Sessions:
    """The sessions of this process; beyond ``most`` the one unused for longest ends."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, owner: Owner, version: str, claimed_host: str | None) -> Session:
        """Open a session."""
        mine = [each for each in self._sessions.values() if each.owner == owner]
        if len(mine) >= min(MOST_OF_ONE, self._most):
            self.close(mine[0])
        while len(self._sessions) >= self._most:
            self._sessions.popitem(last=False)
        session = Session(secrets.token_urlsafe(24), owner, version, claimed_host)
        self._sessions[session.session_id] = session
        return session

    def find(self, session_id: str | None, owner: Owner) -> Session | None:
        """Return the session if it is this owner's; another's is as unknown as none."""
        session = self._sessions.get(session_id) if session_id is not None else None
        if session is None or session.owner != owner:
            return None
        session.used = time.monotonic()
        self._sessions.move_to_end(session.session_id)
        return session

    def close(self, session: Session) -> None:
        """End a session."""
        self._sessions.pop(session.session_id, None)
