"""Sums of chunks as ropes: what was added to what, never copied.

In: chunks. Out: a rope, which is one chunk or (rope, what was added to it, how many
were added up so), so that adding costs the same however long both sides are, and sums
share what they have in common. Chunks are asked for from where a reader stands.
"""

from typing import Any, Protocol

__all__ = ["Leaf", "Node", "Rope", "leaves_behind"]


class Leaf(Protocol):
    """One chunk, as its constructor checked it."""

    #: A text, or a list of standard blocks.
    _content: Any
    #: The other fields that are set, by the names that `Total` takes them under.
    _more: dict[str, Any] | None


Node = tuple[Any, Any, int]
Rope = Leaf | Node


def leaves_behind(start: Rope | None, rope: Rope) -> list[Leaf] | None:
    """The leaves of *rope* behind *start*; None where it does not begin with that."""
    behind = 0 if start is None else _added(start)
    pending: list[Rope] = []
    at: Rope | None = rope
    while at is not None and _added(at) > behind:
        if isinstance(at, tuple):
            pending.append(at[1])
            at = at[0]
        else:
            pending.append(at)
            at = None
    if at is not start:
        return None
    leaves = []
    while pending:
        part = pending.pop()
        while isinstance(part, tuple):
            pending.append(part[1])
            part = part[0]
        leaves.append(part)
    return leaves


def _added(rope: Rope) -> int:
    return rope[2] if isinstance(rope, tuple) else 1
