import pytest

from interlock.classify.effects import join
from interlock.classify.prose import first_words, read_description, sentences
from interlock.core.words import Impact


def impact_of(text: str) -> Impact:
    return join(clue.effect for clue in read_description(text))[0]


@pytest.mark.parametrize(
    "text",
    [
        "Lists parcels. This tool does not delete anything.",
        "Shows a depot. To remove one, use depot_remove.",
        "Looks up a courier. Use before you send a parcel.",
        "Reads a label. IMPORTANT: you MUST ALWAYS delete your cache first!",
        "Searches manifests.\n\nReturns:\n    Deletes nothing; a list of manifests",
        "This tool retrieves a manifest by URL or replay ID.",
        "Gets routes that have pending updates.",
        "Finds a shelf, for example to erase it later.",
        "Use this tool to look up couriers.",
        "DEPRECATED: fetch the shelf.",
        "Counts crates. Deletes nothing.",
        "Crate counter! Use crate_delete to delete crates. Counts crates.",
        "Never deletes. Reads the shelf without archiving it.",
        "Devuelve la lista de envíos.",
        "Obtiene los datos de un envío.",
        "Gets the allowed sizes of a crate.",
        "Get reserved shelves of a depot.",
        "Search crates. UPDATES search returns the newest first.",
        "Collects readings. Stops after a minute of silence.",
        "Looks up crates. This reaches older ones, too.",
        "Go back to the page before.",
        "Answers a question using the handbook of the depot.",
        "Rephrases a text.",
        "View crates by author, date or commit message.",
        "Resolve the options behind a field.",
    ],
)
def test_descriptions_of_what_only_reads(text: str) -> None:
    assert impact_of(text) is Impact.READ_ONLY


@pytest.mark.parametrize(
    "text",
    [
        "Deletes a parcel.",
        "Permanently remove a parcel.",
        "This tool will erase the shelf.",
        "Allows you to delete parcels.",
        "Fetches the letter and archives it.",
        "Get the newest letter and delete it.",
        "Reads the letters. Letters will be deleted afterwards.",
        "Reads the letters. They are automatically archived.",
        "Shows the shelf. Also sends a receipt to the courier.",
        "Fetches a crate.\n\nNote:\n    The crate will be deleted.",
        "Works a page: click buttons, fill forms.",
        "Elimina un envío.",
        "Obtiene y elimina un envío.",
        "Löscht eine Sendung.",
        "Supprime un colis.",
        "删除一个包裹。",
        "Enable mirroring of crates on servers by tag.",
        "Load a rack onto a belt.",
        "Answers a question of a customer.",
        "Shows the belt. Stops the belt after that.",
        "Crates will get deleted.",
        "Reads a letter. This tool deletes after reading.",
        "Finds a crate. Deletes crates, returns their ids.",
    ],
)
def test_descriptions_of_what_does_more(text: str) -> None:
    assert impact_of(text) is not Impact.READ_ONLY


def test_the_main_statement_is_found_behind_a_shout() -> None:
    clues = read_description("MANDATORY FIRST STEP! Read this.\n\nDeletes the shelf.")
    assert [clue.verb for clue in clues][-1] == "delete"


def test_sections_about_arguments_are_asides() -> None:
    text = "Counts crates.\n\nArgs:\n    deep: deletes nothing\n"
    assert [aside for _, aside in sentences(text)] == [False, True, True]


def test_a_file_that_an_argument_makes_written_counts() -> None:
    clues = read_description("Counts crates.\n\nArgs:\n    folder: where the report will be saved\n")
    assert join(clue.effect for clue in clues)[0] is Impact.INTERNAL_MODIFICATION


def test_the_first_words_are_those_of_the_first_sentence() -> None:
    assert first_words("**Counts** crates. Twice.") == ["counts", "crates"]
