"""The laws on other people's code: what holds, and what is known to be broken.

Each known failure is strict: once the law holds after all, the test fails.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from langchain_core import messages as lc
from langchain_core.language_models import GenericFakeChatModel
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel

from harness import AIMessage, FakeChatModel, say
from harness import strategies as hst
from harness.bridges.langchain import (
    as_langchain,
    from_langchain,
    message_to_langchain,
)
from harness.bridges.pydantic_ai import (
    as_pydantic_ai,
    from_pydantic_ai,
    message_to_response,
)
from harness.laws import TOOLS, ChatModelLaws, ChunkLaws, ModelSubject, Subject

FIELDS = (
    "content blocks tool_call_chunks usage_metadata response_metadata "
    "additional_kwargs id name chunk_position".split()
)

#: Scripts number their answers, and over there a batch asks in no certain order.
NUMBERED = frozenset({"id"})


def joined(chunks: Sequence[Any]) -> Any:
    """Give the sum of chunks as LangChain has it for many at once."""
    first, *rest = chunks
    return first + rest if rest else first


class TestChunksOfLangChain(ChunkLaws):
    """`AIMessageChunk` of langchain-core, over all small cases: the same each time."""

    exhaustive = True
    known_failures: ClassVar[dict[str, str]] = {
        "identity": "an empty text in front of blocks becomes one of them",
        "associativity": "two empty texts in front of blocks become one block or two",
        "closure": "the name is lost; metadata of two types raises TypeError",
        "purity": "nested metadata of the sum is that of its terms",
        "normal_form": "blocks and fragments of one chunk are not merged",
        "text": "half a character is shown, though its other half may follow",
        "round_trip": "half a character cannot be dumped",
        "serialised_sum": "half a character cannot be dumped",
        "split_invariance": "a character that is cut in two stays so",
        "interleaving": "calls stand as they arrived, not by their index",
        "order": "calls stand as they arrived, not by their index",
        "stuttering": "a name said twice is lost; a finish reason said twice is joined",
        "metadata": "texts are joined (stopstop), numbers are added up",
        "no_retraction": "a number is shown before its last digit has come",
        "preview_sound": "a number is shown before its last digit has come",
        "preview_encodes": "half a character is shown, and cannot be encoded",
        "strict_calls": "arguments that break off are completed: the call looks whole",
    }

    def subject(self) -> Subject:
        """Give the class under the names that the laws know."""
        return Subject.of(
            lambda **said: lc.AIMessageChunk(**{"content": "", **said}),
            name="TestChunksOfLangChain().subject()",
            fields=FIELDS,
            text=lambda chunk: str(chunk.text),
            concat=joined,
            finish=lc.message_chunk_to_message,
            conflicts=None,
            hashed=None,
        )


def scripted(answers: Sequence[AIMessage]) -> FakeChatModel:
    """Give a model that says whatever laws make up; to several prompts, by number."""
    prompts = [f"Hello {n}" for n, _ in enumerate(answers)] if answers[1:] else [None]
    return FakeChatModel(
        *(
            say(answer, when=prompt, misbehaving=True)
            for answer, prompt in zip(answers, prompts, strict=True)
        )
    )


class TestModelsUnderLangChain(ChatModelLaws):
    """A model of ours, asked as LangChain asks, in its messages and chunks."""

    def subject(self) -> ModelSubject:
        """Give a model whose messages and sums are LangChain's."""
        return ModelSubject(
            make=lambda *answers: as_langchain(scripted(answers)).bind_tools(TOOLS),
            observe=observed,
            finish=lc.message_chunk_to_message,
            ignore={"name"},  # their sum loses it, see "closure" above
        )


def observed(message: Any) -> dict[str, Any]:
    """Give what a message of LangChain says, however its content is spelled."""
    data = message.model_dump(exclude={"content"})
    blocks = [{**block, "index": None} for block in message.content_blocks]
    return {**data, "blocks": blocks}


class TestModelsThroughLangChain(ChatModelLaws):
    """There and back: over both bridges a model is as lawful as before."""

    ignore = NUMBERED

    def make_model(self, *answers: AIMessage) -> Any:
        """Give a model of ours behind LangChain."""
        return from_langchain(as_langchain(scripted(answers))).bind_tools(TOOLS)


class TestModelsThroughPydanticAI(ChatModelLaws):
    """There and back: over both bridges a model is as lawful as before."""

    def subject(self) -> ModelSubject:
        """Give a model of ours behind pydantic-ai.

        Images by address are no part of an answer there: whole they come back in
        their place, in a stream they come last.
        """
        return ModelSubject(
            make=lambda *answers: from_pydantic_ai(
                as_pydantic_ai(scripted(answers))
            ).bind_tools(TOOLS),
            answers=lambda: hst.answers().filter(
                lambda m: all("url" not in block for block in m.content_blocks)
            ),
            ignore=NUMBERED,
        )


class TestFakesOfLangChain(ChatModelLaws):
    """`GenericFakeChatModel`, over all small cases."""

    exhaustive = True
    ignore = frozenset({"id"})
    known_failures: ClassVar[dict[str, str]] = {
        "stream": "a stream has neither calls nor metadata; an empty text has no chunk",
        "async_stream": "an empty text has no chunk, and is no stream",
    }

    def make_model(self, *answers: AIMessage) -> Any:
        """Give their fake, as a model of ours."""
        said = iter([message_to_langchain(answer) for answer in answers])
        return from_langchain(GenericFakeChatModel(messages=said))


class TestFunctionsOfPydanticAI(ChatModelLaws):
    """`FunctionModel` without a function for streams, which it needs to be streamed."""

    exhaustive = True
    ignore = frozenset({"id"})
    known_failures: ClassVar[dict[str, str]] = {
        "stream": "a FunctionModel has one function to answer, and another to stream",
        "async_stream": "a FunctionModel has one function to answer, another to stream",
    }

    def make_model(self, *answers: AIMessage) -> Any:
        """Give their fake, as a model of ours."""
        said = iter(answers)

        def answer(_messages: Any, _info: AgentInfo) -> ModelResponse:
            return message_to_response(next(said), model_name="m")

        return from_pydantic_ai(FunctionModel(answer))
