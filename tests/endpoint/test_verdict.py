"""The verdict: each finding provoked by code that does wrong, none by code that copes.

Clients without retries of their own play the application; the clock is driven by hand,
or skips, so that nothing waits.
"""

from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import (
    FakeProvider,
    InputError,
    UnmetExpectation,
    VirtualClock,
    call,
    fail,
    say,
)

HI: Any = [{"role": "user", "content": "Hi"}]
URL = "https://api.openai.com/v1/chat/completions"


class App:
    """An application that asks by plain HTTP, on a clock that is driven by hand."""

    def __init__(self, *turns: Any, timeout: float | None = 5) -> None:
        self.fake = FakeProvider(*turns, clock=VirtualClock())
        self.client = httpx.Client(transport=self.fake.transport(), timeout=timeout)

    def ask(
        self, *messages: dict[str, Any], key: str = "k", **more: Any
    ) -> httpx.Response:
        """Ask once."""
        asked = {"model": "m", "messages": [*HI, *messages], **more}
        headers = {"authorization": f"Bearer {key}"}
        return self.client.post(URL, json=asked, headers=headers)

    def wait(self, seconds: float) -> None:
        """Wait on the clock of the fake."""
        self.fake.clock.sleep_until(self.fake.clock.now() + seconds)

    def found(self, **options: Any) -> list[tuple[str, tuple[int, ...]]]:
        """Give the rules that were broken, and the calls that show it."""
        return [(one.rule, one.calls) for one in self.fake.verdict(**options)]


def said(text: str) -> dict[str, Any]:
    """Give an answer as an application keeps it."""
    return {"role": "assistant", "content": text}


# --------------------------------------------------------------------- Retry-After


def test_a_retry_that_comes_too_early_is_found() -> None:
    """The answer said how long to wait."""
    app = App(fail(429, retry_after=30), "Hello!")

    app.ask()
    app.wait(2)
    app.ask()

    [finding] = app.fake.verdict()
    assert (finding.rule, finding.calls) == ("retry_after", (0, 1))
    assert str(finding) == (
        "retry_after: call 1 came 2 s after call 0, whose answer (429) asks to wait "
        "30 s. Wait as long as Retry-After says, or give up."
    )


@pytest.mark.parametrize("seconds", [30, 31])
def test_who_waits_as_long_as_asked_copes(seconds: float) -> None:
    """To the second, or longer."""
    app = App(fail(429, retry_after=30), "Hello!")

    app.ask()
    app.wait(seconds)
    app.ask()

    app.fake.assert_resilient()


def test_who_gives_up_copes() -> None:
    """And another question is no retry."""
    app = App(fail(429, retry_after=30), "Hello!")

    app.ask()
    app.ask(said("Hm"), {"role": "user", "content": "Something else"})

    app.fake.assert_resilient()


@pytest.mark.parametrize(
    "header, seconds",
    [
        ({"Retry-After": "30"}, 30),
        ({"retry-after-ms": "1500"}, 1.5),
        (
            {
                "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Retry-After": "Wed, 21 Oct 2026 07:28:20 GMT",
            },
            20,
        ),
    ],
)
def test_each_way_to_say_it_is_understood(
    header: dict[str, str], seconds: float
) -> None:
    """Seconds, milliseconds, or a date."""
    early, late = (App(fail(503, headers=header), "Hello!") for _ in range(2))

    for app, waited in ((early, seconds * 0.9), (late, seconds)):
        app.ask()
        app.wait(waited)
        app.ask()

    assert early.found() == [("retry_after", (0, 1))]
    assert late.found() == []


SDKS: dict[str, Callable[[FakeProvider], object]] = {
    "openai": lambda fake: fake.openai().responses.create(model="m", input="Hi"),
    "anthropic": lambda fake: fake.anthropic().messages.create(
        model="claude-sonnet-5", max_tokens=9, messages=HI
    ),
    "langchain": lambda fake: fake.langchain_openai(timeout=5).invoke("Hi"),
}


@pytest.mark.parametrize("sdk", SDKS)
def test_the_official_sdks_do_as_asked(sdk: str) -> None:
    """They wait for what little time they are asked to."""
    fake = FakeProvider(*[fail(429, retry_after=0.01)] * 2, "Hello!")

    SDKS[sdk](fake)

    assert len(fake.requests) == 3
    fake.assert_resilient()


def test_real_time_counts_with_the_clock_that_skips() -> None:
    """It skips what a script waits, and sees what an application does not wait."""
    fake = FakeProvider(fail(429, retry_after=3600), "Hello!")
    client = fake.openai(max_retries=0)

    for _ in range(2):
        try:
            client.responses.create(model="m", input="Hi")
        except openai.RateLimitError:
            continue

    [finding] = fake.verdict()
    assert finding.rule == "retry_after"


# ----------------------------------------------------------------- broken answers

BROKEN = {
    "closed early": say("The sky is blue.", fail("interrupted", after=3)),
    "connection lost": say("The sky is blue.", fail("connection", after=3)),
    "no reason why it ended": say("The sky is", finish=None),
}


@pytest.mark.parametrize("turn", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_that_is_taken_for_whole_is_found(turn: Any) -> None:
    """What came of it stands in a later request, as an answer."""
    fake = FakeProvider(turn, "Why not?", clock=VirtualClock())
    client = fake.openai()

    def text(messages: Any) -> str:
        told = ""
        try:
            for chunk in client.chat.completions.create(
                model="m", messages=messages, stream=True
            ):
                told += chunk.choices[0].delta.content or ""
        except openai.APIConnectionError:
            pass  # the mistake: what came is taken for all
        return told

    first = text(HI)
    text([*HI, said(first), {"role": "user", "content": "Why?"}])

    assert first == "The sky is"
    [finding] = fake.verdict()
    assert (finding.rule, finding.calls) == ("truncated", (0, 1))
    assert finding.text == (
        "the answer of call 0 broke off, and call 1 goes on as if 'The sky is' were "
        "all of it. Take an answer that gives no reason why it ended for a failure."
    )


def test_a_broken_answer_whose_calls_are_run_is_found() -> None:
    """The result of a call that the answer had begun shows it as well."""
    turn = say("Hm.", call("search", q="sky"), fail("interrupted"))
    app = App(turn, "Blue.")
    tools = [{"type": "function", "function": {"name": "search", "parameters": {}}}]

    app.ask(stream=True, tools=tools)
    function = {"name": "search", "arguments": '{"q": "sky"}'}
    asked = {"id": "call_1", "type": "function", "function": function}
    app.ask(
        {"role": "assistant", "content": "", "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "call_1", "content": "blue"},
        tools=tools,
    )

    assert app.found() == [("truncated", (0, 1))]


def test_who_asks_again_copes() -> None:
    """Even where the second answer is the same as what came of the first."""
    broken = say("The sky is blue.", fail("interrupted", after=5))
    app = App(broken, "The sky is blue.", "Why not?")

    app.ask(stream=True)
    app.ask(stream=True)
    app.ask(said("The sky is blue."), {"role": "user", "content": "Why?"})

    app.fake.assert_resilient()


def test_who_lets_the_model_go_on_copes() -> None:
    """What came is the beginning of the next answer: it is last in the request."""
    app = App(say("The sky is blue.", fail("interrupted", after=3)), " blue.")

    app.ask(stream=True)
    app.ask(said("The sky is"))

    app.fake.assert_resilient()


def test_who_stops_by_itself_copes() -> None:
    """A client may leave a stream where it likes."""
    fake = FakeProvider("The sky is blue.", "Why not?")
    client = fake.anthropic()
    asked: Any = {"model": "claude-sonnet-5", "max_tokens": 9}

    with client.messages.stream(**asked, messages=HI) as stream:
        first = next(iter(stream.text_stream))
    why = {"role": "user", "content": "Why?"}
    client.messages.create(**asked, messages=[*HI, said(first), why])

    assert fake.requests[0].ended == "truncated"
    fake.assert_resilient()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "turn, text",
    [
        ("The sky is blue.", "The sky is blue."),
        (say("The sky is", finish="length"), "The sky is"),
    ],
)
def test_a_whole_answer_is_no_broken_one(turn: Any, text: str, stream: bool) -> None:
    """Nor is one that says that it was cut off."""
    app = App(turn, "Why not?")

    assert app.ask(stream=stream).status_code == 200
    app.ask(said(text), {"role": "user", "content": "Why?"})

    app.fake.assert_resilient()


# --------------------------------------------------------------------- retry storms


@pytest.mark.parametrize("waited", [0, 0.001, 1, 60])
def test_retries_at_one_pace_are_a_storm(waited: float) -> None:
    """However long the pause, if it does not grow."""
    app = App(*[fail(500)] * 6)

    for _ in range(6):
        app.ask()
        app.wait(waited)

    [finding] = app.fake.verdict()
    assert (finding.rule, finding.calls) == ("retry_storm", (0, 1, 2, 3, 4, 5))
    assert finding.text == (
        "calls 0, 1, 2, 3, 4, 5 ask the same, and the waits between them do not grow: "
        f"{', '.join([f'{waited:.3g}'] * 5)} s. Wait longer each time, and give up in "
        "the end."
    )


def test_how_many_are_a_storm_can_be_said() -> None:
    """Up to max_retries are none."""
    app = App(*[fail(500)] * 3)

    for _ in range(3):
        app.ask()

    assert app.found() == []
    assert app.found(max_retries=2) == []
    assert app.found(max_retries=1) == [("retry_storm", (0, 1, 2))]


@given(
    first=st.floats(0.05, 10),
    factor=st.floats(1.5, 3),
    retries=st.integers(5, 12),
    cap=st.sampled_from([4.0, 100.0]),
)
def test_waits_that_grow_are_no_storm(
    first: float, factor: float, retries: int, cap: float
) -> None:
    """Exponential, up to some limit."""
    app = App(*[fail(500)] * (retries + 1))

    for retry in range(retries + 1):
        app.ask()
        app.wait(min(first * factor**retry, first * cap))

    assert app.found() == []


@given(st.lists(st.floats(0, 0.01), min_size=5, max_size=12))
def test_noise_is_no_growth(waits: list[float]) -> None:
    """A retry without any pause takes some time, now more and now less."""
    app = App(*[fail(500)] * (len(waits) + 1))

    app.ask()
    for waited in waits:
        app.wait(waited)
        app.ask()

    assert [rule for rule, _ in app.found()] == ["retry_storm"]


@pytest.mark.parametrize("slow", range(1, 6))
def test_one_slow_moment_is_no_growth(slow: int) -> None:
    """The machine was busy; the application waited for nothing."""
    app = App(*[fail(500)] * 7)

    for retry in range(7):
        app.ask()
        app.wait(2 if retry == slow else 0)

    assert [rule for rule, _ in app.found()] == ["retry_storm"]


def test_waits_that_were_asked_for_need_not_grow() -> None:
    """The provider says how long."""
    app = App(*[fail(429, retry_after=1)] * 8)

    for _ in range(8):
        app.ask()
        app.wait(1)

    app.fake.assert_resilient()


def test_an_application_that_retries_an_sdk_storms() -> None:
    """It asks at once, whatever the SDK would have waited."""
    fake = FakeProvider(*[fail(529)] * 6, clock=VirtualClock())
    client = fake.anthropic(max_retries=0)

    for _ in range(6):
        with pytest.raises(anthropic.InternalServerError):
            client.messages.create(model="claude-sonnet-5", max_tokens=9, messages=HI)

    assert [(one.rule, one.calls) for one in fake.verdict()] == [
        ("retry_storm", (0, 1, 2, 3, 4, 5))
    ]


def test_runs_are_told_apart() -> None:
    """Another question has its own count; an answer ends it."""
    app = App(*[fail(500)] * 2, "One", *[fail(500)] * 2, "Two", *[fail(500)] * 2)

    for _ in range(8):
        app.ask()

    assert app.found(max_retries=1) == [
        ("retry_storm", (0, 1, 2)),
        ("retry_storm", (3, 4, 5)),
    ]


# ---------------------------------------------------------------- hopeless retries


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_refused_request_that_comes_again_is_found(status: int) -> None:
    """It will be refused again."""
    app = App(fail(status), "Hello!")

    app.ask()
    app.wait(1)
    app.ask()

    [finding] = app.fake.verdict()
    assert (finding.rule, finding.calls) == ("hopeless_retry", (0, 1))
    assert finding.text == (
        f"call 1 asks the same as call 0, which was refused with {status}: it will be "
        "again. Mend the request, or report the error."
    )


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_what_may_pass_the_next_time_may_be_tried_again(status: int) -> None:
    """Conflicts, limits, and whatever is wrong with the server."""
    app = App(fail(status), "Hello!")

    app.ask()
    app.ask()

    app.fake.assert_resilient()


def test_another_key_is_worth_a_try() -> None:
    """A request that was refused may pass for somebody else."""
    app = App(fail(401), "Hello!")

    app.ask(key="old")
    app.ask(key="new")

    app.fake.assert_resilient()


# ------------------------------------------------------------------------ timeouts


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_without_a_timeout_is_found(library: Any) -> None:
    """It would wait forever, and one day it will."""
    fake = FakeProvider("One", "Two", "Three")
    patient = library.Client(transport=fake.transport(), timeout=None)
    asked = {"model": "m", "messages": HI}

    patient.post(URL, json=asked)
    library.Client(transport=fake.transport()).post(URL, json=asked)
    patient.post(URL, json=asked)

    [finding] = fake.verdict()
    assert (finding.rule, finding.calls) == ("no_timeout", (0, 2))
    assert finding.text == (
        "in calls 0, 2 the client would wait for an answer forever. Give it a timeout."
    )


def test_a_framework_that_has_no_timeout_is_found() -> None:
    """ChatOpenAI has none unless it is given one."""
    fake = FakeProvider("One", "Two")

    fake.langchain_openai().invoke("Hi")
    fake.langchain_openai(timeout=5).invoke("Hi")

    assert [(one.rule, one.calls) for one in fake.verdict()] == [("no_timeout", (0,))]


# --------------------------------------------------------------------- the verdict


def test_the_assertion_tells_all() -> None:
    """Every finding, and the requests."""
    app = App(fail(429, retry_after=9), fail(400), "Hello!", timeout=None)

    for _ in range(3):
        app.ask()

    with pytest.raises(UnmetExpectation) as raised:
        app.fake.assert_resilient()
    assert str(raised.value) == (
        "Expected that the client copes with what goes wrong.\n"
        "  retry_after: call 1 came 0 s after call 0, whose answer (429) asks to wait "
        "9 s. Wait as long as Retry-After says, or give up.\n"
        "  hopeless_retry: call 2 asks the same as call 1, which was refused with 400: "
        "it will be again. Mend the request, or report the error.\n"
        "  no_timeout: in calls 0, 1, 2 the client would wait for an answer forever. "
        "Give it a timeout.\n"
        "Over HTTP came 3:\n"
        f"  0. POST {URL} human: 'Hi' -> 429\n"
        f"  1. POST {URL} human: 'Hi' -> 400, again after 0\n"
        f"  2. POST {URL} human: 'Hi' -> 200, again after 1"
    )


def test_rules_can_be_left_out() -> None:
    """A test may want it so."""
    app = App(fail(400), "Hello!", timeout=None)

    app.ask()
    app.ask()

    assert app.found(ignore=["no_timeout"]) == [("hopeless_retry", (0, 1))]
    app.fake.assert_resilient(ignore=["no_timeout", "hopeless_retry"])


def test_what_is_no_rule_is_refused() -> None:
    """The error names those that there are."""
    fake = FakeProvider()

    with pytest.raises(InputError, match="Did you mean 'retry_storm'"):
        fake.verdict(ignore=["retry_storms"])  # type: ignore[list-item]  # the mistake
    with pytest.raises(InputError, match="max_retries=-1: give a number from 0 up"):
        fake.assert_resilient(max_retries=-1)


def test_nothing_asked_is_nothing_wrong() -> None:
    """A verdict on nobody."""
    assert FakeProvider().verdict() == []
