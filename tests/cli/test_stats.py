"""`harness stats`: what cassettes are made of."""

import json
import re
from pathlib import Path

import pytest

from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.requests import ChatRequest
from harness.steps import Fault

USAGE = {"input_tokens": 1200, "output_tokens": 20, "total_tokens": 1220}


@pytest.fixture
def recorded(stored):
    """Give two cassettes, with a stream, a fault and a tool in them."""
    call = {"name": "get_weather", "args": {}, "id": "c"}
    calling = AIMessageChunk(
        tool_calls=[call], usage_metadata=USAGE, chunk_position="last"
    )
    other = ChatRequest((), model="other")
    one = stored("one", ("Sunny?", AIMessageChunk("Hm"), calling), ("Hi", "Hello!"))
    two = stored("two", (other, Fault("slow down", status=429)))
    return [one, two]


def size_of(*paths: Path) -> str:
    """Give the size of small files, as people read it."""
    return f"{sum(path.stat().st_size for path in paths)} B"


def test_all_of_it(recorded, capsys):
    """The sum, a row for each model, the largest files."""
    one, two = recorded
    assert main(["stats"]) == 0

    assert (
        capsys.readouterr().out
        == f"""\
   files  2 files, {size_of(one, two)}
   asked  3 exchanges, 3 chats, 2 streams
  faults  rate_limit 1
  tokens  1,200 input, 20 output
   tools  get_weather 1
  timing  first piece after 100 ms (95%: 100 ms), 200 tokens/s
recorded  2026-01-02

model  exchanges  streams  faults  input  output   first  tokens/s
m              2        2          1,200      20  100 ms       200
other          1                1

 largest  {size_of(one):>9}  cassettes/one.yaml
          {size_of(two):>9}  cassettes/two.yaml
"""
    )


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("file", ["cassettes/one.yaml", "cassettes/two.yaml"]),
        ("host", ["(none)"]),
        ("dialect", ["chat-harness"]),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_by_other_things(group, names, capsys):
    """A row for each file, host or wire format."""
    assert main(["stats", "cassettes", "--by", group]) == 0

    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert table[0].startswith(group)
    assert [line.split("  ")[0] for line in table[1:]] == names


@pytest.mark.usefixtures("recorded")
def test_json(capsys):
    """For machines."""
    assert main(["stats", "--json"]) == 0

    value = json.loads(capsys.readouterr().out)
    assert value["format"] == "chat-harness/statistics/1"
    assert value["total"]["tools"] == {"get_weather": 1}


@pytest.mark.usefixtures("recorded")
def test_damaged_files_are_told_and_counted(folder, capsys):
    """The others are counted all the same; status 1."""
    (folder / "cassettes" / "bad.yaml").write_text("interactions: [}")

    assert main(["stats", "--by", "host"]) == 1
    said = capsys.readouterr()
    assert "   files  3 files, " in said.out
    assert ", 1 unreadable\n   asked  3 exchanges" in said.out
    assert said.err.startswith("harness: cassettes/bad.yaml")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("terminal", "recorded")
def test_on_a_terminal(capsys):
    """There is a bar while files are read, and a line below the head of the table."""
    assert main(["stats"]) == 0

    said = capsys.readouterr()
    assert "───" in said.out
    assert "\x1b[1;36m" in said.out
    assert "reading" in said.err


@pytest.mark.usefixtures("terminal", "recorded")
def test_on_a_narrow_terminal(monkeypatch, capsys):
    """No column is lost: the terminal wraps what has no room."""
    monkeypatch.setenv("COLUMNS", "20")

    assert main(["stats"]) == 0

    head = next(
        line for line in capsys.readouterr().out.splitlines() if "exchanges  " in line
    )
    assert [*re.sub("\x1b\\[[0-9;]*m", "", head).split()] == [
        "model",
        "exchanges",
        "streams",
        "faults",
        "input",
        "output",
        "first",
        "tokens/s",
    ]


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_safe(stored, monkeypatch, capsys):
    """Names that were recorded are shown, not obeyed."""
    monkeypatch.setenv("COLUMNS", "120")
    stored("bad", (ChatRequest((), model="m\x1b]0;owned\x07"), "Hi"))

    assert main(["stats"]) == 0
    seen = capsys.readouterr().out
    assert "\x07" not in seen
    assert r"m\x1b]0;owned\x07" in seen


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["empty"], "There is no cassette in 'empty'."),
        ([], "There is no file or folder 'cassettes'."),
    ],
)
def test_nothing_recorded(folder, capsys, argv, told):
    """A folder that is empty, or not there, is told."""
    (folder / "empty").mkdir()

    assert main(["stats", *argv]) == 1
    assert capsys.readouterr().err == f"harness: {told}\n"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--by", "modle"], "no --by is 'modle'. Did you mean 'model'? There are: "),
        (["--jsno"], "there is no '--jsno' here. Did you mean --json?"),
    ],
)
def test_wrong_use(capsys, argv, told):
    """Status 2, and a line."""
    with pytest.raises(SystemExit) as ended:
        main(["stats", *argv])

    assert ended.value.code == 2
    assert f"harness stats: {told}" in capsys.readouterr().err
