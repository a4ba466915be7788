"""Conversations as a file: what is written is read as the very same, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import strategies as hst
from harness.cassettes import (
    Ending,
    Interaction,
    load_cassette,
    read_cassette,
    write_cassette,
)
from harness.cassettes.conversations import CONVERSATIONS, conversation, steps_of
from harness.cassettes.file_schemas import conversation_schema
from harness.cassettes.message_format import _parsed
from harness.cassettes.message_values import read_request, read_step
from harness.cassettes.resealing import reseal
from harness.cassettes.yaml_values import entries
from harness.chunks import AIMessageChunk
from harness.errors import CassetteError, CassetteWarning, InputError, WireError
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.schemas import problems
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec

SHOWN = """\
format: chat-harness/1
conversations:
- recorded: "2026-01-02T03:04:05Z"
  request:
    model: gpt-5-mini
    stream: true
    messages:
    - {role: system, content: "Be brief."}
    - role: user
      content: |-
        What's the weather
        in Boston?
    tools:
    - name: get_weather
      description: "Get the weather at a location."
      parameters:
        type: object
        properties: {location: {type: string}}
        required: [location]
    tool_choice: {mode: tool, name: get_weather}
    stop: [END]
    params: {temperature: 0.5}
  answer:
  - id: msg_1
    pieces:
    - [120, "Let"]
    - [135, " me look."]
  - at: 140
    content: " So:"
  - at: 150
    tool_call_chunks: [{name: get_weather, args: "{}", id: call_1, index: 0}]
  - at: 160
    fault: {kind: interrupted, message: gone}
  seal: "SEAL"
count: 1
"""


def example() -> Interaction:
    """Give the conversation that SHOWN says."""
    schema = {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    }
    request = ChatRequest(
        (
            SystemMessage("Be brief."),
            HumanMessage("What's the weather\nin Boston?"),
        ),
        tools=(ToolSpec("get_weather", "Get the weather at a location.", schema),),
        tool_choice=ToolChoice("tool", "get_weather"),
        stop=("END",),
        model="gpt-5-mini",
        params={"temperature": 0.5},
        stream=True,
    )
    called = {"name": "get_weather", "args": "{}", "id": "call_1", "index": 0}
    steps = (
        AIMessageChunk("Let", id="msg_1"),
        AIMessageChunk(" me look.", id="msg_1"),
        AIMessageChunk(" So:"),
        AIMessageChunk(tool_call_chunks=[called]),
        Fault("gone", "interrupted"),
    )
    times = (120, 135, 140, 150, 160)
    return conversation(request, steps, times, recorded_at="2026-01-02T03:04:05Z")


def written() -> str:
    """Give the text of the example."""
    return write_cassette([example()])


def unsealed(*changes: tuple[str, str]) -> str:
    """Give that text with *changes* made."""
    text = written()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_a_file_is_made_to_be_read() -> None:
    """Messages, tools and pieces of text stand there as people write them."""
    lines = written().splitlines()

    shown = [
        'seal: "SEAL"' if line.startswith("  seal") else line.strip() for line in lines
    ]
    assert shown == [line.strip() for line in SHOWN.splitlines()]


def test_what_is_written_is_read() -> None:
    """Requests, chunks, times and faults are the very same."""
    (found,) = read_cassette(written(), "c.yaml", seals="error")

    assert found == example()
    assert found.sealed is True
    assert found.place == "c.yaml, conversation 1 (line 3)"


def test_no_conversations() -> None:
    """An empty cassette is one."""
    text = "format: chat-harness/1\nconversations: []\ncount: 0\n"

    assert read_cassette(text) == ()


@st.composite
def asked(draw: st.DrawFn) -> ChatRequest:
    """Draw a request of any kind."""
    return draw(hst.requests() | hst.wire_requests())


@st.composite
def conversations(draw: st.DrawFn) -> Interaction:
    """Draw a conversation: any request, any chunks, perhaps a fault."""
    steps: list[Any] = draw(
        st.lists(hst.chunks(), max_size=6)
        | hst.chunk_streams().map(lambda stream: list(stream.chunks))
    )
    steps += draw(st.lists(hst.faults(), max_size=1))
    times = sorted(draw(st.integers(0, 10**6)) for _ in steps)
    endings: list[Ending] = ["complete", "truncated"]
    ended = draw(st.sampled_from(endings))
    return conversation(draw(asked()), steps, times, ended=ended)


@settings(max_examples=30, deadline=None)
@given(st.lists(conversations(), max_size=3))
def test_any_conversation_is_read_as_it_was_written(given: list[Interaction]) -> None:
    """What is read is what was written, and writes the same text again."""
    text = write_cassette(given or [example()])

    found = read_cassette(text, seals="error")

    assert list(found) == (given or [example()])
    assert write_cassette(found) == text


@settings(max_examples=30, deadline=None)
@given(conversations())
def test_what_is_written_fits_the_schema(given: Interaction) -> None:
    """The schema of conversations knows all that the writer writes."""
    written, _ = _parsed(write_cassette([given]), "it")

    assert problems(written, conversation_schema()) == []


@settings(max_examples=40, deadline=None)
@given(asked(), st.lists(hst.chunks(), max_size=4))
def test_requests_and_chunks_come_back(
    request_: ChatRequest, chunks: list[AIMessageChunk]
) -> None:
    """A file gives back the values themselves, not only their text."""
    told = conversation(request_, chunks, [0] * len(chunks))

    (found,) = read_cassette(write_cassette([told]), seals="error")

    assert CONVERSATIONS.read_request(found.request_body) == request_
    assert list(steps_of(found)) == chunks


@settings(max_examples=40, deadline=None)
@given(st.lists(hst.messages(), min_size=1, max_size=3))
def test_messages_come_back_but_for_artifacts(messages: list[Message]) -> None:
    """Whatever a message holds is kept; an artifact is not the model's."""
    told = conversation(ChatRequest(tuple(messages)), (), ())

    (found,) = read_cassette(write_cassette([told]), seals="error")

    kept = [
        m.model_copy(update={"artifact": None}) if isinstance(m, ToolMessage) else m
        for m in messages
    ]
    assert list(CONVERSATIONS.read_request(found.request_body).messages) == kept


@settings(max_examples=40, deadline=None)
@given(hst.json_objects() | st.dictionaries(hst.texts(), hst.texts()))
def test_any_value_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    """Numbers, keys, half characters and texts that look like YAML come back."""
    request = ChatRequest(
        (HumanMessage("Hi"),), params={"x": [value, [value]], **value}
    )
    told = conversation(request, (), ())

    (found,) = read_cassette(write_cassette([told]), seals="error")

    assert json.loads(found.request_body) == json.loads(told.request_body)
    assert found == told


def test_all_fields_of_a_request() -> None:
    """A format, tools of providers, choices in their words, and calls cut off."""
    call = {"name": "f", "args": '{"a', "id": None, "error": "cut"}
    request = ChatRequest(
        (
            HumanMessage("Hi", name="ann", id="1"),
            AIMessage("", invalid_tool_calls=[call], additional_kwargs={"k": [1]}),
            ToolMessage("no", tool_call_id="c", status="error"),
        ),
        tools=(
            ToolSpec("mcp", provider={"type": "mcp"}, extras={"x": 1}, strict=False),
        ),
        tool_choice=ToolChoice("auto", provider={"type": "auto"}),
        parallel_tool_calls=False,
        response_format=ResponseFormat("json_schema", {}, "n", strict=True),
        stop=(),
    )

    (found,) = read_cassette(write_cassette([conversation(request, (), ())]))

    assert CONVERSATIONS.read_request(found.request_body) == request


def test_a_truncated_answer_is_no_whole_one() -> None:
    """What was not read to its end ends in a fault."""
    told = conversation(
        ChatRequest(()), [AIMessageChunk("Hel")], [1], ended="truncated", place="here"
    )

    (found,) = read_cassette(write_cassette([told]), "c")

    chunk, fault = steps_of(found)
    assert chunk == AIMessageChunk("Hel")
    assert isinstance(fault, Fault)
    assert fault.kind == "interrupted"
    assert "c, conversation 1 (line 3) ends here" in fault.message


# --------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("chat-harness/1", "chat-harness/2", r"c.yaml has the format 'chat-harness/2'"),
        ("count: 1", "counts: 1", "c.yaml has 'counts'. Did you mean 'count'"),
        (
            "count: 1\n",
            "",
            r"line \d+ is the last, .* no count: the file was cut",
        ),
        ("role: user", "role: usr", r"\(line 3\).*role 'usr'. Did you mean 'user'"),
        ("role: user", "rule: user", "message 2 has the role None"),
        ("role: user", "role: user\n      say: x", "message 2: HumanMessage has no fi"),
        ("model: gpt-5-mini", "modal: x", "request has no 'modal'. Did you mean 'mod"),
        ("stream: true", "stream: 1", "the request: stream is 1"),
        ("stop: [END]", "stop: [1]", r"stop is \[1\]; it is a list of texts"),
        ("{mode: tool, ", "{mode: tol, ", "tool_choice is 'tol'. Did you mean"),
        ("{mode: tool, ", "{", "tool_choice has no 'mode'"),
        ("parameters:\n", "parameter:\n", "tool 1 has no 'parameter'"),
        ("- at: 140", "- at: -1", "a time is -1, not a number of milli"),
        ("- at: 140", "- it: 1", "it has no 'at' or 'pieces'"),
        ('[120, "Let"]', "[120]", r"a piece is \[120\], not \[ms, text\]"),
        ('content: " So:"', "contents: x", "AIMessageChunk has no field 'contents'"),
        ('content: " So:"', "type: ai", "no chunk has a 'type' here"),
        ("kind: interrupted", "kind: tired", "No kind of fault is 'tired'"),
        (
            "fault: {kind: interrupted, message: gone}",
            "fault: 7",
            "the fault is 7, not",
        ),
        ("  seal:", "  ended: soon\n  seal:", "ended is 'soon'. Known: 'complete'"),
        ("  seal:", "  sealed: x\n  seal:", "it has 'sealed'. Did you mean 'seal'"),
        ('"2026-01-02T03:04:05Z"', "7", "recorded is 7, not a text"),
        ("    stop: [END]", "    stop: [END", r"c.yaml, line \d+ is damaged"),
        ("    stop: [END]", "\t stop: [END]", r"c.yaml, line \d+ is damaged"),
        ("temperature: 0.5", "temperature: .inf", "is not a JSON value: inf"),
        ("[END]", "!!python/name:os.x [END]", r"c.yaml, line 21 is damaged"),
        ("[END]", "&a [END]\n    tools: *a", "c.yaml, line 21 is referred to by an al"),
        ("[END]", "[!json '7']", "c.yaml, line 21 is damaged: !json"),
        ("[END]", "[!json x]", "c.yaml, line 21 is damaged: !json"),
        ("[END]", "[0x_]", "c.yaml is damaged: invalid literal"),
        ("[END]", "[\0]", "c.yaml, line 21 is damaged"),
    ],
)
def test_what_is_damaged_is_refused(old: str, new: str, said: str) -> None:
    """The file, the place in it and the cause stand in the error."""
    with pytest.raises(CassetteError, match=said):
        read_cassette(unsealed((old, new)), "c.yaml")


@pytest.mark.parametrize(
    "body",
    ["conversations: 7", "conversations: {}", "conversations: [7]"],
)
def test_what_are_no_conversations(body: str) -> None:
    """A list of mappings is wanted."""
    with pytest.raises(CassetteError, match=r"c\.yaml.*(list|no conversation)"):
        read_cassette(f"format: chat-harness/1\n{body}\ncount: 1\n", "c.yaml")


def test_a_request_or_answer_that_is_none() -> None:
    """Each must be there."""
    start = "format: chat-harness/1\nconversations:\n- "

    with pytest.raises(CassetteError, match="answer is None, not a list"):
        read_cassette(f"{start}request: {{messages: []}}\ncount: 1\n")
    with pytest.raises(CassetteError, match="the request is None, not a dict"):
        read_cassette(f"{start}answer: []\ncount: 1\n")


def test_a_merge_conflict() -> None:
    """It is told by its line, whatever is recorded."""
    with pytest.raises(CassetteError, match="line 2: a merge conflict"):
        read_cassette(unsealed(("conversations:", "<<<<<<< HEAD\nconversations:")))


def test_nesting_that_no_program_reads() -> None:
    """It is an error, and no crash."""
    deep = "[" * 3000 + "]" * 3000

    with pytest.raises(CassetteError, match=r"c\.yaml"):
        read_cassette(unsealed(("[END]", deep)), "c.yaml")


# ------------------------------------------------------------------------- seals


def test_a_change_by_hand_is_told() -> None:
    """It is read as it is now, with a warning; an error, or nothing, on request."""
    text = unsealed(("Be brief.", "Be long."))

    with pytest.warns(CassetteWarning, match=r"conversation 1 \(line 3\) was changed"):
        (found,) = read_cassette(text)
    with pytest.raises(CassetteError, match="wrong seal"):
        read_cassette(text, seals="error")

    assert found.sealed is False
    assert read_cassette(text, seals="ignore") == (found,)


def test_a_conversation_without_seal_or_beyond_the_count() -> None:
    """Neither was recorded so."""
    with pytest.raises(CassetteError, match="has no seal"):
        read_cassette(SHOWN.replace('  seal: "SEAL"\n', ""), seals="error")
    with pytest.raises(CassetteError, match="says that it has 2 conversations, and"):
        read_cassette(unsealed(("count: 1", "count: 2")), "c", seals="error")


def test_a_wanted_change_is_sealed_again(tmp_path: Path) -> None:
    """Comments at the start stay."""
    path = tmp_path / "c.yaml"
    path.write_text("# Ours.\n" + unsealed(("Be brief.", "Be long.")))

    reseal(path)

    (found,) = load_cassette(path, seals="error")
    assert b"Be long." in found.request_body
    assert path.read_text().startswith("# Ours.\nformat: chat-harness/1\n")


# ----------------------------------------------------------------------- writing


def test_nothing_is_mixed() -> None:
    """HTTP traffic and conversations have files of their own."""
    http = Interaction("GET", "https://a.b/", 200, place="c.yaml, interaction 1")

    with pytest.raises(CassetteError, match=r"interaction 1 is HTTP traffic; what"):
        write_cassette([example(), http])


def test_what_no_file_can_hold() -> None:
    """A parameter that is no JSON is told by its name."""
    with pytest.raises(
        InputError, match=r"the request\['params'\]\['x'\] is not a JSON"
    ):
        conversation(ChatRequest((), params={"x": object()}), (), ())


def test_what_is_no_step_or_request() -> None:
    """Each is an InputError, whatever it is."""
    steps: list[Any] = [7, None, {"fault": {}}, {"fault": {"kind": "server"}, "x": 1}]
    asked: list[Any] = [7, {}, {"messages": [7]}, {"messages": [{"role": []}]}]

    for wrong in steps:
        with pytest.raises(InputError):
            read_step(wrong)
    for wrong in asked:
        with pytest.raises(InputError):
            read_request(wrong)
    with pytest.raises(InputError, match="response_format is 'xml'"):
        read_request({"messages": [], "response_format": {"kind": "xml"}})


def test_bytes_that_are_no_conversation() -> None:
    """They are told as bytes of a provider are."""
    with pytest.raises(WireError, match="here: Expecting value"):
        CONVERSATIONS.read_request(b"x", "here")


def test_long_keys_and_half_characters_as_keys() -> None:
    """YAML has a form for each."""
    said = entries({"k" * 120: 1, "\ud83d": {"\ude00": "x\ny\ud83d"}}, "")

    assert said.startswith(f'? "{"k" * 120}"\n: 1\n')
    assert "? !json '\"\\ud83d\"'\n:" in said
