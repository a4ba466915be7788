"""Transcripts: cassettes and scripts as people read them."""

import json
from pathlib import Path

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.errors import CassetteError, InputError
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.transcripts import (
    Exchange,
    Timing,
    conversations,
    read_transcript,
    transcript_of,
    transcript_value,
)

ROOT = Path(__file__).parents[2]


def said(text: str, **more) -> AIMessageChunk:
    """Give the last chunk of an answer."""
    return AIMessageChunk(text, chunk_position="last", **more)


def exchange(asked: list, steps: list, times: list | None = None) -> Interaction:
    """Give a recorded conversation."""
    times = times or [0] * len(steps)
    return conversation(ChatRequest(tuple(asked), stream=True), steps, times)


def test_a_cassette_is_read():
    """Who was asked what, in which dialect, and what came."""
    transcript = read_transcript(ROOT / "cassettes" / "weather.yaml")

    first = transcript.exchanges[0]
    assert (transcript.kind, len(transcript.exchanges)) == ("cassette", 5)
    assert (first.number, first.dialect, first.line) == (1, "openai-chat", 4)
    assert (first.host, first.model) == ("api.openai.com", "gpt-5-mini-2025-08-07")
    assert first.request.messages[0].text == "Hello!"
    assert first.answer.text == "Hello! Ask me about the weather anywhere."
    assert first.usage["output_tokens"] == 10
    assert [one.streamed for one in transcript.exchanges][:2] == [False, True]


def test_all_that_is_recorded_is_in_it():
    """Each of our cassettes and scripts has an answer or a fault for each exchange."""
    files = [*ROOT.glob("cassettes/*.yaml"), *ROOT.glob("fakes/*.yaml")]
    for path in files:
        value = transcript_value(read_transcript(path), raw=True)
        numbers = [number for one in value["conversations"] for number in one]

        assert sorted(numbers) == [one["number"] for one in value["exchanges"]]
        assert all(one["answer"] or one["fault"] for one in value["exchanges"])
        assert json.loads(json.dumps(value)) == value


def test_a_stream_has_its_time():
    """Each piece says when it came; the pauses of a recording are its time."""
    steps = [AIMessageChunk("It "), AIMessageChunk("is"), said("")]
    one = transcript_of([exchange([HumanMessage("?")], steps, [120, 150, 400])], "a")

    [found] = one.exchanges
    assert [(p.kind, p.text, p.at) for p in found.pieces] == [
        ("text", "It ", 120),
        ("text", "is", 150),
        ("", "", 400),
    ]
    assert found.timing == Timing(first=120, last=400, gap=250)
    assert found.timing.rate(28) == pytest.approx(100)


def test_without_times_there_is_no_timing():
    """What other recorders wrote has none."""
    transcript = read_transcript(ROOT / "cassettes" / "weather.yaml")

    assert [one.timing for one in transcript.exchanges] == [None] * 5
    assert Timing(3.0, 3.0, 0.0).rate(5) is None


def test_a_failure_is_kept():
    """A fault stands beside what had come before it."""
    steps = [AIMessageChunk("It "), Fault("gone", kind="interrupted")]
    one = transcript_of([exchange([HumanMessage("?")], steps)], "a").exchanges[0]

    assert (one.answer.text, one.fault.message) == ("It ", "gone")
    assert one.answer.finish_reason is None


def test_what_is_no_chat_says_why():
    """Other traffic stays in the list, and belongs to no conversation."""
    other = Interaction("GET", "https://a.b/models", 200, response_body=b"{}")
    transcript = transcript_of([other], "a.yaml")

    assert transcript.exchanges[0].problem == "no dialect reads this URL"
    assert [*transcript.chats] == []
    assert transcript_value(transcript)["conversations"] == []


def test_an_answer_that_cannot_be_read_says_why():
    """The request is there, and the problem."""
    url = "https://api.openai.com/v1/chat/completions"
    broken = Interaction(
        "POST",
        url,
        200,
        request_body=b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}',
        response_headers=(("content-encoding", "gzip"),),
        response_body=b"\x1f\x8bnonsense",
    )
    [one] = transcript_of([broken], "a.yaml").exchanges
    value = transcript_value(transcript_of([broken], "a.yaml"), raw=True)

    assert one.request.messages[0].text == "Hi"
    assert "damaged gzip" in one.problem
    assert "damaged gzip" in value["exchanges"][0]["raw"]["response_body"]["problem"]


def test_conversations_go_on():
    """A request that repeats question and answer goes on; ids need not be the same."""
    call = {"name": "f", "args": {"a": 1}, "id": "c1"}
    again = {"name": "f", "args": {"a": 1}, "id": "other"}
    asked, other = HumanMessage("Weather?"), HumanMessage("Something else?")
    result = ToolMessage("sunny", tool_call_id="other")
    transcript = transcript_of(
        [
            exchange([asked], [said("", tool_calls=[call])]),
            exchange([other], [said("No.")]),
            exchange(
                [asked, AIMessage("", tool_calls=[again]), result], [said("Sunny.")]
            ),
        ],
        "a",
    )

    first, second = conversations(transcript.exchanges)
    assert [one.number for one in first.exchanges] == [1, 3]
    assert [one.number for one in second.exchanges] == [2]
    assert first.fresh == ((asked,), (result,))


def test_what_was_asked_twice_is_two_conversations():
    """The same question anew goes on with nothing."""
    asked = HumanMessage("Hi")
    one = exchange([asked], [said("Hello!")])
    transcript = transcript_of([one, one], "a")

    assert [len(c.exchanges) for c in conversations(transcript.exchanges)] == [1, 1]


def test_a_script_is_read():
    """Its turns are one conversation; conditions and repeats are told."""
    transcript = read_transcript(ROOT / "fakes" / "weather.yaml")

    assert transcript.kind == "script"
    [one] = conversations(transcript.exchanges)
    assert [len(e.answer.tool_calls) for e in one.exchanges] == [2, 0, 1, 0]
    assert one.exchanges[0].about.startswith("when text 'Boston and Tokyo'")
    assert one.exchanges[1].timing.last == 400


def test_a_script_with_all_kinds_of_turns(tmp_path):
    """Failures, made-up answers and repeats are shown as such."""
    path = tmp_path / "all.yaml"
    path.write_text(
        "turns:\n  - fail: 429\n  - auto: Well.\n    when: {text: Hi}\n"
        "  - say: Bye.\n    times: 2\n",
        "utf-8",
    )
    fails, made_up, bye = read_transcript(path).exchanges

    assert (fails.fault.status, fails.answer, fails.line) == (429, None, 2)
    assert made_up.about == "made up from the request, when text 'Hi'"
    assert (bye.about, bye.answer.text) == ("2 times", "Bye.")


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("turns: [{sya: Hi}]", InputError, "a.yaml:1"),
        ("turnz: [Hi]", CassetteError, "is no cassette"),
        ("", CassetteError, "is empty"),
        (None, CassetteError, "cannot be read"),
    ],
)
def test_a_file_that_is_neither(tmp_path, text, error, told):
    """What is wrong is said, with the file."""
    path = tmp_path / "a.yaml"
    if text is not None:
        path.write_text(text, "utf-8")

    with pytest.raises(error, match=told):
        read_transcript(path)


def test_an_exchange_that_nothing_is_known_of():
    """Its properties are empty, not wrong."""
    bare = Exchange(1, "somewhere")

    assert (bare.line, bare.host, bare.model, bare.streamed) == (None, "", "", False)
    assert (bare.usage, bare.timing) == ({}, None)


def test_packed_cassettes_are_read(tmp_path):
    """As other cassettes are."""
    import gzip

    path = tmp_path / "a.yaml.gz"
    text = write_cassette([exchange([HumanMessage("Hi")], [said("Hello!")])])
    path.write_bytes(gzip.compress(text.encode()))

    assert read_transcript(path).exchanges[0].answer.text == "Hello!"
