"""What a model said, as items: of an answer, or of the history in a request.

In: the blocks of a message. Out: items. In an answer every item has an id and a status;
in a history it has what was kept of it, and what another provider said for itself alone
(reasoning, the tools that it ran) is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.messages import AIMessage
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import write_text
from harness.wire.openai_responses.items import (
    ITEM_KEYS,
    begins_item,
    derived_id,
    item_fields,
    unmarked,
)
from harness.wire.openai_responses.parts import write_said
from harness.wire.openai_responses.server_tools import write_tool
from harness.wire.ownership import own

__all__ = [
    "Group",
    "call_arguments",
    "grouped",
    "history_items",
    "is_custom",
    "kind_of",
]

Said = dict[str, Any]

_KINDS: dict[str, str] = {
    "invalid_tool_call": "call",
    "reasoning": "reasoning",
    "refusal": "message",
    "server_tool_call": "tool",
    "server_tool_call_chunk": "tool",
    "server_tool_result": "tool",
    "text": "message",
    "tool_call": "call",
}
_MESSAGE: Said = {"type": "message", "role": "assistant", "status": "completed"}


def kind_of(block: Mapping[str, Any]) -> str:
    """Which kind of item says *block*."""
    if block["type"] == "non_standard" and "part" in (block.get("extras") or {}):
        return "message"
    if block["type"] == "image" and _has_data(block):
        return "image"
    return _KINDS.get(block["type"], "block")


def _has_data(block: Mapping[str, Any]) -> bool:
    return isinstance(block.get("base64"), str) and "url" not in block


@dataclass(slots=True)
class Group:
    """The blocks of one item."""

    kind: str
    blocks: list[ContentBlock]
    #: What a message of ours says of its first message item.
    aside: Said = field(default_factory=dict)

    @property
    def extras(self) -> Said:
        """What the first block says of the item."""
        extras = self.blocks[0].get("extras") or {}
        return extras if begins_item(extras) else self.aside

    @property
    def type(self) -> str:
        """The item's type."""
        match self.kind:
            case "call":
                custom = is_custom(self.blocks[0])
                return "custom_tool_call" if custom else "function_call"
            case "tool":
                kept = item_fields(self.extras).get("type")
                late = self.blocks[0]["type"] == "server_tool_result"
                usual = "non_standard" if late else "mcp_call"
                return kept if isinstance(kept, str) else usual
            case "image":
                return "image_generation_call"
            case _:
                return self.kind if self.kind != "block" else "non_standard"

    def takes(self, block: ContentBlock) -> bool:
        """Whether *block* goes on with this item."""
        kind = kind_of(block)
        if kind != self.kind:
            return False
        if kind == "tool":
            first = self.blocks[0]
            same = first.get("id", first) == block.get("tool_call_id")
            return same and len(self.blocks) == 1 and not begins_item(_extras(block))
        texts = kind in ("message", "reasoning")
        return texts and not begins_item(_extras(block))

    def item(self, answer: str, place: int) -> Said:
        """The item, as the one at *place* in the answer of this id."""
        fields = item_fields(self.extras)
        item_id = fields.pop("id", None) or derived_id(self.type, answer, place)
        match self.kind:
            case "message":
                said = unmarked(_MESSAGE, fields)
                return {"id": item_id, **said, "content": _contents(self.blocks)}
            case "reasoning":
                return {"id": item_id, **_reasoning(self.blocks, fields)}
            case "call":
                call = self.blocks[0]
                call_id = call.get("id") or derived_id("call", answer, place)
                said = {"type": self.type, "status": "completed"}
                named = {"call_id": call_id, "name": call.get("name") or ""}
                args = call_arguments(call, fields)
                return {"id": item_id, **unmarked(said, fields), **args, **named}
            case "block" if begins_item(_extras(self.blocks[0])):
                # It is as the provider sent it, with an id or without.
                return _whole(self)
            case _:
                return {"id": item_id, **_whole(self)}


def _extras(block: ContentBlock) -> Said:
    return block.get("extras") or {}


def grouped(blocks: Iterable[ContentBlock], aside: Mapping[str, Any]) -> list[Group]:
    """The items that *blocks* amount to; *aside* has the first message's fields."""
    groups: list[Group] = []
    kept = {key: value for key, value in aside.items() if key in ITEM_KEYS}
    for block in blocks:
        if block["type"] == "server_tool_result":
            takers = [group for group in groups if group.takes(block)]
        else:
            takers = [group for group in groups[-1:] if group.takes(block)]
        if takers:
            takers[-1].blocks.append(block)
            continue
        group = Group(kind_of(block), [block])
        if group.kind == "message" and not any(g.kind == "message" for g in groups):
            group.aside = kept
        groups.append(group)
    return groups


def is_custom(call: Mapping[str, Any]) -> bool:
    """Whether *call* is of a tool whose input is free text."""
    return (call.get("extras") or {}).get("type") == "custom"


def call_arguments(call: ContentBlock, fields: Said) -> Said:
    """The arguments of a call, spelled as they were."""
    args, spelled = call.get("args"), fields.pop("arguments", None)
    if is_custom(call):
        text = args.get("input") if isinstance(args, dict) else args
        return {"input": text if isinstance(text, str) else write_text(args)}
    if not isinstance(args, dict):
        return {"arguments": args or ""}
    same = isinstance(spelled, str) and _parsed(spelled) == args
    return {"arguments": spelled if same else write_text(args)}


def _parsed(text: str) -> Any:
    try:
        return parse_object(text)
    except JsonError:
        return None


def _contents(blocks: list[ContentBlock]) -> list[Said]:
    return [write_said(block) for block in blocks]


def _reasoning(blocks: list[ContentBlock], fields: Said) -> Said:
    summary: list[Said] = []
    content: list[Said] = []
    for block in blocks:
        text = block.get("reasoning") or ""
        if "content_index" in _extras(block):
            content.append({"type": "reasoning_text", "text": text})
        elif text:
            summary.append({"type": "summary_text", "text": text})
    said = unmarked({"type": "reasoning"}, fields)
    empty = fields.get("content") == []
    return {**said, "summary": summary} | (
        {"content": content} if content or empty else {}
    )


def _whole(group: Group) -> Said:
    block = group.blocks[0]
    match group.kind:
        case "tool":
            if block["type"] == "server_tool_result":
                if group.type == "non_standard":
                    return _foreign(block)
                written = write_tool({}, block)
            else:
                written = write_tool(
                    block, group.blocks[1] if group.blocks[1:] else None
                )
            return {k: v for k, v in written.items() if k != "id" or v}
        case "image":
            form = str(block.get("mime_type") or "image/png").removeprefix("image/")
            marks = {k: v for k, v in item_fields(group.extras).items() if k != "id"}
            usual = {"type": group.type, "status": "completed"}
            usual |= {"output_format": form} if form != "png" else {}
            return {**usual, **marks, "result": block["base64"]}
        case _:
            value = block.get("value")
            if begins_item(_extras(block)) and isinstance(value, dict):
                return dict(value)
            return _foreign(block)


def _foreign(block: ContentBlock) -> Said:
    """The item of a block that this format has no item for."""
    plain = {k: v for k, v in block.items() if k != "index"}
    return {"type": "non_standard", "block": plain}


# ------------------------------------------------------------------- histories


def history_items(message: AIMessage) -> list[Said]:
    """The items with which a request tells of *message*. Raises InputError."""
    groups = grouped(message.content_blocks, message.additional_kwargs)
    if not groups and ITEM_KEYS & message.additional_kwargs.keys():
        text: ContentBlock = {"type": "text", "text": ""}
        groups = grouped([text], message.additional_kwargs)
    items = [_history(group, place) for place, group in enumerate(groups)]
    return [item for item in items if item is not None]


def _history(group: Group, place: int) -> Said | None:
    fields = item_fields(group.extras)
    item_id = {"id": fields.pop("id")} if "id" in fields else {}
    first = group.blocks[0]
    match group.kind:
        case "message":
            return {**item_id, **_history_message(group, fields, given=bool(item_id))}
        case "call":
            said = {"type": group.type, "name": first.get("name") or ""}
            # An answer's usual status was left out, and is not asked for.
            call_id = first.get("id") or derived_id("call", "", place)
            args = call_arguments(first, fields)
            return {**item_id, "call_id": call_id, **unmarked(said, fields), **args}
        case "reasoning" if group.extras:
            return {**item_id, **_reasoning(group.blocks, fields)}
        case "tool" | "image" if group.extras:
            return {**item_id, **_whole(group)}
        case "block" if begins_item(_extras(first)):
            return _whole(group)
        case "reasoning" | "tool":
            return None
        case _ if first["type"] == "non_standard":
            return None
        case _:
            raise InputError(
                f"openai-responses: no message of the assistant says {shown(first)}. "
                "Put it into a message of the user."
            )


def _history_message(group: Group, fields: Said, *, given: bool) -> Said:
    usual: Said = {"role": "assistant"}
    if given:
        usual = dict(_MESSAGE)
    spelled = fields.pop("content", None)
    said = unmarked(usual, fields)
    contents = _contents(group.blocks)
    one = group.blocks[0] if len(group.blocks) == 1 else {}
    plain = one.get("type") == "text" and not one.get("annotations")
    plain = plain and not own(one.get("extras"), "openai-responses").keys() - ITEM_KEYS
    as_text = plain and (spelled == "" if "type" in said else spelled != [])
    return {**said, "content": one.get("text") or "" if as_text else contents}
