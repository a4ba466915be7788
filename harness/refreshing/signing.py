"""A recorded request, to be sent again: with the keys of today, and no placeholders.

A provider's key goes to the provider's own hosts, to this machine, and to where the
environment points that provider: a cassette is no reason to send it anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.secret_names import ACCOUNT, COOKIE, REQUEST_ID, header_kind
from harness.errors import InputError, shown
from harness.recording.hosts import host_of, is_local, is_one_of
from harness.services import (
    ANTHROPIC,
    COMPATIBLE,
    GEMINI,
    OLLAMA,
    OPENAI,
    OPENAI_RESPONSES,
    Service,
)
from harness.wire import dialect_of

__all__ = ["Keys", "read_key", "signed"]

_AZURE = Service(
    "Azure",
    "openai-chat",
    "",
    key_variables=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    key_header="api-key",
    key_prefix="",
)
_BEDROCK = Service(
    "Bedrock", "bedrock-converse", "", key_variables=("AWS_BEARER_TOKEN_BEDROCK",)
)
_OWN = (OPENAI, OPENAI_RESPONSES, ANTHROPIC, GEMINI, OLLAMA)
_HOSTS: dict[str, Service] = {
    **{host_of(one.base_url)[0]: one for one in (*COMPATIBLE.values(), *_OWN[1:4])},
    "*.api.openai.com": OPENAI,
    "*.openai.azure.com": _AZURE,
    "*.cognitiveservices.azure.com": _AZURE,
    "*.services.ai.azure.com": _AZURE,
    "bedrock-runtime.*.amazonaws.com": _BEDROCK,
    "bedrock-runtime-fips.*.amazonaws.com": _BEDROCK,
    "ollama.com": replace(OLLAMA, open=False),
}
#: What the client says itself; and codings that can be undone everywhere.
_OF_THE_WIRE = frozenset(
    "host content-length connection transfer-encoding keep-alive".split()
)
_CODINGS = "gzip, deflate"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in *environ*; *given* names the variable of a host that nobody knows.

    A host may have the wildcards of a shell.
    """

    environ: Mapping[str, str] = field(repr=False)
    given: Mapping[str, str] = field(default_factory=dict)

    def of(self, variables: tuple[str, ...]) -> str:
        """The first key that is there."""
        found = (self.environ.get(name, "").strip() for name in variables)
        return next(filter(None, found), "")


def read_key(said: str) -> tuple[str, str]:
    """A host and the variable that has its key. Raises InputError.

    >>> read_key("llm.internal=LAB_KEY")
    ('llm.internal', 'LAB_KEY')
    """
    host, _, variable = said.partition("=")
    if not (host and variable.isidentifier()):
        raise InputError(
            f"{shown(said)} names no key: give a host and the variable that has it, "
            "such as llm.internal=LAB_KEY."
        )
    return host.lower(), variable


def signed(one: Interaction, keys: Keys) -> tuple[str, Headers]:
    """URL and headers of *one*, as they are to be sent now.

    Raises InputError for a key that is wanted and not there.
    """
    name, prefix, key = _credential(one, keys)
    shown_key = f"{prefix}{key}"
    headers: list[tuple[str, str]] = []
    for header, said in one.request_headers:
        low = header.lower()
        if low in _OF_THE_WIRE or low == name or _is_hidden(said):
            continue
        headers.append((header, _CODINGS if low == "accept-encoding" else said))
    service = _service(one.url, keys)
    if service is not None:
        for header, variable in service.header_variables.items():
            asked = any(header == said.lower() for said, _ in one.request_headers)
            if asked and (value := keys.of((variable,))):
                headers = [
                    *(p for p in headers if p[0].lower() != header),
                    (header, value),
                ]
    url, in_query = _keyed(one.url, key)
    if key and not in_query:
        headers.append((name, shown_key))
    return url, tuple(headers)


def _credential(one: Interaction, keys: Keys) -> tuple[str, str, str]:
    """The header of the key, what stands before it, and the key."""
    host, port = host_of(one.url)
    hidden = [
        header.lower()
        for header, said in one.request_headers
        if _is_hidden(said) and header_kind(header) not in {ACCOUNT, COOKIE, REQUEST_ID}
    ]
    for pattern, variable in keys.given.items():
        if is_one_of([pattern], host, port):
            name = next(iter(hidden), "authorization")
            prefix = "Bearer " if name == "authorization" else ""
            return name, prefix, _there(keys, (variable,), host, variable)
    service = _service(one.url, keys)
    if service is not None:
        variables = service.key_variables
        key = keys.of(variables)
        if not key and not (service.open or is_local(host)):
            _there(keys, variables, service.name, " or ".join(variables))
        return service.key_header, service.key_prefix, key
    if hidden or _is_hidden(one.url):
        raise InputError(
            f"Which key is that of {host}? Say the variable that has it: "
            f"--key-variable {host}=VARIABLE."
        )
    return "", "", ""


def _there(keys: Keys, variables: tuple[str, ...], whose: str, told: str) -> str:
    key = keys.of(variables)
    if not key:
        raise InputError(f"{whose} wants an API key, and there is none: set {told}.")
    return key


def _service(url: str, keys: Keys) -> Service | None:
    """Whose key a request to *url* may have."""
    host, port = host_of(url)
    spoken = dialect_of(url)
    for pattern, service in _HOSTS.items():
        if is_one_of([pattern], host, port) and urlsplit(url).scheme == "https":
            return service
    name = None if spoken is None else spoken.name
    of_it = [one for one in _OWN if one.dialect == name]
    for service in [*of_it, *_OWN]:
        for variable in service.url_variables:
            if (said := keys.environ.get(variable)) and host_of(said) == (host, port):
                return service
    return next(iter(of_it), None) if is_local(host) else None


def _is_hidden(text: str) -> bool:
    return PLACEHOLDER.search(text) is not None


def _keyed(url: str, key: str) -> tuple[str, bool]:
    """*url* with *key* for each placeholder of its query; whether there was one."""
    parts = urlsplit(url)
    if not _is_hidden(parts.query):
        return url, False
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode(
        [(name, key if _is_hidden(said) else said) for name, said in pairs]
    )
    return parts._replace(query=query).geturl(), True
