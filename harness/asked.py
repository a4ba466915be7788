"""What a request asks, read at a glance: every journal shows it in the same words."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.blocks import ToolCall
from harness.messages import AIMessage, HumanMessage, Message, ToolMessage
from harness.requests import ChatRequest

__all__ = ["Asked", "last_asked", "new_messages", "ran_tools"]


class Asked:
    """A request in a journal; where none could be read, nothing was asked."""

    __slots__ = ()

    @property
    def _chat(self) -> ChatRequest | None:
        """What was asked."""
        raise NotImplementedError

    @property
    def messages(self) -> list[Message]:
        """The messages that were sent."""
        return list(self._chat.messages) if self._chat else []

    @property
    def text(self) -> str:
        """The text of the last user message, "" if there is none."""
        return last_asked(self._chat) if self._chat else ""

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were bound."""
        return [spec.name for spec in self._chat.tools] if self._chat else []

    @property
    def tool_choice(self) -> str | None:
        """The choice as it was given: "any", "auto", "none", a tool's name, or None."""
        choice = self._chat.tool_choice if self._chat else None
        if choice is None:
            return None
        return choice.mode if choice.name is None else choice.name

    @property
    def params(self) -> dict[str, Any]:
        """The other parameters of the request."""
        return dict(self._chat.params) if self._chat else {}


def last_asked(request: ChatRequest) -> str:
    """The text of the last user message, or ""."""
    for message in reversed(request.messages):
        if isinstance(message, HumanMessage):
            return message.text
    return ""


def new_messages(request: ChatRequest) -> list[Message]:
    """What is new to the model: the messages since its last answer.

    >>> said = HumanMessage("Hi"), AIMessage("Hello!"), HumanMessage("Bye")
    >>> [message.text for message in new_messages(ChatRequest(said))]
    ['Bye']
    """
    new: list[Message] = []
    for message in reversed(request.messages):
        if isinstance(message, AIMessage):
            break
        new.append(message)
    return new[::-1]


def ran_tools(messages: Iterable[Message]) -> Iterator[tuple[ToolCall, ToolMessage]]:
    """Each call of a tool that has its result among *messages*, and that result."""
    calls: dict[str | None, ToolCall] = {}
    for message in messages:
        if isinstance(message, AIMessage):
            calls |= {call["id"]: call for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.tool_call_id in calls:
            yield calls[message.tool_call_id], message
