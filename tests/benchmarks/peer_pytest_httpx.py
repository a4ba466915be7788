"""pytest-httpx, measured inside the one test of a pytest process of its own.

Functions for `talking.Peer`: what `httpx_mock` shall answer, and asking for it.
"""

from typing import Any

import httpx
import pytest
from measuring import cpu
from talking import listen


@pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
def test_replies(httpx_mock: Any) -> None:
    """Listen until standard input ends."""

    def make(exchanges: list[dict[str, Any]]) -> None:
        httpx_mock.reset()
        for one in exchanges:
            httpx_mock.add_response(
                method="POST",
                url=one["url"],
                match_content=one["request"].encode(),
                headers=dict(one["answered"]),
                content=one["response"].encode(),
                is_reusable=True,
            )

    def replay(asked: list[dict[str, Any]]) -> float:
        with httpx.Client() as client:

            def ask() -> None:
                for one in asked:
                    answer = client.post(
                        one["url"], content=one["request"], headers=one["asked"]
                    )
                    assert answer.text == one["response"]

            return cpu(ask) / len(asked)

    listen({"make": make, "replay": replay})
