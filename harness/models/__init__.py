"""The Python face: chat models and everything one can do with them.

A name loads its module when it is first asked for: recorders and servers want a clock,
and none of the rest.
"""

from typing import TYPE_CHECKING

from harness.lazy import loading

if TYPE_CHECKING:
    from harness.models.callbacks import CallbackHandler, ChatGeneration, LLMResult
    from harness.models.chat_model import ChatModel
    from harness.models.clocks import Clock, RealClock, SkippingClock, VirtualClock
    from harness.models.config import ConfigLike, RunConfig
    from harness.models.events import EventOptions, StreamEvent, astream_events
    from harness.models.runs import Run, current_run, streaming
    from harness.models.structured import StructuredModel

__all__ = [
    "CallbackHandler",
    "ChatGeneration",
    "ChatModel",
    "Clock",
    "ConfigLike",
    "EventOptions",
    "LLMResult",
    "RealClock",
    "Run",
    "RunConfig",
    "SkippingClock",
    "StreamEvent",
    "StructuredModel",
    "VirtualClock",
    "astream_events",
    "current_run",
    "streaming",
]

if not TYPE_CHECKING:
    __getattr__ = loading(
        __name__,
        {
            "callbacks": "CallbackHandler ChatGeneration LLMResult",
            "chat_model": "ChatModel",
            "clocks": "Clock RealClock SkippingClock VirtualClock",
            "config": "ConfigLike RunConfig",
            "events": "EventOptions StreamEvent astream_events",
            "runs": "Run current_run streaming",
            "structured": "StructuredModel",
        },
    )
