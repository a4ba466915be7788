"""What real servers of the other formats do: one recording each, as for OpenAI Chat.

Each case names the recording, shows that the quirk is in it, and what we make of it.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire import DIALECTS

NO_ARGUMENTS = "_can_use_tools_without_parameters_in_multi-turn_streaming"
ANTHROPIC_SEARCH = "test_web_search_tool_stream/anthropic_beta_claude_sonnet_4_0.yaml#0"
PAUSE = "test_anthropic/test_pause_turn_web_search_vcr.yaml#0"


class Recorded:
    """One recorded answer: its body, the JSON of its events, and our message."""

    def __init__(self, exchange: Any) -> None:
        self.body = exchange.response
        lines = re.split(rb"\r?\n", self.body)
        said = [line[5:].strip() for line in lines if line.startswith(b"data:")]
        self.events: list[Any] = [json.loads(d) for d in said if d[:1] == b"{"]
        decoder = DIALECTS[exchange.api].decoder()
        self.steps = [*decoder.feed(self.body), *decoder.close()]
        chunks = [step for step in self.steps if isinstance(step, AIMessageChunk)]
        self.message: AIMessage = sum(chunks, AIMessageChunk()).to_message()
        self.usage: Any = self.message.usage_metadata

    def deltas(self, kind: str) -> list[Any]:
        """Give Anthropic's deltas of a kind."""
        found = (event.get("delta") or {} for event in self.events)
        return [delta for delta in found if delta.get("type") == kind]

    def parts(self) -> list[Any]:
        """Give Gemini's parts."""
        return [
            part
            for event in self.events
            for candidate in event.get("candidates", ())
            for part in (candidate.get("content") or {}).get("parts", ())
        ]


Case = tuple[str, Callable[[Recorded], object], Callable[[Recorded], object]]

#: By the quirk: the recording, what shows the quirk, and what must be true of ours.
QUIRKS: dict[str, Case] = {
    # ------------------------------------------------------------------- Anthropic
    "a call without arguments has one empty delta": (
        f"anthropic_claude-3-5-haiku-20241022{NO_ARGUMENTS}_conversations.yml#0",
        lambda r: [d["partial_json"] for d in r.deltas("input_json_delta")] == [""],
        lambda r: [call["args"] for call in r.message.tool_calls] == [{}],
    ),
    "arguments end inside an escape": (
        ANTHROPIC_SEARCH,
        lambda r: [
            d for d in r.deltas("input_json_delta") if d["partial_json"].endswith("\\")
        ],
        lambda r: (
            not r.message.invalid_tool_calls
            and [b for b in r.message.content_blocks if b["type"] == "server_tool_call"]
        ),
    ),
    "the signature is a delta at the end of thinking": (
        "cassettes/anthropic_completion_stream_thinking.yaml#0",
        lambda r: len(r.deltas("signature_delta")) == 1,
        lambda r: (
            r.message.content_blocks[0]["extras"]["signature"]
            == r.deltas("signature_delta")[0]["signature"]
        ),
    ),
    "usage is counted anew at the end, its input too": (
        "TestAnthropicComputerUse/claude-opus-4-6/computer_use_streaming.yaml#0",
        lambda r: [
            event["usage"]["input_tokens"]
            for event in r.events
            if event["type"] == "message_delta"
        ],
        lambda r: (
            r.usage["output_tokens"]
            == next(e for e in r.events if e["type"] == "message_delta")["usage"][
                "output_tokens"
            ]
        ),
    ),
    "a turn that pauses is no error": (
        PAUSE,
        lambda r: b"pause_turn" in r.body,
        lambda r: (
            r.message.finish_reason == "pause_turn"
            and not any(isinstance(step, Fault) for step in r.steps)
        ),
    ),
    # ---------------------------------------------------------------------- Gemini
    "lines end in CRLF": (
        "test_tool_use_async[async_stream].yaml#0",
        lambda r: b"\r\n\r\n" in r.body,
        lambda r: r.message.text == "".join(p.get("text", "") for p in r.parts()),
    ),
    "usage in each event is a running total": (
        "vertex-gemini-2-5-flash/multi_tool_streaming.yaml#1",
        lambda r: len([e for e in r.events if "usageMetadata" in e]) > 2,
        lambda r: (
            r.usage["total_tokens"] == r.events[-1]["usageMetadata"]["totalTokenCount"]
        ),
    ),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks(exchanges: list[Any], quirk: str) -> None:
    """The recording has the quirk, and we read it as it is meant."""
    name, shows, holds = QUIRKS[quirk]
    (exchange,) = [each for each in exchanges if each.name.endswith(name)]

    said = Recorded(exchange)

    assert shows(said), f"{name} does not show it"
    assert holds(said), said.message


#: Errors: what we make of status, headers and body.
ERRORS: dict[str, tuple[int, str, str | None, str]] = {
    "test_anthropic_multi_modal.yaml#0": (529, "overloaded", "true", "Overloaded"),
    "anthropic/async.yaml#1": (503, "overloaded", None, "upstream connect error"),
    "test_crewai_instrumentation_context_attributes.yaml#5": (
        503,
        "overloaded",
        None,
        "upstream connect error",
    ),
    "test_google_streaming_returns_usage_metrics.yaml#0": (
        400,
        "authentication",
        None,
        "API key",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(exchanges: list[Any], name: str) -> None:
    """Text where JSON was expected, JSON that is called a stream: both have words."""
    found = [e for e in exchanges if e.name.endswith(name) and e.status >= 400]
    (exchange,) = [e for e in found if e.status == ERRORS[name][0]]
    dialect = DIALECTS[exchange.api]

    fault = dialect.read_error(exchange.status, exchange.headers, exchange.response)

    status, kind, again, text = ERRORS[name]
    assert (fault.status, fault.kind, fault.retry_after) == (status, kind, None)
    assert fault.headers.get("x-should-retry") == again
    assert fault.message.startswith(text)
    assert not fault.message.startswith("{")
