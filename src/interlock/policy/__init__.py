"""Policy: which control applies to a call. Cedar decides; texts come from the caller, decisions are pure."""

from interlock.policy.decide import Answer, PolicySnapshot
from interlock.policy.explain import Explanation, explain
from interlock.policy.load import load
from interlock.policy.schema import shipped

__all__ = ["Answer", "Explanation", "PolicySnapshot", "explain", "load", "shipped"]
