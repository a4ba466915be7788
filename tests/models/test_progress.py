"""The progress bar of a batch, in the terminal."""

import asyncio

import pytest

from harness.chunks import AIMessageChunk
from harness.models import ChatModel


class Echo(ChatModel):
    def play(self, request):
        yield AIMessageChunk(request.messages[-1].text)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_shows_how_far_it_is(count, capsys):
    """On request, a bar on stderr counts the answers; stdout is left alone."""
    inputs = ["a"] * count

    Echo().batch(inputs, progress=True)

    out, err = capsys.readouterr()
    assert out == ""
    assert f"{count}/{count}" in err


def test_async_batches_show_it_too(capsys):
    """The same in a task."""
    asyncio.run(Echo().abatch(["a", "b"], progress=True))

    assert "2/2" in capsys.readouterr().err


def test_there_is_no_bar_unless_asked_for(capsys):
    """By default nothing is printed."""
    Echo().batch(["a", "b"])

    assert capsys.readouterr() == ("", "")
