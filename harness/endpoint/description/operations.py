"""What a provider's clients may ask, as a table: method, path, request and answers.

Paths are as official clients spell them, below the server's URL. What stands before
the part that tells the format is left to the client, here as at gateways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["OPERATIONS", "Operation"]

_EVENTS = "text/event-stream"
_LINES, _FRAMES = "application/x-ndjson", "application/vnd.amazon.eventstream"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the *providers*, dialects by name.

    *request* is the name of the schema of its body, if it has one. *replies* are the
    names of those of its whole answer, any of which it may be; *streams* the media
    types of an answer in pieces.
    """

    id: str
    method: str
    path: str
    about: str
    providers: tuple[str, ...]
    request: str = ""
    replies: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()

    @property
    def is_chat(self) -> bool:
        """Whether a script is asked: all else is answered without one."""
        return ".request" in self.request


def _chat(id: str, path: str, about: str, *streams: str, at: str = "") -> Operation:
    """A chat in the dialect *id*, or in the one that the name before "." says."""
    dialect = id.partition(".")[0]
    request, reply = f"{dialect}.request{at}", f"{dialect}.reply"
    return Operation(id, "POST", path, about, (dialect,), request, (reply,), streams)


def _post(id: str, path: str, about: str, request: str, reply: str) -> Operation:
    return Operation(
        id, "POST", path, about, (_dialect(id),), f"{request}-request", (reply,)
    )


def _get(id: str, path: str, about: str, *replies: str) -> Operation:
    providers = tuple(_dialect(reply) for reply in replies)
    return Operation(id, "GET", path, about, providers, replies=replies)


def _dialect(name: str) -> str:
    return _DIALECTS[name.partition(".")[0]]


_DIALECTS = {
    "openai": "openai-chat",
    "anthropic": "anthropic-messages",
    "gemini": "gemini",
    "ollama": "ollama-chat",
}
_CLAUDE = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models"
_GEMINI = "/v1beta/models/{model}"
_AT_A_MODEL = "-at-a-model"

#: All that is answered, chats first.
OPERATIONS: Sequence[Operation] = (
    _chat("openai-chat", "/v1/chat/completions", "OpenAI Chat Completions", _EVENTS),
    _chat(
        "openai-chat.deployment",
        "/openai/deployments/{deployment}/chat/completions",
        "OpenAI Chat Completions, at Azure",
        _EVENTS,
        at="-of-a-deployment",
    ),
    _chat("openai-responses", "/v1/responses", "OpenAI Responses", _EVENTS),
    _chat("anthropic-messages", "/v1/messages", "Anthropic Messages", _EVENTS),
    _chat(
        "anthropic-messages.vertex",
        f"{_CLAUDE}/{{model}}:rawPredict",
        "Anthropic Messages, at Google",
        _EVENTS,
        at=_AT_A_MODEL,
    ),
    _chat(
        "anthropic-messages.vertex-stream",
        f"{_CLAUDE}/{{model}}:streamRawPredict",
        "Anthropic Messages, at Google, where streams are asked for",
        _EVENTS,
        at=_AT_A_MODEL,
    ),
    _chat(
        "anthropic-messages.bedrock",
        "/model/{claude}/invoke",
        "Anthropic Messages, at Amazon",
        _EVENTS,
        at=_AT_A_MODEL,
    ),
    _chat(
        "anthropic-messages.bedrock-stream",
        "/model/{claude}/invoke-with-response-stream",
        "Anthropic Messages, at Amazon, where streams are asked for",
        _EVENTS,
        at=_AT_A_MODEL,
    ),
    _chat("gemini", f"{_GEMINI}:generateContent", "Gemini"),
    Operation(
        "gemini.stream",
        "POST",
        f"{_GEMINI}:streamGenerateContent",
        "Gemini, as a stream: of events with alt=sse, else as one array that grows",
        ("gemini",),
        "gemini.request",
        ("gemini.replies",),
        (_EVENTS,),
    ),
    _chat("ollama-chat", "/api/chat", "Ollama's chat", _LINES),
    _chat("bedrock-converse", "/model/{model}/converse", "Bedrock Converse"),
    Operation(
        "bedrock-converse.stream",
        "POST",
        "/model/{model}/converse-stream",
        "Bedrock Converse, as a stream",
        ("bedrock-converse",),
        "bedrock-converse.request",
        streams=(_FRAMES,),
    ),
    _get(
        "models",
        "/v1/models",
        "Models, as Anthropic lists them if a header of its clients is there",
        "openai.models",
        "anthropic.models",
        "gemini.models",
    ),
    _get(
        "model",
        "/v1/models/{model}",
        "One model",
        "openai.model",
        "anthropic.model",
        "gemini.model",
    ),
    _post(
        "openai.embeddings",
        "/v1/embeddings",
        "Embeddings of OpenAI",
        "openai.embeddings",
        "openai.embeddings",
    ),
    _post(
        "anthropic.count",
        "/v1/messages/count_tokens",
        "How many tokens a request of Anthropic Messages has",
        "anthropic.count",
        "anthropic.count",
    ),
    _get("gemini.models", "/v1beta/models", "Models of Google", "gemini.models"),
    _get("gemini.model", _GEMINI, "One model of Google", "gemini.model"),
    _post(
        "gemini.count",
        f"{_GEMINI}:countTokens",
        "How many tokens a request of Gemini has",
        "gemini.count",
        "gemini.count",
    ),
    _post(
        "gemini.embed",
        f"{_GEMINI}:embedContent",
        "An embedding of Google",
        "gemini.embed",
        "gemini.embedding",
    ),
    _post(
        "gemini.batch-embed",
        f"{_GEMINI}:batchEmbedContents",
        "Embeddings of Google",
        "gemini.batch-embed",
        "gemini.embeddings",
    ),
    _get("ollama.models", "/api/tags", "Models of Ollama", "ollama.models"),
    _post(
        "ollama.embed",
        "/api/embed",
        "Embeddings of Ollama",
        "ollama.embed",
        "ollama.embeddings",
    ),
    _post(
        "ollama.old-embed",
        "/api/embeddings",
        "An embedding of Ollama, as it was once asked for",
        "ollama.embed",
        "ollama.embedding",
    ),
)
