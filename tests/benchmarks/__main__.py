"""All benchmarks in one run: ``python tests/benchmarks [GROUP ...] [--quick]``.

Prints tables as it goes, and leaves ``benchmarks.md``, ``benchmarks.json`` and a
picture of each group that has sizes in ``build/bench``. Ends with 1 where a group broke
off, and with 0 where an aim is missed: figures gate nothing.
"""

import argparse
import gc
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

import plots
from machine import described
from tables import Line, Report, head, picture, row_of, ruler, unmet

#: Modules with `PEERS` (packages whose versions are told) and `rows(quick=...)`.
GROUPS = (
    "folding",
    "models",
    "importing",
    "decoding",
    "partial_json",
    "replaying",
    "cassette_files",
    "transports",
    "servers",
    "pytest_runs",
    "executors",
)
ROOT = Path(__file__).parents[2]


def main(given: Sequence[str]) -> int:
    """Run what is asked for."""
    options = parsed(given)
    warnings.simplefilter("ignore")  # of what SDKs and peers do, not of us
    report = Report(time.strftime("%Y-%m-%d"), described())
    if options.quick:
        report.machine["run:"] = "quick"
    broken = [
        name
        for name in options.groups or GROUPS
        if not measured(name, report, quick=options.quick)
    ]
    print(f"\n## Aims not met\n\n{unmet(report.missed)}\n\n{report.where()}")
    save(report, options.to)
    if broken:
        print(f"Broke off: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def parsed(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="GROUP")
    parser.add_argument("--quick", action="store_true", help="leave out the slowest")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "bench")
    return parser.parse_args(given)


def measured(name: str, report: Report, *, quick: bool) -> bool:
    """Run one group into the report; whether it came to its end."""
    start, before = time.monotonic(), spent()
    try:
        module = import_module(name)
        about = (module.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        title = name.replace("_", " ").replace("json", "JSON")
        report.notes[title] = about
        report.machine.update(described(*module.PEERS))
        print(f"\n## {title}\n\n{about}")
        show(module.rows(quick=quick), report.lines)
    except Exception:  # noqa: BLE001 - the other groups are to run all the same
        traceback.print_exc()
        return False
    finally:
        # What a group leaves behind is no work for the collector in the next one.
        gc.collect()
        gc.freeze()
        seconds = f"{time.monotonic() - start:.0f} s, {spent() - before:.0f} s of CPU"
        print(f"\n({seconds})", flush=True)
    return True


def spent() -> float:
    """Give the seconds of CPU until now, of processes that have ended too."""
    taken = os.times()
    return sum((taken.user, taken.system, taken.children_user, taken.children_system))


def show(lines: Iterable[Line], into: list[Line]) -> None:
    """Print lines as they come, and keep them."""
    kind = None
    for line in lines:
        if type(line) is not kind:
            kind = type(line)
            print(f"\n{row_of(head(kind))}\n{ruler(head(kind))}")
        print(row_of(line.cells()), flush=True)
        into.append(line)


def save(report: Report, folder: Path) -> None:
    """Write the tables and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    said = json.dumps(report.plain(), indent=1, ensure_ascii=False)
    (folder / "benchmarks.json").write_text(said + "\n", "utf-8")
    (folder / "benchmarks.md").write_text(report.markdown(), "utf-8")
    for group in report.groups:
        drawn = plots.draw(report.of(group))
        if drawn is not None:
            (folder / picture(group)).write_text(drawn, "utf-8")
    print(f"{folder}: benchmarks.md, benchmarks.json and pictures")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
