"""The nouns of Interlock: what a call, a tool, its class and a decision are.

Everything here is frozen. A value that has been decided upon cannot change under the decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Impact(StrEnum):
    """What a successful call does, the strongest that applies."""

    READ_ONLY = "read_only"
    INTERNAL_MODIFICATION = "internal_modification"
    EXTERNAL_SIDE_EFFECT = "external_side_effect"


class Reversibility(StrEnum):
    """Whether the state before the call can be had back."""

    NONE_NEEDED = "none_needed"
    REVERSIBLE = "reversible"
    RECOVERABLE = "recoverable"
    IRREVERSIBLE = "irreversible"


class Sensitivity(StrEnum):
    """The most sensitive data that ordinary use reads, returns or writes."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Blast(StrEnum):
    """How much one call can touch."""

    SINGLE = "single"
    MANY = "many"
    SYSTEM = "system"


class Source(StrEnum):
    """Where a piece of evidence comes from. Only ``REVIEWED`` may lower a class."""

    ANNOTATION = "annotation"
    NAME = "name"
    DESCRIPTION = "description"
    SCHEMA = "schema"
    ARGUMENT = "argument"
    OBSERVED = "observed"
    REVIEWED = "reviewed"


class Confidence(StrEnum):
    """How well the evidence carries a class; ``NONE`` means unclassified, which never runs unattended."""

    NONE = "none"
    LOW = "low"
    HIGH = "high"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a class: ``axis`` and ``value`` say what it speaks for, ``detail`` what was seen."""

    axis: str
    value: str
    source: Source
    detail: str


@dataclass(frozen=True, slots=True)
class ToolClass:
    """The class of a tool, or of one call of it once its arguments are known.

    ``by`` names the parameters that decide when ``open_ended``; ``findings`` are stable dotted
    codes (``annotation.conflict``) that an owner should look at.
    """

    impact: Impact
    destructive: bool
    reversibility: Reversibility
    sensitivity: Sensitivity
    blast: Blast
    open_ended: bool
    by: tuple[str, ...] = ()
    confidence: Confidence = Confidence.HIGH
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[str, ...] = ()


class Stage(StrEnum):
    """Where a server stands in its life; only ``PILOT`` and ``PRODUCTION`` are served."""

    DISCOVERED = "discovered"
    QUARANTINED = "quarantined"
    PILOT = "pilot"
    PRODUCTION = "production"
    RETIRED = "retired"


class Standing(StrEnum):
    """How a tool's definition stands to its pin."""

    PINNED = "pinned"
    NEW = "new"
    DRIFTED = "drifted"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as the inventory has it. ``digest`` is of the definition last seen, ``pin`` of the accepted one."""

    server: str
    name: str
    tenant: str
    owner: str
    stage: Stage
    standing: Standing
    digest: str
    pin: str | None
    tool_class: ToolClass
    definition: Mapping[str, Any] = field(hash=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, for whom, from where: every field is from a verified credential or observed by us.

    ``actors`` is the delegation chain, outermost first (RFC 8693 ``act``). ``machine`` is the peer's
    network address. ``audience`` is what the credential is good for. Times are Unix seconds.
    """

    subject: str
    workload: str
    tenant: str
    credential_id: str
    issuer: str
    audience: tuple[str, ...]
    expires_at: int
    host: str | None = None
    machine: str | None = None
    actors: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the client says of itself and of the call. Recorded, shown marked as claimed, never decided on."""

    host: str | None = None
    reason: str | None = None
    prompt_digest: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """A call's arguments: the exact bytes to forward, what they mean, and the digest of their canonical form.

    The digest leaves out ``interlock_reason``, which is never forwarded.
    """

    raw: bytes
    value: Mapping[str, Any] = field(hash=False, compare=False)
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One ``tools/call`` with its verified caller. ``redeems`` names the approval a redemption spends."""

    call_id: str
    caller: Caller
    claims: Claims
    server: str
    tool: str
    arguments: Arguments
    era: str
    redeems: str | None = None


class TenantBinding(StrEnum):
    """How the resource's tenant is known. ``UNKNOWN`` never writes unattended."""

    EXTRACTED = "extracted"
    BOUND = "bound"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may depend on beside the caller and the tool: finite, no clocks, no text."""

    effect: ToolClass
    resource_tenant: str | None
    tenant_binding: TenantBinding
    within_budget: bool
    stopped: bool
    stop_epoch: int
    repeats_unknown: bool


class Tier(IntEnum):
    """What has to happen before a call runs, in rising severity."""

    RUN = 0
    NOTIFY = 1
    CONFIRM = 2
    CONFIRM_STRONGLY = 3
    TWO_PERSONS = 4
    BLOCK = 5

    @property
    def label(self) -> str:
        """The tier's name as logs, messages and policies write it."""
        return self.name.lower()

    @property
    def control(self) -> Control:
        """What this tier comes to: run, confirm or block."""
        if self is Tier.BLOCK:
            return Control.BLOCK
        return Control.RUN if self <= Tier.NOTIFY else Control.CONFIRM

    @property
    def assurance(self) -> int:
        """The assurance that meets this tier: 0 nobody, 1 a person, 2 strongly authenticated, 3 two persons."""
        return {Tier.CONFIRM: 1, Tier.CONFIRM_STRONGLY: 2, Tier.TWO_PERSONS: 3}.get(self, 0)


class Control(StrEnum):
    """What policy says of a call."""

    RUN = "run"
    CONFIRM = "confirm"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A tier, why, and by which policies of which policy set."""

    tier: Tier
    reason: str
    policies: tuple[str, ...]
    policy_digest: str

    @property
    def control(self) -> Control:
        """Run, confirm or block."""
        return self.tier.control
