"""`harness report`: what it writes, what it says, and how it ends."""

import sys
import webbrowser
from pathlib import Path

import pytest

from harness.cli import commands, main

ROOT = Path(__file__).parents[2]
SECRET = "sk-proj-Zq3vY8tR5wN2mK7pL4jH9gF6dS1aXcVbEuTiOyPw"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Run in a folder with a cassette, and with a script."""
    monkeypatch.chdir(tmp_path)
    for name in ("cassettes/weather.yaml", "fakes/weather.yaml"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text((ROOT / name).read_text("utf-8"), "utf-8")
    return tmp_path


def test_a_page_is_written(home, capsys):
    """Folders and files are read; one line tells of the page, and how large it is."""
    status = main(["report", "cassettes", "fakes/weather.yaml", "-o", "out/page.html"])

    page = (home / "out" / "page.html").read_text("utf-8")
    said, errors = capsys.readouterr()
    size = f"{len(page.encode()) / 1e3:.0f} kB"
    assert (status, errors) == (0, "")
    assert said == f"out/page.html: 5 conversations of 2 files, {size}\n"
    assert "<title>Conversations in cassettes, fakes/weather.yaml</title>" in page


def test_a_file_is_read_once(home, capsys):
    """Naming it again, or its folder, makes no second conversation of it."""
    assert main(["report", "cassettes", "cassettes/weather.yaml", "cassettes"]) == 0

    assert "4 conversations of 1 file, " in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="such names are no names there")
def test_a_name_that_is_no_text(home, capsys):
    """The page shows the bytes of a name that are no UTF-8, escaped."""
    name = b"fakes/a\xff.yaml".decode("utf-8", "surrogateescape")
    (home / "fakes/weather.yaml").rename(home / name)

    assert main(["report", name]) == 0

    page = (home / "report.html").read_text("utf-8")
    assert r"<title>Conversations in fakes/a\udcff.yaml</title>" in page
    assert capsys.readouterr().err == ""


def test_title_and_other_run(home, capsys):
    """The page can be called anything, and show a second run."""
    options = ["--title", "A & B", "--against", "cassettes/weather.yaml"]

    assert main(["report", "fakes", *options]) == 0

    assert "<title>A &amp; B</title>" in (home / "report.html").read_text("utf-8")
    assert "1 conversation of 1 file, " in capsys.readouterr().out


def test_a_damaged_file_is_told_and_the_page_is_there(home, capsys):
    """The rest is shown; the status is 1, and stderr has a line."""
    (home / "cassettes" / "b.yaml").write_text("interactions: [{request: {", "utf-8")

    status = main(["report", "cassettes"])

    said, errors = capsys.readouterr()
    assert status == 1
    assert errors.startswith("harness: cassettes/b.yaml, line 2 is damaged: ")
    assert errors.count("\n") == 1
    assert "4 conversations of 2 files" in said
    assert (home / "report.html").exists()


def test_hidden_secrets_are_told(home, capsys):
    """Where a file holds a secret, the page does not, and stderr says so."""
    path = home / "cassettes" / "weather.yaml"
    text = path.read_text("utf-8").replace("Hello!", f"Hello {SECRET}!")
    path.write_text(text, "utf-8")

    status = main(["report", "cassettes", "--title", f"For {SECRET}"])

    errors = capsys.readouterr().err
    assert status == 0
    assert errors.startswith(
        "harness: Credentials, cookies or ids were hidden: in 3 places, the first is "
        "cassettes/weather.yaml, interaction 1 (line 4). "
    )
    assert errors.endswith("The files still have them.\n")
    assert SECRET not in (home / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-such"], "There is no file or folder 'no-such'."),
        (["empty"], "There is no cassette in 'empty'."),
        (
            ["cassettes", "-o", "empty"],
            "empty is a folder: name the file, -o empty/report.html.",
        ),
        (
            ["cassettes", "-o", "cassettes/weather.yaml"],
            "cassettes/weather.yaml is a name for a cassette or a script: call the",
        ),
        (
            ["cassettes", "--against", "gone"],
            "There is no file or folder 'gone'.",
        ),
        (
            ["cassettes", "-o", "cassettes/weather.yaml/page.html"],
            "cassettes/weather.yaml/page.html: cannot be saved: File exists",
        ),
    ],
)
def test_wrong_use_is_one_line(home, capsys, arguments, told):
    """What is missing, empty or in the way is said; nothing is written."""
    (home / "empty").mkdir()

    status = main(["report", *arguments])

    assert status == 1
    assert capsys.readouterr().err.startswith(f"harness: {told}")
    assert not (home / "report.html").exists()


def test_without_a_path_it_says_how(home, capsys):
    """The command line is checked before anything is read."""
    with pytest.raises(SystemExit) as ended:
        main(["report"])

    assert ended.value.code == 2
    assert "the following arguments are required: PATH" in capsys.readouterr().err


def test_it_can_be_opened(home, capsys, monkeypatch):
    """With --open the browser gets the address of the file."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    main(["report", "fakes", "--open"])

    assert opened == [(home / "report.html").resolve().as_uri()]


def test_other_commands_do_not_load_it():
    """`harness --help` stays light."""
    assert "harness.report" not in Path(commands.__file__).read_text("utf-8")
    assert sys.modules["harness.cli"]
