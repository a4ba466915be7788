"""The package as it is installed: commands, plugin, types, metadata, no warnings."""

import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import entry_points, metadata, version
from importlib.resources import files
from pathlib import Path

import pytest

import harness
from harness.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no file of the repository is near."""
    return subprocess.run(
        command, cwd="/", capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_the_command_is_on_the_path() -> None:
    """It stands beside the interpreter, and names all that it can do."""
    ending = ".exe" if sys.platform == "win32" else ""
    program = Path(sysconfig.get_path("scripts")) / f"harness{ending}"
    ended = run(str(program), "--help")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert [name for name in COMMANDS if f" {name} " not in ended.stdout] == []


def test_the_plugin_is_loaded_by_its_entry_point(pytestconfig: pytest.Config) -> None:
    """Nobody has to name it."""
    (found,) = entry_points(group="pytest11", name="chat-harness")

    assert found.value == "harness.pytest_plugin"
    assert pytestconfig.pluginmanager.get_plugin("chat-harness") is found.load()


def test_types_are_for_others_too() -> None:
    """Type checkers read what has this file."""
    assert (files("harness") / "py.typed").is_file()


@pytest.mark.parametrize("module", ["harness", "harness.cli.commands", "harness.laws"])
def test_importing_warns_of_nothing(module: str) -> None:
    """Neither do the files of the package when they are compiled."""
    ended = run(sys.executable, "-W", "error", "-B", "-c", f"import {module}")

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_metadata_is_that_of_the_project() -> None:
    """Name, version and what is asked for; each extra with its libraries."""
    told = metadata("chat-harness")

    assert version("chat-harness") == harness.__version__ == PROJECT["version"]
    assert told["Requires-Python"] == PROJECT["requires-python"]
    assert {*told.get_all("Provides-Extra", [])} == {*PROJECT["optional-dependencies"]}
    needed = [one for one in told.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert len(needed) == len(PROJECT["dependencies"])
    assert [*told.get_all("Classifier", [])] == PROJECT["classifiers"]
    assert told["Description-Content-Type"] == "text/markdown"
    assert "# chat-harness" in (told.get_payload() or told["Description"])


def test_this_python_is_one_that_is_promised() -> None:
    """The classifiers name it, and the oldest of them is the oldest that installs."""
    named = [
        one.rpartition(" ")[2]
        for one in PROJECT["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    ]

    assert f"{sys.version_info.major}.{sys.version_info.minor}" in named
    assert PROJECT["requires-python"] == f">={named[0]}"
