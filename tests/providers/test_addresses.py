"""Base URLs: read, joined, shown."""

import pytest

from harness.providers.addresses import base_url, is_loopback, joined, public


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - read, not bound
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("gpu", "http://gpu:11434"),
        ("gpu:8080", "http://gpu:8080"),
        ("gpu:", "http://gpu:11434"),
        ("gpu/ollama/", "http://gpu:11434/ollama"),
        ("[::]:8080", "http://[::1]:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("http://gpu", "http://gpu"),
        ("https://0.0.0.0:8080/x", "https://127.0.0.1:8080/x"),
        (" gpu ", "http://gpu:11434"),
    ],
)
def test_the_host_of_ollama(host, url):
    """OLLAMA_HOST is written as Ollama takes it; "all addresses" means this machine."""
    assert base_url(host, "OLLAMA_HOST") == url


@pytest.mark.parametrize(
    ("base", "path", "version", "url"),
    [
        ("https://x.example/v1", "/chat", "", "https://x.example/v1/chat"),
        ("https://x.example", "/messages", "/v1", "https://x.example/v1/messages"),
        ("https://x.example/v1", "/messages", "/v1", "https://x.example/v1/messages"),
        ("https://x.example", "/v1/messages", "/v1", "https://x.example/v1/messages"),
        ("https://x.example/v1", "/v1/messages", "", "https://x.example/v1/messages"),
        ("https://x.example/v2/x", "/a", "/v1beta", "https://x.example/v2/x/v1beta/a"),
        ("https://x.example/v1", "/a?alt=sse", "/v9", "https://x.example/v1/a?alt=sse"),
        ("https://x.example?a=1", "/b?c=2", "", "https://x.example/b?a=1&c=2"),
    ],
)
def test_paths_are_joined(base, path, version, url):
    """A version is said once, and no query is lost."""
    assert joined(base, path, version) == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example:8080/v1", "https://x.example:8080/v1"),
        ("https://me@x.example", "https://x.example"),
        ("https://me:p@ss@x.example/a", "https://x.example/a"),
        ("me:pw@x.example/v1?key=1", "x.example/v1"),
        ("https://x.example/a?k=http://b@c#d", "https://x.example/a"),
    ],
)
def test_what_is_shown_of_a_url(url, shown):
    """Whatever may be a secret is left out."""
    assert public(url) == shown


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.1.2.3", True),
        ("http://[::1]:8000", True),
        ("http://localhost/v1", True),
        ("http://api.localhost", True),
        ("http://10.0.0.1", False),
        ("https://localhost.example", False),
    ],
)
def test_what_is_on_this_machine(url, here):
    """Only this machine itself is reached without a proxy."""
    assert is_loopback(url) is here
