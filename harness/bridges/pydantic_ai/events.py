"""The events of a stream of pydantic-ai as our chunks."""

import json
from typing import Any

from pydantic_ai.messages import (
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)

from harness.bridges.pydantic_ai.answers import metadata_of, usage_from
from harness.bridges.pydantic_ai.parts import block_of
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown

__all__ = ["EventReader"]


class EventReader:
    """Reads the events of one stream.

    Texts, reasoning and arguments come as they grow; parts that do not grow, and what
    there is to say besides, are in the last chunk.

    >>> reader = EventReader()
    >>> reader.feed(PartStartEvent(index=0, part=TextPart("Hello")))
    AIMessageChunk('Hello')
    """

    def __init__(self) -> None:
        self._parts: dict[int, ModelResponsePart] = {}

    def feed(self, event: ModelResponseStreamEvent) -> AIMessageChunk | None:
        """What *event* adds; None where it adds nothing yet."""
        match event:
            case PartStartEvent(index=index, part=part):
                self._parts[index] = part
                return _begun(part, index)
            case PartEndEvent(index=index, part=part):
                self._parts[index] = part
            case PartDeltaEvent(index=index, delta=TextPartDelta(content_delta=text)):
                return _text("text", text, index)
            case PartDeltaEvent(index=index, delta=ThinkingPartDelta() as delta):
                return _text("reasoning", delta.content_delta or "", index)
            case PartDeltaEvent(index=index, delta=ToolCallPartDelta() as delta):
                if isinstance(delta.args_delta, dict):
                    raise InputError(
                        f"Arguments come as a dict behind others of the same call: "
                        f"{shown(delta.args_delta)}. A stream of chunks has them as "
                        "text, or as one dict."
                    )
                if isinstance(self._parts.get(index), ToolCallPart):
                    return _call(delta.tool_name_delta, delta.args_delta, None, index)
            case _:
                pass
        return None

    def close(self, response: ModelResponse) -> AIMessageChunk:
        """The last chunk: all else that *response* says."""
        blocks: list[Any] = []
        fragments: list[Any] = []
        for index, part in sorted(self._parts.items()):
            block = block_of(part)
            match part:
                case TextPart() | ThinkingPart():
                    grown = block.pop(block["type"])
                    if not grown or len(block) > 1:
                        place = _place(block["type"], index)
                        blocks.append({block["type"]: "", **block, **place})
                case ToolCallPart() if "extras" in block:
                    fragments.append({"index": index, "extras": block["extras"]})
                case ToolCallPart():
                    pass
                case _:
                    blocks.append({**block, "index": index})
        details = response.provider_details or {}
        for place, block in details.get("blocks", ()):  # their place is lost
            blocks.append({**block, "index": f"block_{place}"})
        return AIMessageChunk(
            blocks or "",
            tool_call_chunks=fragments,
            usage_metadata=usage_from(response.usage),
            response_metadata=metadata_of(response),
            additional_kwargs=details.get("additional_kwargs"),
            id=response.provider_response_id,
            name=details.get("name"),
            chunk_position="last",
        )


def _begun(part: ModelResponsePart, index: int) -> AIMessageChunk | None:
    match part:
        case TextPart(content=text):
            return _text("text", text, index)
        case ThinkingPart(content=text):
            return _text("reasoning", text, index)
        case ToolCallPart(tool_name=name, args=args, tool_call_id=call):
            return _call(name, args, call, index)
        case _:
            return None


def _text(kind: str, text: str, index: int) -> AIMessageChunk | None:
    if not text:
        return None
    place = _place(kind, index)
    return AIMessageChunk([{"type": kind, kind: text, **place}] if place else text)


def _place(kind: str, index: int) -> dict[str, int]:
    """The index of a part; text that comes first has none, and is a plain string."""
    return {} if (kind, index) == ("text", 0) else {"index": index}


def _call(name: str | None, args: Any, call: str | None, index: int) -> AIMessageChunk:
    said = json.dumps(args) if isinstance(args, dict) else args
    fragment = {"name": name, "args": said, "id": call, "index": index}
    return AIMessageChunk(tool_call_chunks=[fragment])
