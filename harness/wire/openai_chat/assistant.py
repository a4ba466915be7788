"""A model's message as an object of OpenAI Chat Completions.

In: an AIMessage, as history in a request or as the answer of a reply. Out: the object
with its "role", "content", "tool_calls" and whatever else it has. How a provider spelt
what can be spelt in several ways is marked in the message's ``response_metadata``:
``reasoning_field`` is the name of its reasoning ("thinking" for parts of the content),
``content_as`` "null", "list" or "text" where its content is not in its usual form.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.blocks import BLOCK_TYPES, ContentBlock
from harness.errors import InputError, shown
from harness.messages import AIMessage
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import write_text
from harness.wire.openai_chat.calls import CUSTOM, OLD
from harness.wire.openai_chat.parts import DIALECT, write_citation, write_part
from harness.wire.ownership import beside, marks, own

__all__ = [
    "FIELDS",
    "write_assistant",
    "write_audio",
    "write_call",
    "write_content_part",
]

#: Names under which reasoning stands in a message.
FIELDS = frozenset({"reasoning", "reasoning_content"})
_TEXTS = frozenset({"text", "text-plain"})
_CALLS = frozenset({"tool_call", "invalid_tool_call"})
#: Tools that ran at a provider.
_RUN = frozenset({"server_tool_call", "server_tool_call_chunk", "server_tool_result"})
_AS_THEY_ARE = _RUN | {"refusal", "video"}
_ELSEWHERE = _CALLS | {"audio", "image", "reasoning", "refusal", "tool_call_chunk"}


def write_assistant(message: AIMessage, *, answer: bool = False) -> dict[str, Any]:
    """The object that says *message*: as an *answer*, or as history in a request."""
    blocks = message.content_blocks
    metadata = message.response_metadata
    kwargs = own(message.additional_kwargs, DIALECT)
    said: dict[str, Any] = {"role": kwargs.pop("role", "assistant")}
    content = _content(message.content, blocks, metadata)
    said["content"] = content
    field = metadata.get("reasoning_field", "reasoning_content")
    if field in FIELDS and (reasoning := _joined(blocks, "reasoning")):
        said[field] = reasoning
    listed = metadata.get("content_as") == "list"
    if (refusal := _joined(blocks, "refusal")) and not listed:
        said["refusal"] = refusal
    if notes := _notes(blocks):
        said["annotations"] = notes
    images = [write_part(block) for block in blocks if block["type"] == "image"]
    if images and not listed:
        said["images"] = images
    for block in blocks:
        if block["type"] == "audio" and not (listed and "base64" in block):
            said["audio"] = write_audio(block, answer=answer)
    made = answer and metadata.get("model_provider") is None
    _add_calls(said, blocks, made=made or not answer)
    if message.name and not answer:
        said["name"] = message.name
    if content == "" and said.keys() - {"role", "content", "name"}:
        said["content"] = "" if metadata.get("content_as") == "text" else None
    return beside(said, kwargs)


# ------------------------------------------------------------------------ content


def _content(
    given: Any, blocks: list[ContentBlock], metadata: Mapping[str, Any]
) -> Any:
    style = metadata.get("content_as")
    kinds = {block["type"] for block in blocks} - _CALLS
    thinks = metadata.get("reasoning_field") == "thinking" and "reasoning" in kinds
    thought = frozenset({"reasoning"}) if thinks else frozenset()
    if style == "list":
        items = given if isinstance(given, list) else blocks
        return [write_content_part(item) for item in items if _in_list(item, thought)]
    apart = kinds - _TEXTS - _ELSEWHERE - _unsaid(metadata)
    texts = isinstance(given, list) and kinds == {"text"} and not _notes(blocks)
    if not (apart or thinks or (texts and not _is_one(blocks))):
        text = "".join(b.get("text") or "" for b in blocks if b["type"] in _TEXTS)
        return None if style == "null" and not text else text
    listed = _TEXTS | apart | thought
    return [write_content_part(block) for block in blocks if block["type"] in listed]


def _in_list(item: Any, thought: frozenset[str]) -> bool:
    """Whether *item* goes into a content that is a list; other places have the rest."""
    kind = item["type"] if isinstance(item, dict) else "text"
    if kind == "audio":
        return "base64" in item
    return kind not in _CALLS | {"reasoning"} or kind in thought


def _unsaid(metadata: Mapping[str, Any]) -> frozenset[str]:
    """Blocks that only another format has, where this is not a message of ours."""
    match metadata.get("model_provider"):
        case "openai":
            return frozenset()
        case None:
            return _RUN
        case _:
            return BLOCK_TYPES


def _is_one(blocks: list[ContentBlock]) -> bool:
    """Whether the text is one plain text, which needs no list."""
    texts = [block for block in blocks if block["type"] == "text"]
    return len(texts) == 1 and texts[0].keys() == {"type", "text"}


def write_content_part(block: ContentBlock) -> Any:
    """The part of a list that is a message's content, as some providers have them."""
    return block if block["type"] in _AS_THEY_ARE else write_part(block)


def _joined(blocks: Iterable[ContentBlock], kind: str) -> str:
    return "".join(b.get(kind) or "" for b in blocks if b["type"] == kind)


def _notes(blocks: Iterable[ContentBlock]) -> list[Any]:
    """The citations of all texts, counted from the beginning of the first."""
    start, notes = 0, []
    for block in blocks:
        if block["type"] == "text":
            notes += [write_citation(n, start) for n in block.get("annotations") or ()]
            start += len(block.get("text") or "")
    return notes


def write_audio(block: ContentBlock, *, answer: bool) -> dict[str, Any]:
    """The audio that a model said; history names it by its id alone."""
    if not answer:
        if isinstance(block.get("id"), str):
            return {"id": block["id"]}
        raise InputError(
            f"{DIALECT} names the audio of an answer by its id, and {shown(block)} has "
            "none. Leave it out, or say its transcript as text."
        )
    named = (("id", "id"), ("data", "base64"), ("transcript", "transcript"))
    said = {theirs: block[ours] for theirs, ours in named if ours in block}
    return {**said, **own(block.get("extras"), DIALECT)}


# -------------------------------------------------------------------------- calls


def _add_calls(said: dict[str, Any], blocks: list[ContentBlock], *, made: bool) -> None:
    """The calls among *blocks*; ids are *made* for those that have none."""
    calls = [block for block in blocks if block["type"] in _CALLS]
    written = [
        write_call(call, f"call_{n + 1}" if made else "")
        for n, call in enumerate(calls)
    ]
    old = [one["function"] for one in written if one.get("type") == OLD]
    if old:
        said["function_call"] = old[0]
    if others := [one for one in written if one.get("type") != OLD]:
        said["tool_calls"] = others


def write_call(call: Any, made: str) -> dict[str, Any]:
    """One call; *made* is its id where it has none.

    >>> write_call({"name": "f", "args": {"a": 1}, "id": "c"}, "")["function"]
    {'name': 'f', 'arguments': '{"a":1}'}
    """
    extras = own(call.get("extras"), DIALECT)
    mark = marks(extras, DIALECT)
    extras.pop(DIALECT, None)
    kind = extras.pop("type", "function")
    said: dict[str, Any] = {"id": call.get("id") or mark.get("id", made), "type": kind}
    args = call.get("args")
    if kind == CUSTOM:
        text = args.get("input") if isinstance(args, dict) else args
        if not isinstance(text, str):
            raise InputError(
                f"the custom tool {call['name']!r} is called with {shown(args)}: give "
                "its text as {'input': '...'}."
            )
        return {**said, "custom": {"name": call["name"], "input": text}, **extras}
    function = {"name": call.get("name") or "", "arguments": _arguments(args, mark)}
    said["type"] = mark.get("type", kind)
    return {**said, "function": function | mark.get("function", {}), **extras}


def _arguments(args: Any, mark: dict[str, Any]) -> Any:
    """The text of *args*: as the mark spells it, where it still says the same."""
    if not isinstance(args, dict):
        return args or ""
    if "arguments" not in mark:
        return write_text(args)
    spelled = mark["arguments"]
    if isinstance(spelled, str | None):
        try:
            same = parse_object(spelled or "") == args
        except JsonError:
            same = False
    else:
        same = spelled == args
    return spelled if same else write_text(args)
