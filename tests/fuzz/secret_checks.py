"""What must hold of redaction, whatever stands around a secret."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any
from urllib.parse import quote
from zlib import crc32

from checking import Wrong, agree, text_of

from harness.cassettes.interactions import Interaction
from harness.cassettes.journals import line_of
from harness.cassettes.redaction import Redaction
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError, InputError

__all__ = ["SECRET", "check_planted", "check_redaction"]

#: A key that its shape tells, and a password that its place tells; neither is real.
KEY = "gs" + "k_" + "qQ7aB3" * 8
SECRET = "qQ7" + "c2VjcmV0d29yZDk5"
_URL = "https://api.example.com/v1/chat"
_JSON = (("content-type", "application/json"),)
_DEFAULT = Redaction.default()


def _asked(url: str = _URL, body: bytes = b"", **headers: str) -> Interaction:
    named = tuple((name.replace("_", "-"), said) for name, said in headers.items())
    return Interaction("POST", url, 200, request_headers=named, request_body=body)


def _events(text: str) -> bytes:
    sizes = Random(crc32(text.encode("utf-8", "replace")))  # noqa: S311 - no secret
    places = sorted(sizes.randint(0, len(text)) for _ in range(6))
    pieces = [text[a:b] for a, b in pairwise([0, *places, len(text)])]
    return "".join(f"data: {json.dumps({'delta': p})}\n\n" for p in pieces).encode()


def _answered(body: bytes) -> Interaction:
    third = len(body) // 3
    chunks = (body[:third], body[third:])
    return replace(
        _asked(),
        response_body=body,
        response_chunks=tuple(filter(None, chunks)) or None,
    )


#: Where a secret may stand that nothing but its place tells; *said* is told beside it.
PLACES: tuple[Callable[[str, str], Interaction], ...] = (
    lambda said, one: _asked(authorization=f"Bearer {one}", body=said.encode()),
    lambda said, one: _asked(x_api_key=one, body=f"{said} {one} {said}".encode()),
    lambda said, one: _asked(f"{_URL}?key={one}&q={quote(said, '')}"),
    lambda said, one: _asked(
        body=json.dumps({"a": said, "api_key": one, "b": [said + one]}).encode()
    ),
    lambda said, one: _asked(
        body=json.dumps(
            {"arguments": json.dumps({"t": said, "password": one})}
        ).encode()
    ),
    lambda said, one: _asked(
        content_type="application/x-www-form-urlencoded",
        body=f"q={quote(said, '')}&client_secret={one}".encode(),
    ),
    lambda said, one: replace(
        _asked(x_api_key=one), response_body=_events(f"{said} {one} {said}")
    ),
    lambda said, one: _asked(
        authorization="Basic " + base64.b64encode(f"user:{one}".encode()).decode(),
        body=json.dumps({"note": said}).encode(),
    ),
    lambda said, one: replace(
        _asked(cookie=f"a=b; sid={one}"), failure=f"{said} {one}"
    ),
    lambda said, one: _answered(f"{said} {KEY} {one and said}".encode()),
    lambda said, one: _answered(_events(f"{said} {KEY} {one and said}")),
)


def _encoded(said: str) -> str:
    return said.encode("utf-8", "replace").decode()


def check_planted(
    data: bytes, *, redact: Callable[[Interaction], Interaction] = _DEFAULT.redact
) -> None:
    """A secret is nowhere in what is kept, and the last look lets it through."""
    if not data:
        return
    said = _encoded(text_of(data[1:]))
    whole = PLACES[data[0] % len(PLACES)](said, SECRET)
    if SECRET in said or KEY in said:
        return
    found = redact(whole)
    for text in (line_of(1, found).decode(), write_cassette([found])):
        plain = re.sub(r"\\\n\s*\\?|\n\s*", "", text)
        for kept in (text, plain, _unfolded(text)):
            if SECRET in kept or KEY in kept or _packed() in kept:
                raise Wrong(f"the secret is kept: {kept!r:.3000}")
    _settled(whole, found, redact)


def _packed() -> str:
    return base64.b64encode(f"user:{SECRET}".encode()).decode()


def _unfolded(text: str) -> str:
    """Give what a stream says when its pieces are joined."""
    return "".join(re.findall(r'\\?"delta\\?": ?\\?"(.*?)\\?"}', text))


def check_redaction(
    data: bytes, *, redact: Callable[[Interaction], Interaction] = _DEFAULT.redact
) -> None:
    """Whatever stands in a message, what was redacted can be saved, and stays so."""
    if not data:
        return
    said, body = data[1:], text_of(data[1:]).encode("utf-8", "replace")
    text = _encoded(text_of(said))
    header = " ".join(text.split())
    shapes: tuple[Callable[[], Interaction], ...] = (
        lambda: _asked(body=said),
        lambda: _answered(said),
        lambda: _answered(body),
        lambda: replace(_asked(body=body), request_headers=_JSON),
        lambda: _answered(_events(text)),
        lambda: _asked(authorization=header, x_api_key=header[:20], cookie=header),
        lambda: _asked(f"{_URL}?{quote(text, '=&%')}"),
        lambda: _asked(body=json.dumps({"arguments": text, "api_key": 1}).encode()),
        lambda: replace(_asked(), failure=text, reason=header),
    )
    whole = shapes[data[0] % len(shapes)]()
    try:
        found = redact(whole)
    except CassetteError:
        return
    _settled(whole, found, redact)


def _settled(whole: Interaction, found: Interaction, redact: Any) -> None:
    try:
        texts = [line_of(1, found).decode(), write_cassette([found, found])]
    except InputError:
        return
    left = [str(leak) for text in texts for leak in _DEFAULT.scan(text)]
    agree(left, [], f"left in {texts!r:.3000} of {whole!r:.1000}")
    agree(redact(found), found, "redacted again, and once")
    asked = (whole.method, whole.url, whole.request_headers, whole.request_body)
    live = _DEFAULT.redact_request(*asked)
    kept = (found.method, found.url, found.request_headers, found.request_body)
    if redact == _DEFAULT.redact:
        agree(live, kept, "a live request, and the one that is kept")
