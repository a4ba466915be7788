"""`harness show`: what is recorded or scripted, as people read it."""

import json
import shutil
from pathlib import Path

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec
from harness.transcripts import read_transcript

ROOT = Path(__file__).parents[2]
TOOL = ToolSpec("get_weather", "Weather.", {"properties": {"location": {}}})
CALL = {"name": "get_weather", "args": {"location": "Boston"}, "id": "c1"}
USAGE = {
    "input_tokens": 12,
    "output_tokens": 30,
    "total_tokens": 42,
    "input_token_details": {"cache_read": 8},
}


@pytest.fixture
def agent(stored):
    """Give a cassette in which an agent asks twice."""
    system, user = SystemMessage("Be brief."), HumanMessage("Sunny in Boston?")
    asked = ChatRequest(
        (system, user),
        tools=(TOOL,),
        tool_choice=ToolChoice("any"),
        model="m",
        params={"temperature": 0.5},
        stream=True,
    )
    calling = AIMessageChunk(
        [{"type": "reasoning", "reasoning": "Let me look."}],
        tool_calls=[CALL],
        usage_metadata=USAGE,
        response_metadata={"finish_reason": "tool_calls"},
    )
    told = ChatRequest(
        (
            system,
            user,
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("72°F", tool_call_id="c1"),
        ),
        tools=(TOOL,),
        model="m",
    )
    return stored("agent", (asked, calling), (told, "Yes."))


AGENT = """\
cassettes/agent.yaml: a cassette of 2 interactions

Conversation 1, 2 exchanges: chat-harness m

#1 cassettes/agent.yaml:3  streamed  2026-01-02T03:04:05Z
   tools  get_weather(location)
  choice  any
  params  temperature=0.5
  system  Be brief.
    user  Sunny in Boston?
  thinks  Let me look.
   calls  get_weather(location="Boston")
          finished: tool_calls; 42 tokens: 12 in (8 cache_read), 30 out
          all after 100 ms

#2 cassettes/agent.yaml:{line}  2026-01-02T03:04:05Z
    tool  72°F
   model  Yes.
          all after 100 ms
"""


def line_of(path: Path, number: int) -> int | None:
    """Give the line in which an exchange stands."""
    return read_transcript(path).exchanges[number - 1].line


def test_a_conversation(agent, capsys):
    """Roles, tools, calls, reasoning, usage and time; each message once."""
    assert main(["show", "agent"]) == 0

    assert capsys.readouterr().out == AGENT.format(line=line_of(agent, 2))


def test_one_exchange_has_all_that_was_said_before(agent, capsys):
    """A number shows one exchange, with its whole history."""
    assert main(["show", str(agent), "2"]) == 0

    assert (
        capsys.readouterr().out
        == f"""
#2 {agent}:{line_of(agent, 2)}  2026-01-02T03:04:05Z
   tools  get_weather(location)
  system  Be brief.
    user  Sunny in Boston?
   calls  get_weather(location="Boston")
    tool  72°F
   model  Yes.
          all after 100 ms
"""
    )


def test_a_script(folder, capsys):
    """The turns, when they apply, and what takes time or fails."""
    (folder / "fakes").mkdir()
    (folder / "fakes" / "trip.yaml").write_text(
        "turns:\n"
        "- say: [Well, {pause: 2}, {call: search, args: {q: sky}}]\n"
        "  when: {text: trip}\n"
        "- fail: 429\n  retry_after: 3\n"
        "- auto: true\n"
    )

    assert main(["show", "trip"]) == 0
    assert (
        capsys.readouterr().out
        == """\
fakes/trip.yaml: a script of 3 turns

#1 fakes/trip.yaml:2  when text 'trip'
   model  Well
   calls  search(q="sky")
          finished: tool_calls
          first after 0 ms; all after 2,000 ms; a gap of 2,000 ms

#2 fakes/trip.yaml:4
   fault  rate_limit (429): rate limit (scripted); wait 3 s

#3 fakes/trip.yaml:6  made up from the request
"""
    )


def test_all_sorts_of_content(stored, capsys):
    """Media are placeholders; refusals, citations and bad calls are told."""
    parts = [
        {"type": "image", "mime_type": "image/png", "base64": "A" * 400},
        {"type": "image", "url": "https://a.b/c.png"},
        {"type": "file", "file_id": "file-1"},
    ]
    answer = AIMessageChunk(
        [
            {
                "type": "text",
                "text": "See.",
                "annotations": [
                    {"type": "citation", "title": "Sky", "url": "https://a.b"}
                ],
            },
            {"type": "refusal", "refusal": "I won't."},
            {"type": "non_standard", "value": {"x": 1}},
            {"type": "server_tool_call", "name": "look", "args": {}, "id": "s"},
            {
                "type": "server_tool_result",
                "tool_call_id": "s",
                "status": "success",
                "output": [{"title": "Sky", "url": "https://a.b", "page": "x"}, 7],
            },
        ],
        invalid_tool_calls=[
            {"name": "f", "args": "{", "id": "c", "error": "cut short"}
        ],
        chunk_position="last",
    )
    form = ResponseFormat("json_schema", {"type": "object"})
    asked = ChatRequest(
        (HumanMessage(parts),),
        response_format=form,
        stop=("END",),
        parallel_tool_calls=False,
    )
    stored("all", (asked, answer, Fault("gone", kind="interrupted")))

    main(["show", "all"])
    assert (
        capsys.readouterr().out.partition("03:04:05Z\n")[2]
        == """\
    form  json_schema {"type": "object"}
  params  parallel_tool_calls=false, stop=["END"]
   image  (image/png, 300 bytes)
   image  (https://a.b/c.png)
    file  (file-1)
   model  See.
   cites  Sky https://a.b
 refuses  I won't.
    says  non_standard {"value": {"x": 1}}
    tool  Sky https://a.b
          7
   calls  look()
   calls  f({): cut short
          all after 100 ms
   fault  interrupted: gone
"""
    )


def test_a_stream_is_drawn(stored, capsys):
    """How much came when is seen at a glance."""
    pieces = [AIMessageChunk("x" * n) for n in (1, 2, 4, 8, 8, 4, 2)]
    stored("drawn", ("Go!", *pieces, AIMessageChunk("x", chunk_position="last")))

    main(["show", "drawn"])
    assert "\n          [    ▁   ▂   ▄   █   █   ▄   ▂  ▁]\n" in capsys.readouterr().out


ATTACK = "\x1b]0;owned\x07 and \u202egnp.exe \x9b31m\r\x00"


@pytest.mark.parametrize("more", [[], ["--raw"], ["--json"], ["--full"]])
def test_nothing_recorded_reaches_the_terminal(terminal, stored, capsys, more):
    """Escape sequences and marks that turn text around are shown, not obeyed."""
    call = {"name": f"f{ATTACK}", "args": {ATTACK: ATTACK}, "id": "c"}
    answer = AIMessageChunk(ATTACK, tool_calls=[call], chunk_position="last")
    stored("bad", (ATTACK, answer, Fault(ATTACK, kind="interrupted")))

    main(["show", "bad", *more])
    seen = capsys.readouterr().out
    assert "owned" in seen
    assert not {*"\x07\x9b\u202e\x00\r"} & {*seen}
    assert "\x1b]" not in seen


def test_json_has_no_numbers_that_are_none(tmp_path, capsys):
    """What JSON has no number for is a text: every program can read what is printed."""
    body = b'{"model": "m", "temperature": 1e999, "messages": []}'
    one = Interaction(
        "POST",
        "https://a.b/chat/completions",
        200,
        request_headers=(),
        request_body=body,
    )
    path = tmp_path / "a.yaml"
    path.write_text(write_cassette([one]), "utf-8")

    main(["show", str(path), "--json"])

    value = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    params = value["exchanges"][0]["request"]["params"]
    assert params == {"temperature": "1e999"}


def test_json_says_the_same(stored, capsys):
    """What is escaped in JSON is the same value."""
    stored("bad", (f"{ATTACK}\ud800", "Hi"))

    main(["show", "bad", "--json"])
    value = json.loads(capsys.readouterr().out)
    assert value["exchanges"][0]["request"]["messages"][0]["content"].startswith(ATTACK)


def test_markup_is_text(stored, capsys):
    """What looks like the markup of our terminal library is no such thing."""
    stored("markup", ("[red]is[/red] [/nothing]", ":smile: [link=https://a.b]x"))

    main(["show", "markup"])
    seen = capsys.readouterr().out
    assert "    user  [red]is[/red] [/nothing]\n" in seen
    assert "   model  :smile: [link=https://a.b]x\n" in seen


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_it_is_wrapped_and_cut(stored, capsys):
    """Long texts are cut short there; --full shows all, and no color on request."""
    stored("long", ("Tell!", "word " * 1000))

    main(["show", "long"])
    cut = capsys.readouterr().out
    main(["show", "long", "--full"])
    full = capsys.readouterr().out

    assert "... (3,800 more; --full)" in " ".join(cut.split())
    assert full.count("word") == 1000
    assert "\x1b[32m" in cut
    assert max(map(len, full.splitlines())) <= 100  # with its colors


@pytest.mark.usefixtures("terminal")
def test_no_color_is_respected(stored, monkeypatch, capsys):
    """NO_COLOR takes the colors away."""
    monkeypatch.setenv("NO_COLOR", "1")
    stored("plain", ("Tell!", "Yes."))

    main(["show", "plain"])
    assert "\x1b[3" not in capsys.readouterr().out


def test_what_is_piped_is_whole(stored, capsys):
    """Where there is no terminal nothing is cut, wrapped or colored."""
    stored("long", ("Tell!", f"{'word ' * 1000}and the last"))

    main(["show", "long"])
    assert f"   model  {'word ' * 1000}and the last\n" in capsys.readouterr().out


@pytest.mark.usefixtures("agent")
def test_in_a_real_terminal(in_a_terminal):
    """The same in a pseudo terminal."""
    status, seen = in_a_terminal("show", "agent")

    assert status == 0
    assert "\x1b[1;33m    tool  \x1b[0m\x1b[33m72°F\x1b[0m\n" in seen


# ------------------------------------------------------------------------ raw


def wire(**fields) -> Interaction:
    """Give what a provider of our own says."""
    said = {
        "method": "POST",
        "url": "https://api.openai.com/v1/chat/completions",
        "status": 200,
        "reason": "OK",
        "http_version": "HTTP/1.1",
        "request_headers": (("content-type", "application/json"),),
        "request_body": b'{"model":"m","stream":true,"messages":[]}',
        "response_headers": (("content-type", "text/event-stream"),),
    }
    return Interaction(**(said | fields))


def test_raw_shows_events_with_their_times(folder, capsys):
    """A request laid out; an event stands where it was complete."""
    pieces = (b'data: {"a":', b" 1}\n\ndata: [DONE]", b"\n\n")
    stream = wire(
        response_body=b"".join(pieces),
        response_chunks=pieces,
        chunk_times=(10, 20, 1500),
        ended="interrupted",
        failure="reset",
    )
    whole = wire(
        status=500,
        reason="Oops",
        request_body=b"",
        response_headers=(),
        response_body=b"\xff\xfe",
    )
    (folder / "a.yaml").write_text(write_cassette([stream, whole]), "utf-8")

    assert main(["show", "a.yaml", "--raw"]) == 0
    out = capsys.readouterr().out
    first, second = out.split("\n\n")
    assert (
        first
        == """\
#1 a.yaml:2
> POST https://api.openai.com/v1/chat/completions
> content-type: application/json
{
  "model": "m",
  "stream": true,
  "messages": []
}
< 200 OK HTTP/1.1
< content-type: text/event-stream
     20 ms  {"a": 1}
  1,500 ms  [DONE]
interrupted: reset"""
    )
    assert second.endswith("< 500 Oops HTTP/1.1\n(2 bytes that are no text)\n")


def test_raw_json(agent, capsys):
    """For machines, with headers and bodies."""
    assert main(["show", "agent", "1", "--raw", "--json"]) == 0

    value = json.loads(capsys.readouterr().out)
    assert [one["number"] for one in value["exchanges"]] == [1]
    assert value["exchanges"][0]["raw"]["response_body"]


def test_other_traffic_is_listed(folder, capsys):
    """What is no chat stands at the end, and is no mistake."""
    other = Interaction(
        "GET", "https://a.b/models", 200, reason="OK", response_body=b"{}"
    )
    (folder / "a.yaml").write_text(write_cassette([other]), "utf-8")

    assert main(["show", "a.yaml"]) == 0
    assert (
        capsys.readouterr().out
        == """\
a.yaml: a cassette of 1 interaction

#1 a.yaml:2
    sent  GET https://a.b/models
     got  200 OK, 2 bytes
          no dialect reads this URL
"""
    )


def test_a_dialect_may_be_named(folder, capsys):
    """Where the URL does not tell the wire format, the user does."""
    choice = {"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}
    one = wire(
        url="https://a.b/chat",
        request_body=b'{"model":"m","messages":[{"role":"user","content":"?"}]}',
        response_headers=(("content-type", "application/json"),),
        response_body=json.dumps({"choices": [choice]}).encode(),
    )
    (folder / "a.yaml").write_text(write_cassette([one]), "utf-8")

    assert main(["show", "a.yaml", "--dialect", "openai-chat"]) == 0
    assert "   model  Hi\n" in capsys.readouterr().out


def test_an_answer_that_cannot_be_read(folder, capsys):
    """It is told, in its place, and the status says so."""
    one = wire(response_body=b"data: {nonsense\n\n")
    (folder / "a.yaml").write_text(write_cassette([one]), "utf-8")

    assert main(["show", "a.yaml"]) == 1
    assert " problem  " in capsys.readouterr().out


# ------------------------------------------------------------------ bad input


@pytest.fixture
def bad_files(folder):
    """Make files that cannot be shown."""
    (folder / "wrong.yaml").write_text("turns:\n- sya: hello\n")
    (folder / "folder").mkdir()
    for kind in ("cassettes", "fakes"):
        (folder / kind).mkdir()
        (folder / kind / "both.yaml").write_text("turns: []\n")


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (
            ["both"],
            "'both' is a cassette and a script. Give the path of the one you mean: ",
        ),
        (
            ["bohts"],
            "There is no file 'bohts', and neither a cassette nor a script of this ",
        ),
        (["folder"], "folder is a folder. Give one file of it."),
        (["wrong.yaml"], "wrong.yaml:2: turns[0]: "),
        (["/dev/null"], "/dev/null is no file that can be read twice."),
        (
            ["fakes/both.yaml", "1"],
            "fakes/both.yaml has no exchange 1. There are: ",
        ),
        (["fakes/both.yaml", "--raw"], "fakes/both.yaml is a script, and never went"),
    ],
)
def test_bad_files(capsys, argv, told):
    """Each is one line, and no traceback."""
    assert main(["show", *argv]) == 1

    said = capsys.readouterr()
    assert said.err.startswith(f"harness: {told}")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_file_that_may_not_be_read(folder, capsys, monkeypatch):
    """It is told, also for root, whom nothing stops."""
    (folder / "a.yaml").write_text("interactions: []\n")

    def refused(path: Path, *_: object) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    monkeypatch.setattr(Path, "read_text", refused)
    assert main(["show", "a.yaml"]) == 1
    assert capsys.readouterr().err == (
        "harness: a.yaml: cannot be read: Permission denied.\n"
    )


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "the following arguments are required: NAME."),
        (["a", "b"], "argument NUMBER: invalid int value: 'b'."),
        (["a", "--ful"], "there is no '--ful' here. Did you mean --full?"),
        (["a", "--dialect", "opneai"], "no --dialect is 'opneai'."),
    ],
)
def test_wrong_use(capsys, argv, told):
    """Status 2, and a line."""
    with pytest.raises(SystemExit) as ended:
        main(["show", *argv])

    assert ended.value.code == 2
    assert f"harness show: {told}" in capsys.readouterr().err


def test_what_this_repository_has(folder, capsys):
    """All cassettes and scripts of ours can be shown, in each way."""
    for kind in ("cassettes", "fakes"):
        shutil.copytree(ROOT / kind, folder / kind)

    for path in sorted(folder.glob("*/*.yaml")):
        name = str(path.relative_to(folder))
        assert main(["show", name]) == 0
        assert name in capsys.readouterr().out
