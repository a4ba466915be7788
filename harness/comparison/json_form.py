"""Comparisons as plain JSON values, for `--json` and for the report."""

from typing import Any

from harness.comparison.compared import Compared, Comparison
from harness.comparison.differences import Difference
from harness.comparison.words import word_changes
from harness.transcripts import Exchange

__all__ = ["FORMAT", "comparison_value"]

FORMAT = "chat-harness/comparison/1"


def comparison_value(comparison: Comparison, *, words: bool = False) -> dict[str, Any]:
    """*comparison* as a JSON value.

    ``exchanges`` has for each its ``change`` ("same", "changed", "removed", "added"),
    where it stands ``before`` and ``after`` (None where it does not), and its
    ``differences``: ``part``, ``says`` (a line), and the values before and after, where
    there are any. With *words* two texts also have their ``words``: pairs of " " (in
    both), "-" (gone) or "+" (new), and a text.

    >>> from harness.comparison import compare
    >>> from harness.transcripts import read_transcript
    >>> one = read_transcript("cassettes/weather.yaml")
    >>> value = comparison_value(compare(one, one))
    >>> value["same"], value["counts"]
    (True, {'same': 5, 'changed': 0, 'removed': 0, 'added': 0})
    """
    return {
        "format": FORMAT,
        "before": comparison.before.as_posix(),
        "after": comparison.after.as_posix(),
        "same": comparison.same,
        "counts": {
            "same": comparison.count("same"),
            "changed": comparison.count("changed"),
            "removed": comparison.count("removed"),
            "added": comparison.count("added"),
        },
        "exchanges": [_compared(one, words=words) for one in comparison.exchanges],
    }


def _compared(one: Compared, *, words: bool) -> dict[str, Any]:
    return {
        "change": one.change,
        "before": one.before and _place(one.before),
        "after": one.after and _place(one.after),
        "differences": [_difference(each, words=words) for each in one.differences],
    }


def _place(exchange: Exchange) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "place": exchange.place,
        "line": exchange.line,
    }


def _difference(one: Difference, *, words: bool) -> dict[str, Any]:
    value = {
        "part": one.part,
        "says": one.says,
        "before": one.before,
        "after": one.after,
    }
    if words and one.texts is not None:
        value["words"] = [list(change) for change in word_changes(*one.texts)]
    return value
