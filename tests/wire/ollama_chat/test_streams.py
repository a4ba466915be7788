"""Answers of Ollama's chat API, line by line: what the recordings do not have."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import FakeChatModel, call, say, think
from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.ollama_chat import OLLAMA_CHAT as OLLAMA

HEAD = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}


def line(message=None, *, done=False, **more):
    message = {"role": "assistant", "content": "", **(message or {})}
    said = {**HEAD, "message": message, "done": done, **more}
    return json.dumps(said).encode() + b"\n"


def called(name="f", args=None, **more):
    function = {"name": name, "arguments": {} if args is None else args}
    return {"function": function, **more}


LAST = line(done=True, done_reason="stop", prompt_eval_count=1, eval_count=2)


def encoded(*steps):
    encoder = OLLAMA.encoder()
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def fragment(args, index=0, name=None, id=None):
    said = {"name": name, "args": args, "id": id, "index": index}
    return AIMessageChunk(tool_call_chunks=[said])


# ------------------------------------------------------------------- reading


def test_calls_without_ids_get_ids_that_are_always_the_same():
    """Two equal calls are told apart by their places; no id comes back on the wire."""
    data = line({"tool_calls": [called(), called()]}) + LAST

    message = OLLAMA.read_reply(data)
    first, second = (call["id"] for call in message.tool_calls)

    assert first != second
    assert OLLAMA.read_reply(data) == message
    assert b"made_call" not in OLLAMA.write_reply(message)
    assert OLLAMA.read_reply(OLLAMA.write_reply(message)) == message


def test_calls_of_several_lines_are_counted_on():
    """A call's place is in the answer, not in its line."""
    data = line({"tool_calls": [called("f", {"a": 1}, id="x")]})
    data += line({"tool_calls": [called("g", None, type="function", new=1)]}) + LAST

    one, two = OLLAMA.read_reply(data).tool_calls

    assert (one["id"], one["args"]) == ("x", {"a": 1})
    assert two["id"].startswith("made_call_1_")
    assert two["extras"] == {"new": 1}


def test_arguments_as_text_are_read():
    """Some who copy the API send JSON text; some send nothing."""
    calls = [called("f", '{"a": 1}'), called("g", "{"), {"function": {"name": "h"}}]

    message = OLLAMA.read_reply(line({"tool_calls": calls}) + LAST)

    assert [c["args"] for c in message.tool_calls] == [{"a": 1}, {}]
    assert [c["args"] for c in message.invalid_tool_calls] == ["{"]


def test_images_and_unknown_keys_are_kept():
    """An image is a block, of a type that its beginning tells."""
    said = {"images": ["iVBORw0K", "xyz"], "new": 1, "role": "model"}

    message = OLLAMA.read_reply(line(said) + LAST)

    assert message.content_blocks == [
        {"type": "image", "base64": "iVBORw0K", "mime_type": "image/png"},
        {"type": "image", "base64": "xyz"},
    ]
    assert message.additional_kwargs == {"new": 1, "role": "model"}


def test_metadata_is_said_once_and_logprobs_grow():
    """What each line repeats is news once; what each line adds is added."""
    data = line({"content": "a"}, logprobs=[1]) + line({"content": "b"}, logprobs=[1])
    decoder = OLLAMA.decoder()

    first, second, last = decoder.feed(data + LAST)

    assert first.response_metadata["model_name"] == "m"
    assert second.response_metadata == {"logprobs": [1]}
    whole = (first + second + last).to_message()
    assert whole.response_metadata["logprobs"] == [1, 1]
    assert whole.usage_metadata == {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
    }


@pytest.mark.parametrize("reason", ["length", "load", "unload"])
def test_reasons_that_are_ours_too_stand_alone(reason):
    """Their own word stands beside ours only where it differs."""
    message = OLLAMA.read_reply(line(done=True, done_reason=reason))

    assert message.finish_reason == reason
    assert "done_reason" not in message.response_metadata


def test_last_line_of_an_old_server_has_no_reason():
    """It ended all the same."""
    assert OLLAMA.read_reply(line(done=True)).finish_reason == "stop"


def test_error_in_the_middle_is_a_fault():
    """An error is a line, and the last."""
    decoder = OLLAMA.decoder()

    steps = decoder.feed(
        line({"content": "a"}) + b'{"error": "out of memory"}\n' + LAST
    )

    assert steps[-1] == Fault("out of memory", kind="server")
    assert decoder.close() == []


def test_stream_without_its_last_line_is_interrupted():
    """The line that says "done" is the end, and nothing else is."""
    (chunk, fault) = (d := OLLAMA.decoder()).feed(line({"content": "a"})) + d.close()

    assert chunk.text == "a"
    assert fault.kind == "interrupted"
    assert 'without a line that says "done"' in fault.message


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[1]",
        b"[null]",
        line({"content": 1}),
        line({"thinking": []}),
        line({"images": ["a", 1]}),
        line({"tool_calls": {}}),
        line({"tool_calls": [1]}),
        line({"tool_calls": [{"function": {"name": 1}}]}),
        line({"tool_calls": [called("f", 3)]}),
        line({"tool_calls": [called(id=1)]}),
        line(done="yes"),
        line(done=True, done_reason=1),
    ],
)
def test_wrong_types_are_named(data):
    """Bad lines name dialect and number."""
    with pytest.raises(WireError) as caught:
        OLLAMA.read_reply(data)

    assert (caught.value.dialect, caught.value.event) == ("ollama-chat", 1)


@given(st.lists(st.tuples(st.sampled_from(["content", "thinking"]), st.text())))
def test_texts_add_up_however_they_alternate(pieces):
    """There is one text and one reasoning; many lines alike are read by a template."""
    data = b"".join(line({key: text}) for key, text in pieces * 9) + LAST

    blocks = OLLAMA.read_reply(data).content_blocks

    said = {
        block["type"]: block.get("text", block.get("reasoning")) for block in blocks
    }
    for key, kind in (("content", "text"), ("thinking", "reasoning")):
        whole = "".join(text for name, text in pieces * 9 if name == key)
        assert said.get(kind, "") == whole


# ------------------------------------------------------------------- writing


def test_stream_of_a_fake_model_keeps_the_grammar():
    """What FakeChatModel streams comes out the same, without a problem."""
    tool = {"name": "get_weather", "parameters": {"type": "object"}}
    turn = say(think("Hm"), "Let me look.", call("get_weather", location="Boston"))
    chunks = list(FakeChatModel(turn).bind_tools([tool]).stream("Hi"))

    data = encoded(*chunks)

    said, read = sum(chunks).to_message(), OLLAMA.read_reply(data)
    assert OLLAMA.check_stream(data) == []
    assert read.text == said.text
    assert [c["args"] for c in read.tool_calls] == [c["args"] for c in said.tool_calls]
    assert read.usage_metadata == said.usage_metadata
    assert read.finish_reason == "tool_calls"


def test_first_piece_comes_at_once():
    """An encoder waits for nothing but the end of a call."""
    encoder = OLLAMA.encoder()

    (said,) = map(json.loads, encoder.feed(AIMessageChunk("Hi")).splitlines())

    assert said == {
        "model": "harness",
        "created_at": "1970-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "Hi"},
        "done": False,
    }


def test_calls_are_sent_once_they_are_whole():
    """A call goes out when the next begins, or at the end."""
    encoder = OLLAMA.encoder()

    first = encoder.feed(fragment('{"a"', 0, "f", "t")) + encoder.feed(fragment(":1}"))
    second = encoder.feed(fragment("{}", 1, "g", "u"))
    rest = encoder.close()

    assert first == b""
    assert json.loads(second)["message"]["tool_calls"][0]["id"] == "t"
    assert b'"id":"u"' in rest
    assert OLLAMA.check_stream(second + rest) == []


def test_calls_that_interleave_wait_for_each_other():
    """While its arguments are no object, a call may go on."""
    steps = [
        fragment('{"a"', 0, "f", "t"),
        fragment("{", 1, "g", "u"),
        fragment(": 1}", 0),
        fragment("}", 1),
    ]

    read = OLLAMA.read_reply(encoded(*steps))

    assert [c["args"] for c in read.tool_calls] == [{"a": 1}, {}]


def test_call_that_goes_on_after_it_was_sent_is_refused():
    """What seemed whole was not: the format cannot take it back."""
    steps = [fragment("", 0, "f", "t"), fragment("", 1, "g", "u"), fragment("{}x", 0)]

    with pytest.raises(InputError, match="order the chunks first"):
        encoded(*steps)


@pytest.mark.parametrize(
    "step",
    [
        fragment("{", 0, "f", "t"),
        AIMessageChunk([{"type": "non_standard", "value": {}}]),
        AIMessageChunk([{"type": "image", "url": "https://a.b", "index": 1}]),
    ],
)
def test_what_has_no_form_is_refused(step):
    """Calls without sound arguments, and blocks that are not known."""
    with pytest.raises(InputError, match="Ollama API"):
        encoded(step)


def test_whole_messages_of_others_are_written():
    """Refusals are text, images are images, and what is left out is documented."""
    message = AIMessage(
        [
            {"type": "refusal", "refusal": "No."},
            {"type": "text-plain", "text": "x"},
            {"type": "image", "base64": "/9j/", "mime_type": "image/jpeg"},
            {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}},
        ],
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        response_metadata={"finish_reason": "content_filter", "x": 1},
    )

    said = json.loads(OLLAMA.write_reply(message))
    stream = encoded(AIMessageChunk.from_message(message))

    assert said["message"] == {
        "role": "assistant",
        "content": "No.x",
        "images": ["/9j/"],
        "thinking": "Hm",
    }
    assert (said["done_reason"], said["eval_count"]) == ("content_filter", 2)
    assert "x" not in said
    assert OLLAMA.check_stream(stream) == []


def test_additional_fields_of_a_message_come_back():
    """What a server said beside the answer is said again."""
    data = line({"content": "a", "new": 1}) + LAST
    steps = (decoder := OLLAMA.decoder()).feed(data) + decoder.close()

    assert OLLAMA.read_reply(encoded(*steps)) == sum(steps).to_message()


def test_faults_are_a_line_and_the_end():
    """After an error, nothing comes; what breaks off is silent."""
    encoder, silent = OLLAMA.encoder(), OLLAMA.encoder()

    assert encoder.feed(Fault("Oh", status=500)) == b'{"error":"Oh"}\n'
    assert encoder.feed(AIMessageChunk("a")) == encoder.close() == b""
    assert silent.feed(Fault(kind="interrupted")) == silent.close() == b""


# ------------------------------------------------------------------- checking


@pytest.mark.parametrize(
    "rule, data",
    [
        ("line", b"[1]"),
        ("line", b"data: {}\n\n" + LAST),
        ("line", line().replace(b'"created_at"', b'"c"') + LAST),
        ("line", b'{"done": true, "done_reason": "stop"}'),
        ("role", line({"role": "user"}) + LAST),
        ("model", line(model="n") + LAST),
        ("text", line({"thinking": 1}) + LAST),
        ("call", line({"tool_calls": [called("")]}) + LAST),
        ("call", line({"tool_calls": [called("f", "{}")]}) + LAST),
        ("call", line({"tool_calls": 1}) + LAST),
        ("done", line()),
        ("done", LAST + line()),
        ("done", line(done_reason="stop") + LAST),
        ("done", line(done=True)),
        ("usage", line(eval_count=1) + LAST),
        ("usage", line(done=True, done_reason="stop", eval_count=-1)),
        ("json", LAST + b"}"),
        ("framing", LAST + b"{"),
    ],
)
def test_broken_stream_has_its_problem(rule, data):
    """The rule that is broken is among the problems."""
    assert rule in [problem.rule for problem in OLLAMA.check_stream(data)]


def test_lawful_streams_have_no_problem():
    """An answer, and one that fails."""
    assert OLLAMA.check_stream(line({"tool_calls": [called()]}) + LAST) == []
    assert OLLAMA.check_stream(line() + b'{"error": "Oh"}') == []


def test_place_of_a_function_is_kept_only_where_it_is_odd():
    """A place that is told and is that of the list goes without saying."""
    usual = {"function": {"index": 0, "name": "f", "arguments": {}}}
    odd = {"function": {"index": 7, "name": "f", "arguments": {}}}

    one, two = OLLAMA.read_reply(line({"tool_calls": [usual, odd]}) + LAST).tool_calls

    assert "extras" not in one
    assert two["extras"] == {"function": {"index": 7}}


def test_object_that_is_no_line_is_refused():
    """A line has a message, or an error."""
    with pytest.raises(WireError, match="neither 'message' nor 'error'"):
        OLLAMA.read_reply(line({"content": "a"}) + b"{}")
