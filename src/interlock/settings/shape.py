"""The shape of interlock.yaml: every key, its type and its default, once. The JSON Schema is made from it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from interlock.settings import values
from interlock.settings.types import Address, Isolation, Protocol

VERSION = 1

_Text = Annotated[str, StringConstraints(pattern=r"\S", max_length=256)]
_Path = Annotated[str, AfterValidator(values.check_path)]
_Seconds = Annotated[
    float, PlainValidator(values.parse_duration), WithJsonSchema({"type": "string", "pattern": values.DURATION})
]
_Bytes = Annotated[int, PlainValidator(values.parse_size), WithJsonSchema({"type": "string", "pattern": values.SIZE})]
_Listen = Annotated[
    Address, PlainValidator(values.parse_listen), WithJsonSchema({"type": "string", "pattern": values.LISTEN})
]
_Date = Annotated[
    date,
    PlainValidator(values.parse_date),
    WithJsonSchema({"type": "string", "format": "date", "pattern": values.DATE}),
]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]
_Store = Annotated[str, AfterValidator(values.check_store), WithJsonSchema({"type": "string", "pattern": values.STORE})]
_Target = Annotated[
    str, AfterValidator(values.check_target), WithJsonSchema({"type": "string", "pattern": values.FILE_TARGET})
]
_Host = Annotated[
    str, AfterValidator(values.check_host_name), WithJsonSchema({"type": "string", "pattern": values.HOST})
]
_Origin = Annotated[str, AfterValidator(values.check_origin)]
_Url = Annotated[str, AfterValidator(values.check_url)]
_Resource = Annotated[str, AfterValidator(values.check_resource)]
_Name = Annotated[str, StringConstraints(pattern=values.SERVER_NAME)]


class _Shape(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_default=True, hide_input_in_errors=True
    )


def _with(default: Any, description: str) -> Any:
    """Make a field whose default is written as the file would write it, and read as if it stood there."""
    return Field(default=default, description=description)


def _or_empty(section: Any) -> BeforeValidator:
    """Let a section stand empty, as it does when every line of it is a comment."""
    return BeforeValidator(lambda given: {} if given is None else given, json_schema_input_type=section | None)


class Gateway(_Shape):
    """Where calls come in."""

    listen: _Listen = _with("127.0.0.1:8700", "host:port; port 0 is any free one")
    resource: _Resource | None = _with(None, "the audience of tokens; http://<listen> if left out")
    hosts: list[_Host] = _with([], "allowed Host values beside the gateway's own")
    origins: list[_Origin] = _with([], "allowed Origin values beside the gateway's own")


class Console(_Shape):
    """Where people come in."""

    listen: _Listen = _with("127.0.0.1:8701", "host:port")


class Policy(_Shape):
    """What is allowed."""

    path: _Path = _with("policy/", "the directory of Cedar policies")


class Audit(_Shape):
    """What is remembered."""

    checkpoints: list[_Target] = _with(
        ["file:../checkpoints/"], "where signed checkpoints of the log are copied to: file:PATH"
    )


class Approvals(_Shape):
    """How people are asked."""

    wait: _Seconds = _with("3s", "a call is held open this long before it is told that it waits")
    decide_by: _Seconds = _with("15m", "a person has this long to answer")
    redeem_by: _Seconds = _with("15m", "an approval has to be used within this")
    sticky_denial: _Seconds = _with("10m", "a denial answers the same call again for this long")
    local_operator: bool | None = _with(
        None, "whoever runs the command line here may approve; as development_issuer if left out"
    )


class Identity(_Shape):
    """Whose tokens are believed."""

    development_issuer: bool = _with(False, "a built-in issuer for one machine, loopback only")


class Limits(_Shape):
    """What is refused, or waited for no longer."""

    max_request_bytes: _Bytes = _with("4MiB", "a longer request is refused")
    max_result_bytes: _Bytes = _with("64MiB", "a longer result is withheld")
    children: _Count = _with(64, "stdio servers running at a time")
    connections_per_origin: _Count = _with(64, "connections to one HTTP server")
    sessions: _Count = _with(10_000, "sessions of clients at a time")
    store_wait: _Seconds = _with("5s", "a call is refused when the store takes longer to make it durable")


class Credential(_Shape):
    """The identity a server acts under, as the operator tells it; never the secret."""

    owner: _Text | None = _with(None, "who answers for it")
    expires: _Date | None = _with(None, "the day it ends")
    scope: _Text | None = _with(None, "what it may do")


class _Server(_Shape):
    tenant: _Text = Field(description="whose data and systems the server reaches")
    owner: _Text = Field(description="who answers for the server")
    risk_owner: _Text | None = _with(None, "who answers for its risk; the owner, and a finding, if left out")
    isolation: Annotated[Isolation, Field(strict=False)] = _with(Isolation.CALLER, "who may share one connection to it")
    protocol: Annotated[Protocol, Field(strict=False)] = _with(Protocol.AUTO, "the era it speaks")
    max_age: _Seconds = _with("60s", "a definition older than this is listed again before a call")
    call_timeout: _Seconds = _with("5m", "a call that takes longer is given up, its outcome unknown")
    credential: Credential | None = _with(None, "the identity it acts under")


class Stdio(_Server):
    """A server that Interlock starts."""

    transport: Literal["stdio"]
    command: list[str] = Field(min_length=1, description="the program and its arguments, each by itself")
    cwd: _Path = _with(".", "the directory it starts in")
    env: dict[str, str] = _with({}, "its environment; a secret is env:NAME or file:PATH")


class Http(_Server):
    """A server behind a URL."""

    transport: Literal["http"]
    url: _Url = Field(description="its endpoint (streamable HTTP)")
    headers: dict[str, str] = _with({}, "sent with every request; a secret is env:NAME or file:PATH")


_Servers = dict[_Name, Annotated[Stdio | Http, Field(discriminator="transport")]]


class File(_Shape):
    """The configuration of Interlock. Paths are relative to the file."""

    version: Literal[1] = Field(description="of this format")
    gateway: Annotated[Gateway, _or_empty(Gateway)] = _with({}, "where calls come in")
    console: Annotated[Console, _or_empty(Console)] = _with({}, "where people come in")
    store: _Store = _with("sqlite:///var/interlock.db", "sqlite:///PATH; a fourth slash makes it absolute")
    policy: Annotated[Policy, _or_empty(Policy)] = _with({}, "what is allowed")
    audit: Annotated[Audit, _or_empty(Audit)] = _with({}, "what is remembered")
    approvals: Annotated[Approvals, _or_empty(Approvals)] = _with({}, "how people are asked")
    identity: Annotated[Identity, _or_empty(Identity)] = _with({}, "whose tokens are believed")
    limits: Annotated[Limits, _or_empty(Limits)] = _with({}, "what is refused, or waited for no longer")
    servers: Annotated[_Servers, _or_empty(_Servers)] = Field(description="the upstream servers, by name")


TRANSPORTS: dict[str, type[_Server]] = {"stdio": Stdio, "http": Http}


def fields_of(path: tuple[str | int, ...], transport: str) -> list[str]:
    """Return the keys that may stand at ``path``; ``transport`` tells which kind of server that is of."""
    match path:
        case ():
            model: Any = File
        case (str(section),) if section in File.model_fields:
            model = File.model_fields[section].annotation
        case ("servers", _):
            model = TRANSPORTS[transport]
        case _:
            model = Credential
    return list(model.model_fields)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of interlock.yaml, for editors. What it cannot say, ``load`` checks."""
    schema = File.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "interlock.yaml"}
