"""What fuzzing begins with: what this repository has, and real recordings if there are.

Without recordings the seeds are the same everywhere.
"""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.cassettes import Interaction, load_cassette
from harness.cassettes.conversations import conversation
from harness.cassettes.interactions import decoded_body, decoded_request
from harness.cassettes.journals import line_of
from harness.cassettes.writing import write_cassette
from harness.chunks import AIMessageChunk
from harness.laws.dialects import DialectSubject, encoded
from harness.laws.dialects_trips import _small_requests, small_answers, small_streams
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire import DIALECTS, dialect_of
from harness.wire.aws_frames import encode_frame

__all__ = ["LARGEST", "SEEDS", "Seeds"]

_ROOT = Path(__file__).parents[2]
#: Bytes of a seed: what is longer says little more, and takes time at each try.
LARGEST = 3_000
_MOST = 150

#: What makes seeds of the folder of recordings, None where there is none.
Seeds = Callable[[Path | None], Iterable[bytes]]


@cache
def _cassettes() -> tuple[Interaction, ...]:
    files = sorted((_ROOT / "cassettes").glob("*.yaml"))
    return tuple(one for file in files for one in load_cassette(file, seals="ignore"))


@cache
def _recorded(folder: Path) -> tuple[Mapping[str, Any], ...]:
    with gzip.open(folder / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(map(json.loads, lines))


def _body(said: Mapping[str, Any] | None) -> bytes:
    if said and said.get("base64") is not None:
        return base64.b64decode(said["base64"])
    return ((said or {}).get("text") or "").encode("utf-8", "surrogatepass")


def _few(found: Iterable[bytes]) -> Iterator[bytes]:
    """Give the shortest of them, each once, of lengths that differ."""
    fit = sorted({one for one in found if 0 < len(one) <= LARGEST}, key=len)
    yield from fit[:: len(fit) // _MOST + 1]


def _subject(dialect: str) -> DialectSubject:
    return DialectSubject.of(dialect)


def answers(dialect: str, folder: Path | None) -> Iterator[bytes]:
    """Give answers of a dialect, streamed and whole."""
    subject = _subject(dialect)
    yield from (encoded(subject, one) for one in small_streams(subject))
    yield from (subject.dialect.write_reply(one) for one in small_answers(subject))
    for one in _cassettes():
        if dialect_of(one.url) is subject.dialect and one.status < 400:
            yield decoded_body(one)
    if folder is not None:
        yield from _few(
            _body(one["response"]) for one in _recorded(folder) if one["api"] == dialect
        )


def requests(dialect: str, folder: Path | None) -> Iterator[bytes]:
    """Give bodies of requests of a dialect."""
    subject = _subject(dialect)
    small = list(_small_requests(subject))
    yield from (subject.dialect.write_request(one) for one in small)
    for one in _cassettes():
        if dialect_of(one.url) is subject.dialect:
            yield decoded_request(one)
    if folder is not None:
        yield from _few(
            _body(one["request"]) for one in _recorded(folder) if one["api"] == dialect
        )


def errors(folder: Path | None) -> Iterator[bytes]:
    """Give errors: the dialect and status, headers, and a body."""
    said = Fault("Slow down", "rate_limit", status=429, retry_after=2.0)
    for number, dialect in enumerate(DIALECTS.values()):
        reply = dialect.write_error(said)
        head = "".join(f"{name}: {text}\n" for name, text in reply.headers.items())
        yield bytes([number + 24]) + f"{head}\n".encode() + reply.body
    yield b"\x04retry-after-ms: 1e9\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT\n\n"
    if folder is not None:
        bad = [one for one in _recorded(folder) if (one["status"] or 0) >= 400]
        for n, one in enumerate(bad[:_MOST]):
            lines = (f"{k}: {v}\n" for k, v in one["response_headers"] or ())
            yield (
                bytes([n % 60])
                + "".join(lines).encode()
                + b"\n"
                + _body(one["response"])[:2000]
            )


def event_streams(folder: Path | None) -> Iterator[bytes]:
    """Give event streams, and those that few servers send."""
    yield b"\xef\xbb\xbfid: 1\nevent:a\nretry: 1\ndata: x\ndata:\r\ndata: y\r\r: c\n\n"
    yield b"data\n\ndata: a\r\ndata:  b\r\n\r\nid\nerror: {}\n\ndata: end"
    for dialect in ("openai-chat", "anthropic-messages", "openai-responses"):
        yield from list(answers(dialect, folder))[:40]


def json_frames(folder: Path | None) -> Iterator[bytes]:
    """Give JSON values one after the other, and arrays of them."""
    yield from (b'{"a": "}"} {"b": [1]}', b'[{"a": "\\""}, {"b": {}}] ', b'{"a"', b"[]")
    for dialect in ("gemini", "ollama-chat"):
        yield from list(answers(dialect, folder))[:40]


def aws_frames(folder: Path | None) -> Iterator[bytes]:
    """Give frames of event streams of AWS."""
    headers: dict[str, Any] = {"a": 1, "b": b"\0", "c": "x", "d": True, "e": 1 << 40}
    yield encode_frame(headers, b'{"a": 1}') + encode_frame({}, b"")
    yield from list(answers("bedrock-converse", folder))[:40]


def _conversations() -> list[Interaction]:
    asked = ChatRequest((HumanMessage("Boston?"),), model="m", stream=True)
    call = {"name": "f", "args": "{}", "id": "call_1", "index": 0}
    steps = (
        AIMessageChunk("Let me\nlook.", id="msg_1"),
        AIMessageChunk(tool_call_chunks=[call]),
        Fault("gone", "interrupted"),
    )
    at = "2026-11-24T10:00:00Z"
    return [conversation(asked, steps, (120, 150, 160), recorded_at=at)]


def _odd() -> list[Interaction]:
    sse = b'data: {"a": 1}\r\n\r\n data: x \r\n\r\n'
    return [
        Interaction(
            *("POST", "https://a.b/v1?x=\u00e9", 200),
            request_headers=(("content-type", "application/json"), ("x", "1")),
            request_body='{"content": "\u00e9 1", "t": 1.0}'.encode(),
            response_headers=(("Content-Type", "text/event-stream"),),
            response_body=sse,
            response_chunks=(sse[:5], sse[5:]),
            chunk_times=(3, 9),
            reason="OK",
            recorded_at="2026-11-24T10:00:00Z",
        ),
        Interaction("GET", "https://a.b/", 599, ended="truncated", failure="slow"),
        Interaction("GET", "https://a.b/", 200, response_body=b"\x1f\x8b\xff\0"),
    ]


def _samples(kind: str) -> list[bytes]:
    """Give the files of a kind that were written for this."""
    folder = Path(__file__).with_name("samples")
    return [path.read_bytes() for path in sorted(folder.glob(f"{kind}-*"))]


def cassettes(folder: Path | None) -> Iterator[bytes]:
    """Give the text of cassettes, our own and others'."""
    yield write_cassette(_odd()).encode()
    yield write_cassette(_conversations()).encode()
    yield from _samples("cassette")
    yield from (write_cassette([one]).encode() for one in _cassettes()[:20])
    if folder is not None:
        files = _files(folder, "vcrpy", "cassetter", "langchain")
        yield from _few(path.read_bytes() for path in files)


def _files(folder: Path, *dialects: str) -> Iterator[Path]:
    rows = map(json.loads, (folder / "manifest.jsonl").read_text("utf-8").splitlines())
    for row in rows:
        if row["dialect"].startswith(dialects) and row["bytes"] <= LARGEST:
            yield folder / row["file"]


def packed(folder: Path | None) -> Iterator[bytes]:
    """Give files as they lie on a disk, some of them packed."""
    for one in [*cassettes(folder)][:30]:
        yield from (one, gzip.compress(one, mtime=0), b"\xef\xbb\xbf" + one)


def foreign(folder: Path | None) -> Iterator[bytes]:
    """Give recordings of other programs; a byte before them names their form."""
    samples = (*_samples("foreign"), *_samples("cassette"))
    yield from (b"\0" + one for one in samples)
    yield from (b"\x01" + one for one in list(answers("openai-chat", None))[:5])
    if folder is not None:
        forms = ("httpmock", "vcr-", "go-vcr", "httprr", "har", "nock", "dd-", "llama")
        forms = (*forms, "bare", "custom", "cassetter", "langchain", "vcrpy-")
        yield from _few(b"\0" + path.read_bytes() for path in _files(folder, *forms))


def journals(_: Path | None) -> Iterator[bytes]:
    """Give lines of journals without their checksums."""
    for one in (*_odd(), *_conversations(), *_cassettes()[:10]):
        yield line_of(1, one).partition(b" ")[2].rstrip(b"\n")


def scripts(_: Path | None) -> Iterator[bytes]:
    """Give scripts: of this repository, and all of its pages."""
    yield from (path.read_bytes() for path in sorted((_ROOT / "fakes").glob("*.yaml")))
    for page in sorted((_ROOT / "docs").rglob("*.md")):
        for block in re.findall(
            r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL
        ):
            if "turns" in block:
                yield block.encode()


def documents(folder: Path | None) -> Iterator[bytes]:
    """Give JSON: whole, broken off, and odd."""
    yield from (
        b'{"a": [1, -2.5e3, true, null, "x\\u00e9\\ud83d\\ude00", {"b": {}}]} ',
        *(b'"\\ud83dx\\ude00', b"[1e999", b'{"a":1,"a":2}', b"12", b'"\xed\xa0\xbd"'),
    )
    yield from list(requests("openai-chat", folder))[:30]


def pairs(folder: Path | None) -> Iterator[bytes]:
    """Give two bodies and an address, to be compared."""
    yield b'{"a": 1, "b": [2.0]}\0{"b":[2],"a":1.0}\0v1/%7ea?x=1&x=2#f'
    yield b"a=1&b=2\0a=1&b=3\0v1/?q"
    yield b"--x\r\ndata\r\n--x--\0--y\r\ndata\r\n--y--\0"
    known = list(requests("openai-chat", folder))[:30]
    yield from (one + b"\0" + other + b"\0v1" for one, other in pairwise(known))


_AROUND = (
    *(
        "x",
        "",
        " and ",
        '": "',
        "\\",
        "\\n",
        "%20",
        "é",
        "&a=",
        "\r\n",
        "Bearer ",
        "sk-",
    ),
    *(
        '{"api_key": "',
        "data: {",
        "https://u:p@h/?key=",
        "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
    ),
    *("Set-Cookie: a=b; c=d", "gs" + "k_" + "aB3" * 16, "org-abcdefghijklmnopqrstuvwx"),
)


def surroundings(_: Path | None) -> Iterator[bytes]:
    """Give what may stand around a secret; a byte before it says where that is."""
    for place in range(12):
        yield from (bytes([place]) + one.encode() for one in _AROUND)
        yield bytes([place]) + "".join(_AROUND).encode()


def repeated(_: Path | None) -> Iterator[bytes]:
    """Give texts to be made long: the subject, a beginning, a unit and an end."""
    units = (
        "a",
        "\n",
        " ",
        "{",
        '{"a":',
        "[",
        "data: {}\n\n",
        "\\",
        '"',
        "#\n",
        "- ",
        "%41",
    )
    units = (
        *units,
        "a: b\n",
        "eyJ",
        "&a=b",
        "ab=",
        "--",
        "\r",
        ": ",
        "<<: *a\n",
        "1",
        "/",
    )
    for subject in range(21):
        yield from (
            bytes([subject]) + b"\xff" + unit.encode() + b"\xff!" for unit in units
        )


#: Seeds by name; those of dialects by kind and name.
SEEDS: Mapping[str, Seeds] = MappingProxyType(
    {
        "aws": aws_frames,
        "cassette": cassettes,
        "conversion": foreign,
        "error": errors,
        "growth": repeated,
        "journal": journals,
        "json-frames": json_frames,
        "matching": pairs,
        "packed": packed,
        "partial-json": documents,
        "planted": surroundings,
        "redaction": surroundings,
        "script": scripts,
        "sse": event_streams,
        **{
            f"stream-{name}": lambda folder, name=name: answers(name, folder)
            for name in DIALECTS
        },
        **{
            f"request-{name}": lambda folder, name=name: requests(name, folder)
            for name in DIALECTS
        },
    }
)
