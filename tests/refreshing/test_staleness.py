"""Which cassettes are stale, and which can be asked again."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from harness import InputError, Redaction
from harness.cassettes import Interaction
from harness.cassettes.conversations import conversation
from harness.messages import HumanMessage
from harness.refreshing import is_stale, obstacle, oldest, read_age
from harness.requests import ChatRequest

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CHAT = "https://api.openai.com/v1/chat/completions"


def recorded(at: str) -> Interaction:
    """Give an interaction of that time."""
    return Interaction("POST", CHAT, 200, recorded_at=at)


@pytest.mark.parametrize(
    "text, hours", [("90d", 2160), ("12h", 12), ("2W", 336), ("7", 168), ("0d", 0)]
)
def test_an_age_is_read(text, hours):
    """Hours, days, weeks; days where nothing is said."""
    assert read_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5d", "3 months", "123456d"])
def test_what_is_no_age(text):
    """It is told how one looks."""
    with pytest.raises(InputError, match="is no age; give one such as 90d, 12h or 2w"):
        read_age(text)


@pytest.mark.parametrize(
    "times, age, stale",
    [
        (["2026-05-31T00:00:00Z"], "2d", False),
        (["2026-05-31T00:00:00Z", "2026-05-01T00:00:00Z"], "2d", True),
        (["", "2026-05-31T00:00:00Z"], "2d", False),
        ([""], "2d", False),
        ([""], "0d", True),
        (["yesterday"], "2d", False),
        (["2026-05-31T00:00:00"], "1h", True),
    ],
)
def test_the_oldest_recording_makes_a_cassette_stale(times, age, stale):
    """What has no date counts only where everything does."""
    interactions = [recorded(at) for at in times]

    assert is_stale(interactions, read_age(age), NOW) is stale


def test_nothing_has_no_age():
    """Neither has what other recorders wrote."""
    assert oldest([]) is None
    assert oldest([recorded("")]) is None


@pytest.mark.parametrize(
    "one, why",
    [
        (Interaction("POST", CHAT, 429), "was refused (429), which asking again"),
        (Interaction("POST", CHAT, 503), "was refused (503), which asking again"),
        (
            Interaction("POST", CHAT, 599, ended="connection"),
            "ended in a failure (connection), which asking again does not bring",
        ),
        (
            Interaction("POST", CHAT, 200, ended="truncated"),
            "ended in a failure (truncated)",
        ),
        (
            Interaction("POST", "https://hooks.example.com/post", 200),
            "is POST to hooks.example.com, which is no model: it might do something",
        ),
        (
            Interaction("POST", CHAT, 200, request_body=b"REDACTED-secret-0123abcd"),
            "has a redacted secret in the body of its request",
        ),
        (
            Interaction("POST", CHAT, 200, response_body=b"REDACTED-own-0123abcd"),
            "was redacted by rules of your own, which are not known here",
        ),
        (
            Interaction("POST", "https://a.b:99999999/", 200),
            "has a URL whose host or port is none",
        ),
        (
            Interaction("POST", "https://[::1/v1/chat/completions", 200),
            "has a URL whose host or port is none",
        ),
        (
            conversation(ChatRequest((HumanMessage("Hi"),)), [], []),
            "was recorded by a RecordingChatModel, which alone can ask it again",
        ),
    ],
)
def test_what_cannot_be_asked_again(one, why):
    """It is told which interaction, and why."""
    found = obstacle([Interaction("POST", CHAT, 200), one])

    assert found is not None
    assert found.startswith(f"interaction 2 {why}")


def test_what_can_be_asked_again():
    """Models, refusals for good, this machine, and whatever is only read."""
    gateway = "https://llm.internal"
    interactions = [
        Interaction("POST", CHAT, 200),
        Interaction("POST", CHAT, 400),
        Interaction("POST", f"{gateway}/v1/chat/completions", 200),
        Interaction("POST", f"{gateway}/v1/embeddings", 200),
        Interaction("POST", "http://127.0.0.1:8000/tool", 200),
        Interaction("GET", "https://example.com/page", 200),
    ]

    assert obstacle(interactions) is None


OWN_RULES = Redaction(headers=["x-customer"], fields=["ssn"], query=["customer"])


@pytest.mark.parametrize(
    "one",
    [
        Interaction("POST", CHAT, 200, response_headers=(("x-customer", "ACME"),)),
        Interaction("POST", CHAT, 200, response_body=b'{"ssn": "123-45-6789"}'),
        Interaction("POST", f"{CHAT}?customer=ACME", 200),
        Interaction(
            "POST",
            CHAT,
            200,
            response_headers=(("content-encoding", "gzip"),),
            response_body=gzip.compress(b'{"ssn": "123-45-6789"}'),
        ),
    ],
    ids=["header", "field", "query", "compressed"],
)
def test_what_rules_of_ones_own_hide_is_not_asked_for_again(one):
    """By name, too: the default rules would store the answer as it is."""
    found = obstacle([OWN_RULES.redact(one)])

    assert found is not None
    assert found.startswith("interaction 1 was redacted by rules of your own")


def test_what_the_default_rules_hide_is_asked_for_again():
    """Whatever has it, and where it is echoed."""
    one = Interaction(
        "POST",
        f"{CHAT}?key=8d1c0b7a4f2e",
        200,
        request_headers=(("authorization", "Bearer 0a9b8c7d6e5f"),),
        response_headers=(("set-cookie", "a=0f1e2d3c4b5a"), ("x-api-token", "77aa66")),
        response_body=b'{"api_key": "hunter2222", "said": "0a9b8c7d6e5f"}',
    )

    assert obstacle([Redaction.default().redact(one)]) is None
