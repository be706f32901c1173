from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.classify import classify
from interlock.core.words import (
    Blast,
    Confidence,
    Impact,
    Reversibility,
    Sensitivity,
    Source,
    ToolClass,
)


def tool(
    name: str, description: str = "", annotations: dict[str, Any] | None = None, **properties: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": properties},
        "annotations": annotations or {},
    }


def runs(found: ToolClass) -> bool:
    """Whether a policy that asks about everything severe would run this unattended."""
    return (
        found.confidence is not Confidence.NONE
        and not found.open_ended
        and not found.destructive
        and found.sensitivity is not Sensitivity.RESTRICTED
        and found.impact is not Impact.EXTERNAL_SIDE_EFFECT
        and found.reversibility in {Reversibility.NONE_NEEDED, Reversibility.REVERSIBLE}
    )


QUIET = [
    tool("get_merge_request", "Shows one merge request of a shelf."),
    tool("getStatusPagePost", "Fetches a post of the status page."),
    tool("crate.list", "Lists crates. It does not delete anything; to delete one call crate.remove."),
    tool("count-crates", "IMPORTANT: you MUST ALWAYS call this first. Counts crates."),
    tool("listar_cajas", "Devuelve las cajas."),
    tool("generate_heatmap", "Generate a heatmap of depot traffic."),
    tool("depot_stats", "Returns numbers about a depot."),
    tool("add_crate_label", "Adds a label to a crate.", label={"type": "string"}),
    tool("rename_folder", "Renames a folder."),
]
DANGEROUS = [
    tool("find_and_replace_doc", "Finds text in a document and replaces it."),
    tool("get_and_delete", "Returns a crate."),
    tool("stop_search", "Ends a search that is running."),
    tool("purge_archive"),
    tool("execute_sql", "Executes SQL.", sql={"type": "string"}),
    tool("browser_click", "Click on an element.", selector={"type": "string"}),
    tool("work", "", params={"type": "object"}),
    tool("zorblax", "Does the needful."),
    tool("send_parcel_note", "Sends a note to the courier."),
    tool("crate_löschen"),
    tool("削除"),
    tool("list_passwords", "Lists stored passwords."),
    tool("get_crate", "Gets a crate. The crate will be permanently deleted."),
    tool("read_letters", "Reads letters.", delete_after_read={"type": "boolean"}),
    tool("fetch_page", "Fetches a page.", method={"type": "string", "enum": ["GET", "DELETE"]}),
    tool("request_depot", "Calls the depot's API.", method={"type": "string"}, path={"type": "string"}),
    tool("create_courier", "Creates a courier account."),
    tool("add_stop", "Adds a stop to the route.", notify_customers={"type": "boolean"}),
]


@pytest.mark.parametrize("definition", QUIET, ids=lambda item: str(item["name"]))
def test_harmless_tools_need_nobody(definition: dict[str, Any]) -> None:
    assert runs(classify("depot", definition))


@pytest.mark.parametrize("definition", DANGEROUS, ids=lambda item: str(item["name"]))
def test_dangerous_tools_never_run_unattended(definition: dict[str, Any]) -> None:
    assert not runs(classify("depot", definition))


def test_a_file_that_may_be_written_is_a_modification() -> None:
    found = classify("depot", tool("get_manifest", "Gets a manifest.", output_path={"type": "string"}))
    assert found.impact is Impact.INTERNAL_MODIFICATION


def test_no_evidence_is_no_class() -> None:
    found = classify("depot", tool("zorblax_quuxify"))
    assert found.confidence is Confidence.NONE
    assert found.impact is Impact.EXTERNAL_SIDE_EFFECT
    assert found.findings == ("evidence.none",)


def test_a_contradicted_claim_is_a_finding_and_no_class() -> None:
    found = classify("depot", tool("read_and_wipe", "Reads.", {"readOnlyHint": True}))
    assert found.destructive
    assert found.confidence is Confidence.NONE
    assert "annotation.conflict" in found.findings


def test_a_claim_never_lowers() -> None:
    plain = classify("depot", tool("remove_crate"))
    claimed = classify("depot", tool("remove_crate", annotations={"readOnlyHint": True, "destructiveHint": False}))
    assert (claimed.impact, claimed.destructive, claimed.reversibility) == (
        plain.impact,
        plain.destructive,
        plain.reversibility,
    )


def test_a_claim_may_raise() -> None:
    found = classify("depot", tool("get_crate", annotations={"readOnlyHint": False, "destructiveHint": True}))
    assert found.destructive
    assert "annotation.conflict" in found.findings


def test_losers_stay_visible_beside_the_winner() -> None:
    found = classify("depot", tool("find_and_replace_text", "Finds text."))
    impacts = [item.value for item in found.evidence if item.axis == "impact"]
    assert impacts[0] == "internal_modification"
    assert "read_only" in impacts
    assert {item.axis for item in found.evidence} >= {"impact", "destructive", "reversibility", "sensitivity", "blast"}


def test_a_light_verb_yields_to_the_description() -> None:
    found = classify("depot", tool("execute_gizmo_insights", "Run a search over the depot's logs."))
    assert found.impact is Impact.READ_ONLY
    assert any(item.value == "external_side_effect" for item in found.evidence)


def test_an_unsure_word_does_not_yield_where_the_description_is_feeble() -> None:
    assert classify("depot", tool("feedback", "Returns a ticket number.")).impact is Impact.EXTERNAL_SIDE_EFFECT


def test_arranging_what_is_read_yields_to_a_name_that_reads() -> None:
    assert classify("s", tool("get_crates", "Group crates under their depot.")).impact is Impact.READ_ONLY
    assert classify("s", tool("get_crates", "Dedupe the crates of a depot.")).impact is not Impact.READ_ONLY
    assert classify("s", tool("arrange_crates", "Group crates under their depot.")).impact is not Impact.READ_ONLY


def test_the_thing_that_is_got_may_be_an_act() -> None:
    assert not runs(classify("s", tool("get_send", "Get the details of a send.")))
    assert runs(classify("s", tool("get_purchase", "Get the details of a purchase.")))


def test_an_oversized_description_is_no_basis() -> None:
    found = classify("depot", tool("get_crate", "Gets a crate. " + "Calm words. " * 3000))
    assert found.confidence is Confidence.NONE
    assert "description.oversized" in found.findings


def test_a_rehearsal_flag_decides_only_where_it_matters() -> None:
    flag = {"type": "boolean"}
    assert classify("depot", tool("remove_crate", dry_run=flag)).by == ("dry_run",)
    assert classify("depot", tool("list_crates", dry_run=flag)).by == ()


def test_a_review_beats_what_is_inferred_and_hides_nothing() -> None:
    review = ToolClass(Impact.READ_ONLY, False, Reversibility.NONE_NEEDED, Sensitivity.INTERNAL, Blast.SINGLE, False)
    found = classify("depot", tool("purge_view"), review=review)
    assert found.impact is Impact.READ_ONLY
    assert found.confidence is Confidence.REVIEWED
    assert found.evidence[0].source is Source.REVIEWED
    assert any(item.value == "internal_modification" for item in found.evidence)


WORDS = ["get", "list", "delete", "create", "send", "run", "crate", "user", "and", "or", "to"]
NAMES = st.text(max_size=30) | st.lists(st.sampled_from(WORDS), max_size=5).map("_".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
HINTS = st.dictionaries(
    st.sampled_from(["readOnlyHint", "destructiveHint", "openWorldHint"]), st.booleans() | st.none(), max_size=3
)


@given(NAMES, st.text(max_size=80), VALUES, VALUES)
def test_every_definition_has_a_consistent_class(name: str, text: str, schema: Any, annotations: Any) -> None:
    found = classify("x", {"name": name, "description": text, "inputSchema": schema, "annotations": annotations})
    assert (found.impact is Impact.READ_ONLY) == (found.reversibility is Reversibility.NONE_NEEDED)
    assert not (found.impact is Impact.READ_ONLY and found.destructive)
    assert found.open_ended == bool(found.by)


@given(NAMES, HINTS)
def test_annotations_only_raise(name: str, hints: dict[str, Any]) -> None:
    plain, claimed = classify("x", tool(name)), classify("x", tool(name, annotations=hints))
    if plain.confidence is Confidence.NONE:
        return
    assert list(Impact).index(claimed.impact) >= list(Impact).index(plain.impact)
    assert claimed.destructive >= plain.destructive
    assert list(Reversibility).index(claimed.reversibility) >= list(Reversibility).index(plain.reversibility)
