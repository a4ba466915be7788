"""The grammar of Gemini's streams: what each event must say, and the last one."""

from collections.abc import Iterator
from typing import Any

from harness.errors import shown
from harness.wire.gemini.parts import DATA
from harness.wire.gemini.reasons import read_reason
from harness.wire.json_values import says
from harness.wire.sse import Event

__all__ = ["GeminiGrammar"]

Found = Iterator[tuple[str, str]]
_KNOWN = ("candidates", "promptFeedback", "usageMetadata")
#: Counts that only grow; those of the prompt are corrected at the end.
_GROWING = ("candidatesTokenCount", "thoughtsTokenCount")
#: What says nothing without data.
_BESIDE = DATA | {"thought", "videoMetadata"}
#: Members of a part's data, by its name, and what each must be.
_MEMBERS: dict[str, tuple[tuple[str, type], ...]] = {
    "functionCall": (("name", str), ("args", dict)),
    "inlineData": (("mimeType", str), ("data", str)),
    "fileData": (("fileUri", str),),
    "executableCode": (("code", str),),
}


class GeminiGrammar:
    """The rules, as the events of one stream go by."""

    def __init__(self) -> None:
        self._count = 0
        self._failed = False
        self._blocked = False
        self._finished: set[int] = set()
        self._seen: set[int] = set()
        self._same: dict[str, Any] = {}
        self._usage: dict[str, int] = {}
        self._streaming: set[int] = set()

    def event(self, event: Event, said: Any) -> Found:
        """What is wrong with one event."""
        self._count += 1
        if said is None and event.data.strip() == "[DONE]":
            yield "done", "[DONE] is no part of this format"
            return
        if event.event not in ("", "message"):
            yield "event", f"events have no name, and this is {event.event!r}"
        if self._failed:
            yield "error", "nothing follows an error"
        if not isinstance(said, dict):
            yield "object", f"{shown(said)} is not an object"
            return
        if says(said.get("error")):
            self._failed = True
            yield from _error(said["error"])
            return
        if not any(key in said for key in _KNOWN):
            yield "object", f"{shown(said)} has neither candidates nor usageMetadata"
        for key, rule in (("responseId", "id"), ("modelVersion", "model")):
            value = said.get(key)
            before = self._same.setdefault(key, value) if value is not None else None
            if value != before:
                yield rule, f"{key} is {shown(value)}, and was {shown(before)}"
        feedback = said.get("promptFeedback")
        self._blocked |= isinstance(feedback, dict) and says(
            feedback.get("blockReason")
        )
        yield from self._counts(said.get("usageMetadata"))
        yield from self._candidates(said.get("candidates"))

    def _counts(self, usage: Any) -> Found:
        if usage is None:
            return
        if not isinstance(usage, dict):
            yield "usage", f"usageMetadata is {shown(usage)}, not an object"
            return
        for key, value in usage.items():
            if key.endswith("TokenCount") and (type(value) is not int or value < 0):
                yield "usage", f"{key} is {shown(value)}, not a count"
        for key in _GROWING:
            value, before = usage.get(key), self._usage.get(key, 0)
            if type(value) is int:
                self._usage[key] = value
                if value < before:
                    yield "usage", f"{key} falls from {before} to {value}"

    def _candidates(self, candidates: Any) -> Found:
        if candidates is None:
            return
        if not isinstance(candidates, list):
            yield "candidate", f"candidates is {shown(candidates)}, not a list"
            return
        for place, candidate in enumerate(candidates):
            if not isinstance(candidate, dict):
                yield "candidate", f"a candidate is {shown(candidate)}"
                continue
            index = candidate.get("index", place)
            if type(index) is not int or index < 0:
                yield "index", f"the index of a candidate is {shown(index)}"
                continue
            self._seen.add(index)
            if index in self._finished:
                yield "finish", f"candidate {index} goes on after its finishReason"
            if read_reason(candidate.get("finishReason")) is not None:
                self._finished.add(index)
            yield from self._content(candidate.get("content"), index)

    def _content(self, content: Any, index: int) -> Found:
        if content is None:
            return
        if not isinstance(content, dict):
            yield "content", f"content is {shown(content)}, not an object"
            return
        if content.get("role") != "model":
            yield "role", f"the role is {shown(content.get('role'))}, not 'model'"
        parts = content.get("parts", [])
        if not isinstance(parts, list):
            yield "part", f"parts is {shown(parts)}, not a list"
            return
        for part in parts:
            yield from self._part(part, index)

    def _part(self, part: Any, index: int) -> Found:
        if not isinstance(part, dict):
            yield "part", f"a part is {shown(part)}, not an object"
            return
        data = [key for key in part if key in DATA and part[key] is not None]
        if len(data) > 1 or not (data or part.keys() - _BESIDE):
            yield "part", f"{shown(part)} says {data or 'nothing'}, not one thing"
            return
        if "text" in part and not isinstance(part["text"], str):
            yield "part", f"text is {shown(part['text'])}, not a str"
        if not isinstance(part.get("thought", False), bool):
            yield "part", f"thought is {shown(part['thought'])}, not a bool"
        for name in data:
            yield from self._data(name, part[name], index)

    def _data(self, name: str, value: Any, index: int) -> Found:
        if name == "text":
            return
        if not isinstance(value, dict):
            yield "part", f"{name} is {shown(value)}, not an object"
            return
        members = _MEMBERS.get(name, ())
        if name == "functionCall":
            more = bool(value.get("willContinue"))
            if more or "partialArgs" in value or index in self._streaming:
                # The name comes first, the arguments by and by.
                members = () if index in self._streaming else members[:1]
                (self._streaming.add if more else self._streaming.discard)(index)
        for member, kind in members:
            said = value.get(member)
            if not isinstance(said, kind) or said == "":
                rule = "call" if name == "functionCall" else "part"
                yield rule, f"{member!r} of {name} is {shown(said)}"

    def end(self) -> Found:
        """What is missing where the stream ends."""
        if self._failed:
            return
        if not self._count:
            yield "object", "it has no event"
        elif not (self._seen or self._blocked):
            yield "candidate", "there is no candidate, and no prompt was blocked"
        for index in sorted(self._seen - self._finished):
            yield "finish", f"candidate {index} has no finishReason"
        for index in sorted(self._streaming):
            yield "call", f"a call of candidate {index} has no end"


def _error(error: Any) -> Found:
    match error:
        case {"code": int(), "message": str()}:
            pass
        case _:
            yield "error", f"{shown(error)} has no code and message"
