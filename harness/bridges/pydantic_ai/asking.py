"""What is asked besides messages: tools, choice, structure and settings, both ways."""

from dataclasses import fields
from typing import Any, cast

from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models._tool_choice import (  # what each model of theirs asks it
    resolve_tool_choice,
)
from pydantic_ai.native_tools import NATIVE_TOOL_TYPES, AbstractNativeTool
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from harness.errors import InputError, nearest
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec

__all__ = ["UNSAID", "asked_of_ours", "asked_of_theirs"]

#: Settings that are the transport's or the agent's: a request does not say them.
UNSAID = frozenset(
    "cache citations extra_headers first_event_timeout max_retries request_timeout "
    "thinking timeout".split()
)
_NAMED_ELSE = {"stop_sequences": "stop"}
_READ_APART = frozenset({"tool_choice", "extra_body"})


def asked_of_ours(
    settings: ModelSettings | None, asked: ModelRequestParameters
) -> dict[str, Any]:
    """The parameters with which a `ChatModel` is asked the same.

    >>> tool = ToolDefinition(name="look")
    >>> asked = ModelRequestParameters(output_tools=[tool], allow_text_output=False)
    >>> asked_of_ours({"temperature": 0.5}, asked)["tool_choice"]
    'any'
    """
    said = dict(settings or {})
    extra = said.get("extra_body")
    params: dict[str, Any] = {
        _NAMED_ELSE.get(name, name): value
        for name, value in said.items()
        if name not in UNSAID | _READ_APART
    } | (extra if isinstance(extra, dict) else {})
    functions = [*asked.declared_function_tools, *asked.output_tools]
    names, choice = _choice(settings, asked)
    if names is not None:
        functions = [tool for tool in functions if tool.name in names]
    tools = [*map(_spec, functions), *map(_native_spec, asked.native_tools)]
    if tools:
        params["tools"] = tools
    if functions:
        params["tool_choice"] = choice
    if (form := _form(asked)) is not None:
        params["response_format"] = form
    return params


def _choice(
    settings: ModelSettings | None, asked: ModelRequestParameters
) -> tuple[set[str] | None, str]:
    """Which tools there are (None: all), and the choice among them."""
    choice = resolve_tool_choice(settings, asked)
    mode, names = choice if isinstance(choice, tuple) else (choice, None)
    if mode != "required":
        return names, mode
    if names is not None and len(names) == 1:
        return names, next(iter(names))
    return names, "any"


def _spec(tool: ToolDefinition) -> ToolSpec:
    return ToolSpec(
        tool.name,
        tool.description or "",
        dict(tool.parameters_json_schema),
        strict=tool.strict,
    )


def _native_spec(tool: AbstractNativeTool) -> ToolSpec:
    names = {field.name for field in fields(tool)} - {"kind", "optional"}
    said = {name: getattr(tool, name) for name in sorted(names)}
    given = {name: value for name, value in said.items() if value is not None}
    return ToolSpec(tool.kind, provider={"type": tool.kind, **given})


def _form(asked: ModelRequestParameters) -> ResponseFormat | None:
    match asked.output_mode, asked.output_object:
        case "native", OutputObjectDefinition(json_schema=schema) as form:
            return ResponseFormat(
                "json_schema", dict(schema), form.name, strict=form.strict
            )
        case "prompted", _:
            return ResponseFormat("json_object")
        case _:
            return None


def asked_of_theirs(
    request: ChatRequest, *, model_name: str
) -> tuple[ModelSettings, ModelRequestParameters]:
    """Settings and parameters with which their model *model_name* is asked the same.

    Raises InputError for what cannot be asked of it.
    """
    if request.model not in (None, model_name):
        raise InputError(
            f"The model {request.model!r} is asked for, and this is {model_name!r}: a "
            "model of pydantic-ai has one name. Make another model."
        )
    settings: dict[str, Any] = dict(request.params)
    if request.stop:
        settings["stop_sequences"] = list(request.stop)
    if request.parallel_tool_calls is not None:
        settings["parallel_tool_calls"] = request.parallel_tool_calls
    if request.tools and request.tool_choice is not None:
        settings["tool_choice"] = _their_choice(request.tool_choice)
    asked = ModelRequestParameters(
        function_tools=[_definition(t) for t in request.tools if t.provider is None],
        native_tools=[_native(t) for t in request.tools if t.provider is not None],
    )
    form = request.response_format
    if form is not None and form.kind == "json_schema":
        asked.output_mode = "native"
        asked.output_object = OutputObjectDefinition(
            form.schema or {}, name=form.name, strict=form.strict
        )
    elif form is not None and form.kind == "json_object":
        asked.output_mode, asked.prompted_output_template = "prompted", False
    return cast("ModelSettings", settings), asked


def _their_choice(choice: ToolChoice) -> str | list[str]:
    if choice.mode == "tool":
        return [str(choice.name)]
    return "required" if choice.mode == "any" else choice.mode


def _definition(spec: ToolSpec) -> ToolDefinition:
    return ToolDefinition(
        name=spec.name,
        parameters_json_schema={"type": "object", "properties": {}, **spec.parameters},
        description=spec.description or None,
        strict=spec.strict,
    )


def _native(spec: ToolSpec) -> AbstractNativeTool:
    said = dict(spec.provider or {})
    kind = str(said.pop("type", spec.name))
    if kind not in NATIVE_TOOL_TYPES:
        known = nearest(kind, NATIVE_TOOL_TYPES)
        raise InputError(f"pydantic-ai has no native tool {kind!r}. {known}")
    try:
        return NATIVE_TOOL_TYPES[kind](**said)
    except TypeError as error:
        raise InputError(f"The native tool {kind!r} cannot be made: {error}") from None
