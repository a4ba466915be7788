"""One interaction of a file as what it says. In: plain values. Out: an Interaction.

Read are all spellings that are found in the wild: bodies as text, bytes, mappings,
`parsed_body`, or with a type; the stub of old httpx versions; and what we add.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any, get_args

from harness.cassettes.header_order import in_order
from harness.cassettes.interactions import (
    Ending,
    Headers,
    Interaction,
    decoded_body,
)
from harness.cassettes.parsing import RESTORE
from harness.cassettes.seals import seal_of
from harness.cassettes.shown_bodies import restored, sized
from harness.errors import CassetteError, shown

__all__ = ["believable", "completed", "interaction_of", "is_sealed"]

#: From so many characters on, a text may be a secret.
_TELLING = 8

_ENDINGS: dict[str, Ending] = {said: said for said in get_args(Ending)}


def is_sealed(item: Any) -> bool:
    """Whether *item* has a checksum, right or wrong."""
    match item:
        case {"response": {"recorded": {"seal": _}}}:
            return True
        case _:
            return False


def interaction_of(item: Any, place: str) -> Interaction:
    """What *item* says. Raises CassetteError for what is no whole interaction."""
    match item:
        case {
            "request": {"method": str(method), "uri": str(url)} as request,
            "response": {} as response,
        }:
            pass
        case _:
            raise CassetteError(
                f"{place} is {_outlined(item)}. It has no whole request (method, uri) "
                f"and response: the file is damaged. {RESTORE}"
            )
    said: dict[str, Any] = {
        "method": method.upper(),
        "url": url,
        "status": _status(response, place),
        "request_headers": _headers(request.get("headers"), f"{place}: the request"),
        "request_body": _body(request, ("body",), f"{place}: the request"),
        "response_headers": _headers(response.get("headers"), f"{place}: the response"),
        "response_body": _body(response, ("body", "content"), f"{place}: the response"),
        "place": place,
        "reason": _reason(response),
        "http_version": _word(response, "http_version"),
        "recorded_at": _word(item, "recorded_at"),
    }
    match response.get("recorded"):
        case {} as recorded:
            said["method"] = method
            return completed(said, recorded, response.get("body"))
        case _:
            return believable(Interaction(**said))


def believable(one: Interaction) -> Interaction:
    """*one* without a content-encoding that its body no longer has.

    Recorders that decode bodies leave the header behind; no client could read that.
    """
    kept = tuple(
        pair
        for pair in one.response_headers
        if pair[0].lower() != "content-encoding" or pair[1].lower() == "identity"
    )
    if kept == one.response_headers or not one.response_body:
        return one
    try:
        plain = decoded_body(one) is one.response_body
    except CassetteError:
        return one
    return replace(one, response_headers=kept) if plain else one


def completed(
    said: dict[str, Any],
    recorded: Mapping[str, Any],
    shown_body: Any,
    *,
    sound: bool = False,
) -> Interaction:
    """What is *said* in vcrpy's format, with what we say beyond it.

    That is what is *recorded*, and the chunks of the *shown_body*. What is *sound* is
    known to be as we wrote it: its seal is right.
    """
    asked = _word(recorded, "request_form")
    form = _word(recorded, "form")
    request_body = restored(said["request_body"], asked, sound=sound)
    body = restored(said["response_body"], form, sound=sound)
    chunks, times = _chunks(shown_body, body)
    asked_headers = in_order(
        said["request_headers"], recorded.get("request_header_order")
    )
    headers = in_order(said["response_headers"], recorded.get("header_order"))
    said |= {
        "request_headers": sized(asked_headers, asked, request_body),
        "request_body": request_body,
        "response_headers": sized(headers, form, body),
        "response_body": body,
        "response_chunks": chunks,
        "chunk_times": times,
        "ended": _ENDINGS.get(_word(recorded, "ended"), "complete"),
        "failure": _word(recorded, "failure"),
        "reason": said["reason"] or _word(recorded, "reason"),
        "http_version": _word(recorded, "http_version"),
        "recorded_at": _word(recorded, "at"),
    }
    found = Interaction(**said, sealed=True if sound else None)
    if sound or "seal" not in recorded:
        return found
    return Interaction(**said, sealed=recorded["seal"] == seal_of(found))


def _chunks(
    body: Any, data: bytes
) -> tuple[tuple[bytes, ...] | None, tuple[int, ...] | None]:
    """The pieces of *data*, and their times; none where they are not its pieces."""
    if not isinstance(body, dict) or "chunks" not in body:
        return None, None
    said = body["chunks"]
    times: tuple[int, ...] | None = None
    if said is None:
        sizes: list[int] = []
    elif not isinstance(said, list):
        return None, None
    elif said and (found := _sizes(said)) is not None:
        sizes = found
    elif (pairs := _pairs(said)) is not None:
        sizes = [size for size, _ in pairs]
        times = tuple([time for _, time in pairs])
    else:
        return None, None
    if sum(sizes) != len(data):
        return ((data,), times) if len(sizes) == 1 else (None, None)
    if len(sizes) == 1:
        return (data,), times
    borders = accumulate(sizes, initial=0)
    return tuple([data[start:end] for start, end in pairwise(borders)]), times


def _sizes(said: list[Any]) -> list[int] | None:
    """*said*, if each of it is the size of a chunk."""
    fit = [one for one in said if isinstance(one, int) and one >= 0]
    return fit if len(fit) == len(said) else None


def _pairs(said: list[Any]) -> list[list[int]] | None:
    """*said*, if each of it is the size of a chunk, and its time."""
    fit = [
        one
        for one in said
        if isinstance(one, list)
        and len(one) == 2
        and isinstance(one[0], int)
        and isinstance(one[1], int)
        and one[0] >= 0
    ]
    return fit if len(fit) == len(said) else None


def _word(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return "" if value is None else str(value)


def _reason(response: Mapping[str, Any]) -> str:
    match response:
        case {"status": {"message": str(message)}}:
            return message
        case _:
            return ""


def _status(response: Mapping[str, Any], place: str) -> int:
    match response:
        case {"status": {"code": int(code)} | int(code)} if 100 <= code <= 999:
            return code
        case {"status_code": int(code)} if 100 <= code <= 999:
            return code
        case _:
            raise CassetteError(
                f"{place}: the response has no status code: the file is damaged, or "
                f"cut short. {RESTORE}"
            )


def _body(message: Mapping[str, Any], keys: tuple[str, ...], where: str) -> bytes:
    if "parsed_body" in message:
        return _json_bytes(message["parsed_body"], where)
    for key in keys:
        if key in message:
            return _bytes(message[key], where)
    if "body" in keys and len(keys) == 1:
        return b""
    raise CassetteError(
        f"{where} has no body: the file is damaged, or cut short. {RESTORE}"
    )


def _bytes(value: Any, where: str) -> bytes:
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogatepass")
        case {"string": None | str() | bytes() as said}:
            return _bytes(said, where)
        case {"base64_string": str(said)}:
            return _decoded(_from_base64, said, "base64", where)
        case {"type": "none" | "json" | "text" | "binary" as kind, **rest} if (
            rest.keys() <= {"content"}
        ):
            return _typed(kind, rest.get("content"), where)
        case dict() | list() if "response" not in where:
            return _json_bytes(value, where)
        case _:
            raise CassetteError(
                f"{where} has the body {_outlined(value)}, which is none. {RESTORE}"
            )


def _typed(kind: str, content: Any, where: str) -> bytes:
    """A body of cassetter."""
    match kind, content:
        case "none", None:
            return b""
        case "json", _:
            return _json_bytes(content, where)
        case "text", str():
            return _bytes(content, where)
        case "binary", str():
            return _decoded(bytes.fromhex, content, "hexadecimal", where)
        case _:
            said = _outlined({"type": kind, "content": content})
            raise CassetteError(
                f"{where} has the body {said}, which is none. {RESTORE}"
            )


def _from_base64(said: str) -> bytes:
    return base64.b64decode(said, validate=True)


def _decoded(decode: Callable[[str], bytes], said: str, form: str, where: str) -> bytes:
    try:
        return decode(said)
    except ValueError as error:
        raise CassetteError(
            f"{where} has a body that is no {form}: {error}. {RESTORE}"
        ) from None


def _json_bytes(value: Any, where: str) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise CassetteError(
            f"{where} has a body that is no JSON: {error}. {RESTORE}"
        ) from None
    return text.encode("utf-8", "surrogatepass")


def _headers(value: Any, where: str) -> Headers:
    match value:
        case None:
            return ()
        case dict():
            return tuple(
                [
                    (
                        name if isinstance(name, str) else _text(name),
                        one if isinstance(one, str) else _text(one),
                    )
                    for name, said in value.items()
                    for one in (said if isinstance(said, list) else (said,))
                ]
            )
        case list() if all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            return tuple((_text(name), _text(said)) for name, said in value)
        case _:
            raise CassetteError(
                f"{where} has the headers {_outlined(value)}. {RESTORE}"
            )


def _outlined(value: Any) -> str:
    """*value* for an error's text, which may have secrets: no text of any length."""
    return shown(_outline(value))


def _outline(value: Any) -> Any:
    match value:
        case dict():
            return {name: _outline(one) for name, one in value.items()}
        case list():
            return [*map(_outline, value)]
        case str() | bytes() if len(value) >= _TELLING:
            return f"({len(value)} characters)"
        case _:
            return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
