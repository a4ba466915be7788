"""OpenAI Chat Completions, and the habits of all who speak it: each quirk by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ResponseFormat
from harness.steps import Fault
from harness.tool_specs import ToolChoice
from harness.wire import DIALECTS, dialect_of
from harness.wire.openai_chat import OPENAI_CHAT


def sse(*payloads: Any, done: bool = True) -> bytes:
    """Give the bytes of a stream of payloads."""
    lines = [f"data: {json.dumps(payload)}\n\n" for payload in payloads]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def event(
    delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any
) -> dict[str, Any]:
    """Give one payload with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "model": "m", "choices": [choice], **more}


def call(args: Any = "", /, *, name: Any = None, **more: Any) -> dict[str, Any]:
    """Give one tool-call delta."""
    return {**more, "function": {"name": name, "arguments": args}}


def calling(*calls: dict[str, Any]) -> dict[str, Any]:
    """Give one payload with tool-call deltas."""
    return event({"tool_calls": [*calls]})


def played(body: bytes, *, size: int | None = None) -> list[Any]:
    """Feed a body, whole or in pieces, and close."""
    decoder = OPENAI_CHAT.decoder()
    size = size or len(body) or 1
    found: list[Any] = []
    for start in range(0, len(body), size):
        found += decoder.feed(body[start : start + size])
    return found + decoder.close()


def message(body: bytes) -> AIMessage:
    """Give the message that a body amounts to, faults left out."""
    chunks = [one for one in played(body) if isinstance(one, AIMessageChunk)]
    return sum(chunks, AIMessageChunk()).to_message()


def fault(body: bytes) -> Fault:
    """Give the fault that a body ends in."""
    last = played(body)[-1]
    assert isinstance(last, Fault)
    return last


def tool_calls(body: bytes) -> list[tuple[Any, ...]]:
    """Give name, arguments and id of each call."""
    return [(c["name"], c["args"], c["id"]) for c in message(body).tool_calls]


# ------------------------------------------------------------------- the basics


def test_text_comes_one_chunk_an_event() -> None:
    """Each event is one chunk, and the end is an empty chunk of its own."""
    found = played(sse(event({"content": "He"}), event({"content": "llo"}, "stop")))

    assert [(one.text, one.chunk_position) for one in found] == [
        ("He", None),
        ("llo", None),
        ("", "last"),
    ]
    assert {one.id for one in found} == {"c1"}


def test_metadata() -> None:
    """What the provider says of its answer stands in response_metadata."""
    said = {"created": 5, "system_fingerprint": "fp", "service_tier": "flex"}

    found = message(sse(event({"content": "Hi"}, "stop", **said)))

    assert found.response_metadata == {
        "created": 5,
        "finish_reason": "stop",
        "model_name": "m",
        "model_provider": "openai",
        "service_tier": "flex",
        "system_fingerprint": "fp",
    }


def test_a_whole_reply_reads_like_its_stream() -> None:
    """A reply in one piece and the same in many give equal messages."""
    said = {"content": "Hi", "refusal": None, "annotations": [], "role": "assistant"}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    choice = {"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}
    reply = {"id": "c1", "model": "m", "choices": [choice], "usage": usage}
    stream = sse(
        event({"role": "assistant", "content": ""}),
        event({"content": "H"}),
        event({"content": "i"}),
        event({}, "stop"),
        {"id": "c1", "model": "m", "choices": [], "usage": usage},
    )

    assert OPENAI_CHAT.read_reply(json.dumps(reply).encode()) == message(stream)


def test_read_reply_refuses_an_error() -> None:
    """An error is no reply."""
    with pytest.raises(WireError, match="the reply is an error: no credit"):
        OPENAI_CHAT.read_reply(b'{"error": {"message": "no credit"}}')


@pytest.mark.parametrize("body", [b"", b"<html>", b"data: {}\n\n"])
def test_read_reply_refuses_what_has_no_end(body: bytes) -> None:
    """What is neither JSON nor a whole stream is called cut short."""
    with pytest.raises(WireError, match="the reply is cut short: the stream broke off"):
        OPENAI_CHAT.read_reply(body)


@pytest.mark.parametrize("data", ["data: {}", 5, None])
def test_the_decoder_takes_bytes_alone(data: Any) -> None:
    """A text or a number is refused, with the value."""
    with pytest.raises(InputError, match=rf"^{data!r} is no bytes; feed them as"):
        OPENAI_CHAT.decoder().feed(data)


def test_read_reply_refuses_what_is_no_reply() -> None:
    """JSON of another kind is named."""
    with pytest.raises(WireError, match="neither 'choices' nor 'error'"):
        OPENAI_CHAT.read_reply(b'{"object": "list", "data": []}')


# ------------------------------------------------------------------------ usage

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
READ = {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(
            [event({"content": "Hi"}, "stop"), {"choices": [], "usage": USAGE}],
            id="in a last chunk without choices",
        ),
        pytest.param([event({}, "stop", usage=USAGE)], id="with the finish"),
        pytest.param(
            [
                event({"content": "Hi"}, usage={**USAGE, "completion_tokens": 1}),
                event({}, "stop", usage=USAGE),
            ],
            id="as a running total",
        ),
        pytest.param(
            [event({"content": "Hi"}, usage=None), event({}, "stop", usage=USAGE)],
            id="null elsewhere",
        ),
        pytest.param(
            [
                event({}, "stop", usage=USAGE, x_groq={"id": "r", "usage": USAGE}),
                {"choices": [], "usage": USAGE},
            ],
            id="three times",
        ),
        pytest.param(
            [event({}, "stop", x_groq={"usage": USAGE})], id="in x_groq alone"
        ),
    ],
)
def test_usage_is_counted_once(events: list[Any]) -> None:
    """However often and wherever a provider reports it, usage is the last total."""
    assert message(sse(*events)).usage_metadata == READ


@pytest.mark.parametrize(
    ("usage", "details"),
    [
        (
            {"prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 1}},
            {"input_token_details": {"audio": 1, "cache_read": 3}},
        ),
        (
            {"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 7},
            {"input_token_details": {"cache_read": 3}},
        ),
        (
            {"cache_creation_input_tokens": 2, "cache_read_input_tokens": 0},
            {"input_token_details": {"cache_creation": 2, "cache_read": 0}},
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 2, "text_tokens": None}},
            {"output_token_details": {"reasoning": 2}},
        ),
        ({"completion_tokens_details": None, "queue_time": 0.5}, {}),
    ],
)
def test_usage_details(usage: dict[str, Any], details: dict[str, Any]) -> None:
    """Details go by one name, whatever the provider's; the raw report is kept."""
    found = message(sse(event({}, "stop", usage={**USAGE, **usage})))

    assert found.usage_metadata == {**READ, **details}
    assert found.response_metadata["token_usage"] == {**USAGE, **usage}


def test_a_total_is_taken_at_its_word() -> None:
    """For xAI the total is more than prompt and completion."""
    found = message(sse(event({}, "stop", usage={**USAGE, "total_tokens": 99})))

    assert found.usage_metadata is not None
    assert found.usage_metadata["total_tokens"] == 99


# --------------------------------------------------------- what frames the text


def test_azures_first_event_has_worthless_names() -> None:
    """An empty id, model and created do not stand for the answer's own."""
    first = {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "prompt_filter_results": [{"prompt_index": 0}],
    }

    found = message(sse(first, event({"content": "Hi"}, "stop", created=5)))

    assert (found.id, found.response_metadata["model_name"]) == ("c1", "m")
    assert found.response_metadata["created"] == 5
    assert found.response_metadata["prompt_filter_results"] == [{"prompt_index": 0}]
    assert "conflicts" not in found.response_metadata


@pytest.mark.parametrize(
    "nothing", [{}, {"choices": None}, {"choices": []}, {"choices": [None]}]
)
def test_events_without_choices_may_repeat(nothing: dict[str, Any]) -> None:
    """One that says its id alone, however often, says nothing new."""
    alone = {"id": "c1", "model": "m", **nothing}
    body = sse(event({"content": "a"}), alone, alone, alone, event({}, "stop"))

    assert message(body).content == "a"


def test_names_that_change_are_kept() -> None:
    """The first id and time of making are read; the others can be looked up."""
    stream = sse(
        event({"content": "a"}, created=1), event({}, "stop", id="c2", created=2)
    )

    found = message(stream)

    assert (found.id, found.response_metadata["created"]) == ("c1", 1)
    assert found.response_metadata["conflicts"] == {
        "id": ["c1", "c2"],
        "response_metadata.created": [1, 2],
    }


def test_a_finish_reason_is_repeated() -> None:
    """OpenRouter says it twice, and once is enough."""
    found = message(sse(event({}, "stop"), event({"content": ""}, "stop")))

    assert found.finish_reason == "stop"


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_finish_reason_but_done(nothing: Any) -> None:
    """Snowflake's is empty; [DONE] ends the stream all the same."""
    found = played(sse(event({"content": "Hi"}, nothing)))

    assert found[-1].chunk_position == "last"


def test_finish_reason_left_out() -> None:
    """Many leave the key out of all events but the last."""
    choice = {"index": 0, "delta": {"content": "Hi"}}

    found = message(sse({"choices": [choice]}, event({}, "length")))

    assert (found.text, found.finish_reason) == ("Hi", "length")


@pytest.mark.parametrize("role", ["assistant", None, ""])
def test_roles_are_not_text(role: Any) -> None:
    """A role in each delta, or null, adds nothing."""
    deltas = [event({"role": role, "content": text}) for text in ("a", "b")]

    found = message(sse(*deltas))

    assert (found.text, found.additional_kwargs) == ("ab", {})


def test_another_role_is_kept() -> None:
    """An answer that is not the assistant's says so."""
    found = message(sse(event({"role": "critic", "content": "No."})))

    assert found.additional_kwargs == {"role": "critic"}


@pytest.mark.parametrize("delta", [None, {}, {"content": None}, {"content": ""}])
def test_a_delta_without_words(delta: Any) -> None:
    """Null, nothing and "" add nothing."""
    assert message(sse(event(delta), event({"content": "a"}))).content == "a"


def test_text_beside_a_delta_is_the_same_text() -> None:
    """Together says "text" too; Perplexity repeats all under "message"."""
    choice = {"index": 0, "text": "1", "delta": {"content": "1"}, "seed": None}
    choice["message"] = {"role": "assistant", "content": "1"}

    assert message(sse({"choices": [choice]})).content == "1"


def test_unknown_keys_are_kept() -> None:
    """Beside the choices they are metadata, in the delta additional_kwargs."""
    stream = sse(
        event({"content": "a", "channel": "analysis"}, provider="P", citations=["u"]),
        event({"content": "b", "channel": "analysis"}, provider="P", citations=["u"]),
        event({"content": "c", "graph": {"sources": None}}, obfuscation="xxx", p="ab"),
    )

    found = message(stream)

    assert found.additional_kwargs == {"channel": "analysis"}
    assert found.response_metadata == {
        "citations": ["u"],
        "model_name": "m",
        "model_provider": "openai",
        "provider": "P",
    }


def test_a_choices_own_keys_are_metadata() -> None:
    """What a provider puts beside the delta is not lost."""
    payload = event({"content": "a"}, "stop")
    payload["choices"][0]["native_finish_reason"] = "STOP"

    assert message(sse(payload)).response_metadata["native_finish_reason"] == "STOP"


def test_metadata_that_comes_in_parts() -> None:
    """Groq's x_groq has a seed first and usage later: both stay."""
    stream = sse(event({}, x_groq={"id": "r", "seed": 1}), event({}, x_groq={"n": 2}))

    found = message(stream).response_metadata["x_groq"]

    assert found == {"id": "r", "seed": 1, "n": 2}


def test_logprobs_append() -> None:
    """Log probabilities of all events stand in one list."""
    events = [event({"content": text}) for text in "ab"]
    for payload, token in zip(events, "ab", strict=True):
        payload["choices"][0]["logprobs"] = {
            "content": [{"token": token}],
            "refusal": None,
        }

    found = message(sse(*events)).response_metadata["logprobs"]

    assert found == {"content": [{"token": "a"}, {"token": "b"}]}


def test_an_infinite_logprob_is_text() -> None:
    """-Infinity is no JSON, and still no reason to lose an answer."""
    body = (
        b'{"choices":[{"message":{"content":"a"},"logprobs":{"content":[-Infinity]}}]}'
    )

    found = OPENAI_CHAT.read_reply(body).response_metadata["logprobs"]

    assert found == {"content": ["-Infinity"]}


# ----------------------------------------------------------- reasoning and more


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_by_either_name(key: str) -> None:
    """Reasoning is a block of its own, before the text."""
    stream = sse(
        event({key: "Hm"}), event({key: "m", "content": ""}), event({"content": "!"})
    )

    assert message(stream).content == [
        {"type": "reasoning", "reasoning": "Hmm"},
        {"type": "text", "text": "!"},
    ]


def test_reasoning_said_twice_counts_once() -> None:
    """OpenRouter says it as `reasoning` and as `reasoning_details`."""
    details = [{"type": "reasoning.text", "text": "Hm", "index": 0, "format": "x"}]

    found = message(sse(event({"reasoning": "Hm", "reasoning_details": details})))

    assert found.content == [{"type": "reasoning", "reasoning": "Hm"}]
    assert found.additional_kwargs == {}


def test_signatures_of_reasoning_are_kept() -> None:
    """What must be sent back stands in additional_kwargs, put together by index."""
    first = {"type": "reasoning.text", "text": "Hm", "index": 0}
    signed = {"type": "reasoning.text", "signature": "sig", "index": 0}
    secret = {"type": "reasoning.encrypted", "data": "xyz", "index": 0, "id": "t1"}
    other = {"type": "reasoning.encrypted", "data": "abc", "index": 0, "id": "t2"}
    stream = sse(
        *(event({"reasoning_details": [d]}) for d in (first, signed, secret, other))
    )

    found = message(stream)

    assert found.content == [{"type": "reasoning", "reasoning": "Hm"}]
    details = [{**signed, "text": "Hm"}, secret, other]
    assert found.additional_kwargs == {"reasoning_details": details}


def test_content_as_a_list() -> None:
    """Mistral thinks in lists of lists, and turns to plain strings in mid-stream."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    more = [{**thought, "closed": True}, {"type": "text", "text": "So"}]
    stream = sse(
        event({"content": [thought]}), event({"content": more}), event({"content": "!"})
    )

    assert message(stream).content == [
        {"type": "reasoning", "reasoning": "HmHm"},
        {"type": "text", "text": "So!"},
    ]


def test_unknown_blocks_are_kept_whole() -> None:
    """A block that is none of ours is non_standard, never dropped."""
    strange = [
        {"type": "reference", "reference_ids": [1]},
        {"type": "text"},
        {"no": "type"},
        {"type": "thinking", "thinking": [{"type": "reference"}]},
        "plain",
    ]

    blocks = message(sse(event({"content": strange}))).content_blocks

    assert [b["value"] for b in blocks if b["type"] == "non_standard"] == strange[:3]
    assert {"type": "text", "text": "plain"} in blocks
    extras = {"thinking": [{"type": "reference"}]}
    assert {"type": "reasoning", "reasoning": "", "extras": extras} in blocks


def test_refusal() -> None:
    """A refusal streams like text, as a block of its own."""
    stream = sse(event({"refusal": "I can"}), event({"refusal": "not."}, "stop"))

    assert message(stream).content == [{"type": "refusal", "refusal": "I cannot."}]


def test_annotations_are_citations() -> None:
    """A url_citation becomes a citation of the text; others are kept raw."""
    cited = {"url": "u", "title": "", "start_index": 0, "content": "page"}
    notes = [
        {"type": "url_citation", "url_citation": cited},
        {"type": "file", "file": 1},
        {"type": "url_citation", "url_citation": {"url": "v"}},
    ]

    found = message(sse(event({"content": "See", "annotations": notes})))

    citation = {"type": "citation", "url": "u", "start_index": 0, "cited_text": "page"}
    other = {"type": "non_standard_annotation", "value": notes[1]}
    bare = {"type": "citation", "url": "v"}
    assert found.content == [
        {"type": "text", "text": "See", "annotations": [citation, other, bare]}
    ]


def test_audio_is_given_out_at_the_end() -> None:
    """Pieces of audio and transcript are gathered into one block."""
    stream = sse(
        event({"audio": {"id": "a1", "transcript": "Hel"}}),
        event({"audio": {"transcript": "lo", "data": "QUJD", "expires_at": None}}),
        event({"audio": {"data": "REVG", "expires_at": 7}}, "stop"),
    )

    assert message(stream).content == [
        {
            "type": "audio",
            "id": "a1",
            "base64": "QUJDREVG",
            "transcript": "Hello",
            "extras": {"expires_at": 7},
        }
    ]


def test_empty_audio_is_none() -> None:
    """Snowflake's empty audio, function call and refusal say nothing."""
    silent = {"data": "", "expires_at": 0, "id": "", "transcript": ""}
    empty = {"audio": silent, "function_call": {"name": "", "arguments": ""}}

    assert (
        message(sse(event({"content": "Hi", "refusal": "", **empty}))).content == "Hi"
    )


def test_images() -> None:
    """OpenRouter's images are image blocks."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}

    assert message(sse(event({"images": [image]}))).content == [
        {"type": "image", "base64": "QQ==", "mime_type": "image/png"}
    ]


def test_lists_under_unknown_names_are_gathered() -> None:
    """Groq's executed_tools come once begun and once done, by index."""
    begun = {"index": 0, "type": "search", "arguments": "{}"}
    stream = sse(
        event({"executed_tools": [begun]}),
        event({"executed_tools": [{**begun, "output": "sun"}, {"index": 1}, "odd"]}),
    )

    assert message(stream).additional_kwargs == {
        "executed_tools": [{**begun, "output": "sun"}, {"index": 1}, "odd"]
    }


def test_reasoning_of_another_shape_is_kept() -> None:
    """Reasoning that is no text is not thrown away."""
    found = message(sse(event({"reasoning": {"effort": "high"}})))

    assert found.additional_kwargs == {"reasoning": {"effort": "high"}}


# ------------------------------------------------------------------- tool calls


def test_arguments_in_pieces() -> None:
    """The common way: id and name first, arguments bit by bit, calls by index."""
    stream = sse(
        calling(call(name="f", index=0, id="a", type="function")),
        calling(call('{"x"', index=0)),
        calling(call(name="g", index=1, id="b", type="function")),
        calling(call(": 1}", index=0)),
        calling(call("{}", index=1)),
        event({}, "tool_calls"),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a"), ("g", {}, "b")]


def test_whole_calls_without_index_in_one_delta() -> None:
    """Mistral's calls are told apart by their ids."""
    stream = sse(
        calling(call('{"x": 1}', name="f", id="a"), call('{"x": 2}', name="f", id="b"))
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a"), ("f", {"x": 2}, "b")]


def test_a_fragment_without_index_goes_on_by_id() -> None:
    """An id that was seen before names the call it goes on with."""
    stream = sse(
        calling(call("{", name="f", id="a"), call("{", name="g", id="b")),
        calling(call('"x": 1}', id="a")),
        calling(call("}", id="b")),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a"), ("g", {}, "b")]


def test_a_fragment_without_index_and_id_goes_on_with_the_last() -> None:
    """Arguments alone belong to the call that came last."""
    stream = sse(calling(call('{"x"', name="f", id="a")), calling(call(": 1}")))

    assert tool_calls(stream) == [("f", {"x": 1}, "a")]


@pytest.mark.parametrize("index", [{}, {"index": 0}, {"index": None}])
def test_empty_ids(index: dict[str, Any]) -> None:
    """Gemini's calls have the id "" and the same index, or none: two calls still."""
    stream = sse(
        calling(call('{"x": 1}', name="f", id="", **index)),
        calling(call('{"x": 1}', name="f", id="", **index)),
        calling(call("{}", name="g", id="", **index)),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, None)] * 2 + [("g", {}, None)]


def test_one_index_for_all_calls() -> None:
    """Calls that share an index are told apart by their ids."""
    stream = sse(
        calling(call('{"x": 1}', name="f", index=0, id="a")),
        calling(call('{"x"', name="f", index=0, id="b")),
        calling(call(": 2}", index=0)),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a"), ("f", {"x": 2}, "b")]


def test_ids_and_names_repeated_or_null() -> None:
    """Each fragment may say id and name again, or null."""
    stream = sse(
        calling(call(name="f", index=0, id="a", type="function")),
        calling(call('{"x"', name="f", index=0, id="a")),
        calling(call(": 1}", index=0, id=None, type=None)),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a")]


def test_calls_that_open_out_of_order() -> None:
    """The provider's index says which call is first, not the order of opening."""
    stream = sse(
        calling(call("{}", name="g", index=1, id="b")),
        calling(call("{}", name="f", index=0, id="a")),
    )

    indexes = [
        fragment["index"]
        for step in played(stream)
        for fragment in step.model_dump()["tool_call_chunks"]
    ]
    assert indexes == [1, 0]


def test_an_id_anew_with_each_fragment() -> None:
    """An id without a name opens no call: the first id stays."""
    stream = sse(
        calling(call('{"x"', name="f", index=0, id="a")),
        calling(call(": 1}", index=0, id="b")),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "a")]


def test_an_id_that_comes_late() -> None:
    """A call without id waits for it until its arguments are whole."""
    stream = sse(
        calling(call(name="f", index=0)),
        calling(call('{"x"', index=0)),
        calling(call(": 1}", index=0, id="late")),
    )

    assert tool_calls(stream) == [("f", {"x": 1}, "late")]


def test_a_call_without_id_is_given_out_when_it_is_whole() -> None:
    """A closing brace is not the end where more are open."""
    decoder = OPENAI_CHAT.decoder()
    pieces = ['{"x": {"y": 1}', "}"]

    found = [
        decoder.feed(sse(calling(call(piece, name=name, index=0)), done=False))
        for piece, name in zip(pieces, ["f", None], strict=True)
    ]

    assert [len(chunk.tool_calls) for (chunk,) in found] == [0, 1]


def test_a_name_that_comes_late() -> None:
    """A name after the first fragment names the call that is open."""
    stream = sse(calling(call("{", index=0)), calling(call("}", name="f", index=0)))

    assert tool_calls(stream) == [("f", {}, None)]


def test_an_end_without_words() -> None:
    """A last fragment with nothing in it adds nothing."""
    stream = sse(
        calling(call("{}", name="f", index=0, id="a")), calling(call("", index=0))
    )

    assert tool_calls(stream) == [("f", {}, "a")]


def test_an_id_that_never_comes() -> None:
    """Waiting ends with the stream, or when the next call opens."""
    stream = sse(
        calling(call('{"x"', name="f", index=0)), calling(call("{", name="g", index=1))
    )

    invalid = message(stream).invalid_tool_calls

    assert [(c["name"], c["args"]) for c in invalid] == [("f", '{"x"'), ("g", "{")]


@pytest.mark.parametrize("args", [None, "", "null"])
def test_a_call_without_arguments(args: Any) -> None:
    """Null, "" and Groq's "null" are no arguments."""
    assert tool_calls(sse(calling(call(args, name="f", index=0, id="a")))) == [
        ("f", {}, "a")
    ]


def test_arguments_as_an_object() -> None:
    """Arguments that are an object already are taken so."""
    assert tool_calls(sse(calling(call({"x": "é"}, name="f", index=0, id="a")))) == [
        ("f", {"x": "é"}, "a")
    ]


def test_cut_off_arguments() -> None:
    """A call that the length limit cut is invalid, its raw text kept."""
    stream = sse(
        calling(call('{"x": "lo', name="f", index=0, id="a")), event({}, "length")
    )

    found = message(stream)

    assert (found.tool_calls, found.finish_reason) == ([], "length")
    assert found.invalid_tool_calls[0]["args"] == '{"x": "lo'


def test_extras_of_a_call() -> None:
    """Gemini's thought signature stays with its call, also when it comes late."""
    signature = {"google": {"thought_signature": "s"}}
    stream = sse(
        calling(call("{", name="f", index=0, id="a")),
        calling(call("}", index=0, extra_content=signature)),
    )

    block = message(stream).content_blocks[0]

    assert block["extras"] == {"extra_content": signature}


def test_a_function_call_of_old() -> None:
    """The older `function_call` is a call without id."""
    old = {"function_call": {"name": "add", "arguments": '{"a": 1}'}}

    assert tool_calls(sse(event(old))) == [("add", {"a": 1}, None)]
    (called,) = message(sse(event(old))).tool_calls
    assert called["extras"] == {"type": "function_call"}


def test_a_custom_call_keeps_its_text() -> None:
    """The free text of a custom tool is its one argument, once it has ended."""
    opened = {"index": 0, "id": "a", "type": "custom"}
    opened["custom"] = {"name": "sql", "input": 'select "'}
    later = {"index": 0, "custom": {"input": 'a"\n'}}
    events = event({"tool_calls": [opened]}), event({"tool_calls": [later]})

    ended = message(sse(*events, event({}, "tool_calls")))
    broken = message(sse(*events, done=False))

    assert ended.content_blocks == [
        {
            "type": "tool_call",
            "name": "sql",
            "args": {"input": 'select "a"\n'},
            "id": "a",
            "extras": {"type": "custom"},
        }
    ]
    assert broken.tool_calls == []


def test_calls_come_after_text() -> None:
    """Text before calls stays text."""
    stream = sse(event({"content": "Wait."}), calling(call("{}", name="f", id="a")))

    found = message(stream)

    assert (found.content, len(found.tool_calls)) == ("Wait.", 1)


# ---------------------------------------------------------------- more than one


def test_other_choices_are_kept() -> None:
    """With n > 1 the first choice is the message; the others stand in metadata."""
    payloads = [
        event({"content": "one"}),
        event({"content": "two"}),
        event({}, "stop"),
        event({}, "length"),
    ]
    for payload, index in zip(payloads, [0, 1, 0, 1], strict=True):
        payload["choices"][0]["index"] = index

    found = message(sse(*payloads))

    assert (found.text, found.finish_reason) == ("one", "stop")
    (other,) = found.response_metadata["other_choices"]
    assert (other["index"], other["content"]) == (1, "two")
    assert other["response_metadata"]["finish_reason"] == "length"


def test_usage_with_another_choice_counts() -> None:
    """What stands beside a choice that is not the first is not lost."""
    payload = event({}, "stop", usage=USAGE)
    payload["choices"][0]["index"] = 1

    assert message(sse(event({"content": "a"}, "stop"), payload)).usage_metadata == READ


def test_choices_without_index_count_from_zero() -> None:
    """Where the index is missing, the place in the list stands for it."""
    reply = {"choices": [{"message": {"content": text}} for text in ("one", "two")]}

    found = OPENAI_CHAT.read_reply(json.dumps(reply).encode())

    assert found.text == "one"
    assert found.response_metadata["other_choices"][0]["content"] == "two"


def test_one_answer_in_two_choices() -> None:
    """Copilot sends text and calls as two choices of one index: one message."""
    told = {"index": 0, "message": {"content": "Wait."}}
    called = {"index": 0, "message": {"tool_calls": [call("{}", name="f", id="a")]}}

    found = OPENAI_CHAT.read_reply(json.dumps({"choices": [told, called]}).encode())

    assert (found.text, found.tool_calls[0]["name"]) == ("Wait.", "f")
    assert "other_choices" not in found.response_metadata


# ----------------------------------------------------------- framing and ending


def test_comments_are_passed_over() -> None:
    """OpenRouter's and others' comments keep the line open and say nothing."""
    body = b": OPENROUTER PROCESSING\n\n:\n\ndata:\n\n" + sse(event({"content": "Hi"}))

    assert message(body).text == "Hi"


def test_done_may_be_missing() -> None:
    """A finish_reason ends a stream too."""
    found = played(sse(event({"content": "Hi"}, "stop"), done=False))

    assert found[-1].chunk_position == "last"


def test_nothing_comes_after_the_end() -> None:
    """What follows [DONE] is not part of the answer."""
    decoder = OPENAI_CHAT.decoder()
    decoder.feed(sse(event({"content": "Hi"})))

    assert decoder.feed(sse(event({"content": "more"}))) == []
    assert decoder.close() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the stream broke off without [DONE] or a finish_reason, at its start"),
        (b" \n", "without [DONE]"),
        (sse(event({"content": "Hi"}), done=False), "a finish_reason, after 1 events"),
        (sse(event({"content": "Hi"}))[:-40], "inside an event"),
        (b'{"choices": [{"mess', "inside a JSON body"),
        (b"upstream connect error: reset\n", "it says 'upstream connect error: reset'"),
    ],
)
def test_a_stream_that_breaks_off(body: bytes, told: str) -> None:
    """A stream that just ends is an interruption, never a whole answer."""
    found = fault(body)

    assert found.kind == "interrupted"
    assert told in found.message


def test_every_choice_must_have_finished() -> None:
    """One of two answers is not all that was asked for."""
    other = event({"content": "Hi"})
    other["choices"][0]["index"] = 1

    assert fault(sse(event({}, "stop"), other, done=False)).kind == "interrupted"


def test_what_was_gathered_survives_a_break() -> None:
    """Audio and ids that waited are given out before the fault."""
    found = played(sse(event({"audio": {"data": "QQ=="}}), done=False))

    assert [type(one).__name__ for one in found] == ["AIMessageChunk"] * 2 + ["Fault"]
    assert found[1].content_blocks == [{"type": "audio", "base64": "QQ=="}]


def test_an_unterminated_last_event_counts() -> None:
    """A careless server leaves out the last blank line."""
    found = played(sse(event({"content": "Hi"}, "stop"), done=False).rstrip())

    assert [one.text for one in found] == ["Hi", ""]


def test_a_whole_reply_where_a_stream_was_asked_for() -> None:
    """Some servers do not stream: the reply is one chunk, then the end."""
    body = json.dumps({"choices": [{"message": {"content": "Hi"}}]}).encode()

    found = played(body, size=1)

    assert [(one.text, one.chunk_position) for one in found] == [
        ("Hi", None),
        ("", "last"),
    ]


def test_json_lines() -> None:
    """Events without framing, one JSON object a line, are read too."""
    lines = sse(event({"content": "H"}), event({"content": "i"}, "stop"), done=False)

    assert message(lines.replace(b"data: ", b"")).text == "Hi"


# ----------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (
            {"message": "m", "status_code": 400, "code": "tool_use_failed"},
            "bad_request",
            400,
        ),
        ({"message": "m", "code": 503}, "overloaded", 503),
        ({"message": "m", "code": "429"}, "rate_limit", 429),
        ({"message": "m", "code": 1305}, "server", None),
        ({"message": "m", "code": True}, "server", None),
        ({"message": "m", "type": "invalid_request_error"}, "bad_request", None),
        ({"message": "m", "code": "rate_limit_exceeded"}, "rate_limit", None),
        ("m", "server", None),
        ({"error": "m"}, "server", None),
    ],
)
def test_errors_at_status_200(error: Any, kind: str, status: int | None) -> None:
    """An error inside a stream is a fault of its kind, after what came before."""
    found = played(sse(event({"content": "Hi"}), {"error": error}))

    assert found[0].text == "Hi"
    assert (found[-1].message, found[-1].kind, found[-1].status) == ("m", kind, status)


def test_an_error_beside_a_delta() -> None:
    """OpenRouter's last event has both: the words count, then the fault."""
    payload = event({"content": "!"}, "error", error={"message": "broke", "code": 502})

    found = played(sse(event({"content": "Hi"}), payload))

    assert [one.text for one in found[:-1]] == ["Hi", "!"]
    assert found[-1] == Fault("broke", status=502)


@pytest.mark.parametrize("error", [None, {}, {"message": "", "code": None}])
def test_an_error_that_says_nothing_is_none(error: Any) -> None:
    """Some servers send the field with every event."""
    found = played(sse(event({"content": "Hi"}, "stop", error=error)))

    assert not any(isinstance(one, Fault) for one in found)


def test_what_a_later_delta_says_of_the_answer_is_kept() -> None:
    """The name of the reasoning's field, where all else was said before."""
    words = [event({"content": text}) for text in "ab"]

    found = message(sse(*words, event({"reasoning": "Hm"})))

    assert found.response_metadata["reasoning_field"] == "reasoning"


def test_arguments_that_are_an_object_are_its_json() -> None:
    """In the letters that they have, as other servers' pieces are."""
    body = sse(calling(call({"x": "é"}, name="f", id="a")))

    (fragment,) = played(body)[0].tool_call_chunks

    assert fragment["args"] == '{"x": "é"}'


def test_an_error_inside_a_choice() -> None:
    """An error may stand in the choice that it befell."""
    payload = event({"content": ""})
    payload["choices"][0]["error"] = {"message": "filtered", "code": 403}

    assert fault(sse(payload)).kind == "authentication"


def test_an_event_called_error() -> None:
    """Groq names the event; what it says is the error, whatever its shape."""
    body = b'event: error\ndata: {"message": "tool_use_failed"}\n\n'

    assert fault(body).message == "tool_use_failed"


@pytest.mark.parametrize("said", ['{"code": 500, "message": "oops"}', "oops"])
def test_a_line_called_error(said: str) -> None:
    """llama.cpp's `error:` line is no event, and still the end."""
    body = sse(event({"content": "Hi"}), done=False) + f"error: {said}\n\n".encode()

    assert fault(body).message == "oops"
    assert played(body, size=1) == played(body)


def test_an_error_body_where_a_stream_was_asked_for() -> None:
    """A JSON error at status 200, also as Gemini's list of one, is a fault."""
    error = {"error": {"message": "no", "code": 404}}

    assert fault(json.dumps(error).encode()) == Fault("no", status=404)
    assert fault(json.dumps([error], indent=1).encode()) == Fault("no", status=404)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "m", "code": "x"}}', "m"),
        (b'{"error": "m"}', "m"),
        (b'[{"error": {"message": "m"}}]', "m"),
        (b'{"object": "error", "message": "m", "type": "rate_limited"}', "m"),
        (b'{"detail": "m"}', "m"),
        (b'{"code": "1"}', "{'code': '1'}"),
        (b"upstream connect error", "upstream connect error"),
        (b"x" * 600, "x" * 500 + "..."),
        (b"", "the provider answered 500 without a word"),
        (b"null", "the provider answered 500 without a word"),
        (b"{}", "the provider answered 500 without a word"),
    ],
)
def test_error_bodies(body: bytes, message: str) -> None:
    """Whatever form an error body has, its message is found."""
    found = OPENAI_CHAT.read_error(500, {"X-Request-Id": "r"}, body)

    assert (found.message, found.kind, found.status) == (message, "server", 500)
    assert found.headers == {"x-request-id": "r"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "20", "Retry-After-Ms": "20500"}, 20.5),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1),
        ({"retry-after-ms": "660"}, 0.66),
        ({"retry-after-ms": "0"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "date": "Mon, 01 Jan 2024 00:00:00 GMT"}, None),
        ({"retry-after": "-3"}, None),
        (
            {
                "retry-after": "Mon, 01 Jan 2024 00:00:07 GMT",
                "date": "Mon, 01 Jan 2024 00:00:00 GMT",
            },
            7,
        ),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """The time to wait is read in all its spellings."""
    assert OPENAI_CHAT.read_error(429, headers, b"").retry_after == seconds


# -------------------------------------------------------------------- bad bytes


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("[1", "event 2 of the stream is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("3", "it is not an object"),
        ('{"choices": 3}', "'choices' is 3, not a list"),
        ('{"choices": [3]}', "a choice is 3, not a dict"),
        ('{"choices": [{"delta": "x"}]}', "'delta' is 'x', not a dict"),
        ('{"choices": [{"delta": {"content": 3}}]}', "'content' is 3"),
        (
            '{"choices": [{"delta": {"tool_calls": {}}}]}',
            "'tool_calls' is {}, not a list",
        ),
        ('{"choices": [{"delta": {"tool_calls": [3]}}]}', "a tool call is 3"),
        (
            '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":3}}]}}]}',
            "'arguments' of a tool call is 3",
        ),
        ('{"choices": [], "usage": [1]}', "'usage' is [1], not a dict"),
    ],
)
def test_wrong_events(payload: str, told: str) -> None:
    """A wrong event is named, after the chunks before it were given out."""
    decoder = OPENAI_CHAT.decoder()
    body = sse(event({"content": "Hi"}), done=False) + f"data: {payload}\n\n".encode()

    assert [one.text for one in decoder.feed(body)] == ["Hi"]
    for act in (decoder.close, lambda: decoder.feed(b"x")):
        with pytest.raises(WireError) as caught:
            act()
        assert told in str(caught.value)
        assert str(caught.value).startswith("openai-chat: event 2 of the stream")


def test_a_wrong_first_event_is_named_at_once() -> None:
    """Where nothing came before it, feeding the event raises."""
    with pytest.raises(WireError, match="event 1 of the stream is no JSON"):
        OPENAI_CHAT.decoder().feed(b"data: x\n\n")


# ------------------------------------------------------------------------- laws

FRAGMENTS = st.sampled_from(
    [
        event({"role": "assistant", "content": ""}),
        event({"content": "Grüße 👩‍🚀"}),
        event({"reasoning_content": "Hm"}),
        event({"audio": {"data": "QUJD"}}),
        calling(call('{"x"', name="f", index=0, id="a")),
        calling(call("{}", name="g", id="")),
        event({}, "stop", usage=USAGE),
        {"choices": [], "usage": USAGE},
        {"error": {"message": "broke"}},
    ]
)


@given(st.lists(FRAGMENTS, max_size=6), st.integers(1, 40), st.booleans())
def test_every_cut_gives_the_same(payloads: list[Any], size: int, done: bool) -> None:
    """However the bytes are cut, the same is played."""
    body = sse(*payloads, done=done)

    assert played(body, size=size) == played(body)


@given(st.lists(FRAGMENTS, max_size=6), st.integers(0, 2000))
def test_a_prefix_never_raises(payloads: list[Any], end: int) -> None:
    """A stream cut anywhere ends in a fault or in a whole answer."""
    found = played(sse(*payloads)[:end])

    assert isinstance(found[-1], Fault) or found[-1].chunk_position == "last"


# --------------------------------------------------------------------- requests


def request(**fields: Any) -> bytes:
    """Give the body of a request."""
    return json.dumps(
        {"messages": [{"role": "user", "content": "Hi"}], **fields}
    ).encode()


def test_a_request() -> None:
    """Each field of a request has its place; what has none is in params."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}

    found = OPENAI_CHAT.read_request(
        request(
            model="m",
            stream=True,
            tools=[tool],
            tool_choice="required",
            parallel_tool_calls=False,
            stop="END",
            temperature=0,
            seed=None,
        )
    )

    assert found.messages == (HumanMessage("Hi"),)
    assert [spec.name for spec in found.tools] == ["f"]
    assert found.tool_choice == ToolChoice("any")
    assert (found.model, found.stream, found.stop) == ("m", True, ("END",))
    assert found.parallel_tool_calls is False
    spelled = {"openai-chat": {"stop": "END"}}
    assert found.params == {"temperature": 0, "seed": None, **spelled}


def test_the_messages_of_a_request() -> None:
    """All roles are read, also the older `function`."""
    asked = {"name": "f", "arguments": '{"x": 1}'}
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Very."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {
            "role": "assistant",
            "reasoning": "Hm",
            "tool_calls": [
                {"id": "a", "type": "function", "function": asked},
                {"id": "b", "type": "function", "function": {"name": "g"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "assistant", "content": None, "function_call": asked},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "user"},
        {"role": "assistant", "content": "Bye"},
    ]

    found = OPENAI_CHAT.read_request(request(messages=said)).messages

    kinds = [SystemMessage, SystemMessage, HumanMessage, AIMessage, ToolMessage]
    assert [type(m) for m in found] == [
        *kinds,
        AIMessage,
        ToolMessage,
        HumanMessage,
        AIMessage,
    ]
    assert [c["args"] for c in found[3].tool_calls] == [{"x": 1}, {}]
    assert found[3].content_blocks[0] == {"type": "reasoning", "reasoning": "Hm"}
    assert found[5].tool_calls[0]["id"] == found[6].tool_call_id == "f"


@pytest.mark.parametrize(
    ("given_format", "read"),
    [
        (None, None),
        ({"type": "text"}, ResponseFormat("text")),
        ({"type": "json_object"}, ResponseFormat("json_object")),
        (
            {"type": "json_object", "schema": {"a": 1}},
            ResponseFormat("json_schema", {"a": 1}),
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": 1}}},
            ResponseFormat("json_schema", {"a": 1}, "n"),
        ),
    ],
)
def test_response_formats(given_format: Any, read: ResponseFormat | None) -> None:
    """Each response format is read."""
    found = OPENAI_CHAT.read_request(request(response_format=given_format))

    assert found.response_format == read


def test_tools_and_choices_that_only_the_provider_knows() -> None:
    """What we cannot read of tools and choice is kept raw."""
    raw = {"type": "openrouter:fusion", "parameters": {"model": "x"}}

    found = OPENAI_CHAT.read_request(request(tools=[raw], tool_choice={"odd": 1}))

    assert found.tools[0].provider == raw
    assert found.tool_choice == ToolChoice("auto", provider={"odd": 1})


def test_functions_of_old() -> None:
    """`functions` and `function_call` are tools and a choice."""
    found = OPENAI_CHAT.read_request(
        request(
            functions=[{"name": "f", "parameters": {}}], function_call={"name": "f"}
        )
    )

    assert found.tools[0].name == "f"
    assert found.tool_choice == ToolChoice("tool", "f")


def test_a_request_without_messages() -> None:
    """An empty list is a request too: providers answer it with an error."""
    assert OPENAI_CHAT.read_request(request(messages=[])).messages == ()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "a request is no JSON"),
        (b"[]", "is no chat request: 'messages' is missing"),
        (b'{"input": "x"}', "'messages' is missing"),
        (request(messages=["x"]), "a request cannot be read: Message 0: 'x'"),
        (request(messages=[{"role": "user", "content": {}}]), "content is {}"),
        (request(messages=[{"role": "assistant", "tool_calls": [3]}]), "contains 3"),
        (request(response_format={"type": "yaml"}), "'response_format' is"),
        (request(tools=[{"name": "a b"}]), "cannot be the name of a tool"),
        (request(model=3), "'model' is 3, not a str"),
    ],
)
def test_wrong_requests(body: bytes, told: str) -> None:
    """A body that is no chat request says what is wrong with it."""
    with pytest.raises(WireError) as caught:
        OPENAI_CHAT.read_request(body)

    assert told in str(caught.value)


# ----------------------------------------------------------------------- routes


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1/chat/completions", "openai-chat"),
        (
            "https://a.azure.com/openai/deployments/d/chat/completions?v=1",
            "openai-chat",
        ),
        ("/chat/completions/", "openai-chat"),
        ("https://api.openai.com/v1/chat/completions/c1/messages", None),
        ("https://api.openai.com/v1/embeddings", None),
        ("http://[::1/v1/chat/completions", None),
        ("", None),
    ],
)
def test_routes(url: str, name: str | None) -> None:
    """A URL's path tells the dialect."""
    assert dialect_of(url) is (DIALECTS[name] if name else None)
