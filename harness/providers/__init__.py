"""Live chat models: wire formats over httpx, and every model by its name.

httpx, which takes its time to load, waits until a model is made.
"""

from harness.providers.http_chat_model import HttpChatModel
from harness.providers.models import (
    AnthropicChatModel,
    GeminiChatModel,
    OllamaChatModel,
    OpenAIChatModel,
    OpenAIResponsesModel,
)
from harness.providers.registry import (
    Registration,
    init_chat_model,
    register_provider,
)
from harness.services import Service

__all__ = [
    "AnthropicChatModel",
    "GeminiChatModel",
    "HttpChatModel",
    "OllamaChatModel",
    "OpenAIChatModel",
    "OpenAIResponsesModel",
    "Registration",
    "Service",
    "init_chat_model",
    "register_provider",
]
