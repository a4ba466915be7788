"""Fixtures of aimock as turns of a script. In: JSON. Out: turns, and what they omit.

There the first fixture that matches answers, any number of times; so a turn plays
forever, but for those that are counted (`sequenceIndex`, `turnIndex`). Turns for the
results of tools go first: else what the user had asked would match again.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cassettes.parsing import parse_json
from harness.converting.aimock_matches import condition_of, turn_number
from harness.converting.chat_turns import RecordedTurn, counted
from harness.converting.scripting import ScriptedTurns, no_chat
from harness.errors import InputError, shown
from harness.partial_json import JsonError, parse_object
from harness.scripts import Turn, call, fail, pause, say, think
from harness.scripts.parts import Part, Said, ScriptedBlock, ScriptedCall
from harness.scripts.plans import planned

__all__ = ["aimock_turns", "holds_aimock"]

_GENERAL = (
    "The first turn that applies answers, any number of times; those for results of "
    "tools stand first. Left out: ids of answers, times, fingerprints."
)
#: What makes a response one of a chat.
_CHAT = ("content", "toolCalls", "blocks", "error")
#: What of a response, and of a fixture, turns say, or need not.
_SAID = frozenset(
    "content toolCalls blocks reasoning reasoningSignature usage finishReason id model "
    "created systemFingerprint role error status retryAfter".split()
)
_PLAYED = frozenset(
    "match response chunkSize latency streamingProfile truncateAfterChunks "
    "disconnectAfterMs metadata".split()
)
_FINISH = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}
_COUNTS = {
    "input_tokens": ("input_tokens", "prompt_tokens", "promptTokenCount"),
    "output_tokens": ("output_tokens", "completion_tokens", "candidatesTokenCount"),
    "total_tokens": ("total_tokens", "totalTokenCount"),
}
_CHUNK = 20  # characters, where aimock is told nothing

Json = Mapping[str, Any]
#: Behind those for results of tools; the place in the file; the count.
_Order = tuple[bool, int, int]
#: What values of a wrong shape raise.
_ODD = (InputError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


def holds_aimock(text: str) -> bool:
    """Whether *text* is a file of fixtures.

    >>> holds_aimock('{"fixtures": []}'), holds_aimock('{"log": {}}')
    (True, False)
    """
    if not text.lstrip().startswith("{") or '"fixtures"' not in text:
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value.get("fixtures"), list)


def aimock_turns(text: str, name: str) -> ScriptedTurns:
    """The turns of the fixtures in *text*. Raises CassetteError where there is none."""
    fixtures = parse_json(text, name)["fixtures"]
    made: list[tuple[_Order, RecordedTurn]] = []
    skipped: list[str] = []
    file = Path(name).name
    for number, fixture in enumerate(fixtures):
        told: Counter[str] = Counter()
        try:
            order, turn = _turn(fixture, fixtures[:number], told)
        except _ODD as error:
            said = str(error) if isinstance(error, InputError) else repr(error)
            skipped.append(f"{file}, fixture {number + 1}: {said}")
            continue
        made.append((order, RecordedTurn(turn, tuple(counted(told)))))
    if not made:
        raise no_chat(name, skipped)
    made.sort(key=lambda one: one[0])
    last = next((n for n, (_, one) in enumerate(made) if _takes_all(one.turn)), None)
    kept = made if last is None else made[: last + 1]
    skipped += [
        f"{file}, fixture {number + 1}: one before it answers everything."
        for (_, number, _), _ in made[len(kept) :]
    ]
    return ScriptedTurns(file, tuple(one for _, one in kept), tuple(skipped), _GENERAL)


def _turn(
    fixture: Any, before: Sequence[Any], told: Counter[str]
) -> tuple[_Order, Turn]:
    """The turn that *fixture* is, and where it goes. Raises one of _ODD."""
    match fixture:
        case {"match": dict(match), "response": dict(response)}:
            pass
        case _:
            raise InputError(f"{shown(fixture, limit=60)} has no match and response.")
    when = condition_of(match, before, told)
    said = _said(fixture, response, told)
    raw = any(isinstance(p, ScriptedCall) and p.raw is not None for p in said.parts)
    times = 1 if {"sequenceIndex", "turnIndex"} & match.keys() else None
    awaits_result = when is not None and when.result_of is not None
    order = (not awaits_result, *turn_number(match, len(before)))
    return order, Turn(said, when=when, times=times, misbehaving=raw)


def _takes_all(turn: Turn) -> bool:
    return turn.when is None and turn.times is None


def _said(fixture: Json, response: Json, told: Counter[str]) -> Said:
    """What a fixture answers. Raises InputError where that is no chat's answer."""
    if not response.keys() & {*_CHAT}:
        raise InputError(f"its response ({', '.join(response)}) is no chat's.")
    for name in (*(response.keys() - _SAID), *(fixture.keys() - _PLAYED)):
        told[f"value of {name}"] += 1
    error = response.get("error")
    if isinstance(error, dict):
        return Said((*_waits(fixture, told), _failure(response, error, told)))
    size = fixture.get("chunkSize")
    if type(size) not in (int, type(None)):
        raise InputError(f"its chunkSize is {shown(size)}, which is no whole number.")
    if type(size) not in (int, type(None)):
        raise InputError(f"its chunkSize is {shown(size)}, which is no whole number.")
    finish = response.get("finishReason", "auto")
    answer = say(
        *_waits(fixture, told),
        *_parts(response),
        usage=_usage(response.get("usage")),
        finish=_FINISH.get(finish, finish),
        cut=size,
        arguments_cut=size,
        model=response.get("model"),
        id=response.get("id"),
    ).answer
    assert isinstance(answer, Said)  # noqa: S101 - it is made of parts
    return _broken_off(answer, fixture, told)


def _failure(response: Json, error: Json, told: Counter[str]) -> Part:
    for name in error.keys() - {"message", "type"}:
        told[f"value of error.{name}"] += 1
    return fail(
        int(response.get("status") or 500),
        message=str(error.get("message") or ""),
        retry_after=response.get("retryAfter"),
    )


def _parts(response: Json) -> Iterator[Part]:
    if thought := response.get("reasoning"):
        yield think(thought, response.get("reasoningSignature"))
    blocks = response.get("blocks")
    if not blocks:
        text = response.get("content")
        blocks = [{"type": "text", "text": text}] if text not in (None, "") else []
        calls = response.get("toolCalls") or ()
        blocks += [{**one, "type": "toolCall"} for one in calls]
    for block in blocks:
        match block:
            case {"type": "text", "text": text}:
                yield ScriptedBlock({"type": "text", "text": _text(text)})
            case {"type": "toolCall", "name": str(name)}:
                yield _call(name, block)
            case _:
                raise InputError(f"{shown(block, limit=60)} is no text and no call.")


def _call(name: str, said: Json) -> ScriptedCall:
    args = said.get("arguments", {})
    if isinstance(args, dict):
        return call(name, args, _id=said.get("id"))
    raw = _text(args)
    try:
        return call(name, parse_object(raw), _id=said.get("id"))
    except JsonError:
        return call(name, raw=raw, _id=said.get("id"))


def _text(said: Any) -> str:
    """A text; a value is its JSON."""
    if isinstance(said, str):
        return said
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _usage(said: Any) -> Any:
    if not isinstance(said, dict):
        return "auto"
    found = {
        ours: next(said[name] for name in names if name in said)
        for ours, names in _COUNTS.items()
        if any(name in said for name in names)
    }
    return found or "auto"


def _waits(fixture: Json, told: Counter[str]) -> Iterator[Part]:
    """The time before an answer; that between its chunks no turn says."""
    profile = fixture.get("streamingProfile") or {}
    first = profile.get("ttft", fixture.get("latency")) or 0
    for name in profile.keys() - {"ttft"}:
        told[f"value of streamingProfile.{name}"] += 1
    if "latency" in fixture:
        told["pause between chunks"] += 1
    if first > 0:
        yield pause(first / 1000)


def _broken_off(said: Said, fixture: Json, told: Counter[str]) -> Said:
    after = fixture.get("truncateAfterChunks")
    if fixture.get("disconnectAfterMs") is not None:
        told["time of the disconnection"] += 1
        after = 1 if after is None else after
    if after is None:
        return said
    cut = said.cut or _CHUNK
    said = replace(said, cut=cut, arguments_cut=cut)
    broken = replace(said, parts=(*said.parts, fail("interrupted", after=after)))
    try:
        planned(broken, cut, cut)
    except InputError:  # it has fewer chunks
        return replace(said, parts=(*said.parts, fail("interrupted")))
    return broken
