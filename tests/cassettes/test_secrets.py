"""The last look over a file: what it finds, what it says, and what it leaves alone."""

import base64
import gzip
import json
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.cassettes.encodings import blobs, json_quoted, json_unquoted, unzipped
from harness.cassettes.key_shapes import shape_kind
from harness.cassettes.placeholders import (
    in_placeholder,
    placeholder,
    without_fingerprints,
)
from harness.cassettes.rules import Rules
from harness.cassettes.secret_names import (
    COOKIE,
    REQUEST_ID,
    SECRET,
    SUSPECT,
    field_kind,
    header_kind,
    query_kind,
)
from harness.cassettes.secrets import Leak, scan

ROOT = Path(__file__).parent.parent.parent
KEY = "gs" + "k_" + "Ab3" * 16
DASHES = "-" * 5
ZIPPED = base64.b64encode(gzip.compress(KEY.encode(), mtime=0)).decode()


def test_a_leak_says_where_and_does_not_tell() -> None:
    """The error that refuses a save must not print the secret."""
    (leak,) = scan(f"a: 1\nb: {KEY}\n")

    assert leak == Leak("groq-key", 2, "gsk_... (52 characters)")
    assert str(leak) == "line 2: groq-key (gsk_... (52 characters))"
    assert KEY not in repr(leak)


def test_every_secret_of_one_kind_is_found() -> None:
    """Where one key stands there may be more, each on its line."""
    other = KEY.swapcase().replace("GSK", "gsk")

    assert [leak.line for leak in scan(f"{KEY}\n{other} {KEY[:-1]}\n")] == [1, 2, 2]


def test_the_user_of_a_url() -> None:
    """A password before a host has no name and no shape, and is a secret."""
    (leak,) = scan("see https://ann:pass-word-4@a.example/")

    assert str(leak) == "line 1: secret (ann:... (15 characters))"


def test_what_was_told_to_be_secret_is_found_again() -> None:
    """A value that a field calls a password is one in a stream's pieces, too."""
    lines = [
        '{"password": "some-words-4"}',
        '{"text": "so: some-w"}',
        '{"text": "ords-4"}',
    ]

    leaks = scan("\n".join(lines))

    assert {leak.kind for leak in leaks} == {"secret"}
    assert [leak.line for leak in leaks] == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (header_kind, "X_Api_Key", SECRET),
        (header_kind, "api_token", SUSPECT),
        (header_kind, "X-Request_ID", REQUEST_ID),
        (field_kind, "cookies", COOKIE),
        (field_kind, "Set-Cookie", COOKIE),
        (field_kind, "request_id", REQUEST_ID),
        (field_kind, "sessionCredentials", SUSPECT),
        (field_kind, "credential", SUSPECT),
        (query_kind, "Ticket", SECRET),
        (query_kind, "x-amz-credential", SECRET),
    ],
)
def test_names_in_any_spelling(kind, name, said):
    """Names are told whatever their case is, and whatever is between their words."""
    assert kind(name) == said


def test_a_short_secret_is_not_shown() -> None:
    """Of a short secret no more than a third is shown."""
    (leak,) = scan('"password": "abc"')

    assert leak.shown == "a... (3 characters)"


def test_what_is_around_a_value_is_not_counted() -> None:
    """Quotes and brackets of the file's format are no part of a secret."""
    assert scan("headers:\n  x-api-key: ['8d1c0b7a4f']\n") == (
        Leak("secret", 2, "8d1... (10 characters)"),
    )


@pytest.mark.parametrize(
    "text",
    [
        f"uri: https://a.example/x?y={KEY}",
        f'string: \'{{"a": "\\n{KEY}"}}\'',
        f"u=%3D{KEY}",
        r'{"u": "https:\/\/a.example\/?key=4f1d7a"}',
        r'{"u": "https://a.example/?x=1\u0026key=4f1d7a"}',
        json.dumps({"file": base64.encodebytes(f"{'x' * 39} {KEY}".encode()).decode()}),
        "it%3A%20%7B%22password%22%3A%20%22hunter-2%22%7D",
        f"string: !!binary |\n  {ZIPPED}",
        "headers:\n  Authorization:\n  - Basic dXNlcjpwYXNz\n",
        '{"headers": {"x-api-key": ["4f1d7a"]}}',
        "headers:\n  cookie: [sid=4f1d7a]\n",
        "uri: u\nrequest:\n  headers:\n    x-api-key:\n    - 4f1d7a\n",
        "headers:\n  authorization: <API_KEY>\n  x-api-key: 4f1d7a\n",
        "headers:\n  x-api-key: 4f1d7a\nb:\n  headers:\n    accept: text\n",
        f"{DASHES}BEGIN PRIVATE KEY{DASHES}\\nMIIEvQ{'Ab3' * 20}",
    ],
)
def test_found(text: str) -> None:
    """Secrets in the forms that a file has them in."""
    assert scan(text)


@pytest.mark.parametrize(
    "text",
    [
        "headers:\n  authorization:\n  - Bearer <API_KEY>\n",
        "headers:\n  x-api-key:\n  - FILTERED\n",
        "headers:\n  x-request-id:\n  - req_1\n  openai-organization:\n  - acme\n",
        f"headers:\n  x-api-key:\n  - {placeholder('secret', 'a')}\n",
        "headers:\n  x-token-count:\n  - '12'\n  signature:\n  - abcdef\n",
        "headers:\n  x-agent-token:\n  - some-words\n",
        f"headers:\n  signature:\n  - {'abc4' * 9}\n",
        "headers:\n  accept:\n  - text\nbody: |\n  x-api-key: 4f1d7a\n",
        f"Bearer {placeholder('secret', 'a')}.",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "",
    ],
)
def test_not_found(text: str) -> None:
    """What others, or we, wrote in place of a secret is none."""
    assert scan(text) == ()


def test_no_rules_find_nothing() -> None:
    """Where nothing is to be hidden, nothing is looked for."""
    assert scan(KEY, Rules(defaults=False)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "sk-" * 30_000,
        "Bearer+" * 15_000,
        "form-data; name=x\r\na" * 4_000,
        '"' + "key" * 30_000 + '"',
        f"{DASHES}BEGIN PRIVATE KEY{DASHES}" * 2_000,
        "https://x?" + "a" * 90_000,
        '\\"' * 40_000,
        '"password":[' * 8_000,
        "%41" * 30_000,
        "[{" * 40_000,
    ],
)
def test_scanning_is_linear(text: str) -> None:
    """No text, made to, makes the scan hang."""
    begin = time.perf_counter()

    scan(text)

    assert time.perf_counter() - begin < 10


def test_no_secret_stands_in_the_repository() -> None:
    """Recordings and fakes of our own are scanned as any file is."""
    files = [
        path
        for folder in ("cassettes", "fakes", "docs")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
    ]

    found = {
        path.name: scan(path.read_text("utf-8", errors="replace")) for path in files
    }

    assert files
    assert {name: leaks for name, leaks in found.items() if leaks} == {}


def test_hits_in_real_recordings(recordings: Path) -> None:
    """Public recordings were scrubbed by others: what they left, and nothing else.

    Ids of OpenAI projects and organisations are left in headers and errors, and
    signatures of AWS requests, whose keys were hidden; and two made-up passwords that a
    tool was told. No hit is a false one.
    """
    kinds: Counter[str] = Counter()
    for path in sorted(recordings.rglob("*")):
        known = path.suffix in {".yaml", ".yml", ".json", ".gz", ".sse", ".txt"}
        if path.is_file() and known and path.parent != recordings:
            data = path.read_bytes()
            text = (unzipped(data) or data).decode("utf-8", "replace")
            kinds.update(leak.kind for leak in scan(text))

    assert kinds == {
        "openai-project": 15,
        "openai-organization": 3,
        "aws-signature": 11,
        "secret": 2,
    }


def test_base64_is_written_as_it_was() -> None:
    """Alphabet, padding, lines and gzip of base64 stay."""
    data = bytes(range(200)) * 2
    texts = [
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
        base64.encodebytes(data).decode().strip(),
        base64.b64encode(gzip.compress(data, mtime=0)).decode(),
    ]

    for text in texts:
        (blob,) = [one for one in blobs(text) if one.end - one.start == len(text)]

        assert blob.data == data
        assert blob.written(data) == text


def test_lines_of_words_are_no_base64() -> None:
    """Lines that are not of one length are looked at one by one."""
    text = f"{'a' * 30}\n{'b' * 40}\nword"

    found = [text[one.start : one.end] for one in blobs(text)]

    assert found == ["a" * 30, "b" * 40]


def test_damaged_zip_is_no_zip() -> None:
    """Bytes that only look like gzip are taken as they are."""
    text = base64.b64encode(b"\x1f\x8b\x08" + b"\xff" * 30).decode()

    assert [one.zipped for one in blobs(text)] == [False]


@pytest.mark.parametrize(
    ("inner", "text"),
    [(r"a\nb", "a\nb"), (r"\x41\e", "A\x1b"), (r"\ud83d", "\ud83d"), ("a\\", "a")],
)
def test_escapes(inner: str, text: str) -> None:
    """Escapes of JSON and of YAML are read; one that was cut off is nothing."""
    assert json_unquoted(inner) == text


def test_halves_of_characters_are_escaped() -> None:
    """What UTF-8 cannot carry is written as an escape."""
    assert json_quoted("é\ud83d", like="é") == "é\\ud83d"
    assert json_quoted("é", like="e") == "\\u00e9"


def test_kinds_by_shape() -> None:
    """A value that is a key from its first letter to its last says whose it is."""
    assert shape_kind(KEY) == "groq-key"
    assert shape_kind(f"{KEY} ") == "secret"


def test_borders_of_placeholders() -> None:
    """A part lies in a placeholder from its first letter to its last."""
    mark = placeholder("cookie", "abc")
    end = len(mark)

    assert in_placeholder(mark, 0, 1)
    assert in_placeholder(f"{mark} a", end - 1, end + 2)
    assert in_placeholder(f"a {mark}", 0, 3)
    assert not in_placeholder(f"{mark} a", end, end + 2)
    assert not in_placeholder(f"a {mark}", 0, 2)


def test_fingerprints_can_be_left_out() -> None:
    """For comparing what was asked, whoever's key it was."""
    data = f"?key={placeholder('google-key', 'a')}&a={placeholder('cookie', 'b')}"

    assert without_fingerprints(data.encode()) == (
        b"?key=REDACTED-google-key&a=REDACTED-cookie"
    )


def test_a_cookie_is_found_on_the_line_onto_which_a_recorder_folded_it() -> None:
    text = (
        "  request:\n    headers:\n      Cookie:\n"
        "      - theme=; lang=;\n        session=Zq8vR2mX0pL7nT4bK9wY\n"
        "    method: GET\n"
    )
    assert [(leak.kind, leak.line) for leak in scan(text)] == [("secret", 4)]


def test_a_cookie_is_found_behind_one_that_is_deleted() -> None:
    text = (
        "  response:\n    headers:\n      Set-Cookie:\n"
        "      - sid=; Max-Age=0\n      - session=Zq8vR2mX0pL7nT4bK9wY; Path=/\n"
    )
    assert [(leak.kind, leak.line) for leak in scan(text)] == [("secret", 4)]


def test_the_items_of_any_list_are_no_messages_of_their_own() -> None:
    key = f"sk-ant-api03-{'Zq8vR2mX0pL7nT4b' * 4}"
    pieces = [key[at : at + 9] for at in range(0, len(key), 9)]
    text = "".join(f'- {{"delta": "{piece}"}}\n' for piece in pieces)
    assert {leak.kind for leak in scan(text)} == {"anthropic-key"}


def test_a_key_in_pieces_is_found_where_its_message_is() -> None:
    key = f"sk-ant-api03-{'Zq8vR2mX0pL7nT4b' * 4}"
    pieces = [key[at : at + 9] for at in range(0, len(key), 9)]
    said = "".join(f'    data: {{"delta": "{piece}"}}\n' for piece in pieces)
    text = f"- request:\n    body: Hi\n  response:\n{said}"
    assert [leak.line for leak in scan(text)] == [4 + n for n in range(len(pieces))]
