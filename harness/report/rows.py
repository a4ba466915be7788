"""What the list of the page shows of an entry, and what is searched in it."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.report.entries import Entry

__all__ = ["row"]

_TITLE, _SEARCHED = 200, 40_000


def row(entry: Entry) -> dict[str, Any]:
    """*entry* as a line of the list: a JSON value."""
    exchanges = [*entry.exchanges]
    usages = [one["usage"] for one in exchanges]
    times = [one["timing"]["last"] for one in exchanges if one["timing"]]
    return {
        "id": entry.id,
        "kind": entry.kind,
        "path": entry.path,
        "run": entry.run,
        "title": _title(entry, exchanges),
        "about": _about(entry, exchanges),
        "outcome": entry.outcome,
        "numbers": [one["number"] for one in exchanges],
        "dialects": _each(one["dialect"] for one in exchanges),
        "models": _each(one["model"] for one in exchanges),
        "hosts": _each(one["host"] for one in exchanges),
        "statuses": _each(said for one in exchanges for said in _statuses(one)),
        "tools": _each(name for one in exchanges for name in _tools(one)),
        "streamed": any(one["streamed"] for one in exchanges),
        "wrong": bool(entry.problem or entry.misses)
        or any(one["problem"] for one in exchanges),
        "cut": any(one.get("cut") for one in exchanges),
        "input": sum(one.get("input_tokens") or 0 for one in usages),
        "output": sum(one.get("output_tokens") or 0 for one in usages),
        "ms": sum(times) if times else None,
        "date": next((one.get("recorded_at") for one in exchanges), None) or "",
        "against": entry.against,
        "differs": entry.differs,
        "search": "\n".join(_searched(entry, exchanges))[:_SEARCHED],
    }


def _each(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _first(texts: Iterable[str]) -> str:
    return next((" ".join(t.split())[:_TITLE] for t in texts if t.strip()), "")


def _title(entry: Entry, exchanges: list[dict[str, Any]]) -> str:
    if entry.kind == "test":
        return entry.id.rpartition("::")[2] or entry.id
    if not exchanges:
        return entry.path.rpartition("/")[2]
    asked = [one for one in _fresh(exchanges) if one["type"] == "human"]
    return (
        _first(map(text_of, asked))
        or _first(_texts_of_answers(exchanges))
        or " ".join(filter(None, (exchanges[0].get(k) for k in ("method", "url"))))
        or exchanges[0]["about"]
    )


def _about(entry: Entry, exchanges: list[dict[str, Any]]) -> str:
    """How it ended."""
    said = [*_texts_of_answers(exchanges)]
    raw = (one.get("raw", {}).get("response_body") for one in exchanges)
    bodies = [text for text in raw if isinstance(text, str)]
    return _first([entry.problem, *reversed(said), *bodies])


def _fresh(exchanges: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages of requests, each when it is new."""
    for one in exchanges:
        messages = (one["request"] or {}).get("messages", [])
        yield from messages[len(messages) - one["new"] :]


def text_of(message: dict[str, Any]) -> str:
    """What a message says in text."""
    content = message["content"]
    if isinstance(content, str):
        return content
    said = (block.get("text") for block in content if isinstance(block, dict))
    return "\n".join(text for text in said if isinstance(text, str))


def _texts_of_answers(exchanges: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in exchanges:
        if one["answer"]:
            yield text_of(one["answer"])
            yield ", ".join(call["name"] for call in one["answer"]["tool_calls"])
        if one["fault"]:
            yield str(one["fault"]["message"])


def _statuses(exchange: dict[str, Any]) -> Iterator[str]:
    if exchange.get("status"):
        yield str(exchange["status"])
    if exchange["fault"]:
        yield exchange["fault"]["kind"]
    if exchange.get("ended", "complete") != "complete":
        yield exchange["ended"]


def _tools(exchange: dict[str, Any]) -> Iterator[str]:
    for call in (exchange["answer"] or {}).get("tool_calls", ()):
        yield call["name"]


def _searched(entry: Entry, exchanges: list[dict[str, Any]]) -> Iterator[str]:
    yield from (entry.id, entry.problem, *(part.label for part in entry.parts))
    for one in exchanges:
        yield from (one["model"], one["host"], one.get("url") or "", one["dialect"])
        yield from (one["problem"], one["about"])
        for tool in (one["request"] or {}).get("tools", ()):
            yield tool["name"]
        if one["fault"]:
            yield str(one["fault"]["message"])
    for message in _fresh(exchanges):
        yield text_of(message)
    for one in exchanges:
        if one["answer"]:
            yield text_of(one["answer"])
            for call in one["answer"]["tool_calls"]:
                yield f"{call['name']} {call['args']}"
