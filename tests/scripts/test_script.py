"""Playing a script: who gets which turn, cut how, and what it all adds up to."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import (
    InputError,
    RateLimitError,
    ScriptError,
    ScriptExhausted,
    UnusedTurns,
)
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.scripts import Script, Turn, auto, call, fail, pause, say, think
from harness.steps import Fault, Pause, Step
from harness.tool_specs import ToolChoice, ToolSpec

WEATHER = ToolSpec(
    "get_weather",
    parameters={
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
)


def request(text: str = "Hi", *, stream: bool = True, **fields: Any) -> ChatRequest:
    """Build a request of one user message."""
    return ChatRequest((HumanMessage(text),), stream=stream, **fields)


def summed(steps: Iterator[Step]) -> AIMessage:
    """Sum the chunks among steps to a message."""
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    return sum(chunks[1:], chunks[0]).to_message()


def texts(steps: Iterator[Step]) -> list[object]:
    """Give the text of each chunk, and other steps as they are."""
    return [s.text if isinstance(s, AIMessageChunk) else s for s in steps]


def test_a_text_comes_in_words() -> None:
    """A text is streamed in words, and a last, empty chunk says how it ended."""
    *words, last = Script("The sky is blue.").play(request())

    assert texts(iter(words)) == ["The", " sky", " is", " blue", "."]
    assert isinstance(last, AIMessageChunk)
    assert (last.text, last.chunk_position) == ("", "last")
    assert last.response_metadata == {"finish_reason": "stop", "model_name": "fake"}
    assert last.usage_metadata == {
        "input_tokens": 1,
        "output_tokens": 4,
        "total_tokens": 5,
    }


def test_a_whole_reply_is_one_chunk() -> None:
    """Who does not stream gets everything at once, after all pauses."""
    turn = say(think("Hm."), "a b", pause(1), "c", call("f", x=1))

    pause_, chunk = Script(turn, check=False).play(request(stream=False))

    assert pause_ == Pause(1)
    assert isinstance(chunk, AIMessageChunk)
    assert chunk.text == "a bc"
    assert chunk.chunk_position == "last"


def test_calls_come_as_providers_send_them() -> None:
    """Name and id come first, arguments in fragments, each call under its index."""
    turn = say("Ok.", call("get_weather", location="Boston"), call("f", _id="mine"))

    chunks = list(Script(turn, check=False).play(request()))

    fragments = [
        fragment
        for chunk in chunks
        if isinstance(chunk, AIMessageChunk)
        for fragment in chunk.tool_call_chunks
    ]
    assert [(f["index"], f["name"], f["id"], f["args"]) for f in fragments] == [
        (0, "get_weather", "call_1", ""),
        (0, None, None, '{"lo'),
        (0, None, None, "catio"),
        (0, None, None, 'n": "B'),
        (0, None, None, "osto"),
        (0, None, None, 'n"}'),
        (1, "f", "mine", ""),
        (1, None, None, "{}"),
    ]


def test_order_of_blocks_survives_the_sum() -> None:
    """Text after a call, or between reasoning, stays where it was said."""
    image = {"type": "image", "url": "https://a.b/c.png"}
    turn = say("a b", call("f"), "c", think("d e", "sig"), image, "f", "g")

    message = summed(Script(turn, check=False).play(request()))

    kinds = [block["type"] for block in message.content_blocks]
    assert kinds == ["text", "tool_call", "text", "reasoning", "image", "text"]
    assert message.content_blocks[3]["extras"] == {"signature": "sig"}
    assert message.text == "a bcfg"


@pytest.mark.parametrize(
    ("turn", "pieces"),
    [
        (say("Hello there", cut=4), ["Hell", "o th", "ere", ""]),
        (say("Hello there", cut="whole"), ["Hello there", ""]),
        (say("Hi there", cut=["Hi th", "ere"]), ["Hi th", "ere", ""]),
        (say("Bos", pause(2), "ton is"), ["Bos", Pause(2), "ton", " is", ""]),
        (say("ab", "cd", cut="whole"), ["ab", "cd", ""]),
        (say("a", "", "b", cut="whole"), ["a", "b", ""]),
        (say(""), [""]),
    ],
)
def test_cuts(turn: Turn, pieces: list[object]) -> None:
    """A turn says how it is cut; texts are cut at their seams besides."""
    assert texts(Script(turn).play(request())) == pieces


def test_the_script_has_a_cut_of_its_own() -> None:
    """Turns that do not say how they are cut follow the script."""
    turn = say("abcd", call("f", x=1))

    script = Script(turn, cut=2, arguments_cut="whole", check=False)

    assert texts(script.play(request())) == ["ab", "cd", "", "", ""]


def test_pieces_of_the_text_leave_reasoning_alone() -> None:
    """Explicit pieces are those of the text; reasoning is cut as usual."""
    turn = say(think("one two"), "Hi there", cut=["Hi th", "ere"])

    assert texts(Script(turn).play(request())) == ["", "", "Hi th", "ere", ""]


def test_what_an_answer_says_of_itself() -> None:
    """Usage, finish reason, model, metadata and id are those that were given."""
    turn = say(
        "Hi",
        usage={"input_tokens": 3, "output_tokens": 4},
        finish="length",
        model="m",
        metadata={"logprobs": [1]},
        id="mine",
    )

    message = summed(Script(turn).play(request()))

    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] == 7
    assert message.response_metadata == {
        "finish_reason": "length",
        "logprobs": [1],
        "model_name": "m",
    }
    assert message.id == "mine"


def test_nothing_need_be_said_of_an_answer() -> None:
    """Usage and finish reason can be left out."""
    message = summed(Script(say("Hi", usage=None, finish=None)).play(request()))

    assert (message.usage_metadata, message.finish_reason) == (None, None)


def test_a_message_is_played_whole() -> None:
    """An AIMessage comes out as it went in, with what it lacks."""
    given_ = AIMessage(
        ["a", {"type": "text", "text": "b", "annotations": [{"type": "citation"}]}],
        tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c"}],
        additional_kwargs={"k": 1},
        id="m",
        name="bot",
    )

    message = summed(Script(given_, check=False).play(request()))

    assert message.content_blocks == given_.content_blocks
    assert message.tool_calls == given_.tool_calls
    assert (message.id, message.name) == ("m", "bot")
    assert message.additional_kwargs == {"k": 1}


def test_ids_count_up_and_come_from_the_seed() -> None:
    """The same script gives the same ids; another seed gives others."""

    def ids(seed: int) -> list[object]:
        script = Script(call("f"), call("f"), seed=seed, check=False)
        played = [summed(script.play(request())) for _ in range(2)]
        return [(message.id, message.tool_calls[0]["id"]) for message in played]

    assert ids(0) == [("msg_1", "call_1"), ("msg_2", "call_2")] == ids(0)
    assert ids(7) == [("msg_7_1", "call_7_1"), ("msg_7_2", "call_7_2")]


# ------------------------------------------------------------------- choosing


def test_turns_are_played_one_after_the_other() -> None:
    """Each request gets the next turn, decided when it asks and not when it reads."""
    script = Script(["a", "b"])

    first, second = script.play(request()), script.play(request())

    assert summed(second).text == "b"
    assert summed(first).text == "a"


def test_conditions_come_first_in_their_order() -> None:
    """A turn whose condition does not apply waits until it does."""
    script = Script(say("rain", when="weather"), "x", say("again", when="weather"), "y")

    played = [
        summed(script.play(request(text))).text
        for text in ("Hi", "weather", "weather", "weather")
    ]

    assert played == ["x", "rain", "again", "y"]


def test_turns_may_be_played_again() -> None:
    """A turn plays as often as it says, and "forever" may be never."""
    script = Script(
        say("rule", when="rule", times="forever"), say("a", times=2), auto(when="no")
    )

    played = [
        summed(script.play(request(text))).text for text in ("rule", "a", "rule", "a")
    ]

    assert played == ["rule", "a", "rule", "a"]
    assert [turn.when is not None for turn in script.unused()] == [True]
    Script(say("rule", times="forever")).check_exhausted()


def test_running_out() -> None:
    """One call too many is an error that says what was asked, and what to do."""
    script = Script("a")
    script.play(request())

    with pytest.raises(ScriptExhausted) as caught:
        script.play(request("And now?"))

    assert str(caught.value) == (
        "The script has 1 turn, all played, and is asked 'And now?' in call 2. Add a "
        "turn for it, or let one be played again: say(..., times='forever')."
    )
    assert script.violations == [caught.value]


def test_a_script_without_turns() -> None:
    """A script that has nothing to say tells how to give it turns."""
    with pytest.raises(ScriptExhausted, match="has no turns, and is asked nothing"):
        Script().play(ChatRequest(()))


def test_no_turn_applies() -> None:
    """Where turns are left but none applies, they are listed with their conditions."""
    script = Script(say("a", when="weather"), say(call("f"), pause(1), when="news"))

    with pytest.raises(ScriptError) as caught:
        script.play(request("Hi"))

    assert str(caught.value) == (
        "No turn of the script applies to 'Hi' in call 1. Left are:\n"
        "  turn 1: 'a', when text 'weather'\n"
        "  turn 2: call of f, pause of 1 s, when text 'news'\n"
        "Mend a condition, or add a turn without one."
    )


def test_unused_turns() -> None:
    """Turns that nothing asked for are listed, with the calls that were made."""
    chunk = AIMessageChunk("c")
    turns = ["a", say(), auto(), [chunk], fail(429), len, think("t"), {"type": "x"}]
    script = Script(turns)
    list(script.play(request()))

    with pytest.raises(UnusedTurns) as caught:
        script.check_exhausted()

    assert str(caught.value) == (
        "7 of 8 turns were never asked for:\n"
        "  turn 2: nothing\n"
        "  turn 3: auto()\n"
        "  turn 4: 1 given steps\n"
        "  turn 5: failure: rate limit (scripted)\n"
        "  turn 6: len(request)\n"
        "  turn 7: 't'\n"
        "  turn 8: a non_standard\n"
        "Let the application ask, or remove them. Called once:\n"
        "  0. human: 'Hi' -> turn 1: 'a'"
    )


def test_a_fresh_script_starts_over() -> None:
    """A copy has the same turns, none of them played."""
    script = Script("a", seed=3, cut=1)
    script.play(request())

    fresh = script.fresh()

    assert (len(fresh.unused()), len(fresh.journal), fresh.seed) == (1, 0, 3)


def test_threads_get_one_turn_each() -> None:
    """Whoever asks at the same time, no turn is given twice or lost."""
    script = Script([str(n) for n in range(40)])
    played: list[str] = []

    def ask() -> None:
        played.extend(summed(script.play(request())).text for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(played, key=int) == [str(n) for n in range(40)]
    assert [one.index for one in script.journal] == list(range(40))


# --------------------------------------------------------------------- faults


def test_a_failure_comes_where_it_is_written() -> None:
    """An answer breaks off after the parts before its failure."""
    steps = texts(Script(say("Let me", fail("connection"))).play(request()))

    assert steps == ["Let", " me", Fault(kind="connection")]


def test_a_failure_comes_after_so_many_chunks() -> None:
    """A failure may count chunks; what would come after it is not sent."""
    turn = say("one", pause(1), "two three", fail(500, after=2))

    steps = texts(Script(turn, cut="whole").play(request()))

    assert steps == ["one", Pause(1), "two three", Fault(status=500)]


def test_a_failed_reply_has_no_part() -> None:
    """Who does not stream gets the pauses and the fault, and nothing of the answer."""
    script = Script(
        say("a", pause(1), "b", fail(500)), [AIMessageChunk("a"), fail(500)]
    )

    assert list(script.play(request(stream=False))) == [Pause(1), Fault(status=500)]
    assert list(script.play(request(stream=False))) == [Fault(status=500)]


def test_given_steps_are_played_as_they_are() -> None:
    """A list of steps is played unchanged, up to its fault."""
    chunk = AIMessageChunk("a")

    script = Script([[chunk, pause(1), fail(500), chunk]])

    assert list(script.play(request())) == [chunk, Pause(1), Fault(status=500)]


# ------------------------------------------------------------------ functions


def test_a_function_answers() -> None:
    """A function of the request gives any turn, and may raise a provider's error."""

    def echo(asked: ChatRequest) -> object:
        return asked.messages[-1].text

    def refuse(asked: ChatRequest) -> object:
        raise RateLimitError("slow", status=429)

    script = Script(echo, refuse, lambda _: [AIMessageChunk("c")], lambda _: auto("d"))

    assert summed(script.play(request("Echo!"))).text == "Echo!"
    assert list(script.play(request())) == [Fault("slow", "rate_limit", status=429)]
    assert summed(script.play(request())).text == "c"
    assert summed(script.play(request())).text == "d"


def test_a_function_yields_steps() -> None:
    """A generator streams texts and steps; its end is marked if it does not do so."""
    closed = []

    def stream(asked: ChatRequest) -> Iterator[object]:
        try:
            yield "a"
            yield pause(1)
            yield AIMessageChunk("b", chunk_position="last" if asked.stop else None)
        finally:
            closed.append(True)

    script = Script(say(stream, times=2))

    assert texts(script.play(request())) == ["a", Pause(1), "b", ""]
    assert texts(script.play(request(stop=("x",)))) == ["a", Pause(1), "b"]
    assert closed == [True, True]


def test_a_generator_may_fail_or_be_left() -> None:
    """A generator's error or fault ends the stream; leaving the stream closes it."""
    closed = []

    def broken(_: ChatRequest) -> Iterator[object]:
        yield "a"
        raise RateLimitError("slow")

    def faulty(_: ChatRequest) -> Iterator[object]:
        yield fail(500)
        yield "never"

    def endless(_: ChatRequest) -> Iterator[object]:
        try:
            while True:
                yield "a"
        finally:
            closed.append(True)

    script = Script(broken, faulty, endless)

    assert texts(script.play(request())) == ["a", Fault("slow", "rate_limit")]
    assert texts(script.play(request())) == [Fault(status=500)]
    steps = script.play(request())
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert closed == [True]
    assert not script.journal[2].finished


def test_a_generator_is_checked_at_its_end() -> None:
    """What a generator said is checked once it is known."""
    script = Script(say(lambda _: (part for part in ["a"])))
    steps = script.play(request(response_format=ResponseFormat("json_object")))

    with pytest.raises(ScriptError, match="response_format: 'a' is not JSON"):
        list(steps)

    assert len(script.violations) == 1
    assert script.journal[0].error is script.violations[0]


async def later(request: ChatRequest) -> str:
    """Answer in a task."""
    return "a"


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (later, "is asynchronous"),
        (lambda _: len, "the function gave another function"),
        (lambda _: 3, "3 is no turn"),
        (lambda _: say("abc", cut=["a"]), "the pieces do not join"),
    ],
)
def test_what_a_function_may_not_give(function: Any, text: str) -> None:
    """A function's answer is read like any turn."""
    script = Script(function)

    with pytest.raises(InputError, match=text):
        script.play(request())

    assert isinstance(script.journal[0].error, InputError)


def test_errors_of_a_function_are_its_own() -> None:
    """What a function raises reaches whoever asked, and the journal."""
    script = Script(lambda _: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        script.play(request())

    assert script.violations == []


# ------------------------------------------------------------- stop sequences


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("one. two",), "one"),
        (("one", ". two", call("f")), "one"),
        (("on", pause(1), "e.", call("f")), "one"),
        ((think("a."), "one", call("f"), "."), "one"),
        (("one",), "one"),
        ((".",), ""),
    ],
)
def test_stop_sequences(parts: tuple[object, ...], text: str) -> None:
    """An answer ends before the first stop sequence in its text."""
    script = Script(say(*parts), check=False)

    message = summed(script.play(request(stop=("!", "."))))

    assert message.text == text
    assert message.finish_reason == "stop"


def test_stop_sequences_that_a_model_ignores() -> None:
    """A turn that misbehaves goes on; explicit pieces do not hinder the stop."""
    script = Script(say("a. b", misbehaving=True), say("a. b", cut=["a. ", "b"]))

    assert summed(script.play(request(stop=(".",)))).text == "a. b"
    assert texts(script.play(request(stop=(".",)))) == ["a", ""]


# ----------------------------------------------------------------------- auto


def test_auto_answers_lawfully() -> None:
    """A turn without words calls, answers with JSON or talks, as it is asked to."""
    schema = {"type": "object", "properties": {"n": {"const": 3}}, "required": ["n"]}
    script = Script(auto("Done.", times="forever"))
    tools = {"tools": (ToolSpec("other"), WEATHER)}
    forced = ToolChoice("tool", "get_weather")

    def played(**fields: Any) -> AIMessage:
        return summed(script.play(request(**fields)))

    assert played().text == "Done."
    assert played(**tools).tool_calls[0]["name"] == "other"
    assert played(**tools, tool_choice=forced).tool_calls[0]["name"] == "get_weather"
    assert played(**tools, tool_choice=ToolChoice("none")).text == "Done."
    assert played(response_format=ResponseFormat("json_object")).text == "{}"
    assert played(response_format=ResponseFormat("text")).text == "Done."
    assert (
        played(response_format=ResponseFormat("json_schema", schema)).text == '{"n": 3}'
    )


def test_auto_ends_a_tool_loop() -> None:
    """Once a tool has answered, an automatic turn talks."""
    script = Script(auto(times="forever"))
    result = ToolMessage("x", tool_call_id="c")
    asked = ChatRequest((HumanMessage("a"), result), tools=(WEATHER,))
    forced = ChatRequest((result,), tools=(WEATHER,), tool_choice=ToolChoice("any"))

    assert summed(script.play(asked)).text == "Okay."
    assert summed(script.play(forced)).tool_calls
    assert summed(script.play(ChatRequest((), tools=(WEATHER,)))).tool_calls


def test_auto_is_the_same_each_time() -> None:
    """Made-up answers come from the seed and the number of the call."""

    def played(seed: int) -> list[object]:
        script = Script(auto(times=2), seed=seed)
        return [summed(script.play(request(tools=(WEATHER,)))).tool_calls for _ in "ab"]

    assert played(1) == played(1) != played(2)


# --------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: Script(say("ab", cut=["a"])), "turn 1: the pieces do not join"),
        (lambda: Script("a", say(fail(500), "b")), "turn 2: part 2 of say"),
        (lambda: Script(fail(500, after=1)), r"fail\(after=1\) never comes"),
        (lambda: Script(say("a", times="forever"), "b"), "turn 2 can never be played"),
        (lambda: Script("a", seed="x"), "seed='x': give a whole number"),
        (lambda: Script("a", cut="wrods"), "Did you mean 'words'"),
        (lambda: Script("a", check="no"), "check='no': give True or False"),
        (lambda: Script(say("a", fail(500, after=3))), "the answer has 1 chunk. "),
    ],
)
def test_scripts_that_cannot_be_played(build: Any, text: str) -> None:
    """What is wrong with a script is said when it is made."""
    with pytest.raises(InputError, match=text):
        build()


# ----------------------------------------------------------------------- laws

TEXT = st.text(st.sampled_from("ab \n.é\U0001f600\u0301"), max_size=8)
CALLS = st.builds(
    call, st.sampled_from(["f", "g"]), st.dictionaries(TEXT, TEXT, max_size=2)
)
BLOCKS = st.sampled_from(
    [
        {"type": "image", "url": "https://a.b/c.png"},
        {"type": "text", "text": "ab c", "annotations": [{"type": "citation"}]},
        {"type": "refusal", "refusal": "No way."},
        {"type": "server_tool_call", "name": "web_search", "args": {}, "id": "s"},
        {"type": "non_standard", "value": {"a": 1}},
    ]
)
PARTS = st.one_of(
    TEXT,
    CALLS,
    BLOCKS,
    st.builds(lambda raw: call("f", raw=raw), TEXT),
    st.builds(think, TEXT, st.none() | TEXT),
    st.builds(pause, st.integers(0, 3)),
)
CUTS = st.sampled_from(["words", "characters", "graphemes", "whole", 2, 5])


@given(st.lists(PARTS, max_size=6), CUTS, CUTS)
def test_the_pieces_sum_to_the_whole(parts: list[Any], cut: Any, args: Any) -> None:
    """However an answer is cut, its chunks sum to the message of the whole reply."""
    script = Script(say(*parts), cut=cut, arguments_cut=args, check=False)

    streamed = summed(script.play(request()))
    whole = summed(script.fresh().play(request(stream=False)))

    assert streamed == whole
    assert streamed.content_blocks == whole.content_blocks


@given(st.lists(PARTS.filter(lambda part: part not in ("", think(""))), max_size=6))
def test_parts_keep_their_order_when_summed(parts: list[Any]) -> None:
    """The blocks of the message are the parts that were written, in their order."""
    message = summed(Script(say(*parts), check=False).play(request()))

    kinds = [b["type"].removeprefix("invalid_") for b in message.content_blocks]
    wanted: list[str] = []
    joins = False
    for part in parts:
        if isinstance(part, Pause):
            continue
        if not (isinstance(part, str) and joins):
            block = getattr(part, "block", part)
            kind = "text" if isinstance(part, str) else None
            kind = kind or (block["type"] if isinstance(block, dict) else "tool_call")
            wanted.append(kind)
        joins = isinstance(part, str)
    assert kinds == wanted
