"""The demo: a scripted weather agent, a recorded one, and a mistake that is caught."""

import sys
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from harness.chunks import AIMessageChunk
from harness.errors import InputError, ScriptError
from harness.fake import FakeChatModel
from harness.messages import AIMessage, HumanMessage, Message
from harness.models import ChatModel
from harness.replay import ReplayChatModel
from harness.scripts import Call, auto, call, say
from harness.tools import tool

__all__ = ["demo"]

FAKES, CASSETTES = Path("fakes"), Path("cassettes")
QUESTION = "What's the weather in Boston and Tokyo?"
REPORTS = {"Boston": "72°F and sunny", "Tokyo": "64°F and raining"}
SEAM = "│"


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return REPORTS.get(location, "59°F and cloudy")


@tool
def get_time(city: str) -> str:
    """Get the local time of a city."""
    return f"It is 9 o'clock in {city}."


def demo() -> None:
    """Play it on standard output. Raises InputError without the repository's files."""
    for path in (FAKES / "weather.yaml", CASSETTES / "weather.yaml"):
        if not path.is_file():
            raise InputError(
                f"the demo plays {path}, which is not in {Path.cwd()}. Run it in a "
                "checkout of chat-harness: make demo."
            )
    stage = Stage()
    connected = len(_connections())
    scripted = [*_scripted(stage), *_forced(stage)]
    replayed = _replayed(stage)
    scripted += _caught(stage)
    _summary(stage, scripted)
    stage.line()
    stage.line(
        f"all offline: {len(scripted) + replayed} calls, "
        f"{len(_connections()) - connected} network connections",
        "bold green",
    )


class Stage:
    """Where the demo is shown: in color on a terminal, as plain text elsewhere."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)

    def act(self, title: str, about: str) -> None:
        """Begin another part."""
        self.line()
        self.console.print(Rule(Text(title, "bold"), align="left", style="cyan"))
        self.line(about, "dim")

    def line(self, text: str = "", style: str = "") -> None:
        """Show a line."""
        self.console.print(Text(text, style))

    def said(self, who: str, text: str, style: str = "") -> None:
        """Show what somebody says."""
        self._who(who)
        self.line(text, style)

    def streamed(self, chunks: Iterator[AIMessageChunk]) -> AIMessage:
        """Show chunks as they come, a seam between them; give their sum."""
        self._who("model")
        full: AIMessageChunk | None = None
        begun = False
        for chunk in chunks:
            full = chunk if full is None else full + chunk
            for fragment in chunk.tool_call_chunks:
                if fragment["name"]:
                    self._piece(f"\n{'':>8}" if begun else "", "")
                    self._piece(f"{fragment['name']} ", "bold magenta")
                self._token(fragment["args"] or "", "magenta")
            for block in chunk.content_blocks:
                if block["type"] == "reasoning":
                    self._token(block.get("reasoning", ""), "italic dim")
            self._token(chunk.text, "green")
            begun = begun or bool(chunk.text or chunk.content_blocks)
        self.line()
        assert full is not None  # noqa: S101 - a stream has its last chunk
        return full.to_message()

    def _who(self, who: str) -> None:
        self._piece(f"{who:>6}  ", "bold cyan")

    def _token(self, text: str, style: str) -> None:
        if text:
            self._piece(text, style)
            self._piece(SEAM, "dim")

    def _piece(self, text: str, style: str) -> None:
        self.console.print(Text(text, style), end="")


def _converse(
    stage: Stage, model: ChatModel, question: str, choice: str | None = None
) -> int:
    """The loop of an agent: ask, run the tools that it calls, tell it the results.

    The first call is forced by *choice*. Give how many calls there were.
    """
    stage.said("user", question)
    history: list[Message] = [HumanMessage(question)]
    for calls in count(1):
        agent = model.bind_tools([get_weather], tool_choice=choice)
        answer = stage.streamed(agent.stream(history))
        if not answer.tool_calls:
            return calls
        choice = None
        history.append(answer)
        for wanted in answer.tool_calls:
            result = get_weather.invoke(wanted)
            stage.said("tool", f"{wanted['args']['location']}: {result.text}", "yellow")
            history.append(result)
    raise AssertionError  # pragma: no cover - there is no last number


def _scripted(stage: Stage) -> list[Call]:
    stage.act(
        "A scripted agent",
        "fakes/weather.yaml, token by token; two tool calls at once",
    )
    model = FakeChatModel.load("weather", directory=FAKES)
    _converse(stage, model, QUESTION)
    stage.act("Forced: any tool", 'the script goes on, with tool_choice="any"')
    _converse(stage, model, "And in Paris?", "any")
    model.check_exhausted()
    return model.calls


def _forced(stage: Stage) -> list[Call]:
    stage.act(
        "Forced: this tool",
        'no script but auto(), with two tools and tool_choice="get_time"',
    )
    model = FakeChatModel(auto())
    agent = model.bind_tools([get_weather, get_time], tool_choice="get_time")
    stage.said("user", "Surprise me.")
    for wanted in stage.streamed(agent.stream("Surprise me.")).tool_calls:
        stage.said("tool", get_time.invoke(wanted).text, "yellow")
    return model.calls


def _caught(stage: Stage) -> list[Call]:
    stage.act(
        "A mistake, caught",
        "the script calls a tool that the application did not bind",
    )
    model = FakeChatModel(say(call("get_wether", location="Boston")))
    try:
        model.bind_tools([get_weather]).invoke(QUESTION)
    except ScriptError as error:
        stage.line(f"{type(error).__name__}: {error}", "red")
    return model.calls


def _replayed(stage: Stage) -> int:
    stage.act(
        "A recorded conversation",
        "cassettes/weather.yaml through the dialect openai-chat: whole, then streamed",
    )
    model = ReplayChatModel("weather", directory=CASSETTES)
    stage.said("user", "Hello!")
    stage.said("model", model.invoke("Hello!").text, "green")
    stage.said("user", "Hello!")
    stage.streamed(model.stream("Hello!"))
    return 2 + _converse(stage, model, QUESTION)


def _summary(stage: Stage, calls: list[Call]) -> None:
    stage.act("The journal", "what the fake models were asked, and what they answered")
    for one in calls:
        asked, _, answered = repr(one).partition(" -> ")
        stage.line(asked)
        stage.line(f"  -> {answered}", "red" if one.error else "green")


@cache
def _connections() -> list[object]:
    """Every address that this process connects to from now on."""
    seen: list[object] = []

    def hear(
        event: str, args: tuple[object, ...]
    ) -> None:  # pragma: no cover - untraced
        if event == "socket.connect":
            seen.append(args[1])

    sys.addaudithook(hear)
    return seen
