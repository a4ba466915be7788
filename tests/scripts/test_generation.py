"""Made-up values: lawful, the same in each run, or a clear error."""

import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import SchemaError
from harness.formats import FORMAT_EXAMPLES
from harness.schemas import check_schema, problems
from harness.scripts.generation import generate

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value", "next", "children"],
}
SUM = {
    "type": "object",
    "properties": {"left": {"$ref": "#/$defs/E"}, "right": {"$ref": "#/$defs/E"}},
    "required": ["left", "right"],
}
EXPRESSION = {
    "$ref": "#/$defs/E",
    "$defs": {
        "E": {"oneOf": [{"$ref": "#/$defs/Sum"}, {"$ref": "#/$defs/Number"}]},
        "Sum": SUM,
        "Number": {"type": "integer"},
    },
}
AB = {"a": {"type": "string"}, "b": {"type": "integer"}}
CLOSED = [
    {"type": "object", "properties": {name: rule}, "additionalProperties": False}
    for name, rule in AB.items()
]
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"

HARD = [
    True,
    {},
    {"type": ["null", "integer"]},
    {"not": {"type": "string"}},
    {"type": "integer", "not": {"minimum": 0}},
    {"type": "string", "not": {"enum": ["amber"]}},
    {"type": "object", "propertyNames": {"pattern": "^x_"}, "minProperties": 2},
    {"default": "x", "type": "integer"},
    # patterns and lengths
    {"type": "string", "pattern": r"^\d{3}-[A-Z]+$"},
    {"pattern": "^[a-z]+$", "minLength": 20, "maxLength": 20},
    {"pattern": "[0-9]{3}", "minLength": 12, "type": "string"},
    {"pattern": "x$", "minLength": 12, "type": "string"},
    {"pattern": "^(a+)+$", "minLength": 40},
    {"pattern": r"^[^a-zA-Z0-9]{3}$"},
    {"pattern": r"^\W\D\S$"},
    {"pattern": "^[ \t]+$"},
    {"pattern": "^a{150}$"},
    {"pattern": r"^(?:[A-Z]{2}|\d{4})(?:,\d{4})*$"},
    {"type": "string", "pattern": "^[ab]$", "not": {"enum": ["a"]}},
    {"pattern": r"^(?<year>\d{4})$"},
    {"pattern": "^(?=.*[A-Z])(?=.*[0-9]).{8,}$"},
    {"pattern": "^(?!foo)[a-z]{3}$"},
    {"pattern": "^[\u4e00-\u9fff]{2}$"},
    {"pattern": r"^\S+@\S+\.\S+$"},
    {"allOf": [{"pattern": "^[a-z]"}, {"pattern": "[0-9]$"}, {"minLength": 4}]},
    {"type": "string", "maxLength": 0},
    {"type": "string", "minLength": 5000, "maxLength": 5001},
    {"format": "date", "pattern": "^2026"},
    {"format": "email", "minLength": 40},
    {"format": "email", "maxLength": 6},
    {"format": "uri", "minLength": 100},
    {"format": "hostname", "maxLength": 4},
    {"type": "string", "format": "color"},
    # numbers
    {"type": "integer", "multipleOf": 7, "minimum": 50, "maximum": 60},
    {"type": "integer", "multipleOf": 2.5, "exclusiveMinimum": 5},
    {"type": "integer", "minimum": 1.2, "maximum": 2.9},
    {"type": "integer", "minimum": 10**400},
    {"type": "integer", "maximum": -5},
    {"type": "number", "minimum": 0.5, "maximum": 0.5},
    {"type": "number", "minimum": 0, "maximum": 0},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
    {"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.35},
    {"type": "number", "minimum": 10**400},
    {"allOf": [{"multipleOf": 4}, {"multipleOf": 6}, {"minimum": 1}]},
    {"allOf": [{"type": "number", "multipleOf": 0.5}, {"multipleOf": 0.3}]},
    {"allOf": [{"type": "integer"}, {"type": ["number", "null"]}]},
    {"allOf": [{"type": "number"}, {"type": "integer"}]},
    {"$schema": DRAFT_4, "type": "integer", "minimum": 3, "exclusiveMinimum": True},
    # lists
    {"type": "array", "minItems": 2, "items": {"type": "boolean"}, "uniqueItems": True},
    {
        "type": "array",
        "minItems": 10,
        "items": {"type": "integer", "minimum": 1, "maximum": 10},
        "uniqueItems": True,
    },
    {"type": "array", "items": {"format": "uuid"}, "minItems": 5, "uniqueItems": True},
    {"contains": {"const": 5}, "items": {"type": "integer"}, "maxContains": 1},
    {"contains": {"const": 1}, "allOf": [{"contains": {"const": 2}}], "type": "array"},
    {"prefixItems": [{"const": 1}, {"type": "null"}], "items": False, "minItems": 2},
    {"allOf": [{"prefixItems": [{"type": "integer"}]}, {"prefixItems": [{}, True]}]},
    {"type": "array", "items": {"enum": []}},
    {"type": "array", "maxItems": 0},
    {"$schema": DRAFT_7, "items": [{"type": "string"}], "additionalItems": False},
    # objects
    {"type": "object", "minProperties": 3},
    {"type": "object", "minProperties": 1, "properties": AB},
    {"minProperties": 2, "patternProperties": {"^x-[a-z]{3}$": {"type": "integer"}}},
    {
        "minProperties": 2,
        "additionalProperties": False,
        "patternProperties": {"^x-[a-z]{3}$": {"type": "integer"}},
    },
    {"propertyNames": {"pattern": "^[A-Z]+$"}, "minProperties": 2},
    {"required": ["x-1"], "patternProperties": {"^x-": {"const": 1}}},
    {"required": ["a"], "dependentRequired": {"a": ["b"]}, "properties": AB},
    {"required": ["a"], "dependentSchemas": {"a": {"required": ["b"]}}},
    {"type": "object", "properties": AB, "oneOf": [{"required": [n]} for n in "ab"]},
    {"oneOf": CLOSED},
    {"type": "object", "minProperties": 1, "properties": {"a": False, "b": True}},
    {
        "allOf": [
            {"properties": {"a": {"minimum": 3}}, "required": ["a"]},
            {"properties": {"a": {"type": "integer", "maximum": 3}}},
        ]
    },
    {
        "properties": {"kind": {"enum": ["a", "b"]}, "n": {"type": "integer"}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["n"]},
        "else": False,
    },
    # references
    {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}},
    EXPRESSION,
    {"type": "object", "properties": {"more": {"$ref": "#"}}, "minProperties": 1},
    {"$ref": "https://json-schema.org/draft/2020-12/schema"},
    {"type": ["object", "null"], "properties": {"n": {"$ref": "#"}}, "required": ["n"]},
    *({"type": "string", "format": name} for name in FORMAT_EXAMPLES),
]


@pytest.mark.parametrize("schema", HARD, ids=lambda schema: str(schema)[:60])
def test_hard_schemas_are_met(schema):
    """The value keeps every rule, for any seed."""
    for seed in range(5):
        assert problems(generate(schema, seed=seed), schema) == []


@pytest.mark.parametrize("value", [0, False, "", None, [], {}, 0.0])
def test_falsy_constants_are_constants(value):
    """A constant that is false, empty or null is still the value."""
    made = [generate({"const": value}), generate({"enum": [value]})]

    assert [repr(one) for one in made] == [repr(value)] * 2


def test_values_are_small():
    """What is not required is left out, a list has one item, recursion ends at once."""
    assert generate({"type": "object", "properties": AB}) == {}
    assert len(generate({"type": "array", "items": {"type": "string"}})) == 1
    assert generate({"$ref": "#/$defs/Node", "$defs": {"Node": NODE}}) == {
        "value": 9,
        "next": None,
        "children": [],
    }


def test_examples_and_defaults_are_preferred():
    """A valid example or default is taken, an invalid one is not."""
    assert generate({"type": "string", "examples": [3, "Rome"]}) == "Rome"
    assert generate({"type": "integer", "default": 0}) == 0
    assert generate({"type": "string", "maxLength": 3, "default": "long"}) != "long"


def test_the_value_is_the_callers_own():
    """Changing a value does not change the next one."""
    schema = {"const": {"a": []}}

    generate(schema)["a"].append(1)

    assert generate(schema) == {"a": []}


def test_one_part_does_not_move_the_others():
    """A new property leaves the values of the old ones as they are."""
    one = {"properties": {"b": {"type": "string"}}, "required": ["b"]}
    two = {"properties": {**AB, "b": {"type": "string"}}, "required": ["a", "b"]}

    assert generate(one)["b"] == generate(two)["b"]


def test_seeds_differ():
    """Another seed gives another value."""
    assert len({generate({"type": "string"}, seed=seed) for seed in range(20)}) > 5


def test_the_value_is_the_same_in_every_process():
    """Neither the run nor its hash seed shows in a value."""
    schemas = [schema for schema in HARD if "minLength" not in str(schema)]
    code = (
        "import json, sys\n"
        "from harness.scripts.generation import generate\n"
        "print(json.dumps([generate(s, seed=7) for s in json.load(sys.stdin)]))"
    )

    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(schemas),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert printed[0] == printed[1]


MANY = 10**9
IMPOSSIBLE = [
    (False, "the schema: no value is allowed"),
    ({"minLength": 5, "maxLength": 3, "type": "string"}, "5 is more than maxLength 3"),
    ({"enum": []}, r"is not one of \[\]"),
    ({"const": 1, "type": "string"}, "1 is not of type 'string'"),
    ({"type": "integer", "minimum": 5, "maximum": 3}, "meets minimum 5, maximum 3"),
    ({"type": "object", "required": ["a"], "additionalProperties": False}, "for a: no"),
    (
        {
            "properties": {
                "a": {"prefixItems": [{"enum": []}], "minItems": 1, "type": "array"}
            },
            "required": ["a"],
        }
        | {"type": "object"},
        r"for a\[0\]: .* not one of",
    ),
    ({"properties": {"n": {"$ref": "#"}}, "required": ["n"], "type": "object"}, "n.n"),
    ({"$ref": "#"}, "no value is allowed"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "no value is allowed"),
    ({"not": {}}, "should not be valid"),
    ({"type": "string", "pattern": "^a$", "minLength": 3}, "does not match"),
    ({"type": "string", "pattern": r"^\p{Lu}+$"}, "for the pattern"),
    ({"type": "string", "pattern": f"a{{{MANY}}}"}, "it is too long"),
    ({"type": "string", "pattern": "(((a{1000}){1000}){1000})"}, "it is too long"),
    ({"type": "string", "minLength": MANY}, "100000 at most"),
    ({"type": "array", "minItems": MANY}, "1000 at most"),
    ({"type": "array", "contains": {}, "minContains": MANY}, "are allowed"),
    (
        {
            "type": "array",
            "items": {"type": "boolean"},
            "uniqueItems": True,
            "minItems": 3,
        },
        r"for \[2\]",
    ),
    ({"type": "array", "items": False, "minItems": 1}, "1 items are needed"),
    ({"type": "object", "maxProperties": 1, "required": ["a", "b"]}, "2 are required"),
    ({"type": "object", "minProperties": 2, "additionalProperties": False}, "only 0"),
    (
        {
            "anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
            "$defs": {
                "a": {
                    "type": "object",
                    "required": ["x"],
                    "properties": {"x": {"$ref": "#"}},
                },
                "b": {"type": "array", "items": {"$ref": "#"}, "minItems": 2},
            },
        },
        "contains itself without end",
    ),
]


@pytest.mark.parametrize("schema, message", IMPOSSIBLE, ids=lambda it: str(it)[:60])
def test_what_cannot_be_met_is_an_error_at_once(schema, message):
    """The error names the part and the rule, and it takes no time."""
    start = time.process_time()

    with pytest.raises(SchemaError, match=message) as caught:
        generate(schema)

    assert "give the arguments by hand" in str(caught.value)
    assert time.process_time() - start < 3


def test_many_tries_come_to_an_end():
    """A value of a million parts is not made."""
    row = {"type": "array", "items": {"type": "null"}, "minItems": 1000}

    with pytest.raises(SchemaError, match="gave up after 10000 tries"):
        generate({"type": "array", "items": row, "minItems": 1000})


def test_deep_nesting_is_no_crash():
    """A schema nested deeper than Python's stack is an error."""
    schema = {"type": "integer"}
    for _ in range(60):
        schema = {"type": "array", "minItems": 1, "items": schema}

    assert problems(generate(schema), schema) == []
    for _ in range(200):
        schema = {"type": "array", "minItems": 1, "items": schema}
    with pytest.raises(SchemaError, match="nested too deeply"):
        generate(schema)


def test_a_deep_stack_is_no_crash():
    """Where the caller left too little of Python's stack, the error says so."""
    schema = {"type": "integer"}
    for _ in range(50):
        schema = {"type": "array", "minItems": 1, "items": schema}
    check_schema(schema)

    def deeper(frames):
        return deeper(frames - 1) if frames else generate(schema)

    def deeper_and_deeper():
        for frames in range(0, 1000, 50):
            deeper(frames)

    with pytest.raises(SchemaError, match="nested too deeply"):
        deeper_and_deeper()


def bounds(low_key, high_key, least=0):
    """Give a strategy of two rules that leave room."""
    return st.tuples(st.integers(least, 6), st.integers(0, 6)).map(
        lambda pair: {low_key: pair[0], high_key: pair[0] + pair[1]}
    )


LEAVES = st.one_of(
    st.sampled_from([True, {}, {"type": "null"}, {"type": "boolean"}]),
    st.sampled_from(sorted(FORMAT_EXAMPLES)).map(
        lambda name: {"type": "string", "format": name}
    ),
    st.sampled_from([r"^\d{3}-[A-Z]+$", "[abc]x", r"^\w+@\w+\.com$", "^(a|b)*c$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    ),
    bounds("minLength", "maxLength").map(lambda rules: {"type": "string", **rules}),
    bounds("minimum", "maximum", -6).map(lambda rules: {"type": "integer", **rules}),
    bounds("exclusiveMinimum", "maximum", -6).map(
        lambda rules: {"type": "number", **rules, "maximum": rules["maximum"] + 1}
    ),
    st.sampled_from([1, 3, 0.5, 0.1]).map(
        lambda step: {"type": "number", "multipleOf": step}
    ),
    st.lists(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3), min_size=1
    ).map(lambda values: {"enum": values}),
    st.sampled_from(["tree", "leaf"]).map(lambda name: {"$ref": f"#/$defs/{name}"}),
)


def nested(schemas):
    """Give a strategy of schemas that have *schemas* within."""
    objects = st.dictionaries(st.sampled_from("abcde"), schemas, max_size=3).flatmap(
        lambda properties: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(properties),
                "required": st.lists(
                    st.sampled_from([*properties, "z"]), unique=True, max_size=3
                ),
            },
            optional={"minProperties": st.integers(0, 5)},
        )
    )
    arrays = st.builds(
        lambda items, rules: {"type": "array", "items": items, **rules},
        schemas,
        bounds("minItems", "maxItems"),
    )
    prefixed = st.lists(schemas, min_size=1, max_size=3).map(
        lambda items: {"type": "array", "prefixItems": items, "minItems": len(items)}
    )
    either = st.lists(schemas, min_size=1, max_size=3).map(lambda some: {"anyOf": some})
    both = schemas.map(lambda schema: {"allOf": [schema, True], "title": "both"})
    return objects | arrays | prefixed | either | both


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)
DEFS = {
    "leaf": {"type": "integer", "minimum": 3},
    "tree": {
        "type": "object",
        "properties": {
            "kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            "more": {"anyOf": [{"$ref": "#/$defs/tree"}, {"$ref": "#/$defs/leaf"}]},
        },
        "required": ["kids", "more"],
    },
}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS, seed=st.integers(0, 2**32))
def test_every_value_is_lawful_and_repeatable(schema, seed):
    """Whatever the schema, the value is valid, JSON, and the same next time."""
    whole = {"allOf": [schema], "$defs": DEFS}

    value = generate(whole, seed=seed)

    assert problems(value, whole) == []
    assert json.loads(json.dumps(value)) == value
    assert repr(generate(json.loads(json.dumps(whole)), seed=seed)) == repr(value)
