"""Trying again: when, how often, and after which wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness import (
    AuthenticationError,
    BadRequestError,
    FakeChatModel,
    InputError,
    InterruptedStreamError,
    ModelConnectionError,
    ModelTimeoutError,
    OverloadedError,
    RateLimitError,
    RealClock,
    ServerError,
    VirtualClock,
    WireError,
)

NO = {"error": {"message": "No."}}


class Stopwatch(RealClock):
    """Real time that notes down the waits instead of waiting."""

    def __init__(self):
        self.waits = []

    def sleep_until(self, moment):
        self.waits.append(moment - self.now())


@pytest.mark.parametrize("tasks", [False, True])
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(provider, model, reply, status, tasks):
    """After a status that may pass, the same request is sent again."""
    provider.replies(NO, status)
    provider.replies(NO, status)
    provider.replies(reply("At last"))
    asked = model()

    message = asyncio.run(asked.ainvoke("Hi")) if tasks else asked.invoke("Hi")

    assert message.text == "At last"
    first, *others = [request.body for request in provider.asked]
    assert others == [first, first]
    assert 0.375 + 0.75 <= asked.clock.now() <= 0.5 + 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, BadRequestError), (401, AuthenticationError), (404, BadRequestError)],
)
def test_what_will_not_pass_is_not(provider, model, status, error):
    """A request that is wrong stays wrong."""
    provider.replies(NO, status)

    with pytest.raises(error):
        model().invoke("Hi")

    assert len(provider.asked) == 1


def test_it_is_tried_as_often_as_was_said(provider, model):
    """`max_retries` counts the further attempts; the error tells of them."""
    for _ in range(4):
        provider.replies(NO, 500)

    with pytest.raises(
        ServerError, match=r"No\. \(POST .*\), at attempt 4 \[status 500"
    ):
        model(max_retries=3).invoke("Hi")

    assert len(provider.asked) == 4


def test_never_again(provider, model):
    """With `max_retries=0` there is one attempt."""
    provider.replies(NO, 503)

    with pytest.raises(OverloadedError):
        model(max_retries=0).invoke("Hi")

    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0"}, 0),
        ({"retry_after_ms": "1500", "retry_after": "7"}, 1.5),
        ({"retry_after": "60"}, 60),
    ],
)
def test_the_provider_says_how_long(provider, model, reply, headers, seconds):
    """The wait is what the provider asks for."""
    provider.replies(NO, 429, **headers)
    provider.replies(reply("Now"))
    asked = model()

    asked.invoke("Hi")

    assert asked.clock.now() == seconds


def test_the_provider_says_until_when(provider, model, reply):
    """A date is as good as a number of seconds."""
    later = datetime.now(UTC) + timedelta(seconds=30)
    provider.replies(NO, 503, retry_after=format_datetime(later, usegmt=True))
    provider.replies(reply("Now"))
    asked = model()

    asked.invoke("Hi")

    assert 20 < asked.clock.now() <= 31


def test_a_wait_that_is_too_long(provider, model):
    """Who is asked to wait for long is told, and not kept waiting."""
    provider.replies(NO, 429, retry_after="61")

    with pytest.raises(RateLimitError) as caught:
        model().invoke("Hi")

    assert caught.value.retry_after == 61
    assert "not tried again: it asks to wait 61 seconds, and we wait 60 at most" in str(
        caught.value
    )
    assert len(provider.asked) == 1


def test_the_provider_says_to_try_again(provider, model, reply):
    """`x-should-retry` is heard before the status."""
    provider.replies(NO, 400, x_should_retry="true")
    provider.replies(reply("Now"))

    assert model().invoke("Hi").text == "Now"


def test_the_provider_says_not_to_try_again(provider, model):
    """In either direction."""
    provider.replies(NO, 503, x_should_retry="false")

    with pytest.raises(OverloadedError):
        model().invoke("Hi")

    assert len(provider.asked) == 1


@pytest.mark.parametrize("tasks", [False, True])
def test_a_connection_that_fails_is_tried_again(provider, model, reply, tasks):
    """A server that hung up may answer the next time."""
    provider.streams(provider.cut)
    provider.replies(reply("Back"))
    asked = model()

    message = asyncio.run(asked.ainvoke("Hi")) if tasks else asked.invoke("Hi")

    assert message.text == "Back"


def test_nobody_is_there_three_times(provider, model):
    """A refused connection is tried again too."""
    provider.close()

    with pytest.raises(ModelConnectionError, match="at attempt 3"):
        model().invoke("Hi")


def test_a_silent_server_is_asked_again(provider, model, reply):
    """A timeout before the answer is tried again."""
    provider.streams(provider.hold)
    provider.replies(reply("Awake"))

    assert model(timeout=0.05).invoke("Hi").text == "Awake"


def test_a_silent_server_is_given_up(provider, model):
    """The last timeout is told."""
    provider.streams(provider.hold)
    provider.streams(provider.hold)

    with pytest.raises(ModelTimeoutError, match="at attempt 2"):
        model(timeout=0.05, max_retries=1).invoke("Hi")


def test_a_reply_that_is_cut_is_tried_again(provider, model, reply):
    """Of an answer that is wanted whole, half is none."""
    provider.streams(b'{"id": "chatcmpl-1", ', provider.cut)
    provider.replies(reply("Whole"))

    assert model().invoke("Hi").text == "Whole"


def test_a_stream_is_tried_again_before_its_first_chunk(provider, model, words):
    """A stream that failed before it said anything is begun again."""
    provider.replies(NO, 503)
    provider.streams(b": connected\n\n", provider.cut)
    provider.streams(*words("Hi"))

    assert sum(model().stream("Hello")).text == "Hi"
    assert len(provider.asked) == 3


def test_an_error_at_the_start_of_a_stream_is_tried_again(provider, model, words):
    """Also where the provider says so in the stream."""
    busy = b'data: {"error": {"message": "busy", "type": "overloaded_error"}}\n\n'
    provider.streams(busy)
    provider.streams(*words("Hi"))

    assert sum(model().stream("Hello")).text == "Hi"


def test_a_stream_is_not_tried_again_after_its_first_chunk(provider, model, words):
    """What was said cannot be taken back."""
    provider.streams(words("Hel", "lo")[0], provider.cut)

    with pytest.raises(InterruptedStreamError):
        [*model().stream("Hello")]

    assert len(provider.asked) == 1


def test_nonsense_is_not_tried_again(provider, model):
    """A reply that cannot be read would be sent again."""
    provider.replies({"choices": "none"})

    with pytest.raises(WireError, match="none"):
        model().invoke("Hi")

    assert len(provider.asked) == 1


def test_the_wait_begins_when_the_attempt_has_failed(provider, model, reply):
    """The time that an attempt took is no part of the wait after it."""
    provider.streams(provider.hold)
    provider.replies(NO, 503, retry_after="1")
    provider.replies(reply("Now"))
    clock = Stopwatch()

    model(timeout=0.2, clock=clock).invoke("Hi")

    first, second = clock.waits
    assert 0.3 < first <= 0.5
    assert second > 0.9


def test_waits_grow_up_to_eight_seconds(provider, model):
    """Without a word of the provider: half a second, then twice as long each time."""
    for _ in range(8):
        provider.replies(NO, 500)
    asked = model(max_retries=7)

    with pytest.raises(ServerError):
        asked.invoke("Hi")

    total = 0.5 + 1 + 2 + 4 + 8 + 8 + 8
    assert 0.75 * total <= asked.clock.now() <= total


def test_retries_of_the_caller_come_on_top(provider, model, reply):
    """`with_retry` asks the whole model again, with its own retries."""
    provider.replies(NO, 503)
    provider.replies(NO, 503)
    provider.replies(reply("Now"))

    asked = model(max_retries=0).with_retry(stop_after_attempt=3)

    assert asked.invoke("Hi").text == "Now"


def test_another_model_answers(provider, model):
    """`with_fallbacks` takes over when the retries are used up."""
    provider.replies(NO, 503)

    asked = model(max_retries=0).with_fallbacks([FakeChatModel("Me, then.")])

    assert asked.invoke("Hi").text == "Me, then."


@pytest.mark.parametrize("count", [-1, 1.5, True, "2", None, 101])
def test_a_number_of_retries_that_is_none(model, count):
    """What is no number of retries is refused, with its value."""
    with pytest.raises(InputError, match=r"^max_retries=.*give a whole number from 0"):
        model(max_retries=count)


def test_the_clock_is_checked(model):
    """A clock has to tell the time."""
    with pytest.raises(InputError, match="clock"):
        model(clock=VirtualClock)
