from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.net.errors import TooLarge
from interlock.net.sse import Event, Parser, encode_event


def parse(*chunks: bytes, limit: int = 1 << 20) -> list[Event]:
    parser = Parser(limit=limit)
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_with_every_field(end: bytes) -> None:
    lines = [b": hello", b"event: message", b"id: 7", b"retry: 250", b"data: {}", b"data:  x", b"", b""]
    assert parse(end.join(lines)) == [Event(b"{}\n x", "message", "7", 250)]


def test_data_without_a_blank_line_is_not_dispatched() -> None:
    assert parse(b"data: a\n") == []
    assert parse(b"data: a\n\ndata: b") == [Event(b"a")]


def test_fields_do_not_leak_into_the_next_event_but_the_id_stays() -> None:
    assert parse(b"event: e\nid: 1\nretry: 3\ndata: a\n\ndata: b\n\n") == [
        Event(b"a", "e", "1", 3),
        Event(b"b", "message", "1", None),
    ]


def test_an_event_without_data_only_sets_the_id() -> None:
    parser = Parser()
    assert list(parser.feed(b"event: x\nid: 9\n\n")) == []
    assert parser.last_event_id == "9"
    assert list(parser.feed(b"data\n\n")) == [Event(b"", "message", "9")]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"data", Event(b"")),
        (b"data:", Event(b"")),
        (b"data:a:b", Event(b"a:b")),
        (b"data:  a", Event(b" a")),
        (b"data: \xff", Event(b"\xff")),
        (b"id: a\0b\ndata:", Event(b"")),
        (b"id: 1\nid\ndata:", Event(b"")),
        (b"retry: 1x\ndata:", Event(b"")),
        (b"retry: -1\ndata:", Event(b"")),
        (b"retry: " + b"9" * 5000 + b"\ndata:", Event(b"")),
        (b"event: \xc3\xa9\ndata:", Event(b"", "\xe9")),
        (b" data: x\nDATA: y\ndata:", Event(b"")),
    ],
)
def test_field_rules(line: bytes, event: Event) -> None:
    assert parse(line + b"\n\n") == [event]


@pytest.mark.parametrize("cut", range(4))
def test_one_byte_order_mark_is_skipped(cut: int) -> None:
    stream = b"\xef\xbb\xbfdata: a\n\n"
    assert parse(stream[:cut], stream[cut:]) == [Event(b"a")]
    assert parse(b"\xef\xbb\xbf" + stream) == []  # the second one makes the field's name unknown


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert parse(b"data: a\r", b"\ndata: b\r", b"", b"\n\r", b"\n") == [Event(b"a\nb")]
    assert parse(b"data: a\r", b"", b"\ndata: b\n\n") == [Event(b"a\nb")]
    assert parse(b"data: a\r", b"data: b\r\r") == [Event(b"a\nb")]


def test_a_large_event_is_refused_after_those_before_it() -> None:
    events = Parser(limit=10).feed(b"data: 12\n\ndata: 34\n\ndata: 1234567\n\n")
    assert [next(events).data, next(events).data] == [b"12", b"34"]
    with pytest.raises(TooLarge):
        next(events)


@pytest.mark.parametrize("stream", [b"x" * 11, b"data:123456\n" * 2, b"data:\n" * 30])
def test_neither_long_lines_nor_many_lines_pass_the_limit(stream: bytes) -> None:
    with pytest.raises(TooLarge):
        parse(stream, limit=12 if stream[:1] == b"d" else 10)


def test_comments_hold_no_memory_and_may_go_on_for_ever() -> None:
    assert parse(*[b": ping\n"] * 100, b"data: a\n\n", limit=10) == [Event(b"a")]


PIECES = st.lists(
    st.sampled_from(
        [b"data", b"data:", b"id:1", b"event:e", b"\r", b"\n", b"\r\n", b":", b" ", b"x\xc3\xa9", b"\xef\xbb\xbf"]
    ),
    max_size=30,
).map(b"".join)


@given(PIECES, st.lists(st.integers(0, 80), max_size=8), st.integers(4, 40))
def test_any_chunking_gives_the_same_events_and_the_same_end(stream: bytes, cuts: list[int], limit: int) -> None:
    def outcome(chunks: list[bytes]) -> tuple[list[Event], bool]:
        parser = Parser(limit=limit)
        seen: list[Event] = []
        try:
            for chunk in chunks:
                for event in parser.feed(chunk):
                    seen.append(event)  # noqa: PERF402 - what came before the error counts
        except TooLarge:
            return seen, True
        return seen, False

    bounds = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(bounds)]
    single = [stream[i : i + 1] for i in range(len(stream))]
    assert outcome(pieces) == outcome([stream]) == outcome(single)


TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)))


@given(st.binary().map(lambda data: data.replace(b"\r", b"")), TEXT, TEXT, st.none() | st.integers(0, 10**9))
def test_what_is_written_is_read_back(data: bytes, name: str, identifier: str, retry: int | None) -> None:
    event = Event(data, name or "message", identifier, retry)
    assert parse(encode_event(event)) == [event]


def test_line_ends_in_data_become_lines() -> None:
    assert encode_event(Event(b"a\r\nb\rc\nd")) == b"data: a\ndata: b\ndata: c\ndata: d\n\n"


@pytest.mark.parametrize(
    "event",
    [Event(b"", "a\nb"), Event(b"", "a\rb"), Event(b"", "e", "1\n"), Event(b"", "e", "1\r"), Event(b"", "e", "\0")],
)
def test_fields_cannot_be_forged(event: Event) -> None:
    with pytest.raises(ValueError, match="line end"):
        encode_event(event)
