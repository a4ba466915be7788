"""The grammar of a stream of OpenAI Responses, as OpenAI itself speaks it.

An answer is created, has items that begin and end, which have parts that begin and end,
which have texts that come in pieces; and everything is said again, whole, by the event
that ends it: the pieces are the text, the texts are the part, the parts are the item,
the items are the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.errors import shown
from harness.wire.sse import Event

__all__ = ["ResponsesGrammar"]

Said = dict[str, Any]
Found = Iterator[tuple[str, str]]
Key = tuple[str, int]

_STARTS = frozenset({"response.in_progress", "response.queued"})
_ENDS = {
    "response.completed": "completed",
    "response.failed": "failed",
    "response.incomplete": "incomplete",
}
#: Events of parts and of their texts: the group of parts, its index, the text's field.
_PARTS: dict[str, tuple[str, str]] = {
    "response.content_part": ("content", "content_index"),
    "response.reasoning_part": ("content", "content_index"),
    "response.reasoning_summary_part": ("summary", "summary_index"),
}
_TEXTS: dict[str, tuple[str, str, str]] = {
    "response.output_text": ("content", "content_index", "text"),
    "response.reasoning_summary_text": ("summary", "summary_index", "text"),
    "response.reasoning_text": ("content", "content_index", "text"),
    "response.refusal": ("content", "content_index", "refusal"),
}
#: Texts of an item that has no parts: their field.
_ARGS: dict[str, str] = {
    "response.code_interpreter_call_code": "code",
    "response.custom_tool_call_input": "input",
    "response.function_call_arguments": "arguments",
    "response.mcp_call_arguments": "arguments",
}
#: OpenAI ends these in the last event alone, and says these anew in it.
_UNENDED = frozenset({"mcp_list_tools"})
_ANEW = frozenset({"encrypted_content"})


@dataclass(slots=True)
class _Part:
    pieces: list[str] = field(default_factory=list)
    text: str | None = None
    notes: list[Any] = field(default_factory=list)
    done: Said | None = None


@dataclass(slots=True)
class _Item:
    id: Any
    kind: Any
    parts: dict[Key, _Part] = field(default_factory=dict)
    done: Said | None = None


class ResponsesGrammar:
    """See `harness.wire.grammar.Grammar`.

    The rules: "type", "event", "sequence", "first", "last", "id", "index", "order",
    "done", "completed", "status" and "usage".
    """

    def __init__(self) -> None:
        self._count = 0
        self._id: Any = None
        self._created = False
        self._failed = False
        self._ended = False
        self._items: list[_Item] = []

    def event(self, event: Event, said: Any) -> Found:
        """What is wrong with one event."""
        if said is None:
            yield "last", "[DONE] is no event of this format"
            return
        kind = said.get("type") if isinstance(said, dict) else None
        if not isinstance(kind, str):
            yield "type", f"{shown(said)} is no event: it has no 'type'"
            return
        yield from self._frame(event, kind, said)
        head, _, end = kind.rpartition(".")
        if kind in _ENDS:
            yield from self._end(_ENDS[kind], said)
        elif kind in _STARTS:
            yield from self._same_id(said)
        elif head == "response.output_item":
            yield from self._item(end, said)
        elif head in _PARTS:
            yield from self._part(head, end, said)
        elif head in _TEXTS or head in _ARGS:
            yield from self._text(head, end, said)
        else:
            yield from self._other(kind, said)

    def _other(self, kind: str, said: Said) -> Found:
        if kind == "response.output_text.annotation.added":
            part = self._found(said, "content", "content_index")
            if part is None or part.done is not None:
                yield "order", "an annotation of a part that is not open"
            else:
                part.notes.append(said.get("annotation"))
        elif "item_id" in said:
            yield from self._named(said)

    def end(self) -> Found:
        """What is missing where the stream ends."""
        if not self._ended and not self._failed:
            yield "last", "it ends without response.completed"

    # ------------------------------------------------------------------- frame

    def _frame(self, event: Event, kind: str, said: Said) -> Found:
        if event.event not in (kind, ""):
            yield "event", f"the event {kind} is called {event.event!r}"
        number = said.get("sequence_number")
        if type(number) is not int or number != self._count:
            yield "sequence", f"sequence_number {shown(number)} is not {self._count}"
        self._count = (number if type(number) is int else self._count) + 1
        if self._ended:
            yield "last", f"{kind} after the last event"
        if kind == "error":
            self._failed = True
        elif self._failed and kind != "response.failed":
            yield "last", f"{kind} after an error"
        if (kind == "response.created") == self._created and kind != "error":
            again = "comes again" if self._created else "is missing"
            yield "first", f"response.created {again} before {kind}"
        if kind == "response.created":
            yield from self._same_id(said)
        self._created = True

    def _same_id(self, said: Said) -> Found:
        answer = said.get("response")
        given = answer.get("id") if isinstance(answer, dict) else None
        if self._id is None:
            self._id = given
        if not isinstance(given, str) or given != self._id:
            yield "id", f"the answer {shown(self._id)} is called {shown(given)}"

    # ------------------------------------------------------------------- items

    def _item(self, end: str, said: Said) -> Found:
        item = said.get("item")
        if not isinstance(item, dict):
            yield "type", f"{shown(item)} is no item"
            return
        if end == "added":
            place = said.get("output_index")
            if place != len(self._items):
                yield "index", f"output_index {shown(place)} is not {len(self._items)}"
            self._items.append(_Item(item.get("id"), item.get("type")))
            return
        mine = self._open(said)
        if mine is None:
            yield "order", "an item ends that is not open"
            return
        if (mine.id, mine.kind) != (item.get("id"), item.get("type")):
            named = f"{shown(item.get('type'))} {shown(item.get('id'))}"
            yield "id", f"the item {mine.id!r} ends as {named}"
        mine.done = item
        for key, part in mine.parts.items():
            yield from self._same_part(mine, key, part)
        for group in {"content", "summary"} & item.keys():
            parts = item[group] if isinstance(item[group], list) else []
            count = sum(key[0] == group for key in mine.parts)
            if len(parts) != count:
                yield "done", f"{group!r} has {len(parts)} parts, and {count} came"

    def _same_part(self, item: _Item, key: Key, part: _Part) -> Found:
        whole = item.done or {}
        group, index = key
        if group == "args":
            name = next(
                f for f in ("arguments", "input", "code", "") if f in whole or not f
            )
            if part.text is None or whole.get(name) != part.text:
                yield "done", f"{name!r} of the item is not what its events said"
            return
        listed = whole.get(group)
        if part.done is None:
            yield "order", "an item ends before its part"
        elif not (
            isinstance(listed, list) and listed[index : index + 1] == [part.done]
        ):
            yield "done", f"part {index} of the item is not what ended it"

    def _open(self, said: Said) -> _Item | None:
        place = said.get("output_index")
        if type(place) is not int or not 0 <= place < len(self._items):
            return None
        item = self._items[place]
        return item if item.done is None else None

    def _named(self, said: Said) -> Found:
        item = self._open(said)
        if item is None:
            yield "order", f"{said['type']} is about an item that is not open"
        elif said.get("item_id", item.id) != item.id:
            yield "id", f"the item {item.id!r} is called {shown(said['item_id'])}"

    # ------------------------------------------------------------------- texts

    def _found(self, said: Said, group: str, index: str) -> _Part | None:
        item, place = self._open(said), said.get(index)
        if item is None or type(place) is not int:
            return None
        return item.parts.get((group, place))

    def _part(self, head: str, end: str, said: Said) -> Found:
        yield from self._named(said)
        group, name = _PARTS[head]
        item, index, part = self._open(said), said.get(name), said.get("part")
        if item is None:
            return
        if end == "added":
            count = sum(key[0] == group for key in item.parts)
            if index != count:
                yield "index", f"{name} {shown(index)} is not {count}"
            item.parts[group, index if type(index) is int else count] = _Part()
            return
        mine = self._found(said, group, name)
        if mine is None or mine.done is not None:
            yield "order", "a part ends that is not open"
            return
        mine.done = part if isinstance(part, dict) else {}
        text = mine.done.get("refusal", mine.done.get("text"))
        if mine.text is not None and text != mine.text:
            yield "done", f"the part says {shown(text)}, its events {shown(mine.text)}"
        if mine.text is None and mine.pieces:
            yield "order", "a part ends before its text"
        if mine.done.get("annotations", mine.notes) != mine.notes:
            yield "done", "the annotations of the part are not those that came"

    def _text(self, head: str, end: str, said: Said) -> Found:
        if "item_id" in said or self._open(said) is None:
            yield from self._named(said)
        item = self._open(said)
        if item is None:
            return
        if head in _ARGS:
            part, whole = item.parts.setdefault(("args", 0), _Part()), _ARGS[head]
        else:
            group, index, whole = _TEXTS[head]
            found = self._found(said, group, index)
            if found is None:
                yield "order", f"{said['type']} is about a part that is not open"
                return
            part = found
        if part.text is not None or part.done is not None:
            yield "order", f"{said['type']} comes after the text has ended"
        elif end == "delta":
            part.pieces.append(str(said.get("delta")))
        else:
            part.text = said.get(whole)
            if part.text != "".join(part.pieces):
                text = shown("".join(part.pieces))
                yield "done", f"the text is {shown(part.text)}, its pieces say {text}"

    # ----------------------------------------------------------------- the end

    def _end(self, word: str, said: Said) -> Found:
        self._ended = True
        yield from self._same_id(said)
        given = said.get("response")
        answer: Said = given if isinstance(given, dict) else {}
        if answer.get("status") != word:
            yield "status", f"the status is {shown(answer.get('status'))}, not {word!r}"
        usage = answer.get("usage")
        if usage is not None and not _counts(usage):
            yield "usage", f"{shown(usage)} does not count the tokens"
        output = answer.get("output")
        listed: list[Any] = output if isinstance(output, list) else []
        if word == "failed":
            return
        if len(listed) != len(self._items):
            text = f"the answer has {len(listed)} items, and {len(self._items)} came"
            yield "completed", text
            return
        for place, (item, whole) in enumerate(zip(self._items, listed, strict=True)):
            if item.done is None:
                if item.kind not in _UNENDED:
                    yield "order", f"the item {item.id!r} has no end"
            elif _steady(whole) != _steady(item.done):
                yield "completed", f"item {place} of the answer is not what ended it"


def _counts(usage: Any) -> bool:
    names = ("input_tokens", "output_tokens", "total_tokens")
    return isinstance(usage, dict) and all(type(usage.get(n)) is int for n in names)


def _steady(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if key not in _ANEW}
