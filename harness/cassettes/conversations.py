"""Conversations kept as interactions: the provider-neutral request, and its steps.

What a chat model was asked stands in the body of the request as JSON, what it answered
in that of the response, one step a line: so all that is done to HTTP traffic (journals,
redaction, seals, merging) is done to conversations too. Only their files differ.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.cassettes.http_requests import HttpRequest, Matching, RequestKey
from harness.cassettes.interactions import Ending, Headers, Interaction
from harness.cassettes.message_values import (
    read_request,
    read_step,
    request_value,
    step_value,
)
from harness.cassettes.settings import Redactor
from harness.chunks import AIMessageChunk
from harness.errors import CassetteError, WireError
from harness.matching import match_key
from harness.requests import ChatRequest
from harness.steps import Fault, FaultKind, Step
from harness.values import canonical, dumped

__all__ = [
    "CONVERSATIONS",
    "ConversationMatching",
    "ConversationRedaction",
    "conversation",
    "http_request",
    "is_conversation",
    "redacted",
    "refuse_mixed",
    "steps_of",
    "values_of",
]

_METHOD, _URL = "CHAT", "chat-harness:conversation"
_JSON = (("content-type", "application/json"),)
_LINES = (("content-type", "application/x-ndjson"),)
#: Two, so that also an answer in two pieces is known for a stream.
_END = b"\n\n"
_BROKEN: FaultKind = "interrupted"
_SORTS = {True: "what a RecordingChatModel records", False: "HTTP traffic"}

T = TypeVar("T")


def conversation(
    request: ChatRequest,
    steps: Sequence[AIMessageChunk | Fault],
    times: Sequence[int],
    *,
    ended: Ending = "complete",
    recorded_at: str = "",
    place: str = "a conversation",
) -> Interaction:
    """*request* and the *steps* that answered it, each at its time, in milliseconds.

    Raises InputError for what is no JSON.
    """
    chunks = tuple(dumped(step_value(step)).encode() + _END for step in steps)
    return Interaction(
        _METHOD,
        _URL,
        200,
        request_headers=_JSON,
        request_body=dumped(request_value(request)).encode(),
        response_headers=_LINES,
        response_body=b"".join(chunks),
        response_chunks=chunks,
        chunk_times=tuple(times),
        ended=ended,
        recorded_at=recorded_at,
        place=place,
    )


def is_conversation(interaction: Interaction) -> bool:
    """Whether *interaction* is one, and no HTTP traffic."""
    return interaction.url == _URL


def http_request(request: ChatRequest) -> HttpRequest:
    """*request* as that of a conversation. Raises InputError for what is no JSON."""
    body = dumped(request_value(request)).encode()
    return HttpRequest(_METHOD, _URL, _JSON, body)


def values_of(interaction: Interaction) -> tuple[Any, list[Any]]:
    """What was asked, and each step of the answer, as plain values."""
    lines = interaction.response_chunks or ()
    return json.loads(interaction.request_body), [json.loads(line) for line in lines]


def refuse_mixed(known: Iterable[Interaction], *, chats: bool) -> None:
    """Refuse to record beside *known*, which is other traffic: *chats*, or not."""
    for one in known:
        if is_conversation(one) is not chats:
            raise CassetteError(
                f"{one.place} is {_SORTS[not chats]}; {_SORTS[chats]} is not recorded "
                "beside that. Give it a cassette of its own."
            )


def steps_of(interaction: Interaction) -> Iterator[Step]:
    """The answer, step by step; one that was cut short ends in a Fault."""
    for line in interaction.response_chunks or ():
        yield _read(interaction.place, read_step, line)
    if interaction.ended != "complete":
        yield Fault(
            f"{interaction.place} ends here: the application read no further when it "
            "was recorded",
            kind=_BROKEN,
        )


def _read(place: str, read: Callable[[object], T], text: bytes) -> T:
    try:
        return read(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise WireError(f"{place}: {error}") from None


class _Conversations:
    """Reads the requests of conversations, as a dialect does those of its traffic."""

    name = "chat-harness"

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What a request asks. Raises WireError."""
        return _read(url, read_request, body)


#: Stands where a dialect does, for what never went over a wire.
CONVERSATIONS = _Conversations()


@dataclass(frozen=True, slots=True)
class ConversationMatching(Matching):
    """Takes requests for the same that ask the same in all of *fields*."""

    fields: tuple[str, ...] = ()

    def key(self, request: HttpRequest) -> RequestKey:
        """What is the same for requests that ask the same, streamed or whole."""
        asked = CONVERSATIONS.read_request(request.body)
        given: list[Any] = [asked.stream]
        given += [asked.model] if "model" in self.fields else []
        given += [asked.params, asked.stop] if "params" in self.fields else []
        return f"{canonical(given)}{match_key(asked, self.fields)}".encode(
            "utf-8", "surrogatepass"
        )


# ------------------------------------------------------------------ redaction


@dataclass(frozen=True, slots=True)
class ConversationRedaction:
    """Hides what *rules* hide, so that conversations can be read afterwards."""

    rules: Redactor

    def redact(self, interaction: Interaction) -> Interaction:
        """*interaction* without secrets, spelled as `conversation` spells it."""
        clean = self.rules.redact(interaction)
        asked, answered = values_of(clean)
        spelled = conversation(
            read_request(asked),
            [self._step(read_step(value)) for value in answered],
            clean.chunk_times or (),
        )
        return replace(
            clean,
            request_body=spelled.request_body,
            response_body=spelled.response_body,
            response_chunks=spelled.response_chunks,
        )

    def _step(self, step: AIMessageChunk | Fault) -> AIMessageChunk | Fault:
        if not isinstance(step, Fault) or not step.headers:
            return step
        headers = tuple(step.headers.items())
        told = Interaction(_METHOD, _URL, 200, response_headers=headers)
        return replace(step, headers=dict(self.rules.redact(told).response_headers))

    def redact_request(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> tuple[str, str, Headers, bytes]:
        """A request as `redact` leaves it."""
        method, url, headers, body = self.rules.redact_request(
            method, url, headers, body
        )
        return method, url, headers, dumped(json.loads(body)).encode()

    def scan(self, text: str) -> Iterable[object]:
        """What in *text* still looks like a secret."""
        return self.rules.scan(text)


def redacted(request: ChatRequest, rules: Redactor) -> ChatRequest:
    """*request* as it is recorded; itself, where it has no secret or is no JSON."""
    try:
        asked = http_request(request)
        *_, body = ConversationRedaction(rules).redact_request(
            asked.method, asked.url, asked.headers, asked.body
        )
        return request if body == asked.body else read_request(json.loads(body))
    except ValueError:  # an InputError is one
        return request
