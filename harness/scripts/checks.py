"""What a request allows an answer to be. In: both. Out: a line for each rule broken.

Rules on what is said always count; rules on what has to be said only where the answer
is complete: one that fails half way, or is cut off, owes nothing.
"""

import json
from collections.abc import Callable, Iterator

from harness.errors import nearest, shown
from harness.requests import ChatRequest
from harness.schemas import problems
from harness.scripts.plans import Asked, Facts

__all__ = ["RULES", "broken_rules"]

Rule = Callable[[Facts, ChatRequest], Iterator[str]]


def broken_rules(facts: Facts, request: ChatRequest) -> list[str]:
    """Give "rule: problem" for each rule that the answer breaks.

    >>> broken_rules(Facts(calls=(Asked("search", {}, "{}"),)), ChatRequest(()))
    ["tools: it calls 'search', but no tools are bound."]
    """
    if not (facts.calls or request.tool_choice or request.response_format):
        return []
    return [
        f"{name}: {problem}"
        for name, rule in RULES.items()
        for problem in rule(facts, request)
    ]


def _bound(facts: Facts, request: ChatRequest) -> Iterator[str]:
    known = [spec.name for spec in request.tools]
    for name in dict.fromkeys(call.name for call in facts.calls):
        if not known:
            yield f"it calls {name!r}, but no tools are bound."
        elif name not in known:
            yield f"it calls {name!r}, which is not bound. {nearest(name, known)}"


def _arguments(facts: Facts, request: ChatRequest) -> Iterator[str]:
    for call in facts.calls:
        spec = request.tool(call.name)
        if call.args is None:
            yield f"those of {call.name!r}, {shown(call.raw)}: {call.problem}."
        elif spec is not None and spec.provider is None:
            for problem in problems(call.args, spec.parameters):
                yield f"{shown_call(call)}: {problem}."


def _tool_choice(facts: Facts, request: ChatRequest) -> Iterator[str]:
    choice = request.tool_choice
    if choice is None:
        return
    called = list(dict.fromkeys(call.name for call in facts.calls))
    match choice.mode:
        case "none" if called:
            yield f"'none' forbids calls, and it calls {_listed(called)}."
        case "any" if not called and facts.complete:
            yield "'any' asks for a call, and it makes none."
        case "tool" if not called and facts.complete:
            yield f"a call of {choice.name!r} is asked for, and it makes none."
        case "tool" if other := [name for name in called if name != choice.name]:
            yield f"a call of {choice.name!r} is asked for; it calls {_listed(other)}."
        case _:
            pass


def _parallel(facts: Facts, request: ChatRequest) -> Iterator[str]:
    choice = request.tool_choice
    spelling = (choice and choice.provider) or {}  # Anthropic says it in the choice
    alone = spelling.get("disable_parallel_tool_use") is True
    if (alone or request.parallel_tool_calls is False) and len(facts.calls) > 1:
        yield f"False allows one call, and it makes {len(facts.calls)}."


def _response_format(facts: Facts, request: ChatRequest) -> Iterator[str]:
    asked = request.response_format
    if asked is None or asked.kind == "text" or facts.calls or not facts.complete:
        return
    try:
        value = json.loads(facts.text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        yield f"{shown(facts.text)} is not JSON: {error}."
        return
    if asked.kind == "json_object" and not isinstance(value, dict):
        yield f"{shown(facts.text)} is no JSON object."
    if asked.schema is not None:
        yield from (f"{problem}." for problem in problems(value, asked.schema))


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def shown_call(call: Asked) -> str:
    """The call as it would be written in a script."""
    args = (f"{name}={value!r}" for name, value in (call.args or {}).items())
    return f"{call.name}({', '.join(args)})"


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))


#: Each rule by the name that errors give it.
RULES: dict[str, Rule] = {
    "tools": _bound,
    "arguments": _arguments,
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _parallel,
    "response_format": _response_format,
}
