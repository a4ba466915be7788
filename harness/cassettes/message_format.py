"""Conversations as the text of a cassette, in a YAML format of our own.

Each has what was asked, messages as role dicts, and what was answered: chunks with the
milliseconds after which they came, plain text in lists of pieces, a fault in the end. A
checksum seals each, a count ends the file: what is damaged or cut short is told.
"""

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import Any

from harness.cassettes.conversations import conversation, refuse_mixed, values_of
from harness.cassettes.interactions import Interaction
from harness.cassettes.message_values import read_request, read_step
from harness.cassettes.parsing import RESTORE
from harness.cassettes.seals import seal_of
from harness.cassettes.yaml_values import HALVES, entries, piece
from harness.errors import CassetteError, CassetteWarning, InputError, nearest, shown

__all__ = ["FORMAT", "holds_conversations", "read_conversations", "write_conversations"]

#: What a file of conversations begins with, comments aside.
FORMAT = "chat-harness/1"

_BEGIN = re.compile(
    r"(?:[ \t]*(?:#[^\n]*)?\r?\n|---[^\n]*\n)*+format:\s*['\"]?chat-harness"
)
_KEYS = ("recorded", "request", "answer", "ended", "seal")
_ENDINGS = ("complete", "truncated")
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


# -------------------------------------------------------------------- writing


def write_conversations(interactions: Iterable[Interaction]) -> str:
    """The text of a cassette with conversations: the same ones, the same text.

    Raises CassetteError where there is other traffic among them.
    """
    items = list(interactions)
    refuse_mixed(items, chats=True)
    start = "conversations:\n" if items else "conversations: []\n"
    told = "".join(map(_written, items))
    return f"format: {FORMAT}\n{start}{told}count: {len(items)}\n"


def _written(one: Interaction) -> str:
    asked, steps = values_of(one)
    times = one.chunk_times or (0,) * len(steps)
    said = {"recorded": one.recorded_at} if one.recorded_at else {}
    head = entries({**said, "request": {}}, "", first="- ").removesuffix(" {}\n")
    body = entries(asked, "    ")
    ended = {} if one.ended == "complete" else {"ended": one.ended}
    tail = entries({**ended, "seal": seal_of(one)}, "  ")
    return f"{head}\n{body}{_answer(list(zip(times, steps, strict=True)))}{tail}"


def _answer(timed: list[tuple[int, Any]]) -> str:
    if not timed:
        return "  answer: []\n"
    lines = ["  answer:\n"]
    for about, run in groupby(timed, _about):
        group = list(run)
        if about is None or len(group) == 1:
            lines += [
                entries({"at": at, **step}, "  ", first="- ") for at, step in group
            ]
        else:
            same = {"id": about[0]} if about[0] is not None else {}
            start = entries({**same, "pieces": []}, "  ", first="- ")
            lines.append(start.replace("pieces: []", "pieces:"))
            lines += [piece([at, step["content"]], "    ") for at, step in group]
    return "".join(lines)


def _about(timed: tuple[int, Any]) -> tuple[str | None] | None:
    """What neighbours have in common that say text alone; None of any other step."""
    _, step = timed
    if step.keys() <= {"content", "id"} and isinstance(step.get("content"), str):
        return (step.get("id"),)
    return None


# -------------------------------------------------------------------- reading


def holds_conversations(text: str) -> bool:
    """Whether *text* is of this format, or of a later version of it."""
    return _BEGIN.match(text) is not None


def read_conversations(
    text: str, name: str = "the cassette", *, seals: str = "warn"
) -> tuple[Interaction, ...]:
    """The conversations that *text* says; *name* is what errors call it.

    Raises CassetteError for what is damaged. *seals* says what becomes of what was
    changed after it was recorded: "warn", "error" or "ignore".
    """
    value, lines = _parsed(text, name)
    items, count = _items(value, name, len(text.splitlines()))
    found: list[Interaction] = []
    changed: list[str] = []
    again = f"If that is wanted, seal it again: harness seal {name}. Else: {RESTORE}"
    for n, (item, line) in enumerate(zip(items, lines, strict=True), 1):
        place = f"{name}, conversation {n} (line {line})"
        one = _conversation(item, place)
        found.append(one)
        if one.sealed is None:
            changed.append(f"{place} has no seal: it was not recorded so. {again}")
        elif not one.sealed:
            changed.append(
                f"{place} was changed after it was recorded (wrong seal). {again}"
            )
    if count != len(found):
        changed.append(
            f"{name} says that it has {shown(count)} conversations, and has "
            f"{len(found)}. {again}"
        )
    for told in changed if seals != "ignore" else ():
        if seals == "error":
            raise CassetteError(told)
        warnings.warn(told, CassetteWarning, stacklevel=3)
    return tuple(found)


def _items(value: Any, name: str, last: int) -> tuple[list[Any], Any]:
    form = value.get("format") if isinstance(value, dict) else None
    if form != FORMAT:
        raise CassetteError(
            f"{name} has the format {shown(form)}; this version of harness reads "
            f"{FORMAT!r}. {RESTORE}"
        )
    known = ("format", "conversations", "count")
    for key in value:
        if key not in known:
            raise CassetteError(f"{name} has {key!r}. {nearest(str(key), known)}")
    match value:
        case {"conversations": list(items), "count": count}:
            return items, count
        case {"conversations": list()} | {"conversations": None} | {"format": _} if (
            "count" not in value
        ):
            raise CassetteError(
                f"{name}, line {last} is the last, and there is no count: the file was "
                f"cut short. {RESTORE}"
            )
        case _:
            raise CassetteError(
                f"{name}: 'conversations' is {shown(value.get('conversations'))}, not "
                f"a list. {RESTORE}"
            )


def _conversation(item: Any, place: str) -> Interaction:
    try:
        one = _read(item, place)
    except (InputError, RecursionError) as error:
        raise CassetteError(f"{place} is damaged: {error} {RESTORE}") from None
    seal = item.get("seal")
    return replace(one, sealed=None if seal is None else seal == seal_of(one))


def _read(item: Any, place: str) -> Interaction:
    if not isinstance(item, dict):
        raise InputError(f"{shown(item)} is no conversation.")
    for key in item:
        if key not in _KEYS:
            raise InputError(f"it has {key!r}. {nearest(str(key), _KEYS)}")
    ended, recorded = item.get("ended", "complete"), item.get("recorded", "")
    if ended not in _ENDINGS:
        known = nearest(str(ended), _ENDINGS)
        raise InputError(f"ended is {shown(ended)}. {known}")
    if not isinstance(recorded, str):
        raise InputError(f"recorded is {shown(recorded)}, not a text.")
    timed = list(_steps(item.get("answer")))
    return conversation(
        read_request(item.get("request")),
        [read_step(step) for _, step in timed],
        [at for at, _ in timed],
        ended=ended,
        recorded_at=recorded,
        place=place,
    )


def _steps(answer: Any) -> Iterator[tuple[int, Any]]:
    """The steps of *answer* as plain values, each with its time."""
    if not isinstance(answer, list):
        raise InputError(f"answer is {shown(answer)}, not a list.")
    for item in answer:
        match item:
            case {"pieces": list(pieces), **same} if same.keys() <= {"id"}:
                for said in pieces:
                    match said:
                        case [at, str(text)]:
                            yield _time(at), {**same, "content": text}
                        case _:
                            raise InputError(
                                f"a piece is {shown(said)}, not [ms, text]."
                            )
            case {"at": at, **step}:
                yield _time(at), step
            case _:
                raise InputError(
                    f"a step is {shown(item)}: it has no 'at' or 'pieces'."
                )


def _time(at: Any) -> int:
    if type(at) is not int or at < 0:
        raise InputError(f"a time is {shown(at)}, not a number of milliseconds.")
    return at


# -------------------------------------------------------------------- parsing


def _parsed(text: str, name: str) -> tuple[Any, list[int]]:
    """The value of *text*, and the line of each conversation."""
    import yaml

    try:
        loader = _loader()(text)
        try:
            node = loader.get_single_node()
            _refuse_aliases(node, name)
            return loader.construct_document(node), _lines(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else _line_of(error, text)
        why = getattr(error, "problem", None) or str(error).strip()
        raise CassetteError(f"{name}{line} is damaged: {why}. {RESTORE}") from None
    except (RecursionError, ValueError, TypeError) as error:
        raise CassetteError(f"{name} is damaged: {error}. {RESTORE}") from None


def _line_of(error: Exception, text: str) -> str:
    position = getattr(error, "position", 0)
    return f", line {text.count(chr(10), 0, position) + 1}"


def _refuse_aliases(node: Any, name: str) -> None:
    """A few lines of aliases stand for more than any memory holds; none is written."""
    seen: set[int] = set()
    left = [node]
    while left:
        one = left.pop()
        if id(one) in seen:
            line = one.start_mark.line + 1
            raise CassetteError(
                f"{name}, line {line} is referred to by an alias, which is not written "
                f"here. {RESTORE}"
            )
        seen.add(id(one))
        match getattr(one, "id", None):
            case "mapping":
                left += [part for pair in one.value for part in pair]
            case "sequence":
                left += one.value
            case _:
                pass


def _lines(node: Any) -> list[int]:
    pairs = node.value if node is not None and node.id == "mapping" else ()
    for key, value in pairs:
        if key.value == "conversations" and value.id == "sequence":
            return [item.start_mark.line + 1 for item in value.value]
    return []


@cache
def _loader() -> Any:
    """A safe loader that takes no text for a date, and knows texts written as JSON."""
    import yaml

    base: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    loader: Any = type("_ConversationLoader", (base,), {})
    loader.yaml_implicit_resolvers = {
        start: [known for known in found if known[0] != _TIMESTAMP]
        for start, found in base.yaml_implicit_resolvers.items()
    }
    loader.add_constructor(HALVES, _text_of_json)
    return loader


def _text_of_json(loader: Any, node: Any) -> str:
    from yaml.constructor import ConstructorError

    try:
        text = json.loads(loader.construct_scalar(node))
    except ValueError:
        text = None
    if isinstance(text, str):
        return text
    why = f"{HALVES} is not followed by a text in JSON"
    raise ConstructorError(problem=why, problem_mark=node.start_mark)
