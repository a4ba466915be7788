"""Fake models keep every law of models, and each law sees a model that breaks it."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import count

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.fake import FakeChatModel
from harness.laws import (
    MODEL_LAWS,
    TOOLS,
    ChatModelLaws,
    LawBroken,
    ModelSubject,
    check,
    params,
    run,
)
from harness.messages import AIMessage

LAWS = {law.name: law for law in MODEL_LAWS}


class TestFakeChatModel(ChatModelLaws):
    """Our fake keeps every law."""

    def make_model(self, *answers: AIMessage) -> object:
        """Play the answers; what they call is bound."""
        return FakeChatModel(*answers).bind_tools([*TOOLS])


class Parrot:
    """The smallest model: it says what it was told to, word for word."""

    def __init__(self, *answers: AIMessage) -> None:
        ids = (f"run_{n}" for n in count())
        self.answers = [m.model_copy(update={"id": m.id or next(ids)}) for m in answers]
        self.turn = iter(self.answers)

    def invoke(self, _: str) -> AIMessage:
        """Give the next answer."""
        return next(self.turn)

    def stream(self, prompt: str) -> Iterator[AIMessageChunk]:
        """Give the next answer in one chunk."""
        yield AIMessageChunk.from_message(self.invoke(prompt))

    async def ainvoke(self, prompt: str) -> AIMessage:
        """Give the next answer."""
        return self.invoke(prompt)

    async def astream(self, prompt: str) -> AsyncIterator[AIMessageChunk]:
        """Give the next answer in one chunk."""
        for chunk in self.stream(prompt):
            yield chunk

    def batch(self, prompts: Sequence[str]) -> list[AIMessage]:
        """Give an answer each."""
        return [self.invoke(prompt) for prompt in prompts]

    async def abatch(self, prompts: Sequence[str]) -> list[AIMessage]:
        """Give an answer each."""
        return self.batch(prompts)


PARROT = ModelSubject(make=Parrot)


@pytest.mark.parametrize("law", params(PARROT, exhaustive=True))
def test_a_small_model_keeps_the_law(law: Callable[[], None]) -> None:
    """A model of anybody's that answers the same in all ways keeps the laws."""
    law()


class TextOnly(Parrot):
    """Streams text alone, as many fakes do."""

    def stream(self, prompt: str) -> Iterator[AIMessageChunk]:
        """Forget the calls and all that is said beside the text."""
        yield AIMessageChunk(self.invoke(prompt).text)


class Silent(Parrot):
    """Streams nothing at all."""

    def stream(self, prompt: str) -> Iterator[AIMessageChunk]:
        """Say nothing."""
        yield from ()


class OtherwiseAsync(Parrot):
    """Answers otherwise when awaited."""

    async def ainvoke(self, prompt: str) -> AIMessage:
        """Forget the calls."""
        return AIMessage(self.invoke(prompt).text)

    async def astream(self, prompt: str) -> AsyncIterator[AIMessageChunk]:
        """Say one word more."""
        for chunk in self.stream(prompt):
            yield chunk + AIMessageChunk("!")


class Backwards(Parrot):
    """Gives the answers of a batch the wrong way round, all under one id."""

    def batch(self, prompts: Sequence[str]) -> list[AIMessage]:
        """Answer the last first."""
        found = [self.invoke(prompt) for prompt in prompts]
        return [m.model_copy(update={"id": "run"}) for m in reversed(found)]


BROKEN = {
    "stream": TextOnly,
    "async_invoke": OtherwiseAsync,
    "async_stream": OtherwiseAsync,
    "batch": Backwards,
    "distinct_ids": Backwards,
}


@pytest.mark.parametrize("name", LAWS)
def test_a_broken_model_is_seen(name: str) -> None:
    """A model that breaks a law is found; the failure shows the answer it had."""
    with pytest.raises(LawBroken) as failure:
        run(ModelSubject(make=BROKEN[name], name="model"), LAWS[name])

    text = str(failure.value)
    assert text.startswith(f"model breaks the law {name!r}: {LAWS[name].statement}\n")
    assert "from harness.messages import AIMessage\n" in text
    assert f"check(model, {name!r}," in text


def test_a_stream_of_nothing_is_told() -> None:
    """A model that streams no chunk breaks the law of streams, in plain words."""
    with pytest.raises(LawBroken, match="The stream has no chunk at all"):
        run(ModelSubject(make=Silent), LAWS["stream"])


def test_declared_differences_are_ignored() -> None:
    """What a subject declares to differ does not break a law."""
    case = (AIMessage("Hi", response_metadata={"finish_reason": "stop"}),)
    lossy = ModelSubject(make=TextOnly, ignore={"response_metadata", "id"})

    check(lossy, "stream", case)
    with pytest.raises(LawBroken):
        check(ModelSubject(make=TextOnly), "stream", case)


def test_laws_of_chunks_are_not_laws_of_models() -> None:
    """A law of the other kind is no law of this subject."""
    with pytest.raises(InputError, match="No law is 'associativity'"):
        check(PARROT, "associativity", ())
