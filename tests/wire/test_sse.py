"""Server-sent events: what is fed, what comes out, and the way back."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, WireError
from harness.wire.sse import Event, SseDecoder, encode, encode_all, encode_comment

NEWLINES = ["\n", "\r\n", "\r"]
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
EVENT = st.builds(
    Event,
    data=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")),
    event=st.just("message") | LINE.filter(bool),
    id=st.none() | LINE,
    retry=st.none() | st.integers(0, 10**12),
)
EVENTS = st.lists(EVENT, max_size=5)
# Bytes that come close to events: newlines, fields, colons, and halves of characters.
NEARLY = (
    *(b"\n", b"\r", b"data", b"event", b"id", b":", b" ", b"x", b"\0", b"retry: 5"),
    *(b"\xe2", b"\xef\xbb\xbf", "\u20ac".encode(), "\u2028".encode()),
)
ALMOST_EVENTS = st.lists(st.sampled_from(NEARLY)).map(b"".join)


def decoded(*parts: bytes) -> list[Event]:
    decoder = SseDecoder()
    events = [event for part in parts for event in decoder.feed(part)]
    return events + decoder.close()


def split_at(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


@given(EVENTS, st.sampled_from(NEWLINES))
def test_decoding_inverts_encoding(events: list[Event], newline: str) -> None:
    """Encoded events decode to equal events, whatever ends the lines."""
    assert decoded(encode_all(events, newline=newline)) == events


@given(ALMOST_EVENTS, st.lists(st.integers(0), max_size=8))
def test_any_cut_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    """Where the bytes are cut makes no difference, not inside a character or CRLF."""
    assert decoded(*split_at(data, cuts)) == decoded(data)


@given(EVENTS, st.data())
def test_newlines_can_be_mixed(events: list[Event], data: st.DataObject) -> None:
    """Each line may end in its own way."""
    styles = data.draw(
        st.lists(st.sampled_from(NEWLINES), min_size=len(events), max_size=len(events))
    )
    mixed = b"".join(
        encode(event, newline=style)
        for event, style in zip(events, styles, strict=True)
    )

    assert decoded(*(mixed[i : i + 1] for i in range(len(mixed)))) == events


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"data: a\n\ndata: b\n\n", [Event("a"), Event("b")]),
        (b"data:a\n\n", [Event("a")]),
        (b"data:  a\n\n", [Event(" a")]),
        (b"data: a\ndata:\ndata: b\n\n", [Event("a\n\nb")]),
        (b"data\n\n", [Event("")]),
        (b"data\ndata\n\n", [Event("\n")]),
        (b"data: a: b\n\n", [Event("a: b")]),
        (b"event: ping\ndata: {}\n\n", [Event("{}", event="ping")]),
        (b"event: ping\n\ndata: a\n\n", [Event("a")]),
        (b"event:\ndata: a\n\n", [Event("a")]),
        (b"event: \ndata: a\n\n", [Event("a")]),
        (b"event:  \ndata:  \n\n", [Event(" ", event=" ")]),
        (b"id: 7\nretry: 9\ndata: a\n\n", [Event("a", id="7", retry=9)]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [Event("a", id="7"), Event("b")]),
        (b"id\ndata: a\n\n", [Event("a", id="")]),
        (b"id: 1\0\ndata: a\n\n", [Event("a")]),
        (b"retry: 1.5\ndata: a\n\n", [Event("a")]),
        (b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [Event("a")]),
        (b": OPENROUTER PROCESSING\n\n:\n\ndata: a\n\n", [Event("a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event("a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Event("a")]),
        (b"data: \xe2\x82\n\n", [Event("\ufffd")]),
        ("data: a\u2028b\x85\x0b\n\n".encode(), [Event("a\u2028b\x85\x0b")]),
        (b"DATA: a\n data: b\n\n", []),
        (b"\n\n\r\r\n", []),
        (b"", []),
    ],
)  # fmt: skip
def test_the_rules_of_the_standard(data: bytes, expected: list[Event]) -> None:
    """Fields, spaces, comments, marks and line ends mean what the standard says."""
    assert decoded(data) == expected


@pytest.mark.parametrize("ending", ["", "\n", "\r", "\r\n"])
def test_a_missing_blank_line_loses_nothing(ending: str) -> None:
    """Closing gives out the event that the stream left open."""
    decoder = SseDecoder()

    assert decoder.feed(f"data: a\n\ndata: b{ending}".encode()) == [Event("a")]
    assert decoder.close() == [Event("b")]
    assert decoder.close() == []


def test_a_cut_character_at_the_end_is_replaced() -> None:
    """A stream that ends inside a character shows where it broke."""
    assert decoded("data: a\u20ac".encode()[:-1]) == [Event("a\ufffd")]


def test_a_carriage_return_ends_an_event_at_once() -> None:
    """Nothing waits for a line feed that may never come."""
    decoder = SseDecoder()

    assert decoder.feed(b"data: a\r\n\r") == [Event("a")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\r\r") == [Event("b")]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_anything_like_bytes_can_be_fed(kind: type) -> None:
    """Buffers of clients need no copy first."""
    assert SseDecoder().feed(kind(b"data: a\n\n")) == [Event("a")]


def test_unknown_fields_are_kept_aside() -> None:
    """Some servers report errors in a field that no standard knows."""
    decoder = SseDecoder()
    events = decoder.feed(b'error: {"code":500}\ndata: a\n\n' + b"x\n" * 20)

    assert events == [Event("a")]
    assert decoder.unknown == ['error: {"code":500}'] + ["x"] * 7


def test_json_in_place_of_events_can_be_seen() -> None:
    """A body that is no event stream gives no event, and is kept as unknown."""
    decoder = SseDecoder()
    decoder.feed(b'{"error": {"message": "no"}}')

    assert decoder.close() == []
    assert decoder.unknown == ['{"error": {"message": "no"}}']


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
@pytest.mark.parametrize("start", [b"data: a", b"data: a\ndata: b"])
def test_an_endless_event_is_refused(start: bytes, end: bytes, size: int) -> None:
    """The events before it come out, then an error that says what to do, and stays."""
    decoder = SseDecoder(limit=20)
    data = b"data: ok\n\n" + start + b"x" * 30 + end
    events: list[Event] = []

    def read() -> None:
        for i in range(0, len(data), size):
            events.extend(decoder.feed(data[i : i + size]))
        decoder.close()

    with pytest.raises(WireError) as caught:
        read()

    assert events == [Event("ok")]
    assert str(caught.value) == (
        "an event of this stream has more than 20 bytes, and goes on. If the provider "
        "does send such events, raise the limit: SseDecoder(limit=...)."
    )
    with pytest.raises(WireError, match="more than 20 bytes"):
        decoder.feed(b"\n\ndata: a\n\n")
    with pytest.raises(WireError, match="more than 20 bytes"):
        decoder.close()


def test_the_limit_is_of_one_event() -> None:
    """Many small events and comments may pass; each starts from nothing."""
    decoder = SseDecoder(limit=20)

    assert len(decoder.feed(b": hello\ndata: a\ndata: b\n\n" * 100)) == 100


def test_a_huge_line_in_many_feeds_takes_linear_time() -> None:
    """Eight times the feeds take far less than 64 times the time."""

    def seconds(feeds: int) -> float:
        decoder = SseDecoder()
        start = time.process_time()
        decoder.feed(b"data: ")
        for _ in range(feeds):
            decoder.feed(b"0123456789" * 10)
        [event] = decoder.feed(b"\n\n")
        assert len(event.data) == feeds * 100
        return time.process_time() - start

    assert seconds(80_000) < 24 * max(seconds(10_000), 0.005)


@pytest.mark.parametrize(
    "limit, shown", [(0, "0"), (-1, "-1"), (True, "True"), ("1", "'1'")]
)
def test_a_limit_is_a_number_of_bytes(limit: int, shown: str) -> None:
    """A limit that no event can keep is refused."""
    with pytest.raises(InputError) as caught:
        SseDecoder(limit=limit)

    assert str(caught.value) == (
        f"limit is {shown}: give the number of bytes, 1 or more, that one event may "
        f"have."
    )


def test_text_is_not_fed() -> None:
    """A decoder takes bytes, and says so."""
    with pytest.raises(InputError, match=r"^a decoder is fed bytes, not 'data: a'\.$"):
        SseDecoder().feed("data: a")  # type: ignore[arg-type]  # the test's point


def test_a_closed_decoder_is_not_fed() -> None:
    """One decoder reads one stream."""
    decoder = SseDecoder()
    decoder.close()

    with pytest.raises(InputError, match=r"was closed: make one for each stream\.$"):
        decoder.feed(b"data: a\n\n")


def test_encoding_writes_only_what_is_set() -> None:
    """The order of lines is fixed; what is left out has no line."""
    event = Event("a\n\nb", event="note", id="7", retry=3000)

    assert encode(Event("[DONE]")) == b"data: [DONE]\n\n"
    assert encode(event, newline="\r\n") == (
        b"event: note\r\nid: 7\r\nretry: 3000\r\ndata: a\r\ndata: \r\ndata: b\r\n\r\n"
    )


@given(LINE)
def test_a_comment_decodes_to_nothing(text: str) -> None:
    """Comments keep a connection alive between events and leave no trace."""
    data = encode(Event("a")) + encode_comment(text) + encode(Event("b"))
    decoder = SseDecoder()

    assert decoder.feed(data) == [Event("a"), Event("b")]
    assert decoder.unknown == []


def test_a_bare_comment_is_a_colon() -> None:
    """A comment needs no text."""
    assert encode_comment() == b":\n\n"
    assert encode_comment("ping", newline="\r\n") == b": ping\r\n\r\n"


@pytest.mark.parametrize(
    "event, message",
    [
        (Event("a\rb"), "data 'a\\rb' has a carriage return"),
        (Event("a", event="x\ny"), "event 'x\\ny' has a line end or NUL"),
        (Event("a", event=""), "the event name is empty"),
        (Event("a", id="1\0"), "id '1\\x00' has a line end or NUL"),
        (Event("a", retry=-1), "retry is -1: it is milliseconds, 0 or more."),
        (Event("a", retry=10**15), "retry is 1000000000000000: it is milliseconds"),
        (Event("\ud800"), "has a lone surrogate at character 6"),
    ],
)
def test_what_an_event_cannot_carry(event: Event, message: str) -> None:
    """Nothing is encoded that would decode to something else."""
    with pytest.raises(InputError) as caught:
        encode(event)

    assert message in str(caught.value)


def test_a_newline_is_one_of_three() -> None:
    """Another separator would not be an event stream."""
    with pytest.raises(InputError) as caught:
        encode(Event("a"), newline="\n\n")

    assert str(caught.value) == (
        "newline is '\\n\\n': known are '\\n', '\\r\\n', '\\r'."
    )
