"""Content of a streamed answer as deltas. In: blocks and fragments. Out: objects."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.partial_json import JsonPrefix
from harness.wire.openai_chat.assistant import (
    FIELDS,
    write_audio,
    write_call,
    write_content_part,
)
from harness.wire.openai_chat.calls import CUSTOM, OLD
from harness.wire.openai_chat.parts import DIALECT, write_citation, write_part
from harness.wire.ownership import own

__all__ = ["CallWriter", "DeltaWriter"]

_CALLS = frozenset({"invalid_tool_call", "tool_call"})


class DeltaWriter:
    """Writes the blocks of one answer, chunk by chunk."""

    def __init__(self) -> None:
        #: The name under which reasoning goes.
        self.field = "reasoning_content"
        #: Whether parts that only other providers know may stand in the content.
        self.parts = False
        #: How many characters were said.
        self.length = 0
        self._starts: dict[Any, int] = {}

    def write(self, content: str | list[ContentBlock]) -> dict[str, Any]:
        """The delta of some content; whole calls are not in it."""
        if isinstance(content, str):
            self.length += len(content)
            return {"content": content} if content else {}
        delta: dict[str, Any] = {}
        listed: list[Any] = []
        for block in content:
            self._write(block, delta, listed)
        if listed:
            text = delta.pop("content", "")
            texts = [{"type": "text", "text": text}] if text else []
            delta["content"] = [*listed, *texts]
        return delta

    def _write(
        self, block: ContentBlock, delta: dict[str, Any], listed: list[Any]
    ) -> None:
        match block["type"]:
            case "text" | "text-plain":
                self._say(block, delta)
            case "reasoning" if self.field != "thinking":
                name = self.field if self.field in FIELDS else "reasoning_content"
                delta[name] = delta.get(name, "") + (block.get("reasoning") or "")
            case "refusal":
                said = block.get("refusal") or ""
                delta["refusal"] = delta.get("refusal", "") + said
            case "image":
                delta.setdefault("images", []).append(write_part(block))
            case "audio":
                delta["audio"] = write_audio(block, answer=True)
            case kind if self.parts and kind not in _CALLS:
                unplaced = {k: v for k, v in block.items() if k != "index"}
                listed.append(write_content_part(unplaced))
            case _:
                pass

    def _say(self, block: ContentBlock, delta: dict[str, Any]) -> None:
        start = self._starts.setdefault(block.get("index"), self.length)
        text = block.get("text") or ""
        self.length += len(text)
        if text:
            delta["content"] = delta.get("content", "") + text
        if notes := block.get("annotations"):
            written = [write_citation(note, start) for note in notes]
            delta.setdefault("annotations", []).extend(written)


@dataclass(slots=True)
class _Run:
    """One call as it is written."""

    number: int
    id: str | None
    name: str | None = None
    kind: str = "function"
    args: str = ""  # that wait for the name
    begun: bool = False
    text: JsonPrefix = field(default_factory=JsonPrefix)  # of a custom call
    said: int = 0


class CallWriter:
    """Writes the calls of one answer: numbered from 0, id and name in the first."""

    def __init__(self) -> None:
        self._runs: dict[Any, list[_Run]] = {}
        self._count = 0

    def write(
        self, fragments: Iterable[Any], content: str | list[ContentBlock]
    ) -> dict[str, Any]:
        """The delta of *fragments*, and of the whole calls in *content*."""
        delta: dict[str, Any] = {}
        for fragment in fragments:
            self._add(delta, self._run(fragment["index"], fragment["id"]), fragment)
        for block in content if isinstance(content, list) else ():
            if block["type"] in _CALLS:
                self._whole(delta, block)
        return delta

    def release(self) -> dict[str, Any]:
        """The delta of calls that waited for a name in vain."""
        delta: dict[str, Any] = {}
        for runs in self._runs.values():
            for run in runs:
                if not run.begun:
                    _say(delta, run, run.args, {})
        return delta

    def _run(self, index: Any, call_id: str | None) -> _Run:
        runs = self._runs.setdefault(index, [])
        if not runs or (call_id and call_id != runs[-1].id):
            runs.append(_Run(self._count, call_id or None))
            self._count += 1
        return runs[-1]

    def _add(self, delta: dict[str, Any], run: _Run, fragment: Any) -> None:
        extras = own(fragment.get("extras"), DIALECT)
        extras.pop(DIALECT, None)
        if not run.begun:
            run.kind = extras.pop("type", run.kind)
            run.name = run.name or fragment["name"]
        run.args += fragment["args"] or ""
        if run.name:
            args, run.args = run.args, ""
            _say(delta, run, args, extras)

    def _whole(self, delta: dict[str, Any], block: ContentBlock) -> None:
        run = _Run(self._count, block.get("id"), block.get("name") or "")
        self._count += 1
        written = write_call(block, "")
        run.kind = written["type"]
        said = written.get("function", {}).get("arguments", "")
        if run.kind == CUSTOM:
            said = None
            run.text.feed('{"input": ""}')
        extras = own(block.get("extras"), DIALECT)
        rest = {k: v for k, v in extras.items() if k not in ("type", DIALECT)}
        _say(delta, run, said or "", rest)
        if run.kind == CUSTOM:
            delta["tool_calls"][-1]["custom"]["input"] = written["custom"]["input"]


def _say(delta: dict[str, Any], run: _Run, args: str, extras: dict[str, Any]) -> None:
    opening = not run.begun
    run.begun = True
    if run.kind == OLD:
        named = {"name": run.name} if opening else {}
        said = delta.setdefault("function_call", {**named, "arguments": ""})
        said["arguments"] += args
        return
    if not (opening or args or extras):
        return
    name = {"name": run.name or ""} if opening else {}
    head = {"id": run.id or f"call_{run.number + 1}"} if opening else {}
    kind = CUSTOM if run.kind == CUSTOM else "function"
    typed = {"type": kind} if opening else {}
    function = {**name, "arguments": args}
    if kind == CUSTOM:
        function = {**name, "input": _news(run, args)}
    call = {"index": run.number, **head, **typed, kind: function, **extras}
    delta.setdefault("tool_calls", []).append(call)


def _news(run: _Run, args: str) -> str:
    """What *args* add to the text of a custom call."""
    run.text.feed(args)
    preview = run.text.preview()
    text = preview.get("input", "") if isinstance(preview, dict) else ""
    new = text[run.said :] if isinstance(text, str) else ""
    run.said += len(new)
    return new
