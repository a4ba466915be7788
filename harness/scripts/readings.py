"""The ways to read a schema. In: a schema. Out: plain schemas, each a way to meet it.

A reading has no `$ref`, `allOf`, `anyOf`, `oneOf`, `if` or `const` left: what they ask
for is merged into one level. It may ask for less than the schema does (`not` and the
"exactly one" of `oneOf` are dropped), so a value made from it is still to be checked.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from harness.schemas import Schema

__all__ = ["Reading", "exact", "readings", "references"]

Reading = dict[str, Any]
Part = tuple[list[Schema], frozenset[str]]  # alternatives, the references to them
Ways = Iterator[tuple[Reading, frozenset[str]]]

MIXING = frozenset(
    "$ref $dynamicRef allOf anyOf oneOf if then else not dependentSchemas".split()
)


def readings(
    schema: Schema, targets: Mapping[str, Schema], open_refs: Collection[str] = ()
) -> Ways:
    """Give each reading of *schema*, the likeliest first, with the references it took.

    *targets* is what each reference stands for; alternatives that lead back into the
    *open_refs*, where the value would contain itself, come last.

    >>> [way for way, _ in readings({"anyOf": [{"minimum": 3}, {"const": 0}]}, {})]
    [{'minimum': 3}, {'enum': [0]}]
    """

    def read(schema: Schema, trail: frozenset[str]) -> Ways:
        if isinstance(schema, bool):
            return iter([({}, trail)] if schema else [])
        refs = _refs(schema)
        if trail.intersection(refs):  # a reference to itself, with no value between
            return iter([])
        parts: list[Part] = [([targets[ref]], trail | {ref}) for ref in refs]
        parts += [(alternatives, trail) for alternatives in _alternatives(schema)]
        return combine(_own(schema), trail.union(refs), parts)

    def combine(merged: Reading, taken: frozenset[str], parts: list[Part]) -> Ways:
        if not parts:
            yield merged, taken
            return
        (alternatives, trail), *rest = parts
        for part in sorted(alternatives, key=leads_back):
            for reading, refs in read(part, trail):
                if (both := _merged(merged, reading)) is not None:
                    yield from combine(both, taken | refs, rest)

    def leads_back(part: Schema) -> bool:
        return any(ref in open_refs for ref in references(part))

    return read(schema, frozenset())


def references(schema: Schema) -> frozenset[str]:
    """Give the references that a value of *schema* itself, not its parts, may follow.

    >>> sorted(references({"anyOf": [{"$ref": "#/a"}, {"items": {"$ref": "#/b"}}]}))
    ['#/a']
    """
    if isinstance(schema, bool):
        return frozenset()
    inner = (references(part) for group in _alternatives(schema) for part in group)
    return frozenset(_refs(schema)).union(*inner)


def exact(number: float) -> Fraction:
    """Give the number as it is written.

    >>> exact(0.1)
    Fraction(1, 10)
    """
    return Fraction(repr(number))


def _refs(schema: Mapping[str, Any]) -> list[str]:
    return [schema[key] for key in ("$ref", "$dynamicRef") if key in schema]


def _alternatives(schema: Mapping[str, Any]) -> list[list[Schema]]:
    """Of each list, a value meets (at least) one."""
    groups: list[list[Schema]] = [[part] for part in schema.get("allOf", ())]
    groups += [list(schema[key]) for key in ("anyOf", "oneOf") if key in schema]
    if "if" in schema:
        met: Schema = {"allOf": [schema["if"], schema.get("then", True)]}
        groups.append([met, schema.get("else", True)])
    for name, part in schema.get("dependentSchemas", {}).items():
        groups.append([True, {"required": [name], "allOf": [part]}])
    return groups


def _own(schema: Mapping[str, Any]) -> Reading:
    """The rules of this level, older spellings of them made new."""
    own = {key: rule for key, rule in schema.items() if key not in MIXING}
    if "const" in own:
        own["enum"] = [own.pop("const")]
    if "pattern" in own:
        own["pattern"] = [own["pattern"]]
    if "type" in own and isinstance(own["type"], str):
        own["type"] = [own["type"]]
    if "contains" in own:
        own["contains"] = [(own["contains"], own.get("minContains", 1))]
    if isinstance(own.get("items"), list):
        own["prefixItems"] = own.pop("items")
        own["items"] = own.pop("additionalItems", True)
    for edge in ("Minimum", "Maximum"):
        if own.get(f"exclusive{edge}") is True and edge.lower() in own:
            own[f"exclusive{edge}"] = own.pop(edge.lower())
    return own


def _merged(one: Reading, other: Reading) -> Reading | None:
    """What asks for both; None where no value could meet it."""
    both = one | other
    for key in one.keys() & other.keys():
        both[key] = MERGES.get(key, _first)(one[key], other[key])
    return None if both.get("type") == [] else both


def _first(one: Any, _other: Any) -> Any:
    return one


def _types(one: list[str], other: list[str]) -> list[str]:
    if "integer" in other and "number" in one:
        one = [*one, "integer"]
    if "integer" in one and "number" in other:
        other = [*other, "integer"]
    return [name for name in dict.fromkeys(one) if name in other]


def _common_multiple(one: float, other: float) -> float:
    a, b = exact(one), exact(other)
    common = math.lcm(a.numerator * b.denominator, b.numerator * a.denominator)
    result = Fraction(common, a.denominator * b.denominator)
    return int(result) if result.denominator == 1 else float(result)


def _all_of(one: Schema, other: Schema) -> Schema:
    return False if one is False or other is False else {"allOf": [one, other]}


def _union(one: list[Any], other: list[Any]) -> list[Any]:
    return [*one, *(item for item in other if item not in one)]


def _by_name(join: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
        shared = {key: join(one[key], other[key]) for key in one if key in other}
        return {**one, **other, **shared}

    return joined


def _by_place(one: list[Schema], other: list[Schema]) -> list[Schema]:
    return [_all_of(a, b) for a, b in zip_longest(one, other, fillvalue=True)]


_LARGER = "minimum exclusiveMinimum minLength minItems minProperties".split()
_SMALLER = "maximum exclusiveMaximum maxLength maxItems maxProperties".split()

MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(_LARGER, max),
    **dict.fromkeys(_SMALLER, min),
    **dict.fromkeys(["pattern", "contains", "required", "examples"], _union),
    **dict.fromkeys(["properties", "patternProperties"], _by_name(_all_of)),
    **dict.fromkeys(["items", "additionalProperties", "propertyNames"], _all_of),
    "dependentRequired": _by_name(_union),
    "prefixItems": _by_place,
    "type": _types,
    "multipleOf": _common_multiple,
}
