"""Scripts: turns for a fake model, with their cuts and pauses."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from harness.scripts import (
    Turn,
    call,
    characters,
    graphemes,
    pause,
    say,
    think,
    whole,
    words,
)
from harness.strategies.messages import FINISH_REASONS, usages
from harness.strategies.sizes import check_sizes
from harness.strategies.texts import texts
from harness.strategies.tools import OfferedTool

__all__ = ["scripts"]

_TEXTS = texts(min_size=1, half_characters=False)
_SIZES = st.integers(1, 5)
_CUTS = st.one_of(
    st.none(),
    st.builds(whole),
    st.builds(words),
    st.builds(characters, _SIZES, _SIZES),
    st.builds(graphemes, _SIZES),
)


@st.composite
def scripts(
    draw: st.DrawFn,
    *,
    min_size: int = 1,
    max_size: int = 3,
    tools: Sequence[OfferedTool] = (),
) -> list[Turn]:
    """Draw *min_size* to *max_size* turns; they call *tools*, which have to be bound.

    >>> from hypothesis import find
    >>> [turn] = find(scripts(), lambda turns: True)
    >>> turn.answer.parts[0].block
    {'type': 'text', 'text': 'a'}
    """
    check_sizes(min_size, max_size)
    parts = _TEXTS | st.builds(think, _TEXTS) | st.builds(pause, st.integers(0, 3))
    called = st.sampled_from([*tools]).map(_call) if tools else st.nothing()
    calls: st.SearchStrategy[list[Any]] = st.lists(called, max_size=2 if tools else 0)
    usage: st.SearchStrategy[Any] = st.sampled_from(["auto", None]) | usages()
    count = draw(st.integers(min_size, max_size))
    return [
        say(
            *draw(st.lists(parts, max_size=2)),
            draw(_TEXTS),
            *draw(calls),
            cut=draw(_CUTS),
            arguments_cut=draw(_CUTS),
            usage=draw(usage),
            finish=draw(st.just("auto") | FINISH_REASONS),
        )
        for _ in range(count)
    ]


def _call(tool: OfferedTool) -> Any:
    return call(tool.spec.name, tool.args)
