"""The command `harness check`: what it looks at, prints, and how it ends."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.journals import Journal, line_of
from harness.cli import main
from harness.cli.project import Project

ROOT = Path(__file__).parents[2]
KEY = "gsk_" + "Q7" * 20  # no key of anybody
HELLO = Interaction("GET", "https://a.b/", 200, response_body=b"Hello!")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says of colors and of CI."""
    for name in ("FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with a script and two cassettes, one of which was edited."""
    monkeypatch.chdir(tmp_path)
    files = {
        "fakes/a.yaml": "turns: [Hello!]",
        "fakes/script.schema.json": "{}",
        "cassettes/good.yaml": write_cassette([HELLO]),
        "cassettes/edited.yaml": write_cassette([HELLO]).replace("Hello", "Howdy"),
        "cassettes/README.md": "read me",
        "tests/test_a.py": "good, edited = 1, 2",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs the command: status, lines, what stands on stderr."""

    def ran(*given: str) -> tuple[int, list[str], str]:
        try:
            status = main(["check", *given])
        except SystemExit as ended:
            status = int(str(ended.code))
        said = capsys.readouterr()
        return status, said.out.splitlines(), said.err

    return ran


EDITED = (
    "cassettes/edited.yaml:2: error seal: interaction 1 (line 2) was changed after it "
    "was recorded (wrong seal). If that is wanted, seal it again: harness seal "
    "cassettes/edited.yaml. Else: Restore the file from version control, or record it "
    "again."
)


@pytest.mark.usefixtures("project")
def test_the_folders_of_the_project(run: Run) -> None:
    """Without paths, fakes/ and cassettes/ are looked at; the rest is not."""
    assert run() == (1, [EDITED], "3 files checked: 1 error\n")


@pytest.mark.usefixtures("project")
def test_all_is_well(run: Run) -> None:
    """Files that are named, once each."""
    given = ["cassettes/good.yaml", "./cassettes/good.yaml", "fakes"]

    assert run(*given) == (0, [], "2 files checked: all is well\n")


def test_from_a_folder_below(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project is found from anywhere in it, as pytest finds it, and its folders."""
    (project / "pytest.ini").write_text(
        "[pytest]\nharness_cassettes = tapes\n", "utf-8"
    )
    (project / "cassettes").rename(project / "tapes")
    monkeypatch.chdir(project / "tests")
    _, lines, _ = run()

    assert lines[0].startswith((project / "tapes/edited.yaml:2: error").as_posix())


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("pytest.ini", "[pytest]\nharness_cassettes = tapes", True),
        ("pytest.ini", "", False),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nharness_cassettes='tapes'",
            True,
        ),
        ("pyproject.toml", "[tool.pytest]\nharness_cassettes='tapes'", True),
        ("pytest.toml", "[pytest]\nharness_cassettes='tapes'", True),
        ("tox.ini", "[pytest]\nharness_cassettes = tapes", True),
        ("setup.cfg", "[tool:pytest]\nharness_cassettes = tapes", True),
        ("setup.cfg", "[pytest]\nharness_cassettes = tapes", None),
        ("pyproject.toml", "[tool.ruff]", None),
        ("pyproject.toml", "damaged = [", None),
        ("tox.ini", "damaged [", None),
    ],
)
def test_how_a_project_is_found(
    tmp_path: Path, name: str, text: str, found: bool | None
) -> None:
    """By the files that pytest reads, where these have a part for it."""
    (tmp_path / name).write_text(text, "utf-8")
    below = tmp_path / "tests"
    below.mkdir()
    project = Project.find(below)

    assert project.root == (below if found is None else tmp_path)
    assert (project.cassettes.name == "tapes") is bool(found)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("given", "status", "rules"),
    [
        (["--ignore", "seal"], 0, []),
        (["--select", "secret,script", "--select", "stale"], 0, []),
        (["--select", "seal secret"], 1, ["seal"]),
        (["--orphans"], 1, ["seal"]),
        (["--max-age", "1h"], 1, ["seal"]),
    ],
)
def test_rules_are_chosen(
    run: Run, given: list[str], status: int, rules: list[str]
) -> None:
    """By name, several in one word or several words."""
    ended, lines, _ = run("--format", "json", *given)

    assert ended == status
    found = json.loads("\n".join(lines))["findings"]
    assert [one["rule"] for one in found] == rules


def test_warnings(project: Path, run: Run) -> None:
    """They fail the command only where it is strict."""
    (project / "tests/test_a.py").write_text("good = 1", "utf-8")
    given = ["--orphans", "--ignore", "seal"]
    told = [
        (
            "cassettes/edited.yaml:1: warning orphan: no code has the word 'edited': "
            "nothing seems to use it."
        )
    ]

    assert run(*given) == (0, told, "3 files checked: 1 warning\n")
    assert run(*given, "--strict")[0] == 1


def test_orphans_are_not_looked_for_in_what_others_wrote(
    project: Path, run: Run
) -> None:
    """Nor in environments and hidden folders."""
    (project / "tests/test_a.py").write_text("good = 1", "utf-8")
    for folder in ("node_modules", ".hidden", "env"):
        (project / folder).mkdir()
        (project / folder / "a.py").write_text("edited = 1", "utf-8")
    (project / "mine").mkdir()
    (project / "mine/pyvenv.cfg").touch()
    (project / "mine/a.py").write_text("edited = 1", "utf-8")

    assert len(run("--orphans", "--select", "orphan")[1]) == 1


@pytest.mark.usefixtures("project")
def test_github(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations, if they are asked for, or in a workflow of GitHub."""
    status, lines, _ = run("--format", "github")

    assert status == 1
    assert lines[0].startswith(
        "::error file=cassettes/edited.yaml,line=2,title=seal::cassettes/edited.yaml:2"
    )
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert run()[1] == lines
    assert run("--format", "text")[1] == [EDITED]


@pytest.mark.usefixtures("project")
def test_sarif(run: Run) -> None:
    """A log that GitHub's code scanning takes."""
    log = json.loads("\n".join(run("--format", "sarif")[1]))

    assert log["runs"][0]["results"][0]["ruleId"] == "seal"


def test_no_secret_is_printed(project: Path, run: Run) -> None:
    """In no format."""
    (project / "cassettes/good.yaml").write_text(
        write_cassette([HELLO]).replace("a.b/", f"a.b/?key={KEY}"), "utf-8"
    )
    for format in ("text", "json", "github", "sarif"):
        status, lines, errors = run("--format", format)

        assert status == 1
        assert "groq-key of 44 characters" in "\n".join(lines)
        assert KEY[:8] not in "\n".join([*lines, errors])


def test_names_that_differ_by_case(project: Path, run: Run) -> None:
    """Where the file system of this machine can have both."""
    (project / "cassettes/Good.yaml").write_text(write_cassette([HELLO]), "utf-8")
    if len([*(project / "cassettes").iterdir()]) < 4:
        pytest.skip("the file system takes them for one")

    _, lines, _ = run("--ignore", "seal")
    assert lines == [
        (
            "cassettes/good.yaml:1: error name: some systems take it for "
            "'cassettes/Good.yaml', whose name has other letters."
        )
    ]


def test_journals(project: Path, run: Run) -> None:
    """One of a process that lives is none of our business; one of a dead one is."""
    path = project / "cassettes/new.yaml"
    journal = Journal(path)
    journal.write([line_of(1, HELLO)])

    assert run("--ignore", "seal")[:2] == (0, [])

    journal.close(keep=True)
    _, (line,), _ = run("--ignore", "seal")
    assert line.endswith(
        ".journal:1: warning leftover: the journal of a run that was killed."
    )
    assert "cassettes/.new.yaml." in line


def test_many_files(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many are checked by more than one process: the same is said of them."""
    edited = (project / "cassettes/edited.yaml").read_bytes()
    for number in range(9):
        (project / f"cassettes/{number}.yaml").write_bytes(edited)
    alone = run()
    monkeypatch.setattr("harness.cli.checking._MANY", 4)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert run() == alone
    assert len(alone[1]) == 10


def test_rules_are_listed(run: Run) -> None:
    """For people, and for machines."""
    status, lines, _ = run("--rules")
    value = json.loads("\n".join(run("--rules", "--format", "json")[1]))

    assert status == 0
    assert lines[0] == "damaged (error)"
    assert len(lines) == 3 * len(value)
    assert value[0].keys() == {"name", "severity", "means", "todo"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        (["nowhere"], 1, "harness: there is no 'nowhere' to check.\n"),
        (["--ignore", "sael"], 2, "no rule is 'sael'. Did you mean 'seal'?"),
        (
            ["--max-age", "soon"],
            2,
            "'soon' is no age; give one such as 90d, 12h or 2w. See",
        ),
        (["--format", "xml"], 2, "no --format is 'xml'"),
        (["--strickt"], 2, "Did you mean --strict?"),
    ],
)
def test_wrong_use(run: Run, given: list[str], status: int, told: str) -> None:
    """One line says what is wrong."""
    ended, lines, errors = run(*given)

    assert (ended, lines) == (status, [])
    assert told in errors


def test_nothing_to_check(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project without the folders is told so."""
    monkeypatch.chdir(tmp_path)
    status, _, errors = run()

    assert status == 1
    assert errors.startswith("harness: there is nothing to check: neither ")


def test_a_folder_that_cannot_be_looked_into(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not passed over: nobody knows what is in it."""
    (project / "cassettes" / "shut").mkdir(parents=True, exist_ok=True)
    scandir = os.scandir

    def refused(path: str) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refused)
    status, _, err = run()
    assert status == 1
    assert err.endswith("shut: Permission denied.\n")


@pytest.mark.usefixtures("project")
def test_a_file_that_cannot_be_opened(run: Run) -> None:
    """It is damage like any other: the others are checked."""
    Path("cassettes/link.yaml").symlink_to("nowhere")
    _, lines, _ = run("--ignore", "seal")

    assert lines == [
        (
            "cassettes/link.yaml:1: error damaged: it cannot be read: No such file or "
            "directory."
        )
    ]


def test_this_repository(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own scripts and cassettes are well, and each of them is used."""
    monkeypatch.chdir(ROOT)
    status, lines, errors = run("--strict", "--orphans")

    assert (status, lines) == (0, [])
    count = len([*Path("cassettes").glob("*.yaml"), *Path("fakes").glob("*.yaml")])
    assert errors == f"{count} files checked: all is well\n"


@pytest.mark.usefixtures("project")
def test_linked_folders_are_looked_into(run: Run, tmp_path: Path) -> None:
    """A test plays what lies behind a link; one that leads round in a circle ends."""
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deep" / "a.yaml").write_text("no: cassette\n")
    Path("cassettes/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(Path("cassettes").absolute())

    _, lines, _ = run("--select", "damaged")

    assert [line.partition(":")[0] for line in lines] == [
        "cassettes/linked/deep/a.yaml"
    ]


@pytest.mark.usefixtures("project")
def test_what_a_killed_rewrite_left_is_named(run: Run) -> None:
    """With what to do about it."""
    Path("cassettes/a.4711.new.yaml").write_text("interactions: []\nversion: 1\n")

    _, lines, _ = run("--select", "leftover")

    (line,) = lines
    assert line == (
        "cassettes/a.4711.new.yaml:1: warning leftover: what harness record --mode "
        "rewrite recorded, and was killed before it put it in the place of a.yaml; "
        "give it that name, or remove it."
    )
