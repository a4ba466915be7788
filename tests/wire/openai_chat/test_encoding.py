"""Streams of OpenAI Chat Completions, as OpenAI writes them."""

import json
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.openai_chat import OPENAI_CHAT

NAMED = AIMessageChunk(id="c1", response_metadata={"model_name": "m", "created": 5})
HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


def encoded(*steps: Any, request: ChatRequest | None = None) -> bytes:
    """Encode steps to the end."""
    encoder = OPENAI_CHAT.encoder(request)
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def payloads(data: bytes) -> list[Any]:
    """Read the events of a stream."""
    lines = data.decode().split("\n\n")[:-1]
    return [
        line[6:] if line == "data: [DONE]" else json.loads(line[6:]) for line in lines
    ]


def deltas(*steps: Any) -> list[dict[str, Any]]:
    """Give the deltas between the role and the end."""
    data = encoded(NAMED, *steps)
    assert OPENAI_CHAT.check_stream(data) == []
    found = [p["choices"][0]["delta"] for p in payloads(data)[:-1] if p["choices"]]
    return found[1:-1]


def calling(args: str | None, index: Any = 0, **more: Any) -> AIMessageChunk:
    """Give a chunk with a fragment of a call."""
    head = {"name": None, "id": None}
    return AIMessageChunk(
        tool_call_chunks=[{**head, "args": args, "index": index, **more}]
    )


def test_a_stream() -> None:
    """The role, the words, the end, the usage, and [DONE]."""
    finish = AIMessageChunk(
        response_metadata={"finish_reason": "stop"}, usage_metadata=USAGE
    )

    found = payloads(encoded(NAMED, AIMessageChunk("Hi"), finish))

    def event(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**HEAD, "choices": [choice]}

    counts = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert found == [
        event({"role": "assistant", "content": ""}),
        event({"content": "Hi"}),
        event({}, "stop"),
        {**HEAD, "choices": [], "usage": counts},
        "[DONE]",
    ]


def test_each_chunk_is_written_at_once() -> None:
    """Nothing waits for what comes later but the end."""
    encoder = OPENAI_CHAT.encoder()

    sizes = [
        len(payloads(encoder.feed(AIMessageChunk(text, id="c")))) for text in "abc"
    ]

    assert sizes == [2, 1, 1]
    assert len(payloads(encoder.close())) == 2
    assert (encoder.feed(AIMessageChunk("d")), encoder.close()) == (b"", b"")


def test_an_empty_stream() -> None:
    """A stream of nothing has a role, an end, and names."""
    data = encoded()

    assert OPENAI_CHAT.check_stream(data) == []
    assert payloads(data)[0]["model"] == "harness"


def test_a_request_names_the_model_and_asks_for_usage() -> None:
    """Usage is told to who asks for it; without words on it, it is."""
    plain = ChatRequest((HumanMessage("Hi"),), model="gpt")
    asking = ChatRequest(
        (HumanMessage("Hi"),), params={"stream_options": {"include_usage": True}}
    )
    chunk = AIMessageChunk("Hi", cumulative_usage=USAGE)

    told = [payloads(encoded(chunk, request=request)) for request in (plain, asking)]

    assert [[bool(p["choices"]) for p in said[:-1]] for said in told] == [
        [True, True, True],
        [True, True, True, False],
    ]
    assert told[0][0]["model"] == "gpt"
    assert told[0][0]["id"].startswith("chatcmpl-")


def test_usage_adds_up() -> None:
    """Deltas of usage are one total in the end; totals replace each other."""
    parts = [AIMessageChunk(usage_metadata=USAGE)] * 2
    totals = [AIMessageChunk(cumulative_usage=USAGE)] * 2

    found = [payloads(encoded(NAMED, *c))[-2]["usage"] for c in (parts, totals)]

    assert [usage["total_tokens"] for usage in found] == [6, 3]


def test_names_that_come_late_are_awaited() -> None:
    """What says nothing waits for the first words, and is not lost."""
    first = AIMessageChunk(response_metadata={"prompt_filter_results": [1]})

    found = payloads(encoded(first, NAMED, AIMessageChunk("Hi")))

    assert found[0]["prompt_filter_results"] == [1]
    assert {p["id"] for p in found[:-1]} == {"c1"}


def test_metadata_stands_where_it_belongs() -> None:
    """What is of the answer stands beside the choices, what is of a choice in it."""
    first = AIMessageChunk(
        "a",
        id="c",
        response_metadata={
            "model_name": "m",
            "system_fingerprint": "fp",
            "service_tier": "flex",
            "odd": 1,
            "logprobs": {"content": [{"token": "a"}]},
        },
    )

    _, second, *rest = payloads(encoded(first, AIMessageChunk("b")))

    assert second["choices"][0]["logprobs"] == {"content": [{"token": "a"}]}
    assert all(p["system_fingerprint"] == "fp" for p in (second, *rest[:-1]))
    assert all(p["service_tier"] == "flex" for p in (second, *rest[:-1]))
    found = OPENAI_CHAT.read_reply(encoded(first, AIMessageChunk("b")))
    assert found.response_metadata["odd"] == 1


def test_what_comes_after_the_reason_is_said_with_it() -> None:
    """Metadata without words goes with the end."""
    end = AIMessageChunk(
        response_metadata={"finish_reason": "stop", "native_finish_reason": "STOP"}
    )
    late = AIMessageChunk(response_metadata={"odd": 1})

    last = payloads(encoded(NAMED, AIMessageChunk("a"), end, late))[-2]

    assert (last["odd"], last["choices"][0]["native_finish_reason"]) == (1, "STOP")


@pytest.mark.parametrize(
    ("chunk", "delta"),
    [
        (AIMessageChunk("Hi"), {"content": "Hi"}),
        (
            AIMessageChunk([{"type": "text-plain", "text": "Hi"}]),
            {"content": "Hi"},
        ),
        (
            AIMessageChunk([{"type": "reasoning", "reasoning": "Hm"}]),
            {"reasoning_content": "Hm"},
        ),
        (
            AIMessageChunk(
                [{"type": "reasoning", "reasoning": "Hm"}],
                response_metadata={"reasoning_field": "reasoning"},
            ),
            {"reasoning": "Hm"},
        ),
        (AIMessageChunk([{"type": "refusal", "refusal": "No"}]), {"refusal": "No"}),
        (
            AIMessageChunk([{"type": "image", "url": "u"}]),
            {"images": [{"type": "image_url", "image_url": {"url": "u"}}]},
        ),
        (
            AIMessageChunk([{"type": "audio", "base64": "QQ==", "transcript": "Hi"}]),
            {"audio": {"data": "QQ==", "transcript": "Hi"}},
        ),
        (
            AIMessageChunk(
                [
                    {
                        "type": "text",
                        "text": "See",
                        "annotations": [{"type": "citation", "url": "u"}],
                    }
                ]
            ),
            {
                "content": "See",
                "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
            },
        ),
        (AIMessageChunk(additional_kwargs={"odd": [1]}), {"odd": [1]}),
    ],
)
def test_content(chunk: AIMessageChunk, delta: dict[str, Any]) -> None:
    """Each kind of block has its place in a delta."""
    assert deltas(chunk) == [delta]


def test_what_openai_has_no_words_for() -> None:
    """Another format's blocks are left out, and so is a chunk of nothing else."""
    ran = AIMessageChunk([{"type": "server_tool_call", "name": "f", "index": 3}])

    assert deltas(ran, AIMessageChunk("Hi")) == [{"content": "Hi"}]


def test_parts_of_our_own_format_go_back_as_parts() -> None:
    """What a provider of this format said in a list is said in a list again."""
    metadata = {"model_provider": "openai", "reasoning_field": "thinking"}
    blocks = [
        {"type": "reasoning", "reasoning": "Hm"},
        {"type": "non_standard", "value": {"type": "reference"}},
        {"type": "text", "text": "Hi"},
    ]

    found = payloads(encoded(AIMessageChunk(blocks, response_metadata=metadata)))

    assert found[1]["choices"][0]["delta"] == {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
            {"type": "reference"},
            {"type": "text", "text": "Hi"},
        ]
    }


def test_citations_count_from_the_first_text() -> None:
    """Places in a second text are places in all the text."""
    place = {"start_index": 0, "end_index": 2}
    note = {"type": "citation", "cited_text": "page", **place}
    blocks = [
        [{"type": "text", "text": "Hi ", "index": 0}],
        [{"type": "text", "text": "you", "index": 1}],
        [{"type": "text", "text": "", "index": 1, "annotations": [note]}],
    ]

    *_, last = deltas(*map(AIMessageChunk, blocks))

    cited = {"start_index": 3, "end_index": 5, "content": "page"}
    assert last == {"annotations": [{"type": "url_citation", "url_citation": cited}]}


def test_calls_are_numbered_from_zero() -> None:
    """Id, type and name come first, then arguments; indexes have no gaps."""
    found = deltas(
        calling("", 3, name="f", id="a"),
        calling('{"x"', 3),
        calling("{}", 5, name="g", id=None),
        calling(": 1}", 3),
    )

    def first(index: int, name: str, args: str) -> dict[str, Any]:
        function = {"name": name, "arguments": args}
        call_id = ["a", "call_2"][index]
        return {"index": index, "id": call_id, "type": "function", "function": function}

    def later(args: str) -> dict[str, Any]:
        return {"index": 0, "function": {"arguments": args}}

    assert [delta["tool_calls"] for delta in found] == [
        [first(0, "f", "")],
        [later('{"x"')],
        [first(1, "g", "{}")],
        [later(": 1}")],
    ]


def test_a_new_id_is_a_new_call() -> None:
    """Calls that share an index are told apart by their ids."""
    found = deltas(
        calling("{}", name="f", id="a"), calling("{}", name="g", id="b"), calling("")
    )

    assert [delta["tool_calls"][0]["index"] for delta in found] == [0, 1]


def test_a_call_waits_for_its_name() -> None:
    """Arguments that come before the name are said with it, or in the end without."""
    named = deltas(calling("{"), calling("}", name="f"))
    nameless = payloads(encoded(NAMED, calling("{}")))[1]

    assert [d["tool_calls"][0]["function"] for d in named] == [
        {"name": "f", "arguments": "{}"}
    ]
    function = nameless["choices"][0]["delta"]["tool_calls"][0]["function"]
    assert function == {"name": "", "arguments": "{}"}


def test_extras_of_a_call_that_come_late() -> None:
    """Whatever else a call says is said where it came."""
    found = deltas(
        calling("{}", name="f", id="a"), calling("", extras={"extra_content": {"a": 1}})
    )

    assert found[1]["tool_calls"][0] == {
        "index": 0,
        "function": {"arguments": ""},
        "extra_content": {"a": 1},
    }


def test_a_whole_message() -> None:
    """A message as one chunk is a role, all it says, and the end."""
    calls = [
        {"name": "f", "args": {"x": 1}, "id": "a"},
        {
            "name": "sql",
            "args": {"input": "select"},
            "id": "b",
            "extras": {"type": "custom", "odd": 1},
        },
    ]
    invalid = [{"name": "g", "args": '{"x', "id": "c", "error": "cut"}]
    message = AIMessage(
        "Hi",
        tool_calls=calls,
        invalid_tool_calls=invalid,
        id="c1",
        response_metadata={"finish_reason": "length", "model_name": "m"},
    )

    data = encoded(AIMessageChunk.from_message(message))

    assert OPENAI_CHAT.check_stream(data) == []
    (delta,) = [p["choices"][0]["delta"] for p in payloads(data)[1:-2]]
    assert [c.get("function") or c["custom"] for c in delta["tool_calls"]] == [
        {"name": "f", "arguments": '{"x":1}'},
        {"name": "sql", "input": "select"},
        {"name": "g", "arguments": '{"x'},
    ]
    found = OPENAI_CHAT.read_reply(data)
    assert found.tool_calls[1] == {**calls[1], "type": "tool_call"}


def test_custom_calls_stream_as_text() -> None:
    """The JSON of a custom call's pieces becomes the text that it says."""
    found = deltas(
        calling('{"inp', name="sql", id="a", extras={"type": "custom"}),
        calling('ut": "sel'),
        calling('ect \\"a\\""}'),
    )

    first, *later = [delta["tool_calls"][0] for delta in found]
    assert first == {
        "index": 0,
        "id": "a",
        "type": "custom",
        "custom": {"name": "sql", "input": ""},
    }
    assert [call["custom"]["input"] for call in later] == ["sel", 'ect "a"']


def test_a_custom_call_that_is_no_text_says_none() -> None:
    """Its input is a text or nothing."""
    args = '{"input": 5}'

    (found,) = deltas(calling(args, name="sql", id="a", extras={"type": "custom"}))

    assert found["tool_calls"][0]["custom"] == {"name": "sql", "input": ""}


def test_function_calls_of_old() -> None:
    """The older `function_call` streams as such, and ends in its own word."""
    steps = [
        calling("", name="f", extras={"type": "function_call"}),
        calling("{}"),
    ]

    data = encoded(NAMED, *steps)

    assert deltas(*steps) == [
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
    ]
    assert payloads(data)[-2]["choices"][0]["finish_reason"] == "function_call"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ([], "stop"),
        (["stop", "length"], "length"),
        (["STOP"], "stop"),
        (["stop", "stop"], "stop"),
    ],
)
def test_one_reason_to_end(metadata: list[str], reason: str) -> None:
    """However often a reason is given, the gravest is said once, in OpenAI's words."""
    chunks = [AIMessageChunk(response_metadata={"finish_reason": m}) for m in metadata]

    data = encoded(NAMED, AIMessageChunk("Hi"), *chunks)

    assert OPENAI_CHAT.check_stream(data) == []
    assert payloads(data)[-2]["choices"][0]["finish_reason"] == reason


def test_other_choices() -> None:
    """Each other choice has its words, and its end."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    others = [
        {"index": 1, "message": {"content": "two"}, "finish_reason": "length"},
        {"index": 2, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"},
    ]
    one = {"index": 0, "message": {"content": "one"}, "finish_reason": "stop"}
    reply = {"id": "c1", "model": "m", "choices": [one, *others]}
    message = OPENAI_CHAT.read_reply(json.dumps(reply).encode())

    data = encoded(AIMessageChunk.from_message(message))

    assert OPENAI_CHAT.check_stream(data) == []
    assert OPENAI_CHAT.read_reply(data) == message


def test_another_role_is_said_first() -> None:
    """An answer that is not the assistant's says so with its first event."""
    chunk = AIMessageChunk("No.", id="c", additional_kwargs={"role": "critic"})

    found = payloads(encoded(chunk))

    assert found[0]["choices"][0]["delta"]["role"] == "critic"
    assert found[1]["choices"][0]["delta"] == {"content": "No."}


def test_an_error_ends_the_stream() -> None:
    """An error is an event, and nothing comes after it."""
    encoder = OPENAI_CHAT.encoder()
    begun = encoder.feed(AIMessageChunk("Hi", id="c"))

    data = begun + encoder.feed(Fault("busy", "overloaded")) + encoder.close()

    assert OPENAI_CHAT.check_stream(data) == []
    decoder = OPENAI_CHAT.decoder()
    assert decoder.feed(data)[-1] == Fault("busy", "overloaded")


@pytest.mark.parametrize("kind", ["connection", "interrupted", "timeout"])
def test_silence(kind: Any) -> None:
    """A connection that is lost says nothing."""
    encoder = OPENAI_CHAT.encoder()

    assert encoder.feed(Fault(kind=kind)) + encoder.close() == b""


def test_what_cannot_be_encoded() -> None:
    """Only chunks and faults have events."""
    with pytest.raises(InputError, match="'Hi' cannot be encoded; give chunks"):
        OPENAI_CHAT.encoder().feed("Hi")  # type: ignore[arg-type]
