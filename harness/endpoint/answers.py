"""What an endpoint answers by itself, without its source."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.endpoint.calls import HttpCall
from harness.endpoint.replies import Reply, json_reply
from harness.http_messages import Headers
from harness.wire.json_values import write_json

__all__ = ["Answer", "Desk"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer in JSON: *said*.

    *refused* says why where it turns the request down, in words for the journal.

    >>> Answer({"error": "model is required"}, 400, "model is required").status
    400
    """

    said: Any = field(hash=False)
    status: int = 200
    refused: str = ""
    headers: Headers = ()

    def reply(self, call: HttpCall) -> Reply:
        """The answer as it is sent to *call*."""
        said = self.said
        if isinstance(said, dict) and said.get("type") == "error":
            said = {**said, "request_id": call.request_id}  # Anthropic's do
        return json_reply(write_json(said), self.status, self.headers)


#: Answers a request itself, or leaves it to those behind: None.
Desk: TypeAlias = Callable[[HttpCall], Answer | None]
