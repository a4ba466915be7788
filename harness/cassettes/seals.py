"""Checksums: of an interaction, by all that it says; of a file, by its very text.

An interaction may be spelled in any way. The order of its headers counts only where it
is written down: vcrpy sorts them by name.
"""

import json
from hashlib import blake2b
from itertools import chain

from harness.cassettes.header_order import order_of
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.saving import Data

__all__ = ["seal_of", "text_seal"]

_SIZE = 8
_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def seal_of(interaction: Interaction) -> str:
    """The checksum of *interaction*; it changes with anything that is compared."""
    one = interaction
    chunks = one.response_chunks
    said = [
        *(one.method, one.url, one.status, one.reason, one.http_version),
        *(one.ended, one.failure, one.recorded_at),
        *(_sorted(one.request_headers), _sorted(one.response_headers)),
        *(len(one.request_body), len(one.response_body)),
        None if chunks is None else [len(chunk) for chunk in chunks],
        one.chunk_times,
    ]
    digest = blake2b(_JSON.encode(said).encode(), digest_size=_SIZE)
    digest.update(one.request_body)
    digest.update(one.response_body)
    return digest.hexdigest()


def text_seal(*parts: Data) -> str:
    """The checksum of interactions as they stand in a file, which begins with them.

    Where it is right, all of them are as they were written, and need no other proof.
    """
    digest = blake2b(digest_size=_SIZE)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _sorted(headers: Headers) -> list[str]:
    """Names and values by name, and the order where that is written down."""
    ordered = sorted(headers, key=lambda pair: pair[0].lower())
    return [*chain.from_iterable(ordered), *order_of(headers)]
