"""What OpenAI's own client makes of the streams that are written here."""

import httpx2
import openai
import pytest

from harness import AIMessageChunk
from harness.wire.openai_responses import OPENAI_RESPONSES

USAGE = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
END = AIMessageChunk(
    usage_metadata=USAGE,
    response_metadata={"finish_reason": "stop", "model_name": "gpt-5"},
    chunk_position="last",
)


def _call(index, name, args, call_id, extras=None):
    said = {"name": name, "args": args, "id": call_id, "index": index}
    return AIMessageChunk(tool_call_chunks=[{**said, "extras": extras}])


STREAMS = {
    "text": [AIMessageChunk("Hel"), AIMessageChunk("lo \u2028 😀"), END],
    "nothing": [END],
    "refusal": [AIMessageChunk([{"type": "refusal", "refusal": "No."}]), END],
    "reasoning": [
        AIMessageChunk([{"type": "reasoning", "reasoning": "Hm"}]),
        AIMessageChunk([{"type": "reasoning", "reasoning": "m"}]),
        AIMessageChunk("So."),
        END,
    ],
    "calls": [
        AIMessageChunk("Let me look."),
        _call(0, "search", "", "call_1"),
        _call(0, None, '{"q": "a', None),
        _call(0, None, '"}', None),
        _call(1, "search", "{}", "call_2"),
        END,
    ],
    "custom": [
        _call(0, "shell", '{"input": "l', "call_1", {"type": "custom"}),
        _call(0, None, 's\\n"}', None),
        END,
    ],
    "server tool": [
        AIMessageChunk(
            [
                {
                    "type": "server_tool_call",
                    "index": 0,
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "args": {"query": "x"},
                },
                {
                    "type": "server_tool_result",
                    "index": 1,
                    "tool_call_id": "srvtoolu_1",
                    "status": "success",
                    "output": [{"url": "https://a.b"}],
                },
                {
                    "type": "text",
                    "index": 2,
                    "text": "Found.",
                    "annotations": [
                        {"type": "citation", "url": "https://a.b", "title": "A"}
                    ],
                },
            ]
        ),
        END,
    ],
    "image": [
        AIMessageChunk(
            [{"type": "image", "base64": "AAAA", "mime_type": "image/webp", "index": 0}]
        ),
        END,
    ],
}


def _written(chunks):
    encoder = OPENAI_RESPONSES.encoder()
    return b"".join([*map(encoder.feed, chunks), encoder.close()])


def _client(body, kind="text/event-stream", status=200):
    def answer(request):
        return httpx2.Response(status, content=body, headers={"content-type": kind})

    return openai.OpenAI(
        api_key="none",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )


@pytest.mark.parametrize("name", STREAMS)
def test_the_strict_client_reads_every_stream(name):
    """The client's accumulator sees each piece, and the answer that was sent."""
    chunks = STREAMS[name]
    message = sum(chunks).to_message()

    with (
        _client(_written(chunks)) as client,
        client.responses.stream(model="gpt-5", input="Hi") as stream,
    ):
        events = list(stream)
        answer = stream.get_final_response()

    deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
    calls = [item for item in answer.output if item.type == "function_call"]
    assert answer.output_text == "".join(deltas) == message.text
    assert answer.usage.total_tokens == 8
    assert [(c.call_id, c.name) for c in calls] == [
        (c["id"], c["name"]) for c in message.tool_calls if "extras" not in c
    ]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_heard_as_it_was_said(name):
    """Decoded again, it says the same, and breaks no rule."""
    chunks = STREAMS[name]
    message = sum(chunks).to_message()
    data = _written(chunks)

    heard = OPENAI_RESPONSES.read_reply(data)

    assert OPENAI_RESPONSES.check_stream(data) == []
    assert heard.text == message.text
    # This format always says how many tokens were cached, or thought.
    assert USAGE.items() <= heard.usage_metadata.items()
    kinds = [block["type"] for block in message.content_blocks]
    assert [block["type"] for block in heard.content_blocks] == kinds
    assert [c["args"] for c in heard.tool_calls] == [
        c["args"] for c in message.tool_calls
    ]


@pytest.mark.parametrize("name", STREAMS)
def test_a_whole_reply_is_read_by_the_client(name):
    """What is written for the sum of the chunks is an answer too."""
    message = sum(STREAMS[name]).to_message()
    body = OPENAI_RESPONSES.write_reply(message)

    with _client(body, "application/json") as client:
        answer = client.responses.create(model="gpt-5", input="Hi")

    assert answer.output_text == message.text
    assert answer.model == "gpt-5"
    assert answer.status == "completed"
