"""Answers of Gemini, streamed or whole, as chunks.

In: the events of a stream, the items of an array or one whole reply: each is a
GenerateContentResponse. Out: one chunk for each. What no field of a chunk has room for
is in ``response_metadata`` under its own name, candidates after the first as
``other_choices``. A prompt that is blocked is an answer that was filtered.
"""

from collections.abc import Iterator
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire.gemini.candidates import Candidate, Said
from harness.wire.gemini.errors import read_fault
from harness.wire.gemini.usage import read_usage
from harness.wire.json_values import expect, says
from harness.wire.news import News
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["GeminiReader"]

_KNOWN = frozenset("candidates error promptFeedback usageMetadata".split())
_OWN = frozenset("candidates error modelVersion responseId usageMetadata".split())


class GeminiReader:
    """Reads the events of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._candidates: dict[int, Candidate] = {}
        self._kept: dict[int, list[AIMessageChunk]] = {}
        self._news = News()
        self._frame: object = None
        self._blocked = False
        self._whole = False

    def read(self, event: Event, said: Any) -> Iterator[Played]:
        """The chunk of one event, of one item of an array or of a whole reply."""
        payload: Any = said[0] if isinstance(said, list) and said else said
        if not isinstance(payload, dict):
            raise WireError("it is not an object.")
        if says(payload.get("error")):
            yield read_fault(payload)
        elif payload.keys() & _KNOWN:
            # JSON that is complete is a complete answer; an array that is cut is not.
            self._whole = self._whole or not event.event
            yield self._chunk(payload, self._first(payload))
        else:
            raise WireError("it has neither 'candidates' nor 'error'.")

    def _first(self, payload: dict[str, Any]) -> Said:
        """What *payload* says of the first candidate; the others are kept."""
        answer_id = expect(payload.get("responseId"), str, "'responseId'")
        self.id = self.id or answer_id or None
        first = Said()
        candidates = expect(payload.get("candidates"), list, "'candidates'") or []
        for place, item in enumerate(candidates):
            given = expect(item, dict, "a candidate") or {}
            index = given.get("index")
            index = index if type(index) is int and index >= 0 else place
            candidate = self._candidate(index, payload)
            said = candidate.read(given)
            if index:
                self._kept.setdefault(index, []).append(candidate.kept(said))
            else:
                first = said
        return first

    def _candidate(self, index: int, payload: dict[str, Any]) -> Candidate:
        candidate = self._candidates.get(index)
        if candidate is None:
            usage = payload.get("usageMetadata")
            traffic = isinstance(usage, dict) and "trafficType" in usage
            candidate = Candidate(vertex=traffic or "createTime" in payload)
            candidate.ids.answer = self.id or ""
            self._candidates[index] = candidate
        return candidate

    def _chunk(self, payload: dict[str, Any], said: Said) -> AIMessageChunk:
        frame = {k: v for k, v in payload.items() if k != "candidates"}
        if frame == self._frame and not said.about:
            return AIMessageChunk(said.content, tool_call_chunks=said.calls, id=self.id)
        self._frame = frame
        usage = expect(payload.get("usageMetadata"), dict, "'usageMetadata'") or {}
        metadata: dict[str, Any] = {
            "model_provider": "google_genai",
            "model_name": expect(payload.get("modelVersion"), str, "'modelVersion'"),
            **{k: v for k, v in frame.items() if k not in _OWN},
            **said.about,
            "token_usage": usage,
            **self._feedback(payload),
        }
        logprobs = metadata.pop("logprobs", None)
        news = self._news.of(metadata)
        if says(logprobs):
            news["logprobs"] = logprobs
        return AIMessageChunk(
            said.content,
            tool_call_chunks=said.calls,
            cumulative_usage=read_usage(usage),
            response_metadata=news,
            id=self.id,
        )

    def _feedback(self, payload: dict[str, Any]) -> dict[str, Any]:
        feedback = expect(payload.get("promptFeedback"), dict, "'promptFeedback'") or {}
        if not says(feedback.get("blockReason")):
            return {}
        self._blocked = True
        return {} if self._candidates else {"finish_reason": "content_filter"}

    # --------------------------------------------------------------- the end

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        if self._blocked or self._whole:
            return None
        answers = self._candidates.values()
        if answers and all(candidate.finished for candidate in answers):
            return None
        return "a finishReason"

    def rest(self) -> AIMessageChunk | None:
        """What was held back until now."""
        said = self._candidates[0].rest() if 0 in self._candidates else Said()
        others: list[dict[str, Any]] = []
        for index, pieces in sorted(self._kept.items()):
            candidate = self._candidates[index]
            whole = sum([*pieces, candidate.kept(candidate.rest())], AIMessageChunk())
            dumped = whole.to_message().model_dump()
            told = {k: v for k, v in dumped.items() if says(v)}
            others.append({"index": index, **told})
        if not (others or said.content or said.calls):
            return None
        return AIMessageChunk(
            said.content,
            tool_call_chunks=said.calls,
            response_metadata={"other_choices": others} if others else None,
        )
