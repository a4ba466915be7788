"""litellm, whose pins allow neither our openai nor our httpx2, hears the script too."""

import asyncio
import json
import os
from typing import Any

import pytest

from harness import FakeProvider, UnscriptedRequest, call, fail, say

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it would ask

import litellm

pytestmark = pytest.mark.filterwarnings("ignore")  # it has many of its own

ASKED: Any = [{"role": "user", "content": "Weather in Boston?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Look.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
USAGE = {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}
TURN = say("Let me look. 🌦️", call("get_weather", location="Tōkyō"), usage=USAGE)
MODELS = ["openai/gpt-5-mini", "anthropic/claude-sonnet-5", "gemini/gemini-2.5-flash"]
Heard = tuple[str, list[tuple[str, Any]], tuple[int, int], str]
WANTED: Heard = (
    "Let me look. 🌦️",
    [("get_weather", {"location": "Tōkyō"})],
    (12, 34),
    "tool_calls",
)


def asked(model: str, **more: Any) -> dict[str, Any]:
    """Give what each face asks."""
    return {
        "model": model,
        "messages": ASKED,
        "tools": [TOOL],
        "api_key": "none",
        "num_retries": 0,
        **more,
    }


def heard(answer: Any) -> Heard:
    """Give what litellm has understood."""
    choice = answer.choices[0]
    calls = [
        (one.function.name, json.loads(one.function.arguments))
        for one in choice.message.tool_calls or ()
    ]
    usage = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return choice.message.content, calls, usage, choice.finish_reason


def whole(model: str) -> Any:
    """Ask for a whole answer."""
    return litellm.completion(**asked(model))


def awaited(model: str) -> Any:
    """Ask in a task."""
    return asyncio.run(litellm.acompletion(**asked(model)))


def streamed(model: str) -> Any:
    """Ask for a stream, and let litellm put it together."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = [*litellm.completion(**asked(model, **options))]
    return litellm.stream_chunk_builder(chunks, messages=ASKED)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ask", [whole, awaited, streamed])
def test_it_hears_the_same(model: str, ask: Any) -> None:
    """Without a change to the application, whole, awaited and streamed."""
    fake = FakeProvider(TURN)

    with fake.intercept():
        answer = ask(model)

    assert heard(answer) == WANTED
    fake.check_exhausted()


@pytest.mark.parametrize("model", MODELS)
def test_failures_are_its_own_errors(model: str) -> None:
    """As of the real provider."""
    with FakeProvider(fail(429)).intercept(), pytest.raises(litellm.RateLimitError):
        litellm.completion(**asked(model))


def test_what_the_script_cannot_answer_comes_through() -> None:
    """No wrapping of errors hides it."""
    with pytest.raises(UnscriptedRequest), FakeProvider().intercept():
        litellm.completion(**asked(MODELS[0]))
