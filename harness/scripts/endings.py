"""How an answer ends. In: content and the fields of the end. Out: its last chunk."""

from typing import Any

from harness.chunks import AIMessageChunk

__all__ = ["Last"]


class Last:
    """The chunk that says *content* and ends the answer.

    Whoever plays an answer again mostly ends it with the same fields: the chunk is made
    anew where they differ from those of the time before.
    """

    __slots__ = ("_content", "_made")

    def __init__(self, content: str | list[dict[str, Any]] = "") -> None:
        self._content = content
        self._made: tuple[dict[str, Any], AIMessageChunk] | None = None

    def chunk(self, id: str, fields: dict[str, Any]) -> AIMessageChunk:
        """The chunk with *id* and *fields*."""
        made = self._made
        if made is None or made[0] != fields:
            said = AIMessageChunk(self._content, chunk_position="last", **fields)
            self._made = made = fields, said
        return made[1].identified(id)
