"""What the command `harness` can do: a table of commands, read by argparse."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from harness import __version__
from harness.cassettes.resealing import reseal
from harness.cli.demo import demo
from harness.errors import HarnessError
from harness.scripts.files import script_schema

__all__ = ["main"]


def schema() -> None:
    """Print the JSON schema of the scripts in fakes/, for editors."""
    print(json.dumps(script_schema(), indent=2, ensure_ascii=False))


def seal(*files: str) -> None:
    """Seal cassettes as they are now, and say which interactions had changed."""
    for file in files:
        changed = reseal(file)
        for interaction in changed:
            print(f"sealed {interaction.place}")
        if not changed:
            print(f"{file}: all was sealed already")


#: Each with what it says of itself.
COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "demo": (demo, "play a scripted weather agent, and replay a recorded one"),
    "schema": (schema, "print the JSON schema of the scripts in fakes/"),
    "seal": (seal, "make the checksums of cassettes right again, after a wanted edit"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* names; give the exit status.

    0 is well, 1 an error that is told on stderr, 2 a wrong use of the command.
    """
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Scripted and replayed chat models for tests, all offline.",
    )
    parser.add_argument(
        "--version", action="version", version=f"chat-harness {__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, about) in COMMANDS.items():
        added = commands.add_parser(
            name, help=about, description=about.capitalize() + "."
        )
        if name == "seal":
            added.add_argument("files", nargs="+", metavar="FILE")
    said = parser.parse_args(argv)
    command, _ = COMMANDS[said.command]
    try:
        command(*getattr(said, "files", ()))
    except HarnessError as error:
        print(f"harness: {error}", file=sys.stderr)
        return 1
    return 0
