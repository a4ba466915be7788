"""Quotas hold, say how long to wait, and let in who waits that long."""

import time
from typing import Any

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import FakeProvider, Glitch, InputError, Quota, VirtualClock, say

CHAT = "https://api.openai.com/v1/chat/completions"
MESSAGES = "https://api.anthropic.com/v1/messages"
GEMINI = "https://x/v1beta/models/m:generateContent"
EVER = say("Hello!", times="forever")


def limited(**limits: int) -> FakeProvider:
    """Give a provider that grants no more than *limits*, on a clock that stands."""
    return FakeProvider(EVER, clock=VirtualClock(), quota=Quota(**limits))


def asked(
    fake: FakeProvider, text: str = "Hi", url: str = CHAT, **params: Any
) -> httpx.Response:
    """Ask *fake*, in the words of OpenAI or Anthropic."""
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **params}
    with httpx.Client(transport=fake.transport()) as client:
        return client.post(url, json=body)


def test_what_is_granted_is_told_with_each_answer() -> None:
    """How much there is, how much is left, and when all of it is there again."""
    fake = limited(requests_per_minute=3, tokens_per_minute=600)

    answer = asked(fake, "x" * 40, max_tokens=90)

    said = {k[12:]: v for k, v in answer.headers.items() if k.startswith("x-rate")}
    assert said == {
        "limit-requests": "3",
        "remaining-requests": "2",
        "reset-requests": "20s",
        "limit-tokens": "600",
        "remaining-tokens": "500",
        "reset-tokens": "10s",
    }


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    """The provider's own 429; the moment is exact."""
    fake = limited(requests_per_minute=3)
    for _ in range(3):
        assert asked(fake).status_code == 200

    refused = asked(fake)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.json()["error"] == {
        "message": "3 requests are granted a minute, and they are used up: try again "
        "in 20 s.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert len(fake.calls) == 3


def test_tokens_are_granted_too() -> None:
    """By what is asked, and what the answer may have."""
    fake = limited(tokens_per_minute=100)
    asked(fake, "x" * 200, max_tokens=40)  # 50 + 40

    refused = asked(fake, "x" * 40, max_completion_tokens=10)  # 10 + 10

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "6"
    assert "100 tokens are granted a minute" in refused.json()["error"]["message"]


def test_what_is_more_than_all_is_never_let_in() -> None:
    """So nobody is told to wait for it."""
    refused = asked(limited(tokens_per_minute=100), max_tokens=101)

    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    assert "this asks for 102 at once" in refused.json()["error"]["message"]


def test_each_provider_has_its_own_words() -> None:
    """Anthropic says moments, Google a detail of the error, both a time to wait."""
    fake = limited(requests_per_minute=2)
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]

    answer = asked(fake, url=MESSAGES, max_tokens=9)
    asked(fake, url=MESSAGES, max_tokens=9)
    refused = asked(fake, url=MESSAGES, max_tokens=9)
    with httpx.Client(transport=fake.transport()) as client:
        google = client.post(GEMINI, json={"contents": contents})

    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "1"
    assert answer.headers["anthropic-ratelimit-requests-limit"] == "2"
    assert answer.headers["anthropic-ratelimit-requests-reset"] == (
        "2025-01-01T00:00:30Z"
    )
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert refused.headers["retry-after"] == "30"
    assert google.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert google.json()["error"]["details"][0]["retryDelay"] == "30s"


@given(
    st.integers(1, 10_000),
    st.lists(st.floats(0, 30), min_size=1, max_size=30),
    st.floats(0, 1e6),
)
def test_who_waits_as_told_is_let_in(
    limit: int, gaps: list[float], start: float
) -> None:
    """To the millisecond; and never more are let in than were granted."""
    fake = limited(requests_per_minute=limit)
    began = start
    fake.clock.sleep_until(start)
    let_in = 0

    for gap in gaps:
        fake.clock.sleep_until(fake.clock.now() + gap)
        answer = asked(fake)
        if answer.status_code == 429:
            said = answer.headers
            fine = float(said.get("retry-after-ms", 0)) / 1000
            after = fine or float(said["retry-after"])
            fake.clock.sleep_until(fake.clock.now() + after)
            answer = asked(fake)
        assert answer.status_code == 200
        let_in += 1

    passed = fake.clock.now() - began
    assert let_in <= limit + passed * limit / 60 + 1e-3


def test_an_application_that_backs_off_gets_all_its_answers() -> None:
    """It waits on the clock of the fake, and nobody else waits."""
    fake = limited(requests_per_minute=6)
    answers: list[httpx.Response] = []

    while len(answers) < 20:
        answer = asked(fake)
        if answer.status_code == 200:
            answers.append(answer)
        else:
            wait = float(answer.headers["retry-after"])
            fake.clock.sleep_until(fake.clock.now() + wait)

    assert fake.clock.now() == 140  # 6 at once, then one each 10 seconds
    assert len(fake.requests) == 20 + 14


def test_an_sdk_that_retries_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits as long as it is told, on the clock of the fake, and no longer."""
    fake = limited(requests_per_minute=7)
    now, wait = fake.clock.now, fake.clock.sleep_until

    def sleep(seconds: float) -> None:
        wait(now() + seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    client = openai.OpenAI(
        api_key="x",
        max_retries=1,
        http_client=httpx2.Client(transport=fake.transport()),
    )

    for _ in range(10):
        client.responses.create(model="m", input="Hi")

    statuses = [call.status for call in fake.requests]
    assert statuses == [200] * 7 + [429, 200] * 3
    assert fake.requests[7].header("retry-after-ms") == "8572"
    assert 25.714 <= now() < 25.72  # a minute has 7 of them


def test_what_a_glitch_turns_down_costs_nothing() -> None:
    """Its provider never saw it."""
    fake = FakeProvider(
        EVER,
        clock=VirtualClock(),
        quota=Quota(requests_per_minute=1),
        glitches=[Glitch(500)],
    )

    assert [asked(fake).status_code for _ in range(3)] == [500, 200, 429]


@pytest.mark.parametrize(
    "make, words",
    [
        (Quota, "limits nothing"),
        (lambda: Quota(requests_per_minute=0), r"requests_per_minute=0\): give 1"),
        (lambda: Quota(tokens_per_minute=1.5), "give 1 or more"),  # type: ignore[arg-type]
        (lambda: FakeProvider(quota=3), r"quota=3: give Quota\("),  # type: ignore[call-overload]
    ],
)
def test_what_is_no_quota_is_refused(make: Any, words: str) -> None:
    """With what would have been right."""
    with pytest.raises(InputError, match=words):
        make()
