"""A model of pydantic-ai as one of ours: to be recorded, replayed and examined."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from pydantic_ai import direct
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model, infer_model

from harness.bridges.pydantic_ai.answers import message_from_response
from harness.bridges.pydantic_ai.asking import asked_of_theirs
from harness.bridges.pydantic_ai.events import EventReader
from harness.bridges.pydantic_ai.failures import fault_of
from harness.bridges.pydantic_ai.history import messages_to_pydantic_ai
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.models import ChatModel
from harness.requests import ChatRequest
from harness.steps import Step

__all__ = ["PydanticAIModel", "from_pydantic_ai"]


def from_pydantic_ai(model: Model | str, /) -> "PydanticAIModel":
    """*model*, any model of pydantic-ai or the name of one, as a `ChatModel`.

    So it can be recorded as messages, replayed, and put to the laws of models. Tools,
    choice, structure and parameters are passed on in pydantic-ai's terms. Raises
    InputError.

    >>> from pydantic_ai.models.test import TestModel
    >>> from_pydantic_ai(TestModel(custom_output_text="Hello!")).invoke("Hi").text
    'Hello!'
    """
    if isinstance(model, str):
        model = infer_model(model)
    if not isinstance(model, Model):
        raise InputError(f"{shown(model)} is no model of pydantic-ai.")
    return PydanticAIModel(model)


class PydanticAIModel(ChatModel):
    """Asks *model*, a model of pydantic-ai; made by `from_pydantic_ai`.

    Without ``await`` it has an event loop of its own for each answer, so it cannot be
    invoked from inside a running one: `ainvoke` and `astream` are for that.

    >>> from pydantic_ai.models.test import TestModel
    >>> PydanticAIModel(TestModel(custom_output_text="Hello!")).invoke("Hi").text
    'Hello!'
    """

    blocking = True

    def __init__(self, model: Model) -> None:
        #: The model that is asked.
        self.model = model

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """What the model answers to *request*; its provider's errors are faults."""
        return _pulled(self.aplay(request))

    def aplay(self, request: ChatRequest) -> AsyncGenerator[Step]:
        """The same, asked in tasks."""
        name = self.model.model_name
        settings, asked = asked_of_theirs(request, model_name=name)
        messages = messages_to_pydantic_ai(
            request.messages, model_name=name, provider=self.model.system
        )
        said: dict[str, Any] = {
            "model_settings": settings,
            "model_request_parameters": asked,
        }
        return self._steps(messages, said, stream=request.stream)

    async def _steps(
        self, messages: list[ModelMessage], said: dict[str, Any], *, stream: bool
    ) -> AsyncGenerator[Step]:
        model = self.model
        try:
            async with model:  # it has connections of this loop
                if stream:
                    async for chunk in _streamed(model, messages, said):
                        yield chunk
                else:
                    answer = await direct.model_request(model, messages, **said)
                    yield AIMessageChunk.from_message(message_from_response(answer))
        except ModelAPIError as error:
            yield fault_of(error)


async def _streamed(
    model: Model, messages: list[ModelMessage], said: dict[str, Any]
) -> AsyncIterator[AIMessageChunk]:
    reader = EventReader()
    async with direct.model_request_stream(model, messages, **said) as stream:
        async for event in stream:
            if (chunk := reader.feed(event)) is not None:
                name = stream.provider_response_id  # else the run would give it one
                yield chunk if name is None else chunk.identified(name)
        yield reader.close(stream.get())


def _pulled(steps: AsyncGenerator[Step]) -> Iterator[Step]:
    """*steps*, taken one by one in an event loop of their own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise InputError(
            "A model of pydantic-ai is awaited where an event loop is running: use "
            "ainvoke, astream or abatch."
        )
    with asyncio.Runner() as runner:
        try:
            while True:
                try:
                    step = runner.run(_next(steps))
                except StopAsyncIteration:
                    return
                yield step
        finally:
            runner.run(steps.aclose())


async def _next(steps: AsyncGenerator[Step]) -> Step:
    return await anext(steps)
