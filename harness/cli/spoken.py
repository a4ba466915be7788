"""What a message says, part by part, as people read it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from harness.messages import Message

__all__ = ["call_text", "json_text", "parts_of"]

#: Label ("" for what its role says), text, and style ("" for that of its role).
Part = tuple[str, str, str]
_Block = dict[str, Any]

_ONE_LINE = 88
_ASIDE = frozenset({"type", "index"})


def parts_of(message: Message) -> list[Part]:
    """The parts of *message*: texts, reasoning, calls, and what stands for media."""
    return [part for block in message.content_blocks for part in _parts(block)]


def _parts(block: _Block) -> Iterator[Part]:
    kind = block["type"]
    if kind == "text":
        if block["text"]:
            yield "", block["text"], ""
        for cited in block.get("annotations") or ():
            yield "cites", _cited(cited), "blue"
    else:
        yield _OTHERS.get(kind, _unknown)(block)


def call_text(name: object, args: object) -> str:
    """A call as it would be written; over several lines, if it is a long one.

    >>> call_text("get_weather", {"location": "Boston"})
    'get_weather(location="Boston")'
    """
    if not isinstance(args, dict):
        return f"{name}({args})"
    said = ", ".join(f"{key}={json_text(value)}" for key, value in args.items())
    if len(said) <= _ONE_LINE:
        return f"{name}({said})"
    return f"{name} {json.dumps(args, indent=2, ensure_ascii=False)}"


def json_text(value: object) -> str:
    """*value* as JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def _reasoning(block: _Block) -> Part:
    return "thinks", block.get("reasoning") or "(not told)", "dim italic"


def _refusal(block: _Block) -> Part:
    return "refuses", block.get("refusal") or "", "red"


def _call(block: _Block) -> Part:
    return "calls", call_text(block.get("name"), block.get("args")), "magenta"


def _invalid(block: _Block) -> Part:
    said = call_text(block.get("name"), block.get("args"))
    return "calls", f"{said}: {block.get('error') or 'no JSON'}", "red"


def _medium(block: _Block) -> Part:
    kind, told = block["type"], block.get("mime_type") or ""
    if (data := block.get("base64")) is not None:
        return kind, f"({told or 'data'}, {len(str(data)) * 3 // 4:,} bytes)", "cyan"
    where = block.get("url") or block.get("file_id") or block.get("text")
    return kind, f"({' '.join(filter(None, [told, where and str(where)]))})", "cyan"


def _unknown(block: _Block) -> Part:
    rest = {key: value for key, value in block.items() if key not in _ASIDE}
    return "says", f"{block['type']} {json_text(rest)}", "dim"


def _cited(block: Any) -> str:
    known = (
        [block.get(name) for name in ("title", "url", "cited_text")]
        if isinstance(block, dict)
        else []
    )
    return " ".join(str(one) for one in known if one) or json_text(block)


_OTHERS: dict[str, Callable[[_Block], Part]] = {
    "audio": _medium,
    "file": _medium,
    "image": _medium,
    "invalid_tool_call": _invalid,
    "reasoning": _reasoning,
    "refusal": _refusal,
    "server_tool_call": _call,
    "text-plain": _medium,
    "tool_call": _call,
    "video": _medium,
}
