"""What is bound to a model: tools, choice and parameters of every request it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.coercion import coerce_messages
from harness.errors import InputError, SchemaError, shown
from harness.models.formats import read_format
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import (
    ToolChoice,
    ToolSpec,
    tool_choice,
    tool_specs,
)

__all__ = ["Binding", "merge_tools"]


@dataclass(frozen=True, slots=True)
class Binding:
    """The part of a request that is the same for every input."""

    tools: tuple[ToolSpec, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    response_format: ResponseFormat | None = None
    stop: tuple[str, ...] | None = None
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def bound(self, given: Mapping[str, Any]) -> "Binding":
        """This binding with what *given* says on top; tools add up.

        ``tools``, ``tool_choice``, ``parallel_tool_calls``, ``response_format``,
        ``stop`` and ``model`` mean what they say, others are parameters of the model.
        A value of None takes back what was bound, but for tools.
        """
        if not given:
            return self
        rest = dict(given)
        tools = self.tools
        if "tools" in rest:
            more = _specs(rest.pop("tools"), rest.pop("strict", None))
            tools = merge_tools(tools, more)
        changes: dict[str, Any] = {"tools": tools}
        if "tool_choice" in rest:
            changes["choice"] = tool_choice(rest.pop("tool_choice"), tools)
        for name, (place, read) in _FIELDS.items():
            if name in rest:
                value = rest.pop(name)
                changes[place] = None if value is None else read(value)
        params = {**self.params, **rest}
        changes["params"] = {k: v for k, v in params.items() if v is not None}
        return replace(self, **changes)

    def request(self, value: object, *, stream: bool) -> ChatRequest:
        """The request that asks *value*."""
        return ChatRequest(
            coerce_messages(value),
            tools=self.tools,
            tool_choice=self.choice,
            parallel_tool_calls=self.parallel,
            response_format=self.response_format,
            stop=self.stop,
            model=self.model,
            params=self.params,
            stream=stream,
        )

    def adopted(self, request: ChatRequest) -> ChatRequest:
        """*request* as it reads when asked of a model that has this binding."""
        return replace(
            request,
            tools=self.tools or request.tools,
            tool_choice=self.choice if self.tools else request.tool_choice,
            parallel_tool_calls=_either(self.parallel, request.parallel_tool_calls),
            response_format=self.response_format or request.response_format,
            stop=self.stop or request.stop,
            model=self.model or request.model,
            params={**request.params, **self.params},
        )


def _either(first: bool | None, second: bool | None) -> bool | None:  # noqa: FBT001 - a field that is a boolean
    return second if first is None else first


def _specs(tools: object, strict: object) -> list[ToolSpec]:
    if isinstance(tools, str | bytes | Mapping) or not isinstance(tools, Sequence):
        raise InputError(f"tools is {shown(tools)}; give a list of tools.")
    specs = [spec for tool in tools for spec in tool_specs(tool)]
    if strict is None:
        return specs
    return [replace(spec, strict=_boolean("strict", strict)) for spec in specs]


def _boolean(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InputError(f"{name} is {shown(value)}; it is True, False or None.")


def _parallel(value: object) -> bool:
    return _boolean("parallel_tool_calls", value)


def _stop(value: object) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else value
    if isinstance(words, list | tuple) and all(isinstance(w, str) and w for w in words):
        return tuple(words)
    raise InputError(f"stop is {shown(value)}; give a list of strings, none empty.")


def _model(value: object) -> str:
    if isinstance(value, str):
        return value
    raise InputError(f"model is {shown(value)}; give the model's name.")


_FIELDS: dict[str, tuple[str, Any]] = {
    "parallel_tool_calls": ("parallel", _parallel),
    "response_format": ("response_format", read_format),
    "stop": ("stop", _stop),
    "model": ("model", _model),
}


def merge_tools(
    bound: Sequence[ToolSpec], new: Sequence[ToolSpec]
) -> tuple[ToolSpec, ...]:
    """Add *new* tools to the *bound* ones; the same definition again is one tool.

    Raises SchemaError where two definitions share one name. Only provider-side tools
    may (two MCP servers are both called "mcp").

    >>> search = ToolSpec("search")
    >>> [spec.name for spec in merge_tools([search], [ToolSpec("add"), search])]
    ['search', 'add']
    """
    merged: list[ToolSpec] = []
    for spec in (*bound, *new):
        namesakes = [other for other in merged if other.name == spec.name]
        if spec in namesakes:
            continue
        if any(spec.provider is None or one.provider is None for one in namesakes):
            raise SchemaError(
                f"two different tools are both called {spec.name!r}:\n"
                f"- {shown(namesakes[0])}\n- {shown(spec)}\n"
                f"Rename one of them, for example with @tool('{spec.name}_2')."
            )
        merged.append(spec)
    return tuple(merged)
