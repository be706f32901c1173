import ast
import sys
from pathlib import Path

from interlock.proxy import minder


def test_it_runs_without_site_packages_so_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(Path(minder.__file__).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert {"ctypes", "os"} <= imported
    assert {str(name).partition(".")[0] for name in imported} <= sys.stdlib_module_names
