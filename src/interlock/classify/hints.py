"""What a server claims of its tool: MCP tool annotations. They may raise a class, never lower one.

The annotations and their defaults: MCP specification 2025-06-18, ``ToolAnnotations``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interlock.classify.clues import Clue
from interlock.classify.effects import EDIT, READ, REPLACE
from interlock.core.words import Source

CONFLICT = "annotation.conflict"
CONTRADICTED = "annotation.contradicted"


def read_hints(annotations: Mapping[str, Any], told: Sequence[Clue]) -> tuple[tuple[Clue, ...], tuple[str, ...]]:
    """Return the clues that annotations add to what is ``told``, and the findings where the two disagree."""
    read_only = annotations.get("readOnlyHint")
    destructive = annotations.get("destructiveHint")
    writes = any(clue.sure and not clue.effect.reads for clue in told)
    destroys = any(clue.effect.destructive for clue in told)
    clues: list[Clue] = []
    findings: list[str] = []
    if read_only is True:
        clues.append(Clue(READ, Source.ANNOTATION, "readOnlyHint: true (a claim)", "claim"))
        if writes:
            findings += [CONFLICT, CONTRADICTED]
        if destructive is True:
            findings.append(CONFLICT)
    elif read_only is False:
        clues.append(Clue(EDIT, Source.ANNOTATION, "readOnlyHint: false (a claim)", "claim"))
        if told and not writes:
            findings.append(CONFLICT)
    if destructive is True and read_only is not True:
        clues.append(Clue(REPLACE, Source.ANNOTATION, "destructiveHint: true (a claim)", "claim"))
        if told and not writes:
            findings.append(CONFLICT)
    if destructive is False and destroys:
        findings.append(CONFLICT)
    return tuple(clues), tuple(dict.fromkeys(findings))
