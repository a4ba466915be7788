"""Events read by template, on every recorded stream: the same chunks as parsed."""

import random
import re
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire import Dialect, dialect_of


def decoded(dialect: Dialect, body: bytes, *, templates: bool) -> list[Any]:
    """Give all that a body says, as plain values."""
    decoder = dialect.decoder()
    if not templates:
        decoder._credit = -len(body)
    played: list[Any] = []
    try:
        played += decoder.feed(body)
        played += decoder.close()
    except WireError as error:
        played.append(str(error))
    return [
        step.model_dump() if isinstance(step, AIMessageChunk) else step
        for step in played
    ]


TEXTS = (b"", b" ", b'\\"', b"\\u00e9", b"\\ud83d", b"x")


def shuffled(body: bytes, dice: random.Random) -> bytes:
    """Give a stream with a few events lost, doubled, moved, or of another text."""
    events = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body)
    if len(events) < 3:
        events = body.splitlines(keepends=True)
    for _ in range(dice.randint(1, 4)):
        place, other = (dice.randrange(len(events)) for _ in range(2))
        event = events[place]
        match dice.randrange(4):
            case 0:
                events[place] = b""
            case 1:
                events.insert(other, event)
            case 2:
                events[place], events[other] = events[other], event
            case _:
                texts = [*re.finditer(rb'": *"([^"\\]*)"', event)]
                if texts:
                    start, end = dice.choice(texts).span(1)
                    events[place] = event[:start] + dice.choice(TEXTS) + event[end:]
    return b"".join(events)


def test_templates_change_nothing(exchanges: list[Any]) -> None:
    """Whatever is read by template is what reading it by JSON gives."""
    streams = [
        (one.name, dialect, one.response)
        for one in exchanges
        if one.status == 200 and (dialect := dialect_of(one.url)) is not None
    ]

    different = [
        name
        for name, dialect, body in streams
        if decoded(dialect, body, templates=True)
        != decoded(dialect, body, templates=False)
    ]

    assert len(streams) > 300
    assert different == []


def test_templates_change_nothing_of_streams_that_went_wrong(
    exchanges: list[Any],
) -> None:
    """Whatever readers know of earlier events, they know of those read by template."""
    dice = random.Random(2)  # noqa: S311 - no secret
    streams = [
        (one.name, dialect, shuffled(one.response, dice))
        for one in exchanges
        if one.status == 200
        and len(one.response) < 20_000
        and one.response[:1] not in (b"{", b"\0", b"")
        and (dialect := dialect_of(one.url)) is not None
        for _ in range(5)
    ]

    different = [
        name
        for name, dialect, body in streams
        if decoded(dialect, body, templates=True)
        != decoded(dialect, body, templates=False)
    ]

    assert len(streams) > 500
    assert different == []
