"""Recorded provider traffic, played back offline."""

from harness.cassettes.folders import DEFAULT_FOLDER, cassette_path, find_cassette
from harness.cassettes.interactions import Ending, Headers, Interaction, decoded_body
from harness.cassettes.reading import load_cassette, read_cassette
from harness.cassettes.source import CassetteSource, Recording
from harness.cassettes.writing import write_cassette

__all__ = [
    "DEFAULT_FOLDER",
    "CassetteSource",
    "Ending",
    "Headers",
    "Interaction",
    "Recording",
    "cassette_path",
    "decoded_body",
    "find_cassette",
    "load_cassette",
    "read_cassette",
    "write_cassette",
]
