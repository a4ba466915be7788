"""What recorded answers have cost: tokens by model, and money where that is known."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from harness.cassettes.conversations import CONVERSATIONS, is_conversation, steps_of
from harness.cassettes.interactions import Interaction, decoded_body, decoded_request
from harness.chunks import AIMessageChunk
from harness.errors import HarnessError
from harness.messages import AIMessage
from harness.wire import dialect_of

__all__ = ["Tokens", "price", "priced", "summed", "tokens_of", "total_of"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What *requests* to one *model* took, of the provider *at* a URL.

    Of the tokens that went in, some were *cached*, others *written* to the cache; of
    those that came out, some were *reasoning*.

    >>> one = Tokens("m", "https://a.b", 1, input=3, output=4)
    >>> (one + one).output
    8
    """

    model: str
    at: str = ""
    requests: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__slots__
            if name not in {"model", "at"}
        }
        return replace(self, **counts)


def tokens_of(interactions: Iterable[Interaction]) -> tuple[Tokens, ...]:
    """What *interactions* took, by model; what is no answer of a model is left out.

    >>> body = b'{"model": "m", "done": true, "message": {}, "prompt_eval_count": 3}'
    >>> url = "https://a.b/api/chat"
    >>> tokens_of([Interaction("POST", url, 200, response_body=body)])
    (Tokens(model='m', at='https://a.b', requests=1, input=3, ...),)
    """
    return summed(tokens for one in interactions if (tokens := _tokens(one)))


def summed(many: Iterable[Tokens]) -> tuple[Tokens, ...]:
    """*many* with those of one model added up, in the order of the models."""
    found: dict[tuple[str, str], Tokens] = {}
    for one in many:
        key = one.model, one.at
        found[key] = found[key] + one if key in found else one
    return tuple(found[key] for key in sorted(found))


def total_of(many: Iterable[Tokens]) -> Tokens:
    """All of *many* together, whatever their models."""
    return sum(many, Tokens(""))


def _tokens(one: Interaction) -> Tokens | None:
    try:
        message = _answer(one)
        if message is None:
            return None
        model = message.response_metadata.get("model_name") or _asked(one)
    except HarnessError:  # an answer that nobody can read has no usage that anybody can
        return None
    said = urlsplit(one.url)
    usage: Any = message.usage_metadata or {}
    read, wrote = (usage.get(f"{n}_token_details") or {} for n in ("input", "output"))
    return Tokens(
        str(model or "?"),
        f"{said.scheme}://{said.netloc}" if said.netloc else "",
        1,
        int(usage.get("input_tokens", 0)),
        int(usage.get("output_tokens", 0)),
        int(read.get("cache_read") or 0),
        int(read.get("cache_creation") or 0),
        int(wrote.get("reasoning") or 0),
    )


def _answer(one: Interaction) -> AIMessage | None:
    """What a model said, if it did."""
    if is_conversation(one):
        chunks = (step for step in steps_of(one) if isinstance(step, AIMessageChunk))
        return sum(chunks, AIMessageChunk()).to_message()
    dialect = dialect_of(one.url)
    if dialect is None or one.status >= 400:
        return None
    return dialect.read_reply(decoded_body(one))


def _asked(one: Interaction) -> str | None:
    """The model that was asked for."""
    dialect = CONVERSATIONS if is_conversation(one) else dialect_of(one.url)
    body = decoded_request(one)
    return None if dialect is None else dialect.read_request(body, one.url).model


def priced() -> bool:
    """Whether prices can be told: the extra "prices" is installed."""
    try:
        import genai_prices  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        return False
    return True


def price(tokens: Tokens) -> Decimal | None:
    """What *tokens* cost in US dollars; None where that is not known.

    The prices are those of genai-prices, as of its release: nothing is looked up.
    """
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    cached = min(tokens.cached, tokens.input)
    usage = Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=cached,
        cache_write_tokens=min(tokens.written, tokens.input - cached),
    )
    for at in (tokens.at, None):  # who is not known may have a model that is
        try:
            return calc_price(usage, tokens.model, provider_api_url=at).total_price
        except (LookupError, ValueError):
            continue
    return None
