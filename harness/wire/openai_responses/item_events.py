"""The events of one item of a streamed answer.

Each item has an event that begins it, events that its type has in between, and one
that ends it with the whole item, which is what its blocks amount to.
"""

import json
from contextlib import suppress
from typing import Any, Protocol

from harness.partial_json import JsonError, JsonPrefix, parse_object
from harness.text import put_behind
from harness.wire.openai_responses.item_writing import Group
from harness.wire.openai_responses.items import ITEM_KEYS, begins_item
from harness.wire.openai_responses.parts import write_citation, write_said

__all__ = ["CallItem", "OpenItem", "Said", "Stream", "TextItem"]

Said = dict[str, Any]

#: Fields that an item has, empty, before it has anything in it.
_EMPTY: dict[str, Said] = {
    "code_interpreter_call": {"code": "", "outputs": None},
    "custom_tool_call": {"input": ""},
    "function_call": {"arguments": ""},
    "mcp_call": {"arguments": "", "output": None, "error": None},
    "mcp_list_tools": {"tools": []},
    "message": {"content": []},
    "reasoning": {"summary": []},
}
_LATER = frozenset({"action", "content", "output", "outputs", "queries", "result"})


class Stream(Protocol):
    """Where the events go."""

    @property
    def answer(self) -> str:
        """The id of the answer."""
        ...

    def say(self, kind: str, said: Said) -> None:
        """Put out an event."""
        ...


class OpenItem:
    """An item that is being written."""

    #: Whether it may be ended after items that began later.
    waits = False

    def __init__(self, stream: Stream, place: int, kind: str) -> None:
        self.kind = kind
        self.ended = False
        self.whole: Said = {}
        self.group = Group(kind, [])
        self.place = place
        self.stream = stream
        self._id: str | None = None

    def end(self) -> None:
        """Put out what ends the item, once."""
        if not self.ended:
            self._last()
            self.ended = True

    def _last(self) -> None:
        raise NotImplementedError

    def item(self) -> Said:
        """The item so far."""
        item = self.group.item(self.stream.answer, self.place)
        self._id = self._id or item.get("id")
        return {**item, "id": self._id} if self._id else item

    def begin(self) -> None:
        """Put out the event that begins the item."""
        item = self.item()
        kind = str(item.get("type"))
        said = {k: v for k, v in item.items() if k not in _LATER} | _EMPTY.get(kind, {})
        if "status" in said:
            said["status"] = "in_progress"
        self._say("response.output_item.added", {"item": said})

    def finish(self) -> None:
        """Put out the event that ends the item."""
        self.whole = self.item()
        self._say("response.output_item.done", {"item": self.whole})

    def tell(self, kind: str, said: Said) -> None:
        """Put out an event that names the item."""
        self._say(kind, {"item_id": self._id, **said})

    def _say(self, kind: str, said: Said) -> None:
        self.stream.say(kind, {"output_index": self.place, **said})


class TextItem(OpenItem):
    """A message, or reasoning."""

    def __init__(
        self,
        stream: Stream,
        place: int,
        kind: str,
        block: Said,
        aside: Said | None,
    ) -> None:
        super().__init__(stream, place, kind)
        self._key: tuple[str, Any] | None = None
        self._counts: dict[str, int] = {}
        self._about: Said = {}
        self._logprobs: list[Any] = []
        self._begun = False
        if aside is not None:
            kept = {k: v for k, v in aside.items() if k in ITEM_KEYS}
            self.group.aside = kept
            self._source: Said | None = aside
        else:
            self._source = None
        self.group.blocks.append({**block})
        self.begin()
        self.group.blocks.clear()

    def takes(self, kind: str, block: Said) -> bool:
        """Whether a new *block* goes on with this item."""
        same = kind == self.kind and not self.ended
        return same and not begins_item(block.get("extras"))

    def take(self, key: tuple[str, Any], block: Said, logprobs: Any) -> None:
        """Write what *block* adds."""
        if key != self._key:
            self._end_part()
            self._key = key
            field = block["type"]
            self.group.blocks.append({"type": field})
            if field == "non_standard":
                self.group.blocks[-1] |= block
        mine = self.group.blocks[-1]
        if extras := block.get("extras"):
            mine["extras"] = {**mine.get("extras", {}), **extras}
        if block["type"] == "non_standard":
            self._begin_part()
        elif block.get(block["type"]) or block.get("annotations") or self._is_message:
            self._begin_part()
            self._grow(mine, block, logprobs)

    @property
    def _is_message(self) -> bool:
        return self.kind == "message"

    def _begin_part(self) -> None:
        if self._begun:
            return
        self._begun = True
        mine = self.group.blocks[-1]
        name = self._name
        index = self._counts.get(name, 0)
        self._counts[name] = index + 1
        self._about = {"summary_index" if name == "summary" else "content_index": index}
        self.tell(
            f"{self._part_event}.added", {**self._about, "part": self._part(mine)}
        )

    @property
    def _name(self) -> str:
        if self._is_message:
            return "content"
        extras = self.group.blocks[-1].get("extras") or {}
        return "content" if "content_index" in extras else "summary"

    @property
    def _part_event(self) -> str:
        if self._is_message:
            return "response.content_part"
        word = "reasoning_summary_part" if self._name == "summary" else "reasoning_part"
        return f"response.{word}"

    @property
    def _text_event(self) -> str:
        if self._is_message:
            refusal = self.group.blocks[-1]["type"] == "refusal"
            return "response.refusal" if refusal else "response.output_text"
        word = "reasoning_summary_text" if self._name == "summary" else "reasoning_text"
        return f"response.{word}"

    def _part(self, block: Said) -> Said:
        if self._is_message:
            part = write_said(block)
            if part.get("type") == "output_text":
                logprobs = list(self._logprobs)
                # An imitator's part has none; here each has them.
                part = {**part, "logprobs": logprobs}
            return part
        kind = "summary_text" if self._name == "summary" else "reasoning_text"
        return {"type": kind, "text": block.get("reasoning") or ""}

    def _grow(self, mine: Said, block: Said, logprobs: Any) -> None:
        field = block["type"]
        text = block.get(field) or ""
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else logprobs
        tokens = tokens if isinstance(tokens, list) and field == "text" else []
        if text:
            put_behind(mine, field, text)
        if text or tokens:
            logs = {"logprobs": tokens} if field == "text" else {}
            self._logprobs += tokens
            self.tell(
                f"{self._text_event}.delta", {**self._about, "delta": text, **logs}
            )
        for note in block.get("annotations") or ():
            written = write_citation(note)
            mine.setdefault("annotations", []).append(note)
            if written is not None:
                count = len(mine["annotations"]) - 1
                said = {"annotation_index": count, "annotation": written}
                kind = "response.output_text.annotation.added"
                self.tell(kind, {**self._about, **said})

    def _end_part(self) -> None:
        if not self._begun:
            return
        self._begun = False
        mine = self.group.blocks[-1]
        part = self._part(mine)
        if mine["type"] != "non_standard":
            field = "refusal" if mine["type"] == "refusal" else "text"
            logs = {"logprobs": part["logprobs"]} if "logprobs" in part else {}
            said = {**self._about, field: part[field], **logs}
            self.tell(f"{self._text_event}.done", said)
        self.tell(f"{self._part_event}.done", {**self._about, "part": part})
        mine["part done"] = part
        self._logprobs = []

    def _last(self) -> None:
        self._end_part()
        if self._source is not None:
            # It may have been told more of it since.
            kept = {k: v for k, v in self._source.items() if k in ITEM_KEYS}
            self.group.aside = kept
        self.finish()

    def item(self) -> Said:
        """The item so far."""
        done = [block.pop("part done", None) for block in self.group.blocks]
        item = super().item()
        if self._is_message and all(done):
            item["content"] = done
        return item


class CallItem(OpenItem):
    """A call of one of the application's tools."""

    def __init__(self, stream: Stream, place: int) -> None:
        super().__init__(stream, place, "call")
        self.call: Said = {"type": "tool_call", "name": "", "id": None, "args": ""}
        self.group.blocks.append(self.call)
        self._held = ""
        self._begun = False
        self._shown = ""
        self._prefix = JsonPrefix()

    def differs(self, block: Said) -> bool:
        """Whether *block* is of another call, though it has this one's index."""
        call_id = block.get("id")
        return bool(call_id) and call_id != self.call["id"]

    def take(self, block: Said) -> None:
        """Write what *block* adds."""
        self.call["id"] = self.call["id"] or block.get("id")
        self.call["name"] = self.call["name"] or block.get("name") or ""
        if extras := block.get("extras"):
            self.call["extras"] = {**self.call.get("extras", {}), **extras}
        args = block.get("args")
        if isinstance(args, dict):
            fields = {
                "arguments": None,
                **(self.call.get("extras") or {}).get("item", {}),
            }
            spelled = fields["arguments"]
            args = spelled if isinstance(spelled, str) else _compact(args)
        self._held += args or ""
        if self.call["name"]:
            self._write()

    def _write(self) -> None:
        if not self._begun:
            self._begun = True
            self.begin()
        held, self._held = self._held, ""
        put_behind(self.call, "args", held)
        if self.group.type == "custom_tool_call":
            self._prefix.feed(held)
            seen = self._prefix.preview()
            text = seen.get("input") if isinstance(seen, dict) else None
            if isinstance(text, str) and text.startswith(self._shown):
                held, self._shown = text[len(self._shown) :], text
            else:
                held = ""
        if held:
            self.tell(f"{self._event}.delta", {"delta": held})

    @property
    def _event(self) -> str:
        custom = self.group.type == "custom_tool_call"
        word = "custom_tool_call_input" if custom else "function_call_arguments"
        return f"response.{word}"

    def _last(self) -> None:
        self._write()
        custom = self.group.type == "custom_tool_call"
        field = "input" if custom else "arguments"
        if custom:
            whole = self.item()["input"]
            if whole.startswith(self._shown) and whole != self._shown:
                self.tell(f"{self._event}.delta", {"delta": whole[len(self._shown) :]})
        self.tell(f"{self._event}.done", {field: self.item()[field]})
        self.finish()

    def item(self) -> Said:
        """The item so far."""
        if self.group.type == "custom_tool_call":
            raw = self.call["args"]
            with suppress(JsonError):
                self.group.blocks = [{**self.call, "args": parse_object(raw)}]
        return super().item()


def _compact(args: Said) -> str:
    return json.dumps(args, ensure_ascii=False, separators=(",", ":"))
