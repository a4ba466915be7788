"""Chats over gRPC, as tests record xAI's SDK: messages as JSON beside their protobuf.

They went over no HTTP that we read, so they become conversations. In a stream each
message is a chunk, and came when the server says that it made it.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.conversations import CONVERSATIONS, conversation
from harness.cassettes.parsing import parse
from harness.cassettes.reading import text_of as file_text
from harness.chunks import AIMessageChunk
from harness.converting.parts import mapping_of, moment, placed, wrong
from harness.converting.xai_requests import request_of
from harness.errors import CassetteWarning, HarnessError
from harness.requests import ChatRequest

__all__ = ["read_xai_grpc"]

_REASONS = {
    "REASON_STOP": "stop",
    "REASON_TOOL_CALLS": "tool_calls",
    "REASON_MAX_LEN": "length",
    "REASON_MAX_CONTEXT": "length",
    "REASON_TIME_LIMIT": "length",
}
_CLIENT = "TOOL_CALL_TYPE_CLIENT_SIDE_TOOL"
#: What values of a wrong shape raise.
_ODD = (
    HarnessError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    StopIteration,
    RecursionError,
)
#: Numbers that an output has for its blocks: reasoning, text, then calls.
_BLOCKS = 100

Json = Mapping[str, Any]


def read_xai_grpc(data: bytes, name: str) -> list[Interaction]:
    """The chats in a file. What else was called is left out, with a CassetteWarning."""
    value, lines = parse(file_text(data, name), name)
    items = value.get("interactions") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise wrong(name, "has no 'interactions', or one that is no list")
    found: list[Interaction] = []
    for item, place in placed(items, name, lines):
        match item:
            case {"request_sample": _, "response_sample": _}:
                found.append(_chat(item, "sample", place))
            case {"request_stream": _, "response_stream": _}:
                found.append(_chat(item, "stream", place))
            case _:
                what = ", ".join(map(str, item)) if isinstance(item, dict) else item
                warnings.warn(
                    f"{place} ({what}) is no chat: it is left out.",
                    CassetteWarning,
                    stacklevel=2,
                )
    return found


def _chat(item: Json, kind: str, place: str) -> Interaction:
    asked = mapping_of(mapping_of(item, f"request_{kind}", place), "json", place)
    response = mapping_of(item, f"response_{kind}", place)
    streamed = kind == "stream"
    answers = _streamed(response, place) if streamed else [_whole(response, place)]
    try:
        request = replace(request_of(asked, place), stream=streamed)
        made = _conversation(request, answers, place)
        CONVERSATIONS.read_request(made.request_body)  # which is strict
    except _ODD as error:
        raise wrong(place, f"is no chat that can be read ({error!r})") from None
    return made


def _conversation(
    request: ChatRequest, answers: Sequence[Json], place: str
) -> Interaction:
    chunks = [_chunk(one) for one in answers]
    reason = _reason(answers)
    metadata = {"model_name": answers[0].get("model"), "finish_reason": reason}
    said = {key: value for key, value in metadata.items() if value}
    chunks[-1] += AIMessageChunk(chunk_position="last", response_metadata=said)
    return conversation(
        request,
        chunks,
        _times(answers),
        ended="complete" if reason else "truncated",
        recorded_at=moment(answers[0].get("created")),
        place=place,
    )


def _streamed(response: Json, place: str) -> Sequence[Json]:
    """The chunks; each stands in an object of its own."""
    listed = response.get("chunks_json")
    if not isinstance(listed, list) or not listed:
        raise wrong(place, "has no chunks in its answer")
    return [mapping_of(one, "chunk", place) for one in listed]


def _whole(response: Json, place: str) -> Json:
    """The one answer, in the form of a chunk."""
    said = mapping_of(response, "json", place)
    listed = said.get("outputs")
    outputs = listed if isinstance(listed, list) else []
    if not all(isinstance(one, dict) for one in outputs):
        raise wrong(place, "has an output that is no mapping")
    said_by = [{**one, "delta": one.get("message") or {}} for one in outputs]
    return {**said, "outputs": said_by}


def _chunk(answer: Json) -> AIMessageChunk:
    blocks: list[dict[str, Any]] = []
    fragments: list[dict[str, Any]] = []
    for output in answer.get("outputs") or ():
        first = int(output.get("index") or 0) * _BLOCKS
        for block in _blocks(output.get("delta") or {}, first):
            kind = fragments if block["type"] == "tool_call_chunk" else blocks
            kind.append(block)
    return AIMessageChunk(
        blocks,
        tool_call_chunks=fragments,
        cumulative_usage=_usage(answer.get("usage") or {}),
        id=answer.get("id"),
    )


def _blocks(delta: Json, first: int) -> Iterator[dict[str, Any]]:
    calls = delta.get("tool_calls") or ()
    if delta.get("role") == "ROLE_TOOL":
        for number, call in enumerate(calls or [{}]):
            yield {
                "type": "server_tool_result",
                "tool_call_id": call.get("id", ""),
                "status": "success",
                "output": delta.get("content", ""),
                "index": first + number,
            }
        return
    if thought := delta.get("reasoning_content"):
        yield {"type": "reasoning", "reasoning": thought, "index": first}
    if text := delta.get("content"):
        yield {"type": "text", "text": text, "index": first + 1}
    for number, call in enumerate(calls, 2):
        said = call["function"]
        head = {"name": said["name"], "id": call.get("id"), "index": first + number}
        arguments = said.get("arguments") or ""
        if call.get("type", _CLIENT) == _CLIENT:
            yield {"type": "tool_call_chunk", "args": arguments, **head}
        else:
            args = json.loads(arguments or "{}")
            yield {"type": "server_tool_call", "args": args, **head}


def _usage(said: Json) -> dict[str, Any] | None:
    if not said:
        return None
    details = {"reasoning": said.get("reasoning_tokens")}
    cached = {"cache_read": said.get("cached_prompt_text_tokens")}
    usage = {
        "input_tokens": said.get("prompt_tokens", 0),
        "output_tokens": said.get("completion_tokens", 0),
        "total_tokens": said.get("total_tokens"),
        "input_token_details": {k: v for k, v in cached.items() if v},
        "output_token_details": {k: v for k, v in details.items() if v},
    }
    return {key: value for key, value in usage.items() if value not in (None, {})}


def _reason(answers: Sequence[Json]) -> str | None:
    """Why the last output ended; those before it ended for a tool of the provider."""
    ended = [
        (int(output.get("index") or 0), str(output["finish_reason"]))
        for answer in answers
        for output in answer.get("outputs") or ()
        if output.get("finish_reason")
    ]
    if not ended:
        return None
    last = max(ended)[1]
    return _REASONS.get(last, last.removeprefix("REASON_").lower())


def _times(answers: Sequence[Json]) -> list[int]:
    """When each came, in milliseconds after the first, as far as that is said."""
    began: datetime | None = None
    times: list[int] = []
    for answer in answers:
        at = times[-1] if times else 0
        try:
            made = datetime.fromisoformat(str(answer.get("created")))
        except ValueError:
            times.append(at)
            continue
        began = began or made
        times.append(max(at, round((made - began).total_seconds() * 1000)))
    return times
