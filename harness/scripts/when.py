"""When a turn applies. In: a condition in any form, a request. Out: yes or no."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.asked import last_asked
from harness.errors import InputError, nearest, shown
from harness.messages import AIMessage, ToolMessage
from harness.requests import ChatRequest

__all__ = ["When", "as_when", "result_tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition on a request; it applies when everything that is given holds.

    *text* is part of the last user message, *pattern* is found in it (as `re.search`
    does), all *tools* are bound, the last message is the result of the tool
    *result_of*, *params* are among the request's, *test* says so. Raises InputError for
    what is no condition.

    >>> from harness.messages import HumanMessage
    >>> When(text="weather").applies(ChatRequest((HumanMessage("The weather?"),)))
    True
    """

    text: str | None = None
    pattern: re.Pattern[str] | str | None = None
    tools: tuple[str, ...] = ()
    result_of: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    test: Callable[[ChatRequest], object] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.tools, str | list):
            tools = (self.tools,) if isinstance(self.tools, str) else tuple(self.tools)
            object.__setattr__(self, "tools", tools)
        for name, (fits, wanted) in _FIELDS.items():
            if not fits(value := getattr(self, name)):
                raise InputError(f"when: {name} is {shown(value)}; give {wanted}.")
        if isinstance(self.pattern, str):
            try:
                object.__setattr__(self, "pattern", re.compile(self.pattern))
            except re.error as error:
                raise InputError(
                    f"when: pattern {shown(self.pattern)} is not a regular expression: "
                    f"{error}."
                ) from None

    def applies(self, request: ChatRequest) -> bool:
        """Tell whether the condition holds for *request*."""
        asked = last_asked(request)
        return (
            (self.text is None or self.text in asked)
            and (self.pattern is None or re.search(self.pattern, asked) is not None)
            and all(request.tool(name) is not None for name in self.tools)
            and (self.result_of is None or self.result_of == result_tool(request))
            and self._params_hold(request)
            and (self.test is None or bool(self.test(request)))
        )

    def _params_hold(self, request: ChatRequest) -> bool:
        asked = {"model": request.model, **request.params}
        return all(
            key in asked and asked[key] == value for key, value in self.params.items()
        )

    def __str__(self) -> str:
        """The condition as an error's text shows it."""
        return ", ".join(
            f"{name} {_said(value)}"
            for name in self.__slots__
            if (value := getattr(self, name))
        )


def _is_pattern(value: object) -> bool:
    return isinstance(getattr(value, "pattern", value), str | None)


def _is_names(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


#: What each field of a `When` may be, and how errors say it.
_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "text": (lambda value: isinstance(value, str | None), "a text"),
    "pattern": (_is_pattern, "a regular expression for texts"),
    "tools": (_is_names, "the names of tools"),
    "result_of": (lambda value: isinstance(value, str | None), "the name of a tool"),
    "params": (lambda value: isinstance(value, Mapping), "a dict of parameters"),
    "test": (lambda value: value is None or callable(value), "a function"),
}


def _said(value: object) -> str:
    if isinstance(value, re.Pattern):
        return shown(value.pattern)
    return str(getattr(value, "__name__", shown(value)))


def as_when(value: object) -> When | None:
    """Read a condition: None, a text, a compiled pattern, a function, a dict, a `When`.

    Raises InputError for anything else.
    """
    match value:
        case None | When():
            return value
        case str():
            return When(text=value)
        case re.Pattern():
            return When(pattern=value)
        case Mapping() if value:
            for name in value.keys() - set(When.__slots__):
                known = nearest(str(name), When.__slots__)
                raise InputError(f"when: no {name!r}. {known}")
            return When(**value)
        case _ if callable(value):
            return When(test=value)
        case _:
            raise InputError(
                f"when={shown(value)} is no condition. Give a text that the last user "
                "message contains, a compiled pattern, a function of the request, or "
                "When(tools=..., result_of=..., params=...)."
            )


def result_tool(request: ChatRequest) -> str | None:
    """Give the name of the tool whose result the last message is, or None."""
    last = request.messages[-1] if request.messages else None
    if not isinstance(last, ToolMessage):
        return None
    calls = (
        call
        for message in reversed(request.messages)
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] == last.tool_call_id
    )
    return last.name or next((call["name"] for call in calls), None)
