"""A thousand secrets in all places of real traffic, recorded by every client.

What is on the disk is searched by means of its own, in every form in which a secret may
hide there: while it is recorded, in what is written before it has its name, and
afterwards. That the search finds them is shown with the redaction off.
"""

import asyncio
import base64
import gzip
import json
import re
import string
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

import aiohttp
import anthropic
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3
import vcr.serialize
import zstandard
from vcr.serializers import yamlserializer

from harness import (
    AIMessageChunk,
    FakeChatModel,
    RecordingChatModel,
    Redaction,
    ReplayChatModel,
    call,
    fail,
    say,
)
from harness.cassettes import Interaction, load_cassette
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import decoded_body
from harness.cassettes.tape import Tape
from harness.cli import main
from harness.errors import CassetteError, ModelError
from harness.messages import AIMessage
from harness.recording import block_network, use_cassette
from harness.wire import DIALECTS

LETTERS_EACH = 7
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
#: How keys begin, split so that no scan of this file minds; their letters and length.
KEYS: list[tuple[str, str, int]] = [
    *(("sk" + "-", ALNUM, 48), ("sk" + "-proj-", ALNUM, 60), ("sk" + "-", HEX, 32)),
    *(("sk" + "-ant-api03-", ALNUM, 90), ("sk" + "-or-v1-", HEX, 64)),
    *(("gsk" + "_", ALNUM, 52), ("xai" + "-", ALNUM, 80), ("pplx" + "-", ALNUM, 48)),
    *(("csk" + "-", HEX, 40), ("nvapi" + "-", ALNUM, 60), ("fw" + "_", ALNUM, 24)),
    *(("r8" + "_", ALNUM, 37), ("hf" + "_", ALNUM, 34), ("dapi", HEX, 32)),
    *(("lsv2" + "_pt_", HEX, 32), ("tvly" + "-", ALNUM, 32), ("sk" + "_", HEX, 48)),
    *(("AI" + "za", ALNUM, 35), ("ya29" + ".", ALNUM, 90), ("GOC" + "SPX-", ALNUM, 28)),
    *(
        ("AK" + "IA", UPPER, 16),
        ("AS" + "IA", UPPER, 16),
        ("IQoJb3Jp" + "Z2lu", ALNUM, 90),
    ),
    *(
        ("gh" + "p_", ALNUM, 36),
        ("github" + "_pat_", ALNUM, 60),
        ("gl" + "pat-", ALNUM, 20),
    ),
    *(
        ("xo" + "xb-", ALNUM, 40),
        ("sk" + "_live_", ALNUM, 24),
        ("npm" + "_", ALNUM, 36),
    ),
    *(("tgp" + "_v1_", ALNUM, 43), ("pa" + "-", ALNUM, 43), ("jina" + "_", HEX, 32)),
    *(("pcsk" + "_", ALNUM, 60), ("e2b" + "_", HEX, 40), ("dop" + "_v1_", HEX, 64)),
    *(
        ("pypi" + "-AgE", ALNUM, 60),
        ("whsec" + "_", ALNUM, 32),
        ("ABS" + "K", ALNUM, 60),
    ),
    *(("org" + "-", ALNUM, 24), ("proj" + "_", ALNUM, 24)),
]


@dataclass
class Plant:
    """Makes secrets up, the same each time, and remembers them."""

    rng: Random
    secrets: list[str] = field(default_factory=list)

    def word(self, letters: str = ALNUM, size: int = 24, start: str = "") -> str:
        """Give a secret that nothing but its place tells."""
        mixed = [one for one in "qQ7" if one in letters]
        word = "".join([*mixed, *self.rng.choices(letters, k=size - len(mixed))])
        self.secrets.append(word)
        return start + word

    def key(self) -> str:
        """Give a key that its shape tells: of each provider in turn."""
        start, letters, size = KEYS[len(self.secrets) % len(KEYS)]
        return self.word(letters, size, start)


@dataclass
class Letter:
    """What is asked, and what is answered to it."""

    headers: dict[str, str]
    query: dict[str, str]
    fields: dict[str, Any]
    reply_headers: list[tuple[str, str]]
    #: What the answer says, and what it has beside.
    text: str
    more: dict[str, Any]


def letter(plant: Plant, number: int) -> Letter:
    """Make one up that has 15 secrets, some of them again in the answer."""
    credential, name, config = plant.key(), plant.word(), plant.word()
    basic = base64.b64encode(f"user:{credential}".encode()).decode()
    schemes = [f"Bearer {credential}", f"Basic {basic}", f"Token {credential}"]
    escaped = 'p"a\\s/ ' + plant.word()
    inner = json.dumps({"secret": plant.word()}).encode()
    zipped = gzip.compress(json.dumps({"password": plant.word()}).encode(), mtime=0)
    return Letter(
        {
            "authorization": schemes[number % 3],
            "x-api-key": name,
            "cookie": f"theme=dark; sid={plant.word()}",
            "openai-organization": plant.word(start="org-of-"),
        },
        {"alt": "sse", "key": plant.key()},
        {
            "config": {"api_key": config},
            "arguments": json.dumps({"password": escaped}),
            "note": f"see {plant.key()} there, or https://u:{plant.word()}@a.example/x",
            "data": base64.b64encode(inner).decode(),
            "file": base64.b64encode(zipped).decode(),
        },
        [
            ("set-cookie", f"sid={plant.word()}; Path=/; HttpOnly"),
            ("x-request-id", plant.word(HEX, 32, "req_")),
            ("x-said", name),
        ],
        f"You said {credential}, and {quote(escaped)}; I say {plant.key()}. Bye now!",
        {
            "access_token": plant.word(),
            "echo": [escaped, base64.b64encode(name.encode()).decode(), config],
            "url": f"https://b.example/f?sv=1&sig={plant.word()}&se=2",
        },
    )


# ----------------------------------------------------------------------- clients

Ask = Callable[[str, Letter, int], Any]


def sdk(make: Callable[..., Any], ask: Callable[..., Any]) -> Ask:
    """Give an SDK; *ask* says which of its methods asks."""

    async def waited(client: Any, said: Any, *, stream: bool) -> Any:
        async with client:
            found = await said
            return [one async for one in found] if stream else found

    def asked(url: str, one: Letter, number: int) -> Any:
        stream = number % 2 == 1
        client = make(base_url=url, api_key="none", max_retries=0)
        headers, query, body = one.headers, one.query, one.fields
        said = ask(client)(
            **ASKED,
            stream=stream,
            extra_headers=headers,
            extra_query=query,
            extra_body=body,
        )
        if "Async" in make.__name__:
            return asyncio.run(waited(client, said, stream=stream))
        with client:
            return list(said) if stream else said

    return asked


def chats(client: Any) -> Any:
    """Give the method that asks OpenAI."""
    return client.chat.completions.create


def messages(client: Any) -> Any:
    """Give the method that asks Anthropic."""
    return partial(client.messages.create, max_tokens=9)


def encoded(one: Letter, number: int) -> tuple[dict[str, str], bytes]:
    """Give the body of a request in one of the forms that bodies have, and its type."""
    said = {**ASKED, **one.fields}
    match number % 4:
        case 0:
            return {"content-type": "application/json"}, json.dumps(said).encode()
        case 1:
            flat = {
                k: v if isinstance(v, str) else json.dumps(v) for k, v in said.items()
            }
            kind = "application/x-www-form-urlencoded"
            return {"content-type": kind}, urlencode(flat).encode()
        case 2:
            parts = [("password", one.fields["config"]["api_key"])]
            parts += [(k, json.dumps(v)) for k, v in said.items()]
            body = "".join(
                f'--b0\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
                for k, v in parts
            )
            kind = "multipart/form-data; boundary=b0"
            return {"content-type": kind}, f"{body}--b0--\r\n".encode()
        case _:
            kinds = {"content-type": "application/json", "content-encoding": "gzip"}
            return kinds, gzip.compress(json.dumps(said).encode(), mtime=0)


def plain(send: Callable[[str, dict[str, str], bytes], bytes]) -> Ask:
    """Give a client that sends a body as it is."""

    def asked(url: str, one: Letter, number: int) -> Any:
        kinds, body = encoded(one, number)
        path = f"{url}/v1/chat/completions?{urlencode(one.query)}"
        return send(path, {**one.headers, **kinds}, body)

    return asked


def with_httpx(library: Any) -> Ask:
    """Give httpx, or httpx2."""

    def send(url: str, headers: dict[str, str], body: bytes) -> bytes:
        with library.Client() as client:
            said: bytes = client.post(url, headers=headers, content=body).content
            return said

    return plain(send)


def with_async_httpx(library: Any) -> Ask:
    """Give httpx, or httpx2, in a task."""

    async def run(url: str, headers: dict[str, str], body: bytes) -> bytes:
        async with library.AsyncClient() as client:
            answer = await client.post(url, headers=headers, content=body)
            said: bytes = answer.content
            return said

    def send(url: str, headers: dict[str, str], body: bytes) -> bytes:
        return asyncio.run(run(url, headers, body))

    return plain(send)


@plain
def with_requests(url: str, headers: dict[str, str], body: bytes) -> bytes:
    """Ask with requests."""
    with requests.Session() as client:
        return client.post(url, headers=headers, data=body, timeout=9).content


@plain
def with_urllib3(url: str, headers: dict[str, str], body: bytes) -> bytes:
    """Ask with urllib3."""
    with urllib3.PoolManager() as client:
        return client.request("POST", url, headers=headers, body=body).data


@plain
def with_aiohttp(url: str, headers: dict[str, str], body: bytes) -> bytes:
    """Ask with aiohttp."""

    async def run() -> bytes:
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, headers=headers, data=body) as answer,
        ):
            return await answer.read()

    return asyncio.run(run())


CLIENTS: dict[str, Ask] = {
    "openai": sdk(openai.OpenAI, chats),
    "openai, async": sdk(openai.AsyncOpenAI, chats),
    "anthropic": sdk(anthropic.Anthropic, messages),
    "anthropic, async": sdk(anthropic.AsyncAnthropic, messages),
    "httpx": with_httpx(httpx),
    "httpx, async": with_async_httpx(httpx),
    "httpx2": with_httpx(httpx2),
    "httpx2, async": with_async_httpx(httpx2),
    "requests": with_requests,
    "urllib3": with_urllib3,
    "aiohttp": with_aiohttp,
}


def planted(client: str) -> tuple[list[Letter], list[str]]:
    """Give what a client asks and is answered, and all secrets in it."""
    plant = Plant(Random(client))  # noqa: S311 - no secret that is in use
    return [letter(plant, number) for number in range(LETTERS_EACH)], plant.secrets


def scripted(server: Any, client: str, letters: list[Letter]) -> None:
    """Have the server answer: whole, packed or not, or in a stream that is cut."""
    dialect = DIALECTS["anthropic-messages" if "anthropic" in client else "openai-chat"]
    for number, one in enumerate(letters):
        if number % 2:
            server.streams(*streamed(dialect, one), headers=tuple(one.reply_headers))
            continue
        reply = json.loads(dialect.write_reply(AIMessage(one.text)))
        body = json.dumps({**reply, **one.more}).encode()
        pack, coding = PACKED[number // 2 % len(PACKED)]
        headers = [("content-type", "application/json"), *one.reply_headers]
        headers += [("content-encoding", coding)] if coding else []
        server.replies(pack(body), headers=tuple(headers))


PACKED: list[tuple[Callable[[bytes], bytes], str]] = [
    (bytes, ""),
    (gzip.compress, "gzip"),
    (zlib.compress, "deflate"),
]


def streamed(dialect: Any, one: Letter) -> list[bytes]:
    """Give the answer in events of five letters, cut anywhere; the first says more."""
    encoder = dialect.encoder()
    texts = [one.text[n : n + 5] for n in range(0, len(one.text), 5)]
    chunks = [*map(AIMessageChunk, texts), AIMessageChunk(chunk_position="last")]
    said = b"".join([*map(encoder.feed, chunks), encoder.close()])
    said = said.replace(b"{", json.dumps(one.more).encode()[:-1] + b", ", 1)
    cuts = range(97, len(said), 97)
    return [said[a:b] for a, b in pairwise([0, *cuts, len(said)])]


# ----------------------------------------------------------------------- the search

_BLOB = re.compile(r"[A-Za-z0-9+/_-]{16,}")
#: Pieces of text: in events, and as a cassette of messages has them.
_GROWS = re.compile(
    r'(?:"?(?:content|text|delta|partial_json|args)"?: ?|- \[\d+, )'
    r'(?:"((?:[^"\\]|\\.)*)"|(\w[^,\]}\n]*))'
)
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78")


def views(data: bytes, depth: int = 3) -> Iterator[str]:
    """Give all that *data* may say: joined, unescaped, out of base64, unpacked."""
    for unpack in (
        zlib.decompressobj(47),
        zstandard.ZstdDecompressor().decompressobj(),
    ):
        if data.startswith(_MAGIC):
            with suppress(zlib.error, zstandard.ZstdError):
                data = unpack.decompress(data)
    said = data.decode("utf-8", "replace")
    texts = [said, unquote_plus(said), re.sub(r"\\+\r?\n\s*", "", said)]
    for _ in range(3):
        texts.append(re.sub(r'\\(["\\/])', r"\1", texts[-1]))
    texts += ["".join(map("".join, _GROWS.findall(text))) for text in texts]
    yield from texts
    if depth:
        joined = re.sub(r"\s*\n\s*", "", said)
        blobs = {*_BLOB.findall("\n".join(texts)), *_BLOB.findall(joined)}
        plain = sorted({*map(_plain, _shifted(blobs))} - {b""})
        lines = [b"\n" + one for one in plain]  # no magic number begins what is joined
        packed = [one for one in plain if one.startswith(_MAGIC)]
        for one in [*([b"".join(lines)] if lines else []), *packed]:
            yield from views(one, depth - 1)


def _shifted(blobs: set[str]) -> Iterator[str]:
    for blob in blobs:
        yield from (blob[n:] for n in range(4 if len(blob) < 4000 else 1))


def _plain(blob: str) -> bytes:
    """What base64 says, if it is text or packed; bytes by chance are dropped."""
    bare = blob.replace("-", "+").replace("_", "/")
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    data = base64.b64decode(bare + "=" * (-len(bare) % 4))
    return data if data.startswith(_MAGIC) or re.search(rb"[ -~]{9}", data) else b""


def found(data: bytes, secrets: list[str]) -> set[str]:
    """Give those of *secrets* of which *data* has all, or the half."""
    said = "\n".join(views(data))
    halves = {one: (one[: len(one) // 2], one[-(len(one) // 2) :]) for one in secrets}
    return {one for one, parts in halves.items() if any(part in said for part in parts)}


class Disk:
    """All that was on the disk below a folder, also before files got their names."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.seen: dict[str, bytes] = {}
        rename = Path.replace

        def replace(path: Path, target: Path) -> Path:
            if folder in path.parents:
                self.seen[path.name] = path.read_bytes()
            return rename(path, target)

        patch.setattr(Path, "replace", replace)

    def look(self) -> list[str]:
        """Look at all files now, and give their names."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self.seen |= {path.name: path.read_bytes() for path in files}
        return [path.name for path in files]

    def found(self, secrets: list[str]) -> set[str]:
        """Give the secrets in all that was seen."""
        distinct = {*self.seen.values()}
        return {one for data in distinct for one in found(data, secrets)}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Give what sees all that is written."""
    return Disk(tmp_path, monkeypatch)


class Broken(Exception):
    """A test that fails."""


def record(client: str, server: Any, disk: Disk, **options: Any) -> list[str]:
    """Record all letters of a client; as a test that fails, too. Give the secrets."""
    letters, secrets = planted(client)
    path = disk.folder / "cassette.yaml"
    for failing in (False, True):
        scripted(server, client, letters)
        with suppress(Broken), use_cassette(path, "all", **options):
            for number, one in enumerate(letters):
                CLIENTS[client](server.url, one, number)
            assert any(name.endswith(".journal") for name in disk.look())
            if failing:
                raise Broken
    names = disk.look()
    assert sorted(names) == ["cassette.failed.yaml", "cassette.yaml"]
    assert [name for name in disk.seen if name.endswith(".tmp")]
    return secrets


def lengths(one: Interaction) -> Iterator[tuple[str, int]]:
    """Give the lengths that headers say, and those that bodies have."""
    for headers, body in (
        (one.request_headers, one.request_body),
        (one.response_headers, one.response_body),
    ):
        for name, said in headers:
            if name.lower() == "content-length":
                yield said, len(body)


# ----------------------------------------------------------------------- tests


def test_a_thousand_are_planted() -> None:
    """They are different ones."""
    secrets = [one for client in CLIENTS for one in planted(client)[1]]

    assert len({*secrets}) == len(secrets) >= 1000


@pytest.mark.parametrize("client", CLIENTS)
def test_no_secret_is_on_the_disk(client: str, server: Any, disk: Disk) -> None:
    """Everything is saved, and plays again: without one secret, in right lengths."""
    secrets = record(client, server, disk)

    assert disk.found(secrets) == set()
    recorded = load_cassette(disk.folder / "cassette.yaml", seals="error")
    assert len(recorded) == LETTERS_EACH
    told = [pair for one in recorded for pair in lengths(one)]
    assert len(told) >= LETTERS_EACH // 2  # streams have none, nor do all clients
    assert [(said, size) for said, size in told if said != str(size)] == []
    server.close()
    with block_network(), use_cassette(disk.folder / "cassette.yaml") as tape:
        for number, one in enumerate(planted(client)[0]):
            assert "REDACTED-" in str(CLIENTS[client](server.url, one, number))
        assert tape.unused() == []


@pytest.mark.parametrize("client", CLIENTS)
def test_the_search_finds_them_all(client: str, server: Any, disk: Disk) -> None:
    """Where nothing is hidden, each secret is seen on the disk."""
    secrets = record(client, server, disk, redaction=Redaction.none())

    assert disk.found(secrets) == {*secrets}


@pytest.mark.parametrize(
    "broken",
    [
        "cassettes.redaction._header",
        "cassettes.finding.Finder.cleaned_url",
        "cassettes.redaction.cleaned_message",
        "cassettes.finding.Finder._known",
        "cassettes.finding.Finder._blobs",
        "cassettes.clean_bodies.stream_edits",
    ],
)
def test_a_stage_that_is_broken_is_seen(
    broken: str, server: Any, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any one stage of redaction secrets are left, or are refused."""
    given = {"_header": 2, "cleaned_url": 1, "cleaned_message": 1}
    number = given.get(broken.rpartition(".")[2])

    def nothing(*args: Any, **_options: Any) -> Any:
        return [] if number is None else args[number]

    monkeypatch.setattr(f"harness.{broken}", nothing)
    secrets = planted("httpx")[1]

    with suppress(CassetteError):  # "not saved"
        record("httpx", server, disk)
        assert disk.found(secrets) != set()
        return
    assert [name for name in disk.look() if name.endswith(".yaml")] == []


OWN = Redaction(
    fields=["customer", "pin*"],
    headers=["x-tenant"],
    query=["who"],
    patterns=[r"cust-\w+", re.compile(r"PIN (\w+)")],
    functions=[lambda said: re.findall(r"Mr\. (\w+)", said)],
)


def test_rules_of_ones_own(server: Any, disk: Disk) -> None:
    """What is named by field, header, parameter, pattern and function is hidden."""
    plant = Plant(Random(1))  # noqa: S311 - as above
    body = {
        "customer": {"name": plant.word(), "more": [plant.word()]},
        "pins": [plant.word()],
        "text": f"cust-{plant.word()} has PIN {plant.word()}; Mr. {plant.word()} did",
    }
    asked: Any = {"json": body, "headers": {"x-tenant": plant.word()}}
    for redaction, left in ((OWN, set()), (Redaction.none(), {*plant.secrets})):
        url = f"{server.url}/a?who={plant.secrets[0]}"
        with use_cassette("cassette.yaml", "all", redaction=redaction):
            httpx.post(url, **asked)
        with use_cassette("cassette.yaml", redaction=redaction):
            httpx.post(url, **asked)
        disk.look()

        assert disk.found(plant.secrets) == left


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("hidden", [True, False])
def test_a_tape_alone(coding: str, hidden: bool, disk: Disk) -> None:
    """Failures tell URLs, and answers are packed in more ways than clients can read."""
    plant = Plant(Random(coding))  # noqa: S311 - as above
    key, body = plant.key(), {"access_token": plant.word(), "text": plant.key()}
    packs = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "zstd": zstandard.compress,
    }
    redaction = Redaction() if hidden else Redaction.none()
    url = f"https://api.example.com/v1?key={key}"
    path = disk.folder / "cassette.yaml"
    with Tape(path, "all", redaction=redaction, forced=True) as tape:
        failed = tape.recording(HttpRequest("GET", url))
        failed.end("connection", f"Max retries exceeded with url: /v1?key={key}")
        answered = tape.recording(HttpRequest("GET", f"{url}&a=b"))
        answered.response(200, [("content-encoding", coding)], reason=f"OK {key}")
        packed = packs[coding](json.dumps(body).encode())
        for n in range(0, len(packed), 9):
            answered.chunk(packed[n : n + 9])
        answered.end()
        disk.look()
    disk.look()

    assert disk.found(plant.secrets) == (set() if hidden else {*plant.secrets})
    first, second = load_cassette(path, seals="error")
    assert (first.ended, second.reason[:2]) == ("connection", "OK")
    assert json.loads(decoded_body(second)).keys() == body.keys()


@pytest.mark.parametrize("hidden", [True, False])
def test_messages(hidden: bool, disk: Disk) -> None:
    """A model that is recorded by its messages: texts, calls, errors, in pieces."""
    plant = Plant(Random(2))  # noqa: S311 - as above
    questions = [f"My key is {plant.key()}" for _ in KEYS]
    turns: list[Any] = [
        say(
            f"So it is {plant.key()}",
            call("a", password=plant.word()),
            misbehaving=True,  # nobody has bound the tool
        )
        for _ in KEYS
    ]
    turns.append(fail(f"No such key: {plant.key()}"))
    questions.append(json.dumps({"api_key": plant.word()}))
    redaction = Redaction() if hidden else Redaction.none()
    path = disk.folder / "talk.yaml"
    with RecordingChatModel(FakeChatModel(*turns), path, redaction=redaction) as model:
        for question in questions:
            with suppress(ModelError):
                list(model.stream(question))
        disk.look()
    disk.look()

    assert disk.found(plant.secrets) == (set() if hidden else {*plant.secrets})
    replay = ReplayChatModel(path, redaction=redaction)
    for question in questions[:-1]:
        assert replay.invoke(question).tool_calls[0]["name"] == "a"
    with pytest.raises(ModelError, match="No such key"):
        replay.invoke(questions[-1])


# ----------------------------------------------------------------------- afterwards


def as_vcrpy(text: str) -> str:
    """Give a cassette as stock vcrpy writes it, without a word of ours."""
    asked, answered = vcr.serialize.deserialize(text, yamlserializer)
    for one in answered:
        one.pop("recorded", None)
        one["body"].pop("chunks", None)
    said = {"requests": asked, "responses": answered}
    return str(vcr.serialize.serialize(said, yamlserializer))


@pytest.mark.parametrize(
    ("client", "form"),
    [
        ("httpx", "ours"),
        ("requests", "vcrpy's"),
        ("openai", "vcrpy's"),
        ("anthropic, async", "packed"),
    ],
)
def test_an_old_cassette_is_mended(
    client: str, form: str, server: Any, tmp_path: Path, capsys: Any
) -> None:
    """`harness check` finds secrets and shows none; `harness redact` hides them."""
    letters, secrets = planted(client)
    plant = Plant(Random(3), secrets)  # noqa: S311 - as above
    path = tmp_path / ("a.yaml.gz" if form == "packed" else "a.yaml")
    scripted(server, client, letters)
    with use_cassette(tmp_path / "a.yaml", "all", redaction=Redaction.none()):
        for number, one in enumerate(letters):
            CLIENTS[client](server.url, one, number)
    server.close()
    text = (tmp_path / "a.yaml").read_text("utf-8")
    text = as_vcrpy(text) if form == "vcrpy's" else text
    data = f"# Mine, {plant.key()}\n{text}".encode()
    path.write_bytes(gzip.compress(data) if form == "packed" else data)
    assert found(path.read_bytes(), secrets) == {*secrets}

    assert main(["check", str(path), "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert '"rule": "secret"' in shown.out
    assert not any(one[:8] in shown.out + shown.err for one in secrets)
    assert main(["redact", "--dry-run", str(path)]) == 1
    assert main(["redact", str(path)]) == 0
    assert main(["redact", "--dry-run", str(path)]) == 0

    shown = capsys.readouterr()
    assert f"{LETTERS_EACH} of {LETTERS_EACH} recordings match as before" in shown.out
    assert f"{path}: nothing to hide\n" in shown.out
    assert found(path.read_bytes(), secrets) == set()
    assert not any(one[:8] in shown.out + shown.err for one in secrets)
    assert main(["check", str(path), "--strict", "--ignore", "unreadable"]) == 0
    with block_network(), use_cassette(path, seals="error") as tape:
        for number, one in enumerate(letters):
            assert "REDACTED-" in str(CLIENTS[client](server.url, one, number))
        assert tape.unused() == []
