"""The forms in which people say what structure an answer shall have."""

from dataclasses import dataclass

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from harness.errors import SchemaError
from harness.models.formats import read_format
from harness.requests import ResponseFormat

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


class Model(BaseModel):
    """A thing."""

    a: int


class Dict(TypedDict):
    """A thing."""

    a: int


@dataclass
class Data:
    """A thing."""

    a: int


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (ResponseFormat("text"), ResponseFormat("text")),
        ({"type": "text"}, ResponseFormat("text")),
        ({"type": "json_object"}, ResponseFormat("json_object")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
            },
            ResponseFormat("json_schema", SCHEMA, "n", strict=True),
        ),
        (
            {"type": "json_schema", "name": "n", "schema": SCHEMA},
            ResponseFormat("json_schema", SCHEMA, "n"),
        ),
        (
            {"title": "n", **SCHEMA},
            ResponseFormat("json_schema", SCHEMA, "n"),
        ),
    ],
    ids=str,
)
def test_dicts_say_a_format(value, form):
    """The dicts of the providers, and a schema with a title."""
    assert read_format(value) == form


@pytest.mark.parametrize("cls", [Model, Dict, Data])
def test_classes_say_a_format(cls):
    """A class is asked for by its schema, under its name."""
    form = read_format(cls)

    assert (form.kind, form.name) == ("json_schema", cls.__name__)
    assert form.schema is not None
    assert list(form.schema["properties"]) == ["a"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3 says no response format. Give a pydantic class, a TypedDict,"),
        ("json", "'json' says no response format."),
        ({"type": "web_search"}, "{'type': 'web_search'} says no response format."),
        (int, "<class 'int'> is not a tool."),
        (
            {"type": "json_schema", "schema": SCHEMA, "name": 3},
            "The response format's name is 3, not a str.",
        ),
        (
            {"type": "json_schema", "schema": SCHEMA, "strict": "yes"},
            "The response format's 'strict' is 'yes', not a bool.",
        ),
        ({"type": "json_schema", "schema": {"type": "objct"}}, ""),
    ],
    ids=str,
)
def test_what_says_no_format(value, text):
    """Anything else is an error that shows the value and the forms taken."""
    with pytest.raises(SchemaError) as caught:
        read_format(value)

    assert str(caught.value).startswith(text)
