"""What a miss says: which recording is nearest, what differs, and what to do."""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import misses as misses_room
from harness.cassettes.http_requests import HttpRequest, Matching
from harness.cassettes.interactions import Interaction
from harness.cassettes.misses import Shelf, explain_miss

URL = "https://api.openai.com/v1/chat/completions"
OTHER = "https://api.example.com/items"


def chat(*texts: str, **more: Any) -> bytes:
    """Give the body of a request: user and assistant in turn."""
    roles = ["user", "assistant"] * len(texts)
    messages = [
        {"role": role, "content": text}
        for role, text in zip(roles, texts, strict=False)
    ]
    return json.dumps({"model": "m", "messages": messages, **more}).encode()


def asked(body: bytes = b"", url: str = URL, method: str = "POST") -> HttpRequest:
    """Give a request."""
    return HttpRequest(method, url, (), body)


def recorded(*requests: HttpRequest) -> list[Interaction]:
    """Give a recording of each request."""
    return [
        Interaction(
            request.method,
            request.url,
            200,
            request_headers=request.headers,
            request_body=request.body,
            place=f"w.yaml, interaction {n}",
        )
        for n, request in enumerate(requests, 1)
    ]


def shelf(*requests: HttpRequest, **more: Any) -> Shelf:
    """Give what a miss is told of a cassette with a recording of each request."""
    return Shelf(
        name="The cassette 'w.yaml'",
        exists=more.get("exists", True),
        recordings=recorded(*requests),
        played=more.get("played", 0),
        matching=more.get("matching", Matching()),
        why=more.get("why", ("Mode 'none' records nothing.",)),
    )


def test_a_miss_says_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request, the nearest recording, what differs, what else, and what to do."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    request = asked(chat("In Bostn?", temperature=0.5))
    known = [asked(chat(text)) for text in ("Hello", "In Boston?", "In Rome?")]

    said = str(explain_miss(request, shelf(*known)))

    nearest = "The nearest of 3 recordings is w.yaml, interaction 2: human 'In Boston?'"
    assert said.splitlines() == [
        "The cassette 'w.yaml' has no answer to this request:",
        f"  POST {URL}: human 'In Bostn?'",
        f"{nearest}. It differs in",
        "  message 1 (human): 'In Bostn?' instead of 'In Boston?'",
        "  temperature: 0.5 instead of None",
        "Less near:",
        "  w.yaml, interaction 3: human 'In Rome?'",
        "  w.yaml, interaction 1: human 'Hello'",
        "Mode 'none' records nothing.",
        "To record it, open the cassette in mode 'new_episodes'.",
    ]


def test_a_miss_says_which_message_differs() -> None:
    """In a long talk the one message is named, whatever comes after it."""
    request = asked(chat("a", "b", "Bostn", "d", "e"))
    known = asked(chat("a", "b", "Boston", "d", "e"))

    said = str(explain_miss(request, shelf(known)))

    assert "The only recording is w.yaml, interaction 1" in said
    assert "  message 3 (human): 'Bostn' instead of 'Boston'" in said


def test_a_miss_says_which_tools_and_models_differ() -> None:
    """What is not in the messages is named as well."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    request = asked(chat("a", tools=[tool], model="x"))

    said = str(explain_miss(request, shelf(asked(chat("a")))))

    assert "  tool 'f' is bound, and was not" in said
    assert "  model: 'x' instead of 'm'" in said


@pytest.mark.parametrize("more", [{}, {"user": "me"}])
def test_settings_that_only_one_side_has_are_told(more: Any) -> None:
    """What the comparison of chats leaves out is told by its place, and once."""
    request = asked(chat("a", stream=True, **more))
    known = asked(chat("a", stream=False, temperature=0))

    said = str(explain_miss(request, shelf(known)))

    assert "  body.stream: True instead of False" in said
    assert "  body.temperature: 0 is missing" in said
    assert said.count("user: 'me' instead of None") == len(more)


@pytest.mark.parametrize(
    ("ours", "theirs", "line"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, "body.a[1].b: 'x' instead"),
        ({"a": 1, "b": 2}, {"a": 1}, "body.b: 2 is new"),
        ({"a": 1}, {"a": 1, "b": 2}, "body.b: 2 is missing"),
        ({"a": [1]}, {"a": [1, 2]}, "body.a: [1] instead of [1, 2]"),
        ({"a": 1}, [1], "body: {'a': 1} instead of [1]"),
    ],
)
def test_other_json_is_told_by_its_place(ours: Any, theirs: Any, line: str) -> None:
    """Where no dialect reads the URL, JSON is compared member by member."""
    request, known = (asked(json.dumps(v).encode(), OTHER) for v in (ours, theirs))

    assert f"  {line}" in str(explain_miss(request, shelf(known)))


def test_the_same_json_in_other_bytes() -> None:
    """Who compares raw bodies hears that only the spelling differs."""
    matching = Matching.read(["raw_body"])
    known = shelf(asked(b'{"a": 1}', OTHER), matching=matching)

    said = str(explain_miss(asked(b'{"a":1}', OTHER), known))

    assert "  body: the same JSON, otherwise spelled" in said


def test_texts_are_cut_to_where_they_part() -> None:
    """A body of any length shows the place that differs."""
    request = asked(b"x" * 5_000 + b"one" + b"y" * 5_000, OTHER)
    known = asked(b"x" * 5_000 + b"two" + b"y" * 5_000, OTHER)

    said = str(explain_miss(request, shelf(known)))

    assert f"body: '...{'x' * 40}one{'y' * 77}...' instead of '...{'x' * 40}two" in said
    assert len(said) < 2_000


def test_binary_bodies_are_shown_as_they_can_be() -> None:
    """Bytes that are no text give no traceback."""
    said = str(explain_miss(asked(b"\xff\x00a", OTHER), shelf(asked(b"\xff\x00b"))))

    assert "uri: 'https://api.example.com:443/items' instead of" in said


def test_methods_and_addresses_are_told_apart() -> None:
    """A recording of the same address is nearer than one of another."""
    request = asked(url=f"{OTHER}?page=2", method="GET")
    known = [asked(chat("a")), asked(url=f"{OTHER}?page=1", method="GET")]

    said = str(explain_miss(request, shelf(*known)))

    assert "The nearest of 2 recordings is w.yaml, interaction 2" in said
    assert "?page=2' instead of 'https://api.example.com:443/items?page=1'" in said


@pytest.mark.parametrize("body", [b"{", b'{"messages": 7}', b"[" * 100_000])
def test_what_no_dialect_can_read_is_a_body(body: bytes) -> None:
    """A request that is broken is missed like any other."""
    said = str(explain_miss(asked(body), shelf(asked(chat("a")))))

    assert "The only recording is w.yaml, interaction 1: human 'a'" in said


def test_a_damaged_body_is_a_body() -> None:
    """A body that cannot be unpacked is compared as it is."""
    request = HttpRequest(
        "POST", URL, (("content-encoding", "gzip"),), b"\x1f\x8b damaged"
    )

    assert "body: " in str(explain_miss(request, shelf(asked(chat("a")))))


def test_many_differences_are_counted() -> None:
    """At most a dozen lines are shown."""
    request = asked(chat(*(f"new {n}" for n in range(20))))
    known = asked(chat(*(f"old {n}" for n in range(20))))

    assert "  and 8 more" in str(explain_miss(request, shelf(known)))


def test_recordings_that_were_all_played() -> None:
    """The policies that would answer again are named."""
    same = recorded(asked(chat("a")), asked(chat("a")))

    one = str(explain_miss(asked(chat("a")), shelf(), same[:1]))
    two = str(explain_miss(asked(chat("a")), shelf(), same))

    assert "Its one recording was played already: w.yaml, interaction 1." in one
    assert "Its 2 recordings were all played already: w.yaml, interaction 2." in two
    assert "on_repeat='last'" in one


def test_those_that_were_not_played_are_nearest() -> None:
    """The miss says that others are left out."""
    said = str(explain_miss(asked(chat("a")), shelf(asked(chat("b")), played=3)))

    assert "The only recording that was not played is w.yaml, interaction 1" in said


@pytest.mark.parametrize(
    ("exists", "said"),
    [(True, "It has no recordings."), (False, "There is no such file yet.")],
)
def test_a_cassette_without_recordings(exists: bool, said: str) -> None:
    """Whether it is empty or not there is told."""
    assert said in str(explain_miss(asked(), shelf(exists=exists)))


def test_the_command_names_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test it is told what to run to record just that."""
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "tests/a.py::b[x y] (call)")

    said = str(explain_miss(asked(), shelf()))

    assert said.endswith(
        "To record it: pytest --cassette-mode=new_episodes 'tests/a.py::b[x y]'"
    )


def test_one_recording_is_compared_in_full_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At most one diff is built, and few recordings are looked at."""
    compared, looked_at = [], []
    difference, distance = misses_room.difference, misses_room.distance
    monkeypatch.setattr(
        misses_room, "difference", lambda *a: compared.append(a) or difference(*a)
    )
    monkeypatch.setattr(
        misses_room, "distance", lambda *a: looked_at.append(a) or distance(*a)
    )
    known = [asked(chat("Be brief.", f"question {n}")) for n in range(3_000)]

    said = str(explain_miss(asked(chat("Be brief.", "question 2777!")), shelf(*known)))

    assert "The nearest of 3000 recordings is w.yaml, interaction 2778" in said
    assert len(compared) == 1
    assert len(looked_at) <= 16


def begin_alike(one: bytes, other: bytes) -> int:
    """Count the bytes that two bodies begin with alike."""
    pairs = zip(one, other, strict=False)
    return len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])


@given(st.binary(max_size=9), *[st.text("ab", max_size=9).map(str.encode)] * 2)
def test_how_far_bodies_are_apart(same: bytes, one: bytes, other: bytes) -> None:
    """What is the same on both sides is left out, byte by byte."""
    start = begin_alike(one, other)
    ours, theirs = one[start:][::-1], other[start:][::-1]
    wanted = max(len(ours), len(theirs)) - begin_alike(ours, theirs)

    assert misses_room._apart(one, other) == wanted
    assert misses_room._apart(same + one, same + other) == wanted
    assert misses_room._apart(one, one) == 0


def test_a_nearer_recording_of_another_address_is_found() -> None:
    """Where few recordings have the address, the others are looked at too."""
    known = shelf(asked(chat("Weather in Boston?"), url=f"{URL}/"))

    said = str(explain_miss(asked(chat("Weather in Bostn?")), known, ()))

    assert "uri: " in said
    assert "'Weather in Bostn?' instead of 'Weather in Boston?'" in said


def test_a_redacted_key_is_no_difference(tmp_path: Path) -> None:
    """Whose key it was is no reason for a miss."""
    request = asked(chat("a"), url=f"{URL}?key=REDACTED-google-key-0123abcd")
    known = asked(chat("b"), url=f"{URL}?key=REDACTED-secret-77777777")

    assert "uri" not in str(explain_miss(request, shelf(known)))
