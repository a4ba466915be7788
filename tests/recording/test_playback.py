"""How recorded answers are given: pieces in their time, headers that do not wait."""

from typing import Any

import pytest

from harness.cassettes import Interaction
from harness.cassettes.timing import read_speed
from harness.errors import InputError
from harness.recording.playback import Playback


def answer(status: int = 200, *headers: tuple[str, str], **more: Any) -> Interaction:
    return Interaction("GET", "http://a.test", status, response_headers=headers, **more)


def test_body_of_one_piece_where_pieces_are_not_known() -> None:
    """And of none where it is empty."""
    assert [*Playback().pieces(answer(response_body=b"words"))] == [(0, b"words")]
    assert [*Playback().pieces(answer())] == []


@pytest.mark.parametrize(
    ("speed", "moments"), [(0, [0, 0]), (1, [1, 3]), (4, [0.25, 0.75])]
)
def test_pieces_have_their_moments(speed: float, moments: list[float]) -> None:
    """In seconds after the request, by the speed."""
    recorded = answer(response_chunks=(b"a", b"b"), chunk_times=(1000, 3000))

    assert [time for time, _ in Playback(speed).pieces(recorded)] == moments


def test_pieces_come_at_once_where_their_times_are_not_known() -> None:
    """Also where somebody has cut the times short."""
    recorded = answer(response_chunks=(b"a", b"b"), chunk_times=(1000,))

    assert [*Playback(1).pieces(recorded)] == [(0, b"a"), (0, b"b")]


@pytest.mark.parametrize(
    ("headers", "played"),
    [
        ([("Retry-After", "7")], [("Retry-After", "0"), ("retry-after-ms", "1")]),
        ([("retry-after-ms", "7000")], [("retry-after-ms", "1")]),
        (
            [("x-ms-retry-after-ms", "7")],
            [("x-ms-retry-after-ms", "1"), ("retry-after-ms", "1")],
        ),
        ([("retry-after", "soon")], [("retry-after", "0"), ("retry-after-ms", "1")]),
        ([], [("retry-after-ms", "1")]),
    ],
)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 529])
def test_wait_before_the_next_try_is_next_to_nothing(
    status: int, headers: Any, played: Any
) -> None:
    """Whatever way it was asked for; clients that are not told wait by themselves."""
    assert [*Playback().headers(answer(status, *headers))] == played


@pytest.mark.parametrize(
    "headers",
    [
        [("retry-after", "3600")],
        [("retry-after-ms", "3600000")],
        [
            ("Date", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("Retry-After", "Wed, 21 Oct 2015 08:28:00 GMT"),
        ],
    ],
)
def test_wait_that_clients_give_up_on_is_kept(headers: Any) -> None:
    """They gave up when it was recorded: they have to do so again."""
    assert [*Playback().headers(answer(429, *headers))] == headers


def test_wait_is_kept_where_that_is_asked() -> None:
    """And nothing is added."""
    headers = [("retry-after", "7")]

    assert [*Playback(keep_retry_after=True).headers(answer(429, *headers))] == headers


def test_polling_does_not_wait() -> None:
    """An answer that is no refusal may ask to come back later as well."""
    headers = [("retry-after", "7"), ("x-a", "b")]

    played = Playback().headers(answer(202, *headers))

    assert played == (("retry-after", "0"), ("x-a", "b"))


@pytest.mark.parametrize(
    ("timing", "speed"), [("instant", 0), ("recorded", 1), (10, 10), (0.5, 0.5)]
)
def test_timing(timing: Any, speed: float) -> None:
    """A word, or a factor."""
    assert read_speed(timing) == speed


@pytest.mark.parametrize("timing", ["slow", 0, -1, True, None, float("nan")])
def test_what_is_no_timing(timing: Any) -> None:
    """The error says what is."""
    with pytest.raises(InputError, match="give 'instant'"):
        read_speed(timing)
