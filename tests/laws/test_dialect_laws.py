"""Every dialect keeps every law of dialects, and each law sees a dialect break it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import Phase, settings

from harness.chunks import AIMessageChunk
from harness.coercion import coerce_messages
from harness.errors import InputError, WireError
from harness.laws import (
    DIALECT_LAWS,
    DialectLaws,
    DialectSubject,
    LawBroken,
    check,
    params,
    report,
    run,
)
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire import DIALECTS
from harness.wire.faults import ErrorReply, error_reply, error_status, fault_of
from harness.wire.faults import read_error as read_fault
from harness.wire.grammar import Problem, check_events
from harness.wire.json_values import read_json, write_json, write_text
from harness.wire.sse import Event, encode
from harness.wire.streams import StreamDecoder, read_whole

LAWS = {law.name: law for law in DIALECT_LAWS}


# ---------------------------------------------------------- the smallest dialect


class ToyReader:
    """Reads what the toy dialect says: a chunk's keywords under "say", or an error."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.done = False

    def read(self, _: Event, said: Any) -> Iterator[AIMessageChunk | Fault]:
        """Give the chunk of one event."""
        if not isinstance(said, dict) or not {"n", "error"} & said.keys():
            raise WireError("it says nothing.")
        if "error" in said:
            yield fault_of(said)
            return
        chunk = AIMessageChunk(**said["say"])
        self.id = self.id or chunk.id
        self.done = self.ended = bool(said.get("end"))
        last = {"chunk_position": "last", "id": self.id} if self.done else {}
        yield chunk + AIMessageChunk(**last)

    def missing(self) -> str | None:
        """Say what an answer that ends here lacks."""
        return None if self.done else "its end"

    def rest(self) -> None:
        """Hold nothing back."""


class ToyEncoder:
    """Numbers the chunks, and says "end" with the last."""

    def __init__(self, frame: Callable[[str], bytes]) -> None:
        self.frame = frame
        self.n = 0
        self.over = False
        self.last = False

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """Give the event of one step."""
        if self.over:
            return b""
        if isinstance(step, Fault):
            self.over = True
            silent = step.kind in ("connection", "interrupted", "timeout")
            said = {"error": {"message": step.message, "code": step.kind}}
            return b"" if silent else self.frame(write_text(said))
        return self.event({k: v for k, v in step.model_dump().items() if v})

    def event(self, say: dict[str, Any], **more: Any) -> bytes:
        """Give one event."""
        for key in ("type", "chunk_position", "conflicts"):
            say.pop(key, None)
        self.n += 1
        return self.frame(write_text({"n": self.n, "say": say, **more}))

    def close(self) -> bytes:
        """Give the last event."""
        over, self.over = self.over, True
        return b"" if over else self.event({}, end=True)


class ToyGrammar:
    """Checks that events are numbered, and that one says "end"."""

    def __init__(self) -> None:
        self.n = 0
        self.done = False

    def event(self, _: Event, said: Any) -> Iterator[tuple[str, str]]:
        """Give what is wrong with one event."""
        self.n += 1
        known = said if isinstance(said, dict) else {}
        if known.get("n") != self.n or self.done:
            yield "number", f"event {self.n} has the number {known.get('n')}"
        self.done = self.done or bool(known.get("end"))

    def end(self) -> Iterator[tuple[str, str]]:
        """Give what is missing."""
        if not self.done:
            yield "end", "no event says 'end'"


class Toy:
    """A dialect of one chunk a line, or of one chunk a server-sent event."""

    def __init__(self, name: str = "toy", *, sse: bool = False) -> None:
        self.name = name
        self.stream_type = "text/event-stream" if sse else "application/x-ndjson"
        self.frame = self.as_event if sse else self.as_line

    def as_line(self, text: str) -> bytes:
        """Give a line."""
        return text.encode() + b"\n"

    def as_event(self, text: str) -> bytes:
        """Give a server-sent event."""
        return encode(Event(text))

    def path(self, request: ChatRequest) -> str:
        """Give the path of all requests."""
        return "/toy"

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """Read what `write_request` wrote."""
        said = read_json(body)
        choice = said["tool_choice"]
        return ChatRequest(
            coerce_messages(said["messages"]),
            tools=tuple(ToolSpec(**tool) for tool in said["tools"]),
            tool_choice=choice and ToolChoice(**choice),
            stop=said["stop"] and tuple(said["stop"]),
            **{key: said[key] for key in ("parallel_tool_calls", "model", "stream")},
            params=said["params"],
        )

    def write_request(self, request: ChatRequest) -> bytes:
        """Write the fields of *request*; there is no room for a response format."""
        if request.response_format:
            raise InputError("toy: there is no response format; leave it out.")
        said = asdict(replace(request, messages=()))
        messages = [
            {k: v for k, v in m.model_dump().items() if v} for m in request.messages
        ]
        return write_json({**said, "messages": messages})

    def read_reply(self, body: bytes) -> AIMessage:
        """Read a stream, for a reply is one of a single event."""
        return read_whole(self.name, self.decoder(), body)

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """Write a stream of one event."""
        encoder = self.encoder()
        return encoder.feed(AIMessageChunk.from_message(message)) + encoder.close()

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """Read what `write_error` wrote."""
        return read_fault(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """Write the message."""
        said = {"error": {"message": fault.message}}
        return error_reply(fault, error_status(fault), said)

    def decoder(self) -> Any:
        """Give a decoder."""
        return StreamDecoder(self.name, ToyReader())

    def encoder(self, request: ChatRequest | None = None) -> Any:
        """Give an encoder."""
        return ToyEncoder(self.frame)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Check numbers and end."""
        return check_events(data, ToyGrammar())


ASKS = DialectSubject.of(Toy()).asks - {"json_object", "json_schema"}


def toy(dialect: Toy | None = None, **changes: Any) -> DialectSubject:
    """Give the subject of a toy dialect."""
    peers = [DialectSubject.of(Toy("peer"), asks=ASKS)]
    known = {"asks": ASKS, "numbered": True, "peers": peers, **changes}
    return DialectSubject.of(dialect or Toy(sse=True), **known)


@pytest.mark.parametrize("law", params(toy(), costs=True))
def test_a_toy_keeps_the_law(law: Callable[[], None]) -> None:
    """A dialect of anybody's keeps every law in random cases."""
    law()


@pytest.mark.parametrize("law", params(toy(Toy()), exhaustive=True))
def test_a_toy_of_lines_keeps_the_law_in_all_small_cases(
    law: Callable[[], None],
) -> None:
    """A dialect of anybody's keeps every law in all small cases."""
    law()


# ------------------------------------------------------------- broken dialects


def encoding(change: Callable[[Any], Any], *, closing: bool = True) -> type[Toy]:
    """Give a toy whose encoder changes each step before it feeds it."""

    class Encoder(ToyEncoder):
        def feed(self, step: Any) -> bytes:
            changed = change(step)
            return b"" if changed is None else super().feed(changed)

        def close(self) -> bytes:
            return super().close() if closing else b""

    class Changed(Toy):
        def encoder(self, request: ChatRequest | None = None) -> Any:
            return Encoder(self.frame)

    return Changed


def decoding(make: Callable[[Any], Any]) -> type[Toy]:
    """Give a toy whose decoder is another."""

    class Changed(Toy):
        def decoder(self) -> Any:
            return make(super().decoder())

    return Changed


def without_last_word(step: Any) -> Any:
    """Lose the text that the last chunk has."""
    ends = isinstance(step, AIMessageChunk) and step.chunk_position
    return step.model_copy(update={"content": ""}) if ends else step


def with_longer_id(step: Any) -> Any:
    """Join an id to itself."""
    known = isinstance(step, AIMessageChunk) and step.id
    return step.model_copy(update={"id": step.id * 2}) if known else step


def without_faults(step: Any) -> Any:
    """Lose a fault, so that the answer seems complete."""
    return None if isinstance(step, Fault) else step


def without_reasoning(step: Any) -> Any:
    """Lose the reasoning."""
    if isinstance(step, AIMessageChunk) and isinstance(step.content, list):
        kept = [block for block in step.content if block["type"] != "reasoning"]
        return step.model_copy(update={"content": kept})
    return step


def refusing_totals(step: Any) -> Any:
    """Refuse what every decoder gives."""
    if getattr(step, "chunk_position", None) and getattr(step, "id", None):
        raise InputError("the id comes late.")
    return step


class Holding(Toy):
    """Gives nothing out before the end."""

    def encoder(self, request: ChatRequest | None = None) -> Any:
        class Encoder(ToyEncoder):
            held = b""

            def feed(self, step: Any) -> bytes:
                self.held += super().feed(step)
                return b""

            def close(self) -> bytes:
                return self.held + super().close()

        return Encoder(self.frame)


class DoubleUsage(Toy):
    """Counts the tokens of a whole reply twice."""

    def write_reply(self, message: AIMessage, request: Any = None) -> bytes:
        usage = message.usage_metadata
        twice = usage and {key: 2 * usage[key] for key in ("input_tokens",)}
        return super().write_reply(message.model_copy(update={"usage_metadata": twice}))


class AlwaysStop(Toy):
    """Says of every whole reply that it stopped."""

    def write_reply(self, message: AIMessage, request: Any = None) -> bytes:
        said = {**message.response_metadata, "finish_reason": "stop"}
        changed = message.model_copy(update={"response_metadata": said})
        return super().write_reply(changed)


class NoWait(Toy):
    """Forgets how long to wait."""

    def read_error(self, status: int, headers: Any, body: bytes) -> Fault:
        return super().read_error(status, {}, body)


class NoChoice(Toy):
    """Forgets the tool choice."""

    def write_request(self, request: ChatRequest) -> bytes:
        return super().write_request(replace(request, tool_choice=None))


class NumberedFromZero(Toy):
    """Numbers its events otherwise than it checks them."""

    def encoder(self, request: ChatRequest | None = None) -> Any:
        encoder = ToyEncoder(self.frame)
        encoder.n = -1
        return encoder


class Blind(Toy):
    """Finds no problem anywhere."""

    def check_stream(self, data: bytes) -> list[Problem]:
        return []


class Wrapped:
    """A decoder that hands on what it is fed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def feed(self, data: bytes) -> list[Any]:
        """Hand *data* on."""
        return list(self.inner.feed(data))

    def close(self) -> list[Any]:
        """Hand the end on."""
        return list(self.inner.close())


class PerPiece(Wrapped):
    """Decodes UTF-8 piece by piece."""

    def feed(self, data: bytes) -> list[Any]:
        return super().feed(data.decode(errors="replace").encode())


class CutAtSeparators(Wrapped):
    """Takes U+2028 for the end of a line, as str.splitlines does."""

    def feed(self, data: bytes) -> list[Any]:
        text = data.decode(errors="replace")
        return super().feed("\n".join(text.splitlines()).encode() + b"\n")


class Hopeful(Wrapped):
    """Takes any end for the end of the answer."""

    def close(self) -> list[Any]:
        steps = super().close()
        broken = [step for step in steps if isinstance(step, Fault)]
        return [AIMessageChunk(chunk_position="last")] if broken else steps


class Careless(Wrapped):
    """Takes every event for one that it knows."""

    def feed(self, data: bytes) -> list[Any]:
        try:
            return super().feed(data)
        except WireError as error:
            raise KeyError("say") from error


class Naive(Wrapped):
    """Looks for events as most hand-written clients do."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.buffer = b""

    def feed(self, data: bytes) -> list[Any]:
        self.buffer += data
        *events, self.buffer = self.buffer.split(b"\n\n")
        steps = []
        for event in events:
            if event.startswith(b"data: "):
                steps += super().feed(event + b"\n\n")
        return steps


class Quadratic(Wrapped):
    """Looks through all that came with every piece."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.seen = b""

    def feed(self, data: bytes) -> list[Any]:
        self.seen += data
        max(self.seen)
        return super().feed(data)


CUT = decoding(CutAtSeparators)
LOST = decoding(Hopeful)
BROKEN: dict[str, DialectSubject] = {
    "stream_round_trip": toy(encoding(without_last_word)()),
    "stream_normal_form": toy(encoding(with_longer_id)()),
    "reply_round_trip": toy(DoubleUsage()),
    "stream_is_reply": toy(AlwaysStop()),
    "live": toy(Holding()),
    "fault_in_stream": toy(encoding(without_faults)()),
    "error_round_trip": toy(NoWait()),
    "request_round_trip": toy(NoChoice()),
    "agreement": toy(encoding(without_reasoning)()),
    "relay": toy(
        peers=[DialectSubject.of(encoding(refusing_totals)("strict"))],
    ),
    "byte_cuts": toy(decoding(PerPiece)()),
    "byte_prefixes": toy(LOST()),
    "grammar": toy(NumberedFromZero()),
    "lost_tail": toy(type("Both", (Blind, LOST), {})()),
    "damage_read": toy(decoding(Careless)()),
    "damage_found": toy(Blind()),
    "noise": toy(decoding(Naive)(sse=True)),
    "linear_decoding": toy(decoding(Quadratic)()),
}


def test_every_law_has_a_broken_dialect() -> None:
    """No law is without a dialect that breaks it."""
    assert {*LAWS} == {*BROKEN}


@pytest.fixture
def unshrunk() -> Iterator[None]:
    """Stop random searches at the first case they find."""
    before = settings.get_current_profile_name()
    settings.register_profile(
        "unshrunk", settings(), phases=[Phase.generate], max_examples=300, database=None
    )
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("unshrunk")
@pytest.mark.parametrize("name", BROKEN)
def test_chance_finds_what_is_broken(name: str) -> None:
    """Random cases find a dialect that breaks a law."""
    with pytest.raises(LawBroken, match=f"^subject breaks the law '{name}'"):
        run(BROKEN[name], replace(LAWS[name], scope=None))


@pytest.mark.parametrize("name", BROKEN)
def test_small_cases_find_what_is_broken(name: str) -> None:
    """Small cases find a dialect that breaks a law; the text tells how to see it."""
    law, subject = LAWS[name], BROKEN[name]

    with pytest.raises(LawBroken) as failure:
        run(subject, law, exhaustive=True)

    text = str(failure.value)
    assert text.startswith(f"subject breaks the law {name!r}: {law.statement}\n")
    assert_reproduces(text, subject)


def assert_reproduces(text: str, subject: DialectSubject) -> None:
    """Run the lines that a failure gives to paste."""
    _, _, rest = text.partition("Reproduce it with:\n")
    lines = rest.partition("\n\n")[0].splitlines()
    pasted = "\n".join(line.removeprefix("    ") for line in lines)
    with pytest.raises(LawBroken):
        exec(pasted, {"subject": subject})  # noqa: S102 - what a user does


# -------------------------------------------------------------------- front ends


class TestToy(DialectLaws):
    """All laws, of one method."""

    exhaustive = True
    asks = ASKS
    numbered = True
    peers = (DialectSubject.of(Toy("peer"), asks=ASKS),)

    def make_dialect(self) -> Toy:
        """Give the dialect."""
        return Toy()


def test_the_missing_method_is_told() -> None:
    """A subclass that implements nothing is told what to write."""
    with pytest.raises(NotImplementedError, match=r"no make_dialect\(self\)"):
        DialectLaws().subject()


def test_a_report_tells_what_holds_and_what_is_not_covered() -> None:
    """A report has a line a law; what the subject does not say is not covered."""
    subject = DialectSubject.of(NoWait(), asks=ASKS)

    result = report(subject, exhaustive=True, show=False)

    found = {row.law: row.outcome for row in result.rows}
    assert result.exit_code == 1
    assert found.pop("error_round_trip") == "broken"
    hidden = {law for law, outcome in found.items() if outcome == "not covered"}
    assert hidden == {"agreement", "relay", "damage_found", "noise"}
    assert {found[law] for law in found.keys() - hidden} == {"holds"}


def test_a_dialect_is_found_by_its_name() -> None:
    """Our own dialects go by their names, and what they lack is known."""
    subject = DialectSubject.of("openai-chat")

    assert subject.dialect is DIALECTS["openai-chat"]
    assert "order" not in subject.carries
    with pytest.raises(InputError, match="Did you mean 'openai-chat'"):
        DialectSubject.of("openai-chats")


def test_unknown_parts_are_an_error() -> None:
    """A part that no answer and no request has is an error that names the nearest."""
    with pytest.raises(InputError, match="Did you mean 'reasoning'"):
        DialectSubject.of(Toy(), carries=["reasonings"])
    with pytest.raises(InputError, match="Did you mean 'tools'"):
        DialectSubject.of(Toy(), asks=["tool"])


def test_a_failed_agreement_is_pasted_without_its_peers() -> None:
    """The other dialect of a case is found by its name, where it is one of ours."""
    chunks = [AIMessageChunk("Hi", response_metadata={"finish_reason": "stop"})]

    check(DialectSubject.of("openai-chat"), "agreement", ("gemini", chunks))


def test_parts_that_a_format_lacks_are_not_asked_for() -> None:
    """A format of text alone is judged by its text."""
    subject = toy(encoding(without_reasoning)(), carries={"text"}, peers=None)

    assert report(subject, exhaustive=True, show=False).exit_code == 0
