"""The turns of a script. In: what a person writes. Out: frozen, tagged values.

A turn is anything that `as_turn` takes; `say` builds the ones with options.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from harness.errors import InputError, ModelError, nearest, shown
from harness.message_fields import read_dict, read_name
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.scripts.cutting import _cut_of
from harness.scripts.parts import (
    TURN_FORMS,
    Answer,
    Auto,
    CutLike,
    Failure,
    Part,
    Said,
    ScriptedBlock,
    ScriptedCall,
    Steps,
    Turn,
    lone_answer,
    parts_of,
    steps_of,
)
from harness.scripts.when import as_when
from harness.steps import Fault, FaultKind, Pause, Step
from harness.usage import usage_fields
from harness.values import plain

__all__ = ["TurnLike", "as_turn", "auto", "call", "fail", "pause", "say", "think"]

#: What `say` takes for said where nothing is; None for what is not here.
_UNSAID = {"usage": "auto", "finish": "auto"}

Times: TypeAlias = int | Literal["forever"]

#: What `as_turn` takes.
TurnLike: TypeAlias = (
    Turn
    | Part
    | Fault
    | str
    | AIMessage
    | ModelError
    | Mapping[str, Any]
    | Sequence[Step | Failure]
    | Callable[[ChatRequest], object]
)


def say(  # noqa: PLR0913 - the options of a turn, all optional
    *parts: object,
    usage: Mapping[str, Any] | Literal["auto"] | None = "auto",
    finish: str | None = "auto",
    cut: CutLike | None = None,
    arguments_cut: CutLike | None = None,
    when: object = None,
    times: Times = 1,
    misbehaving: bool = False,
    model: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> Turn:
    """A turn of *parts*, in order: texts, `think`, `call`, `pause`, `fail`, blocks.

    Texts that follow each other are one text, cut by *cut* ("words", "characters",
    "graphemes", "whole", a size, or the pieces) and at their seams; *arguments_cut*
    cuts the arguments of calls. *usage* is estimated unless given; None says none.
    *finish* is "stop" or "tool_calls" unless given; None says that the answer is cut
    off. The turn plays *times* times ("forever": any number, none included), for
    requests that *when* applies to (see `When`). A *misbehaving* turn may contradict
    the request. *metadata* is what the provider says besides, in ``response_metadata``.
    A function or an AIMessage may stand alone in place of parts.
    Raises InputError for what cannot be played.

    >>> say("Let me look.", call("get_weather", location="Boston")).answer.parts[1]
    ScriptedCall(name='get_weather', args={'location': 'Boston'}, raw=None, id=None)
    """
    said = {
        "usage": usage,
        "finish": finish,
        "cut": cut if cut is None else _cut_of(cut),
        "arguments_cut": arguments_cut
        if arguments_cut is None
        else _cut_of(arguments_cut),
        "model": model,
        "metadata": metadata,
        "id": id,
    }
    answer: Answer
    if len(parts) == 1 and (alone := lone_answer(parts[0])) is not None:
        given = [key for key, value in said.items() if value != _UNSAID.get(key)]
        if given:
            raise InputError(
                f"say({shown(parts[0], limit=60)}, {given[0]}=...): {given[0]!r} goes "
                "with parts (texts, calls...); put it into the answer itself."
            )
        answer = alone
    else:
        if usage is not None and usage != "auto":
            usage_fields(usage, "usage")
        read_dict(metadata, "metadata")
        for name in ("finish", "model", "id"):
            read_name(said[name], name)
        answer = Said(tuple(parts_of(parts)), **said)  # type: ignore[arg-type]  # by name
    if type(misbehaving) is not bool:
        raise InputError(f"misbehaving={shown(misbehaving)}: give True or False.")
    return Turn(
        answer,
        when=as_when(when),
        times=_times(times),
        misbehaving=misbehaving,
    )


def call(
    name: str,
    args: Mapping[str, Any] | None = None,
    /,
    *,
    _id: str | None = None,
    raw: str | None = None,
    **named: object,
) -> ScriptedCall:
    """A call of the tool *name*; its arguments by name (*named*), or as one dict.

    *raw* is the text of the arguments instead, for text that is no JSON object (such
    a turn is misbehaving). An argument that is itself called `raw` or `_id` goes into
    the dict. Without *_id* the script numbers the call: "call_1". Raises InputError.

    >>> call("search", {"raw": True}, query="sky").args
    {'raw': True, 'query': 'sky'}
    """
    if not isinstance(name, str) or not name:
        raise InputError(f"call({shown(name)}): the first argument names the tool.")
    if not isinstance(args, Mapping | None):
        raise InputError(
            f"call({name!r}, {shown(args)}): give arguments by name, or as one dict."
        )
    if not isinstance(raw, str | None) or not isinstance(_id, str | None):
        raise InputError(
            f"call({name!r}): raw={shown(raw)} and _id={shown(_id)} are texts. "
            "Arguments of these names go into a dict: call(name, {'raw': ...})."
        )
    given = plain({**(args or {}), **named}, f"call({name!r})")
    if raw is not None and given:
        raise InputError(
            f"call({name!r}, raw=...) has other arguments too: {shown(given)}. Give "
            "the raw text alone, or put 'raw' into the dict of arguments."
        )
    return ScriptedCall(name, given, raw=raw, id=_id)


def think(text: str, signature: str | None = None) -> ScriptedBlock:
    """The reasoning of a model, *text*; *signature* comes with its last piece.

    Raises InputError for what is no text.

    >>> think("Boston, then.").block
    {'type': 'reasoning', 'reasoning': 'Boston, then.'}
    """
    if not isinstance(text, str):
        raise InputError(f"think({shown(text)}): give a text.")
    read_name(signature, "signature")
    extras = {} if signature is None else {"extras": {"signature": signature}}
    return ScriptedBlock({"type": "reasoning", "reasoning": text, **extras})


def pause(seconds: float) -> Pause:
    """Nothing comes for *seconds* of the model's clock; by default no real time passes.

    >>> pause(2)
    Pause(seconds=2)
    """
    return Pause(seconds)


def fail(
    what: int | str = "",
    *,
    message: str = "",
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    after: int | None = None,
    status: int | None = None,
) -> Failure:
    """The provider fails. *what*: a status, a kind such as "rate_limit", or a message.

    A kind or a message may have a *status* too, *headers*, and the seconds to wait
    before the next try, *retry_after*. The answer breaks off at this place among its
    parts, or once *after* chunks of it were sent. Raises InputError for a status or a
    kind that there is none of.

    >>> fail(429, retry_after=2).fault.kind
    'rate_limit'
    """
    kind: FaultKind | None = None
    if isinstance(what, int) and not isinstance(what, bool):
        if status is not None:
            raise InputError(f"fail({what}, status={shown(status)}): give one status.")
        status = what
    elif not isinstance(what, str):
        raise InputError(f"fail({shown(what)}): give a status, a kind or a message.")
    elif re.fullmatch("[a-z]+(_[a-z]+)*", what):
        if what not in get_args(FaultKind):
            raise InputError(
                f"fail({what!r}): no such kind. {nearest(what, get_args(FaultKind))} "
                f"As the text of an error: fail(message={what!r})."
            )
        kind = what  # type: ignore[assignment]  # one of the kinds
    else:
        message = message or what
    if after is not None and (type(after) is not int or after < 0):
        raise InputError(f"fail(after={after!r}): give a number of chunks, 0 or more.")
    fault = Fault(
        message, kind, status=status, retry_after=retry_after, headers=headers or {}
    )
    return Failure(fault, after)


def auto(
    text: str = "Okay.",
    *,
    when: object = None,
    times: Times = 1,
) -> Turn:
    """A turn without words: the script makes up an answer that the request allows.

    A call (of the tool that is asked for, else of the first one, unless a result has
    come since the user spoke), JSON for a response schema, or *text*. *when* and
    *times* are those of `say`. Raises InputError for what is no text.

    >>> auto().answer
    Auto(text='Okay.')
    """
    if not isinstance(text, str):
        raise InputError(f"auto({shown(text)}): give the text to say, or nothing.")
    return Turn(Auto(text), when=as_when(when), times=_times(times))


def as_turn(value: object) -> Turn:
    """Read *value*, a turn in any of its forms. Raises InputError for anything else.

    >>> as_turn("Hello!") == say("Hello!")
    True
    """
    match value:
        case Turn():
            return value
        case Pause():
            raise InputError(
                f"pause({value.seconds}) alone is no turn. Put it among what is said: "
                f"say(pause({value.seconds}), 'Hello!')."
            )
        case list() | tuple():
            return Turn(Steps(steps_of(value)))
        case str() | Mapping() | ScriptedBlock() | ScriptedCall() | Failure() | Fault():
            return say(value)
        case _ if (alone := lone_answer(value)) is not None:
            return Turn(alone)
        case _:
            raise InputError(f"{shown(value)} is no turn. {TURN_FORMS}")


def _times(times: object) -> int | None:
    if times == "forever":
        return None
    if type(times) is not int or times < 1:
        raise InputError(f"times={times!r}: give a number from 1 up, or 'forever'.")
    return times
