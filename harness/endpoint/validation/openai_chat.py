"""What OpenAI Chat Completions refuses. In: a request. Out: the answer that says so."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.endpoint.answers import Answer
from harness.endpoint.validation.openai_words import place, refused, told
from harness.endpoint.validation.shapes import (
    Either,
    Fields,
    Flag,
    Items,
    Number,
    OneOf,
    Text,
    flaws,
)
from harness.endpoint.validation.strict_schemas import schema_problem
from harness.http_messages import HttpRequest

__all__ = ["REQUEST", "refusals"]

_NAME = Text(1, 64, "[a-zA-Z0-9_-]+")
_PARTS = Items(Fields({"type": Text()}, required=("type",)))
_CALL = Fields(
    {"id": Text(), "function": Fields({"name": Text()}, required=("name",))},
    required=("id",),
)
_MESSAGE = Fields(
    {
        "role": OneOf(("system", "assistant", "user", "function", "tool", "developer")),
        "content": Either((Text(), _PARTS)),
        "tool_calls": Items(_CALL),
        "tool_call_id": Text(),
    },
    required=("role",),
)
_TOOL = Fields(
    {
        "type": Text(),
        "function": Fields(
            {
                "name": _NAME,
                "description": Text(),
                "parameters": Fields(),
                "strict": Flag(),
            },
            required=("name",),
        ),
    },
    required=("type",),
)
_PENALTY = Number(-2, 2)
_TOKENS = Number(1, whole=True)
_CHOICE = Either((OneOf(("none", "auto", "required")), Fields()))
#: Every parameter that has a rule, in the order in which it is looked at.
REQUEST = Fields(
    {
        "model": Text(),
        "messages": Items(_MESSAGE, least=1),
        "temperature": Number(0, 2),
        "top_p": Number(0, 1),
        "n": Number(1, 128, whole=True),
        "max_tokens": _TOKENS,
        "max_completion_tokens": _TOKENS,
        "presence_penalty": _PENALTY,
        "frequency_penalty": _PENALTY,
        "logprobs": Flag(),
        "top_logprobs": Number(0, 20, whole=True),
        "logit_bias": Fields(),
        "seed": Number(whole=True),
        "stop": Either((Text(), Items(Text(), most=4))),
        "stream": Flag(),
        "stream_options": Fields({"include_usage": Flag()}),
        "tools": Items(_TOOL, least=1, most=128),
        "tool_choice": _CHOICE,
        "parallel_tool_calls": Flag(),
        "response_format": Fields(
            {
                "type": OneOf(("json_object", "json_schema", "text")),
                "json_schema": Fields(
                    {"name": _NAME, "schema": Fields(), "strict": Flag()},
                    required=("name",),
                ),
            },
            required=("type",),
        ),
    },
    required=("messages",),
)


def refusals(said: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *said*, is refused."""
    if not said.get("model") and "/deployments/" not in request.url:
        yield refused("you must provide a model parameter")
    found = flaws(said, REQUEST)
    if "mistral" in request.url:  # it says "any" for "required"
        found = (flaw for flaw in found if flaw.value != "any")
    yield from map(told, found)
    yield from _history(said["messages"])
    yield from _together(said)
    yield from _tools(said)
    yield from _format(said.get("response_format"), said["messages"])


# -------------------------------------------------------------------- messages


def _history(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    waiting: dict[str, None] = {}  # calls that have yet to be answered, in order
    asked = -1  # the message that makes them
    known: set[str] = set()
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            yield from _result(number, message, known)
            waiting.pop(message.get("tool_call_id", ""), None)
            continue
        yield from _unanswered(asked, waiting)
        yield from _content(number, message)
        calls = message.get("tool_calls") or []
        waiting, asked = dict.fromkeys(call["id"] for call in calls), number
        known = set(waiting)
    yield from _unanswered(asked, waiting)


def _unanswered(asked: int, waiting: Iterable[str]) -> Iterator[Answer]:
    if waiting:
        yield refused(
            "An assistant message with 'tool_calls' must be followed by tool messages "
            "responding to each 'tool_call_id'. The following tool_call_ids did not "
            f"have response messages: {', '.join(waiting)}",
            f"messages.[{asked}].role",
        )


def _result(number: int, message: dict[str, Any], known: set[str]) -> Iterator[Answer]:
    at = ("messages", number)
    if message.get("tool_call_id") is None:
        where = place((*at, "tool_call_id"))
        yield refused(
            f"Missing required parameter: '{where}'.",
            where,
            "missing_required_parameter",
        )
    elif message["tool_call_id"] not in known:
        yield refused(
            "Invalid parameter: messages with role 'tool' must be a response to a "
            "preceeding message with 'tool_calls'.",
            f"messages.[{number}].role",
        )


def _content(number: int, message: dict[str, Any]) -> Iterator[Answer]:
    content, role = message.get("content"), message["role"]
    if content is None and role not in ("assistant", "function"):
        yield refused(
            "Invalid value for 'content': expected a string, got null.",
            f"messages.[{number}].content",
        )
    for part in content if isinstance(content, list) else ():
        if part["type"] == "image_url" and role != "user":
            where = place(("messages", number))
            yield refused(
                f"Invalid '{where}'. Image URLs are only allowed for messages with "
                f"role 'user', but this message with role '{role}' contains an image "
                "URL.",
                where,
                "invalid_value",
            )


# ------------------------------------------------------------ tools and the rest


def _together(said: dict[str, Any]) -> Iterator[Answer]:
    """What only goes with something else, or not with it."""
    if said.get("top_logprobs") and not said.get("logprobs"):
        yield refused(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )
    if said.get("stream_options") and not said.get("stream"):
        yield refused(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )
    both = ("max_tokens", "max_completion_tokens")
    if all(said.get(name) is not None for name in both):
        yield refused(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
            "supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )


def _tools(said: dict[str, Any]) -> Iterator[Answer]:
    tools = said.get("tools") or []
    for number, tool in enumerate(tools):
        function = tool.get("function")
        if function is not None and function.get("parameters") is not None:
            strict = function.get("strict") is True
            if problem := schema_problem(function["parameters"], strict=strict):
                yield refused(
                    f"Invalid schema for function '{function['name']}': {problem}",
                    place(("tools", number, "function", "parameters")),
                    "invalid_function_parameters",
                )
    choice = said.get("tool_choice")
    if choice is None:
        return
    if not tools and choice != "none":
        yield refused(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when "
            "'tools' are specified.",
            "tool_choice",
        )
    match choice:
        case {"type": "function", "function": {"name": str(name)}}:
            names = [(tool.get("function") or {}).get("name") for tool in tools]
            if name not in names:
                yield refused(
                    f"Invalid value for 'tool_choice': no function named '{name}' was "
                    "specified in the 'tools' parameter.",
                    "tool_choice",
                )
        case _:
            pass


def _format(asked: Any, messages: list[dict[str, Any]]) -> Iterator[Answer]:
    match asked:
        case {"type": "json_schema", "json_schema": dict(form)}:
            schema, strict = form.get("schema"), form.get("strict") is True
            problem = None
            if schema is not None:
                problem = schema_problem(schema, strict=strict)
            if problem:
                yield refused(
                    f"Invalid schema for response_format '{form['name']}': {problem}",
                    "response_format",
                )
        case {"type": "json_schema"}:
            where = "response_format.json_schema"
            yield refused(
                f"Missing required parameter: '{where}'.",
                where,
                "missing_required_parameter",
            )
        case {"type": "json_object"} if "json" not in str(messages).lower():
            yield refused(
                "'messages' must contain the word 'json' in some form, to use "
                "'response_format' of type 'json_object'.",
                "messages",
            )
        case _:
            pass
