"""Many runs at once: order, concurrency, errors, context."""

import asyncio
import contextvars
import threading

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import InputError, ServerError
from harness.models import CallbackHandler, ChatModel, VirtualClock
from harness.steps import Fault, Pause

WHO = contextvars.ContextVar("who", default="nobody")


class Echo(ChatModel):
    """Says what it is asked; "fail" fails, a number is a pause of that length."""

    def __init__(self):
        self.asked = []
        self.clock = VirtualClock()

    def play(self, request):
        text = request.messages[-1].text
        self.asked.append(text)
        if text == "crash":
            raise KeyError(text)
        return self.steps(text)

    def steps(self, text):
        if text.isdigit():
            yield Pause(int(text))
        if text.startswith("fail"):
            yield Fault(text, status=500)
        yield AIMessageChunk(text)


class RealEcho(Echo):
    def __init__(self):
        super().__init__()
        del self.clock


def batch(model, inputs, config=None, **options):
    return model.batch(inputs, config, **options)


def abatch(model, inputs, config=None, **options):
    return asyncio.run(model.abatch(inputs, config, **options))


def completed(model, inputs, config=None, **options):
    return list(model.batch_as_completed(inputs, config, **options))


def acompleted(model, inputs, config=None, **options):
    async def collect():
        answers = model.abatch_as_completed(inputs, config, **options)
        return [pair async for pair in answers]

    return asyncio.run(collect())


WHOLE = pytest.mark.parametrize("ask", [batch, abatch])
AS_COMPLETED = pytest.mark.parametrize("ask", [completed, acompleted])
ALL = pytest.mark.parametrize("ask", [batch, abatch, completed, acompleted])
BOTH = pytest.mark.parametrize("kind", [Echo, RealEcho])


def texts(answers):
    return [answer.text for answer in answers]


@WHOLE
@BOTH
@pytest.mark.parametrize("count", [0, 1, 2, 50])
@pytest.mark.parametrize("lanes", [None, 1, 3])
def test_answers_come_in_input_order(ask, kind, count, lanes):
    """However many run at once, the answers stand in the order of the inputs."""
    inputs = [f"q{n}" for n in range(count)]

    answers = ask(kind(), inputs, {"max_concurrency": lanes})

    assert texts(answers) == inputs


@ALL
def test_questions_are_asked_in_input_order(ask):
    """`play` is called for each input in order, whatever comes of it later."""
    model = Echo()
    inputs = [f"q{n}" for n in range(50)]

    ask(model, inputs)

    assert model.asked == inputs


@AS_COMPLETED
@pytest.mark.parametrize(
    ("lanes", "order"),
    [
        (None, [2, 1, 3, 0]),
        (4, [2, 1, 3, 0]),
        # 0: 0-5; 1: 0-2, then 2: 2-3, then 3: 3-6
        (2, [1, 2, 0, 3]),
        (1, [0, 1, 2, 3]),
    ],
)
def test_the_virtual_clock_orders_what_completes(ask, lanes, order):
    """Answers come as they would by a real clock, each with its index."""
    model = Echo()

    answers = ask(model, ["5", "2", "1", "3"], {"max_concurrency": lanes})

    assert [n for n, _ in answers] == order
    assert {n: answer.text for n, answer in answers} == {
        0: "5",
        1: "2",
        2: "1",
        3: "3",
    }


@ALL
@pytest.mark.parametrize(("lanes", "moment"), [(None, 5), (2, 6), (1, 11)])
def test_the_virtual_clock_knows_how_long_a_batch_takes(ask, lanes, moment):
    """Pauses side by side count once; one after the other they add up."""
    model = Echo()

    ask(model, ["5", "2", "1", "3"], {"max_concurrency": lanes})

    assert model.clock.now() == moment


@ALL
def test_real_pauses_begin_with_their_turn(ask):
    """A run that has to wait for its turn takes its pauses after that."""

    class Clock(VirtualClock):
        """A real clock that takes no time: it moves when it is slept on."""

        virtual = False

    model = Echo()
    model.clock = Clock()

    ask(model, ["5", "2", "1", "3"], {"max_concurrency": 1})

    assert model.clock.now() == 11


@pytest.mark.parametrize("is_async", [False, True])
def test_a_real_clock_gives_answers_as_they_come(is_async):
    """The first to be complete comes first, though it was asked last."""
    second = threading.Event()
    order = []

    class Waiting(RealEcho):
        blocking = True

        def steps(self, text):
            if text == "first":
                assert second.wait(10)
            yield AIMessageChunk(text)

    def take(pair):
        order.append((pair[0], pair[1].text))
        second.set()

    async def collect():
        async for pair in Waiting().abatch_as_completed(["first", "second"]):
            take(pair)

    if is_async:
        asyncio.run(collect())
    else:
        for pair in Waiting().batch_as_completed(["first", "second"]):
            take(pair)

    assert order == [(1, "second"), (0, "first")]


class Counting(RealEcho):
    """Counts how many of its answers are being made at once."""

    def __init__(self, together):
        super().__init__()
        self.barrier = threading.Barrier(together)
        self.lock = threading.Lock()
        self.running = self.most = 0

    def steps(self, text):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.barrier.wait(10)
        with self.lock:
            self.running -= 1
        yield AIMessageChunk(text)


@pytest.mark.parametrize("ask", [batch, completed])
@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_as_many_run_at_once_as_may(ask, lanes):
    """`max_concurrency` is reached, and never passed."""
    model = Counting(lanes)

    ask(model, ["q"] * lanes * 3, {"max_concurrency": lanes})

    assert model.most == lanes


@pytest.mark.parametrize("ask", [abatch, acompleted])
@pytest.mark.parametrize(("lanes", "most"), [(1, 1), (2, 2), (5, 5), (None, 12)])
def test_as_many_tasks_run_at_once_as_may(ask, lanes, most):
    """The same with tasks; without a limit, all of them run at once."""

    class Model(RealEcho):
        running = most = 0

        async def aplay(self, request):
            self.running += 1
            self.most = max(self.most, self.running)
            for _ in range(3):
                await asyncio.sleep(0)
            self.running -= 1
            yield AIMessageChunk("a")

    model = Model()

    ask(model, ["q"] * 12, {"max_concurrency": lanes})

    assert model.most == most


def test_a_limit_may_be_configured_before():
    """`with_config` limits every batch."""
    model = Counting(2)

    model.with_config(max_concurrency=2).batch(["q"] * 4)
    model.batch(["q"] * 4, [{"max_concurrency": 2}] * 4)

    assert model.most == 2


@WHOLE
@BOTH
def test_the_first_error_in_input_order_is_raised(ask, kind):
    """Whatever fails first in time, the error is that of the first input."""
    with pytest.raises(ServerError, match="fail 1"):
        ask(kind(), ["a", "fail 1", "fail 2", "b"])


@WHOLE
def test_nothing_is_begun_after_an_error(ask):
    """What waits for its turn is not run any more."""
    begun = []

    class Model(Echo):
        def steps(self, text):
            begun.append(text)
            yield from super().steps(text)

    with pytest.raises(ServerError):
        ask(Model(), ["a", "fail", "b", "c"], {"max_concurrency": 1})

    assert begun == ["a", "fail"]


@ALL
@BOTH
def test_errors_can_be_answers(ask, kind):
    """With `return_exceptions`, errors stand where their answers would."""
    inputs = ["a", "fail", "crash", 3, "b"]

    answers = ask(kind(), inputs, return_exceptions=True)

    if ask in (completed, acompleted):
        answers = [answer for _, answer in sorted(answers, key=lambda pair: pair[0])]
    assert [type(answer).__name__ for answer in answers] == [
        "AIMessage",
        "ServerError",
        "KeyError",
        "InputError",
        "AIMessage",
    ]


@AS_COMPLETED
def test_an_error_is_raised_when_it_comes(ask):
    """As completed, an error is raised; by a virtual clock the others have run."""
    got = []

    class Hearing(CallbackHandler):
        def on_llm_end(self, response, **run):
            got.append(response.generations[0][0].text)

    with pytest.raises(ServerError):
        ask(Echo(), ["1", "fail"], {"callbacks": [Hearing()]})

    assert got == ["1"]


@AS_COMPLETED
def test_a_real_error_is_raised_when_it_comes(ask):
    """The same by a real clock; nothing is begun after it."""
    model = RealEcho()

    with pytest.raises(ServerError):
        ask(model, ["fail", "a"], {"max_concurrency": 1})


def test_leaving_a_batch_ends_it():
    """Whoever has heard enough stops what has not begun."""
    begun = []

    class Model(RealEcho):
        def steps(self, text):
            begun.append(text)
            yield from super().steps(text)

    answers = Model().batch_as_completed(["a", "b", "c", "d"], {"max_concurrency": 1})
    assert next(answers)[1].text == "a"
    answers.close()

    assert begun in (["a"], ["a", "b"])


def test_leaving_an_async_batch_cancels_it():
    """The tasks of an async batch are cancelled and have ended."""
    ended = []

    class Model(RealEcho):
        async def aplay(self, request):
            text = request.messages[-1].text
            try:
                if text == "never":
                    await asyncio.Event().wait()
                yield AIMessageChunk(text)
            finally:
                ended.append(text)

    async def leave():
        answers = Model().abatch_as_completed(["a", "never"])
        async for n, answer in answers:
            assert (n, answer.text) == (0, "a")
            break
        await answers.aclose()
        return list(ended)

    assert asyncio.run(leave()) == ["a", "never"]


def test_a_cancelled_batch_cancels_its_runs():
    """Cancelling the task of a batch cancels all that it runs."""
    cancelled = []

    class Hearing(CallbackHandler):
        def on_llm_error(self, error, **run):
            cancelled.append(type(error).__name__)

    class Model(RealEcho):
        async def aplay(self, request):
            await asyncio.Event().wait()
            yield AIMessageChunk("never")

    async def cancel():
        config = {"callbacks": [Hearing()]}
        task = asyncio.create_task(Model().abatch(["a", "b"], config))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert asyncio.run(cancel())
    assert cancelled == ["CancelledError"] * 2


@ALL
@BOTH
def test_runs_see_the_context_of_the_batch(ask, kind):
    """Context variables of the caller hold in each thread and task."""
    seen = []

    class Model(kind):
        def steps(self, text):
            seen.append(WHO.get())
            yield AIMessageChunk(text)

    token = WHO.set("Ann")
    try:
        ask(Model(), ["a", "b", "c"])
    finally:
        WHO.reset(token)

    assert seen == ["Ann"] * 3


@ALL
def test_each_input_may_have_its_config(ask):
    """A list of configs has one for each input."""
    names = []

    class Hearing(CallbackHandler):
        def on_llm_end(self, response, *, name, **run):
            names.append((response.generations[0][0].text, name))

    configs = [{"run_name": f"r{n}", "callbacks": [Hearing()]} for n in range(3)]

    ask(Echo(), ["a", "b", "c"], configs)

    assert sorted(names) == [("a", "r0"), ("b", "r1"), ("c", "r2")]


def test_a_batch_runs_inside_a_running_loop():
    """Sync batches work in a thread whose loop is running."""

    async def main():
        return Echo().batch(["a", "b"])

    assert texts(asyncio.run(main())) == ["a", "b"]


@ALL
@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ("ab", "A batch takes a list of inputs, not 'ab' (str)."),
        (b"ab", "A batch takes a list of inputs, not b'ab' (bytes)."),
        ({"role": "user"}, "A batch takes a list of inputs, not {'role': 'user'} ("),
        (None, "A batch takes a list of inputs, not None (NoneType)."),
        (iter("ab"), "A batch takes a list of inputs, not <str_"),
    ],
    ids=["str", "bytes", "dict", "none", "iterator"],
)
def test_what_is_no_batch(ask, inputs, text):
    """A single input, or nothing countable, is refused."""
    with pytest.raises(InputError) as caught:
        ask(Echo(), inputs)

    assert str(caught.value).startswith(text)


@ALL
@pytest.mark.parametrize("config", [3, [{}], "ab", {"tags": 3}], ids=repr)
def test_a_bad_config_of_a_batch(ask, config):
    """A config that does not fit is refused before anything is asked."""
    model = Echo()

    with pytest.raises(InputError):
        ask(model, ["a", "b"], config)

    assert model.asked == []


def test_an_interrupt_is_no_answer():
    """What is no Exception goes through, also with `return_exceptions`."""

    class Model(Echo):
        def steps(self, text):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Model().batch(["a", "b"], return_exceptions=True)
