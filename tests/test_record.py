"""Chat models that are recorded as they answer, and replayed without them."""

import asyncio
import copy
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from harness import (
    AIMessageChunk,
    ChatModel,
    ChatRequest,
    FakeChatModel,
    Fault,
    Pause,
    RecordingChatModel,
    ReplayChatModel,
    VirtualClock,
    call,
    fail,
    pause,
    say,
)
from harness.cassettes import Interaction, write_cassette
from harness.cassettes.redaction import Redaction
from harness.cassettes.tape import Tape
from harness.errors import (
    CassetteError,
    CassetteMiss,
    InputError,
    InterruptedStreamError,
    ModelTimeoutError,
    RateLimitError,
    ServerError,
)
from harness.messages import HumanMessage
from harness.providers import OpenAIChatModel
from harness.steps import Step

KEY = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3  # made up, and split so that no scan minds
WEATHER = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.chdir(tmp_path)


def recording(
    model: ChatModel, name: str | Path = "talk", **options: Any
) -> RecordingChatModel:
    """Record *model*."""
    return RecordingChatModel(model, name, **options)


def recorded(name: str = "talk") -> str:
    """Give the text of a cassette."""
    return Path(f"cassettes/{name}.yaml").read_text(encoding="utf-8")


def questions(name: str = "talk") -> list[str]:
    """Give what was asked in a cassette, in order."""
    recordings = ReplayChatModel(name).cassette.recordings
    return [one.request.messages[-1].text for one in recordings]


class Failing(ChatModel):
    """Says something, perhaps, and raises an error then."""

    def __init__(self, error: BaseException, *said: str, at_once: bool = False) -> None:
        self.error = error
        self.said = said
        self.at_once = at_once

    def play(self, request: ChatRequest) -> Iterator[Step]:
        if self.at_once:
            raise self.error
        return self._steps()

    def _steps(self) -> Iterator[Step]:
        for text in self.said:
            yield AIMessageChunk(text)
        raise self.error


class Slow(ChatModel):
    """Streams by itself where a loop runs, one piece a step of the loop."""

    def play(self, request: ChatRequest) -> Iterator[Step]:
        yield AIMessageChunk("whole")

    async def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        for text in ("a", "b", "c"):
            await asyncio.sleep(0)
            yield AIMessageChunk(f"{text}-{request.messages[-1].text}")


# ------------------------------------------------------------------ round trips


def test_an_answer_is_recorded_and_replayed() -> None:
    """The replay says the same without the model."""
    with recording(FakeChatModel("Hello there!")) as model:
        said = model.invoke("Hi")

    found = ReplayChatModel("talk").invoke("Hi")

    assert found == said
    assert found.text == "Hello there!"
    assert "{role: user, content: Hi}" in recorded()


def test_chunks_come_as_they_came() -> None:
    """A replayed stream has the same chunks, pieces of calls among them."""
    turn = say("Let me look. 😀", call("get_weather", location="Boston"))
    with recording(FakeChatModel(turn)) as model:
        live = list(model.bind_tools([WEATHER]).stream("Weather?"))

    found = list(ReplayChatModel("talk").bind_tools([WEATHER]).stream("Weather?"))

    assert found == live
    assert len(found) > 5


def test_chunks_are_passed_on_as_they_come() -> None:
    """The application sees each before the model says the next."""
    seen: list[str] = []

    class Telling(ChatModel):
        def play(self, request: ChatRequest) -> Iterator[Step]:
            for text in ("a", "b"):
                seen.append(f"said {text}")
                yield AIMessageChunk(text)

    with recording(Telling()) as model:
        seen.extend(f"got {chunk.text}" for chunk in model.stream("Hi"))

    assert seen[:4] == ["said a", "got a", "said b", "got b"]


def test_tasks_are_recorded_too() -> None:
    """What `aplay` gives is recorded, and replayed to tasks and others alike."""

    async def talk() -> list[str]:
        async with recording(Slow()) as model:
            return [chunk.text async for chunk in model.astream("x")]

    live = asyncio.run(talk())

    async def again() -> list[str]:
        model = recording(Slow(), mode="none")
        return [chunk.text async for chunk in model.astream("x")]

    assert live == ["a-x", "b-x", "c-x", ""]
    assert asyncio.run(again()) == live
    assert [chunk.text for chunk in ReplayChatModel("talk").stream("x")] == live


def test_steps_that_cannot_be_closed() -> None:
    """Any iterator will do."""

    class Steps:
        def __init__(self) -> None:
            self.left = [AIMessageChunk("a")]

        def __aiter__(self) -> "Steps":
            return self

        async def __anext__(self) -> Step:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    class Plain(ChatModel):
        def play(self, request: ChatRequest) -> Iterator[Step]:
            return iter([AIMessageChunk("a")])

        def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
            return Steps()

    with recording(Plain()) as model:
        assert model.invoke("Hi").text == asyncio.run(model.ainvoke("Hi")).text

    assert len(questions()) == 2


def test_several_turns_of_an_agent() -> None:
    """A tool loop replays, its ids included."""
    fake = FakeChatModel(say(call("get_weather", location="Boston")), "Sunny.")

    def loop(model: ChatModel) -> str:
        agent = model.bind_tools([WEATHER])
        asked = agent.invoke("Weather?")
        told = {
            "role": "tool",
            "content": "72",
            "tool_call_id": asked.tool_calls[0]["id"],
        }
        return agent.invoke([HumanMessage("Weather?"), asked, told]).text

    with recording(fake) as model:
        live = loop(model)

    assert loop(ReplayChatModel("talk")) == live == "Sunny."
    assert ReplayChatModel("talk").cassette.recordings[1].request.tools


def test_a_batch_is_recorded_in_the_order_of_its_inputs() -> None:
    """However its runs end; each input gets its own answer again."""
    fake = FakeChatModel(*(say(pause(3 - n), f"answer {n}") for n in range(3)))
    with recording(fake) as model:
        live = model.batch(["a", "b", "c"])

    found = ReplayChatModel("talk").batch(["c", "b", "a"])

    assert questions() == ["a", "b", "c"]
    assert [m.text for m in found] == [m.text for m in reversed(live)]


def test_a_batch_of_tasks() -> None:
    """The same of `abatch`."""
    with recording(FakeChatModel("1", "2", "3")) as model:
        asyncio.run(model.abatch(["a", "b", "c"]))

    assert questions() == ["a", "b", "c"]


def test_equal_requests_get_their_answers_in_order() -> None:
    """Then there is no more."""
    with recording(FakeChatModel("one", "two")) as model:
        model.invoke("Hi")
        model.invoke("Hi")

    replay = ReplayChatModel("talk")

    assert [replay.invoke("Hi").text for _ in range(2)] == ["one", "two"]
    with pytest.raises(CassetteMiss, match=r"All 2 recordings .* played already"):
        replay.invoke("Hi")


def test_structured_output_goes_through() -> None:
    """The tool that asks for it is recorded with the request."""

    class Place(BaseModel):
        city: str

    with recording(FakeChatModel(say(call("Place", city="Boston")))) as model:
        live = model.with_structured_output(Place).invoke("Where?")

    found = ReplayChatModel("talk").with_structured_output(Place).invoke("Where?")

    assert found == live == Place(city="Boston")


def test_bindings_of_the_model_hold() -> None:
    """Tools, parameters and retries that the model has are asked for, and recorded."""
    fake = FakeChatModel(fail(500), say("Hi"))
    bound = fake.bind_tools([WEATHER]).bind(temperature=0.5).with_retry()

    with recording(bound) as model:
        model.invoke("Hello")

    assert fake.calls[-1].tools == ["get_weather"]
    assert "params: {temperature: 0.5}" in recorded()
    assert recorded().count("request:") == 1


SSE = """\
data: {"id": "c1", "model": "gpt", "choices": [{"delta": {"content": "Hel"}}]}

data: {"id": "c1", "choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]}

data: [DONE]

"""


def test_a_live_model_is_recorded() -> None:
    """What its dialect makes of the stream comes again, without HTTP."""
    answers = httpx.MockTransport(lambda _: httpx.Response(200, text=SSE))
    with httpx.Client(transport=answers) as client:
        live = OpenAIChatModel("gpt", base_url="http://127.0.0.1:9", client=client)
        with recording(live) as model:
            said = list(model.stream("Hi"))

    found = list(ReplayChatModel("talk").stream("Hi"))

    assert found == said
    assert [chunk.text for chunk in found if chunk.text] == ["Hel", "lo"]
    assert "127.0.0.1" not in recorded()


def test_a_live_model_that_is_not_reached() -> None:
    """The connection fails again as it failed."""
    live = OpenAIChatModel(
        "gpt", base_url="http://127.0.0.1:9", max_retries=0, temperature=0
    )
    with recording(live) as model, pytest.raises(ConnectionError) as caught:
        model.invoke("Hi")

    with pytest.raises(ConnectionError) as again:
        ReplayChatModel("talk").invoke("Hi")

    assert str(again.value) == str(caught.value)
    assert "model: gpt" in recorded()
    assert model.blocking


def test_it_is_asked_as_any_model_is() -> None:
    """Run ids, clock and configuration are the model's; copies share the tape."""
    fake = FakeChatModel("a", "b").with_config(tags=["x"])

    model = recording(fake)

    assert model.new_run_id() == FakeChatModel("a").new_run_id()
    assert model.clock is fake.clock
    assert model.config.tags == ("x",)
    assert copy.deepcopy(model).tape is model.tape
    assert repr(model).endswith("'cassettes/talk.yaml', 'once': 0 known, 0 new)")


# --------------------------------------------------------------- how answers end


def test_an_error_of_the_provider_replays_as_itself() -> None:
    """Status and time to wait are as they were."""
    with (
        recording(FakeChatModel(fail(429, retry_after=2))) as model,
        pytest.raises(RateLimitError) as live,
    ):
        model.invoke("Hi")

    with pytest.raises(RateLimitError) as caught:
        ReplayChatModel("talk").invoke("Hi")

    assert str(caught.value) == str(live.value)
    assert (caught.value.status, caught.value.retry_after) == (429, 2)


@pytest.mark.parametrize("at_once", [True, False])
def test_an_error_that_the_model_raises_replays_too(*, at_once: bool) -> None:
    """Before its steps, or in place of the first."""
    error = ModelTimeoutError("slow [status 504]", status=504)
    with (
        recording(Failing(error, at_once=at_once)) as model,
        pytest.raises(ModelTimeoutError),
    ):
        model.invoke("Hi")

    with pytest.raises(ModelTimeoutError, match=r"^slow \[status 504\]$"):
        ReplayChatModel("talk").invoke("Hi")


def test_an_error_with_a_status_that_none_has() -> None:
    """It is recorded without."""
    with (
        recording(Failing(ServerError("odd", status=7, retry_after=-1))) as model,
        pytest.raises(ServerError),
    ):
        model.invoke("Hi")

    with pytest.raises(ServerError, match=r"^odd$") as caught:
        ReplayChatModel("talk").invoke("Hi")

    assert caught.value.status is None


def test_a_stream_that_broke_off_breaks_off_again() -> None:
    """What came before it comes again."""
    error = InterruptedStreamError("gone")
    with (
        recording(Failing(error, "Once", " upon")) as model,
        pytest.raises(InterruptedStreamError),
    ):
        list(model.stream("Tell"))

    found: list[str] = []
    with pytest.raises(InterruptedStreamError, match="gone"):
        found.extend(c.text for c in ReplayChatModel("talk").stream("Tell"))

    assert found == ["Once", " upon"]


def test_what_was_not_read_to_its_end() -> None:
    """The beginning is recorded, and never passes for the whole."""
    with recording(FakeChatModel("Once upon a time")) as model:
        stream = model.stream("Tell")
        first = next(stream)
        stream.close()

    replay = ReplayChatModel("talk").stream("Tell")

    assert next(replay) == first
    with pytest.raises(InterruptedStreamError, match="the application read no further"):
        next(replay)
    assert "ended: truncated" in recorded()


def test_what_tasks_did_not_read_to_its_end() -> None:
    """Closed, or cancelled while the model is waited for or something else is."""

    class Waiting(Slow):
        async def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
            yield AIMessageChunk("a")
            if request.messages[-1].text == "waiting":
                await asyncio.Event().wait()
            yield AIMessageChunk("b")

    async def talk(model: ChatModel) -> None:
        async with aclosing(model.astream("closed")) as stream:
            await anext(stream)
        for question in ("waiting", "busy"):
            begun = asyncio.Event()

            async def read(question: str, begun: asyncio.Event) -> None:
                async for _ in model.astream(question):
                    begun.set()
                    if question == "busy":
                        await asyncio.Event().wait()

            task = asyncio.create_task(read(question, begun))
            await begun.wait()
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with recording(Waiting()) as model:
        asyncio.run(talk(model))

    assert questions() == ["closed", "waiting", "busy"]
    assert recorded().count("ended: truncated") == 3


def test_a_stream_left_after_its_last_chunk_is_whole() -> None:
    """Whoever stops reading at the end has read it all."""
    with recording(FakeChatModel("Hi")) as model:
        for chunk in model.stream("Hello"):
            if chunk.chunk_position == "last":
                break

    assert "ended" not in recorded()


def test_a_stream_that_nobody_began_to_read() -> None:
    """There is nothing to record."""
    with recording(FakeChatModel("Hi")) as model:
        stream = model.stream("Hello")
        stream.close()

    assert not Path("cassettes/talk.yaml").exists()


def test_a_stream_that_is_read_when_the_recording_ends() -> None:
    """It is cut short there, and what comes later changes nothing."""
    with recording(FakeChatModel("Once upon a time")) as model:
        stream = model.stream("Tell")
        next(stream)

    text = recorded()
    list(stream)

    assert "ended: truncated" in text
    assert recorded() == text


def test_an_error_of_the_program_is_not_recorded() -> None:
    """It is raised, and a note says so: no provider fails like that."""
    with (
        recording(Failing(ZeroDivisionError("oops"), "Hm")) as model,
        pytest.raises(ZeroDivisionError),
    ):
        model.invoke("Hi")

    assert not Path("cassettes/talk.yaml").exists()
    assert "ZeroDivisionError('oops')" in model.notes[0]


def test_a_model_that_gives_no_steps_at_all() -> None:
    """It is told as of any model, and nothing is recorded."""

    class Odd(ChatModel):
        def play(self, request: ChatRequest) -> Any:
            return [7] if request.messages[0].text == "7" else 7

    with recording(Odd()) as model:
        for question, said in (("Hi", r"Odd.play\(\) returned 7"), ("7", "yielded 7")):
            with pytest.raises(InputError, match=said):
                model.invoke(question)

    assert not Path("cassettes/talk.yaml").exists()


# ------------------------------------------------------------------------- time


def test_arrivals_are_recorded() -> None:
    """Pauses are no steps: they are the time at which what follows came."""
    with recording(FakeChatModel(say("a", pause(1.5), "b"))) as model:
        list(model.stream("Hi"))

    steps = list(ReplayChatModel("talk").play(ChatRequest((HumanMessage("Hi"),))))

    assert '[0, "a"]' in recorded() or "at: 0" in recorded()
    assert "1500" in recorded()
    assert not [step for step in steps if isinstance(step, Pause)]


@pytest.mark.parametrize(
    ("timing", "seconds"), [("instant", 0), ("recorded", 1.5), (3, 0.5)]
)
def test_replays_take_the_time_that_is_asked_for(timing: Any, seconds: float) -> None:
    """None by default, as recorded, or so many times as fast."""
    with recording(FakeChatModel(say("a", pause(1.5), "b"))) as model:
        model.invoke("Hi")
    clock = VirtualClock()

    ReplayChatModel("talk", timing=timing, clock=clock).invoke("Hi")

    assert clock.now() == pytest.approx(seconds)


def test_replays_of_http_traffic_take_their_time_too(tmp_path: Path) -> None:
    """Each piece comes when it came; one whose time is not known, at once."""
    parts = [
        f'data: {{"choices": [{{"delta": {{"content": "{text}"}}}}]}}\n\n'.encode()
        for text in "ab"
    ]
    told = Interaction(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        200,
        request_body=b'{"messages": [{"role": "user", "content": "Hi"}]}',
        response_body=b"".join(parts) + b"data: [DONE]\n\n",
        response_chunks=(*parts, b"data: [DONE]\n\n"),
        chunk_times=(100, 100, 700),
    )
    path = tmp_path / "c.yaml"
    path.write_text(write_cassette([told]))
    clock = VirtualClock()

    model = ReplayChatModel(path, timing="recorded", clock=clock)

    assert model.invoke("Hi").text == "ab"
    assert clock.now() == pytest.approx(0.7)


@pytest.mark.parametrize("timing", ["fast", 0, -1, True, None])
def test_what_is_no_timing(timing: Any) -> None:
    """It is a word or a number above 0."""
    with recording(FakeChatModel("a")) as model:
        model.invoke("Hi")

    with pytest.raises(InputError, match="timing="):
        ReplayChatModel("talk", timing=timing)


# ------------------------------------------------------------------------ modes


def asked_twice(mode: str) -> tuple[list[str], FakeChatModel]:
    """Record "a" first; then ask "b" and "a" in *mode*, of a model that has changed."""
    with recording(FakeChatModel("old")) as model:
        model.invoke("a")
    fake = FakeChatModel("new 1", "new 2")
    found = []
    with recording(fake, mode=mode) as model:
        for question in ("b", "a"):
            try:
                found.append(model.invoke(question).text)
            except CassetteMiss as miss:
                found.append(str(miss))
    return found, fake


@pytest.mark.parametrize("mode", ["none", "once"])
def test_modes_that_replay_what_there_is(mode: str) -> None:
    """The model is never asked; a miss says what is nearest and what to do."""
    found, fake = asked_twice(mode)

    assert found[1] == "old"
    assert "'b' instead of 'a'" in found[0]
    assert "RecordingChatModel(model, name, mode='new_episodes')" in found[0]
    assert fake.calls == []


def test_new_episodes_records_what_is_new() -> None:
    """What was recorded is replayed, and stays."""
    found, fake = asked_twice("new_episodes")

    assert found == ["new 1", "old"]
    assert len(fake.calls) == 1
    assert recorded().index("content: a") < recorded().index("content: b")


def test_all_records_everything_again() -> None:
    """An old answer is replaced where it stands."""
    found, _ = asked_twice("all")

    assert found == ["new 1", "new 2"]
    assert recorded().index("content: a") < recorded().index("content: b")
    assert ReplayChatModel("talk").invoke("a").text == "new 2"
    assert "old" not in recorded()


def test_rewrite_forgets_what_is_not_asked_again() -> None:
    """The cassette holds what was asked this time."""
    with recording(FakeChatModel("1", "2")) as model:
        model.invoke("a")
        model.invoke("b")
    with recording(FakeChatModel("3"), mode="rewrite") as model:
        model.invoke("b")

    assert "content: a" not in recorded()
    assert recorded().count("request:") == 1


def test_in_ci_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the mode; a miss says why."""
    monkeypatch.setenv("CI", "true")
    fake = FakeChatModel("Hi")

    with recording(fake, mode="all") as model, pytest.raises(CassetteMiss) as caught:
        model.invoke("Hello")

    assert "CI is set, so that mode 'all' records nothing." in str(caught.value)
    assert model.misses == [caught.value]
    assert fake.calls == []
    assert not Path("cassettes").exists()


@pytest.mark.parametrize("mode", ["verify", "alles", None])
def test_a_mode_that_there_is_not(mode: Any) -> None:
    """The modes stand in the error."""
    with pytest.raises(
        InputError, match=r"mode=.*Known: 'all', 'new_episodes', 'none'"
    ):
        recording(FakeChatModel("a"), mode=mode)


def test_what_makes_requests_the_same() -> None:
    """By default messages and tools do; parameters, if asked for."""
    with recording(FakeChatModel("a"), match_on=["messages", "params"]) as model:
        model.invoke("Hi", temperature=0)

    strict = ReplayChatModel("talk", match_on=["messages", "params"])

    assert ReplayChatModel("talk").invoke("Hi", temperature=1).text == "a"
    with pytest.raises(CassetteMiss, match="temperature: 1 instead of 0"):
        strict.invoke("Hi", temperature=1)
    with pytest.raises(InputError, match="match_on has 'mesages'"):
        recording(FakeChatModel("a"), match_on=["mesages"])


def test_all_tells_requests_apart_by_what_they_match_on() -> None:
    """Two temperatures are two requests, each replaced by its own."""
    for texts in (("cold", "hot"), ("colder", "hotter")):
        options: dict[str, Any] = {"match_on": ["messages", "model", "params"]}
        with recording(FakeChatModel(*texts), mode="all", **options) as model:
            for number in range(2):
                model.invoke("Hi", temperature=number)

    replay = ReplayChatModel("talk", match_on=["messages", "params"])

    assert replay.invoke("Hi", temperature=1).text == "hotter"
    assert recorded().count("request:") == 2


# ----------------------------------------------------------------------- saving


def test_saving_again_adds_what_came_since() -> None:
    """And nothing is there twice."""
    model = recording(FakeChatModel("a", "b"))
    model.invoke("1")
    model.save()
    model.save()
    model.invoke("2")
    model.save()

    assert recorded().count("request:") == 2


def test_a_failing_block_keeps_its_recording_aside() -> None:
    """The cassette is as it was; a note names the file."""

    def fail_after(model: RecordingChatModel) -> None:
        with model:
            model.invoke("Hi")
            raise ZeroDivisionError

    model = recording(FakeChatModel("a"))
    with pytest.raises(ZeroDivisionError):
        fail_after(model)

    assert not Path("cassettes/talk.yaml").exists()
    assert ReplayChatModel("talk.failed").invoke("Hi").text == "a"
    assert "talk.failed.yaml" in model.notes[0]


def test_after_the_end_nothing_is_asked() -> None:
    """What it would say would not be recorded."""
    fake = FakeChatModel("a")
    with recording(fake) as model:
        pass

    with pytest.raises(CassetteError, match=r"talk.yaml: the recording has ended"):
        model.invoke("Hi")
    assert fake.calls == []
    model.__exit__(None, None, None)


PROGRAM = """
    import os, signal, sys
    os.environ.pop("CI", None)
    from harness import FakeChatModel, RecordingChatModel
    model = RecordingChatModel(FakeChatModel("a", "b", "c"), "talk")
    model.invoke("1")
    model.invoke("2")
    stream = model.stream("3")
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    os.chdir("/")
"""


def run(how: str) -> int:
    """Run a program that records and never saves."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), how]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(command, check=False, env=environment).returncode


def test_what_nobody_saved_is_saved_when_the_program_ends() -> None:
    """A forgotten `with` loses nothing."""
    assert run("ended") == 0
    assert recorded().count("request:") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like this")
def test_what_a_killed_program_recorded_is_taken_over() -> None:
    """The next recording finds it in the journal."""
    assert run("killed") == -signal.SIGKILL
    assert not Path("cassettes/talk.yaml").exists()

    with recording(FakeChatModel("new")) as model:
        found = model.invoke("1").text

    assert found == "a"
    assert recorded().count("request:") == 2
    assert [*Path("cassettes").iterdir()] == [Path("cassettes/talk.yaml")]


def test_two_recordings_of_one_cassette_are_merged() -> None:
    """Neither loses what the other saved."""
    first = recording(FakeChatModel("a"), mode="new_episodes")
    second = recording(FakeChatModel("b"), mode="new_episodes")
    first.invoke("1")
    second.invoke("2")

    second.save()
    first.save()

    assert ReplayChatModel("talk").invoke("1").text == "a"
    assert ReplayChatModel("talk").invoke("2").text == "b"


# ---------------------------------------------------------------------- secrets


def test_secrets_are_hidden_and_requests_known_again() -> None:
    """In questions, answers, parameters and headers of errors."""
    refusal = Fault("no", status=401, headers={"set-cookie": "id=d8f7a6b5c4e3f2a1"})
    turns = FakeChatModel(say(f"Your key is {KEY}."), refusal)
    with recording(turns, match_on=["messages", "params"]) as model:
        live = model.invoke(f"I have {KEY}", api_key="0123456789abcdef")
        with pytest.raises(Exception, match="no"):
            model.invoke("And?")

    replay = ReplayChatModel("talk")

    assert KEY not in recorded()
    assert "0123456789abcdef" not in recorded()
    assert "d8f7a6b5c4e3f2a1" not in recorded()
    assert "REDACTED" in replay.invoke(f"I have {KEY}").text
    assert KEY in live.text


def test_a_secret_in_two_pieces_of_a_stream_is_hidden() -> None:
    """As one that comes in a piece."""

    class Leaking(ChatModel):
        def play(self, request: ChatRequest) -> Iterator[Step]:
            yield AIMessageChunk(KEY[:20])
            yield AIMessageChunk(KEY[20:])

    with recording(Leaking()) as model:
        live = sum(model.stream("Hi"))

    found = "".join(chunk.text for chunk in ReplayChatModel("talk").stream("Hi"))

    assert live.text == KEY  # type: ignore[union-attr]  # a sum of chunks is a chunk
    assert found.startswith("REDACTED-")
    assert KEY[20:] not in recorded()


def test_rules_of_ones_own() -> None:
    """They hide more; a replay needs them to know such a request."""
    rules = Redaction(patterns=[r"cust-\d+"])
    with recording(FakeChatModel("Hi, cust-77."), redaction=rules) as model:
        model.invoke("I am cust-77")

    assert "cust-77" not in recorded()
    assert ReplayChatModel("talk", redaction=rules).invoke("I am cust-77").text
    with pytest.raises(CassetteMiss):
        ReplayChatModel("talk").invoke("I am cust-77")
    with pytest.raises(InputError, match="redaction=7 cannot redact"):
        recording(FakeChatModel("a"), "other", redaction=7)


def test_a_miss_does_not_show_secrets() -> None:
    """It compares what would have been recorded."""
    with recording(FakeChatModel("a")) as model:
        model.invoke("Hi")

    with pytest.raises(CassetteMiss) as caught:
        ReplayChatModel("talk").invoke(f"I have {KEY}")

    assert KEY not in str(caught.value)


# -------------------------------------------------------------------- bad input


def test_what_is_no_chat_model() -> None:
    """It cannot be recorded."""
    wrong: Any = "gpt"

    with pytest.raises(InputError, match="'gpt' is no chat model"):
        recording(wrong)


@pytest.mark.parametrize("name", [None, "", 3])
def test_what_is_no_name(name: Any) -> None:
    """A name is a text or a path."""
    with pytest.raises(InputError, match="is no name of a cassette"):
        recording(FakeChatModel("a"), name)


def test_where_cassettes_lie(tmp_path: Path) -> None:
    """In the folder that is given, or where a path leads."""
    paths = [
        recording(FakeChatModel("a"), "talk", directory=tmp_path / "x").path,
        recording(FakeChatModel("a"), "talk.yml", directory=str(tmp_path)).path,
        recording(FakeChatModel("a"), tmp_path / "deep" / "talk.yaml").path,
    ]

    assert paths == [
        tmp_path / "x" / "talk.yaml",
        tmp_path / "talk.yml",
        tmp_path / "deep" / "talk.yaml",
    ]


def test_a_damaged_file_is_told_at_once(tmp_path: Path) -> None:
    """By name and line, for a recording and for a replay."""
    with recording(FakeChatModel("a"), tmp_path / "c.yaml") as model:
        model.invoke("Hi")
    text = (tmp_path / "c.yaml").read_text().replace("role: user", "role: usr")
    (tmp_path / "c.yaml").write_text(text)

    with pytest.raises(CassetteError, match=r"c.yaml, conversation 1 \(line 3\)"):
        recording(FakeChatModel("a"), tmp_path / "c.yaml")
    with pytest.raises(CassetteError, match=r"c.yaml, conversation 1 \(line 3\)"):
        ReplayChatModel(tmp_path / "c.yaml")


def test_http_traffic_is_not_mixed_with_conversations(tmp_path: Path) -> None:
    """It can be replayed, and nothing is recorded beside it."""
    path = tmp_path / "http.yaml"
    home = Path(__file__).parents[1] / "cassettes" / "weather.yaml"
    path.write_bytes(home.read_bytes())

    with pytest.raises(CassetteError, match=r"interaction 1 .* HTTP traffic; what a"):
        recording(FakeChatModel("a"), path, mode="new_episodes")

    with recording(FakeChatModel("a")) as chat:
        chat.invoke("Hi")
    with pytest.raises(CassetteError, match="; HTTP traffic is not recorded beside th"):
        Tape("cassettes/talk.yaml", "new_episodes")

    model = recording(FakeChatModel("a"), path)
    assert model.invoke("Hello!").text.startswith("Hello! Ask me")
    assert model.cassette.play_count == 1


def test_a_request_that_no_file_can_hold() -> None:
    """The model is not asked, since its answer could not be recorded."""
    fake = FakeChatModel("a")
    with (
        recording(fake) as model,
        pytest.raises(InputError, match=r"\['params'\]\['x'"),
    ):
        model.invoke("Hi", x=object())

    assert fake.calls == []
