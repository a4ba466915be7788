"""The options of a live model: each read with care, in one place."""

import difflib
import os
import re
from collections.abc import Mapping
from typing import Any

from harness.errors import InputError, nearest, shown
from harness.providers.addresses import base_url
from harness.services import Service
from harness.wire import DIALECTS

__all__ = ["check_names", "given_address", "given_headers", "given_service"]

_OPTIONS = (
    "api_key base_url timeout max_retries default_headers client async_client clock "
    "service"
).split()
#: How other libraries call the same; unnoticed they would be sent to the provider.
_ALIASES = {
    "headers": "default_headers",
    "http_client": "client",
    "max_retry": "max_retries",
    "http_async_client": "async_client",
    "model_name": "model",
    "request_timeout": "timeout",
}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def given_service(given: object, kind: type) -> Service:
    """The service that was *given*, or that of the class *kind*. Raises InputError."""
    service = getattr(kind, "service", None) if given is None else given
    if not isinstance(service, Service):
        raise InputError(
            f"service={shown(service)}: {kind.__name__} needs a Service to ask."
        )
    if isinstance(service.dialect, str) and service.dialect not in DIALECTS:
        raise InputError(
            f"There is no dialect {service.dialect!r} for {service.name}. "
            f"{nearest(service.dialect, DIALECTS)}"
        )
    return service


def given_address(given: object, service: Service) -> tuple[str, bool]:
    """The base URL, and whether it is not simply that of *service*.

    Raises InputError for what is no URL.
    """
    if given is not None:
        return base_url(given, "base_url"), True
    for variable in service.url_variables:
        if text := os.environ.get(variable, "").strip():
            return base_url(text, variable), True
    return base_url(service.base_url, "Service.base_url"), False


def given_headers(given: object, service: Service) -> dict[str, str]:
    """The headers of every request: those of *service*, and on top those *given*.

    Raises InputError for what cannot be sent.
    """
    if not isinstance(given, Mapping | None):
        raise InputError(f"default_headers={shown(given)}; give a dict of strings.")
    found = {
        n: os.environ.get(v, "").strip() for n, v in service.header_variables.items()
    }
    said = {**service.headers, **{n: v for n, v in found.items() if v}, **(given or {})}
    for name, value in said.items():
        if not (isinstance(name, str) and _HEADER.fullmatch(name)):
            raise InputError(f"{shown(name)} is no name of a header.")
        if not (isinstance(value, str) and value.isascii() and value.isprintable()):
            raise InputError(
                f"The header {name!r} has a value that cannot be sent (it is not shown "
                "here): give a string of printable ASCII."
            )
    return {name.lower(): value for name, value in said.items()}


def check_names(params: Mapping[str, Any]) -> None:
    """Refuse *params* that were meant as options: they would go to the provider."""
    for name in params:
        wanted = _ALIASES.get(name)
        if re.search(r"api_?key|secret", name, re.IGNORECASE):
            wanted = "api_key"
        elif re.search(r"(api_base|base_?url)$", name, re.IGNORECASE):
            wanted = "base_url"
        elif wanted is None:
            close = difflib.get_close_matches(name, _OPTIONS, n=1, cutoff=0.85)
            wanted = close[0] if close else None
        if wanted is not None:
            raise InputError(f"{name}= is no option here; did you mean {wanted}=?")
