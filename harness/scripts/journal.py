"""What was asked of a script, and what it answered: one entry a call, in order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, overload

from harness.asked import Asked, new_messages, ran_tools
from harness.blocks import ToolCall
from harness.chunks import AIMessageChunk
from harness.errors import InputError, UnmetExpectation, nearest, shown
from harness.messages import AIMessage, Message, ToolMessage
from harness.requests import ChatRequest
from harness.steps import Fault, Pause, Step

__all__ = ["Call", "Journal"]


class Call(Asked):
    """One call of the model, as far as it has been played.

    *index* counts the calls from 0, *turn* is the number of the turn that answered,
    from 1 (None if none did); *config* is that of the run.

    >>> from harness import FakeChatModel
    >>> model = FakeChatModel("Hello!")
    >>> _ = model.invoke("Hi")
    >>> model.calls[0].text, model.calls[0].message.text
    ('Hi', 'Hello!')
    """

    __slots__ = (
        "_error",
        "_finished",
        "_request",
        "_steps",
        "_turn",
        "config",
        "index",
    )

    def __init__(self, index: int, request: ChatRequest, config: object) -> None:
        self.index = index
        self.config: Any = config
        self._request = request
        self._steps: list[Step] = []
        self._turn: int | None = None
        self._error: BaseException | None = None
        self._finished = False

    @property
    def request(self) -> ChatRequest:
        """All that was asked."""
        return self._request

    @property
    def _chat(self) -> ChatRequest:
        return self._request

    @property
    def turn(self) -> int | None:
        """The number of the turn that answered, from 1."""
        return self._turn

    @property
    def message(self) -> AIMessage | None:
        """What was answered so far; None before the first chunk."""
        chunks = [step for step in self._steps if isinstance(step, AIMessageChunk)]
        return sum(chunks[1:], chunks[0]).to_message() if chunks else None

    @property
    def finished(self) -> bool:
        """Whether all of the answer was taken."""
        return self._finished

    @property
    def steps(self) -> tuple[Step, ...]:
        """The chunks, pauses and faults that were played so far."""
        return tuple(self._steps)

    @property
    def chunks(self) -> int:
        """How many chunks were sent so far."""
        return sum(isinstance(step, AIMessageChunk) for step in self._steps)

    @property
    def elapsed(self) -> float:
        """How many seconds the pauses of the answer took so far."""
        return sum(step.seconds for step in self._steps if isinstance(step, Pause))

    @property
    def error(self) -> BaseException | Fault | None:
        """What went wrong: the fault that was played, or an error of the script."""
        if self._steps and isinstance(self._steps[-1], Fault):
            return self._steps[-1]
        return self._error

    def _called(self) -> list[ToolCall]:
        message = self.message
        return message.tool_calls if message else []

    def __repr__(self) -> str:
        """The call in one line."""
        notes = [f"tools {', '.join(self.tools)}"] if self.tools else []
        notes += [f"tool_choice {self.tool_choice}"] if self.tool_choice else []
        asked = self._request.messages[-1] if self._request.messages else None
        who = f"{asked.type}: {shown(asked.text, limit=80)}" if asked else "nothing"
        return f"{who}{''.join(f'; {note}' for note in notes)} -> {self._answered()}"

    def _answered(self) -> str:
        match self.error:
            case Fault(message=reason):
                return f"turn {self._turn} failed: {reason}"
            case BaseException() as error:
                return type(error).__name__
            case None:
                pass
        message = self.message
        if message is None:
            return f"turn {self._turn}, nothing taken of it"
        calls = [f"call of {call['name']}" for call in message.tool_calls]
        said = [shown(message.text, limit=80)] if message.text or not calls else []
        return f"turn {self._turn}: {', '.join([*said, *calls])}"


class Journal(Sequence[Call]):
    """The calls in the order they were made, and assertions on them.

    Each assertion raises UnmetExpectation, which shows the calls that were made.

    >>> from harness import FakeChatModel
    >>> model = FakeChatModel("Hello!")
    >>> _ = model.invoke("Hi")
    >>> model.journal.assert_asked("Hi")
    >>> model.journal
    <Journal. Called once:
      0. human: 'Hi' -> turn 1: 'Hello!'>
    """

    def __init__(self) -> None:
        self._calls: list[Call] = []

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        """The call of that number, from 0."""
        if isinstance(index, int) and not -len(self._calls) <= index < len(self._calls):
            raise IndexError(f"there is no call {index}. {self.told()}")
        return self._calls[index]

    def __len__(self) -> int:
        """How many calls were made."""
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        """The calls made so far."""
        return iter(tuple(self._calls))

    def __reversed__(self) -> Iterator[Call]:
        """The same, the last first."""
        return reversed(self._calls)

    def __repr__(self) -> str:
        """The calls, one a line."""
        return f"<Journal. {self.told()}>"

    def _note(self, request: ChatRequest, config: object = None) -> Call:
        """Enter a call that begins."""
        entry = Call(len(self._calls), request, config)
        self._calls.append(entry)
        return entry

    def assert_called(self, times: int | None = None) -> None:
        """The model was called, or called so many *times*."""
        if times is None and not self._calls:
            self._unmet("the model is called")
        if times is not None and times != len(self._calls):
            self._unmet(f"the model is called {_times(times)}")

    def assert_asked(
        self,
        expected: str | Callable[[ChatRequest], object],
        *,
        call: int | None = None,
    ) -> None:
        """Some call (or that one) has *expected* in a message, or meets a predicate."""
        asked = self._calls if call is None else [self._numbered(call)]
        meets, wanted = _expectation(expected, "assert_asked")
        if not any(meets(one, one.messages) for one in asked):
            self._unmet(wanted if call is None else f"{wanted} of call {call}")

    def assert_asked_in_order(
        self, *expected: str | Callable[[ChatRequest], object]
    ) -> None:
        """Calls that meet each of *expected* came in this order, others between them.

        A text is looked for in what is new in a call, the messages since the last
        answer: what was said before is sent again each time.
        """
        calls = iter(self._calls)
        for number, one in enumerate(expected):
            meets, wanted = _expectation(one, "assert_asked_in_order")
            if not any(meets(call, new_messages(call.request)) for call in calls):
                last = f", after {shown(expected[number - 1])}" if number else ""
                self._unmet(f"{wanted} that is new in a call{last}")

    def assert_called_with_tool(
        self, name: str, args: Mapping[str, Any] | None = None, /, **named: object
    ) -> None:
        """The tool *name* was called with these arguments, others apart, and run.

        That is: some request has the result of such a call. Arguments are given by
        name (*named*), or as one dict (*args*).
        """
        wanted = {**(args or {}), **named}
        ran = [call for one in self._calls for call, _ in ran_tools(one.messages)]
        given = [call["args"] for call in ran if call["name"] == name]
        if any(
            all(key in args and args[key] == value for key, value in wanted.items())
            for args in given
        ):
            return
        made = [call["name"] for one in self._calls for call in one._called()]
        if given:
            told = dict.fromkeys(_shown_call(name, args) for args in given)
            why = f" It ran as {', '.join(told)}."
        elif name in made:
            why = " The model called it, and no request has the result."
        else:
            why = f" {nearest(name, {*made, *(call['name'] for call in ran)})}"
        self._unmet(f"{_shown_call(name, wanted)} is called and run", why)

    def assert_bound(self, *names: str, call: int = -1) -> None:
        """All tools of these *names* were bound in the last call, or in that one."""
        if not self._calls:
            self._unmet(f"tools are bound: {', '.join(names)}")
        bound = self._numbered(call).tools
        for name in names:
            if name not in bound:
                self._unmet(f"{name!r} is bound", f" {nearest(name, bound)}")

    def assert_tool_results(self, *texts: str, call: int = -1) -> None:
        """The tool results in the last call, or in that one, are exactly *texts*."""
        found = [
            message.text
            for message in (self._numbered(call).messages if self._calls else ())
            if isinstance(message, ToolMessage)
        ]
        if found != list(texts):
            self._unmet(f"the tool results are {list(texts)}", f" They are {found}.")

    def _numbered(self, call: int) -> Call:
        if not -len(self._calls) <= call < len(self._calls):
            self._unmet(f"there is a call {call}")
        return self._calls[call]

    def _unmet(self, wanted: str, why: str = "") -> NoReturn:
        raise UnmetExpectation(f"Expected that {wanted}.{why}\n{self.told()}")

    def told(self) -> str:
        """The calls, one a line."""
        if not self._calls:
            return "The model was not called."
        lines = (f"\n  {call.index}. {call!r}" for call in self._calls)
        return f"Called {_times(len(self._calls))}:{''.join(lines)}"


def _expectation(
    expected: str | Callable[[ChatRequest], object], who: str
) -> tuple[Callable[[Call, Sequence[Message]], object], str]:
    """What tells whether a call, or these messages of it, meet *expected*; in words."""
    if isinstance(expected, str):
        return (
            lambda _, messages: any(expected in message.text for message in messages),
            f"{expected!r} is in a message",
        )
    if not callable(expected):
        raise InputError(
            f"{who}({shown(expected)}): give a text, or a function of the request."
        )
    named = getattr(expected, "__name__", expected)
    return lambda call, _: expected(call.request), f"{named} holds"


def _shown_call(name: str, args: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in args.items())})"


def _times(times: int) -> str:
    return {0: "never", 1: "once"}.get(times, f"{times} times")
