"""How well a client took what went wrong. In: the calls over HTTP. Out: findings.

Only what the calls show counts: what an application does with an answer outside of the
conversation is not seen here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Literal, get_args

from harness.asked import ran_tools
from harness.chunks import AIMessageChunk
from harness.endpoint.calls import HttpCall
from harness.errors import InputError, WireError, nearest, shown
from harness.messages import AIMessage
from harness.wire import DIALECTS
from harness.wire.faults import read_error

__all__ = ["Finding", "Rule", "findings"]

Rule = Literal[
    "retry_after", "truncated", "retry_storm", "hopeless_retry", "no_timeout"
]
_RULES: tuple[Rule, ...] = get_args(Rule)

#: Statuses below 500 that may be gone the next time.
_PASSING = frozenset({408, 409, 425, 429})
#: What says who asks: with another key, a request that was refused may pass.
_KEYS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
#: A wait that is shorter by this many seconds was not cut short.
_CLOSE = 0.001


@dataclass(frozen=True, slots=True)
class Finding:
    """What a client did wrong: against which *rule*, in which *calls*, and a *text*.

    *calls* are indexes of `FakeProvider.requests`.

    >>> print(Finding("no_timeout", (0,), "call 0 has no timeout"))
    no_timeout: call 0 has no timeout
    """

    rule: Rule
    calls: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        """The finding in one line."""
        return f"{self.rule}: {self.text}"


def findings(
    calls: Sequence[HttpCall], *, max_retries: int, ignore: Sequence[str] = ()
) -> list[Finding]:
    """What the *calls* show, by rule, without the rules to *ignore*.

    More than *max_retries* retries whose waits do not grow are a storm. Raises
    InputError for a rule that there is none of.
    """
    if type(max_retries) is not int or max_retries < 0:
        raise InputError(f"max_retries={shown(max_retries)}: give a number from 0 up.")
    for name in ignore:
        if name not in _RULES:
            raise InputError(f"ignore: no rule is {name!r}. {nearest(name, _RULES)}")
    rules: dict[Rule, Callable[[], Iterator[Finding]]] = {
        "retry_after": lambda: _retry_after(calls),
        "truncated": lambda: _truncated(calls),
        "retry_storm": lambda: _storms(calls, max_retries),
        "hopeless_retry": lambda: _hopeless(calls),
        "no_timeout": lambda: _no_timeout(calls),
    }
    return [found for rule in _RULES if rule not in ignore for found in rules[rule]()]


def _retries(calls: Sequence[HttpCall]) -> Iterator[tuple[HttpCall, HttpCall, float]]:
    """Each call that was tried again, the retry, and the seconds between them."""
    for call in calls:
        if call.retry_of is not None:
            before = calls[call.retry_of]
            ended = before.began if before.ended_at is None else before.ended_at
            yield before, call, max(0.0, call.began - ended)


def _asked_wait(call: HttpCall) -> float | None:
    """How many seconds the answer asks the client to wait."""
    if call.status is None or call.status < 400:
        return None
    return read_error(call.status, dict(call.headers), b"").retry_after


def _retry_after(calls: Sequence[HttpCall]) -> Iterator[Finding]:
    for before, call, waited in _retries(calls):
        asked = _asked_wait(before)
        if asked is not None and waited < asked - _CLOSE:
            yield Finding(
                "retry_after",
                (before.index, call.index),
                f"call {call.index} came {waited:.3g} s after call {before.index}, "
                f"whose answer ({before.status}) asks to wait {asked:g} s. Wait as "
                "long as Retry-After says, or give up.",
            )


def _truncated(calls: Sequence[HttpCall]) -> Iterator[Finding]:
    for call in calls:
        partial = _cut_off(call)
        if partial is None:
            continue
        for later in calls[call.index + 1 :]:
            if later.request.body == call.request.body:
                break  # it was asked again
            if _goes_on(later, partial):
                yield Finding(
                    "truncated",
                    (call.index, later.index),
                    f"the answer of call {call.index} broke off, and call {later.index}"
                    f" goes on as if {shown(partial.text, limit=60)} were all of it. "
                    "Take an answer that gives no reason why it ended for a failure.",
                )
                break


def _cut_off(call: HttpCall) -> AIMessage | None:
    """What came of an answer that the provider did not bring to its end."""
    if call.status != 200 or call.ended in ("open", "truncated"):
        return None  # the client may stop where it likes
    decoder = DIALECTS[call.dialect].decoder()
    chunks: list[AIMessageChunk] = []
    try:
        for piece in call.pieces:
            steps = decoder.feed(piece)
            chunks += [step for step in steps if isinstance(step, AIMessageChunk)]
    except WireError:
        pass  # what was understood before it counts
    said = sum(chunks, AIMessageChunk()).to_message()
    return None if said.finish_reason else said


def _goes_on(later: HttpCall, partial: AIMessage) -> bool:
    """Whether *later* has what came as an answer, and something after it."""
    text = partial.text.strip()
    begun = {call["id"] for call in (*partial.tool_calls, *partial.invalid_tool_calls)}
    if any(call["id"] in begun for call, _ in ran_tools(later.messages)):
        return True
    return any(
        isinstance(message, AIMessage) and text and message.text.strip() == text
        for message in later.messages[:-1]
    )


def _storms(calls: Sequence[HttpCall], max_retries: int) -> Iterator[Finding]:
    runs: dict[int, tuple[tuple[int, ...], list[float]]] = {}
    for before, call, waited in _retries(calls):
        indexes, waits = runs.pop(before.index, ((before.index,), []))
        asked = _asked_wait(before)
        if asked is None or waited < asked - _CLOSE:
            waits = [*waits, waited]
        runs[call.index] = (*indexes, call.index), waits
    for indexes, waits in runs.values():
        if len(waits) > max_retries and not _grow(waits):
            yield Finding(
                "retry_storm",
                indexes,
                f"calls {_listed(indexes)} ask the same, and the waits between them "
                f"do not grow: {_listed([f'{wait:.3g}' for wait in waits])} s. Wait "
                "longer each time, and give up in the end.",
            )


def _grow(waits: Sequence[float]) -> bool:
    """Whether the later half of *waits* is clearly longer than the first of them."""
    return median_low(waits[len(waits) // 2 :]) > 1.5 * waits[0] + 0.02


def _hopeless(calls: Sequence[HttpCall]) -> Iterator[Finding]:
    for before, call, _ in _retries(calls):
        status = before.status or 0
        keys = [[one.request.header(key) for key in _KEYS] for one in (before, call)]
        if 400 <= status < 500 and status not in _PASSING and keys[0] == keys[1]:
            yield Finding(
                "hopeless_retry",
                (before.index, call.index),
                f"call {call.index} asks the same as call {before.index}, which was "
                f"refused with {status}: it will be again. Mend the request, or report "
                "the error.",
            )


def _no_timeout(calls: Sequence[HttpCall]) -> Iterator[Finding]:
    if patient := tuple(call.index for call in calls if call.patience is None):
        yield Finding(
            "no_timeout",
            patient,
            f"in {'call' if len(patient) == 1 else 'calls'} {_listed(patient)} the "
            "client would wait for an answer forever. Give it a timeout.",
        )


def _listed(values: Sequence[object]) -> str:
    more = f" and {len(values) - 10} more" if len(values) > 10 else ""
    return ", ".join(map(str, values[:10])) + more
