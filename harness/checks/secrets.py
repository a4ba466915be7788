"""Secrets in files. In: text and interactions. Out: findings, never the secrets.

The text is searched as it stands. What a recorder folded, packed or spelled as YAML is
searched once more as it was on the wire.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from harness.cassettes.interactions import Interaction, decoded_body, decoded_request
from harness.cassettes.placeholders import PLACEHOLDER, fingerprint, placeholder
from harness.cassettes.secret_names import ACCOUNT, harmless, header_kind
from harness.cassettes.secrets import left_edits
from harness.cassettes.spans import Edit
from harness.checks.places import line_of
from harness.checks.rules import Finding
from harness.errors import CassetteError

__all__ = ["Secrets"]

_IDENTIFIERS = frozenset({"openai-organization", "openai-project", "upload-id"})
#: As many letters of a secret as may be told by chance.
_BEGINNING = 5
#: How a text is cut into lines, anywhere.
_FOLD = "\\\n"
#: A body that stands as YAML, and not as a text.
_PARSED = re.compile(
    r"^ +(?:parsed_body|content):(?: &\w+)?$"
    r"|^ +body:\n(?! +(?:string|encoding|base64_string|chunks):)",
    re.MULTILINE,
)


class Secrets:
    """The secrets of the file *name*, which says *text*."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._raw = _inmost(left_edits(text))
        self._hidden = {one.secret: one.kind for one in self._raw}

    def findings(self, interactions: Iterable[Interaction] = ()) -> list[Finding]:
        """One for each secret, at the first of its places."""
        listed = list(interactions)
        places = [_Place.of(edit, self._text) for edit in self._raw]
        if changed := [*self._changed(listed)]:
            places = [*self._seen(changed, places)]
        counts = Counter(place.what for place in places)
        firsts = {place.what: place.line for place in sorted(places, reverse=True)}
        found = [self._told(what, line, counts[what]) for what, line in firsts.items()]
        return [*found, *self._accounts(listed)]

    def masked(self, text: str) -> str:
        """*text*, which an error says, without any secret of the file, or its begin."""
        for secret, kind in self._hidden.items():
            at = text.find(secret[:_BEGINNING])
            while at >= 0 and len(secret) >= _BEGINNING:
                size = next(
                    n
                    for n in range(len(secret), 0, -1)
                    if text.startswith(secret[:n], at)
                )
                new = placeholder(kind, secret)
                text = text[:at] + new + text[at + size :]
                at = text.find(secret[:_BEGINNING], at + len(new))
        return text

    def _changed(self, interactions: list[Interaction]) -> Iterator[Interaction]:
        """Those that do not stand in the text as they were on the wire."""
        at, line = 0, 1
        for one, after in zip_longest(interactions, interactions[1:]):
            start, stop = at, len(self._text)
            if after is not None and (next_line := line_of(after.place)) > line:
                stop = _skipped(self._text, at, next_line - line)
                at, line = stop, next_line
            part = self._text[start:stop]
            if _FOLD in part or _PARSED.search(part) or _is_packed(one):
                yield one

    def _seen(
        self, interactions: Iterable[Interaction], raw: list["_Place"]
    ) -> Iterator["_Place"]:
        """The places by what went over the wire, and those of *raw* beside them."""
        lines = {place.what: place.line for place in reversed(raw)}
        found: set[str] = set()
        for one in interactions:
            for edit in _inmost(left_edits(_view(one))):
                self._hidden.setdefault(edit.secret, edit.kind)
                what = _what(edit)
                if what not in lines:
                    found.add(edit.secret)
                    yield _Place(line_of(one.place), what)
        for edit, place in zip(self._raw, raw, strict=True):
            if not any(edit.secret in secret for secret in found):
                yield place

    def _told(self, what: tuple[str, str, int], line: int, count: int) -> Finding:
        kind, print_, size = what
        rule = "identifier" if kind in _IDENTIFIERS else "secret"
        more = f", in {count} places" if count > 1 else ""
        text = f"{kind} of {size} characters, fingerprint {print_}{more}"
        return Finding(self._name, line, rule, f"{text}; harness redact hides it.")

    def _accounts(self, interactions: Iterable[Interaction]) -> Iterator[Finding]:
        """The headers that name an account, in one finding."""
        named = [
            (line_of(one.place), name.lower())
            for one in interactions
            for name, value in (*one.request_headers, *one.response_headers)
            if header_kind(name) == ACCOUNT and not harmless(value)
            if value not in self._hidden and not PLACEHOLDER.search(value)
        ]
        if named:
            names = ", ".join(sorted({name for _, name in named}))
            text = f"headers that name an account: {names}."
            yield Finding(self._name, named[0][0], "identifier", text)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A line, and the secret there: its kind, fingerprint and length."""

    line: int
    what: tuple[str, str, int]

    @classmethod
    def of(cls, edit: Edit, text: str) -> "_Place":
        line = text.count("\n", 0, edit.start) + 1
        return cls(line, _what(edit))


def _inmost(edits: list[Edit]) -> list[Edit]:
    """*edits*, which are in order, without those that have another inside."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        while kept and kept[-1].end >= edit.end:
            kept.pop()
        kept.append(edit)
    return kept


def _what(edit: Edit) -> tuple[str, str, int]:
    return edit.kind, fingerprint(edit.secret), len(edit.secret)


def _skipped(text: str, at: int, lines: int) -> int:
    """Where *text* is so many *lines* after *at*."""
    for _ in range(lines):
        at = text.find("\n", at) + 1 or len(text)
    return at


def _is_packed(one: Interaction) -> bool:
    return _plain(one) != (one.request_body, one.response_body)


def _plain(one: Interaction) -> tuple[bytes, bytes]:
    """Both bodies, their encodings undone where that can be."""
    try:
        asked = decoded_request(one)
    except CassetteError:
        asked = one.request_body
    try:
        return asked, decoded_body(one)
    except CassetteError:
        return asked, one.response_body


def _view(one: Interaction) -> str:
    """*one* as it was on the wire."""
    asked, answered = (body.decode("utf-8", "surrogateescape") for body in _plain(one))
    form = any("x-www-form-urlencoded" in value for _, value in one.request_headers)
    if form:
        asked = f"https://form/?{asked}"
    return "\n".join(
        [
            one.url,
            *_head(one.request_headers),
            asked,
            one.failure,
            *_head(one.response_headers),
            answered,
        ]
    )


def _head(headers: Iterable[tuple[str, str]]) -> list[str]:
    lines = [f"  {name}: {' '.join(value.split())}" for name, value in headers]
    return ["headers:", *lines, ""]
