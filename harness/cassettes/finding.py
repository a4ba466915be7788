"""Secrets in a text, wherever they hide in it. In: text. Out: edits.

Looked into are fields of JSON at any depth (also where it is cut off, or lies inside a
string, or in the lines of a stream), URLs, forms, parts of multipart bodies, base64 and
gzip in base64, percent-encoding; in all of these keys are known by their shape, and
values that were told to be secret are known again. What is no secret is not changed
by one byte.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote_plus, unquote_plus

from harness.cassettes.credentials import credential_hidden
from harness.cassettes.encodings import (
    blobs,
    json_quoted,
    json_unquoted,
    runs,
    spellings,
)
from harness.cassettes.key_shapes import ShapeIndex
from harness.cassettes.known_secrets import KnownSecrets
from harness.cassettes.placeholders import PLACEHOLDER, in_placeholder, placeholder
from harness.cassettes.rules import OWN, Rules
from harness.cassettes.secret_names import REQUEST_ID, SECRET, SUSPECT, looks_opaque
from harness.cassettes.spans import Edit, applied, chosen

__all__ = ["Finder"]

_DEEPEST = 5
_ROUNDS = 8
#: Shorter values stand in a text by chance, as do plain words.
_LEARNED, _SURE = 8, 16
_WORD = re.compile(r"[A-Za-z]+|\d{1,9}")

_STRING = re.compile(r'"([^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)("|\\?(?=[\r\n]|\Z))')
_COLON = re.compile(r"\s*:\s*")
_SCALAR = re.compile(r"-?\d[\d.eE+-]*")
_LIST = re.compile(
    r'\[\s*(?:(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)\s*,?\s*)*+', re.DOTALL
)
#: The end of a field's name that may be a secret's; then its quote, escaped or not.
_NAME_PARTS = (
    "key token secret passw passp authoriz cookie jwt credential onnection request "
    "assertion verifier device".split()
)
_NAME_END = re.compile(r"[a-z]{1,40}(?:[-_ ]?(?:id|code|string))?(?=\\*\"|%(?:25)*22)")
_LONGEST_NAME = 60
#: What comes between it and its value: quotes that are escaped alike.
_NAMED = re.compile(r'(\\*+)"\s*:\s*\1"')
#: What comes behind a string of JSON.
_AFTER_STRING = re.compile(r"\\*+[,}\]:\s\"]|\Z")
#: Letters in a row that can be base64, and a line of it.
_BLOB_RUN, _LINE_RUN = b"a" * 24, b"a" * 60
#: What one's own functions see for what is hidden already.
_BLANK = "\0"
_WRAPPED = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,}+\\+[rn]")
_FORM = re.compile(
    r"[\w.%\[\]$*+-]+=[^\s&\"'<>{}]*(?:&[\w.%\[\]$*+-]+=[^\s&\"'<>{}]*)*&?"
)
_FORM_INSIDE = re.compile(
    r"(?<![\w.%?&/=])[\w.%\[\]$*+-]{1,80}=[^\s&\"'<>{}\\]*"
    r"(?:&[\w.%\[\]$*+-]{1,80}=[^\s&\"'<>{}\\]*)+"
)
_PAIR = re.compile(r"(?<![^=&?#;\s])([^=&?#;\s]++)=([^&#;\s]+)")
_URL = re.compile(r"://[^\s\"'<>\\^`{}|]+")
_USER = re.compile(r"://([^/?#@\s]+)@")
_QUERY = re.compile(r"[?#]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENCODED = re.compile(r"[\w.~+%:,;()!*'/-]++")
_PART = re.compile(
    r"form-data;[^\r\n]{0,200}?\bname=\"?([^\";\r\n]+)\"?[^\r\n]*\r?\n"
    r"(?:[^\r\n]+\r?\n){0,20}?\r?\n(.*?)(?=\r?\n--|\Z)",
    re.DOTALL,
)


class Finder:
    """Finds by *rules*, and learns what is secret while it does.

    ``known`` has each spelling of a value that is secret, and what stands for it.
    """

    def __init__(self, rules: Rules, known: Mapping[str, str] | None = None) -> None:
        self.rules = rules
        self.known = KnownSecrets(known or {})
        self._index = _index(rules)
        self.values: set[str] = set()

    def hide(self, value: str, kind: str, *, sure: bool = False) -> str:
        """What stands for *value*; from now on that is done wherever it occurs.

        Not for short values and plain words, unless it is *sure*; nor for the ids of
        requests, which may be ids of answers that the application sends back.
        """
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        mark = self.known.marks.get(value) or _mark(self.rules, value, kind)
        worth = (
            len(value) >= _LEARNED and kind != REQUEST_ID and not _WORD.fullmatch(value)
        )
        if (worth or sure) and value not in self.values:
            self.values.add(value)
            for spelling in _spellings(value):
                self.known.tell(spelling, mark)
        return mark

    def _knows(self, text: str) -> bool:
        return bool(self.known.within(text))

    def hide_credential(self, value: str, kind: str, *, name: str = "") -> str:
        """The same for a header or field: its scheme and names of cookies are kept."""
        return credential_hidden(value, kind, name, self.hide)

    def cleaned(self, text: str, *, form: bool = False, depth: int = 0) -> str:
        """*text* without secrets; cleaning it again changes nothing."""
        for _ in range(_ROUNDS):
            edits = self.edits(text, form=form, depth=depth)
            if not edits:
                break
            text = applied(text, edits)
        return text

    def cleaned_url(self, url: str) -> str:
        """The same for a URL, absolute or not."""
        if _is_clean(self.rules, url) and not self._knows(url):
            return url
        for _ in range(_ROUNDS):
            edits = self.url_edits(url)
            if not edits:
                break
            url = applied(url, edits)
        return url

    def url_edits(self, url: str) -> list[Edit]:
        """What hides the secrets in a URL."""
        edits = self.edits(url)
        if query := _QUERY.search(url):
            edits += self._pairs(url, query.end(), 0, self.rules.query_kind)
        return chosen(one for one in edits if one.new != url[one.start : one.end])

    def edits(self, text: str, *, form: bool = False, depth: int = 0) -> list[Edit]:
        """What hides the secrets in *text*, in order; maybe not all of them at once."""
        if depth > _DEEPEST or len(text) < 3:
            return []
        words = runs(text)
        found = [*self._shaped(text), *self._known(text)]
        if '"' in text:
            found += self._fields(text, depth, words)
        if "form-data" in text:
            found += self._parts(text)
        if "=" in text:
            found += self._forms(text, depth, whole=form)
        if "://" in text:
            found += self._urls(text, depth)
        if "%" in text:
            found += self._percent(text, depth)
        if _BLOB_RUN in words:
            found += self._blobs(text, depth)
        return chosen(one for one in found if one.new != text[one.start : one.end])

    def _shaped(self, text: str) -> Iterator[Edit]:
        for shape in self._index.candidates(text):
            for start, end in shape.found(text):
                secret = text[start:end]
                mark = self.known.marks.get(secret) or placeholder(shape.kind, secret)
                yield Edit(start, end, mark, shape.kind, secret)
        for function in self.rules.functions:
            shown = PLACEHOLDER.sub(_BLANK, text)
            for secret in {*function(shown)}:
                if secret and _BLANK not in secret:
                    self.hide(secret, OWN, sure=True)

    def _known(self, text: str) -> Iterator[Edit]:
        for secret in self.known.within(text):
            mark, at = self.known.marks[secret], text.find(secret)
            while at >= 0:
                end = at + len(secret)
                alone = len(secret) >= _SURE or _stands_alone(text, at, end)
                if alone and not in_placeholder(text, at, end):
                    yield Edit(at, end, mark, SECRET, secret)
                at = text.find(secret, end)

    def _fields(self, text: str, depth: int, words: bytes) -> Iterator[Edit]:
        if not self._walks(text, words):
            return
        end = 0
        for found in _STRING.finditer(text):
            if found.start() < end:
                continue
            name = json_unquoted(found[1])
            colon = _COLON.match(text, found.end()) if found[2] == '"' else None
            kind = self.rules.field_kind(name) if colon else None
            if colon and kind:
                for edit in self._value(text, colon.end(), kind, name):
                    end = max(end, edit.end)
                    yield edit
            elif "\\" in found[1]:
                yield from self._nested(found, name, depth)
        yield from self._named(text)

    def _walks(self, text: str, words: bytes) -> bool:
        """Whether a string of *text* must be looked at for what it says, not shows."""
        if self.rules.walks or "\\/" in text or "\\u00" in text:
            return True
        if _LINE_RUN in words and _WRAPPED.search(text):
            return True
        return any(True for _ in self._names(text))

    def _names(self, text: str) -> Iterator[tuple[int, str, str]]:
        """The fields of *text* that are named like secrets: where their names end."""
        low = text.lower()
        for part in _NAME_PARTS:
            at = low.find(part)
            while at >= 0:
                if found := _NAME_END.match(low, at):
                    begin = max(at - _LONGEST_NAME, 0)
                    start = max(low.rfind('"', begin, at) + 1, begin)
                    name = text[start : found.end()]
                    if kind := self.rules.field_kind(name):
                        yield found.end(), kind, name
                at = low.find(part, at + 1)

    def _named(self, text: str) -> Iterator[Edit]:
        """The values of such fields, also where the quotes before them do not pair.

        Text may begin, or be cut off, within a string; or have quotes in its prose.
        """
        for at, kind, name in self._names(text):
            if found := _NAMED.match(text, at):
                start, depth = found.end(), len(found[1]).bit_length()
                raw = value = text[start : _string_end(text, start, len(found[1]))]
                for _ in range(depth + 1):
                    value = json_unquoted(value)
                if value and (kind != SUSPECT or looks_opaque(value)):
                    new = self.hide_credential(value, kind, name=name)
                    for _ in range(depth + 1):
                        new = json_quoted(new, like=raw)
                    yield Edit(start, start + len(raw), new, kind, value)

    def _nested(self, found: re.Match[str], inner: str, depth: int) -> Iterator[Edit]:
        if edits := self.edits(inner, depth=depth + 1):
            new = json_quoted(applied(inner, edits), like=found[1])
            yield Edit(*found.span(1), new, edits[0].kind, edits[0].secret)

    def _value(self, text: str, at: int, kind: str, name: str) -> Iterator[Edit]:
        if found := _STRING.match(text, at):
            yield from self._string(found, kind, name)
        elif kind != SUSPECT and (found := _SCALAR.match(text, at)):
            new = f'"{self.hide(found[0], kind)}"'
            yield Edit(*found.span(), new, kind, found[0])
        elif kind == OWN:
            yield from self._leaves(text, at, name)
        elif found := _LIST.match(text, at):
            for one in _STRING.finditer(text, *found.span()):
                yield from self._string(one, kind, name)

    def _string(self, found: re.Match[str], kind: str, name: str) -> Iterator[Edit]:
        value = json_unquoted(found[1])
        if not value or (kind == SUSPECT and not looks_opaque(value)):
            return
        mark = self.hide_credential(value, kind, name=name)
        if mark != value:
            new = json_quoted(mark, like=found[1])
            yield Edit(*found.span(1), new, kind, value)

    def _leaves(self, text: str, at: int, name: str) -> Iterator[Edit]:
        """All strings and numbers of an object or a list that is secret as a whole."""
        try:
            _, end = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            end = len(text)
        for found in re.compile(f"{_STRING.pattern}|{_SCALAR.pattern}").finditer(
            text, at, end
        ):
            if not found[0].startswith('"'):
                new = f'"{self.hide(found[0], OWN)}"'
                yield Edit(*found.span(), new, OWN, found[0])
            elif not _COLON.match(text, found.end()):
                yield from self._string(found, OWN, name)

    def _parts(self, text: str) -> Iterator[Edit]:
        for found in _PART.finditer(text):
            name, value = found.groups()
            kind = self.rules.field_kind(name)
            if kind and value and (kind != SUSPECT or looks_opaque(value)):
                mark = self.hide_credential(value, kind, name=name)
                yield Edit(*found.span(2), mark, kind, value)

    def _forms(self, text: str, depth: int, *, whole: bool) -> Iterator[Edit]:
        kind_of = self.rules.query_kind if whole else self.rules.field_kind
        if whole or _FORM.fullmatch(text):
            yield from self._pairs(text, 0, depth, kind_of)
        elif "&" in text:
            for found in _FORM_INSIDE.finditer(text):
                yield from self._pairs(text, found.start(), depth, kind_of, found.end())

    def _urls(self, text: str, depth: int) -> Iterator[Edit]:
        for found in _URL.finditer(text):
            start, end = found.span()  # whatever its scheme: text may be cut there
            user = _USER.search(text, start, end)
            if user and (":" in user[1] or len(user[1]) >= _SURE):
                self.hide(unquote_plus(user[1].partition(":")[2]), SECRET)
                yield Edit(*user.span(1), self.hide(user[1], SECRET), SECRET, user[1])
            if query := _QUERY.search(text, start, end):
                kind_of = self.rules.query_kind
                yield from self._pairs(text, query.end(), depth, kind_of, end)

    def _pairs(
        self,
        text: str,
        start: int,
        depth: int,
        kind_of: Callable[[str], str | None],
        end: int | None = None,
    ) -> Iterator[Edit]:
        """The secrets in name=value&name=value."""
        for found in _PAIR.finditer(text, start, len(text) if end is None else end):
            name, value = map(unquote_plus, found.groups())
            kind = kind_of(name)
            if kind and (kind != SUSPECT or looks_opaque(value)):
                mark = self.hide_credential(value, kind, name=name)
                if mark != value:
                    yield Edit(*found.span(2), quote_plus(mark), kind, value)
            elif value != found[2]:
                yield from self._encoded(value, found.span(2), depth)

    def _percent(self, text: str, depth: int) -> Iterator[Edit]:
        if not _PERCENT.search(text):
            return
        for found in _ENCODED.finditer(text):
            if _PERCENT.search(found[0]):
                yield from self._encoded(unquote_plus(found[0]), found.span(), depth)

    def _encoded(self, inner: str, span: tuple[int, int], depth: int) -> Iterator[Edit]:
        if edits := self.edits(inner, depth=depth + 1):
            new = quote_plus(applied(inner, edits), errors="surrogateescape")
            yield Edit(*span, new, edits[0].kind, edits[0].secret)

    def _blobs(self, text: str, depth: int) -> Iterator[Edit]:
        for blob in blobs(text):
            inner = blob.data.decode("utf-8", "surrogateescape")
            if edits := self.edits(inner, depth=depth + 1):
                data = applied(inner, edits).encode("utf-8", "surrogateescape")
                new = blob.written(data)
                yield Edit(blob.start, blob.end, new, edits[0].kind, edits[0].secret)


def _string_end(text: str, start: int, escapes: int) -> int:
    """Where a string ends whose quotes have *escapes* backslashes before them.

    It may have no end of its own: the string that it lies in ends before.
    """
    at = start
    while (end := text.find('"', at)) >= 0 and text.find("\n", at, end) < 0:
        slashes = 0
        while end - slashes > start and text[end - slashes - 1] == "\\":
            slashes += 1
        if slashes % (2 * escapes + 2) == escapes:
            return end - escapes
        if slashes < escapes and _AFTER_STRING.match(text, end + 1):
            return end - slashes
        at = end + 1
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline


@lru_cache(maxsize=64)
def _index(rules: Rules) -> ShapeIndex:
    return ShapeIndex(rules.shapes)


@lru_cache(maxsize=1024)
def _is_clean(rules: Rules, text: str) -> bool:
    """Whether *text* has no secret; requests say the same again and again."""
    return not Finder(rules).url_edits(text)


@lru_cache(maxsize=256)
def _mark(rules: Rules, value: str, kind: str) -> str:
    return placeholder(rules.kind_of(value, kind), value)


@lru_cache(maxsize=256)
def _spellings(value: str) -> tuple[str, ...]:
    return tuple(spellings(value))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit stands beside this part of *text*."""
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(one.isascii() and one.isalnum() for one in beside)
