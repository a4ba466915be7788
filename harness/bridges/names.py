"""How a model is called where a framework wants a name."""

from harness.models import ChatModel

__all__ = ["name_of"]


def name_of(chat: ChatModel) -> str:
    """How *chat* is called where nobody says otherwise."""
    name = chat.binding.model or getattr(chat, "model", None)
    return name if isinstance(name, str) and name else type(chat).__name__
