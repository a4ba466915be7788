"""How a live answer drifts from the recorded one, in what it means."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.cassettes.drift import drift
from harness.cassettes.interactions import Interaction

URL = "https://api.openai.com/v1/chat/completions"


def answered(body: Any, status: int = 200, url: str = URL) -> Interaction:
    """Give an interaction with an answer; one that is no bytes becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Interaction("POST", url, status, response_body=data, place="w.yaml, 1")


def reply(text: str, finish: str = "stop", **more: Any) -> dict[str, Any]:
    """Give a chat's whole reply."""
    choice = {"message": {"content": text}, "finish_reason": finish}
    return {"id": "x", "created": 1, "model": "m", "choices": [choice], **more}


def streamed(*texts: str) -> bytes:
    """Give the same as a stream."""
    chunks = [{"choices": [{"delta": {"content": text}}]} for text in texts]
    end = {"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}]}
    return b"".join(b"data: %s\n\n" % json.dumps(c).encode() for c in [*chunks, end])


@pytest.mark.parametrize(
    ("live", "recorded"),
    [
        (reply("a", id="y", created=2, usage={"total_tokens": 9}), reply("a")),
        (streamed("He", "llo") + b"data: [DONE]\n\n", streamed("Hello")),
    ],
)
def test_ids_times_and_pieces_are_no_drift(live: Any, recorded: Any) -> None:
    """What differs from call to call does not count."""
    assert drift(answered(live), answered(recorded)) == []


def test_errors_count_by_what_they_are_called() -> None:
    """The words of an error may change, and be no JSON."""
    quota = {"error": {"message": "no", "type": "insufficient_quota"}}
    other = {"error": {"message": "not now", "type": "insufficient_quota"}}
    busy = {"error": {"message": "no", "type": "rate_limit"}}

    assert drift(answered(quota, 429), answered(other, 429)) == []
    assert drift(answered(b"busy", 503), answered({"error": "busy"}, 503)) == []
    (line,) = drift(answered(busy, 429), answered(quota, 429))
    assert line.startswith("w.yaml, 1: error: {'type': 'rate_limit'} instead of {'type")


@pytest.mark.parametrize(
    ("live", "recorded", "lines"),
    [
        (reply("b"), reply("a"), ["answer: 'b' instead of 'a'"]),
        (
            reply("a", "length"),
            reply("a"),
            ["finish_reason: 'length' instead of 'stop'"],
        ),
        (reply("a", model="n"), reply("a"), ["model_name: 'n' instead of 'm'"]),
    ],
)
def test_what_is_meant_is_drift(live: Any, recorded: Any, lines: list[str]) -> None:
    """Texts, how it ended, and which model it was."""
    said = [f"w.yaml, 1: {line}" for line in lines]

    assert drift(answered(live), answered(recorded)) == said


def test_another_status_or_ending_is_drift() -> None:
    """Before what it says; bodies of different statuses are not compared."""
    one = answered(reply("a"))
    cut = replace(one, ended="interrupted")

    assert drift(cut, one) == ["w.yaml, 1: ended: 'interrupted' instead of 'complete'"]
    assert drift(answered({}, 500), one) == ["w.yaml, 1: status: 500 instead of 200"]


@pytest.mark.parametrize(
    ("live", "recorded", "line"),
    [
        ({"a": {"b": 1, "c": 3}}, {"a": {"b": 2, "c": 3}}, "body.a.b: 1 instead of 2"),
        ({"a": 1}, {}, "body.a: 1 instead of None"),
        ([1], [2], "body: [1] instead of [2]"),
        (b"yes", b"no", "body: b'yes' instead of b'no'"),
    ],
)
def test_other_traffic_is_compared_as_json_or_bytes(
    live: Any, recorded: Any, line: str
) -> None:
    """Where no dialect reads the URL."""
    one, other = (answered(body, url="https://a.b/") for body in (live, recorded))

    assert drift(one, other) == [f"w.yaml, 1: {line}"]
    assert drift(one, one) == []


def test_json_that_means_the_same_is_no_drift() -> None:
    """Spelling does not count here either."""
    one, other = (answered(b, url="https://a.b/") for b in (b'{"a":1}', b'{"a": 1}'))

    assert drift(one, other) == []


def test_an_answer_that_cannot_be_read_is_drift() -> None:
    """It is a line, and no error."""
    (line,) = drift(answered(b"{broken"), answered(reply("a")))

    assert line.startswith("w.yaml, 1: the body cannot be read: ")
