"""The command `harness seal`: a wanted edit of a cassette is made its own."""

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


def test_a_file_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is told, and no file is made."""
    assert main(["seal", str(tmp_path / "a.yaml")]) == 1

    assert "cannot be read" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
