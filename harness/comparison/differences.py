"""What differs between two exchanges, by what it means.

Left out is what differs from run to run and means nothing: ids, times, headers, the
order of keys in JSON, how an answer was cut into pieces.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from harness.cassettes.drift import drift
from harness.cassettes.interactions import Interaction, decoded_request
from harness.errors import CassetteError, shown
from harness.matching import difference, instead, match_key
from harness.messages import AIMessage, Message
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.transcripts import Exchange
from harness.values import canonical

__all__ = ["PARTS", "Difference", "differences"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: *says* tells it in a line, what is new first.

    *part* is one of `PARTS`; *before* and *after* are the two as JSON values, None for
    what is not there or is told by *says* alone.
    """

    part: str
    says: str
    before: Any = None
    after: Any = None

    @property
    def texts(self) -> tuple[str, str] | None:
        """Before and after, if they are texts that people wrote or read."""
        match self.part, self.before, self.after:
            case "messages" | "text" | "reasoning", str(before), str(after):
                return before, after
            case _:
                return None


#: Gives the differences of one part.
_Finder = Callable[[Exchange, Exchange], Iterator[Difference]]


def differences(before: Exchange, after: Exchange) -> tuple[Difference, ...]:
    """What *after* is other than *before*; nothing if they mean the same.

    Between a turn of a script and a recording only the answers are compared.
    """
    turns = {before.dialect == "script", after.dialect == "script"}
    if not (before.dialect or after.dialect):
        finders = _TRAFFIC
    elif turns == {True, False}:
        finders = _SAID
    else:
        finders = _ALL
    return tuple(one for finder in finders for one in finder(before, after))


# ------------------------------------------------------------------- requests


def _asked(before: Exchange, after: Exchange) -> Iterator[Difference]:
    ours, theirs = before.request, after.request
    if ours is None or theirs is None:
        return
    yield from _fields(
        [("model", ours.model, theirs.model), ("stream", ours.stream, theirs.stream)]
    )
    yield from _messages(ours, theirs)
    for name in ("tools", "tool_choice", "parallel_tool_calls", "response_format"):
        for line in difference(theirs, ours, (name,)):
            yield Difference(name, line)
    for said in _members(_params(ours), _params(theirs)):
        yield Difference("params", *said)


def _params(request: ChatRequest) -> dict[str, Any]:
    stop = {"stop": list(request.stop)} if request.stop else {}
    return {**request.params, **stop}


def _messages(before: ChatRequest, after: ChatRequest) -> Iterator[Difference]:
    """What messages are new, gone or other: a new one does not shift those behind."""
    if _key(*before.messages) == _key(*after.messages):
        return
    ours, theirs = before.messages, after.messages
    matcher = SequenceMatcher(
        None, [_key(one) for one in ours], [_key(one) for one in theirs], autojunk=False
    )
    found = False
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            numbered = zip_longest(range(a, b), range(c, d))
            for one, other in numbered:
                yield from _message(before, after, one, other)
                found = True
    if not found:  # the same messages, whose calls and results belong otherwise
        for line in difference(after, before, ("messages",)):
            yield Difference("messages", line)


def _message(
    before: ChatRequest, after: ChatRequest, one: int | None, other: int | None
) -> Iterator[Difference]:
    ours = () if one is None else before.messages[one : one + 1]
    theirs = () if other is None else after.messages[other : other + 1]
    number = other if other is not None else one or 0
    lines = difference(ChatRequest(theirs), ChatRequest(ours), ("messages",))
    texts = [message.text or None for message in (*ours, *theirs)]
    pair = texts if len(texts) == 2 else [*texts, None] if ours else [None, *texts]
    for line in lines:
        told = line.replace("message 1", f"message {number + 1}", 1)
        told = told.replace(" is one too many: ", " is new: ", 1)
        told = told.replace(" is missing: ", " is gone: ", 1)
        yield Difference("messages", told, *pair)


def _key(*messages: Message) -> str:
    return match_key(ChatRequest(messages), ("messages",))


# -------------------------------------------------------------------- answers


def _said(before: Exchange, after: Exchange) -> Iterator[Difference]:
    ours, theirs = before.answer, after.answer
    yield from _fields(
        [
            ("text", _text(ours), _text(theirs)),
            ("reasoning", _reasoning(ours), _reasoning(theirs)),
        ]
    )
    calls = zip_longest(_calls(ours), _calls(theirs))
    for number, (one, other) in enumerate(calls, 1):
        if canonical(one) != canonical(other):
            told = _told(*(call and _call(call) for call in (one, other)))
            yield Difference("tool_calls", f"tool call {number}: {told}", one, other)
    yield from _fields([("content", _content(ours), _content(theirs))])


def _counted(before: Exchange, after: Exchange) -> Iterator[Difference]:
    ours, theirs = before.answer, after.answer
    yield from _fields([("finish", _finish(ours), _finish(theirs))])
    yield from _fields([("model", _model(ours), _model(theirs))], "answering ")
    for said in _members(_flat(before.usage), _flat(after.usage)):
        yield Difference("usage", *said)


def _failed(before: Exchange, after: Exchange) -> Iterator[Difference]:
    ours, theirs = before.interaction, after.interaction
    if ours is not None and theirs is not None:
        yield from _fields([("status", ours.status, theirs.status)])
    yield from _fields(
        [
            ("fault", _fault(before.fault), _fault(after.fault)),
            ("ended", _ended(before), _ended(after)),
            ("problem", _problem(before), _problem(after)),
        ]
    )


def _scripted(before: Exchange, after: Exchange) -> Iterator[Difference]:
    if before.dialect == "script":
        yield from _fields([("when", before.about or None, after.about or None)])
        cuts = [[[p.at, p.text] for p in one.pieces] for one in (before, after)]
        if cuts[0] != cuts[1] and _text(before.answer) == _text(after.answer):
            told = instead(*(_cut(one) for one in (after, before)))
            yield Difference("stream", f"stream: {told}", *cuts)
    else:
        yield from _fields([("dialect", before.dialect, after.dialect)])


def _cut(exchange: Exchange) -> str:
    end = exchange.timing.last if exchange.timing else 0
    return f"{len(exchange.pieces)} pieces in {end:g} ms"


def _text(answer: AIMessage | None) -> str | None:
    return answer.text or None if answer else None


def _reasoning(answer: AIMessage | None) -> str | None:
    blocks = answer.content_blocks if answer else []
    said = [b.get("reasoning", "") for b in blocks if b["type"] == "reasoning"]
    return "".join(said) or None


def _calls(answer: AIMessage | None) -> list[dict[str, Any]]:
    calls = [*answer.tool_calls, *answer.invalid_tool_calls] if answer else []
    return [{"name": call["name"], "args": call["args"]} for call in calls]


def _call(call: Mapping[str, Any]) -> str:
    args = call["args"]
    return f"{call['name']}({args if isinstance(args, str) else _json(args)})"


_TOLD = frozenset(
    {"text", "reasoning", "tool_call", "tool_call_chunk", "invalid_tool_call"}
)
_ASIDE = frozenset({"id", "index", "extras"})


def _content(answer: AIMessage | None) -> list[Any] | None:
    """What else is in the answer: media, refusals, citations."""
    blocks = answer.content_blocks if answer else []
    said: list[Any] = []
    for block in blocks:
        if block["type"] not in _TOLD:
            said.append({k: v for k, v in block.items() if k not in _ASIDE})
        said += block.get("annotations") or []
    return said or None


def _finish(answer: AIMessage | None) -> str | None:
    return answer.finish_reason if answer else None


def _model(answer: AIMessage | None) -> str | None:
    return answer.response_metadata.get("model_name") if answer else None


def _flat(usage: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in usage.items():
        if isinstance(value, dict):
            said |= _flat(value, f"{above}{name}.")
        else:
            said[f"{above}{name}"] = value
    return said


def _fault(fault: Fault | None) -> str | None:
    return f"{fault.kind}: {fault.message}" if fault else None


def _ended(exchange: Exchange) -> str | None:
    ended = exchange.interaction.ended if exchange.interaction else "complete"
    return None if ended == "complete" else ended


def _problem(exchange: Exchange) -> str | None:
    place = exchange.interaction.place if exchange.interaction else ""
    return exchange.problem.removeprefix(f"{place}: ") or None


# -------------------------------------------------------------- other traffic


def _traffic(before: Exchange, after: Exchange) -> Iterator[Difference]:
    ours, theirs = before.interaction, after.interaction
    if ours is None or theirs is None:
        return
    yield from _fields(
        [
            ("method", ours.method, theirs.method),
            ("url", ours.url, theirs.url),
            ("request_body", _body(ours), _body(theirs)),
        ]
    )
    for line in drift(theirs, ours):
        told = line.removeprefix(f"{ours.place}: ")
        part = told.partition(":")[0].partition(".")[0].partition("[")[0]
        yield Difference(part if part in PARTS else "body", told)


def _body(interaction: Interaction) -> str | None:
    try:
        body = decoded_request(interaction)
        return _json(json.loads(body)) if body else None
    except (CassetteError, ValueError, RecursionError):
        return interaction.request_body.decode("utf-8", "replace")


# ------------------------------------------------------------------- in words


def _fields(
    fields: Sequence[tuple[str, Any, Any]], named: str = ""
) -> Iterator[Difference]:
    for name, ours, theirs in fields:
        if canonical(ours) != canonical(theirs):
            told = f"{named}{name}: {_told(ours, theirs)}"
            yield Difference(name, told, ours, theirs)


def _members(
    ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*ours, *theirs}):
        one, other = ours.get(name), theirs.get(name)
        if canonical(one) != canonical(other):
            yield f"{name}: {_told(one, other)}", one, other


def _told(ours: Any, theirs: Any) -> str:
    if ours is None:
        return f"{shown(theirs)} is new"
    if theirs is None:
        return f"{shown(ours)} is gone"
    return instead(theirs, ours)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


_SAID: tuple[_Finder, ...] = (_said, _failed)
_ALL: tuple[_Finder, ...] = (_scripted, _asked, _said, _counted, _failed)
_TRAFFIC: tuple[_Finder, ...] = (_traffic,)

#: What can differ, in the order in which it is told: what was asked, the answer, how
#: it failed, and what traffic has that is no chat.
PARTS = (
    "when",
    "dialect",
    "model",
    "stream",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "params",
    "text",
    "reasoning",
    "tool_calls",
    "content",
    "finish",
    "usage",
    "status",
    "fault",
    "ended",
    "problem",
    "method",
    "url",
    "request_body",
    "body",
)
