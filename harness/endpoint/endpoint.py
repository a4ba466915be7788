"""A provider's HTTP interface as a function: a request in, a reply out, no I/O.

Behind it is any source; before it, any face: transports, clients, a server.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from harness.endpoint.calls import Clocked, HttpCall
from harness.endpoint.replies import Reply, fault_reply, rendered
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

T = TypeVar("T")

#: How many requests are known again, of how many bytes at most.
_REMEMBERED, _SHORT = 64, 1 << 14

#: Looks at a request before it is answered: a Fault turns it down.
Gate: TypeAlias = Callable[[HttpCall], Fault | None]
#: Makes of a reply the one that is sent in its place.
Spoiler: TypeAlias = Callable[[HttpCall, Reply, Dialect], Reply]


class Endpoint:
    """Answers HTTP requests with what *source* plays, in the words of its provider.

    A request is read in the dialect that its URL tells; the *gates* may turn it down,
    *spoilers* spoil the reply. What came and went is in *calls*. *now* tells the time.
    """

    def __init__(
        self,
        source: Source,
        *,
        gates: Sequence[Gate] = (),
        spoilers: Sequence[Spoiler] = (),
        now: Clocked = lambda: 0.0,
    ) -> None:
        self.source = source
        self.calls: list[HttpCall] = []
        #: What the source could not answer, for the test to hear of.
        self.failures: list[UnscriptedRequest | UnrecordedRequest] = []
        self._gates = tuple(gates)
        self._spoilers = tuple(spoilers)
        self._now = now
        self._lock = threading.RLock()
        self._read: dict[tuple[str, str, bytes], ChatRequest] = {}

    def fresh(self, source: Source) -> "Endpoint":
        """Another one like it, which *source* answers, and that nothing was asked."""
        return Endpoint(
            source,
            gates=[_anew(gate) for gate in self._gates],
            spoilers=[_anew(spoiler) for spoiler in self._spoilers],
            now=self._now,
        )

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
            call = HttpCall(len(self.calls), request, self._now(), patience=patience)
            self.calls.append(call)
            try:
                reply = self._reply(call)
            except (UnrecordedRequest, UnscriptedRequest) as failure:
                call.refused = str(failure)
                call.end("connection", self._now())
                raise
        return call.followed(reply, self._now, self._failed)

    def _reply(self, call: HttpCall) -> Reply:
        dialect = dialect_of(call.url)
        if dialect is None:
            unknown = Fault(f"no such path: {call.url}", status=404)
            return self._refused(call, unknown, DIALECTS["openai-chat"])
        call.dialect = dialect.name
        try:
            call.asked = self._asked(call.request, dialect)
        except WireError as error:
            return self._refused(call, Fault(str(error), status=400), dialect)
        for gate in self._gates:
            if (fault := gate(call)) is not None:
                return self._refused(call, fault, dialect)
        try:
            reply = rendered(self.source.play(call.asked), call.asked, dialect)
        except HarnessError as error:
            raise self._failed(error) from None
        for spoil in self._spoilers:
            reply = spoil(call, reply, dialect)
        return reply

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
        """*error* as what no client takes for a failure of the provider."""
        failure = (
            UnrecordedRequest(error)
            if isinstance(error, CassetteMiss)
            else UnscriptedRequest(error)
        )
        self.failures.append(failure)
        return failure


def _anew(one: T) -> T:
    """The gate or spoiler *one*, which has counted nothing: what counts has `fresh`."""
    fresh: Callable[[], T] | None = getattr(one, "fresh", None)
    return one if fresh is None else fresh()
