"""Answers of OpenAI Chat Completions, streamed or whole, as chunks.

In: bytes, cut anywhere. Out: one chunk for each event, whoever's habits it has; last
an empty chunk that says the stream has ended, or a Fault that says it broke off. What
no field of a chunk has room for is kept: under its own name in ``response_metadata``
(what stands beside the choices) or ``additional_kwargs`` (what stands in the message),
other choices than the first (``n`` > 1) as ``response_metadata["other_choices"]``.
Only padding, made to be thrown away, is.
"""

from collections.abc import Iterator
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire.faults import fault_of
from harness.wire.json_values import expect, says
from harness.wire.news import News
from harness.wire.openai_chat.deltas import Delta, DeltaReader
from harness.wire.openai_chat.usage import read_usage
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["ChatReader"]

_PADDING = frozenset({"obfuscation", "p"})
_APART = _PADDING | {"choices"}
_OWN = _APART | frozenset("created error id model object usage".split())
_OF_CHOICE = frozenset("delta error index message text".split())


class ChatReader:
    """Reads the events of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._choices: dict[int, _Choice] = {}
        self._news = News()
        self._frame: object = None

    def read(self, event: Event, said: Any) -> Iterator[Played]:
        """The chunks of one event, or of a whole reply."""
        # Gemini wraps its errors in a list.
        payload: Any = said[0] if isinstance(said, list) and said else said
        if not isinstance(payload, dict):
            raise WireError("it is not an object.")
        if not event.event and not _tells(payload):
            raise WireError("it has neither 'choices' nor 'error'.")
        self.repeat = None
        choices = expect(payload.get("choices"), list, "'choices'") or []
        read: list[Any] = [expect(choice, dict, "a choice") or {} for choice in choices]
        # Copilot sends one answer as two choices of one index: text, and calls.
        first = [choice for n, choice in enumerate(read) if _index(choice, n) == 0]
        for n, choice in enumerate(read):
            if index := _index(choice, n):
                self._choice(index).keep(choice)
        for choice in first or (None,):
            yield self._chunk(payload, choice)
        errors = [payload.get("error"), *(choice.get("error") for choice in read)]
        failed = payload if event.event == "error" else None
        wrong = next(filter(says, errors), failed)
        if wrong is not None:
            yield fault_of({**payload, "error": wrong})

    def _choice(self, index: int) -> "_Choice":
        return self._choices.setdefault(index, _Choice())

    def _chunk(
        self, payload: dict[str, Any], choice: dict[str, Any] | None
    ) -> AIMessageChunk:
        delta = Delta() if choice is None else self._choice(0).read(choice)
        about = {} if choice is None else _about(choice)
        frame = {k: v for k, v in payload.items() if k not in _APART}, about
        if frame == self._frame and not delta.metadata:
            # Most events say nothing new but their delta.
            chunk = AIMessageChunk(
                delta.content,
                tool_call_chunks=delta.calls,
                additional_kwargs=delta.kwargs or None,
                id=payload.get("id") or None,
            )
            self.repeat = _repeat(payload.get("choices") or [], delta, chunk)
            return chunk
        self._frame = None if says(about.get("logprobs")) else frame
        # Groq says it under a name of its own too, and others there alone.
        aside = expect(payload.get("x_groq"), dict, "'x_groq'") or {}
        usage = payload.get("usage") or aside.get("usage")
        usage = expect(usage, dict, "'usage'") or {}
        logprobs = about.get("logprobs")
        metadata = {k: v for k, v in payload.items() if k not in _OWN}
        # Azure's first event has these keys, and nothing in them.
        metadata["model_name"] = payload.get("model") or None
        metadata["created"] = payload.get("created") or None
        metadata["token_usage"] = usage
        if choice is not None:
            metadata |= {"model_provider": "openai", **about, "logprobs": None}
            metadata |= delta.metadata
        news = self._news.of(metadata)
        if says(logprobs):
            news["logprobs"] = logprobs
        answer_id = expect(payload.get("id"), str, "'id'") or None
        self.id = self.id or answer_id
        return AIMessageChunk(
            delta.content,
            tool_call_chunks=delta.calls,
            cumulative_usage=read_usage(usage),
            response_metadata=news,
            additional_kwargs=delta.kwargs,
            id=answer_id,
        )

    # --------------------------------------------------------------- the end

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        answers = self._choices.values()
        if answers and all(choice.finished for choice in answers):
            return None
        return "[DONE] or a finish_reason"

    def rest(self) -> AIMessageChunk | None:
        """What was held back until now."""
        delta = self._choice(0).rest() if 0 in self._choices else Delta()
        others = [
            {"index": index, **choice.message()}
            for index, choice in sorted(self._choices.items())
            if index
        ]
        if not others and delta == Delta():
            return None
        return _piece(delta, {"other_choices": others})


class _Choice:
    """One of the answers that were asked for."""

    def __init__(self) -> None:
        self._reader = DeltaReader()
        self._pieces: list[AIMessageChunk] = []
        self.finished = False
        self.rest = self._reader.rest

    def read(self, choice: dict[str, Any]) -> Delta:
        """What an event adds to this choice."""
        # A whole message is complete as it is.
        whole = "message" in choice and "delta" not in choice
        self.finished = self.finished or whole or says(choice.get("finish_reason"))
        # Perplexity sends both: a delta, and in "message" all that was said so far.
        key = "message" if whole else "delta"
        said = expect(choice.get(key), dict, f"{key!r}") or {}
        delta = self._reader.read(_apart(said) if whole else said)
        if self.finished:
            delta.calls += self._reader.finish()
        return delta

    def keep(self, choice: dict[str, Any]) -> None:
        """Take what an event adds, for `message`."""
        delta = self.read(choice)
        self._pieces.append(_piece(delta, _about(choice) | delta.metadata))

    def message(self) -> dict[str, Any]:
        """All that was kept, as a plain dict."""
        whole = sum(self._pieces, _piece(self.rest(), {})).to_message()
        return {k: v for k, v in whole.model_dump().items() if says(v)}


def _apart(message: dict[str, Any]) -> dict[str, Any]:
    """A whole *message*, in which no call goes on with the one before it."""
    match message.get("tool_calls"):
        case [_, _, *_] as calls:
            numbered = [
                {**call, "index": n}
                if isinstance(call, dict) and type(call.get("index")) is not int
                else call
                for n, call in enumerate(calls)
            ]
            return {**message, "tool_calls": numbered}
        case _:
            return message


def _repeat(choices: list[Any], delta: Delta, chunk: AIMessageChunk) -> Repeat | None:
    """What is said again by events that differ in one text of the only choice."""
    match choices:
        case [{"delta": dict(said)}] if not delta.kwargs:
            pass
        case _:
            return None
    match {key: value for key, value in said.items() if key != "role" and says(value)}:
        case {"tool_calls": [{"function": {"arguments": text}}], **rest}:
            place: tuple[str | int, ...] = ("tool_calls", 0, "function", "arguments")
        case {
            "content": [{"type": "thinking", "thinking": [{"text": text}]}],
            **rest,
        }:
            place = ("content", 0, "thinking", 0, "text")
        case {"content": text, **rest}:
            place = ("content",)
        case {"reasoning_content": text, **rest}:
            place = ("reasoning_content",)
        case {"reasoning": text, **rest}:
            place = ("reasoning",)
        case _:
            return None
    if rest or not text or not _only(delta, text):
        return None
    return Repeat(("choices", 0, "delta", *place), chunk, _PADDING)


def _only(delta: Delta, text: Any) -> bool:
    """Whether *delta* says *text*, and nothing else that another text would change."""
    match delta:
        case Delta(content=str(said), calls=[]):
            return bool(said == text)
        case Delta(
            content=[{"type": "reasoning", "reasoning": said, **rest}], calls=[]
        ):
            return said == text and not rest
        case Delta(content="", calls=[{"args": said, "id": None, "name": None}]):
            return bool(said == text)
        case _:
            return False


def _piece(delta: Delta, metadata: dict[str, Any]) -> AIMessageChunk:
    return AIMessageChunk(
        delta.content,
        tool_call_chunks=delta.calls,
        additional_kwargs=delta.kwargs,
        response_metadata={k: v for k, v in metadata.items() if says(v)},
    )


def _about(choice: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in choice.items() if k not in _OF_CHOICE}


def _index(choice: dict[str, Any], place: int) -> int:
    index = choice.get("index")
    return index if type(index) is int else place


def _tells(reply: dict[str, Any]) -> bool:
    return "choices" in reply or says(reply.get("error"))
