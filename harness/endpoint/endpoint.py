"""A provider's HTTP interface as a function: a request in, a reply out, no I/O.

Behind it is any source; before it, any face: transports, clients, a server.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from harness.endpoint.answers import Desk
from harness.endpoint.arrays import as_array, wants_array
from harness.endpoint.calls import Clocked, HttpCall
from harness.endpoint.choices import choices_asked, several
from harness.endpoint.providers import provider_of
from harness.endpoint.replies import Reply, fault_reply, rendered
from harness.endpoint.request_ids import id_header, request_id
from harness.errors import (
    CassetteMiss,
    HarnessError,
    UnrecordedRequest,
    UnscriptedRequest,
    WireError,
)
from harness.http_messages import HttpRequest
from harness.requests import ChatRequest
from harness.steps import Fault, Source
from harness.values import copied
from harness.wire import DIALECTS, Dialect, dialect_of

__all__ = ["Endpoint", "Gate", "Spoiler"]


#: How many requests are known again, of how many bytes at most.
_REMEMBERED, _SHORT = 64, 1 << 14

#: Looks at a request before it is answered: a Fault turns it down.
Gate: TypeAlias = Callable[[HttpCall], Fault | None]
#: Makes of a reply the one that is sent in its place.
Spoiler: TypeAlias = Callable[[HttpCall, Reply, Dialect], Reply]


class Endpoint:
    """Answers HTTP requests with what *source* plays, in the words of its provider.

    A request is read in the dialect that its URL tells. The first of the *desks* that
    has an answer gives it; else the *gates* may turn the request down, and *spoilers*
    spoil the reply. What came and went is in *calls*. *now* tells the time; the ids of
    requests come from *seed*.

    >>> from harness import FakeProvider
    >>> endpoint = FakeProvider("Hello!").endpoint
    >>> endpoint.answer(HttpRequest("GET", "https://api.openai.com/v1/models")).status
    200
    """

    def __init__(
        self,
        source: Source,
        *,
        desks: Sequence[Desk] = (),
        gates: Sequence[Gate] = (),
        spoilers: Sequence[Spoiler] = (),
        now: Clocked = lambda: 0.0,
        seed: int = 0,
    ) -> None:
        self.source = source
        self.calls: list[HttpCall] = []
        #: What the source could not answer, for the test to hear of.
        self.failures: list[UnscriptedRequest | UnrecordedRequest] = []
        self._desks = tuple(desks)
        self._gates = tuple(gates)
        self._spoilers = tuple(spoilers)
        self._now = now
        self._latest: dict[tuple[str, str, bytes], HttpCall] = {}
        self._seed = seed
        self._lock = threading.RLock()
        self._read: dict[tuple[str, str, bytes], ChatRequest] = {}

    def answer(self, request: HttpRequest, *, patience: float | None = -1.0) -> Reply:
        """The reply to *request*.

        *patience* is noted: how many seconds the client waits for the next byte, None
        if it waits forever.

        Which answer it gets is decided here, in the order of the calls; the pieces come
        as they are read. Raises UnscriptedRequest or UnrecordedRequest, here or from
        the pieces, where the source has no lawful answer: the test is wrong then, not
        the application, and no client may take it for a failure of the provider.
        """
        with self._lock:
            number = len(self.calls)
            dialect = dialect_of(request.url)
            provider = dialect.name if dialect else provider_of(request)
            id = request_id(provider, self._seed, number)
            call = HttpCall(
                number, request, self._now(), patience=patience, request_id=id
            )
            self.calls.append(call)
            key = request.method, request.url, request.body
            earlier = self._latest.get(key)
            if earlier is not None:
                call._repeats(earlier)
            self._latest[key] = call
            try:
                reply = self._reply(call, dialect)
            except (UnrecordedRequest, UnscriptedRequest) as failure:
                call.refused = str(failure)
                call._end("connection", self._now())
                raise
        said = id_header(provider, id)
        return call._followed(reply, said, self._now, self._failed)

    def _reply(self, call: HttpCall, dialect: Dialect | None) -> Reply:
        call.dialect = dialect.name if dialect else ""
        for desk in self._desks:
            if (answer := desk(call)) is not None:
                call.refused = answer.refused
                return answer.reply(call)
        if dialect is None:
            unknown = Fault(f"no such path: {call.url}", status=404)
            return self._refused(call, unknown, DIALECTS["openai-chat"])
        try:
            call.asked = self._asked(call.request, dialect)
        except WireError as error:
            return self._refused(call, Fault(str(error), status=400), dialect)
        for gate in self._gates:
            if (fault := gate(call)) is not None:
                return self._refused(call, fault, dialect)
        try:
            reply = self._chosen(call.asked, dialect)
            if reply.stream and wants_array(dialect.name, call.url):
                reply = as_array(reply)
            for spoil in self._spoilers:
                reply = spoil(call, reply, dialect)
        except HarnessError as error:
            raise self._failed(error) from None
        finally:
            call.call = self._entry(call.asked)
        return reply

    def _entry(self, asked: ChatRequest) -> Any:
        """What the journal of the source says of *asked*, if it keeps one."""
        journal: Sequence[Any] = getattr(self.source, "journal", ())
        return next((one for one in reversed(journal) if one.request is asked), None)

    def _chosen(self, asked: ChatRequest, dialect: Dialect) -> Reply:
        """As many answers as are asked for; the first that fails goes alone."""
        replies: list[Reply] = []
        for _ in range(choices_asked(asked, dialect)):
            reply = rendered(self.source.play(asked), asked, dialect)
            if reply.status != 200:
                return reply
            replies.append(reply)
        return replies[0] if len(replies) == 1 else several(replies, dialect)

    def _asked(self, request: HttpRequest, dialect: Dialect) -> ChatRequest:
        """What *request* asks; the same again is not read again."""
        key = dialect.name, request.url, request.body
        asked = self._read.get(key)
        if asked is None:
            asked = dialect.read_request(request.body, request.url)
            if len(request.body) <= _SHORT:
                if len(self._read) >= _REMEMBERED:
                    self._read.clear()
                self._read[key] = asked
        # What a function of a script might change is its own.
        return replace(asked, params=copied(asked.params)) if asked.params else asked

    def _refused(self, call: HttpCall, fault: Fault, dialect: Dialect) -> Reply:
        call.refused = fault.message
        return fault_reply(fault, dialect)

    def _failed(self, error: HarnessError) -> UnscriptedRequest | UnrecordedRequest:
        """*error* as what no client takes for a failure of the provider; remembered."""
        failure = (
            UnrecordedRequest(error)
            if isinstance(error, CassetteMiss)
            else UnscriptedRequest(error)
        )
        self.failures.append(failure)
        return failure
