"""Exchanges of every format."""

import httpx
import pytest

from harness import FakeProvider, HumanMessage, call, say, think
from harness.cassettes import Interaction
from harness.requests import ChatRequest
from harness.wire import DIALECTS


@pytest.fixture
def exchange_of():
    """Give what makes an exchange of a format, whole or streamed."""

    def made(name: str, *, stream: bool) -> Interaction:
        turn = say(think("Hm."), "Let me look.", call("get_weather", city="Rome"))
        fake = FakeProvider(turn, check=False, validate=False)
        asked = ChatRequest((HumanMessage("Hi"),), model="m", stream=stream)
        dialect = DIALECTS[name]
        url = f"https://a.example/v1{dialect.path(asked)}"
        body = dialect.write_request(asked)
        with httpx.Client(transport=fake.transport()) as client:
            answer = client.post(url, content=body)
        return Interaction(
            "POST",
            url,
            answer.status_code,
            request_body=body,
            response_headers=tuple(answer.headers.items()),
            response_body=answer.content,
        )

    return made
