"""What ships with the room: the schema, and the two profiles.

Reading them from the package is the only I/O here; everything else works on texts it is handed.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from cedarpy import Schema

from interlock import canon
from interlock.core.errors import OperatorError
from interlock.core.words import Blast, Impact, Reversibility, Sensitivity, Stage, TenantBinding

NAMESPACE = "Interlock"

_PROFILES = MappingProxyType({"default": ("default.cedar",), "strict": ("default.cedar", "strict.cedar")})

_ENUMERATIONS: dict[str, type[StrEnum]] = {
    "impact": Impact,
    "reversibility": Reversibility,
    "sensitivity": Sensitivity,
    "blast": Blast,
    "tenant_binding": TenantBinding,
    "stage": Stage,
}

FINITE = MappingProxyType({name: tuple(map(str, words)) for name, words in _ENUMERATIONS.items()})
"""The context attributes that are one of a few strings, and those strings."""


def shipped(profile: str) -> str:
    """Return the text of a shipped profile, ``default`` or ``strict``.

    Raises:
        OperatorError: there is no such profile.

    """
    if profile not in _PROFILES:
        raise OperatorError(f"there is no policy profile {profile!r}", f"choose one of: {', '.join(_PROFILES)}")
    return "\n".join(_packaged(name) for name in _PROFILES[profile])


@cache
def schema() -> Schema:
    """Return the schema that every policy is validated against, parsed once."""
    return Schema.from_str(_packaged("schema.cedarschema"))


@cache
def schema_digest() -> str:
    """Return the digest of the parsed schema: comments and layout do not count."""
    return canon.digest(str(schema()))


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
