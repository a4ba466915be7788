"""How cost grows: ``python tests/benchmarks/scale.py [GROUP ...] [--quick]``.

Runs each subject at each of its sizes, in a process of its own, and leaves
``scale.md``, ``scale.json`` and a picture of each group in ``build/bench``; ``--page``
puts the tables between the marks of a page, ``--onto`` keeps of an earlier run's JSON
what is not measured again. Ends with 1 where a subject broke off, and with 0 where one
grows faster than it should: figures gate nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import plots
from growing import ChildError, Subject, cost
from machine import described
from pages import filled
from studies import HEAD, Line, Study
from tables import row_of, ruler

GROUPS = ("streams", "cassettes", "trees", "tasks", "workers")
ROOT = Path(__file__).parents[2]
#: So many sizes, the smallest, are of a quick run.
QUICK = 2


def main(given: Sequence[str]) -> int:
    """Run what is asked for."""
    options = parsed(given)
    machine = described("pytest", "openai", "httpx")
    where = ", ".join(f"{k} {v}" if k else v for k, v in machine.items())
    study = Study(f"Measured on {time.strftime('%Y-%m-%d')}: {where}.")
    broken: list[str] = []
    for group in options.groups or GROUPS:
        module = import_module(f"scale_{group}")
        study.notes[group] = (module.__doc__ or "").replace("\n", " ").strip()
        print(f"\n## {group}\n\n{row_of(HEAD)}\n{ruler(HEAD)}", flush=True)
        with TemporaryDirectory(prefix="scale-") as folder:
            for subject in chosen(module.SUBJECTS, options.only):
                broken += measured(study, group, subject, options.quick, Path(folder))
    if options.onto:
        study = Study.read(json.loads(options.onto.read_text("utf-8"))).renewed(study)
    save(study, options.to, options.page)
    for one in (*study.surprises, *broken):
        print(one, file=sys.stderr)
    return 1 if broken else 0


def parsed(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="GROUP")
    parser.add_argument("--quick", action="store_true", help="leave out large sizes")
    parser.add_argument("--only", default="", help="subjects with this in their name")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--page", type=Path, help="a page with the marks of a study")
    parser.add_argument("--onto", type=Path, help="the JSON of a run to go on with")
    return parser.parse_args(given)


def chosen(subjects: Sequence[Subject], only: str) -> list[Subject]:
    """Give the subjects whose names have *only* in them."""
    return [one for one in subjects if only in one.name]


def measured(
    study: Study, group: str, subject: Subject, quick: bool, folder: Path
) -> list[str]:
    """Run one subject into the study; what broke off."""
    costs = {}
    sizes = subject.sizes[:QUICK] if quick else subject.sizes
    try:
        for size in sizes:
            costs[size] = cost(group, subject, size, folder)
    except ChildError as error:
        return [str(error)]
    finally:
        if costs:
            told = (subject.name, subject.unit, costs, subject.most, subject.why)
            line = Line(group, *told)
            study.lines.append(line)
            print(row_of(line.cells()), flush=True)
    return []


def save(study: Study, folder: Path, page: Path | None) -> None:
    """Write the tables and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    said = json.dumps(study.plain(), indent=1, ensure_ascii=False)
    (folder / "scale.json").write_text(said + "\n", "utf-8")
    (folder / "scale.md").write_text(study.markdown(), "utf-8")
    for group in study.notes:
        drawn = plots.draw(row for line in study.of(group) for row in line.rows())
        if drawn is not None:
            (folder / f"scale-{group}.svg").write_text(drawn, "utf-8")
    if page is not None:
        text = page.read_text("utf-8")
        page.write_text(filled(text, {"scale": study.markdown().strip()}), "utf-8")
    print(f"\n{folder}: scale.md, scale.json and pictures")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
