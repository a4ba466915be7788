"""Made-up objects and lists. In: a reading of a schema. Out: candidates, a few.

The first candidate is the one a person would write: what is required, one item. Later
ones have more or less in them. Whoever asks makes the parts and checks the whole.
"""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

from harness.schemas import Schema
from harness.scripts.readings import Reading
from harness.scripts.scalars import Impossible, within

__all__ = ["Parts", "arrays", "objects"]

MOST_PARTS = 1_000
TRIES = 8


class Parts(Protocol):
    """Makes the parts of one value."""

    @property
    def rng(self) -> random.Random:
        """The random source of the value."""
        ...

    def make(self, schema: Schema, step: str, attempt: int) -> Any:
        """Give the part at *step*; raise Impossible if none was found."""
        ...

    def leads_back(self, schema: Schema) -> bool:
        """Tell whether such a part would contain its own kind again."""
        ...


def objects(reading: Reading, parts: Parts) -> Iterator[dict[str, Any]]:
    """Give objects: with what is required, with all that is optional, with some."""
    low, high = within(reading, "minProperties", "maxProperties", MOST_PARTS)
    properties = reading.get("properties", {})
    wanted = _required(reading)
    if len(wanted) > high:
        raise Impossible(f"{len(wanted)} are required, but maxProperties is {high}")
    optional = [name for name in properties if name not in wanted]
    ends = {n for n in optional if not parts.leads_back(properties[n])}
    rng = parts.rng
    for attempt in range(TRIES):
        share = (0.0, 1.0, *[0.5] * TRIES)[attempt]
        made = {
            name: parts.make(_rule(reading, name), f".{name}", attempt)
            for name in wanted
        }
        for name in optional:
            needed = len(made) < low or (name in ends and rng.random() < share)
            if needed and len(made) < high:
                with suppress(Impossible):
                    made[name] = parts.make(_rule(reading, name), f".{name}", attempt)
        while len(made) < low:
            name = parts.make(_new_name(reading, made), f".name{len(made)}", attempt)
            made[name] = parts.make(_rule(reading, name), f".{name}", attempt)
        order = dict.fromkeys([*properties, *made])
        yield {name: made[name] for name in order if name in made}


def _required(reading: Reading) -> list[str]:
    """Give the required names, and what those require."""
    needs = reading.get("dependentRequired", {})
    wanted = list(reading.get("required", ()))
    for name in wanted:  # it grows while it is read
        wanted += [other for other in needs.get(name, ()) if other not in wanted]
    return list(dict.fromkeys(wanted))


def _rule(reading: Reading, name: str) -> Schema:
    rules = [
        rule
        for pattern, rule in reading.get("patternProperties", {}).items()
        if re.search(pattern, name)
    ]
    if name in reading.get("properties", ()):
        rules.insert(0, reading["properties"][name])
    return _all(rules or [reading.get("additionalProperties", True)])


def _new_name(reading: Reading, taken: dict[str, Any]) -> Schema:
    rule: dict[str, Any] = {"type": "string", "not": {"enum": list(taken)}}
    if reading.get("additionalProperties", True) is False:
        patterns = reading.get("patternProperties", {})
        rule["anyOf"] = [{"pattern": pattern} for pattern in patterns]
        if not patterns:
            low = reading["minProperties"]
            raise Impossible(
                f"minProperties is {low}, but only {len(taken)} can be had"
            )
    return _all([reading.get("propertyNames", True), rule])


def arrays(reading: Reading, parts: Parts) -> Iterator[list[Any]]:
    """Give lists: of one item or of those drawn one by one, the shortest, others."""
    prefix = reading.get("prefixItems", [])
    rest = reading.get("items", True)
    wanted = _contained(reading)
    least, most = _lengths(reading, prefix, rest, len(wanted))
    usual = len(prefix) or int(not parts.leads_back(rest))
    rng = parts.rng
    for attempt in range(TRIES):
        length = rng.randint(least, min(most, least + 3))
        if attempt < 2:
            length = max(least, min(usual, most)) if attempt == 0 else least
        start = length - len(wanted) if attempt % 2 == 0 else 0
        made: list[Any] = []
        try:
            for place, item in enumerate([*prefix, *[rest] * length][:length]):
                rules = [item]
                if 0 <= place - start < len(wanted):
                    rules.append(wanted[place - start])
                if reading.get("uniqueItems", False):
                    rules.append({"not": {"enum": [*made]}})
                made.append(parts.make(_all(rules), f"[{place}]", attempt))
        except Impossible:
            if length == least:
                raise
        else:
            yield made


def _contained(reading: Reading) -> list[Schema]:
    """Give what the list is to contain, each as often as it is to be there."""
    groups = [
        [rule] * min(int(times), MOST_PARTS + 1)
        for rule, times in reading.get("contains", ())
    ]
    return [rule for group in groups for rule in group]


def _lengths(
    reading: Reading, prefix: list[Schema], rest: Schema, wanted: int
) -> tuple[int, int]:
    least, most = within(reading, "minItems", "maxItems", MOST_PARTS)
    places = [*prefix, rest]
    if False in places:
        most = min(most, places.index(False))
    least = max(least, wanted)
    if least > most:
        raise Impossible(f"{least} items are needed, but only {most} are allowed")
    return least, most


def _all(rules: list[Schema]) -> Schema:
    return rules[0] if len(rules) == 1 else {"allOf": rules}
