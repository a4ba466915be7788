"""Callbacks: what the application hears of a run while it goes on.

A handler is any object with some of the four methods of `CallbackHandler`, sync or
async. An error in one is the application's bug: it ends the run as a CallbackError.
"""

import contextvars
import inspect
import threading
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import CallbackError, InputError, shown
from harness.messages import AIMessage, Message

__all__ = ["CallbackHandler", "ChatGeneration", "LLMResult", "afire", "fire"]

_METHODS = ("on_chat_model_start", "on_llm_new_token", "on_llm_end", "on_llm_error")


@dataclass(frozen=True, slots=True)
class ChatGeneration:
    """One answer of a model: *message*.

    >>> ChatGeneration(AIMessage("Hello!")).text
    'Hello!'
    """

    message: AIMessage

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.message.text


@dataclass(frozen=True, slots=True)
class LLMResult:
    """The answers of one call, as a callback hears of them.

    *generations* has one list for each prompt, with one entry for each answer: a model
    of ours is asked once, and answers once.

    >>> result = LLMResult([[ChatGeneration(AIMessage("Hello!"))]])
    >>> result.generations[0][0].message.text
    'Hello!'
    """

    generations: list[list[ChatGeneration]]


class CallbackHandler:
    """Hears of runs; override what you need, sync or ``async``.

    Each method is also given ``run_id``, ``parent_run_id``, ``tags``, ``metadata`` and
    ``name`` by keyword (*run*).

    >>> class Printer(CallbackHandler):
    ...     def on_llm_new_token(self, token, **run):
    ...         print(token, end="")
    >>> from harness.fake import FakeChatModel
    >>> model = FakeChatModel("Hello!")
    >>> answer = sum(model.stream("Hi", {"callbacks": [Printer()]}))
    Hello!
    """

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[Message]], **run: Any
    ) -> Any:
        """A model is about to answer *messages*; *serialized* names it."""

    def on_llm_new_token(self, token: str, *, chunk: AIMessageChunk, **run: Any) -> Any:
        """A piece has come: its text (*token*), and the whole *chunk*."""

    def on_llm_end(self, response: LLMResult, **run: Any) -> Any:
        """The answer is complete: *response*."""

    def on_llm_error(self, error: BaseException, **run: Any) -> Any:
        """The run failed with *error*, or whoever listened to it stopped."""


def checked(handlers: Iterable[object]) -> tuple[Any, ...]:
    """*handlers*, each of which has at least one of the methods."""
    found = tuple(handlers)
    for handler in found:
        if isinstance(handler, type):
            raise InputError(
                f"{shown(handler)} is a class: give a callback handler made of it, "
                f"{handler.__name__}()."
            )
        if not any(hasattr(handler, method) for method in _METHODS):
            raise InputError(
                f"{shown(handler)} is no callback handler: it has none of "
                f"{', '.join(_METHODS)}."
            )
    return found


def fire(handlers: Iterable[Any], method: str, *args: Any, **run: Any) -> None:
    """Call *method* of every handler that has it; coroutines are run to their end.

    All hear of it, then the first error is raised as a CallbackError.
    """
    errors: list[CallbackError] = []
    for handler in handlers:
        if (call := getattr(handler, method, None)) is not None:
            try:
                result = call(*args, **run)
                if inspect.isawaitable(result):
                    _finish(_awaited(result))
            except Exception as error:  # noqa: BLE001 - reported below
                errors.append(_reported(handler, method, error))
    if errors:
        raise errors[0]


async def afire(handlers: Iterable[Any], method: str, *args: Any, **run: Any) -> None:
    """The same in a task: coroutines are awaited."""
    errors: list[CallbackError] = []
    for handler in handlers:
        if (call := getattr(handler, method, None)) is not None:
            try:
                result = call(*args, **run)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:  # noqa: BLE001 - reported below
                errors.append(_reported(handler, method, error))
    if errors:
        raise errors[0]


def _reported(handler: object, method: str, error: Exception) -> CallbackError:
    report = CallbackError(
        f"{type(handler).__name__}.{method} raised {type(error).__name__}: {error}"
    )
    report.__cause__ = error
    return report


async def _awaited(result: Any) -> None:
    await result


def _finish(work: Coroutine[Any, Any, None]) -> None:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    # This thread's loop is busy running us: the coroutine gets a loop of its own.
    context = contextvars.copy_context()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            context.run(asyncio.run, work)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
