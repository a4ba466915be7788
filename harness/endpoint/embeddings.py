"""Embeddings over HTTP, as OpenAI, Gemini and Ollama have them."""

import base64
import struct
from typing import Any

from harness.endpoint.answers import Answer
from harness.endpoint.validation import gemini, ollama_chat, openai_words
from harness.endpoint.validation.shapes import (
    Either,
    Fields,
    Items,
    Number,
    OneOf,
    Text,
    flaws,
)
from harness.endpoint.vectors import vector
from harness.usage import estimated_tokens
from harness.wire.gemini.spelling import CamelReader

__all__ = [
    "OLLAMA",
    "OPENAI",
    "gemini_embeddings",
    "ollama_embeddings",
    "openai_embeddings",
]

Said = dict[str, Any]

#: How many dimensions a vector has where the request does not say it.
_DIMENSIONS = {"text-embedding-3-large": 3072, "gemini-embedding-001": 3072}
_TOKENS = Items(Number(0, whole=True), least=1)
OPENAI = Fields(
    {
        "model": Text(),
        "input": Either((Text(), Items(least=1, most=2048))),
        "dimensions": Number(1, 8192, whole=True),
        "encoding_format": OneOf(("float", "base64")),
    },
    required=("input",),
)
OLLAMA = Fields(
    {
        "model": Text(),
        "input": Either((Text(), Items(Text()))),
        "prompt": Text(),
        "dimensions": Number(whole=True),
    }
)


def openai_embeddings(said: Said) -> Answer:
    """The answer of OpenAI's ``/v1/embeddings``."""
    if not said.get("model"):
        return openai_words.refused("you must provide a model parameter")
    for flaw in flaws(said, OPENAI):
        return openai_words.told(flaw)
    given = said["input"]
    tokens = [*flaws(given, _TOKENS)] == []
    texts = [given] if tokens or isinstance(given, str) else given
    if any(_unreadable(text) for text in texts):
        return openai_words.refused(
            "'$.input' is invalid. Please check the API reference: "
            "https://platform.openai.com/docs/api-reference."
        )
    model, size = said["model"], said.get("dimensions")
    size = size or _DIMENSIONS.get(model, 1536)
    used = sum(_cost(text) for text in texts)
    data = [
        {
            "object": "embedding",
            "index": number,
            "embedding": _encoded(
                vector(model, _text(text), int(size)), said.get("encoding_format")
            ),
        }
        for number, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": used, "total_tokens": used}
    return Answer({"object": "list", "data": data, "model": model, "usage": usage})


def _unreadable(text: Any) -> bool:
    if isinstance(text, str):
        return not text
    return [*flaws(text, _TOKENS)] != []


def _text(text: str | list[int]) -> str:
    """The text, or the numbers of tokens as one."""
    return text if isinstance(text, str) else " ".join(map(str, text))


def _cost(text: str | list[int]) -> int:
    return estimated_tokens(len(text)) if isinstance(text, str) else len(text)


def _encoded(values: list[float], form: str | None) -> list[float] | str:
    if form != "base64":
        return values
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def gemini_embeddings(given: Said, model: str, *, batch: bool) -> Answer:
    """The answer of Gemini's ``:embedContent``, or ``:batchEmbedContents``."""
    said: Said = CamelReader().read(given)
    requests = said.get("requests") if batch else [said]
    if not isinstance(requests, list) or not requests:
        return gemini.refused(
            "* BatchEmbedContentsRequest.requests: is not specified\n"
        )
    vectors: list[Said] = []
    for request in requests:
        texts = _parts(request)
        size = request.get("outputDimensionality") if isinstance(request, dict) else 0
        if texts is None:
            return gemini.refused("* EmbedContentRequest.content: contents is empty\n")
        if size is not None and [*flaws(size, Number(1, 8192, whole=True))]:
            return gemini.refused(
                "* EmbedContentRequest.output_dimensionality: must be in the range "
                "[1, 8192].\n"
            )
        dimensions = int(size or _DIMENSIONS.get(model, 768))
        vectors.append({"values": vector(model, "\n".join(texts), dimensions)})
    return Answer({"embeddings": vectors} if batch else {"embedding": vectors[0]})


def _parts(request: Any) -> list[str] | None:
    """The texts of the content of *request*; None where it has none."""
    match request:
        case {"content": {"parts": list(parts)}} | {
            "content": {"parts": dict() as parts}
        }:
            listed = parts if isinstance(parts, list) else [parts]
            texts = [part.get("text") for part in listed if isinstance(part, dict)]
            return [text for text in texts if isinstance(text, str)] or None
        case _:
            return None


def ollama_embeddings(said: Said, *, old: bool) -> Answer:
    """The answer of Ollama's ``/api/embed``, or of the *old* ``/api/embeddings``."""
    if not said.get("model"):
        return ollama_chat.refused("model is required")
    for flaw in flaws(said, OLLAMA):
        return ollama_chat.told(flaw, "EmbedRequest")
    model, size = said["model"], said.get("dimensions") or 768
    if not 1 <= size <= 8192:
        return ollama_chat.refused(f"dimensions {size} are out of range")
    if old:
        return Answer({"embedding": vector(model, said.get("prompt") or "", int(size))})
    given = said.get("input") or []
    texts = [given] if isinstance(given, str) else given
    return Answer(
        {
            "model": model,
            "embeddings": [vector(model, text, int(size)) for text in texts],
            "total_duration": 0,
            "load_duration": 0,
            "prompt_eval_count": sum(map(_cost, texts)),
        }
    )
