"""The official SDK reads what we write, and we read what it sends."""

import json
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from harness.chunks import AIMessageChunk
from harness.fake import FakeChatModel
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.scripts import call, say, think
from harness.steps import Fault
from harness.wire.gemini import GEMINI

TOOL = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
CONFIG = types.GenerateContentConfig(
    system_instruction="Be brief.",
    temperature=0.5,
    max_output_tokens=50,
    stop_sequences=["END"],
    tools=[
        types.Tool(
            function_declarations=[
                types.FunctionDeclaration(
                    name="get_weather",
                    description="The weather.",
                    parameters_json_schema=TOOL["parameters"],
                )
            ]
        )
    ],
    tool_config=types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(
            mode=types.FunctionCallingConfigMode.ANY,
            allowed_function_names=["get_weather"],
        )
    ),
    thinking_config=types.ThinkingConfig(include_thoughts=True),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


class Server:
    """Answers from a script, and remembers what it was asked."""

    def __init__(self, fault: Fault | None = None) -> None:
        turn = say(think("Hm."), "Let me löok.", call("get_weather", city="Bern"))
        self.model = FakeChatModel(turn).bind_tools([TOOL])
        self.fault = fault
        self.bodies: list[bytes] = []
        self.requests: list[ChatRequest] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        asked = GEMINI.read_request(request.content, str(request.url))
        self.bodies.append(request.content)
        self.requests.append(asked)
        if not asked.stream:
            if self.fault is not None:
                reply = GEMINI.write_error(self.fault)
                return httpx2.Response(
                    reply.status, headers=reply.headers, content=reply.body
                )
            message = self.model.invoke([*asked.messages])
            body = GEMINI.write_reply(message, asked)
            return httpx2.Response(
                200, content=body, headers={"content-type": "application/json"}
            )
        encoder = GEMINI.encoder(asked)
        steps: list[Any] = [*self.model.stream([*asked.messages])]
        if self.fault is not None:
            steps = [AIMessageChunk("a"), self.fault]
        body = b"".join([encoder.feed(step) for step in steps]) + encoder.close()
        return httpx2.Response(
            200, content=body, headers={"content-type": GEMINI.stream_type}
        )


def client(server: Server) -> genai.Client:
    """Make a client of *server*."""
    options = types.HttpOptions(
        client_args={"transport": httpx2.MockTransport(server)},
    )
    return genai.Client(api_key="x", http_options=options)


def joined(answers: list[types.GenerateContentResponse]) -> dict[str, Any]:
    """Join what the SDK has read."""
    parts = [
        part
        for answer in answers
        for candidate in answer.candidates or []
        for part in (candidate.content.parts if candidate.content else None) or []
    ]
    last = answers[-1]
    assert last.candidates
    assert last.usage_metadata
    return {
        "thoughts": "".join(p.text or "" for p in parts if p.thought),
        "text": "".join(p.text or "" for p in parts if not p.thought),
        "calls": [
            (p.function_call.id, p.function_call.name, p.function_call.args)
            for p in parts
            if p.function_call
        ],
        "reason": last.candidates[0].finish_reason,
        "usage": last.usage_metadata.total_token_count,
        "id": last.response_id,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_reads_our_answers(stream: bool) -> None:
    """Whole and streamed, all is there that was said."""
    server = Server()
    sdk = client(server)
    ask = {"model": "gemini-2.5-flash", "contents": "Hi", "config": CONFIG}

    if stream:
        answers = [*sdk.models.generate_content_stream(**ask)]
    else:
        answers = [sdk.models.generate_content(**ask)]

    found = joined(answers)
    usage = found.pop("usage")
    assert usage > 0
    assert found == {
        "thoughts": "Hm.",
        "text": "Let me löok.",
        "calls": [("call_1", "get_weather", {"city": "Bern"})],
        "reason": types.FinishReason.STOP,
        "id": "msg_1",
    }


def test_we_read_what_the_sdk_sends() -> None:
    """Its requests are read, and written as they were."""
    server = Server()
    sdk = client(server)

    sdk.models.generate_content(model="gemini-2.5-flash", contents="Hi", config=CONFIG)

    (request,) = server.requests
    assert request.model == "gemini-2.5-flash"
    assert [message.text for message in request.messages] == ["Be brief.", "Hi"]
    assert request.tool_choice is not None
    assert request.tool_choice.name == "get_weather"
    assert request.params["max_tokens"] == 50
    written = json.loads(GEMINI.write_request(request))
    assert written == json.loads(server.bodies[0])


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_raises_our_faults(stream: bool) -> None:
    """An error is one to the SDK, in the reply and in the middle of a stream."""
    sdk = client(Server(Fault("no such thing", status=404)))
    whole, pieces = sdk.models.generate_content, sdk.models.generate_content_stream

    with pytest.raises(errors.ClientError, match="no such thing") as raised:
        list((pieces if stream else whole)(model="m", contents="Hi"))

    assert (raised.value.code, raised.value.status) == (404, "NOT_FOUND")


def test_the_sdk_reads_all_kinds_of_parts() -> None:
    """Data, code and citations are parts to the SDK, too."""
    note = {"type": "citation", "url": "https://a.b", "start_index": 0, "end_index": 1}
    message = AIMessage(
        [
            {"type": "text", "text": "a", "annotations": [note]},
            {"type": "image", "base64": "QQ==", "mime_type": "image/png"},
            {
                "type": "server_tool_call",
                "name": "code_execution",
                "args": {"code": "1"},
                "id": "s",
            },
            {"type": "server_tool_result", "tool_call_id": "s", "output": "1"},
        ]
    )

    read = types.GenerateContentResponse.model_validate_json(
        GEMINI.write_reply(message)
    )

    assert read.parts
    assert read.parts[1].inline_data
    assert read.parts[1].inline_data.data == b"A"
    assert read.parts[2].executable_code
    assert read.parts[3].code_execution_result
    assert read.candidates
    assert read.candidates[0].grounding_metadata
