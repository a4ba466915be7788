"""What is asked of a model: one frozen value, the same for every source and face."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Literal

from harness.messages import Message
from harness.tool_specs import ToolChoice, ToolSpec

__all__ = ["ChatRequest", "ResponseFormat", "ToolChoice", "ToolSpec"]


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """The form that the answer's text must have.

    *kind* "json_schema" asks for JSON that fits *schema*, "json_object" for any JSON
    object, "text" for nothing in particular. *name* is what the schema is called, and
    *strict* whether the provider shall hold the model to it.

    >>> ResponseFormat("json_schema", {"type": "object"}, "answer", strict=True).name
    'answer'
    """

    kind: Literal["json_schema", "json_object", "text"]
    schema: dict[str, Any] | None = field(default=None, hash=False)
    name: str | None = None
    _: KW_ONLY
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request: *messages*, what binds the answer, and *params* as they were given.

    *tools* may be called, as *tool_choice* and *parallel_tool_calls* say;
    *response_format* is the form of the text, *stop* ends it, *model* is who is asked.
    None says that the caller left a field open. *stream* tells whether the caller
    wants pieces; the sum of the pieces is the same either way.

    >>> from harness.messages import HumanMessage
    >>> request = ChatRequest((HumanMessage("Hello!"),), model="gpt-5-mini")
    >>> request.messages[0].text, request.streamed().stream
    ('Hello!', True)
    """

    messages: tuple[Message, ...]
    _: KW_ONLY
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    stop: tuple[str, ...] | None = None
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    stream: bool = False

    def tool(self, name: str) -> ToolSpec | None:
        """The bound tool called *name*, or None."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def streamed(self) -> "ChatRequest":
        """The same request, asking for pieces."""
        return self if self.stream else replace(self, stream=True)
