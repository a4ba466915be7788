"""What schemathesis holds of answers beside the description: streams are lawful."""

from typing import Any

import schemathesis

from harness.wire import dialect_of

_STREAMS = (
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
)


@schemathesis.check
def streams_are_lawful(ctx: Any, response: Any, case: Any) -> None:
    """An answer in pieces keeps the grammar of its dialect, to its end."""
    media = (response.headers.get("content-type") or [""])[0].partition(";")[0]
    if response.status_code != 200 or media not in _STREAMS:
        return
    dialect = dialect_of(response.request.url)
    assert dialect is not None, response.request.url
    problems = dialect.check_stream(response.content)
    assert not problems, f"{dialect.name}: {problems}"
