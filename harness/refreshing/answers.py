"""What a model answered, as far as it matters to what was asked next.

In: a recorded exchange. Out: what was called, of what kinds the answer's parts are,
and every text and id in it under a path, so that two answers can be compared.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.cassettes.interactions import Interaction, decoded_body
from harness.chunks import AIMessageChunk
from harness.errors import HarnessError, shown
from harness.wire import dialect_of

__all__ = ["Answer", "Path", "answer_of", "divergence"]

Path = tuple[str | int, ...]

#: Fields whose words say how an answer is built, and nothing of what it says.
BUILT = frozenset(
    "type name role status mime_type block_type server_name phase language "
    "annotations model object".split()
)
_TEXTS = frozenset("text reasoning args refusal transcript".split())
_OPAQUE = re.compile(r"(?=[^\s]*\d)[\w+/=.:|-]{8,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its *calls* (names and arguments), the *kinds* of its parts.

    *texts* are what it says, *ids* what only the provider understands: ids, signatures.
    """

    calls: tuple[tuple[str, Any], ...] = ()
    kinds: tuple[str, ...] = ()
    texts: Mapping[Path, str] = field(default_factory=dict)
    ids: Mapping[Path, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it says in words."""
        return "".join(said for path, said in self.texts.items() if path[-1] == "text")


def answer_of(one: Interaction) -> Answer | None:
    """What a model answered in *one*; None where none did, or not to its end."""
    dialect = dialect_of(one.url)
    if dialect is None or not 200 <= one.status < 300:
        return None
    try:
        decoder = dialect.decoder()
        steps = [*decoder.feed(decoded_body(one)), *decoder.close()]
    except HarnessError:
        return None
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    said = sum(chunks, AIMessageChunk()).model_dump()
    whole = len(chunks) == len(steps) and said["chunk_position"] is not None
    return _answer(said) if whole else None


def _answer(said: Mapping[str, Any]) -> Answer:
    content = said["content"]
    blocks = [{"type": "text", "text": content}] if content else []
    parts = content if isinstance(content, list) else blocks
    calls = said["tool_call_chunks"]
    count: Counter[str] = Counter()
    texts: dict[Path, str] = {}
    ids: dict[Path, str] = {}
    rest = {"additional_kwargs": said["additional_kwargs"], "id": said["id"]}
    for part in [*parts, *calls]:
        kind = str(part["type"])
        _sort_into(texts, ids, part, (kind, count[kind]))
        count[kind] += 1
    _sort_into(texts, ids, rest, ("answer",))
    return Answer(
        tuple((str(one["name"]), _parsed(one["args"])) for one in calls),
        tuple(str(part["type"]).removesuffix("_chunk") for part in [*parts, *calls]),
        texts,
        ids,
    )


def _sort_into(
    texts: dict[Path, str], ids: dict[Path, str], value: Any, place: Path
) -> None:
    for path, said in _leaves(value, place):
        name = str(path[-1])
        if not said or name in BUILT:
            continue
        opaque = name.lower().endswith("id") or _OPAQUE.fullmatch(said)
        (ids if name not in _TEXTS and opaque else texts)[path] = said


def _leaves(value: Any, place: Path) -> Iterator[tuple[Path, str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for name, one in value.items():
                if name not in BUILT:
                    yield from _leaves(one, (*place, name))
        case list():
            for n, one in enumerate(value):
                yield from _leaves(one, (*place, n))
        case _:
            pass


def _parsed(args: str | None) -> Any:
    try:
        return json.loads(args or "{}")
    except ValueError:
        return args


def divergence(new: Answer | None, old: Answer | None) -> str | None:
    """How *new* goes another way than *old*: calls of other tools. None if it does not.

    >>> text, called = Answer(), Answer((("get_time", {"city": "Rome"}),))
    >>> divergence(called, text)
    'calls get_time({"city": "Rome"}) where no tool was called'
    """
    if new is None or old is None:
        if new is old:
            return None
        return f"is {'a' if old is None else 'not a'} whole answer, unlike that of then"
    if new.calls == old.calls:
        return None
    if not new.calls:
        return f"says {shown(new.text)} where it called {_called(old)}"
    if not old.calls:
        return f"calls {_called(new)} where no tool was called"
    return f"calls {_called(new)} instead of {_called(old)}"


def _called(answer: Answer) -> str:
    return ", ".join(
        f"{name}({json.dumps(args, ensure_ascii=False)})" for name, args in answer.calls
    )
