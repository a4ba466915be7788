"""harness.chunks: what `+` makes of real streams and their quirks, and its cost."""

import copy
import itertools
import json
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import strategies as hst
from harness.chunks import AIMessageChunk as Chunk
from harness.errors import InputError
from harness.messages import AIMessage

USAGE = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
CALL = {"name": "f", "args": {"a": 1}, "id": "c", "type": "tool_call"}
WRONG = {
    "name": "f",
    "args": "{",
    "id": "c",
    "error": "cut short",
    "type": "invalid_tool_call",
}
END = Chunk(chunk_position="last")


def part(
    args: str | None = None,
    *,
    id: str | None = None,
    name: str | None = None,
    index: int | str | None = 0,
) -> Chunk:
    """Give a chunk with one fragment of a tool call."""
    fragment = {"name": name, "args": args, "id": id, "index": index}
    return Chunk(tool_call_chunks=[fragment])


def calls(*chunks: Chunk) -> list[tuple[Any, ...]]:
    """Give name, id and arguments of the calls, the stream having ended."""
    found = sum(chunks, END).tool_calls
    return [(call["name"], call["id"], call["args"]) for call in found]


CHUNKS = [
    Chunk(),
    Chunk("J'adore créer 😀"),
    Chunk("half \ud83d"),
    Chunk("\ude00 other half, \udc00 lone"),
    Chunk(
        "a",
        tool_call_chunks=[{"name": "f", "args": "\ud83d", "id": "c", "index": "x"}],
        usage_metadata={**USAGE, "input_token_details": {"audio": 1}, "tier": "flex"},
        cumulative_usage={"output_tokens": 2, "tier": "x"},
        response_metadata={"finish_reason": "stop", "logprobs": [1], "x": {"y": None}},
        additional_kwargs={"b": 1, "a": [2]},
        id="1",
        name="bot",
        chunk_position="last",
    ),
    Chunk(id="1") + Chunk(id="2", name="a") + Chunk(name="b"),
    Chunk(response_metadata={"finish_reason": "stop"})
    + Chunk(response_metadata={"finish_reason": "length"}),
    part("{", id="a", name="f") + part("}", name="g") + part("{}", id="b"),
    Chunk([{"type": "text", "text": "a", "index": 1, "annotations": [{"x": 1}]}]),
    Chunk([{"type": "image", "url": "u"}, "caption", {"type": "sparkle", "x": 1}]),
    Chunk([{"type": "reasoning", "reasoning": "hm", "id": "r", "extras": {"s": 1}}]),
    Chunk(tool_calls=[CALL], invalid_tool_calls=[WRONG]),
    Chunk(cumulative_usage={"tier": "x"}),
    part("\ude00{\ud83d", id="c", name="f"),
]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "through",
    [
        lambda c: Chunk.model_validate_json(c.model_dump_json()),
        lambda c: AIMessage.model_validate(json.loads(json.dumps(c.model_dump()))),
        lambda c: pickle.loads(pickle.dumps(c)),
        copy.copy,
        copy.deepcopy,
        lambda c: c.model_copy(),
        lambda c: Chunk() + c,
        lambda c: c + Chunk(),
    ],
)
def test_round_trips(chunk: Chunk, through: Callable[[Chunk], Chunk]) -> None:
    """A chunk that was stored and read, or added to nothing, is the same chunk."""
    again = through(chunk)

    assert again == chunk
    assert hash(again) == hash(chunk)
    assert repr(again) == repr(chunk)
    assert again.to_message() == chunk.to_message()
    assert again + CHUNKS[3] == chunk + CHUNKS[3]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_every_reading_encodes(chunk: Chunk) -> None:
    """What is shown of a chunk is never half a character."""
    shown = [chunk.content, chunk.content_blocks, chunk.tool_calls, chunk.text]

    json.dumps([*shown, chunk.tool_call_chunks], ensure_ascii=False).encode()


@pytest.mark.parametrize("chunk", [Chunk("a"), Chunk("a") + Chunk("b")])
@pytest.mark.parametrize("name", ["content", "id", "text", "tool_calls", "new"])
def test_attributes_cannot_be_set(chunk: Chunk, name: str) -> None:
    """Chunks and sums are values."""
    with pytest.raises(AttributeError):
        setattr(chunk, name, "x")


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "name",
    [
        "content",
        "content_blocks",
        "tool_call_chunks",
        "tool_calls",
        "invalid_tool_calls",
        "response_metadata",
        "additional_kwargs",
        "conflicts",
        "usage_metadata",
        "model_dump",
    ],
)
def test_what_is_read_is_the_readers_own(chunk: Chunk, name: str) -> None:
    """Changing what was read, at any depth, changes no chunk."""
    before = chunk.model_dump_json()

    value = getattr(chunk, name)
    todo = [value() if callable(value) else value]
    while todo:
        inner = todo.pop()
        if isinstance(inner, dict | list):
            todo += inner.values() if isinstance(inner, dict) else inner
            inner.clear()

    assert chunk.model_dump_json() == before


# ------------------------------------------------------------------ sums


def test_sum_and_plus() -> None:
    """The built-in sum works, from 0, from a chunk, and over sums."""
    a, b, c = Chunk("a"), Chunk("b"), Chunk("c")

    assert sum([a, b, c]) == a + b + c == a + (b + c) == sum([b, c], a)
    assert (a + b + c).text == "abc"


def test_a_sum_added_to_itself() -> None:
    """`full + full` says everything twice, and leaves *full* as it was."""
    full = Chunk("a", usage_metadata=USAGE) + Chunk("b")

    double = full + full

    assert (double.text, full.text) == ("abab", "ab")
    assert double.usage_metadata == {k: 2 * v for k, v in USAGE.items()}
    assert (double + double).text == "abababab"
    assert (full + Chunk("!") + full).text == "ab!ab"


def test_one_chunk_added_to_two_branches() -> None:
    """Branches that begin alike share what they share, and then part."""
    base, same = Chunk("a") + Chunk("b"), Chunk("!")

    one, two = base + same, base + same
    left, right = one + Chunk("l"), two + Chunk("r")

    assert (left.text, right.text, one.text) == ("ab!l", "ab!r", "ab!")


def test_sums_can_branch() -> None:
    """Adding to one sum twice gives two sums; neither sees the other."""
    base = Chunk("a") + Chunk("b")
    assert base.text == "ab"

    left, right, sums = base + Chunk("l"), base + Chunk("r"), base + (base + base)

    assert (left.text, right.text, base.text) == ("abl", "abr", "ab")
    assert sums.text == "ababab"
    assert ((left + Chunk("1")).text, (right + Chunk("2")).text) == ("abl1", "abr2")


def test_snapshots_stay_as_they_were() -> None:
    """Each prefix can still be read when the sum has long gone on, in any order."""
    pieces = [Chunk(str(n % 10)) + part("x") for n in range(1, 30)]
    snapshots = [*itertools.accumulate(pieces, initial=Chunk("0", id="first"))]
    assert snapshots[-1].text == "0123456789" * 3

    for n in (3, 20, 29, 3, 0):
        assert snapshots[n].text == ("0123456789" * 3)[: n + 1]
        assert [f["args"] for f in snapshots[n].tool_call_chunks] == ["x" * n] * (n > 0)
        assert snapshots[n].id == "first"


def test_a_call_of_a_snapshot_keeps_its_arguments() -> None:
    """Arguments that are read late are those of the sum that was asked."""
    early = part('{"a": "x', id="c", name="f") + part("y")
    (call,) = early.tool_calls

    late = early + part('z"') + part("}")

    assert late.tool_calls[0]["args"] == {"a": "xyz"}
    assert call["args"] == {"a": "xy"}


def test_threads_add_to_one_sum() -> None:
    """Threads that fold on from one prefix, and read, do not see each other."""
    base = Chunk("=") + Chunk("=")
    found: dict[int, str] = {}
    start = threading.Barrier(4)

    def fold(me: int) -> None:
        start.wait()
        full = base
        for _ in range(300):
            full = full + Chunk(str(me)) + base
            assert base.text == "=="
            assert len(full.text) % 3 == 2
        found[me] = full.text

    threads = [threading.Thread(target=fold, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {me: "==" + f"{me}==" * 300 for me in range(4)}


def test_threads_read_one_sum() -> None:
    """Readers of old and new snapshots see each its own, at the same time."""
    snapshots = [*itertools.accumulate([Chunk("x")] * 201)]
    wrong: list[int] = []
    start = threading.Barrier(4)

    def read(step: int) -> None:
        start.wait()
        wrong.extend(
            n
            for n in range(0, 200, step)
            if len(snapshots[n].text) != n + 1 or len(snapshots[-1].text) != 201
        )

    threads = [threading.Thread(target=read, args=(n,)) for n in (1, 1, 3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


@pytest.mark.parametrize("other", [AIMessage("a"), "a", 1, None, ["a"]])
def test_only_chunks_add(other: Any) -> None:
    """A chunk plus something else is Python's own TypeError."""
    with pytest.raises(TypeError, match="unsupported operand"):
        Chunk("a") + other
    with pytest.raises(TypeError):
        other + Chunk("a")


def test_the_class_of_a_sum_is_that_of_its_left_side() -> None:
    """A chunk class of one's own stays itself."""

    class Mine(Chunk):
        """A chunk of mine."""

        __slots__ = ()

    assert type(Mine("a") + Chunk("b")) is Mine


# ------------------------------------------------------------------ text and blocks


def test_empty_content_loses_no_text() -> None:
    """An empty list is no content; text after it is kept."""
    full = Chunk([]) + Chunk("hello") + Chunk(" world")

    assert full.content == full.text == "hello world"
    assert Chunk([]).content == ""


def test_empty_text_leaves_no_block() -> None:
    """An empty string before or after blocks adds nothing to them."""
    block = {"type": "reasoning", "reasoning": "hm", "index": 0}

    assert (Chunk("") + Chunk([block]) + Chunk("")).content == [block]


def test_text_and_call_of_one_index_stay_apart() -> None:
    """Blocks merge by type and index, so text never takes in a tool call."""
    text = Chunk([{"type": "text", "text": "Let me check", "index": 0}])

    full = text + part('{"a":1}', id="c", name="f") + END

    assert full.content_blocks == [
        {"type": "text", "text": "Let me check", "index": 0},
        {"type": "tool_call", "name": "f", "args": {"a": 1}, "id": "c"},
    ]
    assert full.text == "Let me check"


def test_half_a_character_waits_for_its_other_half() -> None:
    """Text cut inside a character shows it when it is whole."""
    first = Chunk("a\ud83d")

    assert first.text == first.content == "a"
    assert (first + Chunk("\ude00")).text == "a😀"
    assert (first + Chunk("b")).text == "a\ufffdb"
    assert first.to_message().text == "a\ufffd"
    assert (first + Chunk("") + Chunk("\ude00!")).content == "a😀!"


def test_blocks_without_index_stay_in_the_order_they_came() -> None:
    """An image before its caption stays before it; two images stay two."""
    image = {"type": "image", "url": "u"}

    full = Chunk([image]) + Chunk("cap") + Chunk([image]) + Chunk("tion")

    assert full.content == [image, {"type": "text", "text": "caption"}, image]
    assert Chunk.model_validate(full.model_dump()) == full


def test_blocks_come_out_by_index_however_they_came_in() -> None:
    """Numbers first, then names as they came; reasoning, text, calls."""
    full = (
        part("{}", id="c", name="f", index=1)
        + Chunk([{"type": "text", "text": "b", "index": "n"}])
        + Chunk([{"type": "text", "text": "a", "index": 1}])
        + Chunk([{"type": "reasoning", "reasoning": "r", "index": 1}])
        + Chunk([{"type": "image", "url": "u", "index": 0}])
        + part("{}", id="d", name="g", index=None)
        + Chunk(tool_calls=[CALL])
    )

    kinds = [(b["type"], b.get("index")) for b in full.content_blocks]

    assert kinds == [
        ("image", 0),
        ("reasoning", 1),
        ("text", 1),
        ("tool_call_chunk", 1),
        ("text", "n"),
        ("tool_call_chunk", None),
        ("tool_call", None),
    ]
    assert full.text == "ab"


def test_fields_of_a_block_merge() -> None:
    """Text and annotations grow, extras unite, an id stays, None says nothing."""
    first = {
        "type": "text",
        "text": "a",
        "index": 0,
        "id": "1",
        "annotations": [1],
        "extras": {"x": 1},
        "tone": "dry",
    }
    second = {
        "type": "text",
        "text": "b",
        "index": 0,
        "id": "2",
        "annotations": [2],
        "extras": {"y": 2},
        "tone": None,
    }

    (block,) = (Chunk([first]) + Chunk([second])).content_blocks

    assert block == {
        "type": "text",
        "text": "ab",
        "id": "1",
        "extras": {"x": 1, "y": 2},
        "tone": "dry",
        "annotations": [1, 2],
        "index": 0,
    }


def test_text_with_more_in_it_is_a_block() -> None:
    """A text that carries annotations is not flattened to a string."""
    block = {"type": "text", "text": "a", "annotations": [{"x": 1}]}

    assert Chunk([block]).content == [block]
    assert Chunk([block]).to_message().content == [block]


# ------------------------------------------------------------------ tool calls


def test_the_classic_stream() -> None:
    """Name and id first, then arguments in pieces, two calls after each other."""
    full = sum(
        [
            part("", id="c1", name="get_weather", index=0),
            part('{"city": "Bos', index=0),
            part('ton"}', index=0),
            part('{"city": "Tokyo"}', id="c2", name="get_weather", index=1),
            Chunk(chunk_position="last", response_metadata={"finish_reason": "stop"}),
        ],
        Chunk(""),
    )

    assert calls(full) == [
        ("get_weather", "c1", {"city": "Boston"}),
        ("get_weather", "c2", {"city": "Tokyo"}),
    ]
    assert full.tool_calls[0]["type"] == "tool_call"
    assert full.finish_reason == "stop"


def test_a_repeated_name_is_said_once() -> None:
    """Servers that echo the name in each fragment do not make it "ff"."""
    assert calls(part("{", id="c", name="f"), part("}", id="c", name="f")) == [
        ("f", "c", {})
    ]


def test_another_name_is_kept_where_one_can_look() -> None:
    """The first name wins; others are not lost, nor is their order."""
    full = part("{}", id="c", name="f") + part(name="g") + part(name="h")

    assert calls(full) == [("f", "c", {})]
    assert full.tool_call_chunks[0]["other_names"] == ["g", "h"]  # type: ignore[typeddict-item]


def test_fragments_of_a_sum_keep_what_a_provider_said_beside() -> None:
    """It is each reader's own."""
    first = {"name": "f", "args": "{", "id": "c", "index": 0, "extras": {"s": [1]}}
    full = Chunk(tool_call_chunks=[first]) + part("}")

    for _ in range(2):
        (fragment,) = full.tool_call_chunks
        assert fragment["extras"] == {"s": [1]}  # type: ignore[typeddict-item]
        fragment["extras"]["s"].append(2)  # type: ignore[typeddict-item]


def test_several_ids_on_one_index_are_several_calls() -> None:
    """A new id opens a new call, and fragments without id continue the last."""
    assert calls(
        part('{"a":', id="A", name="f"),
        part("1}"),
        part('{"a":', id="B", name="f"),
        part("2}"),
        part(None, id="B"),
    ) == [("f", "A", {"a": 1}), ("f", "B", {"a": 2})]


def test_an_empty_id_is_no_id() -> None:
    """Some servers send "" for what has been said before."""
    assert calls(part("{", id="A", name="f"), part("}", id="", name="")) == [
        ("f", "A", {})
    ]


def test_a_late_id_does_not_reach_back() -> None:
    """What came before an id may belong to an earlier call: `+` guesses nothing."""
    full = part("{", name="f") + part("}", id="A")

    assert [(f["name"], f["args"], f["id"]) for f in full.tool_call_chunks] == [
        ("f", "{", None),
        (None, "}", "A"),
    ]
    assert (part("{", id="A") + part("}", name="f")).tool_calls == [
        {"name": "f", "args": {}, "id": "A", "type": "tool_call"}
    ]


def test_fragments_without_index() -> None:
    """They form runs by id, like those of an index, behind all others."""
    assert calls(
        part('{"a":', id="A", name="f", index=None),
        part("0}", id="Z", name="z", index=5),
        part("1}", index=None),
        part("{}", id="B", name="g", index=None),
    ) == [("f", "A", {"a": 1}), ("g", "B", {})]


def test_an_index_may_be_a_name() -> None:
    """String indexes merge like numbers."""
    assert calls(
        part("{", id="A", name="f", index="lc_1"),
        part("}", index="lc_1"),
    ) == [("f", "A", {})]


def test_fragments_of_calls_may_interleave() -> None:
    """Each index grows by itself, and calls come out by index."""
    assert calls(
        part('{"n":', id="B", name="g", index=1),
        part('{"n":', id="A", name="f", index=0),
        part("1}", index=1),
        part("0}", index=0),
    ) == [("f", "A", {"n": 0}), ("g", "B", {"n": 1})]


def test_two_fragments_of_one_chunk_are_joined() -> None:
    """One chunk with two fragments is the sum of two chunks with one each."""
    fragments = [{"index": 0, "args": "1"}, {"index": 0, "args": "0"}]

    one = Chunk(tool_call_chunks=fragments)

    assert [f["args"] for f in one.tool_call_chunks] == ["10"]
    assert one == part("1") + part("0") == Chunk("") + one


def test_fragments_in_the_content_are_fragments() -> None:
    """A tool_call_chunk block is read like one of the field."""
    block = {"type": "tool_call_chunk", "index": 0, "id": "c", "args": "{}"}

    chunk = Chunk(["a", {**block, "name": "f", "extras": {"s": 1}}])

    assert chunk.text == "a"
    assert [one["type"] for one in chunk.content_blocks] == ["text", "tool_call_chunk"]
    assert chunk.tool_call_chunks[0]["args"] == "{}"
    assert chunk.to_message().tool_calls == [
        {"name": "f", "args": {}, "id": "c", "extras": {"s": 1}, "type": "tool_call"}
    ]


def test_arguments_grow_and_never_shrink() -> None:
    """A preview shows what is sure: whole numbers and keys, strings as they come."""
    full, seen = part("", id="c", name="f"), []
    for piece in ('{"a": 1', '0, "b": "x', 'y", "c', '": tr', "ue}"):
        full = full + part(piece)
        seen.append(full.tool_calls[0]["args"])

    assert seen == [
        {},
        {"a": 10, "b": "x"},
        {"a": 10, "b": "xy"},
        {"a": 10, "b": "xy"},
        {"a": 10, "b": "xy", "c": True},
    ]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ('{"path": "/tm', "ends inside a string at character 13"),
        ('{"a": 1} {"b": 2}', "data after the end of the value at character 9"),
        ("[1]", "is a list, not an object"),
        ("x", "unexpected 'x' at character 0"),
        ('{"a": NaN}', "unexpected 'N' at character 6"),
        ('{"a":' * 600 + "1" + "}" * 600, "is nested too deeply"),
    ],
)
def test_finishing_is_strict(args: str, error: str) -> None:
    """Arguments that are not one complete object are no tool call, ever."""
    full = part(args, id="c", name="rm") + END
    wrong = {
        "name": "rm",
        "args": args,
        "id": "c",
        "error": error,
        "type": "invalid_tool_call",
    }

    assert (full.tool_calls, full.invalid_tool_calls) == ([], [wrong])
    assert full.to_message().invalid_tool_calls == [wrong]
    assert full.to_message().tool_calls == []
    assert part(args, id="c", name="rm").invalid_tool_calls == []


def test_a_call_without_name_is_invalid() -> None:
    """It shows as a fragment while it runs, and is no call at the end."""
    full = part("{}", id="c")

    assert full.tool_calls == []
    (wrong,) = (full + END).invalid_tool_calls
    assert wrong["error"] == "the call has no name"


def test_no_arguments_are_empty_arguments() -> None:
    """Some servers send nothing at all for a call without arguments."""
    assert calls(part(None, id="c", name="f")) == [("f", "c", {})]


def test_a_text_of_nothing_is_nothing() -> None:
    """An empty text without an index is no block, as the content "" is none."""
    first = Chunk([{"type": "text", "text": "", "index": 0}])
    nothing = Chunk([{"type": "text", "text": "", "index": None}])
    copies = [Chunk.model_validate(one.model_dump()) for one in (first, nothing)]

    assert sum(copies[1:], copies[0]).model_dump() == (first + nothing).model_dump()
    assert nothing.content_blocks == []


def test_a_stream_that_broke_off_can_be_told() -> None:
    """Without an end there is no finish reason, and unfinished calls are invalid."""
    full = Chunk("a") + part('{"a": ', id="c", name="f")

    message = full.to_message()

    assert message.finish_reason is None
    assert full.chunk_position is None
    assert [call["args"] for call in message.invalid_tool_calls] == ['{"a": ']


@pytest.mark.parametrize("args", ["", None, " \n"])
def test_a_call_that_has_only_begun_is_no_call_without_arguments(args: Any) -> None:
    """Arguments that nothing was said of are `{}` only where nothing more may come."""
    begun = Chunk("a") + part(args, id="c", name="f")
    cut = begun.to_message()
    finished = begun + Chunk(response_metadata={"finish_reason": "tool_calls"})

    assert cut.tool_calls == []
    assert [call["error"] for call in cut.invalid_tool_calls] == [
        "the stream broke off before the arguments"
    ]
    assert Chunk.from_message(cut).to_message() == cut
    for whole in (begun + END, finished):
        assert [call["args"] for call in whole.to_message().tool_calls] == [{}]


def test_a_call_that_was_whole_when_the_stream_broke_off_is_a_call() -> None:
    """Nothing that comes after a complete object could belong to it."""
    message = part('{"a": 1}', id="c", name="f").to_message()

    assert [call["args"] for call in message.tool_calls] == [{"a": 1}]


def test_whole_calls() -> None:
    """Calls that come whole are there at once, and stay two when said twice."""
    one = Chunk("a", tool_calls=[CALL], invalid_tool_calls=[WRONG])

    assert (one.tool_calls, one.invalid_tool_calls) == ([CALL], [WRONG])
    assert (one + one).tool_calls == [CALL, CALL]
    assert one.tool_call_chunks == []
    assert (one + END).to_message().content == "a"
    mixed = one + part("{}", id="d", name="g")
    assert [call["name"] for call in mixed.tool_calls] == ["g", "f"]
    assert [call["name"] for call in (mixed + END).tool_calls] == ["g", "f"]
    assert mixed.invalid_tool_calls == [WRONG]


# ------------------------------------------------------------------ other fields


def test_origin_and_ids_are_said_once() -> None:
    """The first id, name and model win; nothing is doubled or dropped."""
    said = Chunk("a", id="1", name="bot", response_metadata={"model_name": "gpt"})

    full = said + said + Chunk(id="2", response_metadata={"model_name": "other"})

    assert (full.id, full.name) == ("1", "bot")
    assert full.response_metadata == {"model_name": "gpt"}
    assert full.conflicts == {
        "id": ["1", "2"],
        "response_metadata.model_name": ["gpt", "other"],
    }
    assert full.to_message().response_metadata["conflicts"] == full.conflicts


def test_finish_reasons_are_a_set() -> None:
    """Said twice is once; the gravest of several is read."""
    stop = Chunk(response_metadata={"finish_reason": "stop"})
    length = Chunk(response_metadata={"finish_reason": "length"})

    assert (stop + stop).finish_reason == "stop"
    assert (stop + length).finish_reason == "length"
    assert (stop + length).conflicts["response_metadata.finish_reason"] == [
        "stop",
        "length",
    ]
    other = Chunk(response_metadata={"finish_reason": "tool_calls"})
    assert (other + stop).finish_reason == "tool_calls"


def test_metadata_of_any_type_adds() -> None:
    """Last per key; no sum, no clash of types; logprobs grow."""
    one = Chunk(response_metadata={"n": 1, "x": True, "logprobs": {"content": [1]}})
    two = Chunk(response_metadata={"n": 1.5, "x": "y", "logprobs": {"content": [2]}})
    flat = Chunk(response_metadata={"logprobs": 1}) + Chunk(
        response_metadata={"logprobs": {"": [2], "x": None}, "n": None}
    )

    assert (one + one).response_metadata["n"] == 1
    assert (one + two).response_metadata == {
        "logprobs": {"content": [1, 2]},
        "n": 1.5,
        "x": "y",
    }
    assert flat.response_metadata == {"logprobs": [1, 2]}


def test_additional_kwargs_keep_the_last_value() -> None:
    """Nothing is summed and nothing raises."""
    full = Chunk(additional_kwargs={"a": 1, "b": [1]}) + Chunk(
        additional_kwargs={"a": "x"}
    )

    assert full.additional_kwargs == {"a": "x", "b": [1]}
    assert Chunk().additional_kwargs == {}


def test_usage_adds_and_reports_replace() -> None:
    """Deltas add, floats too; running totals replace; no usage erases nothing."""
    delta = Chunk(usage_metadata={**USAGE, "cost": 0.5})
    first = Chunk(cumulative_usage={"input_tokens": 3, "output_tokens": 1})
    second = Chunk(cumulative_usage={"input_tokens": 3, "output_tokens": 5})

    assert (delta + Chunk("x") + delta).usage_metadata == {
        "input_tokens": 6,
        "output_tokens": 10,
        "total_tokens": 16,
        "cost": 1.0,
    }
    assert (first + second + second).usage_metadata == USAGE
    assert first.usage_metadata is not None
    assert Chunk("x").usage_metadata is None


def test_the_last_chunk_marks_the_sum() -> None:
    """Any chunk that is last makes the sum last, also if one comes after."""
    assert END.chunk_position == "last"
    assert Chunk().chunk_position is None
    assert (END + Chunk("late")).chunk_position == "last"
    assert (Chunk("a") + END + part("{}", id="c", name="f")).tool_calls != []


def test_identified_gives_an_id_to_those_without() -> None:
    """A chunk's own id stays; a copy gets the new one, the original none."""
    plain, said = Chunk("a"), part("{}", id="c", name="f")
    total = plain + said

    assert Chunk("a", id="1").identified("2").id == "1"
    assert (plain.identified("2").id, plain.id) == ("2", None)
    assert said.identified("2").tool_calls == said.tool_calls
    assert (total.identified("2").id, total.id) == ("2", None)
    assert total.identified("2").text == "a"
    named = total.identified("2")
    assert named.identified("3") is named


@pytest.mark.parametrize(
    ("piece", "other"),
    [
        (Chunk("a", id="i"), Chunk("b", id="i")),
        (part("a", id="c", name="f"), part("b", id="c", name="f")),
        (
            Chunk([{"type": "reasoning", "reasoning": "a", "index": 1}]),
            Chunk([{"type": "reasoning", "reasoning": "b", "index": 1}]),
        ),
    ],
)
def test_saying_changes_the_one_text_of_a_piece(piece: Chunk, other: Chunk) -> None:
    """All else of the piece stays, and the piece itself as well."""
    before = piece.model_dump()

    assert piece.saying("b") == other
    assert piece.model_dump() == before


# ------------------------------------------------------------------ messages


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(),
        AIMessage("hi", id="1", name="bot", usage_metadata=USAGE),
        AIMessage("hi", tool_calls=[CALL], invalid_tool_calls=[{**WRONG, "id": "d"}]),
        AIMessage([CALL, {"type": "text", "text": "after"}]),
        AIMessage("", tool_calls=[{**CALL, "id": None}]),
        AIMessage(
            [{**WRONG, "name": None, "id": None}, {"type": "text", "text": "after"}]
        ),
        AIMessage([{"type": "image", "url": "u"}, {"type": "text", "text": "a"}]),
        AIMessage("", response_metadata={"finish_reason": "stop", "conflicts": {}}),
    ],
)
def test_a_message_as_one_chunk(message: AIMessage) -> None:
    """A message made a chunk and finished again is the same message."""
    chunk = Chunk.from_message(message)

    assert chunk.to_message() == message
    assert (Chunk("") + chunk).to_message() == message
    assert chunk.chunk_position == "last"


def test_a_message_of_text_is_a_chunk_of_text() -> None:
    """Its content stays a text, to which further text is added."""
    message = AIMessage("hi", additional_kwargs={"a": 1})

    chunk = Chunk.from_message(message)

    assert chunk.content == "hi"
    assert (chunk + Chunk("!")).content == "hi!"
    assert chunk.additional_kwargs == {"a": 1}


def test_finishing_drops_what_says_nothing() -> None:
    """Indexes and empty blocks have no place in a finished message."""
    full = (
        Chunk([{"type": "reasoning", "reasoning": "", "index": 0}])
        + Chunk([{"type": "text", "text": "a", "index": 1}])
        + Chunk([{"type": "text", "text": "", "index": 2}])
    )

    assert full.to_message() == AIMessage("a")


def test_a_call_before_text_stays_before_it() -> None:
    """Content lists the calls too where their place would be lost otherwise."""
    full = (
        part('{"a":1}', id="c", name="f", index=0)
        + Chunk([{"type": "text", "text": "b", "index": 1}])
        + END
    )

    message = full.to_message()

    assert message.content == [CALL, {"type": "text", "text": "b"}]
    assert message.tool_calls == full.tool_calls == [CALL]


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    """`str` shows content and fragments, `repr` all; sums print like chunks."""
    full = Chunk("a", name="bot") + part("{}", id="c", name="f") + END

    print(full)  # noqa: T201
    print(repr(Chunk("a", id="1") + Chunk("b")))  # noqa: T201
    full.pretty_print()

    assert capsys.readouterr().out.splitlines() == [
        (
            "AIMessageChunk('a', tool_call_chunks=[{'type': 'tool_call_chunk', 'name': "
            "'f', 'args': '{}', 'id': 'c', 'index': 0}])"
        ),
        "AIMessageChunk('ab', id='1')",
        " Ai Message ".center(80, "="),
        "Name: bot",
        "Tool call: f (c)",
        "",
        "a",
    ]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: part(index=1.5),
            (
                "tool_call_chunks contains {'name': None, 'args': None, 'id': None, "
                "'index': 1.5}. Give {'name': 'get_weather', 'args': '{\"lo', 'id': "
                "'call_1', 'index': 0}, args as a piece of JSON text and index as a "
                "number, a string or None."
            ),
        ),
        (
            lambda: Chunk(tool_call_chunks=[{"arguments": ""}]),
            (
                "tool_call_chunks contains {'arguments': ''}. Give {'name': "
                "'get_weather', 'args': '{\"lo', 'id': 'call_1', 'index': 0}, args "
                "as a "
                "piece of JSON text and index as a number, a string or None."
            ),
        ),
        (
            lambda: Chunk(tool_call_chunks={"args": ""}),
            "tool_call_chunks is {'args': ''}; give a list.",
        ),
        (lambda: Chunk(tool_calls=3), "tool_calls is 3; give a list."),
        (
            lambda: Chunk(invalid_tool_calls="f"),
            "invalid_tool_calls is 'f'; give a list.",
        ),
        (
            lambda: Chunk([{"type": "text", "text": "a", "index": True}]),
            "content contains the index True; give a number, a string or None.",
        ),
        (
            lambda: Chunk([{"type": "tool_call", "name": "f"}]),
            (
                "tool_calls contains {'type': 'tool_call', 'name': 'f'}. Give {'name': "
                "'get_weather', 'args': {'location': 'Boston'}, 'id': 'call_1'}, "
                "args as "
                "a dict."
            ),
        ),
        (
            lambda: Chunk(5),
            (
                "content is 5. Give a string, or a list of strings and blocks such as "
                "{'type': 'text', 'text': '...'}."
            ),
        ),
        (
            lambda: Chunk(chunk_position="first"),
            "chunk_position is 'first'; give 'last' or None.",
        ),
        (
            lambda: Chunk(conflicts={"id": "ab"}),
            "conflicts['id'] is 'ab'; give a list.",
        ),
        (
            lambda: Chunk(cumulative_usage=3),
            (
                "cumulative_usage is 3. Give a dict such as {'input_tokens': 3, "
                "'output_tokens': 5, 'total_tokens': 8}, or None."
            ),
        ),
        (lambda: Chunk(id=5), "id is 5; it is a string or None."),
        (
            lambda: Chunk(response_metadata="x"),
            "response_metadata is 'x'; give a dict or None.",
        ),
        (
            lambda: Chunk.model_validate({"type": "ai", "content": ""}),
            "AIMessageChunk cannot be read from type 'ai'. Known: 'AIMessageChunk'.",
        ),
    ],
)
def test_errors(make: Callable[[], object], text: str) -> None:
    """Bad input is an InputError when the chunk is made, never when it is added."""
    with pytest.raises(InputError) as caught:
        make()

    assert str(caught.value) == text


def test_whole_calls_are_not_in_the_content():
    """They are in the blocks; the content of a chunk and of its message is the same."""
    chunk = Chunk("hi", tool_calls=[CALL])

    assert chunk.content == chunk.to_message().content == "hi"
    assert Chunk(tool_calls=[CALL]).content == ""
    assert repr(chunk) == f"AIMessageChunk({[{'type': 'text', 'text': 'hi'}, CALL]!r})"
    assert (chunk + Chunk("!", invalid_tool_calls=[WRONG])).content == "hi!"


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        (
            {
                "tool_calls": [CALL],
                "tool_call_chunks": part('{"a": 1}', id="c", name="f").tool_call_chunks,
            },
            [CALL],
        ),
        ({"content": [CALL], "tool_calls": [CALL]}, [CALL]),
        ({"content": [WRONG], "invalid_tool_calls": [WRONG]}, [WRONG]),
    ],
    ids=["fragments", "blocks", "invalid"],
)
def test_a_call_that_is_said_twice_in_one_chunk_is_one_call(fields, calls):
    """Whoever copies all fields of a chunk doubles nothing."""
    message = Chunk(**fields, chunk_position="last").to_message()

    assert message.tool_calls + message.invalid_tool_calls == calls


def test_a_whole_call_without_an_id_is_none_of_the_fragments():
    """Where ids are empty, a whole call is another one than that of the fragments."""
    chunk = Chunk(
        tool_call_chunks=[{"name": "f", "args": "{}", "id": "", "index": 0}],
        tool_calls=[{"name": "g", "args": {}, "id": ""}],
        chunk_position="last",
    )

    assert [call["name"] for call in chunk.tool_calls] == ["f", "g"]


def test_a_server_tool_call_is_finished_like_any_call():
    """Its fragments become a call once the stream has ended, if they are an object."""
    start = {"type": "server_tool_call_chunk", "id": "s", "name": "search", "index": 0}
    call = Chunk([{**start, "args": '{"q"'}]) + Chunk(
        [{"type": "server_tool_call_chunk", "args": ": 1}", "index": 0}]
    )
    deep = Chunk([{**start, "args": '{"q":' + "[" * 5000 + "]" * 5000 + "}"}])
    finished = {"type": "server_tool_call", "args": {"q": 1}, "id": "s"}

    assert call.content_blocks == [{**start, "args": '{"q": 1}'}]
    assert (call + END).content_blocks == [{**start, **finished}]
    assert call.to_message().content == [{**finished, "name": "search"}]
    for wrong in (Chunk([{**start, "args": '{"q"'}]), deep):
        assert (wrong + END).content_blocks == wrong.content_blocks


def test_a_plain_text_at_a_url_has_no_text():
    """The field of a text is there only where the text itself is."""
    block = {"type": "text-plain", "url": "u", "mime_type": "text/plain"}

    assert Chunk([block]).content_blocks == [block]


def test_the_text_of_many_blocks_in_any_order():
    """Earlier blocks may go on while later ones are there."""
    full = Chunk("a")
    for index, text in [(1, "d"), (0, "b"), (0, "c"), (1, "e"), (0, "-")]:
        full = full + Chunk([{"type": "text", "text": text, "index": index}])
        assert full.text == "".join(
            block["text"] for block in full.content_blocks if block["type"] == "text"
        )
    full = full + Chunk("A")

    assert full.text == "aAbc-de"


def test_values_that_differ_are_told_apart_by_what_they_say():
    """Conflicts of nested values keep each once."""
    chunks = [Chunk(response_metadata={"model": value}) for value in ([1], {"a": 1})]

    full = sum([*chunks, *chunks])

    assert full.conflicts == {"response_metadata.model": [[1], {"a": 1}]}


def test_sums_branch_without_a_copy():
    """All that is made from one sum shares it, in any order of adding and reading."""
    base = Chunk("a") + Chunk("b")
    one, two = base + Chunk("c"), base + Chunk("d")

    assert [one.text, two.text, base.text] == ["abc", "abd", "ab"]
    assert (one + two).text == "abcabd"
    assert (two + one + base).text == "abdabcab"
    assert (base + base).text == "abab"


@pytest.mark.parametrize(
    "sums",
    [
        lambda chunks: list(itertools.accumulate(chunks, lambda a, b: b + a))[-1],
        lambda chunks: [
            (full, full + END)
            for full in itertools.accumulate(chunks, lambda a, b: a + b)
        ][-1][0],
    ],
    ids=["from the right", "with a look ahead"],
)
def test_adding_costs_the_same_at_any_length(sums):
    """Also to the left of a long sum, and beside it."""
    assert len(sums([Chunk("x")] * 50_000).text) == 50_000


@given(hst.chunks())
def test_a_single_chunk_finishes_as_its_sum_does(chunk: Chunk) -> None:
    """The short way to the message of one chunk leads where the long one does."""
    assert chunk.to_message() == (Chunk() + chunk).to_message()


@pytest.mark.parametrize(
    "chunk",
    [
        Chunk("a\ud83d", response_metadata={"finish_reason": "stop", "x": None}),
        Chunk("a", additional_kwargs={"b": None, "a": [1]}, name="n", id="i"),
        Chunk("a", response_metadata={"logprobs": {"content": None, "refusal": 1}}),
        Chunk("a", response_metadata={"logprobs": 1}),
        Chunk("", usage_metadata=USAGE, cumulative_usage=USAGE, chunk_position="last"),
        Chunk("a", conflicts={"id": ["b", "c"]}),
    ],
)
def test_awkward_chunks_finish_as_their_sums_do(chunk: Chunk) -> None:
    """Halves, Nones, growing lists and conflicts are the same either way."""
    assert chunk.to_message() == (Chunk() + chunk).to_message()


INDEX = st.integers(0, 1)
PLAIN = st.builds(Chunk, st.sampled_from(["a", "b "]))
NAMED = st.builds(Chunk, st.just("c"), id=st.just("i"))
PLACED = st.builds(lambda n: Chunk([{"type": "text", "text": "d", "index": n}]), INDEX)
READ = st.sampled_from(["text", "text", "id", "content_blocks"])


@given(st.lists(st.tuples(PLAIN | NAMED | PLACED | hst.chunks(), READ), max_size=8))
def test_reading_on_the_way_changes_nothing(turns: list[tuple[Chunk, str]]) -> None:
    """Whatever was read of a sum while it grew, it is that of the chunks added anew."""
    full = Chunk()
    for number, (chunk, field) in enumerate(turns, start=1):
        full += chunk
        fresh = sum([one for one, _ in turns[:number]], Chunk())

        assert getattr(full, field) == getattr(fresh, field)
    assert full == sum([one for one, _ in turns], Chunk())


def test_an_empty_text_before_a_numbered_one_grows_in_its_place() -> None:
    """The text without an index comes first, also if it was empty when it was read."""
    full = Chunk([{"type": "text", "text": ""}])
    full += Chunk([{"type": "text", "text": "d", "index": 0}])
    seen = [full.text]
    full += Chunk("x")
    seen.append(full.text)

    assert seen == ["d", "xd"]
