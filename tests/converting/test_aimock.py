"""Fixtures of aimock as scripts: what applies, what is said, what is left out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import FakeChatModel, tool
from harness.cli import main
from harness.converting.aimock import aimock_turns, holds_aimock
from harness.converting.scripting import ScriptedTurns, written
from harness.errors import CassetteError, RateLimitError
from harness.scripts import Turn, When, call, fail, pause, say, think
from harness.scripts.files import read_script


def read(*fixtures: Any) -> ScriptedTurns:
    """Give the turns of fixtures."""
    return aimock_turns(json.dumps({"fixtures": fixtures}), "a.json")


def scripted(*fixtures: Any) -> list[Turn]:
    """Give the turns of fixtures, as they are read from the script."""
    text = written([read(*fixtures)]).text
    return [replace(turn, place="") for turn in read_script(text).turns]


def answers(response: Any, **options: Any) -> Turn:
    """Give the turn of one fixture, for any request."""
    [turn] = scripted({"match": {}, "response": response, **options})
    return turn


def always(*parts: Any, **options: Any) -> Turn:
    """Give a turn that plays as often as it is asked for."""
    return say(*parts, times="forever", **options)


SAID: list[tuple[dict[str, Any], Turn]] = [
    ({"content": "Hi"}, always("Hi")),
    ({"content": {"a": [1]}}, always('{"a":[1]}')),
    ({"content": "", "reasoning": "Hm."}, always(think("Hm."))),
    (
        {"content": "Hi", "reasoning": "Hm.", "reasoningSignature": "s"},
        always(think("Hm.", "s"), "Hi"),
    ),
    (
        {"toolCalls": [{"name": "f", "arguments": {"a": 1}, "id": "c"}]},
        always(call("f", {"a": 1}, _id="c")),
    ),
    ({"toolCalls": [{"name": "f", "arguments": '{"a": 1}'}]}, always(call("f", a=1))),
    ({"toolCalls": [{"name": "f"}]}, always(call("f"))),
    (
        {"toolCalls": [{"name": "f", "arguments": "{"}]},
        always(call("f", raw="{"), misbehaving=True),
    ),
    (
        {"content": "Hi", "toolCalls": [{"name": "f"}]},
        always("Hi", call("f")),
    ),
    (
        {"blocks": [{"type": "toolCall", "name": "f"}, {"type": "text", "text": "Hi"}]},
        always(call("f"), "Hi"),
    ),
    (
        {
            "content": "Hi",
            "finishReason": "max_tokens",
            "model": "m",
            "id": "i",
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost": 3},
        },
        always(
            "Hi",
            usage={"input_tokens": 1, "output_tokens": 2},
            finish="length",
            model="m",
            id="i",
        ),
    ),
    (
        {"error": {"message": "Slow", "type": "x"}, "status": 429, "retryAfter": 2},
        always(fail(429, message="Slow", retry_after=2)),
    ),
    ({"error": {"message": "No"}}, always(fail(500, message="No"))),
]


@pytest.mark.parametrize(("response", "turn"), SAID)
def test_responses(response: Any, turn: Turn) -> None:
    """Text, JSON, reasoning, calls in any spelling, blocks in order, errors."""
    assert answers(response) == turn


PLAYED: list[tuple[dict[str, Any], Turn]] = [
    ({"chunkSize": 3}, always("Hello", cut=3, arguments_cut=3)),
    ({"latency": 50}, always(pause(0.05), "Hello")),
    ({"streamingProfile": {"ttft": 200, "tps": 30}}, always(pause(0.2), "Hello")),
    (
        {"truncateAfterChunks": 2, "chunkSize": 2},
        always("Hello", fail("interrupted", after=2), cut=2, arguments_cut=2),
    ),
    (
        {"truncateAfterChunks": 9},
        always("Hello", fail("interrupted"), cut=20, arguments_cut=20),
    ),
    (
        {"disconnectAfterMs": 9},
        always("Hello", fail("interrupted", after=1), cut=20, arguments_cut=20),
    ),
]


@pytest.mark.parametrize(("options", "turn"), PLAYED)
def test_streaming(options: Any, turn: Turn) -> None:
    """Sizes of chunks, the first pause, and where a stream breaks off."""
    assert answers({"content": "Hello"}, **options) == turn


def calling(id_: str | None = None) -> dict[str, Any]:
    """Give a fixture that calls a tool."""
    made = {"name": "get_weather", "arguments": {}, **({"id": id_} if id_ else {})}
    return {"match": {"userMessage": "weather"}, "response": {"toolCalls": [made]}}


def fixture(text: str = "Hi", **match: Any) -> dict[str, Any]:
    """Give a fixture that says a text."""
    return {"match": match, "response": {"content": text}}


def test_conditions() -> None:
    """The user's text, bound tools, the model; results by the name of their tool."""
    turns = scripted(
        calling("c1"),
        fixture("1", toolCallId="c1"),
        fixture("2", toolCallId="other"),
        fixture("3", hasToolResult=True, userMessage="weather"),
        fixture("4", hasToolResult=False, userMessage="sky"),
        fixture("5", toolName="f", model="m"),
        fixture("6"),
    )

    assert turns == [
        always("1", when=When(result_of="get_weather")),
        always("2", when=When(result_of="get_weather")),
        always("3", when=When(text="weather", result_of="get_weather")),
        always(call("get_weather", _id="c1"), when="weather"),
        always("4", when="sky"),
        always("5", when=When(tools=("f",), params={"model": "m"})),
        always("6"),
    ]


def test_counted_fixtures_play_once_in_their_order() -> None:
    """Each is a turn that is used up."""
    turns = scripted(
        fixture("One", userMessage="a", sequenceIndex=0),
        fixture("Two", userMessage="a", sequenceIndex=1),
        fixture("Three", turnIndex=2),
    )

    assert turns == [say("One", when="a"), say("Two", when="a"), say("Three")]


def test_an_agent_runs() -> None:
    """The result of the tool, not the question again, gets the second answer."""

    @tool
    def get_weather() -> str:
        """Get the weather."""
        return "sunny"

    found = read(calling(), fixture("Sunny.", toolCallId="call_1"))
    model = FakeChatModel(read_script(written([found]).text)).bind_tools([get_weather])
    question = "What's the weather?"
    called = model.invoke(question)
    result = get_weather.invoke(called.tool_calls[0])
    said = model.invoke([("user", question), called, result])

    assert said.text == "Sunny."


def test_what_is_left_out_is_told() -> None:
    """Conditions and values that no turn has; fixtures that are no chat's."""
    found = read(
        fixture("1", userMessage="a", systemMessage="b"),
        {**fixture("2", userMessage="c"), "chaos": {"dropRate": 1}, "latency": 5},
        {"match": {"userMessage": "d"}, "response": {"embedding": [1]}},
        fixture("4", endpoint="image"),
        fixture("5", systemMessage="b"),
        fixture("6", toolCallId="x"),
        3,
        fixture("8"),
        fixture("9", userMessage="e"),
    )

    assert [turn.left_out for turn in found.turns] == [
        ("a condition on systemMessage",),
        ("a value of chaos", "a pause between chunks"),
        (),
    ]
    assert found.skipped == (
        "a.json, fixture 3: its response (embedding) is no chat's.",
        "a.json, fixture 4: it answers the endpoint 'image', which is no chat.",
        "a.json, fixture 5: no turn can wait for systemMessage.",
        "a.json, fixture 6: no fixture before it calls the tool that it waits for.",
        "a.json, fixture 7: 3 has no match and response.",
        "a.json, fixture 9: one before it answers everything.",
    )


def test_no_chat_at_all() -> None:
    """The error says why each is none."""
    with pytest.raises(CassetteError, match=r"^a\.json has no chat .*: a\.json,"):
        read(fixture(endpoint="image"))


def spoiled(value: Any) -> Iterator[Any]:
    """Give *value* with each thing in it replaced or left out."""
    yield from (None, True, -1, 1e300, "", [], {}, [None])
    if isinstance(value, dict):
        for key, one in value.items():
            yield {k: said for k, said in value.items() if k != key}
            yield from ({**value, key: other} for other in spoiled(one))
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from ([*value[:n], other, *value[n + 1 :]] for other in spoiled(one))


def test_no_shape_breaks_it() -> None:
    """A fixture of a wrong shape is told, or a turn that can be written."""
    everything = {
        "match": {"userMessage": "a", "toolName": "f", "model": "m", "turnIndex": 0},
        "response": {
            "blocks": [{"type": "toolCall", "name": "f", "arguments": {}, "id": "c"}],
            "reasoning": "r",
            "reasoningSignature": "s",
            "usage": {"prompt_tokens": 1},
            "finishReason": "stop",
            "model": "m",
            "id": "i",
        },
        "latency": 1,
        "chunkSize": 1,
        "streamingProfile": {"ttft": 1},
        "truncateAfterChunks": 1,
    }
    failing = {
        "match": {},
        "response": {"error": {"message": "a"}, "status": 429, "retryAfter": 1},
    }
    good = fixture("Hi", userMessage="z")
    told = 0
    for value in (*spoiled(everything), *spoiled(failing)):
        found = read(good, value)
        assert read_script(written([found]).text).turns
        told += len(found.skipped)

    assert told > 40


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fixtures become scripts, and no cassettes: nothing was recorded."""
    monkeypatch.chdir(tmp_path)
    text = json.dumps({"fixtures": [{"match": {}, "response": SAID[-2][0]}]})
    Path("a.json").write_text(text)

    assert main(["convert", "a.json", "--to", "script", "-o", "b.yaml"]) == 0
    assert capsys.readouterr().out == "a.json: aimock, 1 turn -> b.yaml\n"
    with pytest.raises(RateLimitError, match="Slow"):
        FakeChatModel.load("b.yaml", directory=".").invoke("Hi")
    assert main(["convert", "a.json"]) == 1
    assert capsys.readouterr().err == (
        "harness: a.json is a recording in the format of aimock's fixtures, which "
        "cannot be converted. They were written, not recorded: make a script of them, "
        "--to script.\n"
    )
    assert not holds_aimock("{")
    assert not holds_aimock('["fixtures"]')
