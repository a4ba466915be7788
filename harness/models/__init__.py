"""The Python face: chat models and everything one can do with them.

A name loads its module when it is first asked for: recorders and servers want a clock,
and none of the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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
    _HOMES = {
        name: home
        for home, names in {
            "callbacks": "CallbackHandler ChatGeneration LLMResult",
            "chat_model": "ChatModel",
            "clocks": "Clock RealClock SkippingClock VirtualClock",
            "config": "ConfigLike RunConfig",
            "events": "EventOptions StreamEvent astream_events",
            "runs": "Run current_run streaming",
            "structured": "StructuredModel",
        }.items()
        for name in names.split()
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        home = import_module(f"{__name__}.{_HOMES[name]}")
        value = globals()[name] = getattr(home, name)
        return value
