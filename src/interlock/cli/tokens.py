"""``interlock token``: a token of the development issuer, alone on standard output."""

from __future__ import annotations

import argparse

from interlock.cli import keys
from interlock.cli.context import now, settings_of
from interlock.core.errors import OperatorError
from interlock.identity.development import mint_development_token
from interlock.identity.keys import load_key
from interlock.identity.tokens import Principal


def token(arguments: argparse.Namespace) -> int:
    """Print a token that is good for 15 minutes at the whole gateway."""
    settings = settings_of(arguments)
    if not settings.identity.development_issuer:
        raise OperatorError(
            "the development issuer is off", "have your own issuer give a token, or set identity.development_issuer"
        )
    who = Principal(
        subject=arguments.subject, workload=arguments.workload, tenant=arguments.tenant, host=arguments.host
    )
    print(mint_development_token(load_key(keys.issuer_path(settings)), settings.gateway.resource, who, now))
    return 0
