"""Live chat models: a dialect, a service that speaks it, and connections to it."""

import copy
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from harness.errors import InputError, shown
from harness.models import ChatModel, Clock, RealClock
from harness.models.binding import Binding
from harness.models.clocks import given_clock
from harness.providers.addresses import is_loopback, joined, public
from harness.providers.keys import find_key
from harness.providers.options import (
    check_names,
    given_address,
    given_headers,
    given_service,
)
from harness.providers.retries import Retries, retry_count
from harness.requests import ChatRequest
from harness.services import Service
from harness.steps import Step
from harness.wire import DIALECTS, Dialect

if TYPE_CHECKING:
    import httpx

    from harness.providers.exchange import Call

__all__ = ["HttpChatModel"]


class HttpChatModel(ChatModel):
    """A chat model that asks a *service* over HTTP; subclasses say which.

    *model* is the provider's name of a model. *api_key* and *base_url* are found in
    the environment where they are not given; with a *base_url* of your own no key is
    needed. *timeout* (seconds, or an `httpx.Timeout`) bounds each wait, *max_retries*
    says how often a request is sent again when trying again may help,
    *default_headers* go with every request, *client* and *async_client* are httpx
    clients of your own, *clock* tells how real waits are. All further keywords
    (*params*: ``temperature``, ``max_tokens``, ``stop``, ...) are parameters of every
    request.

    What is bound to the model or copied from it shares its connections. They need not
    be closed; ``close``, ``aclose``, ``with`` and ``async with`` do it at once.

    Raises InputError for what is none of this, AuthenticationError where there is no
    key.

    >>> class LabModel(HttpChatModel):
    ...     service = Service("Lab", "openai-chat", "http://gpu:8000/v1", open=True)
    >>> LabModel("our-model", temperature=0).dialect.name
    'openai-chat'
    """

    #: Who is asked, where no other service is given.
    service: Service
    clock: Clock = RealClock()
    blocking: ClassVar[bool] = True

    def __init__(  # noqa: PLR0913 - the options of a model, all optional
        self,
        model: str,
        *,
        api_key: object = None,
        base_url: str | None = None,
        timeout: "float | httpx.Timeout | None" = None,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        client: "httpx.Client | None" = None,
        async_client: "httpx.AsyncClient | None" = None,
        clock: Clock | None = None,
        service: Service | None = None,
        **params: Any,
    ) -> None:
        # httpx takes its time to load; only who talks to a provider waits for it.
        from harness.providers.connections import Connections, timeout_of

        if not isinstance(model, str) or not model.strip():
            raise InputError(f"model={shown(model)}; give the name of a model.")
        check_names(params)
        #: The name of the model.
        self.model = model
        self.service = given_service(service, type(self))
        address, chosen = given_address(base_url, self.service)
        #: Where the service is.
        self.base_url = address
        needed = not (chosen or self.service.open)
        self._key = find_key(api_key, self.service, needed=needed)
        self._headers = given_headers(default_headers, self.service)
        self._timeout = timeout_of(timeout)
        self._retries = retry_count(max_retries)
        self._connections = Connections(
            client=client, async_client=async_client, direct=is_loopback(address)
        )
        if clock is not None:
            self.clock = given_clock(clock)
        self.binding = Binding().bound({"model": model, **params})

    # ---------------------------------------------------------------- playing

    @property
    def dialect(self) -> Dialect:
        """The wire format that the service speaks."""
        spoken = self.service.dialect
        return DIALECTS[spoken] if isinstance(spoken, str) else spoken

    def asked(self, request: ChatRequest) -> ChatRequest:
        """*request* as it is to be sent; subclasses add what their provider wants."""
        return request if request.model else replace(request, model=self.model)

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """What the service answers, as it arrives. Raises InputError.

        The request is written at once, and sent with the first step.
        """
        return self._retried().play(request)

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same in a task."""
        return self._retried().aplay(request)

    def _retried(self) -> Retries:
        from harness.providers.exchange import Exchange

        return Retries(Exchange(self._call, self._connections), self._retries)

    def _call(self, request: ChatRequest) -> "Call":
        from harness.providers.exchange import Call

        asked, dialect = self.asked(request), self.dialect
        accepted = dialect.stream_type if asked.stream else "application/json"
        headers = {
            "accept": accepted,
            "content-type": "application/json",
            "user-agent": "chat-harness",
            **self._key.headers(self.service),
            **self._headers,
        }
        url = joined(self.base_url, dialect.path(asked), self.service.version)
        body = dialect.write_request(asked)
        return Call(dialect, url, headers, body, self._key, self._timeout)

    # ---------------------------------------------------------------- closing

    def close(self) -> None:
        """Close the connections of this model and its copies; calls open new ones."""
        self._connections.close()

    async def aclose(self) -> None:
        """The same, and those of the event loop that runs."""
        await self._connections.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __deepcopy__(self, memo: object) -> Self:
        """A copy that shares the connections, as every copy does."""
        return copy.copy(self)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({self.model!r}, base_url={public(self.base_url)!r})"
