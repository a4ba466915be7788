"""The waist: pauses and faults are checked where they are made."""

import pytest

from harness import errors
from harness.errors import InputError
from harness.messages import AIMessage
from harness.steps import Fault, Pause, fault_error


@pytest.mark.parametrize("seconds", [0, 0.5, 3600])
def test_a_pause_takes_seconds(seconds):
    """Any real number of seconds from 0 up is a pause."""
    assert Pause(seconds).seconds == seconds


@pytest.mark.parametrize(
    "seconds", [-1, float("nan"), float("inf"), 1e9, "2", None, True]
)
def test_what_is_no_pause(seconds):
    """A pause of something else is refused where it is made."""
    with pytest.raises(InputError) as caught:
        Pause(seconds)

    assert str(caught.value) == (
        f"A pause of {seconds!r} seconds; give a number from 0 up."
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "authentication"),
        (403, "authentication"),
        (404, "bad_request"),
        (408, "timeout"),
        (422, "bad_request"),
        (429, "rate_limit"),
        (500, "server"),
        (502, "server"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
        (None, "connection"),
    ],
)
def test_a_status_tells_the_kind(status, kind):
    """What kind of fault it is follows from its status, if it is not said."""
    assert Fault(status=status).kind == kind


def test_a_kind_that_is_said_wins():
    """The kind may be said, whatever the status is."""
    fault = Fault("Too long", kind="server", status=400)

    assert (fault.kind, fault.message) == ("server", "Too long")


def test_a_fault_has_a_message():
    """Without words, a fault says what kind it is and that it is scripted."""
    assert Fault(status=429).message == "rate limit (scripted)"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": 200}, "A fault of status 200; an error's status is 400 to 599."),
        ({"status": "429"}, "A fault of status '429'; an error's status is 400 to"),
        ({"status": True}, "A fault of status True; an error's status is 400 to 599."),
        (
            {"kind": "rate_limt"},
            "No kind of fault is 'rate_limt'. Did you mean 'rate_limit'?",
        ),
        ({"kind": []}, "No kind of fault is []. Known: 'authentication'"),
        (
            {"retry_after": -1},
            "A fault with retry_after -1; give a number of seconds from 0 up.",
        ),
        ({"retry_after": "2"}, "A fault with retry_after '2'; give a number"),
    ],
)
def test_what_is_no_fault(fields, text):
    """A fault that no provider has is refused where it is made."""
    with pytest.raises(InputError) as caught:
        Fault(**fields)

    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", errors.RateLimitError),
        ("authentication", errors.AuthenticationError),
        ("bad_request", errors.BadRequestError),
        ("overloaded", errors.OverloadedError),
        ("server", errors.ServerError),
        ("timeout", errors.ModelTimeoutError),
        ("connection", errors.ModelConnectionError),
        ("interrupted", errors.InterruptedStreamError),
    ],
)
def test_each_kind_has_its_error(kind, error):
    """A fault is raised as the error of its kind."""
    assert type(fault_error(Fault(kind=kind))) is error


def test_an_error_tells_all_of_its_fault():
    """The error has the message, the status and the seconds to wait."""
    error = fault_error(Fault("Slow down", status=429, retry_after=2))

    assert str(error) == "Slow down [status 429]"
    assert (error.status, error.retry_after, error.partial) == (429, 2, None)


@pytest.mark.parametrize("kind", ["connection", "server", "timeout"])
def test_a_fault_in_the_middle_interrupts(kind):
    """Once the answer has begun, a lost connection is an interrupted stream."""
    error = fault_error(Fault(kind=kind), AIMessage("Hel"))

    assert type(error) is errors.InterruptedStreamError
    assert error.partial == AIMessage("Hel")


def test_a_provider_may_say_why_it_stops():
    """A provider that says it is overloaded in mid-stream is taken at its word."""
    error = fault_error(Fault(kind="overloaded"), AIMessage("Hel"))

    assert type(error) is errors.OverloadedError
    assert error.partial == AIMessage("Hel")
