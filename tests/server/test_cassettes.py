"""Cassettes on a socket, and providers that are recorded through one."""

from pathlib import Path

import httpx
import pytest

from harness import CassetteMiss, FakeProvider, InputError, fail, pause, say
from harness.cassettes.interactions import Interaction
from harness.cassettes.redaction import Redaction
from harness.cassettes.tape import Tape
from harness.cassettes.writing import write_cassette
from harness.endpoint import Cut
from harness.server import MATCH_ON, Application, Provider, ServedCassette, Server
from harness.server.replaying import replayed
from harness.steps import Pause

CHAT = "/v1/chat/completions"
KEY = "Bearer sk-proj-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"


def cassette_of(path: Path, *interactions: Interaction) -> Path:
    """Write a cassette."""
    redaction = Redaction.default()
    path.write_text(write_cassette(map(redaction.redact, interactions)), "utf-8")
    return path


def served(path: Path, **options) -> Server:
    """Give a server of that cassette."""

    def tape() -> Tape:
        return Tape(path, "none", match_on=MATCH_ON)

    return Server(Application({"it": ServedCassette(tape, **options)}))


def proxy_of(path: Path, upstream: str, mode: str = "once") -> Server:
    """Give a server that asks *upstream*, and records it."""
    played = ServedCassette(lambda: Tape(path, mode), upstream=Provider(upstream))
    return Server(Application({"it": played}))


def asked(path: str = "/v1/thing", **more) -> Interaction:
    """Give a recorded exchange."""
    return Interaction(
        "POST", f"https://api.a.b{path}", 200, request_body=b'{"a": 1}', **more
    )


def test_a_cassette_answers_whatever_host_it_was_recorded_at(tmp_path):
    """Bytes and headers are those of the wire, but for the connection's own."""
    path = cassette_of(
        tmp_path / "a.yaml",
        asked(
            response_headers=(
                ("content-type", "text/x"),
                ("content-length", "5"),
                ("transfer-encoding", "chunked"),
                ("x-mine", "yes"),
            ),
            response_body=b"He\r\nllo",
        ),
    )

    with served(path) as server:
        answer = httpx.post(f"{server.url}/v1/thing", content=b'{"a":1}')

    assert answer.content == b"He\r\nllo"
    assert answer.headers["x-mine"] == "yes"
    assert answer.headers["content-type"] == "text/x"


def test_each_session_replays_from_the_beginning(tmp_path, quietly):
    """What was played once is a miss, told in a 400 that is not to be retried."""
    path = cassette_of(tmp_path / "a.yaml", asked(response_body=b"one"))

    with quietly(served(path)) as server:

        def ask(session: str) -> httpx.Response:
            said = {"x-harness-session": session}
            url = f"{server.url}/v1/thing"
            return httpx.post(url, content=b'{"a":1}', headers=said)

        answers = [ask("a"), ask("b"), ask("a")]
        httpx.post(f"{server.url}/harness/reset?session=a").raise_for_status()
        again = ask("a")
        state = httpx.get(f"{server.url}/harness/").json()["it"]["sessions"]

    assert [one.status_code for one in answers] == [200, 200, 400]
    assert answers[2].headers["x-should-retry"] == "false"
    assert "chat-harness: The cassette" in answers[2].json()["error"]["message"]
    assert again.text == "one"
    assert [len(state[name]["unused"]) for name in ("", "a", "b")] == [1, 0, 0]
    (failure,) = server.application.failures()
    assert isinstance(failure.miss, CassetteMiss)


@pytest.mark.parametrize(
    "ended, cut",
    [("interrupted", "connection"), ("connection", "connection"), ("timeout",) * 2],
)
def test_an_answer_ends_as_it_did(ended, cut):
    """After what had come, or before there was a status."""
    known = asked(response_body=b"one", ended=ended)
    silent = Interaction("GET", "https://a.b", 599, ended=ended)

    assert [*replayed(known).pieces] == [b"one", Cut(cut)]
    assert replayed(silent).status is None
    assert [*replayed(silent).pieces] == [Cut(cut)]


def test_an_answer_that_was_left_cannot_be_read_on(tmp_path, chat, quietly):
    """The recording has no more of it, and says so."""
    body = b"data: {}\n\n"
    path = cassette_of(
        tmp_path / "a.yaml", asked(CHAT, response_body=body, ended="truncated")
    )

    with quietly(served(path)) as server:
        url = f"{server.url}{CHAT}"
        answer = httpx.post(url, content=b'{"a": 1}')

    assert answer.status_code == 400
    words = answer.json()["error"]["message"]
    assert "ends after 10 bytes, where the application closed it" in words


def test_recorded_time_is_kept_where_it_is_asked_for():
    """At a speed of 2 it is half of it; the first piece waits before the head."""
    known = asked(
        response_body=b"abc",
        response_chunks=(b"a", b"b", b"c"),
        chunk_times=(100, 100, 300),
    )

    fast, at_once = replayed(known, 2), replayed(known)

    assert fast.waits == (Pause(0.05),)
    assert [*fast.pieces] == [b"a", b"b", Pause(0.1), b"c"]
    assert (at_once.waits, [*at_once.pieces]) == ((), [b"a", b"b", b"c"])


# ------------------------------------------------------------------------- proxies


def test_what_a_provider_says_is_recorded_as_it_comes_and_replayed(
    tmp_path, chat, clock
):
    """Pieces go on at once; no key is kept; offline it is the same, byte for byte."""
    path = tmp_path / "trip.yaml"
    fake = FakeProvider(say("a b ", pause(9), "c"), "whole")

    with fake.serve(clock=clock) as provider, proxy_of(path, provider.url) as server:
        client = chat(server, headers={"authorization": KEY})
        with client.stream() as answer:
            pieces = answer.iter_raw()
            first = next(pieces)
            assert clock.waiting.wait(20)
            clock.let()
            live = first + b"".join(pieces)
        whole = client.ask(x_harness_session="s").content
        upstream = provider.url
    with proxy_of(path, upstream) as server:  # nobody listens there any more
        client = chat(server)
        with client.stream() as answer:
            replayed_stream = answer.read()
        again = client.ask().content

    assert client.deltas(first) == ["", "a", " b", " "]
    assert (replayed_stream, again) == (live, whole)
    assert fake.requests[0].request.header("authorization") == KEY
    assert fake.requests[1].request.header("x-harness-session") is None
    text = path.read_text()
    assert "sk-proj" not in text
    assert "x-harness-session" not in text
    assert f"{upstream}/v1/chat/completions" in text


def test_an_answer_that_the_client_leaves_is_recorded_whole(tmp_path, chat, clock):
    """A recording proxy is there for the recording."""
    path = tmp_path / "trip.yaml"
    fake = FakeProvider(say("a ", pause(9), "b"))

    with fake.serve(clock=clock) as provider, proxy_of(path, provider.url) as server:
        client = chat(server)
        with client.stream() as answer:
            next(answer.iter_raw())
            assert clock.waiting.wait(20)
        client.http.close()
        clock.let()
    (known,) = Tape(path, "none").interactions

    assert known.ended == "complete"
    assert known.response_body.endswith(b"data: [DONE]\n\n")


def test_an_answer_that_breaks_off_is_recorded_so(tmp_path, chat):
    """And breaks off for the client, then and offline."""
    path = tmp_path / "trip.yaml"
    fake = FakeProvider(say("a b", fail("connection")))

    with fake.serve() as provider, proxy_of(path, provider.url) as server:
        live = chat(server).broken(httpx.ReadError)
        upstream = provider.url
    with proxy_of(path, upstream) as server:
        again = chat(server).broken(httpx.ReadError)

    assert again == live != b""


def test_a_provider_that_cannot_be_reached_is_told_and_not_recorded(tmp_path, chat):
    """With its name, as 502."""
    path = tmp_path / "trip.yaml"
    with FakeProvider("Hi").serve() as gone:
        upstream = gone.url

    with proxy_of(path, upstream) as server:
        answer = chat(server).ask()

    assert answer.status_code == 502
    words = answer.json()["error"]["message"]
    assert words.startswith(f"chat-harness: {upstream} gives no answer: ConnectError")
    assert not path.exists()


def test_new_episodes_adds_and_once_does_not(tmp_path, chat, quietly):
    """The modes are those of cassettes."""
    path = tmp_path / "trip.yaml"
    fake = FakeProvider("one", "two")

    with fake.serve() as provider:
        with proxy_of(path, provider.url) as server:
            chat(server).text("one")
        with quietly(proxy_of(path, provider.url)) as server:
            refused = chat(server).ask("two")
        with proxy_of(path, provider.url, "new_episodes") as server:
            added = [chat(server).text(said) for said in ("one", "two")]

    assert refused.status_code == 400
    assert "mode 'once' records nothing more" in refused.json()["error"]["message"]
    assert added == ["one", "two"]
    assert len(Tape(path, "none").interactions) == 2


def test_nothing_is_recorded_where_ci_is_set(tmp_path, chat, quietly, monkeypatch):
    """As everywhere; the answer says why."""
    monkeypatch.setenv("CI", "true")
    path = tmp_path / "trip.yaml"

    with quietly(proxy_of(path, "http://127.0.0.1:9")) as server:
        answer = chat(server).ask()

    assert answer.status_code == 400
    words = answer.json()["error"]["message"]
    assert "CI is set, so that mode 'once' records nothing." in words
    assert not path.exists()


def test_reset_saves_what_was_recorded(tmp_path, chat):
    """And plays it from then on."""
    path = tmp_path / "trip.yaml"

    fake = FakeProvider("one")
    with fake.serve() as provider, proxy_of(path, provider.url) as server:
        client = chat(server)
        client.text()
        client.http.post("/harness/reset").raise_for_status()
        again = client.text()
        calls = client.http.get("/harness/calls").json()["it"]

    assert again == "one"
    assert calls[0]["answer"] == "live"
    assert "interaction 1" in calls[1]["answer"]


@pytest.mark.parametrize("upstream", ["api.openai.com", "ftp://a.b", "http://", "x?y"])
def test_an_upstream_is_a_url(upstream):
    """What is none is refused before anything is asked."""
    with pytest.raises(InputError, match="give the URL of a provider, such as https:"):
        Provider(upstream)
