"""Models by name: providers, families, registered and installed ones."""

import subprocess
import sys

import pytest

from harness import FakeChatModel, InputError, ReplayChatModel, VirtualClock
from harness.providers import (
    AnthropicChatModel,
    GeminiChatModel,
    OllamaChatModel,
    OpenAIChatModel,
    OpenAIResponsesModel,
    init_chat_model,
    register_provider,
)
from harness.services import COMPATIBLE


@pytest.mark.parametrize(
    ("name", "kind", "model"),
    [
        ("openai:gpt-5-mini", OpenAIChatModel, "gpt-5-mini"),
        ("openai_responses:gpt-5-mini", OpenAIResponsesModel, "gpt-5-mini"),
        ("anthropic:claude-sonnet-4-5", AnthropicChatModel, "claude-sonnet-4-5"),
        ("google_genai:gemini-2.5-flash", GeminiChatModel, "gemini-2.5-flash"),
        ("google-genai:gemini-2.5-flash", GeminiChatModel, "gemini-2.5-flash"),
        ("Gemini:gemini-2.5-flash", GeminiChatModel, "gemini-2.5-flash"),
        ("ollama:llama3.2:1b", OllamaChatModel, "llama3.2:1b"),
        ("gpt-5-mini", OpenAIChatModel, "gpt-5-mini"),
        ("o3-mini", OpenAIChatModel, "o3-mini"),
        ("ft:gpt-4o-mini:org::id", OpenAIChatModel, "ft:gpt-4o-mini:org::id"),
        ("claude-sonnet-4-5", AnthropicChatModel, "claude-sonnet-4-5"),
        ("gemini-2.5-flash", GeminiChatModel, "gemini-2.5-flash"),
    ],
)
def test_a_model_by_its_name(name, kind, model):
    """A name has the provider before its colon, or is known to be one's."""
    made = init_chat_model(name, api_key="x")

    assert type(made) is kind
    assert made.model == model


@pytest.mark.parametrize("name", COMPATIBLE)
def test_those_who_speak_as_openai_does(name, monkeypatch):
    """They have their own URL and their own key."""
    service = COMPATIBLE[name]
    monkeypatch.setenv(service.key_variables[0], "k-123")

    made = init_chat_model(f"{name}:some/model:free")

    assert isinstance(made, OpenAIChatModel)
    assert made.model == "some/model:free"
    assert made.base_url == service.base_url
    assert made._key.headers(service) == {"authorization": "Bearer k-123"}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("deepseek-chat", "DeepSeek"),
        ("grok-4", "xAI"),
        ("mistral-large-latest", "Mistral"),
        ("sonar-pro", "Perplexity"),
        ("accounts/fireworks/models/x", "Fireworks"),
    ],
)
def test_families_of_others(model, name):
    """Well-known names tell whose they are."""
    assert init_chat_model(model, api_key="x").service.name == name


def test_the_provider_as_a_keyword():
    """Then the name is taken as it stands."""
    made = init_chat_model("a:b", model_provider="openai", api_key="x")

    assert made.model == "a:b"


def test_options_reach_the_model():
    """Keywords are those of the provider's model."""
    made = init_chat_model("gpt-5", api_key="x", base_url="http://h/v1", temperature=0)

    assert made.base_url == "http://h/v1"
    assert made.binding.params == {"temperature": 0}


def test_a_model_is_given_back():
    """So a program that makes its model by name can be handed one."""
    fake = FakeChatModel("Hi")

    assert init_chat_model(fake) is fake
    assert init_chat_model(fake, temperature=0).binding.params == {"temperature": 0}


def test_a_script_by_name():
    """`fake:` plays a script, and takes what a real model is told."""
    clock = VirtualClock()

    made = init_chat_model("fake:weather", api_key="x", timeout=5, clock=clock, seed=1)

    assert isinstance(made, FakeChatModel)
    assert made.clock is clock
    assert made.binding.params == {"seed": 1}


def test_a_cassette_by_name():
    """`replay:` replays a cassette."""
    assert isinstance(init_chat_model("replay:weather"), ReplayChatModel)


def test_a_provider_of_your_own():
    """A registered provider makes models of a name and keywords."""
    made = []

    def lab(model, **options):
        made.append((model, options))
        return FakeChatModel("Hi")

    with register_provider("my-lab", lab):
        answer = init_chat_model("my_lab:big", temperature=0).invoke("Hello")

    assert answer.text == "Hi"
    assert made == [("big", {"temperature": 0})]
    with pytest.raises(InputError, match="No provider is called 'my_lab'"):
        init_chat_model("my_lab:big")


def test_a_fake_in_the_place_of_a_provider():
    """A test puts its fake where the program expects a provider, and takes it out."""
    fake, other = FakeChatModel("Hi"), FakeChatModel("Ho")

    with register_provider("openai", lambda _model, **_options: fake):
        with register_provider("openai", lambda _model, **_options: other):
            inner = init_chat_model("gpt-5")
        outer = init_chat_model("gpt-5")

    assert (inner, outer) == (other, fake)
    assert isinstance(init_chat_model("gpt-5", api_key="x"), OpenAIChatModel)


def test_removing_what_was_replaced_changes_nothing():
    """A registration undoes itself only, and once."""
    first = register_provider("lab", lambda *_, **__: FakeChatModel("1"))
    second = register_provider("lab", lambda *_, **__: FakeChatModel("2"))

    first.remove()
    answer = init_chat_model("lab:x").invoke("Hi").text
    second.remove()
    second.remove()

    assert answer == "2"
    with pytest.raises(InputError, match="No provider is called 'lab'"):
        init_chat_model("lab:x")


def test_an_installed_provider(tmp_path, monkeypatch):
    """A package that is installed brings its provider as an entry point."""
    package = tmp_path / "lab-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n"
    )
    points = (
        "[chat_harness.providers]\n"
        "a-lab = no.such:module\n"
        "my-lab = harness.fake:FakeChatModel\n"
    )
    (package / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)

    made = init_chat_model("my-lab:Hello!")

    assert made.invoke("Hi").text == "Hello!"
    with pytest.raises(InputError, match="'my_lab'"):
        init_chat_model("other:x")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("opanai:gpt-5", "No provider is called 'opanai'. Did you mean 'openai'"),
        (
            "llama3.2",
            "Whose model is 'llama3.2'? Say its provider: 'provider:llama3.2'",
        ),
        ("openai:", "model='openai:' names a provider, but no model of it."),
        ("", "model=''"),
        (None, "model=None"),
    ],
)
def test_a_name_that_says_nothing(name, says):
    """A name without a known provider is told with those that there are."""
    with pytest.raises(InputError) as caught:
        init_chat_model(name)

    assert says in str(caught.value)


def test_a_provider_that_is_unknown():
    """Also where it is a keyword."""
    with pytest.raises(InputError, match="No provider is called 'nobody'"):
        init_chat_model("x", model_provider="nobody")
    with pytest.raises(InputError, match="model_provider=5"):
        init_chat_model("x", model_provider=5)


@pytest.mark.parametrize(
    ("name", "factory"), [("", print), ("a:b", print), (5, print), ("lab", None)]
)
def test_what_cannot_be_registered(name, factory):
    """A provider has a name and makes models."""
    with pytest.raises(InputError, match=r"is no name of|makes no models"):
        register_provider(name, factory)


def test_a_factory_that_makes_no_model():
    """What a factory makes is a chat model."""
    with (
        register_provider("lab", lambda *_, **__: "Hi"),
        pytest.raises(InputError, match="'lab' made 'Hi', which is no ChatModel"),
    ):
        init_chat_model("lab:x")


def test_httpx_waits_for_a_model():
    """The module can be imported without the time that httpx takes to load."""
    probe = "import sys, harness.providers; print('httpx' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "False\n"
