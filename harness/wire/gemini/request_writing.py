"""Requests of Gemini. In: what is asked. Out: a body, and the path it is sent to."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from harness.errors import InputError, shown
from harness.messages import Message, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.free_text import refuse_custom
from harness.wire.gemini.answers import CallBook
from harness.wire.gemini.contents import role_of, turns_of
from harness.wire.gemini.parts import write_blocks
from harness.wire.gemini.requests import COMMON, LAYOUT, SCHEMAS
from harness.wire.gemini.schemas import capitalised
from harness.wire.gemini.spelling import camel_name, spelled
from harness.wire.json_values import write_json
from harness.wire.ownership import own
from harness.wire.parameters import asked

__all__ = ["path", "write_request"]

#: Members of generationConfig that go by Google's names alone.
_CONFIG = frozenset(
    "audioTimestamp candidateCount enableAffectiveDialog enableEnhancedCivicAnswers "
    "frequencyPenalty imageConfig maxOutputTokens mediaResolution presencePenalty "
    "responseJsonSchema responseLogprobs responseMimeType responseModalities "
    "responseSchema routingConfig speechConfig stopSequences thinkingConfig topK "
    "topP".split()
)
_MODES = {"auto": "AUTO", "any": "ANY", "none": "NONE"}


def path(request: ChatRequest) -> str:
    """Path and query of *request*. Raises InputError where it names no model.

    >>> path(ChatRequest((), model="gemini-2.5-pro"))
    '/models/gemini-2.5-pro:generateContent'
    """
    if not request.model:
        raise InputError("gemini: the path has the model in it: name one.")
    model = quote(request.model.strip("/"), safe="/@")
    model = model if "/" in model else f"models/{model}"
    how = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
    return f"/{model}:{how}"


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form."""
    if request.parallel_tool_calls is False:
        raise InputError(
            "gemini: parallel_tool_calls=False cannot be asked for: leave it out, and "
            "expect several calls."
        )
    layout = _mapping(request.params.get(LAYOUT))
    body: dict[str, Any] = {"contents": _contents(request, layout)}
    if (system := _system(request, layout)) is not None:
        body["systemInstruction"] = system
    if request.tools or "groups" in layout:
        body["tools"] = _tools(request.tools, layout)
    if "model" in layout:
        body["model"] = layout["model"]
    config: dict[str, Any] = {}
    for key, value in asked(request.params, LAYOUT).items():
        name = COMMON.get(key, camel_name(key))
        if key in COMMON or name in _CONFIG:
            config[name] = value
        elif key != LAYOUT:
            body[key] = value
    _configure(body, config, request, layout)
    words = layout.get("snake_case")
    return write_json(spelled(body, words) if isinstance(words, list) else body)


def _configure(
    body: dict[str, Any],
    config: dict[str, Any],
    request: ChatRequest,
    layout: Mapping[str, Any],
) -> None:
    """Put what is configured into *body*, beside what the params have there."""
    if request.stop:
        config["stopSequences"] = [*request.stop]
    if request.response_format is not None:
        config |= _format(request.response_format, layout.get("format"))
    if config:
        body["generationConfig"] = {**_mapping(body.get("generationConfig")), **config}
    if request.tool_choice is not None:
        calling = {"functionCallingConfig": _calling(request.tool_choice, request)}
        body["toolConfig"] = {**_mapping(body.get("toolConfig")), **calling}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


# ------------------------------------------------------------------ messages


def _contents(request: ChatRequest, layout: Mapping[str, Any]) -> list[dict[str, Any]]:
    said = [m for m in request.messages if not isinstance(m, SystemMessage)]
    marks = _fitting(layout.get("contents"), "messages", len(said))
    turns = turns_of(said)
    if marks is not None:
        turns, rest = [], said
        for mark in marks:
            turns.append(rest[: mark["messages"]])
            rest = rest[mark["messages"] :]
    calls = CallBook()
    contents: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        parts = [part for message in turn for part in _parts(message, calls)]
        content = {"role": role_of(turn[0]) if turn else "user", "parts": parts}
        contents.append(_shaped(content, marks[number] if marks else {}))
    return contents


def _parts(message: Message, calls: CallBook) -> list[dict[str, Any]]:
    calls.write(message)
    if isinstance(message, ToolMessage):
        return [calls.write_answer(message)]
    blocks = message.content_blocks
    if not blocks and message.content == "":
        blocks = [{"type": "text", "text": ""}]
    return write_blocks(blocks)


def _system(request: ChatRequest, layout: Mapping[str, Any]) -> Any:
    messages = [m for m in request.messages if isinstance(m, SystemMessage)]
    if not messages:
        return None
    marks = _mapping(layout.get("system"))
    if marks.get("text"):
        return "\n".join(message.text for message in messages)
    calls = CallBook()
    parts = [part for message in messages for part in _parts(message, calls)]
    return _shaped({"parts": parts}, marks)


def _shaped(content: dict[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
    """*content* in the shape that *marks* tell of."""
    if "role" in marks:
        content["role"] = marks["role"]
    if content.get("role", "") is None:
        del content["role"]
    match marks.get("parts"), content["parts"]:
        case "one", [part]:
            content["parts"] = part
        case "none", []:
            del content["parts"]
        case _:
            pass
    return {**content, **_mapping(marks.get("rest"))}


def _fitting(marks: Any, key: str, count: int) -> list[Any] | None:
    """*marks*, if they lay out *count* things; a changed request has its own layout."""
    if not isinstance(marks, list):
        return None
    numbers = [_mapping(mark).get(key) for mark in marks]
    whole = [number for number in numbers if type(number) is int and number >= 0]
    return marks if len(whole) == len(marks) and sum(whole) == count else None


# ------------------------------------------------------------------ tools


def _tools(specs: tuple[ToolSpec, ...], layout: Mapping[str, Any]) -> list[Any]:
    schemas = layout.get("schemas")
    functions = [spec for spec in specs if spec.provider is None]
    if not (isinstance(schemas, list) and len(schemas) == len(functions)):
        schemas = [SCHEMAS[0] if spec.parameters else None for spec in functions]
    keys = iter(schemas)
    for spec in specs:
        refuse_custom(spec, LAYOUT)
    written: list[dict[str, Any]] = [
        _declaration(spec, next(keys)) if spec.provider is None else _provided(spec)
        for spec in specs
    ]
    groups = layout.get("groups")
    sizes = [{"specs": n} for n in groups] if isinstance(groups, list) else None
    if (fitting := _fitting(sizes, "specs", len(specs))) is not None:
        tools: list[dict[str, Any]] = []
        for size in fitting:
            members, written = written[: size["specs"]], written[size["specs"] :]
            tools.append(_joined(members))
        return tools
    declared = [item for item in written if "name" in item]
    tools = [item for item in written if "name" not in item]
    place = next((n for n, item in enumerate(written) if "name" in item), 0)
    return [*tools[:place], _joined(declared), *tools[place:]] if declared else tools


def _joined(members: list[dict[str, Any]]) -> dict[str, Any]:
    tool: dict[str, Any] = {}
    for member in members:
        if "name" not in member:
            tool |= member
    declared = [member for member in members if "name" in member]
    if declared or not members:
        tool["functionDeclarations"] = declared
    return tool


def _declaration(spec: ToolSpec, key: str | None) -> dict[str, Any]:
    extras = own(spec.extras, LAYOUT)
    mark = dict(_mapping(extras.pop(LAYOUT, None)))
    capitals = mark.pop("types", None) == "capitals"
    parameters = capitalised(spec.parameters) if capitals else spec.parameters
    schema = {} if key is None else {key: parameters}
    said = {"name": spec.name, "description": spec.description, **schema}
    said |= {**mark, **extras}
    return {key: value for key, value in said.items() if value is not None}


def _provided(spec: ToolSpec) -> dict[str, Any]:
    raw = spec.provider or {}
    if raw.keys() & {"cachePoint", "name", "systemTool", "type"}:
        raise InputError(
            f"gemini: {shown(raw)} is another provider's tool. Google's are such as "
            "{'google_search': {}} or {'code_execution': {}}."
        )
    return raw


def _calling(choice: ToolChoice, request: ChatRequest) -> dict[str, Any]:
    given = choice.provider or {}
    for key in ("functionCallingConfig", "function_calling_config"):
        if isinstance(given.get(key), dict):
            return dict(given[key])
    match given.get("allowed_tools", given):
        case {"tools": list(tools)} if given.get("type") == "allowed_tools":
            # OpenAI's way to allow some of the tools; only these two modes may.
            mode = "ANY" if choice.mode == "any" else "VALIDATED"
            return {"mode": mode, "allowedFunctionNames": [*map(_named, tools)]}
        case _:
            pass
    if choice.mode != "tool":
        return {"mode": _MODES[choice.mode]}
    spec = request.tool(choice.name or "")
    if spec is not None and spec.provider is not None:
        raise InputError(
            f"gemini: a call of {choice.name!r}, which runs at the provider, cannot "
            "be forced. Choose 'auto'."
        )
    return {"mode": "ANY", "allowedFunctionNames": [choice.name]}


def _named(tool: Any) -> str:
    match tool:
        case {"name": str(name)} | {"function": {"name": str(name)}}:
            return name
        case _:
            raise InputError(f"gemini: no function is called {shown(tool)}.")


def _format(asked: ResponseFormat, key: Any) -> dict[str, Any]:
    match asked.kind:
        case "text":
            return {"responseMimeType": "text/plain"}
        case "json_object":
            return {"responseMimeType": "application/json"}
        case _:
            schema = asked.schema or {}
            name, _, how = key.partition(", ") if isinstance(key, str) else ("", "", "")
            return {
                "responseMimeType": "application/json",
                name or "responseJsonSchema": capitalised(schema) if how else schema,
            }
