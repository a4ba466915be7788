"""What must hold of time: input that is eight times as long takes no 24 times as long.

In: the number of a subject, and the beginning, the unit and the end of a text, with a
byte FF between. The unit is repeated; so a fuzzer finds what makes a subject slow.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from checking import Wrong, text_of

from harness.cassettes import read_cassette
from harness.cassettes.http_requests import HttpRequest, Matching
from harness.cassettes.redaction import Redaction
from harness.converting import read_recording
from harness.errors import HarnessError
from harness.partial_json import JsonPrefix
from harness.scripts.files import read_script
from harness.wire import DIALECTS
from harness.wire.frames import FrameDecoder

__all__ = ["SUBJECTS", "check_growth"]

_SMALL, _TIMES, _MOST = 2_000, 8, 24.0
#: Below this, in seconds of CPU, nobody minds, and a clock tells little.
_UNMINDED = 0.1
_REDACTION = Redaction.default()
_SLICE = 50


def _in_pieces(decoder: Any, data: bytes) -> None:
    for n in range(0, len(data), _SLICE):
        decoder.feed(data[n : n + _SLICE])
    decoder.close()


def _partial(data: bytes) -> None:
    prefix, text = JsonPrefix(), text_of(data)
    for n in range(0, len(text), _SLICE):
        prefix.feed(text[n : n + _SLICE])
        _ = prefix.error
    prefix.preview()


def _key(data: bytes) -> None:
    url = f"https://a.b/{text_of(data)}"
    Matching.read(["uri", "body"], ["$..id"]).key(HttpRequest("POST", url, (), data))


#: What takes text or bytes of any length, by what it is called in errors.
SUBJECTS: Mapping[str, Callable[[bytes], object]] = MappingProxyType(
    {
        "frames": lambda data: _in_pieces(FrameDecoder(), data),
        "partial_json": _partial,
        "read_cassette": lambda data: read_cassette(text_of(data), seals="ignore"),
        "read_recording": lambda data: read_recording(data, "it"),
        "read_script": lambda data: read_script(text_of(data)),
        "redact_text": lambda data: _REDACTION.redact_text(text_of(data)),
        "redact_request": lambda data: _REDACTION.redact_request(
            "POST", "https://a.b/", (("x-api-key", "abc123def456"),), data
        ),
        "scan": lambda data: _REDACTION.scan(text_of(data)),
        "matching": _key,
        **{
            f"stream of {name}": lambda data, one=one: _in_pieces(one.decoder(), data)
            for name, one in DIALECTS.items()
        },
        **{
            f"request of {name}": lambda data, one=one: one.read_request(data)
            for name, one in DIALECTS.items()
        },
    }
)


def _seconds(subject: Callable[[bytes], object], data: bytes) -> float:
    start = time.process_time()
    with suppress(HarnessError):
        subject(data)
    return time.process_time() - start


def check_growth(
    data: bytes,
    *,
    subjects: Mapping[str, Callable[[bytes], object]] = SUBJECTS,
) -> None:
    """Nothing takes more than linear time, and a bit."""
    head, _, rest = data[1:].partition(b"\xff")
    unit, _, tail = rest.partition(b"\xff")
    if not unit:
        return
    name = [*subjects][data[0] % len(subjects)]
    short, long = (
        head + unit * max(1, size // len(unit)) + tail
        for size in (_SMALL, _SMALL * _TIMES)
    )
    if _seconds(subjects[name], long) < _UNMINDED:
        return
    times = [[_seconds(subjects[name], one) for one in (short, long)] for _ in range(3)]
    few, many = (min(each) for each in zip(*times, strict=True))
    if many > _UNMINDED and many > _MOST * few:
        raise Wrong(
            f"{name}: {few:.4f} s for {len(short)} bytes, {many:.4f} for {len(long)}: "
            f"{head!r}, {unit!r} over and over, {tail!r}"
        )
