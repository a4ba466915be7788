"""Pickles: all that a run is made of comes back equal, and models play on."""

import asyncio
import copy
import inspect
import pickle
import threading
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from harness import (
    AIMessage,
    AIMessageChunk,
    CallbackHandler,
    CassetteMiss,
    FakeProvider,
    Fault,
    HumanMessage,
    InputError,
    NetworkBlocked,
    Pause,
    RecordingChatModel,
    Redaction,
    ReplayChatModel,
    RunConfig,
    Script,
    ScriptError,
    ScriptExhausted,
    UnrecordedRequest,
    UnscriptedRequest,
    VirtualClock,
    WireError,
    auto,
    call,
    errors,
    fail,
    init_chat_model,
    pause,
    say,
    tool,
)
from harness import FakeChatModel as Fake
from harness import strategies as hst
from harness.errors import ModelError
from harness.models import RealClock, SkippingClock
from harness.models.binding import Binding
from harness.models.runs import RunIds
from harness.requests import ChatRequest


def ask(fake: FakeProvider) -> str:
    """Give the answer of *fake* to one request."""
    said = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    with httpx.Client(transport=fake.transport(), base_url="https://a.b/v1") as client:
        answer = client.post("/chat/completions", json=said).json()
    return str(answer["choices"][0]["message"]["content"])


VALUES = st.one_of(
    hst.messages(),
    hst.chunk_streams(),
    hst.chunk_streams().map(lambda stream: sum(stream.chunks)),
    hst.requests(),
    hst.faults(),
    st.floats(0, 1e6).map(Pause),
)
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
MODEL_ERRORS = [ModelError, *ModelError.__subclasses__()]
ERRORS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind)
    and issubclass(kind, BaseException)
    and kind.__module__ == errors.__name__
    and kind not in {UnrecordedRequest, UnscriptedRequest}
]
NUMBERS = st.none() | st.floats(0, 1e6)
SAID = st.builds(AIMessage, hst.texts())
TEXTS = hst.texts(min_size=1)


def again(value):
    return pickle.loads(pickle.dumps(value))


def said_of(error):
    return type(error), error.args, str(error), vars(error)


@tool
def weather(city: str) -> str:
    """Get the weather of a city."""
    return f"sunny in {city}"


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class Answer(BaseModel):
    n: int


def said(request):
    return f"{request.messages[-1].text}!"


def is_odd(request):
    return len(request.messages[-1].text) % 2


# ----------------------------------------------------------------------------- values


@given(VALUES)
def test_values_come_back_equal(value):
    """By every protocol that has classes of ours, and the same again."""
    for protocol in PROTOCOLS:
        other = pickle.loads(pickle.dumps(value, protocol))

        assert other == value
        assert repr(other) == repr(value)


@given(
    st.sampled_from(MODEL_ERRORS),
    hst.texts(),
    st.none() | st.integers(400, 599),
    NUMBERS,
    st.none() | SAID,
)
def test_errors_of_models_keep_all_that_they_say(kind, text, status, after, partial):
    """Status, waits and what had come, and the notes."""
    error = kind(text, status=status, retry_after=after, partial=partial)
    error.add_note("seen")

    assert said_of(again(error)) == said_of(error)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_comes_back(kind):
    """There is none that cannot be sent."""
    error = kind("what happened")

    assert said_of(again(error)) == said_of(error)


@pytest.mark.parametrize(
    "error",
    [
        WireError("w", dialect="gemini", event=3, data="{", partial=AIMessage("x")),
        NetworkBlocked("n", host="h", port=443, test="t", code="c", client="httpx"),
    ],
)
def test_errors_keep_their_fields(error):
    """Those with more to say than a text."""
    assert said_of(again(error)) == said_of(error)


def test_errors_that_carry_another_bring_it():
    """The one inside is what the same face raises."""
    missed = again(UnrecordedRequest(CassetteMiss("missed")))
    unscripted = again(UnscriptedRequest(ScriptExhausted("over")))

    assert said_of(missed.miss) == said_of(CassetteMiss("missed"))
    assert said_of(unscripted.error) == said_of(ScriptExhausted("over"))


@given(
    st.lists(hst.texts()),
    st.dictionaries(hst.texts(), st.integers()),
    st.none() | hst.texts(),
    st.none() | st.integers(1),
    st.none() | st.uuids(),
)
def test_configs_come_back_equal(tags, metadata, name, lanes, run_id):
    """But for the executor, which belongs to its process."""
    config = RunConfig(
        tags=tuple(tags),
        metadata=metadata,
        callbacks=(),
        run_name=name,
        run_id=run_id,
        max_concurrency=lanes,
        configurable=metadata,
    )

    assert again(config) == config


def test_a_config_leaves_its_executor_behind():
    """Callbacks go along where they can."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        config = RunConfig(executor=pool, callbacks=(CallbackHandler(),))
        other = again(config)

    assert other.executor is None
    assert type(other.callbacks[0]) is CallbackHandler


@pytest.mark.parametrize("kind", [VirtualClock, SkippingClock, RealClock])
def test_clocks_go_on_from_where_they_were(kind):
    """What was slept is known; each then goes on by itself."""
    clock = kind()
    if clock.virtual:
        clock.sleep_until(clock.now() + 3600)

    other = again(clock)
    other.sleep_until(other.now())

    assert other.now() == pytest.approx(clock.now(), abs=60)


@given(st.integers(0), st.integers(0, 1000))
def test_ids_go_on_from_where_they_were(seed, given_before):
    """A copy that was sent gives the ids that the original gives."""
    ids = RunIds(seed, given_before)

    assert again(ids).next() == ids.next()
    assert isinstance(ids.next(), UUID)


# ------------------------------------------------------------------------------ tools


def test_a_decorated_tool_is_found_by_its_name():
    """It comes back as itself."""
    assert again(weather) is weather


def test_a_tool_made_of_a_function_comes_back():
    """Its name, description, schema and function."""
    made = tool("twice", description="Two times.")(double)
    made.invoke({"number": 2})

    other = again(made)

    assert (other.name, other.description) == ("twice", "Two times.")
    assert other.spec == made.spec
    assert other.invoke({"number": 4}) == 8


def test_a_tool_of_a_local_function_says_what_to_do():
    """No name leads to its function."""

    @tool
    def local(city: str) -> str:
        """Look."""
        return city

    with pytest.raises(InputError) as caught:
        pickle.dumps(local)

    assert str(caught.value).startswith(
        "tool 'local' cannot be pickled: its function <function "
        "test_a_tool_of_a_local_function_says_what_to_do.<locals>.local at 0x"
    )
    assert str(caught.value).endswith(
        " is not found by its name. Define it with def, at the top of a module."
    )


def test_bindings_are_data():
    """Tools that are bound are what a model is told, whatever they were made of."""

    @tool
    def local(city: str) -> str:
        """Look."""
        return city

    given_all = {"tools": [local, Answer], "tool_choice": "any", "stop": ["x"], "k": 1}
    binding = Binding().bound({**given_all, "parallel_tool_calls": False})

    assert again(binding) == binding


# ----------------------------------------------------------------------------- models


def asked(model, texts):
    """Give all that a model says to *texts*, whatever it is."""
    answers = model.batch(texts, return_exceptions=True)
    return [
        answer.model_dump() if isinstance(answer, AIMessage) else said_of(answer)
        for answer in answers
    ]


TURNS = st.lists(
    st.one_of(
        TEXTS.map(say),
        st.just(say("Look.", call("weather", city="Bonn"), misbehaving=True)),
        st.just(say("a", pause(3), "b")),
        st.just(fail(429, retry_after=3)),
        st.just(auto()),
        st.just(said),
        st.just(say("odd", when=is_odd)),
        st.just([AIMessageChunk("x"), Pause(1), Fault(status=500)]),
    ),
    min_size=1,
    max_size=6,
)


@given(TURNS, st.integers(0, 5), st.integers(0, 3))
def test_fakes_play_on_from_where_they_were(turns, seed, before):
    """With the journal, the ids and what is left, each for itself."""
    model = Fake(*turns, seed=seed)
    asked(model, ["first"] * before)

    other = again(model)

    assert repr(other) == repr(model)
    assert [*map(repr, other.calls)] == [*map(repr, model.calls)]
    assert other.script.turns == model.script.turns
    texts = ["one", "three", "five", "seven"]
    assert asked(other, texts) == asked(model, texts)
    assert other.script.left() == model.script.left()
    assert len(other.script.violations) == len(model.script.violations)


@given(hst.scripts())
def test_all_scripts_come_back(turns):
    """Whatever there is to say in one."""
    script = Script(*turns) if isinstance(turns, list | tuple) else turns
    request = ChatRequest((HumanMessage("Hi"),))

    other = again(script)

    assert played(other, request) == played(script, request)


def played(script, request):
    try:
        return [*script.play(request)]
    except ScriptError as error:
        return str(error)


@pytest.mark.parametrize(
    "turn",
    [lambda _: "x", say("x", when=lambda _: True)],
    ids=["answer", "condition"],
)
def test_a_script_with_a_lambda_names_the_turn(turn):
    """And says what to do."""
    with pytest.raises(InputError) as caught:
        pickle.dumps(Fake("first", turn))

    assert str(caught.value).startswith(
        "turn 2 cannot be pickled: its function <function <lambda> at 0x"
    )
    assert str(caught.value).endswith("Define it with def, at the top of a module.")


def test_replays_play_on_from_where_they_were():
    """What was played is played there too; misses are the same."""
    model = ReplayChatModel("weather")
    model.invoke("Hello!")

    other = again(model)

    assert repr(other) == repr(model)
    assert asked(other, ["Hello!", "no"]) == asked(model, ["Hello!", "no"])
    assert len(other.cassette.misses) == len(model.cassette.misses) == 1


def test_what_is_made_of_a_model_goes_with_it():
    """Bindings, configs, retries, fallbacks, structure."""
    turns = [fail(429, retry_after=1), say(call("weather", city="Bonn"))] * 3
    agent = Fake(*turns).bind_tools([weather]).with_config(tags=["t"])

    for made in (agent.with_retry(), agent.with_fallbacks([agent])):
        other = again(made)

        assert other.binding == made.binding
        assert other.config == made.config
        assert other.invoke("?").tool_calls == made.invoke("?").tool_calls


@pytest.mark.parametrize("used", [False, True])
def test_structure_goes_with_its_model(used):
    """The class is found by name, what reads it is made again."""
    model = Fake('{"n": 1}', '{"n": 2}').with_structured_output(
        Answer, method="json_mode"
    )
    if used:
        model.invoke("?")

    assert again(model).invoke("?") == model.invoke("?")


@pytest.mark.parametrize(
    "name", ["openai:m", "anthropic:m", "google_genai:m", "ollama:m", "groq:m"]
)
def test_live_models_leave_their_connections(name):
    """All else is the same; what cannot be shown is not."""
    model = init_chat_model(name, api_key="sk-given", temperature=0.5)
    model = model.with_retry().bind_tools([weather])

    other = again(model)

    assert repr(other) == repr(model)
    assert other.binding == model.binding
    assert other._connections is not model._connections
    request = model.binding.request("Hi", stream=False)
    sent = other._call(request)
    assert (sent.url, sent.content) == (
        model._call(request).url,
        model._call(request).content,
    )
    assert dict(sent.headers) == dict(model._call(request).headers)


def test_a_recording_says_that_it_stays(tmp_path):
    """Its cassette is open here."""
    with RecordingChatModel(Fake("x"), tmp_path / "c.yaml", mode="all") as model:
        with pytest.raises(InputError) as caught:
            pickle.dumps(model)
        assert model.bind(k=1).invoke("Hi").text == "x"

    assert str(caught.value) == (
        f"The cassette {str(model.path)!r} is open in this process, so what records "
        "into it cannot be pickled. Pickle the model that it asks (its .model), or "
        "open a cassette where it is used."
    )


def test_a_fake_provider_says_that_it_stays():
    """Its script goes where it is used, with where it stands."""
    fake = FakeProvider("Hello!", "Bye.")
    ask(fake)
    with pytest.raises(InputError) as caught:
        pickle.dumps(fake)

    assert str(caught.value) == (
        "A FakeProvider cannot be pickled: its answers are given in this process. "
        "Pickle its script (its .script), and make FakeProvider(script) where it is "
        "used; or let other processes ask this one, by its serve()."
    )
    assert ask(FakeProvider(again(fake.script))) == "Bye."
    assert ask(copy.copy(fake)) == "Bye."
    assert fake.script.unused() == []


def test_copies_need_no_pickle():
    """What cannot be pickled can be copied, and is shared."""

    @tool
    def local(city: str) -> str:
        """Look."""
        return city

    script = Script(lambda _: "x", "y")

    assert copy.copy(local) is copy.deepcopy(local) is local
    assert copy.copy(script).journal is script.journal


def test_rules_of_redaction_come_back():
    """They hide what they hid."""
    rules = Redaction.default()

    assert again(rules) == rules


def test_a_pickled_model_is_locked_for_itself():
    """Two threads that play a copy do not deal one turn twice."""
    model = again(Fake(*map(str, range(50))))
    heard = []

    def ask():
        heard.extend(model.invoke("?").text for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heard, key=int) == [*map(str, range(50))]
    assert asyncio.run(again(Fake("x")).ainvoke("?")).text == "x"
