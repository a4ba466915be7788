"""Small commands: the schemas of what is ours, and the seals of files."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence

from harness.cassettes.file_schemas import cassette_schema, conversation_schema
from harness.cassettes.resealing import reseal
from harness.cli.screen import tell
from harness.errors import HarnessError
from harness.scripts.files import script_schema
from harness.server.description import description
from harness.text import visible

__all__ = ["schema", "schema_arguments", "seal", "seal_arguments"]


#: What files of each kind are checked against, and what the server answers.
SCHEMAS = {
    "script": script_schema,
    "cassette": cassette_schema,
    "conversation": conversation_schema,
    "openapi": description,
}


def schema_arguments(parser: ArgumentParser) -> None:
    """What `schema` takes."""
    parser.add_argument(
        "kind",
        nargs="?",
        metavar="KIND",
        choices=SCHEMAS,
        default="script",
        help="script: of fakes/ (the default); cassette: of HTTP traffic; "
        "conversation: of what a RecordingChatModel writes; openapi: what a server "
        "answers",
    )


def schema(kind: str) -> None:
    """Print the schema of a *kind*, for editors and other programs."""
    print(json.dumps(SCHEMAS[kind](), indent=2, ensure_ascii=False))


def seal_arguments(parser: ArgumentParser) -> None:
    """What `seal` takes."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a cassette that was edited"
    )


def seal(files: Sequence[str]) -> int:
    """Seal cassettes as they are now, and say which interactions had changed.

    1 for a file that cannot be sealed, which is left as it is.
    """
    status = 0
    for file in files:
        try:
            changed = reseal(file)
        except HarnessError as error:
            tell(str(error))
            status = 1
            continue
        for interaction in changed:
            print(f"sealed {visible(interaction.place)}")
        if not changed:
            print(f"{visible(file)}: all was sealed already")
    return status
