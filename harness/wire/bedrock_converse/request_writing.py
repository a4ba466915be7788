"""Requests of the Converse API. In: what is asked. Out: a body, and its path.

Messages of one role that follow each other become one, as the API demands. What it
has no field for goes to ``additionalModelRequestFields`` where the model may know it.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from harness.errors import InputError
from harness.messages import AIMessage, Message, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.bedrock_converse.blocks import call_id, write_block
from harness.wire.bedrock_converse.requests import PARAMS
from harness.wire.free_text import refuse_custom
from harness.wire.json_values import write_json
from harness.wire.ownership import own
from harness.wire.parameters import asked

__all__ = ["request_path", "write_request"]

_NAME = "bedrock-converse"
_PROVIDER = "bedrock_converse"
#: What a tool choice says in the words of other providers.
_THEIR_CHOICES = frozenset(
    "functionCallingConfig function_calling_config name type".split()
)
#: Parameters that some models know, and the API does not.
_OF_MODELS = frozenset(
    "frequency_penalty logprobs n presence_penalty seed top_k top_logprobs".split()
)


def request_path(request: ChatRequest) -> str:
    """The path, which names the model. Raises InputError where there is none.

    >>> request_path(ChatRequest((), model="amazon.nova-lite-v1:0"))
    '/model/amazon.nova-lite-v1%3A0/converse'
    """
    if not request.model:
        raise InputError(
            "a request to the Converse API names the model in its path, and this one "
            "has none: give the request a model, such as 'amazon.nova-lite-v1:0'."
        )
    verb = "converse-stream" if request.stream else "converse"
    return f"/model/{quote(request.model, safe='')}/{verb}"


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form."""
    given = asked(request.params, _NAME)
    params = {key: value for key, value in given.items() if value is not None}
    inference = {
        theirs: params.pop(ours) for ours, theirs in PARAMS.items() if ours in params
    }
    if request.stop is not None:
        inference["stopSequences"] = [*request.stop]
    extra = {key: params.pop(key) for key in _OF_MODELS & params.keys()}
    system = [m for m in request.messages if _is_system(m)]
    blocks = [write_block(b) for message in system for b in message.content_blocks]
    turns = [m for m in request.messages if not _is_system(m)]
    body = {
        "messages": _turns(turns),
        "system": blocks,
        "inferenceConfig": inference,
        "toolConfig": _tools(request),
        "outputConfig": _format(request.response_format, params),
        "additionalModelRequestFields": extra,
    }
    said = {key: value for key, value in body.items() if value or key == "messages"}
    return write_json(_merged(params, said))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, objects within objects; where they differ *above* is right."""
    both = {**below, **above}
    for key in below.keys() & above.keys():
        match below[key], above[key]:
            case dict(old), dict(new):
                both[key] = _merged(old, new)
            case _:
                pass
    return both


# ------------------------------------------------------------------- messages


def _is_system(message: Message) -> bool:
    marked = message.additional_kwargs.get("role") == "system"
    return isinstance(message, SystemMessage) and not marked


def _turns(messages: list[Message]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = _role(message)
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        if isinstance(message, ToolMessage):
            turns[-1]["content"].append(_result(message))
            continue
        turns[-1]["content"] += _content(message)
        kwargs = message.additional_kwargs
        if not isinstance(message, AIMessage) or _is_own(message):
            turns[-1] |= {k: v for k, v in own(kwargs, _NAME).items() if k != "role"}
    return turns


def _role(message: Message) -> str:
    match message:
        case AIMessage():
            return "assistant"
        case SystemMessage():
            return "system"
        case _:
            return "user"


def _is_own(message: AIMessage) -> bool:
    return message.response_metadata.get("model_provider") in (None, _PROVIDER)


def _content(message: Message) -> list[dict[str, Any]]:
    blocks = message.content_blocks
    if isinstance(message, AIMessage):
        blocks = [b for b in blocks if not _is_foreign(b, ours=_is_own(message))]
    return [write_block(block) for block in blocks]


def _is_foreign(block: Mapping[str, Any], *, ours: bool) -> bool:
    """Whether it is another provider's way to say things, and cannot be said here."""
    match block:
        case {"type": "non_standard", "value": dict(value)} if ours:
            return "type" in value
        case {"type": "reasoning" | "server_tool_call" | "server_tool_result"}:
            return not ours
        case {"type": "non_standard"} | {"type": "audio" | "image", "file_id": _}:
            return True
        case _:
            return False


def _result(message: ToolMessage) -> dict[str, Any]:
    marks = own(message.additional_kwargs, _NAME)
    marks.pop("role", None)
    status = {"status": "error"} if message.status == "error" else {}
    result = {
        "toolUseId": call_id(message.tool_call_id),
        "content": [write_block(block) for block in message.content_blocks],
        **status,
        **marks,
    }
    return {"toolResult": result}


# ---------------------------------------------------------- what binds the answer


def _tools(request: ChatRequest) -> dict[str, Any]:
    if request.parallel_tool_calls is False:
        raise InputError(
            "the Converse API has no field that forbids parallel tool calls. Models of "
            "Anthropic know one: params={'additionalModelRequestFields': "
            "{'tool_choice': {'type': 'auto', 'disable_parallel_tool_use': True}}}."
        )
    config: dict[str, Any] = {}
    if request.tools:
        config["tools"] = [_tool(spec) for spec in request.tools]
    if request.tool_choice is not None:
        config["toolChoice"] = _choice(request.tool_choice)
    return config


def _tool(spec: ToolSpec) -> dict[str, Any]:
    refuse_custom(spec, _NAME)
    if spec.provider is not None:
        if not spec.provider.keys() <= {"cachePoint", "systemTool", "toolSpec"}:
            raise InputError(
                f"the Converse API does not know the tool {spec.name!r}, which runs at "
                "another provider. Its own are {'systemTool': {'name': ...}}."
            )
        return spec.provider
    described = {"description": spec.description} if spec.description else {}
    strict = {} if spec.strict is None else {"strict": spec.strict}
    schema = {"inputSchema": {"json": spec.parameters}}
    said = {"name": spec.name, **described, **schema, **strict}
    return {"toolSpec": said | own(spec.extras, _NAME)}


def _choice(choice: ToolChoice) -> dict[str, Any]:
    given = choice.provider or {}
    if len(given) == 1 and not given.keys() & _THEIR_CHOICES:
        return given
    match choice.mode:
        case "tool":
            return {"tool": {"name": choice.name}}
        case "none":
            raise InputError(
                "the Converse API has no tool_choice 'none'; 'auto' is the nearest. To "
                "have no calls, bind no tools."
            )
        case mode:
            return {mode: {}}


def _format(
    form: ResponseFormat | None, params: Mapping[str, Any]
) -> dict[str, Any] | None:
    if form is None or form.kind == "text":
        return None
    if form.schema is None:
        raise InputError(
            f"the Converse API has no response format {form.kind!r}; 'json_schema' is "
            "the nearest: give a schema."
        )
    named = {"name": form.name} if form.name else {}
    said = {"schema": _spelled(form.schema, params), **named}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": said}}}


def _spelled(schema: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """The schema as text: as it was read, if it is still the same."""
    match params.get("outputConfig"):
        case {"textFormat": {"structure": {"jsonSchema": {"schema": str(text)}}}}:
            return text if json.loads(text) == schema else json.dumps(schema)
        case _:
            return json.dumps(schema)
