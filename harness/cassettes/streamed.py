"""Secrets that a stream says piece by piece: half a key in one event, half in the next.

In: the text of a stream, one JSON value a line. Out: edits of its strings. Text that
belongs together (of one field, at one index) is joined and searched; what stands for a
secret goes where the secret began.
"""

import re
from collections.abc import Iterator

from harness.cassettes.encodings import json_quoted, json_unquoted
from harness.cassettes.finding import Finder
from harness.cassettes.spans import Edit, chosen

__all__ = ["stream_edits"]

#: The fields in which text grows, by event.
_PIECE = re.compile(
    r'"(text|content|delta|args|arguments|partial_json|thinking|reasoning'
    r"|reasoning_content|refusal|input|response|transcript|completion)\"\s*:\s*"
    r'"([^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)"'
)
_INDEX = re.compile(r'"\w*[iI]ndex"\s*:\s*(\d+)')

#: A piece: where its string stands, as it stands and as it reads.
_Piece = tuple[int, str, str]


def stream_edits(finder: Finder, text: str) -> list[Edit]:
    """What hides the secrets that *text* says over more than one event."""
    runs: dict[tuple[str, ...], list[_Piece]] = {}
    end, place = -1, ()
    for one in _PIECE.finditer(text):
        if one.start() > end:  # another line
            begin = text.rfind("\n", 0, one.start()) + 1
            end = text.find("\n", one.start())
            end = end if end >= 0 else len(text)
            place = tuple(_INDEX.findall(text, begin, end))
        piece = one.start(2), one[2], json_unquoted(one[2])
        runs.setdefault((one[1], *place), []).append(piece)
    return chosen(edit for run in runs.values() for edit in _run_edits(finder, run))


def _run_edits(finder: Finder, run: list[_Piece]) -> Iterator[Edit]:
    if len(run) < 2:
        return
    edits = finder.edits("".join(said for _, _, said in run))
    at = n = 0
    for start, raw, said in run:
        end = at + len(said)
        while n < len(edits) and edits[n].end <= at:
            n += 1
        after = n
        while after < len(edits) and edits[after].start < end:
            after += 1
        if inside := edits[n:after]:
            new = json_quoted(_piece(said, at, inside), like=raw)
            first = inside[0]
            yield Edit(start, start + len(raw), new, first.kind, first.secret)
        at = end


def _piece(said: str, at: int, edits: list[Edit]) -> str:
    """*said*, which begins at *at*, with its part of *edits*."""
    parts: list[str] = []
    done = at
    for edit in edits:
        parts.append(said[done - at : max(edit.start - at, 0)])
        if edit.start >= at:
            parts.append(edit.new)
        done = min(edit.end, at + len(said))
    return "".join([*parts, said[done - at :]])
