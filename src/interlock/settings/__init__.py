"""interlock.yaml: one small frozen settings object per room, or every problem with its file and line."""

from interlock.settings.load import load, parse
from interlock.settings.shape import json_schema
from interlock.settings.template import default_text
from interlock.settings.types import Settings

__all__ = ["Settings", "default_text", "json_schema", "load", "parse"]
