"""What a run of chunks amounts to: the normal form that every reading comes from.

A sum of chunks is the list of its chunks; this module folds that list. Adding lists is
associative, has an identity and loses nothing, so the laws of ``+`` hold by
construction; what remains is that the fold below takes one chunk at a time, at a cost
in proportion to that chunk, and that its result says all that later chunks depend on.

Rules of the fold, one monoid a field (see DESIGN.md "Chunks"):

* text grows per block; blocks are kept by (type, index);
* tool-call fragments grow per index: a fragment without id continues the run to its
  left, as does one of the same id; a different id opens a new run;
* ids, names and what names the answer's origin: the first wins, others are conflicts;
* finish reasons: an ordered set, of which the gravest is read;
* usage: deltas add, cumulative reports replace; logprobs append; other metadata: the
  last value of each key.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.blocks import TEXT_FIELD, ContentBlock
from harness.metadata import FINISH, FIRST, GROWING, gravest, lists_of
from harness.partial_json import JsonPrefix
from harness.ropes import Leaf, Node, Rope, leaves_behind
from harness.text import GrowingText
from harness.usage import UsageTotal, read_usage
from harness.values import canonical, copied

__all__ = ["Part", "Run", "Total"]

#: Fields of a block that are lists, and grow.
LIST_FIELDS = frozenset({"annotations"})

#: Fields of whole calls that are there even if nothing is known of them.
CALL_FIELDS: dict[str, dict[str, None]] = {
    "tool_call": {"id": None},
    "invalid_tool_call": dict.fromkeys(("name", "args", "id", "error")),
}

Index = int | str | None
#: Where the data of a block may be, instead of in its text.
_PLACES = frozenset({"base64", "file_id", "url"})
_NESTED = frozenset({dict, list})
_NO_TEXT = {"type": "text", "text": ""}
_RANK = {"reasoning": 0, "text": 1, "tool_call": 3}


class Part(GrowingText):
    """One content block as it grows."""

    __slots__ = ("fields", "index", "kind", "lists")

    def __init__(self, kind: str, index: Index) -> None:
        super().__init__()
        self.kind = kind
        self.index = index
        self.fields: dict[str, Any] = {}
        self.lists: dict[str, list[Any]] = {}

    def take(self, block: Mapping[str, Any]) -> None:
        """Merge *block*: texts and lists grow, an id stays, the rest is replaced."""
        grows = TEXT_FIELD.get(self.kind)
        for key, value in block.items():
            if value is None:
                continue
            if key == grows and isinstance(value, str):
                self.grow(value)
            elif key in LIST_FIELDS and isinstance(value, list):
                self.lists.setdefault(key, []).extend(value)
            elif key == "extras" and isinstance(value, dict):
                self.fields.setdefault("extras", {}).update(value)
            elif key == "id":
                self.fields.setdefault(key, value)
            elif key not in ("type", "index"):
                self.fields[key] = value

    def block(self, *, raw: bool = False, ended: bool = False) -> ContentBlock:
        """The block to show; with *raw*, halves of characters included."""
        block: ContentBlock = {"type": self.kind, **CALL_FIELDS.get(self.kind, {})}
        if (grows := TEXT_FIELD.get(self.kind)) is not None:
            text = self.raw() if raw else self.shown(ended=ended)
            if text or not self.fields.keys() & _PLACES:
                block[grows] = text
        block |= {key: copied(value) for key, value in self.fields.items()}
        block |= {key: copied(value) for key, value in self.lists.items()}
        if self.index is not None:
            block["index"] = self.index
        return block


class Run(GrowingText):
    """One tool call as it grows; its text are the arguments."""

    __slots__ = ("_parser", "_read", "extras", "id", "index", "name", "names")

    def __init__(self, index: Index, call_id: str | None) -> None:
        super().__init__()
        self.index = index
        self.id = call_id
        self.name: str | None = None
        self.names: dict[str, None] = {}  # names besides the first, in order
        self.extras: dict[str, Any] = {}
        self._parser: JsonPrefix | None = None
        self._read = 0

    def take(self, fragment: Mapping[str, Any]) -> None:
        """Merge one *fragment* of this call."""
        if piece := fragment.get("args"):
            self.grow(piece)
        if fragment.get("name") or "other_names" in fragment:
            for name in (fragment.get("name"), *fragment.get("other_names", ())):
                if not name or name == self.name or name in self.names:
                    continue
                if self.name is None:
                    self.name = name
                else:
                    self.names[name] = None
        if extras := fragment.get("extras"):
            self.extras |= extras

    def preview(self) -> dict[str, Any]:
        """What the arguments surely contain so far."""
        if self._parser is None:
            self._parser = JsonPrefix()
        text = self.shown()
        self._parser.feed(text[self._read :])
        self._read = len(text)
        value = self._parser.preview()
        return value if isinstance(value, dict) else {}

    def fragment(self, *, raw: bool = False) -> dict[str, Any]:
        """The whole run as one fragment; with *raw*, halves of characters included."""
        said: dict[str, Any] = {
            "type": "tool_call_chunk",
            "name": self.name,
            "args": self.raw() if raw else self.shown(),
            "id": self.id,
            "index": self.index,
        }
        if self.extras:
            said["extras"] = copied(self.extras)
        if self.names:
            said["other_names"] = list(self.names)
        return said


class Total:
    """The fold itself; mutable, and used by one reader at a time."""

    def __init__(self) -> None:
        self.at: Rope | None = None  # all that was folded
        self.parts: dict[tuple[str, Index], Part] = {}
        self.plain: Part | None = None  # the text part without an index
        self.texts: list[Part] = []
        self.before: str | None = ""  # all text before that of the last text part
        self.early: list[Part | dict[str, Any]] = []
        self.late: list[dict[str, Any]] = []
        self.runs: dict[Index, list[Run]] = {}
        self.usage = UsageTotal()
        self.firsts: dict[str, dict[Any, Any]] = {}  # values, by what tells them apart
        self.lasts: dict[str, Any] = {}
        self.growing: dict[str, dict[str, list[Any]]] = {}
        self.kwargs: dict[str, Any] = {}
        self.last = False

    def advance(self, rope: Rope) -> bool:
        """Fold what of *rope* is new; tell whether it goes on from where this is."""
        if type(rope) is tuple and rope[0] is self.at and type(rope[1]) is not tuple:
            self._take(rope[1])  # the common case, in one step
        else:
            leaves = leaves_behind(self.at, rope)
            if leaves is None:
                return False
            for leaf in leaves:
                self._take(leaf)
        self.at = rope
        return True

    def _take(self, leaf: Leaf) -> None:
        content = leaf._content
        if type(content) is not str:
            for block in content:
                self._take_block(block)
        elif content:
            plain = self.plain or self._part("text", None)
            plain.grow(content)
            if plain is not self.texts[-1]:
                self.before = None
        if leaf._more is not None:
            for key, value in leaf._more.items():
                _TAKE[key](self, value)

    def _part(self, kind: str, index: Index) -> Part:
        part = self.parts.get((kind, index))
        if part is None:
            part = self.parts[kind, index] = Part(kind, index)
            if kind == "text":
                self.texts.append(part)
                self.before = None
            if index is None:
                self.early.append(part)
                if kind == "text":
                    self.plain = part
        if kind == "text" and part is not self.texts[-1]:
            self.before = None
        return part

    def _take_block(self, block: dict[str, Any]) -> None:
        kind, index = block["type"], block.get("index")
        if block == _NO_TEXT:
            return  # the same as the content ""
        if index is not None or kind in TEXT_FIELD:
            self._part(kind, index).take(block)
        else:
            # Without an index nothing says that two of these are one.
            (self.late if kind.endswith("tool_call") else self.early).append(block)

    def _take_fragments(self, fragments: Iterable[Mapping[str, Any]]) -> None:
        for fragment in fragments:
            self._run(fragment["index"], fragment["id"]).take(fragment)

    def _take_conflicts(self, conflicts: Mapping[str, list[Any]]) -> None:
        for key, values in conflicts.items():
            for value in values:
                self._first(key, value)

    def _take_kwargs(self, kwargs: Mapping[str, Any]) -> None:
        self.kwargs |= kwargs

    def _take_last(self, last: bool) -> None:  # noqa: FBT001 - a field's value
        self.last = self.last or last

    def _run(self, index: Index, call_id: str | None) -> Run:
        runs = self.runs.get(index)
        if runs is None:
            runs = self.runs[index] = []
        if not runs or (call_id and call_id != runs[-1].id):
            runs.append(Run(index, call_id or None))
        return runs[-1]

    def _first(self, key: str, value: Any) -> None:
        values = self.firsts.setdefault(key, {})
        values.setdefault(canonical(value) if type(value) in _NESTED else value, value)

    def _take_metadata(self, metadata: Mapping[str, Any]) -> None:
        for key, value in metadata.items():
            if value is None:
                continue
            if key in FIRST or key in FINISH:
                self._first(f"response_metadata.{key}", value)
            elif key in GROWING:
                grown = self.growing.setdefault(key, {})
                for name, items in lists_of(value):
                    grown.setdefault(name, []).extend(items)
            else:
                self.lasts[key] = value

    # ------------------------------------------------------------------ reading

    def text(self) -> str:
        """All text, in order."""
        if not self.texts:
            return ""
        if self.before is None:
            placed = self.ordered() if len(self.texts) > 1 else self.texts
            texts = [p for p in placed if isinstance(p, Part) and p.kind == "text"]
            self.texts = texts
            self.before = "".join(part.shown() for part in texts[:-1])
        return self.before + self.texts[-1].shown()

    def text_behind(self, rope: Node) -> str | None:
        """The text of *rope* where it is this and one more piece of plain text.

        None where it is not; the same as `advance` and `text`, in one step, for the
        loop that all programs have: add a chunk, show the text.
        """
        leaf, plain = rope[1], self.plain
        if (
            rope[0] is not self.at
            or type(leaf) is tuple
            or leaf._more is not None
            or plain is None
            or plain is not self.texts[-1]
            or self.before != ""
        ):
            return None
        text = plain.grown(leaf._content)
        if text is not None:
            self.at = rope
        return text

    def is_text(self) -> bool:
        """Whether the content is plain text, and nothing besides but whole calls."""
        plain = self.plain
        if plain is None:
            return not self.parts and not self.early
        if len(self.parts) > 1 or plain.fields or plain.lists:
            return False
        return len(self.early) == 1

    def ordered(self) -> list[Part | Run | dict[str, Any]]:
        """Everything that was said, in its one order, however it was interleaved.

        First what has no index, as it came; then by index (numbers, then names as
        they came), reasoning before text before calls; then calls without index.
        """
        if len(self.runs) == 1 and len(self.parts) == (self.plain is not None):
            (runs,) = self.runs.values()
            return [*self.early, *runs, *self.late]  # the common case: nothing to sort
        placed: list[tuple[str, int | str, Part | Run]] = [
            (part.kind, part.index, part)
            for part in self.parts.values()
            if part.index is not None
        ]
        for index, runs in self.runs.items():
            if index is not None:
                placed += [("tool_call", index, run) for run in runs]
        if len(placed) > 1:
            names: dict[str, int] = {}
            placed.sort(key=lambda item: _place(item[0], item[1], names))
        unplaced = self.runs.get(None, ())
        return [*self.early, *[item for _, _, item in placed], *unplaced, *self.late]

    def metadata(self) -> dict[str, Any]:
        """The response metadata to show."""
        shown = {}
        for key, values in self.firsts.items():
            head, _, name = key.partition(".")
            if head == "response_metadata":
                found = [*values.values()]
                shown[name] = gravest(found) if name in FINISH else found[0]
        shown |= self.lasts
        for key, lists in self.growing.items():
            shown[key] = lists[""] if list(lists) == [""] else lists
        return {key: copied(shown[key]) for key in sorted(shown)}

    def finished(self) -> bool:
        """Whether the stream has ended, or said why the answer did."""
        reasons = (self.firsts.get(f"response_metadata.{key}") for key in FINISH)
        return self.last or any(reasons)

    def additional_kwargs(self) -> dict[str, Any]:
        """What else was given, by sorted key."""
        return {key: copied(self.kwargs[key]) for key in sorted(self.kwargs)}

    def conflicts(self) -> dict[str, list[Any]]:
        """All values, in order, of what was said in more than one way."""
        return {
            key: copied([*values.values()])
            for key, values in sorted(self.firsts.items())
            if len(values) > 1
        }

    def first(self, key: str) -> Any:
        """The value of *key* that came first, or None."""
        values = self.firsts.get(key)
        return next(iter(values.values())) if values else None

    def deltas(self) -> dict[str, Any] | None:
        """Usage that later deltas add to."""
        fields = {**self.usage.other, **self.usage.deltas}
        return read_usage(fields, fill=False)

    def reported(self) -> dict[str, Any] | None:
        """Usage that later reports replace."""
        return read_usage(self.usage.reported, fill=False)


_TAKE: dict[str, Callable[[Total, Any], None]] = {
    "conflicts": Total._take_conflicts,
    "fragments": Total._take_fragments,
    "id": lambda total, value: total._first("id", value),
    "name": lambda total, value: total._first("name", value),
    "usage": lambda total, fields: total.usage.add(fields),
    "reported": lambda total, fields: total.usage.report(fields),
    "response_metadata": Total._take_metadata,
    "additional_kwargs": Total._take_kwargs,
    "last": Total._take_last,
}


def _place(kind: str, index: int | str, names: dict[str, int]) -> tuple[Any, ...]:
    if isinstance(index, str):
        return (1, names.setdefault(index, len(names)), _RANK.get(kind, 2), kind)
    return (0, index, _RANK.get(kind, 2), kind)
