"""Texts and JSON as models write them, hard characters first."""

import json
from typing import Any

from hypothesis import strategies as st

from harness.strategies.sizes import check_sizes

__all__ = ["json_arguments", "json_objects", "json_values", "texts"]

#: What breaks code that counts, cuts, escapes or measures text.
HARD = (
    "a",
    " ",
    "\n",
    "\r\n",
    '"',
    "\\",
    "\0",
    "</think>",
    "data: ",
    "é",
    "e\u0301",  # a letter, and its accent after it
    "\u05e9\u05dc\u05d5\u05dd",  # right to left
    "\u202e",  # ... by order of a control character
    "\u2028",  # a line end, but not to JSON
    "中",
    "😀",
    "👩\u200d💻",  # two characters joined to one picture
    "🇫🇷",
    "\ufeff",
)
HALF = ("\ud83d", "\ude00")


@st.composite
def texts(
    draw: st.DrawFn,
    *,
    min_size: int = 0,
    max_size: int | None = 20,
    half_characters: bool = True,
) -> str:
    """Draw a text: letters and marks of any script, joined pictures, right to left.

    With *half_characters* there are also surrogates without partner, which do not
    encode to UTF-8. *min_size* and *max_size* count characters (code points).

    >>> from hypothesis import find
    >>> find(texts(min_size=2), lambda text: True)
    'aa'
    """
    check_sizes(min_size, max_size)
    hard = st.sampled_from(HARD + HALF if half_characters else HARD)
    plain = st.characters(exclude_categories=["Cs"])
    pieces = draw(st.lists(hard | plain, min_size=min_size, max_size=max_size))
    return "".join(pieces)[:max_size]


_KEYS = st.sampled_from(["a", "b", "location", "é", "", '"', "😀"]) | st.text(
    max_size=4
)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_ATOMS = (
    st.none()
    | st.booleans()
    | _NUMBERS
    | texts(max_size=8, half_characters=False)
    | st.sampled_from(["null", "1", "{", "]"])
)


def json_values(*, max_leaves: int = 8) -> st.SearchStrategy[Any]:
    """Draw any JSON value of at most about *max_leaves* atoms."""
    return st.recursive(
        _ATOMS,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4)
        ),
        max_leaves=max_leaves,
    )


@st.composite
def json_objects(
    draw: st.DrawFn, *, min_size: int = 0, max_size: int = 4
) -> dict[str, Any]:
    """Draw a JSON object of *min_size* to *max_size* keys, nested or flat.

    >>> from hypothesis import find
    >>> find(json_objects(min_size=1), lambda value: True)
    {'a': None}
    """
    check_sizes(min_size, max_size)
    return draw(
        st.dictionaries(
            _KEYS, json_values(max_leaves=4), min_size=min_size, max_size=max_size
        )
    )


_STYLES: tuple[dict[str, Any], ...] = (
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"indent": 1},
)


@st.composite
def json_arguments(
    draw: st.DrawFn, value: dict[str, Any] | None = None, *, max_size: int = 4
) -> str:
    r"""Draw the JSON text of *value*, or of any object of at most *max_size* keys.

    Spaces, line ends and ``\u`` escapes vary as they do between providers.

    >>> from hypothesis import find
    >>> find(json_arguments({"city": "é"}), lambda text: "é" in text)
    '{"city": "é"}'
    """
    if value is None:
        value = draw(json_objects(max_size=max_size))
    return json.dumps(value, **draw(st.sampled_from(_STYLES)))
