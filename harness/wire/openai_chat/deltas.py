"""What one delta, or one whole message, of OpenAI Chat Completions says.

In: the object under "delta" or "message". Out: content blocks, tool-call fragments and
whatever else it has. Lists under names that are not known, and audio, come in pieces
that a sum of chunks cannot put together: they are gathered, and given out at the end.
"""

from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import WireError, shown
from harness.wire.json_values import expect, says
from harness.wire.openai_chat.calls import OLD, CallReader
from harness.wire.openai_chat.parts import read_citation, read_part

__all__ = ["Delta", "DeltaReader"]

_OWN = frozenset(
    "annotations audio content function_call images reasoning reasoning_content "
    "reasoning_details refusal role tool_calls".split()
)
_AUDIO = {"id": "id", "data": "base64", "transcript": "transcript"}
_DETAIL_TEXT = ("text", "summary")
_DETAIL_FRAME = frozenset({"format", "index", "summary", "text", "type"})


@dataclass(slots=True)
class Delta:
    """What is new."""

    content: str | list[ContentBlock] = ""
    calls: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


class DeltaReader:
    """Reads the deltas of one choice, in order."""

    def __init__(self) -> None:
        self._calls = CallReader()
        self._gathered: dict[str, list[Any]] = {}
        self._audio: dict[str, Any] = {}
        self._kwargs: dict[str, Any] = {}
        self._field = "reasoning_content"
        self._named = "reasoning_content"
        self._told_by_name = False

    def read(self, delta: dict[str, Any]) -> Delta:
        """What *delta* adds. Raises WireError for a value of a wrong type."""
        if delta.keys() == {"content"} and type(delta["content"]) is str:
            return Delta(delta["content"])  # nearly all are like this
        blocks = self._reasoning(delta)
        content = _content(delta.get("content"))
        named = self._field if blocks else self._named
        if any(block["type"] == "reasoning" for block in content):
            named = "thinking"
        blocks += content
        if refusal := expect(delta.get("refusal"), str, "'refusal'"):
            blocks.append({"type": "refusal", "refusal": refusal})
        for image in expect(delta.get("images"), list, "'images'") or []:
            blocks.append(read_part(image))
        if notes := expect(delta.get("annotations"), list, "'annotations'"):
            cited = [read_citation(note) for note in notes]
            blocks.append({"type": "text", "text": "", "annotations": cited})
        self._hear(expect(delta.get("audio"), dict, "'audio'") or {})
        calls = expect(delta.get("tool_calls"), list, "'tool_calls'") or []
        if says(delta.get("function_call")):
            calls = [*calls, {"function": delta["function_call"], "type": OLD}]
        news = {} if named == self._named else {"reasoning_field": named}
        self._named = named
        plain = [set(block) for block in blocks] == [{"type", "text"}]
        return Delta(
            blocks[0]["text"] if plain else blocks or "",
            self._calls.read(calls),
            self._others(delta),
            news,
        )

    def finish(self) -> list[Any]:
        """Fragments that end calls whose text has no end of its own."""
        return self._calls.finish()

    def rest(self) -> Delta:
        """What waited for the end."""
        heard = {k: v for k, v in self._audio.items() if says(v)}
        named = {_AUDIO[key]: heard.pop(key) for key in _AUDIO if key in heard}
        block = {"type": "audio", **named, **({"extras": heard} if heard else {})}
        gathered = dict(self._gathered)
        details = gathered.get("reasoning_details", [])
        # Details that are only the text again say nothing.
        if not any(_items(one).keys() - _DETAIL_FRAME for one in details):
            gathered.pop("reasoning_details", None)
        return Delta([block] if named else "", self._calls.release(), gathered)

    def _reasoning(self, delta: dict[str, Any]) -> list[ContentBlock]:
        details = expect(delta.get("reasoning_details"), list, "'reasoning_details'")
        told = ""
        for detail in details or []:
            match detail:
                case {"text": str(piece)} | {"summary": str(piece)}:
                    told += piece
                case _:
                    pass
            said = {k: v for k, v in _items(detail).items() if says(v)}
            self._gather("reasoning_details", said, grows=_DETAIL_TEXT)
        # OpenRouter says the same twice, under two names.
        for name in ("reasoning_content", "reasoning"):
            if isinstance(text := delta.get(name), str) and text:
                self._field, self._told_by_name = name, True
                return [{"type": "reasoning", "reasoning": text}]
        if not told or self._told_by_name:
            return []
        self._field = "reasoning"
        return [{"type": "reasoning", "reasoning": told}]

    def _hear(self, audio: dict[str, Any]) -> None:
        for key, value in audio.items():
            before = self._audio.get(key)
            grows = key in ("data", "transcript") and isinstance(before, str)
            if value is not None:
                self._audio[key] = f"{before}{value}" if grows else value

    def _others(self, delta: dict[str, Any]) -> dict[str, Any]:
        others = {k: v for k, v in delta.items() if k not in _OWN and says(v)}
        if delta.get("role") not in (None, "", "assistant"):
            others["role"] = delta["role"]
        for key in ("reasoning", "reasoning_content"):
            if says(delta.get(key)) and not isinstance(delta[key], str):
                others[key] = delta[key]
        for key in [key for key, value in others.items() if isinstance(value, list)]:
            for item in others.pop(key):
                self._gather(key, item)
        news = {k: v for k, v in others.items() if self._kwargs.get(k) != v}
        self._kwargs |= news
        return news

    def _gather(self, key: str, item: Any, *, grows: tuple[str, ...] = ()) -> None:
        """Put *item* into its list; what has the index of an earlier one goes on."""
        items = self._gathered.setdefault(key, [])
        for n, before in enumerate(items):
            if _goes_on(before, item):
                said = ((k, before.get(k), item.get(k)) for k in grows)
                texts = {
                    k: a + b
                    for k, a, b in said
                    if isinstance(a, str) and isinstance(b, str)
                }
                items[n] = {
                    **before,
                    **{k: v for k, v in item.items() if says(v)},
                    **texts,
                }
                return
        items.append(item)


def _goes_on(before: Any, item: Any) -> bool:
    if not (isinstance(before, dict) and isinstance(item, dict) and "index" in item):
        return False
    same = ("index", "type")
    if any(before.get(key) != item[key] for key in same if key in item):
        return False
    return "id" not in before or "id" not in item or before["id"] == item["id"]


def _items(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"value": value}


def _content(content: Any) -> list[ContentBlock]:
    match content:
        case None | "":
            return []
        case str():
            return [{"type": "text", "text": content}]
        case list():
            return [read_part(item) for item in content if says(item)]
        case _:
            raise WireError(f"'content' is {shown(content)}, not a str or a list.")
