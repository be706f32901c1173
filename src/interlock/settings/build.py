"""The checked file -> one object per room: defaults that depend on something, absolute paths, findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interlock.settings import shape, types
from interlock.settings.values import resolve_path, resolve_target, resolve_value


def build(file: shape.File, path: Path) -> types.Settings:
    """Return the settings; ``path`` is the file's, absolute."""
    directory = path.parent
    targets = file.audit.checkpoints
    servers = {name: _server(name, server, directory) for name, server in file.servers.items()}
    return types.Settings(
        path=path,
        directory=directory,
        gateway=_gateway(file.gateway),
        console=types.ConsoleSettings(listen=file.console.listen),
        store=types.StoreSettings(path=resolve_path(file.store.removeprefix("sqlite:///"), directory)),
        policy=types.PolicySettings(path=resolve_path(file.policy.path, directory)),
        audit=types.AuditSettings(checkpoints=tuple(resolve_target(each, directory) for each in targets)),
        approvals=_approvals(file.approvals, file.identity),
        identity=types.IdentitySettings(development_issuer=file.identity.development_issuer),
        limits=types.Limits(**dict(file.limits)),
        servers=MappingProxyType(servers),
    )


def _gateway(gateway: shape.Gateway) -> types.GatewaySettings:
    return types.GatewaySettings(
        listen=gateway.listen,
        resource=gateway.resource or f"http://{gateway.listen}",
        hosts=tuple(gateway.hosts),
        origins=tuple(gateway.origins),
    )


def _approvals(approvals: shape.Approvals, identity: shape.Identity) -> types.ApprovalSettings:
    local = approvals.local_operator
    return types.ApprovalSettings(
        wait=approvals.wait,
        decide_by=approvals.decide_by,
        redeem_by=approvals.redeem_by,
        sticky_denial=approvals.sticky_denial,
        local_operator=identity.development_issuer if local is None else local,
    )


def _server(name: str, server: shape.Stdio | shape.Http, directory: Path) -> types.StdioServer | types.HttpServer:
    if isinstance(server, shape.Http):
        headers = _values(server.headers, directory)
        return types.HttpServer(url=server.url, headers=headers, **_common(name, server, headers))
    env = _values(server.env, directory)
    return types.StdioServer(
        command=tuple(server.command),
        cwd=resolve_path(server.cwd, directory),
        env=env,
        **_common(name, server, env),
    )


def _values(pairs: Mapping[str, str], directory: Path) -> Mapping[str, types.Value]:
    return MappingProxyType({name: resolve_value(text, directory) for name, text in pairs.items()})


def _common(name: str, server: shape.Stdio | shape.Http, values: Mapping[str, types.Value]) -> dict[str, Any]:
    note = server.credential
    return {
        "name": name,
        "tenant": server.tenant,
        "owner": server.owner,
        "risk_owner": server.risk_owner or server.owner,
        "isolation": server.isolation,
        "protocol": server.protocol,
        "max_age": server.max_age,
        "call_timeout": server.call_timeout,
        "credential": note and types.CredentialNote(owner=note.owner, expires=note.expires, scope=note.scope),
        "findings": tuple(_findings(server, values)),
    }


def _findings(server: shape.Stdio | shape.Http, values: Mapping[str, types.Value]) -> list[str]:
    note = server.credential
    lends = any(not isinstance(value, types.Literal) for value in values.values())
    findings = {
        types.RISK_OWNER_DEFAULTED: server.risk_owner is None,
        types.CREDENTIAL_UNDOCUMENTED: lends and not (note and note.owner and note.expires),
        types.CONNECTION_SHARED: server.isolation is types.Isolation.SHARED,
    }
    return [code for code, holds in findings.items() if holds]
