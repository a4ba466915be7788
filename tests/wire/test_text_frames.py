"""Events written from a frame are those that are written in full."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import AIMessage, AIMessageChunk
from harness.finishing import plain_text
from harness.wire import DIALECTS
from harness.wire.text_frames import TextFrame

SAID: Any = st.lists(
    st.one_of(
        st.text(max_size=5).map(lambda text: AIMessageChunk(text, id="a")),
        st.sampled_from(
            [
                AIMessageChunk("x"),
                AIMessageChunk("\ud83d"),
                AIMessageChunk("\ude00"),
                AIMessageChunk([{"type": "reasoning", "reasoning": "r"}]),
                AIMessageChunk([{"type": "text", "text": "t", "index": 1}]),
                AIMessageChunk(response_metadata={"logprobs": {"content": []}}),
                AIMessageChunk(response_metadata={"system_fingerprint": "f"}),
                AIMessageChunk("y", response_metadata={"finish_reason": "stop"}),
                AIMessageChunk("z") + AIMessageChunk("z"),
            ]
        ),
    ),
    max_size=8,
)


def encoded(name: str, said: list[AIMessageChunk]) -> list[object]:
    """Give what each chunk is encoded to, or why it is not."""
    encoder = DIALECTS[name].encoder()
    told: list[object] = []
    for chunk in said:
        try:
            told.append(encoder.feed(chunk))
        except ValueError as error:
            return [*told, str(error)]
    return [*told, encoder.close()]


@pytest.mark.parametrize("name", DIALECTS)
@given(said=SAID)
def test_a_frame_changes_nothing(name, said):
    """Byte for byte, wherever in a stream, beside all else that is said."""
    at_once = encoded(name, said)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("openai_chat", "anthropic_messages"):
            patch.setattr(f"harness.wire.{module}.encoding.plain_text", lambda _: None)
        patch.setattr("harness.finishing.plain_text", lambda _: None)
        in_full = encoded(name, said)

    assert at_once == in_full


def test_most_text_of_a_stream_is_plain():
    """Otherwise the law above says nothing."""
    assert plain_text(AIMessageChunk("Zoë", id="a")) == "Zoë"
    assert plain_text(AIMessageChunk("\ud83d")) is None
    assert plain_text(AIMessageChunk("a", name="n")) is None
    assert plain_text(AIMessageChunk("a") + AIMessageChunk("b")) is None


def test_a_frame_says_what_needs_an_escape():
    """As JSON does."""
    frame = TextFrame(lambda text: f'a "{text}" b'.encode())

    assert frame.saying('"\n\u2028') == 'a "\\"\\n\u2028" b'.encode()


def test_a_frame_with_halves_of_characters_around_is_written_in_full():
    """All of it is spelled in ASCII then."""
    model = AIMessageChunk("a", id="i", response_metadata={"model_name": "\ud83d"})
    encoder = DIALECTS["openai-chat"].encoder()

    said = encoder.feed(model) + encoder.feed(AIMessageChunk("\u00e9", id="i"))

    assert said.count(b'"model":"\\ud83d"') == 3
    assert said.endswith(
        b'"delta":{"content":"\\u00e9"},"logprobs":null,"finish_reason":null}]}\n\n'
    )


@given(
    text=st.text(max_size=5),
    ids=st.lists(st.text(max_size=3), min_size=2, max_size=2),
    more=st.sampled_from(
        [{}, {"name": "n"}, {"usage_metadata": {"input_tokens": 1, "output_tokens": 2}}]
    ),
    model=st.sampled_from(["m", "\ud83d", None]),
)
def test_a_reply_that_is_given_again_is_the_same_but_for_its_id(text, ids, more, model):
    """As if it were written in full."""
    dialect = DIALECTS["openai-chat"]
    metadata = {"finish_reason": "stop", "model_name": model}
    said = [AIMessage(text, id=one, response_metadata=metadata, **more) for one in ids]

    again = [dialect.write_reply(one) for one in said]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.wire.openai_chat.replies._key", lambda *_: None)
        in_full = [dialect.write_reply(one) for one in said]

    assert again == in_full
