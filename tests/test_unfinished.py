"""harness.unfinished: a dict in all respects, whose arguments are read late."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.blocks import ToolCall
from harness.unfinished import UnfinishedCall

PLAIN = {"name": "f", "args": {"a": [1]}, "id": "c", "type": "tool_call"}


class Reads:
    """Count how often arguments are read."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        return {"a": [1]}


def call() -> UnfinishedCall:
    """Give a call that nobody has read."""
    return UnfinishedCall("f", "c", Reads())


def _keywords(**fields: Any) -> Any:
    return fields


def _loaded(value: Any) -> Any:
    return TypeAdapter(dict[str, Any]).validate_python(value)


@pytest.mark.parametrize(
    "read",
    [
        dict,
        copy.copy,
        copy.deepcopy,
        lambda c: {**c},
        lambda c: c | {},
        lambda c: {} | c,
        lambda c: dict(c.items()),
        lambda c: dict(zip(c, c.values(), strict=True)),
        lambda c: c.copy(),
        lambda c: json.loads(json.dumps(c)),
        lambda c: json.loads(json.dumps(c, indent=1)),
        lambda c: pickle.loads(pickle.dumps(c)),
        lambda c: {key: c[key] for key in c},
        lambda c: {key: c.get(key) for key in reversed(c)},
        lambda c: {key: c.setdefault(key) for key in [*c]},
        lambda c: {key: c.pop(key) for key in [*c]},
        lambda c: dict(c.popitem() for _ in range(4)),
        lambda c: eval(repr(c)),  # noqa: S307 - the repr of plain values
        lambda c: _keywords(**c),
        {}.__ior__,
        _loaded,
        TypeAdapter(ToolCall).validate_python,
        lambda c: (
            TypeAdapter(ToolCall).validate_python(c, strict=True)
            if isinstance(c["args"], dict)
            else None
        ),
    ],
)
def test_every_way_to_read_it_gives_plain_arguments(
    read: Callable[[UnfinishedCall], Any],
) -> None:
    """No way to look at the call shows that its arguments were not read yet."""
    result = read(call())

    assert result == PLAIN
    assert type(result["args"]) is dict


def test_it_is_a_dict() -> None:
    """Code that tells dicts by their type takes it for one."""
    match call():
        case {"args": dict() as args, **rest}:
            assert args == {"a": [1]}
            assert rest == {"name": "f", "id": "c", "type": "tool_call"}
    assert isinstance(call(), dict)
    assert len(call()) == 4
    assert "args" in call()


def test_equality_goes_both_ways() -> None:
    """It equals the plain dict and its like, and nothing else."""
    assert call() == PLAIN
    assert call() == PLAIN
    assert [call()] == [PLAIN]
    assert call() == call()
    assert call() != {**PLAIN, "args": {}}
    assert call() != {**PLAIN, "args": {}}


def test_update_in_place_is_kept() -> None:
    """It is its reader's own: what they put in stays in."""
    mine = call()

    mine["args"] = {"b": 2}
    mine |= {"id": "d"}

    assert mine == {**PLAIN, "args": {"b": 2}, "id": "d"}


def test_arguments_are_read_once_and_when_needed() -> None:
    """Name and id cost nothing; the arguments are read at the first look."""
    reads = Reads()
    one = UnfinishedCall("f", None, reads)

    assert "name" in one
    assert reads.count == 0
    assert one["args"] is one["args"]
    assert dict(one) == {**PLAIN, "id": None}
    assert reads.count == 1


def test_without_arguments_it_still_reads() -> None:
    """Who removed the arguments has a call without them."""
    one = call()

    del one["args"]

    assert dict(one) == {"name": "f", "id": "c", "type": "tool_call"}


def test_many_arguments_are_read_once_by_c_code() -> None:
    """A library that iterates over the table reads the arguments once, too."""
    reads = Reads()
    unread = dict.__getitem__(UnfinishedCall("f", "c", reads), "args")

    assert dict(unread) == {"a": [1]}
    assert len(unread) == 1
    assert reads.count == 1


def test_pydantic_writes_what_it_is():
    """Its serialiser takes the values straight out of the table, and reads them."""
    call = UnfinishedCall("f", "c", lambda: {"a": [1]})

    written = TypeAdapter(list[dict[str, Any]]).dump_json([call])

    assert json.loads(written)[0]["args"] == {"a": [1]}
