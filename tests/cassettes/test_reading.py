"""Cassette files: all forms of vcrpy's format in the wild, and what is none."""

import gzip
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
import vcr.serialize
import yaml
from vcr.serializers import yamlserializer

from harness.cassettes import (
    Interaction,
    decoded_body,
    find_cassette,
    load_cassette,
    read_cassette,
    write_cassette,
)
from harness.cassettes.message_format import holds_conversations
from harness.errors import CassetteError

REQUEST = {
    "method": "post",
    "uri": "https://a.b/v1/chat/completions",
    "headers": {"accept": ["*/*"], "x-one": "1"},
    "body": '{"é": 1}',
}
RESPONSE = {
    "status": {"code": 200, "message": "OK"},
    "headers": {"content-type": ["application/json"], "x-many": ["a", "b"]},
    "body": {"string": "ö"},
}


def cassette(
    request: dict[str, Any] | None = None,
    response: dict[str, Any] | None = None,
    **keys: Any,
) -> str:
    """Give the text of a cassette with one interaction."""
    pair = {"request": request or REQUEST, "response": response or RESPONSE}
    return yaml.safe_dump({"interactions": [pair], "version": 1, **keys})


def read(text: str) -> Interaction:
    """Give the only interaction of a text."""
    (found,) = read_cassette(text)
    return found


def without(message: dict[str, Any], key: str, **more: Any) -> dict[str, Any]:
    """Give a message without one key, and with others."""
    return {**{k: v for k, v in message.items() if k != key}, **more}


def test_an_interaction() -> None:
    """All that was recorded is read, headers in order."""
    found = read(cassette())

    assert (found.method, found.url, found.status) == ("POST", REQUEST["uri"], 200)
    assert found.request_headers == (("accept", "*/*"), ("x-one", "1"))
    assert found.response_headers[1:] == (("x-many", "a"), ("x-many", "b"))
    assert found.request_body == '{"é": 1}'.encode()
    assert found.response_body == "ö".encode()
    assert found.place == "the cassette, interaction 1 (line 2)"


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (without(REQUEST, "body"), b""),
        ({**REQUEST, "body": None}, b""),
        ({**REQUEST, "body": b"\xff"}, b"\xff"),
        ({**REQUEST, "body": {"a": "é"}}, '{"a": "é"}'.encode()),
        ({**REQUEST, "body": [1]}, b"[1]"),
        (without(REQUEST, "body", parsed_body={"a": 1}), b'{"a": 1}'),
    ],
)
def test_request_bodies(request_: dict[str, Any], body: bytes) -> None:
    """Text, bytes, null, mappings and parsed bodies are all bytes in the end."""
    assert read(cassette(request_)).request_body == body


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ({**RESPONSE, "body": {"string": None}}, b""),
        ({**RESPONSE, "body": {"string": b"\xff"}}, b"\xff"),
        ({**RESPONSE, "body": {"base64_string": "/w=="}}, b"\xff"),
        ({**RESPONSE, "body": "x"}, b"x"),
        ({**RESPONSE, "body": None}, b""),
        (without(RESPONSE, "body", parsed_body=[1]), b"[1]"),
        (without(RESPONSE, "body", content="x"), b"x"),
    ],
)
def test_response_bodies(response: dict[str, Any], body: bytes) -> None:
    """All spellings of a response's body are read."""
    assert read(cassette(response=response)).response_body == body


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"type": "none"}, b""),
        ({"type": "json", "content": {"a": "é"}}, '{"a": "é"}'.encode()),
        ({"type": "text", "content": "é"}, "é".encode()),
        ({"type": "binary", "content": "00ff"}, b"\x00\xff"),
    ],
)
def test_typed_bodies(body: dict[str, Any], data: bytes) -> None:
    """Bodies may say of what type they are; the status may be a bare number."""
    pair: dict[str, Any] = {"request": {**REQUEST, "body": body}}
    pair["response"] = {**RESPONSE, "body": body, "status": 201}
    text = yaml.safe_dump(
        {
            "version": 1,
            "interactions": [{**pair, "recorded_at": "2026-02-03T04:05:06Z"}],
        }
    )

    found = read(text)

    assert (found.request_body, found.response_body, found.status) == (data, data, 201)
    assert found.recorded_at == "2026-02-03T04:05:06Z"


def test_what_looks_like_a_date_is_text() -> None:
    """Dates of parsed bodies are read as they are spelled."""
    text = cassette(without(REQUEST, "body", parsed_body={"at": "DATE"}))

    found = read(text.replace("DATE", "2026-02-15T07:50:37.85Z"))

    assert found.request_body == b'{"at": "2026-02-15T07:50:37.85Z"}'


@pytest.mark.parametrize(
    ("coding", "body", "names"),
    [
        ("gzip", "plain", ["x"]),
        ("identity", "plain", ["content-encoding", "x"]),
        ("gzip", "", ["content-encoding", "x"]),
        ("gzip", gzip.compress(b"packed", mtime=0), ["content-encoding", "x"]),
        ("gzip", gzip.compress(b"packed", mtime=0)[:-3], ["content-encoding", "x"]),
    ],
)
def test_a_coding_that_was_undone(
    coding: str, body: str | bytes, names: list[str]
) -> None:
    """A content-encoding is dropped where the body was stored decoded."""
    headers = {"content-encoding": [coding], "x": ["1"]}

    found = read(
        cassette(response={**RESPONSE, "headers": headers, "body": {"string": body}})
    )

    assert [name for name, _ in found.response_headers] == names


def test_a_path_may_be_a_text(tmp_path: Path) -> None:
    """As wherever a file is named."""
    path = tmp_path / "a.yaml"
    path.write_text(write_cassette([Interaction("GET", "https://a.b/", 200)]), "utf-8")

    found = load_cassette(str(path))

    assert found == load_cassette(path)
    assert found[0].place == f"{path}, interaction 1 (line 2)"


def test_two_lists_in_a_packed_file(tmp_path: Path) -> None:
    """Requests and responses may be lists of their own, and the file packed."""
    path = tmp_path / "a.yaml.gz"
    lists = {"requests": [REQUEST, REQUEST], "responses": [RESPONSE, RESPONSE]}
    path.write_bytes(gzip.compress(yaml.safe_dump(lists).encode()))

    found = load_cassette(path)

    assert [one.url for one in found] == [REQUEST["uri"]] * 2
    assert found[1].place == f"{path}, interaction 2"


def test_a_packed_file_that_is_damaged(tmp_path: Path) -> None:
    """It is named."""
    path = tmp_path / "a.yaml.gz"
    path.write_bytes(gzip.compress(cassette().encode())[:-5])

    with pytest.raises(CassetteError, match=r"a\.yaml\.gz is damaged gzip"):
        load_cassette(path)


OLD_TAGS = """\
interactions:
- request:
    method: !!python/unicode GET
    uri: !!python/str 'https://a.b/'
    body: !!python/object/new:_io.BytesIO
      state: !!python/tuple [!!binary aGk=, 0]
    headers:
      ? !!python/object/new:multidict._multidict.istr
      - Accept
      : ['*/*']
      ? !!python/object/apply:multidict._multidict.istr
        args: [X-One]
      : ['1']
  response:
    status: {code: 200}
    headers: {}
    body:
      string: !!python/object/apply:builtins.iter
        args: [[!!binary aGk=, a]]
version: 1
"""


def test_tags_of_old_recorders() -> None:
    """What old versions wrote for plain text and bytes is just that."""
    found = read(OLD_TAGS)

    assert (found.method, found.url, found.request_body) == (
        "GET",
        "https://a.b/",
        b"hi",
    )
    assert found.request_headers == (("Accept", "*/*"), ("X-One", "1"))
    assert found.response_body == b"hia"


def test_the_stub_of_old_httpx() -> None:
    """An older vcrpy stored httpx's answers under keys of their own."""
    old = {"content": "x", "headers": None, "http_version": "1.1", "status_code": 429}

    found = read(cassette(response=old))

    assert (found.status, found.response_body, found.response_headers) == (
        429,
        b"x",
        (),
    )


def test_headers_as_pairs() -> None:
    """Headers may be a list of pairs; bytes among them are text."""
    pairs = [["a", "1"], ["a", b"\xe9"]]

    found = read(cassette(response={**RESPONSE, "headers": pairs}))

    assert found.response_headers == (("a", "1"), ("a", "é"))


def test_no_version() -> None:
    """Files trimmed by hand have no version, and are read."""
    text = yaml.safe_dump(
        {"interactions": [{"request": REQUEST, "response": RESPONSE}]}
    )

    assert read(text).status == 200


def test_json() -> None:
    """The JSON form of vcrpy is read too."""
    text = json.dumps({"interactions": [{"request": REQUEST, "response": RESPONSE}]})

    assert read(text + "\n").place == "the cassette, interaction 1"


PACKED = gzip.compress(b"hello", mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", PACKED),
        ("gzip", b"hello"),
        ("", PACKED),
        ("gzip, gzip", gzip.compress(PACKED, mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello", wbits=-15)),
        ("deflate", b"hello"),
        ("br", b"hello"),
        ("identity", b"hello"),
        ("", b"hello"),
    ],
)
def test_compressed_bodies(coding: str, body: bytes) -> None:
    """Bodies are decoded, unless only the header was left of the coding."""
    headers = (("Content-Encoding", coding),)
    found = Interaction("POST", "u", 200, response_headers=headers, response_body=body)

    assert decoded_body(found) == b"hello"


@pytest.mark.parametrize(
    ("coding", "body", "told"),
    [
        ("gzip", PACKED[:-6], "damaged gzip"),
        ("gzip", PACKED[:12] + b"xxxx" + PACKED[16:], "damaged gzip"),
        ("br", b"\x0b\x02\x80", "compressed as 'br'"),
        ("zstd", b"\x28\xb5\x2f\xfd ", "decode_compressed_response=True"),
    ],
)
def test_bodies_that_cannot_be_decoded(coding: str, body: bytes, told: str) -> None:
    """A damaged body is an error that says what to do."""
    headers = (("content-encoding", coding),)
    found = Interaction("POST", "u", 200, response_headers=headers, response_body=body)

    with pytest.raises(CassetteError, match=told):
        decoded_body(found)


WRONG = {
    "empty": ("", "the cassette is empty"),
    "blank": (" \n", "the cassette is empty"),
    "merge marker": (
        "interactions: []\n<<<<<<< HEAD\n=======\n",
        r"line 2: a merge conflict is not resolved \('<<<<<<<'\)",
    ),
    "broken YAML": (
        "interactions:\n- a: 'x\n",
        "line 3 is damaged: found unexpected end",
    ),
    "python tag": (
        "interactions:\n- !!python/object/apply:os.getcwd []\n",
        "line 2 is damaged: could not determine a constructor",
    ),
    "bad binary": ("interactions:\n- !!binary 'x'\n", "line 2 is damaged: failed to"),
    "bad number": ("interactions:\n- !!int 'x'\n", "is damaged: invalid literal"),
    "odd key": ("? {a: 1}\n: 2\ninteractions: []\n", "is damaged"),
    "deep": ("[" * 5000, "is damaged|nested too deeply"),
    "broken JSON": ('{"interactions": [', "is no JSON"),
    "deep JSON": ('{"a": ' + "[" * 99_999, "is no JSON|nested too deeply"),
    "a list": ("- 1\n", "a list, where a mapping with 'interactions' is expected"),
    "a text": ("hello\n", "a str, where"),
    "no interactions": ("version: 1\n", "has no 'interactions', but 'version'"),
    "null": ("interactions:\nversion: 1\n", "'interactions' is None, not a list"),
    "cut short": (
        "interactions: []",
        "line 1 is the last, .* was cut short",
    ),
    "Ruby": ("http_interactions: []\n", "in the format of VCR for Ruby or R"),
    "HAR": ('{"log": {"entries": []}}', "in the format of HAR"),
    "uneven lists": (
        "requests: []\nresponses: [1]\n",
        "0 requests and 1 responses: the file is damaged",
    ),
    "httpmock": ("when: {}\n---\nwhen: {}\n", "in the format of httpmock"),
    "go-vcr": ("interactions:\n- request:\n    url: u\n", "in the format of go-vcr"),
    "several documents": ("a: 1\n---\nb: 1\n", "but found another document"),
    "no response": (
        cassette().replace("response:", "respond:"),
        r"interaction 1 \(line 2\) is .*no whole request",
    ),
    "no status": (
        cassette(response=without(RESPONSE, "status")),
        "the response has no status code",
    ),
    "odd status": (
        cassette(response={**RESPONSE, "status": {"code": 99999}}),
        "the response has no status code",
    ),
    "no body": (
        cassette(response=without(RESPONSE, "body")),
        "the response has no body",
    ),
    "odd body": (
        cassette(response={**RESPONSE, "body": {"string": 3}}),
        "the response has the body {'string': 3}",
    ),
    "odd typed body": (
        cassette(response={**RESPONSE, "body": {"type": "binary", "content": 3}}),
        "the response has the body {'type': 'binary', 'content': 3}",
    ),
    "bad hexadecimal": (
        cassette(response={**RESPONSE, "body": {"type": "binary", "content": "x"}}),
        "no hexadecimal",
    ),
    "a body that is no JSON": (
        cassette(without(REQUEST, "body", parsed_body={"a": {(1, 2): 3}})).replace(
            "- 1", "!!python/tuple [1, 2]"
        ),
        "damaged",
    ),
    "bad base64": (
        cassette(response={**RESPONSE, "body": {"base64_string": "x"}}),
        "no base64",
    ),
    "odd headers": (
        cassette({**REQUEST, "headers": 3}),
        "the request has the headers 3",
    ),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_what_is_no_cassette(text: str, told: str) -> None:
    """Damaged and foreign files are refused by name, place and cause."""
    with pytest.raises(CassetteError, match=told):
        read_cassette(text)


def test_every_truncation_is_told_or_reads_the_same_requests() -> None:
    """A file cut anywhere is refused, but for its last line, which says nothing new."""
    text = cassette()
    whole = read_cassette(text)
    silent = []
    for end in range(len(text)):
        try:
            found = read_cassette(text[:end])
        except CassetteError:
            continue
        silent += [end] if found != whole else []

    # The cut falls between two whole lines, after all that a response must have.
    assert {text[end - 1] for end in silent} <= {"\n"}


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named by their place."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"interactions: \xff")

    with pytest.raises(CassetteError, match=r"a\.yaml: byte 14 is no UTF-8"):
        load_cassette(path)


def test_a_foreign_file_that_is_no_text(tmp_path: Path) -> None:
    """One that holds any bytes is told by how it begins."""
    path = tmp_path / "a.httprr"
    path.write_bytes(b"httprr trace v1\n1 1\n\xff\xff")

    with pytest.raises(CassetteError, match=r"httprr; .*: harness convert .*a\.httprr"):
        load_cassette(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(CassetteError, match="cannot be read: Is a directory"):
        load_cassette(tmp_path)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """An editor's mark at the start is no part of the text."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + cassette().encode())

    assert len(load_cassette(path)) == 1


def test_names_and_paths(tmp_path: Path) -> None:
    """A name is looked up in the folder, below it too; a path is taken as it is."""
    deep = tmp_path / "agents" / "weather.yml"
    deep.parent.mkdir()
    deep.write_text(cassette())

    assert find_cassette("agents/weather", tmp_path) == deep
    assert find_cassette("agents/weather.yml", tmp_path) == deep
    assert find_cassette(deep) == deep


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    """The names that there are stand in the error."""
    (tmp_path / "weather.yaml").write_text(cassette())

    with pytest.raises(CassetteError, match="Did you mean 'weather'"):
        find_cassette("wether", tmp_path)


def test_a_path_of_another_class_is_told_as_a_path(tmp_path: Path) -> None:
    """Errors and places name the file, not the object that knows it."""
    path = tmp_path / "weather.yaml"
    path.write_text(cassette())
    with os.scandir(tmp_path) as entries:
        [entry] = entries

    assert load_cassette(entry)[0].place.startswith(f"{path}, interaction 1 ")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Without a folder there is nothing to suggest."""
    with pytest.raises(CassetteError, match=r"no folder .*nowhere to look in"):
        find_cassette("weather.yaml", tmp_path / "nowhere")


#: What was recorded over HTTP; conversations are in a format that vcrpy has not.
OURS = [
    path
    for path in sorted((Path(__file__).parents[2] / "cassettes").glob("*.yaml"))
    if not holds_conversations(path.read_text("utf-8"))
]


def said(body: bytes | str | None) -> Any:
    """Give what a body says: the value of JSON, the bytes of all else."""
    data = body.encode() if isinstance(body, str) else body or b""
    try:
        return json.loads(data)
    except ValueError:
        return data


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_stock_vcrpy_reads_our_cassettes(path: Path) -> None:
    """The loader of vcrpy gives the same requests and bodies, but for JSON's layout."""
    ours = load_cassette(path)

    requests, responses = vcr.serialize.deserialize(
        path.read_text("utf-8"), yamlserializer
    )

    assert [(r.method, r.uri, said(r.body)) for r in requests] == [
        (i.method, i.url, said(i.request_body)) for i in ours
    ]
    assert [(r["status"]["code"], said(r["body"]["string"])) for r in responses] == [
        (i.status, said(i.response_body)) for i in ours
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        '{request: {method: [], uri: "https://a.b", headers: {x-key: %s}}}',
        '{request: {method: GET, uri: x}, response: {headers: ["x-key: %s"]}}',
        "{request: {method: GET, uri: x}, response: {body: {said: %s}}}",
        "%s",
    ],
)
def test_an_error_shows_no_secret_of_a_damaged_file(wrong: str) -> None:
    """Whoever reads the log of a run need not know them."""
    item = wrong % "hunter2hunter2"
    text = f"interactions:\n- {item}\nversion: 1\n".replace(
        "response: {", "response: {status: {code: 200}, "
    )

    with pytest.raises(CassetteError, match="characters") as error:
        read_cassette(text)
    assert "hunter" not in str(error.value)
