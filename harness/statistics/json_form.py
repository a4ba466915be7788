"""Statistics as plain JSON values."""

from collections import Counter
from typing import Any

from harness.statistics.tallies import Statistics, Tally, quantile

__all__ = ["FORMAT", "statistics_value"]

FORMAT = "chat-harness/statistics/1"


def statistics_value(found: Statistics) -> dict[str, Any]:
    """*found* as a JSON value. Sizes are in bytes, times in milliseconds.

    >>> from harness.statistics import statistics_of
    >>> statistics_value(statistics_of([]))["total"]["exchanges"]
    0
    """
    return {
        "format": FORMAT,
        "size": found.size,
        "files": [
            {"path": file.path.as_posix(), "size": file.size} for file in found.files
        ],
        "damaged": [
            {"path": file.path.as_posix(), "size": file.size, "problem": file.problem}
            for file in found.damaged
        ],
        "scripts": found.scripts,
        "turns": found.turns,
        "total": _tally(found.total),
        "by": {
            group: {name: _tally(tally) for name, tally in tallies.items()}
            for group, tallies in found.groups.items()
        },
    }


def _tally(one: Tally) -> dict[str, Any]:
    return {
        "exchanges": one.exchanges,
        "chats": one.chats,
        "streams": one.streams,
        "problems": one.problems,
        "statuses": {str(k): n for k, n in sorted(one.statuses.items())},
        "faults": _ordered(one.faults),
        "tokens": dict(one.tokens),
        "tools": _ordered(one.tools),
        "first_ms": {
            "median": quantile(one.first, 0.5),
            "p95": quantile(one.first, 0.95),
        },
        "tokens_per_second": {
            "median": quantile(one.rate, 0.5),
            "p95": quantile(one.rate, 0.95),
        },
        "oldest": one.oldest,
        "newest": one.newest,
    }


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())
