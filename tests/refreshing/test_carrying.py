"""Requests of a conversation, carried on with new answers."""

import json

import pytest

from harness.cassettes import Interaction
from harness.refreshing.answers import answer_of, divergence
from harness.refreshing.carrying import Diverged, Turn, carried, carried_url
from harness.wire import DIALECTS

CHAT = "https://api.openai.com/v1/chat/completions"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
RESPONSES = "https://api.openai.com/v1/responses"
GEMINI = "https://g.example/v1beta/models/m:generateContent"
LONG = "The weather in Boston is sunny."


def answered(url: str, body: object) -> Interaction:
    """Give an interaction that was answered with *body*."""
    return Interaction("POST", url, 200, response_body=json.dumps(body).encode())


def chat(text: str | None = None, *calls: tuple[str, str, str], id: str = "chatcmpl-1"):
    """Give an answer in OpenAI's format: a text, and calls as id, name, arguments."""
    message: dict[str, object] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": one, "type": "function", "function": {"name": n, "arguments": args}}
            for one, n, args in calls
        ]
    return answered(CHAT, {"id": id, "choices": [{"index": 0, "message": message}]})


def claude(*content: object):
    """Give an answer in Anthropic's format."""
    said = {"id": "msg_1", "type": "message", "role": "assistant"}
    return answered(ANTHROPIC, {**said, "content": [*content]})


def turn(old: Interaction, new: Interaction, asked: object = None, number: int = 1):
    """Give a turn of both answers."""
    before, after = answer_of(old), answer_of(new)
    assert before is not None
    assert after is not None
    return Turn(number, json.dumps(asked).encode(), before, after)


def on(body: object, *turns: Turn) -> object:
    """Give *body* carried on."""
    return json.loads(carried(json.dumps(body).encode(), turns))


# ------------------------------------------------------------------- what diverges


CALL = ("call_1", "get_weather", '{"city": "Rome"}')


@pytest.mark.parametrize(
    "old, new, why",
    [
        (chat("one"), chat("two"), None),
        (chat(None, CALL), chat("Hm.", ("x", "get_weather", '{"city":"Rome"}')), None),
        (
            chat(None, CALL),
            chat(None, ("call_2", "get_weather", '{"city": "Oslo"}')),
            'calls get_weather({"city": "Oslo"}) instead of get_weather({"city": "Rom',
        ),
        (chat(None, CALL), chat("No."), "says 'No.' where it called get_weather("),
        (chat("No."), chat(None, CALL), "where no tool was called"),
        (chat(None, CALL), chat(None, CALL, CALL), "instead of get_weather("),
        (
            chat("one"),
            Interaction("POST", CHAT, 200, response_body=b"{"),
            "is not a whole answer, unlike that of then",
        ),
    ],
)
def test_an_answer_diverges_that_calls_other_tools(old, new, why):
    """Texts may be others; arguments are compared as JSON."""
    told = divergence(answer_of(new), answer_of(old))

    assert (told is None) if why is None else (why in str(told))


# -------------------------------------------------------------- what is carried on


def test_chat_completions_go_on():
    """Text, ids and arguments, in the history and in the result."""
    old = chat("Let me look.", ("call_old", "get_weather", '{"city": "Rome"}'))
    new = chat(
        "I look.", ("call_new", "get_weather", '{"city":"Rome"}'), id="chatcmpl-2"
    )
    body = {
        "messages": [
            {"role": "user", "content": "Let me look."},
            {
                "role": "assistant",
                "content": "Let me look.",
                "tool_calls": [
                    {
                        "id": "call_old",
                        "function": {"name": "w", "arguments": '{"city": "Rome"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_old", "content": "sunny"},
        ]
    }

    after = on(body, turn(old, new, {"messages": [{"content": "Let me look."}]}))

    user, assistant, tool = after["messages"]
    assert user["content"] == "Let me look."  # which the user said
    assert assistant["content"] == "I look."
    assert assistant["tool_calls"][0]["id"] == "call_new"
    assert assistant["tool_calls"][0]["function"]["arguments"] == '{"city":"Rome"}'
    assert tool == {"role": "tool", "tool_call_id": "call_new", "content": "sunny"}


def test_messages_of_anthropic_go_on():
    """Thoughts and their signatures; arguments that are objects stay as they are."""

    def said(n: str) -> list[dict[str, object]]:
        return [
            {"type": "thinking", "thinking": f"Hm {n}", "signature": f"sig-000{n}"},
            {"type": "text", "text": f"Rome {n}"},
            {
                "type": "tool_use",
                "id": f"toolu_0{n}",
                "name": "w",
                "input": {"c": "Rome 1"},
            },
        ]

    old = claude(*said("1"))
    new = claude(*said("2")[:2], {**said("2")[2], "input": {"c": "Rome 1"}})
    result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": "sunny"}
    body = {
        "messages": [
            {"role": "assistant", "content": said("1")},
            {"role": "user", "content": [result]},
        ]
    }

    after = on(body, turn(old, new))

    assistant, user = after["messages"]
    assert assistant["content"] == [
        *said("2")[:2],
        {**said("2")[2], "input": {"c": "Rome 1"}},
    ]
    assert user["content"][0]["tool_use_id"] == "toolu_02"


def test_responses_of_openai_go_on():
    """By the id of the response, and by items."""

    def answer(n: int) -> Interaction:
        call = {"type": "function_call", "id": f"fc_0000000{n}", "call_id": f"call_{n}"}
        items = [
            {"type": "reasoning", "id": f"rs_0000000{n}", "summary": []},
            {**call, "name": "w", "arguments": "{}"},
        ]
        return answered(
            RESPONSES, {"id": f"resp_{n}", "object": "response", "output": items}
        )

    body = {
        "previous_response_id": "resp_1",
        "input": [
            {"type": "reasoning", "id": "rs_00000001", "summary": []},
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        ],
    }

    after = on(body, turn(answer(1), answer(2)))

    assert after["previous_response_id"] == "resp_2"
    assert after["input"][0]["id"] == "rs_00000002"
    assert after["input"][1]["call_id"] == "call_2"
    url = carried_url(
        f"{RESPONSES}/resp_1/input_items?a=resp_1", [turn(answer(1), answer(2))]
    )
    assert url == f"{RESPONSES}/resp_2/input_items?a=resp_1"


def test_gemini_goes_on():
    """By its role "model", with signatures."""

    def content(n: str) -> dict[str, object]:
        return {
            "role": "model",
            "parts": [{"text": f"Hm {n}", "thoughtSignature": f"Cs1cAXLI2n{n}"}],
        }

    old, new = (
        answered(GEMINI, {"candidates": [{"content": content(n)}]}) for n in "12"
    )

    after = on({"contents": [content("1"), {"role": "user"}]}, turn(old, new))

    assert after == {"contents": [content("2"), {"role": "user"}]}


@pytest.mark.parametrize("spell", [str.strip, str], ids=["stripped", "as it was"])
def test_a_client_may_strip_a_text(spell):
    """Or leave it."""
    body = {"messages": [{"role": "assistant", "content": spell("one \n")}]}

    after = on(body, turn(chat("one \n"), chat("two \n")))

    assert after["messages"][0]["content"] == spell("two \n")


def test_a_client_may_write_arguments_anew():
    """The keys of the new answer come in its own order then."""
    old = chat(None, ("c", "w", '{"a":1,"b":2}'))
    new = chat(None, ("c", "w", '{"b":2,"a":1}'))
    call = {"id": "c", "function": {"name": "w", "arguments": '{"a": 1, "b": 2}'}}

    after = on(
        {"messages": [{"role": "assistant", "tool_calls": [call]}]}, turn(old, new)
    )

    said = after["messages"][0]["tool_calls"][0]["function"]
    assert said["arguments"] == '{"b": 2, "a": 1}'


def test_the_same_text_twice_is_two_answers():
    """In the order of the conversation."""
    turns = [turn(chat("OK"), chat("Fine")), turn(chat("OK"), chat("Good"), number=2)]
    body = {"messages": [{"role": "assistant", "content": "OK"}] * 2}

    after = on(body, *turns)

    assert [one["content"] for one in after["messages"]] == ["Fine", "Good"]


def test_a_long_answer_may_be_the_question_to_another_model():
    """A whole string that nobody says by chance; a short one stays."""
    body = {"messages": [{"role": "user", "content": LONG}, {"content": "OK"}]}
    turns = [turn(chat(LONG), chat("It rains.")), turn(chat("OK"), chat("Fine"))]

    after = on(body, *turns)

    assert [one["content"] for one in after["messages"]] == ["It rains.", "OK"]


@pytest.mark.parametrize("body", [b'{"a":1}', b'{"a": "\\u00e9"}', b"no JSON", b""])
def test_what_says_nothing_again_stays_as_it_is(body):
    """To the byte."""
    assert carried(body, [turn(chat("one"), chat("two"))]) is body


def test_spacing_and_letters_stay():
    """As the client writes JSON."""
    for before in (
        b'{"messages":[{"role":"assistant","content":"one"},{"content":"\xc3\xa9"}]}',
        b'{"messages": [{"role": "assistant", "content": "one"}, {"content": "x"}]}',
    ):
        after = carried(before, [turn(chat("one"), chat("two"))])

        assert after == before.replace(b"one", b"two")


# --------------------------------------------------------- what cannot be carried on


def test_another_make_of_an_answer_that_is_said_again():
    """The client would send other parts."""
    old = claude({"type": "text", "text": "Hm."})
    new = claude(
        {"type": "thinking", "thinking": "x", "signature": "s"},
        {"type": "text", "text": "Ah."},
    )
    body = {"messages": [{"role": "assistant", "content": "Hm."}]}

    with pytest.raises(Diverged) as error:
        on(body, turn(old, new))

    assert str(error.value) == (
        "answer 1 is made of reasoning, text instead of text, and a later request has "
        "it"
    )


def test_another_make_is_no_harm_where_nothing_goes_on_from_it():
    """Only what is said again counts."""
    old = claude({"type": "text", "text": "Hm."})
    body = {"messages": [{"role": "user", "content": "Hi"}]}

    assert on(body, turn(old, claude())) == body


def test_a_signature_that_there_is_no_more():
    """And the client has sent it."""
    thought = {"type": "thinking", "thinking": "x", "signature": "signature-1"}
    body = {"messages": [{"role": "assistant", "content": [thought]}]}

    with pytest.raises(Diverged, match="answer 1 has no 'signature-1' any more, which"):
        on(body, turn(claude(thought), claude({**thought, "signature": ""})))


def test_a_signature_that_there_was_not():
    """The client would send it."""
    thought = {"type": "thinking", "thinking": "x", "signature": ""}
    body = {"messages": [{"role": "assistant", "content": [thought]}]}
    new = claude({**thought, "signature": "signature-1"})

    with pytest.raises(Diverged, match="answer 1 has a 'signature', which it had not"):
        on(body, turn(claude(thought), new))


def test_a_text_within_a_text():
    """What the application has made of it is not known."""
    body = {"messages": [{"role": "user", "content": f"Translate: {LONG}"}]}

    with pytest.raises(Diverged, match="a later request quotes answer 1 in a text of"):
        on(body, turn(chat(LONG), chat("It rains.")))

    asked = {"messages": [{"content": f"Say: {LONG}"}]}
    assert on(body, turn(chat(LONG), chat("It rains."), asked)) == body
    assert on(body, turn(chat(LONG), chat(LONG))) == body


# --------------------------------------------------------------------------- answers


@pytest.mark.parametrize("name", DIALECTS)
def test_an_answer_is_the_same_whole_and_streamed(name, exchange_of):
    """Its texts and calls, in every format."""
    whole, streamed = (exchange_of(name, stream=stream) for stream in (False, True))

    one, other = answer_of(whole), answer_of(streamed)

    assert one is not None
    assert other is not None
    assert one.calls == other.calls == (("get_weather", {"city": "Rome"}),)
    assert one.text == other.text == "Let me look."
    assert one.kinds == other.kinds == ("reasoning", "text", "tool_call")


@pytest.mark.parametrize(
    "one",
    [
        Interaction("GET", "https://a.b/", 200),
        Interaction("POST", CHAT, 400),
        Interaction("POST", CHAT, 200, response_body=b"{"),
    ],
)
def test_what_is_no_answer(one):
    """It is None."""
    assert answer_of(one) is None
