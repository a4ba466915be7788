"""Two runs compared: exchanges are paired by what was asked, and differ by meaning."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import Interaction
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.comparison import (
    PARTS,
    Comparison,
    compare,
    compare_exchanges,
    comparison_value,
    word_changes,
)
from harness.errors import InputError
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts.files import read_script
from harness.steps import Fault
from harness.tool_specs import ToolSpec
from harness.transcripts import Transcript, read_transcript, transcript_of
from harness.transcripts.reading import _script

ROOT = Path(__file__).parents[2]


def asked(*texts: str, answer: str = "Yes.", **fields) -> Interaction:
    """Give a recorded chat: *texts* in turn by a person and the model."""
    kinds = [HumanMessage, AIMessage]
    messages = tuple(kinds[n % 2](text) for n, text in enumerate(texts))
    fields = {"model": "m", **fields}
    said = AIMessageChunk(answer, chunk_position="last")
    return conversation(ChatRequest(messages, **fields), [said], [0])


def run(*interactions: Interaction) -> Transcript:
    """Give a transcript of interactions."""
    return transcript_of(interactions, "a.yaml")


def script(text: str) -> Transcript:
    """Give the transcript of a script."""
    return _script(read_script(text), Path("s.yaml"))


def told(found: Comparison) -> list[str]:
    """Give what a comparison says, in lines."""
    lines = []
    for one in found.exchanges:
        numbers = [side.number for side in (one.before, one.after) if side]
        lines += [f"{one.change} {' '.join(map(str, numbers))}"]
        lines += [difference.says for difference in one.differences]
    return lines


def between(before: Interaction, after: Interaction) -> list[tuple[str, str]]:
    """Give part and text of what differs between two exchanges."""
    pair = compare_exchanges(run(before).exchanges[0], run(after).exchanges[0])
    return [(one.part, one.says) for one in pair.differences]


@pytest.mark.parametrize("path", sorted(ROOT.glob("cassettes/*.yaml")), ids=str)
def test_every_cassette_is_the_same_as_itself(path):
    """Nothing differs, also if other requests stand in another order."""
    one = read_transcript(path)
    in_another_order = sorted(one.exchanges, key=lambda each: repr(each.request))
    other = replace(one, exchanges=tuple(in_another_order))

    assert compare(one, one).same
    assert compare(one, other).same


def test_ids_and_the_order_of_keys_are_no_difference():
    """What differs from run to run means nothing."""

    def wire(body: dict, key: str, reply: str) -> Interaction:
        answer = {
            "id": reply,
            "created": len(reply),
            "model": "m",
            "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"content": "Hi"}}
            ],
        }
        return Interaction(
            "POST",
            "https://api.openai.com/v1/chat/completions",
            200,
            request_headers=(("authorization", key),),
            request_body=json.dumps(body).encode(),
            response_headers=(("x-request-id", reply),),
            response_body=json.dumps(answer).encode(),
        )

    body = {"model": "m", "messages": [{"role": "user", "content": "?"}], "seed": 1}
    turned = dict(reversed(body.items()))

    assert compare(run(wire(body, "a", "r1")), run(wire(turned, "b", "r22"))).same


def test_exchanges_are_paired_by_their_requests():
    """What moved is the same; what is new and what is gone stands where it is."""
    before = run(asked("one"), asked("Tell me of Boston"), asked("three"))
    after = run(asked("three"), asked("one"), asked("Who was Ada?"))

    assert told(compare(before, after)) == [
        "same 3 1",
        "same 1 2",
        "removed 2",
        "added 3",
    ]


def test_a_slip_is_a_change():
    """A request that is nearly the same is paired with the one that it was."""
    before = run(asked("Hello!"), asked("Sunny in Boston?"))
    after = run(asked("Sunny in Bostn?"), asked("Hello!"))

    assert told(compare(before, after)) == [
        "changed 2 1",
        "message 1 (human): 'Sunny in Bostn?' instead of 'Sunny in Boston?'",
        "same 1 2",
    ]


def test_the_nearest_wins():
    """Of several that are alike, each gets the one that is most alike."""
    before = run(asked("Weather in Boston?"), asked("Weather in Tokyo?"))
    after = run(asked("Weather in Tokyo now?"), asked("Weather in Boston now?"))

    changes = compare(before, after).exchanges
    assert [(one.before.number, one.after.number) for one in changes] == [
        (2, 1),
        (1, 2),
    ]


def test_equal_requests_are_paired_in_their_order():
    """The first with the first; what there is more of is new."""
    before = run(asked("Roll!", answer="1"), asked("Roll!", answer="2"))
    after = run(asked("Roll!", answer="1"), asked("Roll!", answer="5"), asked("Roll!"))

    assert told(compare(before, after)) == [
        "same 1 1",
        "changed 2 2",
        "text: '5' instead of '2'",
        "added 3",
    ]


def test_another_system_prompt_keeps_the_pairs():
    """What the application says each time does not make all requests new ones."""

    def prompted(prompt: str, text: str) -> Interaction:
        messages = (SystemMessage(prompt), HumanMessage(text))
        return conversation(ChatRequest(messages), [AIMessageChunk("Yes.")], [0])

    before = run(prompted("Be brief.", "one"), prompted("Be brief.", "two"))
    after = run(prompted("Go on.", "two"), prompted("Go on.", "one"))

    assert told(compare(before, after)) == [
        "changed 2 1",
        "message 1 (system): 'Go on.' instead of 'Be brief.'",
        "changed 1 2",
        "message 1 (system): 'Go on.' instead of 'Be brief.'",
    ]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"model": "m"}, {"model": "n"}, [("model", "model: 'n' instead of 'm'")]),
        (
            {"params": {"seed": 1, "top_p": 1}},
            {"params": {"seed": 2, "user": "u"}},
            [
                ("params", "seed: 2 instead of 1"),
                ("params", "top_p: 1 is gone"),
                ("params", "user: 'u' is new"),
            ],
        ),
        ({"stop": ("a",)}, {}, [("params", "stop: ['a'] is gone")]),
        (
            {},
            {"stream": True},
            [("stream", "stream: True instead of False")],
        ),
        (
            {},
            {"tools": (ToolSpec("f", "does", {}),)},
            [("tools", "tool 'f' is bound, and was not")],
        ),
        (
            {"parallel_tool_calls": False},
            {},
            [("parallel_tool_calls", "parallel_tool_calls: True instead of False")],
        ),
        ({"answer": "a"}, {"answer": "b"}, [("text", "text: 'b' instead of 'a'")]),
        ({"answer": ""}, {"answer": "b"}, [("text", "text: 'b' is new")]),
    ],
)
def test_what_changed(before, after, found):
    """Each part of request and answer is told in a line."""
    assert between(asked("?", **before), asked("?", **after)) == found


def test_a_new_message_does_not_shift_the_others():
    """Messages are aligned; what is in one talk alone is new, or gone."""
    short = asked("one", "two", "three")
    long = asked("one", "two", "three", "four", "five")
    pair = compare_exchanges(run(short).exchanges[0], run(long).exchanges[0])

    assert [(one.says, one.before, one.after) for one in pair.differences] == [
        ("message 4 (ai) is new: 'four'", None, "four"),
        ("message 5 (human) is new: 'five'", None, "five"),
    ]
    assert between(long, short) == [
        ("messages", "message 4 (ai) is gone: 'four'"),
        ("messages", "message 5 (human) is gone: 'five'"),
    ]
    assert between(asked("one", "two", "three"), asked("three")) == [
        ("messages", "message 1 (human) is gone: 'one'"),
        ("messages", "message 2 (ai) is gone: 'two'"),
    ]


def test_results_that_belong_to_other_calls_differ():
    """The same messages, and yet another request."""

    def crossed(first: str, second: str) -> Interaction:
        calls = [{"name": "f", "args": {"x": 1}, "id": "a"}]
        calls += [{"name": "g", "args": {}, "id": "b"}]
        messages = (
            AIMessage("", tool_calls=calls),
            ToolMessage("1", tool_call_id=first),
            ToolMessage("2", tool_call_id=second),
        )
        return conversation(ChatRequest(messages), [AIMessageChunk("Yes.")], [0])

    assert between(crossed("a", "b"), crossed("b", "a")) == [
        ("messages", "message 2 (tool) tool_call_id: 2 instead of 1"),
        ("messages", "message 3 (tool) tool_call_id: 1 instead of 2"),
    ]


def test_answers_differ_in_all_that_they_say():
    """Calls, reasoning, content, usage, model, finish and faults are told apart."""
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    before = [
        AIMessageChunk(
            [{"type": "reasoning", "reasoning": "Hm."}],
            tool_calls=[{"name": "f", "args": {"é": 1}, "id": "a"}],
            usage_metadata=usage,
            response_metadata={"finish_reason": "tool_calls", "model_name": "m-1"},
        )
    ]
    after = [
        AIMessageChunk(
            [{"type": "image", "url": "https://a.b/c.png"}],
            tool_calls=[
                {"name": "f", "args": {"é": 2}, "id": "b"},
                {"name": "g", "args": {}, "id": "c"},
            ],
            usage_metadata=usage | {"output_tokens": 9},
            response_metadata={"finish_reason": "stop", "model_name": "m-2"},
        ),
        Fault("gone", kind="interrupted"),
    ]
    ask = ChatRequest((HumanMessage("?"),))

    found = between(conversation(ask, before, [0]), conversation(ask, after, [0, 0]))
    assert found == [
        ("reasoning", "reasoning: 'Hm.' is gone"),
        ("tool_calls", "tool call 1: 'f({\"é\": 2})' instead of 'f({\"é\": 1})'"),
        ("tool_calls", "tool call 2: 'g({})' is new"),
        (
            "content",
            "content: [{'type': 'image', 'url': 'https://a.b/c.png'}] is new",
        ),
        ("finish", "finish: 'stop' instead of 'tool_calls'"),
        ("model", "answering model: 'm-2' instead of 'm-1'"),
        ("usage", "output_tokens: 9 instead of 2"),
        ("fault", "fault: 'interrupted: gone' is new"),
    ]


def test_other_traffic_is_compared_too():
    """By method and address, then by bodies."""

    def models(body: bytes, status: int = 200, sent: bytes = b"") -> Interaction:
        return Interaction(
            "GET",
            "https://a.b/models",
            status,
            request_body=sent,
            response_body=body,
        )

    one, same = models(b'{"a": 1, "b": 2}'), models(b'{"b": 2, "a": 1}')

    assert compare(run(one), run(same)).same
    assert between(one, models(b'{"a": 1}')) == [("body", "body.b: None instead of 2")]
    assert between(one, models(b"", 404)) == [("status", "status: 404 instead of 200")]
    assert between(one, replace(one, request_body=b"{}")) == [
        ("request_body", "request_body: '{}' is new")
    ]
    assert told(compare(run(one), run(replace(one, method="PUT")))) == [
        "removed 1",
        "added 1",
    ]


def test_scripts_are_compared_turn_by_turn():
    """Turns have no request: they are aligned; pauses and conditions count."""
    before = script("turns: [Hello!, {say: [Well, {pause: 1}]}, Bye.]")
    after = script("turns: [{say: [Well, {pause: 2}]}, {say: Bye., when: {text: x}}]")

    assert told(compare(before, after)) == [
        "removed 1",
        "changed 2 1",
        "stream: '2 pieces in 2000 ms' instead of '2 pieces in 1000 ms'",
        "changed 3 2",
        "when: \"when text 'x'\" is new",
    ]


def test_a_script_beside_a_recording():
    """What only one of them can say does not count."""
    recorded = run(asked("Hi", answer="Hello!"), asked("Bye", answer="Bye."))

    assert compare(script("turns: [Hello!, Bye.]"), recorded).same
    assert told(compare(recorded, script("turns: [Hello!, Bye!]"))) == [
        "same 1 1",
        "changed 2 2",
        "text: 'Bye!' instead of 'Bye.'",
    ]


def test_parts_may_be_ignored():
    """What the caller does not mind is no difference; a wrong name is an error."""
    before, after = run(asked("?", model="m")), run(asked("?", model="n"))

    assert compare(before, after, ignore=["model"]).same
    with pytest.raises(InputError, match=r"ignore has 'modle'. Did you mean 'model'\?"):
        compare(before, after, ignore=["modle"])


def test_the_json_form():
    """Whoever reads it may rely on it."""
    before = run(asked("?", answer="It is sunny."), asked("gone, and forgotten"))
    after = run(asked("?", answer="It is not sunny."))

    assert comparison_value(compare(before, after), words=True) == {
        "format": "chat-harness/comparison/1",
        "before": "a.yaml",
        "after": "a.yaml",
        "same": False,
        "counts": {"same": 0, "changed": 1, "removed": 1, "added": 0},
        "exchanges": [
            {
                "change": "changed",
                "before": {"number": 1, "place": "a conversation", "line": None},
                "after": {"number": 1, "place": "a conversation", "line": None},
                "differences": [
                    {
                        "part": "text",
                        "says": "text: 'It is not sunny.' instead of 'It is sunny.'",
                        "before": "It is sunny.",
                        "after": "It is not sunny.",
                        "words": [[" ", "It is "], ["+", "not "], [" ", "sunny."]],
                    }
                ],
            },
            {
                "change": "removed",
                "before": {"number": 2, "place": "a conversation", "line": None},
                "after": None,
                "differences": [],
            },
        ],
    }


@given(st.text(st.sampled_from("ab \n.")), st.text(st.sampled_from("ab \n.")))
def test_word_changes_lose_nothing(before, after):
    """Both texts can be read out of the pieces."""
    pieces = word_changes(before, after)

    assert "".join(text for sort, text in pieces if sort in " -") == before
    assert "".join(text for sort, text in pieces if sort in " +") == after
    assert word_changes(before, before) == ([(" ", before)] if before else [])


def test_word_changes_of_long_texts_are_lines():
    """Long texts are compared by lines."""
    text = "one two three\n" * 1000

    assert word_changes(text, f"{text}end") == [(" ", text), ("+", "end")]


turns = st.lists(st.sampled_from(["a", "b", "the weather", "the whether"]), max_size=4)
runs = st.lists(turns.map(lambda texts: asked(*texts)), max_size=6)


@given(runs, runs)
def test_nothing_is_lost_or_doubled(ours, theirs):
    """Each exchange of both runs stands in the comparison once."""
    before, after = run(*ours), run(*theirs)
    found = compare(before, after)

    assert {one.part for each in found.exchanges for one in each.differences} <= {
        *PARTS
    }
    assert sorted(one.before.number for one in found.exchanges if one.before) == [
        *range(1, len(ours) + 1)
    ]
    assert [one.after.number for one in found.exchanges if one.after] == [
        *range(1, len(theirs) + 1)
    ]
    back = compare(after, before)
    assert (found.same, found.count("same")) == (back.same, back.count("same"))
