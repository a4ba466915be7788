"""What is asked over a wire, and what goes wrong there: requests and faults.

*parts*, some of `REQUEST_PARTS`, say what may be drawn of a request.
"""

from collections.abc import Collection
from typing import Any, get_args

from hypothesis import strategies as st

from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.steps import Fault, FaultKind
from harness.strategies.messages import tool_calls
from harness.strategies.texts import texts
from harness.strategies.tools import offered_tools
from harness.strategies.wire import check_parts
from harness.tool_specs import ToolChoice, ToolSpec

__all__ = ["REQUEST_PARTS", "faults", "wire_requests"]

_PARAMS: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from([0.0, 0.5, 1.0]),
    "top_p": st.sampled_from([0.25, 1.0]),
    "top_k": st.integers(1, 40),
    "max_tokens": st.integers(1, 4096),
    "seed": st.integers(0, 1000),
    "presence_penalty": st.sampled_from([-0.5, 0.5]),
    "frequency_penalty": st.sampled_from([-0.5, 0.5]),
}
#: What a request may have: what its messages hold, what binds the answer, parameters.
REQUEST_PARTS = frozenset(
    {
        *"system images image_urls reasoning call_ids tool_errors".split(),
        *"tools tool_choice named_choice no_calls parallel_tool_calls".split(),
        *"json_object json_schema stop stream".split(),
        *_PARAMS,
    }
)

_SOME = texts(min_size=1, half_characters=False)
_EITHER = st.booleans()
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
)
_IMAGES: dict[str, dict[str, Any]] = {
    "images": {"type": "image", "base64": f"{_PIXEL}==", "mime_type": "image/png"},
    "image_urls": {"type": "image", "url": "https://example.org/a.png"},
}


@st.composite
def wire_requests(
    draw: st.DrawFn, *, parts: Collection[str] = REQUEST_PARTS
) -> ChatRequest:
    """Draw a request that can go over the wire, with some of *parts* in it.

    No role speaks twice running, and every call has its result.

    >>> from hypothesis import find
    >>> find(wire_requests(), lambda request: request.tools).messages[-1].type
    'human'
    """
    parts = check_parts(parts, REQUEST_PARTS)
    tools = draw(_tools()) if "tools" in parts else ()
    choice = draw(st.sampled_from([None, *_tool_choices(parts, tools)]))
    may_call = tools and (choice is None or choice.mode != "none")
    flags = [None, True, False] if may_call and "parallel_tool_calls" in parts else []
    formats = [None, *_formats(parts)] if not tools else [None]
    params = {
        name: draw(values)
        for name, values in _PARAMS.items()
        if name in parts and draw(_EITHER)
    }
    return ChatRequest(
        messages=tuple(draw(_conversations(parts))),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=draw(st.sampled_from(flags or [None])),
        response_format=draw(st.sampled_from(formats)),
        stop=draw(st.sampled_from([None, ("END",), ("a", "b")]))
        if "stop" in parts
        else None,
        model=draw(st.sampled_from(["m-1", "gpt-5-mini"])),
        params=params,
        stream=draw(_EITHER) if "stream" in parts else False,
    )


@st.composite
def _tools(draw: st.DrawFn) -> tuple[ToolSpec, ...]:
    count = draw(st.integers(0, 2))
    return tuple(draw(offered_tools(name=f"tool_{n}")).spec for n in range(count))


def _tool_choices(
    parts: frozenset[str], tools: tuple[ToolSpec, ...]
) -> list[ToolChoice]:
    found: list[ToolChoice] = []
    if tools and "tool_choice" in parts:
        found += [ToolChoice("auto"), ToolChoice("any")]
    if tools and "no_calls" in parts:
        found += [ToolChoice("none")]
    if tools and "named_choice" in parts:
        found += [ToolChoice("tool", tool.name) for tool in tools]
    return found


_SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def _formats(parts: frozenset[str]) -> list[ResponseFormat]:
    known = {
        "json_object": ResponseFormat("json_object"),
        "json_schema": ResponseFormat("json_schema", _SCHEMA, "reply", strict=True),
    }
    return [known[part] for part in known if part in parts]


@st.composite
def _conversations(draw: st.DrawFn, parts: frozenset[str]) -> list[Message]:
    found: list[Message] = []
    if "system" in parts and draw(_EITHER):
        found.append(SystemMessage(draw(_SOME)))
    found.append(draw(_questions(parts)))
    for n in range(draw(st.integers(0, 2))):
        calls = draw(tool_calls(max_size=2)) if "tools" in parts else []
        calls = [{**call, "id": f"call_{n}_{m}"} for m, call in enumerate(calls)]
        found.append(AIMessage(draw(_history(parts)), tool_calls=calls))
        found += [draw(_results(call, parts)) for call in calls] or [
            draw(_questions(parts))
        ]
    return found


@st.composite
def _history(draw: st.DrawFn, parts: frozenset[str]) -> Any:
    text = draw(_SOME)
    if "reasoning" not in parts or draw(_EITHER):
        return text
    reasoning = {"type": "reasoning", "reasoning": draw(_SOME)}
    return [reasoning, {"type": "text", "text": text}]


@st.composite
def _questions(draw: st.DrawFn, parts: frozenset[str]) -> HumanMessage:
    text = draw(_SOME)
    images = [_IMAGES[part] for part in _IMAGES if part in parts]
    if not images or draw(_EITHER):
        return HumanMessage(text)
    return HumanMessage([{"type": "text", "text": text}, draw(st.sampled_from(images))])


@st.composite
def _results(draw: st.DrawFn, call: Any, parts: frozenset[str]) -> ToolMessage:
    failed = "tool_errors" in parts and draw(_EITHER)
    return ToolMessage(
        draw(_SOME),
        tool_call_id=call["id"],
        name=call["name"],
        status="error" if failed else "success",
    )


# ------------------------------------------------------------------------- faults

_SILENT = ("connection", "interrupted", "timeout")
_TOLD = [kind for kind in get_args(FaultKind) if kind not in _SILENT]


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Draw a fault that a whole reply can say: by its kind, or by a status.

    >>> from hypothesis import find
    >>> find(faults(), lambda fault: fault.status == 503).kind
    'overloaded'
    """
    told: list[dict[str, Any]] = [
        *({"kind": kind} for kind in _TOLD),
        *({"status": status} for status in (400, 401, 403, 404, 429, 500, 503, 529)),
    ]
    return Fault(
        draw(st.sampled_from(["Slow down", "No.", "Größe \u2028 'x'"])),
        retry_after=draw(st.sampled_from([None, 0.0, 0.25, 2.0, 90.0])),
        **draw(st.sampled_from(told)),
    )
