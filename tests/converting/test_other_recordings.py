"""Recordings that are no HTTP exchanges: client objects, bodies alone, gRPC, frames."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness import ReplayChatModel
from harness.cassettes import CassetteSource, Interaction, decoded_body
from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.converting import read_recording
from harness.converting.scripting import turns_of
from harness.errors import CassetteError, CassetteWarning, InterruptedStreamError
from harness.messages import AIMessage, HumanMessage
from harness.wire import DIALECTS

CHUNKS = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]},
]


def read(value: Any, form: str) -> Interaction:
    """Give the one interaction of a file, whose format is told from it."""
    text = value if isinstance(value, str) else json.dumps(value)
    found = read_recording(text.encode(), "a.file")
    assert found.format == form
    [one] = found.interactions
    return one


def answer(one: Interaction) -> AIMessage:
    """Give the message that an interaction answers with."""
    [recording] = CassetteSource([one]).recordings
    chunks = [step for step in recording.steps() if isinstance(step, AIMessageChunk)]
    return sum(chunks[1:], chunks[0]).to_message()


# ------------------------------------------------------------------ llama-stack


def stack(body: Any, **response: Any) -> dict[str, Any]:
    """Give a recording of llama-stack's."""
    request = {
        "method": "POST",
        "url": "https://api.openai.com/v1/v1/chat/completions",
        "headers": {},
        "body": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    }
    return {"test_id": "t", "request": request, "response": {"body": body, **response}}


def test_chunks_of_a_client_are_events_again() -> None:
    """Each is a piece of the stream; the URL says its version once."""
    objects = [{"__type__": "openai.Chunk", "__data__": chunk} for chunk in CHUNKS]

    one = read(stack(objects, is_streaming=True), "llama-stack")

    assert one.url == "https://api.openai.com/v1/chat/completions"
    assert one.response_chunks is not None
    assert len(one.response_chunks) == 3
    assert json.loads(one.response_chunks[0].removeprefix(b"data: ")) == CHUNKS[0]
    assert one.response_chunks[2] == b"data: [DONE]\n\n"
    assert DIALECTS["openai-chat"].check_stream(one.response_body) is not None
    assert answer(one).text == "Hello"


def test_a_client_that_stopped_listening() -> None:
    """No end is made up for a stream that has none."""
    one = read(stack(CHUNKS[:1]), "llama-stack")

    assert (
        one.response_body
        == b"data: %s\n\n" % json.dumps(CHUNKS[0], separators=(",", ":")).encode()
    )


def test_lines_of_a_stream_and_whole_objects() -> None:
    """Both are the body as it was."""
    lines = ["data: " + json.dumps(CHUNKS[0]), "", "data: " + json.dumps(CHUNKS[1]), ""]
    whole = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}

    assert answer(read(stack(lines), "llama-stack")).text == "Hello"
    one = read(stack({"__type__": "a", "__data__": whole}), "llama-stack")
    assert json.loads(one.response_body) == whole


def test_errors_of_a_client() -> None:
    """The status, and the error in its envelope again; none where none came."""
    said = {"status_code": 400, "body": {"message": "Bad tier", "code": "x"}}
    one = read(stack(None, is_exception=True, exception_data=said), "llama-stack")
    lost = {"message": "Connection error."}

    assert one.status == 400
    assert json.loads(one.response_body) == {"error": said["body"]}
    none = read(stack(None, is_exception=True, exception_data=lost), "llama-stack")
    assert (none.ended, none.failure) == ("connection", "Connection error.")


def test_what_went_over_no_wire() -> None:
    """Calls of a tool that ran in the stack are refused by name."""
    value = {"test_id": "t", "request": {"tool_name": "f"}, "response": {}}

    with pytest.raises(CassetteError, match=r"a\.file has no URL: what it"):
        read_recording(json.dumps(value).encode(), "a.file")


# ------------------------------------------------------------------ bodies alone


def sse(*events: Any) -> str:
    """Give a stream as a file has it: the last blank line is lost."""
    return "\n\n".join(f"data: {json.dumps(event)}" for event in events) + "\n"


WHOLE = {
    "openai-chat": {"choices": [{"message": {"content": "Hello"}}], "model": "m"},
    "anthropic-messages": {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hello"}],
    },
    "gemini": {
        "candidates": [{"content": {"parts": [{"text": "Hello"}]}}],
        "modelVersion": "m",
    },
    "ollama-chat": {"model": "m", "message": {"content": "Hello"}, "done": True},
    "bedrock-converse": {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
        "stopReason": "end_turn",
    },
}


@pytest.mark.parametrize("dialect", WHOLE)
def test_whole_bodies(dialect: str) -> None:
    """The dialect is told from the body, and says the path of a request for nothing."""
    found = read_recording(json.dumps(WHOLE[dialect]).encode(), "a.file", form="body")

    [recording] = CassetteSource(found.interactions).recordings
    assert recording.dialect is DIALECTS[dialect]
    assert recording.request.messages == ()
    assert answer(recording.interaction).text == "Hello"


@pytest.mark.parametrize(
    "text",
    [
        sse(*CHUNKS),
        sse(*CHUNKS).replace("\n\n", "\n"),
        "\n".join(map(json.dumps, CHUNKS)),
        sse(*CHUNKS, "x").replace('"x"', "[DONE]"),
    ],
)
def test_streams(text: str) -> None:
    """Events with and without framing, and without the blank lines that ended them."""
    one = read(text, "body")

    assert one.url == "https://api.openai.com/v1/chat/completions"
    assert json.loads(one.request_body)["stream"] is True
    assert answer(one).text == "Hello"
    assert answer(one).finish_reason == "stop"
    assert turns_of([one], "a.file").turns[0].turn.misbehaving is False


def test_bodies_that_tell_nothing() -> None:
    """Neither whose they are, nor what they say."""
    with pytest.raises(CassetteError, match="nothing in it tells whose format it has"):
        read_recording(b'{"error": {"message": "no"}}', "a.file")
    with pytest.raises(CassetteError, match="with an event that is no JSON"):
        read_recording(b'data: {"a": 1}\n\ndata: {"a\n\n', "a.file")


# -------------------------------------------------------------------------- gRPC


XAI = """\
version: 1
interactions:
- collections_method: {method: create}
- request_stream:
    json:
      model: grok-4
      messages:
      - {role: ROLE_SYSTEM, content: [{text: Be brief.}]}
      - {role: ROLE_USER, content: [{text: "2 + 2?"}]}
      tools:
      - function: {name: add, parameters: '{"type": "object"}'}
      - code_execution: {}
      tool_choice: {mode: TOOL_MODE_AUTO}
      temperature: 0.5
  response_stream:
    chunks_json:
    - chunk:
        id: r1
        model: grok-4
        created: '2026-01-16T17:05:02.100Z'
        outputs:
        - delta:
            role: ROLE_ASSISTANT
            tool_calls:
            - id: s1
              type: TOOL_CALL_TYPE_CODE_EXECUTION_TOOL
              function: {name: code_execution, arguments: '{"code": "2 + 2"}'}
          finish_reason: REASON_TOOL_CALLS
        usage: {prompt_tokens: 5, completion_tokens: 1, total_tokens: 6}
    - chunk:
        outputs:
        - delta: {role: ROLE_TOOL, content: '4', tool_calls: [{id: s1}]}
          index: 1
        usage: {}
    - chunk:
        created: '2026-01-16T17:05:02.400Z'
        outputs:
        - delta: {role: ROLE_ASSISTANT, content: Four, reasoning_content: Hm.}
          index: 2
    - chunk:
        created: '2026-01-16T17:05:02.500Z'
        outputs:
        - delta: {content: .}
          finish_reason: REASON_STOP
          index: 2
        usage: {prompt_tokens: 9, completion_tokens: 3, total_tokens: 20,
          reasoning_tokens: 8, cached_prompt_text_tokens: 4}
"""


def test_chats_over_grpc() -> None:
    """They are conversations: what was asked, and each message as a chunk, in time."""
    with pytest.warns(CassetteWarning, match="line 3. .collections_method. is no"):
        one = read(XAI, "xai-grpc")

    [recording] = CassetteSource([one]).recordings
    request = recording.request
    assert [message.text for message in request.messages] == ["Be brief.", "2 + 2?"]
    assert [tool.name for tool in request.tools] == ["add", "code_execution"]
    assert (request.model, request.params) == ("grok-4", {"temperature": 0.5})
    assert one.chunk_times == (0, 0, 300, 400)
    said = answer(one)
    assert [block["type"] for block in said.content_blocks] == [
        "server_tool_call",
        "server_tool_result",
        "reasoning",
        "text",
    ]
    assert (said.text, said.finish_reason, said.id) == ("Four.", "stop", "r1")
    assert said.usage_metadata == {
        "input_tokens": 9,
        "output_tokens": 3,
        "total_tokens": 20,
        "input_token_details": {"cache_read": 4},
        "output_token_details": {"reasoning": 8},
    }


def test_calls_over_grpc() -> None:
    """A call of the application's tool is one, and a history is read back."""
    history = [
        {
            "role": "ROLE_ASSISTANT",
            "reasoning_content": "Hm.",
            "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "ROLE_TOOL", "content": [{"text": "4"}], "tool_call_id": "c1"},
    ]
    call = {"id": "c2", "function": {"name": "f", "arguments": '{"a": 1}'}}
    output = {"message": {"tool_calls": [call]}, "finish_reason": "REASON_TOOL_CALLS"}
    item = {
        "request_sample": {"json": {"model": "m", "messages": history}},
        "response_sample": {"json": {"outputs": [output]}},
    }

    one = read({"interactions": [item]}, "xai-grpc")

    [recording] = CassetteSource([one]).recordings
    assert recording.request.messages[0].tool_calls[0]["id"] == "c1"  # type: ignore[attr-defined]  # of the model
    assert answer(one).tool_calls == [
        {"name": "f", "args": {"a": 1}, "id": "c2", "type": "tool_call"}
    ]


def test_grpc_that_broke_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cassette of it replays as far as it was read; what is left out is told."""
    monkeypatch.chdir(tmp_path)
    text = XAI[: XAI.index("    - chunk:\n        created: '2026-01-16T17:05:02.500Z'")]
    text = text.replace("          finish_reason: REASON_TOOL_CALLS\n", "")
    Path("a.xai.yaml").write_text(text)

    assert main(["convert", "a.xai.yaml", "-o", "b.yaml"]) == 0

    assert capsys.readouterr().err == (
        "harness: a.xai.yaml, interaction 1 (line 3) (collections_method) is no chat: "
        "it is left out.\n"
    )
    model = ReplayChatModel("b.yaml", match_on=["messages"], directory=".")
    asked = [("system", "Be brief."), HumanMessage("2 + 2?")]
    with pytest.raises(InterruptedStreamError):
        list(model.stream(asked))


def test_realtime_sessions_are_no_chats() -> None:
    """They are refused in one line that says why."""
    frame = {"kind": "message", "direction": "sent", "data": {"setup": {}}}

    with pytest.raises(CassetteError) as caught:
        read_recording(json.dumps({"interactions": [frame]}).encode(), "a.file")

    assert str(caught.value) == (
        "a.file is a recording in the format of WebSocket frames, which cannot be "
        "converted. A realtime session is no chat: both sides speak whenever they "
        "want, most of it sound."
    )


def test_events_of_every_recording_are_kept(recordings: Path) -> None:
    """Of the real files: as many events as the provider sent, and all can be played."""
    forms = {"llama-stack-json": "llama-stack", "bare-body": "body"}
    rows = map(json.loads, (recordings / "manifest.jsonl").read_text().splitlines())
    counts = 0
    for row in rows:
        if row["dialect"] not in forms:
            continue
        data = (recordings / row["file"]).read_bytes()
        [one] = read_recording(data, row["file"]).interactions
        body = decoded_body(one)
        assert read_recording(data, row["file"]).format == forms[row["dialect"]]
        if one.response_chunks is not None:
            events = [part for part in one.response_chunks if b"[DONE]" not in part]
            assert len(events) == row["stream_events"][0], row["file"]
        assert turns_of([one], row["file"]).turns
        assert body == one.response_body
        counts += 1

    assert counts == 14
