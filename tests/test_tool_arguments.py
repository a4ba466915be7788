"""Arguments of a tool call, checked; and schemas written as signatures."""

from typing import Any

import pytest

from harness.tool_arguments import check_by_schema, signature_text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, "x: string"),
        ({"const": 3}, "x: 3"),
        ({"enum": ["C", "F"]}, "x: 'C' | 'F'"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x: integer | null"),
        ({"oneOf": [{"$ref": "#/$defs/City"}, {}]}, "x: City | any"),
        ({"type": "array", "items": {"type": "number"}}, "x: array of number"),
        ({"type": ["string", "null"]}, "x: string | null"),
        ({"minimum": 3}, "x: '{\"minimum\": 3}'"),
        (True, "x: any"),
        ({"type": "integer", "default": 1}, "x: integer = 1"),
    ],
)
def test_types_as_text(schema: object, text: str) -> None:
    """Every kind of schema is said in a word or two."""
    required = {"properties": {"x": schema}, "required": ["x"]}

    assert signature_text("f", required) == f"f({text})"


def test_nothing_to_give() -> None:
    """A tool without parameters has an empty signature."""
    assert signature_text("now", {}) == "now()"


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (
            {"a": [{"b": 1}, {}]},
            "a[1]: 'b' is a required property (at properties.a.items.required)",
        ),
        (
            {"a": [{"b": "x"}]},
            (
                "a[0].b: 'x' is not of type 'integer' "
                "(at properties.a.items.properties.b.type)"
            ),
        ),
        ({}, "'a' is a required property (at required)"),
    ],
)
def test_problems_inside(args: dict[str, Any], problem: str) -> None:
    """A problem inside an argument is told by its path."""
    item = {"type": "object", "properties": {"b": {"type": "integer"}}}
    item["required"] = ["b"]
    schema = {"properties": {"a": {"type": "array", "items": item}}, "required": ["a"]}

    assert check_by_schema(schema, args) == (args, [problem])
