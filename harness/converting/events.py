"""Events of a stream as the bytes that carry them, where a file has only their values.

In: values, and the dialect that they are of. Out: pieces of a body, one an event.
"""

from collections.abc import Sequence
from typing import Any

from harness.values import dumped

__all__ = ["framed", "stream_type"]

#: Dialects whose events have their type as a name too.
_NAMED = ("anthropic-messages", "openai-responses")
#: Dialects whose streams are JSON lines.
_LINES = ("ollama-chat",)


def framed(events: Sequence[Any], dialect: str) -> tuple[bytes, ...]:
    r"""The frames of *events*, as servers of *dialect* send them.

    What ends a stream is there where its last events say that it has ended.

    >>> framed([{"type": "ping"}], "anthropic-messages")
    (b'event: ping\ndata: {"type":"ping"}\n\n',)
    """
    if dialect in _LINES:
        return tuple(b"%s\n" % _json(event) for event in events)
    frames = []
    for event in events:
        kind = event.get("type") if isinstance(event, dict) else None
        named = isinstance(kind, str) and dialect in _NAMED
        head = f"event: {kind}\n".encode("utf-8", "replace") if named else b""
        frames.append(b"%sdata: %s\n\n" % (head, _json(event)))
    if dialect == "openai-chat" and any(map(_finishes, events)):
        frames.append(b"data: [DONE]\n\n")
    return tuple(frames)


def stream_type(dialect: str) -> str:
    """The content type of a stream.

    >>> stream_type("ollama-chat")
    'application/x-ndjson'
    """
    return "application/x-ndjson" if dialect in _LINES else "text/event-stream"


def _finishes(event: Any) -> bool:
    choices = event.get("choices") if isinstance(event, dict) else None
    return isinstance(choices, list) and any(
        isinstance(one, dict) and one.get("finish_reason") for one in choices
    )


def _json(value: Any) -> bytes:
    return dumped(value).encode()
