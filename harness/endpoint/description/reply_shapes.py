"""What the bodies of answers look like, whole ones and errors, as shapes.

They say what every answer has. What a script or a recording adds to that stands beside.
"""

from collections.abc import Mapping

from harness.endpoint.validation.shapes import (
    Either,
    Fields,
    Flag,
    Items,
    Number,
    OneOf,
    Shape,
    Text,
)

__all__ = ["ERRORS", "REPLIES"]

_COUNT = Number(0, whole=True)
_BLOCKS = Items(Fields({"type": Text(1)}, required=("type",)))


def _all(**members: Shape) -> Fields:
    """An object that has all of *members*."""
    return Fields(members, required=tuple(members))


def _is(word: str) -> OneOf:
    return OneOf((word,))


# --------------------------------------------------------------------------- OpenAI

_SAID = Fields(
    {
        "role": _is("assistant"),
        "content": Either((Text(), Items(Fields()))),
        "refusal": Text(),
        "tool_calls": Items(Fields()),
    },
    required=("role",),
)
_CHOICE = Fields(
    {"index": _COUNT, "message": _SAID, "finish_reason": Text()},
    required=("index", "message"),
)
_OPENAI_USAGE = _all(
    prompt_tokens=_COUNT, completion_tokens=_COUNT, total_tokens=_COUNT
)
_COMPLETION = Fields(
    {
        "id": Text(),
        "object": _is("chat.completion"),
        "created": _COUNT,
        "model": Text(),
        "choices": Items(_CHOICE, least=1),
        "usage": _OPENAI_USAGE,
    },
    required=("id", "object", "created", "model", "choices"),
)
_RESPONSE = Fields(
    {
        "id": Text(),
        "object": _is("response"),
        "created_at": Number(0),
        "status": Text(),
        "model": Text(),
        "output": _BLOCKS,
        "usage": _all(input_tokens=_COUNT, output_tokens=_COUNT, total_tokens=_COUNT),
        "incomplete_details": Fields({"reason": Text()}),
        "parallel_tool_calls": Flag(),
        "tools": Items(),
    },
    required=("id", "object", "created_at", "status", "model", "output"),
)
_MODEL = _all(id=Text(), object=_is("model"), created=_COUNT, owned_by=Text())
_VECTOR = _all(
    object=_is("embedding"),
    index=_COUNT,
    embedding=Either((Items(Number()), Text())),
)
_VECTORS = _all(
    object=_is("list"),
    data=Items(_VECTOR),
    model=Text(),
    usage=_all(prompt_tokens=_COUNT, total_tokens=_COUNT),
)

# ------------------------------------------------------------------------ Anthropic

_MESSAGE = Fields(
    {
        "id": Text(),
        "type": _is("message"),
        "role": _is("assistant"),
        "model": Text(),
        "content": _BLOCKS,
        "stop_reason": Text(),
        "stop_sequence": Text(),
        "usage": _all(input_tokens=_COUNT, output_tokens=_COUNT),
    },
    required=("id", "type", "role", "model", "content", "usage"),
)
_CLAUDE = _all(type=_is("model"), id=Text(), display_name=Text(), created_at=Text())
_CLAUDES = Fields(
    {
        "data": Items(_CLAUDE),
        "has_more": Flag(),
        "first_id": Text(),
        "last_id": Text(),
    },
    required=("data", "has_more"),
)

# --------------------------------------------------------------------------- Google

_CANDIDATE = Fields(
    {
        "content": Fields(
            {"role": _is("model"), "parts": Items(Fields())}, required=("role",)
        ),
        "index": _COUNT,
        "finishReason": Text(),
    },
    required=("content",),
)
_GENERATED = Fields(
    {
        "candidates": Items(_CANDIDATE, least=1),
        "usageMetadata": Fields(
            {
                "promptTokenCount": _COUNT,
                "candidatesTokenCount": _COUNT,
                "totalTokenCount": _COUNT,
            }
        ),
        "modelVersion": Text(),
        "responseId": Text(),
    }
)
_GEMINI = _all(
    name=Text(),
    version=Text(),
    displayName=Text(),
    supportedGenerationMethods=Items(Text()),
)
_VALUES = _all(values=Items(Number()))

# ----------------------------------------------------------------- Amazon and Ollama

_CONVERSED = _all(
    output=_all(message=_all(role=_is("assistant"), content=Items(Fields()))),
    stopReason=Text(),
    usage=_all(inputTokens=_COUNT, outputTokens=_COUNT, totalTokens=_COUNT),
    metrics=_all(latencyMs=_COUNT),
)
_CHATTED = Fields(
    {
        "model": Text(),
        "created_at": Text(),
        "message": Fields(
            {
                "role": _is("assistant"),
                "content": Text(),
                "thinking": Text(),
                "tool_calls": Items(Fields()),
            },
            required=("role", "content"),
        ),
        "done": Flag(),
        "done_reason": Text(),
        "prompt_eval_count": _COUNT,
        "eval_count": _COUNT,
    },
    required=("model", "created_at", "message", "done"),
)
_TAG = _all(
    name=Text(),
    model=Text(),
    modified_at=Text(),
    size=_COUNT,
    digest=Text(),
    details=Fields(),
)
_EMBEDDED = _all(
    model=Text(),
    embeddings=Items(Items(Number())),
    total_duration=_COUNT,
    load_duration=_COUNT,
    prompt_eval_count=_COUNT,
)

#: What is answered where all is well, by the name that it has in a description.
REPLIES: Mapping[str, Shape] = {
    "openai-chat.reply": _COMPLETION,
    "openai-responses.reply": _RESPONSE,
    "openai.models": _all(object=_is("list"), data=Items(_MODEL)),
    "openai.model": _MODEL,
    "openai.embeddings": _VECTORS,
    "anthropic-messages.reply": _MESSAGE,
    "anthropic.models": _CLAUDES,
    "anthropic.model": _CLAUDE,
    "anthropic.count": _all(input_tokens=_COUNT),
    "gemini.reply": _GENERATED,
    "gemini.replies": Items(_GENERATED),
    "gemini.models": _all(models=Items(_GEMINI)),
    "gemini.model": _GEMINI,
    "gemini.count": _all(totalTokens=_COUNT, promptTokensDetails=Items(Fields())),
    "gemini.embedding": _all(embedding=_VALUES),
    "gemini.embeddings": _all(embeddings=Items(_VALUES)),
    "bedrock-converse.reply": _CONVERSED,
    "ollama-chat.reply": _CHATTED,
    "ollama.models": _all(models=Items(_TAG)),
    "ollama.embeddings": _EMBEDDED,
    "ollama.embedding": _all(embedding=Items(Number())),
}

_OPENAI_ERROR = Fields(
    {
        "error": Fields(
            {"message": Text(), "type": Text(1), "param": Text(), "code": Text()},
            required=("message", "type"),
        )
    },
    required=("error",),
)
#: What is answered where something is wrong, by dialect.
ERRORS: Mapping[str, Shape] = {
    "openai-chat": _OPENAI_ERROR,
    "openai-responses": _OPENAI_ERROR,
    "anthropic-messages": Fields(
        {
            "type": _is("error"),
            "error": _all(type=Text(1), message=Text()),
            "request_id": Text(1),
        },
        required=("type", "error"),
    ),
    "gemini": _all(
        error=Fields(
            {
                "code": Number(400, 599, whole=True),
                "message": Text(),
                "status": Text(1),
                "details": Items(Fields()),
            },
            required=("code", "message", "status"),
        )
    ),
    "bedrock-converse": _all(message=Text()),
    "ollama-chat": _all(error=Text()),
}
