"""What names a file: a text, a Path, or whatever knows its path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import (
    FakeChatModel,
    FakeProvider,
    RecordingChatModel,
    ReplayChatModel,
    use_cassette,
)
from harness.cassettes import cassette_path, find_cassette, load_cassette
from harness.errors import InputError
from harness.paths import given_name, given_path
from harness.server import ScriptFile

ROOT = Path(__file__).parent.parent
CASSETTES, FAKES = ROOT / "cassettes", ROOT / "fakes"


class Place:
    """A path of somebody else's class."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Bytes:
    """A path that is no text."""

    def __fspath__(self) -> bytes:
        return b"weather"


#: What takes the path of a file, or a name and the folder that it is looked up in.
BY_PATH: dict[str, tuple[Callable[[Any], object], Path]] = {
    "load_cassette": (load_cassette, CASSETTES / "weather.yaml"),
    "find_cassette": (find_cassette, CASSETTES / "weather.yaml"),
    "cassette_path": (cassette_path, CASSETTES / "weather.yaml"),
    "use_cassette": (use_cassette, CASSETTES / "weather.yaml"),
    "ReplayChatModel": (ReplayChatModel, CASSETTES / "weather.yaml"),
    "RecordingChatModel": (
        lambda path: RecordingChatModel(FakeChatModel("Hi!"), path, mode="none"),
        CASSETTES / "weather.yaml",
    ),
    "FakeChatModel.load": (FakeChatModel.load, FAKES / "weather.yaml"),
    "FakeProvider.load": (FakeProvider.load, FAKES / "weather.yaml"),
    "ScriptFile": (
        lambda path: ScriptFile(path, made=lambda script: script),  # type: ignore[arg-type,return-value]
        FAKES / "weather.yaml",
    ),
}
BY_FOLDER: dict[str, tuple[Callable[[Any], object], Path]] = {
    "find_cassette": (lambda at: find_cassette("weather", at), CASSETTES),
    "cassette_path": (lambda at: cassette_path("weather", at), CASSETTES),
    "use_cassette": (lambda at: use_cassette("weather", directory=at), CASSETTES),
    "ReplayChatModel": (lambda at: ReplayChatModel("weather", directory=at), CASSETTES),
    "FakeChatModel.load": (
        lambda at: FakeChatModel.load("weather", directory=at),
        FAKES,
    ),
    "FakeProvider.load": (lambda at: FakeProvider.load("weather", directory=at), FAKES),
}
KINDS = [str, Path, Place]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("take", "path"), BY_PATH.values(), ids=BY_PATH)
def test_a_file_is_named_by_any_kind_of_path(
    take: Callable[[Any], object], path: Path, kind: Callable[[Path], object]
) -> None:
    """A text, a Path and an `os.PathLike` find the same file."""
    assert take(kind(path))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("take", "path"), BY_FOLDER.values(), ids=BY_FOLDER)
def test_a_folder_is_named_by_any_kind_of_path(
    take: Callable[[Any], object], path: Path, kind: Callable[[Path], object]
) -> None:
    """The same of the folder in which a name is looked up."""
    assert take(kind(path))


@pytest.mark.parametrize("wrong", [3, None, b"weather", Bytes(), ""])
@pytest.mark.parametrize(("take", "_path"), BY_PATH.values(), ids=BY_PATH)
def test_what_is_no_path_is_told(
    take: Callable[[Any], object], _path: Path, wrong: object
) -> None:
    """Nothing raises the bare TypeError of the first line that it meets."""
    with pytest.raises(InputError, match=r"is no (path: give|name of a)"):
        take(wrong)


def test_the_text_says_what_to_give() -> None:
    """The value, and what would be right."""
    with pytest.raises(InputError) as path:
        given_path(3)
    with pytest.raises(InputError) as name:
        given_name(3, "cassette")

    assert str(path.value) == "3 is no path: give a text, or a pathlib.Path."
    assert str(name.value) == (
        "3 is no name of a cassette: give one such as 'weather', or the path of a file."
    )


def test_a_recording_is_written_where_use_cassette_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare file name lies in the folder of cassettes, whoever writes it."""
    monkeypatch.chdir(tmp_path)
    model = RecordingChatModel(FakeChatModel("Hi!"), "hello.yaml", mode="none")

    assert model.path == use_cassette("hello.yaml").path == Path("cassettes/hello.yaml")
