"""YAML text -> plain data, with the line and column of every key and value.

A deliberate subset of YAML: one document, no tags, no anchors or aliases, every key once, and no plain
scalar that YAML 1.1 and 1.2 read differently (``yes``, ``0755``, ``1:30``): whoever reads the file
must see what Interlock sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

MAX_BYTES = 1 << 20
MAX_DEPTH = 16

_AMBIGUOUS = re.compile(
    r"""(?xia) y|n|yes|no|on|off                       # booleans in YAML 1.1, text in 1.2
    | [-+]? 0 [\d_]+ | [-+]? 0 [box] [\da-f_]+          # octal in one of the two; hex and binary
    | [-+]? \d [\d_]* _ [\d_]* (\.[\d_]*)?              # 1_000
    | [-+]? \d+ (:[0-5]?\d)+ (\.\d*)?                   # 1:30 is ninety in YAML 1.1
    | [-+]? (\d+\.?\d*|\.\d+) e [-+]?\d+                # 1e3
    | [-+]? (\d+\. | \.\d+ | \.inf) | \.nan             # numbers to a parser, text to the eye
    | = """
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_AMBIGUITY = 64
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file; both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value (or key) at ``path``, seen at ``mark``. ``text`` never holds a value."""

    path: Path
    text: str
    mark: Mark


class DocumentError(Exception):
    """The text is not YAML that we read at all, so nothing else can be said of it."""

    def __init__(self, mark: Mark, text: str) -> None:
        super().__init__(text)
        self.mark = mark
        self.text = text


@dataclass(slots=True)
class Document:
    """The file's data, where each part of it stands, and what is wrong with it as YAML."""

    data: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, path: Path, *, of_key: bool = False) -> Mark:
        """Return where the value at ``path`` stands (or its key); of what is missing, where its owner's key does."""
        while path not in self.values:
            path, of_key = path[:-1], True
        return self.keys[path] if of_key and path in self.keys else self.values[path]


def read_document(raw: bytes) -> Document:
    """Read one YAML document.

    Raises:
        DocumentError: with the place, where the text is not UTF-8, too long, not YAML, nested deeper
            than :data:`MAX_DEPTH`, empty, or uses a tag, an anchor, an alias, or a second document.

    """
    text = _decode(raw)
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(_mark(mark) if mark else Mark(1, 1), _explain(error)) from None
    except yaml.reader.ReaderError as error:
        raise DocumentError(_place(text, error.position), "a character that YAML does not allow") from None
    except (ValueError, OverflowError):  # PyYAML hands numbers in escapes and directives to int() and chr()
        raise DocumentError(Mark(1, 1), "a number in an escape sequence or a directive is out of range") from None
    document = Document()
    if root is None:
        raise DocumentError(Mark(1, 1), "the file is empty; `interlock init` writes one to begin with")
    document.data = _take(document, (), root)
    return document


class _Composer(yaml.SafeLoader):
    """PyYAML's composer, which only makes nodes, made to refuse what we do not read."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise DocumentError(
                _mark(event.start_mark),
                "anchors and aliases (& and *) are not read; write the value out, or put it in quotes",
            )
        if getattr(event, "tag", None):
            raise DocumentError(
                _mark(event.start_mark), "tags (!) are not read; leave the tag out, or put the value in quotes"
            )
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DocumentError(_mark(event.start_mark), f"nested deeper than {MAX_DEPTH}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise DocumentError(Mark(1, 1), f"the file is longer than {MAX_BYTES} bytes; this is hardly a configuration")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        before = raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")
        raise DocumentError(Mark(line, len(before) + 1), "not UTF-8; save the file in that encoding") from None


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not YAML"
    if "'\\t'" in problem:
        return "a tab; YAML is indented with spaces only"
    if "tag handle" in problem:  # the only message of PyYAML that quotes more than one character of the text
        return "tags (!) are not read; leave the tag out, or put the value in quotes"
    if "another document" in problem:
        return "a second document (---) begins; the file holds one"
    if "<block end>" in problem:
        return "not YAML: the indentation does not fit the lines above"
    return f"not YAML: {problem}"


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _place(text: str, position: int) -> Mark:
    return Mark(text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


def _take(document: Document, path: Path, node: yaml.Node) -> Any:
    document.values[path] = _mark(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return _take_mapping(document, path, node)
    if isinstance(node, yaml.SequenceNode):
        return [_take(document, (*path, index), item) for index, item in enumerate(node.value)]
    return _take_scalar(document, path, node) if isinstance(node, yaml.ScalarNode) else None


def _take_mapping(document: Document, path: Path, node: yaml.MappingNode) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        mark = _mark(key_node.start_mark)
        key = _take_scalar(document, path, key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            document.problems.append(Problem(path, "a key must be text; put it in quotes", mark))
            continue
        here = (*path, key)
        if key in data:
            again = f"the same key as on line {document.keys[here].line}; keep one of them"
            document.problems.append(Problem(here, again, mark))
            continue
        document.keys[here] = mark
        data[key] = _take(document, here, value_node)
    return data


def _take_scalar(document: Document, path: Path, node: yaml.ScalarNode) -> Any:
    text, mark = str(node.value), _mark(node.start_mark)
    if _CONTROL.search(text):
        document.problems.append(Problem(path, "a control character, or half of one character", mark))
        return _CONTROL.sub("?", text)
    if node.style:
        return text
    if len(text) <= _LONGEST_AMBIGUITY and _AMBIGUOUS.fullmatch(text):
        hint = "YAML readers disagree on what this is; write it plainly (true, false, 10), or put it in quotes"
        document.problems.append(Problem(path, hint, mark))
    return _resolve(text)


def _resolve(text: str) -> Any:
    """Read a plain scalar as YAML 1.1 and 1.2 both do. Dates stay text, and so do numbers too long to be meant."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
