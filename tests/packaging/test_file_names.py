"""Names of files that Windows takes: in this repository, and of all that is made."""

import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import files
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.cassettes.journals import Journal
from harness.cassettes.naming import cut, portable
from harness.cassettes.saving import FRESH, replace_file
from harness.checks.names import check_names
from harness.cli import main
from harness.cli.record import _called_after
from harness.pytest_plugin.marks import cassette_name

ROOT = Path(__file__).parents[2]
LONGEST_PATH = 180  # Windows takes 260 in all: the rest is for where it lies
LONGEST_NAME = 255  # bytes, on all file systems that count
BESIDE = len(f"..yaml.{'0' * 8}.journal{FRESH}")  # what is put around a name, at most

#: Anything that a test, or what parametrizes it, may be called.
ODD = st.text(min_size=1, max_size=200) | st.sampled_from(
    [
        *("con", "NUL", "aux.x", "com1", "a.", "a ", "..", ".", "e\u0301", "\u00e9"),
        *("a::b", "a.b", "a]", "a[b", "A", "a", "a:b/..?", "\\", "-", "\ud800"),
        *("x" * 300, "ü" * 150),
    ]
)
WORDS = st.sampled_from("test_it Test_It test_größe TestX.test_a con.b aux".split())
NODES = st.builds(
    lambda module, names, params: (
        f"{module}::{'::'.join(names)}" + (f"[{params}]" if params is not None else "")
    ),
    st.sampled_from(["tests/test_a.py", "tests/a/test_a.py", "../b.py", "a.md", "a"]),
    st.lists(WORDS | ODD, min_size=1, max_size=2),
    st.none() | ODD,
)


def portable_faults(name: str) -> list[str]:
    """What Windows and other systems have against a path."""
    parts = name.split("/")
    found = [one.text for one in check_names([name])]
    return found + [
        f"{part!r} has {len(part.encode())} bytes"
        for part in parts
        if len(part.encode()) + BESIDE > LONGEST_NAME
    ]


# ------------------------------------------------------------------------- what is made


@given(NODES)
@example("tests/test_a.py::test[a:b/..?]")
@example(f"tests/test_a.py::test_{'ü' * 200}")
@example("tests/con.py::con")
def test_every_test_has_a_name_that_all_systems_take(nodeid: str) -> None:
    """With room for what a run puts beside a cassette; and it is the same each time."""
    name = cassette_name(nodeid)

    assert portable_faults(f"{name}.yaml") == []
    assert cassette_name(nodeid) == name


@given(st.lists(NODES, unique_by=str.casefold, max_size=5))
@example(["a.py::t[a::b]", "a.py::t[a.b]", "a.py::t[a-b]", "a.py::t[a/b]"])
@example(["a.py::t[e\u0301]", "a.py::t[\u00e9]", "a::t", "a.py::t"])
@example(["a.py::a::b", "a.py::a.b", "a.py::a-b"])
@example([f"a.py::t[{'x' * 300}]", f"a.py::t[{'x' * 301}]", f"a.py::{'x' * 300}"])
def test_no_two_tests_have_the_same_name(nodeids: list[str]) -> None:
    """Not even where case does not count."""
    names = [cassette_name(one) for one in nodeids]

    assert [*check_names([f"{name}.yaml" for name in {*names}])] == []
    for (one, name), (other, second) in combinations(
        zip(nodeids, names, strict=True), 2
    ):
        assert name.casefold() != second.casefold(), (one, other)


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/test_a.py::test_b", "tests/test_a/test_b"),
        ("tests/test_a.py::TestX::test_b", "tests/test_a/TestX.test_b"),
        ("test_a.py::test_b[1.5-gpt-4o]", "test_a/test_b[1.5-gpt-4o]"),
        ("test_a.py::test_größe", "test_a/test_größe"),
        ("test_a.py::test_b[a/b]", "test_a/test_b[a-b]-78470656"),
        ("test_a.py::test_b[A]", "test_a/test_b[A]-08c60883"),
    ],
)
def test_names_stay_as_they_are(nodeid: str, name: str) -> None:
    """Cassettes have been recorded under them."""
    assert cassette_name(nodeid) == name


def test_tests_that_differ_in_case_alone_have_two_cassettes(
    pytester: pytest.Pytester,
) -> None:
    """Whichever of them is run."""
    pytester.makepyfile(
        test_it="""
        from harness.pytest_plugin.marks import called_after

        def test_A(request): print("NAME", called_after(request.node))
        def test_a(request): print("NAME", called_after(request.node))
        def test_b(request): print("NAME", called_after(request.node))

        class TestAPI:
            def test_a(self, request): print("NAME", called_after(request.node))

        class TestApi:
            def test_a(self, request): print("NAME", called_after(request.node))
        """
    )
    both = names_of(pytester)
    alone = names_of(pytester, "test_it.py::test_A")

    assert len({name.casefold() for name in both}) == 5
    assert alone == both[:1]
    assert both[2] == "test_it/test_b"


def test_a_constant_beside_a_test_does_not_rename_its_cassette(
    pytester: pytest.Pytester,
) -> None:
    """Many modules have such a constant, and cassettes were recorded before it."""
    pytester.makepyfile(
        test_it="""
        from harness.pytest_plugin.marks import called_after

        TEST_DATA = {"city": "Boston"}

        def test_data(request): print("NAME", called_after(request.node))
        """
    )
    assert names_of(pytester) == ["test_it/test_data"]


def names_of(pytester: pytest.Pytester, *args: str) -> list[str]:
    """Give the names that tests print of themselves."""
    result = pytester.runpytest_inprocess("-s", "-p", "no:randomly", *args)
    return [line.split()[-1] for line in result.outlines if "NAME" in line]


@given(ODD)
def test_a_portable_name(text: str) -> None:
    """It is taken everywhere, and what is so already stays."""
    name = portable(cut(text, 150))

    assert [*check_names([name])] == []
    assert portable(name) == name
    assert len(name.encode()) <= 151


@given(st.lists(ODD.filter(lambda text: "\0" not in text), min_size=1, max_size=4))
@example(["python", "con.py"])
@example(["ü" * 300])
def test_the_cassette_of_a_program(command: list[str]) -> None:
    """It is called after the command, whatever that is called."""
    assert portable_faults(f"{_called_after(command)}.yaml") == []


def test_what_lies_beside_a_cassette(tmp_path: Path) -> None:
    """Journals, files that are not whole yet, and what a failing test leaves."""
    name = f"{cassette_name(f'test_a.py::test[{chr(252) * 300}:]')}.yaml"
    path = tmp_path / name
    journal = Journal(path)
    journal.write([b"a\n"])
    replace_file(path, b"a")
    replace_file(path.with_name(f"{path.stem}.failed.yaml"), b"a")
    seen = {one.name for one in path.parent.iterdir()}
    journal.close()

    assert len(seen) == 3
    assert [fault for one in seen for fault in portable_faults(one)] == []


@pytest.mark.parametrize("name", ["con", "NUL", "com1"])
def test_nothing_new_is_called_after_a_device(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """It is refused on every system: others shall be able to check it out."""
    monkeypatch.chdir(tmp_path)

    assert main(["new", "script", name]) == 1
    assert capsys.readouterr().err == (
        f"harness: {name!r} is the name of a device on Windows: give another one, such "
        f"as '{name}-chat'.\n"
    )


# ---------------------------------------------------------------------- what is shipped


def ours() -> list[str]:
    """Give every file of the repository, or of the sdist that this lies in."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listing = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        return listing.stdout.decode().rstrip("\0").split("\0")
    below = (path for path in ROOT.rglob("*") if path.is_file())
    return [
        one.relative_to(ROOT).as_posix()
        for one in below
        if "__pycache__" not in str(one)
    ]


def installed() -> list[str]:
    """Give every file of the distribution, as it is recorded."""
    return [one.as_posix() for one in files("chat-harness") or ()]


@pytest.mark.parametrize("listed", [ours, installed])
def test_files_can_be_checked_out_on_windows(listed: Callable[[], list[str]]) -> None:
    """No device, no odd character, no two names that differ in case, no long path."""
    names = listed()

    assert len(names) > 3
    assert [*check_names(names)] == []
    assert [name for name in names if len(name) >= LONGEST_PATH] == []
