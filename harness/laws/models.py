"""Laws of chat models: all ways to ask give the same answer."""

import asyncio
from typing import Any

from hypothesis import strategies as st

from harness.laws.law import Law, holds, same
from harness.laws.subjects import ModelSubject
from harness.messages import AIMessage
from harness.strategies.messages import answers

__all__ = ["MODELS", "TOOLS"]

#: The tools that answers call, for models that call only what is bound to them.
TOOLS: tuple[dict[str, Any], ...] = tuple(
    {"name": name, "description": "Any.", "parameters": {"type": "object"}}
    for name in ("f", "get_weather", "search")
)

PROMPT = "Hello"


def _answers(subject: ModelSubject) -> st.SearchStrategy[AIMessage]:
    return answers() if subject.answers is None else subject.answers()


def _one(subject: ModelSubject) -> st.SearchStrategy[tuple[AIMessage]]:
    return st.tuples(_answers(subject))


def _several(subject: ModelSubject) -> st.SearchStrategy[tuple[AIMessage, ...]]:
    return st.lists(_answers(subject), min_size=1, max_size=3).map(tuple)


def _small(_: ModelSubject) -> list[tuple[AIMessage]]:
    done = {"finish_reason": "stop"}
    call = {"name": "f", "args": {"a": 1}, "id": "call_0"}
    return [
        (AIMessage("", response_metadata=done),),
        (AIMessage("Hi there!", response_metadata=done),),
        (AIMessage("Hi", tool_calls=[call, {**call, "id": "call_1"}]),),
    ]


def _stream(subject: ModelSubject, case: tuple[AIMessage]) -> None:
    said = subject.seen(subject.make(*case).invoke(PROMPT))
    summed = subject.summed([*subject.make(*case).stream(PROMPT)])
    same(summed, said, "the finished sum of stream()", "invoke()")


def _async_invoke(subject: ModelSubject, case: tuple[AIMessage]) -> None:
    said = subject.seen(subject.make(*case).invoke(PROMPT))
    heard = subject.seen(asyncio.run(subject.make(*case).ainvoke(PROMPT)))
    same(heard, said, "ainvoke()", "invoke()")


async def _listened(model: Any) -> list[Any]:
    return [chunk async for chunk in model.astream(PROMPT)]


def _async_stream(subject: ModelSubject, case: tuple[AIMessage]) -> None:
    said = subject.summed([*subject.make(*case).stream(PROMPT)])
    heard = subject.summed(asyncio.run(_listened(subject.make(*case))))
    same(heard, said, "the finished sum of astream()", "that of stream()")


def _batch(subject: ModelSubject, case: tuple[AIMessage, ...]) -> None:
    prompts = [f"{PROMPT} {n}" for n, _ in enumerate(case)]
    model = subject.make(*case)
    one_by_one = [subject.seen(model.invoke(prompt)) for prompt in prompts]
    at_once = subject.make(*case).batch(prompts)
    same([subject.seen(m) for m in at_once], one_by_one, "batch()", "invoke() of each")
    heard = asyncio.run(subject.make(*case).abatch(prompts))
    same([subject.seen(m) for m in heard], one_by_one, "abatch()", "invoke() of each")


def _distinct_ids(subject: ModelSubject, case: tuple[AIMessage, ...]) -> None:
    silent = [message.model_copy(update={"id": None}) for message in case]
    prompts = [f"{PROMPT} {n}" for n, _ in enumerate(case)]
    ids = [message.id for message in subject.make(*silent).batch(prompts)]
    given = [one for one in ids if one is not None]
    holds(len(given) == len(set(given)), ids=ids)


MODELS: tuple[Law, ...] = (
    Law(
        "stream",
        "the finished sum of stream(x) is invoke(x)",
        _one,
        _stream,
        scope=_small,
    ),
    Law("async_invoke", "ainvoke(x) is invoke(x)", _one, _async_invoke, scope=_small),
    Law(
        "async_stream",
        "astream(x) sums to what stream(x) sums to",
        _one,
        _async_stream,
        scope=_small,
    ),
    Law("batch", "batch(xs) is invoke(x) for each x", _several, _batch, scope=_small),
    Law(
        "distinct_ids",
        "ids that the model makes up in one batch are all different",
        _several,
        _distinct_ids,
        scope=_small,
    ),
)
