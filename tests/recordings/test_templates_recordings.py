"""Events read by template, on every recorded stream: the same chunks as parsed."""

from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire import Dialect, dialect_of


def decoded(dialect: Dialect, body: bytes, *, templates: bool) -> list[Any]:
    """Give all that a body says, as plain values."""
    decoder = dialect.decoder()
    if not templates:
        decoder._credit = -len(body)
    try:
        played = [*decoder.feed(body), *decoder.close()]
    except WireError as error:
        return [str(error)]
    return [
        step.model_dump() if isinstance(step, AIMessageChunk) else step
        for step in played
    ]


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
