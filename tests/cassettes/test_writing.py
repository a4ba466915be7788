"""Cassettes that we write: read back the same, by us and by stock vcrpy."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import vcr
import vcr.serialize
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from harness.cassettes import Interaction, load_cassette, read_cassette, write_cassette
from harness.cassettes.file_schemas import cassette_schema
from harness.errors import InputError
from harness.schemas import problems

URL = "https://a.b/v1/chat/completions"
ASKED = {
    "model": "m",
    "messages": [{"role": "user", "content": "Größe?\n"}],
    "stream": True,
}
SSE = b'data: {"a": 1}\n\ndata: [DONE]\n\n'

COMPACT = {"separators": (",", ":"), "ensure_ascii": False}

#: Characters that YAML, JSON and lines are made of, or break on.
ODD = " \t\n\r\x0b\x0c\x85\u2028\u2029\ufeff\x00\x7f\"'\\/#:-|>{}[],&*!%@`~é😀\ud7ff"
TEXTS = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8")), max_size=20
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)
WORDS = TEXTS | st.sampled_from(
    ["OK", "no", "null", "3", "2026-11-24", "a: b", "x" * 99]
)


def json_bytes(value: Any, **options: Any) -> bytes:
    """Spell a JSON value."""
    return json.dumps(value, **options).encode()


@st.composite
def spelled_json(draw: st.DrawFn) -> bytes:
    """Give JSON in one of the ways in which clients and providers spell it."""
    text = json.dumps(
        draw(VALUES),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":")])),
        indent=draw(st.sampled_from([None, None, 2, 4])),
    )
    return (text + draw(st.sampled_from(["", "\n", "\r\n", " ", "\n\n"]))).encode()


BODIES = (
    st.binary(max_size=50)
    | TEXTS.map(str.encode)
    | spelled_json()
    | st.lists(TEXTS, max_size=4).map(
        lambda lines: "".join(f"data: {line}\n\n" for line in lines).encode()
    )
)
NAMES = TEXTS | st.sampled_from(["a", "A", "y", "content-length", "n" * 1500])


@st.composite
def headers(draw: st.DrawFn, body: bytes) -> tuple[tuple[str, str], ...]:
    """Give headers, with a content-length that may be right."""
    found = draw(st.lists(st.tuples(NAMES, WORDS), max_size=4))
    length = [("Content-Length", str(len(body)))] if draw(st.booleans()) else []
    return (*found, *length)


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    """Give any interaction that there can be."""
    asked, answered = draw(BODIES), draw(BODIES)
    chunks = times = None
    if draw(st.booleans()):
        cuts = sorted(draw(st.lists(st.integers(0, len(answered)), max_size=3)))
        ends = [*cuts, len(answered)] if cuts or answered else []
        starts = [0, *ends]
        chunks = tuple(answered[a:b] for a, b in zip(starts, ends, strict=False))
        if draw(st.booleans()):
            times = tuple(draw(st.integers(0, 10**6)) for _ in chunks)
    return Interaction(
        draw(st.sampled_from(["GET", "POST", "no"]) | TEXTS),
        draw(TEXTS),
        draw(st.integers(100, 999)),
        request_headers=draw(headers(asked)),
        request_body=asked,
        response_headers=draw(headers(answered)),
        response_body=answered,
        response_chunks=chunks,
        chunk_times=times,
        ended=draw(
            st.sampled_from(
                ["complete", "truncated", "interrupted", "timeout", "connection"]
            )
        ),
        failure=draw(TEXTS),
        reason=draw(WORDS),
        http_version=draw(WORDS),
        recorded_at=draw(WORDS),
    )


def answer(body: bytes, asked: bytes = b"", **fields: Any) -> Interaction:
    """Give an interaction with bodies."""
    return Interaction(
        "POST", URL, 200, request_body=asked, response_body=body, **fields
    )


def shown(body: bytes, **fields: Any) -> str:
    """Give what a file shows of a body, from its key on."""
    text = write_cassette([answer(body, **fields)])
    return text[text.index("string: ") : text.index("version: 1")]


def loose(body: bytes) -> Any:
    """Read JSON so that numbers are compared as they are spelled."""
    return json.loads(body, parse_int=str, parse_float=str, parse_constant=str)


@given(st.lists(interactions(), max_size=3))
@example([answer(b'{"a": 1, "a": 2, "b": 1e400, "c": 123456789012345678901234567890}')])
@example([answer(b'{"a":"\\u00e9\\ud83d\\ude00\\/\\u001f","b":"\\u00E9"}')])
@example([answer(b'{"a": "\xc3\xa9\\u00e9"}')])
@example([answer(b'event: x\ndata: {"a": 1}      \n\n')])
@example([answer(b"", response_chunks=()), answer(b"", response_chunks=(b"",))])
@example([answer(b"[" * 100_000)])
def test_what_is_written_is_read_back(found: list[Interaction]) -> None:
    """Every byte, header, chunk and time comes back; the same again is the same."""
    text = write_cassette(found)

    back = read_cassette(text, seals="error")

    assert back == (*found,)
    assert all(one.sealed for one in back)
    assert write_cassette(back) == text


@given(st.lists(interactions(), max_size=3))
def test_stock_vcrpy_loads_all(found: list[Interaction]) -> None:
    """The loader of vcrpy gives the same requests and answers, JSON laid out."""
    text = write_cassette(found)

    asked, answered = vcr.serialize.deserialize(text, yamlserializer)

    assert [(one.method, one.uri) for one in asked] == [
        (one.method, one.url) for one in found
    ]
    assert [one["status"]["code"] for one in answered] == [one.status for one in found]
    said = [(r.body, a["body"]["string"]) for r, a in zip(asked, answered, strict=True)]
    for theirs, ours in zip(said, found, strict=True):
        for body, wire in zip(
            theirs, (ours.request_body, ours.response_body), strict=True
        ):
            assert body == wire or loose(body) == loose(wire)


EXCHANGES = [
    replace(
        answer(body, json_bytes({**ASKED, "n": n}, **COMPACT)),
        request_headers=(("content-type", "application/json"),),
        response_headers=(
            ("content-type", kind),
            ("content-length", str(len(body))),
            ("x-one", "1"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
        ),
        response_chunks=(body[:7], body[7:]),
        chunk_times=(3, 5),
        reason="OK",
    )
    for n, (kind, body) in enumerate(
        [
            ("application/json", json_bytes(ASKED)),
            ("application/json", json_bytes({"é": [1, {}]}, **COMPACT) + b"\n"),
            ("text/event-stream", SSE),
            ("text/event-stream", SSE.replace(b"\n", b"\r\n")),
            ("application/octet-stream", bytes(range(256))),
            ("text/plain", b""),
        ]
    )
]


def same(theirs: bytes, ours: Interaction) -> bool:
    """Tell whether vcrpy gave what was recorded, JSON in any spelling."""
    if ours.response_headers[0][1] == "application/json":
        return loose(theirs) == loose(ours.response_body)
    return theirs == ours.response_body


def test_stock_vcrpy_replays_all_through_httpx(tmp_path: Path) -> None:
    """Requests are matched by their bodies; status, headers and bodies are right."""
    path = tmp_path / "a.yaml"
    path.write_text(write_cassette(EXCHANGES), "utf-8")
    match_on = ["method", "uri", "body"]

    with (
        vcr.use_cassette(str(path), record_mode="none", match_on=match_on),
        httpx.Client() as client,
    ):
        for one in reversed(EXCHANGES):
            got = client.post(
                URL, content=one.request_body, headers=list(one.request_headers)
            )
            assert (got.status_code, got.reason_phrase) == (200, "OK")
            assert same(got.content, one)
            assert got.headers.get_list("set-cookie") == ["a", "b"]


def test_stock_vcrpy_replays_all_through_requests(tmp_path: Path) -> None:
    """Clients that check the length of a body find it right for what is stored."""
    path = tmp_path / "a.yaml"
    path.write_text(write_cassette(EXCHANGES), "utf-8")

    with (
        vcr.use_cassette(str(path), record_mode="none"),
        requests.Session() as session,
    ):
        for one in EXCHANGES:
            with session.post(URL, data=one.request_body, stream=True) as got:
                assert same(b"".join(got.iter_content(5)), one)


def test_what_stock_vcrpy_saves_again_is_still_ours(tmp_path: Path) -> None:
    """Chunks, times and seals survive vcrpy's own saving, which sorts all keys."""
    path = tmp_path / "a.yaml"
    asked, answered = vcr.serialize.deserialize(
        write_cassette(EXCHANGES), yamlserializer
    )

    FilesystemPersister.save_cassette(
        path, {"requests": asked, "responses": answered}, yamlserializer
    )

    back = load_cassette(path, seals="error")
    assert [replace(b, response_headers=(), request_headers=()) for b in back] == [
        replace(e, response_headers=(), request_headers=()) for e in EXCHANGES
    ]
    assert [sorted(b.response_headers) for b in back] == [
        sorted(e.response_headers) for e in EXCHANGES
    ]


def test_a_person_can_read_it() -> None:
    """JSON stands line by line, streams as they came, and nothing twice."""
    body = json_bytes(ASKED, **COMPACT)
    found = replace(
        answer(SSE, body, response_chunks=(SSE[:16], SSE[16:]), chunk_times=(31, 52)),
        request_headers=(("content-length", str(len(body))),),
        response_headers=(
            ("content-type", "text/event-stream"),
            ("x", "1"),
            ("x", "2"),
        ),
        reason="OK",
        http_version="HTTP/1.1",
        recorded_at="2026-11-24T10:00:00Z",
        ended="truncated",
    )

    text = write_cassette([found])

    seals = re.findall(r'seal: "(\w{16})"', text)
    assert text == (
        """\
interactions:
- request:
    method: POST
    uri: "https://a.b/v1/chat/completions"
    headers:
      content-length: ["121"]
    body: |-
      {
        "model": "m",
        "messages": [
          {
            "role": "user",
            "content": "Größe?\\n"
          }
        ],
        "stream": true
      }
  response:
    status:
      code: 200
      message: OK
    headers:
      content-type: ["text/event-stream"]
      x: ["1", "2"]
    recorded:
      at: "2026-11-24T10:00:00Z"
      http_version: "HTTP/1.1"
      ended: truncated
      request_form: compact
      seal: "SEAL"
    body:
      string: |+
        data: {"a": 1}

        data: [DONE]

      chunks: [[16, 31], [14, 52]]
version: 1
seal: "LAST"
count: 1
"""
    ).replace("SEAL", seals[0]).replace("LAST", seals[1])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", 'string: ""\n'),
        (b"hi", "string: |-\n        hi\n"),
        (b"hi\n", "string: |\n        hi\n"),
        (b"\n\n", 'string: "\\n\\n"\n'),
        (b" a\n\nb\n\n", "string: |2+\n         a\n\n        b\n\n"),
        (b"a \nb", 'string: "\\\n        a \\n\\\n        b\\\n        "\n'),
        (b"a\r\n b", 'string: "\\\n        a\\r\\n\\\n        \\u0020b\\\n        "\n'),
        ("a\u2028b".encode(), 'string: "a\\u2028b"\n'),
        (b"\xff" * 60, f"string: !!binary |\n        {'/' * 76}\n        ////\n"),
        (b"{}", "string: |-\n        {}\n"),
        (b'{"a":1} ', 'string: "{\\"a\\":1} "\n'),
        (b'{"a":1}', 'string: |-\n        {\n          "a": 1\n        }\n'),
    ],
)
def test_bodies(body: bytes, text: str) -> None:
    """Bodies stand as they are where YAML carries them, JSON line by line."""
    assert shown(body) == text


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (json_bytes(ASKED), "spaced ascii"),
        (json_bytes(ASKED, ensure_ascii=False), "spaced"),
        (json_bytes(ASKED, separators=(",", ":")), "compact ascii"),
        (json_bytes(ASKED, **COMPACT), "compact"),
        (b'{"a": "\\u00C9"}', "spaced"),
    ],
)
def test_the_spelling_of_json_is_one_word_or_two(body: bytes, form: str) -> None:
    """Letters are shown where the wire escaped them, unless in a way of its own."""
    text = write_cassette([answer(body)])

    assert f"      form: {form}\n" in text.replace('"', "")
    assert ("Größe" in text) == (b"messages" in body)


def test_the_content_length_of_json() -> None:
    """It is right for what is shown; one that was wrong stays as it was."""
    body = json_bytes({"a": 1})
    wrong, right = (("content-length", "7"),), (("Content-Length", "8"),)

    texts = [
        write_cassette([answer(body, response_headers=said)]) for said in (wrong, right)
    ]

    assert 'content-length: ["7"]' in texts[0]
    assert 'form: "spaced unsized"' in texts[0]
    assert 'Content-Length: ["12"]' in texts[1]


def test_many_chunks_are_wrapped() -> None:
    """No line of a list of chunks is longer than a screen."""
    chunks = tuple(b"%03d" % n for n in range(99))
    found = answer(
        b"".join(chunks), response_chunks=chunks, chunk_times=tuple(range(99))
    )

    text = write_cassette([found])

    assert max(map(len, text.split("chunks:")[1].splitlines())) <= 88
    assert read_cassette(text, seals="error") == (found,)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (answer(b"ab", response_chunks=(b"a",)), "its chunks, 1 of them, are not"),
        (answer(b"", chunk_times=(1,)), "1 chunk_times for 0 chunks"),
        (replace(answer(b""), status=99), "the status 99 is none"),
        (replace(answer(b""), url="\ud800"), "half a surrogate pair at 0"),
    ],
)
def test_what_cannot_be_written(found: Interaction, told: str) -> None:
    """What no recorder makes is an error at once, not a file that reads otherwise."""
    with pytest.raises(InputError, match=told):
        write_cassette([found])


def test_base64_is_of_the_body() -> None:
    """Binary bodies are what the standard says."""
    body = bytes(range(256))

    assert base64.b64decode(shown(body).split("|")[1]) == body


# -------------------------------------------------------------------- the schema


@settings(max_examples=30, deadline=None)
@given(st.lists(interactions(), max_size=2))
def test_what_is_written_fits_the_schema(given: list[Interaction]) -> None:
    """The schema of cassettes knows all that the writer writes."""
    written = yaml.safe_load(write_cassette(given))

    assert problems(as_json(written), cassette_schema()) == []


def as_json(value: Any) -> Any:
    """Give *value* with texts for bytes, which JSON has not."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {key: as_json(one) for key, one in value.items()}
        case list():
            return [as_json(one) for one in value]
        case _:
            return value
