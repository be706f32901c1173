"""Classification: from what a tool says of itself to what a call of it can do, with every reason shown."""

from interlock.classify.classifier import classify

__all__ = ["classify"]
