"""The Python face: chat models and everything one can do with them."""

from harness.models.callbacks import CallbackHandler, ChatGeneration, LLMResult
from harness.models.chat_model import ChatModel
from harness.models.clocks import Clock, RealClock, SkippingClock, VirtualClock
from harness.models.config import ConfigLike, RunConfig
from harness.models.events import Event, astream_events
from harness.models.runs import Run, current_run, streaming
from harness.models.structured import StructuredModel

__all__ = [
    "CallbackHandler",
    "ChatGeneration",
    "ChatModel",
    "Clock",
    "ConfigLike",
    "Event",
    "LLMResult",
    "RealClock",
    "Run",
    "RunConfig",
    "SkippingClock",
    "StructuredModel",
    "VirtualClock",
    "astream_events",
    "current_run",
    "streaming",
]
