"""The live models: what each provider wants that others do not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.errors import InputError, shown
from harness.models.structured import Method, StructuredModel
from harness.providers.http_chat_model import HttpChatModel
from harness.requests import ChatRequest
from harness.services import (
    ANTHROPIC,
    GEMINI,
    OLLAMA,
    OPENAI,
    OPENAI_RESPONSES,
)

__all__ = [
    "AnthropicChatModel",
    "GeminiChatModel",
    "OllamaChatModel",
    "OpenAIChatModel",
    "OpenAIResponsesModel",
]

_MOST_TOKENS = 4096


class OpenAIChatModel(HttpChatModel):
    """Models behind OpenAI Chat Completions, at OpenAI or wherever it is spoken.

    With *stream_usage* a stream tells its usage, as a whole reply does; by default
    where the service takes the field that asks for it. The options are those of
    `HttpChatModel`.

    >>> OpenAIChatModel("llama3.2", base_url="http://localhost:11434/v1")
    OpenAIChatModel('llama3.2', base_url='http://localhost:11434/v1')
    """

    service = OPENAI

    def __init__(
        self, model: str, *, stream_usage: bool | None = None, **options: Any
    ) -> None:
        super().__init__(model, **options)
        if stream_usage is None:
            stream_usage = self.service.stream_options
        self._stream_usage = bool(stream_usage)

    def asked(self, request: ChatRequest) -> ChatRequest:
        """*request*, asking for usage; in the words of OpenAI's own models, to them."""
        params = dict(request.params)
        if request.stream and self._stream_usage and "stream_options" not in params:
            params["stream_options"] = {"include_usage": True}
        # Its reasoning models refuse the older word, which all others understand.
        if "max_tokens" in params and self.base_url == OPENAI.base_url:
            params.setdefault("max_completion_tokens", params.pop("max_tokens"))
        return super().asked(replace(request, params=params))


class OpenAIResponsesModel(HttpChatModel):
    """Models behind OpenAI Responses. The options are those of `HttpChatModel`.

    >>> OpenAIResponsesModel("gpt-5-mini", api_key="made-up").dialect.name
    'openai-responses'
    """

    service = OPENAI_RESPONSES


class AnthropicChatModel(HttpChatModel):
    """Models behind Anthropic Messages.

    *betas* are sent as ``anthropic-beta``. Anthropic wants a ``max_tokens`` in each
    request: 4096, where nothing else is said. The further options are those of
    `HttpChatModel`.

    >>> AnthropicChatModel("claude-sonnet-5", api_key="made-up").dialect.name
    'anthropic-messages'
    """

    service = ANTHROPIC

    def __init__(
        self, model: str, *, betas: Sequence[str] = (), **options: Any
    ) -> None:
        if isinstance(betas, str) or not all(isinstance(beta, str) for beta in betas):
            raise InputError(f"betas={shown(betas)}; give a list of strings.")
        if betas:
            said = {"anthropic-beta": ",".join(betas)}
            options["default_headers"] = {
                **said,
                **(options.get("default_headers") or {}),
            }
        super().__init__(model, **options)

    def asked(self, request: ChatRequest) -> ChatRequest:
        """*request*, with a number of tokens that its answer may have."""
        params = {"max_tokens": _MOST_TOKENS, **request.params}
        return super().asked(replace(request, params=params))


class GeminiChatModel(HttpChatModel):
    """Models behind Gemini's generateContent. The options: see `HttpChatModel`.

    >>> GeminiChatModel("gemini-3", api_key="made-up").dialect.name
    'gemini'
    """

    service = GEMINI

    def asked(self, request: ChatRequest) -> ChatRequest:
        """*request*, which cannot say that one call is enough of a forced tool."""
        choice = request.tool_choice
        if choice is not None and choice.mode == "tool":
            request = replace(request, parallel_tool_calls=None)
        return super().asked(request)


class OllamaChatModel(HttpChatModel):
    """Models of an Ollama server, in its own words. The options: see `HttpChatModel`.

    The server is that of OLLAMA_HOST, or the one on this machine. It cannot be made to
    call a tool: a structure is asked for as JSON.

    >>> OllamaChatModel("llama3.2", base_url="http://gpu:11434")
    OllamaChatModel('llama3.2', base_url='http://gpu:11434')
    """

    service = OLLAMA

    def with_structured_output(
        self,
        schema: object,
        *,
        method: Method = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
    ) -> StructuredModel:
        """See `ChatModel.with_structured_output`; *method* is "json_schema" here."""
        return super().with_structured_output(
            schema, method=method, include_raw=include_raw, strict=strict
        )
