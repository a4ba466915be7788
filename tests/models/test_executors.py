"""Batches in executors of `concurrent.futures`: the same answers, played elsewhere."""

import asyncio
import contextvars
import multiprocessing
import os
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from harness import (
    AIMessageChunk,
    AuthenticationError,
    CallbackError,
    ExecutorError,
    FakeChatModel,
    FakeProvider,
    InputError,
    InterruptedStreamError,
    OpenAIChatModel,
    RateLimitError,
    RecordingChatModel,
    ScriptExhausted,
    ServerError,
    UnrecordedRequest,
    fail,
    use_cassette,
)
from harness.models import CallbackHandler, RealClock, VirtualClock, streaming
from harness.recording.guard import block_network
from harness.scripts.turns import as_turn

sys.path.insert(0, str(Path(__file__).parent))
import played_by_workers as played  # workers find it by that name

sys.path.pop(0)

QUESTIONS = [f"question {n}" for n in range(12)]
WHO = contextvars.ContextVar("who", default="nobody")


@pytest.fixture(scope="module")
def path():
    """Let workers find the models of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield


def processes(method):
    """Give a pool whose workers begin as *method* says."""
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(2, mp_context=context)


@pytest.fixture(scope="module")
def spawned(path):
    """Give one pool of processes for all."""
    with processes("spawn") as pool:
        yield pool


@pytest.fixture(scope="module")
def forked(path):
    """Give one whose processes are forked by a server."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        pytest.skip("there is no forkserver here")
    with processes("forkserver") as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    """Give one pool of threads for all."""
    with ThreadPoolExecutor(3, thread_name_prefix="mine") as pool:
        yield pool


class Inline(Executor):
    """Runs what it is given at once: any other executor, as far as we can tell."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as executors do
            future.set_exception(error)
        return future


class Waiting(Executor):
    """Runs nothing until it is told to; knows what it was given."""

    def __init__(self):
        self.given = []
        self.news = threading.Condition()

    def submit(self, fn, /, *args):
        with self.news:
            self.given.append((Future(), fn, args))
            self.news.notify()
        return self.given[-1][0]

    def wait(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.given) == count, 30)

    def run(self, number):
        future, fn, args = self.given[number]
        future.set_result(fn(*args))


@pytest.fixture(params=["threads", "spawned", "forked", "inline"])
def pool(request):
    """Give one executor after the other."""
    if request.param == "inline":
        return Inline()
    return request.getfixturevalue(request.param)


def batch(model, inputs, config, **options):
    return model.batch(inputs, config, **options)


def abatch(model, inputs, config, **options):
    return asyncio.run(model.abatch(inputs, config, **options))


def completed(model, inputs, config, **options):
    answers = dict(model.batch_as_completed(inputs, config, **options))
    return [answers[n] for n in range(len(inputs))]


def acompleted(model, inputs, config, **options):
    async def collect():
        answers = model.abatch_as_completed(inputs, config, **options)
        return {n: answer async for n, answer in answers}

    answers = asyncio.run(collect())
    return [answers[n] for n in range(len(inputs))]


ALL = pytest.mark.parametrize("ask", [batch, abatch, completed, acompleted])
WHOLE = pytest.mark.parametrize("ask", [batch, abatch])


def facts(answer):
    """Give all of an answer, or of an error, that can be compared."""
    if not isinstance(answer, Exception):
        return answer.model_copy(update={"id": None})
    fields = {k: v for k, v in vars(answer).items() if k != "__notes__"}
    if partial := fields.get("partial"):
        fields["partial"] = partial.model_copy(update={"id": None})
    return type(answer), str(answer), fields


# ------------------------------------------------------------------ the same answers


@ALL
@pytest.mark.parametrize("lanes", [None, 1, 3])
def test_answers_are_those_of_a_batch_without(ask, pool, lanes):
    """Each answer and error stands where it would, with all its fields."""
    inputs = [*QUESTIONS, "fail", "raise", "nothing", "crash"]
    config = {"max_concurrency": lanes}

    answers = ask(
        played.Worked(), inputs, {**config, "executor": pool}, return_exceptions=True
    )

    plain = played.Worked().batch(inputs, config, return_exceptions=True)
    assert [*map(facts, answers)] == [*map(facts, plain)]
    assert isinstance(answers[12], InterruptedStreamError)
    assert answers[12].partial.text == "half"


@WHOLE
def test_the_first_error_in_input_order_is_raised(ask, pool):
    """Without return_exceptions the batch raises, once what runs has ended."""
    with pytest.raises(ServerError, match="raised"):
        ask(played.Worked(), ["a", "raise", "fail", "b"], {"executor": pool})


def test_no_answers_of_no_inputs(pool):
    """An empty batch asks nobody."""
    assert played.Worked().batch([], {"executor": pool}) == []


def test_processes_play_what_blocks(spawned):
    """The steps come from other processes, the model here stays as it is."""
    answers = played.Worked().batch(["pid"] * 6, {"executor": spawned})

    assert str(os.getpid()) not in {answer.text for answer in answers}


@pytest.mark.parametrize("ask", [batch, abatch])
def test_threads_play_whole_runs_with_the_context(threads, ask):
    """A pool of threads shares what this process has: models, and the context."""

    class Local(played.Worked):
        def play(self, request):
            yield AIMessageChunk(f"{WHO.get()} {threading.current_thread().name[:4]}")

    WHO.set("somebody")

    (answer,) = ask(Local(), ["?"], {"executor": threads})

    assert answer.text == "somebody mine"


def test_an_executor_may_be_configured(spawned):
    """`with_config` has it for every batch; what is made of the model has it too."""
    model = played.Worked().with_config(executor=spawned).with_retry()

    (pid,) = model.batch(["pid"])

    assert pid.text != str(os.getpid())
    assert model.invoke("pid").text == str(os.getpid())


def test_structure_is_read_here(spawned):
    """Values come of the same answers; their classes need not be known elsewhere."""
    schema = {
        "title": "Local",
        "type": "object",
        "properties": {"n": {"type": "integer"}},
    }
    model = played.Worked().with_structured_output(schema, method="json_mode")

    assert model.batch(['{"n": 1}', '{"n": 2}'], {"executor": spawned}) == [
        {"n": 1},
        {"n": 2},
    ]


def test_the_run_is_known_to_what_is_played(pool):
    """`current_run` tells name, tags and configurable values in a worker as well."""
    config = {"tags": ["t"], "run_name": "mine", "configurable": {"k": 1}}

    (answer,) = played.Worked().batch(["run"], {**config, "executor": pool})

    assert answer.text == "mine ('t',) {'k': 1}"


@ALL
def test_a_virtual_clock_counts_what_workers_pause(ask, pool):
    """Pauses of side-by-side runs count once, wherever they were taken."""
    model = played.Worked(VirtualClock())
    inputs = ["pause 5", "pause 2", "pause 1", "pause 3"]

    ask(model, inputs, {"executor": pool, "max_concurrency": 2})

    assert model.clock.now() == 6


def test_retries_wait_and_try_again_in_the_worker(pool):
    """What is retried is retried where it is played, and its waits are counted."""
    model = played.Worked(VirtualClock()).with_retry(stop_after_attempt=3)

    with pytest.raises(ServerError):
        model.batch(["raise"], {"executor": pool})

    assert model.clock.now() == 2


# --------------------------------------------------------------------- what stays here


@ALL
def test_scripts_deal_their_turns_here(ask, pool):
    """By input position, with journal, left turns and misses in this process."""
    turns = [f"answer {n}" for n in range(12)]
    model = FakeChatModel(*turns, fail(500), "left")

    answers = ask(
        model, [*QUESTIONS, "fails"], {"executor": pool}, return_exceptions=True
    )

    assert [one.text for one in answers[:12]] == turns
    assert isinstance(answers[12], ServerError)
    assert [call.text for call in model.calls] == [*QUESTIONS, "fails"]
    assert len(model.script.unused()) == 1


def test_a_script_that_runs_out_says_so_here(pool):
    """The violation is in the script that the test holds."""
    model = FakeChatModel("one")

    with pytest.raises(ScriptExhausted, match="is asked 'b' in call 2"):
        model.batch(["a", "b"], {"executor": pool})

    assert len(model.script.violations) == 1


def test_a_live_model_with_a_fallback_that_is_scripted_stays(spawned):
    """One player that has to stay keeps the others."""
    fallback = FakeChatModel("instead")

    (answer,) = (
        played.Worked()
        .with_fallbacks([fallback])
        .batch(["raise"], {"executor": spawned})
    )

    assert answer.text == "instead"
    assert len(fallback.calls) == 1


def test_live_fallbacks_go_along(spawned):
    """Several that block are played by one worker."""
    models = played.Worked().with_fallbacks([played.Worked()])

    with pytest.raises(ServerError):
        models.batch(["raise"], {"executor": spawned})
    assert models.batch(["pid"], {"executor": spawned})[0].text != str(os.getpid())


def test_a_recording_is_made_here(spawned, tmp_path):
    """The cassette is open in this process, so the model is asked by it."""
    path = tmp_path / "chats.yaml"

    with RecordingChatModel(played.Worked(), path, mode="all") as model:
        (answer,) = model.batch(["pid"], {"executor": spawned})

    assert answer.text == str(os.getpid())


def test_nothing_leaves_while_a_cassette_is_open(spawned, tmp_path):
    """A worker would go past it: the request is missed, not sent."""
    model = OpenAIChatModel("m", api_key="k", base_url="http://127.0.0.1:9/v1")

    with use_cassette(tmp_path / "none.yaml", mode="none") as tape:
        with pytest.raises(UnrecordedRequest):
            model.batch(["Hi", "Ho"], {"executor": spawned})
        assert tape.misses
        tape.misses.clear()


def test_nothing_leaves_while_the_network_is_blocked(spawned):
    """The guard sees this process only."""
    with block_network():
        (answer,) = played.Worked().batch(["pid"], {"executor": spawned})

    assert answer.text == str(os.getpid())


class Heard(CallbackHandler):
    """Notes what it hears, and where."""

    def __init__(self):
        self.heard = []
        self.threads = set()

    def _note(self, *what):
        self.heard.append(what)
        self.threads.add(threading.current_thread())

    def on_chat_model_start(self, serialized, messages, **run):
        self._note("start", messages[0][0].text)

    def on_llm_new_token(self, token, *, chunk, **run):
        self._note("token", token)

    def on_llm_end(self, response, **run):
        self._note("end", response.generations[0][0].text)

    def on_llm_error(self, error, **run):
        self._note("error", str(error))


@pytest.mark.parametrize("ask", [batch, completed])
def test_callbacks_hear_of_it_here(ask, spawned):
    """Who listens is never pickled, and hears all in the thread of the caller."""
    heard = Heard()
    config = {"executor": spawned, "callbacks": [heard], "max_concurrency": 1}

    with streaming():
        ask(played.Worked(), ["abc", "fail"], config, return_exceptions=True)

    assert heard.heard == [
        ("start", "abc"),
        ("token", "ab"),
        ("token", "c"),
        ("token", ""),
        ("end", "abc"),
        ("start", "fail"),
        ("token", "half"),
        ("error", "broke [status 500]"),
    ]
    assert heard.threads == {threading.current_thread()}


def test_async_callbacks_are_awaited_in_the_loop(spawned):
    """They may use what belongs to the loop that the batch runs in."""
    loops = []

    class Handler(CallbackHandler):
        async def on_llm_end(self, response, **run):
            loops.append(asyncio.get_running_loop())

    async def main():
        config = {"executor": spawned, "callbacks": [Handler()]}
        await played.Worked().abatch(["a", "b"], config)
        return asyncio.get_running_loop()

    assert loops == [asyncio.run(main())] * 2 or len({*loops}) == 1


def test_runs_begin_when_they_are_sent():
    """`on_chat_model_start` does not wait for the answer."""
    heard = Heard()

    class Noting(Inline):
        def submit(self, fn, /, *args):
            heard.heard.append(("sent",))
            return super().submit(fn, *args)

    config = {"executor": Noting(), "callbacks": [heard]}
    played.Worked().batch(["a", "b"], config)

    assert [what[0] for what in heard.heard] == [
        *("start", "sent", "start", "sent"),
        *("end", "end"),
    ]


# -------------------------------------------------------------------------- live models


@pytest.fixture(scope="module")
def provider():
    """Give a server that says which question it was asked."""

    def said(request):
        text = request.messages[-1].text
        return fail(429, retry_after=0) if text == "busy" else f"{text}!"

    fake = FakeProvider(replace(as_turn(said), times=None))
    with fake.serve(clock=VirtualClock()) as server:
        server.fake = fake
        yield server


def live(provider, **options):
    return OpenAIChatModel(
        "gpt-5-mini", base_url=f"{provider.url}/v1", api_key="sk-given", **options
    )


@ALL
def test_live_models_do_their_http_in_the_worker(ask, pool, provider):
    """What the provider says comes back as it would without, errors too."""
    before = len(provider.fake.calls)
    model = live(provider, max_retries=0)
    inputs = [*QUESTIONS[:4], "busy", QUESTIONS[0]]

    answers = ask(model, inputs, {"executor": pool}, return_exceptions=True)

    *said, busy, again = answers
    assert [one.text for one in (*said, again)] == [
        *(f"{text}!" for text in QUESTIONS[:4]),
        f"{QUESTIONS[0]}!",
    ]
    assert said[0].usage_metadata == model.invoke(QUESTIONS[0]).usage_metadata
    assert (type(busy), busy.status, busy.retry_after) == (RateLimitError, 429, 0)
    assert len(provider.fake.calls) - before == len(inputs) + 1


class Keeping(Inline):
    """Keeps what it was given."""

    def __init__(self):
        self.parcels = []

    def submit(self, fn, /, *args):
        self.parcels.append(args)
        return super().submit(fn, *args)


def test_a_key_of_the_environment_is_looked_up_by_the_worker(provider, monkeypatch):
    """It is not sent; one that was given is."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-found")
    executor = Keeping()

    OpenAIChatModel("m", base_url=f"{provider.url}/v1").batch(
        ["Hi"], {"executor": executor}
    )
    live(provider).batch(["Hi"], {"executor": executor})

    assert [b"sk-found" in parcel for parcel, _ in executor.parcels] == [False, False]
    assert [b"sk-given" in parcel for parcel, _ in executor.parcels] == [False, True]


def test_a_worker_without_the_key_says_so(provider, monkeypatch):
    """The error names the variable, and what to do."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-found")
    model = OpenAIChatModel("m", base_url=f"{provider.url}/v1")

    class Elsewhere(Inline):
        def submit(self, fn, /, *args):
            monkeypatch.delenv("OPENAI_API_KEY")
            return super().submit(fn, *args)

    with pytest.raises(AuthenticationError) as caught:
        model.batch(["Hi"], {"executor": Elsewhere()})

    assert str(caught.value) == (
        "The API key was found in OPENAI_API_KEY, which is not set in this process: a "
        "key of the environment is not sent along. Set it here too, or give "
        'api_key="...".'
    )


def test_equal_questions_are_each_asked():
    """An executor that knows results by their arguments finds none twice."""
    executor = Keeping()

    played.Worked().batch(["same", "same"], {"executor": executor, "run_id": None})

    assert len({unique for _, unique in executor.parcels}) == 2


# ---------------------------------------------------------------------- what goes wrong


@ALL
@pytest.mark.parametrize("make", [ProcessPoolExecutor, ThreadPoolExecutor])
def test_an_executor_that_is_shut_down_takes_nothing(ask, make):
    """Each run says so in its place."""
    executor = make(1)
    executor.shutdown()

    answers = ask(
        played.Worked(), ["a", "b"], {"executor": executor}, return_exceptions=True
    )

    assert [*map(type, answers)] == [ExecutorError] * 2
    assert str(answers[0]) == (
        "The executor takes no runs (RuntimeError: cannot schedule new futures after "
        "shutdown); nothing was asked. Give the batch one that is open until its last "
        "answer has come."
    )


@ALL
def test_a_worker_that_dies_loses_what_it_had(ask, path):
    """What was answered before is kept; the rest is an error each, and no hang."""
    with processes("spawn") as executor:
        config = {"executor": executor, "max_concurrency": 1}
        answers = ask(
            played.Worked(), ["a", "die", "b"], config, return_exceptions=True
        )

    assert answers[0].text == "a"
    assert str(answers[1]) == (
        "The executor lost the run (BrokenProcessPool: A process in the process pool "
        "was terminated abruptly while the future was running or pending.); the "
        "provider may have been asked. Look why its workers end; "
        "return_exceptions=True keeps the answers that came."
    )
    assert str(answers[2]).startswith("The executor takes no runs (BrokenProcessPool")


@ALL
def test_a_cancelled_future_is_an_error(ask):
    """Whoever cancels it, the batch ends."""

    class Cancelling(Executor):
        def submit(self, fn, /, *args):
            future = Future()
            threading.Thread(target=future.cancel).start()
            return future

    (answer,) = ask(
        played.Worked(), ["a"], {"executor": Cancelling()}, return_exceptions=True
    )

    assert str(answer).startswith(
        "The executor cancelled the run (CancelledError); the provider may have been"
    )


def test_callbacks_hear_of_a_lost_run(path):
    """A run that was begun is ended."""
    heard, executor = Heard(), ThreadPoolExecutor(1)
    executor.shutdown()

    class Closed(Inline):
        submit = executor.submit

    config = {"executor": Closed(), "callbacks": [heard]}
    played.Worked().batch(["a"], config, return_exceptions=True)

    assert [what for what, _ in heard.heard] == ["start", "error"]


def test_a_callback_that_raises_is_an_error_of_its_run():
    """Nothing is asked then; the others are."""

    class Raising(CallbackHandler):
        def on_chat_model_start(self, serialized, messages, **run):
            if messages[0][0].text == "b":
                raise KeyError("b")

    executor = Keeping()
    config = {"executor": executor, "callbacks": [Raising()]}

    answers = played.Worked().batch(["a", "b"], config, return_exceptions=True)

    assert answers[0].text == "a"
    assert isinstance(answers[1], CallbackError)
    assert len(executor.parcels) == 1


@pytest.mark.parametrize(
    ("config", "state", "culprit"),
    [
        ({}, {"f": lambda: 0}, "player.state['f'] is <function"),
        ({"configurable": {"lock": threading.Lock()}}, {}, "run.config.configurable['"),
        ({"metadata": {"all": [1, threading.Lock()]}}, {}, "run.config.metadata['all'"),
    ],
    ids=["model", "configurable", "metadata"],
)
@ALL
def test_what_cannot_be_pickled_is_named(ask, spawned, config, state, culprit):
    """With its place, the reason, and what to do."""
    model = played.Worked(**state)

    with pytest.raises(InputError) as caught:
        ask(model, ["a"], {**config, "executor": spawned})

    told = str(caught.value)
    begin = "This batch cannot be sent to its executor's workers: "
    assert told.startswith(f"{begin}{culprit}")
    assert ", which cannot be pickled (" in told
    assert told.endswith(
        "Define functions and classes at the top of a module, make what holds "
        "connections where it is used, or give a ThreadPoolExecutor."
    )


def test_a_client_of_your_own_stays_where_it_is(spawned):
    """Its own words say what to do."""
    with httpx.Client() as client:
        model = OpenAIChatModel("m", api_key="k", client=client)
        with pytest.raises(InputError, match="cannot be pickled: make the model where"):
            model.batch(["a"], {"executor": spawned})


def test_errors_that_cannot_travel_are_told(spawned):
    """What a worker raised is in the text, where the error itself cannot come."""
    odd, locked = played.Worked().batch(
        ["odd", "locked"], {"executor": spawned}, return_exceptions=True
    )

    assert str(odd).startswith("A worker raised Odd: 1 and 2. The error cannot be pick")
    assert str(locked).startswith("A worker raised Locked: locked. The error cannot be")


def test_errors_of_a_model_say_where_they_were_raised(spawned):
    """The traceback of the worker is a note of the error."""
    with pytest.raises(KeyError) as caught:
        played.Worked().batch(["crash"], {"executor": spawned})

    (note,) = caught.value.__notes__
    assert note.startswith("It was raised by a worker:\nTraceback")
    assert "played_by_workers.py" in note


def test_a_worker_that_cannot_read_says_what_it_needs(spawned, tmp_path, monkeypatch):
    """A class of a module that the worker does not have."""
    (tmp_path / "only_here.py").write_text(
        "from played_by_workers import Worked\nclass Mine(Worked): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from only_here import Mine

    with pytest.raises(ExecutorError) as caught:
        Mine().batch(["a"], {"executor": spawned})

    assert str(caught.value) == (
        "A worker cannot read what it was sent: ModuleNotFoundError: No module named "
        "'only_here'. It needs the modules that the caller has, in the same versions."
    )


def test_what_has_not_begun_is_dropped_after_an_error():
    """The runs behind the one that failed are cancelled, those before it are not."""
    executor = Waiting()
    answers = played.Worked(RealClock()).batch_as_completed(
        ["a", "raise", "b", "c"], {"executor": executor}
    )

    def work():
        executor.wait(4)
        executor.run(1)

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(ServerError):
        next(answers)
    thread.join()

    assert [future.cancelled() for future, *_ in executor.given] == [
        *(True, False, True, True),
    ]


def test_who_stops_listening_cancels_what_waits():
    """Closing the answers leaves nothing behind."""
    executor = Waiting()
    answers = played.Worked(RealClock()).batch_as_completed(
        ["a", "b"], {"executor": executor}
    )
    thread = threading.Thread(target=lambda: (executor.wait(2), executor.run(0)))
    thread.start()
    next(answers)
    thread.join()

    answers.close()

    assert executor.given[1][0].cancelled()


def test_a_task_that_is_cancelled_cancels_its_runs():
    """What the executor has not begun is not begun any more."""
    executor = Waiting()

    async def main():
        task = asyncio.create_task(
            played.Worked().abatch(["a", "b"], {"executor": executor})
        )
        await asyncio.to_thread(executor.wait, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert all(future.cancelled() for future, *_ in executor.given)


@pytest.mark.parametrize(
    "executor", [4, ThreadPoolExecutor, "threads"], ids=["number", "class", "name"]
)
def test_what_is_no_executor_is_refused(executor):
    """The error names what there is to give."""
    with pytest.raises(InputError, match="; give a concurrent"):
        played.Worked().batch(["a"], {"executor": executor})
