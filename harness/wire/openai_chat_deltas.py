"""What one delta, or one whole message, of OpenAI Chat Completions says.

In: the object under "delta" or "message". Out: content blocks, tool-call fragments and
whatever else it has. Lists under names that are not known, and audio, come in pieces
that a sum of chunks cannot put together: they are gathered, and given out at the end.
"""

from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock, standard
from harness.errors import WireError, shown
from harness.wire.json_values import expect, says
from harness.wire.openai_chat_calls import CallReader

__all__ = ["Delta", "DeltaReader"]

_OWN = frozenset(
    "annotations audio content function_call images reasoning reasoning_content "
    "reasoning_details refusal role tool_calls".split()
)
_AUDIO = {"id": "id", "data": "base64", "transcript": "transcript"}
_DETAIL_TEXT = ("text", "summary")
_DETAIL_FRAME = frozenset({"format", "index", "type"})


@dataclass(slots=True)
class Delta:
    """What is new."""

    content: str | list[ContentBlock] = ""
    calls: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)


class DeltaReader:
    """Reads the deltas of one choice, in order."""

    def __init__(self) -> None:
        self._calls = CallReader()
        self._gathered: dict[str, list[Any]] = {}
        self._audio: dict[str, Any] = {}
        self._kwargs: dict[str, Any] = {}

    def read(self, delta: dict[str, Any]) -> Delta:
        """What *delta* adds. Raises WireError for a value of a wrong type."""
        if delta.keys() == {"content"} and type(delta["content"]) is str:
            return Delta(delta["content"])  # nearly all are like this
        blocks = self._reasoning(delta)
        blocks += _content(delta.get("content"))
        if refusal := expect(delta.get("refusal"), str, "'refusal'"):
            blocks.append({"type": "refusal", "refusal": refusal})
        for image in expect(delta.get("images"), list, "'images'") or []:
            blocks.append(_block(image))
        if notes := expect(delta.get("annotations"), list, "'annotations'"):
            cited = [_citation(note) for note in notes]
            blocks.append({"type": "text", "text": "", "annotations": cited})
        self._hear(expect(delta.get("audio"), dict, "'audio'") or {})
        calls = expect(delta.get("tool_calls"), list, "'tool_calls'") or []
        if says(delta.get("function_call")):
            calls = [*calls, {"function": delta["function_call"]}]
        plain = [set(block) for block in blocks] == [{"type", "text"}]
        return Delta(
            blocks[0]["text"] if plain else blocks or "",
            self._calls.read(calls),
            self._others(delta),
        )

    def rest(self) -> Delta:
        """What waited for the end."""
        heard = {k: v for k, v in self._audio.items() if says(v)}
        named = {_AUDIO[key]: heard.pop(key) for key in _AUDIO if key in heard}
        block = {"type": "audio", **named, **({"extras": heard} if heard else {})}
        return Delta([block] if named else "", self._calls.release(), self._gathered)

    def _reasoning(self, delta: dict[str, Any]) -> list[ContentBlock]:
        details = expect(delta.get("reasoning_details"), list, "'reasoning_details'")
        told = ""
        for detail in details or []:
            match detail:
                case {"text": str(piece)} | {"summary": str(piece)}:
                    told += piece
                case _:
                    pass
            # What is beside the text (a signature, encrypted data) is to be sent back.
            rest = {
                k: v for k, v in _items(detail) if k not in _DETAIL_TEXT and says(v)
            }
            if rest.keys() - _DETAIL_FRAME:
                self._gather("reasoning_details", rest)
        names = ("reasoning_content", "reasoning")
        said = [delta[name] for name in names if isinstance(delta.get(name), str)]
        # OpenRouter says the same twice, under two names.
        text = next(filter(None, said), told)
        return [{"type": "reasoning", "reasoning": text}] if text else []

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

    def _gather(self, key: str, item: Any) -> None:
        """Put *item* into its list; what has the index of an earlier one goes on."""
        items = self._gathered.setdefault(key, [])
        for n, before in enumerate(items):
            if _goes_on(before, item):
                items[n] = {**before, **{k: v for k, v in item.items() if says(v)}}
                return
        items.append(item)


def _goes_on(before: Any, item: Any) -> bool:
    if not (isinstance(before, dict) and isinstance(item, dict) and "index" in item):
        return False
    same = ("index", "type")
    if any(before.get(key) != item[key] for key in same if key in item):
        return False
    return "id" not in before or "id" not in item or before["id"] == item["id"]


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else [("value", value)]


def _content(content: Any) -> list[ContentBlock]:
    match content:
        case None | "":
            return []
        case str():
            return [{"type": "text", "text": content}]
        case list():
            return [_block(item) for item in content if says(item)]
        case _:
            raise WireError(f"'content' is {shown(content)}, not a str or a list.")


def _block(item: Any) -> ContentBlock:
    match item:
        case {"type": "thinking", "thinking": list(parts)}:
            # Mistral's way to think; "closed" says nothing that is not seen.
            text = "".join(p["text"] for p in parts if _is_text(p))
            rest = [p for p in parts if not _is_text(p)]
            extras = {"extras": {"thinking": rest}} if rest else {}
            return {"type": "reasoning", "reasoning": text, **extras}
        case {"type": "text"} if not _is_text(item):
            return {"type": "non_standard", "value": item}
        case str() | {"type": str()}:
            return standard(item)
        case _:
            return {"type": "non_standard", "value": item}


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


def _citation(note: Any) -> dict[str, Any]:
    match note:
        case {"type": "url_citation", "url_citation": dict(said)}:
            read = {k: v for k, v in said.items() if says(v)}
            if "content" in read:
                read["cited_text"] = read.pop("content")
            return {"type": "citation", **read}
        case _:
            return {"type": "non_standard_annotation", "value": note}
