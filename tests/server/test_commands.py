"""`harness serve` and `harness proxy`, as programs of their own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from harness import FakeProvider
from harness.cassettes.tape import Tape
from harness.cli import main

ROOT = Path(__file__).parents[2]
PATIENCE = 60


class Program:
    """A command that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.told: list[str] = []
        while "Ctrl-C" not in (line := process.stdout.readline()):
            assert line, f"it ended: {process.communicate()}"
            self.told.append(line)
        self.url = re.match(r"http://[^ ]+", self.told[0])[0]

    def ask(self, text: str = "Hi", to: str = "") -> httpx.Response:
        """Ask, and give the answer."""
        said = {"model": "m", "messages": [{"role": "user", "content": text}]}
        url = f"{self.url}{to}/v1/chat/completions"
        return httpx.post(url, json=said, trust_env=False, timeout=PATIENCE)

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send it a signal; give its status, and what it said of errors."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextmanager
def running(*words: str, cwd: Path) -> Iterator[Program]:
    """Run the command on a free port."""
    run = "from harness.cli import main; import sys; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", run, *words, "--port", "0"],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Program(process)
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_plays_a_script_until_a_signal_ends_it(tmp_path, number):
    """It says where it is and how SDKs find it, and ends well."""
    (tmp_path / "fakes").mkdir()
    (tmp_path / "fakes" / "hello.yaml").write_text("turns: [Hello!]")

    with running("serve", "hello", cwd=tmp_path) as program:
        answer = program.ask()
        status, errors = program.end(number)

    assert answer.json()["choices"][0]["message"]["content"] == "Hello!"
    assert f"  export OPENAI_BASE_URL={program.url}/v1\n" in program.told
    assert f"  export ANTHROPIC_BASE_URL={program.url}\n" in program.told
    assert (status, errors) == (0, "")


def test_serve_ends_badly_where_something_had_no_answer(tmp_path):
    """The status is 1, and it says what."""
    script = tmp_path / "one.yaml"
    script.write_text("turns: [Hello!]")

    with running("serve", str(script), cwd=tmp_path) as program:
        program.ask()
        refused = program.ask("more")
        status, errors = program.end()

    assert refused.status_code == 400
    assert status == 1
    assert errors.startswith("harness: The script has 1 turn, all played, and is asked")


def test_serve_reads_a_script_again(tmp_path):
    """And says so."""
    script = tmp_path / "one.yaml"
    script.write_text("turns: [Hello!]")

    with running("serve", str(script), cwd=tmp_path) as program:
        program.ask()
        script.write_text("turns: [Hello again!]")
        answer = program.ask()
        status, errors = program.end()

    assert answer.json()["choices"][0]["message"]["content"] == "Hello again!"
    assert (status, errors) == (
        0,
        "harness: one.yaml is read again: all sessions begin anew\n",
    )


def test_serve_is_a_provider_as_it_is_in_process(tmp_path):
    """It refuses what a provider refuses, and knows of models and embeddings."""
    script = tmp_path / "one.yaml"
    script.write_text("turns: [Hello!]")

    with running("serve", str(script), cwd=tmp_path) as program:
        url = f"{program.url}/v1/chat/completions"
        refused = httpx.post(url, json={"model": "m"}, trust_env=False)
        models = httpx.get(f"{program.url}/v1/models", trust_env=False)
        answer = program.ask()
        status, _ = program.end()

    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "messages"
    assert models.json()["object"] == "list"
    assert answer.status_code == 200
    assert status == 0


def test_serve_can_be_a_bad_provider(tmp_path):
    """Keys, quotas and chaos, for each session by itself."""
    script = tmp_path / "one.yaml"
    script.write_text("turns: [{say: Hello!, times: forever}]")
    words = ["--key", "sk-one", "--requests-per-minute", "1", "--chaos", "seed=1"]
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    seen = []

    with running("serve", str(script), *words, cwd=tmp_path) as program:
        url = f"{program.url}/v1/chat/completions"
        for key, session in [("no", "a"), *[("sk-one", "a")] * 2, ("sk-one", "b")]:
            headers = {"authorization": f"Bearer {key}", "x-harness-session": session}
            answer = httpx.post(url, json=asked, headers=headers, trust_env=False)
            seen.append(answer.status_code)
        program.end()
    with running("serve", str(script), "--chaos", "server=1", cwd=tmp_path) as program:
        seen.append(program.ask().status_code)
        program.end()
    with running("serve", str(script), "--no-validate", cwd=tmp_path) as program:
        seen.append(httpx.post(url_of(program), json={"messages": []}).status_code)
        program.end()

    assert seen == [401, 200, 429, 200, 500, 200]


def url_of(program: Program) -> str:
    """Give where a chat is asked."""
    return f"{program.url}/v1/chat/completions"


def test_serve_has_several_below_their_names():
    """Scripts and cassettes; what is nowhere is told."""
    with running("serve", "weather", "--cassette", "openai-weather", cwd=ROOT) as it:
        known = httpx.post(
            f"{it.url}/openai-weather/v1/chat/completions",
            content=Tape(ROOT / "cassettes/openai-weather.yaml", "none")
            .interactions[0]
            .request_body,
        )
        nowhere = it.ask(to="/wether")
        status, _ = it.end()

    assert known.status_code == 200
    assert nowhere.status_code == 404
    words = nowhere.json()["error"]["message"]
    assert "Did you mean 'weather'?" in words
    assert status == 0


def test_proxy_records_and_replays(tmp_path):
    """What was recorded is saved when it ends."""
    path = tmp_path / "cassettes" / "trip.yaml"
    with FakeProvider("Hello!").serve() as provider:
        words = ("proxy", "--upstream", provider.url, "--cassette", "trip")
        with running(*words, cwd=tmp_path) as program:
            live = program.ask()
            status, errors = program.end(signal.SIGTERM)
    with running(*words, cwd=tmp_path) as program:
        again = program.ask()
        program.end()

    assert (status, errors) == (0, "")
    assert path.is_file()
    assert again.content == live.content
    assert live.json()["choices"][0]["message"]["content"] == "Hello!"


@pytest.mark.parametrize(
    "words, error",
    [
        (["serve"], "There is nothing to serve: name a script or a cassette."),
        (["serve", "wether"], "There is no script 'wether' in "),
        (["serve", "--cassette", "wether"], "There is no cassette 'wether' in "),
        (["serve", "weather", "weather"], "Two would be served as 'weather'"),
    ],
)
def test_what_cannot_be_served_is_told(words, error, capsys, monkeypatch):
    """Before anything listens; the status is 1."""
    monkeypatch.chdir(ROOT)

    status = main(words)

    assert status == 1
    assert capsys.readouterr().err.startswith(f"harness: {error}")
