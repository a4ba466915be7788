"""Made-up texts and numbers. In: a reading of a schema. Out: candidates, endlessly.

The first candidates are the ones a person would write; later ones go further afield.
They are likely, not certain, to meet the rules: whoever asks checks them.
"""

import math
import random
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

from harness.errors import shown
from harness.formats import FORMAT_EXAMPLES
from harness.scripts.readings import Reading, exact

__all__ = ["Impossible", "integers", "numbers", "texts", "within"]

LONGEST_TEXT = 100_000
MOST_REPEATS = 20_000
WORDS = (
    "amber birch cedar clover dune ember fern harbor heron indigo juniper lantern "
    "linen maple meadow opal otter pebble quartz river saffron thistle willow zephyr"
).split()


class Impossible(Exception):
    """No value meets the rules; the text says which rules."""


def within(reading: Reading, low_key: str, high_key: str, most: int) -> tuple[int, int]:
    """Give the least and the most that two rules allow; raise Impossible if none is.

    >>> within({"minLength": 3}, "minLength", "maxLength", 100)
    (3, 100)
    """
    low, high = math.ceil(reading.get(low_key, 0)), int(reading.get(high_key, most))
    if low > high and high_key in reading:
        raise Impossible(f"{low_key} {low} is more than {high_key} {high}")
    if low > most:
        raise Impossible(f"{low_key} {low} is more than is made up, {most} at most")
    return low, min(high, most)


def texts(reading: Reading, rng: random.Random) -> Iterator[str]:
    """Give candidates for a text: of its format, of its pattern, or plain words.

    >>> next(texts({"maxLength": 4}, random.Random(0)))
    'mapl'
    """
    low, high = within(reading, "minLength", "maxLength", LONGEST_TEXT)
    makers = [_formatted] if reading.get("format") in FORMAT_EXAMPLES else []
    makers += [_patterned] if "pattern" in reading else []
    if not makers:
        return (text[:high] for text in _words(rng, low))
    turns = zip(*(make(reading, rng, low) for make in makers), strict=True)
    return chain.from_iterable(turns)


def _words(rng: random.Random, low: int) -> Iterator[str]:
    while True:
        for tail in ("", "", f" {rng.randrange(10)}", f" {rng.randrange(10**6)}"):
            text = rng.choice(WORDS) + tail
            while len(text) < low:
                text += f" {rng.choice(WORDS)}"
            yield text
        yield text[: max(low, 1)]


def _formatted(reading: Reading, rng: random.Random, low: int) -> Iterator[str]:
    """The format's example with other digits and names, then longer and shorter."""
    name = reading["format"]
    example = FORMAT_EXAMPLES[name]
    while True:
        yield re.sub(r"\d(?=\D*$)", str(rng.randrange(1, 10)), example)
        yield re.sub(r"\d(?!\d)", lambda _: str(rng.randrange(1, 10)), example)
        longer = rng.choice(WORDS) * (1 + low // 4)
        for known in ("ada", "www", "items", "id", "a-z"):
            yield example.replace(known, longer[: max(low - len(example) + 3, 5)])
        yield f"{example}.{rng.choice(WORDS)}"
        yield f"{example}{'0' * max(low - len(example), 1)}"
        yield example.replace("Z", f".{'0' * max(low - len(example) - 1, 1)}Z")
        yield rng.choice(("P1D", "::1", "a@b.c", "a.b", "", "/", "a:b", "0", "1.1.1.1"))


def _patterned(reading: Reading, rng: random.Random, low: int) -> Iterator[str]:
    """Texts of each pattern in turn, as they come and filled up to the length."""
    filler = rng.choice(WORDS)
    patterns: list[str] = reading["pattern"]
    while True:
        for pattern in patterns:
            for reach in (2, 0, 1, 5, max(low - 1, 0), rng.randrange(low + 2)):
                text = _of_pattern(pattern, rng, reach)
                yield text
                if (missing := low - len(text)) > 0:
                    yield text + (filler * missing)[:missing]
                    yield (filler * missing)[:missing] + text
            if not pattern.endswith("$"):
                yield text + filler  # one more than the few that the pattern makes


def _of_pattern(pattern: str, rng: random.Random, reach: int) -> str:
    from rstr import Rstr

    plain = _Plain(rng.random())
    plain.reach = reach
    python = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)  # a name, as JS writes it
    try:
        with warnings.catch_warnings(action="ignore"):
            return Rstr(plain).xeger(python)
    except (re.error, LookupError, ValueError, TypeError, OverflowError) as error:
        raise Impossible(
            f"no text is made up for the pattern {shown(pattern)} ({error})"
        ) from None


class _Plain(random.Random):
    """Chooses letters and digits over the rest, and few repeats over many.

    `rstr` offers characters in the order of a set, which differs between runs, and up
    to a hundred repeats: both are put right here, where it asks to choose.
    """

    reach = 0
    left = MOST_REPEATS

    def choice(self, seq: Any) -> Any:
        self._spend(len(seq) // 1000)
        if not all(isinstance(item, str) for item in seq):
            return super().choice(seq)
        plain = [item for item in seq if item.isascii() and item.isalnum()]
        visible = [item for item in seq if item.isprintable() and item != " "]
        return super().choice(sorted(plain or visible or seq))

    def randint(self, a: int, b: int) -> int:
        most = max(a, min(b, a + self.reach))
        times = most if self.random() < 0.5 else super().randint(a, most)
        self._spend(times)
        return times

    def _spend(self, repeats: int) -> None:
        self.left -= repeats
        if self.left < 0:
            raise ValueError("it is too long")


def integers(reading: Reading, rng: random.Random) -> Iterator[int]:
    """Give candidates for an integer within the bounds, small ones first.

    >>> next(integers({"minimum": 3, "maximum": 3.5}, random.Random(0)))
    3
    """
    step = exact(reading.get("multipleOf", 1)).numerator
    first, last = _places(reading, Fraction(step), "integer")
    return (place * step for place in _walk(first, last, rng))


def numbers(reading: Reading, rng: random.Random) -> Iterator[float]:
    """Give candidates for a number within the bounds, of few digits.

    >>> next(numbers({"exclusiveMinimum": 0, "maximum": 0.01}, random.Random(0)))
    0.007
    """
    if "multipleOf" in reading:
        step = exact(reading["multipleOf"])
    else:
        step = _readable_step(reading)
    first, last = _places(reading, step, "number")
    return (_number(place * step) for place in _walk(first, last, rng))


def _readable_step(reading: Reading) -> Fraction:
    """Halves if there is room between the bounds, else tenths, hundredths..."""
    (low, _), (high, _) = _bounds(reading)
    if low is None or high is None or high - low > 1:
        return Fraction(1, 2)
    if low == high:
        return abs(low) or Fraction(1)
    step = Fraction(1, 10)
    while step > (high - low) / 2:
        step /= 10
    return step


def _number(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return int(value)


Edge = tuple[Fraction | None, bool]  # a bound, and whether it is left out itself


def _bounds(reading: Reading) -> tuple[Edge, Edge]:
    def edge(key: str, sign: int) -> Edge:
        found = [
            (sign * exact(reading[name]), left_out)
            for name, left_out in ((key, False), (f"exclusive{key.title()}", True))
            if name in reading and not isinstance(reading[name], bool)
        ]
        if not found:
            return None, False
        value, left_out = max(found)
        return sign * value, left_out

    return edge("minimum", 1), edge("maximum", -1)


def _places(
    reading: Reading, step: Fraction, kind: str
) -> tuple[int | None, int | None]:
    """The first and the last multiple of *step* within the bounds."""
    (low, above), (high, below) = _bounds(reading)
    first = last = None
    if low is not None:
        first = math.floor(low / step) + 1 if above else math.ceil(low / step)
    if high is not None:
        last = math.ceil(high / step) - 1 if below else math.floor(high / step)
    if first is not None and last is not None and first > last:
        rules = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
        told = [f"{r} {reading[r]}" for r in (*rules, "multipleOf") if r in reading]
        raise Impossible(f"no {kind} meets {', '.join(told)}")
    return first, last


def _walk(first: int | None, last: int | None, rng: random.Random) -> Iterator[int]:
    """Every number of a small range, then any from ever wider ones."""
    low, high = first, last
    if low is None:
        low = 1 if high is None or high >= 1 else high - 9
    if high is None:
        high = max(low, 1) + 9
    start, size = rng.randrange(high - low + 1), high - low + 1
    for step in range(min(size, 100)):
        yield low + (start + step) % size
    span = 10
    while True:
        span *= 2
        least = low - span if first is None else low
        yield rng.randint(least, high + span if last is None else high)
