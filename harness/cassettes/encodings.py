"""How one text is spelled inside another: as a JSON string, in base64, in gzip."""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

__all__ = [
    "Blob",
    "blobs",
    "json_quoted",
    "json_unquoted",
    "runs",
    "spellings",
    "unzipped",
]

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.|\Z)", re.DOTALL)
_LETTERS = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "a": "\a",
    "e": "\x1b",
}
#: Halves of characters that UTF-8 cannot carry; the others stand for single bytes.
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")

_SHORTEST = 24
_LONGEST_PATH = 1000
_LARGEST = 1 << 26
_ZIPPED = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_LETTERS_OF_WORDS = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_.:%=~"
)
_RUNS = bytes(97 if byte in _LETTERS_OF_WORDS else 32 for byte in range(256))
_RUN = b"a" * _SHORTEST
_BEGUN = re.compile(r"[A-Za-z0-9+/_-]{24}")
_BLOB = re.compile(
    r"[A-Za-z0-9+/_-]{24,}+={0,2}"
    r"(?:(?<!=)\r?\n[ \t]*[A-Za-z0-9+/_-]{2,}+={0,2}(?![^\s\"'\\<]))*"
)
_ESCAPED = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrtbf])|%[0-9a-fA-F]{2}")
#: Bytes by chance are no text of such a length.
_TEXT = re.compile(rb"[ -~]{16}")
_LINE_END = re.compile(r"\r?\n[ \t]*")


def json_unquoted(inner: str) -> str:
    r"""What the JSON string with *inner* between its quotes says.

    Escapes that only YAML knows are read too, and what is no escape stays.

    >>> json_unquoted(r"a\u0026b\/c")
    'a&b/c'
    """
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return _ESCAPE.sub(_unescaped, inner)


def _unescaped(found: re.Match[str]) -> str:
    said = found[1]
    if len(said) > 1:
        return chr(int(said[1:], 16))
    return _LETTERS.get(said, said)


def json_quoted(text: str, *, like: str) -> str:
    """*text* as it stands between the quotes of a JSON string; ASCII if *like* is."""
    if like.isascii():
        return json.dumps(text)[1:-1]
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", quoted)


def spellings(value: str) -> list[str]:
    """The ways in which *value* may stand in a text, itself first, without doubles."""
    data = value.encode("utf-8", "surrogatepass")
    plain = base64.b64encode(data).decode().rstrip("=")
    escaped = json.dumps(value)[1:-1]
    found = [
        value,
        escaped,
        json.dumps(escaped)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(data, safe=""),
        quote_plus(data),
        quote(data, safe="/:@"),
    ]
    if len(value) > 5:  # fewer bytes are too few letters to be sure of
        found += plain, plain.replace("+", "-").replace("/", "_")
    return [*dict.fromkeys(found)]


@dataclass(frozen=True, slots=True)
class Blob:
    """Base64 in a text, from *start* to *end*; *data* is what it says, unzipped."""

    start: int
    end: int
    data: bytes
    raw: str
    zipped: bool

    def written(self, data: bytes) -> str:
        """*data* in the spelling of this blob: its alphabet, padding and lines."""
        if self.zipped:
            data = gzip.compress(data, mtime=0)  # which zlib's readers read, mostly
        text = base64.b64encode(data).decode()
        if "-" in self.raw or "_" in self.raw:
            text = text.replace("+", "-").replace("/", "_")
        ends = [found[0] for found in _LINE_END.finditer(self.raw)]
        bare = len(self.raw) - sum(map(len, ends))
        if not self.raw.endswith("=") and bare % 4:
            text = text.rstrip("=")
        if not ends:
            return text
        width = len(str(_LINE_END.split(self.raw, maxsplit=1)[0]))
        return ends[0].join(text[at : at + width] for at in range(0, len(text), width))


def runs(text: str) -> bytes:
    """A byte for each letter of *text*: `a` if words of interest have it, else a space.

    >>> runs('{"a word": "a-longer-word"}')
    b'  a aaaa a  aaaaaaaaaaaaa  '
    """
    return text.encode("ascii", "replace").translate(_RUNS)


def blobs(text: str) -> Iterator[Blob]:
    """What in *text* can be base64, long enough to hold a secret.

    Lines of equal length are one blob; in what may be a path, each part is one too.
    Letters before it, of an escape or a word, may look like base64 as well: where it is
    short enough, it is read from each of its first four letters on, if it is text then.
    """
    for found in _blob_matches(text):
        start, raw = found.start(), found[0]
        yield from _split(start, raw)
        if len(raw) <= _LONGEST_PATH:
            for skipped in (1, 2, 3):
                for blob in _blob(start + skipped, raw[skipped:]):
                    if blob.zipped or _TEXT.search(blob.data):
                        yield blob
        elif escape := _ESCAPED.search(text, max(start - 1, 0), start + 5):
            yield from _split(escape.end(), raw[escape.end() - start :])


def _blob_matches(text: str) -> Iterator[re.Match[str]]:
    """What `finditer` finds; only where letters are in a row the pattern is tried."""
    words = runs(text)
    at = words.find(_RUN)
    while at >= 0:
        end = words.find(b" ", at)
        end = end if end >= 0 else len(text)
        if (begun := _BEGUN.search(text, at, end)) and (
            found := _BLOB.match(text, begun.start())
        ):
            yield found
            end = found.end()
        at = words.find(_RUN, end)


def _split(start: int, raw: str) -> Iterator[Blob]:
    if "\n" in raw:
        lines = _LINE_END.split(raw)
        width = len(lines[0])
        if len(lines[-1]) <= width and all(len(one) == width for one in lines[:-1]):
            yield from _blob(start, raw)
            return
        at = 0
        for line in lines:
            at = raw.index(line, at)
            yield from _split(start + at, line)
            at += len(line)
        return
    yield from _blob(start, raw)
    if "/" in raw and len(raw) <= _LONGEST_PATH:
        at = 0
        for part in raw.split("/"):
            yield from _blob(start + at, part)
            at += len(part) + 1


def _blob(start: int, raw: str) -> Iterator[Blob]:
    if len(raw) < _SHORTEST:
        return
    bare = _LINE_END.sub("", raw).rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        bare = bare[:-1]
    data = base64.b64decode(bare + "=" * (-len(bare) % 4))
    plain = unzipped(data) if data.startswith(_ZIPPED) else None
    yield Blob(start, start + len(raw), plain or data, raw, bool(plain))


def unzipped(data: bytes) -> bytes | None:
    """What *data* is when gzip or zlib is undone, as far as it goes; or None."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, _LARGEST)
    except zlib.error:
        return None
