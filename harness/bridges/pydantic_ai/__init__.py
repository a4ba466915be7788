"""pydantic-ai: models and messages, both ways."""

from harness.bridges.extras import needed

with needed("pydantic_ai", "pydantic-ai"):
    from harness.bridges.pydantic_ai.answers import (
        message_from_response,
        message_to_response,
    )
    from harness.bridges.pydantic_ai.foreign import PydanticAIModel, from_pydantic_ai
    from harness.bridges.pydantic_ai.history import (
        messages_from_pydantic_ai,
        messages_to_pydantic_ai,
    )
    from harness.bridges.pydantic_ai.model import HarnessModel, as_pydantic_ai

__all__ = [
    "HarnessModel",
    "PydanticAIModel",
    "as_pydantic_ai",
    "from_pydantic_ai",
    "message_from_response",
    "message_to_response",
    "messages_from_pydantic_ai",
    "messages_to_pydantic_ai",
]
