"""Values from events: whatever they are, a loader constructs them too."""

from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import parsing
from harness.errors import CassetteError

TEXTS = st.text("ab: 1-.\n'\"#&*!é\t", max_size=12) | st.sampled_from(
    [
        "yes",
        "null",
        "~",
        "",
        "1",
        "0x1f",
        "1e3",
        "1_0",
        "2001-01-01",
        "<<",
        "=",
        "é" * 90,
    ]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.binary(),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3)
    ),
    max_leaves=8,
)
#: What a hand, or chance, may put anywhere.
BITS = (
    *"\n :-#'\"&*!|>?%@`{}[],=<~\t\r",
    *("  ", "- ", "&a ", "*a", "!!str ", "!!binary ", "!!set ", "? ", "<<: ", "---\n"),
    *("...\n", "! ", "!!python/unicode ", "!!python/tuple ", "!x ", "=", "1", "\n- "),
    *("&a\n", "{<<: *a}", "interactions: []\n", "\x07", "é", "\u2028", ": "),
)


def reading(read: Any, text: str) -> str:
    """All that comes of reading; NaN is like itself so."""
    try:
        return repr(read(text, "it"))
    except CassetteError as error:
        return str(error)


@given(st.lists(VALUES, max_size=3), st.integers(0, 2**32), st.booleans())
def test_it_reads_what_a_loader_constructs(items, seed, flow):
    """Whole or damaged, in any style: the same value, lines and errors."""
    chance = Random(seed)  # noqa: S311 - tests need no secrets
    shared = [*items, items] if chance.random() < 0.3 else items
    said = {"interactions": shared, "version": 1}
    text = yaml.safe_dump(said, default_flow_style=flow or None, allow_unicode=True)

    for _ in range(10):
        assert reading(parsing.parse_yaml, text) == reading(parsing._any, text)
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice([0, 0, 1, 1, 4])
        text = text[:start] + chance.choice(BITS) + text[end:]


@pytest.mark.parametrize(
    "text",
    [
        "interactions:\n- a: &x [1, 'b']\n  c: *x\nversion: 1\n",
        "interactions:\n- {body: !!binary aGVsbG8=, code: 200, gone: null}\n",
        "version: !!python/unicode 'a'\ninteractions: []\n",
        "recorded_with: a\nrequests: []\nresponses: [2001-01-01]\n",
    ],
)
def test_plain_files_are_read_once(text):
    """The loader is not asked about what recorders write every day."""
    assert parsing._plain(text) == parsing._any(text, "it")


@pytest.mark.parametrize(
    "text",
    [
        *("a: *x\n", "a: &x [*x]\n", "a: &x 1\nb: &x 2\n", "{<<: {a: 1}, b: 2}\n"),
        *("a: 1\n---\nb: 2\n", "- a\n", "a\n", "", "a: !!python/tuple [1]\n"),
        *("1: a\n", "[a]: b\n", "a: !unknown b\n", "a: !!set {b}\n", "a: [\n"),
        *("a: !!set ''\n", "a: !!map ''\n", "a: !!seq b\n", "a: !!omap 1\n"),
        *("interactions: &x []\n", "interactions: []\ninteractions: []\n"),
        *("interactions: 1\n", "a: !!binary é\n", "[" * 3000),
    ],
)
def test_the_loader_decides_about_the_rest(text):
    """What is not plain is not taken for plain."""
    assert parsing._plain(text) is None
    assert "generator" not in reading(parsing.parse_yaml, text)
