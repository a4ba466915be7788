"""What is asked of fake providers, and what they say: a text, and a stream."""

import json

from harness import FakeProvider, say

PATH = "/v1/chat/completions"
WORDS = " ".join(f"word{n:03}" for n in range(200))
TEXT = "Hello there, this is a plain answer."
STREAM = "stream please"


def body(question: str, *, stream: bool) -> bytes:
    """Give the body of a request."""
    said = [{"role": "system", "content": "You are terse."}]
    said.append({"role": "user", "content": question})
    asked = {"model": "gpt-4o-mini", "messages": said, "stream": stream}
    return json.dumps(asked).encode()


def fake_provider() -> FakeProvider:
    """Give a fake that answers both requests, for as long as it is asked."""
    return FakeProvider(
        say(WORDS, when=STREAM, times="forever"), say(TEXT, times="forever")
    )
