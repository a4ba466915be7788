"""URLs as they are stored: whole, and as clients send them."""

import pytest

from harness.cassettes import Interaction
from harness.converting.hosts import base_of, with_host
from harness.errors import CassetteError, InputError

HOST = "https://new.example/v9"


def asked(url: str, host: str | None = None, body: bytes = b"") -> tuple[str, str]:
    """Give what becomes of *url*, and what was added to it."""
    one, added = with_host(Interaction("POST", url, 200, request_body=body), host)
    return one.url, added


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://a.b/x", "https://a.b/x"),
        ("https://a.b:443/x", "https://a.b/x"),
        ("https://a.b:443", "https://a.b"),
        ("http://a.b:80?x", "http://a.b?x"),
        ("http://a.b:443/x", "http://a.b:443/x"),
        ("https://a.b:4430/x", "https://a.b:4430/x"),
        (
            "https://a.b/<P>/ü?x=<y>&z=%20#a b",
            "https://a.b/%3CP%3E/%C3%BC?x=%3Cy%3E&z=%20#a%20b",
        ),
        ("wss://a.b/x", "wss://a.b/x"),
        ("data:text/plain,x", "data:text/plain,x"),
        ("https://a.<REGION>.b/x", "https://a.<REGION>.b/x"),
        ("<BASE>/x", "<BASE>/x"),
    ],
)
def test_urls_that_say_where(url: str, sent: str) -> None:
    """A port that goes without saying is left out, and what no URL has is escaped."""
    assert asked(url) == (sent, "")


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/x?y=<z>", f"{HOST}/x?y=%3Cz%3E"),
        ("https://a.<REGION>.b/x", f"{HOST}/x"),
        ("<BASE>/x", f"{HOST}/x"),
        ("localhost:8080/x", f"{HOST}/x"),
        ("https://a.b/<P>", "https://a.b/%3CP%3E"),
    ],
)
def test_a_host_that_is_given(url: str, sent: str) -> None:
    """It is taken where there is none, or a placeholder; no other is replaced."""
    assert asked(url, HOST) == (sent, HOST if sent.startswith(HOST) else "")


@pytest.mark.parametrize(
    ("path", "model", "base"),
    [
        ("/v1/chat/completions", "gpt-5", "https://api.openai.com"),
        ("/v1/responses", "", "https://api.openai.com"),
        ("/v1/embeddings", "", "https://api.openai.com"),
        ("/v1/messages", "claude-x", "https://api.anthropic.com"),
        ("/chat/completions", "deepseek-chat", "https://api.deepseek.com"),
        ("/v1/chat/completions", "mistral-small", "https://api.mistral.ai"),
        ("/v1/responses", "grok-4", "https://api.x.ai"),
        ("/openai/v1/chat/completions", "", "https://api.groq.com"),
        ("/api/v1/messages", "", "https://openrouter.ai"),
        ("/api/chat", "", "http://localhost:11434"),
        (
            "/v1beta/models/g:generateContent",
            "",
            "https://generativelanguage.googleapis.com",
        ),
        (
            "/model/m/converse",
            "",
            "https://bedrock-runtime.us-east-1.amazonaws.com",
        ),
    ],
)
def test_a_host_that_is_found(path: str, model: str, base: str) -> None:
    """The path tells it, or the model where many providers have the path."""
    assert asked(path, body=f'{{"model": "{model}"}}'.encode()) == (base + path, base)


def test_a_header_tells_it() -> None:
    """Anthropic's clients say a version in each request."""
    one = Interaction(
        "GET", "/v1/x", 200, request_headers=(("Anthropic-Version", "1"),)
    )

    assert with_host(one, None)[1] == "https://api.anthropic.com"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 99_999])
def test_a_path_that_tells_nothing(body: bytes) -> None:
    """The host has to be given, and is asked for."""
    with pytest.raises(CassetteError, match="path '/x' does not tell whose it is"):
        asked("/x", body=body)


@pytest.mark.parametrize("host", ["", "a b", "ftp://a.b", "https://", "a.b?x", "[::1"])
def test_hosts_that_are_none(host: str) -> None:
    """What no request can go to is told."""
    with pytest.raises(InputError, match=r"host=.* is none; give one such as"):
        base_of(host)
