"""Keys of today for requests of then."""

import pytest

from harness import InputError
from harness.cassettes import Interaction
from harness.refreshing import Keys, read_key, signed

HIDDEN = "REDACTED-secret-0123abcd"
OPENAI = "https://api.openai.com/v1/chat/completions"
ENVIRON = {
    "OPENAI_API_KEY": "sk-o",
    "ANTHROPIC_API_KEY": "sk-a",
    "GEMINI_API_KEY": "g",
    "AZURE_OPENAI_API_KEY": "az",
    "AWS_BEARER_TOKEN_BEDROCK": "bed",
    "GROQ_API_KEY": "gsk",
    "LAB_KEY": "lab",
}


def asked(url: str, *headers: tuple[str, str]) -> Interaction:
    """Give a recorded request."""
    return Interaction("POST", url, 200, request_headers=headers)


@pytest.mark.parametrize(
    "url, header, sent",
    [
        (
            OPENAI,
            ("Authorization", f"Bearer {HIDDEN}"),
            ("authorization", "Bearer sk-o"),
        ),
        (OPENAI, ("Authorization", "Bearer dummy"), ("authorization", "Bearer sk-o")),
        (OPENAI, ("accept", "*/*"), ("authorization", "Bearer sk-o")),
        (
            "https://eu.api.openai.com/v1/responses",
            ("authorization", HIDDEN),
            ("authorization", "Bearer sk-o"),
        ),
        (
            "https://api.anthropic.com/v1/messages",
            ("authorization", f"Bearer {HIDDEN}"),
            ("x-api-key", "sk-a"),
        ),
        (
            "https://lab.openai.azure.com/openai/deployments/m/chat/completions",
            ("api-key", HIDDEN),
            ("api-key", "az"),
        ),
        (
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse",
            ("authorization", HIDDEN),
            ("authorization", "Bearer bed"),
        ),
        (
            "https://api.groq.com/openai/v1/chat/completions",
            ("authorization", HIDDEN),
            ("authorization", "Bearer gsk"),
        ),
        (
            "http://127.0.0.1:8000/v1/chat/completions",
            ("authorization", HIDDEN),
            ("authorization", "Bearer sk-o"),
        ),
    ],
)
def test_the_key_is_that_of_the_host(url, header, sent):
    """Whatever the recording has in its place."""
    same, headers = signed(asked(url, header), Keys(ENVIRON))

    assert same == url
    assert sent in headers
    assert not any("REDACTED" in said or "dummy" in said for _, said in headers)


def test_a_key_in_the_query_is_replaced_there():
    """As Gemini's may be; other parameters stay."""
    url = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"

    sent, headers = signed(asked(f"{url}?alt=sse&key={HIDDEN}"), Keys(ENVIRON))

    assert sent == f"{url}?alt=sse&key=g"
    assert headers == ()


def test_headers_are_those_of_then():
    """But for what the client says itself, what was hidden, and odd codings."""
    one = asked(
        OPENAI,
        ("Host", "api.openai.com"),
        ("X-Test", "yes"),
        ("cookie", f"a={HIDDEN}"),
        ("openai-organization", "REDACTED-account-0123abcd"),
        ("openai-project", "REDACTED-account-0123abcd"),
        ("accept-encoding", "gzip, br, zstd"),
        ("content-length", "12"),
    )

    _, headers = signed(one, Keys({**ENVIRON, "OPENAI_ORG_ID": "org"}))

    assert headers == (
        ("X-Test", "yes"),
        ("accept-encoding", "gzip, deflate"),
        ("openai-organization", "org"),
        ("authorization", "Bearer sk-o"),
    )


def test_a_key_that_is_missing():
    """It is told whose, and where it is looked for."""
    with pytest.raises(InputError) as error:
        signed(asked(OPENAI), Keys({"ANTHROPIC_API_KEY": "sk-a"}))

    assert str(error.value) == (
        "OpenAI wants an API key, and there is none: set OPENAI_API_KEY."
    )


def test_no_key_goes_to_a_host_that_nobody_knows():
    """A cassette must not say where keys are sent; the user may."""
    url = "https://llm.internal/v1/chat/completions"
    one = asked(url, ("X-Lab-Key", HIDDEN))

    with pytest.raises(InputError, match=r"Which key is that of llm.internal?"):
        signed(one, Keys(ENVIRON))
    assert signed(asked(url), Keys(ENVIRON)) == (url, ())
    keys = Keys(ENVIRON, dict([read_key("llm.internal=LAB_KEY")]))
    assert signed(one, keys) == (url, (("x-lab-key", "lab"),))
    keys = Keys(ENVIRON, dict([read_key("llm.internal=NO_KEY")]))
    with pytest.raises(InputError, match=r"llm.internal wants an API key.*set NO_KEY"):
        signed(one, keys)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com%.evil.example/v1/chat/completions",
        "http://localhost%.evil.example/v1/chat/completions",
        "http://127.0.0.1%2eevil.example/v1/chat/completions",
        "https://api.openai.com@evil.example/v1/chat/completions",
        "https://bedrock-runtime-1.us-east-1.elb.amazonaws.com/model/m/converse",
        "http://api.openai.com/v1/chat/completions",
        "http://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
    ],
)
def test_no_key_goes_where_a_host_only_looks_like_a_providers(url):
    """Nor over a wire that everybody can read."""
    _, headers = signed(asked(url), Keys(ENVIRON))

    assert headers == ()
    with pytest.raises(InputError, match="Which key is that of "):
        signed(asked(url, ("authorization", HIDDEN)), Keys(ENVIRON))


def test_where_the_environment_points_a_provider_its_key_goes():
    """That is the user's word."""
    url = "https://llm.internal/v1/chat/completions"
    environ = {**ENVIRON, "OPENAI_BASE_URL": "https://llm.internal/v1"}

    _, headers = signed(asked(url, ("authorization", HIDDEN)), Keys(environ))

    assert headers == (("authorization", "Bearer sk-o"),)


def test_this_machine_needs_no_key():
    """It is sent if it is there."""
    url = "http://localhost:11434/api/chat"

    assert signed(asked(url, ("authorization", HIDDEN)), Keys({})) == (url, ())


@pytest.mark.parametrize("text", ["llm.internal", "=A", "a=", "a=B-C"])
def test_what_names_no_key(text):
    """It is told how one is named."""
    with pytest.raises(
        InputError,
        match=r"^'.*' names no key: give a host and the variable that has it, such as ",
    ):
        read_key(text)


def test_keys_are_not_shown():
    """Of a value that has them."""
    assert "sk-o" not in repr(Keys(ENVIRON))
