"""Several clients at once, and what a server tells of itself."""

import threading

from harness import FakeProvider, say
from harness.http_messages import HttpRequest
from harness.server.sessions import Sessions


def test_each_session_plays_from_the_beginning(chat):
    """The header names it; those without one share the fake's own state."""
    fake = FakeProvider("one", "two")

    with fake.serve() as server:
        client = chat(server)
        said = [
            client.text(x_harness_session="a"),
            client.text(x_harness_session="b"),
            client.text(),
            client.text(x_harness_session="a"),
        ]

    assert said == ["one", "one", "one", "two"]
    assert len(fake.calls) == 1


def test_sessions_in_parallel_do_not_disturb_each_other(chat):
    """Each gets its turns in order, whoever asks meanwhile."""
    turns = [f"turn {n}" for n in range(20)]
    fake = FakeProvider(*turns)
    said: dict[str, list[str]] = {}

    def run(name: str, client) -> None:
        said[name] = [client.text(x_harness_session=name) for _ in turns]

    with fake.serve() as server:
        threads = [
            threading.Thread(target=run, args=(f"s{n}", chat(server))) for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert said == {f"s{n}": turns for n in range(6)}


def test_a_key_may_be_the_session_and_is_not_shown(chat):
    """What is shown of it is a fingerprint."""
    fake = FakeProvider("one", "two")

    with fake.serve(session_header="Authorization") as server:
        client = chat(server)
        first = client.text(authorization="Bearer sk-mine")
        other = client.text(authorization="Bearer sk-yours")
        state = client.http.get("/harness/").text

    assert [first, other] == ["one", "one"]
    assert "sk-" not in state
    assert state.count("REDACTED-") == 2


def test_state_tells_what_was_asked_and_what_is_left(chat):
    """As JSON, for programs in any language."""
    fake = FakeProvider("one", say("two", when="never"))

    with fake.serve() as server:
        client = chat(server)
        client.text("Hello")
        state = client.state()
        calls = client.http.get("/harness/calls").json()

    session = state["script"]["sessions"][""]
    assert session["requests"] == 1
    assert session["unused"] == ["turn 2: 'two', when text 'never'"]
    assert calls["script"] == [
        {
            "session": "",
            "index": 0,
            "method": "POST",
            "path": f"{server_url(fake)}/v1/chat/completions",
            "dialect": "openai-chat",
            "body": client.asked("Hello"),
            "status": 200,
            "ended": "complete",
            "refused": "",
        }
    ]


def server_url(fake: FakeProvider) -> str:
    """Give where the first request went."""
    return fake.requests[0].url.removesuffix("/v1/chat/completions")


def test_reset_begins_again(chat, quietly):
    """One session, or all; what failed is not forgotten."""
    with quietly(FakeProvider("one").serve()) as server:
        client = chat(server)
        for name in ("a", "b"):
            client.text(x_harness_session=name)
        client.http.post("/harness/reset?session=a").raise_for_status()
        again = client.ask(x_harness_session="a").status_code
        exhausted = client.ask(x_harness_session="b").status_code
        client.http.post("/harness/reset").raise_for_status()
        everybody = client.ask(x_harness_session="b").status_code
        failures = client.state()["script"]["failures"]

    assert [again, exhausted, everybody] == [200, 400, 200]
    assert len(failures) == 1


def test_health_and_what_there_is_not(chat):
    """A wrong path under /harness/ says what there is."""
    with FakeProvider("one").serve() as server:
        client = chat(server)
        health = client.http.get("/harness/health").json()
        wrong = client.http.get("/harness/helth")

    assert health == {"status": "ok"}
    assert wrong.status_code == 404
    assert "known are GET /harness/, /harness/calls" in wrong.json()["error"]


def test_a_session_header_of_ours_is_no_part_of_what_was_asked():
    """A recording must not depend on who asked."""
    sessions = Sessions(list)
    named = HttpRequest("POST", "/", (("X-Harness-Session", "a"), ("b", "c")))

    assert sessions.without(named).headers == (("b", "c"),)
    assert Sessions(list, header="b").without(named) is named
