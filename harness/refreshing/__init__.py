"""Cassettes made anew: which are stale, what that costs, what of them goes on."""

from harness.refreshing.costs import Tokens, price, priced, summed, tokens_of, total_of

__all__ = ["Tokens", "price", "priced", "summed", "tokens_of", "total_of"]
