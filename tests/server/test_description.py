"""The OpenAPI description: well formed, of every route, and true of answers."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness import FakeProvider, say
from harness import strategies as hst
from harness.cli import main
from harness.endpoint.description import OPERATIONS, Operation, provider_schemas
from harness.endpoint.other_paths import _ROUTES
from harness.endpoint.validation import refusal
from harness.errors import HarnessError
from harness.http_messages import HttpRequest
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.schemas import check_schema, problems
from harness.server import Application, ServedCassette, ServedScript, description
from harness.steps import Fault
from harness.wire import _ROUTES as CHAT_ROUTES
from harness.wire import DIALECTS, dialect_of

Said = dict[str, Any]

WHOLE = description()
SCHEMAS = provider_schemas()  # none of them refers to another
NAMES = {"claude": "anthropic.claude-v1", "model": "m"}
HI: Any = [{"role": "user", "content": "Hi"}]
PART: Said = {"parts": [{"text": "Hi"}]}
SCHEMA: Said = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION: Said = {"name": "f", "description": "d", "parameters": SCHEMA}
#: By the name of its schema, a request that says a lot and is answered.
GOOD: dict[str, Said] = {
    "openai-chat.request": {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, *HI],
        "temperature": 1,
        "n": 2,
        "max_tokens": 9,
        "stop": ["x"],
        "stream": False,
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": "auto",
        "response_format": {"type": "text"},
    },
    "openai-responses.request": {
        "model": "m",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "temperature": 1,
        "max_output_tokens": 16,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "text"}},
        "tools": [{"type": "function"} | FUNCTION],
        "tool_choice": "auto",
    },
    "anthropic-messages.request": {
        "model": "m",
        "max_tokens": 2000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "system": "Be brief.",
        "stop_sequences": ["x"],
        "tools": [{"name": "f", "input_schema": SCHEMA}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    "gemini.request": {
        "contents": [{"role": "user"} | PART],
        "systemInstruction": PART,
        "generationConfig": {"temperature": 1, "stopSequences": ["x"], "topK": 3},
        "tools": [{"functionDeclarations": [FUNCTION]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
    },
    "ollama-chat.request": {
        "model": "m",
        "messages": HI,
        "stream": False,
        "options": {"temperature": 1, "stop": ["x"]},
        "tools": [{"type": "function", "function": FUNCTION}],
        "think": "low",
    },
    "bedrock-converse.request": {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"temperature": 1, "maxTokens": 9, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": SCHEMA}}}],
            "toolChoice": {"auto": {}},
        },
    },
    "openai.embeddings-request": {
        "model": "m",
        "input": ["Hi", [1, 2]],
        "dimensions": 2,
        "encoding_format": "base64",
    },
    "anthropic.count-request": {"model": "m", "messages": HI},
    "gemini.count-request": {"contents": [PART]},
    "gemini.embed-request": {"content": PART, "outputDimensionality": 2},
    "gemini.batch-embed-request": {"requests": [{"content": PART}]},
    "ollama.embed-request": {"model": "m", "input": ["Hi"], "dimensions": 2},
}
for same, name in (
    ("openai-chat.request-of-a-deployment", "openai-chat.request"),
    ("anthropic-messages.request-at-a-model", "anthropic-messages.request"),
):
    GOOD[same] = GOOD[name]
ASKED = [one for one in OPERATIONS if one.request]


def wrong(name: str, value: Any) -> list[str]:
    """Give what is wrong with *value* by the schema of that name."""
    return problems(value, SCHEMAS[name])


def url(one: Operation) -> str:
    """Give where it is asked."""
    path = re.sub(r"\{(\w+)\}", lambda found: NAMES.get(found[1], "x"), one.path)
    return f"http://provider{path}"


def client() -> httpx.Client:
    """Give one of a provider that answers for ever."""
    fake = FakeProvider(say("Hello!", times="forever"))
    return httpx.Client(transport=fake.transport())


# ------------------------------------------------------------------- the description


def test_it_is_openapi() -> None:
    """By the specification's own schema, and all that it refers to is there."""
    errors = [str(error) for error in OpenAPIV31SpecValidator(WHOLE).iter_errors()]

    assert errors == []
    assert [one for one in WHOLE["components"]["schemas"].values() if not one] == []
    for schema in WHOLE["components"]["schemas"].values():
        check_schema(schema)


def test_every_operation_leads_to_its_route() -> None:
    """A chat to its dialect, the rest to a row of the table of other paths."""
    for one in OPERATIONS:
        path = urlsplit(url(one)).path
        dialect = dialect_of(url(one))

        assert (dialect is not None) == one.is_chat, path
        if dialect is not None:
            assert one.providers == (dialect.name,)
            continue
        rows = [r for r in _ROUTES if r.method == one.method and r.path.search(path)]
        assert {*one.providers} <= {row.provider for row in rows}


@pytest.mark.parametrize("row", CHAT_ROUTES, ids=lambda row: row[0].pattern)
def test_every_route_of_a_chat_is_described(row: Any) -> None:
    """The tables that say which dialect a path speaks have no more than this one."""
    route, name = row
    found = [one for one in OPERATIONS if route.search(urlsplit(url(one)).path)]

    assert name in {provider for one in found for provider in one.providers}


@pytest.mark.parametrize("row", _ROUTES, ids=lambda row: row.path.pattern)
def test_every_other_route_is_described(row: Any) -> None:
    """For the provider that answers there."""
    assert [
        one
        for one in OPERATIONS
        if one.method == row.method
        and row.provider in one.providers
        and row.path.search(urlsplit(url(one)).path)
    ]


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.id)
def test_a_method_that_is_not_described_is_not_allowed(one: Operation) -> None:
    """The methods that are described are those that the answer names."""
    described = {name.upper() for name in WHOLE["paths"][one.path]}

    answer = client().request("DELETE", url(one))

    assert answer.status_code == 405
    assert {*answer.headers["allow"].split(", ")} == described


def test_a_server_tells_it(chat: Callable[..., Any], capsys: Any) -> None:
    """At /harness/openapi.json, and on the command line, the very same."""
    with FakeProvider().serve() as server:
        told = chat(server).http.get("/harness/openapi.json").json()

    main(["schema", "openapi"])
    assert told == WHOLE == json.loads(capsys.readouterr().out)


def test_of_several_each_is_below_its_name() -> None:
    """What is told of the server itself is not; a recording may answer anything."""

    class Tape:
        """What no test asks."""

    def script() -> Any:
        return ServedScript(lambda: FakeProvider().endpoint, header="x-mine")

    taped = ServedCassette(Tape)  # type: ignore[arg-type]  # nothing asks it
    several = Application({"a": script(), "b": script(), "c": taped}).description()
    recorded = Application({"c": taped}).description()

    assert several["servers"] == [{"url": "/a"}, {"url": "/b"}]
    assert several["paths"]["/harness/health"]["servers"] == [{"url": "/"}]
    assert "servers" not in several["paths"]["/v1/messages"]
    names = [one["name"] for one in several["paths"]["/api/chat"]["post"]["parameters"]]
    assert names == ["x-mine"]
    assert [path for path in recorded["paths"] if "harness" not in path] == []
    for said in (several, recorded):
        assert [*OpenAPIV31SpecValidator(said).iter_errors()] == []


# ----------------------------------------------------------------------- its schemas


@pytest.mark.parametrize("one", ASKED, ids=lambda one: one.id)
def test_a_good_request_is_valid_and_answered(one: Operation) -> None:
    """In the form that is described, with the type that is described."""
    good = GOOD[one.request]
    answer = client().post(url(one), json=good)

    assert wrong(one.request, good) == []
    assert answer.status_code == 200, answer.text
    assert_described(one, answer)


@given(st.data())
def test_what_a_schema_refuses_is_refused_by_the_provider(data: st.DataObject) -> None:
    """And what is answered is valid: wherever one thing in a request is another."""
    one = data.draw(st.sampled_from(ASKED))
    body = data.draw(changed(GOOD[one.request]))

    answer = client().post(url(one), content=json.dumps(body))

    assert answer.status_code in (200, 400)
    assert_described(one, answer)
    if answer.status_code == 200:
        assert wrong(one.request, body) == []


def assert_described(one: Operation, answer: httpx.Response) -> None:
    """Hold that *answer* has a type and a form that the description has."""
    media = answer.headers["content-type"].partition(";")[0]
    if answer.status_code != 200:
        assert media == "application/json"
        errors = (wrong(f"{name}.error", answer.json()) for name in one.providers)
        assert [] in errors
    elif media in one.streams:
        dialect = DIALECTS[one.providers[0]]
        assert dialect.check_stream(answer.content) == []
    else:
        assert media == "application/json"
        assert [] in [wrong(name, answer.json()) for name in one.replies]


def places(value: Any) -> list[tuple[Any, ...]]:
    """Give the way to each part of *value*."""
    match value:
        case dict():
            steps = list(value.items())
        case list():
            steps = list(enumerate(value))
        case _:
            steps = []
    below = [(step, *rest) for step, inner in steps for rest in places(inner)]
    return [(), *below]


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 0.5, 3.0, 1e999, 10**30, 9_000])
    | st.sampled_from(["", " ", "x", "m", "auto", "none", "tool", "text", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "name", "x"]), inner)
    ),
    max_leaves=4,
)


@st.composite
def changed(draw: st.DrawFn, good: Said) -> Any:
    """Draw *good* with one to three of its parts put away, or others."""
    body = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(places(body)))
        odd = draw(ODD)
        if not at:
            return odd if draw(st.booleans()) else body
        inner = body
        for step in at[:-1]:
            inner = inner[step]
        if draw(st.booleans()):
            inner[at[-1]] = odd
        else:
            del inner[at[-1]]
    return body


CHATS = {one.providers[0]: one for one in reversed(ASKED) if one.is_chat}


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.data())
def test_what_we_write_is_valid(name: str, data: st.DataObject) -> None:
    """Whole replies, errors, and requests that are not refused, of any content."""
    dialect, one = DIALECTS[name], CHATS[name]
    message: AIMessage = data.draw(hst.wire_answers())
    fault: Fault = data.draw(hst.faults())
    asked: ChatRequest = data.draw(hst.wire_requests())

    error = dialect.write_error(fault)
    assert wrong(f"{name}.error", json.loads(error.body)) == []
    try:
        reply = dialect.write_reply(message)
        request = dialect.write_request(asked)
    except HarnessError:  # this format has no room for it
        return
    assert wrong(f"{name}.reply", json.loads(reply)) == []
    if refusal(HttpRequest("POST", url(one), body=request), name) is None:
        assert wrong(one.request, json.loads(request)) == []
