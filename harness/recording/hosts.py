"""Which hosts are those of model providers, and how hosts are named."""

import fnmatch
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from harness.errors import InputError, shown

__all__ = ["PROVIDER_HOSTS", "host_of", "host_patterns", "is_local", "is_one_of"]

#: Where providers of models answer; `*` is any part of a name.
PROVIDER_HOSTS = (
    "api.openai.com",
    "*.api.openai.com",
    "*.openai.azure.com",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
    "*.inference.ai.azure.com",
    "models.inference.ai.azure.com",
    "models.github.ai",
    "api.githubcopilot.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "aiplatform.googleapis.com",
    "*-aiplatform.googleapis.com",
    "bedrock-runtime.*.amazonaws.com",
    "bedrock-runtime-fips.*.amazonaws.com",
    "api.ai21.com",
    "api.cerebras.ai",
    "api.cohere.ai",
    "api.cohere.com",
    "api.deepinfra.com",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.groq.com",
    "api.hyperbolic.xyz",
    "api.mistral.ai",
    "codestral.mistral.ai",
    "api.minimax.io",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.novita.ai",
    "api.perplexity.ai",
    "api.replicate.com",
    "api.sambanova.ai",
    "api.together.ai",
    "api.together.xyz",
    "api.voyageai.com",
    "api.writer.com",
    "api.x.ai",
    "api.z.ai",
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "integrate.api.nvidia.com",
    "ai-gateway.vercel.sh",
    "gateway.ai.cloudflare.com",
    "api-inference.huggingface.co",
    "router.huggingface.co",
    "openrouter.ai",
    "ollama.com",
    "localhost:11434",
    "127.0.0.1:11434",
)

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_one_of(
    patterns: Iterable[str], host: str, port: int | str | None = None
) -> bool:
    """Whether *host* is among *patterns*: names, or with the wildcards of a shell.

    `host:port` is that port alone.

    >>> is_one_of(["*.openai.azure.com"], "lab.openai.azure.com", 443)
    True
    """
    return any(
        fnmatch.fnmatchcase(spelling, pattern)
        for spelling in (host, f"{host}:{port}")
        for pattern in patterns
    )


def host_of(url: str) -> tuple[str, int | None]:
    """Host and port of *url*, as patterns name them.

    >>> host_of("https://API.openai.com/v1/models")
    ('api.openai.com', 443)
    >>> host_of("http://[fe80::1%eth0]:8000"), host_of("http://localhost%.b.c")
    (('fe80::1', 8000), ('localhost%.b.c', 80))
    """
    said = urlsplit(url)
    host = (said.hostname or "").rstrip(".")
    if ":" in host:  # only an address of IPv6 has a zone: in a name, % is a letter
        host = host.partition("%")[0]
    return host, said.port or _PORTS.get(said.scheme)


def host_patterns(hosts: Iterable[object]) -> tuple[str, ...]:
    """The patterns that *hosts* are. Raises InputError for what names no host."""
    patterns = []
    for host in hosts:
        if not isinstance(host, str) or not host or "/" in host:
            name = host_of(host)[0] if isinstance(host, str) else ""
            hint = f" Did you mean {name!r}?" if name else ""
            raise InputError(
                f"{shown(host)} is no host: give a name such as 'api.openai.com', "
                f"'*.openai.azure.com' or 'llm.internal:8080', without a path.{hint}"
            )
        patterns.append(host.lower())
    return tuple(patterns)


def is_local(host: str) -> bool:
    """Whether *host* is this machine."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified
