"""How two runs differ: cassettes or scripts, compared by what they mean.

In: two transcripts. Out: a `Comparison`: exchanges in pairs of one request each, what
differs in each pair, what is new and what is gone; the same as plain JSON.
"""

from harness.comparison.compared import (
    Change,
    Compared,
    Comparison,
    compare,
    compare_exchanges,
)
from harness.comparison.differences import PARTS, Difference
from harness.comparison.json_form import comparison_value
from harness.comparison.pairing import paired
from harness.comparison.words import word_changes

__all__ = [
    "PARTS",
    "Change",
    "Compared",
    "Comparison",
    "Difference",
    "compare",
    "compare_exchanges",
    "comparison_value",
    "paired",
    "word_changes",
]
