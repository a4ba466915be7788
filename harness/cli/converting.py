"""The command `harness convert`: recordings become cassettes of ours, or scripts."""

import os
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.cli.conversions import Cassettes, Made, Scripts
from harness.cli.screen import output as screen
from harness.cli.screen import print_json, tell
from harness.converting import FORMATS
from harness.errors import CassetteError, HarnessError
from harness.text import visible

__all__ = ["convert", "convert_arguments"]

_FORMAT = "chat-harness/conversion/1"
#: Endings that say what a file is, not what it is called.
_ENDINGS = re.compile(r"(\.(ya?ml|json|har|httprr|gz|txt|sse))+$", re.IGNORECASE)


def convert_arguments(parser: ArgumentParser) -> None:
    """What `convert` takes."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", type=Path, help="a recording"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "-o",
        "--output",
        type=_cassette,
        metavar="OUT",
        help="the file to write; several files are joined in it, in their order",
    )
    where.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="the folder for what is made, one for each file and named like it, in "
        "subfolders if the files are; without it, a cassette lies beside its file, a "
        "script in fakes/",
    )
    parser.add_argument(
        "--from",
        dest="form",
        choices=sorted(FORMATS),
        metavar="FORMAT",
        help="the format of the files, which is else told from each: "
        + "; ".join(f"{name}: {FORMATS[name].about}" for name in sorted(FORMATS)),
    )
    parser.add_argument(
        "--host",
        help="where requests went of which a file says only the path, such as "
        "api.example.com; without it, the provider's that the path tells",
    )
    _script_arguments(parser)
    parser.add_argument(
        "--force", action="store_true", help="write over files that are there"
    )
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print JSON, for machines"
    )


def _script_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        default="cassette",
        choices=("cassette", "script"),
        help="what is made: a cassette (default), or a script in fakes/, which people "
        "edit; with --timing and --match",
    )
    parser.add_argument(
        "--timing", action="store_true", help="a script pauses as the recording did"
    )
    parser.add_argument(
        "--match",
        action="store_true",
        help="a script's turns wait for what the user had asked",
    )


def _cassette(said: str) -> Path:
    path = Path(said)
    if path.suffix not in (".yaml", ".yml"):
        raise ArgumentTypeError(
            f"{said!r}: cassettes are written as YAML; call it "
            f"{path.with_suffix('.yaml').name!r}"
        )
    return path


def convert(  # noqa: PLR0913 - the options of the command
    files: Sequence[Path],
    *,
    to: str,
    output: Path | None,
    into: Path | None,
    form: str | None,
    host: str | None,
    timing: bool,
    match: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Convert *files*; give 1 if one of them could not be, and 0 else.

    Each that can be converted is, but for those that are to be joined: all of them, or
    none. No file is written by halves, and none over another one.
    """
    if to != "script" and (timing or match):
        option = "--timing" if timing else "--match"
        tell(f"{option} is for scripts: --to script.")
        return 2
    kind = Scripts(timing=timing, match=match) if to == "script" else Cassettes()
    told = _Told(as_json=as_json)
    if output is None:
        top = _common_folder(files)
        written: set[Path] = set()
        for file in files:
            with told.about(file):
                made = kind.made(file, form, host)
                target = _target(file, into or kind.folder, top)
                _refuse(target, written, force=force)
                left_out = kind.write(target, [made])
                written.add(target)
                told.done(file, made, target)
                told.left_out(target, left_out)
    else:
        joined = []
        for file in files:
            with told.about(file):
                joined.append((file, kind.made(file, form, host)))
        with told.about(output):
            if told.failed:
                raise CassetteError(
                    f"{output}: not written, since it would lack what was not read."
                )
            _refuse(output, set(), force=force)
            left_out = kind.write(output, [made for _, made in joined])
            for file, made in joined:
                told.done(file, made, output)
            told.left_out(output, left_out)
    return told.end()


class _Told:
    """What is said of each file: on stdout, and what went wrong on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []
        self._file = Path()
        self.failed = False

    def about(self, file: Path) -> "_Told":
        self._file = file
        return self

    def __enter__(self) -> None:
        """What fails inside is told of the file; the others go on."""

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, HarnessError):
            return False
        self.failed = True
        tell(str(error))
        self._rows.append({"file": str(self._file), "error": str(error)})
        return True

    def done(self, file: Path, made: Made, target: Path) -> None:
        self._rows.append({"file": str(file), **made.row, made.kind: str(target)})
        if not self._as_json:
            said = visible(f"{file}: {made.about} -> {target}")
            screen().print(said, markup=False)

    def left_out(self, target: Path, lines: Iterable[str]) -> None:
        for line in lines:
            tell(f"{target}: {line}")

    def end(self) -> int:
        if self._as_json:
            print_json({"format": _FORMAT, "files": self._rows})
        return int(self.failed)


def _common_folder(files: Sequence[Path]) -> Path:
    """The folder that all *files* lie below."""
    return Path(os.path.commonpath([file.absolute().parent for file in files]))


def _target(file: Path, into: Path | None, top: Path) -> Path:
    """Where the cassette of *file*, which lies below *top*, goes."""
    name = f"{_ENDINGS.sub('', file.name) or file.name}.yaml"
    if into is None:
        return file.with_name(name)
    return into / file.absolute().relative_to(top).with_name(name)


def _refuse(target: Path, written: set[Path], *, force: bool) -> None:
    """Refuse to write over what is there, and over what was just written."""
    if target in written:
        raise CassetteError(
            f"{target} was made of another file just now. Give this one a name of its "
            "own (-o), or join both (-o OUT FILE FILE)."
        )
    if target.exists() and not force:
        raise CassetteError(
            f"{target} is there already. Give another place (-o, --into), or --force "
            "to write over it."
        )
