"""Requests that are nested too deeply are refused, and break nothing."""

import json
from typing import Any

import httpx
import pytest

from harness import FakeProvider, say

HI: Any = [{"role": "user", "content": "Hi"}]
PARTS: Any = {"parts": [{"text": "Hi"}]}
#: Where a request may be sent, and one that is answered there.
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "m", "messages": HI},
    "/v1/responses": {"model": "m", "input": "Hi"},
    "/v1/messages": {"model": "m", "max_tokens": 9, "messages": HI},
    "/v1beta/models/m:generateContent": {"contents": [PARTS]},
    "/api/chat": {"model": "m", "messages": HI},
    "/model/m/converse": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
    "/v1/embeddings": {"model": "m", "input": "Hi"},
    "/v1/messages/count_tokens": {"model": "m", "messages": HI},
    "/v1beta/models/m:countTokens": {"contents": [PARTS]},
    "/v1beta/models/m:embedContent": {"content": PARTS},
    "/v1beta/models/m:batchEmbedContents": {"requests": [{"content": PARTS}]},
    "/api/embed": {"model": "m", "input": "Hi"},
}


def posted(path: str, levels: int, *, validate: bool) -> httpx.Response:
    """Ask with something that is no parameter, of so many *levels*."""
    fake = FakeProvider(say("Hello!", times="forever"), validate=validate)
    client = httpx.Client(transport=fake.transport())
    deep = '{"a":' * levels + "1" + "}" * levels
    body = json.dumps(ASKED[path])[:-1] + f', "more": {deep}}}'
    return client.post(f"https://provider{path}", content=body)


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("path", ASKED)
def test_what_is_too_deep_is_refused(path: str, validate: bool) -> None:
    """With 400, however our own stack would take it; what is less so is answered."""
    answered = posted(path, 100, validate=validate)
    refused = [posted(path, levels, validate=validate) for levels in (200, 400, 900)]

    assert answered.status_code == 200
    assert [one.status_code for one in refused] == [400, 400, 400]
    assert all(one.json() for one in refused)
