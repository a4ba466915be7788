"""Make the repository's own recordings anew: `make recordings`.

A server on this machine speaks wire formats of providers; what it says, and how long it
takes, is scripted. Official SDKs and httpx ask it while `use_cassette` records them. No
provider has said any of it: what is real are the clients, the connection, the bytes on
it and their times.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai

from harness import AIMessageChunk, FakeChatModel, Pause, call, fail, pause, say, think
from harness.recording import use_cassette
from harness.steps import Fault
from harness.wire import Dialect, dialect_of

#: Where the server is while it is recorded.
PORT = 8712
MODEL = "weather-1"
KEY = "not-a-real-key"

QUESTION = "What's the weather in Boston?"
PARAMETERS = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
}
ABOUT = "Get the weather at a location."
REPORT = "72°F and sunny"
ANSWER = "It is 72°F and sunny in Boston."

Said = list[Any]


# ------------------------------------------------------------------------- the server


class _Handler(BaseHTTPRequestHandler):
    """Lets a model answer in the wire format that the path belongs to."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model: FakeChatModel

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        dialect = dialect_of(self.path)
        assert dialect is not None
        request = dialect.read_request(body, self.path)
        steps = self.model.play(request)
        first = next(steps)
        if isinstance(first, Fault):
            refusal = dialect.write_error(first)
            self._whole(refusal.status, refusal.headers, refusal.body)
        elif request.stream:
            self._stream(dialect, request, chain([first], steps))
        else:
            message = sum(_now(chain([first], steps)), AIMessageChunk()).to_message()
            json_type = {"content-type": "application/json"}
            self._whole(200, json_type, dialect.write_reply(message, request))

    def _whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, text in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, dialect: Dialect, request: Any, steps: Iterator[Any]) -> None:
        self.send_response_only(200)
        self.send_header("content-type", dialect.stream_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        encoder = dialect.encoder(request)
        for step in steps:
            if isinstance(step, Pause):
                time.sleep(step.seconds)
            elif isinstance(step, Fault):
                self.close_connection = True  # in the middle of it
                return
            else:
                self._chunk(encoder.feed(step))
        self._chunk(encoder.close())
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_said: object) -> None:
        """Nothing is printed."""


def _now(steps: Iterator[Any]) -> Iterator[AIMessageChunk]:
    for step in steps:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
        else:
            yield step


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving(model: FakeChatModel, port: int = 0) -> Iterator[str]:
    """Let *model* answer at the URL that is given, on any free port."""
    handler = type("Handler", (_Handler,), {"model": model})
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


# -------------------------------------------------------------------------- the talks


def weather() -> FakeChatModel:
    """Greet twice, call a tool, and tell what it said; some words take a moment."""
    greeting = "Hello! Ask me about the weather anywhere."
    thought = "They ask about Boston, so I look there."
    return FakeChatModel(
        greeting,
        say("Hello! ", pause(0.05), "Ask me about the weather anywhere."),
        say(think(thought), pause(0.05), call("get_weather", location="Boston")),
        ANSWER,
    )


def ask_openai(url: str) -> Said:
    """Talk through the OpenAI SDK: whole, streamed, a tool, its result."""
    function = {"name": "get_weather", "description": ABOUT, "parameters": PARAMETERS}
    tools: Any = [{"type": "function", "function": function}]
    talk: list[Any] = [{"role": "user", "content": "Hello!"}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        ask: Any = client.chat.completions.create
        said = [ask(model=MODEL, messages=talk)]
        said += ask(model=MODEL, messages=talk, stream=True)
        talk = [{"role": "user", "content": QUESTION}]
        calling = [*ask(model=MODEL, messages=talk, tools=tools, stream=True)]
        deltas = [one.choices[0].delta for one in calling if one.choices]
        (called, *_) = [one.tool_calls[0] for one in deltas if one.tool_calls]
        wanted = {"name": "get_weather", "arguments": '{"location": "Boston"}'}
        calls = [{"type": "function", "id": called.id, "function": wanted}]
        talk += [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": called.id, "content": REPORT},
        ]
        said += [*calling, ask(model=MODEL, messages=talk, tools=tools)]
    return [one.model_dump() for one in said]


def ask_responses(url: str) -> Said:
    """Talk through the OpenAI SDK in the newer format."""
    function = {"name": "get_weather", "description": ABOUT, "parameters": PARAMETERS}
    tools: Any = [{"type": "function", **function, "strict": False}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        ask: Any = client.responses.create
        said = [ask(model=MODEL, input="Hello!")]
        said += ask(model=MODEL, input="Hello!", stream=True)
        talk: list[Any] = [{"role": "user", "content": QUESTION}]
        calling = [*ask(model=MODEL, input=talk, tools=tools, stream=True)]
        (called,) = [o for o in calling[-1].response.output if o.type != "reasoning"]
        talk += [
            {
                "type": "function_call",
                "call_id": called.call_id,
                "name": called.name,
                "arguments": called.arguments,
            },
            {
                "type": "function_call_output",
                "call_id": called.call_id,
                "output": REPORT,
            },
        ]
        said += [*calling, ask(model=MODEL, input=talk, tools=tools)]
    return [one.model_dump() for one in said]


def ask_anthropic(url: str) -> Said:
    """Talk through the Anthropic SDK: whole, streamed, a tool, its result."""
    tools: Any = [
        {"name": "get_weather", "description": ABOUT, "input_schema": PARAMETERS}
    ]
    talk: list[Any] = [{"role": "user", "content": "Hello!"}]
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        asked: Any = {"model": MODEL, "max_tokens": 1000}
        said: Said = [client.messages.create(**asked, messages=talk)]
        said += client.messages.create(**asked, messages=talk, stream=True)
        talk = [{"role": "user", "content": QUESTION}]
        with client.messages.stream(**asked, messages=talk, tools=tools) as calling:
            message = calling.get_final_message()
        (called,) = [block for block in message.content if block.type == "tool_use"]
        told = {"type": "tool_result", "tool_use_id": called.id, "content": REPORT}
        use = called.model_dump(include={"type", "id", "name", "input"})
        talk += [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [told]},
        ]
        said += [message, client.messages.create(**asked, messages=talk, tools=tools)]
    return [one.model_dump() for one in said]


def refusing() -> FakeChatModel:
    """Refuse once, and ask for a second's wait."""
    return FakeChatModel(fail(429, message="Slow down.", retry_after=1), ANSWER)


def ask_again(url: str) -> Said:
    """Let the OpenAI SDK try again."""
    talk: Any = [{"role": "user", "content": QUESTION}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=1) as client:
        return [client.chat.completions.create(model=MODEL, messages=talk).model_dump()]


def breaking() -> FakeChatModel:
    """Hang up in the middle of an answer; tell another to its end, slowly."""
    words = ("It is ", "72°F ", "and sunny ", "in Boston.")
    slow = [part for word in words for part in (word, pause(0.05))]
    return FakeChatModel(say("It is ", "72°F and", fail("interrupted")), say(*slow))


def ask_broken(url: str) -> Said:
    """Read a stream until it breaks, and leave another one early."""
    talk = [{"role": "user", "content": QUESTION}]
    asked = {"model": MODEL, "messages": talk, "stream": True}
    said: Said = []
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}) as c:
        with c.stream("POST", "/v1/chat/completions", json=asked) as answer:
            try:
                said += (piece.decode() for piece in answer.iter_raw())
            except httpx.RemoteProtocolError as error:
                said.append(type(error).__name__)
        with c.stream("POST", "/v1/chat/completions", json=asked) as answer:
            pieces = answer.iter_raw()
            said += [next(pieces).decode(), next(pieces).decode()]
    return said


#: The recordings: who answers, and who asks.
TALKS: dict[str, tuple[Callable[[], FakeChatModel], Callable[[str], Said]]] = {
    "anthropic-weather": (weather, ask_anthropic),
    "broken-streams": (breaking, ask_broken),
    "openai-weather": (weather, ask_openai),
    "refused-once": (refusing, ask_again),
    "responses-weather": (weather, ask_responses),
}


def record(name: str, folder: Path) -> None:
    """Record a talk into *folder*, in place of what was there."""
    model, ask = TALKS[name]
    with (
        serving(model(), PORT) as url,
        use_cassette(folder / f"{name}.yaml", "rewrite", forced=True) as tape,
    ):
        ask(url)
    print(f"{tape.path}: {len(tape.recorded)} interactions")  # noqa: T201


if __name__ == "__main__":
    for each in TALKS:
        record(each, Path(sys.argv[1]))
