"""What providers answer beside chats, through SDKs and plainly."""

import base64
import json
import math
import struct
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from hypothesis import given
from hypothesis import strategies as st

from harness import FakeProvider, InputError
from harness.endpoint.providers import provider_of
from harness.endpoint.vectors import vector
from harness.http_messages import HttpRequest

HI: Any = [{"role": "user", "content": "Hi"}]


def openai_of(fake: FakeProvider) -> openai.OpenAI:
    """Give the official client."""
    client = httpx2.Client(transport=fake.transport())
    return openai.OpenAI(api_key="x", http_client=client, max_retries=0)


def anthropic_of(fake: FakeProvider) -> anthropic.Anthropic:
    """Give the official client."""
    client = httpx2.Client(transport=fake.transport())
    return anthropic.Anthropic(api_key="x", http_client=client, max_retries=0)


def google_of(fake: FakeProvider) -> genai.Client:
    """Give the official client."""
    client = httpx2.Client(transport=fake.transport())
    options = genai.types.HttpOptions(httpx_client=client)
    return genai.Client(api_key="x", http_options=options)


def plain(fake: FakeProvider) -> httpx.Client:
    """Give a client that knows no provider."""
    return httpx.Client(transport=fake.transport())


# -------------------------------------------------------------------------- models


def test_models_are_listed_to_every_sdk() -> None:
    """Those that were given, in their order."""
    fake = FakeProvider(models=["a", "org/b"])

    tags = plain(fake).get("http://localhost:11434/api/tags").json()

    assert [m.id for m in openai_of(fake).models.list()] == ["a", "org/b"]
    assert [m.id for m in anthropic_of(fake).models.list()] == ["a", "org/b"]
    names = [m.name for m in google_of(fake).models.list()]
    assert names == ["models/a", "models/org/b"]
    assert [m["name"] for m in tags["models"]] == ["a", "org/b"]
    assert [request.refused for request in fake.requests] == [""] * 4


def test_there_are_some_models_where_none_were_given() -> None:
    """Each provider has its own, and any other is there too."""
    fake = FakeProvider()

    assert "gpt-5-mini" in [m.id for m in openai_of(fake).models.list()]
    assert "claude-sonnet-4-5" in [m.id for m in anthropic_of(fake).models.list()]
    assert openai_of(fake).models.retrieve("anything").id == "anything"


def test_one_model_is_there_or_not() -> None:
    """In every SDK's words."""
    fake = FakeProvider(models=["a", "org/b"])

    assert openai_of(fake).models.retrieve("org/b").id == "org/b"
    assert anthropic_of(fake).models.retrieve("a").type == "model"
    assert google_of(fake).models.get(model="a").name == "models/a"
    with pytest.raises(openai.NotFoundError) as of_openai:
        openai_of(fake).models.retrieve("c")
    with pytest.raises(anthropic.NotFoundError, match="model: c"):
        anthropic_of(fake).models.retrieve("c")
    with pytest.raises(genai_errors.ClientError, match="models/c is not found"):
        google_of(fake).models.get(model="c")
    assert of_openai.value.code == "model_not_found"


def test_a_chat_with_a_model_that_there_is_not_is_refused() -> None:
    """No turn is used up; with the known one it is answered."""
    fake = FakeProvider("Hello!", models=["a"])
    client = openai_of(fake)

    with pytest.raises(openai.NotFoundError, match="The model `c` does not exist"):
        client.chat.completions.create(model="c", messages=HI)
    with pytest.raises(openai.BadRequestError, match="'c' does not exist") as raised:
        client.responses.create(model="c", input="Hi")
    with pytest.raises(anthropic.NotFoundError):
        anthropic_of(fake).messages.create(model="c", max_tokens=9, messages=HI)
    with pytest.raises(genai_errors.ClientError, match="NOT_FOUND"):
        google_of(fake).models.generate_content(model="c", contents="Hi")
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="c", input="Hi")
    answer = client.chat.completions.create(model="a", messages=HI)

    assert raised.value.param == "model"
    assert answer.choices[0].message.content == "Hello!"


def test_models_are_a_list() -> None:
    """A text would be taken for its letters."""
    with pytest.raises(InputError, match=r"models='a' is one text. Give a list"):
        FakeProvider("Hi", models="a")


# ---------------------------------------------------------------------- embeddings


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_vector_has_length_one_and_depends_on_its_text_alone(
    text: str, dimensions: int
) -> None:
    """Whatever the text."""
    one, again = vector("m", text, dimensions), vector("m", text, dimensions)

    assert one == again
    assert len(one) == dimensions
    assert math.isclose(math.fsum(v * v for v in one), 1)


def test_a_vector_is_the_same_in_every_process() -> None:
    """Not only in this one: it hangs on no seed."""
    found = [round(value, 6) for value in vector("m", "a cat", 6)]

    assert found == FIRST


def test_texts_that_share_words_are_nearer() -> None:
    """So that tests of retrieval find what they look for; models differ."""
    documents = {
        "cats": "Cats sleep most of the day and hunt at night.",
        "tax": "Income tax is due in April, and late payment costs interest.",
        "python": "Python is a programming language with significant white space.",
    }
    questions = {
        "cats": "When do cats hunt?",
        "tax": "When is tax due?",
        "python": "Which programming language has significant white space?",
    }
    vectors = {key: vector("m", text, 1536) for key, text in documents.items()}

    def nearest(question: str) -> str:
        asked = vector("m", question, 1536)
        return max(vectors, key=lambda key: near(asked, vectors[key]))

    found = {key: nearest(text) for key, text in questions.items()}

    assert found == {key: key for key in documents}
    assert near(vector("m", "a cat", 64), vector("n", "a cat", 64)) < 0.9


def near(one: list[float], other: list[float]) -> float:
    """Say how near two vectors are."""
    return sum(a * b for a, b in zip(one, other, strict=True))


FIRST = [0.490845, 0.0, -0.342104, -0.669335, -0.089245, -0.431349]


def test_openai_embeds_texts_lists_and_tokens() -> None:
    """As numbers and in base64, which the SDK asks for by itself; with usage."""
    fake = FakeProvider()
    client = openai_of(fake)
    model = "text-embedding-3-small"

    one = client.embeddings.create(model=model, input="a cat")
    two = client.embeddings.create(
        model=model, input=["a cat", "tax law"], encoding_format="float", dimensions=8
    )
    tokens = client.embeddings.create(model=model, input=[[1, 2], [3]], dimensions=8)
    single = client.embeddings.create(model=model, input=[1, 2], dimensions=8)

    assert json.loads(fake.requests[0].request.body)["encoding_format"] == "base64"
    assert len(one.data[0].embedding) == 1536
    expected = vector(model, "a cat", 1536)
    assert all(
        math.isclose(a, b, abs_tol=1e-6)
        for a, b in zip(one.data[0].embedding, expected, strict=True)
    )
    assert [item.index for item in two.data] == [0, 1]
    assert two.data[0].embedding == vector(model, "a cat", 8)
    assert two.usage.prompt_tokens == two.usage.total_tokens == 2 + 2
    assert tokens.usage.prompt_tokens == 3
    assert tokens.data[0].embedding == single.data[0].embedding
    large = client.embeddings.create(model="text-embedding-3-large", input="x")
    assert len(large.data[0].embedding) == 3072


def test_base64_is_little_endian_floats() -> None:
    """What clients other than the SDK unpack."""
    said = {"model": "m", "input": "a", "dimensions": 3, "encoding_format": "base64"}

    answer = plain(FakeProvider()).post("https://x/v1/embeddings", json=said).json()

    data = base64.b64decode(answer["data"][0]["embedding"])
    assert struct.unpack("<3f", data) == pytest.approx(vector("m", "a", 3))


@pytest.mark.parametrize(
    "said, message",
    [
        ({"input": "a"}, "you must provide a model parameter"),
        ({"model": "m"}, "Missing required parameter: 'input'."),
        ({"model": "m", "input": ""}, "'$.input' is invalid."),
        ({"model": "m", "input": ["a", 3]}, "'$.input' is invalid."),
        ({"model": "m", "input": []}, "Invalid 'input': empty array."),
        ({"model": "m", "input": "a", "dimensions": 0}, "integer below minimum value"),
        (
            {"model": "m", "input": "a", "encoding_format": "hex"},
            "Supported values are",
        ),
    ],
)
def test_openai_refuses_embeddings_in_its_words(said: Any, message: str) -> None:
    """With status 400."""
    answer = plain(FakeProvider()).post("https://x/v1/embeddings", json=said)

    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_gemini_embeds() -> None:
    """One text and several."""
    fake = FakeProvider()
    client = google_of(fake)

    found: Any = client.models.embed_content(
        model="gemini-embedding-001",
        contents=["a cat", "tax law"],
        config={"output_dimensionality": 16},
    ).embeddings
    single = plain(fake).post(
        "https://g/v1beta/models/text-embedding-004:embedContent",
        json={"content": {"parts": [{"text": "a cat"}]}},
    )
    wrong = plain(fake).post("https://g/v1beta/models/m:embedContent", json={})

    expected = vector("gemini-embedding-001", "a cat", 16)
    assert found[0].values == pytest.approx(expected)
    assert len(found) == 2
    assert len(single.json()["embedding"]["values"]) == 768
    assert wrong.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_ollama_embeds() -> None:
    """On the new path and the old one."""
    client = plain(FakeProvider())
    base = "http://localhost:11434/api"

    new = client.post(
        f"{base}/embed", json={"model": "m", "input": ["a cat", "b"], "dimensions": 8}
    ).json()
    old = client.post(f"{base}/embeddings", json={"model": "m", "prompt": "a cat"})
    wrong = client.post(f"{base}/embed", json={"input": "a"})

    assert new["embeddings"][0] == vector("m", "a cat", 8)
    assert new["prompt_eval_count"] == 3
    assert len(old.json()["embedding"]) == 768
    assert (wrong.status_code, wrong.json()) == (400, {"error": "model is required"})


# -------------------------------------------------------------------------- counts


def test_tokens_are_counted_as_a_script_does() -> None:
    """Four characters are one, in what is asked."""
    fake = FakeProvider("Hello!")

    counted = anthropic_of(fake).messages.count_tokens(
        model="m", system="12345678", messages=[{"role": "user", "content": "123"}]
    )
    at_google = google_of(fake).models.count_tokens(model="m", contents="12345")
    asked = anthropic_of(fake).messages.create(
        model="m",
        max_tokens=9,
        system="12345678",
        messages=[{"role": "user", "content": "123"}],
    )
    with pytest.raises(anthropic.BadRequestError, match="messages: Field required"):
        anthropic_of(fake).post(
            "/v1/messages/count_tokens", body={"model": "m"}, cast_to=object
        )

    assert counted.input_tokens == 3 == asked.usage.input_tokens
    assert at_google.total_tokens == 2


# ------------------------------------------------------- what there is not, and keys

ELSEWHERE = [
    ("https://api.openai.com/v1/nothing", "Invalid URL (GET /v1/nothing)"),
    ("https://api.anthropic.com/v1/nothing", "Not Found"),
    (
        "https://generativelanguage.googleapis.com/v1beta/nothing",
        "Requested entity was not found.",
    ),
    ("http://localhost:11434/api/nothing", "404 page not found"),
    ("https://bedrock-runtime.us-east-1.amazonaws.com/nothing", "Unknown operation."),
]
WRONG_WAY = [
    ("https://api.openai.com/v1/chat/completions", "Not allowed to GET on"),
    ("https://api.openai.com/v1/responses", "Not allowed to GET on"),
    ("https://api.openai.com/v1/embeddings", "Not allowed to GET on"),
    ("https://api.anthropic.com/v1/messages", "Method Not Allowed"),
    ("https://x/v1beta/models/m:generateContent", "Method GET is not allowed"),
    ("http://localhost:11434/api/chat", "405 method not allowed"),
    ("https://b/model/m/converse", "Method not allowed."),
]


@pytest.mark.parametrize(
    "url, words, status",
    [(*row, 404) for row in ELSEWHERE] + [(*row, 405) for row in WRONG_WAY],
)
def test_what_there_is_not_is_told_in_the_provider_words(
    url: str, words: str, status: int
) -> None:
    """A path that nobody has, and a method that it does not take."""
    fake = FakeProvider("Hello!")

    answer = plain(fake).get(url)

    assert answer.status_code == status
    assert words in answer.text
    assert fake.requests[0].refused in answer.text
    assert len(fake.script.unused()) == 1


@pytest.mark.parametrize(
    "url, headers, provider",
    [
        ("http://h/v1/models", {}, "openai-chat"),
        (
            "http://h/v1/models",
            {"anthropic-version": "2023-06-01"},
            "anthropic-messages",
        ),
        ("http://h/v1/models", {"X-Goog-Api-Key": "k"}, "gemini"),
        ("http://h/v1beta/models", {}, "gemini"),
        ("http://h/api/tags", {}, "ollama-chat"),
        ("http://localhost:11434/v1/models", {}, "openai-chat"),
        ("http://h/v1/messages/count_tokens", {}, "anthropic-messages"),
        ("http://h/model/x/invoke", {}, "bedrock-converse"),
        ("http://h/v1/responses/resp_1", {}, "openai-responses"),
    ],
)
def test_a_provider_is_told_by_path_host_and_headers(
    url: str, headers: dict[str, str], provider: str
) -> None:
    """In this order of weight: a known path of a chat, headers, the rest."""
    assert provider_of(HttpRequest("GET", url, tuple(headers.items()))) == provider


NAMES = (
    "model input prompt dimensions content parts requests messages contents text "
    "outputDimensionality encoding_format generateContentRequest"
).split()
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://x/v1/embeddings",
        "https://x/v1/messages/count_tokens",
        "https://x/v1beta/models/m:countTokens",
        "https://x/v1beta/models/m:embedContent",
        "https://x/v1beta/models/m:batchEmbedContents",
        "https://x/api/embed",
        "https://x/api/embeddings",
    ],
)
@given(said=JUNK)
def test_whatever_is_sent_there_has_an_answer(url: str, said: Any) -> None:
    """A good one or a refusal, and never an error of ours."""
    answer = plain(FakeProvider()).post(url, json=said)

    assert answer.status_code in (200, 400)
    answer.json()


def test_without_a_right_key_nothing_is_answered() -> None:
    """Each SDK raises what it does; no turn is used up; the key is not repeated."""
    fake = FakeProvider("Hello!", keys={"sk-right"})
    secret = "sk-wrong-0123456789"
    client = httpx2.Client(transport=fake.transport())

    with pytest.raises(openai.AuthenticationError) as of_openai:
        openai.OpenAI(api_key=secret, http_client=client).models.list()
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        anthropic.Anthropic(api_key=secret, http_client=client).models.list()
    google = genai.Client(
        api_key=secret, http_options=genai.types.HttpOptions(httpx_client=client)
    )
    with pytest.raises(
        genai_errors.ClientError, match="API key not valid"
    ) as of_google:
        google.models.generate_content(model="m", contents="Hi")

    assert of_openai.value.code == "invalid_api_key"
    assert "sk-********" in str(of_openai.value)
    assert of_google.value.code == 400
    assert "API_KEY_INVALID" in str(of_google.value.details)
    assert b"wrong-0123456789" not in b"".join(r.body for r in fake.requests)
    assert not any("wrong-0123" in r.refused for r in fake.requests)
    assert len(fake.script.unused()) == 1


@pytest.mark.parametrize(
    "url, headers",
    [
        ("https://x/v1/models", {"authorization": "Bearer k1"}),
        ("https://x/v1/models", {"api-key": "k1"}),
        ("https://api.anthropic.com/v1/models", {"x-api-key": "k1"}),
        ("https://x/v1beta/models", {"x-goog-api-key": "k1"}),
        ("https://x/v1beta/models?key=k1", {}),
        ("http://localhost:11434/api/tags", {"authorization": "bearer k1"}),
    ],
)
def test_a_right_key_is_found_wherever_it_is_put(
    url: str, headers: dict[str, str]
) -> None:
    """And a wrong or a missing one there is not."""
    client = plain(FakeProvider(keys={"k1", "k2"}))
    wrong = {name: said.replace("k1", "k3") for name, said in headers.items()}

    assert client.get(url, headers=headers).status_code == 200
    assert client.get(url.replace("k1", "k3"), headers=wrong).status_code in (400, 401)
    bare = client.get(url.partition("?")[0])
    assert bare.status_code in (401, 403)
    assert "********" not in bare.text


def test_amazon_names_its_keys_in_signatures() -> None:
    """The id of the key, which is no secret, is what counts."""
    client = plain(FakeProvider("Hello!", keys={"AKID"}))
    url = "https://b/model/m/converse"
    said = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    signed = "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/bedrock/aws4_request"

    fine = client.post(url, json=said, headers={"authorization": signed})
    wrong = client.post(
        url, json=said, headers={"authorization": signed.replace("AKID", "OTHER")}
    )
    none = client.post(url, json=said)

    assert fine.status_code == 200
    assert wrong.status_code == none.status_code == 403
    assert wrong.headers["x-amzn-errortype"] == "UnrecognizedClientException"
    assert "security token" in wrong.json()["message"]


@pytest.mark.parametrize(
    "keys, words", [("sk-a", "is one text"), (set(), "has no key")]
)
def test_keys_are_a_set_of_texts(keys: Any, words: str) -> None:
    """A text would be taken for its letters, and none would shut all out."""
    with pytest.raises(InputError, match=words):
        FakeProvider("Hi", keys=keys)
