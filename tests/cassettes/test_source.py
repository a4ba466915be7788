"""A cassette as a source: which answer a request gets, and what a miss says."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from harness.cassettes import CassetteSource, Interaction
from harness.chunks import AIMessageChunk
from harness.coercion import coerce_messages
from harness.errors import CassetteError, CassetteMiss, InputError
from harness.requests import ChatRequest
from harness.steps import Fault, Pause
from harness.wire.openai_chat import OPENAI_CHAT

NEVER = "ConnectTimeout: timed out"
URL = "https://api.openai.com/v1/chat/completions"


def recorded(
    question: str,
    answer: str = "Hi",
    *,
    status: int = 200,
    url: str = URL,
    **asked: Any,
) -> Interaction:
    """Give an interaction: a question, and a whole reply."""
    messages = [{"role": "user", "content": question}]
    reply = {"choices": [{"message": {"content": answer}, "finish_reason": "stop"}]}
    return Interaction(
        "POST",
        url,
        status,
        request_body=json.dumps({"messages": messages, **asked}).encode(),
        response_headers=(("Retry-After", "7"),),
        response_body=json.dumps(
            reply if status == 200 else {"error": answer}
        ).encode(),
        place=f"c.yaml, interaction {answer}",
    )


def streamed(question: str, *pieces: str, chunks: bool = False) -> Interaction:
    """Give an interaction whose answer streams."""
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    parts = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    parts.append(b"data: [DONE]\n\n")
    messages = [{"role": "user", "content": question}]
    asked = json.dumps({"messages": messages, "stream": True}).encode()
    body = b"".join(parts)
    return Interaction(
        "POST",
        URL,
        200,
        request_body=asked,
        response_body=body,
        response_chunks=tuple(parts) if chunks else None,
    )


def ask(question: str, **fields: Any) -> ChatRequest:
    """Give a request."""
    return ChatRequest(coerce_messages(question), **fields)


def answer(source: CassetteSource, question: str, **fields: Any) -> str:
    """Give the text that is played."""
    steps = source.play(ask(question, **fields))
    return "".join(step.text for step in steps if isinstance(step, AIMessageChunk))


def miss(source: CassetteSource, question: str, **fields: Any) -> str:
    """Give what is said of a request that was not recorded."""
    with pytest.raises(CassetteMiss) as caught:
        source.play(ask(question, **fields))
    assert source.misses[-1] is caught.value
    return str(caught.value)


def test_each_request_gets_its_own_answer() -> None:
    """The order of asking does not matter."""
    source = CassetteSource([recorded("a", "1"), recorded("b", "2")])

    assert (answer(source, "b"), answer(source, "a")) == ("2", "1")
    assert (source.play_count, source.unused(), source.misses) == (2, [], [])


def test_equal_requests_play_in_recorded_order() -> None:
    """What was asked twice is answered twice, and not a third time."""
    source = CassetteSource([recorded("a", "1"), recorded("a", "2")])

    assert [answer(source, "a") for _ in range(2)] == ["1", "2"]
    told = miss(source, "a")
    assert "All 2 recordings of this request were played already" in told
    assert "c.yaml, interaction 2: 'a'" in told
    assert "allow_playback_repeats=True" in told


def test_the_one_recording_was_played() -> None:
    """With a single recording the words are right too."""
    source = CassetteSource([recorded("a")], name="the cassette 'x'")
    answer(source, "a")

    assert miss(source, "a").startswith(
        "the cassette 'x': The one recording of this request was played already"
    )


def test_the_last_repeats() -> None:
    """With allow_playback_repeats the last one plays on, not the first."""
    source = CassetteSource(
        [recorded("a", "1"), recorded("a", "2")], allow_playback_repeats=True
    )

    assert [answer(source, "a") for _ in range(4)] == ["1", "2", "2", "2"]


def test_streams_and_whole_replies() -> None:
    """The recording that was made as it is asked comes first, the other will do."""
    source = CassetteSource([recorded("a", "whole"), streamed("a", "in ", "pieces")])

    assert answer(source, "a", stream=True) == "in pieces"
    assert answer(source, "a", stream=True) == "whole"


@pytest.mark.parametrize("chunks", [True, False])
def test_a_stream_plays_event_by_event(chunks: bool) -> None:
    """Events are never joined, whether their bytes are kept apart or not."""
    source = CassetteSource([streamed("a", "1", "2", chunks=chunks)])

    steps = list(source.play(ask("a", stream=True)))

    assert [step.text for step in steps if isinstance(step, AIMessageChunk)] == [
        "1",
        "2",
        "",
    ]


def test_a_time_beyond_all_bounds_is_a_long_pause() -> None:
    """A file may say any number; what it says can be played and shown."""
    one = replace(streamed("Hi?", "a", chunks=True), chunk_times=(0, 10**15))

    (recording,) = CassetteSource([one]).recordings
    pauses = [s.seconds for s in recording.steps(1.0) if isinstance(s, Pause)]

    assert pauses == [999_999_999.0]


def test_an_error_is_a_fault() -> None:
    """A recorded 429 plays as itself."""
    source = CassetteSource([recorded("a", "slow down", status=429)])

    (step,) = source.play(ask("a"))

    assert isinstance(step, Fault)
    assert (step.kind, step.retry_after, step.message) == ("rate_limit", 7, "slow down")


def test_a_miss_tells_the_nearest_recording() -> None:
    """It says what was asked, which recording is nearest, and what differs."""
    source = CassetteSource(
        [recorded("Hello!", "1"), recorded("Weather in Boston?", "2")], name="'c'"
    )

    assert miss(source, "Weather in Bostn?") == (
        "'c' has no answer to this request:\n"
        "  human: 'Weather in Bostn?'\n"
        "The nearest of its 2 recordings is c.yaml, interaction 2: "
        "'Weather in Boston?'. It differs in\n"
        "  message 1 (human): 'Weather in Bostn?' instead of 'Weather in Boston?'\n"
        "To add it, record it: use_cassette(name, mode='new_episodes'), or in a test "
        "pytest --cassette-mode=new_episodes."
    )


def test_a_miss_is_short() -> None:
    """Of many differences the first are told."""
    source = CassetteSource([recorded("a")])
    messages = coerce_messages([("user", str(n)) for n in range(30)])

    with pytest.raises(CassetteMiss, match="  and 18 more"):
        source.play(ChatRequest(messages))


def test_a_cassette_without_chats() -> None:
    """Other traffic is left aside, and a miss says why each was."""
    source = CassetteSource(
        [recorded("a", url="https://a.b/v1/embeddings")], name="'c'"
    )

    told = miss(source, "a")

    assert len(source.skipped) == 1
    assert "'c' has no recording of a chat." in told
    assert "c.yaml, interaction Hi: no dialect reads this URL" in told


def test_a_request_that_cannot_be_read_is_skipped() -> None:
    """Placeholders in a body make it no chat; the rest plays."""
    broken = Interaction("POST", URL, 200, request_body=b"<BODY>")
    source = CassetteSource([broken, recorded("a")])

    assert answer(source, "a") == "Hi"
    assert "a request is no JSON" in source.skipped[0][1]


def test_a_dialect_may_be_given() -> None:
    """Where the URL does not tell, the caller does."""
    found = recorded("a", url="https://proxy/v1/chat")

    assert answer(CassetteSource([found], OPENAI_CHAT), "a") == "Hi"


def test_matching_on_less() -> None:
    """What match_on leaves out may differ."""
    source = CassetteSource([recorded("a")], match_on=["tools"])

    assert answer(source, "something else") == "Hi"


def test_matching_on_model_and_params() -> None:
    """They count as far as the caller gives them."""
    found = [recorded("a", str(n), model=f"m{n}", seed=n) for n in range(3)]
    source = CassetteSource(found, match_on=["messages", "model", "params"])

    assert answer(source, "a", model="m1") == "1"
    assert answer(source, "a", params={"seed": 2}) == "2"
    assert answer(source, "a") == "0"
    assert "model: 'm9' instead of 'm" in miss(source, "a", model="m9")


def test_match_on_is_checked() -> None:
    """A name that no request has is an error at once."""
    with pytest.raises(InputError, match="Did you mean 'messages'"):
        CassetteSource([], match_on=["mesages"])


def test_damage_inside_a_body_names_the_interaction() -> None:
    """An answer that no dialect can read says where it stands."""
    broken = Interaction(
        "POST",
        URL,
        200,
        request_body=recorded("a").request_body,
        response_body=b"data: {oops}\n\ndata: [DONE]\n\n",
        place="c.yaml, interaction 1",
    )

    with pytest.raises(
        CassetteError, match=r"c\.yaml, interaction 1: openai-chat: event 1"
    ):
        list(CassetteSource([broken]).play(ask("a")))


def test_a_request_without_messages() -> None:
    """A recording of nothing asked has no words to show."""
    source = CassetteSource(
        [Interaction("POST", URL, 400, request_body=b'{"messages": []}', place="p")]
    )

    assert "All it has is p. It differs in" in miss(source, "a")


def test_a_compressed_request() -> None:
    """A request that was recorded compressed is read, or left aside if damaged."""
    plain = recorded("a")
    packed = gzip.compress(plain.request_body)

    source = CassetteSource(
        [
            replace(plain, request_body=packed),
            replace(plain, request_body=packed[:-9], place="p"),
        ]
    )

    assert answer(source, "a") == "Hi"
    assert [why[:42] for _, why in source.skipped] == [
        "p: the body of the request is damaged gzip"
    ]


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ("timeout", "timeout"),
        ("connection", "connection"),
        ("interrupted", "connection"),
        ("complete", "server"),
    ],
)
def test_a_request_that_never_got_an_answer_fails_as_it_did(
    ended: Any, kind: str
) -> None:
    """Status 599 stands for no answer at all: it is no error of a server."""
    one = replace(recorded("Hi?", status=599), ended=ended, failure=NEVER)
    source = CassetteSource([one])

    (fault,) = source.play(ask("Hi?"))

    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert fault.status == (599 if kind == "server" else None)
    assert fault.message == ("Hi" if kind == "server" else NEVER)
