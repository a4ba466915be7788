"""Clients that are not Python: the SDK for Node, and curl."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import FakeProvider, call, say

NODE = Path(__file__).parent / "node"


def test_the_sdk_for_node_gets_what_the_script_says(quietly):
    """Whole, streamed, with its helper for streams, and what is not to be retried."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "openai").is_dir():
        pytest.skip("the SDK is not installed: make node (needs Node and npm)")
    fake = FakeProvider(
        "Zoë 👩‍🚀 is here.",
        say("Zoë 👩‍🚀 is here.", cut=["Zoë 👩‍🚀", " is", " here."]),
        say(call("get_weather", location="Zürich")),
        "one response",
    )

    with quietly(fake.serve()) as server:
        ran = subprocess.run(
            [node, "ask.mjs", server.url],
            cwd=NODE,
            capture_output=True,
            timeout=60,
            check=False,
        )

    assert ran.stderr.decode() == ""
    said = json.loads(ran.stdout)
    refused = said.pop("refused")
    assert said == {
        "whole": "Zoë 👩‍🚀 is here.",
        "chunks": ["", "Zoë 👩‍🚀", " is", " here.", ""],
        "usage": 7,
        "call": {"name": "get_weather", "arguments": '{"location": "Zürich"}'},
        "finish": "tool_calls",
        "response": "one response",
    }
    assert (refused["type"], refused["status"]) == ("BadRequestError", 400)
    assert "The script has 4 turns, all played" in refused["message"]
    assert len(fake.requests) == 5
    assert fake.calls[0].text == "Où est Zoë?"


def test_curl_gets_a_stream(tmp_path):
    """Chunked, to its proper end."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl on this machine")
    fake = FakeProvider(say("a b", cut="words"))
    asked = {"model": "m", "stream": True}
    asked["messages"] = [{"role": "user", "content": "Hi"}]
    said = tmp_path / "asked.json"
    said.write_text(json.dumps(asked))

    with fake.serve() as server:
        url = f"{server.url}/v1/chat/completions"
        ran = subprocess.run(
            [curl, "-sSN", "--noproxy", "*", "--max-time", "20", url, "-d", f"@{said}"],
            capture_output=True,
            check=True,
        )

    assert ran.stdout.startswith(b'data: {"id":"msg_1"')
    assert ran.stdout.endswith(b"\n\ndata: [DONE]\n\n")
    assert fake.requests[0].ended == "complete"
