"""One target under atheris: python fuzz_one.py TARGET SECONDS.

What is wrong is kept in a file, and the run goes on; a hang, or memory beyond all
bounds, ends it.
"""

import sys
import warnings
from functools import partial
from random import Random
from typing import Any

import atheris
from crashes import FOLDER, Crashes

#: What is watched for coverage, by the first word of the target's name: the less, the
#: faster. Of others it is all.
_FILES = ["harness.cassettes", "harness.converting", "harness.nesting"]
_WATCHED = {
    "aws": ["harness.wire.aws_frames"],
    "cassette": _FILES,
    "conversion": _FILES,
    "error": ["harness.wire"],
    "journal": _FILES,
    "json": ["harness.wire.json_frames"],
    "matching": _FILES,
    "packed": _FILES,
    "partial": ["harness.partial_json"],
    "planted": ["harness.cassettes"],
    "redaction": ["harness.cassettes"],
    "request": ["harness.wire"],
    "script": ["harness.scripts"],
    "sse": ["harness.wire.sse"],
    "stream": ["harness.wire", "harness.chunks", "harness.sums", "harness.finishing"],
}
_NAME = sys.argv[1].partition("-")[0]

with atheris.instrument_imports(include=_WATCHED.get(_NAME, ["harness"])):
    from targets import TARGETS, Target
    from words import dictionary, words_of

    from harness.errors import CassetteWarning


_SLOWEST, _MEMORY = 25, 2_000
_LONGEST = 4_096


def _mutated(
    data: bytes, most: int, seed: int, *, target: Target, words: list[str]
) -> bytes:
    rng = Random(seed)  # noqa: S311 - no secret is made of it
    if target.mutate is None or rng.random() < 0.4:
        return bytes(atheris.Mutate(data, most))
    changed = target.mutate(data, rng, words)
    return changed if len(changed) <= most else data


def _checked(data: bytes, *, target: Target, crashes: Crashes) -> None:
    try:
        target.check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        if (path := crashes.keep(error, data)) is not None:
            print(f"WRONG {path}: {error!s:.300}", file=sys.stderr, flush=True)


def main(name: str, seconds: str) -> None:
    """Fuzz the target *name* for so many *seconds*."""
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", CassetteWarning)
    target = TARGETS[name]
    words = words_of(target.rooms)
    (FOLDER / "dictionaries").mkdir(parents=True, exist_ok=True)
    spelled = FOLDER / "dictionaries" / name
    spelled.write_text(dictionary(words), "ascii")
    corpus = FOLDER / "corpus" / name
    args = [
        *(sys.argv[0], str(corpus), f"-max_total_time={seconds}"),
        *(f"-timeout={_SLOWEST}", f"-rss_limit_mb={_MEMORY}", f"-max_len={_LONGEST}"),
        *(f"-artifact_prefix={FOLDER / 'crashes'}/{name}-", "-print_final_stats=1"),
        *([f"-dict={spelled}"] if words else []),
    ]
    options: dict[str, Any] = {}
    if target.mutate is not None:
        options["custom_mutator"] = partial(_mutated, target=target, words=words)
    check = partial(_checked, target=target, crashes=Crashes(name))
    atheris.Setup(args, check, **options)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:3])
