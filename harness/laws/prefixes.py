"""Laws of previews: what can be read while the stream runs, and stays true."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from harness.laws.law import Law, holds, same
from harness.laws.scope import all_cuts, fragment
from harness.laws.subjects import Subject
from harness.partial_json import is_prefix
from harness.strategies.cuts import interleavings, partitions
from harness.strategies.messages import tool_calls
from harness.strategies.streams import Delta, call_cuts
from harness.strategies.texts import texts

__all__ = ["PREFIXES"]

_NEEDS = frozenset({"make", "content", "text", "calls", "tool_call_chunks"})
_ARGS = '{"a":[12,"\\u00e9x"],"b":tru'


@st.composite
def _streams(draw: st.DrawFn, _: Subject) -> list[Delta]:
    text = draw(texts(max_size=8, half_characters=False))
    words = [{"content": piece} for piece in draw(partitions(text, halved=True))]
    calls = draw(tool_calls(min_size=1, max_size=2))
    parts = [draw(call_cuts(call, n)) for n, call in enumerate(calls)]
    return draw(interleavings([words, *parts]))


def _small(_: Subject) -> Iterator[list[Delta]]:
    begun = fragment(0, "", call_id="call_0", name="f")
    yield [begun, *(fragment(0, char) for char in _ARGS)]
    yield from ([{"content": p} for p in cut] for cut in all_cuts("a\ud83d\ude00é"))


def _prefixes(subject: Subject, stream: list[Delta]) -> Iterator[Any]:
    """The sum after each chunk."""
    total: Any = None
    for chunk in subject.made(stream):
        total = chunk if total is None else subject.add(total, chunk)
        yield total


def _args(subject: Subject, chunk: Any) -> dict[Any, Any]:
    calls: Any = subject.calls
    return {call["id"]: json.loads(json.dumps(call["args"])) for call in calls(chunk)}


Previews = list[tuple[str, dict[Any, Any]]]


def _previews(subject: Subject, stream: list[Delta]) -> Previews:
    text: Any = subject.text
    return [(text(p), _args(subject, p)) for p in _prefixes(subject, stream)]


def _total(subject: Subject, stream: list[Delta]) -> None:
    for text, args in _previews(subject, stream):
        holds(type(text) is str, text=text)
        for value in args.values():
            holds(type(value) is dict, args=value)


def _grows(early: Any, late: Any, when: str) -> None:
    (text, args), (longer, more) = early, late
    holds(longer.startswith(text), **{"text": text, f"text_{when}": longer})
    for call_id, value in args.items():
        kept = call_id in more and is_prefix(value, more[call_id])
        holds(kept, **{"args": value, f"args_{when}": more.get(call_id)})


def _of_the_end(subject: Subject, stream: list[Delta]) -> None:
    previews = _previews(subject, stream)
    for preview in previews[:-1]:
        _grows(preview, previews[-1], "at_the_end")


def _no_retraction(subject: Subject, stream: list[Delta]) -> None:
    for early, late in pairwise(_previews(subject, stream)):
        _grows(early, late, "one_chunk_later")


@st.composite
def _whole_calls(draw: st.DrawFn, _: Subject) -> tuple[dict[str, Any], list[Delta]]:
    (call,) = draw(tool_calls(min_size=1, max_size=1))
    return call["args"], draw(call_cuts(call, 0))


def _small_calls(_: Subject) -> Iterator[tuple[dict[str, Any], list[Delta]]]:
    for cut in all_cuts('{"a":12}'):
        begun = fragment(0, cut[0], call_id="call_0", name="f")
        yield {"a": 12}, [begun, *(fragment(0, piece) for piece in cut[1:])]


def _exact(subject: Subject, case: tuple[dict[str, Any], list[Delta]]) -> None:
    args, stream = case
    found = _args(subject, subject.total(subject.made(stream)))
    same(found, {"call_0": args}, "the preview of all pieces", "the arguments")


def _encodable(subject: Subject, stream: list[Delta]) -> None:
    text: Any = subject.text
    calls: Any = subject.calls
    for prefix in _prefixes(subject, stream):
        args = [call["args"] for call in calls(prefix)]
        seen = json.dumps([text(prefix), args], ensure_ascii=False)
        holds(_encodes(seen), preview=seen)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _open_string(subject: Subject, text: str) -> None:
    stream = [fragment(0, '{"key": "' + text, call_id="call_0", name="f")]
    found = _args(subject, subject.total(subject.made(stream)))
    same(found, {"call_0": {"key": text}}, "the preview", "the string so far")


def _law(
    name: str, statement: str, check: Callable[[Any, Any], None], **more: Any
) -> Law:
    return Law(name, statement, _streams, check, _NEEDS, scope=_small, **more)


PREFIXES: tuple[Law, ...] = (
    _law("preview_total", "every prefix of a stream can be read", _total),
    _law(
        "preview_sound",
        "what a prefix shows is a beginning of what the end shows",
        _of_the_end,
    ),
    _law(
        "no_retraction",
        "what a prefix shows, no later chunk takes back",
        _no_retraction,
        implies=("preview_sound",),
    ),
    Law(
        "preview_exact",
        "once all pieces are there, the preview is the value",
        _whole_calls,
        _exact,
        _NEEDS,
        scope=_small_calls,
    ),
    _law("preview_encodes", "every prefix encodes to UTF-8", _encodable),
    Law(
        "open_string",
        "a string shows before its closing quote",
        lambda _: st.text("abc é中", min_size=1, max_size=8),
        _open_string,
        _NEEDS,
        scope=lambda _: ["a", "ab", "é"],
    ),
)
