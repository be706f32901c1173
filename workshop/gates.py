"""The size gates of the house: files, functions, and a test file for every source file.

Complexity, arguments and the rest are ruff's and mypy's. There is no exemption list.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE = 500
MAX_FUNCTION = 50
ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src"
UNIT_TESTS = ROOT / "tests" / "unit"
WIRING = frozenset({"cli/serve.py", "cli/run.py", "cli/wiring.py", "proxy/server.py"})
"""What only runs with sockets and processes: its tests are in tests/functional."""
DATA = "lexicon"
"""A package of tables: its tests are those of the code that reads them."""


def main() -> int:
    """Print every breach and return how to exit."""
    breaches = [*sizes(), *mirrors()]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def sizes() -> Iterator[str]:
    """Yield the files and functions that have outgrown their gate."""
    for path in sorted((*SOURCES.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        lines = text.count("\n")
        if lines > MAX_FILE:
            yield f"{name}: {lines} lines; a file has at most {MAX_FILE}"
        tree = ast.parse(text)
        yield from _functions(name, tree)
        if path.is_relative_to(SOURCES):
            yield from _globals(name, tree)


def mirrors() -> Iterator[str]:
    """Yield the source files without a test file of their own, and the test files without a source."""
    package = SOURCES / "interlock"
    sources = {path.relative_to(package) for path in package.rglob("*.py") if path.stem not in {"__init__", "__main__"}}
    tests = {path.relative_to(UNIT_TESTS) for path in UNIT_TESTS.rglob("test_*.py")}
    tested = {source for source in sources if str(source) not in WIRING and DATA not in source.parts}
    wanted = {source.with_name(f"test_{source.name}") for source in tested}
    for missing in sorted(wanted - tests):
        yield f"tests/unit/{missing}: missing; every source file has a test file"
    files = {path.relative_to(package) for path in package.rglob("*.*")}  # a policy file has its test, too
    for orphan in sorted(tests - {file.with_name(f"test_{file.stem}.py") for file in files}):
        yield f"tests/unit/{orphan}: tests no source file"


def _functions(name: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines; a function has at most {MAX_FUNCTION}"


def _globals(name: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"{name}:{node.lineno}: global"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield f"{name}:{inner.lineno}: an import inside a function"


if __name__ == "__main__":
    sys.exit(main())
