"""What may be shown of exchanges: no secrets, and no more than a page can hold."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.redaction import Redaction
from harness.cassettes.secret_names import REQUEST_ID
from harness.errors import CassetteError

__all__ = ["LIMIT", "Hiding", "shortened"]

#: So many characters of a text are shown, and of an image.
LIMIT, IMAGE_LIMIT = 200_000, 4_000_000
#: So many pieces of a stream.
PIECES = 20_000

_RULES = Redaction()
_NOT_SHOWN: Mapping[str, Any] = {
    "request": None,
    "answer": None,
    "fault": None,
    "usage": {},
    "timing": None,
    "pieces": [],
}


class Hiding:
    """Hides secrets by the rules of recording, and counts where there were some.

    Cassettes that were recorded by others, or long ago, may hold them.
    """

    def __init__(self) -> None:
        #: Where something was hidden, in order, each once.
        self.places: dict[str, None] = {}
        self._withheld: dict[str, str] = {}

    def interaction(self, one: Interaction) -> Interaction:
        """*one* without secrets; without bodies that cannot be looked into."""
        try:
            clean = _RULES.redact(one)
        except CassetteError as error:
            self._withheld[one.place] = f"Its bodies are not shown: {error}"
            clean = _RULES.redact(_bodiless(one))
        if clean != one:
            self._note(one.place, *map(_text, (one, clean)))
        return clean

    def exchange(self, value: dict[str, Any]) -> dict[str, Any]:
        """An exchange as JSON, without secrets, and cut where it is very long."""
        place = value["place"]
        if place in self._withheld:
            value = {**value, "problem": self._withheld[place]}
        try:
            # What was recorded has no secret any more, that a cut could go through.
            whole = value if "raw" in value else self._cleaned(value, place)
            cut = shortened(whole)
            clean = self._cleaned(cut, place) if "raw" in value else cut
        except (RecursionError, ValueError):
            kept = {k: v for k, v in value.items() if k not in {"raw", *_NOT_SHOWN}}
            why = "It is not shown: its values are nested too deeply."
            return {**kept, **_NOT_SHOWN, "problem": why}
        came = len(value["pieces"])
        return clean if cut == whole else {**clean, "cut": True, "came": came}

    def text(self, text: str, place: str) -> str:
        """*text* without secrets."""
        clean = _RULES.redact_text(text)
        if clean != text:
            self._note(place, text, clean)
        return clean

    @property
    def notes(self) -> list[str]:
        """What is to be said of it: nothing, or one sentence."""
        if not self.places:
            return []
        first, *more = self.places
        where = f"in {len(more) + 1} places, the first is {first}" if more else first
        where = _RULES.redact_text(where)  # files may be called by a secret
        return [f"Credentials, cookies or ids were hidden: {where}."]

    def _note(self, place: str, before: str, after: str) -> None:
        """Remember *place*, unless no more than ids of requests were hidden there."""
        hidden = Counter(PLACEHOLDER.findall(after)) - Counter(
            PLACEHOLDER.findall(before)
        )
        if hidden.keys() - {REQUEST_ID}:
            self.places[place] = None

    def _cleaned(self, value: dict[str, Any], place: str) -> dict[str, Any]:
        pieces = "".join(text for _, _, text in value["pieces"])
        if _RULES.redact_text(pieces) != pieces:  # a secret that came in pieces
            value = {**value, "pieces": [[at, k, ""] for at, k, _ in value["pieces"]]}
        clean: dict[str, Any] = json.loads(
            self.text(json.dumps(value, ensure_ascii=False), place),
            parse_constant=str,  # a browser reads no Infinity
        )
        return clean


def _text(one: Interaction) -> str:
    bodies = one.request_body + b" " + one.response_body
    headers = (*one.request_headers, *one.response_headers)
    return f"{one.url} {headers} {one.failure} {bodies.decode('latin-1')}"


def _bodiless(one: Interaction) -> Interaction:
    return replace(
        one,
        request_body=b"",
        response_body=b"",
        response_chunks=None,
        chunk_times=None,
    )


def shortened(value: Any, limit: int = LIMIT) -> Any:
    r"""*value* with each text cut to *limit* characters, which it then says.

    >>> shortened(["abcdef"], 4)
    ['abcd\n[cut here: 2 more characters]']
    """
    match value:
        case str() if len(value) > limit:
            return (
                f"{value[:limit]}\n[cut here: {len(value) - limit:,} more characters]"
            )
        case dict():
            return {key: _member(key, one, limit) for key, one in value.items()}
        case list():
            return [shortened(one, limit) for one in value]
        case _:
            return value


def _member(key: str, value: Any, limit: int) -> Any:
    match key, value:
        case "pieces", list() if len(value) > PIECES:
            return shortened(value[:PIECES], limit)
        case (("base64" | "url"), str()):
            return shortened(value, max(limit, IMAGE_LIMIT))
        case _:
            return shortened(value, limit)
