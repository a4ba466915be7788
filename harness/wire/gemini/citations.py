"""Where an answer's words are from: Gemini tells it beside the text, we at the text.

In: groundingMetadata and citationMetadata, which count the bytes of the whole text.
Out: citations, each with the number of the text block that it belongs to, which count
the characters of that block. And back, for answers of other providers.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from harness.blocks import ContentBlock

__all__ = ["Note", "citations_of", "grounding_of"]

#: A citation, and which text block has it.
Note = tuple[int, dict[str, Any]]


def citations_of(candidate: dict[str, Any], texts: list[str]) -> list[Note]:
    """The citations that *candidate* tells of an answer whose blocks say *texts*.

    >>> web = {"web": {"uri": "https://a.b", "title": "A"}}
    >>> support = {"segment": {"endIndex": 2}, "groundingChunkIndices": [0]}
    >>> said = {"groundingChunks": [web], "groundingSupports": [support]}
    >>> citations_of({"groundingMetadata": said}, ["Hi there"])[0][1]["end_index"]
    2
    """
    if not texts:
        return []
    text = "".join(texts)
    found = [*_grounded(candidate.get("groundingMetadata"))]
    found += _cited(candidate.get("citationMetadata"))
    return [_placed(note, start, end, texts, text) for note, start, end in found]


Found = tuple[dict[str, Any], int | None, int | None]


def _grounded(said: Any) -> Iterator[Found]:
    match said:
        case {"groundingChunks": list(chunks), "groundingSupports": list(supports)}:
            pass
        case _:
            return
    for support in supports:
        match support:
            case {"segment": dict(segment), "groundingChunkIndices": list(numbers)}:
                pass
            case _:
                continue
        cited = segment.get("text")
        for number in numbers:
            if type(number) is not int or not 0 <= number < len(chunks):
                continue
            note = _source(chunks[number])
            if isinstance(cited, str):
                note["cited_text"] = cited
            end = segment.get("endIndex")
            yield note, segment.get("startIndex", None if end is None else 0), end


def _source(chunk: Any) -> dict[str, Any]:
    sources = chunk.values() if isinstance(chunk, dict) else ()
    said = next((s for s in sources if isinstance(s, dict) and "uri" in s), {})
    return {k: said[n] for k, n in (("url", "uri"), ("title", "title")) if said.get(n)}


def _cited(said: Any) -> Iterator[Found]:
    listed = said.get("citations") if isinstance(said, dict) else None
    for citation in listed if isinstance(listed, list) else ():
        if isinstance(citation, dict) and (
            citation.get("uri") or citation.get("title")
        ):
            known = (("url", "uri"), ("title", "title"))
            note = {k: citation[name] for k, name in known if citation.get(name)}
            about = ("license", "publicationDate")
            if extras := {k: citation[k] for k in about if citation.get(k)}:
                note["extras"] = extras
            end = citation.get("endIndex")
            yield note, citation.get("startIndex", None if end is None else 0), end


def _placed(
    note: dict[str, Any], start: Any, end: Any, texts: list[str], text: str
) -> Note:
    data = text.encode("utf-8", "surrogatepass")
    begin, stop = (
        len(data[:n].decode("utf-8", "ignore")) if type(n) is int and n >= 0 else None
        for n in (start, end)
    )
    ends = [*accumulate(map(len, texts))]
    block = next((n for n, at in enumerate(ends) if (begin or 0) < at), len(ends) - 1)
    before = ends[block] - len(texts[block])
    placed = {
        **({} if begin is None else {"start_index": begin - before}),
        **({} if stop is None else {"end_index": stop - before}),
    }
    return block, {"type": "citation", **placed, **note}


def grounding_of(blocks: list[ContentBlock]) -> dict[str, Any]:
    """The groundingMetadata that tells the citations in *blocks*; {} for none."""
    chunks: list[Any] = []
    supports: list[Any] = []
    at = 0
    for block in blocks:
        if block["type"] != "text":
            continue
        text = block.get("text") or ""
        for note in block.get("annotations") or ():
            match note:
                case {"type": "citation", "url": str(url)}:
                    title = note.get("title")
                    web = {"uri": url, **({"title": title} if title else {})}
                    supports.append(_support(note, text, at, len(chunks)))
                    chunks.append({"web": web})
                case _:
                    pass
        at += len(text.encode("utf-8", "surrogatepass"))
    if not chunks:
        return {}
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _support(note: dict[str, Any], text: str, at: int, number: int) -> dict[str, Any]:
    segment: dict[str, Any] = {}
    for key, name in (("start_index", "startIndex"), ("end_index", "endIndex")):
        place = note.get(key)
        if type(place) is int and place >= 0:
            segment[name] = at + len(text[:place].encode("utf-8", "surrogatepass"))
    if isinstance(note.get("cited_text"), str):
        segment["text"] = note["cited_text"]
    return {"segment": segment, "groundingChunkIndices": [number]}
