"""The command that prints JSON schemas of files."""

import json
from argparse import ArgumentParser

from harness.cassettes.file_schemas import cassette_schema, conversation_schema
from harness.scripts.files import script_schema

__all__ = ["SCHEMAS", "schema", "schema_arguments"]

#: What files of each kind are checked against.
SCHEMAS = {
    "script": script_schema,
    "cassette": cassette_schema,
    "conversation": conversation_schema,
}


def schema_arguments(parser: ArgumentParser) -> None:
    """What `schema` takes."""
    parser.add_argument(
        "kind",
        nargs="?",
        choices=SCHEMAS,
        default="script",
        help="scripts in fakes/ (the default), cassettes of HTTP traffic, or those "
        "that a RecordingChatModel writes",
    )


def schema(kind: str) -> None:
    """Print the JSON schema of files of a *kind*, for editors and other programs."""
    print(json.dumps(SCHEMAS[kind](), indent=2, ensure_ascii=False))
