"""Requests of OpenAI Responses, written. In: what is asked. Out: the body."""

from typing import Any

from harness.errors import InputError, shown
from harness.messages import AIMessage, Message, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.wire.json_values import write_json
from harness.wire.openai_responses.item_writing import history_items, is_custom
from harness.wire.openai_responses.items import item_fields
from harness.wire.openai_responses.parts import write_part
from harness.wire.openai_responses.tools import write_choice, write_tools
from harness.wire.parameters import asked

__all__ = ["write_request"]

Said = dict[str, Any]

#: What a request may have instead of an input.
_INSTEAD = frozenset({"conversation", "previous_response_id", "prompt"})
_REFUSED = frozenset({"n", "seed"})
_LOGPROBS = "message.output_text.logprobs"


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form."""
    if request.stop:
        raise InputError(
            f"openai-responses: stop {shown(request.stop)} cannot be said: this format "
            "has no stop sequences. Leave 'stop' out, or use the format openai-chat."
        )
    said = _params(request)
    messages = list(request.messages)
    if messages and _kept(messages[0]).get("type") == "instructions":
        said["instructions"] = messages.pop(0).text
    items = _items(messages)
    match items:
        case [{"content": str(text)} as item] if item.keys() == {"content"}:
            said["input"] = text
        case [] if _INSTEAD & said.keys():
            pass
        case _:
            said["input"] = items
    if request.response_format is not None:
        said["text"] = _text(request.response_format, said.get("text"))
    choice = request.tool_choice
    fields: Said = {
        "model": request.model,
        "tools": write_tools(request.tools) or None,
        "tool_choice": choice and write_choice(choice, request.tools),
        "parallel_tool_calls": request.parallel_tool_calls,
        "stream": request.stream or None,
    }
    return write_json(said | {k: v for k, v in fields.items() if v is not None})


def _params(request: ChatRequest) -> Said:
    said = asked(request.params, "openai-responses")
    if "max_tokens" in said:
        said["max_output_tokens"] = said.pop("max_tokens")
    for key in sorted(_REFUSED & said.keys()):
        if (value := said.pop(key)) not in (None, 1 if key == "n" else None):
            raise InputError(
                f"openai-responses has no {key!r}, which is {shown(value)}: leave it "
                "out, or use the format openai-chat."
            )
    match said.get("stream_options"):
        case {"include_usage": _, **rest}:  # of Chat Completions; here it always comes
            said["stream_options"] = rest
            if not rest:
                del said["stream_options"]
        case _:
            pass
    logprobs = said.pop("logprobs", None)
    if logprobs:
        given = said.get("include")
        include = given if isinstance(given, list) else []
        said["include"] = [*include, *({_LOGPROBS} - {*include})]
    return said


def _text(form: ResponseFormat, text: Any) -> Said:
    rest = dict(text) if isinstance(text, dict) else {}
    more = rest.pop("format", None) or {}
    said: Said = {"type": form.kind}
    if form.kind == "json_schema":
        schema = form.schema or {}
        said["name"] = form.name or str(schema.get("title") or "answer")
        said["schema"] = schema
        if form.strict is not None:
            said["strict"] = form.strict
    return {**rest, "format": {**said, **more}}


def _kept(message: Message) -> Said:
    return item_fields(message.additional_kwargs)


def _items(messages: list[Message]) -> list[Said]:
    items: list[Said] = []
    customs: set[str] = set()
    for message in messages:
        match message:
            case AIMessage():
                items += history_items(message)
                called = [call for call in message.tool_calls if is_custom(call)]
                customs |= {str(call["id"]) for call in called}
            case ToolMessage():
                items.append(_output(message, customs))
            case _:
                items.append(_message(message))
    return items


def _message(message: Message) -> Said:
    fields = _kept(message)
    kind = fields.get("type", "message")
    blocks = message.content_blocks
    if kind not in ("message", "instructions") and blocks and "value" in blocks[0]:
        return dict(blocks[0]["value"])
    if kind == "instructions":
        fields.pop("type")
    role = "user"
    if isinstance(message, SystemMessage):
        given = message.additional_kwargs.get("role")
        role = "developer" if given == "developer" else "system"
    said = {"role": role, **fields, "content": _content(message)}
    return {key: value for key, value in said.items() if value is not None}


def _content(message: Message) -> Any:
    if isinstance(message.content, str):
        return message.content
    return [write_part(block) for block in message.content_blocks]


def _output(message: ToolMessage, customs: set[str]) -> Said:
    custom = message.tool_call_id in customs
    usual = "custom_tool_call_output" if custom else "function_call_output"
    said = {"type": usual, "call_id": message.tool_call_id}
    match message.content_blocks:
        case [{"type": "non_standard", "value": dict(value)}] if "type" in value:
            output: Any = value
        case _:
            output = _content(message)
    return {**said, **_kept(message), "output": output}
