"""Interactions as the text of a cassette, in vcrpy's format.

Stock vcrpy replays what is written here, and `read_cassette` gives back the very same
interactions. What vcrpy has no words for stands inside `response`, where it is kept
when vcrpy saves the file again.
"""

from collections.abc import Iterable, Mapping

from harness.cassettes.conversations import is_conversation
from harness.cassettes.header_order import order_of
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.message_format import write_conversations
from harness.cassettes.saving import Data
from harness.cassettes.scalars import block_scalar, key, quoted, word
from harness.cassettes.seals import seal_of, text_seal
from harness.cassettes.shown_bodies import shown, sized
from harness.errors import InputError

__all__ = ["ending_of", "item_of", "write_cassette"]

_WIDTH = 88
_REQUEST, _RESPONSE = "    ", "      "


def write_cassette(interactions: Iterable[Interaction]) -> str:
    r"""The text of a cassette with *interactions*: the same ones, the same text.

    Raises InputError for what no recorder makes: chunks that are not the body, or text
    that is no Unicode.

    >>> print(write_cassette([Interaction("GET", "https://a.b/", 404)]))
    interactions:
    - request:
        method: GET
        uri: "https://a.b/"
        headers: {}
        body: ""
      response:
        status:
          code: 404
          message: ""
        headers: {}
        recorded:
          seal: "..."
        body:
          string: ""
    version: 1
    seal: "..."
    count: 1
    <BLANKLINE>
    """
    given = list(interactions)
    if any(map(is_conversation, given)):
        return write_conversations(given)
    items = [item_of(one) for one in given]
    start = "interactions:\n" if items else "interactions: []\n"
    text = "".join([start, *items])
    return f"{text}{ending_of(len(items), text.encode())}"


def ending_of(count: int, *parts: Data) -> str:
    """What stands behind *count* interactions, all sealed; *parts* are their text."""
    return f"version: 1\nseal: {quoted(text_seal(*parts))}\ncount: {count}\n"


def item_of(one: Interaction) -> str:
    """How *one*, which is no conversation, stands in a file. Raises InputError."""
    _check(one)
    asked, request_form = shown(one.request_body, one.request_headers)
    answered, form = shown(one.response_body, one.response_headers)
    reason = one.reason if one.reason.isascii() else ""
    recorded: dict[str, str | list[str]] = {
        "at": one.recorded_at,
        "http_version": one.http_version,
        "reason": "" if reason else one.reason,
        "ended": "" if one.ended == "complete" else one.ended,
        "failure": one.failure,
        "request_form": request_form,
        "form": form,
        "request_header_order": order_of(one.request_headers),
        "header_order": order_of(one.response_headers),
    }
    return (
        "- request:\n"
        f"    method: {word(one.method)}\n"
        f"    uri: {quoted(one.url)}\n"
        f"    headers:{_headers(one.request_headers, asked, request_form)}\n"
        f"    body: {block_scalar(asked, _REQUEST)}\n"
        "  response:\n"
        "    status:\n"
        f"      code: {one.status}\n"
        f"      message: {word(reason)}\n"
        f"    headers:{_headers(one.response_headers, answered, form)}\n"
        f"    recorded:\n{_recorded(recorded)}"
        f"      seal: {quoted(seal_of(one))}\n"
        "    body:\n"
        f"      string: {block_scalar(answered, _RESPONSE)}\n"
        f"{_chunks(one)}"
    )


def _check(one: Interaction) -> None:
    chunks, times = one.response_chunks, one.chunk_times
    if chunks is not None and b"".join(chunks) != one.response_body:
        raise InputError(
            f"{one.place}: its chunks, {len(chunks)} of them, are not its body. Give "
            "response_chunks that joined are response_body."
        )
    if times is not None and len(times) != len(chunks or ()):
        raise InputError(
            f"{one.place}: {len(times)} chunk_times for {len(chunks or ())} chunks. "
            "Give one for each."
        )
    if not 100 <= one.status <= 999:
        raise InputError(
            f"{one.place}: the status {one.status} is none. Give one from 100 to 999; "
            "599 is for a request that got no answer."
        )


def _headers(headers: Headers, body: bytes, form: str) -> str:
    if not headers:
        return " {}"
    if form:
        headers = sized(headers, form, body)
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(quoted(value))
    return "".join(
        f"\n      {key(name, _RESPONSE)} [{', '.join(values)}]"
        for name, values in grouped.items()
    )


def _recorded(said: Mapping[str, str | list[str]]) -> str:
    return "".join(
        f"      {name}: {_flow(value)}\n" for name, value in said.items() if value
    )


def _flow(value: str | list[str]) -> str:
    if isinstance(value, str):
        return word(value)
    return f"[{', '.join(map(quoted, value))}]"


def _chunks(one: Interaction) -> str:
    chunks, times = one.response_chunks, one.chunk_times
    if chunks is None:
        return ""
    if times is None:
        items = [str(len(chunk)) for chunk in chunks]
    else:
        pairs = zip(chunks, times, strict=True)
        items = [f"[{len(chunk)}, {time}]" for chunk, time in pairs]
    if not items:
        return f"      chunks: {'null' if times is None else '[]'}\n"
    rows = ["      chunks: ["]
    for item in items:
        if len(rows[-1]) + len(item) > _WIDTH:
            rows.append("        ")
        rows[-1] += f"{item}, "
    return "\n".join(row.rstrip() for row in rows)[:-1] + "]\n"
