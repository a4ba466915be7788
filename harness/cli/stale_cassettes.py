"""The cassettes that a refresh looks at, each with what there is to say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from harness.cassettes.conversations import is_conversation
from harness.cassettes.folders import DEFAULT_FOLDER, cassettes_below, find_cassette
from harness.cassettes.merging import Loaded
from harness.checks import check_leftover
from harness.cli.screen import counted
from harness.errors import CassetteError
from harness.refreshing import (
    Tokens,
    is_stale,
    obstacle,
    oldest,
    price,
    priced,
    summed,
    tokens_of,
    total_of,
)
from harness.text import visible

__all__ = ["Row", "as_json", "files_of", "looked_at", "shown_costs", "shown_row"]

_STYLES = {"stale": "yellow", "refreshed": "green", "left": "yellow"}


@dataclass(frozen=True, slots=True)
class Row:
    """A cassette, its *state*, and *why* it is in that; *tokens* are what it cost."""

    path: Path
    state: Literal["stale", "fresh", "left", "refreshed", "diverged", "failed"]
    why: str = ""
    loaded: Loaded = field(default_factory=Loaded, repr=False)
    recorded: datetime | None = None
    age: timedelta | None = None
    tokens: tuple[Tokens, ...] = ()

    @property
    def has_requests(self) -> bool:
        """Whether it could be read, and is no conversation."""
        known = self.loaded.interactions
        return bool(known) and not any(map(is_conversation, known))

    @property
    def place(self) -> str:
        """The path, from where the command runs."""
        here = Path.cwd()
        path = self.path.absolute()
        return str(path.relative_to(here) if path.is_relative_to(here) else self.path)


def files_of(paths: Sequence[str], only: Sequence[str]) -> list[Path]:
    """The files that *paths* name: files, folders, names of cassettes; by default all.

    Of these *only* those that have one of its words in their path, if there are any.
    Raises CassetteError for what is not there.
    """
    found: list[Path] = []
    for one in paths or [str(DEFAULT_FOLDER)]:
        if Path(one).is_dir():
            found += _without_leftovers(Path(one))
        else:
            found.append(find_cassette(one))
    wanted = [f"*{word}*" for word in only] or ["*"]
    return [
        path
        for path in dict.fromkeys(found)
        if any(fnmatchcase(path.as_posix(), pattern) for pattern in wanted)
    ]


def _without_leftovers(folder: Path) -> Iterator[Path]:
    for path in cassettes_below(folder):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not (hidden or any(check_leftover(path.name))):
            yield path


def looked_at(path: Path, age: timedelta, now: datetime) -> Row:
    """The cassette at *path*, and whether it is stale and can be asked again."""
    try:
        loaded = Loaded.read(path, "ignore")
    except CassetteError as error:
        return Row(path, "failed", str(error))
    known = loaded.interactions
    recorded = oldest(known)
    stale = bool(known) and is_stale(known, age, now)
    why = obstacle(known) if stale else None
    if stale and path.suffix not in {".yaml", ".yml"}:
        why = "is no YAML file, and cassettes are recorded as YAML"
    return Row(
        path,
        "left" if why else "stale" if stale else "fresh",
        why or "",
        loaded,
        recorded,
        None if recorded is None else now - recorded,
        tokens_of(known),
    )


# ------------------------------------------------------------------------- in words


def shown_row(console: Console, row: Row) -> None:
    """Print a line on *row*; it is not cut off."""
    line = Text(f"{row.state:9} ", style=_STYLES.get(row.state, "red"))
    line.append(visible(row.place), style="bold")
    if row.state != "failed" or row.loaded.interactions:
        line.append(f"  {_age(row)}, {_counted(row)}", style="default not bold")
    if row.why:
        line.append(f"\n          {visible(row.why)}", style="default not bold")
    console.print(line)


def _age(row: Row) -> str:
    if row.state == "refreshed":
        return "now"
    if row.age is None:
        return "of unknown age"
    return f"{counted(row.age.days, 'day')} old"


def _counted(row: Row) -> str:
    total = total_of(row.tokens)
    words = [counted(len(row.loaded.interactions), "request")]
    if total.input or total.output:
        words.append(f"{counted(total.input, 'token')} in, {total.output:,} out")
    prices = [one for tokens in row.tokens if (one := price(tokens)) is not None]
    if prices:
        words.append(f"${sum(prices):.4f}")
    return ", ".join(words)


def shown_costs(console: Console, rows: Sequence[Row], head: str) -> None:
    """Print what *rows* cost by model, below *head*."""
    spent = summed(tokens for row in rows for tokens in row.tokens)
    if not spent:
        return
    prices = {one: price(one) for one in spent}
    lines = [head, *(f"  {_of_a_model(one, cost)}" for one, cost in prices.items())]
    unknown = ", ".join(one.model for one, cost in prices.items() if cost is None)
    if not priced():
        lines.append("For prices: pip install 'chat-harness[prices]'")
    elif unknown:
        lines.append(f"No price is known of {unknown}.")
    known = [cost for cost in prices.values() if cost is not None]
    if len(known) > 1:
        lines.append(f"  together ${sum(known):.4f}")
    for line in lines:
        console.print(line, markup=False)


def _of_a_model(one: Tokens, cost: Decimal | None) -> str:
    cached = f" ({one.cached:,} cached)" if one.cached else ""
    reasoning = f" ({one.reasoning:,} reasoning)" if one.reasoning else ""
    money = "" if cost is None else f", ${cost:.4f}"
    return (
        f"{one.model}: {counted(one.requests, 'request')}, "
        f"{counted(one.input, 'token')} in{cached}, "
        f"{one.output:,} out{reasoning}{money}"
    )


def as_json(row: Row) -> dict[str, Any]:
    """The same for machines."""
    return {
        "path": row.place,
        "state": row.state,
        "why": row.why,
        "recorded_at": None if row.recorded is None else row.recorded.isoformat(),
        "age_days": None if row.age is None else row.age.days,
        "requests": len(row.loaded.interactions),
        "models": [
            {
                "model": one.model,
                "at": one.at,
                "requests": one.requests,
                "input_tokens": one.input,
                "output_tokens": one.output,
                "cached_tokens": one.cached,
                "reasoning_tokens": one.reasoning,
                "usd": None if (cost := price(one)) is None else float(cost),
            }
            for one in row.tokens
        ],
    }
