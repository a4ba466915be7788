"""What turns are made of. In: texts, blocks, messages, steps. Out: frozen values."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from harness.blocks import BLOCK_TYPES, standard
from harness.chunks import AIMessageChunk
from harness.errors import InputError, ModelError, nearest, shown
from harness.messages import AIMessage, finish_reason
from harness.requests import ChatRequest
from harness.scripts.cutting import Cut
from harness.scripts.when import When
from harness.steps import Fault, FaultKind, Pause, Step
from harness.values import plain

__all__ = [
    "TURN_FORMS",
    "Answer",
    "Auto",
    "Compute",
    "CutLike",
    "Failure",
    "Part",
    "Said",
    "ScriptedBlock",
    "ScriptedCall",
    "Steps",
    "Turn",
    "failure_of",
    "lone_answer",
    "parts_of",
    "step_of",
    "steps_of",
]

#: How a text is cut: "words", a size, the pieces, or what `words`, `at`... make.
CutLike: TypeAlias = Cut | str | int | Sequence[str]


@dataclass(frozen=True, slots=True)
class ScriptedBlock:
    """A content *block* of a turn, such as `think` makes.

    One that *continues* goes on with the text before it.

    >>> ScriptedBlock({"type": "text", "text": "Hi"}).block["text"]
    'Hi'
    """

    block: dict[str, Any] = field(hash=False)
    _: KW_ONLY
    continues: bool = False


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """A call of the tool *name* in a turn: what `call` makes.

    *raw* is the text of its arguments where *args* are not used. Without *id* the
    script numbers the call.

    >>> ScriptedCall("search", {"query": "sky"}).args
    {'query': 'sky'}
    """

    name: str
    args: dict[str, Any] = field(default_factory=dict, hash=False)
    _: KW_ONLY
    raw: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer breaks off with *fault*: what `fail` makes.

    Here among the parts, or once *after* chunks of it were sent.

    >>> Failure(Fault("busy", status=429), after=2).fault.kind
    'rate_limit'
    """

    fault: Fault
    after: int | None = None


Part = ScriptedBlock | ScriptedCall | Pause | Failure


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of ordered *parts*; "auto" and None are explained at `say`."""

    parts: tuple[Part, ...]
    usage: Mapping[str, Any] | Literal["auto"] | None = field(
        default="auto", hash=False
    )
    finish: str | None = "auto"
    cut: CutLike | None = field(default=None, hash=False)
    arguments_cut: CutLike | None = field(default=None, hash=False)
    model: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    id: str | None = None
    name: str | None = None
    additional_kwargs: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Auto:
    """An answer made up from the request; *text* where words are asked for."""

    text: str = "Okay."


@dataclass(frozen=True, slots=True)
class Compute:
    """An answer that *function* makes from the request."""

    function: Callable[[ChatRequest], object]


@dataclass(frozen=True, slots=True)
class Steps:
    """An answer given step by step, played as it is."""

    steps: tuple[Step, ...]


Answer = Said | Auto | Compute | Steps


@dataclass(frozen=True, slots=True)
class Turn:
    """An *answer*, and *when*, how often and how strictly it is to be played.

    What `say` and `auto` make. *times* None is forever; a *misbehaving* turn may
    contradict the request; *place* is where the turn is written, for errors.

    >>> from harness import say
    >>> turn = say("Hello!", times="forever")
    >>> turn.times, turn.misbehaving
    (None, False)
    """

    answer: Answer
    _: KW_ONLY
    when: When | None = None
    times: int | None = 1
    misbehaving: bool = False
    place: str = ""


TURN_FORMS = (
    "A turn is a text, say(...), call(...), think(...), fail(...), auto(), an "
    "AIMessage, a list of chunks (with pauses and faults), or a function of the "
    "request."
)


def lone_answer(value: object) -> Answer | None:
    """The answer that *value* is by itself, if it is one."""
    match value:
        case AIMessageChunk():
            return Steps((value,))
        case AIMessage():
            return _said(value)
        case ModelError():
            return Said((failure_of(value),))
        case type():
            return None
        case _ if callable(value):
            return Compute(value)
        case _:
            return None


def _said(message: AIMessage) -> Said:
    metadata = message.response_metadata
    reason = finish_reason(metadata)
    return Said(
        tuple(_of_block(block) for block in message.content_blocks),
        usage=message.usage_metadata or "auto",
        finish="auto" if reason is None else reason,
        metadata=metadata,
        id=message.id,
        name=message.name,
        additional_kwargs=message.additional_kwargs or None,
    )


def parts_of(values: Sequence[object]) -> Iterator[Part]:
    """Read the parts of an answer. Raises InputError for what is none."""
    goes_on = False  # a text may go on with the one before
    for place, value in enumerate(values, 1):
        match value:
            case str():
                yield ScriptedBlock({"type": "text", "text": value}, continues=goes_on)
                goes_on = True
                continue
            case Pause() | Failure():
                yield value
                continue
            case Fault():
                yield Failure(value)
                continue
            case ScriptedBlock() | ScriptedCall():
                yield value
            case Mapping():
                yield _of_block(value)
            case Turn():
                raise InputError(
                    f"part {place} of say(...) is itself a turn. Give the turns one "
                    "after the other, or what this one says as parts."
                )
            case _:
                raise InputError(
                    f"part {place} of say(...) is {shown(value)}. A part is a text, "
                    "think(...), call(...), pause(...), fail(...), or a content block "
                    "such as {'type': 'image', 'url': '...'}."
                )
        goes_on = False


def _of_block(given: Mapping[str, Any]) -> ScriptedBlock | ScriptedCall:
    kind = given.get("type")
    if not isinstance(kind, str):
        raise InputError(
            f"{shown(given)} is no content block: it has no 'type'. "
            f"{nearest('text', BLOCK_TYPES)}"
        )
    if kind == "tool_call_chunk":
        raise InputError(
            f"{shown(given)} is a fragment of a call. Give call(...) and "
            "arguments_cut, or a list of AIMessageChunk."
        )
    block = standard(plain(given, "a content block"))
    block.pop("index", None)
    match block:
        case {"type": "tool_call", "name": str(name), "args": dict(args)}:
            return ScriptedCall(name, args, id=block.get("id"))
        case {"type": "invalid_tool_call", "name": str(name), "args": str(raw)}:
            return ScriptedCall(name, raw=raw, id=block.get("id"))
        case {"type": "tool_call" | "invalid_tool_call"}:
            raise InputError(
                f"{shown(given)} lacks a name or arguments. Give call(...)."
            )
        case _:
            return ScriptedBlock(block)


def steps_of(values: Sequence[object]) -> tuple[Step, ...]:
    """Read an answer that is given as a list of steps. Raises InputError."""
    if not values:
        raise InputError(f"an empty list is no turn. {TURN_FORMS}")
    if all(isinstance(value, str) for value in values):
        raise InputError(
            f"{shown(values)}: a list of texts could be turns or chunks. Turns are "
            "given one by one: 'a', 'b'; the chunks of one turn: "
            "say('ab', cut=['a', 'b'])."
        )
    return tuple(step_of(value) for value in values)


def step_of(value: object) -> Step:
    """Read one step of an answer: a chunk, a text, `pause`, `fail` or a Fault."""
    match value:
        case AIMessageChunk() | Pause() | Fault():
            return value
        case str():
            return AIMessageChunk(value)
        case Failure(fault=fault, after=None):
            return fault
        case Failure(after=after):
            raise InputError(
                f"fail(after={after}) counts the chunks of say(...). Among steps, put "
                "fail(...) behind the chunks that come before it."
            )
        case _:
            raise InputError(
                f"{shown(value)} is no step of an answer. A step is an AIMessageChunk, "
                "a text, pause(...) or fail(...)."
            )


def failure_of(error: ModelError) -> Failure:
    """The failure that a model raises as *error*."""
    name = type(error).__name__
    words = re.sub("^Model|Error$|Stream", "", name)
    kind = re.sub("(?<!^)(?=[A-Z])", "_", words).lower()
    known = kind if kind in get_args(FaultKind) else None
    status, wait = error.status, error.retry_after
    return Failure(Fault(str(error), known, status=status, retry_after=wait))  # type: ignore[arg-type]  # one of the kinds
