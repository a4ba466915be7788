"""API keys: found where they are kept, sent where they belong, shown nowhere."""

import os
from collections.abc import Callable
from typing import Any

from harness.errors import AuthenticationError, InputError
from harness.services import Service

__all__ = ["ApiKey", "find_key"]

_HIDDEN = "***"


class ApiKey:
    """A key that nothing shows; *variable* is where in the environment it was found.

    A pickle holds a key that was given, and looks up one that was found.
    """

    __slots__ = ("_value", "_variable")

    def __init__(self, value: str, variable: str | None = None) -> None:
        self._value = value
        self._variable = variable

    def __bool__(self) -> bool:
        return bool(self._value)

    def headers(self, service: Service) -> dict[str, str]:
        """The header that tells *service* who asks; none without a key."""
        if not self._value:
            return {}
        return {service.key_header: f"{service.key_prefix}{self._value}"}

    def hidden(self, text: str) -> str:
        """*text* without the key: some servers repeat it in their errors."""
        return text.replace(self._value, _HIDDEN) if len(self._value) > 4 else text

    def __repr__(self) -> str:
        place = f" of {self._variable}" if self._variable else ""
        return f"<ApiKey{place}>" if self._value else "<no ApiKey>"

    def __reduce__(self) -> tuple[Callable[..., "ApiKey"], tuple[Any, ...]]:
        if self._variable is not None:
            return _found_again, (self._variable,)
        return ApiKey, (self._value,)


def _looked_up(variable: str) -> ApiKey:
    return ApiKey(_checked(os.environ.get(variable, ""), variable), variable)


def _found_again(variable: str) -> ApiKey:
    if key := _looked_up(variable):
        return key
    raise AuthenticationError(
        f"The API key was found in {variable}, which is not set in this process: a key "
        'of the environment is not sent along. Set it here too, or give api_key="...".'
    )


def find_key(given: object, service: Service, *, needed: bool) -> ApiKey:
    """The key that was *given*, or else that of the environment.

    "" says that there shall be none. Raises AuthenticationError where there is none
    but one is *needed*, InputError for what cannot be a key.
    """
    secret = getattr(given, "get_secret_value", None)
    if secret is not None:
        given = secret()
    if given is not None:
        return ApiKey(_checked(given, "api_key"))
    for variable in service.key_variables:
        if key := _looked_up(variable):
            return key
    if not needed:
        return ApiKey("")
    where = " or ".join(service.key_variables) or "no variable of the environment"
    raise AuthenticationError(
        f"{service.name} wants an API key, and there is none: set {where}, or give "
        'api_key="..." (api_key="" asks without one).'
    )


def _checked(value: object, source: str) -> str:
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InputError(f"{source} is a {kind}, not a string.")
    key = value.strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            f"{source} has characters that no key has (it is not shown here); was more "
            "than the key copied?"
        )
    return key
