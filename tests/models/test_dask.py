"""Batches on a Dask cluster of several processes: the same answers, played there."""

import asyncio
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness import (
    AIMessageChunk,
    ExecutorError,
    FakeChatModel,
    FakeProvider,
    InterruptedStreamError,
    OpenAIChatModel,
    RateLimitError,
    VirtualClock,
    fail,
)
from harness.scripts.turns import as_turn

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
sys.path.insert(0, str(Path(__file__).parent))
import played_by_workers as played  # noqa: E402 - workers find it by that name

sys.path.pop(0)


@pytest.fixture(scope="module")
def client():
    """Give a cluster of two processes, whose workers find the models of this folder."""
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.daemon": True,
    }
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch, dask.config.set(settings):
        patch.syspath_prepend(Path(__file__).parent)
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


@pytest.fixture
def executor(client):
    """Give the executor that Dask has of itself."""
    return client.get_executor()


@pytest.fixture
def provider():
    """Give a server that says which question it was asked."""

    def said(request):
        text = request.messages[-1].text
        return fail(429, retry_after=0) if text == "busy" else f"{text}!"

    fake = FakeProvider(replace(as_turn(said), times=None))
    with fake.serve(clock=VirtualClock()) as server:
        server.fake = fake
        yield server


def test_several_processes_play(executor):
    """None of them is this one. Dask deals as it likes, so it is asked some times."""
    pids: set[int] = set()
    for _ in range(50):
        answers = played.Worked().batch(["pid"] * 8, {"executor": executor})
        pids |= {int(answer.text) for answer in answers}
        if len(pids) > 1:
            break

    assert len(pids) == 2
    assert os.getpid() not in pids


def test_answers_are_those_of_a_batch_without(executor):
    """Errors too, with what had come; and the virtual clock has moved as far."""
    inputs = ["a", "fail", "pause 3", "raise", "crash", "nothing", "b"]
    model, plain = played.Worked(), played.Worked()

    answers = model.batch(inputs, {"executor": executor}, return_exceptions=True)

    expected = plain.batch(inputs, return_exceptions=True)
    assert [*map(type, answers)] == [*map(type, expected)]
    assert [str(getattr(a, "text", a)) for a in answers] == [
        str(getattr(a, "text", a)) for a in expected
    ]
    assert isinstance(answers[1], InterruptedStreamError)
    assert answers[1].partial.text == "half"
    assert model.clock.now() == plain.clock.now() == 3


@pytest.mark.parametrize("is_async", [False, True])
def test_live_models_do_their_http_there(executor, provider, is_async):
    """Equal questions are asked each, though Dask knows results by their arguments."""
    model = OpenAIChatModel(
        "m", base_url=f"{provider.url}/v1", api_key="k", max_retries=0
    )
    inputs = ["one", "same", "same", "busy"]
    config = {"executor": executor, "max_concurrency": 3}

    if is_async:
        answers = asyncio.run(model.abatch(inputs, config, return_exceptions=True))
    else:
        answers = model.batch(inputs, config, return_exceptions=True)

    assert [answer.text for answer in answers[:3]] == ["one!", "same!", "same!"]
    assert isinstance(answers[3], RateLimitError)
    assert len(provider.fake.calls) == 4


def test_scripts_deal_their_turns_here(executor):
    """The journal is that of this process."""
    model = FakeChatModel("1", "2", "3")

    answers = model.batch(["a", "b", "c"], {"executor": executor})

    assert [answer.text for answer in answers] == ["1", "2", "3"]
    assert [call.text for call in model.calls] == ["a", "b", "c"]


def test_what_no_module_has_goes_along(executor):
    """Dask brings cloudpickle, which takes a local class with it."""

    class Local(played.Worked):
        def play(self, request):
            yield AIMessageChunk(f"local {request.messages[-1].text}")

    assert Local().batch(["a"], {"executor": executor})[0].text == "local a"


def test_a_worker_that_dies_loses_what_it_had(executor):
    """The others answer, on the workers that are left or come."""
    config = {"executor": executor, "max_concurrency": 1}

    first, lost, last = played.Worked().batch(
        ["a", "die", "b"], config, return_exceptions=True
    )

    assert (first.text, last.text) == ("a", "b")
    assert isinstance(lost, ExecutorError)
    assert str(lost).startswith("The executor lost the run (KilledWorker: ")


def test_an_executor_that_is_shut_down_takes_nothing(client):
    """It says so in each place."""
    executor = client.get_executor()
    executor.shutdown()

    answers = played.Worked().batch(
        ["a", "b"], {"executor": executor}, return_exceptions=True
    )

    assert {type(answer) for answer in answers} == {ExecutorError}
