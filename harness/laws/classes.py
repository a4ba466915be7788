"""Laws as test classes: subclass one, implement one method."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from harness.errors import InputError
from harness.laws.law import Law, NotCovered
from harness.laws.parameters import marks
from harness.laws.running import CHUNK_LAWS, MODEL_LAWS, AnySubject, known, run
from harness.laws.subjects import ModelSubject, Subject
from harness.messages import AIMessage

__all__ = ["ChatModelLaws", "ChunkLaws"]


class _Laws:
    """What both classes below share: each subclass gets tests of its own."""

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
            run(law, self.subject(), exhaustive=self.exhaustive)
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
        """A new chunk that says *fields*, some of AIMessageChunk's keywords."""
        raise NotImplementedError(
            f"{type(self).__name__} has no make_chunk(self, **fields): return a chunk "
            "that says what the fields, keywords of AIMessageChunk, say."
        )

    def subject(self) -> Subject:
        """The subject: a class that is spelled like AIMessageChunk."""
        return Subject.of(self.make_chunk, name=f"{type(self).__name__}().subject()")


class ChatModelLaws(_Laws):
    """All laws of chat models. Subclass it as ``Test...``, implement `make_model`."""

    laws = MODEL_LAWS
    #: Fields of a message that may differ from one call to the next.
    ignore: ClassVar[frozenset[str]] = frozenset()

    def make_model(self, *answers: AIMessage) -> Any:
        """A new model that gives *answers*, one a call."""
        raise NotImplementedError(
            f"{type(self).__name__} has no make_model(self, *answers): return a new "
            "model that gives these answers, one a call."
        )

    def subject(self) -> ModelSubject:
        """The subject: models that speak in AIMessage and AIMessageChunk."""
        name = f"{type(self).__name__}().subject()"
        return ModelSubject(make=self.make_model, name=name, ignore=self.ignore)
