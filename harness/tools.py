"""Tools: functions that a model may ask to run.

In: a function. Out: a `Tool`, which describes itself to a model, checks the
arguments of a call, and answers it with a ToolMessage. Schemas are made on first use.
"""

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from harness.blocks import ToolCall
from harness.docstrings import plain_function, split_docstring
from harness.errors import InputError, SchemaError, ToolInputError, nearest, shown
from harness.messages import ToolMessage
from harness.pickles import Shared, check_findable, found, is_findable
from harness.tool_arguments import check_by_schema, is_open, signature_text
from harness.tool_requests import ToolRequest, read_request
from harness.tool_results import result_content
from harness.tool_specs import ToolSpec, tool_name, tool_spec

__all__ = ["Tool", "tool"]

P = ParamSpec("P")
R = TypeVar("R")

if typing.TYPE_CHECKING:
    from pydantic import BaseModel

    ArgsSchema = type[BaseModel] | Mapping[str, Any]
else:  # pydantic waits for the first schema
    ArgsSchema = type | Mapping[str, Any]
ResponseFormat = Literal["content", "content_and_artifact"]
HandleError = bool | str | Callable[[Exception], str]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Tool(Shared, Generic[P, R]):
    """A function that a model may ask to run; made by `@tool`, and still callable.

    *name* and *description* are what the model is told, *descriptions* those of the
    parameters; *given_schema* is what `@tool` was given as args_schema. For
    *response_format* and *handle_error* see `tool`.
    """

    function: Callable[P, R]
    name: str
    description: str
    response_format: ResponseFormat = "content"
    handle_error: HandleError = False
    given_schema: ArgsSchema | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function."""
        return self.function(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        function = self.function
        if is_findable(self, function):  # `@tool` has put it in the function's place
            return found, (function.__module__, function.__qualname__)
        check_findable(function, f"tool {self.name!r}")
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return partial(Tool, **given), ()

    def __repr__(self) -> str:
        return f"Tool(name={self.name!r}, description={self.description!r})"

    @cached_property
    def args_schema(self) -> "type[BaseModel] | dict[str, Any]":
        """What checks the arguments: a pydantic class, or the JSON schema given."""
        from harness.tool_schemas import given_model, signature_model

        match self.given_schema:
            case None:
                return signature_model(self.function, described=self.descriptions)
            case Mapping():
                return dict(self.given_schema)
            case given:
                return given_model(given, self.name)

    @cached_property
    def spec(self) -> ToolSpec:
        """What a model is told. Raises SchemaError where no schema can say it."""
        schema = self.args_schema
        if isinstance(schema, type):
            from harness.tool_schemas import type_schema

            schema = type_schema(schema, self.name)
            schema.pop("description", None)
        declared = {
            "name": self.name,
            "description": self.description,
            "parameters": {k: v for k, v in schema.items() if k != "title"},
        }
        spec = tool_spec(declared)
        if self.given_schema is not None:
            self._check_that_schema_fits(spec)
        return spec

    @property
    def args(self) -> dict[str, Any]:
        """The JSON schema of each parameter, as a fresh dict."""
        properties: dict[str, Any] = deepcopy(self.spec.parameters["properties"])
        return properties

    @overload
    def invoke(self, input: ToolCall, config: object = None) -> ToolMessage: ...
    @overload
    def invoke(self, input: str | Mapping[str, Any], config: object = None) -> Any: ...
    def invoke(self, input: object, config: object = None) -> Any:  # noqa: ARG002 - every invoke takes one
        """Run the tool on *input*: arguments, or a call; *config* means nothing here.

        In: a dict of arguments, or a text for a tool with one (required) parameter:
        what the function returns comes out, the content alone if there is an
        artifact. Or a tool call, which is a dict of type "tool_call", or a dict of
        name and args (and perhaps id) unless these are the tool's own parameters: a
        ToolMessage comes out. Raises ToolInputError for arguments that do not fit
        and calls of another tool; what the function raises goes through, unless
        *handle_error* makes it the answer to a call.

        >>> @tool
        ... def double(number: int) -> int:
        ...     '''Double a number.'''
        ...     return 2 * number
        >>> double.invoke({"number": 4})
        8
        >>> double.invoke({"name": "double", "args": {"number": 4}, "id": "c1"}).content
        '8'
        """
        request = read_request(input, self.spec)
        try:
            positional, named = self._checked(request.args)
            result: object = self._function(*positional, **named)
            if inspect.isawaitable(result):
                result = self._finished(result)
        except Exception as error:
            if (message := self._failure(error, request)) is None:
                raise
            return message
        return self._answer(result, request)

    @overload
    async def ainvoke(self, input: ToolCall, config: object = None) -> ToolMessage: ...
    @overload
    async def ainvoke(
        self, input: str | Mapping[str, Any], config: object = None
    ) -> Any: ...
    async def ainvoke(self, input: object, config: object = None) -> Any:  # noqa: ARG002 - as above
        """Run the tool like `invoke`; a function that is not async runs in a thread."""
        request = read_request(input, self.spec)
        try:
            positional, named = self._checked(request.args)
            if inspect.iscoroutinefunction(self.function):
                result: object = self._function(*positional, **named)
            else:
                import asyncio

                result = await asyncio.to_thread(self._function, *positional, **named)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:
            if (message := self._failure(error, request)) is None:
                raise
            return message
        return self._answer(result, request)

    @property
    def _function(self) -> Callable[..., object]:
        return self.function

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters

    def _check_that_schema_fits(self, spec: ToolSpec) -> None:
        """The function must take what args_schema lets through, and need no more."""
        schema = self.args_schema
        given = schema.model_fields if isinstance(schema, type) else None
        names = {*(spec.parameters["properties"] if given is None else given)}
        kinds = [parameter.kind for parameter in self._parameters.values()]
        taken = {n for n, p in self._parameters.items() if p.kind not in _VARIADIC}
        for name in sorted(names - taken):
            if inspect.Parameter.VAR_KEYWORD not in kinds:
                raise SchemaError(
                    f"args_schema of tool {self.name!r} has {name!r}, which its "
                    f"function does not take. {nearest(name, taken)}"
                )
        needed = set() if is_open(spec.parameters) else taken - names
        for name in sorted(needed):
            if self._parameters[name].default is inspect.Parameter.empty:
                raise SchemaError(
                    f"the function of tool {self.name!r} needs {name!r}, which is not "
                    f"in args_schema. {nearest(name, names)}"
                )

    def _checked(self, args: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        schema = self.args_schema
        if isinstance(schema, type):
            from harness.tool_schemas import check_by_model

            named, problems = check_by_model(schema, self.spec.parameters, args)
        else:
            named, problems = check_by_schema(self.spec.parameters, args)
        if problems:
            lines = "".join(f"\n- {problem}" for problem in problems)
            raise ToolInputError(
                f"{signature_text(self.name, self.spec.parameters)} does not take "
                f"these arguments:{lines}\nGiven: {shown(args)}"
            )
        first = [
            name
            for name, parameter in self._parameters.items()
            if parameter.kind is parameter.POSITIONAL_ONLY and name in named
        ]
        return [named.pop(name) for name in first], named

    def _finished(self, awaitable: Awaitable[object]) -> object:
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(_awaited(awaitable))
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise InputError(
            f"tool {self.name!r} is async and an event loop is running: "
            f"await {self.name}.ainvoke(...) instead of calling invoke."
        )

    def _failure(self, error: Exception, request: ToolRequest) -> ToolMessage | None:
        """The message about *error*, or None where it shall be raised."""
        misused = isinstance(error, InputError) and not isinstance(
            error, ToolInputError
        )
        if self.handle_error is False or request.call_id is None or misused:
            return None
        match self.handle_error:
            case str(text):
                pass
            case True:
                text = str(error) or type(error).__name__
            case read:
                text = read(error)
        return ToolMessage(
            text, tool_call_id=request.call_id, name=self.name, status="error"
        )

    def _answer(self, result: object, request: ToolRequest) -> object:
        if isinstance(result, ToolMessage):
            return result
        content, artifact = result, None
        if self.response_format == "content_and_artifact":
            if not (isinstance(result, tuple) and len(result) == 2):
                raise InputError(
                    f"tool {self.name!r} has response_format='content_and_artifact', "
                    "so its function has to return a tuple (content, artifact); it "
                    f"returned {shown(result)}."
                )
            content, artifact = result
        if request.call_id is None:
            return content
        return ToolMessage(
            result_content(content),
            tool_call_id=request.call_id,
            name=self.name,
            artifact=artifact,
        )


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable


@overload
def tool(
    target: Callable[P, R],
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    parse_docstring: bool = False,
    response_format: ResponseFormat = "content",
    handle_error: HandleError = False,
) -> Tool[P, R]: ...
@overload
def tool(
    target: str | None = None,
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    parse_docstring: bool = False,
    response_format: ResponseFormat = "content",
    handle_error: HandleError = False,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    target: Callable[..., Any] | str | None = None,
    /,
    *,
    description: str | None = None,
    args_schema: ArgsSchema | None = None,
    parse_docstring: bool = False,
    response_format: ResponseFormat = "content",
    handle_error: HandleError = False,
) -> Any:
    """Make a `Tool` of *target*: `@tool`, `@tool("name")`, `@tool(option=...)`.

    The model is told the whole docstring, or *description*; with *parse_docstring*,
    what stands before "Args:", and under "Args:" each parameter's description. The
    parameters come from the signature, or from *args_schema*, a pydantic class or
    JSON schema. With *response_format* "content_and_artifact" the function returns
    both, and the artifact is kept from the model. With *handle_error*, an exception
    (wrong arguments too) answers a call with a message of status "error": its own
    text, the text given, or what the function given makes of it. Raises SchemaError
    for what cannot be a tool; for a signature without a schema, on first use.

    >>> @tool
    ... def get_weather(location: str) -> str:
    ...     '''Get the weather at a location.'''
    ...     return f"It's sunny in {location}."
    >>> get_weather.invoke({"location": "Boston"})
    "It's sunny in Boston."
    """

    def make(function: Callable[P, R]) -> Tool[P, R]:
        name = _checked_name(function, target if isinstance(target, str) else None)
        told, arguments = _docstring(function, name, parse=parse_docstring)
        told = description or told or _schema_docstring(args_schema)
        if not told:
            raise SchemaError(
                f"tool {name!r} has no docstring to describe it to the model. Write "
                "one, or give @tool a description."
            )
        return Tool(
            function=function,
            name=name,
            description=told,
            response_format=_known_format(response_format, name),
            handle_error=handle_error,
            given_schema=args_schema,
            descriptions=arguments,
        )

    return make if target is None or isinstance(target, str) else make(target)


def _checked_name(function: Callable[..., object], name: str | None) -> str:
    if not callable(function) or isinstance(function, type | Tool):
        raise SchemaError(f"{shown(function)} is not a function. @tool decorates one.")
    plain = plain_function(function)
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise SchemaError(
            f"{shown(function)} yields; the function of a tool returns one value."
        )
    return tool_name(getattr(plain, "__name__", None) if name is None else name)


def _docstring(
    function: Callable[..., object], name: str, *, parse: bool
) -> tuple[str, dict[str, str]]:
    docstring = plain_function(function).__doc__
    if not parse:
        return inspect.cleandoc(docstring or ""), {}
    told, arguments = split_docstring(docstring)
    known = inspect.signature(function).parameters
    for argument in arguments:
        if argument not in known:
            raise SchemaError(
                f"the docstring of tool {name!r} describes {argument!r}, which is not "
                f"a parameter. {nearest(argument, known)}"
            )
    return told, arguments


def _schema_docstring(schema: ArgsSchema | None) -> str:
    match schema:
        case Mapping():
            return str(schema.get("description", ""))
        case None:
            return ""
        case _:
            return inspect.cleandoc(schema.__doc__ or "")


def _known_format(value: ResponseFormat, name: str) -> ResponseFormat:
    if value in ("content", "content_and_artifact"):
        return value
    raise SchemaError(
        f"response_format of tool {name!r} is {value!r}. "
        + nearest(str(value), ["content", "content_and_artifact"])
    )
