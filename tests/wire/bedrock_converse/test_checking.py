"""The grammar of a stream of the Converse API: a broken stream for each rule."""

import json

import pytest

from harness.wire.aws_frames import encode_frame
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE

START = ("messageStart", {"role": "assistant"})
STOP = ("messageStop", {"stopReason": "end_turn"})
COUNTS = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}
META = ("metadata", {"usage": COUNTS, "metrics": {"latencyMs": 1}})
END = (STOP, META)


def delta(value, index=0):
    return ("contentBlockDelta", {"delta": value, "contentBlockIndex": index})


def start(value, index=0):
    return ("contentBlockStart", {"start": value, "contentBlockIndex": index})


def stop(index=0):
    return ("contentBlockStop", {"contentBlockIndex": index})


CALL = start({"toolUse": {"toolUseId": "t", "name": "f"}})
TEXT = (delta({"text": "a"}), stop())


def rules(*events):
    data = b"".join(
        encode_frame({":event-type": name}, json.dumps(said).encode())
        for name, said in events
    )
    return [problem.rule for problem in CONVERSE.check_stream(data)]


def test_lawful_streams_have_no_problem():
    """Text, citations in it, calls, and an answer that was too long."""
    cited = (delta({"citation": {}}), delta({"text": "a"}), stop())
    cut = (CALL, delta({"toolUse": {"input": "{"}}), stop())

    assert rules(START, *TEXT, *END) == []
    assert rules(START, *cited, *END) == []
    assert rules(START, *cut, ("messageStop", {"stopReason": "max_tokens"}), META) == []
    assert rules(START, CALL, stop(), *END) == []


@pytest.mark.parametrize(
    "rule, events",
    [
        ("event", [START, ("new", {}), *END]),
        ("event", [START, ("metadata", [1]), *END]),
        ("first", [*TEXT, *END]),
        ("first", [START, START, *END]),
        ("role", [("messageStart", {"role": "user"}), *END]),
        ("index", [START, delta({"text": "a"}, 1), stop(1), *END]),
        ("index", [START, *TEXT, delta({"text": "a"}), stop(), *END]),
        ("index", [START, *TEXT, stop(), *END]),
        ("index", [START, delta({"text": "a"}, "x"), stop(0), *END]),
        ("start", [START, delta({"toolUse": {"input": "{}"}}), stop(), *END]),
        ("start", [START, start({"text": {}}), stop(), *END]),
        ("start", [START, start({}), stop(), *END]),
        ("start", [START, start({"toolUse": {"toolUseId": ""}}), stop(), *END]),
        ("kind", [START, CALL, delta({"text": "a"}), stop(), *END]),
        ("kind", [START, delta({}), stop(), *END]),
        ("args", [START, CALL, delta({"toolUse": {"input": "{"}}), stop(), *END]),
        ("stop", [START, delta({"text": "a"}), *END]),
        ("stop", [START, delta({"text": "a"}), delta({"text": "b"}, 1), stop(1), *END]),
        ("finish", [START, META]),
        ("finish", [START, *END[:1], *TEXT, META]),
        ("finish", [START, ("messageStop", {"stopReason": "new"}), META]),
        ("finish", [START, ("messageStop", {"stopReason": "tool_use"}), META]),
        ("usage", [START, STOP, ("metadata", {"metrics": {}})]),
        ("usage", [START, STOP, ("metadata", {"usage": COUNTS})]),
        (
            "usage",
            [START, STOP, ("metadata", {"usage": {**COUNTS, "inputTokens": -1}})],
        ),
        ("end", [START, STOP]),
        ("end", [START, *END, META]),
        ("end", [START, META, STOP]),
        ("end", [START, ("throttlingException", {}), *TEXT]),
    ],
)
def test_broken_stream_has_its_problem(rule, events):
    """The rule that is broken is among the problems."""
    assert rule in rules(*events)


def test_damaged_frames_are_a_problem_of_framing():
    """What cannot be read is not judged."""
    data = encode_frame({":event-type": "messageStart"}, b"{}")

    problems = CONVERSE.check_stream(data.replace(b"{}", b"[]"))

    assert [problem.rule for problem in problems] == ["framing"]
