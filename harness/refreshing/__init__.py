"""Cassettes made anew: which are stale, what that costs, what of them goes on."""

from harness.refreshing.asking import Result, ask_again
from harness.refreshing.costs import Tokens, price, priced, summed, tokens_of, total_of
from harness.refreshing.signing import Keys, read_key, signed
from harness.refreshing.staleness import is_stale, obstacle, oldest, read_age

__all__ = [
    "Keys",
    "Result",
    "Tokens",
    "ask_again",
    "is_stale",
    "obstacle",
    "oldest",
    "price",
    "priced",
    "read_age",
    "read_key",
    "signed",
    "summed",
    "tokens_of",
    "total_of",
]
