"""Every reason code there is. A code is stable: logs, policies, clients and reports rely on it.

A code is dotted, ``<what>.<how>``. Add here first; :data:`REASONS` is what the documentation prints.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """Why a call was run, stopped or left unsettled."""

    POLICY_PERMITTED = "policy.permitted"
    POLICY_CONFIRM = "policy.confirm"
    POLICY_BLOCKED = "policy.blocked"
    POLICY_NO_MATCH = "policy.no_match"
    POLICY_ERROR = "policy.error"
    STOP_ACTIVE = "stop.active"
    SERVER_STAGE = "server.stage"
    TOOL_UNKNOWN = "tool.unknown"
    TOOL_NEW = "tool.new"
    TOOL_DRIFTED = "tool.drifted"
    TOOL_GONE = "tool.gone"
    APPROVAL_PENDING = "approval.pending"
    APPROVAL_DENIED = "approval.denied"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_VOID = "approval.void"
    APPROVAL_SPENT = "approval.spent"
    APPROVAL_UNKNOWN = "approval.unknown"
    APPROVAL_INSUFFICIENT = "approval.insufficient"
    APPROVAL_CROWDED = "approval.crowded"
    APPROVAL_TOO_LARGE = "approval.too_large"
    STATE_CHANGED = "state.changed"
    LOG_UNAVAILABLE = "log.unavailable"
    OUTCOME_UNRECORDED = "outcome.unrecorded"
    CREDENTIAL_UNAVAILABLE = "credential.unavailable"
    UPSTREAM_UNREACHABLE = "upstream.unreachable"
    UPSTREAM_FAILED = "upstream.failed"
    UPSTREAM_TIMEOUT = "upstream.timeout"
    RESULT_REFUSED = "result.refused"
    CALL_CANCELLED = "call.cancelled"
    STEP_FAILED = "step.failed"


REASONS = MappingProxyType(
    {
        Reason.POLICY_PERMITTED: "Policy permits the call unattended.",
        Reason.POLICY_CONFIRM: "Policy permits the call once a person has approved exactly it.",
        Reason.POLICY_BLOCKED: "A policy forbids the call whoever approves it.",
        Reason.POLICY_NO_MATCH: "No policy permits the call at any level of assurance.",
        Reason.POLICY_ERROR: "A policy failed while it was evaluated; an error never permits.",
        Reason.STOP_ACTIVE: "An operator has stopped this server, workload or everything.",
        Reason.SERVER_STAGE: "The server is not in pilot or production.",
        Reason.TOOL_UNKNOWN: "The tool is not in the inventory.",
        Reason.TOOL_NEW: "The tool was found but never accepted into the inventory.",
        Reason.TOOL_DRIFTED: "The tool's definition is not the accepted one; it waits for a review.",
        Reason.TOOL_GONE: "The server does not offer the tool any more.",
        Reason.APPROVAL_PENDING: "A person has been asked and has not answered yet.",
        Reason.APPROVAL_DENIED: "A person denied this request; the denial holds for a while.",
        Reason.APPROVAL_EXPIRED: "The approval was not decided or not redeemed in time.",
        Reason.APPROVAL_VOID: "Something the approval was bound to has changed since it was asked for.",
        Reason.APPROVAL_SPENT: "The approval has been used; it is good for one call.",
        Reason.APPROVAL_UNKNOWN: "This caller has no such approval.",
        Reason.APPROVAL_INSUFFICIENT: "The approval's assurance is below what the call needs now.",
        Reason.APPROVAL_CROWDED: "This caller waits for too many answers already.",
        Reason.APPROVAL_TOO_LARGE: "The arguments are too large for a person to approve.",
        Reason.STATE_CHANGED: "The tool, its server or the stop switch changed while the call was decided.",
        Reason.LOG_UNAVAILABLE: "The audit log could not be written in time. No log, no call.",
        Reason.OUTCOME_UNRECORDED: "The call ran but its outcome could not be logged; the result is withheld.",
        Reason.CREDENTIAL_UNAVAILABLE: "The upstream's credential could not be lent.",
        Reason.UPSTREAM_UNREACHABLE: "The upstream could not be reached; nothing was sent.",
        Reason.UPSTREAM_FAILED: "The upstream failed after the call was sent; it may have happened.",
        Reason.UPSTREAM_TIMEOUT: "The upstream did not answer in time; it may have happened.",
        Reason.RESULT_REFUSED: "The upstream's answer was refused (too large, or malformed).",
        Reason.CALL_CANCELLED: "The client went away before the upstream had answered.",
        Reason.STEP_FAILED: "A step of deciding failed; a failed step refuses.",
    }
)
"""What each code means, in a sentence an operator can act on."""
