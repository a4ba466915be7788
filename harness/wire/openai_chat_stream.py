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
from harness.errors import InputError, WireError, shown
from harness.steps import Fault
from harness.wire.json_values import expect, read_json, says
from harness.wire.openai_chat_deltas import Delta, DeltaReader
from harness.wire.openai_chat_errors import fault_of
from harness.wire.openai_chat_usage import read_usage
from harness.wire.sse import Event, SseDecoder

__all__ = ["OpenAIChatDecoder"]

Played = AIMessageChunk | Fault

_APART = frozenset({"choices", "obfuscation", "p"})  # the latter two are padding
_OWN = _APART | frozenset("created error id model object usage".split())
_OF_CHOICE = frozenset("delta error index message text".split())
_BYTES = (bytes, bytearray, memoryview)
_SPACE = b" \t\r\n\xef\xbb\xbf"


class OpenAIChatDecoder:
    """Decodes one answer. See `harness.wire.StreamDecoder` for what it promises."""

    def __init__(self) -> None:
        self._events = SseDecoder()
        self._body: bytearray | None = None
        self._begun = False
        self._ended = False
        self._number = 0
        self._wrong: WireError | None = None
        self._choices: dict[int, _Choice] = {}
        self._said: dict[str, Any] = {}
        self._frame: object = None
        self._id: str | None = None

    def feed(self, data: bytes) -> list[Played]:
        """The chunks that *data* completes; nothing once the stream has ended.

        Raises WireError for an event that is no chat completion chunk, after the
        chunks before it were given out, and InputError for what is not bytes.
        """
        if not isinstance(data, _BYTES):
            raise InputError(f"{shown(data)} is no bytes; feed them as they came.")
        self._raise()
        if self._ended:
            return []
        if not self._begun:
            data = bytes(data).lstrip(_SPACE)
            if not data:
                return []
            self._begun = True
            # Errors, and whole replies, come where a stream was asked for.
            self._body = bytearray() if data[0] in b"{[" else None
        if self._body is not None:
            self._body += data
            return []
        return self._play(self._events.feed(data))

    def close(self) -> list[Played]:
        """What the end of the bytes completes. Raises WireError as `feed` does."""
        self._raise()
        if self._ended:
            return []
        if self._body is not None:
            return self._whole(bytes(self._body))
        played = self._play(self._events.close(), closing=True)
        self._raise(unless=played)
        return played if self._ended else [*played, *self._end(closing=True)]

    def _raise(self, *, unless: object = None) -> None:
        if self._wrong is not None and not unless:
            raise self._wrong

    def _play(self, events: list[Event], *, closing: bool = False) -> list[Played]:
        played: list[Played] = []
        for event in events:
            self._number += 1
            try:
                played += self._event(event)
            except ValueError as error:
                if closing:
                    # The last event has no end: it was cut short.
                    return [*played, *self._broken("inside an event")]
                self._wrong = self._refused(event.data, f"is no JSON: {error}")
            except WireError as error:
                self._wrong = self._refused(event.data, f"is wrong: {error}")
            if self._ended or self._wrong:
                break
        self._raise(unless=played)
        return played

    def _refused(self, data: str, why: str) -> WireError:
        self._ended = True
        return WireError(
            f"openai-chat: event {self._number} of the stream {why}\n  {shown(data)}"
        )

    def _event(self, event: Event) -> Iterator[Played]:
        data = event.data.strip()
        if data == "[DONE]":
            yield from self._end()
        elif data:
            yield from self._payload(read_json(data), failed=event.event == "error")

    def _whole(self, body: bytes) -> list[Played]:
        """A body that is JSON: one reply or error, or several chunks, a line each."""
        self._ended = True
        try:
            payloads = [read_json(body)]
        except ValueError:
            try:
                payloads = [
                    read_json(line) for line in body.split(b"\n") if line.strip()
                ]
            except ValueError:
                return [*self._broken("inside a JSON body")]
        reply = payloads[0]
        if len(payloads) == 1 and isinstance(reply, dict) and not _tells(reply):
            raise WireError(
                f"openai-chat: {shown(reply)} is no reply: it has neither 'choices' "
                "nor 'error'."
            )
        self._ended = False
        played: list[Played] = []
        for payload in payloads:
            played += [] if self._ended else self._payload(payload)
        return played if self._ended else [*played, *self._end()]

    # ------------------------------------------------------------- one event

    def _payload(self, said: Any, *, failed: bool = False) -> Iterator[Played]:
        # Gemini wraps its errors in a list.
        payload: Any = said[0] if isinstance(said, list) and said else said
        if not isinstance(payload, dict):
            raise WireError("it is not an object.")
        choices = expect(payload.get("choices"), list, "'choices'") or []
        read: list[Any] = [expect(choice, dict, "a choice") or {} for choice in choices]
        # Copilot sends one answer as two choices of one index: text, and calls.
        first = [choice for n, choice in enumerate(read) if _index(choice, n) == 0]
        try:
            for n, choice in enumerate(read):
                if index := _index(choice, n):
                    self._choice(index).keep(choice)
            for choice in first or (None,):
                yield self._chunk(payload, choice)
        except InputError as error:
            raise WireError(str(error)) from None
        errors = [payload.get("error"), *(choice.get("error") for choice in read)]
        wrong = next(filter(says, errors), payload if failed else None)
        if wrong is not None:
            yield from self._fail(fault_of({**payload, "error": wrong}))

    def _choice(self, index: int) -> "_Choice":
        return self._choices.setdefault(index, _Choice())

    def _chunk(
        self, payload: dict[str, Any], choice: dict[str, Any] | None
    ) -> AIMessageChunk:
        delta = Delta() if choice is None else self._choice(0).read(choice)
        about = {} if choice is None else _about(choice)
        frame = {k: v for k, v in payload.items() if k not in _APART}, about
        if frame == self._frame:
            # Most events say nothing new but their delta.
            return AIMessageChunk(
                delta.content,
                tool_call_chunks=delta.calls,
                additional_kwargs=delta.kwargs or None,
                id=payload.get("id") or None,
            )
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
        news = self._news(metadata)
        if says(logprobs):
            news["logprobs"] = logprobs
        answer_id = expect(payload.get("id"), str, "'id'") or None
        self._id = self._id or answer_id
        return AIMessageChunk(
            delta.content,
            tool_call_chunks=delta.calls,
            cumulative_usage=read_usage(usage),
            response_metadata=news,
            additional_kwargs=delta.kwargs,
            id=answer_id,
        )

    def _news(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """What of *metadata* was not said just so before: most events repeat it."""
        news: dict[str, Any] = {}
        for key, value in metadata.items():
            match self._said.get(key), value:
                case before, _ if not says(value) or value == before:
                    pass
                case dict() as before, dict():
                    news[key] = {**before, **value}
                case _:
                    news[key] = value
        self._said |= news
        return news

    # --------------------------------------------------------------- the end

    def _fail(self, fault: Fault) -> Iterator[Played]:
        rest = self._rest()
        self._ended = True
        if rest is not None:
            yield rest
        yield fault

    def _broken(self, where: str) -> Iterator[Played]:
        said = ", ".join(map(shown, self._events.unknown[:1]))
        heard = f"; it says {said}" if said else ""
        count = f"after {self._number} events" if self._number else "at its start"
        text = f"the stream broke off {where}, {count}{heard}"
        return self._fail(Fault(text, kind="interrupted"))

    def _end(self, *, closing: bool = False) -> Iterator[Played]:
        for line in self._events.unknown:
            # llama.cpp's way to fail: a field that event streams do not have.
            name, _, said = line.partition(":")
            if name == "error":
                yield from self._fail(fault_of(_read_or_text(said)))
                return
        if closing and not self._finished():
            yield from self._broken("without [DONE] or a finish_reason")
            return
        rest = self._rest()
        self._ended = True
        last = AIMessageChunk(chunk_position="last", id=self._id)
        yield last if rest is None else rest + last

    def _finished(self) -> bool:
        return bool(self._choices) and all(c.finished for c in self._choices.values())

    def _rest(self) -> AIMessageChunk | None:
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
        self.finished = self.finished or says(choice.get("finish_reason"))
        # Perplexity sends both: a delta, and in "message" all that was said so far.
        said = choice.get("delta", choice.get("message"))
        return self._reader.read(expect(said, dict, "'delta'") or {})

    def keep(self, choice: dict[str, Any]) -> None:
        """Take what an event adds, for `message`."""
        delta = self.read(choice)
        self._pieces.append(_piece(delta, _about(choice)))

    def message(self) -> dict[str, Any]:
        """All that was kept, as a plain dict."""
        whole = sum(self._pieces, _piece(self.rest(), {})).to_message()
        return {k: v for k, v in whole.model_dump().items() if says(v)}


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


def _read_or_text(said: str) -> Any:
    try:
        return read_json(said)
    except ValueError:
        return said.strip()
