"""Messages of LangChain, and ours: the same things under nearly the same names.

Nothing is lost on the way there and back. What only LangChain has (a role of one's own,
fields that a class does not know) is kept in ``additional_kwargs["langchain"]``.
"""

from typing import Any

from langchain_core import messages as lc

from harness.errors import InputError, nearest, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)

__all__ = ["message_from_langchain", "message_to_langchain"]

_OWN = "langchain"
#: The roles that a message of LangChain may have which has no class of its own.
_ROLES: dict[str, type[Message]] = {
    "ai": AIMessage,
    "assistant": AIMessage,
    "developer": SystemMessage,
    "human": HumanMessage,
    "system": SystemMessage,
    "user": HumanMessage,
}


def message_to_langchain(message: Message) -> lc.BaseMessage:
    """*message* as LangChain has it. Raises InputError for what is none of ours.

    >>> message_to_langchain(HumanMessage("Hi"))
    HumanMessage(content='Hi', additional_kwargs={}, response_metadata={})
    """
    if not isinstance(message, Message):
        raise InputError(f"{shown(message)} is no message of harness.")
    said = message.to_message() if isinstance(message, AIMessage) else message
    kwargs = said.additional_kwargs
    own = kwargs.pop(_OWN, {})
    fields: dict[str, Any] = {
        "content": said.content,
        "additional_kwargs": kwargs,
        "response_metadata": said.response_metadata,
        "name": said.name,
        "id": said.id,
        **own.get("fields", {}),
    }
    if "role" in own:
        return lc.ChatMessage(role=own["role"], **fields)
    match said:
        case AIMessage():
            return lc.AIMessage(
                tool_calls=said.tool_calls,
                invalid_tool_calls=said.invalid_tool_calls,
                usage_metadata=said.usage_metadata,
                **fields,
            )
        case ToolMessage():
            return lc.ToolMessage(
                tool_call_id=said.tool_call_id,
                status=said.status,
                artifact=said.artifact,
                **fields,
            )
        case SystemMessage():
            return lc.SystemMessage(**fields)
        case HumanMessage():
            return lc.HumanMessage(**fields)
        case _:
            raise InputError(f"{shown(said)} has no class in LangChain.")


def message_from_langchain(message: lc.BaseMessage) -> Message:
    """*message* as we have it. Raises InputError for classes that say nothing here.

    >>> message_from_langchain(lc.SystemMessage("Be brief."))
    SystemMessage('Be brief.')
    """
    if not isinstance(message, lc.BaseMessage):
        raise InputError(f"{shown(message)} is no message of LangChain.")
    fields = _fields(message)
    match message:
        case lc.AIMessage():
            return AIMessage(
                **fields,
                tool_calls=[_call(call) for call in message.tool_calls],
                invalid_tool_calls=[_call(call) for call in message.invalid_tool_calls],
                usage_metadata=message.usage_metadata,
            )
        case lc.ToolMessage():
            return ToolMessage(
                **fields,
                tool_call_id=message.tool_call_id,
                status=message.status,
                artifact=message.artifact,
            )
        case lc.SystemMessage():
            return SystemMessage(**fields)
        case lc.HumanMessage():
            return HumanMessage(**fields)
        case lc.ChatMessage(role=role) if role in _ROLES:
            return _ROLES[role](**fields)
        case lc.ChatMessage(role=role):
            known = nearest(role, _ROLES)
            raise InputError(f"no message here has the role {role!r}. {known}")
        case _:
            raise InputError(
                f"{shown(message)} is a {type(message).__name__}, which is not said to "
                "a chat model. Give system, human, AI and tool messages."
            )


def _fields(message: lc.BaseMessage) -> dict[str, Any]:
    kwargs = dict(message.additional_kwargs)
    own: dict[str, Any] = {}
    if message.model_extra:
        own["fields"] = message.model_extra
    if isinstance(message, lc.ChatMessage):
        own["role"] = message.role
    if own:
        kwargs[_OWN] = own
    return {
        "content": message.content,
        "name": message.name,
        "id": message.id,
        "additional_kwargs": kwargs,
        "response_metadata": message.response_metadata,
    }


def _call(call: Any) -> dict[str, Any]:
    """A call without what LangChain says of it and has no value."""
    return {key: value for key, value in call.items() if key != "type"}
