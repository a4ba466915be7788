"""Ready clients of official SDKs and of frameworks on them, which ask a fake.

What a client is called, which package has it, and how it is made stands in one table.
"""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from harness.errors import InputError, shown

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic
    from google.genai import Client as GenaiClient
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI
    from openai import AsyncOpenAI, OpenAI
    from pydantic_ai.models import Model

__all__ = ["Clients"]

#: What a client says for a key: never a real one that the environment has.
_KEY = "fake-key"

#: Options by name, as an SDK takes them.
_Options = dict[str, Any]


class Clients:
    """What makes clients that ask `transport`, each as its SDK makes them by default.

    Options go to the SDK as they are: ``timeout=``, ``max_retries=``. Each raises
    InputError where the package is not installed.

    >>> from harness import FakeProvider
    >>> client = FakeProvider("Hello!").openai(max_retries=0)
    >>> client.responses.create(model="gpt-5-mini", input="Hi").output_text
    'Hello!'
    """

    def transport(self) -> Any:
        """A transport for clients of httpx and httpx2, awaited or not."""
        raise NotImplementedError

    def openai(self, **options: Any) -> "OpenAI":
        """An ``openai.OpenAI``."""
        client: OpenAI = self._client("openai", options)
        return client

    def async_openai(self, **options: Any) -> "AsyncOpenAI":
        """An ``openai.AsyncOpenAI``."""
        client: AsyncOpenAI = self._client("async_openai", options)
        return client

    def anthropic(self, **options: Any) -> "Anthropic":
        """An ``anthropic.Anthropic``."""
        client: Anthropic = self._client("anthropic", options)
        return client

    def async_anthropic(self, **options: Any) -> "AsyncAnthropic":
        """An ``anthropic.AsyncAnthropic``."""
        client: AsyncAnthropic = self._client("async_anthropic", options)
        return client

    def google_genai(self, **options: Any) -> "GenaiClient":
        """A ``google.genai.Client``; ``.aio`` of it is awaited."""
        client: GenaiClient = self._client("google_genai", options)
        return client

    def langchain_openai(self, **fields: Any) -> "ChatOpenAI":
        """A ``langchain_openai.ChatOpenAI``; of the model "gpt-5-mini" unless given.

        *fields* are its own.
        """
        client: ChatOpenAI = self._client("langchain_openai", fields)
        return client

    def langchain_anthropic(self, **fields: Any) -> "ChatAnthropic":
        """A ``langchain_anthropic.ChatAnthropic``; of "claude-sonnet-5" unless given.

        *fields* are its own.
        It has no field for a transport, so its two clients are put in place.
        """
        client: ChatAnthropic = self._client("langchain_anthropic", fields)
        return client

    def pydantic_ai(self, model: str, **options: Any) -> "Model":
        """The model that Pydantic AI has for *model*: "anthropic:claude-sonnet-5".

        *options* are those of the SDK that it is built on. Raises InputError for a
        provider whose SDK has no client here.
        """
        made: Model = self._client("pydantic_ai", options | {"model": model})
        return made

    def _client(self, kind: str, options: _Options) -> Any:
        made = _KINDS[kind]
        try:
            modules = [import_module(name) for name in made.modules]
        except ImportError as error:
            broken = None if isinstance(error, ModuleNotFoundError) else error
            raise InputError(
                f"{kind}() makes a client of {made.modules[0]!r}, which cannot be "
                f"imported ({error}). Install it: pip install {made.package}."
            ) from broken
        return made.build(self, modules[0], options)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of client: *package* to install, *modules* to import, how to *build*."""

    package: str
    modules: tuple[str, ...]
    build: Callable[[Clients, Any, _Options], Any]


def _sdk(name: str) -> Callable[..., Any]:
    """How the client *name* of openai or anthropic is built."""

    def build(clients: Clients, sdk: Any, options: _Options) -> Any:
        http = _http(clients, sdk, "Async" if name.startswith("Async") else "")
        return getattr(sdk, name)(**{"api_key": _KEY, "http_client": http, **options})

    return build


def _http(clients: Clients, sdk: Any, awaited: str = "") -> Any:
    """An HTTP client of the library that this version of *sdk* takes.

    It says no timeout of its own, so that the SDK has its usual ones.
    """
    (library,) = {
        base.__module__.partition(".")[0]
        for base in getattr(sdk, f"Default{awaited}HttpxClient").__mro__
    } & {"httpx", "httpx2"}
    client = getattr(import_module(library), f"{awaited}Client")
    return client(transport=clients.transport(), follow_redirects=True)


def _google_genai(clients: Clients, sdk: Any, options: _Options) -> Any:
    transport = clients.transport()
    args = {"transport": transport}
    said = options.get("http_options") or {}
    if not isinstance(said, Mapping):
        said = said.model_dump(exclude_none=True)
    http = {"client_args": args, "async_client_args": args, **said}
    client = sdk.Client(**{"api_key": _KEY, **options, "http_options": http})
    # A client closes all that it has when nobody holds it: `google_genai().models`.
    transport.client = client
    return client


def _langchain_openai(clients: Clients, package: Any, fields: _Options) -> Any:
    sdk = import_module("openai")
    given = {
        "model": "gpt-5-mini",
        "api_key": _KEY,
        "http_client": _http(clients, sdk),
        "http_async_client": _http(clients, sdk, "Async"),
    }
    return package.ChatOpenAI(**given | fields)


def _langchain_anthropic(clients: Clients, package: Any, fields: _Options) -> Any:
    sdk = import_module("anthropic")
    given = {"model": "claude-sonnet-5", "api_key": _KEY}
    model = package.ChatAnthropic(**given | fields)
    # Both are cached properties: what stands in the instance is what they give.
    for name, awaited in (("_client", ""), ("_async_client", "Async")):
        asks = getattr(model, name).copy(http_client=_http(clients, sdk, awaited))
        vars(model)[name] = asks
    return model


#: The parameter for a client that a provider of Pydantic AI has, and the client.
_PYDANTIC_AI = {
    "openai_client": "async_openai",
    "anthropic_client": "async_anthropic",
    "client": "google_genai",
}


def _pydantic_ai(clients: Clients, package: Any, options: _Options) -> Any:
    model = options.pop("model")
    providers = import_module("pydantic_ai.providers")

    def provider(name: str) -> Any:
        cls: Any = None
        with suppress(ImportError, ValueError):
            cls = providers.infer_provider_class(name)
        known = inspect.signature(cls).parameters if cls else {}
        for parameter, kind in _PYDANTIC_AI.items():
            if parameter in known:
                return cls(**{parameter: clients._client(kind, options)})
        raise InputError(
            f"pydantic_ai({shown(model)}): no client is made for the provider {name!r}."
            " Some are for 'openai', and those that speak as it does, 'anthropic' and "
            "'google'."
        )

    return package.infer_model(model, provider_factory=provider)


_KINDS: dict[str, _Kind] = {
    "openai": _Kind("openai", ("openai",), _sdk("OpenAI")),
    "async_openai": _Kind("openai", ("openai",), _sdk("AsyncOpenAI")),
    "anthropic": _Kind("anthropic", ("anthropic",), _sdk("Anthropic")),
    "async_anthropic": _Kind("anthropic", ("anthropic",), _sdk("AsyncAnthropic")),
    "google_genai": _Kind("google-genai", ("google.genai",), _google_genai),
    "langchain_openai": _Kind(
        "langchain-openai", ("langchain_openai", "openai"), _langchain_openai
    ),
    "langchain_anthropic": _Kind(
        "langchain-anthropic",
        ("langchain_anthropic", "anthropic"),
        _langchain_anthropic,
    ),
    "pydantic_ai": _Kind("pydantic-ai-slim", ("pydantic_ai.models",), _pydantic_ai),
}
