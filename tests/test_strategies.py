"""Strategies: what they draw is lawful, hard, and checked when it is drawn."""

import copy
import json
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from harness import strategies as hst
from harness.chunks import AIMessageChunk
from harness.coercion import coerce_messages
from harness.errors import InputError
from harness.fake import FakeChatModel
from harness.messages import AIMessage, Message
from harness.requests import ChatRequest
from harness.strategies.cuts import halves
from harness.strategies.streams import merged
from harness.text import whole
from harness.wire.openai_chat import OPENAI_CHAT


@given(hst.texts(), st.data())
def test_partitions_join_to_the_text(text: str, data: st.DataObject) -> None:
    """Pieces of a text are not empty, and join to it."""
    pieces = data.draw(hst.partitions(text))

    assert "".join(pieces) == text
    assert all(pieces)


@given(hst.texts(half_characters=False), st.data())
def test_halved_partitions_join_to_the_text(text: str, data: st.DataObject) -> None:
    """Pieces cut between UTF-16 units join to the text once halves are paired."""
    pieces = data.draw(hst.partitions(text, halved=True))

    assert whole("".join(pieces)) == text


@given(
    st.binary(max_size=20) | st.lists(st.integers(), max_size=5).map(tuple), st.data()
)
def test_partitions_take_any_sequence(items: Any, data: st.DataObject) -> None:
    """Bytes and tuples are cut into bytes and tuples."""
    pieces = data.draw(hst.partitions(items, empty=True))

    assert sum(pieces, type(items)()) == items if items == () else True
    assert [x for piece in pieces for x in piece] == [*items]
    assert all(type(piece) is type(items) for piece in pieces)


@given(st.data(), st.integers(1, 3), st.integers(3, 5))
def test_partitions_keep_to_their_sizes(
    data: st.DataObject, least: int, most: int
) -> None:
    """There are as many pieces as asked for."""
    pieces = data.draw(hst.partitions("abcdef", min_size=least, max_size=most))

    assert least <= len(pieces) <= most


def test_empty_pieces_are_drawn_on_request() -> None:
    """With empty=True also nothing is cut into pieces."""
    pieces = find(hst.partitions("", empty=True, min_size=2), lambda _: True)

    assert pieces == ["", ""]


def test_partitions_of_nothing_are_none() -> None:
    """Nothing has no pieces."""
    assert find(hst.partitions(""), lambda _: True) == []


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (hst.texts(min_size=3, max_size=2), "min_size=3 is above max_size=2; lower"),
        (hst.texts(min_size=-1), "min_size=-1; give a whole number from 0 up"),
        (hst.json_objects(max_size="2"), "max_size='2'; give a whole number"),  # type: ignore[arg-type]  # that is the point
        (hst.partitions("ab", min_size=3), "min_size=3 pieces cannot be cut from 'ab'"),
        (hst.partitions("ab", max_size=0), "max_size=0 pieces cannot hold 'ab'"),
        (hst.interleavings("ab"), "give a list of sequences"),
        (hst.interleavings([1]), "give a list of sequences"),  # type: ignore[list-item]  # that is the point
        (hst.messages(kinds=("humn",)), "Did you mean 'human'"),
        (hst.messages(kinds=()), "kinds is empty"),
        (hst.conversations(min_size=0), "min_size=0; a conversation has one round"),
        (hst.deltas(fields=["contents"]), "Did you mean 'content'"),
        (hst.chunks(fields=[]), "fields is empty"),
        (hst.message_cuts("Hi"), "'Hi' cannot be cut; give an AIMessage"),  # type: ignore[arg-type]  # that is the point
        (hst.requests(min_size=2, max_size=1), "min_size=2 is above max_size=1"),
    ],
)
def test_wrong_arguments_are_errors_when_drawn(
    strategy: st.SearchStrategy[Any], message: str
) -> None:
    """A wrong argument is a clear error, of the first draw."""
    with pytest.raises(InputError) as error:
        find(strategy, lambda _: True)

    assert message in str(error.value)


@given(hst.interleavings(["abc", "xyz", ""]))
def test_interleavings_keep_each_order(items: list[str]) -> None:
    """All items are there, those of one sequence in their order."""
    assert [x for x in items if x in "abc"] == ["a", "b", "c"]
    assert [x for x in items if x in "xyz"] == ["x", "y", "z"]


@given(hst.byte_cuts(b"data: {}\n\n", min_size=2))
def test_byte_cuts_join_to_the_bytes(pieces: list[bytes]) -> None:
    """Pieces of bytes join to the bytes."""
    assert b"".join(pieces) == b"data: {}\n\n"
    assert len(pieces) >= 2


def test_halves_are_utf16_units() -> None:
    """A character beyond the first plane has two halves."""
    assert halves("a😀") == ["a", "\ud83d", "\ude00"]


@pytest.mark.parametrize("hard", ["\ud83d", "\u200d", "\u05e9", "e\u0301", "\u202e"])
def test_texts_are_hard(hard: str) -> None:
    """Halves, joined pictures, right to left, accents: all are drawn."""
    assert hard in find(hst.texts(), lambda text: hard in text)


@given(hst.texts(min_size=2, max_size=3, half_characters=False))
def test_texts_keep_to_their_sizes(text: str) -> None:
    """Sizes count code points; without halves each text encodes to UTF-8."""
    assert 2 <= len(text) <= 3
    assert text.encode().decode() == text


@given(hst.json_objects(), st.data())
def test_json_arguments_say_their_value(value: Any, data: st.DataObject) -> None:
    """The text of arguments is JSON of the value, however it is spelled."""
    assert json.loads(data.draw(hst.json_arguments(value))) == value


@given(hst.json_arguments())
def test_json_arguments_are_objects(text: str) -> None:
    """Without a value, the arguments are those of any object."""
    assert isinstance(json.loads(text), dict)


@given(hst.messages())
def test_messages_survive_their_json(message: Message) -> None:
    """Any drawn message is read back from its JSON."""
    assert type(message).model_validate_json(message.model_dump_json()) == message


@given(hst.conversations())
def test_conversations_await_an_answer(messages: list[Message]) -> None:
    """A model can go on: each call has its result, the last word is not the model's."""
    assert [*coerce_messages(messages)] == messages
    assert messages[-1].type in ("human", "tool")
    for before, after in pairwise(messages):
        if isinstance(before, AIMessage) and before.tool_calls:
            assert after.type == "tool"


@given(hst.chunk_streams())
def test_streams_sum_to_their_message(stream: hst.Stream) -> None:
    """The ground truth of a stream is what its chunks sum to."""
    total = sum(stream.chunks, AIMessageChunk())

    assert total.to_message() == stream.message
    assert total.chunk_position == "last"


@given(hst.messages(kinds=("ai",)), st.data())
def test_message_cuts_sum_to_the_message(
    message: AIMessage, data: st.DataObject
) -> None:
    """The ways to cut an answer all sum to it."""
    cut = data.draw(hst.message_cuts(message))

    assert sum(cut, AIMessageChunk()).to_message() == message


@pytest.mark.parametrize(
    "wanted",
    [
        lambda chunks: (
            len({f["index"] for c in chunks for f in c.tool_call_chunks}) > 1
        ),
        lambda chunks: any(c.usage_metadata for c in chunks[:-1]),
        lambda chunks: any(c == AIMessageChunk() for c in chunks),
    ],
)
def test_streams_have_variety(wanted: Any) -> None:
    """Parallel calls, usage before the end, empty chunks: all are drawn."""
    first = settings(phases=[Phase.generate], max_examples=500)
    assert find(
        hst.chunk_streams(), lambda stream: wanted(stream.chunks), settings=first
    )


@given(st.lists(hst.chunks(), min_size=1, max_size=4))
def test_any_chunks_can_be_added(chunks: list[AIMessageChunk]) -> None:
    """Whatever is drawn, it sums."""
    assert isinstance(sum(chunks), AIMessageChunk)


def test_deltas_that_contradict_are_not_merged() -> None:
    """Two texts are not made one chunk: nobody can tell where they were cut."""
    assert merged({"content": "a"}, {"content": "b"}) is None
    assert merged({"content": "a"}, {"id": "x"}) == {"content": "a", "id": "x"}


@given(hst.offered_tools())
def test_arguments_fit_their_tool(tool: hst.OfferedTool) -> None:
    """The arguments that come with a tool are valid against its schema."""
    jsonschema.validate(tool.args, tool.spec.parameters)


@given(hst.requests(min_size=1))
def test_requests_choose_bound_tools(request: ChatRequest) -> None:
    """A request offers tools of different names, and forces only what it offers."""
    names = [tool.name for tool in request.tools]
    choice = request.tool_choice

    assert len({*names}) == len(names) >= 1
    assert choice is None or choice.name is None or choice.name in names


@given(hst.requests(max_size=0, stream=True))
def test_requests_without_tools_choose_nothing(request: ChatRequest) -> None:
    """Without tools there is no choice; stream is what was asked for."""
    assert (request.tools, request.tool_choice, request.stream) == ((), None, True)


@given(st.data())
def test_scripts_play(data: st.DataObject) -> None:
    """Drawn turns play on a fake model that has the tools, to their last."""
    offered = [data.draw(hst.offered_tools(name=name)) for name in ("f", "g")]
    turns = data.draw(hst.scripts(tools=offered))
    model = FakeChatModel(*turns).bind_tools([tool.spec for tool in offered])

    sums = [sum(model.stream("Hi")) for _ in turns]

    assert all(isinstance(chunk, AIMessageChunk) for chunk in sums)
    model.script.check_exhausted()


def event(
    delta: Any = None, *, finish: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Give one event of an OpenAI Chat Completions stream."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": [choice], **fields}


def fragment(index: int, arguments: str, **said: str) -> dict[str, Any]:
    """Give a delta of one fragment of a call."""
    function = {
        "arguments": arguments,
        **{k: v for k, v in said.items() if k == "name"},
    }
    named = {"id": said["id"], "type": "function"} if "id" in said else {}
    return {"tool_calls": [{"index": index, **named, "function": function}]}


USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
EVENTS = [
    event({"role": "assistant", "content": ""}),
    event({"content": "Hi 😀"}),
    event({"content": " there"}),
    event(fragment(0, "", id="call_0", name="f")),
    event(fragment(0, '{"a":')),
    event(fragment(0, "1}")),
    event(fragment(1, "", id="call_1", name="g")),
    event(fragment(1, '{"b":"😀"}')),
    event(finish="tool_calls"),
    event(choices=[], usage=USAGE),
]


def decoded(events: list[dict[str, Any]]) -> AIMessage:
    """Give the message that the dialect makes of events."""
    decoder = OPENAI_CHAT.decoder()
    lines = [b"data: " + json.dumps(said).encode() + b"\n\n" for said in events]
    chunks = [c for line in [*lines, b"data: [DONE]\n\n"] for c in decoder.feed(line)]
    chunks += decoder.close()
    total = sum(c for c in chunks if isinstance(c, AIMessageChunk))
    assert isinstance(total, AIMessageChunk)
    return total.to_message()


KEEPING = [name for name, quirk in hst.QUIRKS.items() if quirk.keeps_meaning]


@pytest.mark.parametrize("name", KEEPING)
def test_quirks_keep_the_meaning(name: str) -> None:
    """The dialect reads the same message, whatever the quirk."""
    events = hst.quirk(name).apply(EVENTS)

    assert events != EVENTS
    assert decoded(events) == decoded(EVENTS)


@pytest.mark.parametrize("name", hst.QUIRKS)
def test_quirks_change_nothing_in_place(name: str) -> None:
    """A quirk copies: the polite events stay as they are."""
    before = copy.deepcopy(EVENTS)

    hst.quirk(name).apply(EVENTS)

    assert before == EVENTS


@pytest.mark.parametrize("name", hst.QUIRKS)
@pytest.mark.parametrize("events", [[], EVENTS[:2], EVENTS[-1:]], ids=len)
def test_quirks_take_any_stream(name: str, events: list[dict[str, Any]]) -> None:
    """A quirk that finds nothing to change does no harm."""
    assert isinstance(hst.quirk(name).apply(events), list)


def test_truncated_streams_have_no_end() -> None:
    """A stream cut short says no finish reason."""
    events = hst.quirk("truncated").apply(EVENTS)

    assert "finish_reason" not in json.dumps(decoded(events).response_metadata)


def test_an_unknown_quirk_is_an_error() -> None:
    """A quirk that does not exist is an error that names the nearest."""
    with pytest.raises(InputError, match="Did you mean 'echo_name'"):
        hst.quirk("echo_nam")
