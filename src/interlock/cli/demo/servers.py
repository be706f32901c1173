"""The real servers that the demo puts behind Interlock, and the configuration that does so."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from interlock.core.errors import OperatorError

CHECKOUT = Path(__file__).parents[4]
PACKAGES = CHECKOUT / "demo" / "node_modules"
FILES = PACKAGES / "@modelcontextprotocol" / "server-filesystem"
MEMORY = PACKAGES / "@modelcontextprotocol" / "server-memory"
MEMORY_BEFORE = PACKAGES / "server-memory-before"
"""An earlier release of the same memory server: the demo begins with it and then upgrades."""
ENTRY = Path("dist", "index.js")
MEMORY_LINK = Path("servers", "memory")
"""Within the scratch folder: what the configuration names, and what an upgrade turns to another release."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What the demo starts beside Interlock itself."""

    node: Path
    time: Path


def find_programs() -> Programs:
    """Return where the demo's programs are.

    Raises:
        OperatorError: one is missing.

    """
    node = shutil.which("node")
    if node is None:
        raise OperatorError("the demo needs Node, and there is none on the PATH", "install Node 20 or later")
    programs = Programs(Path(node), Path(sys.executable).parent / "mcp-server-time")
    entries = [package / ENTRY for package in (FILES, MEMORY, MEMORY_BEFORE)]
    missing = [path for path in (*entries, programs.time) if not path.exists()]
    if missing:
        raise OperatorError(f"{missing[0]}: one of the demo's servers is not installed", "run `make setup`")
    return programs


def configuration(folder: Path, programs: Programs, ports: tuple[int, int], wait: str) -> str:
    """Return interlock.yaml for a scratch folder.

    ``ports`` are the gateway's and the console's, ``wait`` how long a call waits for a quick answer.
    """
    files = _command(programs.node, FILES / ENTRY, folder / "data")
    memory = _command(programs.node, MEMORY_LINK / ENTRY)
    clock = _command(programs.time, "--local-timezone", "UTC")
    kept = json.dumps(str(folder / "memory.jsonl"))
    common = "tenant: acme, owner: platform-team, risk_owner: security-team"
    gateway, console = ports
    return f"""\
version: 1
gateway: {{listen: "127.0.0.1:{gateway}"}}
console: {{listen: "127.0.0.1:{console}"}}
store: sqlite:///var/interlock.db
policy: {{path: policy/}}
audit: {{checkpoints: ["file:checkpoints/"]}}
approvals: {{wait: {wait}, decide_by: 15m, redeem_by: 15m}}
identity: {{development_issuer: true}}
limits: {{}}
servers:
  files: {{transport: stdio, command: {files}, {common}}}
  memory: {{transport: stdio, command: {memory}, env: {{MEMORY_FILE_PATH: {kept}}}, {common}}}
  time: {{transport: stdio, command: {clock}, {common}}}
"""


def use_memory(folder: Path, package: Path) -> None:
    """Make the memory server that the configuration names this release, from its next start on."""
    link = folder / MEMORY_LINK
    link.parent.mkdir(exist_ok=True)
    draft = link.with_name("next")
    draft.symlink_to(package, target_is_directory=True)
    draft.replace(link)


def version_of(package: Path) -> str:
    """Return an installed package's version."""
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])


def _command(*words: Path | str) -> str:
    return json.dumps([str(word) for word in words])
