"""The command `harness`: what it prints, and how it ends."""

import io
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from harness import __version__
from harness.cli import main
from harness.cli.commands import COMMANDS
from harness.cli.demo import _connections
from harness.errors import CassetteWarning, HarnessError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(monkeypatch):
    """Run in the repository, where the demo finds its files; without any color."""
    monkeypatch.chdir(ROOT)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    "shown",
    [
        " user  What's the weather in Boston and Tokyo?",
        "model  Let│ me│ look│.│",
        'get_weather {"lo│catio│n": "B│osto│n"}│',
        'get_weather {"lo│catio│n": "T│okyo│"}│',
        " tool  Boston: 72°F and sunny",
        " tool  Tokyo: 64°F and raining",
        "and│ 64│°│F│ with│ light│ rain│ in│ Tokyo│.│",
        'with tool_choice="any"',
        'get_weather {"lo│catio│n": "P│aris│"}│',
        "model  get_time {",
        "model  Hello! Ask me about the weather anywhere.",
        "model  Hello!│ Ask│ me│ about│ the│ weather│ anywhere.│",
        'get_weather {"│location│":"│Tokyo│"}│',
        "and│ sunny│ in│ Boston,│ and│ 64°F│ and│ raining│ in│ Tokyo.│",
        "ScriptError: ",
        "Did you mean 'get_weather'?",
        "tool_choice get_time\n  -> turn 1: call of get_time",
    ],
)
def test_demo_shows(capsys, shown):
    """The demo plays, streams, forces, replays, catches a mistake, and sums up."""
    status = main(["demo"])

    assert status == 0
    assert shown in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_demo_is_offline_and_says_so(capsys):
    """The last line counts the calls of the models, and the network's."""
    main(["demo"])

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "all offline: 10 calls, 0 network connections"


@pytest.mark.usefixtures("repository")
def test_demo_is_deterministic(capsys):
    """The demo shows the same each time."""
    main(["demo"])
    first = capsys.readouterr().out
    main(["demo"])

    assert capsys.readouterr().out == first


@pytest.mark.usefixtures("repository")
def test_demo_prints_to_any_stream(monkeypatch):
    """Standard output may be replaced by anything that takes text."""
    monkeypatch.setattr("sys.stdout", io.StringIO())

    assert main(["demo"]) == 0
    assert "72°F" in sys.stdout.getvalue()


@pytest.mark.usefixtures("repository")
def test_demo_survives_a_poor_terminal(monkeypatch):
    """A character that the terminal does not know is shown as another."""
    poor = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", poor)

    assert main(["demo"]) == 0
    poor.seek(0)
    assert "72?F" in poor.read()


@pytest.mark.usefixtures("repository")
def test_demo_is_plain_where_there_is_no_terminal(capsys):
    """What goes into a file or a pipe has no color."""
    main(["demo"])

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_demo_is_colored_on_request(capsys, monkeypatch):
    """FORCE_COLOR colors what goes into a pipe, too."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    main(["demo"])

    assert "\x1b[32m" in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
def test_demo_has_no_color_where_none_is_wanted(capsys, monkeypatch):
    """NO_COLOR wins, even on a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    main(["demo"])

    assert "\x1b[32m" not in capsys.readouterr().out


def test_demo_away_from_the_repository(capsys, monkeypatch, tmp_path):
    """Without its files the demo says which one it misses, and where it looked."""
    monkeypatch.chdir(tmp_path)

    assert main(["demo"]) == 1
    assert capsys.readouterr().err == (
        f"harness: the demo plays {Path('fakes/weather.yaml')}, which is not in "
        f"{tmp_path}. Run it in a checkout of chat-harness: make demo.\n"
    )


def test_connections_are_counted():
    """Whoever tries to connect is noticed, also if nobody is there."""
    before = len(_connections())
    with socket.socket(socket.AF_UNIX) as tried, pytest.raises(FileNotFoundError):
        tried.connect("/nowhere/at/all")

    assert len(_connections()) == before + 1


def test_version(capsys):
    """--version tells name and version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"chat-harness {__version__}\n"


def test_it_is_a_module_too():
    """Where the command is not on the path, python -m harness does the same."""
    command = [sys.executable, "-m", "harness", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ended.stdout == f"chat-harness {__version__}\n"


@pytest.mark.parametrize("kind", ["script", "cassette", "conversation"])
def test_schema_is_that_of_the_documentation(kind, capsys):
    """Each schema that is printed is the file that the pages link to."""
    assert main(["schema", kind]) == 0

    stored = ROOT / "docs" / "schemas" / f"{kind}.json"
    assert capsys.readouterr().out == stored.read_text(encoding="utf-8")


def test_a_schema_that_there_is_not(capsys):
    """The wrong kind is told with the right ones."""
    with pytest.raises(SystemExit) as ended:
        main(["schema", "fake"])

    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert (
        "no KIND is 'fake'. There are: script, cassette, conversation, openapi." in told
    )


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (
            [],
            "harness: the following arguments are required: COMMAND. See harness",
        ),
        (["dmeo"], "harness: no COMMAND is 'dmeo'. Did you mean 'demo'? There are: "),
        (["demo", "--fast"], "harness demo: there is no '--fast' here. See harness "),
        (
            ["serve", "--prot=1"],
            "harness serve: there is no '--prot=1' here. Did you mean --port? See",
        ),
        (["serve", "--port", "x"], "--port: 'x' is no port; give a number from 0 to"),
        (["serve", "--port", "65536"], "--port: '65536' is no port; give a number"),
        (["serve", "w", "--speed=-1"], "--speed: '-1' is no speed; give a number from"),
        (["play", "w", "--speed", "nan"], "--speed: 'nan' is no speed; give a number"),
        (["play", "w", "--tool", "x"], "--tool: 'x': give it as NAME=RESULT. See"),
        (["serve", "w", "--chaos", "rest=1"], "'rest=1': Did you mean 'reset'? Known"),
        (["serve", "w", "--chaos", "reset=often"], "reset='often': give a rate from 0"),
        (["serve", "w", "--chaos", "seed=0.5"], "seed='0.5': give a whole number. See"),
        (
            ["serve", "w", "--tokens-per-minute", "0"],
            "'0' is no quota; give a number f",
        ),
        (
            ["serve", "w", "--requests-per-minute", "x"],
            "'x' is no quota; give a number",
        ),
        (["proxy", "--upstream", "x", "--cassette", "y"], "upstream='x': give the URL"),
        (
            ["refresh", "--key-variable", "x"],
            "-variable: 'x' names no key: give a host",
        ),
        (["refresh", "--older-than", "soon"], "'soon' is no age; give one such as 90d"),
        (["check", "--ignore", "sael"], "no rule is 'sael'. Did you mean 'seal'?"),
        (
            ["proxy", "--upstream", "http://u", "--cassette", "c", "--mode", "onec"],
            "harness proxy: no --mode is 'onec'. Did you mean 'once'? There are: ",
        ),
    ],
)
def test_wrong_use(capsys, argv, told):
    """A command that there is none of ends with status 2 and one line on the use."""
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_help(capsys, name):
    """Each command tells what it does, and what it takes."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.lower().split())
    assert f"usage: harness {name}" in shown
    assert COMMANDS[name][1].lower() in shown


def test_all_commands_are_listed(capsys):
    """The help of the whole has a line for each command."""
    with pytest.raises(SystemExit):
        main(["--help"])

    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"  {name} " not in shown] == []


@pytest.mark.parametrize("command", ["schema", "stats", "show openai-weather", "demo"])
def test_a_reader_that_goes_away(command):
    """A pipe that is closed ends the command, and nothing is said of it."""
    run = f"from harness.cli import main; exit(main({command.split()}))"
    with subprocess.Popen(
        [sys.executable, "-c", run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (HarnessError("it is broken."), 1, "harness: it is broken.\n"),
        (
            OSError(28, "No space left", "a.yaml"),
            1,
            "harness: a.yaml: No space left.\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_a_command_raises(capsys, monkeypatch, raised, status, told):
    """Errors are told in a line; who stops a command need not be told."""

    def broken():
        raise raised

    monkeypatch.setattr("harness.cli.demo.demo", broken)
    monkeypatch.setattr("sys.stdout", sys.stdout)

    assert main(["demo"]) == status
    assert capsys.readouterr().err == told


def redirected_to(place, command, **environ):
    """Run the command in a shell that sends a stream elsewhere."""
    run = f"from harness.cli import main; exit(main({command.split()}))"
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {place}', sys.executable, run],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **environ},
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="there is no such shell")
@pytest.mark.parametrize("redirected", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize(
    "command",
    [
        "play fakes/weather.yaml",
        "show fakes/weather.yaml",
        "refresh --older-than 0d cassettes/weather.yaml",
    ],
)
def test_a_stream_that_is_closed(command, redirected):
    """It is as one that says and takes nothing; there is no traceback."""
    ended = redirected_to(redirected, command, OPENAI_API_KEY="sk-none")

    assert ended.returncode == (2 if command.startswith("refresh") else 0)
    assert b"Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["show fakes/weather.yaml", "show --help"])
def test_a_disk_that_is_full(command, unbuffered):
    """What cannot be printed is told in a line, and is an error."""
    ended = redirected_to("> /dev/full", command, PYTHONUNBUFFERED=unbuffered)

    assert ended.stderr == b"harness: No space left on device.\n"
    assert ended.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="such names are no names there")
@pytest.mark.parametrize(
    "command", ["check", "diff hi.yaml", "redact", "refresh --dry-run", "seal", "stats"]
)
def test_a_name_that_a_terminal_obeys(command, capsys, monkeypatch, tmp_path):
    """The name of a file is shown, not obeyed."""
    monkeypatch.chdir(tmp_path)
    Path("a\x1b[2J.yaml").write_text("turns: 7\n", "utf-8")

    main([*command.split(), "a\x1b[2J.yaml"])

    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert out + err


def test_warnings_are_lines(capsys, monkeypatch):
    """What the library warns of is told as the command's own word."""

    def warned():
        warnings.warn("look here", CassetteWarning, stacklevel=1)

    monkeypatch.setattr("harness.cli.demo.demo", warned)

    assert main(["demo"]) == 0
    assert capsys.readouterr().err == "harness: warning: look here\n"
