"""Whether two requests ask the same, and how far one misses the other.

In: requests. Out: what of them decides the answer, in one spelling whoever wrote it,
and lines that say where two differ. Left out is what no answer hangs on, or what
differs from run to run: ids and metadata of messages, reasoning that clients do not
send back, titles in schemas. The ids of tool calls count by their order alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any
from unicodedata import normalize

from harness.blocks import ContentBlock
from harness.errors import InputError, nearest, shown
from harness.messages import AIMessage, Message, ToolMessage
from harness.requests import ChatRequest
from harness.tool_specs import ToolSpec
from harness.values import canonical

__all__ = [
    "DEFAULT_FIELDS",
    "difference",
    "distance",
    "instead",
    "match_fields",
    "match_key",
]

#: What of a request must be the same, unless the caller says otherwise.
DEFAULT_FIELDS = (
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
)

_LITTLE, _LEAST = 0.2, 0.001
_COMPARED = 500


def match_fields(names: Iterable[str]) -> tuple[str, ...]:
    """*names*, checked. Raises InputError for one that no request has.

    >>> match_fields(["messages", "model"])
    ('messages', 'model')
    """
    if isinstance(names, str):
        raise InputError(f"match_on is {names!r}; give a list of names: [{names!r}].")
    if not isinstance(names, Iterable):
        raise InputError(f"match_on is {shown(names)}; give a list of names.")
    fields = tuple(names)
    for name in fields:
        if name not in _READERS and name not in _IF_GIVEN:
            known = nearest(str(name), [*_READERS, *_IF_GIVEN])
            raise InputError(f"match_on has {name!r}, which no request has. {known}")
    return fields


def match_key(request: ChatRequest, fields: Iterable[str] = DEFAULT_FIELDS) -> str:
    """A text that is the same for requests that ask the same in all of *fields*.

    "model" and "params" take no part in it: they count only where they were given,
    which `difference` sees.
    """
    return canonical([_READERS[f](request) for f in fields if f in _READERS])


def difference(
    asked: ChatRequest,
    recorded: ChatRequest,
    fields: Sequence[str] = DEFAULT_FIELDS,
) -> list[str]:
    """What *asked* says other than *recorded*, a line each; nothing if they match.

    >>> from harness.messages import HumanMessage
    >>> asked = ChatRequest((HumanMessage("Weather in Bostn?"),))
    >>> recorded = ChatRequest((HumanMessage("Weather in Boston?"),))
    >>> difference(asked, recorded)
    ["message 1 (human): 'Weather in Bostn?' instead of 'Weather in Boston?'"]
    """
    lines: list[str] = []
    for name in fields:
        if name in _IF_GIVEN:
            lines += _IF_GIVEN[name](asked, recorded)
            continue
        ours, theirs = _READERS[name](asked), _READERS[name](recorded)
        if canonical(ours) != canonical(theirs):
            lines += _SAYERS.get(name, _said_otherwise)(ours, theirs, name)
    return lines


def distance(
    asked: ChatRequest,
    recorded: ChatRequest,
    fields: Sequence[str] = DEFAULT_FIELDS,
) -> float:
    """How far *asked* misses *recorded*: 0 if they match; the smaller, the nearer."""
    far = 0.0
    for name in fields:
        if name in _IF_GIVEN:
            far += _LITTLE * bool(_IF_GIVEN[name](asked, recorded))
        elif name != "messages":
            ours, theirs = _READERS[name](asked), _READERS[name](recorded)
            far += _LITTLE * (canonical(ours) != canonical(theirs))
    if "messages" not in fields:
        return far
    compared = False
    for one, other in zip_longest(_messages(asked), _messages(recorded)):
        a, b = canonical(one), canonical(other)
        if a == b:
            continue
        if one is None or other is None or compared:
            far += 1
        else:
            # Where two talks part tells most, and comparing texts is slow.
            texts = SequenceMatcher(None, a[:_COMPARED], b[:_COMPARED], autojunk=False)
            far += _LEAST + (1 - texts.ratio())
            compared = True
    return far


# ------------------------------------------------------------- one spelling


class _Ids:
    """Ids by order of appearance: two runs never mint the same ones."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, call_id: str | None) -> int | None:
        if call_id is None:
            return None
        return self._numbers.setdefault(call_id, len(self._numbers) + 1)


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    ids = _Ids()
    return [_message(message, ids) for message in request.messages]


def _message(message: Message, ids: _Ids) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.type.replace("AIMessageChunk", "ai")}
    said["content"] = _content(message.content_blocks)
    match message:
        case AIMessage():
            calls = [
                {
                    "name": call["name"],
                    "args": call["args"],
                    "id": ids.number(call["id"]),
                }
                for call in (*message.tool_calls, *message.invalid_tool_calls)
            ]
            if calls:
                said["tool_calls"] = _value(calls)
        case ToolMessage():
            said["tool_call_id"] = ids.number(message.tool_call_id)
        case _ if message.name:
            said["name"] = message.name
        case _:
            pass
    return said


_SILENT = frozenset({"reasoning", "tool_call", "invalid_tool_call"})
_ASIDE = frozenset({"annotations", "extras", "id", "index"})


def _content(blocks: Iterable[ContentBlock]) -> Any:
    said = [
        _value({k: v for k, v in block.items() if k not in _ASIDE and v is not None})
        for block in blocks
        if block["type"] not in _SILENT and block != {"type": "text", "text": ""}
    ]
    if all(block.keys() == {"type", "text"} for block in said) and len(said) < 2:
        return said[0]["text"] if said else ""
    return said


def _value(value: Any) -> Any:
    """*value* with each whole number in one spelling: 1.0 is 1."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _value(item) for key, item in value.items()}
        case list() | tuple():
            return [_value(item) for item in value]
        case _:
            return value


def _tools(request: ChatRequest) -> dict[str, Any]:
    said = sorted(request.tools, key=lambda spec: (spec.name, canonical(spec.provider)))
    return {_named(spec, n, said): _tool(spec) for n, spec in enumerate(said)}


def _named(spec: ToolSpec, place: int, all_of_them: Sequence[ToolSpec]) -> str:
    before = sum(other.name == spec.name for other in all_of_them[:place])
    return f"{spec.name} ({before + 1})" if before else spec.name


def _tool(spec: ToolSpec) -> dict[str, Any]:
    if spec.provider is not None:
        return {"provider": _value(spec.provider)}
    described = " ".join(spec.description.split())
    return {"description": described, "parameters": _schema(spec.parameters)}


def _schema(schema: Any) -> Any:
    """*schema* without what generators put in and no model minds."""
    if isinstance(schema, list):
        return [_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return _value(schema)
    said: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict):
            said[key] = {name: _schema(item) for name, item in value.items()}
        elif key in ("title", "$schema") and isinstance(value, str):
            continue
        elif key == "required" and isinstance(value, list):
            said[key] = sorted(map(str, value))
        elif not (key == "additionalProperties" and value is False):
            said[key] = _schema(value)
    return {key: value for key, value in said.items() if key != "required" or value}


def _tool_choice(request: ChatRequest) -> str:
    choice = request.tool_choice
    if choice is None:
        return "auto"
    if choice.mode == "tool":
        return str(choice.name)
    unread = choice.provider if choice.mode == "auto" else None
    plain = unread is None or unread == {"type": "auto"}
    return choice.mode if plain else canonical(unread)


def _parallel(request: ChatRequest) -> bool:
    return request.parallel_tool_calls is not False


def _response_format(request: ChatRequest) -> dict[str, Any] | None:
    form = request.response_format
    if form is None or form.kind == "text":
        return None
    return {"kind": form.kind, "schema": _schema(form.schema)}


_READERS: dict[str, Callable[[ChatRequest], Any]] = {
    "messages": _messages,
    "parallel_tool_calls": _parallel,
    "response_format": _response_format,
    "tool_choice": _tool_choice,
    "tools": _tools,
}


# -------------------------------------------------------- what a caller gave


def _model(asked: ChatRequest, recorded: ChatRequest) -> list[str]:
    if asked.model in (None, recorded.model):
        return []
    return [f"model: {instead(asked.model, recorded.model)}"]


def _params(asked: ChatRequest, recorded: ChatRequest) -> list[str]:
    given, known = _given(asked), _given(recorded)
    return [
        f"{name}: {instead(value, known.get(name))}"
        for name, value in given.items()
        if canonical(_value(value)) != canonical(_value(known.get(name)))
    ]


def _given(request: ChatRequest) -> dict[str, Any]:
    stop = {"stop": list(request.stop)} if request.stop else {}
    return {**request.params, **stop}


_IF_GIVEN: dict[str, Callable[[ChatRequest, ChatRequest], list[str]]] = {
    "model": _model,
    "params": _params,
}


# ------------------------------------------------------------- in words


def instead(ours: Any, theirs: Any) -> str:
    """*ours* and *theirs* in words; long texts from shortly before they part.

    >>> instead("Boston", "Bostn")
    "'Boston' instead of 'Bostn'"
    """
    if isinstance(ours, str) and isinstance(theirs, str):
        ours, theirs = _around(ours, theirs)
        if normalize("NFKC", ours) == normalize("NFKC", theirs):
            # Composed or not, wide or not: they would look the same.
            return f"{ours!a} instead of {theirs!a}"
    return f"{shown(ours)} instead of {shown(theirs)}"


def _around(ours: str, theirs: str, *, room: int = 60) -> tuple[str, str]:
    """Two long texts, cut to the place where they part."""
    if max(len(ours), len(theirs)) <= 2 * room:
        return ours, theirs
    pairs = enumerate(zip(ours, theirs, strict=False))
    part = next((n for n, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    start = max(0, part - room // 2)
    first, second = (f"{text[start : part + room]}" for text in (ours, theirs))
    head = "..." if start else ""
    tails = ["..." if len(text) > part + room else "" for text in (ours, theirs)]
    return f"{head}{first}{tails[0]}", f"{head}{second}{tails[1]}"


def _said_otherwise(ours: Any, theirs: Any, name: str) -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            line
            for key in sorted({*ours, *theirs})
            if canonical(ours.get(key)) != canonical(theirs.get(key))
            for line in _said_otherwise(ours.get(key), theirs.get(key), f"{name}.{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            line
            for n, (a, b) in enumerate(zip(ours, theirs, strict=True))
            if canonical(a) != canonical(b)
            for line in _said_otherwise(a, b, f"{name}[{n}]")
        ]
    return [f"{name}: {instead(ours, theirs)}"]


def _messages_differ(ours: Any, theirs: Any, _: str) -> list[str]:
    lines = []
    for n, (asked, recorded) in enumerate(zip_longest(ours, theirs), 1):
        if asked is None:
            lines.append(
                f"message {n} ({recorded['role']}) is missing: {_told(recorded)}"
            )
        elif recorded is None:
            lines.append(
                f"message {n} ({asked['role']}) is one too many: {_told(asked)}"
            )
        else:
            lines += _message_differs(asked, recorded, n)
    return lines


def _told(message: Mapping[str, Any]) -> str:
    calls = [
        f"{c['name']}({canonical(c['args'])})" for c in message.get("tool_calls", ())
    ]
    return ", ".join([shown(message["content"]), *calls])


def _message_differs(asked: Any, recorded: Any, n: int) -> list[str]:
    if asked["role"] != recorded["role"]:
        other = f"{recorded['role']} {_told(recorded)}"
        return [f"message {n}: {asked['role']} {_told(asked)} instead of {other}"]
    lines = []
    where = f"message {n} ({asked['role']})"
    if canonical(asked["content"]) != canonical(recorded["content"]):
        lines += _said_otherwise(asked["content"], recorded["content"], where)
    for key in ("name", "tool_call_id", "tool_calls"):
        ours, theirs = asked.get(key), recorded.get(key)
        if canonical(ours) != canonical(theirs):
            lines += _said_otherwise(ours, theirs, f"{where} {key}")
    return lines


def _tools_differ(ours: Any, theirs: Any, _: str) -> list[str]:
    lines = [
        f"tool {name!r} is bound, and was not" for name in ours.keys() - theirs.keys()
    ]
    lines += [f"tool {name!r} is not bound" for name in theirs.keys() - ours.keys()]
    lines.sort()
    for name in sorted(ours.keys() & theirs.keys()):
        lines += _said_otherwise(ours[name], theirs[name], f"tool {name!r}")
    return lines


_SAYERS: dict[str, Callable[[Any, Any, str], list[str]]] = {
    "messages": _messages_differ,
    "tools": _tools_differ,
}
