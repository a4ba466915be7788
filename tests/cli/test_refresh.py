"""The command `harness refresh`: cassettes recorded long ago, and a provider here."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from harness import (
    AnthropicChatModel,
    FakeChatModel,
    FakeProvider,
    GeminiChatModel,
    HumanMessage,
    OllamaChatModel,
    OpenAIChatModel,
    OpenAIResponsesModel,
    RecordingChatModel,
    call,
    fail,
    say,
    think,
    tool,
    use_cassette,
)
from harness.cassettes import Interaction, load_cassette, write_cassette
from harness.cli import main

ROOT = Path(__file__).parents[2]
#: What is said of a model that has no price.
NO_PRICE = (
    "No price is known of m."
    if find_spec("genai_prices")
    else "For prices: pip install 'chat-harness[prices]'"
)
PATIENCE = 60
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PATH = Path("cassettes/trip.yaml")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Run in a folder of its own, with no key or proxy but those of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [*os.environ]:
        if any(word in name for word in ("API_KEY", "BASE_URL", "PROXY", "proxy")):
            monkeypatch.delenv(name)
    for name in ("OLLAMA_HOST", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[FakeProvider, str]]]:
    """Give what serves a script: the provider, and where it is."""
    servers = []

    def served(*turns, **options) -> tuple[FakeProvider, str]:
        fake = FakeProvider(*turns, **options)
        servers.append(fake.serve().start())
        return fake, servers[-1].url

    yield served
    for server in servers:
        server.stop()


@tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"{city}: sunny"


MODELS = {
    "openai": lambda url: OpenAIChatModel("m", base_url=f"{url}/v1", api_key="old"),
    "responses": lambda url: OpenAIResponsesModel(
        "m", base_url=f"{url}/v1", api_key="old"
    ),
    "anthropic": lambda url: AnthropicChatModel(
        "m", base_url=url, api_key="old", max_tokens=99
    ),
    "gemini": lambda url: GeminiChatModel("m", base_url=url, api_key="old"),
    "ollama": lambda url: OllamaChatModel("m", base_url=url),
}


def agent(model) -> str:
    """Ask, call the tool, and ask on, streamed."""
    bound = model.bind_tools([get_weather])
    messages = [HumanMessage("Weather in Rome?")]
    said = bound.invoke(messages)
    messages += [said, *map(get_weather.invoke, said.tool_calls)]
    return sum(bound.stream(messages)).text


def asks(url: str, *texts: str) -> None:
    """Ask in OpenAI's format."""
    for text in texts:
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": "Bearer sk-old-key"}
        httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers)


def record(url: str, *texts: str, name: str = "trip") -> bytes:
    """Record a cassette long ago; give its text."""
    with use_cassette(name, "once", now=lambda: LONG_AGO):
        asks(url, *texts)
    return Path(f"cassettes/{name}.yaml").read_bytes()


def turns(text: str, city: str = "Rome") -> list[object]:
    """Give what an agent is told."""
    return [say(think("Hm."), f"{text} I look.", call("get_weather", city=city)), text]


# ----------------------------------------------------------------------- asked again


@pytest.mark.parametrize("name", MODELS)
def test_a_conversation_is_recorded_anew(name, serve, capsys, monkeypatch):
    """With the new answers in later requests; offline the new text is played."""
    fake, url = serve(*turns("Sunny."), *turns("The sun is shining in Rome."))
    model = MODELS[name](url)
    with use_cassette("trip", "once", now=lambda: LONG_AGO):
        assert agent(model) == "Sunny."
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(variable, "new-key")

    assert main(["refresh", "--yes"]) == 0

    with use_cassette("trip"):
        assert agent(model) == "The sun is shining in Rome."
    assert len(fake.requests) == 4
    out = capsys.readouterr().out
    assert out.startswith("refreshed cassettes/trip.yaml  now, 2 requests, ")
    assert "\n1 of 1 refreshed.\nThat took:\n  m: 2 requests, " in out
    assert all(one.recorded_at > "2021" for one in load_cassette(PATH))
    headers = dict(fake.requests[-1].request.headers)
    if name != "ollama":
        assert any("new-key" in said for said in headers.values())
    assert b"new-key" not in PATH.read_bytes()


def test_what_is_not_stale_is_left_alone(serve, capsys):
    """By the age that is asked for, and by its path."""
    fake, url = serve("one", "two", "three")
    with use_cassette("new", "once"):
        asks(url, "new")
    record(url, "old")

    assert main(["refresh", "--dry-run"]) == 0
    first = capsys.readouterr().out
    assert main(["refresh", "--dry-run", "--older-than", "0d"]) == 0
    second = capsys.readouterr().out
    assert main(["refresh", "--dry-run", "--older-than", "0d", "-k", "new"]) == 0
    third = capsys.readouterr().out
    assert main(["refresh", "--yes", "cassettes/new.yaml"]) == 0
    fourth = capsys.readouterr().out

    age = f"{(datetime.now(UTC) - LONG_AGO).days:,} days old"
    assert first == (
        f"stale     cassettes/trip.yaml  {age}, 1 request, 1 token in, 1 out\n"
        "1 of 2 cassettes stale.\n"
        "They took the last time:\n"
        "  m: 1 request, 1 token in, 1 out\n"
        f"{NO_PRICE}\n"
    )
    assert "cassettes/new.yaml  0 days old" in second
    assert second.count("stale ") == 2
    assert third.count("stale ") == 1
    assert fourth == "0 of 1 cassette stale.\n"
    assert len(fake.requests) == 2


class Typed(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self):
        """Say that it is one."""
        return True


def test_requests_are_sent_only_if_the_user_says_so(serve, capsys, monkeypatch):
    """On a terminal it asks, beside its output; elsewhere it wants --yes."""
    fake, url = serve("one", "two")
    record(url, "a")

    assert main(["refresh"]) == 2
    assert capsys.readouterr().err == (
        "harness: 1 request would be sent: say --yes, or look with --dry-run.\n"
    )
    for typed, status in [("n\n", 2), ("\n", 2), ("", 2), ("y\n", 0)]:
        monkeypatch.setattr("sys.stdin", Typed(typed))
        assert main(["refresh", "--json"]) == status
        out, err = capsys.readouterr()
        assert err == "1 request would be sent. Go on? [y/N] "
        assert out == "" or json.loads(out)
    assert len(fake.requests) == 2

    def left(_words: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", left)
    assert main(["refresh", "--older-than", "0d"]) == 2
    assert len(fake.requests) == 2


def test_prices_are_told(serve, capsys):
    """Where they are known: here by the model alone."""
    pytest.importorskip("genai_prices")
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    message = {"role": "assistant", "content": "Hi"}
    body = {"model": "gpt-4o", "choices": [{"index": 0, "message": message}]}
    one = Interaction(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        200,
        response_body=json.dumps({**body, "usage": usage}).encode(),
        recorded_at="2020-01-01T00:00:00Z",
    )
    PATH.parent.mkdir()
    PATH.write_text(write_cassette([one]), "utf-8")

    main(["refresh", "--dry-run"])

    out = capsys.readouterr().out
    assert "1 request, 1,000 tokens in, 100 out, $0.0035\n" in out
    assert "  gpt-4o: 1 request, 1,000 tokens in, 100 out, $0.0035\n" in out


def test_machines_get_json(serve, capsys):
    """All that people are told."""
    _, url = serve("one", "two")
    record(url, "a")

    assert main(["refresh", "--yes", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    (one,) = told["cassettes"]
    assert told["format"] == "chat-harness/refresh/1"
    assert told["looked_at"] == 1
    assert (one["path"], one["state"], one["requests"]) == (
        "cassettes/trip.yaml",
        "refreshed",
        1,
    )
    assert one["models"] == [
        {
            "model": "m",
            "at": url,
            "requests": 1,
            "input_tokens": 1,
            "output_tokens": 1,
            "cached_tokens": 0,
            "reasoning_tokens": 0,
            "usd": None,
        }
    ]


# -------------------------------------------------------------------- what goes wrong


def test_a_conversation_that_goes_another_way(serve, capsys):
    """The cassette is as it was; nothing more of it is asked; others go on."""
    _, url = serve("one", *turns("Sunny."), *turns("Sunny.", "Oslo"))
    record(url, "a", name="zoo")
    with use_cassette("trip", "once", now=lambda: LONG_AGO):
        agent(MODELS["openai"](url))
    before = PATH.read_bytes()

    assert main(["refresh", "--yes"]) == 1

    out = capsys.readouterr().out
    assert (
        '          interaction 1: it calls get_weather({"city": "Oslo"}) instead of '
        'get_weather({"city": "Rome"}). It is as it was: run its test with '
        "--cassette-rewrite=cassettes/trip.yaml\n"
    ) in out
    assert out.startswith("diverged  cassettes/trip.yaml")
    assert "refreshed cassettes/zoo.yaml" in out
    assert "\n1 of 2 refreshed.\n" in out
    assert PATH.read_bytes() == before


@pytest.mark.parametrize(
    "faults, status, told",
    [
        ([fail(429, retry_after=0)], 0, "refreshed "),
        (
            [fail(500, message="oh no", retry_after=0)] * 3,
            1,
            "interaction 2: the answer is 500 instead of 200: oh no. It is as it was.",
        ),
        (
            [fail(401, message="Incorrect API key: sk-live-key-0123456789.")],
            1,
            "interaction 2: the answer is 401 instead of 200: Incorrect API key: REDAC",
        ),
    ],
    ids=["for a moment", "for long", "for good"],
)
def test_a_provider_that_fails_in_the_middle(  # and its fixtures
    faults, status, told, serve, capsys, monkeypatch
):
    """What passes is asked again; else the cassette is as it was, to the byte."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-live-key-0123456789")
    _, url = serve("one", "two", "new one", *faults, "new two")
    before = record(url, "a", "b")

    assert main(["refresh", "--yes"]) == status
    assert told in capsys.readouterr().out
    assert (PATH.read_bytes() == before) is bool(status)
    assert len(load_cassette(PATH, seals="error")) == 2
    assert [one.name for one in PATH.parent.iterdir()] == ["trip.yaml"]


def test_a_stream_that_breaks_off(serve, capsys):
    """It is no answer, though its status is well."""
    _, url = serve("one", say("new", fail("interrupted")))
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    with use_cassette("trip", "once", now=lambda: LONG_AGO):
        httpx.post(f"{url}/v1/chat/completions", json={**body, "stream": True})
    before = PATH.read_bytes()

    assert main(["refresh", "--yes"]) == 1
    assert "is not a whole answer, unlike that of then" in capsys.readouterr().out
    assert PATH.read_bytes() == before


def test_who_is_killed_in_the_middle_has_lost_nothing(serve):
    """The old recordings are there, and nothing else."""
    asked, over = threading.Event(), threading.Event()

    def held(_request: object) -> str:
        asked.set()
        over.wait(PATIENCE)
        return "new two"

    _, url = serve("one", "two", "new one", held)
    before = record(url, "a", "b")
    run = "from harness.cli import main; import sys; sys.exit(main())"

    with subprocess.Popen(
        [sys.executable, "-c", run, "refresh", "--yes"], stdout=subprocess.PIPE
    ) as process:
        assert asked.wait(PATIENCE)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        over.set()

    assert PATH.read_bytes() == before
    assert [one.name for one in PATH.parent.iterdir()] == ["trip.yaml"]


@pytest.mark.parametrize(
    "changed", [{"request_headers": (("x-☃", "a"),)}, {"method": "PÖST"}]
)
def test_what_cannot_be_sent(changed, serve, capsys):
    """One line on it, and no traceback."""
    _, url = serve("one", "two")
    record(url, "a")
    (one,) = load_cassette(PATH)
    PATH.write_text(write_cassette([replace(one, **changed)]), "utf-8")

    assert main(["refresh", "--yes"]) == 1
    said = "interaction 1: its method, URL or headers cannot be sent. It is as it was."
    assert said in capsys.readouterr().out


def test_a_cassette_that_changes_meanwhile(serve, capsys, monkeypatch):
    """It is another's now."""
    _, url = serve("one", "two")
    before = record(url, "a")

    def changed(*_given: object) -> None:
        PATH.write_bytes(before + b"# mine\n")

    monkeypatch.setattr("harness.refreshing.asking._Asking.all", changed)

    assert main(["refresh", "--yes"]) == 1
    assert "trip.yaml was changed meanwhile; it is as it is now." in (
        capsys.readouterr().out
    )
    assert PATH.read_bytes() == before + b"# mine\n"


def test_keys_that_are_missing_are_told_before_anything_is_sent(serve, capsys):
    """Each in one line; and those of hosts that nobody knows."""
    fake, url = serve("one")
    record(url, "a", name="here")
    hidden = (("authorization", "Bearer REDACTED-secret-0123abcd"),)
    there = [
        Interaction(
            "POST",
            f"https://{host}/v1/chat/completions",
            200,
            request_headers=hidden,
            recorded_at="2020-01-01T00:00:00Z",
        )
        for host in ("api.openai.com", "llm.internal")
    ]
    PATH.write_text(write_cassette(there), "utf-8")

    assert main(["refresh", "--yes"]) == 1
    place = "(cassettes/trip.yaml)"
    missing = "OpenAI wants an API key, and there is none: set OPENAI_API_KEY."
    unknown = "Which key is that of llm.internal? Say the variable that has it: "
    assert capsys.readouterr().err.splitlines() == [
        f"harness: {missing} {place}",
        f"harness: {unknown}--key-variable llm.internal=VARIABLE. {place}",
    ]
    assert len(fake.requests) == 1


def test_what_cannot_be_asked_again_is_left(serve, capsys, monkeypatch):
    """With a reason, and status 1: it is still stale."""
    _, url = serve("one")
    PATH.parent.mkdir()
    broken = Path("cassettes/broken.yaml")
    broken.write_text("[]", "utf-8")
    refused = Interaction("POST", f"{url}/v1/chat/completions", 429)
    PATH.write_text(write_cassette([refused]), "utf-8")

    assert main(["refresh", "--older-than", "0d", "--yes"]) == 1
    out = capsys.readouterr().out
    assert "failed    cassettes/broken.yaml\n          " in out
    assert "left      cassettes/trip.yaml  of unknown age, 1 request\n" in out
    assert "interaction 1 was refused (429), which asking again does not bring" in out


@pytest.mark.parametrize(
    "words, error",
    [
        (["nowhere"], "There is no cassette 'nowhere', and no folder "),
    ],
)
def test_what_cannot_be_used(words, error, capsys):
    """One line."""
    assert main(["refresh", *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"harness: {error}")


# ------------------------------------------------------------------------- by command


def write_tests(url: str) -> None:
    """Write tests that have cassettes."""
    Path("test_it.py").write_text(
        textwrap.dedent(
            f"""
            import httpx, pytest

            def ask(text):
                message = {{"role": "user", "content": text}}
                body = {{"model": "m", "messages": [message]}}
                answer = httpx.post("{url}/v1/chat/completions", json=body)
                return answer.json()["choices"][0]["message"]["content"]

            @pytest.mark.cassette("one")
            def test_one():
                assert ask("a") in ("one", "new one")

            @pytest.mark.cassette("two")
            def test_two():
                assert ask("b") == "two"

            @pytest.mark.cassette("new")
            def test_new():
                assert ask("c") == "three"
            """
        ),
        "utf-8",
    )


def test_a_command_records_anew_what_is_stale(serve, capfd):
    """Each by its own test, and no other; a failing test leaves its cassette."""
    fake, url = serve("one", "two", "three", "new one", "not two")
    write_tests(url)
    for name, text in (("one", "a"), ("two", "b")):
        with use_cassette(name, "once", now=lambda: LONG_AGO):
            asks(url, text)
    with use_cassette("new", "once"):
        asks(url, "c")
    two = Path("cassettes/two.yaml").read_bytes()

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"]
    status = main(["refresh", "--", *command])

    said = capfd.readouterr()
    assert status == 1
    assert len(fake.requests) == 5
    assert "1 failed, 2 passed" in said.out
    assert "refreshed cassettes/one.yaml  now, 1 request" in said.out
    assert "left      cassettes/two.yaml" in said.out
    assert "a test failed: two.failed.yaml. It is as it was." in said.out
    assert "harness: the command ended with status 1.\n" in said.err
    assert b"new one" in load_cassette("cassettes/one.yaml")[0].response_body
    assert Path("cassettes/two.yaml").read_bytes() == two


def test_a_recording_model_asks_by_itself_alone(capsys):
    """It is no HTTP."""
    with RecordingChatModel(FakeChatModel("Hi"), "trip", mode="once") as model:
        model.invoke("Hello")

    assert main(["refresh", "--older-than", "0d", "--yes"]) == 1
    assert "was recorded by a RecordingChatModel, which" in capsys.readouterr().out
