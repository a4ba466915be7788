"""The campaign: every target under a coverage-guided fuzzer, one after the other.

    python tests/fuzz/run.py [--for SECONDS] [TARGET ...]
    python tests/fuzz/run.py --again FILE     what a kept file says, without a fuzzer

In: the seeds of each target, and what earlier runs have found. Out: a table, its JSON,
and a file for each thing that is wrong; the exit status is 1 if there is one.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from crashes import FOLDER, Crashes, shortened, told
from targets import TARGETS

_ROOT = Path(__file__).parents[2]
_ONE = Path(__file__).with_name("fuzz_one.py")
_RECORDINGS = "CHAT_HARNESS_RECORDINGS"
_LAST = re.compile(r"#(\d+)\s+(?:DONE|pulse|NEW|REDUCE|INITED).*?cov: (\d+) ft: (\d+)")
_STARTING = 120

Row = dict[str, Any]


def recordings() -> Path | None:
    """Give the folder of real recordings, if there is one; as the tests find it."""
    said = os.environ.get(_RECORDINGS)
    folder = Path(said or _ROOT.parent / "shared" / "recordings")
    return folder if folder.is_dir() else None


def sow(name: str) -> None:
    """Put the seeds of a target into its corpus."""
    corpus = FOLDER / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in TARGETS[name].seeds(recordings()):
        (corpus / blake2b(seed, digest_size=8).hexdigest()).write_bytes(seed)


def fuzz(name: str, seconds: int) -> Row:
    """Run one target; give what the table says of it."""
    sow(name)
    (FOLDER / "crashes").mkdir(parents=True, exist_ok=True)
    before = {*_found(name)}
    log, start = FOLDER / f"{name}.log", _cpu_seconds()
    command = [sys.executable, str(_ONE), name, str(seconds)]
    env = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONHASHSEED": "0"}
    with log.open("wb") as file:
        status = subprocess.run(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=env,
            check=False,
            timeout=10 * seconds + 10 * _STARTING,
        ).returncode
    said = _LAST.findall(log.read_text("utf-8", "replace"))
    if not said:
        raise SystemExit(f"{name} did not start; see {log}")
    count, edges, features = map(int, said[-1])
    wrong = sorted({*_found(name)} - before)
    if status and not wrong:
        raise SystemExit(f"{name} ended with status {status}; see {log}")
    return {
        "target": name,
        "executions": count,
        "edges": edges,
        "features": features,
        "CPU s": round(_cpu_seconds() - start),
        "wrong": [str(path.relative_to(_ROOT)) for path in wrong],
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _found(name: str) -> Iterable[Path]:
    ends = (Crashes(name).files(), FOLDER.glob(f"crashes/{name}-*-*"))
    return (path for some in ends for path in some if path.is_file())


def shorten(row: Row) -> None:
    """Make what was found as short as it can be, and say how to see it again."""
    for file in row["wrong"]:
        path, check = _ROOT / file, TARGETS[row["target"]].check
        data = path.read_bytes()
        if path.name.count("-") == row["target"].count("-") + 1:
            path.write_bytes(shortened(check, data))
        print(f"  {row['target']}: python tests/fuzz/run.py --again {file}")


def again(path: Path) -> int:
    """Check what a file says, and let the error be seen."""
    name = max((n for n in TARGETS if path.name.startswith(f"{n}-")), key=len)
    data = path.read_bytes()
    print(f"{name}: {data!r}")
    print(told(TARGETS[name].check, data) or "It holds.")
    TARGETS[name].check(data)
    return 0


def table(rows: Sequence[Row]) -> str:
    """Give the table of a campaign."""
    lines = ["| target | executions | edges | features | CPU s | wrong |"]
    lines += ["|---|--:|--:|--:|--:|--:|"]
    for row in rows:
        figures = (row[key] for key in ("executions", "edges", "features", "CPU s"))
        shown = " | ".join(f"{figure:,}" for figure in figures)
        lines.append(f"| {row['target']} | {shown} | {len(row['wrong'])} |")
    return "\n".join(lines)


def main() -> int:
    """Fuzz what is asked for."""
    parser = argparse.ArgumentParser(description="Fuzz chat-harness.")
    parser.add_argument("--for", type=int, default=60, dest="seconds")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--again", type=Path, help="a file of build/fuzz/crashes")
    asked = parser.parse_args()
    if asked.again:
        return again(asked.again)
    names = asked.targets or [*TARGETS]
    if unknown := {*names} - {*TARGETS}:
        parser.error(f"there is no {min(unknown)!r}; known: {', '.join(TARGETS)}")
    rows: list[Row] = []
    for name in names:
        rows.append(fuzz(name, asked.seconds))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
        shorten(rows[-1])
    (FOLDER / "campaign.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    (FOLDER / "campaign.md").write_text(table(rows) + "\n", "utf-8")
    print(f"\n{table(rows)}")
    return any(row["wrong"] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
