"""``interlock init``: create what is missing, overwrite nothing."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from interlock.audit.record import Kind, Record
from interlock.cli import checkpoints, keys
from interlock.cli.context import now
from interlock.cli.terminal import talk, write
from interlock.control.people import timestamp
from interlock.core.errors import IntegrityError, OperatorError
from interlock.identity.keys import load_or_create_key
from interlock.policy import shipped
from interlock.settings import Settings, default_text, load
from interlock.stores.sqlite.desk import Desk, create


def init(arguments: argparse.Namespace) -> int:
    """Create the configuration, the policy, the keys, the store and the checkpoints' places, where missing."""
    config: Path = arguments.config
    made = [config] if _write_new(config, default_text()) else []
    settings = load(config)
    policy = settings.policy.path
    if not any(policy.glob("*.cedar")):  # beside policies of one's own the default one would change them
        policy.mkdir(parents=True, exist_ok=True)
        made += [policy / "default.cedar"] if _write_new(policy / "default.cedar", shipped("default")) else []
    made += _make_directories(settings)
    made += _make_keys(settings)
    made += _make_store(settings)
    for path in made:
        write(f"made {os.path.relpath(path)}")
    if not made:
        talk("nothing was missing")
    return 0


def _write_new(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    return True


def _make_directories(settings: Settings) -> list[Path]:
    private = [settings.store.path.parent, keys.directory(settings)]
    missing = [path for path in (*private, *settings.audit.checkpoints) if not path.exists()]
    for path in missing:
        path.mkdir(mode=0o700 if path in private else 0o755, parents=True)
    return missing


def _make_keys(settings: Settings) -> list[Path]:
    secret, public, issuer = keys.log_path(settings), keys.verifier_path(settings), keys.issuer_path(settings)
    if not secret.exists() and _has_log(settings.store.path):
        raise OperatorError(
            f"{secret} is missing, and the log needs just this key to go on", "restore it from its backup"
        )
    made = [secret] if keys.create_log_key(secret) else []
    made += [public] if _write_new(public, f"{keys.load_log_key(settings).verifier}\n") else []
    if settings.identity.development_issuer and not issuer.exists():
        load_or_create_key(issuer)
        made.append(issuer)
    return made


def _make_store(settings: Settings) -> list[Path]:
    path, key = settings.store.path, keys.load_log_key(settings)
    if _has_log(path):
        return []
    saved = checkpoints.read(settings.audit.checkpoints, key.name)
    if saved:
        size = checkpoints.newest_size(saved.values())
        raise IntegrityError(
            f"{path}: the log of {size} records that the saved checkpoints speak of is gone",
            "restore the database from its backup; to begin another log, move the old keys and checkpoints away",
        )
    path.touch(mode=0o600)  # before the database has anything in it
    detail = {"origin": key.name, "key": str(key.verifier)}
    create(path, Record(kind=Kind.GENESIS, time=timestamp(now()), detail=detail))
    desk = Desk(path)
    try:
        checkpoints.copy(desk.checkpoint(checkpoints.signer(key)), settings.audit.checkpoints)
    finally:
        desk.close()
    return [path]


def _has_log(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    desk = Desk(path)
    try:
        with desk.snapshot() as log:
            return log.head is not None
    finally:
        desk.close()
