"""What is published, tested as it is installed: see `make packages`.

In: this repository. Builds the sdist, of it the wheel, and installs that in fresh
environments, a row of `ROWS` for each Python that is found. The tests are those of the
sdist, without the package beside them. Out: a table; status 1 if anything failed.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "packages"
SPEAKS = re.compile(rb"Python (3\.\d+\.\d+)")

#: What is about packages themselves.
SMOKE = ("tests/packaging", "tests/test_ci_files.py")
#: A sample of all rooms, in a minute or two; the row "whole" runs all tests.
SAMPLE = (
    *SMOKE,
    *("tests/test_messages.py", "tests/test_fake.py", "tests/test_replay.py"),
    *(
        "tests/test_pickling.py",
        "tests/cassettes/test_tape.py",
        "tests/cli/test_cli.py",
    ),
    *(
        "tests/cli/test_stats.py",
        "tests/cli/test_show.py",
        "tests/scripts/test_files.py",
    ),
    *("--pyargs", "harness"),  # the examples of its docstrings
)
#: Libraries that are older than a Python have no wheels for it: "lowest" is for these.
OLD = ("3.11", "3.12")


@dataclass(frozen=True, slots=True)
class Row:
    """One way to install: which *extras*, as old as allowed or new, and what is run."""

    name: str
    extras: tuple[str, ...]
    tests: tuple[str, ...]
    lowest: bool = False
    asked: bool = False  # only if it is named


ROWS = (
    Row("bare", (), SAMPLE),
    Row("sdist", (), SMOKE),
    Row("newest", ("dev",), SAMPLE),
    Row(
        "lowest",
        ("server",),
        ("tests/server", "tests/cli/test_stats.py", *SAMPLE),
        lowest=True,
    ),
    Row("lowest langchain", ("langchain",), ("tests/bridges",), lowest=True),
    Row("lowest pydantic-ai", ("pydantic-ai",), ("tests/bridges",), lowest=True),
    Row("lowest prices", ("prices", "server"), ("tests/refreshing",), lowest=True),
    Row("lowest browser", ("browser",), ("tests/browser",), lowest=True),
    Row("whole", ("dev",), ("tests", "--pyargs", "harness"), asked=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a row did with one Python."""

    row: str
    python: str
    said: str
    seconds: float
    good: bool


def main() -> int:
    """Build, install, test, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", default="", help="3.11 3.13 /opt/python3.14 ...")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: most")
    given = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # in order with what uv says
    names = given.rows
    if wrong := {*names} - {row.name for row in ROWS}:
        parser.error(f"no row is {sorted(wrong)}. There are: {[r.name for r in ROWS]}")
    rows = [row for row in ROWS if row.name in names or not (names or row.asked)]

    pythons = dict(found(given.pythons.split()))
    wheel, sdist, tree = built()
    results = [
        tested(row, number, python, wheel if row.name != "sdist" else sdist, tree)
        for row in rows
        for number, python in pythons.items()
        if not row.lowest or number in OLD
    ]
    print("\n| row | Python | tests | seconds |\n|---|---|---|---|")
    for one in results:
        print(f"| {one.row} | {one.python} | {one.said} | {one.seconds:.0f} |")
    return int(not results or not all(one.good for one in results))


# ----------------------------------------------------------------------- interpreters


def found(wanted: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Give each Python there is, by "3.N"; those that are *wanted* must be there."""
    versions = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    supported = [
        one.rpartition(" ")[2]
        for one in versions["classifiers"]
        if re.search(r":: 3\.\d+$", one)
    ]
    for one in wanted or supported:
        path = Path(one) if os.sep in one else next(of_version(one), None)
        if path is None or not (number := spoken(path)):
            if wanted:
                sys.exit(f"There is no Python {one} on this machine.")
            print(f"Python {one}: none on this machine, not tested.")
            continue
        print(f"Python {number}: {path}")
        yield ".".join(number.split(".")[:2]), path


def of_version(number: str) -> Iterator[Path]:
    """Give each interpreter "3.N", from PATH and as pyenv installs them."""
    homes = os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"
    pyenv = sorted(Path(homes).glob(f"versions/{number}.*/bin/python"), reverse=True)
    on_path = shutil.which(f"python{number}")
    for path in (*([Path(on_path)] if on_path else []), *pyenv):
        if spoken(path).startswith(f"{number}."):  # a shim may lead nowhere
            yield path


def spoken(python: Path) -> str:
    """Give the version of an interpreter; "" where it does not run."""
    try:
        ended = subprocess.run(
            [python, "--version"], capture_output=True, check=False, timeout=60
        )
    except OSError:
        return ""
    version = SPEAKS.match(ended.stdout)
    return version[1].decode() if version and not ended.returncode else ""


# ------------------------------------------------------------------------------ build


def built() -> tuple[Path, Path, Path]:
    """Build wheel and sdist; give them, and the sdist unpacked without the package.

    Ends the program if the wheel of the sdist is not that of the repository.
    """
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    uv("build", "--quiet", "--wheel", "--out-dir", WORK / "direct", ROOT)
    uv("build", "--quiet", "--out-dir", WORK / "dist", ROOT)
    (direct,) = (WORK / "direct").glob("*.whl")
    (wheel,) = (WORK / "dist").glob("*.whl")
    (sdist,) = (WORK / "dist").glob("*.tar.gz")
    here, there = contents(direct), contents(wheel)
    if differ := sorted({*here.items()} ^ {*there.items()}):
        sys.exit(f"The wheel of the sdist is not that of the repository: {differ[:9]}")
    with tarfile.open(sdist) as packed:
        packed.extractall(WORK, filter="data")
    tree = WORK / sdist.name.removesuffix(".tar.gz")
    shutil.rmtree(tree / "harness")
    print(f"{wheel.name}: {len(there)} files, from the sdist and directly the same")
    return wheel, sdist, tree


def contents(wheel: Path) -> dict[str, str]:
    """Give what is in a wheel: a digest of each file."""
    with zipfile.ZipFile(wheel) as packed:
        return {
            name: hashlib.sha256(packed.read(name)).hexdigest()
            for name in packed.namelist()
        }


def uv(*words: object) -> None:
    """Run uv, of this environment."""
    run = [sys.executable, "-m", "uv", *map(str, words)]
    subprocess.run(run, check=True, env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"})


# ------------------------------------------------------------------------------ tests


def tested(row: Row, number: str, python: Path, package: Path, tree: Path) -> Result:
    """Install *package* as *row* says, and run its tests from *tree*."""
    begun = time.monotonic()
    home = WORK / f"{row.name.replace(' ', '-')}-{number}"
    print(f"\n== {row.name}, Python {number}")
    try:
        installed = environment(row, python, package, tree, home)
    except subprocess.CalledProcessError:
        return Result(row.name, number, "cannot be installed", 0, good=False)
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ended = subprocess.run(
        [
            *(installed, tree / "tests" / "packaging" / "installed.py", "-q"),
            *("-p", "no:cacheprovider", "-o", "faulthandler_timeout=300"),
            *row.tests,
        ],
        cwd=tree,
        env={"HYPOTHESIS_PROFILE": "few", **environ},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=False,
    )
    (WORK / f"{home.name}.log").write_text(ended.stdout, "utf-8")
    *_, last = ended.stdout.splitlines() or ["nothing was said"]
    if ended.returncode:
        print(ended.stdout[-6000:])
    said = re.sub(r"\x1b\[\d*m| in [\d.]+s.*|=", "", last).strip()
    print(said)
    seconds = time.monotonic() - begun
    return Result(row.name, number, said, seconds, good=not ended.returncode)


def environment(row: Row, python: Path, package: Path, tree: Path, home: Path) -> Path:
    """Make the environment of *row*; give its interpreter.

    What is directly asked for is as old as pyproject.toml allows, where that is wanted.
    """
    uv("venv", "--quiet", "--python", python, home)
    interpreter = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ("pip", "install", "--quiet", "--python", interpreter)
    if row.lowest:
        extras = [word for one in row.extras for word in ("--extra", one)]
        project = ("--requirements", tree / "pyproject.toml")
        uv(*install, "--resolution", "lowest-direct", *project, *extras)
        uv(*install, "--no-deps", package)
    else:
        uv(*install, f"{package}[{','.join(row.extras)}]" if row.extras else package)
    return interpreter


if __name__ == "__main__":
    sys.exit(main())
