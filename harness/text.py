"""Text that arrives in pieces cut anywhere, even between the halves of a character.

Some providers cut text at UTF-16 units, so that one piece ends in a high surrogate
and the next begins with the low one. Pieces join to whole characters here, and what
is shown of them always encodes to UTF-8.
"""

import re
from typing import Any

__all__ = ["UNSEEN", "GrowingText", "put_behind", "shown_text", "visible", "whole"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]")

#: What a terminal obeys, or what turns or hides the text around it.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def whole(text: str) -> str:
    r"""*text* with every pair of surrogate halves made one character.

    >>> whole("\ud83d\ude00") == "😀"
    True
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def shown_text(text: str) -> str:
    """What can be shown of *text*: a half at its end waits for its other half.

    Halves that found no partner become U+FFFD.
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub("\ufffd", text[:-1] if _HIGH.match(text[-1]) else text)


def visible(text: str) -> str:
    r"""*text* as it may be sent to a terminal: what is obeyed or unseen is escaped.

    Lines and tabs are kept. What was recorded may hold escape sequences, and marks that
    show letters in another order than they stand.

    >>> print(visible("\x1b[2Jgone"))
    \x1b[2Jgone
    """
    return UNSEEN.sub(lambda one: ascii(one[0])[1:-1], text.replace("\r\n", "\n"))


class GrowingText:
    r"""A text that grows at its end, at a cost in proportion to what is added.

    >>> text = GrowingText()
    >>> for piece in ("So \ud83d", "\ude00", "!"):
    ...     text.grow(piece)
    >>> text.shown() == "So 😀!"
    True
    """

    __slots__ = ("_clean", "_half", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._half = ""  # a high surrogate that may find its other half
        self._clean: str | None = None  # the text to show, if halves found no other

    def grow(self, piece: str) -> None:
        """Put *piece* behind the text."""
        if self._half or not piece.isascii():
            piece = self._paired(piece)
        # Held by nothing but a local name, the string grows in place.
        text, self._text = self._text, ""
        text += piece
        self._text = text
        if self._clean is not None:
            clean, self._clean = self._clean, ""
            clean += _SURROGATE.sub("\ufffd", piece)
            self._clean = clean

    def grown(self, piece: object) -> str | None:
        """What can be shown with *piece* behind the text; None if it is not ASCII."""
        if type(piece) is not str or not piece.isascii():
            return None
        if self._half or self._clean is not None:
            return None
        text, self._text = self._text, ""
        text += piece
        self._text = text
        return text

    def _paired(self, piece: str) -> str:
        piece = whole(self._half + piece)
        self._half = ""
        if _SURROGATE.search(piece):
            if _HIGH.match(piece[-1]):
                piece, self._half = piece[:-1], piece[-1]
            if self._clean is None and _SURROGATE.search(piece):
                self._clean = _SURROGATE.sub("\ufffd", self._text)
        return piece

    def shown(self, *, ended: bool = False) -> str:
        """What can be shown, as :func:`shown_text`; with *ended* no half may wait."""
        text = self._text if self._clean is None else self._clean
        return text + "\ufffd" if ended and self._half else text

    def raw(self) -> str:
        """All that was put in, halves of characters included."""
        return self._text + self._half


def put_behind(said: dict[str, Any], key: str, piece: str) -> None:
    """Put *piece* behind the text at *key*, which may be missing.

    Held by nothing but a local name, the string grows in place.

    >>> said = {"text": "So "}
    >>> put_behind(said, "text", "what?")
    >>> said
    {'text': 'So what?'}
    """
    text, said[key] = said.get(key, ""), ""
    text += piece
    said[key] = text
