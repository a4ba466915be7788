"""The command that writes a page to browse cassettes and scripts."""

import sys
import webbrowser
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.cassettes.folders import cassettes_below
from harness.cassettes.saving import replace_file
from harness.cli.screen import output, tracked
from harness.errors import InputError
from harness.report import Entry, Hiding, compared, file_entries, page_of

__all__ = ["report", "report_arguments"]


def report_arguments(parser: ArgumentParser) -> None:
    """What `report` takes."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a cassette or a script, or a folder of them",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        dest="page",
        default=Path("report.html"),
        metavar="FILE",
        help="the page that is written (default: report.html)",
    )
    parser.add_argument("--title", help="what the page is called")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="PATH",
        help="another run: the page shows how its answers differ",
    )
    parser.add_argument(
        "--open", action="store_true", dest="opens", help="open it in the browser"
    )


def report(
    paths: Sequence[Path],
    *,
    page: Path,
    title: str | None,
    against: Path | None,
    opens: bool,
) -> int:
    """Write the page; 1 if a file could not be read, which the page shows too."""
    if page.is_dir():
        raise InputError(f"{page} is a folder: name the file, -o {page}/report.html.")
    files = [*_files(paths)]
    others = [*_files([against])] if against else []
    hiding = Hiding()
    entries = [*_read([*files, *others], len(files), hiding)]
    if against:
        before = [one for one in entries if one.run == 1]
        entries = [*compared([one for one in entries if one.run == 0], before), *before]
    notes = _notes(hiding)
    named = title or f"Conversations in {', '.join(path.as_posix() for path in paths)}"
    text = page_of(entries, hiding.text(named, "the title"), notes).encode()
    replace_file(page, text)
    broken = [one for one in entries if one.kind == "problem"]
    for one in broken:
        print(f"harness: {one.problem}", file=sys.stderr)
    for note in notes:
        print(f"harness: {note}", file=sys.stderr)
    shown = sum(one.run == 0 and one.kind != "problem" for one in entries)
    _tell(page, shown, len(files), len(text))
    if opens:
        webbrowser.open(page.resolve().as_uri())
    return 1 if broken else 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    known: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise InputError(
                f"There is no {path}. Name a cassette, a script or a folder."
            )
        found = cassettes_below(path) if path.is_dir() else [path]
        if not found:
            raise InputError(f"{path} has no cassette or script in it.")
        yield from (one for one in found if one.resolve() not in known)
        known.update(one.resolve() for one in found)


def _read(files: Sequence[Path], first: int, hiding: Hiding) -> Iterator[Entry]:
    for number, path in tracked(enumerate(files), "reading", len(files)):
        yield from file_entries(path, hiding, int(number >= first))


def _notes(hiding: Hiding) -> list[str]:
    if not hiding.places:
        return []
    places = [*hiding.places]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    told = (
        "Credentials, cookies or ids were hidden in what is shown of "
        f"{'; '.join(places[:3])}{more}. The files still have them."
    )
    return [told]


def _tell(path: Path, conversations: int, files: int, size: int) -> None:
    shown = f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.0f} kB"
    output().print(f"{path}: {conversations} conversations of {files} files, {shown}")
