"""What each room is told, in plain frozen objects: every default filled in, every path absolute.

Times are seconds, sizes bytes. No secret is ever in here, only where to fetch one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

RISK_OWNER_DEFAULTED = "server.risk_owner_defaulted"
CREDENTIAL_UNDOCUMENTED = "server.credential_undocumented"
CONNECTION_SHARED = "server.connection_shared"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. ``host`` is a name or an IP address without brackets; port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host.lower() == "localhost" or (self._is_ip and ip_address(self.host).is_loopback)

    @property
    def is_unspecified(self) -> bool:
        """Whether this means every address of the machine (``0.0.0.0``, ``::``), which names none."""
        return self._is_ip and ip_address(self.host).is_unspecified

    @property
    def _is_ip(self) -> bool:
        return ":" in self.host or self.host.replace(".", "").isdigit()


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is no secret, as written."""

    text: str


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A secret in Interlock's own environment, under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class FromFile:
    """A secret that is the content of this file."""

    path: Path


Value = Literal | FromEnvironment | FromFile


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Where calls come in. ``resource`` is the audience a token must name (RFC 8707).

    ``hosts`` and ``origins`` are allowed in ``Host`` and ``Origin`` beside the gateway's own.
    """

    listen: Address
    resource: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Where people come in."""

    listen: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The SQLite file that holds everything durable."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """The directory of Cedar policies."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The directories to which signed checkpoints of the log are copied."""

    checkpoints: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSettings:
    """How long a call waits for a person, and who may answer.

    ``wait``: a call is held open before it is told *pending*. ``decide_by``: a person has to answer.
    ``redeem_by``: an approval has to be used. ``sticky_denial``: a denial answers the same call again.
    ``local_operator``: whoever runs the command line on this machine counts as a person. All in seconds.
    """

    wait: float
    decide_by: float
    redeem_by: float
    sticky_denial: float
    local_operator: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    """Whose tokens are believed."""

    development_issuer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is refused or waited for no longer. Bytes, counts, and ``store_wait`` in seconds."""

    max_request_bytes: int
    max_result_bytes: int
    children: int
    connections_per_origin: int
    sessions: int
    store_wait: float


class Isolation(StrEnum):
    """Who may share one upstream connection, from the narrowest to the widest."""

    SESSION = "session"
    CALLER = "caller"
    TENANT = "tenant"
    SHARED = "shared"


class Protocol(StrEnum):
    """Which protocol era is spoken to a server."""

    AUTO = "auto"
    LEGACY = "legacy"
    MODERN = "modern"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialNote:
    """What the operator says of the identity the server acts under. Never the credential itself."""

    owner: str | None
    expires: date | None
    scope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What every upstream server has, however it is reached. Never made itself.

    ``max_age`` is how old (seconds) a definition may be before it is listed again, ``call_timeout`` how
    long a call may take. ``findings`` are stable dotted codes an owner should look at.
    """

    name: str
    tenant: str
    owner: str
    risk_owner: str
    isolation: Isolation
    protocol: Protocol
    max_age: float
    call_timeout: float
    credential: CredentialNote | None
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioServer(ServerSettings):
    """A server that is our child. ``command`` is exactly as written; ``env`` is all it gets beside the basics."""

    command: tuple[str, ...]
    cwd: Path
    env: Mapping[str, Value] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer(ServerSettings):
    """A server behind a URL, whose syntax was checked and whose address was not."""

    url: str
    headers: Mapping[str, Value] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configuration file, read. ``path`` is the file, ``directory`` what its paths are relative to."""

    path: Path
    directory: Path
    gateway: GatewaySettings
    console: ConsoleSettings
    store: StoreSettings
    policy: PolicySettings
    audit: AuditSettings
    approvals: ApprovalSettings
    identity: IdentitySettings
    limits: Limits
    servers: Mapping[str, StdioServer | HttpServer] = field(hash=False)
