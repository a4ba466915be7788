"""Answers as values: a model asked for a structure, and its answer read into it."""

from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, assert_never, cast

from harness.errors import InputError, OutputError, nearest, shown
from harness.messages import AIMessage
from harness.models.batches import Batches
from harness.models.batching import Job, Plan
from harness.models.config import ConfigLike
from harness.partial_json import JsonPrefix
from harness.requests import ResponseFormat
from harness.schemas import check_schema, problems
from harness.tool_specs import ToolSpec, tool_spec
from harness.values import dumped

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Method", "Output", "StructuredModel"]

Method = Literal["function_calling", "json_schema", "json_mode"]
_METHODS = ("function_calling", "json_schema", "json_mode")


@dataclass(frozen=True)
class Output:
    """What structure is asked for, how, and how an answer is read into it."""

    target: Any
    spec: ToolSpec
    method: Method
    include_raw: bool

    @classmethod
    def of(cls, schema: object, method: Method, *, include_raw: bool) -> Self:
        """Check *schema* and *method*. Raises InputError."""
        if method not in _METHODS:
            raise InputError(
                f"No method is {method!r}. {nearest(str(method), _METHODS)}"
            )
        spec = tool_spec(schema)
        if spec.provider is not None:
            raise InputError(f"{shown(schema)} describes no structure of an answer.")
        check_schema(spec.parameters)
        target = schema if isinstance(schema, type) else None
        return cls(target, spec, method, include_raw)

    def asks(self, strict: bool | None) -> dict[str, Any]:  # noqa: FBT001 - a field
        """What is bound to the model's requests."""
        spec = self.spec
        match self.method:
            case "function_calling":
                given = {"tools": [spec], "tool_choice": spec.name, "strict": strict}
                return {**given, "parallel_tool_calls": False}
            case "json_schema":
                form = ResponseFormat(
                    "json_schema", spec.parameters, spec.name, strict=strict
                )
                return {"response_format": form}
            case "json_mode":
                return {"response_format": ResponseFormat("json_object")}
            case _:
                assert_never(self.method)

    def __getstate__(self) -> dict[str, Any]:
        """What was given; the rest is made again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def _adapter(self) -> "TypeAdapter[Any] | None":
        from pydantic import TypeAdapter

        return None if self.target is None else TypeAdapter(self.target)

    def read(self, message: AIMessage) -> Any:
        """The value in *message*; raises OutputError, or tells it beside the raw."""
        try:
            value = self._value(message)
        except OutputError as error:
            if not self.include_raw:
                raise
            return {"raw": message, "parsed": None, "parsing_error": error}
        if not self.include_raw:
            return value
        return {"raw": message, "parsed": value, "parsing_error": None}

    def _value(self, message: AIMessage) -> Any:
        found = self._called(message) if self.calls else self._written(message)
        if self._adapter is not None and not self._is_typed_dict:
            from pydantic import ValidationError

            try:
                # As JSON: a strict model takes its dates and tuples so, and only so.
                return self._adapter.validate_json(dumped(found))
            except ValidationError as error:
                lines = [
                    f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['msg']}"
                    for e in error.errors()
                ]
                raise self._unfit(found, lines) from error
        if lines := problems(found, self.spec.parameters):
            raise self._unfit(found, lines)
        return found

    @property
    def _is_typed_dict(self) -> bool:
        return not (hasattr(self.target, "model_fields") or is_dataclass(self.target))

    def _called(self, message: AIMessage) -> Any:
        for call in message.tool_calls:
            if call["name"] == self.spec.name:
                return call["args"]
        wrong = [c for c in message.invalid_tool_calls if c["name"] == self.spec.name]
        if wrong:
            raise OutputError(
                f"The arguments of {self.spec.name!r} are not a JSON object "
                f"({wrong[0]['error']}): {shown(wrong[0]['args'])}"
            )
        named = [call["name"] for call in message.tool_calls]
        said = f"calls {', '.join(named)}" if named else _said(message)
        raise OutputError(f"The answer does not call {self.spec.name!r}; it {said}.")

    def _written(self, message: AIMessage) -> Any:
        read = JsonPrefix()
        read.feed(message.text)
        read.finish()
        if read.error is not None:
            raise OutputError(
                f"The answer is not JSON ({read.error}); it {_said(message)}."
            )
        return read.preview()

    def _unfit(self, found: object, lines: list[str]) -> OutputError:
        listed = "".join(f"\n- {line}" for line in lines)
        return OutputError(
            f"The answer does not fit {self.spec.name!r}: {shown(found)}{listed}"
        )

    @property
    def calls(self) -> bool:
        """Whether the value comes as the arguments of a call."""
        return self.method == "function_calling"


def _said(message: AIMessage) -> str:
    for block in message.content_blocks:
        if block["type"] == "refusal":
            return f"refuses: {shown(block['refusal'])}"
    return f"says {shown(message.text)}"


class _Model(Protocol):
    """What is used of a chat model."""

    def invoke(self, input: object, config: ConfigLike, **params: Any) -> AIMessage: ...

    async def ainvoke(
        self, input: object, config: ConfigLike, **params: Any
    ) -> AIMessage: ...

    def stream(self, input: object, config: ConfigLike, **params: Any) -> Any: ...

    def astream(self, input: object, config: ConfigLike, **params: Any) -> Any: ...

    def with_config(self, config: ConfigLike, **fields: Any) -> Any: ...

    def _jobs(
        self, inputs: Any, config: Any, params: Any, finish: Any, *, tasks: bool = ...
    ) -> list[Job[Any]]: ...

    def _plan(self, config: Any, *, keep: bool, progress: bool) -> Plan: ...


class StructuredModel(Batches):
    """A chat model that answers with values; see `ChatModel.with_structured_output`.

    That makes it, of *model* and the *output* that is asked for. It is asked as a chat
    model is: *input* is a text or messages, *config* a `RunConfig` or None, and
    *params* are those of `ChatModel.invoke`. What does not fit raises OutputError.

    >>> from harness import FakeChatModel, call
    >>> point = {"title": "point", "type": "object", "required": ["x"]}
    >>> model = FakeChatModel(call("point", x=1)).with_structured_output(point)
    >>> model.invoke("Where?")
    {'x': 1}
    """

    def __init__(self, model: object, output: Output) -> None:
        self._model = cast("_Model", model)
        self._output = output

    def __repr__(self) -> str:
        """The structure that is asked for, and of which model."""
        return f"<StructuredModel of {self._output.spec.name!r}: {self._model!r}>"

    def with_config(self, config: ConfigLike = None, **fields: Any) -> Self:
        """This model with *config* (or its *fields*) for every run."""
        model = self._model.with_config(config, **fields)
        return type(self)(model, self._output)

    def invoke(self, input: object, config: ConfigLike = None, **params: Any) -> Any:
        """The value that answers *input*."""
        return self._output.read(self._model.invoke(input, config, **params))

    async def ainvoke(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> Any:
        """The same in a task."""
        return self._output.read(await self._model.ainvoke(input, config, **params))

    def stream(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> Generator[Any]:
        """The value as it grows, where it is a dict; the checked value comes last."""
        return self._grown(self._model.stream(input, config, **params))

    def _grown(self, chunks: Any) -> Generator[Any]:
        growth = _Growth(self._output)
        with closing(chunks):
            for chunk in chunks:
                yield from growth.take(chunk)
        yield self._output.read(growth.full.to_message())

    def astream(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> AsyncGenerator[Any]:
        """The same in a task."""
        return self._agrown(self._model.astream(input, config, **params))

    async def _agrown(self, chunks: Any) -> AsyncGenerator[Any]:
        growth = _Growth(self._output)
        async with aclosing(chunks):
            async for chunk in chunks:
                for value in growth.take(chunk):
                    yield value
        yield self._output.read(growth.full.to_message())

    def _batched(
        self, inputs: Any, config: Any, params: Mapping[str, Any], *, tasks: bool
    ) -> list[Job[Any]]:
        read = self._output.read
        return self._model._jobs(inputs, config, params, read, tasks=tasks)

    def _plan(self, config: Any, *, keep: bool, progress: bool) -> Plan:
        return self._model._plan(config, keep=keep, progress=progress)


class _Growth:
    """The sum of a stream, and the values shown on its way."""

    def __init__(self, output: Output) -> None:
        self.full: Any = None
        self._output = output
        self._shown: Any = None
        self._text = ""
        self._read = JsonPrefix()

    def take(self, chunk: AIMessage) -> Iterator[Any]:
        self.full = chunk if self.full is None else self.full + chunk
        if self._output.target is None and not self._output.include_raw:
            value = self._called() if self._output.calls else self._written()
            if isinstance(value, dict) and value and value != self._shown:
                self._shown = value
                yield value

    def _called(self) -> Any:
        name = self._output.spec.name
        calls = (c["args"] for c in self.full.tool_calls if c["name"] == name)
        return next(calls, None)

    def _written(self) -> Any:
        text = self.full.text
        if not text.startswith(self._text):  # a text block before the last has grown
            self._text, self._read = "", JsonPrefix()
        self._read.feed(text[len(self._text) :])
        self._text = text
        return self._read.preview()
