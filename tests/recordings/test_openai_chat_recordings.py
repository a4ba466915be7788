"""Real OpenAI Chat recordings of many providers: each is read, and each replays.

What the decoder makes of a body is compared with a simple reading of its events, made
here on purpose without any of our code.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import (
    CassetteSource,
    Recording,
    decoded_body,
    load_cassette,
)
from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.replay import ReplayChatModel
from harness.steps import Fault
from harness.wire import DIALECTS, dialect_of

#: Interactions at a chat's URL whose request is no chat, or is damaged: (file, why).
UNREADABLE = {
    "test_writer_async_chat_tool_calls_legacy.yaml": "no JSON",  # edited by hand
}
#: Answers of status 200 that are errors all the same.
ERRORS_AT_200 = {
    # Azure's content filter refuses the prompt
    "test_prompt_content_filtering_with_events_with_content.yaml",
}


@cache
def manifest(folder: Path) -> list[dict[str, Any]]:
    """Give the manifest's lines on vcrpy's files with OpenAI chats."""
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [
        line
        for line in found
        if line["dialect"].startswith("vcrpy") and "openai-chat" in line["apis"]
    ]


@cache
def recorded(folder: Path) -> list[tuple[str, CassetteSource]]:
    """Give every file that loads, as a source."""
    return [
        (line["file"], CassetteSource(load_cassette(folder / line["file"])))
        for line in manifest(folder)
    ]


def answered(folder: Path) -> Iterator[tuple[str, Recording, bytes]]:
    """Give every recording with an answer that is no HTTP error."""
    for file, source in recorded(folder):
        for recording in source.recordings:
            chat = dialect_of(recording.interaction.url) is DIALECTS["openai-chat"]
            if chat and recording.interaction.status < 400:
                yield file, recording, decoded_body(recording.interaction)


def decoded(body: bytes, size: int) -> list[AIMessageChunk | Fault]:
    """Decode a body in pieces."""
    decoder = DIALECTS["openai-chat"].decoder()
    found: list[AIMessageChunk | Fault] = []
    for start in range(0, len(body), size):
        found += decoder.feed(body[start : start + size])
    return found + decoder.close()


def total(steps: list[AIMessageChunk | Fault]) -> AIMessage:
    """Add up the chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def alone(recording: Recording) -> Iterator[Any]:
    """Play one recording out of its cassette."""
    return CassetteSource([recording.interaction]).play(recording.request)


def payloads(body: bytes) -> list[dict[str, Any]]:
    """Read a body's events, or its one reply, in the simplest way."""
    text = body.decode()
    if text.lstrip().startswith("{"):
        return [json.loads(text)]
    lines = (line.strip() for line in text.split("\n"))
    data = (line[5:].strip() for line in lines if line.startswith("data:"))
    return [json.loads(item) for item in data if item != "[DONE]"]


def said(body: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Give text, and names and arguments of calls, by the simplest reading."""
    text = ""
    calls: dict[Any, list[str]] = {}
    for payload in payloads(body):
        for choice in payload.get("choices") or []:
            if choice.get("index"):
                continue
            delta = choice.get("delta", choice.get("message")) or {}
            text += delta.get("content") or ""
            for n, call in enumerate(delta.get("tool_calls") or []):
                key = call.get("index", call.get("id") or n)
                known = calls.setdefault(key, ["", ""])
                known[0] = call["function"].get("name") or known[0]
                known[1] += call["function"].get("arguments") or ""
    return text, [(name, args) for name, args in calls.values()]


def test_every_file_loads(recordings: Path) -> None:
    """All interactions are there, and those that are chats are found."""
    wrong = [
        (file, source.skipped)
        for (file, source), line in zip(
            recorded(recordings), manifest(recordings), strict=True
        )
        if len(source.recordings) + len(source.skipped) != line["interactions"]
    ]

    assert len(manifest(recordings)) > 40
    assert wrong == []


def test_every_chat_is_read(recordings: Path) -> None:
    """What is skipped at a chat's URL is on the list of known reasons."""
    unread = {
        (Path(file).name, why)
        for file, source in recorded(recordings)
        for interaction, why in source.skipped
        if dialect_of(interaction.url)
    }

    unknown = {
        (name, why)
        for name, why in unread
        if UNREADABLE.get(name, "no reason") not in why
    }
    assert unknown == set()


def test_every_answer_decodes_as_it_reads(recordings: Path) -> None:
    """Text and calls are those of the events; every cut gives the same chunks."""
    count = 0
    refused = set()
    for file, _, body in answered(recordings):
        steps = decoded(body, 1)
        message = total(steps)
        text, calls = said(body)

        assert steps == decoded(body, len(body)), file
        assert message.text == text, file
        assert [(c["name"], c["args"]) for c in message.tool_calls] == [
            (name, json.loads(args or "{}")) for name, args in calls
        ], file
        assert message.invalid_tool_calls == [], file
        if isinstance(steps[-1], Fault):
            refused.add(Path(file).name)
        count += 1

    assert count > 60
    assert refused == ERRORS_AT_200


def test_usage_is_the_last_that_was_reported(recordings: Path) -> None:
    """However often a provider reports usage, the last report counts."""
    for file, _, body in answered(recordings):
        reports = [p["usage"] for p in payloads(body) if p.get("usage")]
        usage = total(decoded(body, len(body))).usage_metadata
        if reports and reports[-1].get("prompt_tokens") is not None:
            assert usage is not None, file
            assert usage["input_tokens"] == reports[-1]["prompt_tokens"], file
            assert usage["output_tokens"] == (
                reports[-1].get("completion_tokens") or 0
            ), file


def test_a_stream_cut_anywhere_is_never_whole(recordings: Path) -> None:
    """A prefix ends in a fault, unless all choices had finished before the cut."""
    for file, _, body in answered(recordings):
        for end in range(1, len(body), max(1, len(body) // 7)):
            steps = decoded(body[:end], end)
            message = total(steps)
            if not isinstance(steps[-1], Fault):
                assert message.finish_reason or b"[DONE]" in body[:end], (file, end)
            assert total(decoded(body, len(body))).text.startswith(message.text), file


def test_every_error_is_a_fault(recordings: Path) -> None:
    """Each recorded error status plays as a fault that has words."""
    faults = [
        step
        for _, source in recorded(recordings)
        for recording in source.recordings
        if recording.interaction.status >= 400
        for step in alone(recording)
    ]

    assert faults
    for fault in faults:
        assert isinstance(fault, Fault)
        assert fault.message
        assert fault.status is not None


def test_every_conversation_replays(recordings: Path) -> None:
    """Asked what was recorded, in order, a cassette gives what was recorded."""
    for file, first in recorded(recordings):
        source = CassetteSource(each.interaction for each in first.recordings)
        for recording in first.recordings:
            steps = list(source.play(recording.request))

            expected = list(alone(recording))
            assert steps == expected, file
        assert source.unused() == []
        assert source.misses == []


@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_comes_through_the_model(recordings: Path, stream: bool) -> None:
    """The recorded messages, asked of the model, give the recorded text and calls."""
    for file, source in recorded(recordings):
        statuses = {recording.interaction.status for recording in source.recordings}
        if statuses - {200} or Path(file).name in ERRORS_AT_200:
            continue
        model = ReplayChatModel(recordings / file, match_on=["messages"])
        for recording in source.recordings:
            expected = total(list(alone(recording)))
            messages = list(recording.request.messages)
            if stream:
                found = sum(model.stream(messages)).to_message()
            else:
                found = model.invoke(messages)

            assert found.text == expected.text, file
            assert found.tool_calls == expected.tool_calls, file
