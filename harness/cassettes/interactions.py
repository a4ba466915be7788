"""One recorded exchange: what was sent, and what came back, byte for byte."""

import gzip
import importlib
import zlib
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from harness.errors import CassetteError
from harness.http_messages import Ending, Headers

__all__ = [
    "NO_ANSWER",
    "Ending",
    "Headers",
    "Interaction",
    "decoded",
    "decoded_body",
    "decoded_request",
]

#: The status of a request that never got an answer; what it ended in says why.
NO_ANSWER = 599

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

#: Libraries that undo a coding, where one of them is there.
_LIBRARIES = {
    "br": ("brotli", "brotlicffi"),
    "zstd": ("compression.zstd", "backports.zstd", "zstandard"),
}


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request and its response; bodies as they were stored, compressed ones too.

    *method*, *url*, *request_headers* and *request_body* are what was asked, *status*,
    *http_version* ("HTTP/1.1"), *response_headers* and *response_body* the answer.
    *response_chunks* are the pieces in which the body arrived, where that is known,
    and *chunk_times* when each did, in milliseconds after the request was sent.
    *ended* says how the answer ended and *failure* what went wrong, in words; a request
    that never got an answer has the status 599. *reason* is the text of the status, and
    *recorded_at* a time in UTC. *place* says where the interaction stands (file,
    number, line), and *sealed* whether its checksum is right (None where it has none):
    these two are no part of what was recorded, and are not compared.

    >>> one = Interaction("GET", "https://a.b/models", 200, response_body=b"[]")
    >>> one.status, one.ended
    (200, 'complete')
    """

    method: str
    url: str
    status: int
    _: KW_ONLY
    request_headers: Headers = ()
    request_body: bytes = b""
    response_headers: Headers = ()
    response_body: bytes = field(default=b"", repr=False)
    response_chunks: tuple[bytes, ...] | None = field(default=None, repr=False)
    place: str = field(default="an interaction", compare=False)
    chunk_times: tuple[int, ...] | None = field(default=None, repr=False)
    ended: Ending = "complete"
    failure: str = ""
    reason: str = ""
    http_version: str = ""
    recorded_at: str = ""
    sealed: bool | None = field(default=None, compare=False)


def decoded_body(interaction: Interaction) -> bytes:
    """The body of the response in *interaction*, its content-encoding undone.

    Recorders often store the body decoded and leave the header as it was, or filter
    the header out; so the bytes themselves say whether they are compressed. Raises
    CassetteError for a body that is damaged, or compressed as we cannot undo.

    >>> said = {"response_headers": (("content-encoding", "gzip"),)}
    >>> packed = gzip.compress(b"Hello!")
    >>> one = Interaction("GET", "https://a.b", 200, response_body=packed, **said)
    >>> decoded_body(one)
    b'Hello!'
    """
    where = f"{interaction.place}: the body of the response"
    return decoded(interaction.response_body, interaction.response_headers, where)


def decoded_request(interaction: Interaction) -> bytes:
    """The body of the request; as `decoded_body`."""
    where = f"{interaction.place}: the body of the request"
    return decoded(interaction.request_body, interaction.request_headers, where)


def decoded(body: bytes, headers: Headers, where: str) -> bytes:
    """*body* without the content-encoding of *headers*; *where* is for errors."""
    said = [value for name, value in headers if name.lower() == "content-encoding"]
    for coding in reversed(", ".join(said).lower().replace(" ", "").split(",")):
        match coding:
            case "deflate":
                body = _inflated(body)
            case "br" | "zstd" if body.startswith(_ZSTD) or not _is_text(body):
                body = _unpacked(body, coding, where)
            case _ if body.startswith(_GZIP):
                body = _gunzipped(body, where)
            case _:
                pass
    return body


def _gunzipped(body: bytes, where: str) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise CassetteError(
            f"{where} is damaged gzip: {error}. Restore the file from version control, "
            "or record it again."
        ) from None


def _inflated(body: bytes) -> bytes:
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return zlib.decompress(body, wbits)
        except zlib.error:
            continue
    return body


def _unpacked(body: bytes, coding: str, where: str) -> bytes:
    library = _library(coding)
    if library is None:
        raise CassetteError(
            f"{where} is compressed as {coding!r}, and no library that undoes it is "
            f"installed ({', '.join(_LIBRARIES[coding])}). Install one, record it "
            "decoded (vcrpy: decode_compressed_response=True), or ask for gzip."
        )
    try:
        if hasattr(library, "ZstdDecompressor") and hasattr(library, "MAX_WINDOW_SIZE"):
            return bytes(library.ZstdDecompressor().decompressobj().decompress(body))
        return bytes(library.decompress(body))
    except Exception as error:  # noqa: BLE001 - each library has errors of its own
        raise CassetteError(
            f"{where} is compressed as {coding!r}, and damaged: {error}. Record it "
            "again, decoded (vcrpy: decode_compressed_response=True)."
        ) from None


def _library(coding: str) -> Any:
    for name in _LIBRARIES[coding]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
