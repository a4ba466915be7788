"""Messages are read out of all the forms in which people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.coercion import coerce_messages
from harness.errors import InputError
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)

CALL = {"name": "f", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}
OPENAI_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": '{"a": 1}'},
}


@pytest.mark.parametrize(
    "value",
    [
        "Hi",
        HumanMessage("Hi"),
        {"role": "user", "content": "Hi"},
        {"role": "human", "content": "Hi"},
        {"type": "human", "content": "Hi"},
        [HumanMessage("Hi")],
        (HumanMessage("Hi"),),
        [("user", "Hi")],
        [["human", "Hi"]],
        (("user", "Hi"),),
        HumanMessage("Hi").model_dump(),
    ],
    ids=repr,
)
def test_one_message_in_any_form(value):
    """All forms of one question are the same message."""
    assert coerce_messages(value) == (HumanMessage("Hi"),)


def test_forms_can_be_mixed():
    """A history may hold messages, role dicts and pairs side by side."""
    history = [
        ("system", "Be brief."),
        {"role": "user", "content": "Hi"},
        AIMessage("Hello"),
        {"role": "tool", "content": "sunny", "tool_call_id": "call_1"},
    ]

    messages = coerce_messages(history)

    assert messages == (
        SystemMessage("Be brief."),
        HumanMessage("Hi"),
        AIMessage("Hello"),
        ToolMessage("sunny", tool_call_id="call_1"),
    )


@given(st.text())
def test_a_text_is_a_question(text):
    """Any text, also none, is what a person says."""
    assert coerce_messages(text) == (HumanMessage(text),)


@pytest.mark.parametrize(
    "message",
    [
        SystemMessage("s", id="1"),
        HumanMessage([{"type": "text", "text": "Hi"}], name="Ann"),
        AIMessage("", tool_calls=[CALL], usage_metadata={"input_tokens": 1}),
        AIMessage("a", response_metadata={"finish_reason": "stop"}),
        ToolMessage("t", tool_call_id="c", status="error", artifact=[1], name="f"),
    ],
    ids=lambda message: message.type,
)
def test_dumped_messages_are_read_back(message):
    """What a message was dumped to is taken for that message."""
    assert coerce_messages([message.model_dump()]) == (message,)


@pytest.mark.parametrize("dumped", [False, True])
def test_a_sum_of_chunks_is_a_finished_message(dumped):
    """The sum of a stream goes into a history as the message that it is."""
    chunk = AIMessageChunk("Hel") + AIMessageChunk("lo", chunk_position="last")
    value = chunk.model_dump() if dumped else chunk

    (message,) = coerce_messages([value])

    assert type(message) is AIMessage
    assert message == AIMessage("Hello")


def test_developers_speak_as_the_system():
    """The newer name of the system's role is kept beside the message."""
    (message,) = coerce_messages([{"role": "developer", "content": "Be brief."}])

    assert message == SystemMessage(
        "Be brief.", additional_kwargs={"role": "developer"}
    )


def test_calls_in_openai_form_are_read():
    """An assistant's calls are read from the form of OpenAI's interface."""
    item = {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]}

    (message,) = coerce_messages([item])

    assert message == AIMessage("", tool_calls=[CALL])


@pytest.mark.parametrize("arguments", [{"a": 1}, '{"a": 1}'], ids=["dict", "text"])
def test_arguments_of_calls_are_text_or_dict(arguments):
    """Some servers send the arguments of a call as a dict."""
    call = {"id": "call_1", "function": {"name": "f", "arguments": arguments}}

    (message,) = coerce_messages({"role": "assistant", "tool_calls": [call]})

    assert isinstance(message, AIMessage)
    assert message.tool_calls == [CALL]


def test_unreadable_arguments_make_an_invalid_call():
    """A call whose arguments are no JSON object is kept, with the reason."""
    function = {"name": "f", "arguments": '{"a": '}
    call = {"id": "call_1", "function": function}

    (message,) = coerce_messages({"role": "assistant", "tool_calls": [call]})

    assert isinstance(message, AIMessage)
    assert message.tool_calls == []
    (invalid,) = message.invalid_tool_calls
    assert (invalid["name"], invalid["args"]) == ("f", '{"a": ')
    assert "ends" in (invalid["error"] or "")


@pytest.mark.parametrize(
    "content",
    ["Blue.", [{"type": "text", "text": "Blue."}]],
    ids=["text", "blocks"],
)
def test_reasoning_and_refusal_are_blocks(content):
    """What OpenAI-like servers say beside the content becomes content blocks."""
    item = {
        "role": "assistant",
        "content": content,
        "reasoning_content": "Think.",
        "refusal": "No.",
        "annotations": [],
        "audio": None,
    }

    (message,) = coerce_messages([item])

    kinds = [block["type"] for block in message.content_blocks]
    assert kinds == ["reasoning", "text", "refusal"]
    assert message.additional_kwargs == {}


def test_a_lone_refusal_is_a_block():
    """A refusal without a text is all that the message says."""
    item = {"role": "assistant", "content": None, "refusal": "No."}

    (message,) = coerce_messages([item])

    assert [block["type"] for block in message.content_blocks] == ["refusal"]


def test_other_fields_are_kept_beside_the_message():
    """Fields that a message does not have are its additional kwargs."""
    item = {
        "role": "user",
        "content": "Hi",
        "name": "Ann",
        "id": "m1",
        "mood": "good",
        "additional_kwargs": {"x": 1},
    }

    (message,) = coerce_messages([item])

    assert (message.name, message.id) == ("Ann", "m1")
    assert message.additional_kwargs == {"mood": "good", "x": 1}


def test_annotations_that_say_something_are_kept():
    """Only empty annotations are dropped."""
    item = {"role": "assistant", "content": "Hi", "annotations": [{"url": "x"}]}

    (message,) = coerce_messages([item])

    assert message.additional_kwargs == {"annotations": [{"url": "x"}]}


def test_developer_fields_are_kept():
    """A developer's message keeps its other fields too."""
    item = {"role": "developer", "content": "s", "mood": "good"}

    (message,) = coerce_messages([item])

    assert message.additional_kwargs == {"mood": "good", "role": "developer"}


def test_input_is_not_changed():
    """The dicts of the caller stay as they were."""
    item = {"role": "assistant", "content": "a", "tool_calls": [OPENAI_CALL]}
    before = repr(item)

    coerce_messages([item])

    assert repr(item) == before


FORMS = (
    "Give a string, or a list of messages such as HumanMessage('Hi'), "
    "{'role': 'user', 'content': 'Hi'} or ('user', 'Hi')."
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, f"A model cannot be asked None (NoneType). {FORMS}"),
        (3, f"A model cannot be asked 3 (int). {FORMS}"),
        (b"Hi", f"A model cannot be asked b'Hi' (bytes). {FORMS}"),
        ({"Hi"}, f"A model cannot be asked {{'Hi'}} (set). {FORMS}"),
        (
            ("user", "Hi"),
            (
                "A model cannot be asked ('user', 'Hi') (tuple). Put the pair into a "
                "list: [('user', 'Hi')]"
            ),
        ),
        (
            ("a", "b"),
            f"A model cannot be asked ('a', 'b') (tuple). {FORMS}",
        ),
        ((), f"A model cannot be asked () (tuple). {FORMS}"),
        ([], f"A model cannot be asked nothing: no messages. {FORMS}"),
        (
            ["a", "b"],
            (
                f"Message 0: 'a' is a bare string among messages. {FORMS} "
                "To ask several things at once, use batch()."
            ),
        ),
        (
            [HumanMessage("Hi"), 3],
            f"Message 1: 3 (int) is not a message. {FORMS}",
        ),
        (
            [("user", "a", "b")],
            f"Message 0: ('user', 'a', 'b') (tuple) is not a message. {FORMS}",
        ),
        (
            [{"content": "Hi"}],
            f"Message 0: {{'content': 'Hi'}} has no 'role'. {FORMS}",
        ),
        (
            {"role": 3, "content": "Hi"},
            (
                "no message has the role 3. Known: 'ai', 'assistant', 'developer', "
                "'human', 'system', 'tool', 'user'."
            ),
        ),
        (
            [("usr", "Hi")],
            (
                "Message 0: no message has the role 'usr'. Did you mean 'user'? Known: "
                "'ai', 'assistant', 'developer', 'human', 'system', 'tool', 'user'."
            ),
        ),
        (
            [{"role": "user"}],
            "Message 0: the message {'role': 'user'} has no 'content'.",
        ),
        (
            [{"role": "tool", "content": "x"}],
            (
                "Message 0: the tool message 'x' has no 'tool_call_id' to say which "
                "call "
                "it answers."
            ),
        ),
        (
            [{"role": "assistant", "content": "", "tool_calls": 5}],
            "Message 0: tool_calls is 5; give a list.",
        ),
        (
            {"role": "assistant", "content": "", "invalid_tool_calls": "x"},
            "invalid_tool_calls is 'x'; give a list.",
        ),
    ],
    ids=str,
)
def test_what_is_no_message(value, text):
    """The error shows the value and the forms that are taken."""
    with pytest.raises(InputError) as caught:
        coerce_messages(value)

    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (("user", [5]), "Message 0: content[0] is 5."),
        ({"role": "user", "content": 5}, "Message 0: content is 5"),
        ({"type": "hologram", "content": "x"}, "Message 0: Message cannot be read"),
        (
            {"role": "assistant", "content": "", "tool_calls": [5]},
            "Message 0: tool_calls contains 5.",
        ),
    ],
    ids=repr,
)
def test_errors_inside_a_message_say_which(item, text):
    """An error of one message of many tells its place."""
    with pytest.raises(InputError) as caught:
        coerce_messages([item])

    assert str(caught.value).startswith(text)


def test_errors_of_a_lone_message_tell_no_place():
    """There is no place to tell where there is one message."""
    with pytest.raises(InputError, match=r"^content is 5"):
        coerce_messages({"role": "user", "content": 5})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(
                st.sampled_from(
                    ["role", "type", "content", "tool_calls", "id", "name"]
                ),
                inner | st.sampled_from(["user", "assistant", "tool", "ai"]),
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_anything_is_read_or_refused(value):
    """Whatever is given, there are messages or one clear error."""
    try:
        messages = coerce_messages(value)
    except InputError:
        return

    assert messages
    assert all(isinstance(message, Message) for message in messages)


@pytest.mark.parametrize("function", [{"name": "f"}, {"name": "f", "arguments": None}])
def test_a_call_without_arguments_has_none(function):
    """OpenAI's form of a call may leave its arguments out."""
    (message,) = coerce_messages(
        [{"role": "assistant", "tool_calls": [{"id": "c", "function": function}]}]
    )

    assert message.tool_calls == [
        {"name": "f", "args": {}, "id": "c", "type": "tool_call"}
    ]
