"""`harness play`: a talk with a script or a cassette."""

import io
import sys

import pytest

from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.messages import AIMessage, HumanMessage, SystemMessage
from harness.requests import ChatRequest

SCRIPT = """\
turns:
- say: [Let me look., {call: get_weather, args: {location: Boston}}]
  when: {text: Boston}
- say: It is sunny.
  when: {result_of: get_weather}
- fail: 429
- say: [{think: Hm.}, Bye.]
"""


@pytest.fixture
def typed(folder, monkeypatch):
    """Give what types lines into standard input, and write a script."""
    (folder / "fakes").mkdir()
    (folder / "fakes" / "trip.yaml").write_text(SCRIPT)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def typing(*lines: str) -> None:
        text = "".join(f"{line}\n" for line in lines)
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return typing


def test_a_talk(typed, capsys):
    """Questions, calls and their results, faults, commands; what is left."""
    typed("Boston?", "72°F", "", "More?", "/calls", "/left", "And?", "/quit", "never")

    assert main(["play", "trip"]) == 0
    assert (
        capsys.readouterr().out
        == """\
    user  Boston?
   model  Let me look.
   calls  get_weather {"location": "Boston"}
What does get_weather(location="Boston") give?
    tool  72°F
   model  It is sunny.
    user  More?
   fault  rate limit (scripted) [status 429]
    user  /calls
   calls  human: 'Boston?'; tools get_weather -> turn 1: 'Let me look.', \
call of get_weather
          tool: '72°F'; tools get_weather -> turn 2: 'It is sunny.'
          human: 'More?'; tools get_weather -> turn 3 failed: rate limit (scripted)
    user  /left
    left  turn 4 (fakes/trip.yaml:7): 'Hm.', 'Bye.'
    user  And?
  thinks  Hm.
   model  Bye.
    user  /quit
    left  nothing: all was played
"""
    )


def test_messages_and_results_as_options(typed, capsys):
    """Nothing is asked: what is said and what tools give is known."""
    typed()
    given = ["--message", "Boston?", "--message", "So?", "--tool", 'get_weather="72°F"']

    assert main(["play", "trip", *given]) == 0
    assert (
        capsys.readouterr().out
        == """\
    user  Boston?
   model  Let me look.
   calls  get_weather {"location": "Boston"}
    tool  get_weather: 72°F
   model  It is sunny.
    user  So?
   fault  rate limit (scripted) [status 429]
    left  1 of 4 turns not played:
          turn 4 (fakes/trip.yaml:7): 'Hm.', 'Bye.'
"""
    )


@pytest.mark.parametrize(
    ("lines", "more", "status"),
    [
        (["Boston?", "72°F", "x", "x"], ["--strict"], 0),
        (["Boston?", "72°F"], ["--strict"], 1),
        (["Boston?", "72°F"], [], 0),
        (["Boston?", "72°F", "x", "x", "x"], ["--strict"], 1),
        (["Boston?", "72°F", "x", "x", "x"], [], 0),
    ],
)
def test_strict(typed, lines, more, status):
    """Turns that are left, and questions without an answer, are wrong on request."""
    typed(*lines)

    assert main(["play", "trip", "--speed", "0", *more]) == status


def test_what_has_no_answer_is_a_line_and_the_talk_goes_on(typed, capsys):
    """What was asked in vain is taken back."""
    typed("Boston?", "72°F", "More?", "And?", "Still there?", "/reset", "Boston?", "1")

    assert main(["play", "trip"]) == 0
    out = capsys.readouterr().out.splitlines()
    errors = [line for line in out if line.startswith("   error")]
    assert len(errors) == 1
    assert errors[0].startswith("   error  The script has 4 turns, all played, and is")
    assert out[-3:] == [
        "    left  2 of 4 turns not played:",
        "          turn 3 (fakes/trip.yaml:6): failure: rate limit (scripted)",
        "          turn 4 (fakes/trip.yaml:7): 'Hm.', 'Bye.'",
    ]


def test_a_result_that_nobody_gives(typed, capsys):
    """The end of the input is no result."""
    typed("Boston?")

    assert main(["play", "trip", "--strict"]) == 1
    assert (
        "   error  Nobody said what get_weather gives. Say it with --tool "
        "get_weather=RESULT.\n"
    ) in capsys.readouterr().out


def test_commands_that_there_are_not(typed, capsys):
    """They are told; /help tells those that there are; /left and /calls begin empty."""
    typed("/hlep", "/help", "/calls")

    main(["play", "trip"])
    out = capsys.readouterr().out
    assert "   error  There is no /hlep. /help tells more.\n" in out
    assert "/reset  begin the file anew" in out
    assert "   calls  none yet\n" in out


def test_a_cassette(stored, typed, capsys):
    """It is asked by messages alone, its system prompt first; /new begins again."""
    system = SystemMessage("Be brief.")
    asked = [
        ChatRequest((system, HumanMessage(text)), model="m") for text in ("Hi", "Bye")
    ]
    more = (system, HumanMessage("Hi"), AIMessage("Hello!"), HumanMessage("So?"))
    stored(
        "talk", (asked[0], "Hello!"), (asked[1], "Bye!"), (ChatRequest(more), "Yes.")
    )
    typed("Hi", "So?", "Bye", "/new", "Bye", "/calls")

    assert main(["play", "talk", "--strict"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[:6] == [
        "  system  Be brief.",
        "    user  Hi",
        "   model  Hello!",
        "    user  So?",
        "   model  Yes.",
        "    user  Bye",
    ]
    assert out[6].startswith("   error  the cassette 'cassettes/talk.yaml' has no")
    assert out[7:11] == [
        "    user  /new",
        "  system  Be brief.",
        "    user  Bye",
        "   model  Bye!",
    ]
    assert out[-1] == "    left  nothing: all was played"
    assert [line.rpartition(": ")[2] for line in out[12:15]] == [
        "'Hi'",
        "'Bye'",
        "'So?'",
    ]


def test_what_is_said_is_harmless(stored, typed, capsys):
    """What a terminal would obey is shown."""
    chunk = AIMessageChunk("a\x1b]0;owned\x07\nb", chunk_position="last")
    stored("bad", ("Hi", chunk))
    typed("Hi")

    assert main(["play", "bad"]) == 0
    assert "   model  a\\x1b]0;owned\\x07\n          b\n" in capsys.readouterr().out


def test_input_that_is_no_text(typed, monkeypatch, capsys):
    """It is told in a line."""
    typed()
    binary = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", binary)

    assert main(["play", "trip"]) == 1
    assert capsys.readouterr().err.startswith("harness: Standard input is no text: ")


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["tirp"], "There is no file 'tirp', and neither a cassette nor a script"),
    ],
)
def test_bad_input(capsys, argv, told):
    """One line, and status 1."""
    assert main(["play", *argv]) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"harness: {told}")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("typed")
def test_in_a_terminal(in_a_terminal):
    """Lines are edited, results asked for, and Ctrl-D ends well."""
    status, seen = in_a_terminal(
        "play",
        "trip",
        typed=[
            ("user", "Bostom\x7fn?\n"),
            ("tool", "72°F\n"),
            ("sunny", ""),
            ("user", "\x04"),
        ],
    )

    assert status == 0
    assert "fakes/trip.yaml: a script of 4 turns; tools: get_weather." in seen
    assert "\x1b[32mLet\x1b[0m\x1b[32m me\x1b[0m" in seen
    assert "2 of 4 turns not played" in seen


def test_control_c_stops_an_answer(folder, in_a_terminal):
    """What was said so far is kept, and the talk goes on."""
    (folder / "slow.yaml").write_text(
        "turns: [{say: [One, {pause: 600}, two.]}, Three.]\n"
    )

    status, seen = in_a_terminal(
        "play",
        "slow.yaml",
        typed=[
            ("user", "Count!\n"),
            ("One", "\x03"),
            ("user", "Go on!\n"),
            ("Three", "/quit\n"),
        ],
    )

    assert status == 0
    assert "(stopped)" in seen
    assert "nothing: all was played" in seen


def test_control_c_at_the_prompt_ends_nothing(folder, monkeypatch, capsys):
    """The question is asked again.

    In a real terminal readline may sleep through a signal until the next key.
    """
    (folder / "a.yaml").write_text("turns: [Hello!]\n")
    typed = iter([KeyboardInterrupt, "Hi", EOFError])

    def answered(prompt):
        said = next(typed)
        if isinstance(said, str):
            return said
        raise said

    monkeypatch.setattr("builtins.input", answered)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    assert main(["play", "a.yaml"]) == 0
    assert "Hello!" in capsys.readouterr().out
