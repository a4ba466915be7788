"""What OpenAI Responses refuses. In: a request. Out: the answer that says so."""

from collections.abc import Iterator
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
_ITEM = Fields(
    {
        "type": Text(),
        "role": OneOf(("assistant", "system", "developer", "user")),
        "content": Either((Text(), Items(Fields()))),
        "call_id": Text(1, 64),
        "name": Text(1, 128),
        "arguments": Either((Text(), Fields())),
    }
)
_TOOL = Fields(
    {"type": Text(), "description": Text(), "parameters": Fields(), "strict": Flag()},
    required=("type",),
)
_FORMAT = Fields(
    {
        "type": OneOf(("json_object", "json_schema", "text", "grammar", "python")),
        "name": _NAME,
        "schema": Fields(),
        "strict": Flag(),
    },
    required=("type",),
)
#: Every parameter that has a rule, in the order in which it is looked at.
REQUEST = Fields(
    {
        "model": Text(),
        "input": Either((Text(), Items(_ITEM))),
        "instructions": Either((Text(), Items())),
        "temperature": Number(0, 2),
        "top_p": Number(0, 1),
        "max_output_tokens": Number(16, whole=True),
        "max_tool_calls": Number(1, whole=True),
        "top_logprobs": Number(0, 20, whole=True),
        "stream": Flag(),
        "store": Flag(),
        "background": Flag(),
        "parallel_tool_calls": Flag(),
        "previous_response_id": Text(),
        "truncation": OneOf(("auto", "disabled")),
        "include": Items(Text()),
        "metadata": Fields(),
        "reasoning": Fields(
            {
                "effort": OneOf(
                    ("none", "minimal", "low", "medium", "high", "xhigh", "max")
                ),
                "summary": OneOf(("auto", "concise", "detailed")),
            }
        ),
        "text": Fields(
            {"format": _FORMAT, "verbosity": OneOf(("low", "medium", "high"))}
        ),
        "tools": Items(_TOOL, most=128),
        "tool_choice": Either((OneOf(("none", "auto", "required")), Fields())),
    }
)
_INSTEAD = ("previous_response_id", "prompt", "conversation")
#: A call, and what its answer is called.
_ANSWERS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}


def refusals(said: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *said*, is refused."""
    del request
    stored = any(said.get(name) for name in _INSTEAD)
    if not said.get("model") and not said.get("prompt"):
        yield _missing("model")
    if said.get("input") is None and not stored:
        yield refused(
            'One of "input" or "previous_response_id" or \'prompt\' or '
            "'conversation_id' must be provided.",
            "input",
            "missing_required_parameter",
        )
    yield from map(told, flaws(said, REQUEST))
    yield from _together(said)
    items = said.get("input")
    if isinstance(items, list):
        yield from _items(items)
        yield from _history(items, stored=stored)
    yield from _tools(said)
    yield from _format(said)


def _missing(where: str) -> Answer:
    return refused(
        f"Missing required parameter: '{where}'.", where, "missing_required_parameter"
    )


def _together(said: dict[str, Any]) -> Iterator[Answer]:
    """What only goes with something else, or not with it."""
    if said.get("previous_response_id") and said.get("conversation"):
        yield refused(
            "Mutually exclusive parameters: 'previous_response_id' and "
            "'conversation'. Ensure you are only providing one of them.",
            "previous_response_id",
            "mutually_exclusive_parameters",
        )


# ----------------------------------------------------------------------- input


def _items(items: list[dict[str, Any]]) -> Iterator[Answer]:
    for number, item in enumerate(items):
        kind = item.get("type", "message")
        needed = {
            "message": ("role", "content"),
            "function_call": ("call_id", "name", "arguments"),
            "function_call_output": ("call_id", "output"),
        }.get(kind, ())
        for name in needed:
            if item.get(name) is None:
                yield _missing(place(("input", number, name)))
        parts = item.get("content")
        if kind != "message" or not isinstance(parts, list):
            continue
        for part_number, part in enumerate(parts):
            yield from _part(("input", number, "content", part_number), part, item)


def _part(
    at: tuple[str | int, ...], part: dict[str, Any], item: dict[str, Any]
) -> Iterator[Answer]:
    """A part that the role of its message cannot say."""
    answer = ("output_text", "refusal")
    asked = ("input_text", "input_image", "input_file")
    kind = part.get("type")
    if kind is None:
        yield _missing(place((*at, "type")))
    allowed = answer if item.get("role") == "assistant" else asked
    if kind in (*answer, *asked) and kind not in allowed:
        words = " and ".join(f"'{word}'" for word in allowed[:2])
        if len(allowed) > 2:
            words = ", ".join(f"'{word}'" for word in allowed[:-1])
            words += f", and '{allowed[-1]}'"
        yield refused(
            f"Invalid value: '{kind}'. Supported values are: {words}.",
            place(at),
            "invalid_value",
        )


def _history(items: list[dict[str, Any]], *, stored: bool) -> Iterator[Answer]:
    calls: dict[str, str] = {}  # ids, and what would answer them
    answered: set[str] = set()
    elsewhere = stored or _is_referred(items)  # the calls may be
    for item in items:
        kind, call_id = item.get("type"), str(item.get("call_id"))
        if kind in _ANSWERS:
            calls[call_id] = _ANSWERS[kind]
        elif kind in _ANSWERS.values():
            answered.add(call_id)
            if call_id not in calls and not elsewhere:
                yield refused(
                    "No tool call found for function call output with call_id "
                    f"{call_id}.",
                    "input",
                )
    for call_id in calls:
        if call_id not in answered:
            yield refused(f"No tool output found for function call {call_id}.", "input")


def _is_referred(items: list[dict[str, Any]]) -> bool:
    """Whether items stand for others that only the provider knows."""
    return any(item.get("type") == "item_reference" for item in items)


# ------------------------------------------------------------ tools and the rest


def _tools(said: dict[str, Any]) -> Iterator[Answer]:
    tools = said.get("tools") or []
    for number, tool in enumerate(tools):
        if tool["type"] != "function":
            continue
        if tool.get("name") is None:
            yield _missing(place(("tools", number, "name")))
        yield from map(told, flaws(tool["name"], _NAME, ("tools", number, "name")))
        schema, strict = tool.get("parameters"), tool.get("strict") is True
        if schema is not None and (problem := schema_problem(schema, strict=strict)):
            yield refused(
                f"Invalid schema for function '{tool['name']}': {problem}",
                place(("tools", number, "parameters")),
                "invalid_function_parameters",
            )
    choice = said.get("tool_choice")
    if choice == "required" and not tools:
        yield refused(
            "Tool choice 'required' must be specified with 'tools' parameter.",
            "tool_choice",
        )
    match choice:
        case {"type": "function", "name": str(name)}:
            names = [tool.get("name") for tool in tools]
            if name not in names:
                yield refused(
                    "Tool choice 'function' not found in 'tools' parameter.",
                    "tool_choice",
                )
        case _:
            pass


def _format(said: dict[str, Any]) -> Iterator[Answer]:
    text: dict[str, Any] = said.get("text") or {}
    asked: Any = text.get("format")
    match asked:
        case {"type": "json_schema"}:
            for name in ("name", "schema"):
                if asked.get(name) is None:
                    yield _missing(f"text.format.{name}")
            strict = asked.get("strict") is True
            if problem := schema_problem(asked["schema"], strict=strict):
                yield refused(
                    f"Invalid schema for response_format '{asked['name']}': {problem}",
                    "text.format.schema",
                    "invalid_json_schema",
                )
        case {"type": "json_object"} if _silent(said):
            yield refused(
                "Response input messages must contain the word 'json' in some form to "
                "use 'text.format' of type 'json_object'.",
                "input",
            )
        case _:
            pass


def _silent(said: dict[str, Any]) -> bool:
    """Whether nothing that is known of the conversation speaks of JSON."""
    if any(said.get(name) for name in _INSTEAD):
        return False
    return "json" not in f"{said.get('input')} {said.get('instructions')}".lower()
