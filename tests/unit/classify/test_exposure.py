from typing import Any

import pytest

from interlock.classify.exposure import blast_of, restricted_word, sensitivity_of
from interlock.classify.schema import Parameter
from interlock.core.words import Blast, Sensitivity


def sensitivity(name: str, description: str = "", server: str = "depot", **more: Any) -> Sensitivity:
    parameters = [Parameter(key, key, "string", (), "") for key in more]
    return sensitivity_of(server, {"name": name, "description": description}, parameters, writes=False)[0]


@pytest.mark.parametrize(
    "name",
    [
        "get_secret",
        "list_api_keys",
        "getPatientRecord",
        "list_roles",
        "read_access_token",
        "list_payment_methods",
        "get_key",
    ],
)
def test_what_opens_or_heals_is_restricted(name: str) -> None:
    assert sensitivity(name) is Sensitivity.RESTRICTED


@pytest.mark.parametrize("name", ["get_next_page_token", "count_tokens_used", "get_hash_key", "list_crates"])
def test_words_that_only_look_like_it_are_not(name: str) -> None:
    assert sensitivity(name) is not Sensitivity.RESTRICTED


def test_a_generic_reader_of_a_cluster_reads_its_secrets_too() -> None:
    assert sensitivity("thing_get", "Get any object of the Kubernetes cluster", kind="") is Sensitivity.RESTRICTED
    assert sensitivity("thing_get", "Get any object of the warehouse", kind="") is not Sensitivity.RESTRICTED


def test_a_secret_store_is_known_by_its_name() -> None:
    assert sensitivity("get_thing", server="depotvault") is Sensitivity.RESTRICTED
    assert sensitivity("get_thing", server="compass") is not Sensitivity.RESTRICTED


@pytest.mark.parametrize("server", ["team-passwords", "auth9", "corp-ldap", "acme-fhir", "keyvault"])
def test_keepers_are_known_by_common_nouns(server: str) -> None:
    assert sensitivity("get_thing", server=server) is Sensitivity.RESTRICTED


def test_a_vault_of_notes_is_no_secret_store() -> None:
    assert sensitivity("list_items", "List items of your vault") is Sensitivity.RESTRICTED
    assert sensitivity("search", "Search the markdown notes of your vault") is not Sensitivity.RESTRICTED
    assert sensitivity("list_folders", server="notes-vault") is not Sensitivity.RESTRICTED
    assert sensitivity("get_note", "Get a secure note with a password from the vault") is Sensitivity.RESTRICTED


def test_what_a_tool_uses_is_not_what_it_shows() -> None:
    assert sensitivity("list_crates", "List crates using an API key") is not Sensitivity.RESTRICTED
    assert sensitivity("list_depots", "List depots accessible to the API key") is not Sensitivity.RESTRICTED
    assert sensitivity("list_things", "List every API key of the depot") is Sensitivity.RESTRICTED


def test_public_and_confidential_data_are_told_apart() -> None:
    assert sensitivity("get_forecast") is Sensitivity.PUBLIC
    assert sensitivity("get_customer") is Sensitivity.CONFIDENTIAL
    assert sensitivity("get_shelf") is Sensitivity.INTERNAL


def test_a_description_is_looked_at_where_its_object_stands() -> None:
    early = ["Shows", "the", "password", "of", "a", "depot"]
    late = ["word"] * 20 + ["password"]
    assert restricted_word(early, whole=False) == "password"
    assert restricted_word(late, whole=False) is None
    assert restricted_word(late, whole=True) == "password"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("get_crate", Blast.SINGLE), ("list_crates", Blast.MANY), ("drop_database", Blast.SYSTEM)],
)
def test_blast(name: str, expected: Blast) -> None:
    assert blast_of({"name": name}, [], open_ended=False)[0] is expected


def test_what_an_argument_decides_can_touch_everything() -> None:
    assert blast_of({"name": "get_crate"}, [], open_ended=True)[0] is Blast.SYSTEM
