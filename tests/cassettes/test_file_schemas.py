"""JSON schemas of cassettes: what is whole fits, what is damaged does not."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cassettes.file_schemas import cassette_schema, conversation_schema
from harness.cassettes.layout import _RECORDED_NAMES
from harness.cassettes.message_format import FORMAT
from harness.schemas import problems
from harness.scripts.files import script_schema

ROOT = Path(__file__).parent.parent.parent
CASSETTES = sorted((ROOT / "cassettes").glob("*.yaml"))
KINDS = {
    "script": script_schema,
    "cassette": cassette_schema,
    "conversation": conversation_schema,
}


def faults(value: Any) -> list[str]:
    """Give what is wrong with a file, by the schema of its kind."""
    of_chats = isinstance(value, dict) and "format" in value
    return problems(value, conversation_schema() if of_chats else cassette_schema())


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_our_cassettes_fit(path: Path) -> None:
    """Each cassette of this repository fits the schema of its kind."""
    assert faults(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_of_the_documentation_are_in_step(kind: str) -> None:
    """The files that the pages link to are what the code says."""
    path = ROOT / "docs" / "schemas" / f"{kind}.json"

    assert json.loads(path.read_text(encoding="utf-8")) == KINDS[kind]()


def test_what_we_add_is_all_of_it() -> None:
    """The schema names what the reader of our own layout knows."""
    item = cassette_schema()["properties"]["interactions"]["items"]
    recorded = item["properties"]["response"]["properties"]["recorded"]

    assert {*recorded["properties"]} == {*_RECORDED_NAMES}


def keys(part: Any) -> set[str]:
    """Give the name of each property in a schema."""
    match part:
        case dict():
            inner = set().union(*map(keys, part.values()))
            named = part.get("properties")
            return inner | ({*named} if isinstance(named, dict) else set())
        case list():
            return set().union(*map(keys, part))
        case _:
            return set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_explains_every_key(kind: str) -> None:
    """What may stand in a file is told by the page on the formats."""
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")

    assert keys(KINDS[kind]()) - {*re.findall(r"`([\w-]+)`", page)} == set()


def interaction(change: Callable[[Any], object]) -> Any:
    """Give a whole cassette of HTTP traffic, with something changed in it."""
    request = {"method": "POST", "uri": "https://a.b/", "headers": {}, "body": ""}
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"a": ["b"]},
        "recorded": {"at": "2026", "ended": "truncated", "seal": "0" * 16},
        "body": {"string": "ab", "chunks": [[1, 0], [1, 5]]},
    }
    item = {"request": request, "response": response}
    change(item)
    return {"interactions": [item], "version": 1, "count": 1}


def test_a_whole_interaction_fits() -> None:
    """The one that is damaged below has nothing wrong with it."""
    assert faults(interaction(lambda _: None)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.pop("response"),
        lambda item: item["request"].pop("uri"),
        lambda item: item["request"].update(methd="GET"),
        lambda item: item["request"].update(headers=["a"]),
        lambda item: item["response"].pop("status"),
        lambda item: item["response"]["status"].update(code=20),
        lambda item: item["response"]["status"].update(code="200"),
        lambda item: item["response"]["recorded"].update(ended="broken"),
        lambda item: item["response"]["recorded"].update(seal="xyz"),
        lambda item: item["response"]["recorded"].update(sael="0" * 16),
        lambda item: item["response"]["recorded"].update(form="tabs"),
        lambda item: item["response"]["body"].pop("string"),
        lambda item: item["response"]["body"].update(chunks=[[1]]),
        lambda item: item["response"]["body"].update(chunks=["ab"]),
        lambda item: item["response"]["body"].update(chunks=[-1]),
    ],
)
def test_a_damaged_interaction_does_not(change: Callable[[Any], object]) -> None:
    """What is missing, misspelled or of another kind is told."""
    assert len(faults(interaction(change))) >= 1


def conversation(change: Callable[[Any], object]) -> Any:
    """Give a whole cassette of a conversation, with something changed in it."""
    item: dict[str, Any] = {
        "recorded": "2026-01-02T03:04:05Z",
        "request": {
            "messages": [{"role": "user", "content": "Hi"}],
            "tool_choice": {"mode": "tool", "name": "f"},
        },
        "answer": [
            {"id": "m", "pieces": [[0, "a"], [3, "b"]]},
            {"at": 4, "tool_call_chunks": [], "chunk_position": "last"},
            {"at": 5, "fault": {"kind": "server", "retry_after": 0.5}},
        ],
        "seal": "0" * 16,
    }
    change(item)
    return {"format": FORMAT, "conversations": [item], "count": 1}


def test_a_whole_conversation_fits() -> None:
    """The one that is damaged below has nothing wrong with it."""
    assert faults(conversation(lambda _: None)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.pop("request"),
        lambda item: item.update(answr=[]),
        lambda item: item.update(ended="interrupted"),
        lambda item: item["request"].pop("messages"),
        lambda item: item["request"].update(tool=[]),
        lambda item: item["request"].update(tool_choice="some"),
        lambda item: item["request"].update(tools=[{"description": "x"}]),
        lambda item: item["request"]["messages"][0].update(role="human"),
        lambda item: item["request"]["messages"][0].update(contents="x"),
        lambda item: item["request"]["messages"][0].pop("content"),
        lambda item: item["answer"][0].update(pieces=[["a", 0]]),
        lambda item: item["answer"][0].update(pieces=[[0]]),
        lambda item: item["answer"][1].pop("at"),
        lambda item: item["answer"][1].update(at=-1),
        lambda item: item["answer"][1].update(type="AIMessageChunk"),
        lambda item: item["answer"][2]["fault"].update(kind="x"),
        lambda item: item["answer"][2]["fault"].pop("kind"),
    ],
)
def test_a_damaged_conversation_does_not(change: Callable[[Any], object]) -> None:
    """What is missing, misspelled or of another kind is told."""
    assert len(faults(conversation(change))) >= 1
