"""A model that answers whatever it is asked, lawfully: what schema and prompt say.

For suites that test any model, and ask for what a script cannot know beforehand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.fake import FakeChatModel
from harness.requests import ChatRequest
from harness.schemas import problems
from harness.scripts import Turn, call, say
from harness.scripts.answers import made_up
from harness.scripts.parts import Auto, ScriptedBlock, ScriptedCall

__all__ = ["answering"]

_QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def answering(seed: int = 0) -> FakeChatModel:
    """A model that never runs out of answers: the same ones for the same requests.

    It calls a tool where it may, has to, and has no result yet; values that stand in
    the last message (numbers, what is quoted) are used where the schema allows them.

    >>> add = {"name": "add", "parameters": {"properties": {"a": {"type": "integer"}}}}
    >>> answering().bind_tools([add]).invoke("Use add(3).").tool_calls[0]["args"]
    {'a': 3}
    """
    return FakeChatModel(say(_answer, times="forever"), seed=seed)


def _answer(request: ChatRequest) -> Turn:
    said = made_up(Auto(), request, 0)
    prompt = request.messages[-1].text if request.messages else ""
    (part,) = said.parts
    match part:
        case ScriptedCall(name=name, args=args):
            spec = request.tool(name)
            schema = {} if spec is None else spec.parameters
            return say(call(name, _fitted(args, schema, prompt)))
        case ScriptedBlock(block={"text": str(text)}) if _wants_json(request):
            return say(_json(text, request, prompt))
        case _:
            return Turn(said)


def _wants_json(request: ChatRequest) -> bool:
    return (
        request.response_format is not None and request.response_format.kind != "text"
    )


def _json(text: str, request: ChatRequest, prompt: str) -> str:
    schema = request.response_format.schema if request.response_format else None
    value = json.loads(text)
    if schema:
        value = _fitted(value, schema, prompt)
    elif not value:  # no schema says what is wanted: the prompt may name the keys
        value = dict.fromkeys(_quoted(prompt), "Okay.")
    return json.dumps(value, ensure_ascii=False)


def _fitted(
    value: dict[str, Any], schema: Mapping[str, Any], prompt: str
) -> dict[str, Any]:
    """*value* with what *prompt* says in its place, where *schema* allows that."""
    numbers, texts = _numbers(prompt), iter(_quoted(prompt))
    for key, known in schema.get("properties", {}).items():
        kind = known.get("type") if isinstance(known, Mapping) else None
        said: Any = None
        if kind in ("integer", "number"):
            said = next(numbers, None)
        elif kind == "string":
            said = next(texts, None)
        if said is not None and not problems({**value, key: said}, dict(schema)):
            value = {**value, key: said}
    return value


def _numbers(prompt: str) -> Iterator[int | float]:
    return (json.loads(found) for found in _NUMBER.findall(prompt))


def _quoted(prompt: str) -> list[str]:
    return ["".join(found) for found in _QUOTED.findall(prompt)]
