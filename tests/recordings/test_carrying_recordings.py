"""Recorded conversations carried on with other answers, and back."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cassettes import Interaction, load_cassette
from harness.cassettes.interactions import decoded_request
from harness.errors import CassetteError
from harness.refreshing.answers import Answer, answer_of
from harness.refreshing.carrying import Diverged, Turn, carried


@pytest.fixture(scope="module")
def cassettes(recordings: Path) -> list[tuple[Interaction, ...]]:
    """Give the recordings in vcrpy's format."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in sorted(recordings.rglob("*.y*ml")):
            try:
                found.append(load_cassette(path))
            except CassetteError:  # of another program
                continue
    assert len(found) > 50
    return found


def conversations(
    cassettes: list[tuple[Interaction, ...]],
) -> Iterator[tuple[bytes, list[Turn]]]:
    """Give each request, and what had been answered before it."""
    for interactions in cassettes:
        turns: list[Turn] = []
        for number, one in enumerate(interactions, 1):
            asked = decoded_request(one)
            yield asked, [*turns]
            if (said := answer_of(one)) is not None:
                turns.append(Turn(number, asked, said, said))


def other(answer: Answer) -> Answer:
    """Give an answer that is built the same, and says all of it backwards."""
    texts, ids = (
        {path: f"~{text[::-1]}" for path, text in said.items()}
        for said in (answer.texts, answer.ids)
    )
    return replace(answer, texts=texts, ids=ids)


def test_the_same_answers_change_nothing(cassettes):
    """To the byte, in every request."""
    for asked, turns in conversations(cassettes):
        assert carried(asked, turns) == asked


def test_other_answers_are_carried_there_and_back(cassettes):
    """What was replaced is replaced again; what is quoted in a text is refused."""
    changed = refused = 0
    for asked, turns in conversations(cassettes):
        there = [replace(turn, new=other(turn.old)) for turn in turns]
        back = [replace(turn, old=turn.new, new=turn.old) for turn in there]
        try:
            new = carried(asked, there)
        except Diverged:
            refused += 1
            continue
        if new != asked:
            changed += 1
            assert json.loads(carried(new, back)) == json.loads(asked)

    assert changed > 30
    assert refused < changed
