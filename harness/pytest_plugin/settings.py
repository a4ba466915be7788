"""What the plugin can be told, and what it keeps of a run. It loads nothing else."""

from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = [
    "ENDED",
    "ENDS",
    "MARKER",
    "MODES",
    "TAKERS",
    "Ends",
    "add_options",
    "check",
    "folder",
]

#: How the body of a test ended: with an error, or with None; absent if it never ran.
ENDED = pytest.StashKey["pytest.ExceptionInfo[BaseException] | None"]()

MARKER = (
    "cassette(name=None, *, allow_unused=None, match_on=None, **options): the "
    "recording of the test. It plays to HTTP clients (more options: mode, ignore, "
    "on_repeat, redaction, max_age, expired, seals, timing, retry_after), or is what "
    "the fixtures cassette and replay_chat give (dialect, allow_playback_repeats). "
    "Without a name it is called after the test."
)

#: Fixtures that take the marker for themselves.
TAKERS = frozenset(
    "cassette recorded replay_chat replay_langchain replay_pydantic_ai".split()
)

MODES = ("none", "once", "new_episodes", "all", "rewrite", "verify")
_UNUSED = ("ignore", "error")


@dataclass
class Ends:
    """How many tests have ended until now, and how many of them failed."""

    ended: int = 0
    failed: int = 0


ENDS = pytest.StashKey[Ends]()


def add_options(parser: pytest.Parser) -> None:
    """Options and ini keys, all of them called after harness or cassettes."""
    group = parser.getgroup("chat-harness", "chat models, scripted and replayed")
    group.addoption(
        "--harness-seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the ids and made-up answers of fake chat models (default: 0)",
    )
    for name, data in (("fakes", "scripts"), ("cassettes", "recordings")):
        group.addoption(
            f"--harness-{name}",
            metavar="DIR",
            help=f"folder of the {data} (default: ini harness_{name})",
        )
        parser.addini(
            f"harness_{name}",
            f"folder of the {data}, below rootdir (default: {name})",
            default=name,
        )
    group.addoption(
        "--cassette-mode",
        choices=MODES,
        help="what cassettes may record, whatever markers and CI say (default: as "
        "they say, else ini harness_cassette_mode)",
    )
    group.addoption(
        "--cassette-rewrite",
        action="append",
        default=[],
        metavar="FILE",
        help="record this cassette anew, whatever its mode; may be given several times",
    )
    group.addoption(
        "--cassette-block-network",
        action="store_true",
        help="no test reaches another machine, except while its cassette records",
    )
    group.addoption(
        "--cassette-orphans",
        action="store_true",
        help="list the cassettes that no test has used",
    )
    _add_ini(parser)


def _add_ini(parser: pytest.Parser) -> None:
    parser.addini(
        "harness_cassette_mode",
        "what cassettes may record, where no marker says it (default: none)",
        default="none",
    )
    parser.addini(
        "harness_block_network",
        "as --cassette-block-network, for each run",
        type="bool",
        default=False,
    )
    parser.addini(
        "harness_allowed_hosts",
        "hosts that pass where the network is blocked, such as *.example.com",
        type="args",
        default=[],
    )
    parser.addini(
        "harness_unused_interactions",
        "error: a test fails if it leaves interactions of its cassette unused; ignore: "
        "it does not (default: error for HTTP traffic, ignore for replay_chat)",
        default="",
    )


def check(config: pytest.Config) -> None:
    """Stop the run for a setting that there is not."""
    for key, known in (
        ("harness_unused_interactions", _UNUSED),
        ("harness_cassette_mode", MODES),
    ):
        said = config.getini(key)
        if said and said not in known:
            raise pytest.UsageError(f"{key} = {said}: give one of {', '.join(known)}.")


def folder(config: pytest.Config, what: str) -> Path:
    """The folder of "fakes" or "cassettes"."""
    given: str | None = config.getoption(f"harness_{what}")
    if given is None:
        return config.rootpath / str(config.getini(f"harness_{what}"))
    return config.invocation_params.dir / given
