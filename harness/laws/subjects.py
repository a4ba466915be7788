"""Whom the laws are about: factories and readings of somebody's chunks or models."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import add, attrgetter, methodcaller
from typing import Any, Self

from hypothesis import strategies as st

from harness.errors import InputError, nearest
from harness.laws.law import same
from harness.messages import AIMessage
from harness.strategies.streams import FIELDS, Delta, deltas

__all__ = ["ModelSubject", "Subject", "capabilities", "same_sum"]

#: A chunk of anybody's class.
Chunk = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A class of chunks, as the laws see it: functions, never instances.

    *make* takes some of AIMessageChunk's keywords, those of *fields* ("blocks" stands
    for content given as blocks); or *chunks* gives a strategy of ready chunks, for
    the laws that need no more. *observe* is the equality that matters, as plain data.
    Any other function that is left out leaves the laws that need it not covered:

    * *add* and *concat* add two chunks, and a list of them, to *empty*;
    * *read* gives a field by its name, *text* all text, *calls* the tool calls,
      *conflicts* the values that contradict each other;
    * *dump* and *load* write a chunk and read it back, *hashed* is its hash;
    * *finish* makes the finished message, *lift* a chunk of a message.

    *name* is for reports. Raises InputError for a subject without chunks, and for
    fields that there are none of.

    >>> letters = Subject(make=lambda content="": content, fields={"content"})
    >>> letters.total(["a", "b"])
    'ab'
    """

    name: str = "subject"
    make: Callable[..., Chunk] | None = None
    chunks: Callable[[], st.SearchStrategy[Chunk]] | None = None
    fields: Collection[str] = FIELDS
    observe: Callable[[Any], object] = lambda value: value
    add: Callable[[Chunk, Chunk], Chunk] = add
    empty: Callable[[], Chunk] | None = None
    concat: Callable[[Sequence[Chunk]], Chunk] | None = None
    read: Callable[[Any, str], Any] = getattr
    text: Callable[[Chunk], str] | None = None
    calls: Callable[[Chunk], Sequence[Mapping[str, Any]]] | None = None
    conflicts: Callable[[Chunk], Mapping[str, Sequence[Any]]] | None = None
    dump: Callable[[Chunk], str | bytes] | None = None
    load: Callable[[Any], Chunk] | None = None
    hashed: Callable[[Chunk], int] | None = None
    finish: Callable[[Chunk], Any] | None = None
    lift: Callable[[Any], Chunk] | None = None

    def __post_init__(self) -> None:
        if self.make is None and self.chunks is None:
            raise InputError(
                "A Subject without chunks: give make= (a function of AIMessageChunk's "
                "keywords), or chunks= (a function that returns a strategy)."
            )
        for field in self.fields:
            if field not in FIELDS:
                raise InputError(f"No field is {field!r}. {nearest(field, FIELDS)}")
        if self.empty is None and self.make is not None:
            object.__setattr__(self, "empty", self.make)

    @classmethod
    def of(cls, make: Callable[..., Chunk], **changes: Any) -> Self:
        """The subject of a class that is spelled like AIMessageChunk.

        What the class does not have (a method, a field) is not covered; *changes*
        are arguments that replace what is found.

        >>> from harness.chunks import AIMessageChunk
        >>> subject = Subject.of(AIMessageChunk)
        >>> subject.text(subject.total([AIMessageChunk("a"), AIMessageChunk("b")]))
        'ab'
        """
        one = make()
        kind: Any = type(one)
        known: dict[str, Any] = {
            "fields": [name for name in FIELDS if _takes(make, one, name)],
            "observe": methodcaller("model_dump"),
            "text": hasattr(one, "text") and attrgetter("text"),
            "calls": hasattr(one, "tool_calls") and attrgetter("tool_calls"),
            "conflicts": hasattr(one, "conflicts") and attrgetter("conflicts"),
            "dump": hasattr(one, "model_dump_json") and methodcaller("model_dump_json"),
            "load": getattr(kind, "model_validate_json", None),
            "concat": hasattr(kind, "__radd__") and sum,
            "hashed": kind.__hash__ and hash,
            "finish": hasattr(one, "to_message") and methodcaller("to_message"),
            "lift": getattr(kind, "from_message", None),
        }
        found: dict[str, Any] = {name: value or None for name, value in known.items()}
        return cls(make=make, **{**found, **changes})

    def seeds(self, min_size: int, max_size: int) -> st.SearchStrategy[list[Any]]:
        """What *min_size* to *max_size* chunks grow from: pieces said, or the chunks.

        Those of one list say much the same, for chunks that speak of different things
        seldom disagree.
        """
        if self.chunks is not None:
            return st.lists(self.chunks(), min_size=min_size, max_size=max_size)
        some = st.lists(
            st.sampled_from([field for field in FIELDS if field in self.fields]),
            min_size=1,
            max_size=3,
            unique=True,
        )
        return some.flatmap(
            lambda fields: st.lists(
                deltas(fields=fields), min_size=min_size, max_size=max_size
            )
        )

    def grown(self, seeds: Iterable[Any]) -> list[Chunk]:
        """Chunks made of *seeds*, fresh each time."""
        return self.made(seeds) if self.chunks is None else list(seeds)

    def made(self, stream: Iterable[Delta]) -> list[Chunk]:
        """Chunks that say what *stream* lists."""
        make: Any = self.make
        return [make(**delta) for delta in stream]

    def total(self, chunks: Sequence[Chunk]) -> Chunk:
        """All *chunks* added, from the left."""
        if not chunks:
            return self.empty() if self.empty else self.grown([{}])[0]
        return reduce(self.add, chunks)

    def says(self, delta: Delta) -> bool:
        """Whether *make* takes *delta*."""
        blocks = isinstance(delta.get("content"), list)
        names = {*delta} - {"content"} | {"blocks"} if blocks else {*delta}
        return names <= {*self.fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSubject:
    """A chat model, as the laws see it.

    *make* takes the answers to give, one a call, and returns a new model that gives
    them. *observe* makes plain data of a message; what *ignore* names in it may
    differ from one call to the next. *add* adds two chunks, *finish* makes a message of
    a sum, *answers* are those that the model can give, *name* is for reports.

    >>> from harness.fake import FakeChatModel
    >>> ModelSubject(make=FakeChatModel).make(AIMessage("Hi")).invoke("Hello!").text
    'Hi'
    """

    make: Callable[..., Any]
    name: str = "subject"
    answers: Callable[[], st.SearchStrategy[AIMessage]] | None = None
    observe: Callable[[Any], Mapping[str, Any]] = methodcaller("model_dump")
    finish: Callable[[Any], Any] = methodcaller("to_message")
    add: Callable[[Chunk, Chunk], Chunk] = add
    ignore: Collection[str] = frozenset()

    def seen(self, message: Any) -> dict[str, Any]:
        """What of *message* must be the same each time."""
        data = self.observe(message)
        return {key: value for key, value in data.items() if key not in self.ignore}

    def summed(self, chunks: Sequence[Any]) -> dict[str, Any]:
        """What the finished sum of *chunks* must say. Raises InputError without one."""
        if not chunks:
            raise InputError("The stream has no chunk at all.")
        return self.seen(self.finish(reduce(self.add, chunks)))


def same_sum(subject: Subject, case: Any) -> None:
    """Check that the two streams of *case* have one sum."""
    left, right = (subject.observe(subject.total(subject.made(s))) for s in case)
    same(left, right, "the sum of the first stream", "the sum of the second")


def capabilities(subject: Subject | ModelSubject) -> frozenset[str]:
    """What *subject* can do: the functions it has, and the fields its chunks say."""
    present = {
        field.name
        for field in fields(subject)
        if getattr(subject, field.name) is not None
    }
    said = subject.fields if isinstance(subject, Subject) else ()
    return frozenset({*present, *said})


_USAGE = {"input_tokens": 1, "output_tokens": 0, "total_tokens": 1}
_SAMPLES: dict[str, Delta] = {
    "blocks": {"content": [{"type": "text", "text": "a"}]},
    "cumulative_usage": {"cumulative_usage": _USAGE},
}


def _takes(make: Callable[..., Chunk], one: Chunk, field: str) -> bool:
    if field not in _SAMPLES:
        return hasattr(one, field)
    try:
        make(**_SAMPLES[field])
    except Exception:  # noqa: BLE001 - that it raises is what we ask
        return False
    return True
