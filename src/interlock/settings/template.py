"""The configuration that ``interlock init`` writes."""

from __future__ import annotations

_TEXT = """\
# interlock.yaml; paths are relative to this file. Every key: docs/spec/configuration.md
version: 1

# Where MCP clients connect. Anything but loopback needs a real issuer and TLS in front.
gateway: {{listen: "{gateway}"}}

# Where people look and approve.
console: {{listen: "{console}"}}

# Everything durable: one SQLite file (a fourth slash makes the path absolute).
store: sqlite:///var/interlock.db

# The Cedar policies. A call that no policy permits is blocked.
policy: {{path: policy/}}

# Signed checkpoints of the audit log are copied here. Choose a place that whoever can write the
# store cannot write: they prove that the log was not rewritten.
audit: {{checkpoints: ["file:../checkpoints/"]}}

# A call waits this long for a person before its client is told "pending" (below the client's own
# timeout); a person has to answer, and the client to come back, within the other two.
approvals: {{wait: 3s, decide_by: 15m, redeem_by: 15m}}

# A built-in token issuer for trying things on one machine. Its tokens enrol their workload by
# themselves; switch it off for anything that others can reach.
identity: {{development_issuer: true}}

# Sizes, counts and time-outs; the defaults fit one machine.
limits: {{}}

# The MCP servers behind Interlock, by name. A secret is never written here, only where to find it:
# env:NAME (a variable of Interlock's own environment) or file:PATH.
servers:
#  files:
#    transport: stdio
#    command: [npx, -y, "@modelcontextprotocol/server-filesystem@2026.8.31", ./data]
#    cwd: .
#    env: {{LOG_LEVEL: info, API_KEY: "env:FILES_KEY"}}
#    tenant: acme                  # whose data it reaches
#    owner: platform-team          # who answers for it
#    risk_owner: security-team     # who answers for its risk
#    isolation: caller             # session | caller | tenant | shared: who may share a connection
#    credential: {{owner: platform-team, expires: 2027-03-31, scope: read-only}}
#  tickets:
#    transport: http
#    url: "http://127.0.0.1:3991/mcp"
#    headers: {{Authorization: "file:secrets/tickets-authorization"}}
#    tenant: acme
#    owner: platform-team
"""


def default_text(*, gateway: str = "127.0.0.1:8700", console: str = "127.0.0.1:8701") -> str:
    """Return a commented configuration without servers that ``load`` accepts; both addresses are host:port."""
    return _TEXT.format(gateway=gateway, console=console)
