"""chat-harness: everything that talks to a chat model, testable and offline.

A name loads the module it lives in when it is first asked for, so that ``import
harness`` costs next to nothing, and a pytest run that uses none of it pays for none.
"""

import typing

import harness.lazy as _lazy

__version__ = "0.1.0"

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "AnthropicChatModel",
    "AuthenticationError",
    "BadRequestError",
    "CallbackError",
    "CallbackHandler",
    "CassetteError",
    "CassetteMiss",
    "CassetteWarning",
    "Chaos",
    "ChatModel",
    "ChatRequest",
    "ExecutorError",
    "FakeChatModel",
    "FakeProvider",
    "Fault",
    "GeminiChatModel",
    "Glitch",
    "HarnessError",
    "HttpChatModel",
    "HumanMessage",
    "InputError",
    "InterruptedStreamError",
    "InvalidToolCall",
    "Message",
    "ModelConnectionError",
    "ModelError",
    "ModelTimeoutError",
    "NetworkBlocked",
    "OllamaChatModel",
    "OpenAIChatModel",
    "OpenAIResponsesModel",
    "OutputError",
    "OverloadedError",
    "Pause",
    "Quota",
    "RateLimitError",
    "RealClock",
    "RecordingChatModel",
    "Redaction",
    "ReplayChatModel",
    "RunConfig",
    "SchemaError",
    "Script",
    "ScriptError",
    "ScriptExhausted",
    "ServerError",
    "Service",
    "SystemMessage",
    "Tool",
    "ToolCall",
    "ToolCallChunk",
    "ToolInputError",
    "ToolMessage",
    "UnmetExpectation",
    "UnrecordedRequest",
    "UnscriptedRequest",
    "UnusedTurns",
    "UsageMetadata",
    "VirtualClock",
    "WireError",
    "astream_events",
    "auto",
    "call",
    "current_run",
    "fail",
    "init_chat_model",
    "pause",
    "register_provider",
    "say",
    "streaming",
    "think",
    "tool",
    "use_cassette",
]

if typing.TYPE_CHECKING:
    from harness.blocks import (
        InvalidToolCall,
        ToolCall,
        ToolCallChunk,
        UsageMetadata,
    )
    from harness.cassettes.redaction import Redaction
    from harness.chunks import AIMessageChunk
    from harness.endpoint import Chaos, Glitch, Quota
    from harness.errors import (
        AuthenticationError,
        BadRequestError,
        CallbackError,
        CassetteError,
        CassetteMiss,
        CassetteWarning,
        ExecutorError,
        HarnessError,
        InputError,
        InterruptedStreamError,
        ModelConnectionError,
        ModelError,
        ModelTimeoutError,
        NetworkBlocked,
        OutputError,
        OverloadedError,
        RateLimitError,
        SchemaError,
        ScriptError,
        ScriptExhausted,
        ServerError,
        ToolInputError,
        UnmetExpectation,
        UnrecordedRequest,
        UnscriptedRequest,
        UnusedTurns,
        WireError,
    )
    from harness.fake import FakeChatModel
    from harness.fake_provider import FakeProvider
    from harness.messages import (
        AIMessage,
        HumanMessage,
        Message,
        SystemMessage,
        ToolMessage,
    )
    from harness.models import (
        CallbackHandler,
        ChatModel,
        RealClock,
        RunConfig,
        VirtualClock,
        astream_events,
        current_run,
        streaming,
    )
    from harness.providers import (
        AnthropicChatModel,
        GeminiChatModel,
        HttpChatModel,
        OllamaChatModel,
        OpenAIChatModel,
        OpenAIResponsesModel,
        Service,
        init_chat_model,
        register_provider,
    )
    from harness.record import RecordingChatModel
    from harness.recording import use_cassette
    from harness.replay import ReplayChatModel
    from harness.requests import ChatRequest
    from harness.scripts import Script
    from harness.scripts.turns import auto, call, fail, pause, say, think
    from harness.steps import Fault, Pause
    from harness.tools import Tool, tool
else:
    # What type checkers read above: the names that are not errors, by their module.
    _HOMES = {
        "blocks": "InvalidToolCall ToolCall ToolCallChunk UsageMetadata",
        "cassettes.redaction": "Redaction",
        "chunks": "AIMessageChunk",
        "endpoint": "Chaos Glitch Quota",
        "fake": "FakeChatModel",
        "fake_provider": "FakeProvider",
        "messages": "AIMessage HumanMessage Message SystemMessage ToolMessage",
        "models": "CallbackHandler ChatModel RealClock RunConfig "
        "VirtualClock astream_events current_run streaming",
        "providers": "AnthropicChatModel GeminiChatModel HttpChatModel "
        "OllamaChatModel OpenAIChatModel OpenAIResponsesModel Service "
        "init_chat_model register_provider",
        "record": "RecordingChatModel",
        "recording": "use_cassette",
        "replay": "ReplayChatModel",
        "requests": "ChatRequest",
        "scripts": "Script",
        "scripts.turns": "auto call fail pause say think",
        "steps": "Fault Pause",
        "tools": "Tool tool",
    }
    _NAMES = " ".join(_HOMES.values()).split()
    __getattr__ = _lazy.loading(
        __name__, {**_HOMES, "errors": " ".join({*__all__} - {*_NAMES})}
    )

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
