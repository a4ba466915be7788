"""What new files begin with: scripts, and tests that pass as they are."""

from string import Template

__all__ = ["CASSETTE_TEST", "SCHEMA", "SCHEMA_LINE", "SCRIPT", "TEST"]

#: The schema of scripts, where it lies beside them, and how editors are told of it.
SCHEMA = "script.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA}"

SCRIPT = Template("""\
$schema
#
# $name: say here which behaviour this script is there to show.
turns:
  # What the model says first.
  - say: Hello! Ask me about the weather.

  # A call of a tool; this turn waits until it is asked for the weather.
  - say:
      - think: I have to look that up.
      - Let me look.
      - call: get_weather
        args: {location: Boston}
    when: {text: weather, tools: [get_weather]}

  # What it says to the tool's result, with a pause in the middle.
  - say:
      - It is 72°F and sunny
      - pause: 0.3
      - " in Boston."
    when: {result_of: get_weather}

  # Other turns: {fail: 429, retry_after: 2}, {auto: true}, {say: ..., times: 3}.
""")

TEST = Template('''\
"""$name, tested without a model: what it would say is written in the tests."""

from harness import HumanMessage, call, say, tool


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"72°F and sunny in {location}"


def answer(model, question):
    """Ask until no tool is called. Your code goes here: import it instead."""
    agent = model.bind_tools([get_weather])
    history = [HumanMessage(question)]
    while (said := agent.invoke(history)).tool_calls:
        history += [said, *map(get_weather.invoke, said.tool_calls)]
    return said.text


def test_${identifier}_uses_the_tool(fake_chat):
    """The tool is run, and its result is told to the model."""
    model = fake_chat(say(call("get_weather", location="Boston")), "It is sunny.")

    assert answer(model, "What's the weather in Boston?") == "It is sunny."
    assert model.calls[1].messages[-1].text == "72°F and sunny in Boston"


def test_${identifier}_streams(fake_chat):
    """The pieces of an answer are the answer."""
    model = fake_chat("It is sunny in Boston.")

    pieces = [chunk.text for chunk in model.stream("What's the weather?")]
    assert "".join(pieces) == "It is sunny in Boston."
''')

CASSETTE_TEST = Template('''\
"""$name, tested with what a provider once said: recorded once, replayed offline.

Record it: OPENAI_API_KEY=... pytest --cassette-mode=once $file
"""

import os
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
RECORDED = (ROOT / "$cassette").exists()
KEY = os.environ.get("OPENAI_API_KEY", "")

pytestmark = pytest.mark.skipif(
    not (RECORDED or KEY), reason="nothing is recorded, and there is no OPENAI_API_KEY"
)


def answer(question):
    """Ask the provider. Your code goes here: import it instead."""
    reply = httpx.post(
        "https://api.openai.com/v1/chat/completions",
        headers={"authorization": f"Bearer {KEY}"},
        json={
            "model": "gpt-5-mini",
            "messages": [{"role": "user", "content": question}],
        },
        timeout=60,
    )
    reply.raise_for_status()
    return reply.json()["choices"][0]["message"]["content"]


@pytest.mark.cassette("$name")
def test_$identifier():
    """The answer has words in it."""
    assert answer("Say hello!")
''')
