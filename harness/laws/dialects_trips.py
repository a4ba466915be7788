"""Laws of dialects, there and back: answers, requests, errors; and several agree."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Any

from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.laws.dialects import (
    Chunks,
    DialectSubject,
    decoded,
    encoded,
    heard,
    kept,
    same_answer,
    seen_answer,
    seen_request,
    summed,
)
from harness.laws.law import Law, holds, same
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.strategies.wire import wire_answers, wire_chunks
from harness.strategies.wire_requests import faults
from harness.tool_specs import ToolChoice, ToolSpec

__all__ = ["TRIPS", "small_answers", "small_streams"]

_STOP = {"finish_reason": "stop"}
_CALLS = {"finish_reason": "tool_calls"}
_ARGS: dict[str, Any] = {"city": "Zürich 😀", "n": [1, 1.5, {"a": None}]}
_CALL = {"name": "f", "args": _ARGS, "id": "call_0"}
_USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}


# ------------------------------------------------------------------------- answers


def small_answers(subject: DialectSubject) -> Iterator[AIMessage]:
    """A few answers, the smallest first."""
    carries = subject.carries
    name = "msg_1" if "id" in carries else None
    model = {"model_name": "m-1"} if "model" in carries else {}
    if "text" in carries:
        yield AIMessage("Hi", response_metadata=_STOP)
        said = {**model, **_STOP}
        yield AIMessage("a\u2028\r\n é 😀", response_metadata=said, id=name)
    if {"text", "usage"} <= {*carries}:
        yield AIMessage("Hi", response_metadata=_STOP, usage_metadata=_USAGE)
    if "calls" in carries:
        second = {**_CALL, "args": {}, "id": "call_1"}
        yield AIMessage("", tool_calls=[_CALL, second], response_metadata=_CALLS)
    if {"text", "reasoning"} <= {*carries}:
        thought = {"type": "reasoning", "reasoning": "Hm"}
        blocks = [thought, {"type": "text", "text": "a"}]
        yield AIMessage(blocks, response_metadata=_STOP)


def small_streams(subject: DialectSubject) -> Iterator[Chunks]:
    """A few streams, the smallest first."""
    for message in small_answers(subject):
        yield [AIMessageChunk.from_message(message)]
        if isinstance(message.content, str) and not message.tool_calls:
            metadata = message.response_metadata
            finish = {"finish_reason": metadata.pop("finish_reason")}
            yield [
                AIMessageChunk(id=message.id, response_metadata=metadata),
                *(AIMessageChunk(character) for character in message.content),
                AIMessageChunk(response_metadata=finish),
                AIMessageChunk(cumulative_usage=message.usage_metadata),
                AIMessageChunk(chunk_position="last"),
            ]


def _stream(subject: DialectSubject, chunks: Chunks) -> None:
    found = heard(subject, [encoded(subject, chunks)])
    same_answer(subject, found, summed(chunks), "decode(encode(chunks)), summed")


def _stream_again(subject: DialectSubject, chunks: Chunks) -> None:
    once = decoded(subject, [encoded(subject, chunks)])
    again = decoded(subject, [encoded(subject, once)])
    left, right = summed(again).model_dump(), summed(once).model_dump()
    same(left, right, "decoded after a second trip", "decoded after the first")


def _reply(subject: DialectSubject, message: AIMessage) -> None:
    dialect = subject.dialect
    once = dialect.read_reply(dialect.write_reply(message))
    same_answer(subject, once, message, "read_reply(write_reply(answer))")
    again = dialect.read_reply(dialect.write_reply(once))
    left, right = again.model_dump(), once.model_dump()
    same(left, right, "read after a second trip", "read after the first")


def _stream_is_reply(subject: DialectSubject, chunks: Chunks) -> None:
    streamed = heard(subject, [encoded(subject, chunks)])
    dialect, message = subject.dialect, summed(chunks)
    whole = dialect.read_reply(dialect.write_reply(message))
    seen = [seen_answer(m, subject.carries) for m in (streamed, whole)]
    said = seen_answer(message, subject.carries)
    left, right = (kept(one, said) for one in seen)
    same(left, right, "the answer streamed", "the answer as one reply")


def _live(subject: DialectSubject, chunks: Chunks) -> None:
    encoder, decoder = subject.dialect.encoder(), subject.dialect.decoder()
    said, told = AIMessageChunk(), AIMessageChunk()
    for chunk in chunks:
        said += chunk
        for step in decoder.feed(encoder.feed(chunk)):
            holds(isinstance(step, AIMessageChunk), heard=step)
            told += step
        holds(told.text == said.text, text_fed=said.text, text_heard=told.text)


# -------------------------------------------------------------------------- faults


@st.composite
def _interrupted(draw: st.DrawFn, subject: DialectSubject) -> tuple[Chunks, Fault]:
    chunks = draw(subject.streams())
    chunks = chunks[: draw(st.integers(0, len(chunks)))]
    unfinished = [*takewhile(_goes_on, chunks)]
    silent = Fault("the connection was lost", kind="connection")
    return unfinished, draw(faults() | st.just(silent))


def _goes_on(chunk: AIMessageChunk) -> bool:
    return not (chunk.finish_reason or chunk.chunk_position)


def _small_faults(subject: DialectSubject) -> Iterator[tuple[Chunks, Fault]]:
    said = [AIMessageChunk("Hi")] if "text" in subject.carries else []
    for kind in ("overloaded", "connection"):
        yield said, Fault("busy", kind=kind)


def _fault_told(subject: DialectSubject, case: tuple[Chunks, Fault]) -> None:
    chunks, fault = case
    encoder = subject.dialect.encoder()
    data = b"".join(map(encoder.feed, chunks)) + encoder.feed(fault)
    late = [encoder.feed(AIMessageChunk("late")), encoder.close()]
    holds(not any(late), bytes_after_the_fault=late)
    played = decoded(subject, [data])
    end = played[-1] if played else None
    if not isinstance(end, Fault):
        holds(fact=False, the_end_of_the_stream=end)
        return
    if fault.kind != "connection":
        found = [message for message in (end.message,) if fault.message in message]
        holds(found, fault_said=fault, fault_heard=end)
    text = "".join(chunk.text for chunk in chunks)
    same(
        summed(played).text, text, "the text before the fault", "the text that was fed"
    )


def _small_errors(_: DialectSubject) -> Iterator[Fault]:
    for status in (400, 401, 429, 500, 503):
        yield Fault("Slow down", status=status, retry_after=2)


def _error(subject: DialectSubject, fault: Fault) -> None:
    reply = subject.dialect.write_error(fault)
    found = subject.dialect.read_error(reply.status, reply.headers, reply.body)
    parts = ("message", "kind", "retry_after", *(["status"] if fault.status else []))
    said, seen = ({part: getattr(f, part) for part in parts} for f in (fault, found))
    same(seen, said, "read_error(write_error(fault))", "the fault")


# ------------------------------------------------------------------------ requests


def _small_requests(subject: DialectSubject) -> Iterator[ChatRequest]:
    yield ChatRequest((HumanMessage("Hi"),), model="m-1")
    if "system" in subject.asks:
        said = (SystemMessage("Be brief."), HumanMessage("Hi"))
        yield ChatRequest(said, model="m-1")
    if "tools" in subject.asks:
        asked = HumanMessage("Hi")
        called = AIMessage("Wait", tool_calls=[_CALL])
        result = ToolMessage("Sun", tool_call_id="call_0", name="f")
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}
        tools = (ToolSpec("f", "A tool.", schema),)
        yield ChatRequest((asked, called, result), tools=tools, model="m-1")
        if "tool_choice" in subject.asks:
            choice = ToolChoice("any")
            yield ChatRequest((asked,), tools=tools, tool_choice=choice, model="m-1")


def _request(subject: DialectSubject, request: ChatRequest) -> None:
    dialect, parts = subject.dialect, subject.asks
    body = dialect.write_request(request)
    found = dialect.read_request(body, dialect.path(request))
    seen, said = seen_request(found, parts), seen_request(request, parts)
    same(kept(seen, said), said, "read_request(write_request(request))", "the request")
    again = json.loads(dialect.write_request(found))
    same(again, json.loads(body), "what was read, written again", "the body")


# ----------------------------------------------------------------------- agreement

Case = tuple[str, Chunks]


def _shared(subject: DialectSubject, peer: DialectSubject) -> frozenset[str]:
    return frozenset(subject.carries) & frozenset(peer.carries)


@st.composite
def _with_peer(draw: st.DrawFn, subject: DialectSubject) -> Case:
    peer = draw(st.sampled_from([*(subject.peers or ())]))
    message = draw(wire_answers(parts=_shared(subject, peer)))
    return peer.dialect.name, draw(wire_chunks(message))


def _small_peers(subject: DialectSubject) -> Iterator[Case]:
    for peer in subject.peers or ():
        both = replace(subject, carries=_shared(subject, peer))
        yield from ((peer.dialect.name, chunks) for chunks in small_streams(both))


def _peer(subject: DialectSubject, name: str) -> DialectSubject:
    for peer in subject.peers or ():
        if peer.dialect.name == name:
            return peer
    return DialectSubject.of(name)  # a failure is pasted without the peers


def _agreement(subject: DialectSubject, case: Case) -> None:
    name, chunks = case
    peer = _peer(subject, name)
    mine, theirs = (heard(one, [encoded(one, chunks)]) for one in (subject, peer))
    parts = _shared(subject, peer)
    seen = [seen_answer(message, parts) for message in (mine, theirs)]
    said = seen_answer(summed(chunks), parts)
    left, right = (kept(one, said) for one in seen)
    same(left, right, f"heard in {subject.dialect.name}", f"heard in {name}")


def _relay(subject: DialectSubject, case: Case) -> None:
    name, chunks = case
    peer = _peer(subject, name)
    parts = _shared(subject, peer)
    between = decoded(subject, [encoded(subject, chunks)])
    found = seen_answer(heard(peer, [encoded(peer, between)]), parts)
    said = seen_answer(summed(chunks), parts)
    route = f"the answer, by way of {subject.dialect.name} and {name}"
    same(kept(found, said), said, route, "the answer")


def _streams(subject: DialectSubject) -> st.SearchStrategy[Chunks]:
    return subject.streams(halved=True)


def _law(
    name: str,
    statement: str,
    cases: tuple[
        Callable[[Any], st.SearchStrategy[Any]], Callable[[Any], Iterable[Any]]
    ],
    check: Callable[[Any, Any], None],
    **more: Any,
) -> Law:
    strategy, scope = cases
    return Law(name, statement, strategy, check, scope=scope, **more)


_CHUNKS = _streams, small_streams
_MESSAGES = DialectSubject.answers, small_answers
_PEERED = _with_peer, _small_peers
_WITH_PEERS = frozenset({"peers"})

TRIPS: tuple[Law, ...] = (
    _law(
        "stream_round_trip",
        "decode(encode(chunks)) sums to what the chunks sum to",
        _CHUNKS,
        _stream,
    ),
    _law(
        "stream_normal_form",
        "a stream that was decoded and encoded once is changed by no second time",
        _CHUNKS,
        _stream_again,
    ),
    _law(
        "reply_round_trip",
        "read_reply(write_reply(answer)) = answer, and once more changes nothing",
        _MESSAGES,
        _reply,
    ),
    _law(
        "stream_is_reply",
        "an answer says the same streamed and as one reply",
        _CHUNKS,
        _stream_is_reply,
    ),
    _law(
        "live",
        "what is fed is in the bytes at once, and is heard from them at once",
        (DialectSubject.streams, small_streams),
        _live,
        needs=frozenset({"text"}),
    ),
    _law(
        "fault_in_stream",
        "a fault ends a stream: it is heard after all that was said, and nothing after",
        (_interrupted, _small_faults),
        _fault_told,
    ),
    _law(
        "error_round_trip",
        "read_error(write_error(fault)) keeps kind, status, wait and message",
        (lambda _: faults(), _small_errors),
        _error,
    ),
    _law(
        "request_round_trip",
        "read_request(write_request(request)) = request, and is written the same",
        (DialectSubject.requests, _small_requests),
        _request,
    ),
    _law(
        "agreement",
        "what two dialects both carry is heard the same in both",
        _PEERED,
        _agreement,
        needs=_WITH_PEERS,
    ),
    _law(
        "relay",
        "an answer heard in one dialect can be said in the other",
        _PEERED,
        _relay,
        needs=_WITH_PEERS,
    ),
)
