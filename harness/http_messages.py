"""What goes over HTTP, as plain values: every face and every recorder shares them."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Ending", "Failed", "Headers", "HttpRequest"]

#: Names and values in the order in which they were said; names may repeat.
Headers = tuple[tuple[str, str], ...]

#: How an answer ended: as it should; closed early by the application; or as the
#: connection failed: it dropped, nothing came in time, or there never was one.
Ending = Literal["complete", "truncated", "interrupted", "timeout", "connection"]

#: How a connection fails: "dropped" before there is an answer, "reset" within one.
Failed = Literal[
    "connect timeout", "timeout", "name", "tls", "refused", "dropped", "reset"
]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it goes to the wire: *method*, *url*, *headers*, *body*.

    Names of headers may repeat.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of the header *name*, in whatever case it was said.

        >>> HttpRequest("GET", "/", (("X-Api-Key", "k"),)).header("x-api-key")
        'k'
        """
        name = name.lower()
        for said, text in self.headers:
            if said.lower() == name:
                return text
        return None
