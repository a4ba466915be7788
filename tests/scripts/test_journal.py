"""The journal: what was asked, what was answered, and assertions on both."""

import re
from typing import Any

import pytest

from harness.errors import InputError, ScriptError, UnmetExpectation
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts import Journal, Script, call, fail, pause, say
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec

WEATHER = ToolSpec("get_weather")
ASKED = ChatRequest(
    (HumanMessage("The weather?"),),
    tools=(WEATHER,),
    tool_choice=ToolChoice("tool", "get_weather"),
    params={"temperature": 0},
    stream=True,
)
ANSWERED = ChatRequest(
    (HumanMessage("The weather?"), ToolMessage("sunny", tool_call_id="call_1")),
    stream=True,
)


def played() -> Journal:
    """Play a tool loop, and give its journal."""
    script = Script(
        say("Let me look.", pause(2), call("get_weather")), say("Sunny.", fail(500))
    )
    list(script.play(ASKED, config="config"))
    list(script.play(ANSWERED))
    with pytest.raises(ScriptError):
        script.play(ChatRequest(()))
    return script.journal


def test_a_call_tells_what_was_asked() -> None:
    """An entry shows the request as a person asked it."""
    entry = played()[0]

    assert entry.request is ASKED
    assert entry.messages == [HumanMessage("The weather?")]
    assert (entry.index, entry.text, entry.tools) == (
        0,
        "The weather?",
        ["get_weather"],
    )
    assert (entry.tool_choice, entry.params) == ("get_weather", {"temperature": 0})
    assert (entry.turn, entry.config) == (1, "config")


def test_a_call_tells_what_was_answered() -> None:
    """An entry shows the answer, how many chunks it took and how long."""
    first, second, third = played()

    assert isinstance(first.message, AIMessage)
    assert first.message.tool_calls[0]["id"] == "call_1"
    assert (first.chunks, first.elapsed, first.finished) == (7, 2, True)
    assert (first.error, second.error) == (None, Fault(status=500))
    assert isinstance(third.error, ScriptError)
    assert (third.message, third.turn, third.tool_choice) == (None, None, None)


def test_a_call_is_seen_while_it_is_played() -> None:
    """An entry is there at once, and grows with what is taken."""
    script = Script("Hi there")
    steps = script.play(ANSWERED)
    entry = script.journal[-1]
    before = entry.message, repr(entry)
    next(steps)

    assert before[0] is None
    assert before[1].endswith("turn 1, nothing taken of it")
    assert entry.message is not None
    assert (entry.message.text, entry.finished) == ("Hi", False)


def test_a_journal_is_a_sequence() -> None:
    """Calls are counted, sliced and gone through; a missing one is told."""
    journal = played()

    assert [entry.index for entry in journal] == [0, 1, 2]
    assert [entry.index for entry in journal[1:]] == [1, 2]
    with pytest.raises(IndexError, match=r"there is no call 3. Called 3 times:"):
        journal[3]


def test_a_journal_reads_well() -> None:
    """A journal shows a line for each call."""
    assert repr(played()) == (
        "<Journal. Called 3 times:\n"
        "  0. human: 'The weather?'; tools get_weather; tool_choice get_weather -> "
        "turn 1: 'Let me look.', call of get_weather\n"
        "  1. tool: 'sunny' -> turn 2 failed: server (scripted)\n"
        "  2. nothing -> ScriptExhausted>"
    )
    assert repr(Journal()) == "<Journal. The model was not called.>"


def test_assertions_that_hold() -> None:
    """An assertion that holds says nothing."""
    journal = played()

    journal.assert_called()
    journal.assert_called(times=3)
    journal.assert_asked("weather")
    journal.assert_asked("sunny", call=1)
    journal.assert_asked(lambda request: request.tools)
    journal.assert_bound("get_weather", call=0)
    journal.assert_tool_results("sunny", call=1)
    journal.assert_tool_results()
    Journal().assert_called(times=0)


def looped() -> Journal:
    """Play an agent that looks up two places, of which one result is sent back."""
    first = HumanMessage("Boston and Rome?")
    asked = AIMessage(
        "",
        tool_calls=[
            {"name": "get_weather", "args": {"at": ["Boston"], "unit": "F"}, "id": "a"},
            {"name": "get_weather", "args": {"at": ["Rome"]}, "id": "b"},
            {"name": "search", "args": {}, "id": "c"},
        ],
    )
    results = [ToolMessage("62", tool_call_id="a"), ToolMessage("93", tool_call_id="b")]
    script = Script(
        say(call("get_weather"), call("search")), "62 and 93.", "Bye.", check=False
    )
    conversation = (first, asked, *results)
    list(script.play(ChatRequest((first,))))
    list(script.play(ChatRequest(conversation)))
    more = AIMessage("62 and 93."), HumanMessage("Thanks")
    list(script.play(ChatRequest((*conversation, *more))))
    return script.journal


def test_what_ran_is_seen_by_its_results() -> None:
    """A tool was called and run where a request has its result; in this order."""
    journal = looped()

    journal.assert_called_with_tool("get_weather")
    journal.assert_called_with_tool("get_weather", at=["Rome"])
    journal.assert_called_with_tool("get_weather", {"unit": "F"}, at=["Boston"])
    journal.assert_asked_in_order("Boston and", "93", "Thanks")
    journal.assert_asked_in_order("62", lambda request: len(request.messages) == 6)
    journal.assert_asked_in_order()


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (
            lambda j: j.assert_called_with_tool("get_weather", at=["Oslo"]),
            (
                "Expected that get_weather(at=['Oslo']) is called and run. It ran as "
                "get_weather(at=['Boston'], unit='F'), get_weather(at=['Rome']).\n"
            ),
        ),
        (
            lambda j: j.assert_called_with_tool("search"),
            (
                "Expected that search() is called and run. The model called it, and no "
                "request has the result.\n"
            ),
        ),
        (
            lambda j: j.assert_called_with_tool("get_wether"),
            (
                "is called and run. Did you mean 'get_weather'? Known: 'get_weather', "
                "'search'.\n"
            ),
        ),
        (
            lambda j: j.assert_asked_in_order("Thanks", "Boston"),
            (
                "Expected that 'Boston' is in a message that is new in a call, after "
                "'Thanks'.\n"
            ),
        ),
        (
            lambda j: j.assert_asked_in_order("Hello"),
            "Expected that 'Hello' is in a message that is new in a call.\n",
        ),
        (
            lambda j: j.assert_asked_in_order("Boston", "Boston"),
            "'Boston' is in a message that is new in a call, after 'Boston'.\n",
        ),
    ],
)
def test_what_did_not_run_is_told(check: Any, text: str) -> None:
    """The error names what ran instead, and shows the calls."""
    with pytest.raises(UnmetExpectation, match=re.escape(text)) as caught:
        check(looped())

    assert "0. human: 'Boston and Rome?' -> turn 1" in str(caught.value)


def nothing(request: ChatRequest) -> bool:
    """Hold for no request."""
    return False


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (
            lambda j: j.assert_called(1),
            "Expected that the model is called once.\nCalled 3",
        ),
        (lambda j: j.assert_called(0), "Expected that the model is called never."),
        (lambda j: j.assert_asked("snow"), "Expected that 'snow' is in a message.\n"),
        (lambda j: j.assert_asked("sunny", call=0), "is in a message of call 0."),
        (lambda j: j.assert_asked("a", call=5), "Expected that there is a call 5."),
        (lambda j: j.assert_bound("f", call=5), "Expected that there is a call 5."),
        (lambda j: j.assert_tool_results(call=5), "Expected that there is a call 5."),
        (lambda j: j.assert_asked(nothing), "Expected that nothing holds."),
        (
            lambda j: j.assert_bound("get_wether", call=0),
            "Expected that 'get_wether' is bound. Did you mean 'get_weather'?",
        ),
        (lambda j: j.assert_bound("f"), "Expected that 'f' is bound. There is none."),
        (
            lambda j: j.assert_tool_results("rain", call=1),
            "Expected that the tool results are ['rain']. They are ['sunny'].",
        ),
    ],
)
def test_assertions_that_fail(check: Any, text: str) -> None:
    """An assertion that fails shows what was expected, and the calls made."""
    with pytest.raises(UnmetExpectation, match=re.escape(text)) as caught:
        check(played())

    assert "0. human: 'The weather?'" in str(caught.value)


def test_what_cannot_be_expected() -> None:
    """What was asked is looked for by a text, or by a function."""
    with pytest.raises(InputError, match=r"assert_asked\(3\): give a text, or a fu"):
        played().assert_asked(3)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(InputError, match=r"assert_asked_in_order\(3\): give a text"):
        played().assert_asked_in_order(3)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    "check",
    [
        lambda j: j.assert_called(),
        lambda j: j.assert_asked("a"),
        lambda j: j.assert_bound("a"),
        lambda j: j.assert_tool_results("a"),
        lambda j: j.assert_called_with_tool("a"),
        lambda j: j.assert_asked_in_order("a"),
    ],
)
def test_assertions_without_a_call(check: Any) -> None:
    """Where nothing was asked, that is what an assertion says."""
    with pytest.raises(UnmetExpectation, match="The model was not called"):
        check(Journal())
