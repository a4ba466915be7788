"""Requests in the words of Anthropic Messages. In: a ChatRequest. Out: a body.

The SystemMessages at the start become ``system``, later ones turns of their own, which
newer models take. Neighbouring results of tools and messages of people become one user
turn. The provider demands ``max_tokens``: without any, 4096 is asked for.

History is said as far as the provider takes it. Thinking goes back only with its
signature, and what another provider gave only in its text and calls; the names of
speakers, for which there is no field, are not sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.messages import AIMessage, Message, SystemMessage, ToolMessage
from harness.requests import ChatRequest
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.anthropic_messages.block_writing import call_id, write_block
from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.free_text import refuse_custom
from harness.wire.json_values import write_json
from harness.wire.ownership import marks, own
from harness.wire.parameters import asked

__all__ = ["MAX_TOKENS", "write_request"]

#: How many tokens an answer may have where the request does not say.
MAX_TOKENS = 4096

_REFUSED = frozenset(
    "frequency_penalty logprobs n presence_penalty seed top_logprobs".split()
)
#: Types of other providers' tool choices, whose meaning is in the mode.
_THEIR_CHOICES = frozenset({"allowed_tools", "custom", "function", "required"})
#: Types of OpenAI's tools.
_THEIR_TOOLS = frozenset(
    "apply_patch code_interpreter computer computer_use_preview file_search function "
    "image_generation local_shell mcp namespace shell tool_search web_search "
    "web_search_preview".split()
)
#: What of another provider's answer has a meaning here.
_SHARED = frozenset({"invalid_tool_call", "refusal", "text", "tool_call"})


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form.

    >>> from harness.messages import HumanMessage
    >>> write_request(ChatRequest((HumanMessage("Hi"),), model="claude-sonnet-4-5"))
    b'{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"Hi"}]}'
    """
    params = _params(asked(request.params, NAME))
    system, rest = _split(request.messages)
    said: dict[str, Any] = {}
    if request.model is not None:
        said["model"] = request.model
    said["max_tokens"] = MAX_TOKENS
    said |= params
    if system:
        said["system"] = _system(system)
    said["messages"] = [*_turns(rest)]
    if request.tools:
        said["tools"] = [_tool(tool) for tool in request.tools]
    if (choice := _choice(request)) is not None:
        said["tool_choice"] = choice
    if request.stop is not None:
        said["stop_sequences"] = list(request.stop)
    if request.stream:
        said["stream"] = True
    _put_format(said, request)
    return write_json(said)


def _params(params: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in params.items() if (key, value) != ("n", 1)}
    for key in sorted(_REFUSED & said.keys()):
        if said[key] is not None:
            raise InputError(
                f"{NAME} has no {key!r}, which is {shown(said[key])}. It has "
                "temperature, top_p, top_k, max_tokens and stop: leave the other out."
            )
    if said.get("max_tokens", 0) is None:
        del said["max_tokens"]
    return said


# -------------------------------------------------------------------- messages


def _split(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """The messages that become ``system``, and the others."""
    end = 0
    while end < len(messages) and isinstance(messages[end], SystemMessage):
        if NAME in messages[end].additional_kwargs:
            break
        end += 1
    return [*messages[:end]], [*messages[end:]]


def _system(messages: list[Message]) -> Any:
    if len(messages) == 1:
        return _content(messages[0])
    return [block for message in messages for block in _blocks(message)]


def _turns(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    kept = [message for message in messages if not _is_void(message)]
    for role, found in groupby(kept, _role):
        if role != "user":
            yield from (_alone(role, message) for message in found)
            continue
        turn: list[Message] = []
        for message in found:
            if turn and NAME in message.additional_kwargs:
                yield _user(turn)
                turn = []
            turn.append(message)
        yield _user(turn)


def _role(message: Message) -> str:
    if isinstance(message, AIMessage):
        return "assistant"
    return "system" if isinstance(message, SystemMessage) else "user"


def _is_void(message: Message) -> bool:
    """Whether nothing is left of an answer that said something."""
    if not isinstance(message, AIMessage) or message.content in ("", []):
        return _is_foreign(message) and not message.content_blocks
    return not _said(message)


def _is_foreign(message: Message) -> bool:
    provider = message.response_metadata.get("model_provider", "anthropic")
    return isinstance(message, AIMessage) and provider != "anthropic"


def _user(messages: list[Message]) -> dict[str, Any]:
    if len(messages) == 1 and not isinstance(messages[0], ToolMessage):
        return _alone("user", messages[0])
    content: list[Any] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            content.append(_result(message))
        else:
            content += _blocks(message)
    return {"role": "user", "content": content, **_mark(messages[0])}


def _alone(role: str, message: Message) -> dict[str, Any]:
    return {"role": role, "content": _content(message), **_mark(message)}


def _mark(message: Message) -> dict[str, Any]:
    return marks(message.additional_kwargs, NAME)


def _content(message: Message) -> str | list[Any]:
    content = message.content
    if isinstance(content, str) and [content] == _texts(message):
        return content
    return _blocks(message)


def _texts(message: Message) -> list[Any]:
    blocks = message.content_blocks
    plain = all(block.keys() == {"type", "text"} for block in blocks)
    return [message.text] if plain and len(blocks) <= 1 else []


def _blocks(message: Message) -> list[Any]:
    return [write_block(block) for block in _said(message)]


def _said(message: Message) -> list[ContentBlock]:
    """The blocks of *message* that the provider takes."""
    blocks = message.content_blocks
    if _is_foreign(message):
        blocks = [_shared(block) for block in blocks if _is_shared(block)]
    elif isinstance(message, AIMessage):
        blocks = [block for block in blocks if _is_signed(block)]
    return [_cited(block) for block in blocks]


def _shared(block: ContentBlock) -> ContentBlock:
    return {key: value for key, value in block.items() if key != "annotations"}


def _is_shared(block: ContentBlock) -> bool:
    return block["type"] in _SHARED and block.get("text") != ""


def _is_signed(block: ContentBlock) -> bool:
    if block["type"] != "reasoning":
        return True
    extras = block.get("extras") or {}
    return "signature" in extras or "redacted_thinking" in extras


def _cited(block: ContentBlock) -> ContentBlock:
    """*block* without the citations that only another provider can check."""
    if "annotations" not in block:
        return block
    given = block["annotations"]
    notes = [n for n in given if _is_ours(n)] if isinstance(given, list) else []
    rest = {key: value for key, value in block.items() if key != "annotations"}
    return {**rest, "annotations": notes} if notes else rest


def _is_ours(note: Any) -> bool:
    match note:
        case {"type": "citation", "extras": {"citation_type": _}}:
            return True
        case {"type": "non_standard_annotation", "value": {"type": str()}}:
            return True
        case _:
            return False


def _result(message: ToolMessage) -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": call_id(message.tool_call_id),
    }
    if message.content != []:
        said["content"] = _content(message)
    if message.status == "error":
        said["is_error"] = True
    kept = own(message.additional_kwargs, NAME)
    return said | {key: value for key, value in kept.items() if key != NAME}


# ------------------------------------------------------------- tools and the rest


def _tool(tool: ToolSpec) -> dict[str, Any]:
    refuse_custom(tool, NAME)
    if tool.provider is not None:
        return _provided(tool.provider)
    schema = tool.parameters or {"type": "object", "properties": {}}
    said: dict[str, Any] = {"name": tool.name}
    if tool.description:
        said["description"] = tool.description
    said["input_schema"] = schema
    if tool.strict is not None:
        said["strict"] = tool.strict
    extras = own(tool.extras, NAME)
    mark = marks(extras, NAME)
    extras.pop(NAME, None)
    return {**said, **mark, **extras}


def _provided(tool: dict[str, Any]) -> dict[str, Any]:
    kind = tool.get("type")
    theirs = isinstance(kind, str) and (kind in _THEIR_TOOLS or ":" in kind)
    if theirs or not tool.keys() & {"name", "type"}:
        raise InputError(
            f"{NAME}: {shown(tool)} is a tool of another provider's. Those that run "
            "here have the date of their version in their type, such as "
            "{'type': 'web_search_20250305', 'name': 'web_search'}."
        )
    return tool


def _choice(request: ChatRequest) -> dict[str, Any] | None:
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None:
        if parallel is None or not request.tools:
            return None
        choice = ToolChoice("auto")
    said = _own_choice(choice)
    if parallel is not None and said.get("type") != "none":
        said["disable_parallel_tool_use"] = not parallel
    return said


def _own_choice(choice: ToolChoice) -> dict[str, Any]:
    said = choice.provider or {}
    if str(said.get("type", "required")) not in _THEIR_CHOICES:
        return dict(said)
    named = {"name": choice.name} if choice.mode == "tool" else {}
    return {"type": choice.mode, **named}


def _put_format(said: dict[str, Any], request: ChatRequest) -> None:
    form = request.response_format
    if form is None or form.kind == "text":
        return
    if form.schema is None:
        raise InputError(
            f"{NAME} has no response format {form.kind!r} without a schema. Give a "
            "JSON schema, or ask for JSON in the prompt."
        )
    asked = {"type": "json_schema", "schema": form.schema}
    if "output_format" in said:
        said["output_format"] = asked
    else:
        config = said.get("output_config")
        rest = config if isinstance(config, dict) else {}
        said["output_config"] = {**rest, "format": asked}
