"""What commands share: the settings, the store, the policy, who acts and when."""

from __future__ import annotations

import argparse
import os
import pwd
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from interlock.cli import checkpoints, keys
from interlock.cli.terminal import complain
from interlock.control.people import Operator
from interlock.core.errors import Fault, OperatorError
from interlock.settings import Settings, load
from interlock.stores.sqlite.desk import Desk


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the configuration that the command was given.

    Raises:
        OperatorError: it cannot be read, or is wrong.

    """
    config: Path = arguments.config
    return load(config)


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """Open the store; once the command is done, sign what it appended to the log.

    Raises:
        OperatorError: there is no such store.

    """
    desk = Desk(settings.store.path)
    try:
        yield desk
    finally:
        if desk.appended:
            _sign(desk, settings)
        desk.close()


def _sign(desk: Desk, settings: Settings) -> None:
    """Checkpoint the log. What the command did is done and durable, so a failure here is said and not raised."""
    try:
        note = desk.checkpoint(checkpoints.signer(keys.load_log_key(settings)))
        checkpoints.copy(note, settings.audit.checkpoints)
    except Fault as fault:
        complain(f"it is done, but no checkpoint tells of it: {fault.diagnostics()}")


def policy_texts(directory: Path) -> Mapping[str, str]:
    """Return the policy files of a directory by name.

    Raises:
        OperatorError: there is no such directory, none in it, or one cannot be read.

    """
    files = sorted(directory.glob("*.cedar"))
    if not files:
        raise OperatorError(
            f"{directory}: there is no policy (*.cedar)", "run `interlock init` to have the default one"
        )
    return {str(file): read_text(file) for file in files}


def read_text(file: Path) -> str:
    """Return a text file.

    Raises:
        OperatorError: it cannot be read, or is not UTF-8.

    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{file}: cannot be read: {error.strerror}", "name a readable file") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{file}: is not UTF-8 text", "save it as UTF-8") from None


def operator_of(arguments: argparse.Namespace, otherwise: str = "") -> Operator:
    """Return who acts: the name given, or the operating-system user; ``otherwise`` is the reason if none is given.

    Raises:
        OperatorError: the name or the reason is none.

    """
    user = os_user()
    return Operator(name=arguments.name or user, reason=arguments.reason or otherwise, os_user=user)


def os_user() -> str:
    """Return the operating-system user by the process, not by the environment."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def now() -> float:
    """Return Unix seconds."""
    return time.time()
