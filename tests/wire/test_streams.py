"""What decoders of all dialects promise, whatever their readers make of events."""

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.steps import Fault
from harness.wire import DIALECTS, Dialect
from harness.wire.aws_frames import encode_frame
from harness.wire.streams import StreamDecoder, read_whole


class Words:
    """A reader of {"say": text}; "end" ends the answer, "fail" is a fault."""

    repeat = None

    def __init__(self, held=None):
        self.id = "a"
        self.ended = False
        self._held = held
        self._said = False

    def read(self, event, said):
        if not isinstance(said, dict):
            raise WireError("it is not an object.")
        self._said = True
        self.ended = "end" in said
        last = "last" if self.ended else None
        yield AIMessageChunk(said.get("say", ""), chunk_position=last)
        if "fail" in said:
            yield Fault("Oh", kind="server")

    def missing(self):
        return None if self._said else "a word"

    def rest(self):
        return AIMessageChunk(self._held) if self._held else None


def decoder(held=None):
    return StreamDecoder("words", Words(held))


def event(text):
    return f"data: {text}\n\n".encode()


HI = event('{"say": "Hi"}')
FRAME = encode_frame({":event-type": "a"}, b'{"say": "Hi"}')


def test_chunks_come_with_their_events():
    """Each event is read once it is there, and the end of the bytes is the last."""
    words = decoder()

    found = words.feed(HI + HI[:-1]), words.feed(HI[-1:]), words.close()

    texts = [[chunk.text for chunk in chunks] for chunks in found]
    assert texts == [["Hi"], ["Hi"], [""]]
    assert (found[2][0].chunk_position, found[2][0].id) == ("last", "a")


@pytest.mark.parametrize("done", ["[DONE]", " [DONE] "])
def test_done_ends_the_answer(done):
    """After it nothing comes, however often one closes."""
    words = decoder("rest")

    found = words.feed(HI + event(done) + HI)

    assert [chunk.text for chunk in found] == ["Hi", "rest"]
    assert found[-1].chunk_position == "last"
    assert words.feed(HI) == words.close() == words.close() == []


def test_event_may_end_the_answer():
    """What its reader has ended stays ended."""
    words = decoder()

    found = words.feed(event('{"end": 1, "say": "x"}') + HI)

    assert [(chunk.text, chunk.chunk_position) for chunk in found] == [("x", "last")]
    assert words.feed(HI) == words.close() == []


def test_fault_of_a_reader_ends_the_answer():
    """What was held back comes before the fault, and nothing after it."""
    words = decoder("rest")

    hi, rest, fault = words.feed(event('{"say": "Hi", "fail": 1}') + HI)

    assert (hi.text, rest.text, fault.message) == ("Hi", "rest", "Oh")
    assert words.feed(HI) == words.close() == []


@pytest.mark.parametrize(
    "bad, data, number",
    [
        (event("[1]"), "[1]", 2),
        (event("{"), "{", 2),
        (event('{"say": 1}'), '{"say": 1}', 2),
        (event("[" * 5000), "[" * 5000, 2),
    ],
)
def test_bad_event_is_named_after_those_before_it(bad, data, number):
    """The error has dialect, event and data, and what was understood so far."""
    words = decoder()

    assert [chunk.text for chunk in words.feed(HI + bad)] == ["Hi"]

    for again in (lambda: words.feed(HI), words.close, words.close):
        with pytest.raises(WireError, match=f"words: event {number} of") as caught:
            again()
        error = caught.value
        assert (error.dialect, error.event, error.data) == ("words", number, data)
        assert error.partial.text == "Hi"


def test_bad_event_at_the_start_has_nothing_before_it():
    """Without a chunk there is no partial message."""
    with pytest.raises(WireError) as caught:
        decoder().feed(event("[1]"))

    assert (caught.value.partial, caught.value.event) == (None, 1)


class Late(Words):
    """A reader that has in the end what no chunk can say."""

    def rest(self):
        return AIMessageChunk(additional_kwargs={"a": float("inf")})


@pytest.mark.parametrize(
    "end", [b"", event("[DONE]"), b'data: {"sa', b"error: Oh\n", event('{"fail": 1}')]
)
def test_what_was_held_back_may_be_wrong(end):
    """That is an event that is wrong too, whatever the stream ends with."""
    words = StreamDecoder("words", Late())
    found = words.feed(HI + end)

    with pytest.raises(WireError, match=r"words: event . of .* JSON value") as caught:
        words.close()

    error = caught.value
    assert [chunk.text for chunk in found][:1] == ["Hi"]
    assert (error.dialect, error.event) == ("words", 1 + end.startswith(b"data"))
    assert error.partial.text.startswith("Hi")


class Half(Words):
    """A reader that finds out what is wrong when it has said something."""

    def read(self, event, said):
        yield from super().read(event, said)
        raise WireError("it has another half.")


def test_last_event_that_is_wrong_is_told_at_once():
    """Nothing comes after `close` that could tell it later."""
    words = StreamDecoder("words", Half())
    words.feed(HI[:-1])

    with pytest.raises(WireError, match="another half") as caught:
        words.close()

    assert caught.value.partial.text == "Hi"


@pytest.mark.parametrize("close", [False, True])
def test_damaged_frame_is_an_event_that_is_wrong(close):
    """What the framing refuses is named like what a reader refuses."""
    words = decoder()
    words.feed(FRAME + FRAME.replace(b"Hi", b"Ho"))

    with pytest.raises(WireError, match=r"words: event 2 .* damaged") as caught:
        words.close() if close else words.feed(FRAME)

    assert (caught.value.event, caught.value.partial.text) == (2, "Hi")


@pytest.mark.parametrize(
    "data, where",
    [
        (b"", "without a word, at its start"),
        (HI + b'data: {"sa', "inside an event, after 2 events"),
        (b'{"say": "Hi"}{"', "inside a JSON body, after 1 events"),
        (FRAME + FRAME[:5], "inside a frame, after 1 events"),
        (b"oh no\n", "without a word, at its start; it says 'oh no'"),
    ],
)
def test_place_where_a_stream_broke_off_is_told(data, where):
    """A stream that ends where it may not is interrupted."""
    words = decoder("rest")

    *said, rest, fault = words.feed(data) + words.close()

    assert [chunk.text for chunk in said] == ["Hi"] * (len(data) > 10)
    assert (rest.text, fault.kind) == ("rest", "interrupted")
    assert fault.message == f"the stream broke off {where}"


@pytest.mark.parametrize(
    "line, message",
    [(b'error: {"message": "Oh"}\n', "Oh"), (b"error: busy\n", "busy")],
)
def test_error_as_a_field_is_a_fault(line, message):
    """A field that no event stream has tells what went wrong."""
    words = decoder()

    *_, fault = words.feed(HI + line) + words.close()

    assert (fault.message, fault.kind) == (message, "server")


def test_blank_events_say_nothing():
    """Empty data is no JSON, and no mistake."""
    words = decoder()

    assert words.feed(b"data:\n\ndata:  \n\n" + HI)[0].text == "Hi"


def test_bytes_of_all_types_are_fed():
    """Anything like bytes is; a text is a mistake."""
    words = decoder()

    for data in (HI, bytearray(HI), memoryview(HI)):
        assert words.feed(data)[0].text == "Hi"
    with pytest.raises(InputError, match="bytes"):
        words.feed("data: 1")


def test_whole_reply_is_read_by_the_same_reader():
    """A JSON body is one event; a fault in it is an error that names it."""
    assert read_whole("words", decoder(), b'{"say": "Hi"}').text == "Hi"
    with pytest.raises(WireError, match="words: the reply is cut short"):
        read_whole("words", decoder(), b'{"say": "Hi"')
    with pytest.raises(WireError, match="words: the reply is an error: Oh") as caught:
        read_whole("words", decoder(), b'{"say": "Hi", "fail": 1}')
    assert caught.value.partial.text == "Hi"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_stream_that_was_closed_says_no_more(dialect: Dialect) -> None:
    """Whoever closes it twice, or says something behind its end, is not heard."""
    encoder = dialect.encoder()
    said = encoder.feed(AIMessageChunk("Hi")) + encoder.close()

    assert encoder.close() == encoder.feed(AIMessageChunk("!")) == b""
    assert encoder.feed(Fault("busy", status=503)) == b""
    assert dialect.read_reply(said).text == "Hi"
