"""The id that a provider gives each request, to be named in a complaint."""

import hashlib
import uuid

__all__ = ["id_header", "request_id"]

_HEADERS = {
    "anthropic-messages": "request-id",
    "bedrock-converse": "x-amzn-requestid",
    "openai-chat": "x-request-id",
    "openai-responses": "x-request-id",
}


def request_id(dialect: str, seed: int, index: int) -> str:
    """The id of request number *index*: always the same for the same *seed*.

    >>> request_id("openai-chat", 0, 0) == request_id("openai-chat", 0, 0)
    True
    """
    digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=16)
    if dialect == "bedrock-converse":
        return str(uuid.UUID(bytes=digest.digest(), version=4))
    return f"req_{digest.hexdigest()[:24]}"


def id_header(dialect: str, id: str) -> tuple[tuple[str, str], ...]:
    """The header in which the provider of *dialect* says the *id*, if it does.

    >>> id_header("anthropic-messages", "req_1")
    (('request-id', 'req_1'),)
    """
    return ((_HEADERS[dialect], id),) if dialect in _HEADERS else ()
