"""harness.blocks: every provider's spelling of a block, made standard."""

from typing import Any

import pytest

from harness.blocks import BLOCK_TYPES, standard

DATA = "data:image/png;base64,aGk="


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("hi", {"type": "text", "text": "hi"}),
        (
            {"type": "image_url", "image_url": "https://a.b/c"},
            {"type": "image", "url": "https://a.b/c"},
        ),
        (
            {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}},
            {
                "type": "image",
                "base64": "aGk=",
                "mime_type": "image/png",
                "extras": {"detail": "low"},
            },
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:text/plain,a"}},
            {"type": "image", "url": "data:text/plain,a"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
        ),
        (
            {"type": "file", "file": {"file_id": "f1"}},
            {"type": "file", "file_id": "f1"},
        ),
        (
            {"type": "file", "file": {"file_data": DATA, "filename": "a.png"}},
            {
                "type": "file",
                "base64": "aGk=",
                "mime_type": "image/png",
                "extras": {"filename": "a.png"},
            },
        ),
        (
            {"type": "file", "file": {"file_data": DATA}},
            {"type": "file", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "data": "aGk=", "media_type": "image/png"},
            },
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://a.b"}},
            {"type": "image", "url": "https://a.b"},
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f1"}},
            {"type": "file", "file_id": "f1"},
        ),
        (
            {"type": "document", "source": {"type": "text", "data": "hi"}},
            {"type": "text-plain", "text": "hi", "mime_type": "text/plain"},
        ),
        (
            {"type": "thinking", "thinking": "hm", "signature": "s", "index": 0},
            {
                "type": "reasoning",
                "reasoning": "hm",
                "extras": {"signature": "s"},
                "index": 0,
            },
        ),
        (
            {"type": "thinking", "thinking": "hm"},
            {"type": "reasoning", "reasoning": "hm"},
        ),
        (
            {"type": "tool_use", "name": "f", "input": {"a": 1}, "id": "c"},
            {"type": "tool_call", "name": "f", "args": {"a": 1}, "id": "c"},
        ),
    ],
)
def test_known_spellings(given: Any, expected: dict[str, Any]) -> None:
    """What a provider's API calls it becomes what we call it."""
    assert standard(given) == expected


@pytest.mark.parametrize("kind", sorted(BLOCK_TYPES))
def test_standard_blocks_stay(kind: str) -> None:
    """A standard block is copied as it is, and shares nothing."""
    block = {"type": kind, "x": [1]}

    read = standard(block)
    read["x"].append(2)

    assert block == {"type": kind, "x": [1]}
    assert read == {"type": kind, "x": [1, 2]}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "sparkle", "x": 1},
        {"type": ["text"]},
        {},
        {"type": "image_url"},
        {"type": "input_audio", "input_audio": {"data": 1}},
        {"type": "image", "source": {"type": "ftp"}},
        {"type": "document"},
        {"type": "thinking", "thinking": None},
        {"type": "tool_use", "name": "f", "input": "{}", "id": "c"},
    ],
)
def test_what_is_not_known_is_kept_whole(block: dict[str, Any]) -> None:
    """An unknown or broken block is wrapped, never lost, never an error."""
    assert standard(block) == {"type": "non_standard", "value": block}


def test_a_file_that_is_standard_already() -> None:
    """A block type that two vocabularies share is told by its fields."""
    block = {"type": "file", "url": "https://a.b/c.pdf"}

    assert standard(block) == block
