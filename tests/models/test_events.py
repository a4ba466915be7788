"""Runs as streams of events, of one model or of a whole application."""

import asyncio
import functools
import threading

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import CallbackError, InputError, InterruptedStreamError
from harness.messages import AIMessage, HumanMessage
from harness.models import (
    CallbackHandler,
    ChatModel,
    VirtualClock,
    astream_events,
)
from harness.steps import Fault


class Speaking(ChatModel):
    """Says "Hi there", or what it is given to say."""

    def __init__(self, *steps):
        self.steps = steps or (AIMessageChunk("Hi"), AIMessageChunk(" there"))
        self.clock = VirtualClock()
        self.closed = 0

    def play(self, request):
        try:
            yield from self.steps
        finally:
            self.closed += 1


def collected(events):
    """Give all events, and the error that they end in."""

    async def collect():
        got = []
        try:
            async for event in events():
                got.append(event)  # noqa: PERF401 - an error may come between
        except Exception as error:  # noqa: BLE001 - returned
            return got, error
        return got, None

    return asyncio.run(collect())


def named(events):
    return [event["event"] for event in events]


RUN = ["on_chat_model_start", *["on_chat_model_stream"] * 3, "on_chat_model_end"]


def test_a_model_tells_its_run():
    """A run is its start with the raw input, its chunks, and its message."""
    config = {"run_id": "r", "run_name": "greet", "tags": ["a"], "metadata": {"k": 1}}

    events, error = collected(lambda: Speaking().astream_events("Hello", config))

    assert error is None
    assert named(events) == RUN
    assert events[0] == {
        "event": "on_chat_model_start",
        "run_id": "r",
        "name": "greet",
        "tags": ["a"],
        "metadata": {"k": 1},
        "parent_ids": [],
        "data": {"input": "Hello"},
    }
    assert [e["data"]["chunk"].text for e in events[1:-1]] == ["Hi", " there", ""]
    assert events[-1]["data"] == {"output": AIMessage("Hi there", id="run-r")}
    assert {event["run_id"] for event in events} == {"r"}


def test_events_share_nothing():
    """Changing one event changes no other."""
    events, _ = collected(lambda: Speaking().astream_events("Hello"))

    events[0]["tags"].append("x")
    events[0]["metadata"]["x"] = 1
    events[0]["parent_ids"].append("x")

    assert (events[1]["tags"], events[1]["metadata"]) == ([], {})
    assert events[1]["parent_ids"] == []


def test_a_model_that_fails_raises():
    """The error comes after the events before it, and no event is made of it."""
    model = Speaking(AIMessageChunk("Hi"), Fault(status=500))

    events, error = collected(lambda: model.astream_events("Hello"))

    assert named(events) == RUN[:2]
    assert type(error) is InterruptedStreamError


def test_leaving_the_events_closes_the_model():
    """Whoever leaves the events ends the run, which its callbacks hear of."""
    heard = []

    class Hearing(CallbackHandler):
        def on_llm_error(self, error, **run):
            heard.append(type(error).__name__)

    model = Speaking()

    async def leave():
        events = model.astream_events("Hello", {"callbacks": [Hearing()]})
        async for event in events:
            if event["event"] == "on_chat_model_stream":
                break
        await events.aclose()

    asyncio.run(leave())

    assert model.closed == 1
    assert heard == ["GeneratorExit"]


def test_a_loop_may_just_be_left():
    """Also without `aclose`, a loop that is left closes the model in the end."""
    model = Speaking()

    async def leave():
        async for event in model.astream_events("Hello"):
            if event["event"] == "on_chat_model_stream":
                break

    asyncio.run(leave())

    assert model.closed == 1


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"version": "v2", "include_names": None}, True),
        ({}, True),
        ({"include_names": ["greet"]}, True),
        ({"include_names": ["other"]}, False),
        ({"include_types": ["chat_model"]}, True),
        ({"include_types": ["chain"]}, False),
        ({"include_tags": ["a", "z"]}, True),
        ({"include_tags": ["z"]}, False),
        ({"include_names": ["other"], "include_tags": ["a"]}, True),
        ({"exclude_names": ["greet"]}, False),
        ({"exclude_types": ["chat_model"]}, False),
        ({"exclude_tags": ["a"]}, False),
        ({"exclude_tags": ["z"]}, True),
        ({"include_names": ["greet"], "exclude_tags": ["a"]}, False),
    ],
)
def test_events_are_filtered(options, wanted):
    """Events are chosen by name, type or tag; the run goes on all the same."""
    model = Speaking()
    config = {"run_name": "greet", "tags": ["a"]}

    events, _ = collected(lambda: model.astream_events("Hello", config, **options))

    assert named(events) == (RUN if wanted else [])
    assert model.closed == 1


MODEL = Speaking()


def sync_app(question):
    return MODEL.invoke(question).text.upper()


async def async_app(question):
    return (await MODEL.ainvoke(question)).text.upper()


def sync_streaming_app(question):
    return "".join(chunk.text for chunk in MODEL.stream(question)).upper()


async def async_streaming_app(question):
    return "".join([c.text async for c in MODEL.astream(question)]).upper()


class Callable:
    """An application that is an object, and no function."""

    async def __call__(self, question):
        return (await MODEL.ainvoke(question)).text.upper()


APPS = [
    sync_app,
    async_app,
    sync_streaming_app,
    async_streaming_app,
    Callable(),
    functools.partial(async_app),
]


@pytest.mark.parametrize(
    "app", APPS, ids=lambda app: getattr(app, "__name__", type(app).__name__)
)
def test_an_application_tells_its_runs(app):
    """All of an application's models stream, whatever way they are asked."""
    events, error = collected(lambda: astream_events(app, "Hello"))

    assert error is None
    assert named(events) == ["on_chain_start", *RUN, "on_chain_end"]
    start, asked, *_, end, last = events
    assert start["name"] == getattr(app, "__name__", type(app).__name__)
    assert start["data"] == {"input": "Hello"}
    assert start["parent_ids"] == []
    assert asked["data"] == {"input": {"messages": [[HumanMessage("Hello")]]}}
    assert asked["name"] == "Speaking"
    assert asked["parent_ids"] == [start["run_id"]]
    assert end["data"]["output"].text == "Hi there"
    assert end["data"]["input"] == asked["data"]["input"]
    assert last["data"] == {"input": "Hello", "output": "HI THERE"}
    assert last["run_id"] == start["run_id"]


def test_what_is_said_of_an_application_holds_for_its_models():
    """Name, id, tags, metadata and callbacks of the config."""
    heard = []

    class Hearing(CallbackHandler):
        def on_llm_end(self, response, **run):
            heard.append((run["tags"], run["metadata"], run["parent_run_id"]))

    config = {
        "run_name": "agent",
        "run_id": "r",
        "tags": ["a"],
        "metadata": {"k": 1},
        "callbacks": [Hearing()],
    }

    async def app(question):
        await MODEL.ainvoke(question, {"tags": ["b"], "metadata": {"l": 2}})

    events, _ = collected(lambda: astream_events(app, "Hello", config))

    assert heard == [(["a", "b"], {"k": 1, "l": 2}, "r")]
    start, asked = events[:2]
    assert (start["name"], start["run_id"]) == ("agent", "r")
    assert (start["tags"], start["metadata"]) == (["a"], {"k": 1})
    assert (asked["tags"], asked["metadata"]) == (["a", "b"], {"k": 1, "l": 2})
    assert events[-1]["tags"] == ["a"]


def test_applications_nest():
    """An application within one: each model has all parents, from the outside in."""
    inner_events = []

    async def inner(question):
        return (await MODEL.ainvoke(question)).text

    async def outer(question):
        async for event in astream_events(inner, question, {"run_id": "in"}):
            inner_events.append(event)  # noqa: PERF401 - sync would be less clear
        return inner_events[-1]["data"]["output"]

    events, _ = collected(lambda: astream_events(outer, "Hello", {"run_id": "out"}))

    assert named(events) == ["on_chain_start", *RUN, "on_chain_end"]
    assert events[1]["parent_ids"] == ["out", "in"]
    assert inner_events[0]["parent_ids"] == ["out"]
    assert inner_events[1]["parent_ids"] == ["out", "in"]
    assert events[-1]["data"]["output"] == "Hi there"


def test_models_side_by_side_are_told_apart():
    """The events of runs that go on at once are told apart by their run id."""

    def app(questions):
        return [answer.text for answer in MODEL.batch(questions)]

    events, _ = collected(lambda: astream_events(app, ["a", "b"]))

    runs = {e["run_id"] for e in events if e["name"] == "Speaking"}
    assert len(runs) == 2
    for run in runs:
        assert named([e for e in events if e["run_id"] == run]) == RUN
    assert events[-1]["data"]["output"] == ["Hi there", "Hi there"]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_application_that_fails_raises(is_async):
    """Its error comes after the events before it."""

    def fail(question):
        MODEL.invoke(question)
        raise KeyError("app")

    async def afail(question):
        await MODEL.ainvoke(question)
        raise KeyError("app")

    app = afail if is_async else fail

    events, error = collected(lambda: astream_events(app, "Hello"))

    assert named(events) == ["on_chain_start", *RUN]
    assert isinstance(error, KeyError)


@pytest.mark.parametrize("asks", ["invoke", "ainvoke"])
def test_a_model_that_fails_fails_its_application(asks):
    """The error of a model is the application's, if it does not catch it."""
    model = Speaking(AIMessageChunk("Hi"), Fault(status=500))

    events, error = collected(lambda: astream_events(getattr(model, asks), "Hello"))

    assert named(events) == ["on_chain_start", *RUN[:2]]
    assert type(error) is InterruptedStreamError


def test_pieces_come_while_the_application_runs():
    """An event is there when it happens, not when the application has ended."""
    heard = threading.Event()

    class Waiting(Speaking):
        def play(self, request):
            yield AIMessageChunk("Hi")
            assert heard.wait(10)
            yield AIMessageChunk(" there")

    async def listen():
        async for event in astream_events(Waiting().invoke, "Hello"):
            if event["event"] == "on_chat_model_stream":
                heard.set()

    asyncio.run(listen())

    assert heard.is_set()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"include_types": ["chain"]}, ["on_chain_start", "on_chain_end"]),
        ({"include_types": ["chat_model"]}, RUN),
        ({"include_names": ["async_app"]}, ["on_chain_start", "on_chain_end"]),
        ({"exclude_names": ["async_app"]}, RUN),
        ({"include_tags": ["z"]}, []),
    ],
)
def test_events_of_an_application_are_filtered(options, wanted):
    """Filters choose among the runs of an application; payloads stay the same."""
    events, _ = collected(lambda: astream_events(async_app, "Hello", **options))

    assert named(events) == wanted


def test_leaving_an_application_cancels_it():
    """Whoever leaves the events cancels the application, which then has ended."""
    ended = []

    async def app(question):
        try:
            await MODEL.ainvoke(question)
            await asyncio.Event().wait()
        finally:
            ended.append("app")

    async def leave():
        events = astream_events(app, "Hello")
        async for event in events:
            if event["event"] == "on_chat_model_end":
                break
        await events.aclose()
        return list(ended)

    assert asyncio.run(leave()) == ["app"]


def test_an_error_of_a_callback_is_the_applications():
    """A callback that raises ends the application with a CallbackError."""

    class Breaking(CallbackHandler):
        def on_llm_end(self, response, **run):
            raise KeyError("oops")

    config = {"callbacks": [Breaking()]}

    _, error = collected(lambda: astream_events(async_app, "Hello", config))

    assert isinstance(error, CallbackError)
    assert str(error) == "Breaking.on_llm_end raised KeyError: 'oops'"


@pytest.mark.parametrize("app", [3, None, MODEL], ids=["int", "none", "model"])
def test_what_is_no_application(app):
    """Something that cannot be called is refused."""
    _, error = collected(lambda: astream_events(app, "Hello"))

    assert isinstance(error, InputError)
    assert str(error).endswith(" is no application: give a function.")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"version": "v1"}, "version is 'v1'; events are of version 'v2'."),
        ({"include_names": "a"}, "include_names is 'a'; give a list of strings."),
        ({"exclude_tags": 3}, "exclude_tags is 3; give a list of strings."),
    ],
)
def test_options_of_events_are_checked(options, text):
    """An option that says nothing sensible is an error, for models and applications."""
    for opening in (
        lambda: Speaking().astream_events("Hello", **options),
        lambda: astream_events(async_app, "Hello", **options),
    ):
        events, error = collected(opening)

        assert (events, type(error), str(error)) == ([], InputError, text)


def test_unknown_options_of_application_events():
    """An application has no parameters, so an unknown option is a mistake."""
    _, error = collected(lambda: astream_events(async_app, "Hello", include_name=["a"]))

    assert str(error).startswith(
        "No option is 'include_name'. Did you mean 'include_names'?"
    )
