"""What was asked of a script, and what it answered: one entry a call, in order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, overload

from harness.chunks import AIMessageChunk
from harness.errors import InputError, UnmetExpectation, nearest, shown
from harness.messages import AIMessage, Message, ToolMessage
from harness.requests import ChatRequest
from harness.scripts.when import last_asked
from harness.steps import Fault, Pause, Step

__all__ = ["Call", "Journal"]


class Call:
    """One call of the model, as far as it has been played.

    *index* counts the calls from 0, *turn* is the number of the turn that answered,
    from 1 (None if none did); *config* is that of the run.
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
    def messages(self) -> list[Message]:
        """The messages that were sent."""
        return list(self._request.messages)

    @property
    def text(self) -> str:
        """The text of the last user message, "" if there is none."""
        return last_asked(self._request)

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were bound."""
        return [spec.name for spec in self._request.tools]

    @property
    def tool_choice(self) -> str | None:
        """The choice as it was given: "any", "auto", "none", a tool's name, or None."""
        choice = self._request.tool_choice
        if choice is None:
            return None
        return choice.mode if choice.name is None else choice.name

    @property
    def params(self) -> dict[str, Any]:
        """The other parameters of the request."""
        return dict(self._request.params)

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

    def __repr__(self) -> str:
        """The calls, one a line."""
        return f"<Journal. {self.told()}>"

    def note(self, request: ChatRequest, config: object = None) -> Call:
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
        if isinstance(expected, str):
            met = any(expected in m.text for one in asked for m in one.messages)
            wanted = f"{expected!r} is in a message"
        elif not callable(expected):
            raise InputError(
                f"assert_asked({shown(expected)}): give a text, or a function of the "
                "request."
            )
        else:
            met = any(expected(one.request) for one in asked)
            wanted = f"{getattr(expected, '__name__', expected)} holds"
        if not met:
            self._unmet(wanted if call is None else f"{wanted} of call {call}")

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


def _times(times: int) -> str:
    return {0: "never", 1: "once"}.get(times, f"{times} times")
