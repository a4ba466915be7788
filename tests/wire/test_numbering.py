"""Indexes of blocks: a sum that is sorted by them keeps the order of the answer."""

from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.wire.numbering import Numbering

FIELDS = {kind: kind for kind in ("text", "reasoning", "refusal")} | {"image": "url"}


@given(st.lists(st.sampled_from(list(FIELDS))))
def test_numbered_blocks_stay_in_order(kinds):
    """Whatever kinds follow each other, each block is kept apart, and in its place."""
    numbering = Numbering()
    blocks = []
    for n, kind in enumerate(kinds):
        block = {"type": kind, FIELDS[kind]: str(n)}
        index = numbering.next(kind)
        blocks.append(block if index is None else {**block, "index": index})

    total = sum(map(AIMessageChunk, ([block] for block in blocks)), AIMessageChunk())

    found = [(b["type"], b[FIELDS[b["type"]]]) for b in total.content_blocks]
    assert found == [(kind, str(n)) for n, kind in enumerate(kinds)]


def test_plain_text_needs_no_index():
    """The first text and the first reasoning are plain, if nothing is before them."""
    numbering = Numbering()

    assert [numbering.next(k) for k in ("text", "text", "reasoning")] == [None, 1, 2]
