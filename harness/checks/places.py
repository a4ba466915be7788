"""Where something stands, taken from what errors say of it."""

import re

__all__ = ["line_of", "told"]

_LINE = re.compile(r"\bline (\d+)")
_ASKED = re.compile(r" \([A-Z]+ [^\s()]+\)")
#: A value that was shown; there may be a secret in it, and it is long.
_SHOWN = re.compile(r"(?<=\bis )[\[{'\"].{60,}?\.\.\. \(\d+ characters\)", re.DOTALL)


def line_of(text: str) -> int:
    """The line that *text* names, else the first.

    >>> line_of("a.yaml, interaction 2 (line 17)"), line_of("a.yaml is empty.")
    (17, 1)
    """
    found = _LINE.search(text)
    return int(found[1]) if found else 1


def told(text: str, name: str) -> str:
    """What an error says of the file *name*, without the name, URLs and long values.

    >>> told("a.yaml, line 3 is damaged: no key.", "a.yaml")
    'line 3 is damaged: no key.'
    """
    said = _SHOWN.sub("a value", _ASKED.sub("", text.removeprefix(name)))
    return " ".join(said.lstrip(" ,:").split())
