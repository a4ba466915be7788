"""What real servers of OpenAI Chat do otherwise than OpenAI says: one recording each.

Each case names the recording, shows that the quirk is in it, and what we make of it.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.openai_chat import OPENAI_CHAT

AZURE = "v1/azure_chat_completion_streamed.yaml#0"
CLOUDFLARE = "test_cloudflare_respects_turns_interface.yaml#0"
COPILOT = "streaming_tools_surface_two_distinct_tool_calls_before_final_answer.yaml#0"
DATABRICKS = "test_databricks_images.yaml#0"
GEMINI = (
    "test_openai_chat_model_gemini_acomplete[Return True.-output_types1-bool].yaml#0"
)
GEMINI_WHOLE = "test_openai/test_compatible_api_with_tool_calls_without_id.yaml#0"
GROQ_PARALLEL = (
    "groq/agent_tool_sessions/parallel_tool_calls_single_turn_streaming.yaml#0"
)
GROQ_SEARCH = "test_groq_model_web_search_tool_stream.yaml#0"
LLAMA_STACK = "02549b1a19b2a9ed27b71ec2894bb4326acc1fd18759577fd379177ae15fb009.json#0"
MISTRAL_CALLS = "test_mistral_chat_model_complete_parallel_function_call.yaml#0"
MISTRAL_THINKS = "test_mistral_model_thinking_part_iter.yaml#0"
OLLAMA = (
    "test_openai_chat_model_complete_ollama[Return True.-output_types1-bool].yaml#0"
)
OPENROUTER = "TestOpenRouterCommon/gemini/multi_tool_streaming.yaml#0"
PERPLEXITY = "testdata/TestPerplexityTool.httprr#0"
SNOWFLAKE = "test_snowflake_native_output.yaml#0"
TOGETHER = "should-set-attributes-in-span-for-chat_1427850401/recording.har#0"
WRITER = "test_writer_async_streaming_chat_multiple_choices_legacy.yaml#0"
XAI = "TestOpenAICompatibleThinking/xai-grok-3-mini/thinking-streaming.yaml#0"

Said = list[dict[str, Any]]


class Recorded:
    """One recorded answer: its events in the simplest reading, and ours."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        text = body.decode()
        whole = text.lstrip().startswith("{")
        lines = text.replace("\r\n", "\n").split("\n")
        data = [line[5:].strip() for line in lines if line.startswith("data:")]
        self.events: Said = (
            [json.loads(text)]
            if whole
            else [json.loads(d) for d in data if d[:1] == "{"]
        )
        self.choices: Said = [c for e in self.events for c in e.get("choices") or ()]
        self.deltas: Said = [
            c.get("delta") or c.get("message") or {} for c in self.choices
        ]
        self.calls: Said = [c for d in self.deltas for c in d.get("tool_calls") or ()]
        self.usages: Said = [e["usage"] for e in self.events if e.get("usage")]
        self.steps = played(body)
        self.message = total(self.steps)
        self.metadata = self.message.response_metadata

    def said(self, key: str) -> list[Any]:
        """Give what all events say under a key."""
        return [event.get(key) for event in self.events]

    def reasons(self) -> list[Any]:
        """Give the finish reasons."""
        return [r for c in self.choices if (r := c.get("finish_reason"))]

    def counted(self) -> bool:
        """Tell whether the usage is the last that was reported."""
        usage, last = self.message.usage_metadata, self.usages[-1]
        return usage is not None and (
            usage["input_tokens"],
            usage["output_tokens"],
            usage["total_tokens"],
        ) == (last["prompt_tokens"], last["completion_tokens"], last["total_tokens"])

    def text(self) -> str:
        """Give the text of the first choice."""
        return "".join(
            delta.get("content") or ""
            for choice, delta in zip(self.choices, self.deltas, strict=True)
            if not choice.get("index")
        )


def played(body: bytes) -> list[Any]:
    """Decode a body."""
    decoder = OPENAI_CHAT.decoder()
    return [*decoder.feed(body), *decoder.close()]


def total(steps: list[Any]) -> AIMessage:
    """Add up the chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def found_in(exchanges: list[Any], name: str) -> Any:
    """Give the one exchange whose name ends so."""
    (exchange,) = [each for each in exchanges if each.name.endswith(name)]
    return exchange


def blocks(said: Recorded, kind: str) -> list[dict[str, Any]]:
    """Give the blocks of a kind."""
    return [b for b in said.message.content_blocks if b["type"] == kind]


def arguments(said: Recorded) -> list[Any]:
    """Give the pieces of arguments."""
    return [(call.get("function") or {}).get("arguments") for call in said.calls]


Case = tuple[str, Callable[[Recorded], object], Callable[[Recorded], object]]

#: By the quirk: the recording, what shows the quirk, and what must be true of ours.
QUIRKS: dict[str, Case] = {
    # ------------------------------------------------------------------- usage
    "usage comes last, without choices": (
        "llms/azure/test_azure_streaming_completion.yaml#0",
        lambda r: len(r.usages) == 1 and not r.events[-1]["choices"],
        lambda r: r.counted(),
    ),
    "usage comes with the finish": (
        CLOUDFLARE,
        lambda r: len(r.usages) == 1 and "finish_reason" in r.choices[-1],
        lambda r: r.counted(),
    ),
    "usage is a running total in every event": (
        DATABRICKS,
        lambda r: len(r.usages) == len(r.events) > 2,
        lambda r: r.counted(),
    ),
    "usage is said twice, and once more under x_groq": (
        GROQ_PARALLEL,
        lambda r: (
            len(r.usages) == 2 and any((x or {}).get("usage") for x in r.said("x_groq"))
        ),
        lambda r: r.counted(),
    ),
    "usage is null everywhere": (
        "test_can_chat_with_tools_streamed.yaml#0",
        lambda r: all("usage" in e and e["usage"] is None for e in r.events),
        lambda r: r.message.usage_metadata is None,
    ),
    "the total is more than its parts": (
        XAI,
        lambda r: (
            r.usages[-1]["total_tokens"]
            != r.usages[-1]["prompt_tokens"] + r.usages[-1]["completion_tokens"]
        ),
        lambda r: r.counted(),
    ),
    "Gemini's total is more than its parts": (
        GEMINI_WHOLE,
        lambda r: (
            r.usages[-1]["total_tokens"]
            != r.usages[-1]["prompt_tokens"] + r.usages[-1]["completion_tokens"]
        ),
        lambda r: r.counted(),
    ),
    # ----------------------------------------------------- events without choices
    "Azure's first event has worthless names": (
        AZURE,
        lambda r: r.events[0]["id"] == "" and not r.events[0]["choices"],
        lambda r: r.message.id == r.events[1]["id"] and r.metadata["model_name"],
    ),
    "Azure tells how it filtered the prompt": (
        AZURE,
        lambda r: r.events[0]["prompt_filter_results"],
        lambda r: (
            r.metadata["prompt_filter_results"] == r.events[0]["prompt_filter_results"]
        ),
    ),
    "Azure's choice has no delta": (
        AZURE,
        lambda r: [choice for choice in r.choices if "delta" not in choice],
        lambda r: r.message.text == r.text(),
    ),
    "Copilot's first event has no choices": (
        COPILOT,
        lambda r: not r.events[0]["choices"] and not r.events[0].get("usage"),
        lambda r: len(r.message.tool_calls) == 2,
    ),
    # ------------------------------------------------------------------ the finish
    "the reason to end is said twice": (
        OPENROUTER,
        lambda r: len(r.reasons()) == 2,
        lambda r: r.message.finish_reason == "tool_calls",
    ),
    "the reason's key is left out": (
        CLOUDFLARE,
        lambda r: [choice for choice in r.choices if "finish_reason" not in choice],
        lambda r: r.message.finish_reason == "stop",
    ),
    "the reason is empty": (
        SNOWFLAKE,
        lambda r: r.choices[0]["finish_reason"] == "",
        lambda r: r.message.finish_reason is None and r.message.text.startswith("{"),
    ),
    "the reason is a word of its own": (
        TOGETHER,
        lambda r: r.reasons() == ["eos"],
        lambda r: r.message.finish_reason == "eos",
    ),
    "a call that was asked for by name ends in stop": (
        GEMINI,
        lambda r: r.calls and r.reasons() == ["stop"],
        lambda r: r.message.finish_reason == "stop" and r.message.tool_calls,
    ),
    "Ollama's too": (
        OLLAMA,
        lambda r: r.calls and r.reasons() == ["stop"],
        lambda r: r.message.finish_reason == "stop" and r.message.tool_calls,
    ),
    "Groq's does not": (
        "tool_choice_auto_required_specific_and_none.yaml#2",
        lambda r: r.calls,
        lambda r: r.message.finish_reason == "tool_calls",
    ),
    "a call is cut off by the limit": (
        "streaming_reasoner_truncated_call_keeps_the_reasoning_block.yaml#0",
        lambda r: r.calls and r.reasons() == ["length"],
        lambda r: (
            r.message.finish_reason == "length"
            and not r.message.tool_calls
            and r.message.invalid_tool_calls[0]["args"]
        ),
    ),
    # ----------------------------------------------------------------------- calls
    "calls have no index, and come two in a delta": (
        MISTRAL_CALLS,
        lambda r: (
            [c for c in r.calls if "index" not in c]
            and [d for d in r.deltas if len(d.get("tool_calls") or ()) == 2]
        ),
        lambda r: [c["id"] for c in r.message.tool_calls] == [c["id"] for c in r.calls],
    ),
    "calls have the id ''": (
        GEMINI,
        lambda r: [c for c in r.calls if c["id"] == ""],
        lambda r: [c["id"] for c in r.message.tool_calls] == [None],
    ),
    "later fragments have null for id, name and type": (
        LLAMA_STACK,
        lambda r: [c for c in r.calls if "id" in c and c["id"] is None],
        lambda r: len(r.message.tool_calls) == len([c for c in r.calls if c["id"]]),
    ),
    "arguments come whole": (
        MISTRAL_CALLS,
        lambda r: all(a.endswith("}") for a in arguments(r)),
        lambda r: (
            [c["args"] for c in r.message.tool_calls]
            == [json.loads(a) for a in arguments(r)]
        ),
    ),
    "arguments come in pieces that end inside an escape": (
        "deepseek/agent_tool_sessions/sequential_complex_tool_calls_streaming.yaml#1",
        lambda r: [a for a in arguments(r) if a and a.endswith("\\")],
        lambda r: (
            not r.message.invalid_tool_calls
            and r.message.tool_calls[0]["args"]
            == json.loads("".join(map(str, arguments(r))))
        ),
    ),
    # ----------------------------------------------------------------------- roles
    "a role in each event": (
        DATABRICKS,
        lambda r: [d.get("role") for d in r.deltas] == ["assistant"] * len(r.deltas),
        lambda r: r.message.text == r.text() and not r.message.additional_kwargs,
    ),
    "a role that is null": (
        LLAMA_STACK,
        lambda r: [d for d in r.deltas if "role" in d and d["role"] is None],
        lambda r: not r.message.additional_kwargs,
    ),
    "no role at all": (
        CLOUDFLARE,
        lambda r: not any("role" in d for d in r.deltas),
        lambda r: r.message.text == r.text(),
    ),
    "content that is null": (
        COPILOT,
        lambda r: [d for d in r.deltas if "content" in d and d["content"] is None],
        lambda r: r.message.text == r.text(),
    ),
    "a delta of nothing": (
        CLOUDFLARE,
        lambda r: {} in r.deltas,
        lambda r: r.message.text == r.text(),
    ),
    # ----------------------------------------------------------------------- names
    "an id of its own in many events": (
        GROQ_SEARCH,
        lambda r: len(set(r.said("id"))) > 9,
        lambda r: (
            r.message.id == r.events[0]["id"] and len(r.metadata["conflicts"]["id"]) > 9
        ),
    ),
    "the time of making changes": (
        DATABRICKS,
        lambda r: len(set(r.said("created"))) > 1,
        lambda r: r.metadata["created"] == r.events[0]["created"],
    ),
    "the fingerprint is null at first": (
        "llms/azure/test_azure_streaming_completion.yaml#0",
        lambda r: (
            None in r.said("system_fingerprint")[:1] and r.said("system_fingerprint")[2]
        ),
        lambda r: r.metadata["system_fingerprint"] == r.said("system_fingerprint")[2],
    ),
    # ------------------------------------------------------------------- reasoning
    "content is a list, and later a text": (
        MISTRAL_THINKS,
        lambda r: {type(d.get("content")) for d in r.deltas} >= {list, str},
        lambda r: (
            [b["type"] for b in r.message.content_blocks] == ["reasoning", "text"]
            and r.metadata["reasoning_field"] == "thinking"
        ),
    ),
    "reasoning is called reasoning_content": (
        XAI,
        lambda r: any(d.get("reasoning_content") for d in r.deltas),
        lambda r: (
            blocks(r, "reasoning")[0]["reasoning"]
            == "".join(d.get("reasoning_content") or "" for d in r.deltas)
            and "reasoning_field" not in r.metadata
        ),
    ),
    "reasoning is called reasoning": (
        GROQ_SEARCH,
        lambda r: any(d.get("reasoning") for d in r.deltas),
        lambda r: (
            blocks(r, "reasoning")[0]["reasoning"]
            == "".join(d.get("reasoning") or "" for d in r.deltas)
            and r.metadata["reasoning_field"] == "reasoning"
        ),
    ),
    "reasoning is said under two names": (
        "TestOpenRouterCommon/glm/tool_streaming.yaml#0",
        lambda r: [
            d for d in r.deltas if d.get("reasoning") and d.get("reasoning_details")
        ],
        lambda r: (
            blocks(r, "reasoning")[0]["reasoning"]
            == "".join(d.get("reasoning") or "" for d in r.deltas)
        ),
    ),
    "what is secret of the reasoning is kept": (
        OPENROUTER,
        lambda r: "reasoning.encrypted" in r.body.decode(),
        lambda r: [
            d["data"]
            for d in r.message.additional_kwargs["reasoning_details"]
            if "data" in d
        ],
    ),
    "Groq runs tools itself": (
        GROQ_SEARCH,
        lambda r: any(d.get("executed_tools") for d in r.deltas),
        lambda r: r.message.additional_kwargs["executed_tools"][0]["output"],
    ),
    # --------------------------------------------------------------- unknown keys
    "padding is thrown away": (
        "mistral/multimodal_content/streaming_image_with_a_tool_configured.yaml#0",
        lambda r: any("p" in e for e in r.events),
        lambda r: "p" not in r.metadata and r.message.text == r.text(),
    ),
    "obfuscation is thrown away": (
        "chat_streaming_and_blocking_each_deliver_their_refusal_in_full.yaml#1",
        lambda r: any(r.said("obfuscation")),
        lambda r: "obfuscation" not in r.metadata,
    ),
    "a refusal streams like text": (
        "chat_streaming_and_blocking_each_deliver_their_refusal_in_full.yaml#1",
        lambda r: any(d.get("refusal") for d in r.deltas),
        lambda r: (
            blocks(r, "refusal")[0]["refusal"]
            == "".join(d.get("refusal") or "" for d in r.deltas)
        ),
    ),
    "citations and search results beside the choices": (
        PERPLEXITY,
        lambda r: r.events[-1]["citations"] and r.events[-1]["search_results"],
        lambda r: r.metadata["citations"] == r.events[-1]["citations"],
    ),
    "a message beside each delta that repeats all": (
        PERPLEXITY,
        lambda r: all("message" in c and "delta" in c for c in r.choices),
        lambda r: r.message.text == r.text(),
    ),
    "the gateway names the provider, and its reason to end": (
        OPENROUTER,
        lambda r: all(r.said("provider")),
        lambda r: (
            r.metadata["provider"] == r.events[0]["provider"]
            and r.metadata["native_finish_reason"]
        ),
    ),
    "how long it took": (
        "test_huggingface_data_extraction.yaml#3",
        lambda r: any(r.said("time_info")),
        lambda r: r.metadata["time_info"],
    ),
    "annotations of the web": (
        "test_openrouter_web_search_annotations_stream.yaml#0",
        lambda r: any(d.get("annotations") for d in r.deltas),
        lambda r: [
            note
            for block in blocks(r, "text")
            for note in block.get("annotations", ())
            if note["type"] == "citation" and note["url"]
        ],
    ),
    # -------------------------------------------------------------- several choices
    "two choices interleave": (
        "llamacpp/response_shape_matrix/two_candidates_streaming.yaml#0",
        lambda r: {c["index"] for c in r.choices} == {0, 1},
        lambda r: (
            r.message.text == r.text()
            and [c["index"] for c in r.metadata["other_choices"]] == [1]
        ),
    ),
    "choices of Writer's": (
        WRITER,
        lambda r: {c["index"] for c in r.choices} > {0},
        lambda r: r.metadata["other_choices"],
    ),
    # --------------------------------------------------------------------- framing
    "comments keep the line open": (
        OPENROUTER,
        lambda r: b": OPENROUTER PROCESSING" in r.body,
        lambda r: len(r.message.tool_calls) == 2,
    ),
    "lines end in CRLF": (
        PERPLEXITY,
        lambda r: b"\r\n\r\n" in r.body,
        lambda r: r.message.text == r.text(),
    ),
    "[DONE] never comes (Perplexity)": (
        PERPLEXITY,
        lambda r: b"[DONE]" not in r.body,
        lambda r: r.steps[-1].chunk_position == "last",
    ),
    "[DONE] never comes (Hugging Face)": (
        "test_huggingface_data_extraction.yaml#3",
        lambda r: b"[DONE]" not in r.body,
        lambda r: r.steps[-1].chunk_position == "last",
    ),
    "[DONE] never comes (Writer)": (
        WRITER,
        lambda r: b"[DONE]" not in r.body,
        lambda r: r.steps[-1].chunk_position == "last",
    ),
    "an error is all there is, at status 200": (
        "test_prompt_content_filtering_with_events_with_content.yaml#0",
        lambda r: "error" in r.events[0],
        lambda r: isinstance(r.steps[-1], Fault) and r.steps[-1].kind == "bad_request",
    ),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_quirks(exchanges: list[Any], quirk: str) -> None:
    """The recording has the quirk, and we read it as it is meant."""
    name, shows, holds = QUIRKS[quirk]

    said = Recorded(found_in(exchanges, name).response)

    assert shows(said), f"{name} does not show it"
    assert holds(said), said.message


def test_a_stream_by_another_name(exchanges: list[Any]) -> None:
    """What the content type says is no matter: OpenAI's streams were called JSON."""
    for name in (
        "chat_completion_streamed_tokens",
        "chat_completion_tool_call_streamed",
    ):
        exchange = found_in(exchanges, f"v1/{name}.yaml#0")

        steps = played(exchange.response)

        assert exchange.headers["content-type"] == "application/json"
        assert (len(steps) > 2, steps[-1].chunk_position) == (True, "last")


# ------------------------------------------------------------------------- errors

#: By the recording: what its error must read as (status, kind, wait, beginning).
ERRORS: dict[str, tuple[int, str, float | None, str]] = {
    "context_attributes.yaml#5": (503, "overloaded", None, "upstream connect error"),
    "azure_kimi-k2_5_handles_context_length_exceeded_errors.yml#0": (
        408,
        "timeout",
        None,
        "upstream request timeout",
    ),
    "test_can_not_chat_with_all_models.yaml#0": (400, "bad_request", None, "Sadly the"),
    "llamacpp/multimodal_matrix/unfetchable_image_url.yaml#0": (
        500,
        "server",
        None,
        "error: cannot make GET",
    ),
    "6278a0500d/spec/fixtures/vcr_cassettes/chat_real_error_scenarios_mistral_mistral-"
    "small-latest_handles_context_length_exceeded_errors.yml#0": (
        429,
        "rate_limit",
        None,
        "Rate limit exceeded",
    ),
    "handles_invalid_message_format_errors.yml#0": (
        422,
        "bad_request",
        None,
        "{'detail': [{'type'",
    ),
    "azure_openai_gpt-4_1_handles_context_length_exceeded_errors.yml#0": (
        429,
        "rate_limit",
        60,
        "Your requests to gpt-4.1",
    ),
    "azure_grok-4-1-fast-non-reasoning_handles_context_length_exceeded_errors.yml#0": (
        429,
        "rate_limit",
        1,  # though retry-after-ms says 0
        "Your requests to grok",
    ),
    "test_tool_choice[huggingface-auto-uses-tool].yaml#2": (
        500,
        "server",
        1,
        "Internal server error",
    ),
    "f300a8b24123c89ca028f21f6cf29326be28a95f61b23ec98fd75ed257ade6d7.json#0": (
        400,
        "bad_request",
        None,
        "the provider answered 400 without a word",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(exchanges: list[Any], name: str) -> None:
    """Text, objects, strings and nothing: each error body has its words."""
    exchange = found_in(exchanges, name)

    fault = OPENAI_CHAT.read_error(exchange.status, exchange.headers, exchange.response)

    status, kind, wait, text = ERRORS[name]
    assert (fault.status, fault.kind, fault.retry_after) == (status, kind, wait)
    assert fault.message.startswith(text)


# ------------------------------------------------- seen elsewhere, written by hand


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """Give one event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    said = {"id": "c1", "model": "m", "choices": [choice], **more}
    return f"data: {json.dumps(said)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def call(**function: Any) -> dict[str, Any]:
    """Give a delta with one call."""
    return {"tool_calls": [{"index": 0, "id": "a", "function": function}]}


@pytest.mark.parametrize("comment", [": keepalive", ": ping - 12:00", ":", ": hi"])
def test_other_comments(comment: str) -> None:
    """Written by hand: comments of xAI, Perplexity, OpenRouter and Replicate."""
    body = f"{comment}\n\n".encode() + event({"content": "Hi"}, "stop") + DONE

    assert total(played(body)).text == "Hi"


@pytest.mark.parametrize("args", [None, ""])
def test_a_call_without_arguments(args: Any) -> None:
    """Written by hand: null (Writer, Aleph Alpha) and "" are no arguments."""
    body = event(call(name="f", arguments=args)) + event({}, "tool_calls") + DONE

    assert total(played(body)).tool_calls[0]["args"] == {}


def test_groqs_error_in_mid_stream() -> None:
    """Written by hand: an event called error, after deltas, and then the end."""
    error = {"message": "m", "type": "invalid_request_error", "code": "tool_use_failed"}
    said = {"error": {**error, "failed_generation": "x", "status_code": 400}}
    body = (
        event({"content": "Hi"})
        + f"event: error\ndata: {json.dumps(said)}\n\n".encode()
    )

    *chunks, last = played(body)

    assert (total(chunks).text, last) == ("Hi", Fault("m", status=400))


def test_openrouters_error_after_the_finish() -> None:
    """Written by hand: an event with an error follows the one with a reason."""
    error = {"message": "m", "code": 502}
    body = event({"content": "Hi"}, "stop") + event({}, "error", error=error) + DONE

    *chunks, last = played(body)

    assert (total(chunks).text, last) == ("Hi", Fault("m", status=502))


def test_llamacpps_line_called_error() -> None:
    """Written by hand: a line with a field name that no event stream has."""
    body = event({"content": "Hi"}) + b'error: {"code": 500, "message": "m"}\n\n'

    first, last = played(body)

    assert (first.text, last) == ("Hi", Fault("m", status=500))


def test_groqs_channel() -> None:
    """Written by hand: a delta says which channel it belongs to."""
    body = event({"reasoning": "Hm", "channel": "analysis"}, "stop") + DONE

    assert total(played(body)).additional_kwargs == {"channel": "analysis"}


def test_half_a_character() -> None:
    """Written by hand: a delta may end inside a character, or between two of one."""
    halves = "".join(
        f'data: {{"choices": [{{"delta": {{"content": "{half}"}}}}]}}\n\n'
        for half in ("\\ud83d", "\\udc69", "\u200d", "\\ud83d\\ude80")
    )

    assert total(played(halves.encode() + DONE)).text == "👩\u200d🚀"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 1305, "message": "m"}, "rate_limit"),  # z.ai
        ("m", "rate_limit"),  # Venice, xAI
        ({"code": "429", "message": "m"}, "rate_limit"),
    ],
)
def test_other_error_bodies(error: Any, kind: str) -> None:
    """Written by hand: codes that are numbers, and an error that is a text."""
    body = json.dumps({"error": error}).encode()

    fault = OPENAI_CHAT.read_error(429, {"retry-after-ms": "660"}, body)

    assert (fault.message, fault.kind, fault.retry_after) == ("m", kind, 0.66)
