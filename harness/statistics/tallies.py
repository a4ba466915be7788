"""Counts of exchanges, as a whole and by group."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Literal, get_args

from harness.statistics.files import File
from harness.transcripts import Exchange

__all__ = ["GROUPS", "Group", "Statistics", "Tally", "quantile", "statistics_of"]

Group = Literal["model", "host", "dialect", "file"]
#: What exchanges are counted by.
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(slots=True)
class Tally:
    """What was counted of some exchanges.

    *faults* are by kind, *statuses* by number; *tokens* has "input", "output", "cached"
    and "reasoning". *first* (milliseconds to the first piece) and *rate* (tokens a
    second) have a value for each stream that was timed. *oldest* and *newest* are times
    in UTC, "" where none was recorded.
    """

    exchanges: int = 0
    chats: int = 0
    streams: int = 0
    problems: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    first: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    oldest: str = ""
    newest: str = ""

    def add(self, one: Exchange) -> None:
        """Count one more."""
        self.exchanges += 1
        self.chats += bool(one.dialect)
        self.streams += one.streamed
        self.problems += bool(one.dialect and one.problem)
        if one.fault is not None:
            self.faults[str(one.fault.kind)] += 1
        for call in one.answer.tool_calls if one.answer else ():
            self.tools[call["name"]] += 1
        self._add_tokens(one)
        if (found := one.interaction) is not None:
            if one.dialect != "chat-harness":
                self.statuses[found.status] += 1
            if at := found.recorded_at:
                self.oldest = min(self.oldest or at, at)
                self.newest = max(self.newest, at)

    def _add_tokens(self, one: Exchange) -> None:
        usage = one.usage
        details = usage.get("input_token_details") or {}
        made = usage.get("output_token_details") or {}
        for name, tokens in (
            ("input", usage.get("input_tokens")),
            ("output", usage.get("output_tokens")),
            ("cached", details.get("cache_read")),
            ("reasoning", made.get("reasoning")),
        ):
            self.tokens[name] += tokens or 0
        timing = one.timing
        if timing is not None and one.streamed:
            self.first.append(timing.first)
            rate = timing.rate(usage.get("output_tokens") or 0)
            if rate:
                self.rate.append(rate)


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that was counted.

    *groups* has the tallies by each of `GROUPS`, "" for what has no model or host.
    *files* are those that were read, the largest first, *damaged* those that could not
    be; neither holds its transcript any more. *turns* are those of scripts, which are
    no recordings and count nowhere else.
    """

    total: Tally
    groups: dict[Group, dict[str, Tally]]
    files: tuple[File, ...]
    damaged: tuple[File, ...]
    scripts: int
    turns: int

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in (*self.files, *self.damaged))


_NAMES: dict[Group, Callable[[Exchange, File], str]] = {
    "model": lambda one, _: one.model,
    "host": lambda one, _: one.host,
    "dialect": lambda one, _: one.dialect,
    "file": lambda _, file: file.path.as_posix(),
}


def statistics_of(files: Iterable[File]) -> Statistics:
    """What *files* are made of.

    >>> from harness.statistics import read_files
    >>> from pathlib import Path
    >>> found = statistics_of(read_files([Path("cassettes/weather.yaml")]))
    >>> found.total.chats, found.total.streams, found.total.tools
    (5, 3, Counter({'get_weather': 2}))
    """
    total = Tally()
    groups: dict[Group, dict[str, Tally]] = {group: {} for group in GROUPS}
    read: list[File] = []
    damaged: list[File] = []
    scripts = turns = 0
    for file in files:
        if file.transcript is None:
            damaged.append(file)
            continue
        read.append(replace(file, transcript=None))
        if file.transcript.kind == "script":
            scripts, turns = scripts + 1, turns + len(file.transcript.exchanges)
            continue
        for one in file.transcript.exchanges:
            total.add(one)
            for group, name in _NAMES.items():
                groups[group].setdefault(name(one, file), Tally()).add(one)
    read.sort(key=lambda file: -file.size)
    return Statistics(total, groups, tuple(read), tuple(damaged), scripts, turns)


def quantile(values: Sequence[float], part: float) -> float | None:
    """The least of *values* that *part* of them do not exceed; None of none.

    >>> quantile([3.0, 1.0, 2.0], 0.5), quantile([3.0, 1.0, 2.0], 0.95)
    (2.0, 3.0)
    """
    ordered = sorted(values)
    return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else None
