"""Callbacks hear of a run, sync or async, from sync and from async code."""

import asyncio
import contextvars

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import CallbackError, ModelError
from harness.messages import HumanMessage
from harness.models import CallbackHandler, ChatGeneration, ChatModel, LLMResult
from harness.steps import Fault

WHO = contextvars.ContextVar("who", default="nobody")


class Speaking(ChatModel):
    """Says what it is given to say."""

    def __init__(self, *steps):
        self.steps = steps or (AIMessageChunk("Hi"), AIMessageChunk(" there"))

    def play(self, request):
        return iter(self.steps)


class Heard(CallbackHandler):
    """Notes all that it hears."""

    def __init__(self):
        self.heard = []
        self.told = []

    def note(self, *what, **run):
        self.heard.append(what)
        self.told.append(run)

    def on_chat_model_start(self, serialized, messages, **run):
        self.note("start", serialized["name"], messages, **run)

    def on_llm_new_token(self, token, *, chunk, **run):
        assert chunk.text == token
        self.note("token", token, WHO.get(), **run)

    def on_llm_end(self, response, **run):
        self.note("end", response.generations[0][0].text, **run)

    def on_llm_error(self, error, **run):
        self.note("error", type(error).__name__, **run)


class AsyncHeard(Heard):
    async def on_chat_model_start(self, serialized, messages, **run):
        await asyncio.sleep(0)
        super().on_chat_model_start(serialized, messages, **run)

    async def on_llm_new_token(self, token, *, chunk, **run):
        await asyncio.sleep(0)
        super().on_llm_new_token(token, chunk=chunk, **run)

    async def on_llm_end(self, response, **run):
        await asyncio.sleep(0)
        super().on_llm_end(response, **run)

    async def on_llm_error(self, error, **run):
        await asyncio.sleep(0)
        super().on_llm_error(error, **run)


def streamed(model, config):
    for _ in model.stream("Hello", config):
        pass


async def astreamed(model, config):
    async for _ in model.astream("Hello", config):
        pass


def streamed_in_a_loop(model, config):
    """Call sync code in a thread whose loop is running."""

    async def main():
        streamed(model, config)

    asyncio.run(main())


WAYS = [
    streamed,
    lambda model, config: asyncio.run(astreamed(model, config)),
    streamed_in_a_loop,
]
IDS = ["sync", "async", "inside a loop"]
EVERYONE = pytest.mark.parametrize("kind", [Heard, AsyncHeard])
EVERYWHERE = pytest.mark.parametrize("ask", WAYS, ids=IDS)


@EVERYONE
@EVERYWHERE
def test_a_run_is_heard_from_start_to_end(kind, ask):
    """Callbacks hear the question, each piece, and the whole answer."""
    handler = kind()

    ask(Speaking(), {"callbacks": [handler]})

    assert handler.heard == [
        ("start", "Speaking", [[HumanMessage("Hello")]]),
        ("token", "Hi", "nobody"),
        ("token", " there", "nobody"),
        ("token", "", "nobody"),
        ("end", "Hi there"),
    ]


@EVERYONE
@EVERYWHERE
def test_callbacks_are_told_whose_run_it_is(kind, ask):
    """Each callback is given run id, name, tags, metadata and the parent's id."""
    handler = kind()
    config = {
        "callbacks": [handler],
        "run_id": "r1",
        "run_name": "greet",
        "tags": ["a"],
        "metadata": {"k": 1},
    }

    ask(Speaking(), config)

    assert handler.told == 5 * [
        {
            "run_id": "r1",
            "parent_run_id": None,
            "tags": ["a"],
            "metadata": {"k": 1},
            "name": "greet",
        }
    ]


@EVERYONE
@EVERYWHERE
def test_a_failed_run_is_heard(kind, ask):
    """A fault is told in place of an end."""
    handler = kind()

    with pytest.raises(ModelError):
        ask(Speaking(Fault(status=500)), {"callbacks": [handler]})

    assert [what[0] for what in handler.heard] == ["start", "error"]
    assert handler.heard[-1] == ("error", "ServerError")


@EVERYONE
@EVERYWHERE
def test_callbacks_see_the_context(kind, ask):
    """Context variables of the caller are seen in callbacks, wherever they run."""
    handler = kind()

    token = WHO.set("Ann")
    try:
        ask(Speaking(), {"callbacks": [handler]})
    finally:
        WHO.reset(token)

    assert {who for kind, *_, who in handler.heard if kind == "token"} == {"Ann"}


@EVERYONE
def test_invoke_has_no_pieces(kind):
    """Outside `streaming`, `invoke` tells of start and end alone."""
    handler = kind()

    Speaking().invoke("Hello", {"callbacks": [handler]})
    asyncio.run(Speaking().ainvoke("Hello", {"callbacks": [handler]}))

    assert [what[0] for what in handler.heard] == ["start", "end"] * 2


def test_any_object_with_one_of_the_methods_hears():
    """A handler needs no class of ours, and only the methods that it wants."""

    class Ends:
        def __init__(self):
            self.ends = 0

        def on_llm_end(self, response, **run):
            self.ends += 1

    handler = Ends()
    config = {"callbacks": [handler]}
    streamed(Speaking(), config)
    asyncio.run(astreamed(Speaking(), config))

    assert handler.ends == 2


def test_the_handler_to_inherit_from_does_nothing():
    """All methods of `CallbackHandler` can be left as they are."""
    streamed(Speaking(), {"callbacks": [CallbackHandler()]})
    with pytest.raises(ModelError):
        streamed(Speaking(Fault()), {"callbacks": [CallbackHandler()]})


def breaking(method, *, is_async):
    """Give a handler whose *method* raises."""

    def fail(self, *args, **run):
        raise KeyError("oops")

    async def afail(self, *args, **run):
        raise KeyError("oops")

    return type("Breaking", (Heard,), {method: afail if is_async else fail})()


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@EVERYWHERE
@pytest.mark.parametrize(
    ("method", "steps", "heard"),
    [
        ("on_chat_model_start", (), ["start", "error"]),
        ("on_llm_new_token", (), ["start", "token", "error"]),
        ("on_llm_end", (), ["start", "token", "token", "token", "end", "error"]),
        ("on_llm_error", (Fault(),), ["start", "error"]),
    ],
)
def test_an_error_in_a_callback_is_reported(method, steps, heard, ask, is_async):
    """It ends the run as a CallbackError; the other callbacks hear all the same."""
    other = Heard()
    handlers = [breaking(method, is_async=is_async), other]

    with pytest.raises(CallbackError) as caught:
        ask(Speaking(*steps), {"callbacks": handlers})

    assert str(caught.value) == f"Breaking.{method} raised KeyError: 'oops'"
    assert isinstance(caught.value.__cause__, KeyError)
    assert [what[0] for what in other.heard] == heard


def test_a_callback_that_must_stop_the_program_does():
    """Only exceptions are reported as CallbackError; an interrupt goes through."""

    class Interrupting(CallbackHandler):
        async def on_llm_end(self, response, **run):
            raise KeyboardInterrupt

    async def main():
        Speaking().invoke("Hello", {"callbacks": [Interrupting()]})

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


def test_a_callback_may_ask_a_model():
    """A callback can itself ask a model, which it does not hear of."""
    answers = []

    class Asking(CallbackHandler):
        def on_llm_end(self, response, **run):
            answers.append(Speaking(AIMessageChunk("inner")).invoke("Hi").text)

    Speaking().invoke("Hello", {"callbacks": [Asking()]})

    assert answers == ["inner"]


def test_a_result_is_the_messages_of_a_call():
    """The result of a call is one list for its one prompt."""
    results = []

    class Ends(CallbackHandler):
        def on_llm_end(self, response, **run):
            results.append(response)

    message = Speaking().invoke("Hello", {"callbacks": [Ends()]})

    assert results == [LLMResult([[ChatGeneration(message)]])]
