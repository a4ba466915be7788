"""Bodies without their secrets, and all that depends on their bytes set right.

Compressed bodies are decoded first, as far as they can be; they stay as they are where
nothing was found.
Pieces keep their borders: where a secret lay across one, so does what stands for it.
Frames of AWS event streams get new lengths and checksums.
"""

import contextlib
import gzip
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from harness.cassettes.finding import Finder
from harness.cassettes.interactions import Headers, decoded
from harness.cassettes.spans import Edit, applied, byte_edits, moved
from harness.cassettes.streamed import stream_edits

__all__ = ["Message", "cleaned_message"]

_ROUNDS = 8
_GZIP = b"\x1f\x8b"
_NO_BLOCK = b"\x07"  # of a kind that deflate does not have
_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Message:
    """Headers and body of a request or a response; *cuts* are where its pieces end."""

    headers: Headers
    body: bytes
    cuts: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, headers: Headers, body: bytes, chunks: Sequence[bytes] | None = None
    ) -> "Message":
        """A message whose body came in *chunks*, if that is known."""
        return cls(headers, body, tuple(accumulate(map(len, chunks or ()))))

    @property
    def chunks(self) -> tuple[bytes, ...]:
        """The pieces of the body."""
        return tuple(self.body[a:b] for a, b in pairwise((0, *self.cuts)))

    def header(self, name: str) -> str:
        """What a header says, all its lines together."""
        return ", ".join(said for key, said in self.headers if key.lower() == name)


def cleaned_message(finder: Finder, message: Message, where: str) -> Message:
    """*message* with a clean body; *where* is what errors call it.

    Raises CassetteError for a body that is compressed so that it cannot be looked into.
    """
    if not message.body:
        return message
    plain, coded = _decoded(message, where)
    body, cuts = _cleaned(finder, plain)
    if body == plain.body:
        return message
    headers = message.headers
    if coded == "broken":
        body = _breaking(body, message)
    elif coded and not message.header("content-encoding"):
        body = gzip.compress(body, mtime=0)
    else:
        headers = tuple(h for h in headers if h[0].lower() != "content-encoding")
        return Message(_fitting(message, headers, len(body)), body, tuple(cuts))
    share = len(body) / max(len(plain.body), 1)
    cuts = [min(int(cut * share), len(body)) for cut in plain.cuts[:-1]]
    cuts += [len(body)] * bool(plain.cuts)
    return Message(_fitting(message, headers, len(body)), body, tuple(cuts))


#: Whether a body was compressed, and if so, whether it breaks where it is damaged.
Coded = Literal["", "whole", "broken"]


def _decoded(message: Message, where: str) -> tuple[Message, Coded]:
    """*message* with its body decoded, and whether it was encoded."""
    body, said = message.body, message.header("content-encoding")
    if (wbits := _window(message)) is not None:
        return _inflated(message, wbits)
    if not said:
        return message, ""
    plain = decoded(body, message.headers, where)
    if plain == body:
        return message, ""
    share = len(plain) / len(body)
    cuts = [*(int(cut * share) for cut in message.cuts[:-1]), len(plain)]
    return Message(message.headers, plain, tuple(cuts) if message.cuts else ()), "whole"


def _window(message: Message) -> int | None:
    """What zlib has to know of a body that it can decode; None of others."""
    body, said = message.body, message.header("content-encoding").lower()
    if body.startswith(_GZIP) and "," not in said:
        return zlib.MAX_WBITS | 16
    if said.strip() == "deflate":
        return zlib.MAX_WBITS if body[0] & 15 == 8 else -zlib.MAX_WBITS
    return None


def _inflated(message: Message, wbits: int) -> tuple[Message, Coded]:
    """The same where a prefix can be decoded too: an answer may have been cut off."""
    decoder = zlib.decompressobj(wbits)
    pieces: list[bytes] = []
    broken = False
    for piece in message.chunks or (message.body,):
        said, rest = b"", piece
        while rest and not broken:
            before = decoder.copy()
            try:
                said += decoder.decompress(rest)
            except zlib.error:
                said, broken = said + _as_far_as_it_goes(before, rest), True
            rest = decoder.unused_data
            if rest:
                decoder = zlib.decompressobj(wbits)
        pieces.append(said)
    known = pieces if message.cuts else None
    plain = Message.of(message.headers, b"".join(pieces), known)
    if broken and not plain.body:
        return message, ""  # it is called compressed, and is not
    return plain, "broken" if broken else "whole"


def _as_far_as_it_goes(decoder: "zlib._Decompress", data: bytes) -> bytes:
    """What *decoder* gives of *data* before it finds that it is damaged."""
    said = b""
    with contextlib.suppress(zlib.error):
        for byte in data:
            said += decoder.decompress(bytes((byte,)))
    return said


def _breaking(body: bytes, message: Message) -> bytes:
    """*body*, compressed as that of *message* is, and damaged at its end as well."""
    coder = zlib.compressobj(wbits=_window(message) or zlib.MAX_WBITS)
    said = coder.compress(body) + coder.flush(zlib.Z_SYNC_FLUSH)
    return said + _NO_BLOCK


def _cleaned(finder: Finder, message: Message) -> tuple[bytes, list[int]]:
    """The body without secrets, and where its pieces now end."""
    text = message.body.decode("utf-8", "surrogateescape")
    frames = _frames(message.body)
    borders = sorted({*message.cuts, *(end for pair in frames for end in pair)})
    ends = borders
    form = "x-www-form-urlencoded" in message.header("content-type").lower()

    def change(edits: list[Edit]) -> None:
        nonlocal text, ends
        ends = moved(ends, byte_edits(text, edits))
        text = applied(text, edits)

    for _ in range(_ROUNDS):
        said = stream_edits(finder, text) if frames or "\n" in text else []
        change(said)
        found = finder.edits(text, form=form)
        change(found)
        if not said and not found:
            break
    body = bytearray(text, "utf-8", "surrogateescape")
    places = dict(zip(borders, ends, strict=True))
    if body != message.body:
        for start, end in frames:
            _seal_frame(body, places[start], places[end])
    return bytes(body), [places[cut] for cut in message.cuts]


def _frames(body: bytes) -> list[tuple[int, int]]:
    """The frames of an AWS event stream, complete ones; none if it is not one."""
    found: list[tuple[int, int]] = []
    at = 0
    while body[at : at + 1] == b"\0" and at + 16 <= len(body):
        size, _, crc = _PRELUDE.unpack_from(body, at)
        if crc != zlib.crc32(body[at : at + 8]) or at + size > len(body):
            break
        found.append((at, at + size))
        at += size
    return found


def _seal_frame(body: bytearray, start: int, end: int) -> None:
    _, headers, _ = _PRELUDE.unpack_from(body, start)
    struct.pack_into(">II", body, start, end - start, headers)
    _CRC.pack_into(body, start + 8, zlib.crc32(body[start : start + 8]))
    _CRC.pack_into(body, end - 4, zlib.crc32(body[start : end - 4]))


def _fitting(message: Message, headers: Headers, size: int) -> Headers:
    """*headers* of *message*, for a body of *size* bytes."""
    fitting: list[tuple[str, str]] = []
    for name, value in headers:
        if name.lower() == "content-length" and value.strip().isdecimal():
            missing = max(int(value) - len(message.body), 0)
            fitting.append((name, str(size + missing)))
        else:
            fitting.append((name, value))
    return tuple(fitting)
