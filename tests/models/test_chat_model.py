"""The Python face: one method is written, all else is there."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import AIMessage, HumanMessage, SystemMessage
from harness.models import CallbackHandler, ChatModel, RealClock, RunConfig
from harness.requests import ResponseFormat
from harness.tool_specs import ToolChoice

SEARCH = {"name": "search", "parameters": {}}
ADD = {"name": "add", "parameters": {}}


class Echo(ChatModel):
    """Repeats the last message in pieces of three characters."""

    def __init__(self):
        self.requests = []

    def play(self, request):
        self.requests.append(request)
        text = request.messages[-1].text
        pieces = [text[n : n + 3] for n in range(0, len(text), 3)] or [""]
        return map(AIMessageChunk, pieces)


def test_a_model_must_play():
    """A model without `play` cannot be made."""

    class Silent(ChatModel):
        pass

    with pytest.raises(TypeError, match="play"):
        Silent()


def test_a_model_has_a_real_clock():
    """Unless the author says otherwise, time is real."""
    assert isinstance(Echo().clock, RealClock)


@given(st.text())
def test_all_ways_of_asking_give_one_answer(text):
    """Whole or in pieces, alone or in a batch, sync or async: the same answer."""
    model = Echo()
    config = RunConfig(run_id="r")

    async def ask():
        pieces = [chunk async for chunk in model.astream(text, config)]
        whole = await model.ainvoke(text, config)
        (many,) = await model.abatch([text], config)
        return sum(pieces[1:], pieces[0]).to_message(), whole, many

    answer = model.invoke(text, config)
    first, *rest = model.stream(text, config)

    assert type(answer) is AIMessage
    assert answer.id == "run-r"
    assert answer.text == AIMessageChunk(text).text
    assert sum(rest, first).to_message() == answer
    assert model.batch([text], config) == [answer]
    assert asyncio.run(ask()) == (answer, answer, answer)


def test_a_request_tells_whether_pieces_are_wanted():
    """`invoke` asks for the whole, `stream` for pieces."""
    model = Echo()

    model.invoke("Hi")
    list(model.stream("Hi"))
    asyncio.run(model.ainvoke("Hi"))

    assert [request.stream for request in model.requests] == [False, True, False]


def test_input_is_read():
    """What is asked arrives as messages."""
    model = Echo()

    model.invoke([("system", "Be brief."), {"role": "user", "content": "Hi"}])

    (request,) = model.requests
    assert request.messages == (SystemMessage("Be brief."), HumanMessage("Hi"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, value: model.invoke(value),
        lambda model, value: model.stream(value),
        lambda model, value: model.astream(value),
        lambda model, value: model.astream_events(value),
        lambda model, value: asyncio.run(model.ainvoke(value)),
        lambda model, value: model.batch([value]),
    ],
)
def test_bad_input_is_refused_at_once(ask):
    """A stream need not be listened to for its input to be refused."""
    model = Echo()

    with pytest.raises(InputError, match="A model cannot be asked 3"):
        ask(model, 3)

    assert model.requests == []


def test_keywords_are_parameters():
    """Keywords of a call are parameters of its request, above what is bound."""
    model = Echo()

    model.bind(seed=1, top_p=1).invoke("Hi", seed=2, stop="END", model="m")

    (request,) = model.requests
    assert request.params == {"seed": 2, "top_p": 1}
    assert (request.stop, request.model) == (("END",), "m")


def test_binding_leaves_the_model_as_it_was():
    """A bound model is another one, that shares what the first plays from."""
    model = Echo()

    bound = model.bind_tools([SEARCH])
    bound.invoke("Hi")
    model.invoke("Hi")

    assert bound is not model
    assert type(bound) is Echo
    assert [len(request.tools) for request in model.requests] == [1, 0]


def test_binding_twice_keeps_both():
    """Tools, choice and parameters of two bindings add up."""
    model = Echo()
    bound = model.bind_tools(
        [SEARCH], tool_choice="any", parallel_tool_calls=False, seed=1
    )

    bound.bind_tools([ADD], strict=True).bind(top_p=1).invoke("Hi")

    (request,) = model.requests
    assert [(tool.name, tool.strict) for tool in request.tools] == [
        ("search", None),
        ("add", True),
    ]
    assert request.tool_choice == ToolChoice("any")
    assert request.parallel_tool_calls is False
    assert request.params == {"seed": 1, "top_p": 1}


def test_tools_may_be_given_to_one_call():
    """Tools of a call add to those that are bound."""
    model = Echo()

    model.bind_tools([SEARCH]).invoke("Hi", tools=[ADD], tool_choice="add")

    (request,) = model.requests
    assert [tool.name for tool in request.tools] == ["search", "add"]
    assert request.tool_choice == ToolChoice("tool", "add")


def test_a_response_format_can_be_bound():
    """A response format is bound in any of its forms."""
    model = Echo()

    model.bind(response_format={"type": "json_object"}).invoke("Hi")

    assert model.requests[0].response_format == ResponseFormat("json_object")


@pytest.mark.parametrize(
    ("tools", "options", "text"),
    [
        (
            [SEARCH, ADD],
            {"tool_choice": "serch"},
            (
                "tool_choice 'serch' is not bound. Did you mean 'search'? Known: "
                "'add', "
                "'search'."
            ),
        ),
        ([], {"tool_choice": "any"}, "tool_choice 'any' asks for a call, but no tool"),
        (None, {}, "tools is None; give a list of tools."),
        (SEARCH, {}, "tools is {'name': 'search'"),
        ([3], {}, "3 is not a tool."),
        (
            [SEARCH],
            {"parallel_tool_calls": 0},
            "parallel_tool_calls is 0; it is True, False or None.",
        ),
    ],
    ids=str,
)
def test_bad_tools_are_refused_when_bound(tools, options, text):
    """The error comes from `bind_tools`, not from the first call."""
    with pytest.raises(InputError) as caught:
        Echo().bind_tools(tools, **options)

    assert str(caught.value).startswith(text)


class Names(CallbackHandler):
    def __init__(self):
        self.runs = []

    def on_llm_end(self, response, *, name, tags, metadata, **run):
        self.runs.append((name, tags, metadata))


def test_configs_add_up():
    """Config of the model, of `with_config` and of the call hold together."""
    first, second = Names(), Names()
    model = Echo().with_config({"tags": ["a"], "callbacks": [first]}, run_name="one")

    model.with_config(metadata={"k": 1}).invoke(
        "Hi", {"tags": ["b"], "callbacks": [second], "run_name": "two"}
    )
    model.invoke("Hi")

    assert first.runs == [("two", ["a", "b"], {"k": 1}), ("one", ["a"], {})]
    assert second.runs == first.runs[:1]


def test_a_bad_config_is_refused_when_given():
    """`with_config` checks what it is given."""
    with pytest.raises(InputError, match="config has no 'tag'"):
        Echo().with_config(tag="a")


def test_an_author_may_number_the_runs():
    """`new_run_id` names runs that were given no id."""

    class Numbered(Echo):
        def new_run_id(self):
            return f"number-{len(self.requests)}"

    model = Numbered()

    assert model.invoke("Hi").id == "run-number-0"
    assert model.invoke("Hi").id == "run-number-1"
    assert model.invoke("Hi", {"run_id": "own"}).id == "run-own"


def test_a_model_may_be_a_frozen_dataclass():
    """What is bound to a model is none of the author's fields."""

    @dataclass(frozen=True)
    class Fixed(ChatModel):
        text: str

        def play(self, request):
            yield AIMessageChunk(f"{self.text} {len(request.tools)}")

    assert Fixed("Hi").bind_tools([SEARCH]).invoke("Hello").text == "Hi 1"


def test_streams_can_be_closed_by_a_block():
    """Streams are generators, to be closed by `closing` and `aclosing`."""

    async def first():
        async with contextlib.aclosing(Echo().astream("Hello")) as chunks:
            return (await anext(chunks)).text

    with contextlib.closing(Echo().stream("Hello")) as chunks:
        assert next(chunks).text == "Hel"
    assert asyncio.run(first()) == "Hel"
