"""Small commands on files of ours: their schema, and their seals."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence

from harness.cassettes.resealing import reseal
from harness.scripts.files import script_schema

__all__ = ["schema", "seal", "seal_arguments"]


def schema() -> None:
    """Print the JSON schema of the scripts in fakes/, for editors."""
    print(json.dumps(script_schema(), indent=2, ensure_ascii=False))


def seal_arguments(parser: ArgumentParser) -> None:
    """What `seal` takes."""
    parser.add_argument("files", nargs="+", metavar="FILE")


def seal(files: Sequence[str]) -> None:
    """Seal cassettes as they are now, and say which interactions had changed."""
    for file in files:
        changed = reseal(file)
        for interaction in changed:
            print(f"sealed {interaction.place}")
        if not changed:
            print(f"{file}: all was sealed already")
