"""What must hold of framings and dialects, whatever bytes a server sends."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from checking import Wrong, agree, cut, said_or_refused

from harness.chunks import AIMessageChunk
from harness.endpoint.validation import refusal
from harness.errors import InputError, WireError
from harness.http_messages import HttpRequest
from harness.matching import difference, distance, match_key
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire import DIALECTS, Dialect
from harness.wire.aws_frames import AwsDecoder, encode_frame
from harness.wire.json_frames import JsonDecoder
from harness.wire.json_values import says
from harness.wire.parameters import asked
from harness.wire.sse import Event, SseDecoder, encode

__all__ = [
    "check_aws",
    "check_error",
    "check_json_frames",
    "check_request",
    "check_sse",
    "check_stream",
]

#: So few that a fuzzer finds the limit.
_LIMIT = 200
_STATUSES = (400, 401, 404, 408, 429, 500, 503, 529, 599)


# ------------------------------------------------------------------- framings


def _events(
    decoder: Any, pieces: Iterable[bytes]
) -> tuple[list[Event], str | None, str | None]:
    """Give the events of *pieces*, and the error and the cut at which they end."""
    events: list[Event] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.close()
    except WireError as error:
        return events, str(error), None
    return events, None, getattr(decoder, "cut", None)


def _standard(data: bytes) -> list[Event]:
    """Read an event stream as the HTML standard says, slowly; the end ends an event."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    events: list[Event] = []
    said: list[str] = []
    kind, name, retry = "message", None, None
    for line in [*re.split("\r\n|\n|\r", text), ""]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if said:
                events.append(Event("\n".join(said), kind, name, retry))
            said, kind, name, retry = [], "message", None, None
        elif field == "data":
            said.append(value)
        elif field == "event":
            kind = value or "message"
        elif field == "id" and "\0" not in value:
            name = value
        elif field == "retry" and re.fullmatch("[0-9]{1,15}", value):
            retry = int(value)
    return events


def check_sse(data: bytes, *, decoder: Callable[..., Any] = SseDecoder) -> None:
    """Events are the standard's, in any pieces; they are written as they were read."""
    found, wrong, _ = _events(decoder(), [data])
    agree((found, wrong), (_standard(data), None), "events, and those of the standard")
    for pieces in cut(data):
        agree(_events(decoder(), pieces)[0], found, "events in pieces, and at once")
    for event in found:
        kept = said_or_refused(partial(encode, event), InputError)
        if kept[0] == "refused":
            if "\0" not in event.event:
                raise Wrong(f"{event} was read, and cannot be written") from kept[1]
        else:
            again = _events(decoder(), [kept[1]])[0]
            agree(again, [event], "an event written and read")
    limited = [_events(decoder(limit=_LIMIT), one)[:2] for one in ([data], *cut(data))]
    for other in limited[1:]:
        agree(other, limited[0], "events within a limit, in pieces and at once")


def check_json_frames(
    data: bytes, *, decoder: Callable[..., Any] = JsonDecoder
) -> None:
    """Values are the same in any pieces, and those of a whole array are all there."""
    found = _events(decoder(), [data])
    for pieces in cut(data):
        agree(_events(decoder(), pieces), found, "values in pieces, and at once")
    try:
        whole = json.loads(data.decode())
    except (ValueError, RecursionError):
        return
    inside = whole if isinstance(whole, list) else [whole]
    if all(isinstance(one, dict) for one in inside):
        agree([json.loads(one.data) for one in found[0]], inside, "values of an array")


def check_aws(data: bytes, *, decoder: Callable[..., Any] = AwsDecoder) -> None:
    """Frames are the same in any pieces, and are written as they were read."""

    def frames(pieces: Iterable[bytes]) -> tuple[list[Any], str | None, str | None]:
        one = decoder()
        one.feed = one.frames
        return _events(one, pieces)

    found = frames([data])
    for pieces in cut(data):
        agree(frames(pieces), found, "frames in pieces, and at once")
    for frame in found[0]:
        kept = said_or_refused(
            partial(encode_frame, frame.headers, frame.payload), InputError
        )
        if kept[0] == "said":
            agree(frames([kept[1]])[0], [frame], "a frame written and read")
    _events(decoder(), [data])


# ------------------------------------------------------------------- answers


def _played(decoder: Any, pieces: Iterable[bytes]) -> tuple[list[Any], Any]:
    """Give the steps of an answer, and what the error says that it ended in."""
    steps: list[Any] = []
    try:
        for piece in pieces:
            steps += decoder.feed(piece)
        steps += decoder.close()
    except WireError as error:
        return steps, (str(error), error.event, error.data, error.partial)
    return steps, None


def _seen(played: tuple[list[Any], Any]) -> Any:
    steps, wrong = played
    return [
        step.model_dump() if isinstance(step, AIMessageChunk) else step
        for step in steps
    ], wrong


def _summed(steps: Sequence[Any]) -> AIMessage:
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    return sum(chunks, AIMessageChunk()).to_message()


def check_stream(data: bytes, *, dialect: Dialect) -> None:
    """An answer is read or refused, the same in any pieces, and it ends only once."""
    whole = _played(dialect.decoder(), [data])
    for pieces in cut(data):
        agree(
            _seen(_played(dialect.decoder(), pieces)),
            _seen(whole),
            "steps in pieces, and at once",
        )
    plain: Any = dialect.decoder()
    plain._credit = -len(data) - 1
    agree(_seen(_played(plain, [data])), _seen(whole), "steps without templates")
    steps, wrong = whole
    _ends_once(steps, ended=wrong is None)
    message = _summed(steps)
    message.model_dump_json().encode()
    agree(AIMessage.model_validate_json(message.model_dump_json()), message, "as JSON")
    for problem in dialect.check_stream(data):
        str(problem).encode()
    kept = said_or_refused(partial(dialect.read_reply, data), WireError)
    faulty = any(isinstance(step, Fault) for step in steps)
    agree(kept[0] == "refused", bool(wrong or faulty), "refused, as reply and stream")
    if kept[0] == "said":
        agree(kept[1], message, "the reply, and the sum of its stream")
        _written_again(dialect, message)


def _ends_once(steps: Sequence[Any], *, ended: bool) -> None:
    ends = [
        n
        for n, step in enumerate(steps)
        if isinstance(step, Fault) or step.chunk_position == "last"
    ]
    if ends != [len(steps) - 1] * ended:
        raise Wrong(f"of {len(steps)} steps these are ends: {ends}")


def _written_again(dialect: Dialect, message: AIMessage) -> None:
    """Whatever was read can be written, and then is read again as it is written."""
    kept = said_or_refused(partial(dialect.write_reply, message), InputError)
    if kept[0] == "said":
        again = dialect.read_reply(kept[1])
        agree(again.text, message.text, "the text, written and read")
        names = [call["name"] for call in message.tool_calls]
        agree([call["name"] for call in again.tool_calls], names, "calls, and read")


# ------------------------------------------------------------------ requests


def check_request(data: bytes, *, dialect: Dialect) -> None:
    """A request is read or refused; it is written as it was, and matches itself."""
    kept = said_or_refused(partial(dialect.read_request, data), WireError)
    if kept[0] == "refused":
        return
    request = kept[1]
    agree(difference(request, request), [], "a request differs from itself")
    agree(distance(request, request), 0, "a request is far from itself")
    match_key(request).encode("utf-8", "surrogatepass")
    said_or_refused(partial(dialect.path, request), InputError)
    written = said_or_refused(partial(dialect.write_request, request), InputError)
    if written[0] == "refused":
        return
    before, after = _said(data), _said(written[1])
    sent = HttpRequest("POST", "https://a.b/model/m/converse", body=data)
    lawful = refusal(sent, dialect.name) is None  # else it may be put right
    theirs = request.params.keys() - asked(request.params, dialect.name).keys()
    lost = [key for key in before.keys() - theirs if f"{key!r}: " not in str(after)]
    if lawful and lost:
        raise Wrong(f"the body, and what of it is written:\n  {before}\n  {after}")
    again = dialect.write_request(dialect.read_request(written[1]))
    agree(json.loads(again), json.loads(written[1]), "the body written again, and once")


def _said(body: bytes) -> Any:
    """Give the value of a body without what says nothing: null, and what is empty."""
    return _filled(json.loads(body, parse_constant=str))


def _filled(value: Any) -> Any:
    match value:
        case dict():
            filled = {key: _filled(item) for key, item in value.items()}
            return {key: item for key, item in filled.items() if says(item)}
        case list():
            return [_filled(item) for item in value]
        case _:
            return value


def check_error(data: bytes, *, dialects: Sequence[Dialect] = ()) -> None:
    """Whatever the body of an error is, there is a fault; it can be written again."""
    if not data:
        return
    known = dialects or [*DIALECTS.values()]
    dialect = known[data[0] % len(known)]
    status = _STATUSES[data[0] // len(known) % len(_STATUSES)]
    head, _, body = data[1:].partition(b"\n\n")
    lines = (line.partition(":") for line in head.decode("latin-1").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    fault = dialect.read_error(status, headers, body)
    if fault.retry_after is not None and not 0 <= fault.retry_after < float("inf"):
        raise Wrong(f"it shall wait {fault.retry_after} seconds")
    written = said_or_refused(partial(dialect.write_error, fault), InputError)
    if written[0] == "said":
        reply = written[1]
        again = dialect.read_error(reply.status, dict(reply.headers), reply.body)
        agree(again.status, reply.status, "the status of the fault, and of its reply")
        agree(dialect.write_error(again), reply, "the reply written again, and once")
