"""Requests and answers as plain values, as messages are written down to be read.

In: a `ChatRequest`, a step. Out: dicts without what is empty, and back: what was
written is read as the very same. Artifacts of tools, which no model sees, are left out.
"""

from collections.abc import Mapping
from typing import Any, get_args

from harness.chunks import AIMessageChunk
from harness.errors import InputError, nearest, shown
from harness.messages import AIMessage, Message
from harness.requests import ChatRequest, ResponseFormat
from harness.steps import Fault
from harness.tool_specs import Mode, ToolChoice, ToolSpec
from harness.values import plain

__all__ = ["read_request", "read_step", "request_value", "step_value"]

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}
_TYPES = {role: kind for kind, role in _ROLES.items()}

Kinds = Mapping[str, type | tuple[type, ...]]

_REQUEST: Kinds = {
    "model": str,
    "stream": bool,
    "messages": list,
    "tools": list,
    "tool_choice": (str, dict),
    "parallel_tool_calls": bool,
    "response_format": dict,
    "stop": list,
    "params": dict,
}
_TOOL: Kinds = {
    "name": str,
    "description": str,
    "parameters": dict,
    "strict": bool,
    "provider": dict,
    "extras": dict,
}
_CHOICE: Kinds = {"mode": str, "name": str, "provider": dict}
_FORMAT: Kinds = {"kind": str, "schema": dict, "name": str, "strict": bool}
_FORMATS = ("json_schema", "json_object", "text")
_FAULT: Kinds = {
    "kind": str,
    "message": str,
    "status": int,
    "retry_after": (int, float),
    "headers": dict,
}


# ------------------------------------------------------------------- requests


def request_value(request: ChatRequest) -> dict[str, Any]:
    """*request* as a plain dict. Raises InputError for what is no JSON.

    >>> from harness.messages import HumanMessage
    >>> request_value(ChatRequest((HumanMessage("Hi"),), model="m"))
    {'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]}
    """
    stop = request.stop
    said = {
        "model": request.model,
        "stream": request.stream or None,
        "messages": [_message_value(message) for message in request.messages],
        "tools": [_filled(spec, _TOOL) for spec in request.tools] or None,
        "tool_choice": request.tool_choice and _choice_value(request.tool_choice),
        "parallel_tool_calls": request.parallel_tool_calls,
        "response_format": request.response_format
        and _filled(request.response_format, _FORMAT),
        "stop": None if stop is None else list(stop),
        "params": request.params or None,
    }
    given = {key: value for key, value in said.items() if value is not None}
    value: dict[str, Any] = plain(given, "the request")
    return value


def read_request(value: object) -> ChatRequest:
    """The request that `request_value` wrote. Raises InputError."""
    said = _checked(value, "the request", _REQUEST, "messages")
    stop = said.get("stop")
    if stop is not None and not all(isinstance(word, str) for word in stop):
        raise InputError(f"stop is {shown(stop)}; it is a list of texts.")
    form = said.get("response_format")
    return ChatRequest(
        tuple(_read_message(one, n) for n, one in enumerate(said["messages"], 1)),
        tools=tuple(
            _read_tool(one, n) for n, one in enumerate(said.get("tools", ()), 1)
        ),
        tool_choice=_read_choice(said.get("tool_choice")),
        parallel_tool_calls=said.get("parallel_tool_calls"),
        response_format=None if form is None else _read_format(form),
        stop=None if stop is None else tuple(stop),
        model=said.get("model"),
        params=said.get("params", {}),
        stream=said.get("stream", False),
    )


def _message_value(message: Message) -> dict[str, Any]:
    if isinstance(message, AIMessage):
        message = message.to_message()
    dumped = message.model_dump()
    role = _ROLES[dumped.pop("type")]
    dumped.pop("artifact", None)
    if dumped.get("status") == "success":
        del dumped["status"]
    # What is empty is left out, but for the content, by which a message is known.
    rest = {k: v for k, v in dumped.items() if v not in (None, {}, [])}
    return {"role": role, "content": dumped["content"], **rest}


def _read_message(value: object, number: int) -> Message:
    where = f"message {number}"
    if not isinstance(value, dict):
        raise InputError(f"{where} is {shown(value)}, not a dict.")
    said = dict(value)
    role = said.pop("role", None)
    kind = _TYPES.get(role) if isinstance(role, str) else None
    if kind is None:
        known = nearest(str(role), _TYPES)
        raise InputError(f"{where} has the role {shown(role)}. {known}")
    try:
        return Message.model_validate({"type": kind, **said})
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _read_tool(value: object, number: int) -> ToolSpec:
    return ToolSpec(**_checked(value, f"tool {number}", _TOOL, "name"))


def _choice_value(choice: ToolChoice) -> str | dict[str, Any]:
    if choice.name is None and choice.provider is None:
        return choice.mode
    return _filled(choice, _CHOICE)


def _read_choice(value: object) -> ToolChoice | None:
    if value is None:
        return None
    given = {"mode": value} if isinstance(value, str) else value
    said = _checked(given, "tool_choice", _CHOICE, "mode")
    if said["mode"] not in get_args(Mode):
        known = nearest(said["mode"], get_args(Mode))
        raise InputError(f"tool_choice is {said['mode']!r}. {known}")
    return ToolChoice(**said)


def _read_format(value: object) -> ResponseFormat:
    said = _checked(value, "response_format", _FORMAT, "kind")
    if said["kind"] not in _FORMATS:
        known = nearest(said["kind"], _FORMATS)
        raise InputError(f"response_format is {said['kind']!r}. {known}")
    return ResponseFormat(**said)


# ---------------------------------------------------------------------- steps


def step_value(step: AIMessageChunk | Fault) -> dict[str, Any]:
    """*step* as a plain dict: a chunk's fields, or what a fault is.

    >>> step_value(AIMessageChunk("Hi", id="m"))
    {'content': 'Hi', 'id': 'm'}
    """
    if isinstance(step, Fault):
        fault = _filled(step, _FAULT)
        return {"fault": {k: v for k, v in fault.items() if v != {}}}
    dumped = step.model_dump()
    del dumped["type"]
    if dumped["content"] == "":
        del dumped["content"]
    said = {key: v for key, v in dumped.items() if key == "content" or _says(v)}
    if "tool_call_chunks" in said:
        said["tool_call_chunks"] = [
            {k: v for k, v in one.items() if v is not None and k != "type"}
            for one in said["tool_call_chunks"]
        ]
    return said


def read_step(value: object) -> AIMessageChunk | Fault:
    """The step that `step_value` wrote. Raises InputError."""
    match value:
        case {"fault": fault, **rest} if not rest:
            return Fault(**_checked(fault, "the fault", _FAULT, "kind"))
        case {"type": _}:
            raise InputError(f"{shown(value)} is no chunk: no chunk has a 'type' here.")
        case dict():
            return AIMessageChunk.model_validate({"type": "AIMessageChunk", **value})
        case _:
            raise InputError(f"{shown(value)} is no chunk and no fault.")


def _says(value: object) -> bool:
    return value is not None and value not in ({}, [])


def _filled(value: object, kinds: Kinds) -> dict[str, Any]:
    """The fields of *value* that say something."""
    said = {name: getattr(value, name) for name in kinds}
    empty: tuple[object, ...] = (None, "") if "schema" in kinds else (None, "", {})
    return {name: item for name, item in said.items() if item not in empty}


def _checked(value: object, where: str, kinds: Kinds, required: str) -> dict[str, Any]:
    """*value*, if it is a dict of known fields, each of its kind."""
    if not isinstance(value, dict):
        raise InputError(f"{where} is {shown(value)}, not a dict.")
    said: dict[str, Any] = {}
    for name, item in value.items():
        kind = kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            raise InputError(f"{where} has no {name!r}. {nearest(str(name), kinds)}")
        wanted = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(item, wanted) or (type(item) is bool and bool not in wanted):
            raise InputError(f"{where}: {name} is {shown(item)}.")
        said[name] = item
    if required not in said:
        raise InputError(f"{where} has no {required!r}.")
    return said
