"""Recorded provider traffic, played back offline.

What belongs to an open cassette, and to recording, loads when it is first asked for:
who replays a file needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from harness.cassettes.folders import DEFAULT_FOLDER, cassette_path, find_cassette
from harness.cassettes.interactions import Ending, Headers, Interaction, decoded_body
from harness.cassettes.reading import load_cassette, read_cassette
from harness.cassettes.source import CassetteSource, Recording
from harness.cassettes.writing import write_cassette

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
    _HOMES = {
        "Exchange": "exchanges",
        "Leak": "secrets",
        "Redactor": "settings",
        "Tape": "tape",
        "TapeOptions": "settings",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        home = import_module(f"{__name__}.{_HOMES[name]}")
        value = globals()[name] = getattr(home, name)
        return value
