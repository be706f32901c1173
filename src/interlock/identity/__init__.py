"""Who calls, and what is lent upstream: tokens, the development issuer, the credential broker."""

from interlock.identity.challenge import ResourceMetadata, challenge
from interlock.identity.development import DevelopmentIssuer, DevelopmentSettings, issuer_of, mint_development_token
from interlock.identity.keys import load_or_create_key
from interlock.identity.lend import Broker, Lend, Secret
from interlock.identity.resources import Resources, locate
from interlock.identity.tokens import Principal, Verifier, require_scope
from interlock.identity.words import HttpRequest, HttpResponse, Refusal

__all__ = [
    "Broker",
    "DevelopmentIssuer",
    "DevelopmentSettings",
    "HttpRequest",
    "HttpResponse",
    "Lend",
    "Principal",
    "Refusal",
    "ResourceMetadata",
    "Resources",
    "Secret",
    "Verifier",
    "challenge",
    "issuer_of",
    "load_or_create_key",
    "locate",
    "mint_development_token",
    "require_scope",
]
