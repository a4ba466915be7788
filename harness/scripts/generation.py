"""A lawful value for a JSON schema. In: a schema, a seed. Out: always the same value.

Each part draws from its own random source, named by the seed and its place, so that a
change of one part leaves the others as they are; each is checked before it is used.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from harness.errors import SchemaError, shown
from harness.schemas import Compiled, Schema, bounded, compiled
from harness.scripts.readings import Reading, readings, references
from harness.scripts.scalars import Impossible, integers, numbers, texts
from harness.scripts.shapes import Parts, arrays, objects

__all__ = ["generate"]

MOST_READINGS = 64
MOST_CANDIDATES = 200
MOST_STEPS = 10_000
MOST_NESTED = 3  # a value of the least depth never needs to nest a reference


def generate(schema: Schema, *, seed: int = 0) -> Any:
    """Make up a value that *schema* accepts: the same one for the same seed, anywhere.

    Objects get what is required and no more, lists one item where they may, and
    `examples` and `default` are taken where they are valid. Raises SchemaError if the
    schema cannot be used, or if no value was found, with the part that is to blame.

    >>> code = {"type": "string", "pattern": "^[A-Z]{2}-7$"}
    >>> generate({"type": "object", "properties": {"code": code}, "required": ["code"]})
    {'code': 'UN-7'}
    """
    whole = compiled(schema)
    try:
        with bounded():
            node = _Node(_Run(whole, seed), whole.schema, open_refs=("#",))
            return deepcopy(node.value())
    except (_Unmet, _GaveUp) as unmet:
        node = unmet.node
        raise SchemaError(
            f"no value could be made up for {node.path or 'the schema'}: {unmet}.\n"
            f"Its schema: {shown(node.schema)}.\n"
            "Correct the schema, or give the arguments by hand."
        ) from None


@dataclass(slots=True)
class _Run:
    """One value being made, within a bounded number of tries."""

    whole: Compiled
    seed: int
    steps: int = field(default=0, init=False)


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of the value: its schema, its path, the references open around it."""

    run: _Run
    schema: Schema
    path: str = ""
    open_refs: tuple[str, ...] = ()
    attempt: str = ""

    @property
    def rng(self) -> random.Random:
        """The random source of the part: the same in each run."""
        return random.Random(f"{self.run.seed} {self.path} {self.attempt}")  # noqa: S311 - no secrets

    def value(self) -> Any:
        """Give a value that the schema accepts."""
        self._count_step()
        failure: _Unmet | None = None
        ways = readings(self.schema, self.run.whole.targets, self.open_refs)
        for reading, refs in islice(ways, MOST_READINGS):
            node = replace(self, open_refs=(*self.open_refs, *sorted(refs)))
            for kind in _kinds(reading, null_first=self.leads_back(self.schema)):
                try:
                    return node.value_of(kind, reading)
                except _Unmet as unmet:
                    found = unmet
                except Impossible as reason:
                    found = _Unmet(str(reason), self)
                if kind != "given":  # examples that do not fit are not to blame
                    failure = failure or found
        raise failure or _Unmet("no value is allowed", self)

    def value_of(self, kind: str, reading: Reading) -> Any:
        """Give a value of one kind, made from one reading of the schema."""
        if any(self.open_refs.count(ref) > MOST_NESTED for ref in self.open_refs):
            raise Impossible("it contains itself without end")
        return self._first_accepted(SOURCES[kind](reading, self))

    def make(self, schema: Schema, step: str, attempt: int) -> Any:
        """Give the part of this value that lies at *step*."""
        path = f"{self.path}{step}" if self.path else step.removeprefix(".")
        tried = f"{self.attempt}.{attempt}" if attempt else self.attempt
        return _Node(self.run, schema, path, self.open_refs, tried).value()

    def leads_back(self, schema: Schema) -> bool:
        """Tell whether a part of that schema would contain its own kind again."""
        return not references(schema).isdisjoint(self.open_refs)

    def _first_accepted(self, candidates: Iterable[Any]) -> Any:
        candidate: Any = None
        for candidate in islice(candidates, MOST_CANDIDATES):
            self._count_step()
            if self.run.whole.accepts(candidate, self.schema):
                return candidate
        broken = self.run.whole.problems(candidate, self.schema)
        told = f"of those tried, the last: {broken[0]}" if broken else "nothing to try"
        raise _Unmet(told, self)

    def _count_step(self) -> None:
        self.run.steps += 1
        if self.run.steps > MOST_STEPS:
            raise _GaveUp(f"gave up after {MOST_STEPS} tries", self)


class _Unmet(Impossible):
    """No value was found for a part."""

    def __init__(self, reason: str, node: _Node) -> None:
        super().__init__(reason)
        self.node = node


class _GaveUp(Exception):
    """The whole took too many tries: nothing else is tried."""

    def __init__(self, reason: str, node: _Node) -> None:
        super().__init__(reason)
        self.node = node


def _kinds(reading: Reading, *, null_first: bool) -> Iterable[str]:
    """The ways to make a value of a reading, the best first."""
    if "enum" in reading:
        return ["enum"]
    spoken_of = [SPEAKS_OF[rule] for rule in reading if rule in SPEAKS_OF]
    types: list[str] = reading.get("type", [*spoken_of, *TYPES])
    first = "null" if null_first else ""
    return dict.fromkeys(["given", *sorted(types, key=lambda name: name != first)])


def _chosen(reading: Reading, node: Parts) -> Iterable[Any]:
    choices = reading["enum"]
    return node.rng.sample(choices, len(choices))


def _given(reading: Reading, _node: Parts) -> Iterable[Any]:
    yield from reading.get("examples", ())
    yield from (reading[key] for key in ("default", "example") if key in reading)


Source = Callable[[Reading, Parts], Iterable[Any]]

TYPES: Mapping[str, Source] = {
    "string": lambda reading, node: texts(reading, node.rng),
    "integer": lambda reading, node: integers(reading, node.rng),
    "boolean": lambda _, node: node.rng.sample([True, False], 2),
    "object": objects,
    "array": arrays,
    "null": lambda _, __: [None],
    "number": lambda reading, node: numbers(reading, node.rng),
}
SOURCES: Mapping[str, Source] = {"enum": _chosen, "given": _given, **TYPES}

# The type that a rule speaks of, for a schema that names none.
SPEAKS_OF = {
    rule: kind
    for kind, rules in {
        "object": "properties required minProperties additionalProperties "
        "patternProperties dependentRequired propertyNames",
        "array": "items prefixItems contains minItems maxItems uniqueItems",
        "string": "minLength maxLength pattern format",
        "number": "multipleOf minimum maximum exclusiveMinimum exclusiveMaximum",
    }.items()
    for rule in rules.split()
}
