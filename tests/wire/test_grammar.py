"""Checking a whole stream: framing here, the format's rules by its grammar."""

import pytest

from harness.wire.aws_frames import encode_frame
from harness.wire.grammar import Problem, check_events


class Numbers:
    """A grammar of {"n": 1}, {"n": 2}, ..., [DONE]."""

    def __init__(self):
        self._next = 1
        self._done = False

    def event(self, event, said):
        if said is None:
            self._done = True
        elif said != {"n": self._next}:
            yield "number", f"{said} is not {self._next}"
        self._next += 1

    def end(self):
        if not self._done:
            yield "done", "there is no [DONE]"


def found(data):
    return [(p.event, p.rule) for p in check_events(data, Numbers())]


ONE, DONE = b'data: {"n": 1}\n\n', b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "data, problems",
    [
        (ONE + DONE, []),
        (b'{"n": 1}\n[DONE]\n', []),
        (ONE, [(0, "done")]),
        (b"", [(0, "done")]),
        (ONE + ONE + DONE, [(2, "number")]),
        (b"data: {\n\n" + DONE, [(1, "json")]),
        (ONE + DONE.strip(), [(2, "framing")]),
        (ONE + b"oh\n\n" + DONE, [(0, "framing")]),
        (b'{"n": 1}{"', [(1, "framing"), (0, "done")]),
        (encode_frame({}, b"{}")[:-1] + b"x", [(0, "framing")]),
        (encode_frame({}, b"{}")[:-1], [(0, "framing"), (0, "done")]),
    ],
)
def test_problems_are_those_of_framing_and_of_the_grammar(data, problems):
    """Each problem has its event, counted from 1, and its rule."""
    assert found(data) == problems


def test_problem_reads_as_a_sentence():
    """Place, rule and text; 0 is the whole stream."""
    assert str(Problem(0, "done", "there is no end")) == (
        "the stream [done]: there is no end"
    )
