"""Dialects, as the laws see them, and what counts as the same answer or request.

A format has no room for everything: *carries* and *asks* say what it has room for.
What an answer says of these must be heard; a provider's additions (an id made up, a
date) are free. That nothing changes any more on a second trip is demanded of all.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Self

from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError, nearest
from harness.laws.law import Unequal, same
from harness.messages import AIMessage, Message
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.strategies.wire import (
    ANSWER_PARTS,
    check_parts,
    wire_answers,
    wire_chunks,
)
from harness.strategies.wire_requests import REQUEST_PARTS, wire_requests
from harness.values import canonical
from harness.wire import DIALECTS, Dialect

__all__ = [
    "Chunks",
    "DialectSubject",
    "decoded",
    "encoded",
    "heard",
    "kept",
    "same_answer",
    "seen_answer",
    "seen_request",
    "summed",
]

Chunks = list[AIMessageChunk]
Frames = Callable[[bytes], list[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectSubject:
    """A wire format, as the laws see it: *dialect*, called *name* in reports.

    *carries* are the parts of an answer (`harness.strategies.ANSWER_PARTS`), *asks*
    the parts of a request (`REQUEST_PARTS`) that the format has room for. *frames*
    cuts a stream into its events; *pings* are events that mean nothing. *numbered*
    says that events are numbered, or all said twice, so that none is lost unseen.
    *peers* are other dialects that this one must agree with. What is left out leaves
    the laws that need it not covered.

    >>> "order" in DialectSubject.of("openai-chat").carries
    False
    """

    dialect: Dialect
    name: str = "subject"
    carries: Collection[str] = ANSWER_PARTS
    asks: Collection[str] = REQUEST_PARTS
    frames: Frames | None = None
    pings: Sequence[bytes] = ()
    numbered: bool = False
    peers: "Sequence[DialectSubject] | None" = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "carries", check_parts(self.carries, ANSWER_PARTS))
        object.__setattr__(self, "asks", check_parts(self.asks, REQUEST_PARTS))

    @classmethod
    def of(cls, dialect: Dialect | str, **changes: Any) -> Self:
        """The subject of a dialect, or of the one that has this name in `DIALECTS`.

        How its streams are cut into events is taken from their content type, and what
        a dialect of ours has room for is known; *changes* are further arguments.
        Raises InputError for a name that is none.
        """
        if isinstance(dialect, str):
            if dialect not in DIALECTS:
                raise InputError(
                    f"No dialect is {dialect!r}. {nearest(dialect, DIALECTS)}"
                )
            dialect = DIALECTS[dialect]
        kind = dialect.stream_type.partition(";")[0].strip()
        room = _ROOM.get(dialect.name, {})
        known: dict[str, Any] = {"frames": _FRAMES.get(kind), **room}
        return cls(dialect=dialect, **{**known, **changes})

    @property
    def capabilities(self) -> frozenset[str]:
        """What the laws can ask of it, beside what all dialects can do."""
        kind = self.dialect.stream_type
        found = {
            "frames": self.frames is not None,
            "numbered": self.numbered,
            "peers": bool(self.peers),
            "event streams": kind.startswith("text/event-stream"),
        }
        return frozenset({*self.carries, *(name for name, has in found.items() if has)})

    def answers(self) -> st.SearchStrategy[AIMessage]:
        """Answers that the format has room for."""
        return wire_answers(parts=self.carries)

    def streams(self, *, halved: bool = False) -> st.SearchStrategy[Chunks]:
        """The chunks of such answers; *halved* cuts inside characters too."""
        return self.answers().flatmap(lambda m: wire_chunks(m, halved=halved))

    def requests(self) -> st.SearchStrategy[ChatRequest]:
        """Requests that the format has room for."""
        return wire_requests(parts=self.asks)


# -------------------------------------------------------------------------- frames


def _events(data: bytes) -> list[bytes]:
    return [event + b"\n\n" for event in data.split(b"\n\n") if event]


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines(keepends=True) if line.strip()]


def _aws(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    while data:
        size = int.from_bytes(data[:4], "big") or len(data)
        found.append(data[:size])
        data = data[size:]
    return found


#: By content type: how a stream is cut into events.
_FRAMES: dict[str, Frames] = {
    "application/jsonl": _lines,
    "application/vnd.amazon.eventstream": _aws,
    "application/x-ndjson": _lines,
    "text/event-stream": _events,
}


def _room(
    answers: str = "", requests: str = "", pings: Sequence[bytes] = (), **more: Any
) -> dict[str, Any]:
    """The arguments of a subject that lacks these parts."""
    lacks, asks = check_parts(answers.split(), ANSWER_PARTS), requests.split()
    return {
        "carries": ANSWER_PARTS - lacks,
        "asks": REQUEST_PARTS - check_parts(asks, REQUEST_PARTS),
        "pings": pings,
        **more,
    }


#: What our own dialects have no room for.
_ROOM: dict[str, dict[str, Any]] = {
    "anthropic-messages": _room(
        "refusal",
        "reasoning seed presence_penalty frequency_penalty json_object",
        (b'event: ping\ndata: {"type": "ping"}\n\n',),
    ),
    "bedrock-converse": _room(
        "refusal id model reasoning_tokens",
        "image_urls no_calls parallel_tool_calls json_object top_k seed "
        "presence_penalty frequency_penalty",
    ),
    "gemini": _room("refusal", "parallel_tool_calls"),
    "ollama-chat": _room(
        "order refusal content_filter id call_ids cached_tokens reasoning_tokens",
        "image_urls call_ids tool_errors tool_choice named_choice no_calls "
        "parallel_tool_calls",
    ),
    "openai-chat": _room("order", "top_k reasoning tool_errors"),
    "openai-responses": _room(
        "",
        "reasoning top_k seed stop presence_penalty frequency_penalty tool_errors",
        numbered=True,
    ),
}


# ---------------------------------------------------------------------- there, back


def encoded(subject: DialectSubject, steps: Iterable[AIMessageChunk | Fault]) -> bytes:
    """The bytes of a whole stream."""
    encoder = subject.dialect.encoder()
    return b"".join([*(encoder.feed(step) for step in steps), encoder.close()])


def decoded(
    subject: DialectSubject, pieces: Iterable[bytes]
) -> list[AIMessageChunk | Fault]:
    """What the bytes play, a chunk for each event."""
    decoder = subject.dialect.decoder()
    return [*(step for data in pieces for step in decoder.feed(data)), *decoder.close()]


def summed(played: Sequence[AIMessageChunk | Fault]) -> AIMessage:
    """The message of what was played before any fault."""
    chunks = [step for step in played if not isinstance(step, Fault)]
    return reduce(add, chunks, AIMessageChunk()).to_message()


def heard(subject: DialectSubject, pieces: Iterable[bytes]) -> AIMessage:
    """The message of a stream that must be complete."""
    played = decoded(subject, pieces)
    last = played[-1] if played else None
    if not (isinstance(last, AIMessageChunk) and last.chunk_position == "last"):
        raise Unequal({"the end of the stream": last}, compared=False)
    return summed(played)


# -------------------------------------------------------------- what counts as same


def same_answer(
    subject: DialectSubject, found: AIMessage, said: AIMessage, name: str
) -> None:
    """Check that *found* says what *said* does, as far as the format carries it."""
    expected = seen_answer(said, subject.carries)
    seen = seen_answer(found, subject.carries)
    same(kept(seen, expected), expected, name, "the answer")


def kept(found: Any, said: Any) -> Any:
    """*found* without the members of objects that *said* does not have."""
    match found, said:
        case dict(), dict():
            return {key: kept(found[key], said[key]) for key in said if key in found}
        case _:
            return found


_ORDER = ("reasoning", "text", "refusal", "tool_call", "invalid_tool_call")


def seen_answer(message: AIMessage, parts: Collection[str]) -> dict[str, Any]:
    """What must be heard of *message*: its blocks, neighbours of one kind joined."""
    blocks = [_block(block, call_ids="call_ids" in parts) for block in _said(message)]
    if "order" not in parts:
        blocks = sorted(blocks, key=lambda b: (_place(b["type"]), b["type"]))
    seen: dict[str, Any] = {"blocks": _joined(blocks)}
    seen["finish_reason"] = message.finish_reason
    if "usage" in parts and message.usage_metadata:
        seen["usage"] = dict(message.usage_metadata)
    if "id" in parts and message.id:
        seen["id"] = message.id
    if "model" in parts and "model_name" in message.response_metadata:
        seen["model"] = message.response_metadata["model_name"]
    return seen


def _said(message: Message) -> list[dict[str, Any]]:
    return [
        b for b in message.content_blocks if b.get(b["type"], True) not in ("", None)
    ]


def _place(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _block(block: dict[str, Any], *, call_ids: bool) -> dict[str, Any]:
    kind = block["type"]
    match kind:
        case "text" | "reasoning" | "refusal":
            return {"type": kind, kind: block[kind]}
        case "tool_call":
            # As JSON text: Python takes 1, 1.0 and True for one.
            args = canonical(block["args"])
            said = {"type": kind, "name": block["name"], "args": args}
            return {**said, "id": block["id"]} if call_ids else said
        case _:
            names = ("base64", "file_id", "name", "url", "args", "value")
            return {"type": kind, **{k: block[k] for k in names if block.get(k)}}


def _joined(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in blocks:
        kind = block["type"]
        if found and found[-1]["type"] == kind and kind in block:
            found[-1] = {**block, kind: found[-1][kind] + block[kind]}
        else:
            found.append(block)
    return found


def seen_request(request: ChatRequest, parts: Collection[str]) -> dict[str, Any]:
    """What must be read of *request*; what it leaves open is left out."""
    choice, form = request.tool_choice, request.response_format
    said: dict[str, Any] = {
        "messages": [_message(message, parts) for message in request.messages],
        "tools": [
            {
                "name": tool.name,
                "description": tool.description,
                "parameters": canonical(tool.parameters),
            }
            for tool in request.tools
        ],
        "tool_choice": choice and (choice.mode, choice.name),
        "parallel_tool_calls": request.parallel_tool_calls,
        "response_format": form and (form.kind, form.schema),
        "stop": request.stop,
        "model": request.model,
        "stream": request.stream if "stream" in parts else None,
        "params": dict(request.params),
    }
    return {key: value for key, value in said.items() if value is not None}


def _message(message: Message, parts: Collection[str]) -> dict[str, Any]:
    ids = "call_ids" in parts
    said: dict[str, Any] = {
        "type": message.type,
        "blocks": _joined(_block(block, call_ids=ids) for block in _said(message)),
    }
    if ids and (call_id := getattr(message, "tool_call_id", None)):
        said["tool_call_id"] = call_id
    if "tool_errors" in parts and (status := getattr(message, "status", None)):
        said["status"] = status
    return said
