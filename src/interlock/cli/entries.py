"""From a server's settings to its entry in the inventory: what it acts under, told without any secret."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

from interlock.core.errors import OperatorError
from interlock.core.inventory import ServerEntry
from interlock.settings.types import FromEnvironment, FromFile, HttpServer, Literal, Settings, StdioServer, Value

Server = StdioServer | HttpServer


def entries_of(settings: Settings, names: Iterable[str] = ()) -> list[ServerEntry]:
    """Return the entries of the configured servers, or of those named.

    Raises:
        OperatorError: a name is of none.

    """
    wanted = list(names) or list(settings.servers)
    for name in wanted:
        if name not in settings.servers:
            known = ", ".join(settings.servers) or "none"
            raise OperatorError(f"{name}: there is no such server in {settings.path}", f"configured: {known}")
    return [entry_of(settings.servers[name]) for name in dict.fromkeys(wanted)]


def entry_of(server: Server) -> ServerEntry:
    """Return a server's entry."""
    return ServerEntry(
        name=server.name,
        tenant=server.tenant,
        owner=server.owner,
        risk_owner=server.risk_owner,
        transport="http" if isinstance(server, HttpServer) else "stdio",
        identity=identity_of(server),
        findings=server.findings,
    )


def identity_of(server: Server) -> dict[str, Any]:
    """Return what the server acts under: kind of credential, names, since when (Unix seconds), scope, sharers.

    ``kind`` is ``env`` or ``header`` where a secret is lent so, ``static`` where the values are written in the
    configuration and are no secrets, and ``none``.
    """
    values = server.headers if isinstance(server, HttpServer) else server.env
    secret = [name for name, value in values.items() if not isinstance(value, Literal)]
    by = "header" if isinstance(server, HttpServer) else "env"
    note = server.credential
    since = [at for value in values.values() if (at := _since(value)) is not None]
    return {
        "kind": by if secret else "static" if values else "none",
        "names": sorted(values),
        "sources": sorted({_source(values[name]) for name in secret}),
        "since": min(since, default=None),
        "scope": note.scope if note else None,
        "owner": note.owner if note else None,
        "expires": datetime.combine(note.expires, time(), UTC).date().isoformat() if note and note.expires else None,
        "shared_by": server.isolation.value,
    }


def _source(value: Value) -> str:
    if isinstance(value, FromEnvironment):
        return f"env:{value.name}"
    return f"file:{value.path}" if isinstance(value, FromFile) else "configuration"


def _since(value: Value) -> float | None:
    """Return since when a secret has been what it is; only a file tells."""
    try:
        return value.path.stat().st_mtime if isinstance(value, FromFile) else None
    except OSError:
        return None
