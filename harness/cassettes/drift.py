"""How a live answer differs from the recorded one, in what it means.

Compared are status and ending, and the decoded message: texts, tool calls, how it
finished, which model said it. Ids, times, usage and wording of the wire are not.
"""

import json
from collections.abc import Iterator
from typing import Any

from harness.cassettes.interactions import Interaction, decoded_body
from harness.errors import CassetteError, WireError, shown
from harness.matching import difference
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.wire import dialect_of

__all__ = ["drift"]

_METADATA = ("finish_reason", "model_name")
_NAMES = ("type", "code", "status")
_SHOWN = 8


def drift(live: Interaction, recorded: Interaction | None) -> list[str]:
    """Where *live* drifts from *recorded*, a line each; nothing if it does not.

    >>> one = Interaction("GET", "https://a.b/", 200, response_body=b'{"a": 1}')
    >>> drift(one, one)
    []
    """
    asked = f"{live.method} {live.url}"
    if recorded is None:
        return [f"{asked} was not recorded, or not as often as it was asked"]
    return [f"{recorded.place}: {line}" for line in _lines(live, recorded)]


def _lines(live: Interaction, recorded: Interaction) -> Iterator[str]:
    for name in ("status", "ended"):
        ours, theirs = getattr(live, name), getattr(recorded, name)
        if ours != theirs:
            yield f"{name}: {shown(ours)} instead of {shown(theirs)}"
    if live.status != recorded.status:
        return
    try:
        yield from _bodies(live, recorded)
    except (CassetteError, WireError) as error:
        yield f"the body cannot be read: {error}"


def _bodies(live: Interaction, recorded: Interaction) -> Iterator[str]:
    one, other = decoded_body(live), decoded_body(recorded)
    if one == other:
        return
    dialect = dialect_of(recorded.url)
    if dialect is None:
        yield from _values(one, other)
    elif live.status >= 400:
        ours, theirs = _error(one), _error(other)
        if ours != theirs:
            yield f"error: {shown(ours)} instead of {shown(theirs)}"
    else:
        yield from _messages(dialect.read_reply(one), dialect.read_reply(other))


def _messages(live: AIMessage, recorded: AIMessage) -> Iterator[str]:
    lines = difference(ChatRequest((live,)), ChatRequest((recorded,)), ("messages",))
    yield from (line.replace("message 1 (ai)", "answer", 1) for line in lines)
    for name in _METADATA:
        ours = live.response_metadata.get(name)
        theirs = recorded.response_metadata.get(name)
        if ours != theirs:
            yield f"{name}: {shown(ours)} instead of {shown(theirs)}"


def _error(body: bytes) -> dict[str, Any]:
    """What an error is called; its words may change."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    said = error if isinstance(error, dict) else {}
    return {name: said[name] for name in _NAMES if said.get(name) is not None}


def _values(live: bytes, recorded: bytes) -> Iterator[str]:
    try:
        ours, theirs = json.loads(live), json.loads(recorded)
    except (ValueError, RecursionError):
        yield f"body: {shown(live)} instead of {shown(recorded)}"
        return
    if ours != theirs:
        yield from list(_changed(ours, theirs, "body"))[:_SHOWN]


def _changed(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Where two JSON values differ, as deep as both are objects."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                yield from _changed(ours.get(key), theirs.get(key), f"{where}.{key}")
    else:
        yield f"{where}: {shown(ours)} instead of {shown(theirs)}"
