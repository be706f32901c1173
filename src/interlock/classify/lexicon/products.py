"""Kinds of product whose every tool handles restricted data, known by the server's name."""

from __future__ import annotations

from collections.abc import Sequence

from interlock.classify.lexicon.text import wordset

_KINDS: dict[str, str] = {
    "password manager": """1password onepassword lastpass dashlane keepass keepassxc nordpass passbolt vaultwarden
        roboform enpass""",
    "secret store": "vault hashivault infisical doppler akeyless cyberark conjur secretsmanager keyvault sops",
    "directory of identities": """okta auth0 keycloak entra onelogin jumpcloud workos fusionauth zitadel stytch
        frontegg descope kinde ory activedirectory ldap pingidentity iam cognito clerk scim""",
    "health record": "epic cerner openemr fhir hl7 dicom orthanc medplum drchrono healthkit fitbit oura whoop ehr emr",
}

# How password managers and secret stores like to be called.
_ENDINGS = ("warden", "vault", "password", "pass")
_NOT = wordset("pass compass bypass surpass overpass")

_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def kind_of(server_words: Sequence[str]) -> str | None:
    """Return the kind of restricted product that a server's name tells of, or None."""
    for word in server_words:
        if word in _BY_NAME:
            return _BY_NAME[word]
        if word.endswith(_ENDINGS) and word not in _NOT:
            return "keeper of secrets"
    return None
