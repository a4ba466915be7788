"""Answers that are made when they are asked for. In: a request. Out: what is said."""

import json

from harness.messages import HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts.parts import Auto, Said, ScriptedBlock, ScriptedCall
from harness.tool_specs import ToolSpec

__all__ = ["made_up"]


def made_up(auto: Auto, request: ChatRequest, seed: int) -> Said:
    """Make up an answer that *request* allows: the same one for the same *seed*.

    >>> made_up(Auto("Fine."), ChatRequest(()), seed=0).parts[0].block["text"]
    'Fine.'
    """
    # Only turns without words need what makes values from schemas.
    from harness.scripts.generation import generate

    if (spec := _to_call(request)) is not None:
        args = generate({"type": "object", **spec.parameters}, seed=seed)
        return Said((ScriptedCall(spec.name, args),))
    text = auto.text
    match request.response_format:
        case None:
            pass
        case asked if asked.kind != "text":
            schema = asked.schema or {"type": "object"}
            text = json.dumps(generate(schema, seed=seed), ensure_ascii=False)
        case _:
            pass
    return Said((ScriptedBlock({"type": "text", "text": text}),))


def _to_call(request: ChatRequest) -> ToolSpec | None:
    choice = request.tool_choice
    mode = "auto" if choice is None else choice.mode
    ours = [spec for spec in request.tools if spec.provider is None]
    if choice is not None and choice.name is not None:
        ours = [spec for spec in ours if spec.name == choice.name]
    if not ours or mode == "none" or (mode == "auto" and _has_result(request)):
        return None
    return ours[0]


def _has_result(request: ChatRequest) -> bool:
    """Whether a tool has answered since the user spoke last."""
    for message in reversed(request.messages):
        if isinstance(message, ToolMessage | HumanMessage):
            return isinstance(message, ToolMessage)
    return False
