"""JSON schemas. In: a schema and a value. Out: one line for each rule it breaks.

The edge to `jsonschema`: the draft that `$schema` names (2020-12 without one), formats
asserted, patterns bounded in time, numbers exact, and nothing is ever fetched.
"""

import difflib
import functools
import json
import math
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

from harness.errors import SchemaError, nearest, shown
from harness.formats import FORMAT_EXAMPLES, FORMATS
from harness.patterns import finds

if TYPE_CHECKING:
    from jsonschema import FormatChecker, ValidationError
    from jsonschema.validators import _Validator

__all__ = ["Compiled", "Schema", "bounded", "check_schema", "compiled", "problems"]

Schema = Mapping[str, Any] | bool

PATTERN_SECONDS = 1.0
CACHED_SCHEMAS = 256


def problems(value: object, schema: Schema) -> list[str]:
    """Give one readable line for each rule of *schema* that *value* breaks.

    A line says where in the value, what is there, and where the rule stands. Formats
    count; RFC 3339 asks for an offset in a "date-time" or "time". Raises SchemaError
    if the schema itself cannot be used.

    >>> problems({"age": "4"}, {"properties": {"age": {"type": "integer"}}})
    ["age: '4' is not of type 'integer' (at properties.age.type)"]
    """
    return compiled(schema).problems(value)


def check_schema(schema: Schema) -> None:
    """Raise SchemaError, naming the place, unless *schema* can be used.

    >>> check_schema({"type": "strin"})
    Traceback (most recent call last):
    ...
    harness.errors.SchemaError: not a JSON schema: at type, 'strin' is not one of ...
    """
    compiled(schema)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema that was found usable, with what each `$ref` in it stands for."""

    schema: Schema
    targets: Mapping[str, Schema]
    _validator: "_Validator"

    def problems(self, value: Any, part: Schema | None = None) -> list[str]:
        """Give a line for each broken rule of the schema, or of a *part* of it."""
        with bounded():
            try:
                return [_line(error) for error in self._of(part).iter_errors(value)]
            except TypeError as error:
                return [f"{shown(value)} is not made of JSON values: {error}"]

    def accepts(self, value: Any, part: Schema) -> bool:
        """Tell whether a JSON *value* keeps every rule of a *part* of the schema."""
        with bounded():
            return self._of(part).is_valid(value)

    def _of(self, part: Schema | None) -> "_Validator":
        return self._validator if part is None else self._validator.evolve(schema=part)


def compiled(schema: Schema) -> Compiled:
    """Give the checked, reusable form of *schema*; equal schemas share one.

    Raises SchemaError as `check_schema` does.

    >>> compiled({"minimum": 3}).accepts(4, {"maximum": 5})
    True
    """
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(
            f"a JSON schema is made of JSON values, this is not: {shown(schema)} "
            f"({error}). Use dicts, lists, strings, finite numbers, bools and None."
        ) from None
    with bounded():
        return _compiled(text)


@contextmanager
def bounded() -> Generator[None]:
    """Turn Python's RecursionError, inside of the block, into a SchemaError."""
    try:
        yield
    except RecursionError:
        raise SchemaError(
            "the schema or the value is nested too deeply, or a $ref leads back to "
            "itself with nothing in between. Look for a schema that is only its own "
            '"$ref".'
        ) from None


@functools.lru_cache(maxsize=CACHED_SCHEMAS)
def _compiled(text: str) -> Compiled:
    """Compile from text: what the caller does to the dict later has no effect."""
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    schema: Any = json.loads(text)
    if not isinstance(schema, dict | bool):
        raise SchemaError(
            f"a JSON schema is a dict or a bool, not {shown(schema)}. "
            'For example: {"type": "object", "properties": {}}.'
        )
    dialect = schema.pop("$schema", "") if isinstance(schema, dict) else ""
    draft: Any = validators.validator_for(
        {"$schema": str(dialect)}, default=Draft202012Validator
    )
    _check_rules(schema, draft)
    targets = _targets(schema, draft)
    extend: Any = validators.extend  # its stub leaves out the types
    ours = extend(draft, {"pattern": _pattern, "multipleOf": _multiple_of})
    formats = _format_checker()
    return Compiled(
        schema, targets, ours(schema, format_checker=formats, registry=Registry())
    )


def _check_rules(schema: Schema, draft: "type[_Validator]") -> None:
    from jsonschema.exceptions import best_match

    rules = draft(draft.META_SCHEMA, format_checker=_format_checker())
    error: ValidationError | None = best_match(rules.iter_errors(schema))
    if error is None:
        return
    hint = ""
    for one in (error, *(error.context or ())):
        choices: Any = one.validator_value
        if one.validator == "enum" and isinstance(one.instance, str):
            error, hint = one, " " + nearest(one.instance, choices)
    raise SchemaError(
        f"not a JSON schema: at {_path(error.absolute_path) or 'its root'}, "
        f"{_what(error)}.{hint} Correct it there."
    )


def _targets(schema: Schema, draft: "type[_Validator]") -> dict[str, Schema]:
    """Resolve every reference, also those within what they lead to."""
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import specification_with

    drafts: Any = import_module("jsonschema_specifications")  # it has no types
    drawn = specification_with(draft.META_SCHEMA["$schema"])
    root = drawn.create_resource(schema)
    pending = [(root, drafts.REGISTRY.resolver_with_root(root))]
    seen: set[int] = set()
    found: dict[str, Schema] = {}
    while pending:
        resource, resolver = pending.pop()
        part: Any = resource.contents
        if id(part) in seen or not isinstance(part, dict):
            continue
        seen.add(id(part))
        _check_property_patterns(part, schema)
        pending += [(r, resolver.in_subresource(r)) for r in resource.subresources()]
        for ref in (part[key] for key in ("$ref", "$dynamicRef") if key in part):
            try:
                target = resolver.lookup(ref)
            except (Unresolvable, ValueError):
                raise _leads_nowhere(ref, part, schema) from None
            if not isinstance(target.contents, dict | bool):
                raise _leads_nowhere(ref, part, schema)
            if id(target.contents) not in seen:
                _check_rules(target.contents, draft)
            found.setdefault(ref, target.contents)
            pending.append((drawn.create_resource(target.contents), target.resolver))
    return found


def _leads_nowhere(ref: str, part: object, schema: Schema) -> SchemaError:
    place = _path(_way_to(part, schema) or ()) or "the root"
    if not ref.startswith("#"):
        return SchemaError(
            f"$ref {ref!r} at {place} points outside of the schema, and nothing is "
            'fetched. Put what it names under "$defs" and refer to "#/$defs/...".'
        )
    whole: Any = schema
    names = [
        f"#/{group}/{name}"
        for group in ("$defs", "definitions")
        for name in whole.get(group, ())
    ]
    return SchemaError(f"$ref {ref!r} at {place} leads nowhere. {nearest(ref, names)}")


def _way_to(part: object, whole: object) -> list[str | int] | None:
    """Give the keys that lead to *part*, the very object, or None."""
    if whole is part:
        return []
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(whole, dict):
        inner = whole.items()
    elif isinstance(whole, list):
        inner = enumerate(whole)
    for key, value in inner:
        if (way := _way_to(part, value)) is not None:
            return [key, *way]
    return None


def _check_property_patterns(part: Mapping[str, Any], schema: Schema) -> None:
    """`jsonschema` searches these with `re`, which knows less than our patterns."""
    for pattern in part.get("patternProperties", ()):
        try:
            with warnings.catch_warnings(action="ignore"):
                re.compile(pattern)
        except (re.error, OverflowError) as error:
            way = [*(_way_to(part, schema) or ()), "patternProperties"]
            raise SchemaError(
                f"at {_path(way)}, {shown(pattern)} is not a pattern that Python's "
                f"`re` reads ({error}). Write it in the syntax of `re`."
            ) from None


@functools.cache
def _format_checker() -> "FormatChecker":
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, check in FORMATS.items():
        checker.checks(name)(_of_texts(check))
    return checker


def _of_texts(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)


def _pattern(
    _validator: object, pattern: str, value: object, _schema: object
) -> "Iterator[ValidationError]":
    from jsonschema import ValidationError

    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _matches(pattern: str, text: str) -> bool:
    try:
        return finds(pattern, text, seconds=PATTERN_SECONDS)
    except TimeoutError:
        raise SchemaError(
            f"the pattern {shown(pattern)} takes more than {PATTERN_SECONDS:g} s on "
            f"{shown(text)}. Write it without repeats inside of repeats."
        ) from None


def _multiple_of(
    validator: "_Validator", step: float, value: Any, _schema: object
) -> "Iterator[ValidationError]":
    from jsonschema import ValidationError

    if validator.is_type(value, "number") and not (
        math.isfinite(value) and _exact(value) % _exact(step) == 0
    ):
        yield ValidationError(f"{value!r} is not a multiple of {step!r}")


def _exact(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number))


def _line(error: "ValidationError") -> str:
    where = _path(error.absolute_path)
    rule = _path(error.absolute_schema_path) or "false"
    return f"{where}{': ' if where else ''}{_what(error)} (at {rule})"


def _path(keys: Iterable[str | int]) -> str:
    steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(steps).removeprefix(".")


def _what(error: "ValidationError") -> str:
    """What is wrong, with the value cut and the nearest right thing added."""
    rule: Any = error.validator_value
    short = shown(error.instance, limit=80)
    text = error.message.replace(repr(error.instance), short)
    match error.validator:
        case "required":
            text += _meant(error)
        case "additionalProperties" if rule is False:
            known = _properties(error)
            return ", ".join(
                f"{key!r} is not a property here. {nearest(str(key), known)[:-1]}"
                for key in _unknown(error)
            )
        case "anyOf" | "oneOf" if error.context:
            text += ": " + "; ".join(dict.fromkeys(_what(e) for e in error.context[:4]))
        case "format" if rule in FORMAT_EXAMPLES:
            text += f", such as {FORMAT_EXAMPLES[rule]!r}"
        case _ if isinstance(rule, int | float) and repr(rule) not in text:
            text += f" ({error.validator}: {rule!r})"
        case _:
            pass
    return text if len(text) <= 600 else f"{text[:600]}..."


def _meant(error: "ValidationError") -> str:
    """A property of the value that may have been meant for the missing one."""
    required: Any = error.validator_value
    missing = next(name for name in required if error.message.startswith(repr(name)))
    close = difflib.get_close_matches(missing, _unknown(error), n=1)
    return f"; is {close[0]!r} meant for it?" if close else ""


def _unknown(error: "ValidationError") -> list[str]:
    rules: Any = error.schema
    value: Any = error.instance
    patterns = list(rules.get("patternProperties", ()))
    return [
        str(key)
        for key in value
        if key not in _properties(error)
        and not any(re.search(pattern, str(key)) for pattern in patterns)
    ]


def _properties(error: "ValidationError") -> Mapping[str, Schema]:
    rules: Any = error.schema
    known: Mapping[str, Schema] = rules.get("properties", {})
    return known
