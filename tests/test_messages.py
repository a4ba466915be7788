"""harness.messages: immutable values that say what is wrong with their input."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
    finish_reason,
)

CALL = {"name": "f", "args": {"a": [1]}, "id": "c1", "type": "tool_call"}
WRONG = {
    "name": "f",
    "args": '{"a',
    "id": "c2",
    "error": "cut short",
    "type": "invalid_tool_call",
}
USAGE = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
TEXT = {"type": "text", "text": "hi"}

MESSAGES = [
    SystemMessage("Be brief."),
    HumanMessage("J'adore \ud83d créer 😀", name="ann", id="m1"),
    HumanMessage(["a", TEXT, {"type": "sparkle", "x": [None, 1.5]}]),
    AIMessage(),
    AIMessage(
        "hm",
        tool_calls=[CALL],
        invalid_tool_calls=[WRONG],
        usage_metadata={**USAGE, "input_token_details": {"cache_read": 1}},
        response_metadata={"finish_reason": "stop", "logprobs": [{"token": "é"}]},
        additional_kwargs={"z": {"\udc00": "\ud800"}},
        id="m2",
        name="bot",
    ),
    AIMessage([TEXT, CALL, WRONG]),
    ToolMessage("sunny", tool_call_id="c1"),
    ToolMessage(
        [TEXT], tool_call_id="", status="error", artifact={"rows": [1]}, name="f"
    ),
]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize(
    "through",
    [
        lambda m: type(m).model_validate_json(m.model_dump_json()),
        lambda m: type(m).model_validate_json(m.model_dump_json().encode()),
        lambda m: Message.model_validate(json.loads(json.dumps(m.model_dump()))),
        lambda m: pickle.loads(pickle.dumps(m)),
        copy.copy,
        copy.deepcopy,
        lambda m: m.model_copy(),
        lambda m: m.model_validate(m),
    ],
)
def test_round_trips(message: Message, through: Callable[[Message], Message]) -> None:
    """A message that was stored and read is the same message."""
    again = through(message)

    assert again == message
    assert hash(again) == hash(message)
    assert repr(again) == repr(message)
    assert type(again) is type(message)


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize(
    "name", ["content", "id", "text", "type", "additional_kwargs", "new"]
)
def test_attributes_cannot_be_set(message: Message, name: str) -> None:
    """A message is a value: nobody changes it."""
    with pytest.raises(AttributeError):
        setattr(message, name, "x")


@pytest.mark.parametrize(
    "name",
    [
        "content",
        "content_blocks",
        "tool_calls",
        "invalid_tool_calls",
        "usage_metadata",
        "response_metadata",
        "additional_kwargs",
        "model_dump",
    ],
)
def test_what_is_read_is_the_readers_own(name: str) -> None:
    """Changing what was read changes no message."""
    message = AIMessage(
        [TEXT, CALL, WRONG],
        usage_metadata=USAGE,
        response_metadata={"a": 1},
        additional_kwargs={"a": 1},
    )
    before = repr(message)

    value = getattr(message, name)
    value = value() if callable(value) else value
    for item in value if isinstance(value, list) else [value]:
        for inner in item.values():
            if isinstance(inner, dict | list):
                inner.clear()
        item.clear()
    value.clear()

    assert repr(message) == before


def test_what_was_given_is_copied() -> None:
    """Changing what was given changes no message."""
    call, blocks, metadata = copy.deepcopy(CALL), [dict(TEXT)], {"a": [1]}

    message = AIMessage(blocks, tool_calls=[call], response_metadata=metadata)
    call["args"]["a"].append(2)
    blocks[0]["text"] = "ho"
    metadata["a"].append(2)

    assert message == AIMessage([TEXT], tool_calls=[CALL], response_metadata={"a": [1]})


def test_equality() -> None:
    """Equal are messages of one class with equal fields."""
    assert AIMessage("a") == AIMessage("a")
    assert AIMessage("a") != AIMessage("a", id="x")
    assert AIMessage("a") != HumanMessage("a")
    assert AIMessage("a") != AIMessageChunk("a")
    assert AIMessage("a") != "a"
    assert len({AIMessage("a"), AIMessage("a"), HumanMessage("a")}) == 2


def test_printing_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """`str` shows content and calls, `repr` all that was set."""
    print(AIMessage("J'adore créer des applications."))  # noqa: T201
    print(AIMessage("", tool_calls=[CALL], id="x"))  # noqa: T201
    print(repr(ToolMessage("a", tool_call_id="c", name="success")))  # noqa: T201

    assert capsys.readouterr().out.splitlines() == [
        'AIMessage("J\'adore créer des applications.")',
        (
            "AIMessage('', tool_calls=[{'name': 'f', 'args': {'a': [1]}, 'id': 'c1', "
            "'type': 'tool_call'}])"
        ),
        "ToolMessage('a', tool_call_id='c', name='success')",
    ]


def test_repr_is_code() -> None:
    """A short message's repr makes it again."""
    message = AIMessage("a", tool_calls=[CALL], usage_metadata=USAGE, id="x")

    assert eval(repr(message)) == message  # noqa: S307 - our own repr


def test_pretty_print(capsys: pytest.CaptureFixture[str]) -> None:
    """A title of 80 columns, then name, calls and text."""
    AIMessage(
        "hi", name="bot", tool_calls=[CALL], invalid_tool_calls=[WRONG]
    ).pretty_print()
    SystemMessage("").pretty_print()

    assert capsys.readouterr().out.splitlines() == [
        " Ai Message ".center(80, "="),
        "Name: bot",
        "Tool call: f (c1)",
        "  a: [1]",
        "Invalid tool call: f (c2)",
        '  cut short: {"a',
        "",
        "hi",
        " System Message ".center(80, "="),
    ]


@pytest.mark.parametrize(
    ("content", "text", "blocks"),
    [
        ("", "", []),
        ("a", "a", [{"type": "text", "text": "a"}]),
        ([], "", []),
        (["a", TEXT], "ahi", [{"type": "text", "text": "a"}, TEXT]),
        (
            [{"type": "thinking", "thinking": "hm"}, TEXT],
            "hi",
            [{"type": "reasoning", "reasoning": "hm"}, TEXT],
        ),
        ([{"type": "text"}], "", [{"type": "text"}]),
        ([{"type": "text", "text": None}], "", [{"type": "text", "text": None}]),
    ],
)
def test_content_text_and_blocks(content: Any, text: str, blocks: Any) -> None:
    """Content stays as given; text and blocks are read from it."""
    message = HumanMessage(content)

    assert message.content == content
    assert message.text == text
    assert message.content_blocks == blocks


def test_calls_in_content_and_in_the_field_are_united() -> None:
    """A call said in both places is one; blocks and field show all of them."""
    other = {**CALL, "id": "c3"}

    message = AIMessage(
        [CALL, TEXT, WRONG], tool_calls=[other, CALL], invalid_tool_calls=[WRONG]
    )

    assert message.tool_calls == [CALL, other]
    assert message.invalid_tool_calls == [WRONG]
    assert message.content_blocks == [CALL, TEXT, WRONG, other]


def test_calls_without_id_are_told_by_what_they_say() -> None:
    """No call vanishes for having no id, and none is counted twice."""
    call = {"name": "f", "args": {}, "id": None, "type": "tool_call"}

    assert AIMessage("", tool_calls=[call]).content_blocks == [call]
    assert AIMessage([call], tool_calls=[call, call]).tool_calls == [call, call]


def test_provider_calls_in_content_are_calls() -> None:
    """A call in a provider's spelling is a tool call, its keys in our order."""
    block = {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": [1]}}

    message = AIMessage([block])

    assert message.content == [block]
    assert message.tool_calls == [CALL]
    assert [*message.tool_calls[0]] == ["name", "args", "id", "type"]


def test_ai_message_fields() -> None:
    """Usage gets its total, the finish reason is read, and there are defaults."""
    message = AIMessage(
        usage_metadata={"input_tokens": 3, "output_tokens": 5},
        response_metadata={"finish_reason": None, "stop_reason": "end_turn"},
    )

    assert message.usage_metadata == USAGE
    assert message.finish_reason == "end_turn"
    assert message.to_message() is message
    assert AIMessage().usage_metadata is None
    assert AIMessage().finish_reason is None
    assert finish_reason({"finish_reason": 3}) is None


def test_tool_message_keeps_its_artifact() -> None:
    """The artifact is the very object; it is for the program, not the model."""
    artifact = object()
    message = ToolMessage("ok", tool_call_id="c", artifact=artifact)

    assert message.artifact is artifact
    assert (message.tool_call_id, message.status, message.name) == (
        "c",
        "success",
        None,
    )
    with pytest.raises(InputError, match=r"^ToolMessage\['artifact'\] is not a JSON"):
        message.model_dump_json()


def test_halves_of_a_character_are_joined() -> None:
    """Two halves in a row are one character, as they are once stored."""
    assert HumanMessage("\ud83d\ude00").content == "😀"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: HumanMessage(None),  # type: ignore[arg-type]
            (
                "content is None. Give a string, or a list of strings and blocks "
                "such as "
                "{'type': 'text', 'text': '...'}."
            ),
        ),
        (
            lambda: HumanMessage([1]),
            (
                "content[0] is 1. Give a string or a block such as {'type': 'text', "
                "'text': '...'}."
            ),
        ),
        (
            lambda: HumanMessage(["a", {"text": "b"}]),
            (
                "content[1] is {'text': 'b'}. Give a string or a block such as "
                "{'type': "
                "'text', 'text': '...'}."
            ),
        ),
        (
            lambda: HumanMessage([{"type": "text", "text": 5}]),
            "content[0]['text'] is 5; in a text block it is a string.",
        ),
        (lambda: HumanMessage("a", name=5), "name is 5; it is a string or None."),
        (lambda: HumanMessage("a", id=5), "id is 5; it is a string or None."),
        (
            lambda: HumanMessage("a", response_metadata=[]),
            "response_metadata is []; give a dict or None.",
        ),
        (
            lambda: HumanMessage("a", additional_kwargs="x"),
            "additional_kwargs is 'x'; give a dict or None.",
        ),
        (
            lambda: AIMessage("a", tool_calls=CALL),
            f"tool_calls is {CALL!r}; give a list.",
        ),
        (lambda: AIMessage("a", tool_calls=None), "tool_calls is None; give a list."),
        (
            lambda: AIMessage("a", invalid_tool_calls="x"),
            "invalid_tool_calls is 'x'; give a list.",
        ),
        (
            lambda: AIMessage("a", tool_calls=[{"name": "f", "args": "{}"}]),
            (
                "tool_calls contains {'name': 'f', 'args': '{}'}. Give {'name': "
                "'get_weather', 'args': {'location': 'Boston'}, 'id': 'call_1'}, "
                "args as a "
                "dict."
            ),
        ),
        (
            lambda: AIMessage("a", tool_calls=[{**CALL, "type": "function"}]),
            "tool_calls contains a block of type 'function'.",
        ),
        (
            lambda: AIMessage("a", tool_calls=[{**CALL, "id": 7}]),
            "tool_calls contains the id 7; ids are strings.",
        ),
        (
            lambda: AIMessage("a", invalid_tool_calls=[{"args": {}}]),
            (
                "invalid_tool_calls contains {'args': {}}. Give {'name': 'f', 'args': "
                "'{\"a\": 1', 'id': 'call_1', 'error': 'cut short'}, args as the "
                "raw text."
            ),
        ),
        (
            lambda: AIMessage("a", invalid_tool_calls=[5]),
            (
                "invalid_tool_calls contains 5. Give {'name': 'f', 'args': '{\"a\": "
                "1', "
                "'id': 'call_1', 'error': 'cut short'}, args as the raw text."
            ),
        ),
        (
            lambda: ToolMessage("a", tool_call_id=7),
            "tool_call_id is 7; it is a string.",
        ),
        (
            lambda: ToolMessage("a", tool_call_id="c", status="failed"),
            "status is 'failed'; it is 'success' or 'error'.",
        ),
        (
            lambda: AIMessage.model_validate(5),
            "5 is not a dumped message.",
        ),
        (
            lambda: AIMessage.model_validate({"type": "a"}),
            (
                "AIMessage cannot be read from type 'a'. Did you mean 'ai'? Known: "
                "'AIMessageChunk', 'ai'."
            ),
        ),
        (
            lambda: Message.model_validate({"type": ["ai"], "content": ""}),
            (
                "Message cannot be read from type \"['ai']\". Known: 'AIMessageChunk', "
                "'ai', 'human', 'system', 'tool'."
            ),
        ),
        (
            lambda: HumanMessage.model_validate({"content": "a", "nam": "b"}),
            (
                "HumanMessage has no field 'nam'. Did you mean 'name'? Known: "
                "'additional_kwargs', 'content', 'id', 'name', 'response_metadata'."
            ),
        ),
        (
            lambda: Message.model_validate({"type": "tool", "content": "a"}),
            (
                "{'type': 'tool', 'content': 'a'} has no 'tool_call_id'; a tool "
                "message "
                "has."
            ),
        ),
        (
            lambda: AIMessage.model_validate_json("{"),
            (
                "A message is not JSON: Expecting property name enclosed in double "
                "quotes: "
                "line 1 column 2 (char 1): '{'"
            ),
        ),
    ],
)
def test_errors(make: Callable[[], object], text: str) -> None:
    """Bad input is an InputError that shows the value and what to give."""
    with pytest.raises(InputError) as caught:
        make()

    assert str(caught.value) == text


def test_model_copy_replaces_fields() -> None:
    """A copy with other fields; the original stays."""
    message = AIMessage("a", id="x")

    assert message.model_copy(update={"id": "y"}) == AIMessage("a", id="y")
    assert message.id == "x"


def test_without_a_type_the_class_decides() -> None:
    """A dict without type is read by the class that is asked."""
    assert HumanMessage.model_validate({"content": "a"}) == HumanMessage("a")


def test_subclasses_of_users_stay_what_they_are() -> None:
    """A message class derived from ours is stored and compared as itself."""

    class Robot(HumanMessage):
        """A human of sorts."""

        __slots__ = ()

    robot = Robot("beep")

    assert Robot.model_validate(robot.model_dump()) == robot
    assert copy.deepcopy(robot) == robot
    assert type(HumanMessage.model_validate(HumanMessage("a").model_dump())) is (
        HumanMessage
    )


class Turn(BaseModel):
    """A user's model with messages in it."""

    any: Message
    ai: AIMessage
    many: list[HumanMessage | ToolMessage] = []


def test_messages_are_pydantic_fields() -> None:
    """They validate, dump and load inside a model, chunks among them."""
    turn = Turn(
        any=AIMessageChunk("b", cumulative_usage=USAGE),
        ai=AIMessageChunk("a", conflicts={"id": ["1", "2"]}),
        many=[HumanMessage("h"), ToolMessage("t", tool_call_id="c")],
    )

    again = Turn.model_validate_json(turn.model_dump_json())

    assert again == turn
    assert Turn.model_validate(turn.model_dump()) == turn
    assert Turn.model_json_schema()["properties"]["ai"]["title"]


def test_pydantic_reports_our_errors() -> None:
    """What is no message is a ValidationError that says so."""
    with pytest.raises(ValidationError, match="5 is not a dumped message"):
        Turn(any=5, ai=AIMessage())  # type: ignore[arg-type]


def test_the_base_of_all_messages_is_no_message():
    """It has no type, so nothing could be told or stored of it."""
    with pytest.raises(InputError, match="Make a HumanMessage or such: a mere"):
        Message("hi")


def test_the_first_unknown_field_is_told():
    """Which field an error names does not depend on the hash seed."""
    with pytest.raises(InputError, match="AIMessage has no field 'z9'"):
        AIMessage.model_validate({"z9": 1, "y8": 2, "x7": 3, "w6": 4, "v5": 5})


def test_a_call_among_the_content_is_read_without_its_index():
    """The index is that of the block, not of the call."""
    message = AIMessage([{**CALL, "index": 0}])

    assert message.tool_calls == [CALL]
    assert message.content_blocks == [{**CALL, "index": 0}]


def test_people_see_what_is_no_text_and_what_went_wrong():
    """Pretty printing names other blocks, and the status of a failed tool."""
    asked = HumanMessage([TEXT, {"type": "image", "url": "u"}])
    failed = ToolMessage("no", tool_call_id="c", status="error")

    assert asked.pretty_repr().splitlines()[1:] == ["Image: {'url': 'u'}", "", "hi"]
    assert failed.pretty_repr().splitlines()[1:] == ["Status: error", "", "no"]
