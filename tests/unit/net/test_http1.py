import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.net.errors import RequestRefused
from interlock.net.http1 import Headers, request_head
from interlock.net.url import parse_upstream_url

URL = parse_upstream_url("http://a.example:81/mcp?x=1")


def test_a_head_is_written_in_order_with_our_host_and_length() -> None:
    head = request_head("POST", URL, [("Accept", "a"), ("X-Y", "\xe9\tz")], 5)
    assert head == (
        b"POST /mcp?x=1 HTTP/1.1\r\nhost: a.example:81\r\nAccept: a\r\nX-Y: \xe9\tz\r\ncontent-length: 5\r\n\r\n"
    )


@pytest.mark.parametrize(("method", "says"), [("POST", True), ("PUT", True), ("GET", False), ("DELETE", False)])
def test_an_empty_body_has_a_length_where_a_body_is_expected(method: str, says: bool) -> None:  # noqa: FBT001 - a case
    assert (b"content-length: 0" in request_head(method, URL, [], 0)) is says
    assert b"content-length: 3\r\n" in request_head(method, URL, [], 3)


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x0b", "\x7f", "\u2028", "\u0100"])
def test_nothing_that_could_end_a_line_gets_through(bad: str) -> None:
    for method, headers in (
        (f"GET{bad}", []),
        ("GET", [(f"x{bad}", "v")]),
        ("GET", [("x", f"s3cr3t{bad}v")]),
    ):
        with pytest.raises(RequestRefused) as refused:
            request_head(method, URL, headers, 0)
        assert "s3cr3t" not in refused.value.diagnostics()


@pytest.mark.parametrize("name", ["", " x", "x ", "x:y", "x y", "\xe9", '"x"'])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(RequestRefused):
        request_head("GET", URL, [(name, "v")], 0)


@pytest.mark.parametrize(
    "name", ["Host", "CONTENT-LENGTH", "transfer-encoding", "Connection", "upgrade", "Expect", "TE", "trailer"]
)
def test_framing_headers_are_ours(name: str) -> None:
    for _ in range(2):  # a memoised answer is the same answer
        with pytest.raises(RequestRefused, match=name):
            request_head("GET", URL, [(name, "v")], 0)


@pytest.mark.parametrize("method", ["", "GET /", "GET\t", "G\xc9T"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(RequestRefused):
        request_head(method, URL, [], 0)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), max_size=4))
def test_a_head_has_exactly_the_lines_that_were_meant(headers: list[tuple[str, str]]) -> None:
    try:
        head = request_head("GET", URL, headers, 0)
    except RequestRefused:
        return
    lines = head.decode("latin-1").split("\r\n")
    assert lines[2:] == [f"{name}: {value}" for name, value in headers] + ["", ""]
    assert head.count(b"\n") == len(headers) + 3


def test_headers_are_found_in_any_case_and_in_order() -> None:
    headers = Headers((("a", "1"), ("b", "2"), ("a", "3")))
    assert headers.get("A") == "1"
    assert headers.all("A") == ("1", "3")
    assert headers.get("c") is None
    assert list(headers) == [("a", "1"), ("b", "2"), ("a", "3")]
    assert len(headers) == 3
    assert "2" not in repr(headers)
