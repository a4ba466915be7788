"""Answers as values: asked for, read, checked, and growing in a stream."""

import asyncio
import datetime as dt
import json
from dataclasses import dataclass

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from harness.chunks import AIMessageChunk
from harness.errors import InputError, OutputError, SchemaError, ServerError
from harness.fake import FakeChatModel
from harness.models import CallbackHandler, ChatModel, VirtualClock
from harness.models.structured import StructuredModel
from harness.requests import ResponseFormat
from harness.steps import Fault, Pause
from harness.tool_specs import ToolChoice


class Person(BaseModel):
    """Someone."""

    name: str
    age: int


@dataclass
class PersonData:
    """Someone."""

    name: str
    age: int


class PersonDict(TypedDict):
    """Someone."""

    name: str
    age: int


PERSON_SCHEMA = {
    "title": "PersonSchema",
    "description": "Someone.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
PERSON_TOOL = {
    "type": "function",
    "function": {"name": "PersonTool", "parameters": PERSON_SCHEMA},
}
ANN = {"name": "Ann", "age": 30}
SCHEMAS = {
    "Person": (Person, Person(name="Ann", age=30)),
    "PersonData": (PersonData, PersonData("Ann", 30)),
    "PersonDict": (PersonDict, ANN),
    "PersonSchema": (PERSON_SCHEMA, ANN),
    "PersonTool": (PERSON_TOOL, ANN),
}
EVERY_SCHEMA = pytest.mark.parametrize("name", SCHEMAS)


class Playing(ChatModel):
    """Plays the same steps for everyone, and notes what it is asked."""

    def __init__(self, *steps):
        self.steps = steps
        self.requests = []
        self.clock = VirtualClock()

    def play(self, request):
        self.requests.append(request)
        return iter(self.steps)


def calling(name, *pieces):
    """Give chunks that call *name* with arguments in *pieces*."""
    head = {"index": 0, "id": "call_1", "name": name, "args": ""}
    return [
        AIMessageChunk(tool_call_chunks=[head]),
        *(
            AIMessageChunk(tool_call_chunks=[{"index": 0, "args": piece}])
            for piece in pieces
        ),
    ]


def answering(method, name, *pieces):
    """Give a model that answers with JSON in *pieces*, as *method* has it."""
    if method == "function_calling":
        return Playing(*calling(name, *pieces))
    return Playing(*map(AIMessageChunk, pieces))


METHODS = ["function_calling", "json_schema", "json_mode"]
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)


def invoke(model):
    return model.invoke("Who?")


def ainvoke(model):
    return asyncio.run(model.ainvoke("Who?"))


def stream(model):
    *_, last = model.stream("Who?")
    return last


def astream(model):
    async def collect():
        return [value async for value in model.astream("Who?")]

    return asyncio.run(collect())[-1]


def batch(model):
    return model.batch(["Who?"])[0]


def abatch(model):
    return asyncio.run(model.abatch(["Who?"]))[0]


def completed(model):
    ((_, value),) = model.batch_as_completed(["Who?"])
    return value


def acompleted(model):
    async def collect():
        return [pair async for pair in model.abatch_as_completed(["Who?"])]

    return asyncio.run(collect())[0][1]


EVERY_WAY = pytest.mark.parametrize(
    "ask", [invoke, ainvoke, stream, astream, batch, abatch, completed, acompleted]
)


@EVERY_WAY
@EVERY_METHOD
@EVERY_SCHEMA
def test_an_answer_is_a_value(ask, method, name):
    """Each kind of schema gives its kind of value, by each method and each call."""
    schema, value = SCHEMAS[name]
    model = answering(method, name, json.dumps(ANN))

    assert ask(model.with_structured_output(schema, method=method)) == value


@EVERY_SCHEMA
def test_function_calling_forces_a_call(name):
    """The schema is bound as a tool, and its call is forced."""
    model = answering("function_calling", name, json.dumps(ANN))

    model.with_structured_output(SCHEMAS[name][0], strict=True).invoke("Who?")

    (request,) = model.requests
    (tool,) = request.tools
    assert (tool.name, tool.strict) == (name, True)
    assert list(tool.parameters["properties"]) == ["name", "age"]
    assert request.tool_choice == ToolChoice("tool", name)
    assert request.parallel_tool_calls is False


def test_json_schema_asks_for_text():
    """The schema is the form of the answer's text."""
    model = answering("json_schema", "", json.dumps(ANN))

    model.with_structured_output(
        PERSON_SCHEMA, method="json_schema", strict=True
    ).invoke("Who?")

    (request,) = model.requests
    form = request.response_format
    assert (form.kind, form.name, form.strict) == ("json_schema", "PersonSchema", True)
    assert form.schema["required"] == ["name", "age"]
    assert request.tools == ()


def test_json_mode_asks_for_any_object():
    """The schema is not told, only checked."""
    model = answering("json_mode", "", json.dumps(ANN))

    model.with_structured_output(Person, method="json_mode").invoke("Who?")

    assert model.requests[0].response_format == ResponseFormat("json_object")


def test_tools_that_were_bound_stay():
    """A schema comes on top of the tools that are bound."""
    model = answering("function_calling", "Person", json.dumps(ANN))
    bound = model.bind_tools([{"name": "search", "parameters": {}}])

    bound.with_structured_output(Person).invoke("Who?")

    assert [tool.name for tool in model.requests[0].tools] == ["search", "Person"]


def test_parameters_reach_the_model():
    """Keywords of a call and `with_config` work as they do for a model."""
    names = []

    class Hearing(CallbackHandler):
        def on_llm_end(self, response, *, name, **run):
            names.append(name)

    model = answering("function_calling", "Person", json.dumps(ANN))
    structured = model.with_structured_output(Person)

    structured.with_config(callbacks=[Hearing()]).invoke(
        "Who?", {"run_name": "ask"}, seed=1
    )

    assert names == ["ask"]
    assert model.requests[0].params == {"seed": 1}


def test_strict_models_take_json():
    """A strict pydantic class takes what JSON says of its types."""

    class Event(BaseModel):
        model_config = ConfigDict(strict=True)
        day: dt.date
        place: tuple[int, int]

    model = answering(
        "function_calling", "Event", '{"day": "2026-01-02", "place": [1, 2]}'
    )

    event = model.with_structured_output(Event).invoke("When?")

    assert event == Event(day=dt.date(2026, 1, 2), place=(1, 2))


def failing(method, name):
    """Give what may go wrong, with the error's text, for a schema of *name*."""
    unfit = f"The answer does not fit {name!r}: {{'name': 'Ann', 'age': 'old'}}\n- age"
    wrong = json.dumps({"name": "Ann", "age": "old"})
    if method == "function_calling":
        missing = f"The answer does not call {name!r}; it "
        return [
            (calling(name, wrong), unfit),
            ([AIMessageChunk("No idea.")], f"{missing}says 'No idea.'."),
            (calling("other", "{}"), f"{missing}calls other."),
            (
                calling(name, '{"name": "A'),
                (
                    f"The arguments of {name!r} are not a JSON object (ends inside a "
                    'string at character 11): \'{"name": "A\''
                ),
            ),
            (
                [AIMessageChunk([{"type": "refusal", "refusal": "Never."}])],
                f"{missing}refuses: 'Never.'.",
            ),
        ]
    refusal = [AIMessageChunk([{"type": "refusal", "refusal": "Never."}])]
    return [
        ([AIMessageChunk(wrong)], unfit),
        (
            [AIMessageChunk("No idea.")],
            (
                "The answer is not JSON (unexpected 'N' at character 0); it says "
                "'No idea.'."
            ),
        ),
        ([AIMessageChunk('{"name"')], "The answer is not JSON (ends "),
        (refusal, "The answer is not JSON (ends "),
        ([AIMessageChunk("[]")], f"The answer does not fit {name!r}: []\n- "),
    ]


@pytest.mark.parametrize("ask", [invoke, astream, batch])
@EVERY_METHOD
@EVERY_SCHEMA
@pytest.mark.parametrize("number", range(5))
def test_an_answer_that_does_not_fit(ask, method, name, number):
    """Whatever is wrong with an answer, it is one error that shows the answer."""
    steps, text = failing(method, name)[number]
    model = Playing(*steps).with_structured_output(SCHEMAS[name][0], method=method)

    with pytest.raises(OutputError) as caught:
        ask(model)

    assert str(caught.value).startswith(text)


def test_a_refusal_of_text_is_told():
    """Where JSON is missing because the model refuses, the error says so."""
    steps, _ = failing("json_schema", "Person")[3]
    model = Playing(*steps).with_structured_output(Person, method="json_schema")

    with pytest.raises(OutputError, match=r"it refuses: 'Never\.'"):
        model.invoke("Who?")


@EVERY_WAY
@EVERY_METHOD
@EVERY_SCHEMA
def test_the_raw_answer_comes_with_the_value(ask, method, name):
    """With `include_raw`, the message stands beside the value."""
    schema, value = SCHEMAS[name]
    model = answering(method, name, json.dumps(ANN))

    answer = ask(model.with_structured_output(schema, method=method, include_raw=True))

    assert list(answer) == ["raw", "parsed", "parsing_error"]
    assert answer["parsed"] == value
    assert answer["parsing_error"] is None
    assert answer["raw"].type == "ai"


@pytest.mark.parametrize("ask", [ainvoke, stream, acompleted])
@EVERY_METHOD
@pytest.mark.parametrize("number", range(5))
def test_the_raw_answer_comes_with_the_error(ask, method, number):
    """With `include_raw`, an answer that does not fit raises nothing."""
    steps, text = failing(method, "Person")[number]
    model = Playing(*steps)

    answer = ask(model.with_structured_output(Person, method=method, include_raw=True))

    assert list(answer) == ["raw", "parsed", "parsing_error"]
    assert answer["parsed"] is None
    assert str(answer["parsing_error"]).startswith(text)


PIECES = ('{"name', '": "A', 'nn", "', 'age": 3', "0}")


@EVERY_METHOD
def test_a_dict_grows(method):
    """A stream shows the dict as it grows, and ends with the checked value."""
    model = answering(method, "PersonSchema", *PIECES)
    structured = model.with_structured_output(PERSON_SCHEMA, method=method)

    async def collect():
        return [value async for value in structured.astream("Who?")]

    values = list(structured.stream("Who?"))

    assert values == asyncio.run(collect())
    assert values[:2] == [{"name": "A"}, {"name": "Ann"}]
    assert values[-1] == ANN


@EVERY_METHOD
@pytest.mark.parametrize("name", ["Person", "PersonData", "PersonDict"])
def test_an_object_does_not_grow(method, name):
    """A class gives its instance once, when it is complete."""
    schema, value = SCHEMAS[name]
    model = answering(method, name, *PIECES)

    values = list(model.with_structured_output(schema, method=method).stream("Who?"))

    assert values == [value]


def test_text_before_the_last_block_may_grow():
    """Where an earlier text block grows, what is shown is read anew."""
    blocks = [(0, '{"na'), (1, 'Ann"}'), (0, 'me": "')]
    chunks = [
        AIMessageChunk([{"type": "text", "text": text, "index": index}])
        for index, text in blocks
    ]
    schema = {"title": "named", "type": "object", "properties": {"name": {}}}
    model = Playing(*chunks).with_structured_output(schema, method="json_mode")

    assert list(model.stream("Who?")) == [{"name": "Ann"}, {"name": "Ann"}]


def test_a_long_text_grows_in_linear_time():
    """Each piece of a long answer is read once."""
    words = json.dumps({"text": "word " * 4000})
    pieces = [words[n : n + 5] for n in range(0, len(words), 5)]
    schema = {"title": "long", "type": "object", "properties": {"text": {}}}
    model = answering("json_mode", "long", *pieces)

    values = list(
        model.with_structured_output(schema, method="json_mode").stream("Write.")
    )

    assert values[-1] == json.loads(words)


@pytest.mark.parametrize("is_async", [False, True])
def test_leaving_a_stream_closes_the_model(is_async):
    """Whoever leaves the stream of values closes what is played."""
    closed = []

    class Closing(Playing):
        def play(self, request):
            try:
                yield from calling("PersonSchema", *PIECES)
            finally:
                closed.append("closed")

    values = Closing().with_structured_output(PERSON_SCHEMA)

    async def leave():
        stream = values.astream("Who?")
        await anext(stream)
        await stream.aclose()
        return list(closed)

    if is_async:
        assert asyncio.run(leave()) == ["closed"]
    else:
        stream = values.stream("Who?")
        next(stream)
        stream.close()
        assert closed == ["closed"]


def test_batches_of_values():
    """Batches keep order, errors and the clock, as those of messages do."""

    class Model(Playing):
        def play(self, request):
            text = request.messages[-1].text
            if text == "fail":
                return iter([Fault(status=500)])
            wait = Pause(3 if text == "slow" else 1)
            args = '"?' if text == "bad" else json.dumps({"name": text, "age": 1})
            return iter([wait, *calling("PersonSchema", args)])

    model = Model().with_structured_output(PERSON_SCHEMA)
    inputs = ["slow", "fail", "bad", "Ann"]

    answers = model.batch(inputs, return_exceptions=True)
    completed = list(model.batch_as_completed(inputs, return_exceptions=True))

    assert [type(answer) for answer in answers] == [
        dict,
        ServerError,
        OutputError,
        dict,
    ]
    assert [answer["name"] for answer in (answers[0], answers[3])] == ["slow", "Ann"]
    assert [n for n, _ in completed] == [1, 2, 3, 0]
    with pytest.raises(ServerError):
        model.batch(inputs)


@pytest.mark.parametrize(
    ("schema", "options", "kind", "text"),
    [
        (
            Person,
            {"method": "json_schem"},
            InputError,
            (
                "No method is 'json_schem'. Did you mean 'json_schema'? Known: "
                "'function_calling', 'json_mode', 'json_schema'."
            ),
        ),
        (3, {}, SchemaError, "3 is not a tool."),
        ("Person", {}, SchemaError, "'Person' is not a tool."),
        (
            {"type": "web_search"},
            {},
            InputError,
            "{'type': 'web_search'} describes no structure of an answer.",
        ),
        (
            {"type": "object", "properties": {}},
            {},
            SchemaError,
            (
                "{'type': 'object', 'properties': {}} is not a tool. As a JSON schema "
                "it "
                "lacks a 'title', which names the tool."
            ),
        ),
        (
            {"title": "t", "type": "object", "properties": {"a": {"type": "objct"}}},
            {},
            SchemaError,
            "",
        ),
    ],
    ids=str,
)
def test_what_is_no_schema(schema, options, kind, text):
    """Schema and method are checked before anything is asked."""
    with pytest.raises(kind) as caught:
        Playing().with_structured_output(schema, **options)

    assert str(caught.value).startswith(text)


def test_the_result_is_a_structured_model():
    """What answers with values is a model of its own kind."""
    assert isinstance(Playing().with_structured_output(Person), StructuredModel)


def test_a_structured_model_shows_itself():
    """It reads as the structure that is asked for, and the model that is asked."""
    model = FakeChatModel().with_structured_output(Person)

    assert repr(model) == f"<StructuredModel of 'Person': {FakeChatModel()!r}>"
