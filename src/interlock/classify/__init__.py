"""Classification: from what a tool says of itself to what a call of it can do, with every reason shown."""

from interlock.classify.classifier import classify
from interlock.classify.evaluation import Report, evaluate, render
from interlock.classify.refiner import refine

__all__ = ["Report", "classify", "evaluate", "refine", "render"]
