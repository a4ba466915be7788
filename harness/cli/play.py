"""`harness play`: talk with a script or a cassette in the terminal."""

import contextlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from harness.cli.finding import found_file
from harness.cli.options import given_speed
from harness.cli.players import Player, opened
from harness.cli.rows import LABEL, Rows
from harness.cli.screen import output
from harness.cli.speech import Speech
from harness.cli.spoken import call_text
from harness.errors import HarnessError, InputError, ModelError
from harness.messages import AIMessage, HumanMessage, Message, ToolMessage

__all__ = ["play", "play_arguments"]

_HELP = """\
Say something; a line is a message. When the model calls a tool, you give its result.
/calls  what was asked, and which turn answered      /left   what is left to be played
/new    begin another conversation                   /reset  begin the file anew, too
/quit   end, as Ctrl-D does                          Ctrl-C  stops an answer"""


def play_arguments(parser: ArgumentParser) -> None:
    """What `play` takes."""
    parser.add_argument(
        "name", metavar="NAME", help="a script, a cassette, or the path of a file"
    )
    parser.add_argument(
        "--message",
        action="append",
        default=[],
        dest="messages",
        metavar="TEXT",
        help="say this, and end; may be given several times",
    )
    parser.add_argument(
        "--tool",
        action="append",
        default=[],
        dest="tools",
        type=_result,
        metavar="NAME=RESULT",
        help="what a tool gives, a text or JSON; you are asked for other results",
    )
    parser.add_argument(
        "--speed",
        type=given_speed,
        default=1.0,
        help="1: pauses take their time; 10: a tenth of it; 0: none",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="status 1 if turns are left at the end, or something had no answer",
    )


def play(
    name: str,
    *,
    messages: Sequence[str],
    tools: Sequence[tuple[str, str]],
    speed: float,
    strict: bool,
) -> int:
    """Talk until there is nothing more to say."""
    path = found_file(name)
    talk = Talk(lambda: opened(path, speed), dict(tools))
    talk.run(messages)
    left = talk.player.left()
    talk.tell_left(left)
    return int(strict and bool(left or talk.failed))


def _result(given: str) -> tuple[str, str]:
    """A tool's name, and what it gives: JSON text as it stands, strings unquoted."""
    name, sign, value = given.partition("=")
    if not (sign and name):
        raise InputError(f"{given!r}: give it as NAME=RESULT.")
    with contextlib.suppress(ValueError):
        said = json.loads(value)
        value = said if isinstance(said, str) else value
    return name, value


class Talk:
    """A conversation: a person at standard input, a model that is played."""

    def __init__(self, begin: Callable[[], Player], results: dict[str, str]) -> None:
        self.rows = Rows(output(), full=True)
        self.failed = 0
        self._begin = begin
        self._results = results
        self._reset()

    def _reset(self) -> None:
        self.player = self._begin()
        self._new()

    def _new(self) -> None:
        self.history: list[Message] = [*self.player.opening]
        for message in self.player.opening:
            self.rows.row("system", message.text, "dim")

    def run(self, messages: Sequence[str]) -> None:
        """Say *messages*, or what is typed until it ends."""
        if messages:
            for message in messages:
                self.rows.row("user", message)
                self._ask(message)
            return
        if sys.stdin.isatty():
            self.rows.line(self.player.greeting, "dim")
            self.rows.line("/help tells more, Ctrl-D ends.", "dim")
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # edits lines
        while (text := self._heard("user")) is not None:
            if text == "/quit":
                break
            if text.startswith("/"):
                self._command(text)
            elif text:
                self._ask(text)

    def _command(self, text: str) -> None:
        match text:
            case "/help":
                self.rows.line(_HELP, "dim")
            case "/calls":
                self.rows.rows("calls", self.player.calls() or ["none yet"], "dim")
            case "/left":
                self.rows.rows("left", self.player.left() or ["nothing"], "dim")
            case "/new":
                self._new()
            case "/reset":
                self._reset()
            case _:
                self.rows.row("error", f"There is no {text}. /help tells more.", "red")

    def tell_left(self, left: Sequence[str]) -> None:
        """At the end: what was not played."""
        if left:
            self.rows.row(
                "left", f"{len(left)} of {self.player.size} not played:", "dim"
            )
            self.rows.rows("", left, "dim")
        else:
            self.rows.row("left", "nothing: all was played", "dim")

    # ------------------------------------------------------------------ asking

    def _ask(self, text: str) -> None:
        """One question, and all that the model needs to answer it.

        What has no answer is taken back, as if it had never been asked.
        """
        before = len(self.history)
        self.history.append(HumanMessage(text))
        try:
            while calls := self._answer().tool_calls:
                for call in calls:
                    self._run_tool(call)
        except ModelError as error:
            self._told("fault", error, before)
        except HarnessError as error:
            self.failed += 1
            self._told("error", error, before)

    def _told(self, label: str, error: HarnessError, before: int) -> None:
        self.rows.row(label, " ".join(str(error).split()), "red")
        del self.history[before:]

    def _answer(self) -> AIMessage:
        """The answer, shown as it comes; Ctrl-C keeps what there is of its text."""
        speech = Speech(self.rows.console)
        try:
            for chunk in self.player.model.stream(self.history):
                speech.hear(chunk)
            answer = speech.message()
        except KeyboardInterrupt:
            answer = AIMessage(speech.text)
            speech.say(" (stopped)", "dim")
        finally:
            speech.end()
        self.history.append(answer)
        return answer

    def _run_tool(self, call: Any) -> None:
        name = call["name"]
        if (result := self._results.get(name)) is None:
            self.rows.line(f"What does {call_text(name, call['args'])} give?", "yellow")
            result = self._heard("tool")
        else:
            self.rows.row("tool", f"{name}: {result}", "yellow")
        if result is None:
            raise InputError(
                f"Nobody said what {name} gives. Say it with --tool {name}=RESULT."
            )
        self.history.append(ToolMessage(result, tool_call_id=call["id"] or ""))

    def _heard(self, label: str) -> str | None:
        """The next line that is typed, None if there is no more."""
        if not sys.stdin.isatty():
            text = _read_line()
            if text:
                self.rows.row(label, text)
            return text
        while True:
            try:
                return input(f"{label:>{LABEL}}  ").strip()
            except KeyboardInterrupt:
                self.rows.line()
            except EOFError:
                self.rows.line()
                return None


def _read_line() -> str | None:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise InputError(f"Standard input is no text: {error}.") from None
    return line.strip() if line else None
