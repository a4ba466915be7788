"""Requests of the Ollama API. In: what is asked. Out: a body."""

from typing import Any

from harness.errors import InputError, shown
from harness.messages import AIMessage, Message, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolSpec
from harness.wire.free_text import refuse_custom
from harness.wire.json_values import write_json
from harness.wire.ollama_chat.calls import is_made
from harness.wire.ollama_chat.messages import write_blocks
from harness.wire.ollama_chat.requests import OPTIONS
from harness.wire.ownership import own
from harness.wire.parameters import asked

__all__ = ["write_request"]

_NAME = "ollama-chat"
_PROVIDER = "ollama"
#: What other providers say in ways that have no form here.
_FOREIGN = frozenset(
    "audio file non_standard server_tool_call server_tool_call_chunk "
    "server_tool_result video".split()
)


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form."""
    _check(request)
    given = asked(request.params, _NAME)
    params = {key: value for key, value in given.items() if value is not None}
    params.pop("n", None)
    options = _options(params.pop("options", {}))
    options |= {
        theirs: params.pop(ours) for ours, theirs in OPTIONS.items() if ours in params
    }
    if request.stop is not None:
        options["stop"] = [*request.stop]
    said: dict[str, Any] = {"model": request.model} if request.model else {}
    said["messages"] = _messages(request.messages)
    if not (request.stream and "stream" in request.params):
        said["stream"] = request.stream
    if request.tools:
        said["tools"] = [_tool(spec) for spec in request.tools]
    if (form := _format(request.response_format)) is not None:
        said["format"] = form
    if options or "options" in request.params:
        said["options"] = options
    return write_json({**params, **said})


def _options(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InputError(
            f"the 'options' of the Ollama API are {shown(given)}: give a dict, such as "
            "{'num_ctx': 8192}."
        )
    return dict(given)


def _check(request: ChatRequest) -> None:
    choice = request.tool_choice
    if choice is not None and choice.mode != "auto":
        raise InputError(
            f"the Ollama API has no tool_choice, and cannot be told "
            f"{shown(choice.name or choice.mode)}. To have no calls, bind no tools; to "
            "have an answer of a certain form, ask for a response format."
        )
    if request.parallel_tool_calls is False:
        raise InputError(
            "the Ollama API has no field that forbids parallel tool calls: leave "
            "parallel_tool_calls out."
        )
    if request.params.get("n") not in (None, 1):
        raise InputError(
            f"the Ollama API gives one answer, not n={shown(request.params['n'])}: ask "
            "several times."
        )


# ------------------------------------------------------------------- messages


def _messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    names = {
        call["id"]: call["name"]
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    return [_message(message, names) for message in messages]


def _message(message: Message, names: dict[str | None, str]) -> dict[str, Any]:
    blocks = message.content_blocks
    kwargs = own(message.additional_kwargs, _NAME)
    role = "system" if isinstance(message, SystemMessage) else "user"
    answer: dict[str, Any] = {}
    match message:
        case AIMessage():
            role = "assistant"
            blocks = [block for block in blocks if block["type"] not in _FOREIGN]
            if message.response_metadata.get("model_provider", _PROVIDER) != _PROVIDER:
                kwargs = {}
        case ToolMessage(tool_call_id=call_id):
            role = "tool"
            answer["tool_name"] = message.name or names.get(call_id)
            answer["tool_call_id"] = None if is_made(call_id) else call_id
        case _:
            pass
    said = {"role": role, **write_blocks(blocks), **answer}
    kwargs.pop("role", None)
    # A None among them says that the field was left out.
    return {key: value for key, value in (said | kwargs).items() if value is not None}


# ---------------------------------------------------------- what binds the answer


def _tool(spec: ToolSpec) -> dict[str, Any]:
    refuse_custom(spec, _NAME)
    if spec.provider is not None:
        raise InputError(
            f"Ollama does not know the tool {spec.name!r}, which runs at another "
            "provider: bind a function in its place."
        )
    extras = own(spec.extras, _NAME)
    beside = extras.pop("tool", {"type": "function"})
    function: dict[str, Any] = {"name": spec.name}
    if spec.description:
        function["description"] = spec.description
    if spec.parameters:
        function["parameters"] = spec.parameters
    if spec.strict is not None:
        function["strict"] = spec.strict
    return {**beside, "function": {**function, **extras}}


def _format(form: ResponseFormat | None) -> Any:
    if form is None or form.kind == "text":
        return None
    return form.schema if form.schema is not None else "json"
