"""A conversation: messages of pydantic-ai, and ours.

There a request has parts for several messages; a response is one message here too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic_ai.messages import (
    CompactionPart,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    RetryFeedbackPart,
    SpeechPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)

from harness.bridges.pydantic_ai.answers import (
    message_from_response,
    message_to_response,
)
from harness.bridges.pydantic_ai.contents import content_from, content_to
from harness.bridges.pydantic_ai.parts import PROVIDER
from harness.errors import InputError, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)

__all__ = ["messages_from_pydantic_ai", "messages_to_pydantic_ai"]


def messages_from_pydantic_ai(
    messages: Iterable[ModelMessage], *, instructions: str | None = None
) -> list[Message]:
    """*messages* as we have them; *instructions* come behind the first system messages.

    Raises InputError for parts that only an agent can read.

    >>> messages_from_pydantic_ai([ModelRequest([UserPromptPart("Hi")])])
    [HumanMessage('Hi')]
    """
    said: list[Message] = []
    for message in messages:
        match message:
            case ModelRequest(parts=parts):
                said += map(_message, parts)
            case ModelResponse():
                said.append(message_from_response(message))
            case _:
                raise InputError(f"{shown(message)} is no message of pydantic-ai.")
    if instructions:
        leading = (n for n, m in enumerate(said) if not isinstance(m, SystemMessage))
        said.insert(next(leading, len(said)), SystemMessage(instructions))
    return said


def _message(part: Any) -> Message:
    match part:
        case SystemPromptPart(content=text):
            return SystemMessage(text)
        case UserPromptPart(content=content):
            return HumanMessage(content_from(content))
        case ToolReturnPart():
            items = part.content_items(mode="str", wrap_if_error=False)
            return _result(part, content_from(items), part.outcome == "success")
        case RetryFeedbackPart():
            return HumanMessage(part.model_response())
        case _ if part.part_kind == "retry-prompt":  # in old histories
            if part.tool_name:
                return _result(part, part.model_response(), success=False)
            return HumanMessage(part.model_response())
        case CompactionPart(content=str(text)) | SpeechPart(transcript=str(text)):
            return HumanMessage(text)
        case SpeechPart(audio=audio) if audio is not None:
            return HumanMessage(content_from([audio]))
        case _:
            raise InputError(
                f"a {type(part).__name__} is not said to a chat model. An agent makes "
                "messages of such parts, and so does model.prepare_messages(messages)."
            )


def _result(
    part: Any,
    content: str | list[Any],
    success: bool,  # noqa: FBT001 - private, a field's value
) -> ToolMessage:
    return ToolMessage(
        content,
        tool_call_id=part.tool_call_id,
        name=part.tool_name,
        status="success" if success else "error",
    )


def messages_to_pydantic_ai(
    messages: Sequence[Message], *, model_name: str = "", provider: str = PROVIDER
) -> list[ModelMessage]:
    """*messages* as pydantic-ai has them. Raises InputError for what has no form there.

    *model_name* is who gave the answers that do not say it; *provider* who has the
    files that were uploaded.

    >>> [m.kind for m in messages_to_pydantic_ai([HumanMessage("a"), AIMessage("b")])]
    ['request', 'response']
    """
    said: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    names = {
        call["id"]: call["name"]
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    for message in messages:
        if not isinstance(message, Message):
            raise InputError(f"{shown(message)} is no message of harness.")
        if isinstance(message, AIMessage):
            if parts:
                said.append(ModelRequest(parts))
                parts = []
            said.append(message_to_response(message, model_name=model_name))
        else:
            parts += _parts(message, names, provider)
    return [*said, ModelRequest(parts)] if parts else said


def _parts(
    message: Message, names: dict[str | None, str], provider: str
) -> Iterator[ModelRequestPart]:
    match message:
        case SystemMessage():
            yield SystemPromptPart(message.text)
        case ToolMessage(tool_call_id=call, name=name, status=status):
            content = content_to(message, provider=provider)
            yield ToolReturnPart(
                tool_name=name or names.get(call, ""),
                content=content,
                tool_call_id=call,
                outcome="success" if status == "success" else "failed",
            )
        case HumanMessage():
            yield UserPromptPart(content_to(message, provider=provider))
        case _:
            raise InputError(f"{shown(message)} has no form in pydantic-ai.")
