"""Which framing a stream has: its first byte tells."""

import pytest

from harness.errors import InputError
from harness.wire.aws_frames import encode_frame
from harness.wire.frames import FrameDecoder
from harness.wire.sse import Event


@pytest.mark.parametrize(
    "data, event",
    [
        (b'data: {"a": 1}\n\n', Event('{"a": 1}')),
        (b': hi\n\nevent: x\ndata: {"a": 1}\n\n', Event('{"a": 1}', "x")),
        (b'{"a": 1}\n', Event('{"a": 1}', "")),
        (b'[{"a": 1}]', Event('{"a": 1}', "")),
        (b'\xef\xbb\xbf \r\n{"a": 1}', Event('{"a": 1}', "")),
        (encode_frame({":event-type": "x"}, b'{"a": 1}'), Event('{"a": 1}', "x")),
    ],
)
def test_first_byte_tells_the_framing(data, event):
    """Server-sent events, JSON and AWS frames are told apart, whole or byte by byte."""
    whole, bytewise = FrameDecoder(), FrameDecoder()

    found = whole.feed(data) + whole.close()
    pieces = [e for n in range(len(data)) for e in bytewise.feed(data[n : n + 1])]

    assert found == [event]
    assert pieces + bytewise.close() == [event]
    assert (whole.cut, whole.unknown) == (None, [])


def test_nothing_has_no_framing():
    """White space is not an event of any kind."""
    decoder = FrameDecoder()

    assert decoder.feed(b"") == decoder.feed(b" \n") == decoder.close() == []
    assert (decoder.cut, decoder.unknown) == (None, [])


@pytest.mark.parametrize(
    "data, where",
    [(b'{"a"', "inside a JSON body"), (bytes(3), "inside a frame"), (b"data: {", None)],
)
def test_cut_is_told_where_the_framing_can(data, where):
    """JSON and frames have an end; the last of the server-sent events may lack it."""
    decoder = FrameDecoder()

    decoder.feed(data)
    decoder.close()

    assert decoder.cut == where


def test_lines_that_no_event_stream_has_are_kept():
    """A server that answers in plain text is heard."""
    decoder = FrameDecoder()

    decoder.feed(b"upstream connect error\n\n")

    assert decoder.unknown == ["upstream connect error"]


def test_decoder_is_fed_bytes():
    """A text is a mistake, before and after the framing is known."""
    decoder = FrameDecoder()

    for _ in range(2):
        with pytest.raises(InputError, match="bytes"):
            decoder.feed("data: 1")
        decoder.feed(b"data: 1")
