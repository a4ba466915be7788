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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {
                "type": "image",
                "source": {"type": "url", "url": "u"},
                "cache_control": {"type": "ephemeral"},
                "index": 1,
                "id": "b",
            },
            {
                "type": "image",
                "url": "u",
                "index": 1,
                "id": "b",
                "extras": {"cache_control": {"type": "ephemeral"}},
            },
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "data": "t", "media_type": "text/plain"},
                "title": "T",
                "context": "C",
            },
            {
                "type": "text-plain",
                "text": "t",
                "mime_type": "text/plain",
                "extras": {"title": "T", "context": "C"},
            },
        ),
        (
            {"type": "image_url", "image_url": {"url": "u", "detail": "low"}, "x": 1},
            {"type": "image", "url": "u", "extras": {"detail": "low", "x": 1}},
        ),
        (
            {
                "type": "tool_use",
                "id": "c",
                "name": "f",
                "input": {},
                "extras": {"a": 1},
                "cache_control": {},
            },
            {
                "type": "tool_call",
                "name": "f",
                "args": {},
                "id": "c",
                "extras": {"a": 1, "cache_control": {}},
            },
        ),
        (
            {"type": "thinking", "thinking": "t", "extras": "odd"},
            {"type": "reasoning", "reasoning": "t", "extras": {"extras": "odd"}},
        ),
    ],
)
def test_what_has_no_field_is_in_the_extras(given, expected):
    """Nothing of a foreign block is dropped; its id and index stay in their place."""
    assert standard(given) == expected
    assert [*standard(given).get("extras", {})] == [*expected.get("extras", {})]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"type": "input_image", "image_url": DATA},
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (
            {"type": "input_image", "file_id": "f"},
            {"type": "image", "file_id": "f"},
        ),
        ({"type": "input_text", "text": "a"}, {"type": "text", "text": "a"}),
        (
            {"type": "output_text", "text": "a", "annotations": [{"x": 1}]},
            {"type": "text", "text": "a", "annotations": [{"x": 1}]},
        ),
        ({"type": "input_file", "file_id": "f"}, {"type": "file", "file_id": "f"}),
        ({"type": "input_file", "file_url": "u"}, {"type": "file", "url": "u"}),
        (
            {"type": "input_file", "file_data": DATA, "filename": "n"},
            {
                "type": "file",
                "base64": "aGk=",
                "mime_type": "image/png",
                "extras": {"filename": "n"},
            },
        ),
        (
            {
                "type": "audio",
                "source_type": "base64",
                "data": "aGk=",
                "mime_type": "audio/wav",
            },
            {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
        ),
        (
            {"type": "image", "source_type": "url", "url": "u"},
            {"type": "image", "url": "u"},
        ),
        (
            {"type": "file", "source_type": "id", "id": "f"},
            {"type": "file", "file_id": "f"},
        ),
        (
            {"type": "file", "source_type": "text", "text": "a"},
            {"type": "text-plain", "text": "a", "mime_type": "text/plain"},
        ),
        (
            {"type": "video", "source": {"type": "url", "url": "u"}},
            {"type": "video", "url": "u"},
        ),
    ],
)
def test_more_spellings(given, expected):
    """The blocks of OpenAI's Responses, and of LangChain's older form, are read."""
    assert standard(given) == expected


@pytest.mark.parametrize(
    "block",
    [
        {"type": "input_image", "image_url": 3},
        {"type": "input_text", "text": 3},
        {"type": "input_file", "file_id": 3},
        {"type": "image", "source_type": "cloud", "url": "u"},
        {"type": "thinking", "thinking": 3},
    ],
)
def test_a_foreign_block_that_is_not_understood_is_kept_whole(block):
    """It is non_standard, so that nothing of it is lost."""
    assert standard(block) == {"type": "non_standard", "value": block}
