"""What the readers of all formats share: parts of an interaction, checked.

Each takes a value that a file says and where it stands; what is of a wrong shape is a
CassetteError that names the place.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain, zip_longest
from typing import Any

from harness.cassettes.entries import believable
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.parsing import RESTORE
from harness.converting.documents import Document
from harness.errors import CassetteError, shown
from harness.http_messages import HttpRequest

__all__ = [
    "Answer",
    "body_bytes",
    "from_base64",
    "from_hexadecimal",
    "headers_of",
    "interaction_of",
    "items_of",
    "json_bytes",
    "mapping_of",
    "milliseconds",
    "moment",
    "pairs_of",
    "placed",
    "status_line_of",
    "status_of",
    "text_of",
    "wrong",
]


_LONGEST = 1e9
_STATUS = re.compile(r"[1-9]\d\d", re.ASCII)
_METHOD = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as a file says it; *duration* is that of all of it, in ms.

    *failure* says why nothing came.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    http_version: str = ""
    chunks: tuple[bytes, ...] | None = None
    duration: int | None = None
    failure: str = ""


def interaction_of(
    asked: HttpRequest, answer: Answer, place: str, recorded_at: str = ""
) -> Interaction:
    """An interaction without headers that its bodies make untrue.

    Recorders leave a content-encoding that they have undone, and the length that the
    body had on the wire.
    """
    _check(asked, answer, place)
    chunks, times = answer.chunks, None
    if answer.duration is not None and answer.body:
        chunks = chunks or (answer.body,)
        times = (answer.duration,) * len(chunks)
    return believable(
        Interaction(
            asked.method.upper(),
            asked.url,
            answer.status,
            request_headers=_sized(asked.headers, asked.body),
            request_body=asked.body,
            response_headers=_sized(answer.headers, answer.body),
            response_body=answer.body,
            response_chunks=chunks,
            chunk_times=times,
            ended="connection" if answer.failure else "complete",
            failure=answer.failure,
            reason=answer.reason,
            http_version=_version(answer.http_version),
            recorded_at=recorded_at,
            place=place,
        )
    )


def _check(asked: HttpRequest, answer: Answer, place: str) -> None:
    """Refuse what nobody can have sent, and no file can hold."""
    if not _METHOD.fullmatch(asked.method):
        raise wrong(place, f"has the method {shown(asked.method)}, which is none")
    if not asked.url.strip():
        raise wrong(place, "has no URL")
    said = (answer.reason, answer.http_version, answer.failure)
    for text in (asked.url, *said, *chain(*asked.headers, *answer.headers)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise wrong(place, f"has {shown(text)}, with half a character") from None


def _version(said: str) -> str:
    """The version of HTTP as clients say it: `HTTP/2`, not `h2`."""
    number = said.lower().removeprefix("http/").removeprefix("h")
    return f"HTTP/{number.removesuffix('.0')}" if number[:1] in ("2", "3") else said


def _sized(headers: Headers, body: bytes) -> Headers:
    """*headers* without a length that is not that of *body*."""
    if not body:  # as in the answer to a HEAD
        return headers
    size = str(len(body))
    return tuple(
        pair
        for pair in headers
        if pair[0].lower() != "content-length" or pair[1].strip() == size
    )


def wrong(place: str, what: str) -> CassetteError:
    """The error for a file that is not as its format says."""
    return CassetteError(f"{place} {what}. {RESTORE}")


def mapping_of(value: Any, key: str, place: str) -> Mapping[str, Any]:
    """The mapping that *value* has at *key*."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise wrong(place, f"has no {key!r}, or one that is no mapping")
    return found


def items_of(said: Document, key: str, name: str) -> list[tuple[Any, str]]:
    """The items of the list that a document has at *key*, each with its place."""
    found = said.value.get(key) if isinstance(said.value, dict) else None
    if not isinstance(found, list):
        raise wrong(name, f"has no {key!r}, or one that is no list")
    return placed(found, name, said.items.get(key, ()))


def placed(
    items: Sequence[Any], name: str, lines: Sequence[int] = ()
) -> list[tuple[Any, str]]:
    """*items* with the place of each: the file, its number, the line if it is known."""
    return [
        (one, f"{name}, interaction {n}{f' (line {line})' if line else ''}")
        for n, (one, line) in enumerate(zip_longest(items, lines), 1)
    ]


def text_of(value: Any, key: str, place: str, default: str | None = None) -> str:
    """The text that *value*, a mapping, has at *key*; *default* where it has none."""
    match value.get(key):
        case str(text):
            return text
        case bytes() as data:
            return data.decode("latin-1")
        case None if default is not None:
            return default
        case other:
            raise wrong(place, f"has the {key} {shown(other)}, which is no text")


def status_of(value: Any, place: str) -> int:
    """The status that *value* says: a number, or a text that is one."""
    said = str(value).strip()
    if isinstance(value, int | str) and _STATUS.fullmatch(said):
        return int(said)
    raise wrong(place, f"has the status {shown(value)}, which is none")


def status_line_of(value: Any, place: str) -> tuple[int, str]:
    """The status and its text that *value* says: a mapping, or the status alone."""
    if not isinstance(value, dict):
        return status_of(value, place), ""
    code = value.get("code", value.get("status_code"))
    return status_of(code, place), text_of(value, "message", place, "")


def milliseconds(value: Any) -> int | None:
    """A duration that a file says as a number, or as a text that is one; if it is any.

    >>> milliseconds("702.4"), milliseconds(-1), milliseconds("soon")
    (702, None, None)
    """
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(found) if 0 <= found < _LONGEST else None


def headers_of(value: Any, place: str) -> Headers:
    """The headers that *value* says: names with a value, or with a list of them."""
    match value:
        case None:
            return ()
        case dict():
            return tuple(
                (_word(name, place), _word(one, place))
                for name, said in value.items()
                for one in (said if isinstance(said, list) else (said,))
            )
        case _:
            raise wrong(place, f"has the headers {shown(value)}")


def pairs_of(value: Any, place: str) -> Headers:
    """The headers that a list of mappings with *name* and *value* says."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise wrong(place, f"has the headers {shown(value)}")
    found = []
    for one in value:
        match one:
            case {"name": name, "value": said}:
                found.append((_word(name, place), _word(said, place)))
            case _:
                raise wrong(place, f"has the header {shown(one)}")
    return tuple(found)


def _word(value: Any, place: str) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bytes():
            return value.decode("latin-1")
        case bool() | int() | float():
            return str(value).lower() if isinstance(value, bool) else str(value)
        case _:
            raise wrong(place, f"has {shown(value)} in a header")


def body_bytes(value: Any, place: str) -> bytes:
    """The bytes of a body that stands in a file as text, as bytes, or not at all."""
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogatepass")
        case _:
            raise wrong(place, f"has the body {shown(value)}, which is none")


def json_bytes(value: Any, place: str) -> bytes:
    """The bytes of a body that stands in a file as the value that its JSON says."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise wrong(place, "has a body that is nested too deeply") from None
    except TypeError as error:  # YAML has values, and keys, that JSON has not
        raise wrong(place, f"has a body that is no JSON: {error}") from None
    return text.encode("utf-8", "surrogatepass")


def from_base64(value: Any, place: str) -> bytes:
    """The bytes that a text in base64 says, on one line or several."""
    said = body_bytes(value, place)
    try:
        return base64.b64decode(b"".join(said.split()), validate=True)
    except ValueError as error:
        raise wrong(place, f"has a body that is no base64: {error}") from None


def from_hexadecimal(value: Any, place: str) -> bytes:
    """The bytes that a text in hexadecimal says."""
    said = body_bytes(value, place)
    try:
        return bytes.fromhex(said.decode("ascii"))
    except ValueError as error:
        raise wrong(place, f"has a body that is no hexadecimal: {error}") from None


def moment(said: Any) -> str:
    """A time that recorders write, as we do, in UTC; "" for what is none.

    >>> moment("Mon, 14 Aug 2023 15:02:13 GMT"), moment("2026-08-02 17:44:02 GMT")
    ('2023-08-14T15:02:13Z', '2026-08-02T17:44:02Z')
    """
    text = str(said or "").strip()
    plain = text.removesuffix(" GMT").removesuffix(" UTC")
    for read, form in ((datetime.fromisoformat, plain), (parsedate_to_datetime, text)):
        try:
            found = read(form)
            if found.tzinfo is None:
                found = found.replace(tzinfo=UTC)
            return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return ""
