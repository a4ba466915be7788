"""Laws of `+`: chunks are a monoid, their values are pure, their text is theirs."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import reduce
from itertools import product
from typing import Any

from hypothesis import strategies as st

from harness.laws.law import Law, holds, same
from harness.laws.scope import alphabet
from harness.laws.subjects import Subject, same_sum
from harness.strategies.streams import Delta, deltas, merged
from harness.strategies.texts import texts
from harness.text import shown_text, whole

__all__ = ["ALGEBRA"]

Seeds = Sequence[Any]
Triple = tuple[Delta, Delta, Delta]


def _several(count: int) -> Callable[[Subject], st.SearchStrategy[list[Any]]]:
    def strategy(subject: Subject) -> st.SearchStrategy[list[Any]]:
        return subject.seeds(count, count)

    return strategy


def _tuples(count: int) -> Callable[[Subject], Iterable[Any]]:
    def scope(subject: Subject) -> Iterable[Any]:
        return product(alphabet(subject), repeat=count)

    return scope


def _identity(subject: Subject, case: Seeds) -> None:
    (x,) = subject.grown(case)
    empty: Any = subject.empty
    seen = subject.observe(x)
    same(subject.observe(subject.add(empty(), x)), seen, "empty + x", "x")
    same(subject.observe(subject.add(x, empty())), seen, "x + empty", "x")


def _associativity(subject: Subject, case: Seeds) -> None:
    a, b, c = subject.grown(case)
    left = subject.add(subject.add(a, b), c)
    a, b, c = subject.grown(case)
    right = subject.add(a, subject.add(b, c))
    same(subject.observe(left), subject.observe(right), "(a + b) + c", "a + (b + c)")


def _tree(subject: Subject, chunks: list[Any]) -> Any:
    if len(chunks) == 1:
        return chunks[0]
    middle = len(chunks) // 2
    return subject.add(_tree(subject, chunks[:middle]), _tree(subject, chunks[middle:]))


def _fold(subject: Subject, case: Seeds) -> None:
    left = subject.observe(subject.total(subject.grown(case)))
    tree = subject.observe(_tree(subject, subject.grown(case)))
    same(left, tree, "the sum from the left", "the sum as a tree")
    back = reduce(lambda x, y: subject.add(y, x), reversed(subject.grown(case)))
    same(left, subject.observe(back), "the sum from the left", "the sum from the right")
    if subject.concat is not None:
        joined = subject.observe(subject.concat(subject.grown(case)))
        same(left, joined, "the sum from the left", "concat of the list")


def _closure(subject: Subject, case: Seeds) -> None:
    a, b = subject.grown(case)
    total = subject.add(a, b)
    holds(type(total) is type(a), type_of_a=type(a), type_of_sum=type(total))
    for field in _readable(subject):
        said = [subject.read(chunk, field) for chunk in (a, b)]
        kept = subject.read(total, field)
        holds(kept or not any(said), field=field, said=said, kept=kept)


def _disturb(value: Any) -> None:
    """Change everything in *value* that can be changed."""
    match value:
        case dict():
            for item in value.values():
                _disturb(item)
            value["disturbed"] = True
        case list():
            for item in value:
                _disturb(item)
            value.append("disturbed")
        case _:
            pass


def _purity(subject: Subject, case: Seeds) -> None:
    def seen(*chunks: Any) -> list[object]:
        return deepcopy([subject.observe(chunk) for chunk in chunks])

    def disturb(chunk: Any) -> None:
        for field in _readable(subject):
            _disturb(subject.read(chunk, field))

    a, b = subject.grown(case)
    before = seen(a, b)
    total = subject.add(a, b)
    same(seen(a, b), before, "a and b after a + b", "before")
    first = seen(total)
    again = seen(subject.add(*subject.grown(case)))
    same(first, again, "a + b", "a + b of the same once more")
    disturb(subject.add(total, b))
    same(seen(total), first, "a + b after its own sum was changed", "before")
    disturb(total)
    same(seen(a, b), before, "a and b after a + b was changed", "before")


def _readable(subject: Subject) -> set[str]:
    return {*subject.fields} - {"blocks", "cumulative_usage"}


@st.composite
def _twins(draw: st.DrawFn, subject: Subject) -> Triple:
    """Two deltas that look alike in some reading, and one to add to them."""
    first, second, after = draw(subject.seeds(3, 3))
    pairs = [pair for pair in _PENDING if all(map(subject.says, pair))]
    cases: list[Triple] = [(first, second, after), *pairs]
    return draw(st.sampled_from(cases))


def _fragment(args: str, call_id: str | None = "c") -> Delta:
    part = {"name": "f", "args": args, "id": call_id, "index": 0}
    return {"tool_call_chunks": [part]}


#: What waits in them is not to be seen in a preview, yet it decides what comes next.
_PENDING: list[Triple] = [
    ({"content": "a\ud83d"}, {"content": "a"}, {"content": "\ude00"}),
    (_fragment('{"a": 1'), _fragment('{"a": 1 '), _fragment("2}", None)),
    (_fragment('{"a": "\\'), _fragment('{"a": "'), _fragment('n"}', None)),
    (
        {"usage_metadata": {"input_tokens": 1, "output_tokens": 0, "total_tokens": 1}},
        {
            "cumulative_usage": {
                "input_tokens": 1,
                "output_tokens": 0,
                "total_tokens": 1,
            }
        },
        {
            "cumulative_usage": {
                "input_tokens": 2,
                "output_tokens": 0,
                "total_tokens": 2,
            }
        },
    ),
]


def _congruence(subject: Subject, case: Seeds) -> None:
    a, twin, b = subject.made(case)
    if subject.observe(a) != subject.observe(twin):
        return
    left, right = subject.add(a, b), subject.add(twin, b)
    same(subject.observe(left), subject.observe(right), "a + b", "a' + b, where a = a'")
    left, right = subject.add(b, a), subject.add(b, twin)
    same(subject.observe(left), subject.observe(right), "b + a", "b + a', where a = a'")


@st.composite
def _one_and_several(draw: st.DrawFn, subject: Subject) -> tuple[Any, Any]:
    fields = [f for f in ("tool_call_chunks", "blocks") if f in subject.fields]
    pieces = deltas(fields=[draw(st.sampled_from(fields))]).filter(bool)
    apart = draw(st.lists(pieces, min_size=2, max_size=3))
    return [{key: [x for d in apart for x in d[key]] for key in apart[0]}], apart


def _pairs(subject: Subject) -> Iterable[Any]:
    small = [d for d in alphabet(subject) if "tool_call_chunks" in d or "content" in d]
    for first, second in product(small, repeat=2):
        if together := merged(first, second):
            yield [together], [first, second]


def _text(subject: Subject, pieces: Seeds) -> None:
    text: Any = subject.text
    total = subject.total(subject.made({"content": piece} for piece in pieces))
    expected = shown_text(whole("".join(pieces)))
    same(text(total), expected, "the text of the sum", "the texts, joined")


def _round_trip(subject: Subject, case: Seeds) -> None:
    dump: Any = subject.dump
    load: Any = subject.load
    (x,) = subject.grown(case)
    same(subject.observe(load(dump(x))), subject.observe(x), "load(dump(x))", "x")


def _serialised_sum(subject: Subject, case: Seeds) -> None:
    dump: Any = subject.dump
    load: Any = subject.load
    a, b = subject.grown(case)
    left = dump(subject.add(load(dump(a)), load(dump(b))))
    same(left, dump(subject.add(a, b)), "dump(a' + b') of reloaded", "dump(a + b)")


def _hash(subject: Subject, case: Seeds) -> None:
    hashed: Any = subject.hashed
    a, b, c = subject.grown(case)
    left = subject.add(subject.add(a, b), c)
    right = subject.add(a, subject.add(b, c))
    if left == right:
        same(hashed(left), hashed(right), "hash of (a + b) + c", "hash of a + (b + c)")


def _strings(_: Subject) -> Iterable[Any]:
    return product(["", "a", "\ud83d", "\ude00", " "], repeat=3)


ALGEBRA: tuple[Law, ...] = (
    Law(
        "identity",
        "empty + x = x = x + empty",
        _several(1),
        _identity,
        frozenset({"empty"}),
        scope=_tuples(1),
    ),
    Law(
        "associativity",
        "(a + b) + c = a + (b + c)",
        _several(3),
        _associativity,
        implies=("fold",),
        scope=_tuples(3),
    ),
    Law(
        "fold",
        "a list has one sum: from the left, from the right, as a tree, by concat",
        lambda subject: subject.seeds(1, 5),
        _fold,
        scope=_tuples(2),
    ),
    Law(
        "closure",
        "a + b never raises, is of a's class, and loses no field",
        _several(2),
        _closure,
        scope=_tuples(2),
    ),
    Law(
        "purity",
        "a + b changes neither a nor b, and shares nothing mutable with them",
        _several(2),
        _purity,
        scope=_tuples(2),
    ),
    Law(
        "congruence",
        "chunks that are equal stay equal when the same is added",
        _twins,
        _congruence,
        frozenset({"make", "content"}),
        scope=lambda subject: [p for p in _PENDING if all(map(subject.says, p))],
    ),
    Law(
        "normal_form",
        "one chunk of several pieces = the sum of chunks of one piece each",
        _one_and_several,
        same_sum,
        frozenset({"make", "tool_call_chunks"}),
        scope=_pairs,
    ),
    Law(
        "text",
        "the text of a sum is the texts of its terms, joined",
        lambda _: st.lists(texts(max_size=4), max_size=5),
        _text,
        frozenset({"make", "content", "text"}),
        scope=_strings,
    ),
    Law(
        "round_trip",
        "load(dump(x)) = x",
        _several(1),
        _round_trip,
        frozenset({"dump", "load"}),
        scope=_tuples(1),
    ),
    Law(
        "serialised_sum",
        "the sum of reloaded chunks is dumped as the sum of the chunks",
        _several(2),
        _serialised_sum,
        frozenset({"dump", "load"}),
        scope=_tuples(2),
    ),
    Law(
        "hash",
        "chunks that are equal have one hash",
        _several(3),
        _hash,
        frozenset({"hashed"}),
        scope=_tuples(3),
    ),
)
