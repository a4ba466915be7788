"""Every error that harness raises, named by who has to act.

* HarnessError
  + InputError ............ a value given to harness is not what it takes
    - SchemaError ......... a JSON schema or tool definition cannot be used
    - ToolInputError ...... the arguments or the call given to a tool are wrong
  + ScriptError ........... the script and what the application asked disagree
    - ScriptExhausted ..... one call more than the script has turns
    - UnusedTurns ......... the script has turns that nothing asked for
    - UnmetExpectation .... an assertion on the journal does not hold
  + CassetteError ......... a cassette is missing, damaged or not understood
    - CassetteMiss ........ no recording answers this request
  + WireError ............. bytes of a provider that no dialect can read
  + CallbackError ......... a callback of the application raised
  + OutputError ........... an answer does not have the structure asked for
  + ExecutorError ......... the executor of a batch lost a run: nothing came back
  + ModelError ............ the provider failed, or a script plays that it does
    - RateLimitError, AuthenticationError, BadRequestError, OverloadedError,
      ServerError, ModelTimeoutError, ModelConnectionError,
      InterruptedStreamError

UnrecordedRequest and NetworkBlocked are none of them: no `except Exception` may swallow
them. One carries the CassetteMiss of a request that would have gone to the network, the
other names what tried to. CassetteWarning is no error: an interaction is not as it was
recorded, or older than it may be.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "AuthenticationError",
    "BadRequestError",
    "CallbackError",
    "CassetteError",
    "CassetteMiss",
    "CassetteWarning",
    "ExecutorError",
    "HarnessError",
    "InputError",
    "InterruptedStreamError",
    "ModelConnectionError",
    "ModelError",
    "ModelTimeoutError",
    "NetworkBlocked",
    "OutputError",
    "OverloadedError",
    "RateLimitError",
    "SchemaError",
    "ScriptError",
    "ScriptExhausted",
    "ServerError",
    "ToolInputError",
    "UnmetExpectation",
    "UnrecordedRequest",
    "UnscriptedRequest",
    "UnusedTurns",
    "WireError",
    "nearest",
    "shown",
]


class HarnessError(Exception):
    """Everything harness raises on purpose is one of these."""


class InputError(HarnessError, ValueError):
    """A value given to harness is not one it takes."""


class SchemaError(InputError):
    """A JSON schema or a tool definition cannot be used."""


class ToolInputError(InputError):
    """A tool was called by a wrong name, or with wrong arguments."""


class ScriptError(HarnessError):
    """The script and what the application asked disagree: the test is wrong."""


class ScriptExhausted(ScriptError):
    """The application asked once more than the script has turns."""


class UnusedTurns(ScriptError):
    """The test ended, and turns of the script were never asked for."""


class UnmetExpectation(ScriptError, AssertionError):
    """An assertion on the journal of calls does not hold."""


class CassetteError(HarnessError):
    """A cassette is missing, damaged, or in a form that is not understood."""


class CassetteMiss(CassetteError):
    """No recording of the cassette answers this request; *message* says why.

    *asked* is that request, without secrets: an HttpRequest or a ChatRequest; *nearest*
    is the Interaction most like it, None where there is none.
    """

    def __init__(
        self, message: str, asked: object = None, nearest: object = None
    ) -> None:
        super().__init__(message)
        self.asked, self.nearest = asked, nearest


class _Unhidden(BaseException):
    """What passes every `except Exception`."""

    # LangChain's `ainvoke` takes what is no Exception for an answer, and tells its
    # callbacks of it, before it raises it: an answer that says nothing.
    generations: ClassVar[tuple[()]] = ()
    llm_output: ClassVar[None] = None


class UnrecordedRequest(_Unhidden):
    """A request that was not recorded, and may not go to the network.

    Clients retry what is an Exception and report something else in the end; so this
    is none. *miss* says what was asked, what is nearest and what to do.
    """

    def __init__(self, miss: CassetteMiss) -> None:
        super().__init__(miss)
        self.miss = miss

    def __str__(self) -> str:
        return str(self.miss)


class UnscriptedRequest(BaseException):
    """A request over HTTP that the script has no lawful answer to.

    No `Exception`, for the reason of an `UnrecordedRequest`. *error* is what the same
    script raises in a `FakeChatModel`.
    """

    def __init__(self, error: HarnessError) -> None:
        super().__init__(error)
        self.error = error

    def __str__(self) -> str:
        return str(self.error)


class CassetteWarning(UserWarning):
    """An interaction is not as it was recorded, or older than it may be."""


class NetworkBlocked(_Unhidden):
    """Something tried to reach another machine where no network is allowed.

    *message* says so. No `Exception`, so that no retry of an SDK or an application
    hides it. *host* and *port* (None for a lookup without one) are what was asked for,
    *test* is the test that pytest runs ("" outside), *code* the line that led there,
    and *client* names the libraries between it and the network ("openai > httpx2").
    """

    def __init__(
        self,
        message: str,
        *,
        host: str = "",
        port: int | str | None = None,
        test: str = "",
        code: str = "",
        client: str = "",
    ) -> None:
        super().__init__(message)
        self.host = host
        self.port = port
        self.test = test
        self.code = code
        self.client = client


class WireError(HarnessError):
    """A provider's bytes break the rules of their wire format.

    *dialect* names the format, *event* is the number of the event (from 1; None
    outside a stream), *data* what it said, and *partial* the message that was
    understood before it (None where there was none).
    """

    def __init__(
        self,
        message: str,
        *,
        dialect: str | None = None,
        event: int | None = None,
        data: str | None = None,
        partial: object = None,
    ) -> None:
        super().__init__(message)
        self.dialect = dialect
        self.event = event
        self.data = data
        self.partial = partial


class CallbackError(HarnessError):
    """A callback of the application raised; the cause is its error."""


class OutputError(HarnessError):
    """A model's answer does not have the structure that was asked for."""


class ExecutorError(HarnessError):
    """The executor of a batch lost a run: it is shut down, or a worker died."""


class ModelError(HarnessError):
    """The provider failed, or a script plays that it does.

    *status* is the HTTP status (None where there was none), *retry_after* the
    seconds that the provider asks to wait, *partial* the message received so
    far (None where the answer had not begun).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        partial: object = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.partial = partial


class RateLimitError(ModelError):
    """Too many requests or tokens (429)."""


class AuthenticationError(ModelError):
    """The key is missing, wrong, or may not do this (401, 403)."""


class BadRequestError(ModelError):
    """The provider refuses the request as it is (400, 404, 413, 422)."""


class OverloadedError(ModelError):
    """The provider is too busy for now (503, 529)."""


class ServerError(ModelError):
    """The provider broke (any other 5xx)."""


class ModelTimeoutError(ModelError, TimeoutError):
    """No answer in time (408, 504, or a timeout of the client)."""


class ModelConnectionError(ModelError, ConnectionError):
    """The provider could not be reached, or hung up before it answered."""


class InterruptedStreamError(ModelError):
    """The stream broke off; *partial* is the message up to there."""


def shown(value: object, *, limit: int = 200) -> str:
    """The repr of *value*, cut to *limit* characters, for an error's text."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that lists the *known* names, the one most like *name* first.

    >>> nearest("get_wether", ["search", "get_weather"])
    "Did you mean 'get_weather'? Known: 'get_weather', 'search'."
    """
    names = sorted(known)
    if not names:
        return "There is none."
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(map(repr, names))}."
