"""Recordings as scripts: they play what was recorded, and tell what they do not."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import FakeChatModel
from harness.cassettes import CassetteSource, Interaction, load_cassette
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.converting.scripting import turns_of, written
from harness.errors import CassetteError
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts import (
    Script,
    Turn,
    When,
    call,
    characters,
    fail,
    pause,
    say,
    think,
)
from harness.scripts.files import read_script
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec

CASSETTES = Path(__file__).parent.parent.parent / "cassettes"
FILES = sorted(CASSETTES.glob("*.yaml"))
URL = "https://api.openai.com/v1/chat/completions"
WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object"})


def asked(*messages: Any, stream: bool = True, **said: Any) -> ChatRequest:
    """Give a request: texts are the user's."""
    found = [HumanMessage(m) if isinstance(m, str) else m for m in messages]
    return ChatRequest(tuple(found or [HumanMessage("Hi")]), stream=stream, **said)


def chat(
    *steps: AIMessageChunk | Fault | str,
    request: ChatRequest | None = None,
    times: Sequence[int] | None = None,
    **ended: Any,
) -> Interaction:
    """Give a recorded conversation of one answer, in chunks."""
    found = [AIMessageChunk(one) if isinstance(one, str) else one for one in steps]
    when = times or [0] * len(found)
    return conversation(request or asked(), found, when, **ended)


def last(finish: str | None = "stop", **fields: Any) -> AIMessageChunk:
    """Give the chunk that ends an answer."""
    reason = {} if finish is None else {"finish_reason": finish}
    return AIMessageChunk(
        chunk_position="last", response_metadata={"model_name": "m", **reason}, **fields
    )


def fragment(args: str, index: int = 0, **first: str) -> AIMessageChunk:
    """Give a chunk with a piece of a call."""
    head = {"name": None, "id": None, **first, "args": args, "index": index}
    return AIMessageChunk(tool_call_chunks=[head])


def http(body: Any, status: int = 200, **headers: str) -> Interaction:
    """Give a whole answer of OpenAI's."""
    sent = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    return Interaction(
        "POST",
        URL,
        status,
        request_body=json.dumps(sent).encode(),
        response_headers=tuple(headers.items()),
        response_body=json.dumps(body).encode(),
        place="a.yaml, interaction 1",
    )


def scripted(*interactions: Interaction, **options: bool) -> list[Turn]:
    """Give the turns of the script that is made of interactions, as it is read."""
    text = written([turns_of(interactions, "a.yaml", **options)]).text
    return [replace(turn, place="") for turn in read_script(text).turns]


def said(usage: dict[str, int] | None, *parts: Any, **options: Any) -> Turn:
    """Give a turn that says what it used."""
    return say(*parts, usage=usage, **options)


# --------------------------------------------------------------------- the law


@pytest.mark.parametrize("timing", [False, True])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scripts_play_what_was_recorded(
    path: Path, timing: bool, kept: Callable[..., dict[str, Any]]
) -> None:
    """Text, reasoning, calls, usage, finish reason, failures; the time, if asked."""
    interactions = load_cassette(path)
    found = turns_of(interactions, path.name, timing=timing, match=timing)
    model = FakeChatModel(read_script(written([found]).text))
    source = CassetteSource(interactions)

    for recording in source.recordings:
        wanted = kept(recording.steps(1.0 if timing else 0.0))
        assert kept(model.play(recording.request)) == wanted
    assert len(source.recordings) == len(found.turns)
    model.check_exhausted()


# ------------------------------------------------------------------ what is said


def test_a_whole_answer() -> None:
    """A plain answer is a text, with what it used."""
    used = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    message = {"role": "assistant", "content": "Hello!"}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": used}

    assert scripted(http(body)) == [
        said({"input_tokens": 3, "output_tokens": 5}, "Hello!")
    ]


def test_parts_and_pieces() -> None:
    """Reasoning, text and calls in order, in the pieces in which they came."""
    thought = AIMessageChunk([{"type": "reasoning", "reasoning": "Hm.", "index": 0}])
    spoken = [
        AIMessageChunk([{"type": "text", "text": text, "index": 1}])
        for text in ("Let", " me lo", "ok.")
    ]
    calls = [
        fragment("", 2, name="get_weather", id="c1"),
        fragment('{"a"', 2),
        fragment(": 1}", 2),
    ]
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 9}
    request = asked("Hi", tools=(WEATHER,))
    one = chat(
        *(thought, *spoken, *calls, last("tool_calls", usage_metadata=usage)),
        request=request,
    )

    assert scripted(one) == [
        said(
            usage,
            think("Hm."),
            "Let me look.",
            call("get_weather", a=1),
            cut=characters(3, 6, 3),
            arguments_cut=characters(4, 4),
        )
    ]


CUTS: list[tuple[list[str], Any]] = [
    (["Hi", " there", "!"], None),
    (["Hi there!"], "whole"),
    (["a", "b", "c"], "characters"),
    (["abc", "def", "g"], 3),
    (["ab", "c", "def"], characters(2, 1, 3)),
    (["a", "bc"] * 40, None),
]


@pytest.mark.parametrize(("pieces", "cut"), CUTS)
def test_the_simplest_cut_is_taken(pieces: list[str], cut: Any) -> None:
    """Words, the whole, a size; else the sizes, unless there are too many to read."""
    [turn] = scripted(chat(*pieces, last()))

    assert turn == replace(said(None, "".join(pieces), cut=cut), place="")


def test_a_cut_of_all_turns_is_said_once() -> None:
    """What all turns have in common stands above them."""
    ones = [chat("One two.", last()), chat("Three.", last())]

    text = written([turns_of(ones, "a.yaml")]).text

    assert text.splitlines()[3:5] == ["cut: whole", "turns:"]
    assert text.count("cut") == 1


def test_ids_that_a_follow_up_names() -> None:
    """Only these are kept; all others the script numbers itself."""
    known = {"type": "tool_call", "name": "get_weather", "args": {}, "id": "c1"}
    answer = fragment("{}", name="get_weather", id="c1")
    other = fragment("{}", name="get_weather", id="c2")
    tools = (WEATHER,)
    follow_up = asked(
        *("Hi", AIMessage(tool_calls=[known]), ToolMessage("Sun", tool_call_id="c1")),
        tools=tools,
    )
    ones = [
        chat(answer, last("tool_calls"), request=asked("Hi", tools=tools)),
        chat(other, last("tool_calls"), request=asked("Ho", tools=tools)),
        chat("Sun.", last(), request=follow_up),
    ]

    parts = [turn.answer.parts[0] for turn in scripted(*ones)]  # type: ignore[union-attr]  # they say parts

    assert parts[:2] == [call("get_weather", _id="c1"), call("get_weather")]


def test_conditions() -> None:
    """A turn waits for what was asked, in short, and for the tool that answered."""
    long = (
        "\n What is the weather in Boston, Massachusetts, on the third of May?\nPlease."
    )
    made = AIMessage(tool_calls=[{"name": "get_weather", "args": {}, "id": "c1"}])
    result = ToolMessage("Sun", tool_call_id="c1")
    ones = [
        chat("One.", last(), request=asked("Hi")),
        chat("Two.", last(), request=asked(long)),
        chat("Three.", last(), request=asked("Hi", made, result)),
        chat("Four.", last(), request=asked("")),
    ]

    whens = [turn.when for turn in scripted(*ones, match=True)]

    assert whens == [
        When(text="Hi"),
        When(text="What is the weather in Boston, Massachusetts, on the third"),
        When(text="Hi", result_of="get_weather"),
        None,
    ]


def test_pauses() -> None:
    """All time counts; a text is parted only where it stopped for long."""
    one = chat(
        *("Hel", "lo ", "you", " two", fragment("{}", name="f"), last("tool_calls")),
        request=asked("Hi", tools=(replace(WEATHER, name="f"),)),
        times=[1000, 1100, 1400, 1450, 2000, 2200],
    )

    assert scripted(one, timing=True)[0].answer == (
        said(
            None,
            *(pause(1), "Hello ", pause(0.4), "you two", pause(0.6)),
            *(call("f"), pause(0.2)),
            cut=characters(3, 3, 3, 4),
            arguments_cut="whole",
        ).answer
    )


# ------------------------------------------------------------------ what goes wrong


def test_failures() -> None:
    """Status, message, and what tells clients to wait; other headers are dropped."""
    headers = {"Retry-After": "2", "X-Should-Retry": "true", "Server": "x"}
    slow = http({"error": {"message": "Slow down"}}, 429, **headers)
    wrong = http({"error": {"message": "No key", "type": "invalid"}}, 401)

    assert scripted(slow, wrong) == [
        say(
            fail(
                429,
                message="Slow down",
                retry_after=2,
                headers={"x-should-retry": "true"},
            )
        ),
        say(fail(401, message="No key")),
    ]


def test_streams_that_break_off() -> None:
    """What had come is said, then the stream is cut; calls are cut in their middle."""
    fault = Fault("the connection was reset", kind="interrupted")
    tools = (WEATHER,)
    ones = [
        chat("Hel", "lo", "you", fault),
        chat(fragment('{"a', name="get_weather"), fault, request=asked(tools=tools)),
        chat("Hi", ended="truncated"),
        chat("Hi", last(None)),
    ]

    first, second, third, fourth = scripted(*ones)

    assert first == say("Helloyou", fail("interrupted"), cut=characters(3, 2, 3))
    assert second.answer == (
        say(
            call("get_weather", raw='{"a'), fail("interrupted"), arguments_cut="whole"
        ).answer
    )
    assert second.misbehaving
    assert third == say("Hi", fail("interrupted"))
    assert fourth == said(None, "Hi", finish=None)


def test_models_that_misbehave() -> None:
    """A turn that contradicts what was asked is said to do so, and plays."""
    tools = (WEATHER,)
    none = asked("Hi", tools=tools, tool_choice=ToolChoice("none"))
    stop = asked("Hi", stop=("b",))
    odd = asked("Hi", tools=(replace(WEATHER, parameters={"type": 6}),))
    answer = fragment("{}", name="get_weather")
    ones = [
        chat(answer, last("tool_calls"), request=none),
        chat(answer, last("tool_calls"), request=asked("Hi")),
        chat("abc", last(), request=stop),
        chat(answer, last("tool_calls"), request=odd),
        chat(answer, last("tool_calls"), request=asked("Hi", tools=tools)),
    ]

    turns = scripted(*ones)

    assert [turn.misbehaving for turn in turns] == [True, True, True, True, False]
    model = FakeChatModel(Script(turns))
    for one in (none, asked("Hi"), stop, odd):
        assert [*model.play(one)]


def test_what_is_left_out_is_told() -> None:
    """At its turn, and to whoever called."""
    cited = [{"type": "citation", "url": "https://a.b", "index": 1}] * 2
    blocks: list[Any] = [
        {"type": "server_tool_call", "name": "web_search", "args": {}, "id": "s"},
        {"type": "server_tool_result", "tool_call_id": "s", "output": "x"},
        {"type": "text", "text": "One.", "annotations": cited},
        {"type": "reasoning", "reasoning": "", "extras": {"redacted_thinking": "x"}},
        {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        {"type": "image", "url": "https://a.b/c.png"},
        {"type": "text", "text": "Two."},
    ]
    numbered = [{**block, "index": number} for number, block in enumerate(blocks)]
    extra: dict[str, Any] = {"other_choices": [{}, {}], "logprobs": {"content": [{}]}}
    extra["finish_reason"] = "stop"
    ending = AIMessageChunk(numbered, response_metadata=extra)
    embedding = replace(http({}), url="https://api.openai.com/v1/embeddings")

    script = written([turns_of([chat(ending), embedding], "a.yaml")])

    told = (
        "Left out: a call of the provider's web_search, a result of the provider's "
        "tools, 2 citations, a piece of hidden reasoning, a block of type image, 2 "
        "further choices, a set of logprobs."
    )
    why = (
        "No turn for a.yaml, interaction 1 (POST "
        "https://api.openai.com/v1/embeddings): no dialect reads this URL."
    )
    assert script.left_out == (f"turn 1: {told}", why)
    shown = " ".join(line.strip(" #") for line in script.text.splitlines())
    assert told in shown
    assert why in shown
    [turn] = read_script(script.text).turns
    image = {"type": "image", "url": "https://a.b/c.png"}
    assert turn.answer == said(None, "One.", image, "Two.", cut="whole").answer


def test_no_chat() -> None:
    """A recording of other traffic is no script; the error says what it is."""
    embedding = replace(http({}), url="https://api.openai.com/v1/embeddings")

    with pytest.raises(CassetteError) as caught:
        turns_of([embedding, embedding], "a.yaml")

    assert str(caught.value) == (
        "a.yaml has no chat that a script could play: a.yaml, interaction 1 (POST "
        "https://api.openai.com/v1/embeddings): no dialect reads this URL. The same "
        "goes for 1 more."
    )


def test_answers_that_nobody_can_read() -> None:
    """One that is damaged is told, and the others are turns."""
    used = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    damaged = replace(http({}), response_body=b"\x1f\x8b???")

    script = written([turns_of([damaged, http(used)], "a.yaml")])

    assert script.left_out[0].startswith("No turn for a.yaml, interaction 1: ")
    assert len(read_script(script.text).turns) == 1
