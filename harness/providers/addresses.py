"""Base URLs: read with care where they are given, joined, and shown without secrets."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from harness.errors import InputError, shown

__all__ = ["base_url", "is_loopback", "joined", "public"]

_OPEN_TO_ALL = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - read, not bound

_VERSION = re.compile(r"/v[0-9]+[a-z0-9]*\Z")
_VERSIONED = re.compile(r"\A/v[0-9]+[a-z0-9]*(?=/)")


def base_url(given: object, source: str) -> str:
    """*given* as a base URL; *source* names where it was given. Raises InputError.

    A trailing slash is dropped. Ollama's way of writing is understood too: a host
    without a scheme, where *source* says that it is OLLAMA_HOST.

    >>> base_url("0.0.0.0", "OLLAMA_HOST")
    'http://127.0.0.1:11434'
    """
    if not isinstance(given, str):
        raise InputError(f"{source}={shown(given)}; give the URL as a string.")
    text = given.strip()
    if source == "OLLAMA_HOST":
        text = _of_ollama(text)
    try:
        parts = urlsplit(text)
        sound = parts.hostname and (parts.port is None or parts.port > 0)
        if parts.netloc.isascii():
            (parts.hostname or "").encode("idna")  # labels have 1 to 63 characters
    except ValueError:
        sound = False
        parts = SplitResult("", "", "", "", "")
    sound = sound and text.isprintable() and " " not in text
    if parts.scheme not in ("http", "https") or not sound:
        raise InputError(
            f"{source}={shown(public(text))} is no URL of a server; give one such as "
            "'https://api.example.com/v1' or 'http://localhost:8000/v1'."
        )
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _of_ollama(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    host, slash, path = rest.partition("/")
    if not host.rpartition(":")[2].isdecimal():
        port = "" if separator else "11434"
        host = f"{host.rstrip(':')}:{port}".rstrip(":")
    name, colon, port = host.rpartition(":")
    if name in _OPEN_TO_ALL:
        host = f"{_OPEN_TO_ALL[name]}{colon}{port}"
    return f"{scheme}://{host}{slash}{path}"


def joined(base: str, path: str, version: str = "") -> str:
    """The URL of *path*, which may have a query, below *base*, which may have one too.

    The path begins with *version*, where neither it nor *base* says one; where both do,
    that of *base* counts.

    >>> joined("https://x.example/openai?api-version=1", "/chat/completions")
    'https://x.example/openai/chat/completions?api-version=1'
    >>> joined("https://x.example/v2", "/messages", "/v1")
    'https://x.example/v2/messages'
    """
    above, below = urlsplit(base), urlsplit(path)
    rest = _VERSIONED.sub("", below.path)
    if not _VERSION.search(above.path):
        rest = below.path if rest != below.path else version + rest
    query = "&".join(filter(None, (above.query, below.query)))
    return urlunsplit((above.scheme, above.netloc, above.path + rest, query, ""))


def public(url: str) -> str:
    """*url* without user, password and query, which may be secrets.

    >>> public("https://me:secret@x.example/v1?key=secret")
    'https://x.example/v1'
    """
    bare = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = bare.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def is_loopback(url: str) -> bool:
    """Whether *url* is on this machine: no proxy is asked for it.

    >>> is_loopback("http://localhost:11434"), is_loopback("https://x.example")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
