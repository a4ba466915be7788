"""Two runs side by side: which exchange of the other run asked the same as one."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Literal

from harness.report.entries import Entry

__all__ = ["compared"]

Place = tuple[str, dict[str, Any]]
Shelf = dict[str, deque[Place]]


def compared(entries: Iterable[Entry], others: Iterable[Entry]) -> list[Entry]:
    """*entries*, each exchange of a chat with that of *others* which asked the same.

    That is the one with the same messages and tools in a file of the same name, or in
    any; else the one of the same number in a file of the same name. Of equal requests
    the first goes with the first.
    """
    known = [
        (f"{one.path}/{exchange['number']}", exchange)
        for one in others
        for exchange in one.exchanges
    ]
    keys: list[Callable[[Place], str]] = [
        lambda at: f"{_file(at[0])} {_asked(at[1])}",
        lambda at: _asked(at[1]),
        lambda at: f"{_file(at[0])} {at[1]['number']}",
    ]
    shelves = [_shelved(known, key) for key in keys]
    taken: set[str] = set()
    return [_with_others(one, keys, shelves, taken) for one in entries]


def _shelved(known: Iterable[Place], key: Callable[[Place], str]) -> Shelf:
    shelf: Shelf = defaultdict(deque)
    for place in known:
        shelf[key(place)].append(place)
    return shelf


def _with_others(
    entry: Entry,
    keys: list[Callable[[Place], str]],
    shelves: list[Shelf],
    taken: set[str],
) -> Entry:
    against: dict[str, str] = {}
    differs: Literal["", "differs", "only here"] = ""
    for exchange in entry.exchanges:
        at = f"{entry.path}/{exchange['number']}", exchange
        found = (
            place
            for key, shelf in zip(keys, shelves, strict=True)
            for place in _free(shelf.get(key(at)), taken)
        )
        place, other = next(found, ("", None))
        if other is None:
            differs = differs or "only here"
            continue
        taken.add(place)
        against[str(exchange["number"])] = place
        if _said(exchange) != _said(other):
            differs = "differs"
    return replace(entry, against=against, differs=differs)


def _free(places: deque[Place] | None, taken: set[str]) -> Iterable[Place]:
    """The first of *places* that is not taken; those before it are dropped."""
    while places and places[0][0] in taken:
        places.popleft()
    return (places[0],) if places else ()


def _file(place: str) -> str:
    return PurePosixPath(place).parent.name


def _asked(exchange: dict[str, Any]) -> str:
    request = exchange["request"]
    if request is None:
        raw = exchange.get("raw", {})
        return (
            f"{exchange.get('method')} {exchange.get('url')} {raw.get('request_body')}"
        )
    said = [_meant(message) for message in request["messages"]]
    return json.dumps([said, request["tools"]], sort_keys=True)


def _said(exchange: dict[str, Any]) -> str:
    """What an answer means, without ids, counts and times."""
    answer, fault = exchange["answer"], exchange["fault"]
    if answer is None and fault is None:
        said: Any = exchange.get("raw", {}).get("response_body")
    else:
        said = [_asked(exchange), answer and _meant(answer), fault]
    return json.dumps(said, sort_keys=True)


def _meant(message: dict[str, Any]) -> list[Any]:
    calls = [[one["name"], one["args"]] for one in message.get("tool_calls") or ()]
    content = message["content"]
    if isinstance(content, list):
        content = [
            {key: value for key, value in block.items() if key in _MEANT}
            for block in content
            if isinstance(block, dict)
        ]
    return [message["type"], content, calls]


#: What of a block counts; the rest are ids, signatures and such.
_MEANT = frozenset("type text reasoning refusal name args base64 url".split())
