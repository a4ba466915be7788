"""One candidate of Gemini's answer, as it streams or whole.

In: the candidate of each event. Out: content blocks and fragments of calls, numbered so
that a sum keeps their order. Texts that follow each other are one block, unless one of
them has a signature, or anything else that belongs to that part alone.
"""

from dataclasses import dataclass, field
from typing import Any

from harness.blocks import TEXT_FIELD, ContentBlock
from harness.chunks import AIMessageChunk
from harness.wire.gemini.calls import PartialCall, in_pieces
from harness.wire.gemini.citations import citations_of
from harness.wire.gemini.logprobs import read_logprobs
from harness.wire.gemini.parts import CallIds, read_part
from harness.wire.gemini.reasons import read_reason
from harness.wire.json_values import expect, says, write_text
from harness.wire.numbering import Numbering

__all__ = ["Candidate", "Said"]

_READ = frozenset({"content", "index", "finishReason", "logprobsResult"})


@dataclass(slots=True)
class Said:
    """What one event says of a candidate."""

    content: str | list[ContentBlock] = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


class Candidate:
    """Reads one candidate, event by event."""

    def __init__(self, *, vertex: bool = False) -> None:
        self.finished = False
        self.ids = CallIds()
        self._vertex = vertex
        self._numbering = Numbering()
        self._open: tuple[str, int | None] | None = None
        self._texts: list[tuple[int | None, list[str]]] = []
        self._sources: dict[str, Any] = {}
        self._partial: tuple[int, PartialCall] | None = None
        self._called = False

    def read(self, candidate: dict[str, Any]) -> Said:
        """What *candidate* adds. Raises WireError for a value of a wrong type."""
        content = expect(candidate.get("content"), dict, "'content'") or {}
        parts = content.get("parts")
        parts = [parts] if isinstance(parts, dict) else parts
        said = Said()
        blocks: list[ContentBlock] = []
        for part in filter(None, expect(parts, list, "'parts'") or []):
            self._read(part, blocks, said.calls)
        plain = all(b.keys() == {"type", "text"} for b in blocks)
        said.content = "".join(b["text"] for b in blocks) if plain else blocks
        said.about = self._about(candidate)
        return said

    def _read(self, part: Any, blocks: list[Any], calls: list[dict[str, Any]]) -> None:
        call = part.get("functionCall") if isinstance(part, dict) else None
        if isinstance(call, dict) and (self._partial or in_pieces(call)):
            calls += self._piece(part, call)
            return
        block = self.ids.given(read_part(part))
        kind = block["type"]
        grows = TEXT_FIELD.get(kind)
        if grows and block.keys() == {"type", grows}:
            if not block[grows]:
                return
            if self._open is None or self._open[0] != kind:
                self._open = (kind, self._numbering.next(kind))
                self._begin(*self._open)
            index = self._open[1]
        else:
            index = self._numbering.next(kind)
            self._open = None
            self._begin(kind, index)
        if kind == "text":
            self._texts[-1][1].append(block["text"])
        if kind == "tool_call":
            self._called = True
            calls.append({**block, "args": write_text(block["args"]), "index": index})
            calls[-1].pop("type")
        else:
            blocks.append(block if index is None else {**block, "index": index})

    def _begin(self, kind: str, index: int | None) -> None:
        if kind == "text":
            self._texts.append((index, []))

    def _piece(
        self, part: dict[str, Any], call: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The fragments of a call whose arguments come in pieces."""
        fragments: list[dict[str, Any]] = []
        if self._partial is None:
            named = {k: v for k, v in call.items() if k in ("id", "name")}
            block = self.ids.given(read_part({**part, "functionCall": named}))
            index = self._numbering.next("tool_call")
            self._open, self._called = None, True
            assert index is not None  # noqa: S101 - calls are always numbered
            self._partial = index, PartialCall()
            rest = {"extras": block["extras"]} if "extras" in block else {}
            head = {"name": block["name"], "args": "{", "id": block["id"]}
            fragments.append({**head, "index": index, **rest})
        index, partial = self._partial
        partial.take(call)
        if not call.get("willContinue"):
            fragments += self._ended_call()
        return fragments

    def _ended_call(self) -> list[dict[str, Any]]:
        if self._partial is None:
            return []
        index, partial = self._partial
        self._partial = None
        return [{"name": None, "args": partial.text(), "id": None, "index": index}]

    def _about(self, candidate: dict[str, Any]) -> dict[str, Any]:
        about = {k: v for k, v in candidate.items() if k not in _READ and says(v)}
        for key in ("groundingMetadata", "citationMetadata"):
            if isinstance(said := about.get(key), dict):
                about[key] = _merged(self._sources.get(key, {}), said)
                self._sources[key] = about[key]
        probs = expect(candidate.get("logprobsResult"), dict, "'logprobsResult'") or {}
        if says(probs):
            about["logprobs"] = read_logprobs(probs)
            about["logProbabilitySum"] = probs.get("logProbabilitySum")
        said = candidate.get("finishReason")
        reason = read_reason(said, called=self._called, vertex=self._vertex)
        if reason is not None:
            self.finished = True
            about |= {"finish_reason": reason, "finishReason": said}
        return about

    def rest(self) -> Said:
        """What was held back: citations, and a call that the end completes."""
        said = Said(calls=self._ended_call() if self.finished else [])
        texts = ["".join(pieces) for _, pieces in self._texts]
        noted: dict[int, list[Any]] = {}
        for block, note in citations_of(self._sources, texts):
            noted.setdefault(block, []).append(note)
        said.content = [
            {"type": "text", "text": "", "annotations": notes, **_numbered(index)}
            for block, notes in noted.items()
            for index in (self._texts[block][0],)
        ]
        return said

    def kept(self, said: Said) -> AIMessageChunk:
        """*said* as a chunk, for a candidate that is kept aside."""
        return AIMessageChunk(
            said.content,
            tool_call_chunks=said.calls,
            response_metadata={k: v for k, v in said.about.items() if says(v)},
        )


def _numbered(index: int | None) -> dict[str, int]:
    return {} if index is None else {"index": index}


def _merged(before: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """All that was said: of citations, each event tells only the new ones."""
    merged = {**before, **said}
    match before.get("citations"), said.get("citations"):
        case list() as old, list() as new:
            merged["citations"] = [*old, *(item for item in new if item not in old)]
        case _:
            pass
    return merged
