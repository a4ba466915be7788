"""Scripts written to files. In: a script. Out: the text that reads back as the same.

`harness.scripts.files` reads it. What no file can say (functions, chunks) is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from harness.errors import InputError
from harness.scripts.cutting import (
    ARGUMENTS,
    At,
    Characters,
    Graphemes,
    Pieces,
    Whole,
    Words,
    _cut_of,
)
from harness.scripts.files import read_script
from harness.scripts.parts import (
    Auto,
    Compute,
    CutLike,
    Failure,
    Part,
    Said,
    ScriptedBlock,
    ScriptedCall,
    Steps,
    Turn,
)
from harness.scripts.script import Script
from harness.scripts.when import When
from harness.scripts.yaml_text import comment, entry, item, mapping
from harness.steps import Fault, Pause

__all__ = ["write_script"]

_UNSAID: Mapping[str, Any] = {
    "usage": "auto",
    "finish": "auto",
    "model": None,
    "metadata": None,
    "id": None,
}

Form = dict[str, Any]


def write_script(
    script: Script,
    *,
    heading: Sequence[str] = (),
    notes: Mapping[int, Sequence[str]] | None = None,
) -> str:
    """The text of a file that says *script*, for people to edit.

    *heading* stands above it as a comment, and the *notes* above the turns that they
    are on (by their place, from 0). Raises InputError for what no file can say.

    >>> from harness.scripts import call, say
    >>> script = Script(say("Look.", call("f", a=1)), "Bye!")
    >>> print(write_script(script, notes={1: ["The end."]}), end="")
    turns:
      - say:
          - Look.
          - call: f
            args: {a: 1}
    <BLANKLINE>
      # The end.
      - Bye!
    """
    lines = [line for text in heading for line in comment(text)]
    lines += mapping(_options(script))
    lines += ["turns:"] if script.turns else ["turns: []"]
    noted, short = notes or {}, True
    for number, turn in enumerate(script.turns):
        try:
            said = _turn_lines(turn)
        except (InputError, RecursionError) as error:
            raise InputError(f"turn {number + 1}: {error}") from None
        above = [line for note in noted.get(number, ()) for line in comment(note)]
        before, short = short, len(above) + len(said) == 1
        lines += [] if (before and short) or not number else [""]
        lines += [f"  {line}" if line else "" for line in (*above, *said)]
    text = "\n".join(lines) + "\n"
    _check(text, script)
    return text


def _check(text: str, script: Script) -> None:
    """See that *text* reads as *script*: better no file than a wrong one."""
    read = read_script(text, "the written script")
    same = [_normal(turn) for turn in script.turns]
    for number, turn in enumerate(read.turns):
        if _normal(turn) != same[number]:
            raise InputError(
                f"turn {number + 1} is one that no file can say: "
                f"{script._named(number)}. Build it in Python."
            )


def _normal(turn: Turn) -> Turn:
    """*turn* without its place, and its cuts in one form."""
    said = turn.answer
    if isinstance(said, Said):
        said = replace(
            said,
            cut=None if said.cut is None else _cut_of(said.cut),
            arguments_cut=None
            if said.arguments_cut is None
            else _cut_of(said.arguments_cut),
        )
    return replace(turn, answer=said, place="")


def _options(script: Script) -> Form:
    text_cut, arguments_cut = script._cuts
    said = {
        "seed": script.seed,
        "cut": _cut_form(text_cut),
        "arguments_cut": _cut_form(arguments_cut),
        "check": script.check,
    }
    usual = {
        "seed": 0,
        "cut": "words",
        "arguments_cut": _cut_form(ARGUMENTS),
        "check": True,
    }
    return {key: value for key, value in said.items() if value != usual[key]}


def _turn_lines(turn: Turn) -> list[str]:
    form = _turn_form(turn)
    if isinstance(form, str):
        return entry("-", form)
    parts = form.get("say")
    if not parts or isinstance(parts, str):
        return item(mapping(form))
    said = ["say:"]
    for part in parts:
        lines = entry("-", part) if isinstance(part, str) else item(mapping(part))
        said += [f"  {line}" if line else "" for line in lines]
    rest = {key: value for key, value in form.items() if key != "say"}
    return item([*said, *mapping(rest)])


def _turn_form(turn: Turn) -> Form | str:
    form: Form
    match turn.answer:
        case Said() as said:
            form = _said_form(said, alone=not turn.misbehaving)
        case Auto(text=text):
            form = {"auto": True if text == "Okay." else text}
        case Compute():
            raise InputError("it is a function, which no file can say.")
        case Steps():
            raise InputError(
                "it is given chunk by chunk, which no file can say. Use say(...)."
            )
        case _ as unreachable:
            assert_never(unreachable)
    if turn.when is not None:
        form["when"] = _when_form(turn.when)
    if turn.times != 1:
        form["times"] = "forever" if turn.times is None else turn.times
    if turn.misbehaving:
        form["misbehaving"] = True
    lone = form.get("say")
    return lone if isinstance(lone, str) and form.keys() == {"say"} else form


def _said_form(said: Said, *, alone: bool) -> Form:
    """What is said: by the part itself, where it is *alone* and has a turn's form."""
    if said.name is not None or said.additional_kwargs:
        raise InputError("it has a name or additional_kwargs, which no file can say.")
    options = {
        key: getattr(said, key)
        for key, unsaid in _UNSAID.items()
        if getattr(said, key) != unsaid
    }
    cuts = {"cut": said.cut, "arguments_cut": said.arguments_cut}
    options |= {key: _cut_form(cut) for key, cut in cuts.items() if cut is not None}
    parts = [*_part_forms(said.parts)]
    match parts:
        case [str(text)]:
            return {"say": text, **options}
        case [dict(form)] if form.keys() & {"call", "think"} and "id" not in options:
            return {**form, **options}
        case [dict(form)] if "fail" in form and alone and not options:
            return form
        case _:
            return {"say": parts, **options}


def _part_forms(parts: Sequence[Part]) -> Iterator[Form | str]:
    goes_on = False  # a text would be taken to go on with the one before
    for place, part in enumerate(parts):
        match part:
            case ScriptedBlock(
                block={"type": "text", "text": str(text), **rest}, continues=on
            ):
                alone = not on and _begins_text(parts[place + 1 :])
                plain = not rest and on is goes_on and not alone
                yield text if plain else {"block": part.block}
                goes_on = plain
            case ScriptedBlock(block=block):
                yield _block_form(block)
                goes_on = False
            case ScriptedCall():
                yield _call_form(part)
                goes_on = False
            case Pause(seconds=seconds):
                yield {"pause": seconds}
            case Failure(fault=fault, after=after):
                counted = {} if after is None else {"after": after}
                yield {**_fault_form(fault), **counted}
            case _ as unreachable:
                assert_never(unreachable)


def _begins_text(parts: Sequence[Part]) -> bool:
    """Whether what is said next is a text of its own."""
    for part in parts:
        if not isinstance(part, Pause | Failure):
            return (
                isinstance(part, ScriptedBlock)
                and part.block["type"] == "text"
                and not part.continues
            )
    return False


def _block_form(block: dict[str, Any]) -> Form:
    signed = block.get("extras")
    match block:
        case {"type": "reasoning", "reasoning": str(text)} if len(block) == 2:
            return {"think": text}
        case {"type": "reasoning", "reasoning": str(text)} if (
            len(block) == 3
            and isinstance(signed, dict)
            and signed.keys() == {"signature"}
            and isinstance(signed["signature"], str)
        ):
            return {"think": text, "signature": signed["signature"]}
        case _:
            return {"block": block}


def _call_form(call: ScriptedCall) -> Form:
    said = {"args": call.args or None, "raw": call.raw, "id": call.id}
    return {"call": call.name, **{k: v for k, v in said.items() if v is not None}}


def _fault_form(fault: Fault) -> Form:
    by_status = None if fault.status is None else Fault(status=fault.status)
    form: Form = {"fail": fault.kind}
    if by_status is not None and by_status.kind == fault.kind:
        form = {"fail": fault.status}
    elif fault.status is not None:
        form["status"] = fault.status
    if fault.message != Fault(kind=fault.kind, status=fault.status).message:
        form["message"] = fault.message
    if fault.retry_after is not None:
        form["retry_after"] = fault.retry_after
    return {**form, "headers": fault.headers} if fault.headers else form


def _cut_form(given: CutLike) -> Any:
    match _cut_of(given):
        case Words():
            return "words"
        case Characters(sizes=(1,)):
            return "characters"
        case Characters(sizes=(size,)):
            return size
        case Characters(sizes=sizes):
            return {"characters": [*sizes]}
        case Graphemes(size=1):
            return "graphemes"
        case Graphemes(size=size):
            return {"graphemes": size}
        case Whole():
            return "whole"
        case Pieces(texts=texts):
            return [*texts]
        case At(offsets=offsets):
            return {"at": [*offsets]}
        case _ as unreachable:
            assert_never(unreachable)


def _when_form(when: When) -> Any:
    if when.test is not None:
        raise InputError("its condition is a function, which no file can say.")
    pattern = getattr(when.pattern, "pattern", when.pattern)
    said = {
        "text": when.text,
        "pattern": pattern,
        "tools": [*when.tools] or None,
        "result_of": when.result_of,
        "params": dict(when.params) or None,
    }
    form = {key: value for key, value in said.items() if value is not None}
    return when.text if form.keys() == {"text"} else form
