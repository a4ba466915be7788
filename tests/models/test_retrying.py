"""Trying again, and asking another model."""

import asyncio

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import (
    AuthenticationError,
    InputError,
    InterruptedStreamError,
    OverloadedError,
    RateLimitError,
    ScriptExhausted,
    ServerError,
)
from harness.messages import HumanMessage
from harness.models import CallbackHandler, ChatModel, VirtualClock
from harness.requests import ChatRequest
from harness.steps import Fault, Pause

BUSY = Fault("busy", status=503)
LIMIT = Fault("slow down", status=429, retry_after=7)


def said(*words):
    return [AIMessageChunk(word) for word in words]


class Playing(ChatModel):
    """Plays one list of steps after the other; an exception is raised by `play`."""

    def __init__(self, *answers):
        self.left = list(answers)
        self.requests = []
        self.clock = VirtualClock()
        self.closed = 0

    def play(self, request):
        self.requests.append(request)
        if not self.left:
            raise ScriptExhausted("no turn is left")
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return self.steps(answer)

    def steps(self, answer):
        try:
            for step in answer:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.closed += 1


def invoke(model, config=None):
    return model.invoke("Hi", config).text


def ainvoke(model, config=None):
    return asyncio.run(model.ainvoke("Hi", config)).text


def stream(model, config=None):
    return "".join(chunk.text for chunk in model.stream("Hi", config))


def astream(model, config=None):
    async def collect():
        return "".join([chunk.text async for chunk in model.astream("Hi", config)])

    return asyncio.run(collect())


def batch(model, config=None):
    (answer,) = model.batch(["Hi"], config)
    return answer.text


WHOLE = pytest.mark.parametrize("ask", [invoke, ainvoke, batch])
STREAM = pytest.mark.parametrize("ask", [stream, astream])
ALL = pytest.mark.parametrize("ask", [invoke, ainvoke, stream, astream, batch])


@ALL
@pytest.mark.parametrize(
    "failure",
    [[BUSY], [KeyError("lazily")], KeyError("at once")],
    ids=["fault", "lazy", "eager"],
)
def test_a_failure_is_tried_again(ask, failure):
    """A provider's fault, and an error of `play` at once or later, are retried."""
    model = Playing(failure, said("Hel", "lo"))

    assert ask(model.with_retry()) == "Hello"
    assert len(model.requests) == 2


@ALL
def test_the_waits_pass_on_the_clock(ask):
    """Waits grow: about 1 second, then 2; the same ones each time."""
    moments = []
    for _ in range(2):
        model = Playing([BUSY], [BUSY], said("Hello"))
        ask(model.with_retry())
        moments.append(model.clock.now())

    assert 3 <= moments[0] <= 5
    assert moments[0] == moments[1]


@ALL
def test_the_provider_says_how_long_to_wait(ask):
    """`retry_after` is obeyed."""
    model = Playing([LIMIT], said("Hello"))

    ask(model.with_retry())

    assert model.clock.now() == 7


@ALL
def test_one_need_not_wait(ask):
    """Without jitter there is no wait at all."""
    model = Playing([LIMIT], said("Hello"))

    ask(model.with_retry(wait_exponential_jitter=False))

    assert model.clock.now() == 0


def test_waits_have_an_end():
    """No wait is longer than a minute and a bit."""
    model = Playing(*[[BUSY]] * 9, said("Hello"))

    invoke(model.with_retry(stop_after_attempt=10))

    assert 1 + 2 + 4 + 8 + 16 + 32 + 3 * 60 <= model.clock.now() < 252


@ALL
def test_attempts_run_out(ask):
    """After the last attempt its error is raised."""
    model = Playing([BUSY], [BUSY], [Fault("still busy", status=503)], said("late"))

    with pytest.raises(OverloadedError, match="still busy"):
        ask(model.with_retry())

    assert len(model.requests) == 3


@ALL
@pytest.mark.parametrize(
    "failure",
    [[KeyError("lazily")], KeyError("at once")],
    ids=["lazy", "eager"],
)
def test_the_last_error_is_raised_as_it_is(ask, failure):
    """An exception of `play` comes out as itself."""
    with pytest.raises(KeyError):
        ask(Playing(failure).with_retry(stop_after_attempt=1))


@ALL
def test_only_the_errors_that_were_asked_for(ask):
    """Other errors are raised at once."""
    model = Playing([Fault(status=401)], said("Hello"))

    with pytest.raises(AuthenticationError):
        ask(model.with_retry(retry_if_exception_type=(RateLimitError,)))

    assert len(model.requests) == 1


@ALL
@pytest.mark.parametrize("failures", [[], [[BUSY]]], ids=["first", "second"])
@pytest.mark.parametrize("kind", [Exception, ScriptExhausted])
def test_errors_of_the_script_are_never_retried(ask, failures, kind):
    """A test that is wrong fails at once, and with its own error."""
    model = Playing(*failures)

    with pytest.raises(ScriptExhausted):
        ask(model.with_retry(retry_if_exception_type=(kind, OverloadedError)))

    assert len(model.requests) == len(failures) + 1


@WHOLE
def test_a_failed_attempt_leaves_nothing_behind(ask):
    """An answer that broke off is no part of the one that succeeds."""
    model = Playing([*said("Hel"), Pause(1), BUSY], said("Hello"))

    assert ask(model.with_retry()) == "Hello"


@STREAM
def test_a_stream_is_retried_until_its_first_chunk(ask):
    """What was given cannot be taken back: later faults are raised."""
    model = Playing([Pause(1), BUSY], [*said("Hel"), Fault("lost")], said("Hello"))

    with pytest.raises(InterruptedStreamError) as caught:
        ask(model.with_retry())

    assert len(model.requests) == 2
    assert caught.value.partial.text == "Hel"


def test_what_is_played_in_the_end_is_the_fault():
    """A face that acts out steps by itself gets the answer so far, and the fault."""
    model = Playing([*said("Hel"), Pause(1), BUSY]).with_retry(stop_after_attempt=1)
    request = ChatRequest((HumanMessage("Hi"),))

    async def played():
        return [step async for step in model.player.aplay(request)]

    steps = list(model.player.play(request))
    model = Playing([BUSY]).with_retry(stop_after_attempt=1)

    assert steps == [Pause(1), *said("Hel"), BUSY]
    assert asyncio.run(played()) == [BUSY]


@STREAM
def test_an_error_in_mid_stream_is_raised(ask):
    """The same for an exception of `play`."""
    model = Playing([*said("Hel"), KeyError("lost")], said("Hello"))

    with pytest.raises(KeyError):
        ask(model.with_retry())


@WHOLE
def test_the_error_holds_what_had_come(ask):
    """When all attempts fail, the last error tells what had come of the answer."""
    model = Playing([*said("Hel", "lo"), Pause(1), Fault("lost")])

    with pytest.raises(InterruptedStreamError) as caught:
        ask(model.with_retry(stop_after_attempt=1))

    assert caught.value.partial.text == "Hello"


@ALL
def test_a_pause_of_an_answer_passes_once(ask):
    """Pauses of an answer pass while it is held back, and not again."""
    model = Playing([Pause(2), *said("Hello")])

    ask(model.with_retry())

    assert model.clock.now() == 2


@ALL
def test_every_attempt_is_closed(ask):
    """The steps of a failed attempt are closed before the next begins."""
    model = Playing([BUSY, *said("never")], said("Hello"))

    ask(model.with_retry())

    assert model.closed == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_that_is_left_is_closed(is_async):
    """Whoever leaves a stream with retries closes what it plays."""
    model = Playing(said("Hel", "lo"))

    async def leave():
        chunks = model.with_retry().astream("Hi")
        await anext(chunks)
        await chunks.aclose()
        return model.closed

    if is_async:
        assert asyncio.run(leave()) == 1
    else:
        chunks = model.with_retry().stream("Hi")
        next(chunks)
        chunks.close()
        assert model.closed == 1


def test_a_batch_never_mixes_its_answers():
    """Retries of one input leave the answers of the others alone."""

    class Echo(ChatModel):
        clock = VirtualClock()
        failed = frozenset()

        def play(self, request):
            text = request.messages[-1].text
            if text.startswith("late") and text not in self.failed:
                Echo.failed |= {text}
                return iter([BUSY])
            return iter([BUSY] if text == "bad" else said(text))

    inputs = [f"late {n}" if n % 3 else f"q{n}" for n in range(30)] + ["bad"]

    answers = Echo().with_retry().batch(inputs, return_exceptions=True)

    assert [answer.text for answer in answers[:-1]] == inputs[:-1]
    assert isinstance(answers[-1], OverloadedError)


def test_callbacks_hear_of_one_run():
    """However many attempts there are, they are one run to its callbacks."""
    heard = []

    class Hearing(CallbackHandler):
        def on_chat_model_start(self, serialized, messages, **run):
            heard.append("start")

        def on_llm_error(self, error, **run):
            heard.append("error")

        def on_llm_end(self, response, **run):
            heard.append("end")

    invoke(Playing([BUSY], said("a")).with_retry(), {"callbacks": [Hearing()]})

    assert heard == ["start", "end"]


@ALL
def test_retries_bind_tools(ask):
    """What is bound before or after holds for every attempt."""
    model = Playing([BUSY], said("a"))

    ask(model.bind(seed=1).with_retry().bind(top_p=1))

    assert [request.params for request in model.requests] == [
        {"seed": 1, "top_p": 1}
    ] * 2


class Wrong(ChatModel):
    def play(self, request):
        return None


@ALL
def test_a_wrong_source_is_not_retried(ask):
    """A `play` that gives no steps is told so, once."""
    with pytest.raises(InputError, match=r"Wrong.play\(\) returned None"):
        ask(Wrong().with_retry())


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"stop_after_attempt": 0},
            "stop_after_attempt is 0; give a whole number from 1 up.",
        ),
        ({"stop_after_attempt": "3"}, "stop_after_attempt is '3'; give a whole"),
        ({"stop_after_attempt": True}, "stop_after_attempt is True; give a whole"),
        (
            {"retry_if_exception_type": ("x",)},
            (
                "('x',) are no exceptions to handle; give a tuple of exception "
                "classes, "
                "such as (RateLimitError,)."
            ),
        ),
        ({"retry_if_exception_type": (int,)}, "(<class 'int'>,) are no exceptions"),
    ],
    ids=str,
)
def test_what_is_no_retry(given, text):
    """Bad options are refused when they are given."""
    with pytest.raises(InputError) as caught:
        Playing().with_retry(**given)

    assert str(caught.value).startswith(text)


def test_one_exception_class_will_do():
    """A lone class stands for a tuple of one."""
    model = Playing([LIMIT], said("a"))

    assert invoke(model.with_retry(retry_if_exception_type=RateLimitError)) == "a"


@ALL
def test_another_model_is_asked(ask):
    """When a model fails, the next one answers the same question."""
    first, second, third = Playing([BUSY]), Playing([BUSY]), Playing(said("Hello"))

    assert ask(first.with_fallbacks([second, third])) == "Hello"
    assert first.requests == second.requests == third.requests


@ALL
def test_nobody_else_is_asked_without_need(ask):
    """While the model answers, its fallbacks are not asked."""
    other = Playing()

    assert ask(Playing(said("Hello")).with_fallbacks([other])) == "Hello"
    assert other.requests == []


@ALL
def test_when_all_fail_the_first_error_is_raised(ask):
    """The error is that of the model which was asked."""
    model = Playing([Fault("first", status=500)])

    with pytest.raises(ServerError, match="first"):
        ask(model.with_fallbacks([Playing([BUSY]), Playing(KeyError("x"))]))


@ALL
def test_errors_that_are_not_handled_are_raised(ask):
    """Only the exceptions to handle lead to the next model."""
    other = Playing(said("Hello"))
    model = Playing([Fault("no", status=401)])

    with pytest.raises(AuthenticationError):
        ask(
            model.with_fallbacks([other], exceptions_to_handle=(OverloadedError,)),
        )

    assert other.requests == []


@ALL
def test_an_error_of_a_fallback_that_is_not_handled_is_raised(ask):
    """What a fallback fails with is raised, if it is not to be handled."""
    model = Playing([BUSY])
    others = [Playing([Fault("no", status=401)]), Playing(said("Hello"))]

    with pytest.raises(AuthenticationError):
        ask(model.with_fallbacks(others, exceptions_to_handle=(OverloadedError,)))


@ALL
def test_errors_of_the_script_lead_to_no_fallback(ask):
    """A script that has run out fails the test, whatever could answer."""
    other = Playing(said("Hello"))

    with pytest.raises(ScriptExhausted):
        ask(Playing().with_fallbacks([other]))


@STREAM
def test_a_stream_falls_back_before_its_first_chunk(ask):
    """After the first chunk, the error of the stream is raised."""
    model = Playing([*said("Hel"), Fault("lost")])

    with pytest.raises(InterruptedStreamError):
        ask(model.with_fallbacks([Playing(said("Hello"))]))


@WHOLE
def test_a_whole_answer_falls_back_at_any_time(ask):
    """Of an answer that is wanted whole nothing was given yet."""
    model = Playing([*said("Hel"), Fault("lost")])

    assert ask(model.with_fallbacks([Playing(said("Hello"))])) == "Hello"


SEARCH = {"name": "search", "parameters": {}}
ADD = {"name": "add", "parameters": {}}


def test_fallbacks_are_asked_with_the_bound_tools():
    """What is bound, before or after, holds for the fallbacks too."""
    other = Playing(said("a"))
    model = Playing([BUSY]).bind_tools([SEARCH]).with_fallbacks([other])

    invoke(model.bind_tools([ADD], tool_choice="add"))

    (request,) = other.requests
    assert [tool.name for tool in request.tools] == ["search", "add"]
    assert request.tool_choice.name == "add"


def test_fallbacks_keep_their_own_tools():
    """A fallback that has tools of its own is asked with these."""
    other = Playing(said("a"))
    model = Playing([BUSY]).bind_tools([SEARCH], tool_choice="search")

    invoke(model.with_fallbacks([other.bind_tools([ADD])]))

    (request,) = other.requests
    assert [tool.name for tool in request.tools] == ["add"]
    assert request.tool_choice is None


def test_retries_and_fallbacks_combine():
    """A model is retried before another is asked, which is retried too."""
    first = Playing([BUSY], [BUSY])
    second = Playing([BUSY], said("Hello"))
    twice = {"stop_after_attempt": 2}

    model = first.with_retry(**twice).with_fallbacks([second.with_retry(**twice)])

    assert invoke(model) == "Hello"
    assert (len(first.requests), len(second.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["gpt"], "'gpt' is no chat model to fall back on."),
        (Playing(), "fallbacks is <"),
        ("gpt", "fallbacks is 'gpt'; give a list of models."),
    ],
    ids=["name in list", "model", "name"],
)
def test_what_is_no_fallback(given, text):
    """Something else in place of a list of models is refused."""
    with pytest.raises(InputError) as caught:
        Playing().with_fallbacks(given)

    assert str(caught.value).startswith(text)


def test_exceptions_to_handle_are_checked():
    """Exceptions to handle are exception classes."""
    with pytest.raises(InputError, match="are no exceptions to handle"):
        Playing().with_fallbacks([], exceptions_to_handle=("x",))
