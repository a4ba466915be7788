"""An old cassette without its secrets. In: its text. Out: the text that has none.

What recording hides is hidden, and all is sealed again. A cassette that has nothing to
hide stays as it is, to the byte.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from harness.cassettes.conversations import (
    ConversationMatching,
    ConversationRedaction,
    is_conversation,
)
from harness.cassettes.http_requests import HttpRequest, Matching, request_of
from harness.cassettes.interactions import Interaction, decoded_body, decoded_request
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.reading import read_cassette
from harness.cassettes.redaction import Redaction
from harness.cassettes.settings import Redactor
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError
from harness.matching import DEFAULT_FIELDS

__all__ = ["Mended", "mended"]


@dataclass(frozen=True, slots=True)
class Mended:
    """A cassette's *text* without secrets, and whether it has *changed*.

    *hidden* counts what was hidden by its kind. Of *count* interactions, *matching*
    are found by the requests that found them before.
    """

    text: str
    changed: bool
    hidden: Mapping[str, int]
    count: int
    matching: int


def mended(text: str, name: str, rules: Redaction | None = None) -> Mended:
    r"""*text*, of the file *name*, with what *rules* (the default ones) hide hidden.

    Comments at the start of the file stay. Raises CassetteError for what cannot be
    read, was edited after it was recorded, or would have a secret still.

    >>> old = 'interactions:\n- request: {method: GET, uri: "https://a.b/?key=8d1c0b7a"}\n'
    >>> old += '  response: {status: {code: 200}, body: {string: Hi}}\nversion: 1\n'
    >>> dict(mended(old, "a.yaml").hidden)
    {'secret': 1}
    """
    rules = rules or Redaction.default()
    found = read_cassette(text, name, seals="ignore")
    clean = [_redacts(one, rules).redact(one) for one in found]
    head = "".join(takewhile(_is_comment, text.splitlines(keepends=True)))
    new_head = _clean(head, rules)
    changed = new_head != head or [*found] != clean or bool(rules.scan(text))
    if changed:  # to seal what was edited would hide that it was
        read_cassette(text, name, seals="error")
    new = f"{new_head}{write_cassette(clean)}" if changed else text
    if changed and (left := rules.scan(new)):
        raise CassetteError(
            f"{name} cannot be mended: {left[0].kind} stands where it cannot be hidden "
            f"(line {left[0].line} of what would be written). Record it again."
        )
    hidden = _marks([new_head], clean) - _marks([head], found)
    pairs = zip(found, clean, strict=True)
    matching = sum(_is_found(old, one, rules) for old, one in pairs)
    return Mended(new, changed, dict(sorted(hidden.items())), len(clean), matching)


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def _redacts(one: Interaction, rules: Redaction) -> Redactor:
    return ConversationRedaction(rules) if is_conversation(one) else rules


def _clean(text: str, rules: Redaction) -> str:
    *_, body = rules.redact_request("", "", (), text.encode())
    return body.decode()


def _is_found(old: Interaction, new: Interaction, rules: Redaction) -> bool:
    """Whether the request of *old*, made again, finds *new*."""
    said = request_of(old)
    redacts = _redacts(old, rules)
    asked = HttpRequest(
        *redacts.redact_request(said.method, said.url, said.headers, said.body)
    )
    matching = (
        ConversationMatching(fields=DEFAULT_FIELDS)
        if is_conversation(old)
        else Matching()
    )
    return matching.key(asked) == matching.key(request_of(new))


def _marks(texts: Sequence[str], interactions: Sequence[Interaction]) -> Counter[str]:
    """The placeholders in *texts* and *interactions*, by the kind of secret."""
    said = [*texts, *(part for one in interactions for part in _parts(one))]
    return Counter(found[1] for text in said for found in PLACEHOLDER.finditer(text))


def _parts(one: Interaction) -> Iterator[str]:
    yield from (one.url, one.failure, one.reason)
    for _, value in (*one.request_headers, *one.response_headers):
        yield value
    for decoded in (decoded_request, decoded_body):
        yield decoded(one).decode("utf-8", "replace")
