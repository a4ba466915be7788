"""One answer's body alone: an SSE stream, JSON lines or a whole reply.

There is no request: one is made that asks the model for nothing, where the dialect of
the answer has its path. A replay finds no messages in it; as a script it plays.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.parsing import RESTORE
from harness.cassettes.reading import text_of as file_text
from harness.converting.events import framed, stream_type
from harness.converting.parts import Answer, body_bytes, interaction_of, json_bytes
from harness.errors import CassetteError
from harness.http_messages import HttpRequest

__all__ = ["read_bare"]

_DATA = re.compile(r"^data: ?(.*)$", re.MULTILINE)
_JOINED = re.compile(r"(^data:[^\n]*\n)(?=data:)", re.MULTILINE)

#: What tells whose answer a value is: of a whole reply, or of an event.
_TELLING: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "openai-responses": lambda said: (
        said.get("object") == "response"
        or str(said.get("type", "")).startswith("response.")
    ),
    "openai-chat": lambda said: (
        str(said.get("object", "")).startswith("chat.completion") or "choices" in said
    ),
    "anthropic-messages": lambda said: (
        re.match("message|content_block_", str(said.get("type", ""))) is not None
    ),
    "gemini": lambda said: "candidates" in said or "promptFeedback" in said,
    "ollama-chat": lambda said: "done" in said and "message" in said,
    "bedrock-converse": lambda said: "stopReason" in said and "output" in said,
}


def read_bare(data: bytes, name: str) -> list[Interaction]:
    """The one interaction of a file. Raises CassetteError for what tells no dialect."""
    text = file_text(data, name)
    events, streamed = _values(text, name)
    found = next(
        (
            (dialect, said)
            for said in events
            for dialect, tells in _TELLING.items()
            if isinstance(said, dict) and tells(said)
        ),
        None,
    )
    if found is None:
        raise CassetteError(
            f"{name} is an answer's body alone, and nothing in it tells whose format "
            "it has: it cannot be converted."
        )
    dialect, said = found
    model = _model(said)
    kind = stream_type(dialect) if streamed else "application/json"
    if not streamed:
        body, chunks = body_bytes(text, name), None
    elif _DATA.search(text):
        # Blank lines, which end events, are often lost in a file.
        whole = _JOINED.sub(r"\1\n", text)
        body, chunks = body_bytes(f"{whole.rstrip()}\n\n", name), None
    else:
        chunks = framed(events, dialect)
        body = b"".join(chunks)
    url, asked = _request(dialect, model, streamed=streamed)
    answer = Answer(200, (("content-type", kind),), body, chunks=chunks)
    request = HttpRequest(
        "POST", url, (("content-type", "application/json"),), json_bytes(asked, name)
    )
    return [interaction_of(request, answer, name)]


def _values(text: str, name: str) -> tuple[list[Any], bool]:
    """What the body says, value by value, and whether it is a stream."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return (value, True) if isinstance(value, list) else ([value], False)
    lines = _DATA.findall(text) or text.splitlines()
    events = []
    for line in lines:
        if line.strip() in ("", "[DONE]"):
            continue
        try:
            events.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise CassetteError(
                f"{name} is an answer's body with an event that is no JSON: {error}. "
                f"{RESTORE}"
            ) from None
    return events, True


def _model(said: Mapping[str, Any]) -> str:
    """The model that answered, as far as the beginning of the answer says it."""
    for inside in (said, said.get("message"), said.get("response")):
        if isinstance(inside, dict):
            model = inside.get("model") or inside.get("modelVersion")
            if isinstance(model, str) and model:
                return model
    return "unknown"


def _request(dialect: str, model: str, *, streamed: bool) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request for nothing."""
    stream = {"stream": True} if streamed else {}
    match dialect:
        case "gemini":
            verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
            return f"/v1beta/models/{model}:{verb}", {"contents": []}
        case "bedrock-converse":
            return f"/model/{model}/converse", {"messages": []}
        case "openai-responses":
            return "/v1/responses", {"model": model, "input": [], **stream}
        case "ollama-chat":
            return "/api/chat", {"model": model, "messages": [], "stream": streamed}
        case "anthropic-messages":
            return "/v1/messages", {"model": model, "messages": [], **stream}
        case _:
            return "/v1/chat/completions", {"model": model, "messages": [], **stream}
