"""Whole replies and errors of the Converse API."""

import json

import pytest

from harness.errors import InputError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE


def test_reply_of_nobody_is_valid():
    """A message that no provider gave is written with all that the API has."""
    call = {"name": "f", "args": {}, "id": "t"}

    said = json.loads(CONVERSE.write_reply(AIMessage("Hi", tool_calls=[call])))

    assert said["stopReason"] == "tool_use"
    assert said["usage"] == {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    assert said["metrics"] == {"latencyMs": 0}
    assert said["output"]["message"]["content"] == [
        {"text": "Hi"},
        {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}},
    ]
    read = CONVERSE.read_reply(CONVERSE.write_reply(AIMessage("Hi")))
    assert (read.usage_metadata, read.finish_reason) == (None, "stop")


@pytest.mark.parametrize("reason", ["length", "content_filter", "strange"])
def test_reasons_of_others_are_written_in_the_apis_words(reason):
    """Our word comes back."""
    message = AIMessage("Hi", response_metadata={"finish_reason": reason, "trace": {}})

    read = CONVERSE.read_reply(CONVERSE.write_reply(message))

    assert read.finish_reason == reason


def test_cached_tokens_are_counted_apart():
    """Our input counts all; theirs does not."""
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 3, "cache_creation": 4},
    }
    message = AIMessage("Hi", usage_metadata=usage)

    said = CONVERSE.write_reply(message)

    assert json.loads(said)["usage"] == {
        "inputTokens": 3,
        "outputTokens": 5,
        "totalTokens": 15,
        "cacheReadInputTokens": 3,
        "cacheWriteInputTokens": 4,
    }
    assert CONVERSE.read_reply(said).usage_metadata == usage


def test_counts_of_another_provider_are_not_passed_on():
    """A raw usage counts only if it says what ours does."""
    message = AIMessage(
        "Hi",
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        response_metadata={"token_usage": {"prompt_tokens": 1}},
    )

    said = json.loads(CONVERSE.write_reply(message))

    assert said["usage"]["inputTokens"] == 1


def test_what_stands_beside_an_answer_comes_back():
    """Unknown keys of the reply and of its message are kept, and written again."""
    reply = {
        "output": {"message": {"role": "assistant", "content": [], "new": 1}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
        "metrics": {"latencyMs": 5},
        "newer": {"a": 1},
    }

    message = CONVERSE.read_reply(json.dumps(reply).encode())

    assert message.response_metadata["token_usage"] == reply["usage"]
    assert json.loads(CONVERSE.write_reply(message)) == reply


def test_what_an_answer_says_is_not_what_stands_beside_it():
    """A stream may hold fields of whole replies where nobody expects them."""
    told = {"output": {"message": {"content": [{"text": "No"}]}}, "usage": {"x": 1}}
    metadata = {"model_provider": "bedrock_converse", **told}
    beside = {"content": [], "role": "user", "new": 1}
    message = AIMessage(
        "Yes", response_metadata=metadata, additional_kwargs=beside, id="1"
    )

    read = CONVERSE.read_reply(CONVERSE.write_reply(message))

    assert (read.text, read.additional_kwargs) == ("Yes", {"new": 1})
    assert read.usage_metadata is None


def test_reply_without_a_reason_says_none():
    """An answer that does not say why it ended was perhaps cut off."""
    message = CONVERSE.read_reply(b'{"output": {}}')

    assert message.finish_reason is None


@pytest.mark.parametrize(
    "fault, status, name",
    [
        (Fault(kind="authentication"), 403, "AccessDeniedException"),
        (Fault(status=401), 401, "AccessDeniedException"),
        (Fault(kind="rate_limit", retry_after=2), 429, "ThrottlingException"),
        (Fault(status=404), 404, "ResourceNotFoundException"),
        (Fault(status=400), 400, "ValidationException"),
        (Fault(status=400, kind="rate_limit"), 400, "ServiceQuotaExceededException"),
        (Fault(status=424, kind="server"), 424, "ModelErrorException"),
        (Fault(status=408), 408, "ModelTimeoutException"),
        (Fault(kind="server"), 500, "InternalServerException"),
        (Fault(kind="overloaded"), 503, "ServiceUnavailableException"),
    ],
)
def test_errors_are_named_and_come_back(fault, status, name):
    """An error has a message, and its name in a header."""
    reply = CONVERSE.write_error(fault)

    again = CONVERSE.read_error(reply.status, reply.headers, reply.body)

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (status, name)
    assert json.loads(reply.body) == {"message": fault.message}
    assert (again.kind, again.message, again.retry_after) == (
        *(fault.kind, fault.message, fault.retry_after),
    )


def test_errors_of_the_gateway_have_a_capital():
    """Some services of AWS say "Message"."""
    fault = CONVERSE.read_error(403, {}, b'{"Message":"No"}')

    assert fault.message == "No"


def test_silence_is_no_reply():
    """A connection that breaks has no status."""
    with pytest.raises(InputError, match="is no reply"):
        CONVERSE.write_error(Fault(kind="connection"))


@pytest.mark.parametrize(
    "output, content",
    [
        (None, []),
        ("4", [{"text": "4"}]),
        ({"a": 1}, [{"json": {"a": 1}}]),
        ([{"text": "4"}], [{"text": "4"}]),
    ],
)
def test_results_of_other_providers_become_content(output, content):
    """An output is a list of blocks there, and anything elsewhere."""
    block = {"type": "server_tool_result", "tool_call_id": "t", "output": output}

    said = json.loads(CONVERSE.write_reply(AIMessage([block])))

    (result,) = said["output"]["message"]["content"]
    assert result == {"toolResult": {"toolUseId": "t", "content": content}}


def test_the_dialect_says_what_it_is():
    """Its name, and the content type of its streams."""
    assert CONVERSE.name == "bedrock-converse"
    assert CONVERSE.stream_type == "application/vnd.amazon.eventstream"
