"""Requests of Gemini. In: a body, and the URL it is sent to. Out: what it asks.

The URL has the model, and whether the answer streams. Words that all providers share go
by their common names; what Google alone has keeps its own, in the params. What cannot
be seen of the values themselves (snake_case names, how tools and contents are grouped)
is in ``params["gemini"]``, so that a request is written as it was read.
"""

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from harness.errors import InputError, WireError, shown
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.gemini.contents import default_layout, read_contents, read_system
from harness.wire.gemini.schemas import lowered
from harness.wire.gemini.spelling import CamelReader
from harness.wire.json_values import expect, read_json

__all__ = ["COMMON", "LAYOUT", "SCHEMAS", "read_request", "read_url"]

#: Where the params have what only this format needs, to be written as it was.
LAYOUT: Final = "gemini"
#: Parameters by their common names, and where generationConfig has them.
COMMON: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "n": "candidateCount",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
#: Where a declaration may have its schema: as JSON schema, or in OpenAPI's subset.
SCHEMAS: Final = ("parametersJsonSchema", "parameters")
_FORMATS = ("responseJsonSchema", "responseSchema")
_URL = re.compile(r"/([^/]+)/([^/:]+):(stream)?[gG]enerateContent$")
_PLAIN = frozenset({"models"})


def read_url(url: str) -> tuple[str | None, bool]:
    """The model that *url* asks, and whether it wants a stream.

    >>> read_url("https://a.b/v1beta/models/gemini-2.5-pro:streamGenerateContent")
    ('gemini-2.5-pro', True)
    """
    found = _URL.search(unquote(urlsplit(url).path).rstrip("/"))
    if found is None:
        return None, False
    kind, name, stream = found.groups()
    return name if kind in _PLAIN else f"{kind}/{name}", bool(stream)


def read_request(body: bytes, url: str = "") -> ChatRequest:
    """What *body* asks. Raises WireError where it is no request.

    >>> read_request(b'{"contents": [{"parts": [{"text": "Hi"}]}]}').messages
    (HumanMessage('Hi'),)
    """
    try:
        return _request(read_json(body), url)
    except (InputError, ValueError, WireError) as error:
        raise WireError(f"gemini: a request cannot be read: {error}") from None
    except RecursionError:
        raise WireError("gemini: a request is nested too deeply.") from None


def _request(given: Any, url: str) -> ChatRequest:
    if not (isinstance(given, dict) and "contents" in given):
        raise WireError(f"{shown(given)} has no 'contents'.")
    spelling = CamelReader()
    said: dict[str, Any] = spelling.read(given)
    layout: dict[str, Any] = {}
    system, layout["system"] = read_system(said.pop("systemInstruction", None))
    messages, contents = read_contents(said.pop("contents"))
    if contents != default_layout(messages):
        layout["contents"] = contents
    tools, grouping = _tools(said.pop("tools", None))
    layout |= grouping
    config = expect(said.pop("generationConfig", None), dict, "'generationConfig'")
    params = _params(config)
    response_format, layout["format"] = _format(params)
    stop = params.pop("stopSequences", None)
    if stop is not None and not _are_texts(stop):
        params["stopSequences"], stop = stop, None
    choice = _choice(said)
    model, stream = read_url(url)
    named = said.pop("model", None)
    if isinstance(named, str):
        layout["model"] = named
        model = model or named.removeprefix("models/")
    common = {name: params.pop(name) for name in COMMON if name in params}
    if params or config == {}:
        said["generationConfig"] = params
    layout["snake_case"] = spelling.marks()
    layout = {key: value for key, value in layout.items() if value or key == "groups"}
    return ChatRequest(
        (*system, *messages),
        tools=tools,
        tool_choice=choice,
        response_format=response_format,
        stop=tuple(stop) if stop else None,
        model=model,
        stream=stream,
        params={**common, **said, **({LAYOUT: layout} if layout else {})},
    )


def _are_texts(stop: Any) -> bool:
    return (
        isinstance(stop, list) and bool(stop) and all(isinstance(s, str) for s in stop)
    )


def _params(config: dict[str, Any] | None) -> dict[str, Any]:
    """The members of a generationConfig, the common ones by their common names."""
    said = {key: value for key, value in (config or {}).items() if value is not None}
    names = {theirs: ours for ours, theirs in COMMON.items()}
    return {names.get(key, key): value for key, value in said.items()}


def _format(params: dict[str, Any]) -> tuple[ResponseFormat | None, str | None]:
    """The form of the answer; and where the schema is, if not where we write it."""
    mime = params.get("responseMimeType")
    schemas = [key for key in _FORMATS if key in params]
    match mime, schemas:
        case "application/json", [key] if isinstance(params[key], dict):
            del params["responseMimeType"]
            schema = params.pop(key)
            unusual = key if key != _FORMATS[0] else None
            if unusual and (plain := lowered(schema)) is not None:
                return ResponseFormat("json_schema", plain), f"{key}, in capitals"
            return ResponseFormat("json_schema", schema), unusual
        case "application/json", []:
            del params["responseMimeType"]
            return ResponseFormat("json_object"), None
        case "text/plain", []:
            del params["responseMimeType"]
            return ResponseFormat("text"), None
        case _:
            return None, None


# ------------------------------------------------------------------ tools


def _tools(tools: Any) -> tuple[tuple[ToolSpec, ...], dict[str, Any]]:
    """The tools; how they were grouped, and which schemas they had, if unusual."""
    if tools is None:
        return (), {}
    specs: list[ToolSpec] = []
    groups: list[int] = []
    schemas: list[str | None] = []
    listed = [tools] if isinstance(tools, dict) else tools
    for tool in expect(listed, list, "'tools'") or []:
        said = dict(expect(tool, dict, "a tool") or {})
        found = said.pop("functionDeclarations", None)
        items = expect(found, list, "'functionDeclarations'") or []
        declared = [expect(item, dict, "a declaration") or {} for item in items]
        schemas += [_schema_key(item) for item in declared]
        members = [*map(_declared, declared)]
        members += [_served(key, value) for key, value in said.items()]
        groups.append(len(members))
        specs += members
    layout: dict[str, Any] = {}
    if not specs or groups != _default_groups(specs):
        layout["groups"] = groups
    functions = [spec for spec in specs if spec.provider is None]
    if schemas != [SCHEMAS[0] if spec.parameters else None for spec in functions]:
        layout["schemas"] = schemas
    return tuple(specs), layout


def _default_groups(specs: list[ToolSpec]) -> list[int]:
    """How many of *specs* share a tool: all functions do, where the first one is."""
    functions = [n for n, spec in enumerate(specs) if spec.provider is None]
    if not functions:
        return [1] * len(specs)
    first, count = functions[0], len(functions)
    if functions[-1] - first != count - 1:
        return []  # those between would be moved
    return [1] * first + [count] + [1] * (len(specs) - first - count)


def _schema_key(said: dict[str, Any]) -> str | None:
    return next((key for key in SCHEMAS if isinstance(said.get(key), dict)), None)


def _declared(said: dict[str, Any]) -> ToolSpec:
    name = expect(said.get("name"), str, "'name' of a declaration")
    if not name:
        raise WireError(f"a function declaration has no name: {shown(said)}.")
    key = _schema_key(said)
    read = {"name", "description", key}
    description = expect(said.get("description"), str, "'description'")
    extras = {k: v for k, v in said.items() if k not in read}
    schema = said[key] if key else {}
    # It is not the same as an empty one.
    mark: dict[str, Any] = {"description": None} if description is None else {}
    if (plain := lowered(schema)) is not None:
        mark["types"] = "capitals"
        schema = plain
    extras |= {LAYOUT: mark} if mark else {}
    return ToolSpec(name, description or "", schema, extras=extras)


_CAPITAL = re.compile(r"[A-Z]")


def _served(key: str, value: Any) -> ToolSpec:
    """A tool that runs at Google."""
    name = _CAPITAL.sub(lambda found: f"_{found[0].lower()}", key)
    return ToolSpec(name, provider={key: value})


def _choice(said: dict[str, Any]) -> ToolChoice | None:
    """The tool choice, taken out of the toolConfig of *said*."""
    config = expect(said.get("toolConfig"), dict, "'toolConfig'")
    if config is None or "functionCallingConfig" not in config:
        return None
    rest = dict(config)
    calling = (
        expect(rest.pop("functionCallingConfig"), dict, "'functionCallingConfig'") or {}
    )
    if rest:
        said["toolConfig"] = rest
    else:
        del said["toolConfig"]
    raw: dict[str, Any] = {"functionCallingConfig": calling}
    match calling:
        case {"mode": "ANY", "allowedFunctionNames": [str(name)]} if len(calling) == 2:
            return ToolChoice("tool", name)
        case {"mode": "AUTO", **rest} if not rest:
            return ToolChoice("auto")
        case {"mode": "ANY", **rest}:
            return ToolChoice("any", provider=raw if rest else None)
        case {"mode": "NONE", **rest}:
            return ToolChoice("none", provider=raw if rest else None)
        case _:
            return ToolChoice("auto", provider=raw)
