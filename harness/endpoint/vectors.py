"""Vectors of texts that no model made. In: a text. Out: a vector of length 1.

A vector is the sum of what stands for each word and for each piece of a word, so that
texts which share words lie near each other, and others do not. It depends on nothing
but the model's name, the text and the number of dimensions.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator

__all__ = ["vector"]

_WORD = re.compile(r"\w+")
_PIECE = 3  # characters of a piece of a word
_WEIGHT = 0.3  # of a piece, where a word has 1
_PLACES = 8  # that stand for one word


def vector(model: str, text: str, dimensions: int) -> list[float]:
    """The vector of *text*, of so many *dimensions*, and of length 1.

    >>> cat, mine, tax = (vector("m", t, 256) for t in ("a cat", "my cat", "tax law"))
    >>> near = sum(a * b for a, b in zip(cat, mine))
    >>> near > sum(a * b for a, b in zip(cat, tax))
    True
    """
    sums = [0.0] * dimensions
    for (mark, feature), times in _features(text).items():
        weight = (1.0 if mark == "word" else _WEIGHT) * math.sqrt(times)
        said = f"{model}\0{mark}\0{feature}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(said, digest_size=5 * _PLACES).digest()
        for start in range(0, len(digest), 5):
            place = int.from_bytes(digest[start : start + 4], "big") % dimensions
            sums[place] += weight if digest[start + 4] & 1 else -weight
    length = math.sqrt(math.fsum(value * value for value in sums))
    if not length:  # all that was said cancelled out
        return [1.0, *[0.0] * (dimensions - 1)]
    return [value / length for value in sums]


def _features(text: str) -> Counter[tuple[str, str]]:
    words = _WORD.findall(text.casefold()) or [text]
    found = Counter(("word", word) for word in words)
    for word in words:
        found.update(("piece", piece) for piece in _pieces(word))
    return found


def _pieces(word: str) -> Iterator[str]:
    edged = f" {word} "
    for start in range(len(edged) - _PIECE + 1):
        yield edged[start : start + _PIECE]
