"""JSON over several lines, and back on one."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.json_spelling import laid_out, spelled

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s",:]+|[,:"]')
SPACED = {",": ", ", ":": ": "}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside)
    ),
    max_leaves=6,
)
PIECES = [" ", "\n", "  ", "\n  ", ",", ",\n", ": ", ":", "{", "}", "[", "]", '"']
PIECES += ["1", "a", '"b"', '"c": ', '", "', '"\\""', "\\", "\t", "\x1f", "\u2028"]


@given(JSON.filter(lambda value: isinstance(value, dict | list)), st.booleans())
def test_what_is_laid_out_is_spelled_back(value, ascii_only):
    """Both spellings of any JSON come back as they were."""
    for gaps in ((",", ":"), (", ", ": ")):
        text = json.dumps(value, ensure_ascii=ascii_only, separators=gaps)

        found = laid_out(text)

        assert found is None or spelled(*found) == text
        assert found is None or spelled(*found, laid=True) == text


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_short_way_is_the_long_way(text):
    """Lines that look as we lay them out are joined as their tokens would be."""
    text = f"{{{text}"

    found = spelled(text, "spaced")

    line = "".join(SPACED.get(part, part) for part in TOKEN.findall(text))
    assert found == line + "\n" * text.endswith("\n")


@pytest.mark.parametrize(
    "text, line",
    [
        ('{\n  "a": ": b",\n  "c,": [\n    1\n  ]\n}', '{"a": ": b", "c,": [1]}'),
        ('{\n  "a":  1 ,\n\n "b" : 2}', '{"a": 1, "b": 2}'),
        ('[\n  "é"\n]\n', '["é"]\n'),
    ],
)
def test_lines_are_joined_with_one_space(text, line):
    """Also those that somebody has edited."""
    assert spelled(text, "spaced") == line
