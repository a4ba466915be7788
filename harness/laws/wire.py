"""Laws of streams: one answer has one sum, however a provider cuts and orders it."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from hypothesis import strategies as st

from harness.laws.law import Law, holds, same
from harness.laws.scope import all_cuts, all_interleavings, alphabet, fragment
from harness.laws.subjects import Subject, same_sum
from harness.strategies.cuts import halves, interleavings, partitions
from harness.strategies.messages import FINISH_REASONS, tool_calls, usages
from harness.strategies.streams import Delta, call_cuts, deltas
from harness.strategies.texts import json_arguments, texts
from harness.text import whole

__all__ = ["WIRE"]

Streams = tuple[list[Delta], list[Delta]]

_REST = frozenset({"make", "tool_call_chunks"})


def _call(pieces: Sequence[str], index: int = 0) -> list[Delta]:
    first, *rest = pieces or [""]
    begun = fragment(index, first, call_id=f"call_{index}", name="f")
    return [begun, *(fragment(index, piece) for piece in rest)]


def _says(pieces: Sequence[str]) -> list[Delta]:
    return [{"content": piece} for piece in pieces]


@st.composite
def _cut_differently(draw: st.DrawFn, subject: Subject) -> Streams:
    if "tool_call_chunks" in subject.fields and draw(st.booleans()):
        args = draw(json_arguments())
        return _call([args]), _call(draw(partitions(args, halved=True)))
    text = draw(texts(min_size=1, half_characters=False))
    return _says([text]), _says(draw(partitions(text, halved=True, empty=True)))


def _all_cuts(subject: Subject) -> Iterator[Streams]:
    for pieces in all_cuts(halves('a"\\é😀b')):
        text = [whole("".join(piece)) for piece in pieces]
        yield _says(['a"\\é😀b']), _says(text)
    if "tool_call_chunks" in subject.fields:
        for args in ('{"a":12}', '{"\\u1"}', '["\\n"'):
            yield from ((_call([args]), _call(cut)) for cut in all_cuts(args))


@st.composite
def _shuffled(draw: st.DrawFn, subject: Subject) -> Streams:
    calls = draw(tool_calls(min_size=1))
    parts: list[list[Delta]] = [
        draw(call_cuts(call, n)) for n, call in enumerate(calls)
    ]
    others: list[list[Delta]] = [
        _says(draw(partitions(draw(texts(half_characters=False)), max_size=4))),
        [{"usage_metadata": draw(usages())}, {"usage_metadata": draw(usages())}],
        [{"response_metadata": {"finish_reason": "stop"}}],
        [{"response_metadata": {"model_name": "m"}}],
    ]
    parts += [part for part in others if part and subject.says(part[0])]
    chosen = draw(st.permutations(parts))[: draw(st.integers(2, 3))]
    together = [delta for part in chosen for delta in part]
    return together, draw(interleavings(chosen))


def _all_shuffles(subject: Subject) -> Iterator[Streams]:
    calls = _call(["{", "}"], 0), _call(["{", "}"], 1)
    for first, second in (calls, (calls[1], _says(["a", "b"]))):
        if all(map(subject.says, [*first, *second])):
            for mixed in all_interleavings(first, second):
                yield [*first, *second], mixed


@st.composite
def _indexed(draw: st.DrawFn, _: Subject) -> list[int]:
    return draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))


def _order(subject: Subject, indexes: Sequence[int]) -> None:
    stream = [d for n in indexes for d in _call(["{", "}"], n)]
    total = subject.total(subject.made(stream))
    order = [call["id"] for call in subject.read(total, "tool_call_chunks")]
    expected = [f"call_{n}" for n in sorted(indexes)]
    same(order, expected, "the ids of the calls", "the ids by provider index")
    bare = [fragment(None, "{}", call_id=f"call_{n}", name="f") for n in indexes]
    total = subject.total(subject.made(bare))
    order = [call["id"] for call in subject.read(total, "tool_call_chunks")]
    arrived = [f"call_{n}" for n in indexes]
    same(order, arrived, "the ids of calls without index", "the ids as they arrived")


def _idempotent(subject: Subject) -> list[Delta]:
    said: list[Delta] = [
        {"id": "msg_1"},
        {"name": "bob"},
        {"response_metadata": {"finish_reason": "stop"}},
        {"response_metadata": {"model_name": "gpt"}},
        {
            "cumulative_usage": {
                "input_tokens": 3,
                "output_tokens": 2,
                "total_tokens": 5,
            }
        },
        fragment(0, call_id="c", name="f"),
    ]
    return [delta for delta in said if subject.says(delta)]


@st.composite
def _stuttered(draw: st.DrawFn, subject: Subject) -> Streams:
    around = draw(st.lists(deltas(fields=subject.fields), max_size=2))
    said = draw(st.sampled_from(_idempotent(subject)))
    times = draw(st.integers(2, 4))
    place = draw(st.integers(0, len(around)))
    head, tail = around[:place], around[place:]
    return [*head, said, *tail], [*head, *[said] * times, *tail]


def _stutters(subject: Subject) -> Iterator[Streams]:
    for said in _idempotent(subject):
        yield from (([said], [said] * times) for times in (2, 3))


def _flat(usage: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, value in (usage or {}).items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        found |= {f"{key}.{name}".rstrip("."): count for name, count in inner}
    return found


def _usage_of(subject: Subject, stream: Sequence[Delta]) -> dict[str, int]:
    total = subject.total(subject.made(stream))
    return _flat(subject.read(total, "usage_metadata"))


def _added(subject: Subject, reports: Sequence[Any]) -> None:
    expected: dict[str, int] = {}
    for path, count in (item for usage in reports for item in _flat(usage).items()):
        expected[path] = expected.get(path, 0) + count
    found = _usage_of(subject, [{"usage_metadata": usage} for usage in reports])
    same(found, expected, "the usage of the sum", "the deltas, added")


def _replaced(subject: Subject, reports: Sequence[Any]) -> None:
    expected = {path: n for usage in reports for path, n in _flat(usage).items()}
    found = _usage_of(subject, [{"cumulative_usage": usage} for usage in reports])
    same(found, expected, "the usage of the sum", "the last report of each field")


@st.composite
def _usage_somewhere(draw: st.DrawFn, subject: Subject) -> tuple[Any, Any, int]:
    silent = {*subject.fields} - {"usage_metadata", "cumulative_usage"}
    others = draw(st.lists(deltas(fields=silent or {"content"}), max_size=4))
    return draw(usages()), others, draw(st.integers(0, len(others)))


def _kept(subject: Subject, case: tuple[Any, list[Delta], int]) -> None:
    usage, others, place = case
    stream = [*others[:place], {"usage_metadata": usage}, *others[place:]]
    same(
        _usage_of(subject, stream),
        _flat(usage),
        "the usage of the sum",
        "what was said",
    )


_METADATA = st.fixed_dictionaries(
    {},
    optional={
        "finish_reason": FINISH_REASONS,
        "model_name": st.sampled_from(["m", "n"]),
        "service_tier": st.sampled_from([1, 1.5, True, "x", "y"]),
    },
)


def _metadata(subject: Subject, said: Sequence[dict[str, Any]]) -> None:
    stream = [{"response_metadata": values} for values in said]
    total = subject.read(subject.total(subject.made(stream)), "response_metadata")
    for key in {key: None for values in said for key in values}:
        values = [v[key] for v in said if key in v]
        shown = total.get(key)
        known = any(shown == value and type(shown) is type(value) for value in values)
        holds(known, field=key, values_said=values, value_of_the_sum=shown)


def _conflicts(subject: Subject, said: Sequence[dict[str, Any]]) -> None:
    conflicts: Any = subject.conflicts
    stream = [{"response_metadata": values} for values in said]
    found = conflicts(subject.total(subject.made(stream)))
    kept = {key.rpartition(".")[2]: values for key, values in found.items()}
    for key in ("finish_reason", "model_name"):
        values = [*dict.fromkeys(v[key] for v in said if key in v)]
        flagged = values if len(values) > 1 else []
        same(kept.get(key, []), flagged, f"conflicts of {key}", "what was said")


def _first_id(subject: Subject, ids: Sequence[str | None]) -> None:
    said: list[Delta] = [{"id": one} if one else {} for one in ids]
    a, b, c = subject.made(said)
    left = subject.add(subject.add(a, b), c)
    a, b, c = subject.made(said)
    right = subject.add(a, subject.add(b, c))
    first = next((one for one in ids if one), None)
    for total, name in ((left, "(a + b) + c"), (right, "a + (b + c)")):
        same(subject.read(total, "id"), first, f"id of {name}", "the first id")


_REPORTS = [
    {"input_tokens": n, "output_tokens": 0, "total_tokens": n, **details}
    for n, details in ((1, {}), (2, {"input_token_details": {"cache_read": 1}}))
]
_SAID: list[dict[str, Any]] = [
    {},
    {"finish_reason": "stop"},
    {"finish_reason": "length", "model_name": "m"},
    {"model_name": "n", "service_tier": 1},
    {"service_tier": 1.5},
]


def _small_usages(_: Subject) -> Iterator[Any]:
    return (c for size in (1, 2, 3) for c in product(_REPORTS, repeat=size))


def _small_metadata(_: Subject) -> Iterator[Any]:
    return (c for size in (1, 2, 3) for c in product(_SAID, repeat=size))


def _beside_usage(subject: Subject) -> Iterator[Any]:
    for delta in alphabet(subject):
        if not {"usage_metadata", "cumulative_usage"} & {*delta}:
            yield from ((_REPORTS[0], [delta, {}], place) for place in range(3))


_IDS = st.sampled_from([None, "msg_1", "msg_2"])


WIRE: tuple[Law, ...] = (
    Law(
        "split_invariance",
        "text and arguments may be cut anywhere, also inside characters and escapes",
        _cut_differently,
        same_sum,
        frozenset({"make", "content"}),
        scope=_all_cuts,
    ),
    Law(
        "interleaving",
        "pieces of different parts may come in any mixture",
        _shuffled,
        same_sum,
        _REST,
        scope=_all_shuffles,
    ),
    Law(
        "order",
        "calls stand in the order of their indexes, else as they arrived",
        _indexed,
        _order,
        _REST,
        scope=lambda _: [[0], [0, 1], [1, 0], [2, 0, 1]],
    ),
    Law(
        "stuttering",
        "what is said again (id, name, model, finish reason, totals) is said once",
        _stuttered,
        same_sum,
        frozenset({"make"}),
        scope=_stutters,
    ),
    Law(
        "usage_deltas",
        "reports of new tokens add up",
        lambda _: st.lists(usages(), min_size=1, max_size=4),
        _added,
        frozenset({"make", "usage_metadata"}),
        scope=_small_usages,
    ),
    Law(
        "usage_totals",
        "reports of all tokens so far replace each other, field by field",
        lambda _: st.lists(usages(), min_size=1, max_size=4),
        _replaced,
        frozenset({"make", "usage_metadata", "cumulative_usage"}),
        scope=_small_usages,
    ),
    Law(
        "usage_kept",
        "a chunk without usage erases none, wherever the usage stood",
        _usage_somewhere,
        _kept,
        frozenset({"make", "usage_metadata"}),
        scope=_beside_usage,
    ),
    Law(
        "metadata",
        "metadata of a sum is never joined, added up or lost",
        lambda _: st.lists(_METADATA, max_size=4),
        _metadata,
        frozenset({"make", "response_metadata"}),
        scope=_small_metadata,
    ),
    Law(
        "conflicts",
        "values that contradict each other are all kept where one can look",
        lambda _: st.lists(_METADATA, max_size=4),
        _conflicts,
        frozenset({"make", "response_metadata", "conflicts"}),
        scope=_small_metadata,
    ),
    Law(
        "first_id",
        "the id of a sum is the first id that was said",
        lambda _: st.tuples(_IDS, _IDS, _IDS),
        _first_id,
        frozenset({"make", "id"}),
        scope=lambda _: product([None, "msg_1", "msg_2"], repeat=3),
    ),
)
