"""Without an extra: everything else works, and what needs it says how to get it."""

import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]

#: Each extra that users may lack, with the libraries that it brings.
LIBRARIES = {
    "langchain": "langchain_core",
    "pydantic-ai": "pydantic_ai",
    "prices": "genai_prices",
    "server": "uvicorn httptools uvloop",
    "browser": "axe_playwright_python playwright",
}
DEVELOPERS = {"bench", "dev", "docs", "fuzz", "mutation", "suites"}
#: What none of our dependencies brings: SDKs, clients of HTTP, tools of developers.
OTHERS = (
    "aiohttp anthropic botocore distributed google httpx2 langchain langgraph openai "
    "requests sphinx trio urllib3"
)

ALL = " ".join([*LIBRARIES.values(), OTHERS])

HIDING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""
#: Runs commands one after the other, and tells how each ended.
RUN = """
import shlex
from harness.cli import main
for command in sys.argv[1:]:
    try:
        status = main(shlex.split(command))
    except SystemExit as ended:
        status = ended.code
    print(f"{command}: {status}", file=sys.stderr, flush=True)
"""
CLIENTS = """
from harness import FakeProvider, InputError
for kind in sys.argv[1:]:
    try:
        getattr(FakeProvider("Hi"), kind)(*(["openai:m"] * (kind == "pydantic_ai")))
    except InputError as error:
        print(error, "alone" if error.__suppress_context__ else "with another")
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program among our scripts and cassettes, libraries hidden from it."""
    for folder in ("cassettes", "fakes"):
        shutil.copytree(ROOT / folder, tmp_path / folder)

    def running(
        hidden: str, program: str, *words: str
    ) -> subprocess.CompletedProcess[str]:
        code = HIDING.format(names={*hidden.split()}) + program
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return running


def test_every_extra_is_here() -> None:
    """Those of users, and those of developers."""
    assert {*EXTRAS} - {*LIBRARIES} == DEVELOPERS


def test_help_needs_no_extra(run: Run) -> None:
    """Each command tells what it does, and how it is used."""
    ended = run(ALL, RUN, *(f"{command} --help" for command in COMMANDS))

    assert ended.stderr == "".join(f"{command} --help: 0\n" for command in COMMANDS)
    for command in COMMANDS:
        assert f"Usage: harness {command}" in ended.stdout


def test_commands_need_no_extra(run: Run) -> None:
    """They run with what chat-harness brings itself."""
    commands = [
        "demo",
        "check",
        "show cassettes/weather.yaml",
        "stats",
        "diff cassettes/weather.yaml cassettes/weather.yaml",
        "report cassettes --output page.html",
        "new script agent",
        "schema script",
        "redact --dry-run cassettes/weather.yaml",
        "seal cassettes/weather.yaml",
        "convert --to script cassettes/openai-weather.yaml",
        "refresh --dry-run",
        "record --cassette new -- " + shlex.join([sys.executable, "-c", "1"]),
    ]
    ended = run(ALL, RUN, *commands)

    assert "Traceback" not in ended.stderr
    for command in commands:
        assert f"{command}: 0\n" in ended.stderr


@pytest.mark.parametrize(
    ("hidden", "library"), [("uvicorn httptools", "httptools"), ("uvicorn", "uvicorn")]
)
def test_a_server_needs_one(run: Run, hidden: str, library: str) -> None:
    """One line, with the extra, and status 1."""
    if library == "uvicorn":
        pytest.importorskip("httptools")  # which is missed before it
    commands = [
        "serve weather",
        "proxy --upstream https://api.openai.com --cassette new",
        "record --proxy --cassette new -- true",
    ]
    ended = run(hidden, RUN, *commands)

    told = f"A server needs {library!r}: pip install 'chat-harness[server]'"
    assert ended.stdout == ""
    assert ended.stderr == "".join(
        f"harness: {told}\n{command}: 1\n" for command in commands
    )


def test_a_fake_that_serves_needs_one(run: Run) -> None:
    """The same words, as an error."""
    program = (
        "from harness import FakeProvider, InputError\n"
        "try:\n    FakeProvider('Hello!').serve().start()\n"
        "except InputError as error:\n    print(error, error.__cause__)\n"
    )
    ended = run("uvicorn httptools", program)

    assert ended.stdout == (
        "A server needs 'httptools': pip install 'chat-harness[server]' None\n"
    )


def test_the_event_loop_of_servers_is_a_choice(run: Run) -> None:
    """Without uvloop, which Windows has not, a server runs on asyncio's own loop."""
    pytest.importorskip("uvicorn")
    pytest.importorskip("httptools")
    program = (
        "import httpx\nfrom harness import FakeProvider\n"
        "with FakeProvider('Hello!').serve() as server:\n"
        "    body = {'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]}\n"
        "    url = f'{server.url}/v1/chat/completions'\n"
        "    print(httpx.post(url, json=body, headers={'authorization': 'Bearer x'})"
        ".json()['choices'][0]['message']['content'])\n"
    )
    ended = run("uvloop", program)

    assert (ended.stdout, ended.stderr) == ("Hello!\n", "")


@pytest.mark.parametrize(
    ("fixture", "library", "extra"),
    [
        ("fake_langchain", "langchain_core", "langchain"),
        ("replay_langchain", "langchain_core", "langchain"),
        ("fake_pydantic_ai", "pydantic_ai", "pydantic-ai"),
        ("replay_pydantic_ai", "pydantic_ai", "pydantic-ai"),
    ],
)
def test_a_fixture_needs_one(
    run: Run, tmp_path: Path, fixture: str, library: str, extra: str
) -> None:
    """The test fails in one line, which names it: no traceback through our modules."""
    (tmp_path / "test_it.py").write_text(f"def test_it({fixture}): ...\n", "utf-8")
    program = "import pytest\nsys.exit(pytest.main(sys.argv[1:]))"
    ended = run(library, program, "-q", "-p", "no:cacheprovider", "test_it.py")

    assert ended.returncode == 1
    told = f"{library} is not installed: pip install 'chat-harness[{extra}]'"
    assert told in ended.stdout.splitlines()
    assert "ImportError" not in ended.stdout
    assert "1 error" in ended.stdout


def test_a_client_needs_its_package(run: Run) -> None:
    """Each says which, and the traceback is of that error alone."""
    needed = {
        "openai": "openai",
        "async_openai": "openai",
        "anthropic": "anthropic",
        "async_anthropic": "anthropic",
        "google_genai": "google-genai",
        "langchain_openai": "langchain-openai",
        "langchain_anthropic": "langchain-anthropic",
        "pydantic_ai": "pydantic-ai-slim",
    }
    ended = run(
        "anthropic google langchain_anthropic langchain_openai openai pydantic_ai",
        CLIENTS,
        *needed,
    )

    lines = ended.stdout.splitlines()
    assert len(lines) == len(needed), ended.stderr
    for line, (kind, package) in zip(lines, needed.items(), strict=True):
        assert line.startswith(f"{kind}() makes a client of ")
        assert line.endswith(f"Install it: pip install {package}. alone")
