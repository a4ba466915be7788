"""Who answers: where, in which dialect, and how it is told who asks."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Final

from harness.wire import Dialect

__all__ = [
    "ANTHROPIC",
    "COMPATIBLE",
    "GEMINI",
    "OLLAMA",
    "OPENAI",
    "OPENAI_RESPONSES",
    "Service",
]


@dataclass(frozen=True, slots=True)
class Service:
    """A provider of models.

    *dialect* is a name of `harness.wire.DIALECTS`, or a dialect of your own; *version*
    begins its paths, where *base_url* does not end in one. Keys and URLs are looked
    for in the environment under *key_variables* and *url_variables*, the first that is
    set wins.
    The key goes into *key_header*, after *key_prefix*. A service that is *open* needs
    none. *header_variables* are headers that have the value of a variable, if it is
    set. *stream_options* tells whether a request may have the field of that name.

    >>> lab = Service("Lab", "openai-chat", "http://gpu:8000/v1", open=True)
    """

    name: str
    dialect: str | Dialect
    base_url: str
    _: KW_ONLY
    version: str = ""
    key_variables: tuple[str, ...] = ()
    url_variables: tuple[str, ...] = ()
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    header_variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    open: bool = False
    stream_options: bool = True


_OF_OPENAI = {
    "openai-organization": "OPENAI_ORG_ID",
    "openai-project": "OPENAI_PROJECT_ID",
}

OPENAI: Final = Service(
    "OpenAI",
    "openai-chat",
    "https://api.openai.com/v1",
    key_variables=("OPENAI_API_KEY",),
    url_variables=("OPENAI_BASE_URL",),
    header_variables=_OF_OPENAI,
)
OPENAI_RESPONSES: Final = Service(
    "OpenAI",
    "openai-responses",
    "https://api.openai.com/v1",
    key_variables=("OPENAI_API_KEY",),
    url_variables=("OPENAI_BASE_URL",),
    header_variables=_OF_OPENAI,
)
ANTHROPIC: Final = Service(
    "Anthropic",
    "anthropic-messages",
    "https://api.anthropic.com",
    version="/v1",
    key_variables=("ANTHROPIC_API_KEY",),
    url_variables=("ANTHROPIC_BASE_URL",),
    key_header="x-api-key",
    key_prefix="",
    headers={"anthropic-version": "2023-06-01"},
)
GEMINI: Final = Service(
    "Gemini",
    "gemini",
    "https://generativelanguage.googleapis.com",
    version="/v1beta",
    key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    url_variables=("GOOGLE_GEMINI_BASE_URL",),
    key_header="x-goog-api-key",
    key_prefix="",
)
OLLAMA: Final = Service(
    "Ollama",
    "ollama-chat",
    "http://localhost:11434",
    key_variables=("OLLAMA_API_KEY",),
    url_variables=("OLLAMA_HOST",),
    open=True,
)


def _compatible(
    name: str, base_url: str, *variables: str, stream_options: bool = True
) -> Service:
    return Service(
        name,
        "openai-chat",
        base_url,
        key_variables=variables,
        stream_options=stream_options,
    )


#: Who else speaks OpenAI's Chat Completions, by the name that `init_chat_model` knows.
COMPATIBLE: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "cerebras": _compatible(
            "Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"
        ),
        "deepseek": _compatible(
            "DeepSeek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"
        ),
        "fireworks": _compatible(
            "Fireworks",
            "https://api.fireworks.ai/inference/v1",
            "FIREWORKS_API_KEY",
        ),
        "groq": _compatible("Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        "huggingface": _compatible(
            "Hugging Face", "https://router.huggingface.co/v1", "HF_TOKEN"
        ),
        # Mistral refuses a request with stream_options, and tells usage without them.
        "mistralai": _compatible(
            "Mistral",
            "https://api.mistral.ai/v1",
            "MISTRAL_API_KEY",
            stream_options=False,
        ),
        "openrouter": _compatible(
            "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"
        ),
        "perplexity": _compatible(
            "Perplexity",
            "https://api.perplexity.ai",
            "PERPLEXITY_API_KEY",
            "PPLX_API_KEY",
        ),
        "together": _compatible(
            "Together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"
        ),
        "xai": _compatible("xAI", "https://api.x.ai/v1", "XAI_API_KEY"),
    }
)
