"""What is read from a total: blocks while the stream runs, a message at its end.

Finishing is strict: a call without a name, or whose arguments are not one complete
JSON object, is an invalid call. No arguments at all are `{}` where the stream has
ended; where it broke off they may have been yet to come.
"""

from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError
from harness.messages import AIMessage
from harness.metadata import GROWING
from harness.partial_json import JsonError, parse_object
from harness.ropes import Leaf
from harness.sums import Part, Run, Total
from harness.text import GrowingText
from harness.usage import read_usage
from harness.values import copied, plain

__all__ = [
    "content",
    "dumped_total",
    "fragments",
    "invalid_calls",
    "message",
    "plain_dump",
    "plain_message",
    "plain_text",
    "said_blocks",
    "whole_call",
    "whole_calls",
]

Item = Part | Run | dict[str, Any]

_CALLS = ("tool_call", "invalid_tool_call")
_EMPTY = ({"type": "text", "text": ""}, {"type": "reasoning", "reasoning": ""})


def said_blocks(total: Total) -> list[ContentBlock]:
    """All blocks; until the stream has ended, calls are ``tool_call_chunk``."""
    show = _final if total.last else _block
    return [show(item) for item in total.ordered()]


def fragments(total: Total, *, raw: bool = False) -> list[Any]:
    """The calls that arrived in fragments, each joined to one."""
    runs = [item for item in total.ordered() if isinstance(item, Run)]
    return [run.fragment(raw=raw) for run in runs]


def whole_calls(total: Total) -> list[Any]:
    """The calls that came whole; once the stream has ended, all that became so."""
    return _calls(total, "tool_call")


def invalid_calls(total: Total) -> list[Any]:
    """The calls that came as invalid; once the stream has ended, all that are."""
    return _calls(total, "invalid_tool_call")


def whole_call(item: Item) -> list[Any]:
    """The call that *item* is, or nothing."""
    if isinstance(item, Run) or _kind(item) != "tool_call":
        return []
    return [_as_call(_block(item))]


_new = object.__new__


def content(total: Total) -> str | list[Any]:
    """The text, or a list of blocks where there is more than text, then calls."""
    if total.is_text():
        return total.text()
    said = [_block(item) for item in total.ordered() if not isinstance(item, Run)]
    return _split(said)[0]


def dumped_total(total: Total) -> dict[str, Any]:
    """The fields of the one chunk that means the same as *total*."""
    return {
        "content": _raw_content(total),
        "tool_call_chunks": fragments(total, raw=True),
        "usage_metadata": total.deltas(),
        "cumulative_usage": total.reported(),
        "response_metadata": total.metadata(),
        "additional_kwargs": total.additional_kwargs(),
        "id": total.first("id"),
        "name": total.first("name"),
        "chunk_position": "last" if total.last else None,
        "conflicts": total.conflicts(),
    }


def plain_text(chunk: Any) -> str | None:
    """The text of a chunk that is nothing but text, and has perhaps an id; else None.

    Most chunks of a stream are this. Halves of characters are no text.
    """
    if chunk._rope is not None:
        return None
    text: Any = chunk._content
    more = chunk._more
    if type(text) is not str:
        return None
    if more is not None and not (len(more) == 1 and "id" in more):
        return None
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return None
    return text


def plain_dump(chunk: Any) -> dict[str, Any] | None:
    """What `dumped_total` says of such a chunk; None of any other."""
    text = plain_text(chunk)
    if text is None:
        return None
    return {
        "content": text,
        "tool_call_chunks": [],
        "usage_metadata": None,
        "cumulative_usage": None,
        "response_metadata": {},
        "additional_kwargs": {},
        "id": None if chunk._more is None else chunk._more["id"],
        "name": None,
        "chunk_position": None,
        "conflicts": {},
    }


_SIMPLE = {"id", "name", "usage", "response_metadata", "additional_kwargs", "last"}


def plain_message(leaf: Leaf) -> AIMessage | None:
    """The finished message of one chunk that says only text, without a `Total`.

    The same as `message` makes; None where that takes more than copying fields. Every
    answer that is not streamed comes this way.
    """
    said = leaf._more or {}
    metadata = said.get("response_metadata") or {}
    if (
        type(leaf._content) is not str
        or not said.keys() <= _SIMPLE
        or not GROWING.isdisjoint(metadata)
    ):
        return None
    made = _new(AIMessage)
    made._content = _ended_text(leaf._content)
    made._tool_calls = made._invalid_tool_calls = []
    made._usage = read_usage(said.get("usage") or {})
    kwargs = said.get("additional_kwargs")
    made._response_metadata = _sorted(metadata, nulls=False) if metadata else None
    made._additional_kwargs = _sorted(kwargs) if kwargs else None
    made._id, made._name = said.get("id"), said.get("name")
    return made


def _ended_text(said: str) -> str:
    if said.isascii():
        return said
    text = GrowingText()
    text.grow(said)
    return text.shown(ended=True)


def _sorted(fields: dict[str, Any], *, nulls: bool = True) -> dict[str, Any] | None:
    return {
        key: value if type(value) is str else copied(value)
        for key in sorted(fields)
        if (value := fields[key]) is not None or nulls
    } or None


def message(total: Total) -> AIMessage:
    """The finished message."""
    plain_text = total.plain
    if plain_text and total.is_text() and not (total.runs or total.late):
        made = _new(AIMessage)
        made._content = plain_text.shown(ended=True)
        made._tool_calls = made._invalid_tool_calls = []
    else:
        whole = total.finished()
        said = [_without_index(_final(item, whole=whole)) for item in total.ordered()]
        body, calls = _split([block for block in said if block not in _EMPTY])
        made = AIMessage(
            body,
            tool_calls=[c for c in calls if c["type"] == "tool_call"],
            invalid_tool_calls=[c for c in calls if c["type"] == "invalid_tool_call"],
        )
    metadata = total.metadata()
    if conflicts := total.conflicts():
        metadata["conflicts"] = conflicts
    # What chunks hold was checked when they were made, and is fresh: taken as it is.
    made._usage = total.usage.value()
    made._response_metadata = metadata or None
    made._additional_kwargs = total.additional_kwargs() or None
    made._id = total.first("id")
    made._name = total.first("name")
    return made


def _kind(item: Part | dict[str, Any]) -> str:
    kind: str = item.kind if isinstance(item, Part) else item["type"]
    return kind


def _calls(total: Total, kind: str) -> list[Any]:
    found = [
        _final(item)
        for item in total.ordered()
        if (total.last if isinstance(item, Run) else _kind(item) == kind)
    ]
    return [_as_call(block) for block in found if block["type"] == kind]


def _as_call(block: ContentBlock) -> dict[str, Any]:
    # Keys in the order in which tool calls are printed.
    rest = {k: v for k, v in block.items() if k not in ("type", "index")}
    return {**rest, "type": block["type"]}


def _block(item: Item) -> ContentBlock:
    match item:
        case Part():
            return item.block()
        case Run():
            return item.fragment()
        case _:
            return dict(copied(item))


def _final(item: Item, *, whole: bool = True) -> ContentBlock:
    match item:
        case Part(kind="server_tool_call_chunk"):
            return _ended_server_call(item.block(ended=True))
        case Part():
            return item.block(ended=True)
        case Run():
            return _ended(item, whole=whole)
        case _:
            return _block(item)


def _ended(run: Run, *, whole: bool) -> ContentBlock:
    args: Any = run.shown(ended=True)
    kind, wrong = "tool_call", {}
    try:
        args = _arguments(run, args, whole=whole)
    except JsonError as error:
        kind, wrong = "invalid_tool_call", {"error": error.reason}
    extras = {"extras": copied(run.extras)} if run.extras else {}
    said = {"name": run.name, "args": args, "id": run.id}
    return {"type": kind, **said, **wrong, **extras}


def _ended_server_call(block: ContentBlock) -> ContentBlock:
    # There is no block for a wrong one: that stays as it came.
    try:
        args = plain(parse_object(block["args"]), "args")
    except (JsonError, InputError):
        return block
    return {**block, "type": "server_tool_call", "args": args}


def _arguments(run: Run, raw: str, *, whole: bool) -> dict[str, Any]:
    if not run.name:
        raise JsonError("the call has no name")
    if not whole and not raw.strip():
        raise JsonError("the stream broke off before the arguments")
    try:
        return dict(plain(parse_object(raw), "args"))
    except InputError:
        raise JsonError("is nested too deeply") from None


def _raw_content(total: Total) -> str | list[Any]:
    if total.is_text() and not total.late:
        return total.plain.raw() if total.plain else ""
    return [
        item.block(raw=True) if isinstance(item, Part) else _block(item)
        for item in total.ordered()
        if not isinstance(item, Run)
    ] or ""


def _without_index(block: ContentBlock) -> ContentBlock:
    return {key: value for key, value in block.items() if key != "index"}


def _split(said: list[ContentBlock]) -> tuple[str | list[Any], list[ContentBlock]]:
    """Content and calls; content lists the calls too if others come after one."""
    end = len(said)
    while end and said[end - 1]["type"] in _CALLS:
        end -= 1
    body, calls = said[:end], said[end:]
    if not body:
        return "", calls
    if any(block["type"] in _CALLS for block in body):
        return said, []
    if len(body) == 1 and body[0].keys() == {"type", "text"}:
        return body[0]["text"], calls
    return body, calls
