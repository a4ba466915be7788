"""What others run in their CI: hooks, an action, the workflow on the page."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import pytest_plugin
from harness.cli import main
from harness.cli.commands import COMMANDS, made_parser
from harness.pytest_plugin.settings import MODES

ROOT = Path(__file__).parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
CI = (ROOT / "docs" / "ci.md").read_text("utf-8")
WORKFLOW, STEPS = (
    yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(.*?)^```$", CI, re.MULTILINE | re.DOTALL)
)
KEY = "gsk_" + "Q7" * 20  # no key of anybody


class Options:
    """The options of the plugin, noted down."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def getgroup(self, *_about: str) -> "Options":
        return self

    def addoption(self, name: str, **_options: object) -> None:
        self.names.add(name)

    def addini(self, *_about: object, **_options: object) -> None:
        """Ini keys are not looked at."""


def commands() -> Iterator[list[str]]:
    """Give the commands of the workflow, as words."""
    for job in WORKFLOW["jobs"].values():
        for step in job["steps"]:
            for line in step.get("run", "").splitlines():
                yield shlex.split(line)


def words(command: list[str]) -> list[str]:
    """Give a command without where its output goes."""
    return command[: command.index(">")] if ">" in command else command


# ------------------------------------------------------------------------ pre-commit


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_is_whole(hook: dict[str, Any]) -> None:
    """It has what pre-commit asks for, and runs a command that there is."""
    known = {
        "id",
        "name",
        "description",
        "entry",
        "language",
        "files",
        "require_serial",
    }
    program, command = hook["entry"].split()

    assert known >= hook.keys() >= known - {"require_serial"}
    assert (hook["language"], program) == ("python", "harness")
    assert command in COMMANDS
    assert re.fullmatch(r"chat-harness-[a-z]+", hook["id"])


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("cassettes/a.yaml", ["check", "redact"]),
        ("tests/cassettes/test_a/test_b[x].yml", ["check", "redact"]),
        ("cassettes/a.yaml.gz", ["check", "redact"]),
        ("cassettes/a.json", ["check"]),
        ("fakes/agent.yaml", ["check"]),
        ("fakes/script.schema.json", []),
        ("cassettes/README.md", []),
        ("mycassettes/a.yaml", []),
        ("docker-compose.yaml", []),
    ],
)
def test_what_hooks_look_at(path: str, ids: list[str]) -> None:
    """The files of cassettes and scripts, wherever their folders lie."""
    found = [hook["id"] for hook in HOOKS if re.search(hook["files"], path)]

    assert found == [f"chat-harness-{one}" for one in ids]


def test_hooks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one fails for a key in a cassette, the other hides it: then both pass."""
    monkeypatch.chdir(tmp_path)
    Path("cassettes").mkdir()
    path = Path("cassettes/a.yaml")
    path.write_text(
        "interactions:\n- request:\n    method: GET\n    body: null\n    headers: {}\n"
        f"    uri: https://a.b/?key={KEY}\n  response:\n    body: {{string: Hi}}\n"
        "    headers: {}\n    status: {code: 200, message: OK}\nversion: 1\n",
        "utf-8",
    )
    check, redact = (hook["entry"].split()[1:] for hook in HOOKS)

    assert main([*check, str(path)]) == 1
    assert main([*redact, str(path)]) == 0
    assert main([*check, str(path)]) == 0
    assert KEY not in path.read_text("utf-8")


# ---------------------------------------------------------------------------- GitHub


def test_the_action_is_whole() -> None:
    """A composite action: named, each step with a shell, inputs used as variables."""
    assert ACTION.keys() == {"name", "description", "branding", "inputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    for one in ACTION["inputs"].values():
        assert one.keys() == {"description", "default"}
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]  # what is put into a script is run
    said = str(ACTION["runs"]["steps"])
    assert {*re.findall(r"inputs\.([\w-]+)", said)} == {*ACTION["inputs"]}


@pytest.mark.skipif(sys.platform == "win32", reason="it is run by bash")
@pytest.mark.parametrize(
    ("args", "paths", "status"),
    [("", "", 1), ("--ignore conflict --strict", "", 0), ("", "b.yaml c.yaml", 0)],
)
def test_the_action_checks(tmp_path: Path, args: str, paths: str, status: int) -> None:
    """Its last step is run as GitHub runs it; options and paths are words."""
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "a.yaml").write_text("interactions:\n<<<<<<< a\n")
    for name in ("b.yaml", "c.yaml"):
        (tmp_path / name).write_text("interactions: []\nversion: 1\n")
    program = tmp_path / "harness"
    program.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -c "
        "'import sys; from harness.cli import main; sys.exit(main())' \"$@\"\n"
    )
    program.chmod(0o755)
    ended = subprocess.run(
        [
            "/bin/bash",
            "--noprofile",
            "--norc",
            "-eo",
            "pipefail",
            "-c",
            ACTION["runs"]["steps"][-1]["run"],
        ],
        cwd=tmp_path,
        env={
            "HARNESS": str(program),
            "ARGS": args,
            "PATHS": paths,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == status, ended.stderr
    assert ("::error file=cassettes/a.yaml,line=2" in ended.stdout) is bool(status)


def test_the_workflow_is_whole() -> None:
    """It has triggers, few rights, and steps that run or use something."""
    triggers = WORKFLOW[True]  # what YAML makes of "on"

    assert triggers.keys() == {"push", "pull_request", "schedule"}
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in WORKFLOW["jobs"].values():
        assert job["runs-on"] == "ubuntu-latest"
        for step in job["steps"]:
            assert ("run" in step) is not ("uses" in step)
            assert "@v" in step.get("uses", "@v")
    assert "secrets." not in str(WORKFLOW["jobs"]["offline"])


def test_its_commands_are_there() -> None:
    """Each harness and pytest of it takes the options that it is given."""
    plugin: Any = Options()
    pytest_plugin.pytest_addoption(plugin)
    given = [words(one) for one in commands()]
    ours = [one[1:] for one in given if one[0] == "harness"]
    tests = [one[3:] for one in given if one[:3] == ["python", "-m", "pytest"]]

    assert (len(ours), len(tests)) == (3, 2)
    for one in ours:
        assert made_parser(one[:1]).parse_args(one)
    for name, _, value in (one.partition("=") for test in tests for one in test):
        assert name in plugin.names
        assert value in ("", *MODES)


def test_the_inputs_on_the_page_are_those_of_the_action() -> None:
    """And its options those of the command."""
    given = STEPS["steps"][-1]["with"]

    assert given.keys() <= ACTION["inputs"].keys()
    assert made_parser(["check"]).parse_args(["check", *given["args"].split()])
