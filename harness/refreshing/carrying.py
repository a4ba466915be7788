"""A later request of a conversation, with the new answers where it says the old ones.

Texts are replaced where the request has what a model said, ids and signatures wherever
they stand: whole strings of its JSON, and nothing else of it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.errors import shown
from harness.refreshing.answers import BUILT, Answer, Path

__all__ = ["Diverged", "Turn", "carried", "carried_url"]

_ROLES = frozenset({"assistant", "model"})
_GIVEN = frozenset({"input", "args", "arguments"})
_LONG = 16


class Diverged(Exception):
    """The conversation cannot go on as it was recorded; says why."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The interaction *number*: what was asked in it, and both answers to that."""

    number: int
    asked: bytes
    old: Answer
    new: Answer


def carried(body: bytes, turns: Sequence[Turn]) -> bytes:
    """The *body* of a request that comes after *turns*, with their new answers.

    It is given back as it is where it says none of them. Raises Diverged where it goes
    on from an answer that is built in another way now.
    """
    if not turns or not (value := _read(body)):
        return body
    walk = _Walk(turns)
    after = walk.value(value)
    for turn in turns:
        if turn.number in walk.seen and (why := _rebuilt(turn)):
            raise Diverged(f"answer {turn.number} {why}, and a later request has it")
        if _quoted(after, turn):
            raise Diverged(
                f"a later request quotes answer {turn.number} in a text of its own"
            )
    if after == value:
        return body
    spaced = b'": ' in body
    return json.dumps(
        after, ensure_ascii=False, separators=None if spaced else (",", ":")
    ).encode("utf-8", "surrogatepass")


def carried_url(url: str, turns: Iterable[Turn]) -> str:
    """The same for a URL, in whose path ids may stand."""
    news: dict[str, str | None] = {}
    for turn in turns:
        news |= dict(_pairs(turn.old.ids, turn.new.ids))
    parts = urlsplit(url)
    path = "/".join(news.get(one) or one for one in parts.path.split("/"))
    return parts._replace(path=path).geturl() if path != parts.path else url


def _read(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _pairs(
    old: Mapping[Path, str], new: Mapping[Path, str]
) -> Iterator[tuple[str, str | None]]:
    for path, said in old.items():
        yield said, new.get(path)


class _Walk:
    """Goes through a request; *seen* are the turns whose answers it says again."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.seen: set[int] = set()
        self._texts: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
        self._ids: dict[str, tuple[int, str | None]] = {}
        self._known: set[str] = set()  # long texts, which nobody says by chance
        for turn in turns:
            asked = _strings(_read(turn.asked))
            for old, new in _pairs(turn.old.texts, turn.new.texts):
                for one, other in _spellings(old, new):
                    self._texts[one].append((turn.number, other))
                    if len(one) >= _LONG and one not in asked:
                        self._known.add(one)
            for old, new in _pairs(turn.old.ids, turn.new.ids):
                self._ids.setdefault(old, (turn.number, new))

    def value(self, value: Any, *, said: bool = False) -> Any:
        """*value* with the new strings; *said* tells that it is what a model said."""
        match value:
            case str():
                return self._string(value, said=said)
            case list():
                return [self.value(one, said=said) for one in value]
            case dict():
                said = said or _is_said(value)
                return {
                    name: one
                    if name in BUILT or (name in _GIVEN and isinstance(one, dict))
                    else self.value(one, said=said)
                    for name, one in value.items()
                }
            case _:
                return value

    def _string(self, text: str, *, said: bool) -> str:
        if text in self._ids:
            number, new = self._ids[text]
        elif text in self._texts and (said or text in self._known):
            found = self._texts[text]  # the same text, said again, is said in order
            number, new = found.pop(0) if len(found) > 1 else found[0]
        else:
            return text
        self.seen.add(number)
        if new is None:
            raise Diverged(
                f"answer {number} has no {shown(text, limit=40)} any more, which a "
                "later request says again"
            )
        return new


def _is_said(value: dict[str, Any]) -> bool:
    kind = str(value.get("type", ""))
    return value.get("role") in _ROLES or kind.endswith("_call") or kind == "reasoning"


def _spellings(old: str, new: str | None) -> Iterator[tuple[str, str | None]]:
    """*old* and *new* as clients send them back: as they are, stripped, dumped anew."""
    yield old, new
    bare = old.strip()
    if bare not in {old, ""}:
        yield bare, None if new is None else new.strip()
    before, after = _read(old), _read(new or "")
    if isinstance(before, dict) and isinstance(after, dict):
        for separators in ((", ", ": "), (",", ":")):
            one, other = (json.dumps(v, separators=separators) for v in (before, after))
            if one != old:
                yield one, other


def _strings(value: Any) -> set[str]:
    """Every string in *value*."""
    match value:
        case str():
            return {value}
        case list():
            return set().union(*map(_strings, value))
        case dict():
            return set().union(*map(_strings, value.values()))
        case _:
            return set()


def _rebuilt(turn: Turn) -> str | None:
    """How the new answer is built in another way than the old one."""
    if turn.old.kinds != turn.new.kinds:
        new, old = (", ".join(a.kinds) or "nothing" for a in (turn.new, turn.old))
        return f"is made of {new} instead of {old}"
    more = sorted(str(path[-1]) for path in turn.new.ids.keys() - turn.old.ids.keys())
    return f"has a {more[0]!r}, which it had not" if more else None


def _quoted(value: Any, turn: Turn) -> bool:
    """Whether *value* has the old text of *turn* within a longer string."""
    old = turn.old.text.strip()
    if len(old) < _LONG or old == turn.new.text.strip():
        return False
    inside = (old in one for one in _strings(value))
    return any(inside) and not any(old in one for one in _strings(_read(turn.asked)))
