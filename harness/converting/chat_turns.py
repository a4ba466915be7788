"""A recorded chat as a turn. In: a recording. Out: a turn, and what it leaves out.

A turn keeps what a person edits: text, reasoning, calls, usage, the finish reason, how
it came in pieces, pauses and failures. What is left out is told.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.asked import last_asked
from harness.cassettes import Recording
from harness.chunks import AIMessageChunk
from harness.converting.chat_cuts import argument_cut, text_cut
from harness.converting.chat_pauses import with_pauses
from harness.errors import SchemaError
from harness.messages import AIMessage, ToolMessage
from harness.requests import ChatRequest
from harness.scripts import Turn, When, call
from harness.scripts.checks import broken_rules
from harness.scripts.limits import ended
from harness.scripts.parts import Failure, Part, Said, ScriptedBlock, ScriptedCall
from harness.scripts.plans import planned
from harness.scripts.when import result_tool
from harness.steps import Fault

__all__ = ["RecordedTurn", "counted", "turn_of"]

#: How long the text of a condition is: enough to tell one question from another.
_ASKED = 60
#: Headers of a failure that change what clients do, beside those of waiting.
_TELLING = ("x-should-retry",)
_MEDIA = ("image", "audio", "video", "file")

Told = Counter[str]


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """A turn, and in words what of the recorded answer it does not say."""

    turn: Turn
    left_out: tuple[str, ...] = ()


def turn_of(
    recording: Recording,
    *,
    ids: Collection[str] = (),
    timing: bool = False,
    match: bool = False,
) -> RecordedTurn:
    """The turn that answers as *recording* does.

    Calls keep their id if it is among *ids*, which are those that later requests name.
    With *timing* there are the pauses of the recording, with *match* a condition: what
    the user asked last. Raises CassetteError for an answer that cannot be read.
    """
    request = recording.request
    steps = [*recording.steps(1.0 if timing else 0.0)]
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    faults = [step for step in steps if isinstance(step, Fault)]
    told: Told = Counter()
    said = Said(())
    if chunks:
        said = _said(sum(chunks[1:], chunks[0]).to_message(), ids, told)
    if request.stream:
        said = replace(
            said,
            cut=text_cut(chunks, said.parts),
            arguments_cut=argument_cut(chunks, said.parts),
        )
    if timing:
        said = replace(said, parts=with_pauses(said.parts, steps))
    if faults:
        failure = Failure(_fault(faults[-1]))
        said = replace(said, parts=(*said.parts, failure), usage="auto", finish="auto")
    turn = Turn(said, when=_condition(request) if match else None)
    turn = replace(turn, misbehaving=_contradicts(said, request))
    return RecordedTurn(turn, tuple(counted(told)))


def _contradicts(said: Said, request: ChatRequest) -> bool:
    """Whether the provider did what a script may do only on purpose."""
    facts = planned(said, "words", "whole").facts
    if not request.messages:  # what was asked is not known
        return any(asked.args is None for asked in facts.calls)
    try:
        return bool(broken_rules(facts, request)) or ended(said, request) is not said
    except SchemaError:  # a tool of which nobody can say what it takes
        return True


def _said(message: AIMessage, ids: Collection[str], told: Told) -> Said:
    blocks = message.content_blocks
    parts = tuple(_joined(part for b in blocks for part in _parts(b, ids, told)))
    metadata = message.response_metadata
    told["further choice"] += len(metadata.get("other_choices") or ())
    told["set of logprobs"] += bool(metadata.get("logprobs"))
    calls = any(isinstance(part, ScriptedCall) for part in parts)
    usual = "tool_calls" if calls else "stop"
    finish = message.finish_reason
    return Said(parts, _usage(message), finish="auto" if finish == usual else finish)


def _usage(message: AIMessage) -> dict[str, Any] | None:
    """What was used, without details of which there were none."""
    if (used := message.usage_metadata) is None:
        return None
    usage: dict[str, Any] = dict(used)
    if used["total_tokens"] == used["input_tokens"] + used["output_tokens"]:
        del usage["total_tokens"]
    for name, said in used.items():
        if isinstance(said, dict):
            usage[name] = {key: count for key, count in said.items() if count}
    return {name: said for name, said in usage.items() if said != {}}


def _parts(
    block: Mapping[str, Any], ids: Collection[str], told: Told
) -> Iterator[Part]:
    match block:
        case {"type": "text", "text": text}:
            told["citation"] += len(block.get("annotations") or ())
            if text:
                yield ScriptedBlock({"type": "text", "text": text})
        case {"type": "reasoning", "reasoning": str(text)} if text:
            yield ScriptedBlock({"type": "reasoning", "reasoning": text})
        case {"type": "tool_call", "name": name, "args": args}:
            yield call(name, args, _id=_known(block, ids))
        case {"type": "invalid_tool_call", "name": str(name), "args": raw} if name:
            yield call(name, raw=raw or "", _id=_known(block, ids))
        case {"type": "refusal", "refusal": text}:
            yield ScriptedBlock({"type": "refusal", "refusal": text})
        case {"type": kind, "url": str(url)} if kind in _MEDIA and url[:5] != "data:":
            yield ScriptedBlock({"type": kind, "url": url})
        case _:
            told[_unsaid(block)] += 1


def _unsaid(block: Mapping[str, Any]) -> str:
    """What *block* is, which a script would not say in a form that people edit."""
    match block["type"]:
        case "reasoning":
            return "piece of hidden reasoning"
        case "server_tool_call":
            return f"call of the provider's {block.get('name')}"
        case "server_tool_result":
            return "result of the provider's tools"
        case kind:
            return f"block of type {kind}"


def _known(block: Mapping[str, Any], ids: Collection[str]) -> str | None:
    return block["id"] if block.get("id") in ids else None


def _joined(parts: Iterator[Part]) -> Iterator[Part]:
    """*parts*, with texts that follow each other made one."""
    text = ""
    for part in parts:
        if isinstance(part, ScriptedBlock) and part.block["type"] == "text":
            text += part.block["text"]
            continue
        if text:
            yield ScriptedBlock({"type": "text", "text": text})
            text = ""
        yield part
    if text:
        yield ScriptedBlock({"type": "text", "text": text})


def _fault(fault: Fault) -> Fault:
    """*fault* without what is for machines, and without our own words."""
    headers = {k: v for k, v in fault.headers.items() if k in _TELLING}
    after = fault.retry_after
    return replace(
        fault,
        message="" if fault.kind == "interrupted" else fault.message,
        headers=headers,
        retry_after=int(after) if after is not None and after == int(after) else after,
    )


def _condition(request: ChatRequest) -> When | None:
    """What the user asked last, or its beginning; and whose result came since."""
    lines = [line.strip() for line in last_asked(request).splitlines() if line.strip()]
    text = lines[0] if lines else None
    if text and len(text) > _ASKED:
        text = text[:_ASKED].rpartition(" ")[0] or text[:_ASKED]
    last = request.messages[-1] if request.messages else None
    tool = result_tool(request) if isinstance(last, ToolMessage) else None
    return When(text=text, result_of=tool) if text or tool else None


def counted(told: Told) -> Iterator[str]:
    """What was *told*, in words.

    >>> [*counted(Counter({"call of f": 1, "image": 2, "citation": 0}))]
    ['a call of f', '2 images']
    """
    for what, count in told.items():
        if count == 1:
            yield f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
        elif count > 1:
            head, space, rest = what.partition(" of ")
            yield f"{count} {head}s{space}{rest}"
