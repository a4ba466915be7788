"""The command that writes a page to browse cassettes and scripts."""

import webbrowser
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.cassettes.saving import replace_file
from harness.cli.screen import counted, output, tell, tracked
from harness.errors import InputError
from harness.report import Entry, Hiding, compared, file_entries, page_of
from harness.statistics.files import found_files
from harness.text import visible

__all__ = ["report", "report_arguments"]

#: A page of such a name would be in the place of what it shows.
_CASSETTES = frozenset({".yaml", ".yml", ".json", ".gz"})


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
    if page.suffix in _CASSETTES:
        raise InputError(
            f"{page} is a name for a cassette or a script: call the page "
            f"{page.with_suffix('.html')}."
        )
    files = found_files(paths)
    others = found_files([against]) if against else []
    hiding = Hiding()
    entries = [*_read([*files, *others], len(files), hiding)]
    if against:
        before = [one for one in entries if one.run == 1]
        entries = [*compared([one for one in entries if one.run == 0], before), *before]
    named = title or f"Conversations in {', '.join(path.as_posix() for path in paths)}"
    text = page_of(entries, hiding.text(named, "the title"), hiding.notes).encode()
    replace_file(page, text)
    broken = [one for one in entries if one.kind == "problem"]
    for one in broken:
        tell(one.problem)
    for note in hiding.notes:
        tell(f"{note} The files still have them.")
    shown = sum(one.run == 0 and one.kind != "problem" for one in entries)
    _tell(page, shown, len(files), len(text))
    if opens:
        webbrowser.open(page.resolve().as_uri())
    return 1 if broken else 0


def _read(files: Sequence[Path], first: int, hiding: Hiding) -> Iterator[Entry]:
    for number, path in tracked(enumerate(files), "reading", len(files)):
        yield from file_entries(path, hiding, int(number >= first))


def _tell(path: Path, conversations: int, files: int, size: int) -> None:
    shown = f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.0f} kB"
    many, of = counted(conversations, "conversation"), counted(files, "file")
    told = f"{many} of {of}, {shown}"
    output().print(f"{visible(str(path))}: {told}", markup=False)
