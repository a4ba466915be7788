"""What the tests of agreement with official clients share.

An answer is compared as a plain dict of what it says: "text", "reasoning", "refusal",
"calls" (name, arguments, id), "usage", "finish", "error", and so on. A client that
does not know one of these leaves it out.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire import DIALECTS

Answer = dict[str, Any]

#: Counts of our usage that clients know too, and the names that they get here.
COUNTS = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "total": ("total_tokens",),
    "cache_read": ("input_token_details", "cache_read"),
    "cache_creation": ("input_token_details", "cache_creation"),
    "reasoning": ("output_token_details", "reasoning"),
}
#: Blocks of what is no text.
MEDIA = frozenset({"audio", "file", "image", "video"})
#: What providers call the proof that a thought is their own.
SIGNATURES = ("reasoningSignature", "signature")
#: How the paths end at which the answers of a dialect are.
ROUTES = {
    "anthropic-messages": re.compile(
        r"/messages$|:(rawP|streamRawP)redict$|anthropic[^/]*/invoke(-with-.*-stream)?$"
    ),
    "bedrock-converse": re.compile(r"/converse(-stream)?$"),
    "gemini": re.compile(r":(generateC|streamGenerateC)ontent$"),
    "ollama-chat": re.compile(r"/api/chat$"),
    "openai-chat": re.compile(r"/chat/completions$|^/v1/chat$"),
    "openai-responses": re.compile(r"/responses$"),
}
#: Headers that are no longer true of a body whose encodings were undone.
UNTRUE = ("content-encoding", "content-length", "transfer-encoding")


def our_answer(dialect: str, exchange: Any, finish: str = "finish_reason") -> Answer:
    """Say what our decoder makes of a recorded answer.

    *finish* is the key under which the provider's own word for the end stands.
    """
    known = DIALECTS[dialect]
    if exchange.status >= 400:
        fault = known.read_error(exchange.status, exchange.headers, exchange.response)
        return {"error": str(fault.kind)}
    decoder = known.decoder()
    try:
        played = [*decoder.feed(exchange.response), *decoder.close()]
    except WireError as error:
        return {"error": type(error).__name__, "why": str(error)}
    chunks = (step for step in played if isinstance(step, AIMessageChunk))
    message = sum(chunks, AIMessageChunk()).to_message()
    answer = said_by(message, finish)
    answer["error"] = next((str(s.kind) for s in played if isinstance(s, Fault)), None)
    return answer


def said_by(message: AIMessage, finish: str) -> Answer:
    """Say what one of our messages says."""
    blocks = message.content_blocks
    metadata = message.response_metadata
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    kinds = [block["type"] for block in blocks]
    served = [block for block in blocks if block["type"] == "server_tool_call"]
    return {
        "id": message.id,
        "model": metadata.get("model_name"),
        "text": message.text,
        "reasoning": joined(blocks, "reasoning"),
        "refusal": joined(blocks, "refusal"),
        "calls": sorted(call(c["name"], c["args"], c["id"]) for c in calls),
        "server_calls": sorted(call(c["name"], c["args"], c["id"]) for c in served),
        "server_results": kinds.count("server_tool_result"),
        "citations": sum(len(block.get("annotations", ())) for block in blocks),
        "media": len([kind for kind in kinds if kind in MEDIA]),
        "signatures": [
            extras[key]
            for block in blocks
            if block["type"] == "reasoning" and (extras := block.get("extras"))
            for key in SIGNATURES
            if key in extras
        ],
        "usage": counts(message.usage_metadata or {}),
        "finish": metadata.get(finish, metadata.get("finish_reason")),
        "logprobs": len((metadata.get("logprobs") or {}).get("content") or ()),
        "others": [
            other.get("content", "") for other in metadata.get("other_choices", ())
        ],
    }


def joined(blocks: Iterable[Mapping[str, Any]], kind: str) -> str:
    """Join what blocks of a kind say."""
    return "".join(block.get(kind, "") for block in blocks if block["type"] == kind)


def call(name: str | None, args: Any, call_id: str | None) -> tuple[str, str, str]:
    """Spell a call so that it compares whatever way its arguments came in."""
    if isinstance(args, str):
        try:
            args = json.loads(args or "{}")
        except ValueError:
            return name or "", f"invalid: {args}", call_id or ""
    return name or "", json.dumps(args or {}, sort_keys=True), call_id or ""


def counts(usage: Mapping[str, Any]) -> dict[str, int]:
    """Give the counts that are more than nothing."""
    found: dict[str, int] = {}
    for name, path in COUNTS.items():
        value: Any = usage
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            found[name] = value
    return found


def recorded(dialect: str, exchanges: Iterable[Any]) -> list[tuple[str, Any]]:
    """Give the exchanges of a dialect by the end of the file's path, and number.

    What an exchange is its URL tells; where a body is all there is, its file's kind.
    """
    found = [
        (PurePosixPath(each.file), each)
        for each in exchanges
        if ROUTES[dialect].search(urlsplit(each.url).path)
        or (not each.url and each.api == dialect)
    ]
    ends = Counter(end for path in {path for path, _ in found} for end in ends_of(path))
    return [
        (f"{next(end for end in ends_of(path) if ends[end] == 1)}#{each.n}", each)
        for path, each in found
    ]


def ends_of(path: PurePosixPath) -> list[str]:
    """Give a file's name, then the same with its folder, and so on."""
    return ["/".join(path.parts[-n:]) for n in range(1, len(path.parts) + 1)]


def framed(exchange: Any) -> bytes:
    """Give a body as it went over the wire: some files keep the events' JSON alone."""
    body: bytes = exchange.response
    if not exchange.file.endswith(".chunks.txt"):
        return body
    events = ""
    for line in body.decode().splitlines():
        kind = json.loads(line).get("type")
        events += (f"event: {kind}\n" if kind else "") + f"data: {line}\n\n"
    return events.encode()


def headers_of(exchange: Any, content_type: str) -> dict[str, str]:
    """Give the headers with which a body is played to a client.

    Recordings drop and mistake content types, so that it is always set.
    """
    kept = {k: v for k, v in exchange.headers.items() if k not in UNTRUE}
    return kept | {"content-type": content_type}


def compared(ours: Answer, theirs: Answer) -> str:
    """Name what two answers differ in, of what the client knows of.

    How an error is called is compared elsewhere; here, that there is one.
    """
    differ = {key for key in theirs if ours.get(key) != theirs[key]}
    if bool(ours["error"]) == bool(theirs["error"]):
        differ.discard("error")
    return " ".join(sorted(differ))


def excused(exceptions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Give what each exchange may differ in, of a table by reasons."""
    return dict(chain.from_iterable(said.items() for said in exceptions.values()))


@pytest.fixture(scope="session")
def sdk() -> dict[str, Callable[..., Any]]:
    """Give the functions above: test modules cannot import one another."""
    known = (call, compared, counts, excused, framed, headers_of, our_answer, recorded)
    return {each.__name__: each for each in known}
