"""Costs, measured side by side. In: what to run. Out: what each round of it took.

All sides take their turn in each round, forward and backward in turn, so that a slow
spell of the machine hits all of them; ratios are taken within a round. What counts is
CPU time, and the median with its quartiles. Nothing here writes or prints.
"""

import gc
import math
import statistics
import subprocess
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
#: What was taken for one run, in seconds, requests a second or what else the side says.
Side = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median, and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Sequence[float]) -> "Spread":
        """Sum up what was found, in any order.

        >>> Spread.of([3, 1, 2, 5, 4])
        Spread(median=3, low=2.0, high=4.0)
        """
        if len(found) < 2:
            return cls(found[0], found[0], found[0])
        low, _, high = statistics.quantiles(found, n=4, method="inclusive")
        return cls(statistics.median(found), low, high)

    def times(self, factor: float) -> "Spread":
        """Give the same in another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor)


# ------------------------------------------------------------------------ taking time


def cpu(work: Callable[[], object], times: int = 1) -> float:
    """Give the seconds of CPU that one run of *work* takes, of *times* in a row."""
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def side(work: Callable[[], object], times: int = 1) -> Side:
    """Give *work* as a side of a race."""
    return lambda: cpu(work, times)


def child_cpu(command: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """Give the seconds of CPU that a process takes, with all that it starts itself.

    What it prints is shown only if it ends badly, as `subprocess.CalledProcessError`.
    """
    import resource  # Windows has none

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def rounds(
    sides: Mapping[Name, Side],
    count: int = 7,
    *,
    warm: int = 0,
    most: Mapping[Name, int] | None = None,
) -> dict[Name, list[float]]:
    """Run all *sides* in turn, *count* times, after *warm* rounds that do not count.

    A side that *most* names, a slow one, runs so many times and is not warmed.
    """
    limits = most or {}
    taken: dict[Name, list[float]] = {name: [] for name in sides}
    for number in range(-warm, count):
        order = [*sides.items()]
        for name, run in reversed(order) if number % 2 else order:
            if name in limits and not 0 <= number < limits[name]:
                continue
            found = run()
            if number >= 0:
                taken[name].append(found)
    return taken


def by_size(
    taken: Mapping[tuple[int, str], list[float]],
) -> dict[int, dict[str, list[float]]]:
    """Sort what sides took that raced at several sizes in the same rounds.

    >>> by_size({(1, "a"): [3.0], (1, "b"): [4.0], (2, "a"): [5.0]})
    {1: {'a': [3.0], 'b': [4.0]}, 2: {'a': [5.0]}}
    """
    found: dict[int, dict[str, list[float]]] = {}
    for (size, name), each in taken.items():
        found.setdefault(size, {})[name] = each
    return found


# --------------------------------------------------------------------------- reckoning


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """How many times *over* is *under*, round by round.

    Where one side had fewer rounds, each round is held against its median.

    >>> ratio([10, 40, 90], [1, 2, 3])
    Spread(median=20.0, low=15.0, high=25.0)
    """
    if len(over) == len(under):
        return Spread.of([one / other for one, other in zip(over, under, strict=True)])
    if len(over) > len(under):
        middle = statistics.median(under)
        return Spread.of([one / middle for one in over])
    middle = statistics.median(over)
    return Spread.of([middle / one for one in under])


def exponent(costs: Mapping[float, float]) -> float:
    """The k of cost = a * size ** k that fits best: least squares over logarithms.

    >>> round(exponent({10: 3, 100: 30, 1000: 300}), 6)
    1.0
    >>> round(exponent({10: 5, 100: 5}), 6)
    0.0
    """
    if len(costs) < 2:
        raise ValueError(f"growth needs two sizes or more, not {[*costs]}")
    sizes = [math.log(size) for size in costs]
    logs = [math.log(cost) for cost in costs.values()]
    return statistics.linear_regression(sizes, logs).slope


def growth(costs: Mapping[int, Sequence[float]]) -> Spread:
    """The exponent of each round, from what each size took in it.

    Where sizes had different numbers of rounds, there is one: that of the medians.
    """
    if len({len(found) for found in costs.values()}) > 1:
        middle = {size: statistics.median(found) for size, found in costs.items()}
        return Spread.of([exponent(middle)])
    each = zip(*costs.values(), strict=True)
    return Spread.of([exponent(dict(zip(costs, one, strict=True))) for one in each])


def decade(power: float) -> float:
    """How many times the cost grows where the size grows tenfold."""
    return 10.0**power
