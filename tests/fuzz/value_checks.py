"""What must hold of JSON that arrives in pieces, and of requests that are compared."""

import json
import math
import re
from collections.abc import Callable
from random import Random
from typing import Any
from zlib import crc32

from checking import Wrong, agree, cut, text_of
from pydantic_core import from_json

from harness.cassettes.http_requests import HttpRequest, Matching
from harness.partial_json import (
    MISSING,
    JsonError,
    JsonPrefix,
    is_prefix,
    parse_object,
)

__all__ = ["check_matching", "check_partial_json"]

#: What a number may go on with: the end of the text does not end it.
_OPEN = "-+.eE0123456789"
_SURROGATE = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
_ALL = ("method", "uri", "headers", "body", "raw_body", "query", "host", "port", "path")


# -------------------------------------------------------------- partial JSON


def _fed(parser: Callable[[], JsonPrefix], *pieces: str, end: bool) -> JsonPrefix:
    prefix = parser()
    for piece in pieces:
        prefix.feed(piece)
    if end:
        prefix.finish()
    return prefix


def _state(prefix: JsonPrefix) -> tuple[str, str | None, bool]:
    return repr(prefix.preview()), prefix.error, prefix.complete


def check_partial_json(
    data: bytes, *, parser: Callable[[], JsonPrefix] = JsonPrefix
) -> None:
    """Whole texts are read as json.loads does, and beginnings never take back."""
    text = text_of(data)
    whole, open_ = (_fed(parser, text, end=end) for end in (True, False))
    pieces = [list(text), *([text_of(b) for b in some] for some in cut(data))]
    for one in pieces:
        if "".join(one) == text:
            agree(_state(_fed(parser, *one, end=True)), _state(whole), "in pieces")
    expected = _loaded(text)
    if expected is None:
        agree(whole.error is not None, True, "refused, as json.loads does")
    else:
        agree((repr(whole.preview()), whole.error), (repr(expected[0]), None), "read")
        if not expected[1]:
            _never_takes_back(text, whole.preview(), parser)
    _object(text, expected)
    _as_pydantic(text, open_)


def _loaded(text: str) -> tuple[Any, bool] | None:
    """Give what json.loads reads, and whether a key stands twice; None: it refuses."""
    twice = False

    def finite(raw: str) -> float:
        if not math.isfinite(number := float(raw)):
            raise ValueError(raw)
        return number

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice |= len({_mended(key) for key, _ in pairs}) < len(pairs)
        return {_mended(key): value for key, value in pairs}

    options: Any = {"parse_float": finite, "parse_constant": finite, "strict": False}
    try:
        value = json.loads(text, object_pairs_hook=checked, **options)
    except RecursionError:
        return None
    except ValueError:
        return None
    return _mended(value), twice


def _mended(value: Any) -> Any:
    """Give a value with halves of surrogate pairs joined or replaced."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_mended(item) for item in value]
        case dict():
            return {key: _mended(item) for key, item in value.items()}
        case _:
            return value


def _never_takes_back(text: str, final: Any, parser: Callable[[], JsonPrefix]) -> None:
    prefix, before = parser(), MISSING
    for char in text:
        prefix.feed(char)
        preview = prefix.preview()
        if not is_prefix(before, preview) or not is_prefix(preview, final):
            raise Wrong(f"{before!r}, then {preview!r}, and {final!r} at the end")
        before = preview


def _object(text: str, expected: tuple[Any, bool] | None) -> None:
    value = expected[0] if expected else None
    try:
        found = parse_object(text)
    except JsonError as error:
        if isinstance(value, dict) or error.reason in ("", "None"):
            raise Wrong(f"refused: {error}") from error
    else:
        agree(repr(found), repr(value if text.strip(" \t\r\n") else {}), "an object")


def _as_pydantic(text: str, ours: JsonPrefix) -> None:
    """Where both understand a beginning, and its end is sure, they agree."""
    if ours.error or _SURROGATE.search(text) or text.rstrip()[-1:] in ("", *_OPEN):
        return
    try:
        theirs = from_json(text, allow_partial="trailing-strings", allow_inf_nan=False)
    except ValueError:
        return
    preview = ours.preview()
    if preview is not MISSING:
        agree(repr(preview), repr(theirs), "the preview, and pydantic's")


# ------------------------------------------------------------------ matching


def check_matching(data: bytes, *, key: Callable[..., Any] = Matching.key) -> None:
    """A request has one key however it is spelled, and another if it asks other."""
    first, _, rest = data.partition(b"\0")
    second, _, address = rest.partition(b"\0")
    url = f"https://api.example.com/{text_of(address)}"
    body = Matching.read(["body"])
    one, other = (HttpRequest("POST", url, (), each) for each in (first, second))
    for request in (one, other):
        key(Matching.read(_ALL), request)
        key(Matching.read(["uri", "body"], ["$..id", "re:[0-9]+"]), request)
    values = [_document(each) for each in (first, second)]
    if None not in values:
        same = _alike(values[0], values[1])
        agree(key(body, one) == key(body, other), same, f"the same, {values!r:.500}")
    if values[0] is not None:
        spelled = HttpRequest("POST", url, (), _spelled(values[0], first))
        agree(key(body, spelled), key(body, one), "the key of another spelling")


def _document(body: bytes) -> Any:
    """Give the object or list that a body is; None if it is none."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if value == value else None  # noqa: PLR0124 - NaN is not itself


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON: 1 is 1.0, and not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(
                _alike(one[k], other[k]) for k in one
            )
        case list(), list():
            return len(one) == len(other) and all(map(_alike, one, other))
        case _:
            kinds = {type(one), type(other)}
            return one == other and (len(kinds) == 1 or kinds == {int, float})


def _spelled(value: Any, seed: bytes) -> bytes:
    """Spell a value in another way, with the keys in another order."""
    rng = Random(crc32(seed))  # noqa: S311 - no secret is made of it

    def shuffled(value: Any) -> Any:
        match value:
            case dict():
                items = [(key, shuffled(item)) for key, item in value.items()]
                rng.shuffle(items)
                return dict(items)
            case list():
                return [shuffled(item) for item in value]
            case _:
                return value

    return json.dumps(shuffled(value), indent=rng.choice([None, 1])).encode()
