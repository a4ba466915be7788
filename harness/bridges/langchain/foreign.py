"""A chat model of LangChain as one of ours: to be recorded, replayed and examined."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk as TheirChunk
from langchain_core.messages import BaseMessage

from harness.bridges.langchain.chunks import chunk_from_langchain
from harness.bridges.langchain.messages import (
    message_from_langchain,
    message_to_langchain,
)
from harness.chunks import AIMessageChunk
from harness.errors import HarnessError, InputError, shown
from harness.messages import AIMessage
from harness.models import ChatModel
from harness.requests import ChatRequest, ResponseFormat
from harness.steps import Fault, FaultKind, Step
from harness.tool_specs import ToolSpec

__all__ = ["LangChainModel", "from_langchain"]

_WORDS: tuple[tuple[str, FaultKind], ...] = (
    ("Timeout", "timeout"),
    ("Connection", "connection"),
)


def from_langchain(model: Any) -> "LangChainModel":
    """*model*, any chat model of LangChain or a binding of one, as a `ChatModel`.

    So it can be recorded as messages, replayed, and put to the laws of models. Its
    tools, choice and parameters are passed on in LangChain's terms. Raises InputError.

    >>> from langchain_core.language_models import FakeListChatModel
    >>> from_langchain(FakeListChatModel(responses=["Hello!"])).invoke("Hi").text
    'Hello!'
    """
    inner = model
    while not isinstance(inner, BaseChatModel) and hasattr(inner, "bound"):
        inner = inner.bound
    if not isinstance(inner, BaseChatModel):
        raise InputError(
            f"{shown(model)} is no chat model of LangChain, nor one that is bound."
        )
    return LangChainModel(model)


class LangChainModel(ChatModel):
    """Asks *model*, a chat model of LangChain; made by `from_langchain`.

    >>> from langchain_core.language_models import FakeListChatModel
    >>> LangChainModel(FakeListChatModel(responses=["Hello!"])).invoke("Hi").text
    'Hello!'
    """

    blocking = True

    def __init__(self, model: Any) -> None:
        #: The model that is asked.
        self.model = model

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """What the model answers to *request*; its provider's errors are faults."""
        messages, bound, kwargs = self._said(request)
        return self._steps(messages, bound, kwargs, stream=request.stream)

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same, asked in tasks."""
        messages, bound, kwargs = self._said(request)
        return self._asteps(messages, bound, kwargs, stream=request.stream)

    def _steps(
        self, messages: list[BaseMessage], model: Any, kwargs: Any, *, stream: bool
    ) -> Iterator[Step]:
        try:
            if stream:
                for chunk in model.stream(messages, **kwargs):
                    yield _step(chunk)
            else:
                yield _step(model.invoke(messages, **kwargs))
        except Exception as error:
            if (fault := _fault(error)) is None:
                raise
            yield fault

    async def _asteps(
        self, messages: list[BaseMessage], model: Any, kwargs: Any, *, stream: bool
    ) -> AsyncIterator[Step]:
        try:
            if stream:
                async for chunk in model.astream(messages, **kwargs):
                    yield _step(chunk)
            else:
                yield _step(await model.ainvoke(messages, **kwargs))
        except Exception as error:
            if (fault := _fault(error)) is None:
                raise
            yield fault

    def _said(self, request: ChatRequest) -> tuple[list[BaseMessage], Any, Any]:
        """The messages, the model with its tools, and what else is asked."""
        model = self.model
        kwargs = dict(request.params)
        if request.stop:
            kwargs["stop"] = list(request.stop)
        if request.model:
            kwargs["model"] = request.model
        if request.response_format is not None:
            kwargs["response_format"] = _form(request.response_format)
        if request.tools:
            choice = request.tool_choice
            options: dict[str, Any] = {}
            if choice is not None:
                options["tool_choice"] = choice.provider or choice.name or choice.mode
            if request.parallel_tool_calls is not None:
                options["parallel_tool_calls"] = request.parallel_tool_calls
            model = model.bind_tools([_tool(spec) for spec in request.tools], **options)
        return [message_to_langchain(one) for one in request.messages], model, kwargs


def _step(said: BaseMessage) -> AIMessageChunk:
    if isinstance(said, TheirChunk):
        return chunk_from_langchain(said)
    message = message_from_langchain(said)
    if not isinstance(message, AIMessage):
        raise InputError(f"the model answered {shown(said)}, which is no AIMessage.")
    return AIMessageChunk.from_message(message)


def _tool(spec: ToolSpec) -> dict[str, Any]:
    if spec.provider is not None:
        return spec.provider
    function: dict[str, Any] = {
        "name": spec.name,
        "description": spec.description,
        "parameters": {"type": "object", "properties": {}, **spec.parameters},
    }
    if spec.strict is not None:
        function["strict"] = spec.strict
    return {"type": "function", "function": function}


def _form(asked: ResponseFormat) -> dict[str, Any]:
    if asked.kind != "json_schema":
        return {"type": asked.kind}
    said: dict[str, Any] = {"name": asked.name or "answer", "schema": asked.schema}
    if asked.strict is not None:
        said["strict"] = asked.strict
    return {"type": "json_schema", "json_schema": said}


def _fault(error: Exception) -> Fault | None:
    """What a provider's *error* says; None where it is none.

    SDKs agree on no class, but their errors have a status, or are called so.
    """
    if isinstance(error, HarnessError) and not hasattr(error, "status"):
        return None
    status = getattr(error, "status_code", getattr(error, "status", None))
    if isinstance(status, int) and 400 <= status <= 599:
        headers = getattr(getattr(error, "response", None), "headers", {})
        after = getattr(error, "retry_after", None) or _seconds(headers)
        return Fault(str(error), status=status, retry_after=after)
    names = " ".join(base.__name__ for base in type(error).__mro__)
    return next((Fault(str(error), k) for word, k in _WORDS if word in names), None)


def _seconds(headers: Any) -> float | None:
    try:
        return float(headers["retry-after"])
    except (KeyError, TypeError, ValueError):
        return None
