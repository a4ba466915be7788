"""A provider behind the server: asked live, its answer teed as it comes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.cassettes.exchanges import Exchange
from harness.errors import InputError, nearest, shown
from harness.http_messages import Ending, Headers, HttpRequest
from harness.server.acting import Stage
from harness.server.application import refusal
from harness.server.replaying import HOP_BY_HOP

__all__ = ["Provider", "Providers"]

#: How many seconds nothing may come of a provider.
_PATIENCE = 600


class Provider:
    """The provider at the URL *upstream*, whose path goes before that of requests.

    An answer is read to its end, whoever leaves it before: what is recorded is whole.
    Raises InputError for what is no URL.

    >>> Provider("https://api.openai.com").asked(
    ...     HttpRequest("POST", "http://127.0.0.1:8765/v1/chat/completions")
    ... ).url
    'https://api.openai.com/v1/chat/completions'
    """

    def __init__(self, upstream: str) -> None:
        said = urlsplit(upstream)
        if said.scheme not in ("http", "https") or not said.hostname or said.query:
            raise InputError(
                f"upstream={shown(upstream)}: give the URL of a provider, such as "
                "https://api.openai.com."
            )
        self.upstream = upstream.rstrip("/")
        self._host = said.netloc.rpartition("@")[2]
        self._client: Any = None

    def asked(self, request: HttpRequest) -> HttpRequest:
        """*request* as it is sent to the provider."""
        said = urlsplit(request.url)
        url = f"{self.upstream}{said.path}{f'?{said.query}' if said.query else ''}"
        headers: Headers = tuple(
            (name, self._host if name.lower() == "host" else value)
            for name, value in request.headers
            if name.lower() not in HOP_BY_HOP
        )
        return HttpRequest(request.method, url, headers, request.body)

    async def forward(
        self, request: HttpRequest, stage: Stage, exchange: Exchange
    ) -> None:
        """Ask *request*; act the answer out on *stage* as it comes, telling *exchange*.

        Where no answer comes the client hears 502, and nothing is recorded; what
        breaks off is recorded so, and breaks off.
        """
        import httpx

        client = self._connected()
        sent = httpx.Request(  # no header is added to those of the application
            request.method,
            request.url,
            headers=[(n.encode("latin-1"), v.encode()) for n, v in request.headers],
            content=request.body,
        )
        try:
            answer = await client.send(sent, stream=True)
        except httpx.TransportError as error:
            exchange.drop()
            words = f"{self.upstream} gives no answer: {_words(error)}"
            await stage.play(refusal(words, request.url, status=502))
            return
        headers = tuple(
            (n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers.raw
        )
        exchange.response(
            answer.status_code,
            headers,
            reason=answer.reason_phrase,
            http_version=answer.http_version,
        )
        kept = tuple(pair for pair in headers if pair[0].lower() not in HOP_BY_HOP)
        await stage.start(answer.status_code, kept)
        await self._tee(answer, stage, exchange)

    async def _tee(self, answer: Any, stage: Stage, exchange: Exchange) -> None:
        import httpx

        ended: Ending = "truncated"  # unless more is known: where the server stops
        failure = ""
        try:
            async for data in answer.aiter_raw():
                exchange.chunk(data)
                await stage.write(data)
            ended = "complete"
        except httpx.TransportError as error:
            timed_out = isinstance(error, httpx.TimeoutException)
            ended, failure = "timeout" if timed_out else "interrupted", _words(error)
        finally:
            exchange.end(ended, failure)
            await answer.aclose()
        if ended == "complete":
            await stage.write(b"", more=False)
        else:
            await stage.cut("connection")

    def _connected(self) -> Any:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=True)
        return self._client

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class Providers:
    """Several *upstreams* at one address: each below its name, the first of the path.

    >>> both = Providers({"openai": "https://api.openai.com", "lab": "http://gpu:8000"})
    >>> both.asked(HttpRequest("POST", "http://127.0.0.1:1/lab/v1/responses")).url
    'http://gpu:8000/v1/responses'
    """

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self._providers = {name: Provider(url) for name, url in upstreams.items()}

    def _named(self, url: str) -> tuple[str, str]:
        """The provider that *url* names, and the same URL without its name."""
        start = url.index("/", url.index("//") + 2)
        name, _, rest = url[start + 1 :].partition("/")
        return name, f"{url[:start]}/{rest}"

    def asked(self, request: HttpRequest) -> HttpRequest:
        """*request* as it is sent to the provider; as it is, if it names none."""
        name, url = self._named(request.url)
        if name not in self._providers:
            return request
        below = HttpRequest(request.method, url, request.headers, request.body)
        return self._providers[name].asked(below)

    async def forward(
        self, request: HttpRequest, stage: Stage, exchange: Exchange
    ) -> None:
        """As `Provider.forward`; who named no provider hears which there are."""
        for provider in self._providers.values():
            if request.url.startswith(f"{provider.upstream}/"):
                await provider.forward(request, stage, exchange)
                return
        exchange.drop()
        name, _ = self._named(request.url)
        words = f"no provider is at /{name}. {nearest(name, self._providers)}"
        await stage.play(refusal(words, request.url, status=404))

    async def close(self) -> None:
        """Let go of the connections."""
        for provider in self._providers.values():
            await provider.close()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
