"""Steps acted out: chunks are given on, pauses waited, faults raised."""

import asyncio
import re
import threading

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import (
    InputError,
    InterruptedStreamError,
    RateLimitError,
)
from harness.messages import AIMessage
from harness.models import CallbackHandler, ChatModel, VirtualClock
from harness.steps import Fault, Pause


class Playing(ChatModel):
    """Plays whatever it is given."""

    def __init__(self, *steps, make=iter):
        self.steps = steps
        self.make = make
        self.clock = VirtualClock()

    def play(self, request):
        return self.make(self.steps)


class Blocking(Playing):
    blocking = True


def answers(model):
    """Give what `stream` and `astream` give, as they must be the same."""

    async def astream():
        return [chunk async for chunk in model.astream("Hi", {"run_id": "1"})]

    sync = list(model.stream("Hi", {"run_id": "1"}))
    assert asyncio.run(astream()) == sync
    return sync


def raised(model):
    """Give the error that all ways of asking must end in."""

    async def astream():
        async for _ in model.astream("Hi"):
            pass

    errors = []
    for ask in (
        lambda: model.invoke("Hi"),
        lambda: list(model.stream("Hi")),
        lambda: asyncio.run(model.ainvoke("Hi")),
        lambda: asyncio.run(astream()),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            ask()
        text = re.sub(" at 0x[0-9a-f]+", "", str(caught.value))
        errors.append((type(caught.value), text))
    assert len(set(errors)) == 1
    return caught.value


@pytest.mark.parametrize("kind", [Playing, Blocking])
@pytest.mark.parametrize("make", [iter, list, tuple, lambda steps: (s for s in steps)])
def test_play_may_give_any_iterable(kind, make):
    """A generator, an iterator or a list of steps will do."""
    model = kind(AIMessageChunk("a"), AIMessageChunk("b"), make=make)

    chunks = answers(model)

    assert [chunk.text for chunk in chunks] == ["a", "b", ""]


def test_chunks_get_the_id_of_the_run():
    """A chunk without an id is of this run; one that has an id keeps it."""
    chunks = answers(Playing(AIMessageChunk("a"), AIMessageChunk("b", id="own")))

    assert [chunk.id for chunk in chunks] == ["run-1", "own", "run-1"]


def test_the_last_chunk_is_marked():
    """A source that does not end its stream is ended by an empty chunk."""
    chunks = answers(Playing(AIMessageChunk("a"), AIMessageChunk("b")))

    assert [chunk.chunk_position for chunk in chunks] == [None, None, "last"]
    assert chunks[-1].text == ""


def test_no_end_is_added_to_one():
    """What is marked as the last chunk is that, also with usage after it."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    model = Playing(
        AIMessageChunk("a", chunk_position="last"),
        AIMessageChunk(usage_metadata=usage),
    )

    assert len(answers(model)) == 2
    assert model.invoke("Hi").usage_metadata == usage


def test_pauses_pass_on_the_clock():
    """Between chunks, the clock moves on by the pauses."""
    model = Playing(Pause(2), AIMessageChunk("a"), Pause(3), AIMessageChunk("b"))

    moments = [(chunk.text, model.clock.now()) for chunk in model.stream("Hi")]

    assert moments == [("a", 2), ("b", 5), ("", 5)]


def test_a_fault_before_the_answer():
    """A fault is the error of its kind, and nothing has come."""
    error = raised(Playing(Fault("Slow down", status=429, retry_after=2)))

    assert type(error) is RateLimitError
    assert (error.retry_after, error.partial) == (2, None)


def test_a_fault_in_the_middle():
    """An interrupted answer is kept in the error, and is no finished one."""
    model = Playing(AIMessageChunk("a"), AIMessageChunk("b"), Fault("lost"))

    error = raised(model)

    assert type(error) is InterruptedStreamError
    assert isinstance(error.partial, AIMessage)
    assert error.partial.text == "ab"


def test_no_chunk_is_no_answer():
    """A source that plays nothing is an error, and no empty answer."""
    error = raised(Playing(Pause(1)))

    assert type(error) is InterruptedStreamError
    assert str(error) == "Playing.play() ended without a chunk: there is no answer."


@pytest.mark.parametrize("step", ["Hello", None, AIMessage("Hello")], ids=repr)
def test_what_is_no_step(step):
    """A model author who yields something else is told so."""
    error = raised(Playing(AIMessageChunk("a"), step))

    assert type(error) is InputError
    assert str(error) == (
        f"Playing.play() yielded {step!r} ({type(step).__name__}). It yields "
        "AIMessageChunk, Pause and Fault."
    )


async def _coroutine(steps):
    return steps


async def _agenerator(steps):
    for step in steps:
        yield step


@pytest.mark.parametrize("kind", [Playing, Blocking])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda _: None, "NoneType"),
        (lambda _: "Hello", "str"),
        (lambda _: 3, "int"),
        (_coroutine, "coroutine"),
        (_agenerator, "async_generator"),
    ],
)
def test_what_is_no_iterator_of_steps(kind, make, name):
    """A `play` that gives nothing to iterate over is told what to give."""
    error = raised(kind(AIMessageChunk("a"), make=make))

    assert type(error) is InputError
    assert str(error).startswith(f"{kind.__name__}.play() returned ")
    assert str(error).endswith(
        f" ({name}). It gives an iterator of steps; it is no coroutine."
    )


def test_what_is_no_async_iterator_of_steps():
    """The same of an `aplay` that is a coroutine."""

    class Wrong(Playing):
        async def aplay(self, request):  # type: ignore[override]  # that is the point
            return self.steps

    with pytest.raises(InputError) as caught:
        asyncio.run(Wrong().ainvoke("Hi"))

    assert str(caught.value).startswith("Wrong.aplay() returned <coroutine")
    assert str(caught.value).endswith("It gives an async iterator of steps.")


def test_an_author_may_play_asynchronously():
    """Where `aplay` is written, async callers are played by it."""

    class Both(Playing):
        async def aplay(self, request):
            await asyncio.sleep(0)
            yield AIMessageChunk("async")

    model = Both(AIMessageChunk("sync"))

    assert model.invoke("Hi").text == "sync"
    assert asyncio.run(model.ainvoke("Hi")).text == "async"


def test_an_async_iterator_needs_no_aclose():
    """A plain async iterator is played to its end."""

    class Once:
        def __init__(self):
            self.left = [AIMessageChunk("a")]

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    class Model(Playing):
        def aplay(self, request):
            return Once()

    assert asyncio.run(Model().ainvoke("Hi")).text == "a"


class Watched(Playing):
    """Notes when its steps are closed."""

    def __init__(self):
        super().__init__()
        self.closed = []

    def play(self, request):
        try:
            yield AIMessageChunk("a")
            yield AIMessageChunk("b")
        finally:
            self.closed.append("closed")


class Noting(CallbackHandler):
    def __init__(self):
        self.errors = []

    def on_llm_error(self, error, **run):
        self.errors.append(type(error).__name__)


@pytest.mark.parametrize("handlers", [[], [Noting()]], ids=["unheard", "heard"])
def test_a_stream_that_is_left_closes_its_source(handlers):
    """Whoever stops listening closes the steps; callbacks hear of it."""
    model = Watched()

    stream = model.stream("Hi", {"callbacks": handlers})
    next(stream)
    stream.close()

    assert model.closed == ["closed"]
    assert [handler.errors for handler in handlers] == [["GeneratorExit"]][
        : len(handlers)
    ]


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("blocking", [False, True])
def test_an_async_stream_that_is_left_closes_its_source(heard, blocking):
    """The same in a task."""
    handler = Noting()

    class Model(Watched):
        pass

    Model.blocking = blocking
    model = Model()

    async def leave():
        stream = model.astream("Hi", {"callbacks": [handler] if heard else []})
        async for _ in stream:
            break
        await stream.aclose()
        return list(model.closed)

    assert asyncio.run(leave()) == ["closed"]
    assert handler.errors == (["GeneratorExit"] if heard else [])


def test_a_source_that_fails_is_heard_of():
    """An exception out of `play` reaches callbacks and caller."""

    class Broken(Playing):
        def play(self, request):
            yield AIMessageChunk("a")
            raise KeyError("lost")

    handler = Noting()
    model = Broken()

    with pytest.raises(KeyError):
        model.invoke("Hi", {"callbacks": [handler]})
    with pytest.raises(KeyError):
        asyncio.run(model.ainvoke("Hi", {"callbacks": [handler]}))

    assert handler.errors == ["KeyError", "KeyError"]


def test_a_task_can_be_cancelled():
    """A cancelled run tells its callbacks and closes its source."""
    handler = Noting()

    class Endless(Watched):
        async def aplay(self, request):
            try:
                yield AIMessageChunk("a")
                await asyncio.Event().wait()
            finally:
                self.closed.append("closed")

    model = Endless()

    async def cancel():
        stream = model.astream("Hi", {"callbacks": [handler]})
        await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(cancel())
    assert model.closed == ["closed"]
    assert handler.errors == ["CancelledError"]


def test_a_blocking_model_can_be_cancelled():
    """A caller who is cancelled does not wait for the thread of a model that blocks."""
    started, go = threading.Event(), threading.Event()

    class Slow(Watched):
        blocking = True

        def play(self, request):
            started.set()
            go.wait(10)
            yield AIMessageChunk("a")

    async def cancel():
        task = asyncio.create_task(Slow().ainvoke("Hi"))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        go.set()
        return task.cancelled()

    assert asyncio.run(cancel())


def test_a_timeout_ends_a_run():
    """`asyncio.timeout` ends a run as it ends anything."""

    class Endless(Playing):
        async def aplay(self, request):
            await asyncio.Event().wait()
            yield AIMessageChunk("never")

    async def ask():
        async with asyncio.timeout(0):
            await Endless().ainvoke("Hi")

    with pytest.raises(TimeoutError):
        asyncio.run(ask())


def test_blocking_steps_are_taken_in_threads():
    """A model that blocks does not hold up the loop, but for sync callers it does."""
    threads = []

    class Model(Blocking):
        def play(self, request):
            threads.append(threading.current_thread())
            yield AIMessageChunk("a")

    Model().invoke("Hi")
    asyncio.run(Model().ainvoke("Hi"))

    here, other = threads
    assert here is threading.current_thread()
    assert other is not here
