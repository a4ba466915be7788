"""AWS event-stream frames: there and back, cut anywhere, and every damage refused."""

import base64
import json
import struct
import zlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, WireError
from harness.wire.aws_frames import AwsDecoder, Frame, encode_frame
from harness.wire.sse import Event

TIMES = st.integers(-(10**13), 10**13).map(
    lambda number: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)
)
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=8),
    st.text(max_size=8),
    st.uuids(),
    TIMES,
)
NAMES = st.text(min_size=1, max_size=6)
FRAMES = st.builds(
    Frame, st.dictionaries(NAMES, VALUES, max_size=4), st.binary(max_size=20)
)


def written(frame):
    return encode_frame(frame.headers, frame.payload)


def framed(headers, payload=b"{}"):
    """Make a frame of raw header bytes, with the right checksums."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    data = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return data + struct.pack(">I", zlib.crc32(data))


@given(st.lists(FRAMES, max_size=3), st.lists(st.integers(0, 400)))
def test_frames_come_back_however_they_are_cut(frames, cuts):
    """What is encoded is decoded, with headers of all types, under every cut."""
    data = b"".join(map(written, frames))
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    decoder = AwsDecoder()

    pieces = [data[a:b] for a, b in pairwise(bounds)]
    found = [frame for piece in pieces for frame in decoder.frames(piece)]

    assert [(f.headers, f.payload) for f in found] == [
        (f.headers, f.payload) for f in frames
    ]
    assert decoder.close() == []
    assert decoder.cut is None


def test_frames_come_back_byte_by_byte():
    """A frame is given out with its last byte, and no sooner."""
    data = encode_frame({":event-type": "a", "n": 1}, b"{}")
    decoder = AwsDecoder()

    found = [decoder.feed(data[n : n + 1]) for n in range(len(data))]

    assert found == [[]] * (len(data) - 1) + [[Event("{}", "a")]]


def test_every_flipped_bit_is_refused():
    """No frame with one wrong bit is given out: it is refused, or is not over."""
    data = encode_frame({":event-type": "x", "t": True, "u": UUID(int=5)}, b'{"a": 1}')

    for bit in range(len(data) * 8):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(WireError):
            AwsDecoder().frames(bytes(wrong))


@given(FRAMES)
def test_botocore_reads_what_is_written(frame):
    """The official decoder finds the same payload and the same names of headers."""
    buffer = EventStreamBuffer()
    buffer.add_data(written(frame))

    (found,) = list(buffer)

    assert found.payload == frame.payload
    assert list(found.headers) == list(frame.headers)


@pytest.mark.parametrize("number", [0, -1, 127, -128, 128, 32768, -(2**31), 2**31])
def test_numbers_are_written_in_the_fewest_bytes(number):
    """A number comes back from each of the four sizes that it may be written in."""
    data = encode_frame({"n": number}, b"")

    (frame,) = AwsDecoder().frames(data)

    assert frame.headers == {"n": number}
    sizes = {1: 7, 2: 15, 4: 31, 8: 63}
    size = len(data) - 16 - 3
    assert -(1 << sizes[size]) <= number < 1 << sizes[size]


def test_prelude_that_is_damaged_is_named():
    """Wrong lengths are found before the bytes that they promise are waited for."""
    data = bytearray(encode_frame({}, b"{}"))
    data[3] += 1

    with pytest.raises(WireError, match="prelude of a frame is damaged"):
        AwsDecoder().feed(bytes(data[:12]))


def test_payload_that_is_damaged_is_named():
    """The checksum of the whole is not that of the prelude."""
    data = encode_frame({}, b"{}").replace(b"{}", b"[]")

    with pytest.raises(WireError, match="a frame is damaged: its bytes"):
        AwsDecoder().feed(data)


@pytest.mark.parametrize("total, headers", [(15, 0), (16, 1), (0, 0), (20, 400)])
def test_lengths_that_cannot_be_are_named(total, headers):
    """A frame is at least its lengths and checksums, and its headers are inside."""
    lengths = struct.pack(">II", total, headers)
    data = lengths + struct.pack(">I", zlib.crc32(lengths))

    with pytest.raises(WireError, match=f"a frame of {total} bytes with {headers}"):
        AwsDecoder().feed(data)


def test_frame_over_the_limit_is_refused_at_once():
    """The limit is held before the frame fills the memory."""
    data = encode_frame({}, bytes(1000))

    with pytest.raises(WireError, match="a frame has 1016 bytes, more than 500"):
        AwsDecoder(limit=500).feed(data[:12])


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",  # a name that goes on
        b"\x01a",  # no type
        b"\x01a\x0a",  # no such type
        b"\x01a\x04\x00",  # half a number
        b"\x01a\x07\x00\x09x",  # half a text
        b"\x01a\x07\x00\x01\xff",  # no UTF-8
        b"\x01a\x09\x00",  # half a UUID
        b"\x01a\x08\x7f\xff\xff\xff\xff\xff\xff\xff",  # after the last year
    ],
)
def test_headers_that_cannot_be_read_are_named(headers):
    """Headers that no server can have meant are refused, whatever the checksums say."""
    with pytest.raises(WireError, match="headers of a frame cannot be read"):
        AwsDecoder().feed(framed(headers))


def test_frames_before_a_wrong_one_are_given_out():
    """The error comes once what stood before it was given out, and it stays."""
    good = encode_frame({":event-type": "a"}, b"{}")
    decoder = AwsDecoder()

    found = decoder.feed(good + good.replace(b"{}", b"[]"))

    assert found == [Event("{}", "a")]
    for again in (lambda: decoder.feed(good), decoder.close):
        with pytest.raises(WireError, match="damaged"):
            again()


def test_cut_frame_is_told_at_the_end():
    """Bytes that end inside a frame are no event, and `cut` says so."""
    decoder = AwsDecoder()

    found = decoder.feed(encode_frame({}, b"{}")[:-1]) + decoder.close()

    assert found == []
    assert decoder.cut == "inside a frame"


def test_kinds_of_messages_become_events():
    """Events, exceptions and errors are named by the headers that each has."""
    said = [
        encode_frame({":message-type": "event", ":event-type": "a"}, b"{}"),
        encode_frame({":message-type": "exception", ":exception-type": "b"}, b""),
        encode_frame({":message-type": "error", ":error-code": "c"}, b""),
        encode_frame({}, b"\xff"),
    ]

    found = AwsDecoder().feed(b"".join(said))

    assert found == [
        Event("{}", "a"),
        Event("{}", "b"),
        Event('{"message": ""}', "c"),
        Event("\ufffd", "message"),
    ]


def test_error_without_a_payload_says_its_message():
    """The message of an error stands in a header."""
    headers = {":message-type": "error", ":error-code": "c", ":error-message": "Oh"}

    (event,) = AwsDecoder().feed(encode_frame(headers, b""))

    assert event == Event('{"message": "Oh"}', "c")


def test_chunk_of_an_invoked_model_is_unwrapped():
    """The event of the model's own API comes out as bare JSON, without its padding."""
    inner = '{"type": "message_stop"}'
    said = {"bytes": base64.b64encode(inner.encode()).decode(), "p": "abc"}
    headers = {":event-type": "chunk"}

    (event,) = AwsDecoder().feed(encode_frame(headers, json.dumps(said).encode()))

    assert event == Event(inner, "")


def test_chunk_with_bytes_that_are_no_text_is_unwrapped():
    """What cannot be read of it is shown as such."""
    payload = {"bytes": base64.b64encode(b'{"text": "a\xff"}').decode()}
    frame = encode_frame({":event-type": "chunk"}, json.dumps(payload).encode())

    assert AwsDecoder().feed(frame) == [Event('{"text": "a\ufffd"}', "")]


@pytest.mark.parametrize("payload", ['{"bytes": "?"}', '{"b": 1}', "{", "[" * 20_000])
def test_chunk_that_is_none_is_left_as_it_is(payload):
    """What cannot be unwrapped comes out whole, for its reader to judge."""
    frame = encode_frame({":event-type": "chunk"}, payload.encode())

    assert AwsDecoder().feed(frame) == [Event(payload, "")]


@pytest.mark.parametrize(
    "headers, why",
    [
        ({"": 1}, "a header is called ''; 1 to 255 bytes"),
        ({"a" * 256: 1}, "1 to 255 bytes"),
        ({"a": 2**63}, "too large"),
        ({"a": "b" * 70_000}, "65535"),
        ({"a": None}, "give a bool"),
        ({"a": datetime(2026, 1, 1)}, "no time zone"),  # noqa: DTZ001 - on purpose
    ],
)
def test_headers_that_no_frame_can_say_are_refused(headers, why):
    """What the format has no room for is an InputError that says so."""
    with pytest.raises(InputError, match=why):
        encode_frame(headers, b"")


def test_decoder_is_fed_bytes():
    """A text is a mistake."""
    with pytest.raises(InputError, match="is fed bytes"):
        AwsDecoder().feed("a")
