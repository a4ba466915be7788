"""Where a request has an answer end. In: an answer, a limit. Out: what fits into it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.blocks import TEXT_FIELD
from harness.requests import ChatRequest
from harness.scripts.parts import Failure, Part, Said, ScriptedBlock
from harness.scripts.plans import size_of
from harness.scripts.stops import stopped
from harness.usage import TOKEN

__all__ = ["ended", "limited", "token_limit"]

_SPELLINGS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def ended(said: Said, request: ChatRequest) -> Said:
    """*said* up to where *request* has it end: at a limit, or before a stop sequence.

    >>> said = Said((ScriptedBlock({"type": "text", "text": "one. two"}),))
    >>> ended(said, ChatRequest((), stop=(".",))).finish
    'stop'
    """
    if request.params:
        said = limited(said, token_limit(request.params))
    return stopped(said, request.stop) if request.stop else said


def token_limit(params: Mapping[str, Any]) -> int | None:
    """The most tokens that *params* allow, however that is spelled; None: no limit.

    >>> token_limit({"max_completion_tokens": 5}), token_limit({"max_tokens": -1})
    (5, None)
    """
    said = [params.get(name) for name in _SPELLINGS]
    limits = [n for n in said if type(n) is int and n > 0]
    return min(limits, default=None)


def limited(said: Said, tokens: int | None) -> Said:
    """Cut *said* off where *tokens* are used up: four characters are one.

    A call that does not fit is not made. What fits is left as it is, and so is what
    says itself how it ends or what it used, or fails.

    >>> block = ScriptedBlock({"type": "text", "text": "one two"})
    >>> limited(Said((block,)), 1).parts[0].block["text"]
    'one '
    """
    given = said.finish != "auto" or said.usage != "auto"
    if tokens is None or given or any(isinstance(p, Failure) for p in said.parts):
        return said
    left = tokens * TOKEN
    for place, part in enumerate(said.parts):
        size = size_of((part,))
        if size > left:
            return replace(
                said,
                parts=(*said.parts[:place], *_upto(part, left)),
                finish="length",
                # A cut that names pieces or places was made for the whole.
                cut=said.cut if isinstance(said.cut, str | int) else None,
            )
        left -= size
    return said


def _upto(part: Part, left: int) -> tuple[Part, ...]:
    """What of *part* the *left* characters have room for."""
    match part:
        case ScriptedBlock(block=block) if left:
            key = TEXT_FIELD[block["type"]]
            return (replace(part, block={**block, key: block[key][:left]}),)
        case _:
            return ()
