"""Laws as test classes: subclass one, implement one method."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from harness.errors import InputError
from harness.laws.dialects import DialectSubject
from harness.laws.law import Law, NotCovered
from harness.laws.parameters import marks
from harness.laws.running import (
    CHUNK_LAWS,
    DIALECT_LAWS,
    MODEL_LAWS,
    AnySubject,
    known,
    run,
)
from harness.laws.subjects import ModelSubject, Subject
from harness.messages import AIMessage
from harness.strategies.wire import ANSWER_PARTS
from harness.strategies.wire_requests import REQUEST_PARTS
from harness.wire import Dialect

__all__ = ["ChatModelLaws", "ChunkLaws", "DialectLaws"]


class _Laws:
    """What the classes below share: each subclass gets tests of its own."""

    laws: ClassVar[tuple[Law, ...]] = ()
    #: Why laws are known to be broken, by name; one that holds after all fails.
    known_failures: ClassVar[Mapping[str, str]] = {}
    #: Whether to check all small cases in place of random ones.
    exhaustive: ClassVar[bool] = False
    #: Whether to check the laws that measure time, too.
    costs: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.laws:
            return
        laws = tuple(law for law in cls.laws if cls.costs or not law.opt_in)
        reasons = known(cls.known_failures, laws)
        for law in laws:
            name = f"test_{law.name}"
            if name in vars(cls):
                raise InputError(
                    f"{cls.__name__} overrides {name}. If the law is known to be "
                    f"broken, say so: known_failures = {{{law.name!r}: 'the reason'}}."
                )
            setattr(cls, name, _test(cls, law, marks(law, laws, reasons, None)))

    def subject(self) -> AnySubject:
        """The subject of the laws; override it to say more than one method can."""
        raise NotImplementedError


def _test(cls: type[_Laws], law: Law, marked: list[Any]) -> Callable[[Any], None]:
    def test(self: _Laws) -> None:
        __tracebackhide__ = True
        import pytest

        try:
            run(self.subject(), law, exhaustive=self.exhaustive)
        except NotCovered as reason:
            pytest.skip(str(reason))

    test.__name__ = f"test_{law.name}"
    test.__qualname__ = f"{cls.__qualname__}.{test.__name__}"
    test.__module__ = cls.__module__
    test.__doc__ = f"{law.statement[:1].upper()}{law.statement[1:]}."
    for mark in marked:
        mark(test)
    return test


class ChunkLaws(_Laws):
    """All laws of chunks. Subclass it as ``Test...`` and implement `make_chunk`.

    >>> from harness.chunks import AIMessageChunk
    >>> class TestMyChunks(ChunkLaws):
    ...     def make_chunk(self, **fields):
    ...         return AIMessageChunk(**fields)
    >>> TestMyChunks().test_associativity()
    """

    laws = CHUNK_LAWS

    def make_chunk(self, **fields: Any) -> Any:
        """A new chunk that says *fields*, some of AIMessageChunk's keywords.

        Yours to write: without it, NotImplementedError.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no make_chunk(self, **fields): return a chunk "
            "that says what the fields, keywords of AIMessageChunk, say."
        )

    def subject(self) -> Subject:
        """The subject: a class that is spelled like AIMessageChunk."""
        return Subject.of(self.make_chunk, name=f"{type(self).__name__}().subject()")


class ChatModelLaws(_Laws):
    """All laws of chat models. Subclass it as ``Test...``, implement `make_model`.

    >>> from harness.fake import FakeChatModel
    >>> class TestMyModel(ChatModelLaws):
    ...     def make_model(self, *answers):
    ...         return FakeChatModel(*answers, check=False)
    >>> TestMyModel().test_stream()
    """

    laws = MODEL_LAWS
    #: Fields of a message that may differ from one call to the next.
    ignore: ClassVar[frozenset[str]] = frozenset()

    def make_model(self, *answers: AIMessage) -> Any:
        """A new model that gives *answers*, one a call.

        Yours to write: without it, NotImplementedError.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no make_model(self, *answers): return a new "
            "model that gives these answers, one a call."
        )

    def subject(self) -> ModelSubject:
        """The subject: models that speak in AIMessage and AIMessageChunk."""
        name = f"{type(self).__name__}().subject()"
        return ModelSubject(make=self.make_model, name=name, ignore=self.ignore)


class DialectLaws(_Laws):
    """All laws of wire formats. Subclass it as ``Test...``, implement `make_dialect`.

    >>> from harness.wire import DIALECTS
    >>> class TestMyDialect(DialectLaws):
    ...     def make_dialect(self):
    ...         return DIALECTS["openai-chat"]
    >>> TestMyDialect().test_error_round_trip()
    """

    laws = DIALECT_LAWS
    #: Which parts of an answer, and of a request, the format has room for.
    carries: ClassVar[Collection[str]] = ANSWER_PARTS
    asks: ClassVar[Collection[str]] = REQUEST_PARTS
    #: Events that mean nothing.
    pings: ClassVar[Sequence[bytes]] = ()
    #: Whether events are numbered, or all said twice, so that none is lost unseen.
    numbered: ClassVar[bool] = False
    #: Dialects that this one must agree with.
    peers: ClassVar[Sequence[DialectSubject]] = ()

    def make_dialect(self) -> Dialect:
        """The dialect.

        Yours to write: without it, NotImplementedError.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no make_dialect(self): return an object that "
            "has the methods of harness.wire.Dialect."
        )

    def subject(self) -> DialectSubject:
        """The subject: what the class says of the dialect."""
        return DialectSubject.of(
            self.make_dialect(),
            name=f"{type(self).__name__}().subject()",
            carries=self.carries,
            asks=self.asks,
            pings=self.pings,
            numbered=self.numbered,
            peers=self.peers,
        )
