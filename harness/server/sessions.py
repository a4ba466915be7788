"""Several clients at once: each session has a state of its own, told by a header."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from harness.cassettes.placeholders import placeholder
from harness.cassettes.secret_names import header_kind
from harness.http_messages import HttpRequest

__all__ = ["SESSION_HEADER", "Sessions"]

#: The header whose value names the session, unless another is chosen.
SESSION_HEADER = "x-harness-session"

S = TypeVar("S")


class Sessions(Generic[S]):
    """A state for each value of *header*, made by *fresh* when it is first seen.

    Requests without the header share one session, "", which begins with *first* if
    there is one. Where the header is a key, what is shown of it is a fingerprint.

    >>> sessions = Sessions(list)
    >>> one = HttpRequest("POST", "/", (("x-harness-session", "one"),))
    >>> sessions.of(one).append(1)
    >>> dict(sessions.items())
    {'one': [1]}
    """

    def __init__(
        self,
        fresh: Callable[[], S],
        *,
        header: str = SESSION_HEADER,
        first: S | None = None,
    ) -> None:
        self._fresh = fresh
        #: Its name, in lower case.
        self.header = header.lower()
        self._open: dict[str, S] = {} if first is None else {"": first}

    def of(self, request: HttpRequest) -> S:
        """The state of the session that *request* belongs to."""
        name = request.header(self.header) or ""
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = self._fresh()
        return found

    def name(self, request: HttpRequest) -> str:
        """The name of that session, as it may be shown."""
        return self._shown(request.header(self.header) or "")

    def items(self) -> Iterator[tuple[str, S]]:
        """The sessions there are, by the names that may be shown."""
        for name, state in [*self._open.items()]:
            yield self._shown(name), state

    def end(self, name: str | None) -> list[S]:
        """End the session of that (shown or real) name, or all; give their states."""
        ended = [
            key for key in self._open if name is None or name in (key, self._shown(key))
        ]
        return [self._open.pop(key) for key in ended]

    def without(self, request: HttpRequest) -> HttpRequest:
        """*request* without the header, if that is one of ours."""
        if self.header != SESSION_HEADER or not request.header(SESSION_HEADER):
            return request
        rest = tuple(p for p in request.headers if p[0].lower() != SESSION_HEADER)
        return HttpRequest(request.method, request.url, rest, request.body)

    def _shown(self, name: str) -> str:
        kind = header_kind(self.header)
        return placeholder(kind, name) if name and kind else name
