"""Glitches come where they are told to, chaos as its seed says, and nothing else."""

import re
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import (
    AIMessageChunk,
    Chaos,
    FakeProvider,
    Glitch,
    HumanMessage,
    InputError,
    Quota,
    Script,
    ScriptError,
    UnscriptedRequest,
    UnusedTurns,
    VirtualClock,
    call,
    fail,
    say,
)
from harness.endpoint import HttpCall
from harness.endpoint.frames import split
from harness.endpoint.glitches import Glitches
from harness.http_messages import HttpRequest
from harness.requests import ChatRequest
from harness.steps import Pause
from harness.wire import DIALECTS

URL = "https://api.openai.com/v1/chat/completions"
ANSWER = say(
    "The sky",
    " is blue.",
    call("get_weather", location="Boston"),
    misbehaving=True,
    times="forever",
)
DIALECT_NAMES = sorted(DIALECTS)


def request(dialect: str, *, stream: bool = True, text: str = "Hi") -> HttpRequest:
    """Give a request in *dialect*."""
    asked = ChatRequest(
        (HumanMessage(text),), model="m", params={"max_tokens": 99}, stream=stream
    )
    one = DIALECTS[dialect]
    path = one.path(asked)
    slash = "" if path.startswith("/") else "/"
    return HttpRequest("POST", f"http://x{slash}{path}", (), one.write_request(asked))


def played(fake: FakeProvider, dialect: str, **asked: Any) -> tuple[Any, ...]:
    """Ask *fake* and take all of the reply: what is sent, and the reply's head."""
    reply = fake.endpoint.answer(request(dialect, **asked))
    return reply.status, reply.headers, reply.waits, tuple(reply.pieces)


def streamed(dialect: str, *glitches: Glitch) -> bytes:
    """The bytes of a stream that *glitches* spoil."""
    fake = FakeProvider(ANSWER, glitches=glitches)
    pieces = played(fake, dialect)[-1]
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def posted(fake: FakeProvider, text: str = "Hi", *, stream: bool = False) -> Any:
    """Ask *fake* as a client does."""
    asked = {"model": "m", "stream": stream}
    said = [{"role": "user", "content": text}]
    with httpx.Client(transport=fake.transport(), timeout=60) as client:
        return client.post(URL, json={**asked, "messages": said})


def told(answer: httpx.Response) -> str:
    """What an answer says."""
    return str(answer.json()["choices"][0]["message"]["content"])


# ------------------------------------------------------- every place of a stream


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("kind", ["malformed", "half_frame", "early_end"])
def test_the_grammar_finds_what_breaks_a_stream(dialect: str, kind: Any) -> None:
    """At whichever frame it comes: each format reveals it."""
    whole = split(streamed(dialect))

    for after in range(len(whole)):
        spoiled = streamed(dialect, Glitch(kind, after=after))
        assert DIALECTS[dialect].check_stream(spoiled), after
        assert spoiled.startswith(b"".join(whole[:after]))


#: What may be missing, or elsewhere, without that a format can tell.
DELTAS = {
    "anthropic-messages": rb"content_block_delta",
    "bedrock-converse": rb"contentBlockDelta",
    "gemini": rb"^(?!.*finishReason)",
    "ollama-chat": rb'"done":false',
    "openai-chat": rb'"delta":\{(?!"role").+"finish_reason":null',
    "openai-responses": rb"^(?!)",
}


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("kind", ["dropped", "duplicated", "reordered"])
def test_the_grammar_finds_what_is_out_of_order(dialect: str, kind: Any) -> None:
    """All but a delta that nothing numbers."""
    whole = split(streamed(dialect))
    found = 0

    for after in range(len(whole) - (kind == "reordered")):
        spoiled = streamed(dialect, Glitch(kind, after=after))
        assert spoiled != b"".join(whole)
        if DIALECTS[dialect].check_stream(spoiled):
            found += 1
        else:
            assert re.search(DELTAS[dialect], whole[after], re.DOTALL), after

    assert found


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_an_error_event_is_lawful_everywhere(dialect: str) -> None:
    """It is in the words, and the numbers, of the provider; then the stream ends."""
    whole = split(streamed(dialect))

    for after in range(len(whole)):
        one = Glitch("error", after=after, message="Oh no", status=503)
        spoiled = streamed(dialect, one)
        assert DIALECTS[dialect].check_stream(spoiled) == []
        assert b"Oh no" in b"".join(split(spoiled)[after:])


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_each_frame_is_counted(dialect: str) -> None:
    """Also those that the encoder gives in one piece: each is sent alone."""
    fake = FakeProvider(ANSWER, glitches=[Glitch("slow", after=0, seconds=0)])
    whole = split(streamed(dialect))

    pieces = [piece for piece in played(fake, dialect)[-1] if isinstance(piece, bytes)]

    assert pieces == whole


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_body_can_be_made_large(dialect: str, stream: bool) -> None:
    """The JSON of a frame has the size that was asked for, and says the same."""
    spoilt = FakeProvider(ANSWER, glitches=[Glitch("oversized", size=50_000)])
    plain = FakeProvider(ANSWER)

    bodies = [
        b"".join(played(one, dialect, stream=stream)[-1]) for one in (spoilt, plain)
    ]

    read = DIALECTS[dialect].read_reply
    assert 50_000 <= len(bodies[0]) < 50_000 + len(bodies[1])
    assert read(bodies[0]) == read(bodies[1])


# ---------------------------------------------------------------- time


def test_a_slow_first_token_counts_for_the_client() -> None:
    """A wait before the first frame, or before a whole reply."""
    fake = FakeProvider(
        say("Hello!", times=2),
        clock=VirtualClock(),
        glitches=[Glitch("slow", call=None, seconds=30)],
    )

    posted(fake)
    first = fake.clock.now()
    posted(fake, stream=True)

    assert (first, fake.clock.now()) == (30, 60)


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_come_at_a_pace(stream: bool) -> None:
    """40 characters are 10 tokens: at 2 tokens per second they take 5 seconds."""
    fake = FakeProvider(
        "x" * 10 + " " + "y" * 29,
        clock=VirtualClock(),
        glitches=[Glitch("pace", tokens_per_second=2)],
    )

    posted(fake, stream=stream)

    assert fake.clock.now() == 5


def test_jitter_is_that_of_its_seed() -> None:
    """The same seed has the same times, within the share that was asked for."""

    def waits(seed: int) -> list[float]:
        pace = Glitch("pace", tokens_per_second=1, jitter=0.5, seed=seed)
        fake = FakeProvider("aaaa bbb ccc", glitches=[pace])
        pieces = played(fake, "openai-chat")[-1]
        return [piece.seconds for piece in pieces if isinstance(piece, Pause)]

    assert waits(1) == waits(1) != waits(2)
    assert len(waits(1)) == 3
    assert all(0.5 <= seconds <= 1.5 for seconds in waits(1))


# ---------------------------------------------------------------- turns


def test_a_status_uses_up_no_turn() -> None:
    """It comes in place of the script."""
    fake = FakeProvider("Hello!", glitches=[Glitch(429, retry_after=2)])

    refused, answer = posted(fake), posted(fake)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.headers["x-ratelimit-reset-requests"] == "2s"
    assert told(answer) == "Hello!"
    fake.check_exhausted()


def test_headers_of_a_status_are_as_they_were_written() -> None:
    """They take the place of those that a provider has."""
    said = {"x-ratelimit-limit-requests": "7", "x-should-retry": "false"}
    fake = FakeProvider(glitches=[Glitch(429, headers=said, message="No more")])

    refused = posted(fake)

    assert refused.headers["x-ratelimit-limit-requests"] == "7"
    assert refused.headers["x-should-retry"] == "false"
    assert refused.json()["error"]["message"] == "No more"


@pytest.mark.parametrize(
    "kind", ["reset", "stall", "early_end", "malformed", "dropped", "html", "error"]
)
def test_who_asks_again_gets_the_answer_that_broke(kind: Any) -> None:
    """A retry is no new question; the next question has the next turn."""
    fake = FakeProvider("one", "two", glitches=[Glitch(kind, after=None)])

    try:
        broken = posted(fake).text
    except httpx.HTTPError as error:
        broken = str(error)
    answers = [told(posted(fake)), told(posted(fake))]

    assert '"one"' not in broken or kind == "malformed"
    assert answers == ["one", "two"]
    assert len(fake.calls) == 2


def test_an_answer_that_broke_twice_is_still_there() -> None:
    """Each glitch has its own request."""
    glitches = [Glitch("reset", call=number) for number in range(3)]
    fake = FakeProvider("one", "two", glitches=glitches)

    for _ in glitches:
        with pytest.raises(httpx.ReadError):
            posted(fake)

    assert told(posted(fake)) == "one"
    assert told(posted(fake, "And?")) == "two"


def test_several_answers_of_one_call_are_all_kept() -> None:
    """A request for two choices plays two turns, and plays both of them again."""
    asked = ChatRequest((HumanMessage("Hi"),))
    source = Glitches(Script("one", "two", "three"), [Glitch("reset")])
    texts: list[list[str]] = []

    for index in range(2):
        source.gate(HttpCall(index, request("openai-chat"), 0.0, asked=asked))
        steps = [[*source.play(asked)] for _ in range(2)]
        texts.append([sum(one, AIMessageChunk()).text for one in steps])  # type: ignore[arg-type]  # chunks

    assert texts == [["one", "two"], ["one", "two"]]
    assert len(source.journal) == 2


def test_a_quota_does_not_lose_the_answer_that_broke() -> None:
    """Who is turned down on asking again still has it to come."""
    fake = FakeProvider(
        "one",
        "two",
        clock=VirtualClock(),
        glitches=[Glitch("malformed")],
        quota=Quota(requests_per_minute=1),
    )
    posted(fake)

    refused = posted(fake)
    fake.clock.sleep_until(60)

    assert refused.status_code == 429
    assert told(posted(fake)) == "one"


def test_a_harmless_glitch_uses_up_its_turn() -> None:
    """The application had its answer, only late."""
    fake = FakeProvider("one", "two", glitches=[Glitch("slow", seconds=1)])

    assert [told(posted(fake)), told(posted(fake))] == ["one", "two"]


def test_glitches_of_one_request_come_together() -> None:
    """In the order in which they are written."""
    fake = FakeProvider(
        "The sky is blue.",
        glitches=[Glitch("dropped", after=2), Glitch("duplicated", after=2)],
    )

    text = posted(fake, stream=True).text

    assert re.findall(r'"content":"([^"]*)"', text) == [
        "",
        "The",
        " is",
        " is",
        " blue",
        ".",
    ]
    assert [glitch.kind for glitch in fake.requests[0].glitches] == [
        "dropped",
        "duplicated",
    ]


# ---------------------------------------------------------------- mistakes


NEVER = re.escape(
    "Glitch('malformed', after=5) never comes: the answer to request 0 has 5 frames. "
    "Choose after from 0 to 4."
)


@pytest.mark.parametrize(
    "one, stream, words",
    [
        (
            Glitch("malformed", after=5),
            True,
            NEVER,
        ),
        (Glitch("dropped", after=1), False, "has 1 frame. Choose after from 0 to 0."),
        (Glitch("error", after=1), False, "has 1 frame. Choose after from 0 to 0."),
        (Glitch("reordered", after=4), True, "frame 4 is the last of the answer"),
        (Glitch("json"), False, "gets a whole reply anyway"),
    ],
)
def test_a_glitch_that_cannot_be_is_a_mistake(
    one: Glitch, stream: bool, words: str
) -> None:
    """Of the test, not a failure of the provider; it is said before the end comes."""
    fake = FakeProvider("Hello!", glitches=[one])

    with pytest.raises(UnscriptedRequest, match=words) as raised:
        posted(fake, stream=stream)

    assert isinstance(raised.value.error, ScriptError)
    assert fake.endpoint.failures == [raised.value]
    with pytest.raises(UnusedTurns):
        fake.check_exhausted()


def test_a_failing_turn_has_few_frames() -> None:
    """A turn that breaks off earlier than the glitch comes is no place for it."""
    turn = say("one two three", fail("connection", after=1))
    fake = FakeProvider(turn, glitches=[Glitch("dropped", after=5)])

    with pytest.raises(UnscriptedRequest, match="has 2 frames"):
        posted(fake, stream=True)


def test_glitches_that_never_came_to_pass_are_told() -> None:
    """As turns are that nothing asked for."""
    late = Glitch("reset", call=7)
    fake = FakeProvider("Hello!", glitches=[Glitch("slow", seconds=1), late])
    posted(fake)

    with pytest.raises(UnusedTurns) as raised:
        fake.check_exhausted()

    assert str(raised.value) == (
        "1 of 2 glitches never came to pass:\n  Glitch('reset', call=7)\n"
        "Let the application get there (call counts its requests from 0, after the "
        "frames that it reads), or remove them."
    )


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Glitch("malfromed"), "Did you mean 'malformed'?"),  # type: ignore[arg-type]
        (lambda: Glitch(302), "A fault of status 302"),
        (lambda: Glitch("reset", size=3), "'reset' takes no size, but call, after."),
        (lambda: Glitch(429, after=1), "429 takes no after, but call, message, retry_"),
        (lambda: Glitch("slow"), r"Glitch\('slow'\): say seconds=..."),
        (lambda: Glitch("pace"), "say tokens_per_second=..."),
        (lambda: Glitch("pace", tokens_per_second=0), "is a number above 0"),
        (lambda: Glitch("oversized", size=1 << 40), "is a number of bytes from 0 to"),
        (lambda: Glitch("reset", call=-1), "call is a whole number from 0 up"),
        (lambda: Glitch("error", status=200), "A fault of status 200"),
        (lambda: Chaos(reset=1.5), "give a rate from 0"),
        (lambda: Chaos(reset=0.6, stall=0.6), "1.2 in sum"),
        (lambda: Chaos("7"), r"Chaos\(seed='7'\)"),  # type: ignore[arg-type]
        (lambda: FakeProvider(chaos=0.5), r"chaos=0.5: give Chaos\("),  # type: ignore[call-overload]
        (lambda: FakeProvider(glitches=["reset"]), "give a list of glitches"),  # type: ignore[list-item]
        (lambda: FakeProvider(glitches=Glitch(500)), "give a list of glitches"),  # type: ignore[call-overload]
    ],
)
def test_what_is_no_glitch_is_refused(make: Any, words: str) -> None:
    """With what would have been right."""
    with pytest.raises(InputError, match=words):
        make()


# ---------------------------------------------------------------- chaos


SOME = {"rate_limit": 0.2, "reset": 0.1, "dropped": 0.05, "slow": 0.1, "malformed": 0.2}


def outcome(seed: int, indices: Sequence[int]) -> list[Any]:
    """What chaos has for each of *indices*, drawn in that order."""
    chaos = Chaos(seed, **SOME)
    drawn = {index: chaos.drawn(index) for index in indices}
    return [drawn[index] for index in sorted(drawn)]


@given(st.integers(), st.permutations(range(30)))
def test_chaos_hangs_on_seed_and_request_alone(seed: int, order: list[int]) -> None:
    """Whichever request comes first."""
    assert outcome(seed, order) == outcome(seed, range(30))


def test_another_seed_is_another_chaos() -> None:
    """Or a test would see one weather only."""
    assert len({str(outcome(seed, range(30))) for seed in range(20)}) == 20


def test_chaos_has_its_rates() -> None:
    """Over many requests, each kind comes as often as it was asked to."""
    drawn = [one for index in range(4000) if (one := Chaos(7, **SOME).drawn(index))]

    kinds = [one.kind for one in drawn]
    for kind, rate in (SOME | {429: SOME["rate_limit"]}).items():
        if kind != "rate_limit":
            assert abs(kinds.count(kind) / 4000 - rate) < 0.03  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("stream", [False, True])
def test_chaos_without_rates_changes_nothing(dialect: str, stream: bool) -> None:
    """Every byte is as it was."""
    plain = played(FakeProvider(ANSWER), dialect, stream=stream)

    calm = played(FakeProvider(ANSWER, chaos=Chaos(3)), dialect, stream=stream)

    assert calm == plain


RATES = [name for name in Chaos.__slots__ if name != "seed"]


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_chaos_is_the_same_each_time_and_never_a_mistake(
    rate: str, dialect: str, stream: bool
) -> None:
    """However short the answer is; what came to pass is in the journal."""

    def once(seed: int) -> list[Any]:
        fake = FakeProvider(
            say("Hi.", times="forever"), chaos=Chaos(seed, **{rate: 1.0})
        )
        return [
            *(played(fake, dialect, stream=stream) for _ in range(4)),
            *(call.glitches for call in fake.requests),
        ]

    first, again, other = once(1), once(1), once(2)

    assert first == again
    assert len(first) == len(other) == 8
    if rate != "reordered":  # which needs two frames, and a whole reply has one
        assert all(len(glitches) == 1 for glitches in first[4:])


def test_chaos_leaves_the_turns_in_order() -> None:
    """An application that asks until it has its answer gets all of them."""
    fake = FakeProvider(
        *map(str, range(20)), chaos=Chaos(5, reset=0.2, server=0.2, malformed=0.2)
    )
    answers: list[str] = []

    while len(answers) < 20:
        try:
            answer = posted(fake, f"Question {len(answers)}").raise_for_status()
            answers.append(told(answer))
        except (httpx.HTTPError, ValueError):
            continue

    assert answers == [str(number) for number in range(20)]
    assert 25 < len(fake.requests) < 100
    fake.check_exhausted()
