"""Redaction: made-up secrets of every shape, in every place that traffic has."""

import base64
import gzip
import json
import re
import string
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from harness.cassettes.interactions import Interaction, decoded_body, decoded_request
from harness.cassettes.journals import line_of
from harness.cassettes.placeholders import PLACEHOLDER, placeholder
from harness.cassettes.redaction import Redaction
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError, InputError

URL = "https://api.example.com/v1/chat"
JSON = (("Content-Type", "application/json"),)
DEFAULT = Redaction.default()

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "_-"


def rng(seed: int) -> Random:
    """Give a source of the same made-up secrets each time."""
    return Random(seed)  # noqa: S311 - no secret that is in use


def word(rng: Random, alphabet: str, size: int) -> str:
    """Give a random word with both cases and digits, if the alphabet has them."""
    head = [one for one in ("q", "Q", "7") if one in alphabet]
    return "".join([*head, *rng.choices(alphabet, k=size - len(head))])


def token(rng: Random) -> str:
    """Give a signed token of three parts."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
        for one in ({"alg": "HS256", "typ": "JWT"}, {"sub": word(rng, ALNUM, 12)})
    ]
    return ".".join([*parts, word(rng, URLSAFE, 43)])


def pem(rng: Random) -> str:
    """Give a private key of a few lines."""
    dashes = "-" * 5
    lines = [word(rng, ALNUM + "+/", 64) for _ in range(4)]
    label = rng.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"])
    return "\n".join(
        [f"{dashes}BEGIN {label}{dashes}", *lines, f"{dashes}END {label}{dashes}"]
    )


def made(start: str, alphabet: str, size: int) -> Callable[[Random], str]:
    """Give a maker of keys that begin with *start*."""
    return lambda rng: start + word(rng, alphabet, size)


#: Keys that are told by their shape wherever they stand.
SHAPED: dict[str, Callable[[Random], str]] = {
    "openai": made("sk" + "-", ALNUM, 48),
    "openai project": made("sk" + "-proj-", URLSAFE, 120),
    "openai service": made("sk" + "-svcacct-", URLSAFE, 60),
    "openai organization": made("org" + "-", ALNUM, 24),
    "openai project id": made("proj" + "_", ALNUM, 24),
    "deepseek": made("sk" + "-", HEX, 32),
    "anthropic": made("sk" + "-ant-api03-", URLSAFE, 93),
    "openrouter": made("sk" + "-or-v1-", HEX, 64),
    "groq": made("gsk" + "_", ALNUM, 52),
    "xai": made("xai" + "-", ALNUM, 80),
    "perplexity": made("pplx" + "-", ALNUM, 48),
    "cerebras": made("csk" + "-", string.ascii_lowercase + string.digits, 40),
    "nvidia": made("nvapi" + "-", URLSAFE, 60),
    "fireworks": made("fw" + "_", ALNUM, 24),
    "replicate": made("r8" + "_", ALNUM, 37),
    "hugging face": made("hf" + "_", ALNUM, 34),
    "databricks": made("dapi", HEX, 32),
    "langsmith": lambda rng: f"lsv2{'_'}pt_{word(rng, HEX, 32)}_{word(rng, HEX, 10)}",
    "tavily": made("tvly" + "-", URLSAFE, 32),
    "elevenlabs": made("sk" + "_", HEX, 48),
    "google": made("AI" + "za", URLSAFE, 35),
    "google oauth": made("ya29" + ".", URLSAFE, 120),
    "google client": made("GOC" + "SPX-", URLSAFE, 28),
    "aws id": made("AK" + "IA", string.ascii_uppercase + "234567", 16),
    "aws session id": made("AS" + "IA", string.ascii_uppercase + "234567", 16),
    "aws session token": made("IQoJb3Jp" + "Z2lu", ALNUM, 300),
    "github": made("gh" + "p_", ALNUM, 36),
    "github fine": made("github" + "_pat_", ALNUM + "_", 82),
    "gitlab": made("gl" + "pat-", URLSAFE, 20),
    "slack": made("xo" + "xb-", string.digits, 40),
    "stripe": made("sk" + "_live_", ALNUM, 24),
    "npm": made("npm" + "_", ALNUM, 36),
    "jwt": token,
    "cloudflare": lambda rng: "__cf" + f"_bm={word(rng, URLSAFE, 60)}",
    "pem": pem,
}

#: Values that nothing but their place tells.
SHAPELESS: dict[str, Callable[[Random], str]] = {
    "word": lambda rng: word(rng, ALNUM, 32),
    "hex": lambda rng: word(rng, HEX, 32),
    "base64": lambda rng: base64.b64encode(rng.randbytes(32)).decode(),
    "punctuation": lambda rng: "p&=+ %/?#" + word(rng, ALNUM, 12) + '"\\<>',
    "umlauts": lambda rng: "Pässwört-" + word(rng, ALNUM, 8),
}

Maker = Callable[[str], Interaction]


def asked(body: bytes = b"", url: str = URL, **headers: str) -> Interaction:
    """Give an interaction with a request that has this body."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    sized = (("Content-Length", str(len(body))),)
    return Interaction(
        "POST", url, 200, request_headers=(*named, *sized), request_body=body
    )


def said(body: bytes, *headers: tuple[str, str], key: str = "") -> Interaction:
    """Give an interaction with a response that has this body."""
    return Interaction(
        "POST",
        URL,
        200,
        request_headers=(("x-api-key", key),) if key else (),
        response_headers=(*headers, ("Content-Length", str(len(body)))),
        response_body=body,
    )


def text(value: Any) -> bytes:
    """Give *value* as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def part(name: str, value: str, more: str = "") -> bytes:
    """Give a multipart body of two parts."""
    return (
        f'--b0rder\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n'
        f"{value}\r\n--b0rder\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    ).encode() + b"\x00\xff\xfe\r\n--b0rder--\r\n"


def sse(*values: Any) -> bytes:
    """Give an event stream."""
    return b"".join(b"event: e\ndata: " + text(value) + b"\n\n" for value in values)


def cut(interaction: Interaction, *places: int) -> Interaction:
    """Give *interaction* with a response that came in pieces."""
    body = interaction.response_body
    ends = [0, *sorted({p for p in places if 0 < p < len(body)}), len(body)]
    chunks = tuple(body[a:b] for a, b in pairwise(ends))
    return replace(
        interaction, response_chunks=chunks, chunk_times=tuple(range(len(chunks)))
    )


def frame(payload: bytes) -> bytes:
    """Give a frame of an AWS event stream without headers."""
    start = struct.pack(">II", 16 + len(payload), 0)
    start += struct.pack(">I", zlib.crc32(start))
    return start + payload + struct.pack(">I", zlib.crc32(start + payload))


def encoded(value: Any) -> str:
    """Give *value* as JSON in base64."""
    return base64.b64encode(text(value)).decode()


def wrapped(data: bytes) -> str:
    """Give base64 in lines, as mail has it."""
    return base64.encodebytes(data).decode()


#: Places that tell a secret by a name.
NAMED: dict[str, Maker] = {
    "bearer": lambda s: asked(authorization=f"Bearer {s}"),
    "authorization": lambda s: asked(Authorization=s),
    "basic": lambda s: asked(
        authorization="Basic " + base64.b64encode(f"u:{s}".encode()).decode()
    ),
    "api key header": lambda s: asked(x_api_key=s),
    "azure header": lambda s: asked(api_key=s),
    "google header": lambda s: asked(x_goog_api_key=s),
    "own header": lambda s: asked(x_agentops_api_key=s),
    "security token": lambda s: asked(x_amz_security_token=s),
    "cookie": lambda s: asked(cookie=f"a=1; sid={quote(s, safe='')}; b=2"),
    "set-cookie": lambda s: said(
        b"", ("set-cookie", f"sid={quote(s, safe='')}; path=/; HttpOnly")
    ),
    "response header": lambda s: said(b"", ("X-Refreshed-Authorization", s)),
    "query": lambda s: asked(url=f"{URL}?alt=sse&key={quote_plus(s)}#top"),
    "query token": lambda s: asked(url=f"{URL}?access_token={quote(s, safe='')}"),
    "signature": lambda s: asked(url=f"{URL}?se=1&X-Amz-Signature={quote(s, safe='')}"),
    "userinfo": lambda s: asked(url=f"https://me:{quote(s, safe='')}@example.com/a"),
    "field": lambda s: asked(text({"a": 1, "api_key": s, "b": [2]})),
    "spaced field": lambda s: asked(
        json.dumps({"a": {"openaiApiKey": s}}, indent=2).encode()
    ),
    "list": lambda s: asked(text({"api_keys": ["first", s]})),
    "cut field": lambda s: asked(text({"password": s + "more"})[:-6]),
    "ascii field": lambda s: asked(json.dumps({"client_secret": s}).encode()),
    "nested": lambda s: asked(text({"arguments": json.dumps({"password": s})})),
    "twice nested": lambda s: asked(
        text({"a": json.dumps({"b": json.dumps({"client_secret": s})})})
    ),
    "form": lambda s: asked(
        f"grant_type=x&client_secret={quote_plus(s)}&scope=a".encode(),
        content_type="application/x-www-form-urlencoded",
    ),
    "unlabelled form": lambda s: asked(f"a=b&refresh_token={quote_plus(s)}".encode()),
    "json in a form": lambda s: asked(
        f"payload={quote_plus(json.dumps({'api_key': s}))}".encode(),
        content_type="application/x-www-form-urlencoded",
    ),
    "answer": lambda s: said(text({"access_token": s, "expires_in": 3600}), *JSON),
    "event": lambda s: said(sse({"a": 1}, {"session": {"client_secret": s}})),
    "json lines": lambda s: said(b"\n".join([text({"n": 1}), text({"secret": s})])),
    "url in an answer": lambda s: said(
        text({"url": f"https://b.example.com/f?sv=1&sig={quote(s, safe='')}&se=2"})
    ),
    "url with escapes": lambda s: said(
        text({"u": f"https://b.example.com/f?sv=1&sig={quote(s, safe='')}"})
        .replace(b"/", b"\\/")
        .replace(b"&", b"\\u0026")
    ),
    "base64": lambda s: asked(text({"data": encoded({"n": 1, "api_key": s})})),
    "base64 of base64": lambda s: asked(
        text({"data": encoded({"d": encoded({"password": s})})})
    ),
    "wrapped base64": lambda s: asked(
        text({"d": wrapped(text({"text": "hello " * 20, "password": s}))})
    ),
    "data url": lambda s: said(
        text({"url": f"data:application/json;base64,{encoded({'secret': s})}"})
    ),
    "gzip in base64": lambda s: asked(
        text({"d": base64.b64encode(gzip.compress(text({"secret": s}))).decode()})
    ),
    "gzip": lambda s: said(
        gzip.compress(text({"access_token": s})), ("content-encoding", "gzip")
    ),
    "deflate": lambda s: said(
        zlib.compress(text({"access_token": s})), ("content-encoding", "deflate")
    ),
    "gzip request": lambda s: asked(
        gzip.compress(text({"password": s})), content_encoding="gzip"
    ),
    "gzip without a header": lambda s: asked(gzip.compress(text({"password": s}))),
    "cut gzip": lambda s: said(
        gzip.compress(text({"access_token": s, "more": "x" * 9}))[:-9],
        ("content-encoding", "gzip"),
    ),
    "frame": lambda s: said(frame(text({"a": 1})) + frame(text({"api_key": s}))),
    "base64 in a frame": lambda s: said(
        frame(text({"bytes": encoded({"api_key": s}), "p": "abcd"}))
    ),
    "echo": lambda s: said(text({"error": f"wrong key: {s}."}), *JSON, key=s),
    "echo in a stream": lambda s: said(sse({"text": f"Your key {s} is fine"}), key=s),
    "echo in pieces": lambda s: said(
        sse(*({"delta": piece} for piece in (f"ok {s}"[:7], f"ok {s}"[7:], "!"))), key=s
    ),
    "echo in a header": lambda s: said(b"", ("x-said", s), key=s),
    "echo in base64": lambda s: said(
        text({"a": base64.b64encode(s.encode()).decode()}), key=s
    ),
    "echo in a gzip": lambda s: said(gzip.compress(text({"a": s})), key=s),
    "echo in a URL": lambda s: said(text({"a": f"/v1?q={quote(s, safe='')}"}), key=s),
    "echo in the same request": lambda s: asked(text({"user": s}), x_api_key=s),
}

#: Places in which a secret is told by its shape alone.
ANYWHERE: dict[str, Maker] = {
    "some header": lambda s: asked(x_agent_mode=quote(s, safe="=/+ ")),
    "some query": lambda s: asked(url=f"{URL}?thing={quote(s, safe='')}"),
    "path": lambda s: asked(url=f"https://example.com/bot/{quote(s, safe='=')}/send"),
    "prompt": lambda s: asked(
        text({"messages": [{"role": "user", "content": f"my key:\n{s}\nis it ok?"}]})
    ),
    "code in a prompt": lambda s: asked(
        text({"content": f'client = Client("{s}")\nprint(client)'})
    ),
    "plain text": lambda s: said(f"upstream said: {s} is wrong".encode()),
    "binary": lambda s: said(b"\x00\xff" + s.encode() + b"\xfe\x00"),
    "binary in base64": lambda s: asked(
        text({"d": base64.b64encode(b"\x00\xff " + s.encode() + b"\xfe").decode()})
    ),
    "part of a body": lambda s: asked(part("note", f"see {s} there")),
    "base64 text": lambda s: asked(
        text({"d": base64.urlsafe_b64encode(f"> {s} <".encode()).decode().rstrip("=")})
    ),
    "stream": lambda s: said(sse({"text": f"Here: {s} "}, {"text": "done"})),
    "stream in pieces": lambda s: said(
        sse(
            *(
                {"index": 0, "delta": {"text": f"Here: {s} ."[n : n + 5]}}
                for n in range(0, len(s) + 8, 5)
            )
        )
    ),
    "location": lambda s: said(b"", ("location", f"{URL}?u={quote(s, safe='')}")),
    "failure": lambda s: replace(asked(), failure=f"ConnectError: {s} refused"),
}

MULTIPART: dict[str, Maker] = {
    "multipart": lambda s: asked(part("api_key", s)),
    "multipart with a type": lambda s: asked(
        part("password", s, "Content-Type: text/plain\r\n")
    ),
}


def planted() -> Iterator[tuple[str, str, str, Maker]]:
    """Give each place with each secret that is to be found there."""
    source = rng(2026)
    for place, maker in (NAMED | ANYWHERE | MULTIPART).items():
        shapes = SHAPED if place in ANYWHERE else SHAPED | SHAPELESS
        for shape, make in shapes.items():
            secret = make(source)
            if "header" in place or place in {"bearer", "authorization"}:
                secret = secret.replace("\n", " ")
            yield place, shape, secret, maker


PLANTED = [*planted()]
PLACES = [*dict.fromkeys(place for place, *_ in PLANTED)]
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def views(data: bytes, depth: int = 3) -> Iterator[str]:
    """Give all that *data* may say: unzipped, unescaped, out of base64."""
    if data.startswith(b"\x1f\x8b"):
        data = zlib.decompressobj(31).decompress(data)
    said = data.decode("utf-8", "replace")
    yield said
    yield re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), said)
    yield "".join(re.findall(r'"(?:delta|text)": "((?:[^"\\]|\\.)*)"', said))
    plain = unquote_plus(said)
    yield unquote_plus(plain)
    if depth:
        if plain != said:
            yield from views(plain.encode(), depth - 1)
        for blob in _BLOB.findall(said.replace("\\n", "")):
            plain = blob.replace("-", "+").replace("_", "/")
            plain = plain[: len(plain) - (len(plain) % 4 == 1)]
            data = base64.b64decode(plain + "=" * (-len(plain) % 4))
            yield from views(data, depth - 1)


def everything(one: Interaction) -> Iterator[str]:
    """Give every text in every field of an interaction."""
    headers = [*one.request_headers, *one.response_headers]
    texts = [one.url, one.failure, one.reason, *(v for pair in headers for v in pair)]
    bodies = [one.request_body, decoded_request(one), one.response_body]
    joined = b"".join(one.response_chunks or ())
    for data in (*(t.encode() for t in texts), *bodies, joined):
        yield from views(data)
    if one.response_body and "gzip" not in str(one.response_headers):
        yield from views(decoded_body(one))


def traces(secret: str) -> list[str]:
    """Give the spellings of *secret* that must not be left."""
    core = max(re.split(r"[^\w-]", secret), key=len)
    return [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), core]


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_left(place: str) -> None:
    """Nothing of a planted secret is left, once or twice redacted."""
    for where, shape, secret, maker in PLANTED:
        if where != place:
            continue
        whole = maker(secret)

        redacted = DEFAULT.redact(whole)

        left = [
            (shape, trace)
            for view in everything(redacted)
            for trace in traces(secret)
            if trace in view
        ]
        assert left == []
        assert redacted != whole
        assert DEFAULT.redact(redacted) == redacted


def test_a_thousand_are_planted() -> None:
    """The number of made-up secrets that the tests of this file hide."""
    assert len(PLANTED) >= 1000


@pytest.mark.parametrize("place", PLACES)
def test_the_last_scan_would_have_found_it(place: str) -> None:
    """What is not redacted is found in the text of the file, and nothing else."""
    for where, _, secret, maker in PLANTED:
        if where != place or place.startswith("echo in the"):
            continue
        whole = maker(secret)

        assert DEFAULT.scan(write_cassette([whole]))
        assert DEFAULT.scan(write_cassette([DEFAULT.redact(whole)])) == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_live_request_is_what_was_stored(place: str) -> None:
    """A request is redacted alike when it is recorded and when it is looked for."""
    for where, _, secret, maker in PLANTED:
        if where != place:
            continue
        live = maker(secret)
        asked_for = live.method, live.url, live.request_headers, live.request_body

        found = DEFAULT.redact_request(*asked_for)

        stored = DEFAULT.redact(live)
        assert found[1:] == (
            stored.url,
            stored.request_headers,
            stored.request_body,
        )
        assert DEFAULT.redact_request(*found) == found


def length(one: Interaction) -> str:
    """Give the content-length that the response of an interaction says."""
    return dict(one.response_headers)["Content-Length"]


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_pieces_keep_their_borders(coding: str) -> None:
    """A secret across the border of two pieces is found, and no piece is lost."""
    secret = SHAPED["openai"](rng(1))
    body = sse({"text": "before"}, {"text": f"it is {secret}, yes"}, {"text": "after"})
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding)
    data = pack(body) if pack else body
    headers = (("content-encoding", coding),) if coding else ()
    expected = body.replace(secret.encode(), placeholder("openai-key", secret).encode())

    for place in range(1, len(data)):
        redacted = DEFAULT.redact(cut(said(data, *headers), place))

        chunks = redacted.response_chunks or ()
        assert b"".join(chunks) == redacted.response_body == expected
        assert all(chunks)
        assert len(chunks) == len(redacted.chunk_times or ())
        assert length(redacted) == str(len(expected))
        if not coding:
            assert len(chunks) == 2
            assert min(map(len, chunks)) <= place


def test_pieces_of_one_byte() -> None:
    """A piece that would become empty is left out, with its time."""
    secret = SHAPED["openai project"](rng(1))
    body = text({"a": secret})

    redacted = DEFAULT.redact(cut(said(body), *range(len(body))))

    assert b"".join(redacted.response_chunks or ()) == redacted.response_body
    assert all(redacted.response_chunks or ())
    times = redacted.chunk_times or ()
    assert len(times) == len(redacted.response_body)
    assert times[-1] == len(body) - 1
    assert [*times] == sorted(times)


def test_what_has_no_secret_is_not_changed() -> None:
    """Not one byte: compressed bodies stay compressed, in their pieces."""
    body = gzip.compress(text({"text": "hi", "usage": {"max_tokens": 5}}))
    whole = cut(said(body, ("content-encoding", "gzip")), 9, 20)

    redacted = DEFAULT.redact(whole)

    assert redacted == whole


NO_SECRETS: dict[str, Any] = {
    "model": "claude-sonnet-4-5-20250929",
    "models": ["gpt-4o-mini-2024-07-18", "accounts/fireworks/models/qwen3-30b"],
    "id": "chatcmpl-" + "BtMC8aN6fP2dQ0rU7sXkYh5jW1eZo",
    "calls": ["call_" + "Ab3" * 8, "toolu_01" + "Ab3" * 7, "fc_" + "0ab1" * 12],
    "previous_response_id": "resp_" + "0ab1" * 12,
    "message": "msg_01" + "XyZ" * 7,
    "encrypted_content": "gAAAAAB" + "oQ3x_-" * 40,
    "signature": "EqwCCmMIDxgCKk" + "ADq8szuZd3fCFfIa5" * 9,
    "thoughtSignature": "CqwLAY89a19W" + "-MJcsKynr" * 9,
    "image": "data:image/png;base64," + base64.b64encode(bytes(range(256))).decode(),
    "logprobs": {"content": [{"token": "Hello", "logprob": -0.1, "bytes": [72]}]},
    "usage": {"prompt_tokens": 3, "total_tokens": 5},
    "properties": {"password": {"type": "string"}, "api_key": {"type": "string"}},
    "page_token": "",
    "password": None,
    "max_token": True,
    "prompt": "Sort by key=len, say Bearer authentication, mask sk-" + "x" * 24,
    "link": "https://example.com/a?page=2&sort=key#token",
}


def test_what_is_no_secret_stays() -> None:
    """Models, ids of answers and calls, signed thoughts and images are left alone."""
    headers = (
        ("idempotency-key", "stainless-python-retry-1b2c3d4e-5f60"),
        ("x-ratelimit-limit-tokens", "100000"),
        ("x-token-count", "12"),
        ("access-control-allow-credentials", "true"),
        ("www-authenticate", 'Bearer realm="a"'),
        ("user-agent", "OpenAI/Python 3.54.0"),
    )
    whole = said(text(NO_SECRETS), *headers)

    assert DEFAULT.redact(whole) == whole
    assert DEFAULT.scan(json.dumps(NO_SECRETS, indent=1)) == ()


def test_headers() -> None:
    """Schemes and names of cookies are kept; ids of accounts are hidden too."""
    headers = (
        ("Authorization", "Bearer abc123def456"),
        ("Proxy-Authorization", "unknownscheme-abc"),
        ("Cookie", "a=first-value; b=second-value"),
        ("Cookie2", "bare-value"),
        ("Set-Cookie", "sid=some-value; Path=/; Max-Age=5"),
        ("OpenAI-Organization", "my-company-1"),
        ("llm_provider-openai-project", "p-1234567"),
        ("anthropic-organization-id", "0137b15c-16bf"),
        ("x-request-id", "req_1"),
        ("CF-RAY", "81aca99e1a3b8cc3-EWR"),
        ("X-Custom-Auth-Token", "t0ken-value"),
        ("Accept", "*/*"),
    )

    redacted = DEFAULT.redact(replace(asked(), request_headers=headers))

    shown = [
        (name, PLACEHOLDER.sub(r"[\1]", value))
        for name, value in redacted.request_headers
    ]
    assert shown == [
        ("Authorization", "Bearer [secret]"),
        ("Proxy-Authorization", "[secret]"),
        ("Cookie", "a=[cookie]; b=[cookie]"),
        ("Cookie2", "[cookie]"),
        ("Set-Cookie", "sid=[cookie]; Path=/; Max-Age=5"),
        ("OpenAI-Organization", "[account]"),
        ("llm_provider-openai-project", "[account]"),
        ("anthropic-organization-id", "[account]"),
        ("x-request-id", "[request-id]"),
        ("CF-RAY", "[request-id]"),
        ("X-Custom-Auth-Token", "[secret]"),
        ("Accept", "*/*"),
    ]


def test_equal_secrets_stay_equal() -> None:
    """The placeholder tells keys apart, wherever they stand, and tells no key."""
    first, second = (asked(text({"password": key})) for key in ("one-1", "two-2"))
    query = asked(url=f"{URL}?key=one-1")

    bodies = [DEFAULT.redact(one).request_body for one in (first, first, second)]

    assert bodies[0] == bodies[1] != bodies[2]
    assert placeholder("secret", "one-1") in DEFAULT.redact(query).url
    assert placeholder("secret", "one-1").encode() in bodies[0]


def test_the_response_does_not_change_the_request() -> None:
    """A secret that only the answer tells is not looked for in the request."""
    whole = replace(
        asked(b'{"content": "acme-research"}'),
        response_headers=(("openai-organization", "acme-research"),),
        response_body=b'{"owner": "acme-research"}',
    )

    redacted = DEFAULT.redact(whole)

    assert redacted.request_body == whole.request_body
    assert b"acme" not in redacted.response_body


def test_plain_words_are_not_hidden_elsewhere() -> None:
    """A password that is a word is hidden where it is named, not in all prose."""
    whole = asked(b'{"password": "password", "content": "What is a password?"}')

    redacted = DEFAULT.redact(whole)

    assert b"What is a password?" in redacted.request_body
    assert redacted.request_body.count(b"REDACTED") == 1


def test_json_stays_json() -> None:
    """Numbers become strings; escapes and lone halves of characters stay readable."""
    whole = asked(b'{"pin_secret": 1234, "n": "{\\"password\\": \\"\\ud83d x\\"}"}')

    redacted = DEFAULT.redact(whole)

    said = json.loads(redacted.request_body)
    assert PLACEHOLDER.fullmatch(said["pin_secret"])
    assert PLACEHOLDER.fullmatch(json.loads(said["n"])["password"])


def test_binary_around_a_secret_stays() -> None:
    """Bytes that are no UTF-8 come through as they were."""
    secret = SHAPED["groq"](rng(1)).encode()
    whole = asked(b'\xff\x00\xc3{"a": "\xe9\\n' + secret + b'"}\x80')

    redacted = DEFAULT.redact(whole)

    mark = placeholder("groq-key", secret.decode()).encode()
    assert redacted.request_body == whole.request_body.replace(secret, mark)


def test_frames_are_sealed_again() -> None:
    """Frames of an AWS event stream have the right lengths and checksums."""
    secret = SHAPED["xai"](rng(1))
    payloads = [b'{"a": 1}', text({"a": secret}), b'{"b": 2}']
    expected = b"".join(
        frame(one.replace(secret.encode(), placeholder("xai-key", secret).encode()))
        for one in payloads
    )

    redacted = DEFAULT.redact(cut(said(b"".join(map(frame, payloads))), 30, 90))

    assert redacted.response_body == expected
    assert b"".join(redacted.response_chunks or ()) == expected


@pytest.mark.parametrize("rest", [b"\0", b"\0\0\0\x20" + b"\0" * 11])
def test_frames_that_are_cut_off(rest: bytes) -> None:
    """The last frame may have come in part; those before it are sealed all the same."""
    whole = frame(b'{"password": "p"}')
    mark = placeholder("secret", "p").encode()

    redacted = DEFAULT.redact(said(whole + rest))

    assert redacted.response_body == frame(b'{"password": "%s"}' % mark) + rest


def test_the_length_of_what_is_missing_is_kept() -> None:
    """An answer that was cut off says how long it would have been."""
    body = b'{"password": "a-secret", "more'
    whole = Interaction(
        "GET",
        URL,
        200,
        request_headers=(),
        request_body=b"",
        response_headers=(("content-length", "100"),),
        response_body=body,
        ended="truncated",
    )

    redacted = DEFAULT.redact(whole)

    missing = int(dict(redacted.response_headers)["content-length"])
    assert missing - len(redacted.response_body) == 100 - len(body)


def test_a_body_that_cannot_be_looked_into_is_refused() -> None:
    """No cassette holds what may hide a secret."""
    whole = said(b"\x28\xb5\x2f\xfd\xff\x00\x80", ("content-encoding", "zstd"))

    with pytest.raises(CassetteError):
        DEFAULT.redact(whole)


def test_a_body_that_cannot_be_looked_into_is_named() -> None:
    """An error says once whose body it is, and where that stands."""
    coded, body = (("content-encoding", "gzip, gzip"),), b"\x1f\x8b\xff"
    sent = Interaction(
        "POST", URL, 200, request_headers=coded, request_body=body, place="number 3"
    )
    came = Interaction(
        "POST",
        URL,
        200,
        response_headers=coded,
        response_body=body,
        place="number 4",
    )
    errors = []

    for hide in (
        lambda: DEFAULT.redact(sent),
        lambda: DEFAULT.redact(came),
        lambda: DEFAULT.redact_request("POST", URL, coded, body),
    ):
        with pytest.raises(CassetteError) as caught:
            hide()
        errors.append(str(caught.value).partition(" is damaged gzip")[0])

    assert errors == [
        "number 3: the body of the request",
        "number 4: the body of the response",
        "the body of the request",
    ]


def test_the_path_may_repeat_what_a_header_says() -> None:
    """A URL that looks harmless by itself has the key of this very request in it."""
    key = "plain-looking-words"

    redacted = DEFAULT.redact(asked(url=f"{URL}/{key}/a", x_api_key=key))

    assert redacted.url == f"{URL}/{placeholder('secret', key)}/a"


def test_cookies_in_fields() -> None:
    """As in headers, their names stay, and how long the server wants them kept."""
    body = {"cookie": "a=one-1; b=two-2", "set_cookie": "a=one-1; Path=/"}

    redacted = json.loads(DEFAULT.redact(asked(text(body))).request_body)

    one, two = (placeholder("cookie", value) for value in ("one-1", "two-2"))
    assert redacted == {
        "cookie": f"a={one}; b={two}",
        "set_cookie": f"a={one}; Path=/",
    }
    inside = r'cut" \"cookie\": \"a=one-1; b=two-2\"'
    assert DEFAULT.redact_text(inside) == rf'cut" \"cookie\": \"a={one}; b={two}\"'


def test_each_field_of_a_text_that_begins_within_a_string() -> None:
    """Also the second of three, where quotes do not pair."""
    field = r"\"api_key\": \"word-{}\", "
    said = f"cut {field.format(1)}{field.format(2)}{field.format(3)}"

    redacted = DEFAULT.redact_text(said)

    assert len(PLACEHOLDER.findall(redacted)) == 3
    assert "word" not in redacted


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_equal_secrets_stay_equal_in_any_depth(depth: int) -> None:
    """JSON in a string of JSON, that was cut off before: the value is what it reads."""
    value = 'say "friend" 4\\2'
    said = json.dumps({"password": value, "a": "b"})
    for _ in range(depth):
        said = json.dumps(said)[1:-1]

    redacted = DEFAULT.redact_text(f'cut" {said}')

    assert placeholder("secret", value) in redacted
    assert "friend" not in redacted
    assert len(redacted) < len(said) + 30


@pytest.mark.parametrize("ascii_only", [True, False])
def test_letters_beside_a_secret_are_spelled_as_they_were(ascii_only: bool) -> None:
    """Also where the JSON lies in a string."""
    inner = json.dumps({"city": "Orl\u00e9ans", "password": "{}"}, ensure_ascii=False)
    said = json.dumps({"arguments": inner}, ensure_ascii=ascii_only)

    redacted = DEFAULT.redact_text(said)

    assert redacted == said.replace("{}", placeholder("secret", "{}"))


def hidden(secret: str) -> str:
    """Give what stands for a secret without a shape."""
    return placeholder("secret", secret)


@pytest.mark.parametrize(
    ("said", "redacted"),
    [
        (
            "send a=1&api_key=word-1 and password=word-2",
            f"send a=1&api_key={hidden('word-1')} and password=word-2",
        ),
        (
            "https://ann:pass:word-4@a.example/ pass:word-4",
            f"https://{hidden('ann:pass:word-4')}@a.example/ {hidden('pass:word-4')}",
        ),
        (
            "see https://a.example/?key=word-1 there",
            f"see https://a.example/?key={hidden('word-1')} there",
        ),
        (
            'a\ncut" \\"password\\": \\"word-1\nnext "quoted"\nb',
            f'a\ncut" \\"password\\": \\"{hidden("word-1")}\nnext "quoted"\nb',
        ),
        ('password": "word-1", "a', f'password": "{hidden("word-1")}", "a'),
    ],
    ids=["form", "user", "query", "line", "begins within a name"],
)
def test_secrets_in_prose(said: str, redacted: str) -> None:
    """What is around a secret is left as it is."""
    assert DEFAULT.redact_text(said) == redacted


@pytest.mark.parametrize(
    ("beside", "found"),
    [("x{}", False), ("{}x", False), ("{}4", False), ("{}.", True), (".{}", True)],
)
@pytest.mark.parametrize("value", ["pass-1234", "pass-12345678901", "pass-1234567890"])
def test_a_short_secret_counts_where_it_stands_alone(
    value: str, beside: str, found: bool
) -> None:
    """Of a longer word it is a part by chance; one of 16 letters never is."""
    said = beside.format(value)
    whole = asked(text({"password": value}), x_note=said)

    headers = dict(DEFAULT.redact(whole).request_headers)

    found = found or len(value) >= 16
    assert headers["x-note"] == (beside.format(hidden(value)) if found else said)


def test_parts_of_multipart_bodies() -> None:
    """A part is told by its name; where that is only suspected, by its value too."""
    opaque = "abc4" * 9
    bodies = [part("model", "gpt"), part("token", "word"), part("token", opaque)]

    redacted = [DEFAULT.redact(asked(body)).request_body for body in bodies]

    assert redacted[:2] == bodies[:2]
    assert redacted[2] == part("token", hidden(opaque))


def test_bytes_that_are_no_text_beside_what_is_encoded() -> None:
    """They are kept, percent-encoded as what they are in is."""
    form = (("content-type", "application/x-www-form-urlencoded"),)
    body = quote_plus('{"password": "p"}').encode() + b"\xff"

    redacted = DEFAULT.redact_request("POST", URL, form, b"a=" + body)[3]

    assert (
        redacted
        == b"a=%s%%FF" % quote_plus(json.dumps({"password": hidden("p")})).encode()
    )


def test_the_shortest_form() -> None:
    """One letter that equals another is a form, where the body is said to be one."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)

    body = Redaction(query=["k"]).redact_request("POST", URL, headers, b"k=v")[3]

    assert body == f"k={placeholder('secret', 'v')}".encode()


def test_headers_that_are_numbers() -> None:
    """A key may be all digits; the length of a body is none, and stays."""
    length, key = ("Content-Length", "2"), ("X-Api-Key", "1234567890123456")

    _, _, headers, _ = DEFAULT.redact_request("POST", URL, (length, key), b"{}")

    assert headers[0] == length
    assert "1234567890123456" not in headers[1][1]


def test_the_words_about_an_answer_are_hidden_as_well() -> None:
    """What went wrong, and the text of the status, may quote a key."""
    key = SHAPED["openai"](rng(3))
    whole = Interaction("GET", URL, 401, failure=f"not {key}", reason=f"No {key}")

    redacted = DEFAULT.redact(whole)

    mark = redacted.failure.removeprefix("not ")
    assert PLACEHOLDER.fullmatch(mark)
    assert redacted.reason == f"No {mark}"


@pytest.mark.parametrize("cut_off", [10, 0])
def test_damaged_gzip_is_kept(cut_off: int) -> None:
    """What can be read of it has no secret, and nobody can read the rest."""
    body = gzip.compress(b"{}")[:cut_off] + b"\x1f\x8b\x08\x00" + b"\xff" * 20
    whole = said(body, ("content-encoding", "gzip"))

    assert DEFAULT.redact(whole) == whole


def readable(body: bytes, wbits: int) -> bytes:
    """Give what can be read of a body before it is damaged."""
    decoder, found = zlib.decompressobj(wbits), b""
    try:
        for byte in body:
            found += decoder.decompress(bytes((byte,)))
    except zlib.error:
        return found
    return pytest.fail("it is not damaged")


@pytest.mark.parametrize("pieces", [1, 2, 7, 40])
@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15)])
def test_what_can_be_read_of_damaged_bodies_is_clean(
    coding: str, wbits: int, pieces: int
) -> None:
    """A secret before the damage is hidden; who reads on meets the damage still."""
    secret = word(rng(5), ALNUM, 40)
    coder = zlib.compressobj(wbits=wbits)
    good = coder.compress(b'{"a": 1, "password": "%s"' % secret.encode())
    body = good + coder.flush(zlib.Z_SYNC_FLUSH) + b"\x07" + b"\xff" * 20
    size = len(body) // pieces
    cuts = [size * number for number in range(1, pieces)]

    clean = DEFAULT.redact(cut(said(body, ("content-encoding", coding)), *cuts))

    hidden = placeholder("secret", secret).encode()
    assert readable(body, wbits).endswith(b'"%s"' % secret.encode())
    assert readable(clean.response_body, wbits) == b'{"a": 1, "password": "%s"' % hidden
    assert b"".join(clean.response_chunks or ()) == clean.response_body
    headers = {name.lower(): value for name, value in clean.response_headers}
    assert headers["content-encoding"] == coding
    assert headers["content-length"] == str(len(clean.response_body))


def test_gzip_of_two_members() -> None:
    """All members of a gzip body are looked into."""
    body = gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"password": "p"}')

    redacted = DEFAULT.redact(said(body, ("content-encoding", "gzip")))

    assert redacted.response_body.startswith(b'{"a": 1}\n{"password": "REDACTED-')


def test_two_codings() -> None:
    """A body that is compressed twice is decoded twice."""
    body = gzip.compress(zlib.compress(b'{"password": "p"}'))
    whole = cut(said(body, ("content-encoding", "deflate, gzip")), 9)

    redacted = DEFAULT.redact(whole)

    assert redacted.response_body.startswith(b'{"password": "REDACTED-')
    assert b"".join(redacted.response_chunks or ()) == redacted.response_body


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_stream_of_two_lines(end: str) -> None:
    """The shortest stream that a key can be cut by is looked at as a stream."""
    secret = SHAPED["openai"](rng(5))
    lines = [{"response": f"It is {secret[:20]}"}, {"response": f"{secret[20:]}."}]
    body = "\n".join(map(json.dumps, lines)) + end

    redacted = DEFAULT.redact(said(body.encode())).response_body

    pieces = [json.loads(line)["response"] for line in redacted.splitlines()]
    assert "".join(pieces) == f"It is {placeholder('openai-key', secret)}."


@pytest.mark.parametrize("coding", ["", "gzip, gzip"])
def test_pieces_of_a_body_that_is_coded_otherwise(coding: str) -> None:
    """Where no border can be followed through, each piece is still one."""
    plain = text([*({"password": f"p{n}"} for n in range(99)), "end"])
    body = gzip.compress(plain, mtime=0)
    body = gzip.compress(body, mtime=0) if coding else body
    quarter = len(body) // 4
    whole = said(body, *([("content-encoding", coding)] if coding else ()))

    redacted = DEFAULT.redact(cut(whole, quarter, 2 * quarter, 3 * quarter))

    sizes = [len(one) for one in redacted.response_chunks or ()]
    assert sum(sizes) == len(redacted.response_body)
    assert len(sizes) == 4
    assert all(sizes)
    assert "content-encoding" not in dict(redacted.response_headers)
    assert json.loads(decoded_body(redacted))[-1] == "end"


def test_basic_that_is_no_base64() -> None:
    """A credential of a wrong form is hidden all the same."""
    redacted = DEFAULT.redact(asked(authorization="Basic \xff\xff", cookie="bare"))

    assert "bare" not in str(redacted.request_headers)
    assert "\xff" not in str(redacted.request_headers)


def sse_deltas(*pieces: str) -> bytes:
    """Give a stream that says *pieces*."""
    events = (json.dumps({"delta": piece}) for piece in pieces)
    return "".join(f"data: {event}\n\n" for event in events).encode()


@pytest.mark.parametrize("nested", [False, True])
def test_events_stay_whole_wherever_arguments_are_cut(nested: bool) -> None:
    """Also where an event ends right behind the quote that opens a secret."""
    secret = word(rng(1), ALNUM, 24)
    args = {"user": "u", "password": secret, "n": 1}
    whole = json.dumps({"command": json.dumps(args), "n": 1} if nested else args)
    for at in range(len(whole) + 1):
        body = sse_deltas(whole[:at], whole[at:])

        redacted = DEFAULT.redact(said(body)).response_body
        told = (line.removeprefix(b"data: ") for line in redacted.split(b"\n\n"))
        joined = "".join(json.loads(line)["delta"] for line in told if line)

        assert secret not in joined
        assert "REDACTED-secret" in joined
        assert json.loads(joined)["n"] == 1


def test_an_answer_cut_off_where_a_secret_begins_can_be_kept() -> None:
    """What comes behind it in the file is no secret."""
    redacted = DEFAULT.redact(said(b'{"api_key": "'))

    assert redacted.response_body == b'{"api_key": "'
    assert DEFAULT.scan(line_of(1, redacted).decode()) == ()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("set-cookie", "sid=; Max-Age=0; Path=/"),
        ("set-cookie", "sid="),
        ("cookie", "sid="),
        ("cookie", "sid=; &a="),
    ],
)
def test_a_cookie_without_a_value_is_no_secret(header: str, value: str) -> None:
    """Servers delete cookies so, and such an answer can be kept."""
    pairs = ((header, value),)
    whole = Interaction("POST", URL, 200, request_headers=pairs, response_headers=pairs)

    redacted = DEFAULT.redact(whole)

    assert redacted.response_headers == pairs
    assert DEFAULT.scan(write_cassette([redacted])) == ()


@pytest.mark.parametrize("before", ["\n", "\ns", "\x0b", "", "h\nttp", "https"])
def test_a_user_in_a_url_that_was_cut_is_hidden(before: str) -> None:
    """In a file a line end may be an `n`, which looks like the scheme."""
    redacted = DEFAULT.redact(said(f"{before}://user:pw@a.b/".encode()))

    assert b"user:pw" not in redacted.response_body
    assert DEFAULT.scan(line_of(1, redacted).decode()) == ()
    assert DEFAULT.scan(write_cassette([redacted])) == ()


def test_what_one_answer_says_does_not_go_on_in_the_next() -> None:
    """A stream that ends where a secret begins leaves others as they are."""
    cut_off = sse_deltas('{"a": 1, "pass', 'word": "')
    other = sse_deltas("Good morning,", " everybody", " out there!")
    found = [DEFAULT.redact(said(body)) for body in (cut_off, other, cut_off)]

    assert [one.response_body for one in found] == [cut_off, other, cut_off]
    assert DEFAULT.scan(write_cassette(found)) == ()


def test_a_whole_object_that_was_cut_off() -> None:
    """A field that is secret as a whole is hidden up to where the body ends."""
    rules = Redaction(fields=["person"])

    redacted = rules.redact_request("POST", URL, (), b'{"person": {"a": "Ann", "b": "B')

    assert b"Ann" not in redacted[3]
    assert b'"B' not in redacted[3]


@pytest.mark.parametrize("scheme", ["Basic", "BASIC"])
@pytest.mark.parametrize("more", ["", "1", "12"])
@pytest.mark.parametrize("padding", ["", "="])
def test_a_password_is_known_again(scheme: str, more: str, padding: str) -> None:
    """What basic authorisation is made of is hidden elsewhere too, as are the two."""
    password = f"pass-word-{more}"
    coded = base64.b64encode(f"ann:{password}".encode()).decode().rstrip("=")
    coded += padding * (-len(coded) % 4)
    whole = asked(
        text([f"It is {password}.", f"ann:{password}!"]),
        authorization=f"{scheme} {coded}",
    )

    redacted = DEFAULT.redact(whole)

    assert json.loads(redacted.request_body) == [
        f"It is {placeholder('secret', password)}.",
        f"{placeholder('secret', f'ann:{password}')}!",
    ]


def test_own_rules() -> None:
    """Fields, headers, parameters, patterns and functions of one's own are added."""
    rules = Redaction.default().also(
        fields=["ssn", "user_*"],
        headers=["x-tenant"],
        query=["who"],
        patterns=[r"cust-\d+", re.compile(r"PIN (\d{4})")],
        functions=[lambda said: re.findall(r"Mr\. (\w+)", said)],
    )
    body = {
        "SSN": 123,
        "user_id": {"a": "x", "b": [1, "y"]},
        "text": "cust-42 has PIN 1234; ask Mr. Smith",
        "api_key": "k",
    }
    whole = asked(text(body), url=f"{URL}?who=Jones&x=1", x_tenant="T")

    redacted = rules.redact(whole)

    said = json.loads(PLACEHOLDER.sub(r"[\1]", redacted.request_body.decode()))
    assert said == {
        "SSN": "[secret]",
        "user_id": {"a": "[secret]", "b": ["[secret]", "[secret]"]},
        "text": "[own] has PIN [own]; ask Mr. [secret]",
        "api_key": "[secret]",
    }
    assert "Jones" not in redacted.url
    assert redacted.url.endswith("&x=1")
    assert redacted.request_headers[0] != whole.request_headers[0]
    assert rules.redact(redacted) == redacted
    assert rules.scan("a: cust-42")
    assert rules == rules.also()


def test_names_to_keep_are_added_to() -> None:
    """Each word of `also` is beside what was said before."""
    rules = Redaction(keep=["api_key"]).also(keep=["password"])
    whole = asked(text({"api_key": "k", "password": "p", "secret": "s"}))

    redacted = json.loads(rules.redact(whole).request_body)

    assert (redacted["api_key"], redacted["password"]) == ("k", "p")
    assert redacted["secret"] != "s"


def test_own_rules_alone() -> None:
    """Without the default only what one names is hidden; what is to be kept is kept."""
    whole = asked(
        text({"api_key": "k", "ssn": "s"}), x_api_key="my-key", x_request_id="1"
    )

    only = Redaction(fields=["ssn"], defaults=False).redact(whole)
    kept = Redaction(keep=["api_key", "X-Request-*"]).redact(whole)

    assert json.loads(only.request_body)["api_key"] == "k"
    assert b'"s"' not in only.request_body
    assert json.loads(kept.request_body)["api_key"] == "k"
    assert dict(kept.request_headers)["x-request-id"] == "1"
    assert "my-key" not in str(kept.request_headers)


def test_none_hides_nothing() -> None:
    """That nothing is hidden has to be said."""
    secret = SHAPED["github"](rng(1))
    whole = asked(text({"password": secret}))

    assert Redaction.none().redact(whole) is whole
    assert Redaction.none().redact_request("GET", secret, (), b"") == (
        "GET",
        secret,
        (),
        b"",
    )
    assert Redaction.none().scan(secret) == ()
    assert Redaction() == Redaction.default()


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        ({"fields": "ssn"}, "^fields is 'ssn'; give a list.$"),
        ({"patterns": 5}, "^patterns is 5; give a list.$"),
        ({"functions": "f"}, "^functions is 'f'; give a list.$"),
        ({"headers": [""]}, "no name"),
        ({"query": [3]}, "no name"),
        ({"patterns": ["("]}, "no regular expression"),
        ({"patterns": [b"a"]}, "no pattern"),
        ({"functions": ["f"]}, "cannot be called"),
        ({"keep": 1}, "give a list"),
    ],
)
def test_wrong_rules_are_told(rules: dict[str, Any], error: str) -> None:
    """A rule that could hide nothing is refused at once."""
    with pytest.raises(InputError, match=error):
        Redaction(**rules)


@pytest.mark.parametrize("coding", ["br", "zstd"])
@pytest.mark.parametrize("what", ["request", "response"])
def test_a_body_that_cannot_be_looked_into_is_named_once(
    coding: str, what: str
) -> None:
    """The place and which body it is, and then what is wrong with it."""
    said: dict[str, Any] = {
        f"{what}_headers": (("content-encoding", coding),),
        f"{what}_body": b"\x28\xb5\x2f\xfd\xff\x00",
    }
    one = Interaction("POST", URL, 200, place="c.yaml, interaction 1", **said)

    with pytest.raises(CassetteError) as caught:
        DEFAULT.redact(one)

    told = f"c.yaml, interaction 1: the body of the {what} is compressed as {coding!r}"
    assert str(caught.value).startswith(f"{told}, and ")
