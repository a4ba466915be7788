"""Interactions without their secrets. In: an interaction. Out: one that can be shared.

What is hidden by default: credentials, cookies, ids of organisations, projects and
requests in headers; keys and signatures in URLs; fields of JSON, forms and multipart
bodies that are named like secrets; values of these where they are echoed; and whatever
has the shape of a known key, anywhere, in encoded and compressed bodies too.
"""

import re
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from functools import cache, lru_cache

from harness.cassettes.clean_bodies import Message, cleaned_message
from harness.cassettes.finding import Finder
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.key_shapes import KeyShape
from harness.cassettes.rules import OWN, Function, Rules
from harness.cassettes.secret_names import SUSPECT, harmless
from harness.cassettes.secrets import Leak, scan
from harness.errors import InputError, shown

__all__ = ["Redaction"]

Pattern = str | re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Redaction:
    r"""What is hidden before anything is stored.

    *headers*, *query* (parameters of URLs) and *fields* (of JSON at any depth, of
    forms, of multipart bodies) are names, in any case; `*` in one stands for anything.
    *patterns* are regular expressions: the group 1 of one is the secret, or all of it.
    *functions* give the secrets that stand in a text. All of these are hidden beside
    what is hidden by default, or, with *defaults* false, alone. Names in *keep* are
    left as they are. Raises InputError for what is no rule.

    >>> rules = Redaction(fields=["ssn"], patterns=[r"cust-\d+"])
    >>> asked = rules.redact_request("POST", "https://a.b", (), b'{"ssn": "1-2-3"}')
    >>> asked[3]
    b'{"ssn": "REDACTED-secret-44c9f729"}'
    """

    _: KW_ONLY
    headers: Iterable[str] = ()
    query: Iterable[str] = ()
    fields: Iterable[str] = ()
    patterns: Iterable[Pattern] = ()
    functions: Iterable[Function] = ()
    keep: Iterable[str] = ()
    defaults: bool = True

    def __post_init__(self) -> None:
        for name in ("headers", "query", "fields", "keep"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        patterns = tuple(map(_compiled, _many("patterns", self.patterns)))
        object.__setattr__(self, "patterns", patterns)
        functions = _many("functions", self.functions)
        for function in functions:
            if not callable(function):
                raise InputError(
                    f"functions has {shown(function)}, which cannot be called. Give "
                    "functions that take a text and give the secrets in it."
                )
        object.__setattr__(self, "functions", functions)

    @classmethod
    @cache
    def default(cls) -> "Redaction":
        """The rules that hold when nothing is said; the same as `Redaction()`."""
        return cls()

    @classmethod
    def none(cls) -> "Redaction":
        """Hides nothing: for traffic that surely has no secret."""
        return cls(defaults=False)

    def also(
        self,
        *,
        headers: Iterable[str] = (),
        query: Iterable[str] = (),
        fields: Iterable[str] = (),
        patterns: Iterable[Pattern] = (),
        functions: Iterable[Function] = (),
        keep: Iterable[str] = (),
    ) -> "Redaction":
        """These rules and more."""
        more = Redaction(
            headers=headers,
            query=query,
            fields=fields,
            patterns=patterns,
            functions=functions,
            keep=keep,
        )
        return replace(
            self,
            headers=(*self.headers, *more.headers),
            query=(*self.query, *more.query),
            fields=(*self.fields, *more.fields),
            patterns=(*self.patterns, *more.patterns),
            functions=(*self.functions, *more.functions),
            keep=(*self.keep, *more.keep),
        )

    def redact(self, interaction: Interaction) -> Interaction:
        """*interaction* without its secrets; redacting it again changes nothing.

        Its request is hidden as `redact_request` does, whatever the response says, so
        that a live request finds it. Raises CassetteError for a body that is compressed
        so that it cannot be looked into.
        """
        rules = _rules(self)
        if not rules.hides:
            return interaction
        asked = Message(interaction.request_headers, interaction.request_body)
        where = f"{interaction.place}: the body of the request"
        finder, url, asked = _request(rules, interaction.url, asked, where)
        said = Message.of(
            interaction.response_headers,
            interaction.response_body,
            interaction.response_chunks,
        )
        said = _settled(finder, said, f"{interaction.place}: the body of the response")
        changed = replace(
            interaction,
            url=url,
            request_headers=asked.headers,
            request_body=asked.body,
            response_headers=said.headers,
            response_body=said.body,
            failure=finder.cleaned(interaction.failure),
            reason=finder.cleaned(interaction.reason),
        )
        if interaction.response_chunks is None:
            return changed
        return _with_chunks(changed, said.chunks)

    def redact_request(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> tuple[str, str, Headers, bytes]:
        """A request as `redact` stores it: what a live one is to be compared with.

        In: its *method*, *url*, *headers* and *body*; out: the same, in this order.
        """
        rules = _rules(self)
        if not rules.hides:
            return method, url, headers, body
        asked = Message(headers, body)
        _, url, asked = _request(rules, url, asked, "the body of the request")
        return method, url, asked.headers, asked.body

    def redact_text(self, text: str) -> str:
        r"""*text* without its secrets: prose, JSON, or both; JSON stays JSON.

        >>> Redaction().redact_text('{"api_key": "8d1c0b7a4f2e"}')
        '{"api_key": "REDACTED-secret-239f87a9"}'
        """
        return Finder(_rules(self)).cleaned(text)

    def scan(self, text: str) -> tuple[Leak, ...]:
        """The secrets that stand in *text*, by these rules."""
        return scan(text, _rules(self))


@lru_cache(maxsize=64)
def _rules(redaction: Redaction) -> Rules:
    shapes = tuple(
        KeyShape(OWN, (), one)
        for one in redaction.patterns
        if isinstance(one, re.Pattern)
    )
    return Rules(
        tuple(redaction.headers),
        tuple(redaction.query),
        tuple(redaction.fields),
        tuple(redaction.keep),
        shapes,
        tuple(redaction.functions),
        redaction.defaults,
    )


def _request(
    rules: Rules, url: str, asked: Message, where: str
) -> tuple[Finder, str, Message]:
    """The URL, headers and body of a request; what one part tells holds in all."""
    url, headers, known, values = _head(rules, url, _unsized(asked.headers))
    headers = _sized(headers, asked.headers)
    finder = Finder(rules, known)
    finder.values.update(values)
    body = asked.body
    while True:
        count = len(finder.known.marks)
        clean = cleaned_message(finder, Message(headers, body), where)
        if len(finder.known.marks) == count:
            return finder, url, clean
        url = finder.cleaned_url(url)
        headers, body = _headers(finder, clean.headers), clean.body


@lru_cache(maxsize=256)
def _head(
    rules: Rules, url: str, headers: Headers
) -> tuple[str, Headers, dict[str, str], frozenset[str]]:
    """The URL and headers of a request, what was known and what was hidden in them.

    Clients say the same in each request, but for the length of the body.
    """
    finder = Finder(rules)
    while True:
        headers = _headers(finder, headers)
        known = len(finder.known.marks)
        url = finder.cleaned_url(url)
        headers = _headers(finder, headers)
        if len(finder.known.marks) == known:
            return url, headers, finder.known.marks, frozenset(finder.values)


def _is_size(name: str, value: str) -> bool:
    return name.lower() == "content-length" and value.isdecimal()


def _unsized(headers: Headers) -> Headers:
    return tuple((n, "" if _is_size(n, value) else value) for n, value in headers)


def _sized(headers: Headers, like: Headers) -> Headers:
    """*headers* with the lengths of *like*, of which they have been made."""
    pairs = zip(headers, like, strict=True)
    return tuple(own if _is_size(*own) else one for one, own in pairs)


def _settled(finder: Finder, said: Message, where: str) -> Message:
    while True:
        headers = _headers(finder, said.headers)
        known = len(finder.known.marks)
        clean = cleaned_message(finder, replace(said, headers=headers), where)
        said = replace(clean, headers=_headers(finder, clean.headers))
        if len(finder.known.marks) == known:
            return said


def _headers(finder: Finder, headers: Headers) -> Headers:
    return tuple((name, _header(finder, name, value)) for name, value in headers)


def _header(finder: Finder, name: str, value: str) -> str:
    kind = finder.rules.header_kind(name)
    if kind is None or (kind == SUSPECT and harmless(value)):
        return finder.cleaned_url(value)
    hidden = finder.hide_credential(value, kind, name=name)
    return finder.cleaned_url(hidden)  # a cookie's attributes, a scheme's parameters


def _with_chunks(interaction: Interaction, chunks: tuple[bytes, ...]) -> Interaction:
    """*interaction* in *chunks*, without those that a placeholder left empty."""
    before = interaction.response_chunks or ()
    kept = [n for n, chunk in enumerate(chunks) if chunk or not before[n]]
    times = interaction.chunk_times
    return replace(
        interaction,
        response_chunks=tuple(chunks[n] for n in kept),
        chunk_times=times and tuple(times[n] for n in kept),
    )


def _many(name: str, values: object) -> tuple[object, ...]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"{name} is {shown(values)}; give a list.")
    return tuple(values)


def _names(name: str, values: object) -> tuple[object, ...]:
    names = _many(name, values)
    for one in names:
        if not isinstance(one, str) or not one:
            raise InputError(f"{name} has {shown(one)}, which is no name.")
    return names


def _compiled(pattern: object) -> re.Pattern[str]:
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return pattern
    if not isinstance(pattern, str) or not pattern:
        raise InputError(f"patterns has {shown(pattern)}, which is no pattern.")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"patterns has {shown(pattern)}, which is no regular expression: {error}."
        ) from None
