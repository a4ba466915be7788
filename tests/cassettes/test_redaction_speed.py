"""What is fast finds what is slow: hints before patterns, and requests remembered."""

import re
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cassettes import encodings, redaction
from harness.cassettes.key_shapes import KEY_SHAPES, KeyShape, ShapeIndex
from harness.cassettes.redaction import Redaction

HINTS = sorted({hint for shape in KEY_SHAPES for hint in shape.hints})
#: Of these keys are made, and what is nearly one.
PIECES = [
    *HINTS,
    *("a1B2c3D4e5" * 4, "0123456789abcdef" * 3, "A2B3C4D5E6F7G8H9", "x", "7", "_", "-"),
    *(
        " ",
        "\n",
        "\\n",
        "%3D",
        '"',
        ".",
        "s",
        "p",
        "sk",
        "rk",
        "do",
        "F",
        "Fw",
        "12345678",
    ),
    *(
        "B",
        "S",
        "basic ",
        ": ",
        "-----",
        " PRIVATE KEY-----",
        "END RSA",
        "eyJ",
        "proj-",
    ),
    *("v1-", "://", "a.b/?key=", "api03-", "é", "REDACTED-secret-0123abcd"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def plainly(shape: KeyShape) -> KeyShape:
    """Give a shape whose pattern is tried everywhere."""
    return KeyShape(shape.kind, (), shape.pattern)


@settings(max_examples=400)
@given(TEXTS)
def test_hints_miss_no_key(text: str) -> None:
    """A shape is looked for wherever its pattern fits, and is found there."""
    candidates = ShapeIndex(KEY_SHAPES).candidates(text)

    for shape in KEY_SHAPES:
        slow = [*plainly(shape).found(text)]

        assert [*shape.found(text)] == slow
        assert not slow or shape in candidates
    assert candidates == [shape for shape in KEY_SHAPES if shape in candidates]


def test_keys_of_each_shape_are_tried() -> None:
    """The texts above do have keys: a shape that none of them fits proves nothing."""
    starts = ("", "s", "A", "B", "S", "dop", "Fw", "12345678")
    middles = (
        "",
        " ",
        "=",
        "b-",
        "1-",
        ": Basic ",
        "api03-",
        "v1-",
        "pt_",
        "AgE",
        "/services/",
    )
    ends = ("a1B2c3D4e5" * 8, "0123456789abcdef" * 4, "A2B3C4D5E6F7G8H9", "a1B" * 11)
    parts = product(starts, HINTS, middles, ends)
    texts = "\n".join(map("".join, parts))

    fitting = {shape for shape in KEY_SHAPES if [*shape.found(texts)]}

    for shape in KEY_SHAPES:
        assert [*shape.found(texts)] == [*plainly(shape).found(texts)]
    missed = sorted(shape.kind for shape in {*KEY_SHAPES} - fitting)
    assert missed == ["jwt", "private-key", "sendgrid-key"]  # of several parts


@given(TEXTS)
def test_runs_miss_no_base64(text: str) -> None:
    """What can be base64 has a run of letters that is long enough."""
    slow = [one.span() for one in encodings._BLOB.finditer(text)]

    assert [one.span() for one in encodings._blob_matches(text)] == slow
    assert not slow or b"a" * 24 in encodings.runs(text)


def test_own_patterns_are_tried_everywhere() -> None:
    """A pattern of one's own has no hints."""
    own = KeyShape("own", (), re.compile(r"c\d"))

    assert ShapeIndex([own]).candidates("c1") == [own]
    assert [*own.found("c1 c2")] == [(0, 2), (3, 5)]


SAID = st.sampled_from(
    [
        "plain",
        "Bearer " + "sk" + "-a1B2c3D4e5f6G7h8I9j0K1",
        "a=word-of-12345; b=c",
        "12",
        "é",
    ]
)
NAMES = st.sampled_from(
    ["authorization", "cookie", "x-key", "accept", "content-length", "x-request-id"]
)
HEADERS = st.lists(st.tuples(NAMES, SAID), max_size=5).map(tuple)
URLS = st.sampled_from(
    [
        "https://a.b/",
        "https://a.b/?key=plain",
        "https://a.b/?q=word-of-12345&key=hunter2-x",
    ]
)
BODIES = st.sampled_from(
    [
        b"",
        b"plain word-of-12345",
        b'{"api_key": "plain-1-word", "b": "hunter2-x"}',
        b"12",
    ]
)


@given(st.lists(st.tuples(URLS, HEADERS, BODIES), max_size=6))
def test_what_is_remembered_is_what_is_found(
    requests: list[tuple[str, tuple[tuple[str, str], ...], bytes]],
) -> None:
    """A request is redacted alike, whatever was redacted before."""
    rules = Redaction.default()
    remembered = [rules.redact_request("POST", *one) for one in requests]

    for one, found in zip(requests, remembered, strict=True):
        redaction._head.cache_clear()

        assert rules.redact_request("POST", *one) == found
        assert rules.redact_request("POST", *one) == found
