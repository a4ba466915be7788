"""An open cassette: what is replayed, what goes live, what is in the file after."""

import gc
import json
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import load_cassette
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Interaction
from harness.cassettes.merging import save
from harness.cassettes.redaction import Redaction
from harness.cassettes.tape import Tape
from harness.errors import (
    CassetteError,
    CassetteMiss,
    CassetteWarning,
    InputError,
    UnrecordedRequest,
)

URL = "https://api.openai.com/v1/chat/completions"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says of tests."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a cassette that is not there yet."""
    return tmp_path / "cassettes" / "weather.yaml"


def asks(question: str, **more: Any) -> HttpRequest:
    """Give a request for a chat."""
    messages = [{"role": "user", "content": question}]
    body = json.dumps({"model": "m", "messages": messages, **more}).encode()
    return HttpRequest("POST", URL, (("content-type", "application/json"),), body)


def reply(text: str, **more: Any) -> bytes:
    """Give the body of an answer."""
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "x", "model": "m", "choices": [choice]}).encode()


def live(tape: Tape, request: HttpRequest, body: bytes, status: int = 200) -> None:
    """Let *request* go live, and come back with *body*."""
    exchange = tape.recording(request)
    exchange.response(status, [("content-type", "application/json")], reason="OK")
    exchange.chunk(body)
    exchange.end()


def asked(tape: Tape, question: str, answer: str = "live") -> str:
    """Ask as an application does; give the text of the answer."""
    found = tape.answer(asks(question))
    if found is None:
        live(tape, asks(question), reply(answer))
        return answer
    text: str = json.loads(found.response_body)["choices"][0]["message"]["content"]
    return text


def told(path: Path) -> list[tuple[str, str]]:
    """Give questions and answers that are in a file."""
    return [
        (
            json.loads(one.request_body)["messages"][0]["content"],
            json.loads(one.response_body)["choices"][0]["message"]["content"],
        )
        for one in load_cassette(path)
    ]


@pytest.fixture
def recorded(path: Path) -> Path:
    """Give a cassette with A, B and A again."""
    with Tape(path, "rewrite") as tape:
        for question, answer in (("A", "a1"), ("B", "b1"), ("A", "a2")):
            asked(tape, question, answer)
    return path


# ---------------------------------------------------------------------- modes


def test_none_replays_and_refuses_the_rest(recorded: Path) -> None:
    """Each recording plays once, in order; what was not recorded does not go live."""
    before = recorded.read_bytes()
    tape = Tape(recorded)

    assert [asked(tape, q) for q in "ABA"] == ["a1", "b1", "a2"]
    with pytest.raises(UnrecordedRequest):
        tape.answer(asks("C"))
    with pytest.raises(UnrecordedRequest):
        tape.answer(asks("A"))
    with pytest.raises(CassetteError, match="nothing is recorded here"):
        tape.recording(asks("C"))
    tape.close()
    assert recorded.read_bytes() == before
    assert len(tape.misses) == 2


def test_a_refusal_passes_all_retries(recorded: Path) -> None:
    """No `except Exception` catches it; it carries the miss, which the tape keeps."""
    tape = Tape(recorded)

    with pytest.raises(UnrecordedRequest) as caught:
        tape.answer(asks("C"))

    assert not isinstance(caught.value, Exception)
    assert isinstance(caught.value.miss, CassetteMiss)
    assert tape.misses == [caught.value.miss]
    assert str(caught.value) == str(caught.value.miss)


def test_none_without_a_file_refuses_when_asked(path: Path) -> None:
    """A test that asks nothing needs no cassette."""
    tape = Tape(path)

    with pytest.raises(UnrecordedRequest, match="There is no such file yet"):
        tape.answer(asks("A"))
    tape.close()
    assert not path.parent.exists()


def test_once_records_where_there_is_no_file(path: Path) -> None:
    """All goes live, also what was asked before: a retry gets its own answer."""
    with Tape(path, "once") as tape:
        answers = [asked(tape, "A", "1"), asked(tape, "A", "2")]

    assert answers == ["1", "2"]
    assert told(path) == [("A", "1"), ("A", "2")]


def test_once_replays_where_there_is_a_file(recorded: Path) -> None:
    """It is as none then, and the miss says why nothing is recorded."""
    tape = Tape(recorded, "once")

    assert asked(tape, "B") == "b1"
    with pytest.raises(UnrecordedRequest, match="mode 'once' records nothing more"):
        tape.answer(asks("C"))


def test_new_episodes_records_what_is_not_playable(recorded: Path) -> None:
    """Known ones play; repeats beyond them, and new ones, go live and are appended."""
    with Tape(recorded, "new_episodes") as tape:
        answers = [asked(tape, q) for q in "ACAAC"]

    assert answers == ["a1", "live", "a2", "live", "live"]
    assert told(recorded)[3:] == [("C", "live"), ("A", "live"), ("C", "live")]


def test_new_episodes_repeats_by_policy(recorded: Path) -> None:
    """What a policy lets play on is playable: it is not recorded again."""
    with Tape(recorded, "new_episodes", on_repeat="last") as tape:
        answers = [asked(tape, q) for q in "AAA"]

    assert answers == ["a1", "a2", "a2"]
    assert len(told(recorded)) == 3


def test_new_episodes_that_records_nothing_writes_nothing(recorded: Path) -> None:
    """The file is not touched."""
    before = recorded.stat()
    with Tape(recorded, "new_episodes") as tape:
        asked(tape, "B")

    assert recorded.stat().st_mtime_ns == before.st_mtime_ns
    assert recorded.stat().st_ino == before.st_ino


def test_all_replaces_what_is_asked_again(recorded: Path) -> None:
    """Everything goes live; what was asked stands at its old place, the rest stays."""
    with Tape(recorded, "all") as tape:
        answers = [asked(tape, q) for q in "AC"]

    assert answers == ["live", "live"]
    assert told(recorded) == [("A", "live"), ("B", "b1"), ("C", "live")]
    assert tape.unused() == []


def test_rewrite_drops_what_is_not_asked_again(recorded: Path) -> None:
    """Only what this run asked is left."""
    with Tape(recorded, "rewrite") as tape:
        asked(tape, "C")

    assert told(recorded) == [("C", "live")]


def test_rewrite_that_records_nothing_keeps_the_old(recorded: Path) -> None:
    """A run that asked nothing is no reason to empty a cassette."""
    Tape(recorded, "rewrite").close()

    assert len(told(recorded)) == 3


def test_rewrite_keeps_what_others_recorded_meanwhile(recorded: Path) -> None:
    """Old is what was there when it was opened."""
    one, other = Tape(recorded, "rewrite"), Tape(recorded, "new_episodes")
    asked(one, "C")
    asked(other, "D")
    other.close()
    one.close()

    assert told(recorded) == [("D", "live"), ("C", "live")]


def test_verify_asks_again_and_writes_nothing(recorded: Path) -> None:
    """Answers that mean the same are no drift, whatever their ids and spelling."""
    before = recorded.read_bytes()
    with Tape(recorded, "verify") as tape:
        assert tape.answer(asks("A")) is None
        live(tape, asks("A"), reply("a1").replace(b'"x"', b' "y"'))
        live(tape, asks("B"), reply("b2"))
        live(tape, asks("A"), b'{"error": {"message": "no"}}', 500)
        live(tape, asks("C"), reply("c"))

    assert recorded.read_bytes() == before
    assert tape.drift == [
        f"{recorded}, interaction 2 (line 45): answer: 'b2' instead of 'b1'",
        f"{recorded}, interaction 3 (line 88): status: 500 instead of 200",
        f"POST {URL} was not recorded, or not as often as it was asked",
    ]
    assert tape.unused() == []


def test_ci_records_nothing(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI is set a mode means none, unless it is forced; the miss says so."""
    monkeypatch.setenv("CI", "true")
    tape = Tape(recorded, "all")

    with pytest.raises(UnrecordedRequest, match="CI is set, so that mode 'all'"):
        tape.answer(asks("C"))
    assert tape.mode == "none"
    assert Tape(recorded, "all", forced=True).mode == "all"
    monkeypatch.setenv("CI", "false")
    assert Tape(recorded, "all").mode == "all"


@pytest.mark.parametrize(
    ("mode", "options", "said"),
    [
        ("nwe_episodes", {}, "Did you mean 'new_episodes'?"),
        ("none", {"match": ["body"]}, "Did you mean 'match_on'?"),
        ("none", {"match_on": ["boddy"]}, "Did you mean 'body'?"),
        ("none", {"on_repeat": "lst"}, "Did you mean 'last'?"),
        ("none", {"expired": "wrn"}, "Did you mean 'warn'?"),
        ("none", {"seals": "warning"}, "Did you mean 'warn'?"),
        ("none", {"max_age": 0}, "give a number of days"),
        ("none", {"max_age": True}, "give a number of days"),
        ("none", {"max_age": "1d"}, "give a number of days"),
        ("none", {"max_age": timedelta(-1)}, "give a number of days"),
        ("none", {"redaction": "sk-"}, "give a Redaction"),
    ],
)
def test_unknown_options_are_refused(
    path: Path, mode: str, options: dict[str, Any], said: str
) -> None:
    """The error shows the value and the nearest that would be right."""
    with pytest.raises(InputError) as caught:
        Tape(path, mode, **options)  # type: ignore[arg-type]

    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["a.json", "a.yaml.gz", "a"])
def test_only_yaml_is_recorded(tmp_path: Path, name: str) -> None:
    """Other forms are read, not written."""
    with pytest.raises(InputError, match="cassettes are recorded as YAML"):
        Tape(tmp_path / name, "new_episodes")


# ------------------------------------------------------------------- exchanges


def test_an_exchange_is_stored_as_it_was(path: Path) -> None:
    """Headers in order, chunks with their times, versions and words."""
    ticks = iter([10.0, 10.25, 11.5])
    tape = Tape(path, "once", clock=lambda: next(ticks), now=lambda: NOON)
    exchange = tape.recording(HttpRequest("post", "https://a.b/x", (("A", "1"),), b"q"))
    exchange.response(201, [("B", "2"), ("b", "3")], reason="Made", http_version="1.1")
    exchange.chunk(b"one")
    exchange.chunk(b"")
    exchange.chunk(b"two")
    exchange.end()
    tape.close()

    assert load_cassette(path) == (
        Interaction(
            *("POST", "https://a.b/x", 201),
            request_headers=(("A", "1"),),
            request_body=b"q",
            response_headers=(("B", "2"), ("b", "3")),
            response_body=b"onetwo",
            response_chunks=(b"one", b"two"),
            chunk_times=(250, 1500),
            reason="Made",
            http_version="1.1",
            recorded_at="2026-11-23T12:00:00Z",
        ),
    )


@pytest.mark.parametrize("ended", ["truncated", "interrupted", "timeout", "connection"])
def test_failures_are_recorded(path: Path, ended: Any) -> None:
    """What goes wrong is stored with its words; no answer has the status 599."""
    with Tape(path, "once") as tape:
        tape.recording(asks("A")).end(ended, "ReadTimeout: too slow")

    (one,) = load_cassette(path)
    assert (one.status, one.ended, one.failure) == (599, ended, "ReadTimeout: too slow")


def test_an_exchange_ends_once(path: Path) -> None:
    """What is said after the end changes nothing."""
    with Tape(path, "once") as tape:
        exchange = tape.recording(asks("A"))
        exchange.response(200)
        exchange.chunk(b"x")
        exchange.end("truncated")
        exchange.chunk(b"y")
        exchange.end("interrupted", "late")

    (one,) = load_cassette(path)
    assert (one.response_body, one.ended, one.failure) == (b"x", "truncated", "")


def test_the_order_is_that_of_asking(path: Path) -> None:
    """Concurrent exchanges that end in another order stand as they began."""
    with Tape(path, "once") as tape:
        begun = [(q, tape.recording(asks(q))) for q in "ABC"]
        for question, exchange in reversed(begun):
            exchange.response(200)
            exchange.chunk(reply(question.lower()))
            exchange.end()

    assert told(path) == [("A", "a"), ("B", "b"), ("C", "c")]


def test_what_nobody_ended_is_truncated_at_close(path: Path) -> None:
    """A stream that was left is kept as far as it came; the rest is told."""
    tape = Tape(path, "once")
    left, silent = tape.recording(asks("A")), tape.recording(asks("B"))
    left.response(200)
    left.chunk(b"half")
    tape.close()
    left.end()
    silent.end()

    (one,) = load_cassette(path)
    assert (one.response_body, one.ended) == (b"half", "truncated")
    assert tape.notes == [
        f"POST {URL} had no answer when the cassette was closed: it is not recorded."
    ]


def test_what_ends_while_the_tape_closes_is_told(path: Path) -> None:
    """A thread that is too late by a moment disturbs nobody."""
    tape = Tape(path, "once")
    exchange = tape.recording(asks("A"))
    tape.close()
    tape._finished(exchange, Interaction("POST", URL, 200))

    assert "ended after the cassette was closed: it is not recorded." in tape.notes[-1]


def test_what_was_dropped_is_not_told(path: Path) -> None:
    """An exchange that came to nothing leaves no trace."""
    with Tape(path, "once") as tape:
        tape.recording(asks("A")).drop()

    assert tape.notes == []
    assert not path.exists()


def test_a_closed_tape_answers_nothing(recorded: Path) -> None:
    """It refuses; closing it again does nothing."""
    tape = Tape(recorded, "new_episodes")
    tape.close()
    tape.close()

    with pytest.raises(UnrecordedRequest, match="The cassette is closed"):
        tape.answer(asks("A"))
    with pytest.raises(CassetteError, match="closed"):
        tape.recording(asks("A"))


def test_recordings_of_this_run_can_be_looked_at(path: Path) -> None:
    """In order of asking, and without secrets."""
    tape = Tape(path, "once")
    request = HttpRequest("GET", "https://a.b/", (("x-api-key", "0123456789abcdef"),))
    live(tape, request, b"{}")

    (one,) = tape.recorded
    assert "0123456789abcdef" not in repr(one)
    assert repr(tape) == f"Tape({str(path)!r}, 'once': 0 known, 1 new)"


# --------------------------------------------------------------------- threads


def test_threads_get_each_recording_once(path: Path) -> None:
    """Eight threads replay many answers of one request: none twice."""
    with Tape(path, "once") as tape:
        for n in range(160):
            asked(tape, "A", str(n))
    tape = Tape(path)
    barrier = threading.Barrier(8)

    def play() -> list[str]:
        barrier.wait()
        return [asked(tape, "A") for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        played = [
            one for job in [pool.submit(play) for _ in range(8)] for one in job.result()
        ]

    assert sorted(map(int, played)) == [*range(160)]
    assert tape.unused() == []


def test_threads_record_side_by_side(path: Path) -> None:
    """What eight threads record at once is all there."""
    with Tape(path, "once") as tape, ThreadPoolExecutor(8) as pool:
        questions = [f"Q{n}" for n in range(40)]
        [*pool.map(lambda q: asked(tape, q, q.lower()), questions)]

    assert sorted(told(path)) == sorted((q, q.lower()) for q in questions)


def steps_of(work: Callable[[], object]) -> int:
    """Give how many functions are called, of Python and of C, until *work* is done."""
    count = 0

    def counting(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    gc.disable()  # what is told when it runs is no step of ours
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def test_a_large_cassette_costs_no_more(path: Path) -> None:
    """A thousand recordings or ten: a request takes the same steps, first or last."""
    steps: set[int] = set()
    for size in (10, 1_000):
        questions = [f"Q{n:03}" for n in range(size)]
        recordings = [
            Interaction(
                *("POST", URL, 200),
                request_body=asks(question).body,
                response_body=reply(question),
            )
            for question in questions
        ]
        save(path, recordings, Redaction.none())
        tape = Tape(path)
        assert [asked(tape, question) for question in questions[1:-1]] == (
            questions[1:-1]
        )
        steps |= {
            steps_of(lambda tape=tape, n=n: tape.answer(asks(f"Q{n:03}")))
            for n in (0, size - 1)
        }
        assert tape.unused() == []

    assert len(steps) == 1, steps


class _Open:
    """A redaction that hides nothing."""

    def redact(self, interaction: Interaction) -> Interaction:
        return interaction

    def redact_request(
        self, method: str, url: str, headers: Any, body: bytes
    ) -> tuple[str, str, Any, bytes]:
        return method, url, headers, body

    def scan(self, text: str) -> Iterator[object]:
        yield from ()


# --------------------------------------------------------------------- secrets


KEY = "sk-" + "proj-" + "Abc123" * 8


def test_keys_are_not_stored_and_still_match(path: Path) -> None:
    """Another key offline finds what was recorded with this one."""
    request = asks("A")
    keyed = HttpRequest(
        "POST", f"{URL}?key={KEY}", (("Authorization", f"Bearer {KEY}"),), request.body
    )
    with Tape(path, "once") as tape:
        live(tape, keyed, reply(f"your key is {KEY}"))
        journal = b"".join(p.read_bytes() for p in path.parent.iterdir())
    text = path.read_text()
    other = HttpRequest("POST", f"{URL}?key=dummy", (), request.body)

    assert KEY not in text
    assert KEY.encode() not in journal
    assert Tape(path).answer(other) is not None


class _Blind(_Open):
    """A redaction that misses what its scan finds."""

    def scan(self, text: str) -> Iterator[object]:
        if "hunter2" in text:
            yield "line 1: a password"


@pytest.mark.parametrize("failed", [False, True])
def test_a_secret_that_redaction_missed_is_not_written(
    recorded: Path, failed: bool
) -> None:
    """Nothing of it is on the disk, the error says where it was, the rest is kept."""
    before = recorded.read_bytes()
    tape = Tape(recorded, "new_episodes", redaction=_Blind())
    asked(tape, "C")
    asked(tape, "D", "hunter2")

    with pytest.raises(CassetteError, match="line 1: a password") as caught:
        tape.close(failed=failed)

    assert "Give the tape a redaction" in str(caught.value)
    assert recorded.read_bytes() == before
    assert all(b"hunter2" not in p.read_bytes() for p in recorded.parent.iterdir())
    assert asked(Tape(recorded, "new_episodes"), "C") == "live"


def test_a_secret_that_was_there_before_is_not_written_again(path: Path) -> None:
    """All that is written is scanned: the error names it, the journal stays."""
    with Tape(path, "once", redaction=Redaction.none()) as tape:
        asked(tape, "hunter2")
        asked(tape, "C")
    tape = Tape(path, "all", redaction=_Blind())
    asked(tape, "C", "again")

    with pytest.raises(CassetteError, match="would hold what looks like a secret"):
        tape.close()
    assert told(path)[1] == ("C", "live")
    assert [p.suffix for p in path.parent.iterdir() if p != path] == [".journal"]


def test_a_redaction_that_fails_disturbs_nobody_until_the_end(path: Path) -> None:
    """The application gets its answer; the error comes when the cassette is saved."""

    def rule(text: str) -> list[str]:
        if "boom" in text:
            raise ZeroDivisionError
        return []

    tape = Tape(path, "once", redaction=Redaction(functions=[rule]))
    exchange = tape.recording(asks("A"))
    exchange.response(200)
    exchange.chunk(b"boom")
    exchange.end()

    with pytest.raises(CassetteError, match="the redaction failed: ZeroDivisionError"):
        tape.close()
    assert not path.exists()


def test_a_redaction_that_fails_is_told_when_verifying(recorded: Path) -> None:
    """It is a line of the drift."""

    class _Broken(_Open):
        def redact(self, interaction: Interaction) -> Interaction:
            raise ZeroDivisionError

    with Tape(recorded, "verify", redaction=_Broken()) as tape:
        live(tape, asks("A"), b"{}")

    assert tape.drift == [f"POST {URL}: cannot be compared: ZeroDivisionError()"]


# ----------------------------------------------------------------- failed tests


def test_a_failing_test_keeps_its_recordings_aside(recorded: Path) -> None:
    """The cassette is as it was; a note names the file beside it."""
    before = recorded.read_bytes()
    tape = Tape(recorded, "all")
    asked(tape, "A", "new")
    tape.close(failed=True)
    aside = recorded.with_name("weather.failed.yaml")

    assert recorded.read_bytes() == before
    assert told(aside) == [("A", "new")]
    assert f"{aside}: 1 exchanges of a run that failed are kept here" in tape.notes[0]
    assert {p.name for p in recorded.parent.iterdir()} == {recorded.name, aside.name}


def test_failing_again_replaces_what_was_kept_aside(recorded: Path) -> None:
    """Requests that were asked again count as asked last; others stay."""
    aside = recorded.with_name("weather.failed.yaml")
    for question, answer in (("C", "c1"), ("D", "d1"), ("C", "c2")):
        tape = Tape(recorded, "new_episodes")
        asked(tape, question, answer)
        tape.close(failed=True)

    assert told(aside) == [("C", "c2"), ("D", "d1")]
    aside.write_text("damaged")
    tape = Tape(recorded, "new_episodes")
    asked(tape, "E")
    tape.close(failed=True)
    assert told(aside) == [("E", "live")]


def test_a_failing_first_run_makes_no_cassette(path: Path) -> None:
    """Otherwise mode once would replay half of a recording from then on."""

    def fail() -> None:
        with Tape(path, "once") as tape:
            asked(tape, "A")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not path.exists()
    assert Tape(path, "once").answer(asks("A")) is None


# ------------------------------------------------------------------------- age


def test_recordings_that_are_too_old_warn(path: Path) -> None:
    """By days or a timedelta; the oldest is named, nothing goes live."""
    with Tape(path, "once", now=lambda: NOON) as tape:
        asked(tape, "A")
    later = NOON + timedelta(days=31)

    with pytest.warns(CassetteWarning, match="the oldest is of 2026-11-23T12:00:00Z"):
        tape = Tape(path, max_age=30, now=lambda: later)
    assert asked(tape, "A") == "live"
    with warnings.catch_warnings(action="error"):
        Tape(path, max_age=timedelta(days=32), now=lambda: later)
        Tape(path, "all", max_age=30, now=lambda: later)


def test_recordings_that_are_too_old_fail_on_request(path: Path) -> None:
    """The error says how to record them again."""
    with Tape(path, "once", now=lambda: NOON) as tape:
        asked(tape, "A")

    with pytest.raises(CassetteError, match="1 of 1 recordings are older than"):
        Tape(path, max_age=1, expired="fail", now=lambda: NOON + timedelta(days=2))


# ---------------------------------------------------------------------- damage


def test_a_path_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    """What lies below a file can be neither read nor made."""
    (tmp_path / "file").touch()

    with pytest.raises(CassetteError, match=r"a\.yaml: cannot be read: Not a dir"):
        Tape(tmp_path / "file" / "a.yaml", "once")


@pytest.mark.parametrize(
    "mode", ["none", "once", "new_episodes", "all", "rewrite", "verify"]
)
def test_a_damaged_file_is_refused_when_it_is_opened(path: Path, mode: str) -> None:
    """In every mode: nothing replaces what cannot be read."""
    path.parent.mkdir()
    path.write_bytes(b"interactions:\n- \xff")

    with pytest.raises(CassetteError, match=r"weather\.yaml: byte 16 is no UTF-8"):
        Tape(path, mode)
    assert path.read_bytes() == b"interactions:\n- \xff"


def test_a_cassette_that_was_edited_is_not_sealed_by_accident(recorded: Path) -> None:
    """Before anything is asked: recording into it would hide what was changed."""
    edited = recorded.read_text().replace("b1", "b7")
    recorded.write_text(edited)

    with pytest.raises(CassetteError, match="harness seal"):
        Tape(recorded, "all", seals="ignore")
    with Tape(recorded, "new_episodes", seals="ignore") as tape:
        asked(tape, "C")
    with pytest.warns(CassetteWarning):
        assert len(Tape(recorded).interactions) == 4
    with pytest.raises(CassetteError):
        Tape(recorded, seals="error")


FOREIGN = """\
# By hand.
interactions:
- request: {method: GET, uri: 'https://a.b/?key=FILTERED&q=1', headers: {}, body: null}
  response:
    status: {code: 200, message: OK}
    headers: {}
    body:
      string: "yes

        - and no"
"""


@pytest.mark.parametrize(
    ("text", "grows"),
    [
        (f"{FOREIGN}version: 1\n", True),
        (FOREIGN, False),
        (f"{FOREIGN}version: 1\n".replace("\n", "\r\n"), False),
        (f"version: 1\n{FOREIGN}", False),
        (f"{FOREIGN}made_by: hand\nversion: 1\n", False),
        (
            f"{FOREIGN}version: 1\n".replace("\n-", "\n -").replace("\n  ", "\n   "),
            False,
        ),
    ],
)
def test_what_was_there_stays_as_it_is(path: Path, text: str, grows: bool) -> None:
    """A new recording changes no line of the others, if it can be written behind."""
    path.parent.mkdir()
    path.write_bytes(text.encode())
    (before,) = load_cassette(path)
    with Tape(path, "new_episodes") as tape:
        asked(tape, "C")
    found = load_cassette(path, seals="error")

    kept = path.read_bytes().startswith(text.removesuffix("version: 1\n").encode())
    assert kept is grows
    assert found[0] == (before if grows else Redaction().redact(before))
    assert len(found) == 2
    assert path.read_text().startswith("# By hand.") or not text.startswith("#")


def test_secrets_of_other_recorders_go_when_all_is_written(path: Path) -> None:
    """A file that is written anew has none of them, and still matches."""
    path.parent.mkdir()
    path.write_text(FOREIGN.replace("FILTERED", KEY))
    with Tape(path, "new_episodes") as tape:
        asked(tape, "C")

    assert KEY not in path.read_text()
    assert Tape(path).answer(HttpRequest("GET", f"https://a.b/?key={KEY}&q=1"))


def test_what_others_have_hidden_is_found(path: Path) -> None:
    """A key in a query does not count, whatever another recorder left of it."""
    path.parent.mkdir()
    path.write_text(f"{FOREIGN}version: 1\n")
    request = HttpRequest("GET", f"https://a.b/?key={KEY}&q=1")

    tape = Tape(path)

    assert tape.answer(request) is not None
    with pytest.raises(UnrecordedRequest, match="played already") as caught:
        tape.answer(request)
    assert KEY not in str(caught.value)


def test_comments_at_the_start_stay(recorded: Path) -> None:
    """A word on where a recording is from survives another recording."""
    recorded.write_text(f"# Recorded at sea.\n{recorded.read_text()}")
    with Tape(recorded, "new_episodes") as tape:
        asked(tape, "C")

    assert recorded.read_text().startswith("# Recorded at sea.\ninteractions:\n")
    assert len(told(recorded)) == 4
