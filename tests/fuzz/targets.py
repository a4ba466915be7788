"""What is fuzzed: one table. A target takes bytes, and raises for what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import mutating
from cost_checks import check_growth
from file_checks import (
    check_cassette,
    check_conversion,
    check_journal,
    check_packed,
    check_script,
)
from mutating import Mutator
from secret_checks import check_planted, check_redaction
from seeds import SEEDS, Seeds
from value_checks import check_matching, check_partial_json
from wire_checks import (
    check_aws,
    check_error,
    check_json_frames,
    check_request,
    check_sse,
    check_stream,
)

from harness.wire import DIALECTS, Dialect

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """What holds of any bytes (*check*), and how the bytes are made.

    *rooms* of the package tell the words of the dictionary, and *mutate* changes an
    input so that it stays one; without it, bytes change alone.
    """

    check: Callable[[bytes], None]
    seeds: Seeds
    rooms: tuple[str, ...] = ()
    mutate: Mutator | None = None


def _wire(name: str, dialect: Dialect) -> dict[str, Target]:
    room = f"wire/{name.replace('-', '_')}"
    rooms = (room, "finishing", "usage")
    change = mutating.frames if name == "bedrock-converse" else mutating.lines
    stream, request = f"stream-{name}", f"request-{name}"
    return {
        stream: Target(
            partial(check_stream, dialect=dialect), SEEDS[stream], rooms, change
        ),
        request: Target(
            partial(check_request, dialect=dialect),
            SEEDS[request],
            rooms,
            mutating.values,
        ),
    }


_FILES = ("cassettes", "http_messages")

#: Every target by its name.
TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "sse": Target(check_sse, SEEDS["sse"], ("wire/sse",), mutating.lines),
        "json-frames": Target(check_json_frames, SEEDS["json-frames"]),
        "aws": Target(check_aws, SEEDS["aws"], ("wire/aws_frames",), mutating.frames),
        **{
            name: target
            for dialect in DIALECTS.values()
            for name, target in _wire(dialect.name, dialect).items()
        },
        "error": Target(check_error, SEEDS["error"], ("wire/faults",), mutating.lines),
        "cassette": Target(check_cassette, SEEDS["cassette"], _FILES, mutating.lines),
        "packed": Target(check_packed, SEEDS["packed"]),
        "conversion": Target(
            check_conversion,
            SEEDS["conversion"],
            ("converting", "cassettes/foreign"),
            mutating.lines,
        ),
        "journal": Target(
            check_journal, SEEDS["journal"], ("cassettes/journals",), mutating.lines
        ),
        "script": Target(check_script, SEEDS["script"], ("scripts",), mutating.lines),
        "partial-json": Target(check_partial_json, SEEDS["partial-json"]),
        "matching": Target(check_matching, SEEDS["matching"], (), mutating.values),
        "planted": Target(
            check_planted,
            SEEDS["planted"],
            ("cassettes/secret_names", "cassettes/key_shapes"),
        ),
        "redaction": Target(
            check_redaction,
            SEEDS["redaction"],
            ("cassettes/secret_names", "cassettes/key_shapes"),
        ),
        "growth": Target(check_growth, SEEDS["growth"]),
    }
)
