"""Cassettes of HTTP traffic, around a test or around fixtures of many tests."""

import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes.folders import cassette_path
from harness.cassettes.tape import Tape
from harness.errors import CassetteError, CassetteWarning, HarnessError
from harness.paths import StrPath
from harness.pytest_plugin.marks import TAPE, called_after, marked
from harness.pytest_plugin.network import Network
from harness.pytest_plugin.settings import ENDS, folder
from harness.pytest_plugin.watching import Watch
from harness.recording import use_cassette

__all__ = ["Cassettes", "tape_of"]

_SHOWN = 12


@dataclass(frozen=True)
class _Opening:
    """A cassette to open, and whether some of it may be left over (None: not said)."""

    cassette: use_cassette
    network: Network
    allow_unused: bool | None

    @classmethod
    def read(
        cls, config: pytest.Config, name: StrPath, given: Mapping[str, Any]
    ) -> "_Opening":
        """Read the options *given*; the command line beats them."""
        options = {**given}
        mode = options.pop("mode", None) or config.getini("harness_cassette_mode")
        if forced := config.getoption("cassette_mode"):
            mode = forced
            options["forced"] = True
        home = folder(config, "cassettes")
        if _is_to_be_rewritten(config, name, home):
            mode, options["forced"] = "rewrite", True
        allow_unused = options.pop("allow_unused", None)
        if config.getini("harness_unused_interactions") == "ignore":
            allow_unused = allow_unused is not False
        cassette = use_cassette(name, mode, directory=home, **options)
        return cls(cassette, Network.of(config), allow_unused)

    def open(self) -> Tape:
        """Open it for what runs from here on."""
        return self.cassette.__enter__()

    def guard(self, tape: Tape) -> AbstractContextManager[None]:
        """What *tape* does to the network: it needs it, or needs it gone."""
        return self.network.there() if tape.goes_live else self.network.away()

    def close(self, tape: Tape, *, failed: bool) -> list[str]:
        """Close it, and give what is to be told of it. It saves unless it *failed*."""
        try:
            tape.close(failed=failed)
        finally:
            notes, tape.notes[:] = [*tape.notes], []
            self.cassette.__exit__(None, None, None)
        return notes

    def unused(self, tape: Tape) -> Iterator[CassetteError]:
        """What was left over, if that is wrong.

        Where something new was recorded, nothing is: that the rest is not needed shows
        when it is played.
        """
        unused = [] if self.allow_unused or tape.recorded else tape.unused()
        if not unused:
            return
        count = f"{len(unused)} of its {len(tape.interactions)} recordings"
        lines = [f"  {one.place}: {one.method} {one.url}" for one in unused[:_SHOWN]]
        if len(unused) > _SHOWN:
            lines.append(f"  and {len(unused) - _SHOWN} more")
        lines.append("--cassette-mode=rewrite records what is asked for, and no more.")
        told = "\n".join([f"{count} were never asked for:", *lines])
        yield CassetteError(told)


def _is_to_be_rewritten(config: pytest.Config, name: StrPath, home: Path) -> bool:
    """Whether the command line chose the cassette *name* to be recorded anew."""
    chosen: list[str] = config.getoption("cassette_rewrite") or []
    here = config.invocation_params.dir
    files = {(here / one).resolve() for one in chosen}
    return bool(files) and cassette_path(name, home).resolve() in files


@contextmanager
def tape_of(watch: Watch, general: Mapping[str, Any]) -> Generator[Tape]:
    """The cassette of a test, open; what is wrong with it is told by *watch*.

    Options are those of its marker, and the *general* ones.
    """
    item = watch.item
    if _is_recorded_elsewhere(item):
        pytest.fail(
            f"{item.name} has a cassette and the marker vcr: two recorders would hear "
            "the same traffic. Take one of them.",
            pytrace=False,
        )
    given = {**general, **marked(item, TAPE)}
    name = str(given.pop("name") if "name" in given else called_after(item))
    opening, tape = _opened(item, name, given)
    with opening.guard(tape):
        yield tape
    problems: list[BaseException] = [*tape.misses, *opening.network.take()]
    if tape.drift:
        told = "".join(f"\n  {one}" for one in tape.drift)
        problems.append(CassetteError(f"the answers are not what they were:{told}"))
    problems += opening.unused(tape)
    watch.check(tape, f"cassette {name}", lambda: iter(problems))
    failed = not watch.passed or bool(watch.found())
    tape.misses.clear()
    tape.drift.clear()
    notes = opening.close(tape, failed=failed)
    if notes and failed:
        item.add_report_section("teardown", "chat-harness", "\n".join(notes))
    else:
        _warn(notes)


def _is_recorded_elsewhere(item: pytest.Item) -> bool:
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    return "vcr" in fixtures and item.get_closest_marker("vcr") is not None


def _opened(
    item: pytest.Item, name: str, given: Mapping[str, Any]
) -> tuple[_Opening, Tape]:
    """The cassette *name*, open, or a word on why it cannot be."""
    try:
        opening = _Opening.read(item.config, name, given)
        return opening, opening.open()
    except HarnessError as error:
        why = str(error)
    pytest.fail(f"The cassette of {item.name}: {why}", pytrace=False)


class Cassettes:
    """Opens cassettes for a run: ``with cassettes("index", "once") as tape: ...``.

    Fixtures of a module or session record into their own with it, or share one between
    their tests. If a test fails meanwhile, what was recorded is kept aside.
    """

    def __init__(self, config: pytest.Config, general: Mapping[str, Any]) -> None:
        self._config = config
        self._general = general

    @contextmanager
    def __call__(
        self, name: StrPath, mode: str | None = None, **options: Any
    ) -> Generator[Tape]:
        """Have the cassette *name* open; options are those of `use_cassette`.

        Recordings that nothing asked for are an error, unless *allow_unused* is true,
        or tests have run meanwhile: there may be more that did not run.
        """
        given = {**self._general, **options}
        if mode is not None:
            given["mode"] = mode
        opening = _Opening.read(self._config, name, given)
        before = replace(self._config.stash[ENDS])
        tape = opening.open()
        try:
            with opening.guard(tape):
                yield tape
        except BaseException as error:
            opening.cassette.__exit__(type(error), error, error.__traceback__)
            raise
        ends = self._config.stash[ENDS]
        alone = ends.ended == before.ended and opening.allow_unused is None
        failed = ends.failed > before.failed
        _warn(opening.close(tape, failed=failed))
        if not failed and (alone or opening.allow_unused is False):
            for problem in opening.unused(tape):
                raise problem


def _warn(notes: list[str]) -> None:
    for note in notes:
        warnings.warn(note, CassetteWarning, stacklevel=2)
