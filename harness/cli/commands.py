"""What the command `harness` can do: a table of commands, read by argparse.

A command is loaded when it is named, so that `harness --help` is there at once.
"""

import importlib
import os
import sys
import warnings
from argparse import Action, ArgumentError, ArgumentParser
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from rich_argparse import RichHelpFormatter

from harness import __version__
from harness.cli.screen import os_error_text, tell
from harness.errors import CassetteWarning, HarnessError, InputError

__all__ = ["COMMANDS", "made_parser", "main"]

#: Each with the module of this room that has it, and what it says of itself. The module
#: has a function of the same name, and NAME_arguments(parser) if it takes any.
COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("checking", "say what is wrong with cassettes and scripts"),
    "convert": (
        "converting",
        "make cassettes or scripts of recordings, of other programs too",
    ),
    "demo": ("demo", "play a scripted and a recorded weather agent"),
    "diff": ("diff", "tell how two cassettes or scripts differ"),
    "new": ("new", "begin a script or a test"),
    "play": ("play", "talk with a script or a cassette"),
    "proxy": ("serving", "record what a provider answers, and replay it"),
    "record": ("record", "run a program, and record or replay what it asks models"),
    "redact": ("redacting", "hide the secrets in cassettes, as recording would"),
    "report": ("reporting", "write a page to browse conversations, without a network"),
    "refresh": ("refresh", "record stale cassettes anew"),
    "schema": ("files", "print the schema of scripts, cassettes or the server"),
    "seal": (
        "files",
        "make the checksums of cassettes right again, after a wanted edit",
    ),
    "serve": ("serving", "serve scripts and cassettes to every language"),
    "show": ("show", "show a cassette or a script as conversations"),
    "stats": ("stats", "count what cassettes are made of"),
}

#: Behind `--` these take a command of another program.
RUN_A_COMMAND = frozenset({"record", "refresh"})

_INTERRUPTED, _BROKEN_PIPE = 130, 141


class Parser(ArgumentParser):
    """An argparse parser whose errors are one line, with the nearest right thing."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", RichHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """End with status 2 and *message*."""
        end = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{end} See {self.prog} --help.\n")

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]  # has overloads
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Parse; what is left over is an error here, where the options are known."""
        said, rest = super().parse_known_args(args, namespace)
        if rest:
            wrong = rest[0].partition("=")[0]
            close = get_close_matches(wrong, self._option_string_actions, n=1)
            meant = f". Did you mean {close[0]}?" if close else ""
            self.error(f"there is no {rest[0]!r} here{meant}")
        return said, rest

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:  # argparse says nothing of a disk that is full
            sys.stdout.write(message)
        else:
            super()._print_message(message, file)

    def _get_value(self, action: Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except ArgumentError as error:
            told = error.__context__  # what the type of the option says of the word
            if isinstance(told, InputError):
                raise ArgumentError(action, str(told).removesuffix(".")) from None
            raise

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        close = get_close_matches(str(value), known, n=1)
        what = action.metavar or (action.option_strings or [action.dest])[-1]
        meant = f"Did you mean {close[0]!r}? " if close else ""
        self.error(f"no {what} is {value!r}. {meant}There are: {', '.join(known)}")


def made_parser(named: Sequence[str]) -> ArgumentParser:
    """The parser of the command line; it knows the options of the *named* commands."""
    parser = Parser(
        prog="harness",
        description="Record, replay, script and check what chat models say; offline.",
    )
    parser.add_argument(
        "--version", action="version", version=f"chat-harness {__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    for name, (_, about) in COMMANDS.items():
        one = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}."
        )
        arguments = _part(name, "_arguments") if name in named else None
        if arguments is not None:
            arguments(one)
    return parser


def _part(name: str, ending: str = "") -> Callable[..., Any] | None:
    """The function of the command *name*, or what declares its arguments."""
    module = importlib.import_module(f"harness.cli.{COMMANDS[name][0]}")
    return getattr(module, f"{name}{ending}", None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* names; give the exit status.

    0 is well, 1 an error that is told on stderr, 2 a wrong use of the command.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    _open_streams()
    try:
        try:
            return _run(given)
        finally:  # --help ends here, too
            sys.stdout.flush()
    except HarnessError as error:
        tell(str(error))
        return 1
    except BrokenPipeError:
        sys.stdout = None  # who read it has gone: there is nothing left to flush
        return _BROKEN_PIPE
    except OSError as error:
        tell(os_error_text(error))
        if error.filename is None:
            sys.stdout = None  # what it could not write it need not try again
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _open_streams() -> None:
    """Let a stream that is closed be one that says and takes nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - it stays
            setattr(sys, name, stream)
        elif mode == "w" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "°"


def _run(given: list[str]) -> int:
    behind: dict[str, list[str]] = {}
    if "--" in given and given[0] in RUN_A_COMMAND:
        at = given.index("--")
        given, behind = given[:at], {"behind": given[at + 1 :]}
    said: dict[str, Any] = vars(made_parser(given[:1]).parse_args(given))
    command = _part(said.pop("command"))
    assert command is not None  # noqa: S101 - the table is right
    with warnings.catch_warnings():
        warnings.simplefilter("always", CassetteWarning)
        warnings.showwarning = _warned
        return command(**(said | behind)) or 0


def _warned(message: Warning | str, *_about: object, **_more: object) -> None:
    tell(f"warning: {message}")
