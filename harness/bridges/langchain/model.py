"""A chat model of LangChain that is a harness model underneath."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from harness.bridges.answering import answering
from harness.bridges.langchain.chunks import ChunkWriter
from harness.bridges.langchain.lines import Place, here, lined_up
from harness.bridges.langchain.messages import (
    message_from_langchain,
    message_to_langchain,
)
from harness.bridges.langchain.structured import structured
from harness.bridges.names import name_of
from harness.errors import InputError, nearest, shown
from harness.messages import Message
from harness.models import ChatModel
from harness.models.playback import Playback

__all__ = ["HarnessChatModel", "as_langchain"]

#: Messages, config and parameters of one call.
_Asked = tuple[list[Message], dict[str, Any], dict[str, Any]]

_PARAMS = ("temperature", "max_tokens", "stop")
#: What LangChain says to a model that is no parameter of a request.
_OF_LANGCHAIN = ("stream", "output_version", "stream_usage")


class HarnessChatModel(BaseChatModel):
    """A real `BaseChatModel` that asks *chat*; see `as_langchain`.

    Without *chat* it answers by itself whatever is asked, lawfully: it calls the tools
    that it must with arguments that fit their schemas, and gives the structure that is
    wanted. Values that the last message names are used where they fit.
    *temperature*, *max_tokens* and *stop* are parameters of every request; *timeout*
    (seconds), *max_retries* and *api_key* are what LangChain gives every model, and
    mean nothing to this one.

    >>> HarnessChatModel(model="auto").invoke("Hi").content
    'Okay.'
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: str = "auto"
    chat: ChatModel = Field(default_factory=answering, exclude=True, repr=False)
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    max_retries: int | None = None
    stop: list[str] | None = None
    api_key: str | None = Field(default=None, repr=False, exclude=True)
    streaming: bool = False

    @property
    def _llm_type(self) -> str:
        return "harness"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, **self._params()}

    def _resolve_model_profile(self) -> ModelProfile:
        """What a script can do: everything, within limits that middleware reads."""
        return {
            "name": self.model,
            "max_input_tokens": 200_000,
            "max_output_tokens": 32_000,
            "text_inputs": True,
            "image_inputs": True,
            "image_url_inputs": True,
            "pdf_inputs": True,
            "audio_inputs": True,
            "image_tool_message": True,
            "pdf_tool_message": True,
            "reasoning_output": True,
            "tool_calling": True,
            "tool_choice": True,
            "structured_output": True,
        }

    # ------------------------------------------------------------------ binding

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind *tools* in any form that LangChain knows.

        *tool_choice* is "auto", "none", "any" (or "required", True), the name of a
        tool, or a provider's dict; a name that is not bound is an InputError when the
        model is asked. *strict* and *parallel_tool_calls* are told to the model.
        """
        kwargs["tools"] = [
            convert_to_openai_tool(tool, strict=strict) for tool in tools
        ]
        if tool_choice is not None and tool_choice is not False:
            kwargs["tool_choice"] = tool_choice
        if parallel_tool_calls is not None:
            kwargs["parallel_tool_calls"] = parallel_tool_calls
        return self.bind(**kwargs)

    def with_structured_output(
        self,
        schema: Any,
        *,
        include_raw: bool = False,
        method: str = "function_calling",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Answer with values of *schema*, asked for by one of the three methods.

        *strict* asks for exactly this schema.
        """
        return structured(
            self, schema, method, strict=strict, include_raw=include_raw, **kwargs
        )

    # ------------------------------------------------------------------- asking

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        playback = self._open(messages, stop, run_manager, kwargs)
        for _ in playback.chunks():
            pass
        return _result(playback)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        playback = await self._aopen(messages, stop, run_manager, kwargs)
        async for _ in playback.achunks():
            pass
        return _result(playback)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        playback = self._open(messages, stop, run_manager, kwargs, stream=True)
        writer = self._writer(kwargs)
        for chunk in playback.chunks():
            if (said := writer.feed(chunk)) is not None:
                yield ChatGenerationChunk(message=said)
        yield ChatGenerationChunk(message=writer.close())

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        playback = await self._aopen(messages, stop, run_manager, kwargs, stream=True)
        writer = self._writer(kwargs)
        async for chunk in playback.achunks():
            if (said := writer.feed(chunk)) is not None:
                yield ChatGenerationChunk(message=said)
        yield ChatGenerationChunk(message=writer.close())

    def _writer(self, kwargs: Mapping[str, Any]) -> ChunkWriter:
        version = kwargs.get("output_version") or self.output_version
        return ChunkWriter(blocks=version == "v1")

    def _open(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: Any,
        kwargs: Mapping[str, Any],
        *,
        stream: bool = False,
    ) -> Playback:
        asked = self._asked(messages, stop, run_manager, kwargs)
        if (place := here()) is not None:
            place.wait()
        return self._opened(asked, place, stream=stream)

    async def _aopen(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: Any,
        kwargs: Mapping[str, Any],
        *,
        stream: bool = False,
    ) -> Playback:
        asked = self._asked(messages, stop, run_manager, kwargs)
        if (place := here()) is not None:
            await place.await_()
        return self._opened(asked, place, stream=stream, tasks=True)

    def _opened(
        self, asked: _Asked, place: Place | None, *, stream: bool, tasks: bool = False
    ) -> Playback:
        try:
            return self.chat._open(*asked, stream=stream, tasks=tasks)
        finally:
            if place is not None:
                place.asked()

    def _asked(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: Any,
        kwargs: Mapping[str, Any],
    ) -> _Asked:
        """What is asked, in which run, and with which parameters."""
        params = {**self._params(), **kwargs}
        for name in _OF_LANGCHAIN:
            params.pop(name, None)
        if stop is not None:
            params["stop"] = stop
        if self.model != name_of(self.chat):
            params.setdefault("model", self.model)
        config: dict[str, Any] = {}
        if run_manager is not None:
            config = {"run_id": run_manager.run_id, "tags": run_manager.tags or []}
        return [message_from_langchain(one) for one in messages], config, params

    def _params(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in _PARAMS}
        return {name: value for name, value in said.items() if value is not None}

    # ------------------------------------------------------------------ batches

    def invoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The whole answer to *input*."""
        if not isinstance(input, Place):
            return super().invoke(input, config, **kwargs)
        with input.taken():
            return super().invoke(input.value, config, **kwargs)

    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AIMessage:
        """The same in a task."""
        if not isinstance(input, Place):
            return await super().ainvoke(input, config, **kwargs)
        with input.taken():
            return await super().ainvoke(input.value, config, **kwargs)

    def batch(self, inputs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The answers to *inputs*, which are asked in their order."""
        return super().batch(lined_up(inputs), *args, **kwargs)

    async def abatch(self, inputs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """The same in tasks."""
        return await super().abatch(lined_up(inputs), *args, **kwargs)

    def batch_as_completed(
        self, inputs: Any, *args: Any, **kwargs: Any
    ) -> Iterator[Any]:
        """The answers as they come, each with the number of its input."""
        return super().batch_as_completed(lined_up(inputs), *args, **kwargs)

    def abatch_as_completed(
        self, inputs: Any, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """The same in tasks."""
        return super().abatch_as_completed(lined_up(inputs), *args, **kwargs)


def as_langchain(model: ChatModel, /, **fields: Any) -> HarnessChatModel:
    """*model* as a chat model of LangChain.

    Scripts, cassettes and live models serve alike; what is bound to *model* holds, its
    journal and its clock stay its own. *fields* are those of a `HarnessChatModel`, such
    as ``output_version="v1"`` or ``profile={...}``. Raises InputError.

    >>> from harness import FakeChatModel
    >>> as_langchain(FakeChatModel("Hello!")).invoke("Hi").content
    'Hello!'
    """
    if not isinstance(model, ChatModel):
        raise InputError(f"{shown(model)} is no chat model of harness.")
    for name in fields.keys() - HarnessChatModel.model_fields.keys():
        known = nearest(name, HarnessChatModel.model_fields)
        raise InputError(f"a HarnessChatModel has no field {name!r}. {known}")
    return HarnessChatModel.model_validate(
        {"model": name_of(model), **fields, "chat": model}
    )


def _result(playback: Playback) -> ChatResult:
    message = message_to_langchain(playback.message())
    return ChatResult(generations=[ChatGeneration(message=message)])
