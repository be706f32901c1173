import pytest

from interlock.classify.tokens import fuse, lemma, lower_words, singular, unspaced_verbs


@pytest.mark.parametrize(
    "name",
    ["removeOldInvoice", "remove_old_invoice", "remove-old-invoice", "remove.old.invoice", "Remove old invoice"],
)
def test_every_way_to_write_a_name_gives_the_same_words(name: str) -> None:
    assert lower_words(name) == ["remove", "old", "invoice"]


def test_an_acronym_ends_where_the_next_word_starts() -> None:
    assert lower_words("parseHTTPReply") == ["parse", "http", "reply"]


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("deletes", "delete"),
        ("deleted", "delete"),
        ("dropping", "drop"),
        ("copies", "copy"),
        ("sent", "send"),
        ("overwritten", "overwrite"),
        ("löschen", "delete"),
        ("elimina", "delete"),
        ("supprimer", "delete"),
        ("enviar", "send"),
        ("verwijderen", "delete"),
        ("удалить", "delete"),
        ("validator", "validate"),
        ("lamp", None),
    ],
)
def test_a_verb_is_known_in_its_forms_and_languages(word: str, base: str | None) -> None:
    assert lemma(word) == base


def test_an_english_verb_keeps_its_meaning_where_another_language_has_the_same_word() -> None:
    assert lemma("note") == "note"


def test_unspaced_text_gives_its_verbs_in_order() -> None:
    assert unspaced_verbs("查询并删除订单") == ["query", "delete"]
    assert unspaced_verbs("orders") == []


def test_compounds_are_one_noun() -> None:
    assert fuse(["list", "merge", "requests"]) == ["list", "merge_request"]
    assert fuse(["merge", "branches"]) == ["merge", "branches"]


def test_plurals_of_known_nouns_are_found() -> None:
    assert singular("policies") == "policy"
    assert singular("indices") == "index"
    assert singular("glass") == "glass"
