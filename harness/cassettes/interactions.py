"""One recorded exchange: what was sent, and what came back, byte for byte."""

import gzip
import zlib
from dataclasses import dataclass, field

from harness.errors import CassetteError

__all__ = ["Headers", "Interaction", "decoded_body", "decoded_request"]

#: Names and values in the order in which they were recorded; names may repeat.
Headers = tuple[tuple[str, str], ...]

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request and its response; bodies as they were stored, compressed ones too.

    *response_chunks* are the pieces in which the body arrived, where that is known,
    and *place* says where it stands: file, number, line.
    """

    method: str
    url: str
    status: int
    request_headers: Headers = ()
    request_body: bytes = b""
    response_headers: Headers = ()
    response_body: bytes = field(default=b"", repr=False)
    response_chunks: tuple[bytes, ...] | None = field(default=None, repr=False)
    place: str = "an interaction"


def decoded_body(interaction: Interaction) -> bytes:
    """The body of the response, its content-encoding undone.

    Recorders often store the body decoded and leave the header as it was, or filter
    the header out; so the bytes themselves say whether they are compressed. Raises
    CassetteError for a body that is damaged, or compressed as we cannot undo.
    """
    where = f"{interaction.place}: the body of the response"
    return _decoded(interaction.response_body, interaction.response_headers, where)


def decoded_request(interaction: Interaction) -> bytes:
    """The body of the request; as `decoded_body`."""
    where = f"{interaction.place}: the body of the request"
    return _decoded(interaction.request_body, interaction.request_headers, where)


def _decoded(body: bytes, headers: Headers, where: str) -> bytes:
    said = [value for name, value in headers if name.lower() == "content-encoding"]
    for coding in reversed(", ".join(said).lower().replace(" ", "").split(",")):
        match coding:
            case "deflate":
                body = _inflated(body)
            case "br" | "zstd" if body.startswith(_ZSTD) or not _is_text(body):
                raise CassetteError(
                    f"{where} is compressed as {coding!r}. Record it decoded (vcrpy: "
                    "decode_compressed_response=True), or ask for gzip."
                )
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


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
