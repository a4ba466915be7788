"""The events of an item that is written when all of it is known.

Such are the calls of the provider's own tools, with their results, and whatever has no
form of its own. A stream tells of a tool how far it has come.
"""

from typing import Any

from harness.partial_json import JsonError, parse_object
from harness.wire.openai_responses.item_events import OpenItem, Said, Stream

__all__ = ["WholeItem"]

#: What a stream says of how far a tool has come: when it begins, and in the end.
_STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "code_interpreter_call": (("in_progress",), ("interpreting", "completed")),
    "file_search_call": (("in_progress", "searching"), ("completed",)),
    "image_generation_call": (("in_progress", "generating"), ("completed",)),
    "mcp_call": (("in_progress",), ("completed",)),
    "mcp_list_tools": (("in_progress",), ("completed",)),
    "web_search_call": (("in_progress", "searching"), ("completed",)),
}


class WholeItem(OpenItem):
    """An item that is written when all of it is known."""

    def __init__(self, stream: Stream, place: int, kind: str) -> None:
        super().__init__(stream, place, kind)
        self._args = ""
        self._began: str | None = None

    @property
    def waits(self) -> bool:  # type: ignore[override]  # it depends on what it has
        """Whether more of it is sure to come."""
        kept = ((self.group.blocks or [{}])[0].get("extras") or {}).get("item")
        begun = isinstance(kept, dict) and kept.keys() <= {"call_id", "type"}
        return self.kind == "tool" and begun

    def take(self, block: Said) -> None:
        """Take what *block* adds."""
        for mine in self.group.blocks:
            if mine["type"] == block["type"]:
                _merge(mine, block)
                return
        self.group.blocks.append({k: v for k, v in block.items() if k != "index"})
        if self._began is None:
            self.begin()
            self._began = str(self.item().get("type"))
            for state in _STATES.get(self._began, ((), ()))[0]:
                self.tell(f"response.{self._began}.{state}", {})

    def item(self) -> Said:
        """The item so far."""
        first = self.group.blocks[0]
        if first["type"] == "server_tool_call_chunk":
            try:
                args: Any = parse_object(first.get("args") or "")
            except JsonError:
                args = first.get("args")
            kept = {k: v for k, v in first.items() if k != "index"}
            call = {**kept, "type": "server_tool_call", "args": args}
            blocks, self.group.blocks = (
                self.group.blocks,
                [call, *self.group.blocks[1:]],
            )
            item = super().item()
            self.group.blocks = blocks
            return item
        return super().item()

    def _last(self) -> None:
        item = self.item()
        kind = str(item.get("type"))
        code = item.get("code")
        args = item.get("arguments")
        if kind == "code_interpreter_call" and isinstance(code, str):
            self._told("response.code_interpreter_call_code", code, "code")
        if kind == "mcp_call" and isinstance(args, str):
            self._told("response.mcp_call_arguments", args, "arguments")
        failed = item.get("status") == "failed"
        for state in _STATES.get(kind, ((), ()))[1]:
            ends = failed and state == "completed" and kind.startswith("mcp")
            self.tell(f"response.{kind}.{'failed' if ends else state}", {})
        self.finish()

    def _told(self, event: str, text: str, field: str) -> None:
        if text:
            self.tell(f"{event}.delta", {"delta": text})
        self.tell(f"{event}.done", {field: text})


def _merge(mine: Said, block: Said) -> None:
    args, more = mine.get("args"), block.get("args")
    extras = {**mine.get("extras", {}), **block.get("extras", {})}
    mine.update(block)
    if isinstance(args, str) and isinstance(more or "", str):
        mine["args"] = args + (more or "")
    if extras:
        mine["extras"] = extras
