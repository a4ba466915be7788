"""What a run is, and what holds for all calls within a context."""

import asyncio
import threading
from uuid import UUID

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.models import (
    CallbackHandler,
    ChatModel,
    current_run,
    streaming,
)


class Speaking(ChatModel):
    """Says two words, and notes the run it is asked in."""

    def __init__(self):
        self.runs = []
        self.requests = []

    def play(self, request):
        self.runs.append(current_run())
        self.requests.append(request)
        return iter([AIMessageChunk("Hi"), AIMessageChunk(" there")])


class Tokens(CallbackHandler):
    def __init__(self):
        self.tokens = []

    def on_llm_new_token(self, token, **run):
        self.tokens.append(token)


class AsyncTokens(Tokens):
    async def on_llm_new_token(self, token, **run):
        await asyncio.sleep(0)
        self.tokens.append(token)


ALL = ["Hi", " there", ""]


def test_a_source_knows_its_run():
    """While `play` is called, `current_run` is the run; elsewhere there is none."""
    model = Speaking()

    model.invoke("Hi", {"run_id": "r1", "run_name": "greet", "tags": ["a"]})

    (run,) = model.runs
    assert (run.run_id, run.name, run.model) == ("r1", "greet", "Speaking")
    assert run.config.tags == ("a",)
    assert current_run() is None


def test_runs_have_ids():
    """A run that is given no id makes one, and its message carries it."""
    model = Speaking()

    first, second = model.invoke("Hi"), model.invoke("Hi")

    assert first.id == f"run-{model.runs[0].run_id}"
    assert first.id != second.id
    assert isinstance(model.runs[0].run_id, UUID)


def test_invoke_streams_inside_streaming():
    """`invoke` returns the whole message, its pieces are heard as they come."""
    handler = Tokens()
    model = Speaking()

    with streaming(handler):
        message = model.invoke("Hi")
    model.invoke("Hi")

    assert message.text == "Hi there"
    assert handler.tokens == ALL
    assert [request.stream for request in model.requests] == [True, False]


@pytest.mark.parametrize("kind", [Tokens, AsyncTokens])
def test_streaming_works_across_await(kind):
    """The same in a task, with sync and async callbacks."""
    handler = kind()

    async def ask():
        with streaming(handler):
            return await Speaking().ainvoke("Hi")

    assert asyncio.run(ask()).text == "Hi there"
    assert handler.tokens == ALL


def test_callbacks_of_the_call_hear_pieces_too():
    """Inside `streaming`, the call's own callbacks hear each piece."""
    own = Tokens()

    with streaming():
        Speaking().invoke("Hi", {"callbacks": [own]})

    assert own.tokens == ALL


def test_streaming_nests():
    """An inner context adds its callbacks and takes them away again."""
    outer, inner = Tokens(), Tokens()
    model = Speaking()

    with streaming(outer):
        with streaming(inner):
            model.invoke("Hi")
        model.invoke("Hi")

    assert (outer.tokens, inner.tokens) == ([*ALL, *ALL], ALL)


def test_streaming_ends_with_an_error():
    """An error in the block ends the context all the same."""
    handler = Tokens()

    with pytest.raises(KeyError), streaming(handler):
        raise KeyError
    Speaking().invoke("Hi")

    assert handler.tokens == []


def test_streaming_is_inherited_by_a_batch():
    """The threads and tasks of a batch have the context of their caller."""
    handler = Tokens()

    with streaming(handler):
        Speaking().batch(["a", "b"])
        asyncio.run(Speaking().abatch(["a", "b"]))

    assert sorted(handler.tokens) == sorted(ALL * 4)


def test_other_threads_have_their_own_context():
    """A thread that was given no copy of the context streams nothing."""
    handler = Tokens()
    model = Speaking()

    with streaming(handler):
        thread = threading.Thread(target=model.invoke, args=("Hi",))
        thread.start()
        thread.join()

    assert handler.tokens == []


def test_a_handler_given_twice_hears_once():
    """Who listens to a call and around it hears of each piece once."""
    handler = Tokens()

    with streaming(handler):
        Speaking().invoke("Hi", {"callbacks": [handler, handler]})

    assert handler.tokens == ALL


def test_the_class_of_a_handler_is_refused():
    """A class where its instance is meant is told so, before anything runs."""
    with pytest.raises(InputError, match=r"is a class: give .* made of it, Tokens\(\)"):
        Speaking().invoke("Hi", {"callbacks": [Tokens]})


def test_streaming_takes_handlers():
    """What has none of the callbacks is refused at once."""
    with pytest.raises(InputError) as caught, streaming(print):
        pass

    assert str(caught.value) == (
        "<built-in function print> is no callback handler: it has none of "
        "on_chat_model_start, on_llm_new_token, on_llm_end, on_llm_error."
    )
