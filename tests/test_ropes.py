"""harness.ropes: chunks in order, however they were added."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk as Chunk
from harness.ropes import leaves_behind

LEAVES = [Chunk(name) for name in "abcdef"]


def texts(leaves):
    """Give what the leaves say."""
    return None if leaves is None else "".join(leaf.text for leaf in leaves)


def rope(chunk):
    """Give the rope of a chunk, which of a single one is itself."""
    return chunk._rope or chunk


def built(tree):
    """Give the sum of a tree of pairs."""
    if isinstance(tree, Chunk):
        return tree
    left, right = tree
    return built(left) + built(right)


def flat(tree):
    """Give the leaves of a tree of pairs."""
    if isinstance(tree, Chunk):
        return [tree]
    return [leaf for half in tree for leaf in flat(half)]


@given(st.recursive(st.sampled_from(LEAVES), lambda t: st.tuples(t, t), max_leaves=9))
def test_leaves_come_in_order(tree):
    """However it was built, a rope is the row of its leaves."""
    assert leaves_behind(None, rope(built(tree))) == flat(tree)


@given(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=6), st.data())
def test_a_reader_goes_on_from_where_it_stands(leaves, data):
    """What is behind any beginning of a rope is the rest of it."""
    sums = [*accumulate(leaves)]
    start = data.draw(st.integers(0, len(sums) - 1))

    assert leaves_behind(rope(sums[start]), rope(sums[-1])) == leaves[start + 1 :]


@pytest.mark.parametrize("other", ["b", "cd"])
def test_a_rope_that_does_not_begin_so(other):
    """A reader that stands elsewhere cannot go on: None, never a wrong answer."""
    a, b, c, d, *_ = LEAVES
    start = b if other == "b" else c + d

    assert texts(leaves_behind(rope(start), rope(a + b + c))) is None
