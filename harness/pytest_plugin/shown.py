"""What a test did with its models and cassettes, as it is shown in a report.

In: the watch of a test that ends. Out: exchanges as JSON, grouped by what they are of,
and the requests that had no answer, each beside what is nearest; all without secrets.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cassettes import CassetteSource, Interaction
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.tape import Tape
from harness.endpoint import HttpCall
from harness.errors import CassetteMiss, HarnessError
from harness.fake_provider import FakeProvider
from harness.pytest_plugin.watching import Watch, reported
from harness.report import Hiding
from harness.requests import ChatRequest
from harness.scripts import Call, Script
from harness.steps import Pause
from harness.transcripts import Exchange, Transcript, transcript_of, transcript_value
from harness.transcripts.reading import answered, turn_exchange

__all__ = ["shown"]

_NOWHERE = Path()
_UNANSWERED: dict[str, Any] = {
    "answer": None,
    "fault": None,
    "problem": "",
    "status": None,
    "pieces": [],
    "timing": None,
    "usage": {},
}


def shown(watch: Watch) -> dict[str, Any]:
    """What is to be said of the test of *watch*: a JSON value."""
    hiding = Hiding()
    parts: list[dict[str, Any]] = []
    misses: list[dict[str, Any]] = []
    number = 0
    for thing, label, problems in watch.checked():
        exchanges: list[dict[str, Any]] = []
        for value in _exchanges(thing, label, hiding):
            number += 1
            exchanges.append({**value, "number": number})
        parts.append({"label": label, "exchanges": exchanges})
        misses += (_miss(one, hiding) for one in problems() if _is_miss(one))
        misses += (_violation(one, label, hiding) for one in _wrong_calls(thing))
    places = [*hiding.places]
    return {"parts": parts, "misses": misses, "hidden": places}


def _exchanges(thing: object, label: str, hiding: Hiding) -> Iterator[dict[str, Any]]:
    match thing:
        case Script():
            calls = tuple(_called(one, label) for one in thing.journal)
            yield from _values(calls, hiding)
        case FakeProvider():
            yield from _values(_requested(thing, label, hiding), hiding)
        case CassetteSource():
            unused = {one.number for one in thing.unused()}
            yield from _recorded(
                (r.interaction for r in thing.recordings if r.number not in unused),
                hiding,
            )
        case Tape():
            unplayed = {id(one) for one in thing.unused()}
            known = () if thing.mode in {"all", "rewrite"} else thing.interactions
            played = (one for one in known if id(one) not in unplayed)
            yield from _recorded((*played, *thing.recorded), hiding)
        case _:
            pass


def _values(exchanges: Iterable[Exchange], hiding: Hiding) -> list[dict[str, Any]]:
    transcript = Transcript(_NOWHERE, "cassette", tuple(exchanges))
    value = transcript_value(transcript, raw=True)
    return [hiding.exchange(one) for one in value["exchanges"]]


def _recorded(
    interactions: Iterable[Interaction], hiding: Hiding
) -> list[dict[str, Any]]:
    clean = map(hiding.interaction, interactions)
    return _values(transcript_of(clean, _NOWHERE).exchanges, hiding)


def _called(call: Call, label: str) -> Exchange:
    """A call of a script's journal."""
    problem = reported(call.error) if isinstance(call.error, HarnessError) else ""
    asked = Exchange(
        call.index + 1,
        f"{label}, call {call.index + 1}",
        "chat-harness",
        call.request,
        about="" if call.turn is None else f"turn {call.turn}",
    )
    timed = any(isinstance(step, Pause) for step in call.steps)
    one = answered(asked, iter(call.steps), timed=timed)
    return replace(one, problem=problem)


def _requested(fake: FakeProvider, label: str, hiding: Hiding) -> Iterator[Exchange]:
    """What came over HTTP to a fake provider, and what was answered."""
    calls = fake.requests
    answers = (hiding.interaction(_as_recorded(one, label)) for one in calls)
    exchanges = transcript_of(answers, _NOWHERE).exchanges
    for call, exchange in zip(calls, exchanges, strict=True):
        error = getattr(call.call, "error", None)
        problem = reported(error) if isinstance(error, HarnessError) else ""
        again = "" if call.retry_of is None else f"again after {call.retry_of + 1}"
        about = ", ".join(filter(None, [call.refused, again]))
        yield replace(exchange, problem=problem or exchange.problem, about=about)


def _as_recorded(call: HttpCall, label: str) -> Interaction:
    request = call.request
    times = tuple(round((at - call.began) * 1000) for at in call.moments)
    return Interaction(
        request.method,
        request.url,
        599 if call.status is None else call.status,
        request_headers=request.headers,
        request_body=request.body,
        response_headers=call.headers,
        response_body=call.body,
        response_chunks=tuple(call.pieces) if any(times) else None,
        chunk_times=times if any(times) else None,
        ended="truncated" if call.ended == "open" else call.ended,
        place=f"{label}, request {call.index + 1}",
    )


# --------------------------------------------------------------------- misses


def _is_miss(problem: BaseException) -> bool:
    return isinstance(problem, CassetteMiss)


def _miss(miss: BaseException, hiding: Hiding) -> dict[str, Any]:
    """What was asked of a cassette, and the recording that is nearest."""
    asked = getattr(miss, "asked", None)
    nearest = getattr(miss, "nearest", None)
    told = hiding.text(str(miss), "an error")
    near = _recorded([nearest], hiding)[0] if nearest is not None else None
    match asked:
        case HttpRequest():
            one = Interaction(
                asked.method,
                asked.url,
                599,
                request_headers=asked.headers,
                request_body=asked.body,
                place="what was asked",
            )
            return {"told": told, "asked": _unanswered(one, hiding), "nearest": near}
        case ChatRequest():
            if near is not None:  # other words of the wire are no part of a chat
                said = {**near["request"], "params": dict(asked.params)}
                near = {**near, "request": said, "streamed": asked.stream}
                near.pop("raw", None)
            return {"told": told, "asked": _request(asked, hiding), "nearest": near}
        case _:
            return {"told": told, "asked": None, "nearest": near}


def _unanswered(one: Interaction, hiding: Hiding) -> dict[str, Any]:
    return {**_recorded([one], hiding)[0], **_UNANSWERED}


def _request(request: ChatRequest, hiding: Hiding) -> dict[str, Any]:
    exchange = Exchange(1, "what was asked", "chat-harness", request)
    return _values([exchange], hiding)[0]


def _wrong_calls(thing: object) -> Iterator[tuple[Script, Call]]:
    """The calls that contradict their script."""
    script = thing.script if isinstance(thing, FakeProvider) else thing
    if isinstance(script, Script):
        for call in script.journal:
            if any(call.error is one for one in script.violations):
                yield script, call


def _violation(
    wrong: tuple[Script, Call], label: str, hiding: Hiding
) -> dict[str, Any]:
    """What was asked of a script, and the turn that should have answered."""
    script, call = wrong
    turn = None
    if call.turn is not None:
        exchange = turn_exchange(call.turn, script.turns[call.turn - 1], script)
        place = exchange.place or f"turn {call.turn} of {label}"
        turn = _values([replace(exchange, place=place)], hiding)[0]
    told = hiding.text(str(call.error), label)
    return {"told": told, "asked": _request(call.request, hiding), "nearest": turn}
