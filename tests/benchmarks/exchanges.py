"""Chats of half a kilobyte, each other than the others, as recordings have them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.cassettes.interactions import Interaction
from harness.cassettes.redaction import Redaction
from harness.cassettes.writing import write_cassette

URL = "http://localhost/v1/chat/completions"
KEYED = f"{URL}?key=AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"


def question(number: int) -> dict[str, Any]:
    """The request of the chat *number*."""
    said = "Answer in one short sentence, and name the city. " * 6
    return {
        "model": "gpt-4.1-mini",
        "temperature": 0.2,
        "messages": [
            {"role": "system", "content": said},
            {"role": "user", "content": f"What is the weather in town {number}?"},
        ],
        "user": f"user-{number}",
    }


def exchange(number: int, *, sentences: int = 12) -> Interaction:
    """The chat *number*, as a client of a provider has it."""
    words = f"It is sunny in town {number}, with some clouds. " * sentences
    answered = {
        "id": f"chatcmpl-{number:08}",
        "object": "chat.completion",
        "created": 1700000000 + number,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": words, "refusal": None},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 70, "completion_tokens": 120, "total_tokens": 190},
        "system_fingerprint": "fp_44709d6fcb",
    }
    request = json.dumps(question(number)).encode()
    response = json.dumps(answered).encode()
    return Interaction(
        "POST",
        URL,
        200,
        request_headers=(
            ("host", "localhost"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
            ("connection", "keep-alive"),
            ("user-agent", "OpenAI/Python 3.54.0"),
            ("authorization", "Bearer sk-proj-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"),
            ("content-type", "application/json"),
            ("content-length", str(len(request))),
        ),
        request_body=request,
        response_headers=(
            ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
            ("content-type", "application/json"),
            ("content-length", str(len(response))),
            ("openai-processing-ms", "412"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-request-id", f"req_{number:032x}"),
            ("server", "cloudflare"),
        ),
        response_body=response,
        response_chunks=(response,),
        chunk_times=(412,),
        reason="OK",
        http_version="HTTP/1.1",
        recorded_at="2026-11-23T09:00:00Z",
    )


def chats(size: int, url: str = URL) -> list[Interaction]:
    """The first ones."""
    return [replace(exchange(number), url=url) for number in range(size)]


def plain(one: Interaction) -> dict[str, Any]:
    """*one* as JSON."""
    return {
        "url": one.url,
        "asked": [pair for pair in one.request_headers if pair[0] != "content-length"],
        "request": one.request_body.decode(),
        "answered": one.response_headers,
        "response": one.response_body.decode(),
    }


def write_ours(path: Path, given: list[Interaction]) -> Path:
    """Write a cassette as we do."""
    path.write_text(write_cassette(map(Redaction.default().redact, given)), "utf-8")
    return path
