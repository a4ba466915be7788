"""Where SDKs look for the URL of their provider: variables of the environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.errors import InputError, shown
from harness.providers.addresses import base_url
from harness.services import ANTHROPIC, GEMINI, OPENAI

__all__ = ["POINTERS", "Pointer", "pointers_of"]

#: The variables, and what SDKs add to a server's URL themselves.
POINTERS = {
    "OPENAI_BASE_URL": "{url}/v1",
    "ANTHROPIC_BASE_URL": "{url}",
    "GOOGLE_GEMINI_BASE_URL": "{url}",
    "OLLAMA_HOST": "{url}",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{url}",
}

_PROVIDERS = {
    "OPENAI_BASE_URL": OPENAI.base_url,
    "ANTHROPIC_BASE_URL": ANTHROPIC.base_url,
    "GOOGLE_GEMINI_BASE_URL": GEMINI.base_url,
    "OLLAMA_HOST": "http://127.0.0.1:11434",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://bedrock-runtime.{region}.amazonaws.com",
}
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A *variable* that leads to *url*, a provider's.

    >>> lab = Pointer("LAB_URL", "http://gpu:8000/v1")
    >>> lab.name, lab.root, lab.led_to("http://127.0.0.1:1")
    ('lab_url', 'http://gpu:8000', 'http://127.0.0.1:1/lab_url/v1')
    """

    variable: str
    url: str

    @property
    def name(self) -> str:
        """What the provider is called in paths."""
        return self.variable.lower()

    @property
    def root(self) -> str:
        """The provider's URL without a path."""
        said = urlsplit(self.url)
        return f"{said.scheme}://{said.netloc}"

    def led_to(self, server: str) -> str:
        """What the variable has to say, so that it leads to *server*."""
        return f"{server}/{self.name}{urlsplit(self.url).path}"


def pointers_of(environ: Mapping[str, str], given: Sequence[str]) -> list[Pointer]:
    """All that SDKs look at: as *environ* has it, or by default; and those *given*.

    Each of *given* is "VARIABLE=URL". Raises InputError for what is none.

    >>> [one.url for one in pointers_of({}, ["LAB_URL=http://gpu:8000/v1"])][-1]
    'http://gpu:8000/v1'
    """
    region = next((environ[n] for n in _REGIONS if environ.get(n)), "us-east-1")
    known = {name: url.format(region=region) for name, url in _PROVIDERS.items()}
    set_there = {name: environ[name] for name in known if environ.get(name)}
    more: dict[str, str] = {}
    for one in given:
        variable, _, url = one.partition("=")
        if not (variable.isidentifier() and url):
            raise InputError(
                f"--upstream {shown(one)}: say which variable leads there, such as "
                "OPENAI_BASE_URL=https://api.groq.com/openai/v1."
            )
        more[variable] = url
    wanted = {**known, **set_there, **more}
    return [Pointer(name, base_url(url, name)) for name, url in wanted.items()]
