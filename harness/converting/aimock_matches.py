"""When a fixture of aimock applies, as a condition of a turn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import InputError
from harness.scripts import When

__all__ = ["condition_of", "turn_number"]

Json = Mapping[str, Any]

_SAID = frozenset(
    "userMessage toolName model toolCallId hasToolResult sequenceIndex turnIndex "
    "endpoint".split()
)
_CHATS = (None, "chat")


def condition_of(match: Json, before: Sequence[Any], told: Counter[str]) -> When | None:
    """The condition that *match* is, for a fixture that stands behind those *before*.

    A result is known by the name of its tool, which the fixture says that calls it.
    What no condition says is counted in *told*. Raises InputError where nothing of it
    can be said, or the fixture answers no chat.
    """
    endpoint = match.get("endpoint")
    if endpoint not in _CHATS:
        raise InputError(f"it answers the endpoint {endpoint!r}, which is no chat.")
    for name in match.keys() - _SAID:
        told[f"condition on {name}"] += 1
    wants_result = "toolCallId" in match or match.get("hasToolResult") is True
    tool = _tool(match, before) if wants_result else None
    if wants_result and tool is None:
        raise InputError("no fixture before it calls the tool that it waits for.")
    asked = match.get("userMessage")
    if not isinstance(asked, str | None):
        raise InputError(f"its userMessage is {asked!r}, which is no text.")
    bound = match.get("toolName")
    model = match.get("model")
    if model is not None:
        told["match with dated versions of the model"] += 1
    when = When(
        text=asked,
        tools=() if bound is None else (bound,),
        result_of=tool,
        params={} if model is None else {"model": model},
    )
    if when != When():
        return when
    if match.keys() - _SAID:
        raise InputError(f"no turn can wait for {', '.join(sorted(match))}.")
    return None


def turn_number(match: Json, number: int) -> tuple[int, int]:
    """Where a fixture goes: its place in the file, then where it is counted.

    >>> turn_number({"sequenceIndex": 1}, 7)
    (7, 1)
    """
    counted = match.get("sequenceIndex", match.get("turnIndex", 0))
    return number, counted if isinstance(counted, int) else 0


def _tool(match: Json, before: Sequence[Any]) -> str | None:
    """The tool whose result is awaited: by its id, else the last that was called."""
    called = [
        (one.get("id"), one.get("name"))
        for fixture in before
        if isinstance(fixture, dict)
        for one in _calls(fixture.get("response"))
        if isinstance(one, dict)
    ]
    wanted = match.get("toolCallId")
    named = [name for id_, name in called if id_ is not None and id_ == wanted]
    return next(iter(named), called[-1][1] if called else None)


def _calls(response: Any) -> list[Any]:
    if not isinstance(response, dict):
        return []
    blocks = response.get("blocks")
    listed = blocks if isinstance(blocks, list) else response.get("toolCalls")
    found = listed if isinstance(listed, list) else []
    return [one for one in found if isinstance(one, dict) and "name" in one]
