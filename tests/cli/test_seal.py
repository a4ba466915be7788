"""The command `harness seal`: a wanted edit of a cassette is made its own."""

import gzip
import os
from pathlib import Path

import pytest

from harness.cassettes import Interaction, load_cassette, write_cassette
from harness.cli import main


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """Give a cassette that was edited."""
    path = tmp_path / "a.yaml"
    found = Interaction("GET", "https://a.b/", 200, response_body=b"Hello!")
    path.write_text(write_cassette([found]).replace("Hello", "Goodbye"), "utf-8")
    return path


def test_an_edit_is_sealed(edited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what had changed; the next time there is nothing to say."""
    assert main(["seal", str(edited)]) == 0
    assert main(["seal", str(edited)]) == 0

    assert capsys.readouterr().out == (
        f"sealed {edited}, interaction 1 (line 2)\n{edited}: all was sealed already\n"
    )
    assert load_cassette(edited, seals="error")[0].response_body == b"Goodbye!"


def test_a_link_stays_a_link(edited: Path, tmp_path: Path) -> None:
    """The file that it leads to is sealed."""
    link = tmp_path / "link.yaml"
    link.symlink_to(edited.name)

    assert main(["seal", str(link)]) == 0

    assert link.is_symlink()
    assert load_cassette(edited, seals="error")


def test_a_packed_file_stays_packed(edited: Path, tmp_path: Path) -> None:
    """It is sealed as any other."""
    path = tmp_path / "b.yaml.gz"
    path.write_bytes(gzip.compress(edited.read_bytes()))

    assert main(["seal", str(path)]) == 0

    assert gzip.decompress(path.read_bytes())
    assert load_cassette(path, seals="error")


def test_what_was_sealed_is_not_touched(edited: Path) -> None:
    """Not even its time changes."""
    main(["seal", str(edited)])
    os.utime(edited, (1, 1))

    assert main(["seal", str(edited)]) == 0
    assert edited.stat().st_mtime == 1


def test_others_are_sealed(edited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that cannot be does not stop the rest."""
    gone = edited.with_name("gone.yaml")

    assert main(["seal", str(gone), str(edited)]) == 1

    assert capsys.readouterr().err == (
        f"harness: {gone}: cannot be read: No such file or directory.\n"
    )
    assert load_cassette(edited, seals="error")


def test_json_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cassettes are written as YAML; it says how to make one."""
    path = tmp_path / "a.json"
    text = '{"version": 1, "interactions": []}'
    path.write_text(text, "utf-8")

    assert main(["seal", str(path)]) == 1

    assert path.read_text("utf-8") == text
    assert capsys.readouterr().err == (
        f"harness: {path} is JSON, and cassettes are written as YAML: it is as it was. "
        f"Make one of it first, with harness convert {path}; or record it again.\n"
    )


def test_a_file_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is told, and no file is made."""
    assert main(["seal", str(tmp_path / "a.yaml")]) == 1

    assert "cannot be read" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
