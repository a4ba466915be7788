"""Recorded provider traffic, played back offline.

What belongs to an open cassette, and to recording, loads when it is first asked for:
who replays a file needs none of it.
"""

from typing import TYPE_CHECKING

from harness.cassettes.folders import DEFAULT_FOLDER, cassette_path, find_cassette
from harness.cassettes.interactions import Ending, Headers, Interaction, decoded_body
from harness.cassettes.reading import load_cassette, read_cassette
from harness.cassettes.source import CassetteSource, Recording
from harness.cassettes.writing import write_cassette
from harness.lazy import loading

if TYPE_CHECKING:
    from harness.cassettes.exchanges import Exchange
    from harness.cassettes.secrets import Leak
    from harness.cassettes.settings import Redactor, TapeOptions
    from harness.cassettes.tape import Tape

__all__ = [
    "DEFAULT_FOLDER",
    "CassetteSource",
    "Ending",
    "Exchange",
    "Headers",
    "Interaction",
    "Leak",
    "Recording",
    "Redactor",
    "Tape",
    "TapeOptions",
    "cassette_path",
    "decoded_body",
    "find_cassette",
    "load_cassette",
    "read_cassette",
    "write_cassette",
]

if not TYPE_CHECKING:
    __getattr__ = loading(
        __name__,
        {
            "exchanges": "Exchange",
            "secrets": "Leak",
            "settings": "Redactor TapeOptions",
            "tape": "Tape",
        },
    )
