"""Secrets in files. In: text and interactions. Out: findings, never the secrets.

The text is searched as it stands. What a recorder folded, packed or spelled as YAML is
searched once more as it was on the wire.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter

from harness.cassettes.interactions import Interaction, decoded_body, decoded_request
from harness.cassettes.placeholders import fingerprint, placeholder
from harness.cassettes.secret_names import ACCOUNT, harmless, header_kind
from harness.cassettes.secrets import left_edits, stands_for_secret
from harness.cassettes.spans import Edit, lines_at
from harness.checks.places import line_of
from harness.checks.rules import Finding
from harness.errors import CassetteError

__all__ = ["Secrets"]

_IDENTIFIERS = frozenset({"openai-organization", "openai-project", "upload-id"})
#: As many letters of a secret as may be told by chance.
_BEGINNING = 5
#: So many letters at the end of a secret are hardly those of another.
_END = 8
#: A text that is cut into lines anywhere, or a body that stands as YAML.
_CHANGED = re.compile(
    r"\\\r?\n|^ +(?:parsed_body|content):(?: &\w+)?\r?$"
    r"|^ +body:\r?\n(?! +(?:string|encoding|base64_string|chunks):)",
    re.MULTILINE,
)


class Secrets:
    """The secrets of the file *name*, which says *text*; *todo* is what to do then."""

    def __init__(
        self, text: str, name: str, todo: str = "harness redact hides it"
    ) -> None:
        self._text, self._name, self._todo = text, name, todo
        self._raw = _inmost(left_edits(text))
        self._hidden = {one.secret: one.kind for one in self._raw}
        self._ordered: list[str] = []
        self._starts: set[str] = set()

    def findings(self, interactions: Iterable[Interaction] = ()) -> list[Finding]:
        """One for each secret, at the first of its places."""
        listed = list(interactions)
        lines = lines_at(self._text, [edit.start for edit in self._raw])
        whats = map(_what, self._raw)
        places = [*map(_Place, lines, whats)]
        if changed := [*self._changed(listed)]:
            places = [*self._seen(changed, places)]
        counts = Counter(place.what for place in places)
        firsts = {place.what: place.line for place in sorted(places, reverse=True)}
        found = [self._told(what, line, counts[what]) for what, line in firsts.items()]
        return [*found, *self._accounts(listed)]

    def masked(self, text: str) -> str:
        """*text*, which an error says, without any secret of the file, or its begin."""
        if len(self._ordered) != len(self._hidden):
            self._ordered = sorted(self._hidden)
            self._starts = {one[:_BEGINNING] for one in self._ordered}
        parts: list[str] = []
        at = done = 0
        while at < len(text):
            start = text[at : at + _BEGINNING]
            if len(start) < _BEGINNING or start not in self._starts:
                at += 1
                continue
            secret, size = _begun(text[at:], self._ordered)
            parts += text[done:at], placeholder(self._hidden[secret], secret)
            at = done = at + size
        return "".join([*parts, text[done:]])

    def _changed(self, interactions: list[Interaction]) -> Iterator[Interaction]:
        """Those that do not stand in the text as they were on the wire."""
        at, line = 0, 1
        for one, after in zip_longest(interactions, interactions[1:]):
            start, stop = at, len(self._text)
            next_line = line_of(after.place) if after is not None else line + 1
            if after is not None:
                at = stop = _skipped(self._text, at, next_line - line)
            in_lines, line = next_line > line, next_line
            changed = not in_lines or _CHANGED.search(self._text, start, stop)
            if changed or _is_packed(one):
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
        inside = _Parts(found)
        for edit, place in zip(self._raw, raw, strict=True):
            if edit.secret not in inside:
                yield place

    def _told(self, what: tuple[str, str, int], line: int, count: int) -> Finding:
        kind, print_, size = what
        rule = "identifier" if kind in _IDENTIFIERS else "secret"
        more = f", in {count} places" if count > 1 else ""
        text = f"{kind} of {size} characters, fingerprint {print_}{more}"
        return Finding(self._name, line, rule, f"{text}; {self._todo}.")

    def _accounts(self, interactions: Iterable[Interaction]) -> Iterator[Finding]:
        """The headers that name an account, in one finding."""
        named = [
            (line_of(one.place), name.lower())
            for one in interactions
            for name, value in (*one.request_headers, *one.response_headers)
            if header_kind(name) == ACCOUNT and value not in self._hidden
            if not (harmless(value) or stands_for_secret(value))
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


class _Parts:
    """Tells whether a text is part of one of *wholes*, however many there are.

    It is looked up by its end: secrets of a kind begin alike.
    """

    def __init__(self, wholes: Iterable[str]) -> None:
        self._wholes: dict[str, list[str]] = {}
        for whole in wholes:
            ends = {whole[n : n + _END] for n in range(max(len(whole) - _END + 1, 1))}
            for end in ends:
                self._wholes.setdefault(end, []).append(whole)

    def __contains__(self, part: str) -> bool:
        if len(part) < _END:  # none is as short
            return any(part in one for one in self._wholes)
        return any(part in one for one in self._wholes.get(part[-_END:], ()))


def _inmost(edits: list[Edit]) -> list[Edit]:
    """*edits*, which are in order, without those that have another inside."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        while kept and kept[-1].end >= edit.end:
            kept.pop()
        kept.append(edit)
    return kept


def _begun(text: str, ordered: Sequence[str]) -> tuple[str, int]:
    """Which of *ordered* secrets *text* begins with the most of, and how much that is.

    It stands beside the place that *text* would have among them.
    """
    place = bisect(ordered, text)
    beside = ordered[max(place - 1, 0) : place + 1]
    return max(((one, _alike(one, text)) for one in beside), key=itemgetter(1))


def _alike(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


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
