"""What the command `harness` can do: a table of commands, read by argparse."""

import argparse
import sys
from collections.abc import Callable, Sequence

from harness import __version__
from harness.cassettes.resealing import reseal
from harness.cli.demo import demo
from harness.cli.schema import schema, schema_arguments
from harness.cli.serving import proxy, proxy_arguments, serve, serve_arguments
from harness.errors import HarnessError

__all__ = ["command_parser", "main"]


def seal(files: Sequence[str]) -> None:
    """Seal cassettes as they are now, and say which interactions had changed."""
    for file in files:
        changed = reseal(file)
        for interaction in changed:
            print(f"sealed {interaction.place}")
        if not changed:
            print(f"{file}: all was sealed already")


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")


def _nothing(_: argparse.ArgumentParser) -> None:
    """The command takes no arguments."""


#: Each with what it says of itself, and what it takes.
COMMANDS: dict[
    str,
    tuple[Callable[..., int | None], str, Callable[[argparse.ArgumentParser], None]],
] = {
    "demo": (
        demo,
        "play a scripted and a recorded weather agent",
        _nothing,
    ),
    "proxy": (proxy, "record what a provider answers, and replay it", proxy_arguments),
    "schema": (
        schema,
        "print the JSON schema of scripts or cassettes",
        schema_arguments,
    ),
    "seal": (
        seal,
        "make the checksums of cassettes right again, after a wanted edit",
        _files,
    ),
    "serve": (serve, "serve scripts and cassettes to every language", serve_arguments),
}


def command_parser() -> argparse.ArgumentParser:
    """What reads the command line, and what `--help` and the documentation show."""
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Scripted and replayed chat models for tests, all offline.",
    )
    parser.add_argument(
        "--version", action="version", version=f"chat-harness {__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, about, arguments) in COMMANDS.items():
        description = f"{about[0].upper()}{about[1:]}."
        arguments(commands.add_parser(name, help=about, description=description))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* names; give the exit status.

    0 is well, 1 an error that is told on stderr, 2 a wrong use of the command.
    """
    said = vars(command_parser().parse_args(argv))
    command, _, _ = COMMANDS[said.pop("command")]
    try:
        return command(**said) or 0
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return 1
