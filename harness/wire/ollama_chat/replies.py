"""Whole replies of the Ollama API."""

from harness.messages import AIMessage
from harness.wire.json_values import write_json
from harness.wire.ollama_chat.finishing import about, last_line
from harness.wire.ollama_chat.messages import write_blocks
from harness.wire.ownership import beside

__all__ = ["write_reply"]


def write_reply(message: AIMessage, model: str | None = None) -> bytes:
    """The reply that says *message*; *model* is its model's name if it says none."""
    blocks = write_blocks(message.content_blocks)
    said = beside({"role": "assistant", **blocks}, message.additional_kwargs)
    whole = {**about(message, model), "message": said}
    return write_json(beside(whole, last_line(message)))
