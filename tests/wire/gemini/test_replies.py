"""Answers of Gemini: read, written, and read again."""

import json
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.gemini import GEMINI
from harness.wire.sse import Event, encode


def candidate(*parts: Any, **said: Any) -> dict[str, Any]:
    """Make a candidate that says *parts*."""
    return {"content": {"role": "model", "parts": [*parts]}, **said}


def reply(*parts: Any, **said: Any) -> AIMessage:
    """Read a reply that says *parts*."""
    body = {"candidates": [candidate(*parts, finishReason="STOP")], **said}
    return GEMINI.read_reply(json.dumps(body).encode())


def streamed(*events: Any) -> list[AIMessageChunk | Fault]:
    """Decode a stream of *events*."""
    decoder = GEMINI.decoder()
    data = [encode(Event(json.dumps(said)), newline="\r\n") for said in events]
    return decoder.feed(b"".join(data)) + decoder.close()


def total(steps: list[AIMessageChunk | Fault]) -> AIMessage:
    """Add up the chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def parts_of(message: AIMessage, request: ChatRequest | None = None) -> Any:
    """Give the parts that are written for *message*."""
    said = json.loads(GEMINI.write_reply(message, request))
    return said["candidates"][0]["content"]["parts"]


CALL = {"name": "f", "args": {"a": 1}}


# ------------------------------------------------------------------ parts


def test_texts_that_follow_each_other_are_one() -> None:
    """Only what belongs to one part alone keeps parts apart."""
    message = reply(
        {"text": "a"},
        {"text": "b"},
        {"text": "c", "thoughtSignature": "s"},
        {"text": "d"},
        {"text": ""},
        {},
        {"text": "e"},
        {"text": "", "thoughtSignature": "t"},
    )

    assert message.content_blocks == [
        {"type": "text", "text": "ab"},
        {"type": "text", "text": "c", "extras": {"thoughtSignature": "s"}},
        {"type": "text", "text": "de"},
        {"type": "text", "text": "", "extras": {"thoughtSignature": "t"}},
    ]


@pytest.mark.parametrize(
    "part, block",
    [
        (
            {
                "inlineData": {
                    "mimeType": "image/png",
                    "data": "QQ==",
                    "displayName": "a",
                }
            },
            {
                "type": "image",
                "base64": "QQ==",
                "mime_type": "image/png",
                "extras": {"inlineData": {"displayName": "a"}},
            },
        ),
        (
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}, "thought": True},
            {
                "type": "image",
                "base64": "QQ==",
                "mime_type": "image/png",
                "extras": {"thought": True},
            },
        ),
        (
            {"fileData": {"fileUri": "gs://a/b.mp4", "mimeType": "video/mp4"}},
            {"type": "video", "url": "gs://a/b.mp4"},
        ),
        (
            {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "id": "i"}},
            {
                "type": "server_tool_result",
                "tool_call_id": "i",
                "status": "error",
                "output": None,
                "extras": {"outcome": "OUTCOME_FAILED"},
            },
        ),
        (
            {"functionResponse": {"name": "f", "response": {}}},
            {
                "type": "non_standard",
                "value": {"functionResponse": {"name": "f", "response": {}}},
            },
        ),
        (
            {"hologram": {"a": 1}},
            {"type": "non_standard", "value": {"hologram": {"a": 1}}},
        ),
    ],
    ids=lambda value: next(iter(value)),
)
def test_parts_are_blocks(part: dict[str, Any], block: dict[str, Any]) -> None:
    """Each part is one block, and is written as that part again."""
    message = reply(part)

    (found,) = message.content_blocks
    assert found == {k: v for k, v in block.items() if v is not None}
    assert GEMINI.read_reply(GEMINI.write_reply(message)) == message
    assert parts_of(message) == [part]


def test_calls_of_the_server_belong_together() -> None:
    """Older models give code and its result no id: they get one that is not sent."""
    run = {"executableCode": {"language": "PYTHON", "code": "1"}}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    search = {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"q": "a"}}}
    found = {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {"a": 1}}}

    message = reply(run, result, search, found, responseId="r")

    ids = [b.get("id", b.get("tool_call_id")) for b in message.content_blocks]
    assert ids == ["no_id_r_0", "no_id_r_0", "no_id_r_1", "no_id_r_1"]
    assert message.content_blocks[2]["name"] == "google_search_web"
    assert parts_of(message) == [run, result, search, found]


def test_calls_end_an_answer_that_stopped() -> None:
    """STOP after a call is the common "tool_calls", the raw word beside it."""
    message = reply({"functionCall": CALL}, {"functionCall": {**CALL, "id": "x"}})

    assert message.finish_reason == "tool_calls"
    assert message.response_metadata["finishReason"] == "STOP"
    assert [call["id"] for call in message.tool_calls] == ["no_id_0", "x"]


def test_arguments_in_pieces_become_one_call() -> None:
    """Values with their paths amount to the arguments; text grows."""
    pieces = [
        {"name": "f", "id": "c", "willContinue": True},
        {
            "partialArgs": [
                {"jsonPath": "$.a.b[0]", "stringValue": "x", "willContinue": True}
            ],
            "willContinue": True,
        },
        {
            "partialArgs": [
                {"jsonPath": "$.a.b[0]", "stringValue": "y"},
                {"jsonPath": "$.a.b[1]", "numberValue": 2},
                {"jsonPath": "$['a']['b'][1]", "numberValue": 3},
                {"jsonPath": '$["n"]', "nullValue": "NULL_VALUE"},
                {"jsonPath": "$.t", "boolValue": True},
            ],
            "willContinue": True,
        },
        {},
    ]
    events: list[Any] = [
        {"candidates": [candidate({"functionCall": piece, "thoughtSignature": "s"})]}
        for piece in pieces
    ]
    last = {"candidates": [{"finishReason": "STOP"}]}

    steps = streamed(*events, last)
    cut = streamed(*events[:3])

    (call,) = total(steps).tool_calls
    assert call["args"] == {"a": {"b": ["xy", 3]}, "n": None, "t": True}
    assert (call["id"], call["name"]) == ("c", "f")
    assert total(cut).tool_calls == []
    assert isinstance(cut[-1], Fault)
    assert total(streamed(*events[:3], last)).tool_calls != []


@pytest.mark.parametrize("path", ["a", "$", "$.a[2]", "$.a.b", "$.a]", ""])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    """Partial arguments go where a place is."""
    piece = {"jsonPath": "$.a[0]", "stringValue": "x"}
    wrong = {"jsonPath": path, "stringValue": "x"}

    with pytest.raises(WireError, match="jsonPath"):
        reply({"functionCall": {"name": "f", "partialArgs": [piece, wrong]}})


# ------------------------------------------------------------------ about it


def test_usage_counts_everything() -> None:
    """Thoughts are output, what the server's tools read is input."""
    usage = {
        "promptTokenCount": 10,
        "cachedContentTokenCount": 4,
        "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 2,
        "totalTokenCount": 20,
    }

    message = reply({"text": "a"}, usageMetadata=usage)

    assert message.usage_metadata == {
        "input_tokens": 15,
        "output_tokens": 5,
        "total_tokens": 20,
        "input_token_details": {"cache_read": 4, "tool_use": 5},
        "output_token_details": {"reasoning": 2},
    }
    plain = AIMessage("a", usage_metadata=message.usage_metadata)
    assert json.loads(GEMINI.write_reply(plain))["usageMetadata"] == usage


@pytest.mark.parametrize(
    "said, reason",
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        (2, "length"),
        (9, "content_filter"),
        (77, "77"),
    ],
)
def test_reasons_are_common_words(said: Any, reason: str) -> None:
    """Words and numbers, where there is a common word."""
    body = {"candidates": [candidate({"text": "a"}, finishReason=said)]}

    message = GEMINI.read_reply(json.dumps(body).encode())

    assert message.finish_reason == reason
    assert message.response_metadata["finishReason"] == said


def test_the_services_count_reasons_apart() -> None:
    """The number 9 is another reason where the traffic type tells Vertex AI."""
    body = {
        "candidates": [candidate({"text": "a"}, finishReason=9)],
        "usageMetadata": {"trafficType": "ON_DEMAND"},
    }

    message = GEMINI.read_reply(json.dumps(body).encode())

    assert message.finish_reason == "MALFORMED_FUNCTION_CALL"


def test_what_is_called_like_the_candidates_is_none() -> None:
    """A field that nobody knows never takes the place of the answer."""
    odd = {**candidate({"text": "Hi"}), "candidates": [candidate({"text": "No"})]}
    message = GEMINI.read_reply(json.dumps({"candidates": [odd]}).encode())

    again = GEMINI.read_reply(GEMINI.write_reply(message))

    assert (message.text, again.text) == ("Hi", "Hi")


def test_a_blocked_prompt_is_a_filtered_answer() -> None:
    """There is no candidate, and the answer is complete."""
    said = {"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"}

    message = total(streamed(said))

    assert message.finish_reason == "content_filter"
    assert message.response_metadata["promptFeedback"] == {"blockReason": "SAFETY"}
    written = GEMINI.write_reply(message)
    assert json.loads(written) == said
    assert GEMINI.read_reply(written) == message
    assert GEMINI.check_stream(written) == []


def test_feedback_alone_blocks_nothing() -> None:
    """Older models rate each prompt."""
    message = reply({"text": "a"}, promptFeedback={"safetyRatings": [{"a": 1}]})

    assert message.finish_reason == "stop"


def test_other_candidates_are_kept() -> None:
    """With candidateCount > 1 the others are beside the first, and come back."""
    body = {
        "candidates": [
            candidate({"text": "a"}, index=0, finishReason="STOP"),
            candidate(
                {"text": "b"}, {"functionCall": CALL}, index=1, finishReason="STOP"
            ),
            candidate({"text": "c"}, index=2),
        ]
    }

    message = GEMINI.read_reply(json.dumps(body).encode())

    others = message.response_metadata["other_choices"]
    assert [other["index"] for other in others] == [1, 2]
    assert others[0]["response_metadata"]["finish_reason"] == "tool_calls"
    assert GEMINI.read_reply(GEMINI.write_reply(message)) == message


def test_what_is_new_is_kept_under_its_name() -> None:
    """Of the answer and of the candidate."""
    body = {
        "candidates": [
            candidate({"text": "a"}, finishReason="STOP", tokenCount=3, mood="good")
        ],
        "createTime": "now",
        "weather": "fine",
    }

    message = GEMINI.read_reply(json.dumps(body).encode())

    said = message.response_metadata
    assert (said["tokenCount"], said["mood"], said["weather"]) == (3, "good", "fine")
    assert GEMINI.read_reply(GEMINI.write_reply(message)) == message


def test_citations_of_each_event_add_up() -> None:
    """What is cited stands at its text, counted in characters."""
    uri = {"uri": "https://a.b", "license": "MIT"}
    first = {"citations": [{**uri, "startIndex": 0, "endIndex": 3}, {}]}
    second = {"citations": [{**uri, "startIndex": 4, "endIndex": 5}]}
    steps = streamed(
        {"candidates": [candidate({"text": "é!"}, citationMetadata=first)]},
        {
            "candidates": [
                candidate(
                    {"text": "xy", "thoughtSignature": "s"},
                    citationMetadata=second,
                    finishReason="STOP",
                )
            ]
        },
    )

    message = total(steps)

    cited_text = {"type", "text", "annotations"}
    assert [block.keys() - {"extras"} for block in message.content_blocks] == [
        cited_text,
        cited_text,
    ]
    notes = [block["annotations"] for block in message.content_blocks]
    assert [(n["start_index"], n["end_index"]) for (n,) in notes] == [(0, 2), (1, 2)]
    cited = message.response_metadata["citationMetadata"]["citations"]
    assert len(cited) == 3
    assert GEMINI.read_reply(GEMINI.write_reply(message)) == message


@pytest.mark.parametrize(
    "grounding",
    [
        {"groundingChunks": [1], "groundingSupports": [1, {"segment": {}}]},
        {
            "groundingChunks": [],
            "groundingSupports": [{"segment": {}, "groundingChunkIndices": [0, "x"]}],
        },
        {"webSearchQueries": ["a"]},
    ],
)
def test_sources_that_lead_nowhere_are_only_kept(grounding: dict[str, Any]) -> None:
    """Grounding that names no source makes no citation."""
    body = {
        "candidates": [
            candidate({"text": "a"}, finishReason="STOP", groundingMetadata=grounding)
        ]
    }

    message = GEMINI.read_reply(json.dumps(body).encode())

    assert message.content_blocks == [{"type": "text", "text": "a"}]
    assert message.response_metadata["groundingMetadata"] == grounding


def test_logprobs_have_the_common_form() -> None:
    """Each token has those that stood beside it; what else is said of it is kept."""
    chosen = [{"token": "a", "logProbability": -1, "tokenId": 3}]
    beside = [{"candidates": [{"token": "b", "logProbability": -2}]}]
    said = {"chosenCandidates": chosen, "topCandidates": beside}
    body = {"candidates": [candidate({"text": "a"}, logprobsResult=said)]}

    (chunk, *_) = streamed(body)

    assert isinstance(chunk, AIMessageChunk)
    top = {"token": "b", "logprob": -2}
    token = {"token": "a", "logprob": -1, "tokenId": 3, "top_logprobs": [top]}
    assert chunk.response_metadata["logprobs"] == {"content": [token]}


@pytest.mark.parametrize(
    "said",
    [
        {"chosenCandidates": [{"token": "a", "logProbability": -1, "tokenId": 3}]},
        {
            "chosenCandidates": [{"token": "a", "logProbability": -1}],
            "topCandidates": [{"candidates": [{"token": "b", "logProbability": -2}]}],
            "logProbabilitySum": -1,
        },
        {
            "chosenCandidates": [{"token": "a", "logProbability": -1}],
            "topCandidates": [],
        },
        {
            "chosenCandidates": [{"token": "a", "logProbability": -1}],
            "topCandidates": [1],
        },
        {"topCandidates": [{"candidates": [{"token": "b", "logProbability": -2}]}]},
    ],
    ids=str,
)
def test_logprobs_come_back(said: dict[str, Any]) -> None:
    """In the common form, or as they are where they do not have it."""
    body = {
        "candidates": [
            candidate({"text": "a"}, finishReason="STOP", logprobsResult=said)
        ]
    }

    message = GEMINI.read_reply(json.dumps(body).encode())

    assert GEMINI.read_reply(GEMINI.write_reply(message)) == message


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "said",
    [
        1,
        {},
        {"candidates": 1},
        {"candidates": [1]},
        {"candidates": [{"content": 1}]},
        {"candidates": [{"content": {"parts": 1}}]},
        {"candidates": [candidate(1)]},
        {"candidates": [candidate({"text": 1})]},
        {"candidates": [candidate({"functionCall": 1})]},
        {"candidates": [candidate({"functionCall": {"name": "f", "args": []}})]},
        {"candidates": [candidate({"functionCall": {"args": {}}})]},
        {"candidates": [candidate({"inlineData": {"data": 1}})]},
        {"candidates": [], "usageMetadata": 1},
        {"candidates": [], "responseId": 1},
        {"candidates": [], "modelVersion": 1},
        {"promptFeedback": "no"},
    ],
    ids=str,
)
def test_wrong_types_are_told(said: Any) -> None:
    """What is no answer is one error that shows it."""
    with pytest.raises(WireError, match="gemini"):
        total(streamed(said))


def test_a_stream_needs_a_finish_reason() -> None:
    """Events that end without one broke off; a whole reply is whole."""
    said = {"candidates": [candidate({"text": "a"})]}

    steps = streamed(said)

    assert isinstance(steps[-1], Fault)
    assert steps[-1].kind == "interrupted"
    assert GEMINI.read_reply(json.dumps(said).encode()).text == "a"


# ------------------------------------------------------------------ from Python


def test_an_answer_from_elsewhere_is_said() -> None:
    """A reply is complete for any message, and the same each time."""
    message = AIMessage(
        "Hi",
        tool_calls=[{"name": "f", "args": {}, "id": "c"}],
        response_metadata={"finish_reason": "tool_calls", "system_fingerprint": "x"},
    )
    request = ChatRequest((HumanMessage("?"),), model="m")

    said = json.loads(GEMINI.write_reply(message, request))

    assert said == json.loads(GEMINI.write_reply(message, request))
    assert len(said.pop("responseId")) == 23
    assert said == {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Hi"},
                        {"functionCall": {"name": "f", "args": {}, "id": "c"}},
                    ],
                },
                "index": 0,
                "finishReason": "STOP",
            }
        ],
        "modelVersion": "m",
    }


def test_citations_from_elsewhere_are_grounding() -> None:
    """Citations become supports, counted in bytes; without a place, of the start."""
    note = {
        "type": "citation",
        "url": "https://a.b",
        "title": "A",
        "start_index": 1,
        "end_index": 3,
        "cited_text": "öx",
    }
    short = {"type": "citation", "url": "https://c.d"}
    other = {"type": "non_standard_annotation", "value": 1}
    blocks: list[dict[str, Any]] = [
        {"type": "reasoning", "reasoning": "Hm"},
        {"type": "text", "text": "é "},
        {"type": "image", "base64": "QQ==", "mime_type": "image/png"},
        {"type": "text", "text": "aöx", "annotations": [note, other, short]},
    ]

    reply = GEMINI.write_reply(AIMessage(blocks))
    again = GEMINI.read_reply(reply)

    (said,) = json.loads(reply)["candidates"]
    supports = said["groundingMetadata"]["groundingSupports"]
    assert [support["segment"] for support in supports] == [
        {"startIndex": 4, "endIndex": 7, "text": "öx"},
        {},
    ]
    assert again.content_blocks[3]["annotations"] == [note]
    assert again.content_blocks[1]["annotations"] == [short]


def test_calls_of_other_servers_are_said() -> None:
    """An answer tells of them in Google's forms."""
    message = AIMessage(
        [
            {"type": "server_tool_call", "name": "web_search", "args": {}, "id": "s"},
            {"type": "server_tool_result", "tool_call_id": "s", "output": {"a": 1}},
            {"type": "server_tool_call", "name": "x", "args": {}, "id": "t"},
            {"type": "server_tool_result", "tool_call_id": "t", "output": [1]},
            {
                "type": "server_tool_result",
                "tool_call_id": "t",
                "status": "error",
                "output": "no",
            },
            {"type": "non_standard", "value": {"type": "theirs"}},
        ]
    )

    parts = parts_of(message)

    assert parts == [
        {"toolCall": {"toolType": "WEB_SEARCH", "args": {}, "id": "s"}},
        {"toolResponse": {"response": {"a": 1}, "id": "s"}},
        {"toolCall": {"toolType": "X", "args": {}, "id": "t"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "[1]", "id": "t"}},
        {
            "codeExecutionResult": {
                "outcome": "OUTCOME_FAILED",
                "output": "no",
                "id": "t",
            }
        },
    ]


def test_what_cannot_be_said_is_refused() -> None:
    """Arguments are objects, and other choices are messages."""
    invalid = AIMessage("", invalid_tool_calls=[{"name": "f", "args": "{"}])
    others = AIMessage("", response_metadata={"other_choices": [1]})

    with pytest.raises(InputError, match="complete arguments"):
        GEMINI.write_reply(invalid)
    with pytest.raises(InputError, match="other_choices"):
        GEMINI.write_reply(others)


def test_a_reason_that_gemini_does_not_have_is_other() -> None:
    """Another provider's word is not sent as one of Google's."""
    message = AIMessage("a", response_metadata={"finish_reason": "pause_turn"})

    (said,) = json.loads(GEMINI.write_reply(message))["candidates"]

    assert said["finishReason"] == "OTHER"
