"""Wire quirks: what real servers do to a stream of OpenAI Chat Completions events.

In: the events of one answer as a polite server sends them, as dicts. Out: the same
answer as some other server would say it. Each quirk is a named value, so that a test,
a law and a server that plays a bad one can all speak of it.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from harness.errors import InputError, nearest
from harness.strategies.cuts import halves

__all__ = ["QUIRKS", "Event", "Quirk", "quirk"]

#: One ``chat.completion.chunk`` as a dict.
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quirk:
    """One way to say the same thing differently.

    *name* and *description* tell it to people; *keeps_meaning* is False where the
    answer itself is hurt (a stream cut short).

    >>> quirk("trailing_empty").apply([])
    [{'id': 'chatcmpl-1', 'object': 'chat.completion.chunk', 'choices': []}]
    """

    name: str
    description: str
    _change: Callable[[list[Event]], list[Event]] = field(repr=False)
    keeps_meaning: bool = field(default=True, kw_only=True)

    def apply(self, events: Sequence[Event]) -> list[Event]:
        """Give *events* with the quirk; what was given stays as it is."""
        return self._change(copy.deepcopy([*events]))


def _choices(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        yield from event.get("choices", ())


def _deltas(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    for choice in _choices(events):
        if isinstance(choice.get("delta"), dict):
            yield choice["delta"]


def _fragments(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    for delta in _deltas(events):
        yield from delta.get("tool_calls") or ()


def _like(events: Sequence[Event], **fields: Any) -> Event:
    """An event with the head of its neighbours."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk"}
    for event in events[:1]:
        head = {k: v for k, v in event.items() if k not in ("choices", "usage")}
    return {**head, "choices": [], **fields}


def _echo(*names: str) -> Callable[[list[Event]], list[Event]]:
    def change(events: list[Event]) -> list[Event]:
        said: dict[Any, dict[str, Any]] = {}
        for fragment in _fragments(events):
            known = said.setdefault(fragment.get("index"), {})
            function = fragment.setdefault("function", {})
            if "id" in names:
                known.setdefault("id", fragment.get("id"))
                fragment["id"] = known["id"]
            if "name" in names:
                known.setdefault("name", function.get("name"))
                function["name"] = known["name"]
        return events

    return change


def _whole_calls(events: list[Event]) -> list[Event]:
    """Put all fragments of a call into the first, as servers do that cut nothing."""
    first: dict[Any, dict[str, Any]] = {}
    for delta in _deltas(events):
        kept = []
        for fragment in delta.get("tool_calls") or ():
            begun = first.get(fragment.get("index"))
            if begun is None:
                first[fragment.get("index")] = fragment
                kept.append(fragment)
            else:
                more = fragment.get("function", {}).get("arguments") or ""
                function = begun.setdefault("function", {})
                function["arguments"] = (function.get("arguments") or "") + more
        if "tool_calls" in delta:
            delta["tool_calls"] = kept
            if not kept:
                del delta["tool_calls"]
    return events


def _same_index(events: list[Event]) -> list[Event]:
    for fragment in _fragments(_whole_calls(events)):
        fragment["index"] = 0
    return events


def _no_index(events: list[Event]) -> list[Event]:
    for fragment in _fragments(_whole_calls(events)):
        fragment.pop("index", None)
    return events


def _sparse_index(events: list[Event]) -> list[Event]:
    for fragment in _fragments(events):
        fragment["index"] = 2 * fragment["index"] + 1
    return events


def _dup_index_in_delta(events: list[Event]) -> list[Event]:
    for delta in _deltas(events):
        halves = []
        for fragment in delta.get("tool_calls") or ():
            args = fragment.get("function", {}).get("arguments") or ""
            middle = len(args) // 2
            head = {**fragment.get("function", {}), "arguments": args[:middle]}
            tail = {"arguments": args[middle:]}
            halves += [
                {**fragment, "function": head},
                {"index": fragment.get("index"), "function": tail},
            ]
        if halves:
            delta["tool_calls"] = halves
    return events


def _late_id(events: list[Event]) -> list[Event]:
    held: dict[Any, str | None] = {}
    for fragment in _fragments(events):
        index = fragment.get("index")
        if index not in held:
            held[index] = fragment.pop("id", None)
        elif held[index]:
            fragment["id"], held[index] = held[index], None
    for fragment in _fragments(events):  # a call of one fragment keeps its id
        if late := held.pop(fragment.get("index"), None):
            fragment["id"] = late
    return events


def _finish_place(events: Sequence[Event]) -> int:
    for n, event in enumerate(events):
        if any(choice.get("finish_reason") for choice in event.get("choices", ())):
            return n
    return len(events)


def _cumulative_usage(events: list[Event]) -> list[Event]:
    total = next((e["usage"] for e in reversed(events) if e.get("usage")), None)
    if total is None:
        return events
    for n, event in enumerate(events, 1):
        said = total["completion_tokens"] * n // len(events)
        got = total["prompt_tokens"]
        event["usage"] = {
            **total,
            "completion_tokens": said,
            "total_tokens": got + said,
        }
    events[-1]["usage"] = total
    return events


def _usage_on_finish(events: list[Event]) -> list[Event]:
    place = _finish_place(events)
    for event in events:
        if event.get("usage") and not event.get("choices") and place < len(events):
            events[place]["usage"] = event.pop("usage")
    return [e for e in events if e.get("choices") or e.get("usage")]


def _early_usage(events: list[Event]) -> list[Event]:
    reports = [e for e in events if e.get("usage") and not e.get("choices")]
    return [*reports, *(e for e in events if e not in reports)]


def _null_usage(events: list[Event]) -> list[Event]:
    return [*events, _like(events, usage=None)]


def _double_finish(events: list[Event]) -> list[Event]:
    place = _finish_place(events)
    if place == len(events):
        return events
    again = copy.deepcopy(events[place])
    for choice in again["choices"]:
        choice["delta"] = {}
    again.pop("usage", None)
    return [*events[: place + 1], again, *events[place + 1 :]]


def _split_surrogate(events: list[Event]) -> list[Event]:
    cut: list[Event] = []
    for event in events:
        text = next((d.get("content") for d in _deltas([event])), None) or ""
        place = next((n for n, char in enumerate(text) if ord(char) > 0xFFFF), None)
        if place is None:
            cut.append(event)
            continue
        high, low = halves(text[place])
        pieces = text[:place] + high, low + text[place + 1 :]
        first, second = copy.deepcopy(event), event
        first.pop("usage", None)
        for choice in first["choices"]:
            choice["finish_reason"] = None
        for part, piece in zip((first, second), pieces, strict=True):
            next(_deltas([part]))["content"] = piece
        for key in ("tool_calls", "role"):
            next(_deltas([second])).pop(key, None)
        cut += [first, second]
    return cut


def _roles_repeated(events: list[Event]) -> list[Event]:
    for delta in _deltas(events):
        delta["role"] = "assistant"
    return events


def _null_fields(events: list[Event]) -> list[Event]:
    for delta in _deltas(events):
        for name in ("content", "refusal", "tool_calls", "function_call"):
            delta.setdefault(name, None)
    return events


def _empty_deltas(events: list[Event]) -> list[Event]:
    idle = {"index": 0, "delta": {"content": ""}, "finish_reason": None}
    pairs = ((_like(events, choices=[copy.deepcopy(idle)]), event) for event in events)
    return [event for pair in pairs for event in pair]


def _higher_index_first(events: list[Event]) -> list[Event]:
    calls = [n for n, e in enumerate(events) if any(_fragments([e]))]
    if len({f.get("index") for f in _fragments(events)}) < 2:
        return events
    moved = sorted(
        (events[n] for n in calls),
        key=lambda e: -max(f["index"] for f in _fragments([e])),
    )
    for n, event in zip(calls, moved, strict=True):
        events[n] = event
    return events


def _truncated(events: list[Event]) -> list[Event]:
    return events[: _finish_place(events)]


_TABLE = (
    Quirk("echo_name", "the name of a call stands in each fragment", _echo("name")),
    Quirk("echo_id", "the id of a call stands in each fragment", _echo("id")),
    Quirk("echo_both", "id and name stand in each fragment", _echo("id", "name")),
    Quirk("late_id", "the id of a call comes with its second fragment", _late_id),
    Quirk("same_index", "whole calls, all at index 0", _same_index),
    Quirk("no_index", "whole calls without an index", _no_index),
    Quirk("sparse_index", "indexes leave gaps and start above 0", _sparse_index),
    Quirk("higher_index_first", "a later call is sent before", _higher_index_first),
    Quirk("dup_index_in_delta", "one event, two fragments", _dup_index_in_delta),
    Quirk("cumulative_usage", "every event has the usage so far", _cumulative_usage),
    Quirk("usage_on_finish", "usage stands with the finish reason", _usage_on_finish),
    Quirk("early_usage", "usage comes before the answer", _early_usage),
    Quirk("late_null_usage", "after the usage one event says null", _null_usage),
    Quirk(
        "trailing_empty",
        "an event without choices comes last",
        lambda events: [*events, _like(events)],
    ),
    Quirk("double_finish", "the finish reason is said twice", _double_finish),
    Quirk("split_surrogate", "a character is cut into its halves", _split_surrogate),
    Quirk("roles_repeated", "every delta says role", _roles_repeated),
    Quirk("null_fields", "what a delta does not say is null", _null_fields),
    Quirk("empty_deltas", "empty deltas stand between the others", _empty_deltas),
    Quirk(
        "truncated",
        "the stream breaks off before it finishes",
        _truncated,
        keeps_meaning=False,
    ),
)

#: All quirks by name.
QUIRKS: Mapping[str, Quirk] = MappingProxyType({one.name: one for one in _TABLE})


def quirk(name: str) -> Quirk:
    """Give the quirk called *name*. Raises InputError where there is none.

    >>> quirk("echo_nam")
    Traceback (most recent call last):
    harness.errors.InputError: No quirk is 'echo_nam'. Did you mean 'echo_name'? ...
    """
    if name not in QUIRKS:
        raise InputError(f"No quirk is {name!r}. {nearest(name, QUIRKS)}")
    return QUIRKS[name]
