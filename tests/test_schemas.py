"""JSON schemas: what a value breaks, and which schemas cannot be used."""

import copy

import pytest

from harness.errors import SchemaError
from harness.schemas import check_schema, compiled, problems

WEATHER = {
    "type": "object",
    "properties": {"location": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["location"],
    "additionalProperties": False,
}
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def test_a_valid_value_has_no_problems():
    """What keeps every rule gives no line."""
    assert problems({"location": "Rome", "days": 3}, WEATHER) == []


LINES = [
    (
        {"location": 3},
        WEATHER,
        ["location: 3 is not of type 'string' (at properties.location.type)"],
    ),
    (
        {"loction": "Rome"},
        WEATHER,
        [
            (
                "'location' is a required property; is 'loction' meant for it? "
                "(at required)"
            ),
            (
                "'loction' is not a property here. Did you mean 'location'? "
                "Known: 'days', 'location' (at additionalProperties)"
            ),
        ],
    ),
    (
        {},
        WEATHER,
        ["'location' is a required property (at required)"],
    ),
    (
        {"a": [{"b": 1}]},
        {"properties": {"a": {"items": {"properties": {"b": {"minimum": 2}}}}}},
        [
            (
                "a[0].b: 1 is less than the minimum of 2 "
                "(at properties.a.items.properties.b.minimum)"
            )
        ],
    ),
    ("ab", {"minLength": 5}, ["'ab' is too short (minLength: 5) (at minLength)"]),
    (
        3,
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        [
            (
                "3 is not valid under any of the given schemas: 3 is not of type "
                "'string'; 3 is not of type 'null' (at anyOf)"
            )
        ],
    ),
    (
        "2026-02-30",
        {"format": "date"},
        ["'2026-02-30' is not a 'date', such as '2026-01-17' (at format)"],
    ),
    (0.35, {"multipleOf": 0.1}, ["0.35 is not a multiple of 0.1 (at multipleOf)"]),
    ("x", False, ["False schema does not allow 'x' (at false)"]),
    ("b", {"pattern": "^a"}, ["'b' does not match '^a' (at pattern)"]),
    (
        {"x": 1, "y-1": 2},
        {"patternProperties": {"^y-": {}}, "additionalProperties": False},
        ["'x' is not a property here. There is none (at additionalProperties)"],
    ),
]


@pytest.mark.parametrize("value, schema, lines", LINES)
def test_a_line_for_each_broken_rule(value, schema, lines):
    """A line says where in the value, what is there, and which rule."""
    assert problems(value, schema) == lines


def test_long_values_are_cut():
    """A page of text does not fill the report."""
    (line,) = problems("x" * 5000, {"type": "integer"})
    (other,) = problems(["y" * 5000], {"enum": ["z" * 5000]})

    assert len(line) < 200
    assert len(other) < 700


@pytest.mark.parametrize("value", [0.3, 7, 1e300, 0.0])
def test_multiples_are_exact(value):
    """Numbers are multiples as they are written, not as they are stored."""
    assert problems(value, {"multipleOf": 0.1}) == []


def test_what_is_not_a_finite_number_is_no_multiple():
    """NaN is reported, not a crash."""
    assert problems(float("nan"), {"multipleOf": 0.1}) != []


def test_values_that_are_not_json_are_reported():
    """A key that is no text is a problem of the value."""
    (line,) = problems({1: 2}, {"patternProperties": {"a": True}})

    assert line.startswith("{1: 2} is not made of JSON values")


def test_patterns_know_unicode_classes():
    r"""A pattern may say \p{L}, as JavaScript does."""
    assert problems("é", {"pattern": r"^\p{L}$"}) == []


def test_a_slow_pattern_is_stopped():
    """A pattern that would run for years is an error of the schema."""
    with pytest.raises(SchemaError, match=r"takes more than 1 s .* without repeats"):
        problems("a" * 60, {"pattern": "^(a|a)+b$"})


def test_the_draft_is_honoured():
    """`$schema` chooses the rules."""
    tuples = {"$schema": DRAFT_7, "items": [{"type": "string"}]}

    assert problems([1], tuples) == [
        "[0]: 1 is not of type 'string' (at items[0].type)"
    ]
    with pytest.raises(SchemaError, match="at items"):
        problems([1], {"items": [{"type": "string"}]})


def test_references_are_followed():
    """Local, nested and anchored references, and those to the drafts, resolve."""
    schema = {
        "$ref": "#/components/a",
        "components": {"a": {"$ref": "#word"}, "b": {}},
        "$defs": {"c": {"$anchor": "word", "type": "string"}},
    }

    assert problems(1, schema) == ["1 is not of type 'string' (at type)"]
    assert problems({"type": 1}, {"$ref": DRAFT_7})


UNUSABLE = [
    ({"type": "strin"}, r"not a JSON schema: at type, .* Did you mean 'string'\?"),
    ({"properties": {"a": {"minLength": -1}}}, r"at properties\.a\.minLength"),
    ({"properties": {"a": {"pattern": "("}}}, r"at properties\.a\.pattern, '\('"),
    ({"required": "a"}, r"at required, 'a' is not of type 'array'"),
    ({"patternProperties": {r"\p{L}": {}}}, r"at patternProperties, .* `re`"),
    (
        {"title": "x", "anyOf": [{}, {"items": {"patternProperties": {r"\p{L}": {}}}}]},
        r"at anyOf\[1\]\.items\.patternProperties, ",
    ),
    ({"$ref": "#/$defs/a", "$defs": {"aa": {}}}, r"\$ref '#/\$defs/a' at the root"),
    ({"$ref": "#/$defs/a", "$defs": {"aa": {}}}, r"mean '#/\$defs/aa'\?"),
    ({"items": {"$ref": "https://a.b/c"}}, r"at items points outside .* nothing is"),
    ({"items": [{}], "$ref": "#/x"}, "not a JSON schema: at items"),
    ({"$ref": "#/title", "title": "x"}, "leads nowhere"),
    ({"anyOf": [{"$ref": "http://["}]}, r"at anyOf\[0\] points outside"),
    ({"$ref": "#/x/y", "x": {"y": {"type": 3}}}, "at type, 3"),
    ([], "a JSON schema is a dict or a bool"),
    ({"enum": {1, 2}}, "made of JSON values"),
    ({"minimum": float("inf")}, "made of JSON values"),
]


@pytest.mark.parametrize("schema, message", UNUSABLE)
def test_unusable_schemas_name_the_place(schema, message):
    """A schema that cannot be used is an error that says where and why."""
    with pytest.raises(SchemaError, match=message):
        check_schema(schema)


def test_a_reference_to_itself_is_no_hang():
    """A schema that is only its own reference is an error where it is used."""
    with pytest.raises(SchemaError, match="leads back to itself"):
        problems("x", {"$ref": "#"})


def test_nested_without_end_is_no_crash():
    """A cyclic dict is an error of the schema."""
    schema = {}
    schema["items"] = schema

    with pytest.raises(SchemaError, match="made of JSON values"):
        check_schema(schema)


def test_equal_schemas_share_their_compiled_form():
    """A schema is compiled once, and later changes of the dict are seen."""
    schema = copy.deepcopy(WEATHER)
    before = compiled(schema)

    assert compiled(copy.deepcopy(WEATHER)) is before
    schema["properties"]["location"]["type"] = "integer"
    assert problems({"location": 3}, schema) == []
