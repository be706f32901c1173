import pytest

from interlock.classify.effects import join
from interlock.classify.names import read_name
from interlock.core.words import Impact

READS = [
    "get_merge_request",
    "get_status_page_post",
    "listDeployKeysUsage",
    "orders_list",
    "comment.get",
    "ledger-logs",
    "build_status",
    "do_list_parcels",
    "list_pull_request_reviews",
    "obtener_factura",
    "lister_fichiers",
    "auflisten_kunden",
    "получить_счет",
    "查询订单",
    "ユーザー一覧取得",
    "crate-eval-get-run",
    "belt_deploy_describe_state",
    "packing_rules",
]
EFFECTS = [
    "find_and_replace_text",
    "search_and_replace",
    "find_replace_text",
    "get_and_delete_letter",
    "fetch_and_purge",
    "readAndWipe",
    "ledger_delete",
    "parcel.remove",
    "list_delete",
    "purge_archive",
    "eliminar_factura",
    "supprimer-client",
    "kundeLöschen",
    "удалить_счет",
    "删除订单",
    "メール送信",
    "get_dispatch_and_delete",
    "get_delete",
    "delete_and_get_crate",
    "sync_now",
    "belt_purge_and_get_state",
    "load_belt",
    "create_or_update_shelf",
    "bulkDeleteParcels",
]


def impact_of(name: str) -> Impact:
    return join(clue.effect for clue in read_name(name).clues)[0]


@pytest.mark.parametrize("name", READS)
def test_names_that_read(name: str) -> None:
    assert read_name(name).clues
    assert impact_of(name) is Impact.READ_ONLY


@pytest.mark.parametrize("name", EFFECTS)
def test_names_that_do(name: str) -> None:
    assert impact_of(name) is not Impact.READ_ONLY


def test_the_servers_own_name_is_no_evidence() -> None:
    assert [clue.verb for clue in read_name("parcelbot_get_depot", "parcelbot").clues] == ["get"]


def test_a_name_of_unknown_words_says_nothing() -> None:
    assert read_name("zorblax_quuxify").clues == ()


def test_a_word_that_may_be_a_noun_is_unsure() -> None:
    (clue,) = read_name("feedback").clues
    assert not clue.sure


@pytest.mark.parametrize(
    ("name", "described", "alone"),
    [
        ("create_customer_lobby_session", Impact.INTERNAL_MODIFICATION, Impact.EXTERNAL_SIDE_EFFECT),
        ("graphql_query", Impact.READ_ONLY, Impact.EXTERNAL_SIDE_EFFECT),
        ("create_crate_note", Impact.INTERNAL_MODIFICATION, Impact.INTERNAL_MODIFICATION),
        ("list_crates", Impact.READ_ONLY, Impact.READ_ONLY),
    ],
)
def test_a_name_that_stands_alone_is_not_guessed_at(name: str, described: Impact, alone: Impact) -> None:
    assert join(clue.effect for clue in read_name(name).clues)[0] is described
    assert join(clue.effect for clue in read_name(name, alone=True).clues)[0] is alone


def test_an_act_as_the_thing_that_is_got_is_sure() -> None:
    assert [clue.sure for clue in read_name("get_send").clues if not clue.effect.reads] == [True]
    assert all(clue.effect.reads or not clue.sure for clue in read_name("get_update").clues)
