"""The options of a model: keys, URLs, headers, names, and what is never shown."""

import traceback

import pytest
from pydantic import SecretStr

from harness import (
    AuthenticationError,
    ChatModel,
    InputError,
    ModelConnectionError,
    RealClock,
    WireError,
)
from harness.providers import (
    HttpChatModel,
    OllamaChatModel,
    OpenAIChatModel,
    Service,
)
from harness.providers.keys import ApiKey

SECRET = "sk-0123456789"


def test_a_key_of_the_environment(provider, model, reply, monkeypatch):
    """The key is found under the provider's usual name."""
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    provider.replies(reply("Hi"))

    model().invoke("Hello")

    assert provider.asked[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("key", [SECRET, SecretStr(SECRET)], ids=["text", "secret"])
def test_a_key_that_is_given(provider, model, reply, monkeypatch, key):
    """A key that is given comes before that of the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    provider.replies(reply("Hi"))

    model(api_key=key).invoke("Hello")

    assert provider.asked[0].headers["authorization"] == f"Bearer {SECRET}"


def test_no_key(provider, model, reply, monkeypatch):
    """An empty key is none: nothing is sent."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    provider.replies(reply("Hi"))

    model(api_key="").invoke("Hello")

    assert "authorization" not in provider.asked[0].headers


def test_a_key_that_is_missing():
    """Without a key, and with nothing that says that none is needed, we say so."""
    with pytest.raises(AuthenticationError) as caught:
        OpenAIChatModel("gpt-5-mini")

    assert str(caught.value) == (
        "OpenAI wants an API key, and there is none: set OPENAI_API_KEY, or give "
        'api_key="..." (api_key="" asks without one).'
    )


def test_a_key_that_no_variable_has():
    """A service without a variable says so."""
    lab = Service("Lab", "openai-chat", "http://gpu:8000/v1")

    with pytest.raises(AuthenticationError, match="set no variable of the environment"):
        OpenAIChatModel("m", service=lab)


def test_no_key_is_needed_where_you_say_where_to_go(monkeypatch):
    """A base URL of your own may be a server that asks for none."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu:8000/v1/")

    assert OpenAIChatModel("m").base_url == "http://gpu:8000/v1"
    assert OpenAIChatModel("m", base_url="http://h/v1").base_url == "http://h/v1"
    assert OllamaChatModel("m").base_url == "http://localhost:11434"


@pytest.mark.parametrize("key", ["sk-1\nHost: x", "sk-ü", 5, b"sk-1"])
def test_what_is_no_key(model, key):
    """A key that cannot be sent is refused, and not shown."""
    with pytest.raises(InputError, match=r"^api_key ") as caught:
        model(api_key=key)

    assert "sk-" not in str(caught.value)


def test_a_key_is_shown_nowhere(provider, model, monkeypatch):
    """Neither the model nor an error shows it, even if the server repeats it."""
    provider.replies({"error": {"message": f"Wrong key: {SECRET}"}}, 401, x_key=SECRET)
    asked = model(api_key=SECRET)

    with pytest.raises(AuthenticationError, match=r"Wrong key: \*\*\*") as caught:
        asked.invoke("Hi")

    shown = f"{asked!r} {vars(asked)} {asked.binding} {caught.value!r}"
    assert SECRET not in shown
    assert repr(ApiKey("")) == "<no ApiKey>"
    assert repr(ApiKey(SECRET)) == "<ApiKey>"
    assert repr(ApiKey(SECRET, "OPENAI_API_KEY")) == "<ApiKey of OPENAI_API_KEY>"


def test_a_key_is_not_in_what_cannot_be_read_either(provider, model):
    """A server may repeat it in what is no answer at all."""
    provider.replies({"oops": SECRET})

    with pytest.raises(WireError, match=r"\*\*\*") as caught:
        model(api_key=SECRET).invoke("Hi")

    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in f"{told} {vars(caught.value)}"
    assert caught.value.data == '{"oops": "***"}'


def test_a_short_key_hides_nothing():
    """A placeholder for a key does not blot out the words it occurs in."""
    assert ApiKey("x").hidden("example") == "example"


def test_secrets_of_a_url_are_shown_nowhere(model):
    """User, password and query of a base URL are left out of what is shown."""
    asked = model(base_url="http://me:pass@127.0.0.1:9/v1?key=hidden", max_retries=0)

    with pytest.raises(ModelConnectionError, match=r"POST http://127.0.0.1:9/v1/chat"):
        asked.invoke("Hi")

    assert (
        repr(asked) == "OpenAIChatModel('gpt-5-mini', base_url='http://127.0.0.1:9/v1')"
    )


def test_a_url_with_a_query(provider, model, reply):
    """The query of a base URL stays behind the path."""
    provider.replies(reply("Hi"))

    model(base_url=f"{provider.url}/openai/v1?api-version=1").invoke("Hi")

    assert provider.asked[0].path == "/openai/v1/chat/completions?api-version=1"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://x.example",
        "http://",
        "",
        "http://x:port",
        "http://x:99999",
        "http://[::1",
        "http://a b/v1",
        "http://a..b/v1",
        f"http://{'a' * 64}.example",
        "https://x.example/v1\nHost: y",
        5,
    ],
)
def test_what_is_no_url(model, url):
    """A base URL that cannot be one is refused, with its value."""
    with pytest.raises(InputError, match=r"^base_url="):
        model(base_url=url)


def test_a_url_of_the_environment_that_is_none(monkeypatch):
    """The error names the variable."""
    monkeypatch.setenv("OPENAI_BASE_URL", "nowhere")

    with pytest.raises(InputError, match=r"^OPENAI_BASE_URL='nowhere'"):
        OpenAIChatModel("m")


def test_headers(provider, model, reply, monkeypatch):
    """Headers of your own go with every request, on top of ours."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    provider.replies(reply("Hi"))

    model(default_headers={"X-Mine": "1", "User-Agent": "me"}).invoke("Hi")

    sent = provider.asked[0].headers
    assert (sent["x-mine"], sent["user-agent"]) == ("1", "me")
    assert sent["openai-organization"] == "org-1"
    assert sent["content-type"] == "application/json"


@pytest.mark.parametrize(
    "headers",
    [{"a b": "1"}, {"": "1"}, {"a": "1\n2"}, {"a": "ü"}, {"a": 1}, {1: "a"}, "a: 1"],
)
def test_what_is_no_header(model, headers):
    """A header that cannot be sent is refused, its value not shown."""
    with pytest.raises(InputError, match="header"):
        model(default_headers=headers)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai_api_key", "api_key"),
        ("apikey", "api_key"),
        ("client_secret", "api_key"),
        ("openai_api_base", "base_url"),
        ("baseurl", "base_url"),
        ("request_timeout", "timeout"),
        ("headers", "default_headers"),
        ("http_client", "client"),
        ("max_retry", "max_retries"),
        ("model_name", "model"),
    ],
)
def test_options_by_another_name(model, name, meant):
    """What is meant as an option is never sent to the provider as a parameter."""
    with pytest.raises(InputError, match=f"^{name}= is no option.* mean {meant}=?"):
        model(**{name: SECRET})


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_what_is_no_model(name):
    """A model has a name."""
    with pytest.raises(InputError, match=r"^model="):
        OpenAIChatModel(name, api_key="x")


def test_parameters_go_with_every_request(provider, model, reply):
    """Other keywords are bound; a call may say otherwise."""
    provider.replies(reply("Hi"))

    asked = model(temperature=0.5, seed=1, stop=["."], reasoning_effort="low")
    asked.invoke("Hello", temperature=0, model="gpt-5-nano")

    sent = provider.asked[0].body
    assert (sent["temperature"], sent["seed"], sent["stop"]) == (0, 1, ["."])
    assert (sent["reasoning_effort"], sent["model"]) == ("low", "gpt-5-nano")


def test_a_model_is_named_also_where_a_request_does_not(provider, model, reply):
    """A model that was unbound is still this one."""
    provider.replies(reply("Hi"))

    model().invoke("Hello", model=None)

    assert provider.asked[0].body["model"] == "gpt-5-mini"


def test_a_model_without_a_service():
    """A subclass says whom it asks."""

    class Nobody(HttpChatModel):
        pass

    with pytest.raises(InputError, match="Nobody needs a Service to ask"):
        Nobody("m")


def test_a_service_of_an_unknown_dialect():
    """A dialect that there is not is told with those that there are."""
    lab = Service("Lab", "openai-chatt", "http://gpu:8000/v1", open=True)

    with pytest.raises(InputError, match="Did you mean 'openai-chat'"):
        OpenAIChatModel("m", service=lab)


def test_a_service_with_a_dialect_of_its_own(provider, reply):
    """A dialect need not be one of ours."""
    from harness.wire import DIALECTS

    provider.replies(reply("Hi"))
    lab = Service("Lab", DIALECTS["openai-chat"], provider.url, open=True)

    class Lab(HttpChatModel):
        service = lab

    assert Lab("m").invoke("Hello").text == "Hi"


def test_time_is_real_unless_it_is_said(provider):
    """A live model waits in real time by default."""
    asked = OpenAIChatModel("m", base_url=provider.url)

    assert isinstance(asked, ChatModel)
    assert isinstance(asked.clock, RealClock)
