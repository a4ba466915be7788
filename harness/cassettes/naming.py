"""Names of files that every system takes, Windows too.

In: text of people and of tests, whatever it is. Out: names that are as near to it as
can be. What is the same for two of them is told apart by who asks.
"""

import re
from unicodedata import normalize

__all__ = ["RESERVED", "WRONG", "cut", "portable"]

#: How the names of devices begin, with any ending; and what no name has.
RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(?:\.|$)",
    re.IGNORECASE,
)
WRONG = re.compile(r'[<>:"|?*\\/\x00-\x1f\ud800-\udfff]')


def portable(text: str) -> str:
    r"""*text* as a name that every file system takes: one part of a path.

    >>> portable("what?"), portable("aux.json"), portable("..")
    ('what-', '_aux.json', '-')
    """
    plain = WRONG.sub("-", normalize("NFC", text)).rstrip(" .") or "-"
    return f"_{plain}" if RESERVED.match(plain) else plain


def cut(text: str, longest: int) -> str:
    """The beginning of *text* that has at most *longest* bytes in UTF-8.

    >>> cut("déjà vu", 3)
    'dé'
    """
    data = text.encode("utf-8", "surrogatepass")
    return data[:longest].decode("utf-8", "ignore") if len(data) > longest else text
