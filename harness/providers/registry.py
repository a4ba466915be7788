"""Chat models by name: "openai:gpt-5-mini" and all that is registered beside it."""

import importlib
import threading
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from types import TracebackType
from typing import Any, Self

from harness.errors import InputError, nearest, shown
from harness.models import ChatModel
from harness.providers.models import (
    AnthropicChatModel,
    GeminiChatModel,
    OllamaChatModel,
    OpenAIChatModel,
    OpenAIResponsesModel,
)
from harness.services import COMPATIBLE

__all__ = ["Factory", "Registration", "init_chat_model", "register_provider"]

#: Makes a model: of its name, and of the keywords that `init_chat_model` was given.
Factory = Callable[..., ChatModel]

_GROUP = "chat_harness.providers"


def init_chat_model(
    model: str | ChatModel, *, model_provider: str | None = None, **options: Any
) -> ChatModel:
    """The model that is called "provider:name", or *model* of *model_provider*.

    Well-known names ("gpt-5", "claude-sonnet-4-5") tell their provider. *options* are
    those of the provider's model. A model is given back as it is, with *options* bound.
    "fake:name" plays a script, "replay:name" a cassette, whatever a real model is
    told. Raises InputError for a provider that is not known.

    >>> init_chat_model("openai:gpt-5-mini", api_key="sk-...").model
    'gpt-5-mini'
    >>> init_chat_model("fake:weather")
    <FakeChatModel, 4 turns left. ...>
    """
    if isinstance(model, ChatModel):
        return model.bind(**options) if options else model
    if not isinstance(model, str) or not model.strip():
        raise InputError(
            f"model={shown(model)}; give a name such as 'openai:gpt-5-mini'."
        )
    provider, name = _split(model, model_provider)
    made = _factory(provider)(name, **options)
    if not isinstance(made, ChatModel):
        raise InputError(
            f"The provider {provider!r} made {shown(made)}, which is no ChatModel."
        )
    return made


class Registration:
    """The provider *name*, whose models *factory* makes, as it was registered.

    `register_provider` makes it; ``remove``, or leaving ``with``, undoes it.

    >>> from harness import FakeChatModel
    >>> lab = register_provider("lab", lambda model, **options: FakeChatModel("Hi"))
    >>> init_chat_model("lab:small").invoke("Hello").text
    'Hi'
    >>> lab.remove()
    """

    def __init__(self, name: str, factory: Factory) -> None:
        self.name = name
        self.factory = factory
        with _LOCK:
            _REGISTERED.setdefault(name, []).append(self)

    def remove(self) -> None:
        """Let the name mean again what it meant before."""
        with _LOCK:
            left = [one for one in _REGISTERED.get(self.name, ()) if one is not self]
            _REGISTERED[self.name] = left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def register_provider(name: str, factory: Factory) -> Registration:
    """Let `init_chat_model` make the models of *name* with *factory*.

    It also takes the place of a provider that is known: so a test gives the program
    under test a fake. A package registers its provider as an entry point of the group
    ``chat_harness.providers``. Raises InputError.

    >>> from harness import FakeChatModel
    >>> with register_provider("openai", lambda model, **options: FakeChatModel("Hi")):
    ...     init_chat_model("openai:gpt-5-mini").invoke("Hello").text
    'Hi'
    """
    if not isinstance(name, str) or not name.strip() or ":" in name:
        raise InputError(
            f"{shown(name)} is no name of a provider; give one like 'lab'."
        )
    if not callable(factory):
        raise InputError(f"factory={shown(factory)} makes no models: give a function.")
    return Registration(_plain(name), factory)


# ------------------------------------------------------------------- what is known


def _stand_in(module: str, maker: str, name: str, **options: Any) -> ChatModel:
    # Rooms of one floor do not import each other: this one only knows a name.
    make: Any = importlib.import_module(module)
    for part in maker.split("."):
        make = getattr(make, part)
    taken = {key: options.pop(key) for key in _TAKEN if key in options}
    asked = {key: value for key, value in options.items() if key not in _CONNECTING}
    made: ChatModel = make(name, **taken)
    return made.bind(**asked)


_TAKEN = ("clock", "directory")
_CONNECTING = frozenset(
    "api_key base_url timeout max_retries default_headers client async_client service "
    "stream_usage betas".split()
)
_FACTORIES: dict[str, Factory] = {
    "anthropic": AnthropicChatModel,
    "fake": partial(_stand_in, "harness.fake", "FakeChatModel.load"),
    "google_genai": GeminiChatModel,
    "ollama": OllamaChatModel,
    "openai": OpenAIChatModel,
    "openai_responses": OpenAIResponsesModel,
    "replay": partial(_stand_in, "harness.replay", "ReplayChatModel"),
    **{
        name: partial(OpenAIChatModel, service=service)
        for name, service in COMPATIBLE.items()
    },
}
_ALIASES = {
    "gemini": "google_genai",
    "google": "google_genai",
    "hf": "huggingface",
    "mistral": "mistralai",
}
#: By name, the last registered last: that one counts.
_REGISTERED: dict[str, list[Registration]] = {}
_LOCK = threading.Lock()

#: How names of models begin, and whose they are.
_FAMILIES: tuple[tuple[str, str], ...] = (
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("ft:", "openai"),
    ("claude", "anthropic"),
    ("gemini", "google_genai"),
    ("mistral", "mistralai"),
    ("mixtral", "mistralai"),
    ("codestral", "mistralai"),
    ("deepseek", "deepseek"),
    ("grok", "xai"),
    ("sonar", "perplexity"),
    ("accounts/fireworks", "fireworks"),
)


def _plain(name: str) -> str:
    plain = name.strip().lower().replace("-", "_")
    return _ALIASES.get(plain, plain)


def _split(model: str, provider: object) -> tuple[str, str]:
    """Provider and name of *model*."""
    if provider is not None:
        if not isinstance(provider, str):
            raise InputError(f"model_provider={shown(provider)}; give its name.")
        return _plain(provider), model
    before, colon, after = model.partition(":")
    if colon and _plain(before) in _known():
        if not after.strip():
            raise InputError(f"model={model!r} names a provider, but no model of it.")
        return _plain(before), after
    for beginning, known in _FAMILIES:
        if model.lower().startswith(beginning):
            return known, model
    if colon:
        raise _unknown(before)
    raise InputError(
        f"Whose model is {model!r}? Say its provider: 'provider:{model}', or "
        f"model_provider=. {nearest('', _known())}"
    )


def _known() -> set[str]:
    installed = {_plain(point.name) for point in entry_points(group=_GROUP)}
    registered = {name for name, ones in _REGISTERED.items() if ones}
    return {*registered, *_FACTORIES, *installed}


def _factory(name: str) -> Factory:
    """What makes the models of *name*: registered, built in, or installed."""
    if registered := _REGISTERED.get(name):
        return registered[-1].factory
    if name in _FACTORIES:
        return _FACTORIES[name]
    for point in entry_points(group=_GROUP):
        if _plain(point.name) == name:
            loaded: Factory = point.load()
            return loaded
    raise _unknown(name)


def _unknown(name: str) -> InputError:
    return InputError(
        f"No provider is called {name!r}. {nearest(name, _known())} Others are added "
        "with register_provider; a server that speaks as OpenAI does needs only "
        "OpenAIChatModel(..., base_url=...)."
    )
