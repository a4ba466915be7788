"""The command `harness record`: real programs, and a provider on this machine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from harness import FakeProvider, call, say, use_cassette
from harness.cassettes import load_cassette, write_cassette
from harness.cassettes.interactions import Interaction
from harness.cli import main
from harness.cli.record import _called_after
from harness.cli.sessions import Session
from harness.recording.launched import VARIABLE

ROOT = Path(__file__).parents[2]
PATIENCE = 60

ASK = """
import json, os, sys
URL = os.environ.get("OPENAI_BASE_URL", "") + "/chat/completions"

def asked(text, **more):
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}
"""


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """Run in a folder of its own, in which programs find this harness."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def served(monkeypatch) -> Iterator[Callable[..., FakeProvider]]:
    """Give what serves a script, and points programs there as a user would."""
    servers = []

    def serve(*turns) -> FakeProvider:
        fake = FakeProvider(*turns)
        server = fake.serve().start()
        servers.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")
        return fake

    yield serve
    for server in servers:
        server.stop()


def program(code: str, name: str = "app.py") -> str:
    """Write a program; give its name."""
    Path(name).write_text(ASK + textwrap.dedent(code), "utf-8")
    return name


def recorded(*words: str) -> int:
    """Run the command."""
    return main(["record", *words])


ONE = """
        import httpx
        print(httpx.post(URL, json=asked("Hi")).json()["choices"][0]["message"])
"""

CLIENTS = {
    "httpx and requests": """
        import httpx, requests
        for library, text in ((httpx, "Hi"), (requests, "Ho")):
            answer = library.post(URL, json=asked(text)).json()
            print(answer["choices"][0]["message"])
    """,
    "a stream of the official SDK, in a thread": """
        import openai, threading

        def ask():
            messages = asked("Hi")["messages"]
            chat = openai.OpenAI().chat.completions
            for chunk in chat.create(model="m", messages=messages, stream=True):
                print(repr(chunk.choices[0].delta.content))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    """,
}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_program_asks_is_recorded_then_replayed(client, served, capfd):
    """Its output is the same both times, and the second time nobody is asked."""
    fake = served("Hello from here!", "Hello again!")
    app = program(CLIENTS[client])

    first = recorded("--", sys.executable, app)
    live = capfd.readouterr()
    second = recorded("--", sys.executable, app)
    again = capfd.readouterr()

    assert (first, second) == (0, 0)
    assert "Hello" in live.out
    assert again.out == live.out
    many = "2 interactions" if len(fake.requests) == 2 else "1 interaction"
    assert live.err.startswith(f"harness: recorded {many} (127.0.0.1")
    assert live.err.endswith(" into cassettes/app.yaml\n")
    assert again.err.startswith(f"harness: replayed {many} (127.0.0.1")
    assert again.err.endswith(" from cassettes/app.yaml\n")
    assert len(fake.requests) == len(load_cassette("cassettes/app.yaml"))
    assert "sk-made-up" not in Path("cassettes/app.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    "ending, status, error",
    [
        ("raise ValueError('oh')", 1, "ValueError: oh\n"),
        ("os.kill(os.getpid(), 15)", 143, ""),
    ],
    ids=["exception", "SIGTERM"],
)
def test_however_it_ends_what_it_recorded_is_there(
    ending, status, error, served, capfd
):
    """The status is the program's own; a signal's is that of a shell."""
    served("Hello!")
    app = program(ONE + f"        {ending}")

    assert recorded("--", sys.executable, app) == status
    err = capfd.readouterr().err
    assert error in err
    assert (
        "harness: recorded 1 interaction (127.0.0.1; 1 token in, 2 out) into "
        "cassettes/app.yaml"
    ) in err
    assert len(load_cassette("cassettes/app.yaml", seals="error")) == 1
    assert [*Path("cassettes").glob(".*")] == []


def test_child_processes_record_into_one_cassette(served, capfd):
    """One after the other, while their parent has it open; each is replayed."""
    served("one", "two")
    app = program(
        """
        import httpx, subprocess
        text = sys.argv[1]
        print(httpx.post(URL, json=asked(text)).status_code, flush=True)
        for more in sys.argv[2:]:
            subprocess.run([sys.executable, "app.py", more])
        """
    )

    recorded("--", sys.executable, app, "a", "b")
    live = capfd.readouterr()
    recorded("--", sys.executable, app, "a", "b")
    again = capfd.readouterr()

    assert live.out.split() == again.out.split() == ["200", "200"]
    assert "recorded 2 interactions" in live.err
    assert "replayed 2 interactions" in again.err


def test_a_process_that_forks_loses_nothing(served, capfd):
    """The worker of a pool ends without a word; what it recorded is there."""
    served("one", "two")
    app = program(
        """
        import httpx, multiprocessing

        def ask(text):
            return httpx.post(URL, json=asked(text)).status_code

        if __name__ == "__main__":
            print(ask("before"))
            with multiprocessing.get_context("fork").Pool(1) as pool:
                print(pool.map(ask, ["in a worker"]))
        """
    )

    assert recorded("--", sys.executable, app) == 0
    assert "recorded 2 interactions" in capfd.readouterr().err
    asked = [
        json.loads(one.request_body) for one in load_cassette("cassettes/app.yaml")
    ]
    assert sorted(one["messages"][0]["content"] for one in asked) == [
        "before",
        "in a worker",
    ]


def test_nothing_gets_past_a_replay(served, capfd):
    """A miss that the program swallowed is told; so is what no client is heard at."""
    fake = served("Hello!")
    app = program(
        """
        import httpx, socket
        try:
            httpx.post(URL, json=asked("Hi"))
        except BaseException:
            print("swallowed")
        socket.create_connection(("api.example.com", 443))
        """
    )

    assert recorded("--mode", "none", "--", sys.executable, app) == 1
    err = capfd.readouterr().err
    assert fake.requests == []
    assert "NetworkBlocked: " in err
    assert "harness: not recorded: The cassette '" in err
    assert "tried to look up api.example.com" in err.partition("not recorded: ")[2]
    assert err.endswith(
        "harness: nothing was recorded or replayed: what was asked is not in the "
        "cassette.\n"
    )


def test_a_replay_without_a_client_is_offline_too(capfd):
    """In mode none the cassette is open from the start."""
    code = "import socket; socket.create_connection(('api.example.com', 443))"

    assert recorded("--mode", "none", "--", sys.executable, "-c", code) == 1
    assert "NetworkBlocked: " in capfd.readouterr().err


def test_ci_records_nothing_and_says_so(capfd, monkeypatch):
    """As everywhere: programs are told to replay."""
    monkeypatch.setenv("CI", "true")
    code = f"import json, os; print(json.loads(os.environ[{VARIABLE!r}])['mode'])"

    assert recorded("--", sys.executable, "-I", "-c", code) == 0
    said = capfd.readouterr()
    assert said.out == "none\n"
    assert "harness: CI is set: mode 'once' records nothing.\n" in said.err
    assert not Path("cassettes").exists()


def test_a_rewrite_that_fails_leaves_what_was_there(served, capfd):
    """What it recorded is kept aside."""
    served("one")
    app = program(ONE + "        sys.exit(1)")
    path = Path("c.yaml")
    path.write_text(write_cassette([said("old")]), "utf-8")
    before = path.read_bytes()
    words = ["--mode", "rewrite", "--cassette", "c.yaml"]

    assert recorded(*words, "--", sys.executable, app) == 1
    assert path.read_bytes() == before
    assert b"one" in load_cassette("c.failed.yaml")[0].response_body
    assert (
        "harness: the command ended with status 1, so c.yaml is as it was; "
        "what was recorded is in c.failed.yaml.\n"
    ) in capfd.readouterr().err
    assert {one.name for one in Path().glob("*c.*")} == {"c.failed.yaml", "c.yaml"}


def test_rewrite_takes_the_place_of_what_was_there():
    """What is not asked again goes."""
    path = Path("c.yaml")
    path.write_text(write_cassette([said("old")]), "utf-8")

    session = ends_well(path, "new", meanwhile=lambda: None)

    assert [*session.told()] == ["recorded 1 interaction (a.b) into c.yaml"]
    assert load_cassette(path) == (said("new"),)
    assert [*Path().iterdir()] == [path]


def ends_well(file: Path, *texts: str, meanwhile: Callable[[], object]) -> Session:
    """Give a session in which a program recorded, and something else happened."""
    session = Session(file.absolute(), "rewrite")
    session.file.write_text(write_cassette(map(said, texts)), "utf-8")
    meanwhile()
    session.end(0)
    return session


def said(text: str) -> Interaction:
    """Give an interaction."""
    return Interaction("GET", f"https://a.b/{text}", 200)


def test_rewrite_leaves_what_others_recorded_meanwhile():
    """What was there before goes; links stay links."""
    path, far = Path("c.yaml"), Path("far.yaml")
    far.write_text(write_cassette([said("old")]), "utf-8")
    path.symlink_to(far)
    theirs = write_cassette([said("old"), said("theirs")])

    ends_well(path, "new", meanwhile=lambda: far.write_text(theirs, "utf-8"))

    assert path.is_symlink()
    assert load_cassette(path) == (said("theirs"), said("new"))
    assert {one.name for one in Path().iterdir()} == {"c.yaml", "far.yaml"}


def test_a_rewrite_that_cannot_be_saved_says_where_it_is():
    """Nothing that was recorded is lost."""
    path = Path("c.yaml")

    session = ends_well(path, "new", meanwhile=lambda: path.write_text("[]", "utf-8"))

    (kept,) = Path().glob("c.*.new.yaml")
    assert f"what was recorded is in {kept}." in [*session.told()]
    assert load_cassette(kept) == (said("new"),)
    assert path.read_text("utf-8") == "[]"


def test_new_episodes_adds(served, capfd):
    """What is known plays; the status is the program's own."""
    fake = served("one", "two")
    body = {"model": "m", "messages": [{"role": "user", "content": "a"}]}
    with use_cassette("app", "once"):
        httpx.post(f"{os.environ['OPENAI_BASE_URL']}/chat/completions", json=body)
    app = program(
        """
        import httpx
        for text in "ab":
            print(httpx.post(URL, json=asked(text)).status_code)
        sys.exit(3)
        """
    )

    assert recorded("--mode", "new_episodes", "--", sys.executable, app) == 3

    last = capfd.readouterr().err.splitlines()[-1]
    assert "recorded 1 interaction (" in last
    assert "; replayed 1 interaction (" in last
    assert len(fake.requests) == 2


def test_input_and_output_are_the_programs_own(capfd):
    """Bytes of any sort go through."""
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
    run = "from harness.cli import main; import sys; sys.exit(main())"

    ran = subprocess.run(
        [sys.executable, "-c", run, "record", "--", sys.executable, "-c", code],
        input=b"\x00\xff\r\n",
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )

    assert ran.stdout == b"\n\r\xff\x00"
    assert ran.stderr.decode() == (
        "harness: nothing was recorded or replayed: no process used httpx, httpx2, "
        "requests, urllib3 or aiohttp. Other clients are heard with --proxy.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_passed_on(number):
    """The program gets them, and decides."""
    code = f"""
        import signal, time
        def heard(number, frame):
            print("heard", flush=True)
            sys.exit(5)
        signal.signal({int(number)}, heard)
        print("ready", flush=True)
        time.sleep(60)
    """
    Path("wait.py").write_text("import sys\n" + textwrap.dedent(code), "utf-8")
    run = "from harness.cli import main; import sys; sys.exit(main())"

    with subprocess.Popen(
        [sys.executable, "-c", run, "record", "--", sys.executable, "wait.py"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)

    assert said == b"heard\n"
    assert process.returncode == 5


def test_a_python_without_harness_works_and_is_told(capfd, monkeypatch):
    """Its own sitecustomize, and its own httpx, are there."""
    other = Path("other")
    other.mkdir()
    (other / "httpx.py").write_text("said = 'an old friend'", "utf-8")
    (other / "sitecustomize.py").write_text("import sys; sys.custom = 1", "utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "bare"], check=True)
    monkeypatch.setenv("PYTHONPATH", "other")
    code = "import httpx, sys; print(httpx.said, sys.custom, sys.path[1])"

    assert recorded("--", "bare/bin/python", "-c", code) == 0
    said = capfd.readouterr()
    assert said.out == f"an old friend 1 {other.absolute()}\n"
    assert "bare/bin/python cannot load chat-harness (ModuleNotFoundError" in said.err
    assert "so nothing of it was recorded: install it there, or use --proxy" in said.err


def test_the_users_own_sitecustomize_runs(served, capfd, monkeypatch):
    """And is told no lies about sys.path."""
    served("Hello!")
    Path("own").mkdir()
    Path("own/sitecustomize.py").write_text("import sys; sys.custom = 'mine'", "utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["own", str(ROOT)]))
    app = program(
        ONE
        + """
        import sitecustomize
        print(sys.custom, sitecustomize.__file__)
        print([one for one in sys.path if "startup" in one])
        """
    )

    assert recorded("--", sys.executable, app) == 0
    said = capfd.readouterr()
    own = Path("own").absolute() / "sitecustomize.py"
    assert said.out.splitlines()[-2:] == [f"mine {own}", "[]"]
    assert "recorded 1 interaction" in said.err


@pytest.mark.parametrize(
    "command, status, error",
    [
        (["no-such-thing"], 127, "'no-such-thing' cannot be run: No such file"),
        (["./data"], 126, "'./data' cannot be run: Permission denied."),
        (["."], 126, "'.' cannot be run: Permission denied."),
        ([], 2, "the command stands behind two dashes: harness record -- python app"),
    ],
)
def test_what_cannot_be_run(command, status, error, capfd):
    """One line, and the status of a shell."""
    Path("data").touch()

    assert recorded("--", *command) == status
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"harness: {error}")


@pytest.mark.parametrize(
    "words, error",
    [
        (["--upstream", "A=http://b"], "--upstream says where --proxy asks: give both"),
        (["--proxy", "--upstream", "http://b"], "--upstream 'http://b': say which"),
        (["--proxy", "--upstream", "A=b"], "A='b' is no URL of a server"),
        (["--cassette", "broken.yaml"], "broken.yaml is no cassette"),
        (["--cassette", "a.json"], "cassettes are recorded as YAML"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_runs(words, error, capfd):
    """One line, and no program."""
    Path("broken.yaml").write_text("[]", "utf-8")
    code = "open('ran', 'w')"

    assert recorded(*words, "--", sys.executable, "-c", code) in (1, 2)
    err = capfd.readouterr().err
    assert err.startswith("harness: ")
    assert error in err
    assert not Path("ran").exists()


def test_a_command_without_the_dashes(capsys):
    """It is wrong use, and told how it is right."""
    assert recorded("pytest", "tests") == 2
    told = "the command stands behind two dashes: harness record -- pytest tests"
    assert capsys.readouterr().err == f"harness: {told}\n"


@pytest.mark.parametrize(
    "command, name",
    [
        ("python app.py --fast", "app"),
        ("/usr/bin/python3.12 -X dev tools/my_app.py", "my_app"),
        ("python -m tools.crawl", "tools.crawl"),
        ("python -c print(1)", "python"),
        ("uv run --quiet app.py", "app"),
        ("node dist/ask.mjs", "ask"),
        ("env A=1 python app.py", "app"),
        ("pytest -q tests", "pytest"),
        ("./run.sh", "run"),
        ("...", "program"),
    ],
)
def test_a_cassette_is_called_after_the_command(command, name):
    """After what it runs, where it runs something."""
    assert _called_after(command.split()) == name


# ---------------------------------------------------------------------------- proxy


def test_curl_is_recorded_by_proxy(served, capfd):
    """With the provider's true URL; and replayed to whoever asks the same."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl on this machine")
    fake = served(say("a b", cut="words"))
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    Path("asked.json").write_text(json.dumps({**body, "stream": True}), "utf-8")
    Path("ask.sh").write_text(
        f"{curl} -sSN --max-time 20 $OPENAI_BASE_URL/chat/completions -d @asked.json",
        "utf-8",
    )

    first = recorded("--proxy", "--", "sh", "ask.sh")
    live = capfd.readouterr()
    second = recorded("--proxy", "--", "sh", "ask.sh")
    again = capfd.readouterr()

    assert (first, second) == (0, 0)
    assert live.out.endswith("data: [DONE]\n\n")
    assert again.out == live.out
    assert "recorded 1 interaction (127.0.0.1)" in live.err
    assert "replayed 1 interaction (127.0.0.1)" in again.err
    assert len(fake.requests) == 1
    (only,) = load_cassette("cassettes/ask.yaml")
    assert only.url == f"{os.environ['OPENAI_BASE_URL']}/chat/completions"


def test_the_sdk_for_node_is_recorded_by_proxy(served, capfd):
    """It reads the variable."""
    node = shutil.which("node")
    modules = ROOT / "tests" / "server" / "node" / "node_modules"
    if node is None or not (modules / "openai").is_dir():
        pytest.skip("the SDK is not installed: make node (needs Node and npm)")
    served(say(call("get_weather", location="Zürich")))
    Path("node_modules").symlink_to(modules)
    Path("ask.mjs").write_text(
        """
        import OpenAI from "openai";
        const asked = {model: "m", messages: [{role: "user", content: "Hi"}],
            tools: [{type: "function", function: {name: "get_weather"}}]};
        const said = await new OpenAI().chat.completions.create(asked);
        console.log(said.choices[0].message.tool_calls[0].function.name);
        """,
        "utf-8",
    )

    for done in ("recorded", "replayed"):
        assert recorded("--proxy", "--", node, "ask.mjs") == 0
        said = capfd.readouterr()
        assert said.out == "get_weather\n"
        assert f"harness: {done} 1 interaction" in said.err


def test_proxy_has_other_providers_too(served, capfd, monkeypatch):
    """By a variable of the user's; a miss is told in mode none."""
    served("one", "two")
    lab = os.environ["OPENAI_BASE_URL"]
    monkeypatch.delenv("OPENAI_BASE_URL")
    app = program(
        """
        import httpx
        url = os.environ["LAB_URL"] + "/chat/completions"
        print(httpx.post(url, json=asked(sys.argv[1])).status_code)
        lost = os.environ["LAB_URL"].replace("lab_url", "lap_url") + "/chat/completions"
        print(httpx.post(lost, json=asked("x")).json()["error"]["message"])
        """
    )
    words = ["--proxy", "--upstream", f"LAB_URL={lab}"]

    assert recorded(*words, "--", sys.executable, app, "a") == 0
    first = capfd.readouterr()
    recorded(*words, "--mode", "none", "--", sys.executable, app, "b")
    second = capfd.readouterr()

    assert first.out.startswith(
        "200\nchat-harness: no provider is at /lap_url. Did you"
    )
    assert "recorded 1 interaction" in first.err
    assert second.out.startswith("400\n")
    assert "harness: not recorded: The cassette '" in second.err
