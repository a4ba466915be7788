"""Turns: every form that one can be written in, and what is none."""

import re
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import (
    InputError,
    InterruptedStreamError,
    ModelConnectionError,
    ModelError,
    ModelTimeoutError,
    RateLimitError,
)
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts import When, as_turn, auto, call, fail, pause, say, think
from harness.scripts.parts import (
    Compute,
    Failure,
    Said,
    ScriptedBlock,
    ScriptedCall,
    Steps,
    failure_of,
)
from harness.scripts.when import as_when
from harness.steps import Fault, Pause
from harness.tool_specs import ToolSpec


def asked(*messages: Any, **fields: Any) -> ChatRequest:
    """Build a request of messages; a text is a user's."""
    read = (HumanMessage(m) if isinstance(m, str) else m for m in messages)
    return ChatRequest(tuple(read), **fields)


def answer(turn: object) -> Said:
    """Give what a turn says."""
    said = as_turn(turn).answer
    assert isinstance(said, Said)
    return said


def test_parts_keep_their_order() -> None:
    """A turn says its parts in the order they were written."""
    image = {"type": "image", "url": "https://a.b/c.png"}

    parts = answer(say("a", call("f", x=1), pause(2), think("t"), image)).parts

    assert parts == (
        ScriptedBlock({"type": "text", "text": "a"}),
        ScriptedCall("f", {"x": 1}),
        Pause(2),
        ScriptedBlock({"type": "reasoning", "reasoning": "t"}),
        ScriptedBlock(image),
    )


def test_texts_in_a_row_are_one() -> None:
    """A text goes on with the text before it, also over a pause."""
    parts = answer(say("a", "b", pause(1), "c", call("f"), "d")).parts

    continues = [part.continues for part in parts if isinstance(part, ScriptedBlock)]
    assert continues == [False, True, True, False]


@pytest.mark.parametrize(
    ("short", "turn"),
    [
        ("Hi", say("Hi")),
        (call("f"), say(call("f"))),
        (think("t"), say(think("t"))),
        (fail(429), say(fail(429))),
        (Fault(status=429), say(fail(429))),
        (
            {"type": "refusal", "refusal": "No."},
            say({"type": "refusal", "refusal": "No."}),
        ),
        (RateLimitError("slow"), say(fail("rate_limit", message="slow"))),
    ],
)
def test_one_part_is_a_turn(short: object, turn: object) -> None:
    """What can be said alone needs no say()."""
    assert as_turn(short) == turn


def test_a_message_is_a_turn() -> None:
    """An AIMessage is said with its blocks, calls, usage and metadata."""
    message = AIMessage(
        [{"type": "reasoning", "reasoning": "t"}, "Hi"],
        tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c"}],
        invalid_tool_calls=[{"name": "g", "args": "{", "id": "d", "error": "e"}],
        usage_metadata={"input_tokens": 1, "output_tokens": 2},
        response_metadata={"finish_reason": "length"},
        id="m",
    )

    said = answer(message)

    assert [type(part).__name__ for part in said.parts] == [
        "ScriptedBlock",
        "ScriptedBlock",
        "ScriptedCall",
        "ScriptedCall",
    ]
    assert said.parts[2:] == (
        ScriptedCall("f", {"x": 1}, id="c"),
        ScriptedCall("g", raw="{", id="d"),
    )
    assert (said.finish, said.id) == ("length", "m")


def test_steps_are_a_turn() -> None:
    """A list of chunks, pauses and faults is played as it is."""
    chunk = AIMessageChunk("a")

    assert as_turn(chunk).answer == Steps((chunk,))
    assert as_turn([chunk, pause(1), "b", fail(500)]).answer == Steps(
        (chunk, Pause(1), AIMessageChunk("b"), Fault(status=500))
    )


def test_a_function_is_a_turn() -> None:
    """A function answers for itself, with the options of say() for when and how."""
    turn = say(len, when="x", times=3, misbehaving=True)

    assert turn.answer == Compute(len)
    assert (turn.when, turn.times, turn.misbehaving) == (When(text="x"), 3, True)
    assert as_turn(turn) is turn


def test_arguments_of_calls() -> None:
    """Arguments come by name, in a dict, or as raw text."""
    assert call("f", {"name": "x", "raw": 1}, y=2).args == {
        "name": "x",
        "raw": 1,
        "y": 2,
    }
    assert call("f", raw="{", _id="c") == ScriptedCall("f", raw="{", id="c")


def test_failures() -> None:
    """A failure has a status, a kind or a message; a place, headers, a time to wait."""
    assert fail(503).fault.kind == "overloaded"
    assert fail("timeout", message="late").fault == Fault("late", "timeout")
    assert fail("Out of order.").fault == Fault("Out of order.")
    assert fail(429, retry_after=2, headers={"a": "b"}, after=3) == Failure(
        Fault(status=429, retry_after=2, headers={"a": "b"}), 3
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimitError("x"), "rate_limit"),
        (ModelTimeoutError("x"), "timeout"),
        (ModelConnectionError("x"), "connection"),
        (InterruptedStreamError("x"), "interrupted"),
        (ModelError("x"), "connection"),
    ],
)
def test_errors_as_failures(error: ModelError, kind: str) -> None:
    """A provider's error that is raised is played as its kind of fault."""
    assert failure_of(error).fault == Fault("x", kind)  # type: ignore[arg-type]  # a kind


def test_auto_and_forever() -> None:
    """A turn may play any number of times."""
    assert auto("Hm.", times="forever").times is None
    assert say("a", times=2).times == 2


BROKEN = [
    (lambda: as_turn(3), "3 is no turn. A turn is a text, say(...)"),
    (lambda: as_turn(dict), "<class 'dict'> is no turn."),
    (lambda: as_turn(HumanMessage("a")), "is no turn."),
    (lambda: as_turn([]), "an empty list is no turn."),
    (lambda: as_turn(["a", "b"]), "say('ab', cut=['a', 'b'])"),
    (lambda: as_turn([AIMessageChunk("a"), 3]), "3 is no step of an answer."),
    (lambda: as_turn([fail(500, after=2)]), "fail(after=2) counts the chunks of say"),
    (lambda: say("a", say("b")), "part 2 of say(...) is itself a turn."),
    (lambda: say("a", usage="x"), "usage is 'x'."),
    (lambda: say("a", metadata=3), "metadata is 3; give a dict or None."),
    (lambda: say("a", model=3), "model is 3; it is a string or None."),
    (lambda: say("a", finish=3), "finish is 3; it is a string or None."),
    (lambda: say("a", id=3), "id is 3; it is a string or None."),
    (lambda: say("a", misbehaving="no"), "misbehaving='no': give True or False."),
    (lambda: say(len, usage=None), "'usage' goes with parts"),
    (lambda: say(AIMessage("a"), finish=None), "'finish' goes with parts"),
    (lambda: auto(3), "auto(3): give the text to say, or nothing."),
    (lambda: think("a", 3), "signature is 3; it is a string or None."),
    (lambda: fail(message=3), "A fault with the message 3; give a text."),
    (lambda: fail(429, headers=3), "A fault with the headers 3; give a dict of texts."),
    (lambda: fail(429, headers={"a": 1}), "A fault with the headers {'a': 1}"),
    (lambda: When(text=3), "when: text is 3; give a text."),
    (lambda: When(pattern=3), "when: pattern is 3; give a regular expression"),
    (lambda: as_when(re.compile(b"a")), "when: pattern is re.compile(b'a'); give a"),
    (lambda: When(tools=3), "when: tools is 3; give the names of tools."),
    (lambda: When(tools=[3]), "when: tools is (3,); give the names of tools."),
    (lambda: When(result_of=3), "when: result_of is 3; give the name of a tool."),
    (lambda: When(params=3), "when: params is 3; give a dict of parameters."),
    (lambda: When(test=3), "when: test is 3; give a function."),
    (lambda: as_turn(pause(2)), "say(pause(2), 'Hello!')"),
    (lambda: as_turn({"role": "ai"}), "is no content block: it has no 'type'."),
    (lambda: say("a", 3), "part 2 of say(...) is 3."),
    (lambda: say({"type": "tool_call_chunk"}), "is a fragment of a call."),
    (lambda: say({"type": "tool_call", "name": "f"}), "lacks a name or arguments."),
    (lambda: say("a", cut="wrods"), "Did you mean 'words'?"),
    (lambda: say("a", usage={"input_tokens": object()}), "usage['input_tokens']"),
    (lambda: say("a", metadata={"x": object()}), "metadata['x']"),
    (lambda: say("a", times=0), "times=0: give a number from 1 up, or 'forever'."),
    (lambda: say("a", when=3), "when=3 is no condition."),
    (lambda: say(len, finish="stop"), "'finish' goes with parts"),
    (lambda: call(""), "call(''): the first argument names the tool."),
    (lambda: call("f", "{"), "give arguments by name, or as one dict."),
    (lambda: call("f", raw=3), "raw=3"),
    (lambda: call("f", x=object()), "call('f')['x'] is not a JSON value"),
    (lambda: call("f", x=1, raw="{"), "has other arguments too: {'x': 1}"),
    (lambda: think(3), "think(3): give a text."),
    (lambda: fail("rate_limt"), "no such kind. Did you mean 'rate_limit'?"),
    (lambda: fail(None), "fail(None): give a status, a kind or a message."),
    (lambda: fail(200), "an error's status is 400 to 599."),
    (lambda: fail(429, after=-1), "fail(after=-1)"),
    (lambda: pause(-1), "A pause of -1 seconds"),
    (lambda: When(pattern="("), "is not a regular expression"),
    (lambda: as_when({"txt": "a"}), "when: no 'txt'. Did you mean 'text'?"),
    (lambda: as_when({}), "when={} is no condition."),
]


@pytest.mark.parametrize(("build", "text"), BROKEN)
def test_what_is_no_turn(build: Any, text: str) -> None:
    """An error shows what was given, and the nearest thing that is right."""
    with pytest.raises(InputError, match=re.escape(text)):
        build()


CALL = {"name": "f", "args": {}, "id": "c"}
RESULT = ToolMessage("x", tool_call_id="c")


@pytest.mark.parametrize(
    ("when", "request_", "applies"),
    [
        ("rain", asked("Will it rain?"), True),
        ("rain", asked("rain", "sun"), False),
        ("", asked(), True),
        (re.compile("^A.*z$"), asked("A to z"), True),
        (re.compile("^A.*z$"), asked("a to z"), False),
        ({"pattern": "[0-9]"}, asked("7"), True),
        (When(tools="f"), asked("a", tools=(ToolSpec("f"),)), True),
        ({"tools": ["f", "g"]}, asked("a", tools=(ToolSpec("f"),)), False),
        ({"result_of": "f"}, asked("a", AIMessage(tool_calls=[CALL]), RESULT), True),
        ({"result_of": "g"}, asked("a", AIMessage(tool_calls=[CALL]), RESULT), False),
        ({"result_of": "f"}, asked(RESULT), False),
        ({"result_of": "f"}, asked("a"), False),
        ({"result_of": "f"}, asked(), False),
        (
            {"params": {"model": "m", "top": 1}},
            asked(model="m", params={"top": 1}),
            True,
        ),
        ({"params": {"top": 2}}, asked(params={"top": 1}), False),
        ({"params": {"top": None}}, asked(), False),
        (lambda request: len(request.messages) == 1, asked("a"), True),
        (lambda request: request.stop, asked("a"), False),
    ],
)
def test_conditions(when: object, request_: ChatRequest, applies: bool) -> None:
    """A condition looks at the messages, the tools and the parameters."""
    condition = as_when(when)

    assert condition is not None
    assert condition.applies(request_) is applies


def test_conditions_read_well() -> None:
    """An error can show a condition."""

    def urgent(request: ChatRequest) -> bool:
        return True

    assert str(When(text="a", pattern="b", test=urgent)) == (
        "text 'a', pattern 'b', test urgent"
    )
