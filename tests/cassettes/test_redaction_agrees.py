"""What redaction leaves is what the last look lets through, in any text.

The last look sees the text of a file: a body inside quotes, escaped, in lines, among
others. A body was searched alone. Where one of them finds what the other did not, a
secret was left, or a recording that has none is refused.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from urllib.parse import quote

import pytest

from harness.cassettes.interactions import Interaction
from harness.cassettes.journals import line_of
from harness.cassettes.placeholders import placeholder
from harness.cassettes.redaction import Redaction
from harness.cassettes.writing import write_cassette

URL = "https://api.example.com/v1/chat"
REDACTION = Redaction.default()
KEY = "gs" + "k_" + "aB3" * 16
WORD = "c2VjcmV0LXdvcmQ5"

#: What stands between two things that somebody wrote down; some of it escapes.
BETWEEN = [*' x-_.&=/:";,é1', "", "\n", "\\n", "%20", " and ", "' '", "\\", "\r\n"]
#: How people and programs tell a secret.
TOLD: list[Callable[[str], str]] = [
    str,
    "Bearer {}".format,
    "token {}x".format,
    "x{}".format,
    lambda s: json.dumps({"api_key": s}),
    lambda s: json.dumps(json.dumps({"password": s})),
    lambda s: base64.b64encode(json.dumps({"secret": s}).encode()).decode(),
    lambda s: f"https://u:{quote(s, safe='')}@h/x?key={quote(s, safe='')}&a=b",
    lambda s: f"a=b&client_secret={quote(s, safe='')}",
    lambda s: f"Cookie: a={s}; b={s}",
    lambda s: f"Authorization: Basic {base64.b64encode(f'u:{s}'.encode()).decode()}",
    lambda s: s[: len(s) // 2],
    lambda s: quote(s, safe=""),
    lambda s: s + s,
]
STARTS = ["sk" + "-", "gs" + "k_", "hf" + "_", "xai" + "-", "ya29" + ".", "", "Pä&w+ "]


def secret(rng: Random) -> str:
    """Give a key of some provider, or a password."""
    letters = "abcdefABCDEF0123456789"
    return f"{rng.choice(STARTS)}qQ7{''.join(rng.choices(letters, k=33))}"


def mash(rng: Random) -> str:
    """Give a text in which secrets stand as they never should."""
    secrets = [secret(rng) for _ in range(12)]
    return "".join(
        rng.choice(TOLD)(rng.choice(secrets)) + rng.choice(BETWEEN) for _ in range(16)
    )


def events(text: str, size: int) -> bytes:
    """Give a stream that says *text* in pieces."""
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return "".join(f"data: {json.dumps({'delta': p})}\n\n" for p in pieces).encode()


def answer(body: bytes, *cuts: int, **headers: str) -> Interaction:
    """Give an answer with *body*, which came in pieces."""
    ends = [0, *sorted({cut for cut in cuts if 0 < cut < len(body)}), len(body)]
    chunks = tuple(body[a:b] for a, b in pairwise(ends))
    named = tuple((name.replace("_", "-"), said) for name, said in headers.items())
    return Interaction(
        *("POST", URL, 200),
        response_headers=named,
        response_body=body,
        response_chunks=chunks,
        chunk_times=(0,) * len(chunks),
    )


def question(body: bytes) -> Interaction:
    """Give a request with *body*."""
    return replace(answer(b""), request_body=body)


PLACES: dict[str, Callable[[Random, str], Interaction]] = {
    "text": lambda _, said: answer(said.encode()),
    "json": lambda _, said: question(json.dumps({"text": said, "api_key": 1}).encode()),
    "json in json": lambda _, said: question(
        json.dumps({"arguments": json.dumps({"t": said, "password": said})}).encode()
    ),
    "stream": lambda rng, said: answer(events(said, rng.randint(1, 40))),
    "stream in pieces": lambda rng, said: answer(
        events(said, rng.randint(1, 40)),
        *(rng.randrange(len(said)) for _ in range(20)),
    ),
    "cookie": lambda _, said: answer(b"", set_cookie=f"a={' '.join(said.split())}"),
    "failure": lambda _, said: replace(answer(b""), failure=said),
}


def left(one: Interaction) -> list[str]:
    """Give what the last look finds in the files that an interaction is kept in."""
    texts = [line_of(1, one).decode(), write_cassette([one, one])]
    return [str(leak) for text in texts for leak in REDACTION.scan(text)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_redacted_can_be_saved(place: str, seed: int) -> None:
    """No text is refused once it was redacted, and redacting it again is nothing."""
    rng = Random(f"{place}{seed}")  # noqa: S311 - no secret that is in use
    whole = PLACES[place](rng, mash(rng))

    redacted = REDACTION.redact(whole)

    assert left(whole) != []
    assert left(redacted) == []
    assert REDACTION.redact(redacted) == redacted


@pytest.mark.parametrize("said", [{"password": WORD}, {"text": f"Bearer {KEY}"}])
def test_the_border_of_a_chunk_cuts_a_placeholder(said: dict[str, str]) -> None:
    """A journal tells pieces by length: half a placeholder is not seen for a secret."""
    body = json.dumps(said).encode()

    for cut in range(1, len(body)):
        redacted = REDACTION.redact(answer(body, cut))

        assert len(redacted.response_chunks or ()) == 2
        assert left(redacted) == []


def test_a_header_in_a_text_is_no_header() -> None:
    """What has the name of a header in prose and code is not refused."""
    told = (
        "Cookie: chocolate\nPassword: must be long\nx-key-name: 0123456789abcdefghij\n"
    )
    body = f'headers:\n  authorization: "$KEY"\n{told}'

    for one in (answer(body.encode()), question(json.dumps({"t": body}).encode())):
        assert REDACTION.redact(one) == one
        assert left(one) == []


def test_a_credential_in_a_text() -> None:
    """That of a request which somebody wrote down is hidden."""
    basic = base64.b64encode(b"user:password-1").decode()
    body = f"GET / HTTP/1.1\r\nAuthorization: Basic {basic}\r\n".encode()

    redacted = REDACTION.redact(answer(body))

    assert basic.encode() not in redacted.response_body
    assert redacted.response_body.startswith(
        b"GET / HTTP/1.1\r\nAuthorization: Basic R"
    )


def test_a_secret_behind_a_cookie() -> None:
    """What is said after the value of a cookie is looked at too."""
    redacted = REDACTION.redact(answer(b"", set_cookie=f"a=b; path=/{KEY}; Secure"))

    mark, key = placeholder("cookie", "b"), placeholder("groq-key", KEY)
    assert redacted.response_headers == (
        ("set-cookie", f"a={mark}; path=/{key}; Secure"),
    )


@pytest.mark.parametrize("before", ["\\n", "\\u00e9", "a", "ab-", "a_c", "key/"])
@pytest.mark.parametrize("more", ["", "more " * 300], ids=["short", "long"])
def test_base64_behind_letters(before: str, more: str) -> None:
    """Letters of a word, or of an escape, do not hide what base64 says."""
    if more and not before.startswith("\\"):
        before = " "
    said = base64.b64encode(json.dumps({"password": WORD, "more": more}).encode())
    body = b'{"text": "%s%s"}' % (before.encode(), said)

    redacted = REDACTION.redact(answer(body)).response_body

    inner = redacted.removeprefix(b'{"text": "' + before.encode()).removesuffix(b'"}')
    plain = json.loads(base64.b64decode(inner.replace(b"-", b"+").replace(b"_", b"/")))
    assert plain["password"] == placeholder("secret", WORD)


@pytest.mark.parametrize("escapes", range(3))
@pytest.mark.parametrize("value", [WORD, 'qu"oted\\', "ümlaut"])
def test_quotes_that_do_not_pair(escapes: int, value: str) -> None:
    """A field is known by its name, wherever the text before it began."""
    field = json.dumps({"password": value, "b": 1})
    for _ in range(escapes):
        field = json.dumps(field)[1:-1]
    body = f'5" wide, cut off"}} {field}'

    redacted = REDACTION.redact(answer(body.encode())).response_body.decode()

    mark = placeholder("secret", value)
    assert redacted == body.replace(
        field, field.replace(_escaped(value, escapes + 1), mark)
    )


def _escaped(value: str, times: int) -> str:
    for _ in range(times):
        value = json.dumps(value)[1:-1]
    return value
