"""Messages: what people, models and tools say to each other. Immutable values.

Everything given to a message is checked and copied, and everything read from one is a
fresh plain copy: nobody can change a message that somebody else holds. Two messages
are equal when they are of one class and all their fields are equal.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, cast

from harness.blocks import (
    ContentBlock,
    InvalidToolCall,
    ToolCall,
    UsageMetadata,
    standard,
)
from harness.errors import InputError, nearest, shown
from harness.message_fields import (
    finish_reason,
    read_content,
    read_dict,
    read_invalid_tool_call,
    read_list,
    read_name,
    read_tool_call,
    unclaimed,
    united,
)
from harness.pretty import pretty
from harness.usage import read_usage, usage_fields
from harness.values import copied, dumped, plain

__all__ = [
    "AIMessage",
    "Content",
    "HumanMessage",
    "Message",
    "SystemMessage",
    "ToolMessage",
    "finish_reason",
]

#: What a message may hold: one text, or a list of texts and content blocks.
Content = str | Sequence[str | Mapping[str, Any]]


class Message:
    """What the messages below have in common. Raises InputError for a wrong shape."""

    __slots__ = ("_additional_kwargs", "_content", "_id", "_name", "_response_metadata")

    #: How this kind of message is tagged where it is stored.
    type: ClassVar[str]
    _fields: ClassVar[tuple[str, ...]] = (
        "content",
        "name",
        "id",
        "additional_kwargs",
        "response_metadata",
    )
    _required: ClassVar[frozenset[str]] = frozenset({"content"})

    def __init__(
        self,
        content: Content,
        *,
        name: str | None = None,
        id: str | None = None,
        additional_kwargs: Mapping[str, Any] | None = None,
        response_metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if type(self) is Message:
            raise InputError("Make a HumanMessage or such: a mere Message has no type.")
        self._content: Any = read_content(content)
        self._name = read_name(name, "name")
        self._id = read_name(id, "id")
        self._additional_kwargs = read_dict(additional_kwargs, "additional_kwargs")
        self._response_metadata = read_dict(response_metadata, "response_metadata")

    @property
    def content(self) -> str | list[Any]:
        """The content as it was given: a text, or a list of texts and blocks."""
        return self._content if type(self._content) is str else copied(self._content)

    @property
    def text(self) -> str:
        """All text of the content, joined; other blocks have none."""
        if type(self._content) is str:
            return self._content
        blocks = self.content_blocks
        return "".join(b.get("text") or "" for b in blocks if b["type"] == "text")

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """The content as standard blocks, whoever's spelling it came in."""
        content = self._content
        if type(content) is str:
            return [{"type": "text", "text": content}] if content else []
        return [standard(block) for block in content]

    @property
    def name(self) -> str | None:
        """Who speaks, where several share a role."""
        return self._name

    @property
    def id(self) -> str | None:
        """The message's id."""
        return self._id

    @property
    def additional_kwargs(self) -> dict[str, Any]:
        """What else was given with the message and has no field here."""
        return copied(self._additional_kwargs) if self._additional_kwargs else {}

    @property
    def response_metadata(self) -> dict[str, Any]:
        """What the provider said about its answer."""
        return copied(self._response_metadata) if self._response_metadata else {}

    def model_dump(self) -> dict[str, Any]:
        """The message as a plain dict, ``type`` first; see :meth:`model_validate`."""
        return {
            "type": self.type,
            **{name: getattr(self, name) for name in self._fields},
        }

    def model_dump_json(self) -> str:
        """The message as JSON text.

        >>> HumanMessage("hi").model_dump_json()[:32]
        '{"type":"human","content":"hi","'
        """
        return dumped(plain(self.model_dump(), type(self).__name__))

    @classmethod
    def model_validate(cls, value: object) -> Self:
        """The message whose :meth:`model_dump` is *value*; on others, InputError."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise InputError(f"{shown(value)} is not a dumped message.")
        kinds = _kinds(cls)
        name = str(value.get("type", getattr(cls, "type", None)))
        kind = kinds.get(name)
        if kind is None:
            raise InputError(
                f"{cls.__name__} cannot be read from type {name!r}. "
                + nearest(name, kinds)
            )
        fields = {key: item for key, item in value.items() if key != "type"}
        for key in (key for key in fields if key not in kind._fields):
            raise InputError(
                f"{kind.__name__} has no field {key!r}. "
                + nearest(str(key), kind._fields)
            )
        for key in sorted(kind._required - fields.keys()):
            raise InputError(f"{shown(value)} has no {key!r}; a {name} message has.")
        return cast("Self", kind(**fields))

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """The message whose :meth:`model_dump_json` is *text*; else InputError."""
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError(f"A message is not JSON: {error}: {shown(text)}") from None
        return cls.model_validate(value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """The same message with the fields of *update* in place of its own."""
        return self.model_validate({**self.model_dump(), **(update or {})})

    def pretty_repr(self) -> str:
        """The message under a title line, as people read it."""
        return pretty(self)

    def pretty_print(self) -> None:
        """Print :meth:`pretty_repr`."""
        print(self.pretty_repr())  # noqa: T201 - printing is what it is for

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash((type(self), self._id, self.text))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).model_validate, (self.model_dump(),)

    def __repr__(self) -> str:
        return self._shown(self._fields[1:])

    def __str__(self) -> str:
        return self._shown(("tool_calls", "invalid_tool_calls"))

    def _shown(self, fields: Iterable[str]) -> str:
        said = [repr(self.model_dump()["content"])]
        for name in fields:
            value = getattr(self, name, None)
            if value not in (None, {}, []) and (name, value) != ("status", "success"):
                said.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(said)})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        from pydantic_core import core_schema  # it takes long to load

        # Not `cls.model_dump`: a field of one class may hold a message of another.
        written = core_schema.plain_serializer_function_ser_schema(
            lambda message: message.model_dump()
        )
        return core_schema.no_info_plain_validator_function(
            cls.model_validate, serialization=written
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: object, handler: object
    ) -> dict[str, Any]:
        return {"type": "object", "title": cls.__name__}


class SystemMessage(Message):
    """Instructions to the model.

    >>> SystemMessage("Be brief.").text
    'Be brief.'
    """

    __slots__ = ()
    type = "system"


class HumanMessage(Message):
    """What the user says.

    >>> HumanMessage([{"type": "text", "text": "Hello"}]).text
    'Hello'
    """

    __slots__ = ()
    type = "human"


class ToolMessage(Message):
    """What a tool returned, for the call *tool_call_id*.

    *artifact* is for the program and never sent; *fields* are those of a `Message`.
    Raises InputError without an id, and for another *status*.

    >>> ToolMessage("sunny", tool_call_id="call_1").status
    'success'
    """

    __slots__ = ("_artifact", "_status", "_tool_call_id")
    type = "tool"
    _fields = (
        "content",
        "tool_call_id",
        "name",
        "status",
        "artifact",
        "id",
        "additional_kwargs",
        "response_metadata",
    )
    _required = frozenset({"content", "tool_call_id"})

    def __init__(
        self,
        content: Content,
        *,
        tool_call_id: str,
        status: Literal["success", "error"] = "success",
        artifact: object = None,
        **fields: Any,
    ) -> None:
        super().__init__(content, **fields)
        if not isinstance(tool_call_id, str):
            raise InputError(f"tool_call_id is {tool_call_id!r}; it is a string.")
        if status not in ("success", "error"):
            raise InputError(f"status is {status!r}; it is 'success' or 'error'.")
        self._tool_call_id = tool_call_id
        self._status: Literal["success", "error"] = status
        self._artifact = artifact

    @property
    def tool_call_id(self) -> str:
        """The id of the call that this answers."""
        return self._tool_call_id

    @property
    def status(self) -> Literal["success", "error"]:
        """Whether the tool did its work."""
        return self._status

    @property
    def artifact(self) -> Any:
        """What the tool made besides its content, as the very object."""
        return self._artifact


class AIMessage(Message):
    """What the model answers; *fields* are those of every `Message`.

    >>> call = {"name": "get_weather", "args": {"location": "Boston"}, "id": "call_1"}
    >>> AIMessage("Let me look.", tool_calls=[call]).tool_calls[0]["name"]
    'get_weather'
    """

    __slots__ = ("_invalid_tool_calls", "_tool_calls", "_usage")
    type: ClassVar[str] = "ai"
    _fields: ClassVar[tuple[str, ...]] = (
        "content",
        "tool_calls",
        "invalid_tool_calls",
        "usage_metadata",
        "response_metadata",
        "additional_kwargs",
        "id",
        "name",
    )
    _required = frozenset()

    def __init__(
        self,
        content: Content = "",
        *,
        tool_calls: Sequence[ToolCall | Mapping[str, Any]] = (),
        invalid_tool_calls: Sequence[InvalidToolCall | Mapping[str, Any]] = (),
        usage_metadata: UsageMetadata | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(content, **fields)
        calls = [*map(read_tool_call, read_list(tool_calls, "tool_calls"))]
        found = read_list(invalid_tool_calls, "invalid_tool_calls")
        invalid = [*map(read_invalid_tool_call, found)]
        if type(self._content) is not str:
            blocks = [standard(block) for block in self._content]
            calls = united(blocks, "tool_call", calls)
            invalid = united(blocks, "invalid_tool_call", invalid)
        self._tool_calls = calls
        self._invalid_tool_calls = invalid
        self._usage: Any = None
        if usage_metadata is not None:
            self._usage = read_usage(usage_fields(usage_metadata))

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that the model asks to run, in order."""
        return copied(self._tool_calls) if self._tool_calls else []

    @property
    def invalid_tool_calls(self) -> list[InvalidToolCall]:
        """Calls whose arguments are not a JSON object: raw text and reason."""
        return copied(self._invalid_tool_calls) if self._invalid_tool_calls else []

    @property
    def usage_metadata(self) -> UsageMetadata | None:
        """Tokens used, or None where the provider did not say."""
        usage: UsageMetadata | None = copied(self._usage)
        return usage

    @property
    def finish_reason(self) -> str | None:
        """Why the answer ended; None says that it was cut off before its end."""
        return finish_reason(self.response_metadata)

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """Content and calls as standard blocks; calls not in the content come last."""
        blocks = super().content_blocks
        for kind, calls in (
            ("tool_call", self._tool_calls),
            ("invalid_tool_call", self._invalid_tool_calls),
        ):
            rest = unclaimed(blocks, kind, calls) if calls else ()
            blocks.extend(copied(call) for call in rest)
        return blocks

    def to_message(self) -> "AIMessage":
        """The finished message: this one, or what a chunk amounts to."""
        return self


def _kinds(cls: type[Message]) -> dict[str, type[Message]]:
    """The classes that a *cls* may be dumped from, by their type."""
    found: dict[str, type[Message]] = {}
    for below in cls.__subclasses__():
        found |= _kinds(below)
    if hasattr(cls, "type"):
        found[cls.type] = cls
    return found
