"""The same targets without atheris, for machines and Pythons that it is not made for.

    python tests/fuzz/unguided.py [--for SECONDS] [--seed N] [TARGET ...]

Seeds are changed at random; nothing tells which changes reach new code, but each input
costs a third of what it does under a fuzzer. SECONDS are of CPU, for each target.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from random import Random

from crashes import FOLDER, Crashes, shortened
from run import recordings
from targets import TARGETS, Target
from words import words_of

from harness.errors import CassetteWarning

_LONGEST = 4_096
_PIECES: Sequence[bytes] = (
    *(
        b'"',
        b"\\",
        b'\\"',
        b"\n",
        b"\n\n",
        b"\r\n",
        b": ",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"\\u0000",
        b"\\ud83d",
        b"\xed\xa0\xbd",
        b"1e999",
        b"9" * 30,
        b"{",
        b"}",
        b"[",
        b"]",
    ),
)


def changed(data: bytes, rng: Random, words: Sequence[str]) -> bytes:
    """Cut something out, put something in, or say something twice."""
    start, end = rng.randint(0, len(data)), rng.randint(0, len(data))
    word = rng.choice(words).encode("utf-8", "surrogatepass") if words else b'"'
    match rng.randrange(5):
        case 0:
            return data[:start] + data[start + rng.randint(1, 8) :]
        case 1:
            return data[:start] + bytes([rng.randrange(256)]) + data[start:]
        case 2:
            return data[:start] + word + data[start:]
        case 3:
            return data[:start] + data[end : end + rng.randint(1, 40)] + data[start:]
        case _:
            return data[:start] + rng.choice(_PIECES) + data[start + 1 :]


def made(pool: Sequence[bytes], rng: Random, target: Target, words: list[str]) -> bytes:
    """Give one of *pool* with a few changes."""
    data = rng.choice(pool)
    for _ in range(rng.choice((1, 1, 2, 3))):
        structured = target.mutate is not None and rng.random() < 0.7
        mutate = target.mutate if structured and target.mutate else changed
        data = mutate(data, rng, words)
    return data[:_LONGEST]


def fuzz(name: str, seconds: float, seed: int) -> tuple[int, list[Path]]:
    """Run one target; give how often, and the files of what is wrong."""
    target, rng = TARGETS[name], Random(seed)  # noqa: S311 - no secret is made of it
    words, pool = words_of(target.rooms), list(target.seeds(recordings()))
    crashes, count, wrong = Crashes(name), 0, []
    end = time.process_time() + seconds
    while time.process_time() < end:
        count += 1
        data = made(pool, rng, target, words)
        try:
            target.check(data)
        except Exception as error:  # noqa: BLE001 - it is what we look for
            if (path := crashes.keep(error, data)) is not None:
                path.write_bytes(shortened(target.check, data))
                wrong.append(path)
    return count, wrong


def main() -> int:
    """Fuzz what is asked for."""
    parser = argparse.ArgumentParser(description="Fuzz chat-harness, unguided.")
    parser.add_argument("--for", type=float, default=10, dest="seconds")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    asked = parser.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", CassetteWarning)
    print(f"seed {asked.seed}\n| target | executions | CPU s | wrong |")
    print("|---|--:|--:|--:|", flush=True)
    total = 0
    for name in asked.targets or TARGETS:
        count, wrong = fuzz(name, asked.seconds, asked.seed)
        print(f"| {name} | {count:,} | {asked.seconds:g} | {len(wrong)} |", flush=True)
        for path in wrong:
            file = path.relative_to(FOLDER.parents[1])
            print(f"  {name}: python tests/fuzz/run.py --again {file}", flush=True)
        total += len(wrong)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
