from mcp_types import CallToolResult, ImageContent, TextContent

from interlock.cli.demo.agent import Agent, Era, answer_of


def result(**given: object) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="hello")], **given)


def test_a_result_that_is_no_error_ran() -> None:
    answer = answer_of(result(), "2025-11-25")
    assert (answer.status, answer.text, answer.revision, answer.approval) == ("ran", "hello", "2025-11-25", "")


def test_the_status_of_a_refusal_is_the_gateways_word() -> None:
    meta = {"interlock/decision": {"status": "pending", "approval": {"id": "apr-1"}}}
    answer = answer_of(result(is_error=True, _meta=meta), "2026-07-28")
    assert (answer.status, answer.approval) == ("pending", "apr-1")


def test_a_tools_own_error_is_no_refusal() -> None:
    assert answer_of(result(is_error=True), "2026-07-28").status == "failed"


def test_only_text_is_text() -> None:
    image = ImageContent(type="image", data="AA==", mime_type="image/png")
    many = CallToolResult(content=[TextContent(type="text", text="a"), image, TextContent(type="text", text="b")])
    assert answer_of(many, "2026-07-28").text == "a\nb"


def test_an_agent_changes_its_era_and_nothing_else() -> None:
    agent = Agent("http://gateway", "token")
    legacy = agent.speaking(Era.LEGACY)
    assert legacy.speaking(Era.MODERN) == agent
    assert (agent.era.mode, legacy.era.mode) == ("auto", "legacy")
