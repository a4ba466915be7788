"""A model of pydantic-ai that asks one of ours: a script, a cassette, a live one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai.messages import InstructionPart, ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.native_tools import SUPPORTED_NATIVE_TOOLS, AbstractNativeTool
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext

from harness.bridges.names import name_of
from harness.bridges.pydantic_ai.answers import message_to_response
from harness.bridges.pydantic_ai.asking import asked_of_ours
from harness.bridges.pydantic_ai.failures import their_error
from harness.bridges.pydantic_ai.history import messages_from_pydantic_ai
from harness.bridges.pydantic_ai.parts import PROVIDER
from harness.bridges.pydantic_ai.streams import HarnessStream
from harness.errors import InputError, ModelError, shown
from harness.messages import Message
from harness.models import ChatModel

__all__ = ["HarnessModel", "as_pydantic_ai"]

#: What a script can do: everything.
_PROFILE: ModelProfile = {
    "supports_tools": True,
    "supports_json_schema_output": True,
    "supports_json_object_output": True,
    "supports_image_output": True,
    "supports_inline_system_prompts": True,
}


class HarnessModel(Model[None]):
    """A model of pydantic-ai that asks *chat*; see `as_pydantic_ai`.

    >>> from harness import FakeChatModel
    >>> HarnessModel(FakeChatModel("Hello!"), model_name="mine").model_name
    'mine'
    """

    unsupported_settings = frozenset({"timeout", "max_retries", "extra_headers"})

    def __init__(
        self,
        chat: ChatModel,
        *,
        model_name: str | None = None,
        profile: ModelProfile | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        super().__init__(settings=settings, profile={**_PROFILE, **(profile or {})})
        #: The model that is asked.
        self.chat = chat
        self._name = model_name or name_of(chat)

    @property
    def model_name(self) -> str:
        """Who answers, where the answer does not say it."""
        return self._name

    @property
    def system(self) -> str:
        """The provider."""
        return PROVIDER

    @classmethod
    def supported_native_tools(cls) -> frozenset[type[AbstractNativeTool]]:
        """All that run at a provider, but for the search of tools."""
        return frozenset(t for t in SUPPORTED_NATIVE_TOOLS if t.kind != "tool_search")

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The whole answer. Raises ModelAPIError where the model fails."""
        settings, asked = self.prepare_request(model_settings, model_request_parameters)
        said, params = self._said(messages, settings, asked)
        try:
            answer = await self.chat.ainvoke(said, **params)
        except ModelError as error:
            raise their_error(error, self.model_name) from error
        return message_to_response(answer, model_name=self.model_name)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,  # noqa: ARG002 - theirs
    ) -> AsyncGenerator[StreamedResponse]:
        """The answer as it comes. Raises ModelAPIError where it does not begin."""
        settings, asked = self.prepare_request(model_settings, model_request_parameters)
        said, params = self._said(messages, settings, asked)
        chunks = self.chat.astream(said, **params)
        try:
            try:
                first = await anext(chunks)
            except ModelError as error:
                raise their_error(error, self.model_name) from error
            yield HarnessStream(asked, first, chunks, self.model_name)
        finally:
            await chunks.aclose()

    def _said(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        asked: ModelRequestParameters,
    ) -> tuple[list[Message], dict[str, Any]]:
        """The messages, and what else is asked."""
        parts = self._get_instruction_parts(messages, asked)
        instructions = InstructionPart.join(parts) if parts else None
        said = messages_from_pydantic_ai(messages, instructions=instructions)
        params = asked_of_ours(settings, asked)
        if self._name != name_of(self.chat):
            params.setdefault("model", self._name)
        return said, params


def as_pydantic_ai(
    model: ChatModel,
    /,
    *,
    model_name: str | None = None,
    profile: ModelProfile | None = None,
    settings: ModelSettings | None = None,
) -> HarnessModel:
    """*model* as a model of pydantic-ai: for an `Agent`, or in ``agent.override``.

    Scripts, cassettes and live models serve alike; what is bound to *model* holds, its
    journal and its clock stay its own. *model_name* is what is asked for and who
    answers, *profile* what the model can do (by default all), *settings* its defaults.
    A provider's failure is a `ModelHTTPError` or `ModelAPIError`; errors of the script
    or the cassette stay what they are. Raises InputError.

    >>> import asyncio
    >>> from harness import FakeChatModel
    >>> from pydantic_ai import Agent
    >>> agent = Agent(as_pydantic_ai(FakeChatModel("Hello!")))
    >>> asyncio.run(agent.run("Hi")).output
    'Hello!'
    """
    if not isinstance(model, ChatModel):
        raise InputError(f"{shown(model)} is no chat model of harness.")
    return HarnessModel(
        model, model_name=model_name, profile=profile, settings=settings
    )
