"""The page: one file of HTML that has everything in it, and asks no network.

The entries are packed: a list that is read at once, and parts with the conversations,
each of them JSON, gzip and base64, that are read when one of them is opened.
"""

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

from harness.report.entries import Entry, Miss
from harness.report.rows import row
from harness.text import visible

__all__ = ["SCRIPTS", "page_of"]

#: The scripts of the page, in the order in which they run.
SCRIPTS = (
    "dom.js",
    "data.js",
    "list.js",
    "filters.js",
    "messages.js",
    "timeline.js",
    "raw.js",
    "differences.js",
    "compare.js",
    "detail.js",
    "page.js",
)

_PACK = 500_000


def page_of(entries: Iterable[Entry], title: str, notes: Iterable[str] = ()) -> str:
    """The page that shows *entries*, with *notes* above.

    >>> page = page_of([], "Weather")
    >>> "<title>Weather</title>" in page
    True
    """
    listed, title = [*entries], visible(title)
    packs = [*_packs(listed)]
    index = {
        "title": title,
        "notes": [*notes],
        "rows": [row(entry) for entry in listed],
        "packs": [count for count, _ in packs],
    }
    style = _part("page.css")
    scripts = [_part(name) for name in SCRIPTS]
    data = [("index", _packed(index))]
    data += [(f"pack-{n}", text) for n, (_, text) in enumerate(packs)]
    parts = {
        "@POLICY@": _policy(style, scripts),
        "@TITLE@": html.escape(title),
        "@STYLE@": f"<style>{style}</style>",
        "@DATA@": "\n".join(
            f'<script type="application/gzip" id="{name}">{text}</script>'
            for name, text in data
        ),
        "@SCRIPTS@": "\n".join(f"<script>{text}</script>" for text in scripts),
    }
    page = _part("page.html")
    for name, text in parts.items():
        before, _, after = page.partition(name)
        page = f"{before}{text}{after}"
    return page


def _part(name: str) -> str:
    return files("harness.report").joinpath(name).read_text("utf-8")


def _policy(style: str, scripts: Iterable[str]) -> str:
    """Nothing is loaded, and only what is ours runs."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_digest(style)}; script-src {' '.join(map(_digest, scripts))}"
    )


def _digest(text: str) -> str:
    return (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    )


def _packed(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _packs(entries: Iterable[Entry]) -> Iterator[tuple[int, str]]:
    """The details of *entries*, some together: how many, and the text."""
    pack = _Pack()
    for entry in entries:
        pack.add(entry)
        if pack.size > _PACK:
            yield len(pack.entries), _packed(pack.value)
            pack = _Pack()
    if pack.entries:
        yield len(pack.entries), _packed(pack.value)


class _Pack:
    """Details of entries, in which each message and list of tools is there once."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.shared: list[Any] = []
        self.size = 0
        self._known: dict[str, int] = {}

    @property
    def value(self) -> dict[str, Any]:
        """It as JSON."""
        return {"shared": self.shared, "entries": self.entries}

    def add(self, entry: Entry) -> None:
        """Take the details of *entry* in."""
        self.entries.append(
            {
                "problem": entry.problem,
                "parts": [
                    {"label": part.label, "exchanges": [*map(self._of, part.exchanges)]}
                    for part in entry.parts
                ],
                "misses": [self._miss(miss) for miss in entry.misses],
            }
        )

    def _miss(self, miss: Miss) -> dict[str, Any]:
        nearest = miss.nearest and self._of(miss.nearest)
        return {"told": miss.told, "asked": self._of(miss.asked), "nearest": nearest}

    def _of(self, exchange: dict[str, Any]) -> dict[str, Any]:
        request = exchange["request"]
        raw = exchange.get("raw", {})
        self.size += sum(len(text) for text in raw.values() if isinstance(text, str))
        self.size += 30 * len(exchange["pieces"])
        if request is None:
            return exchange
        messages = [self._number(message) for message in request["messages"]]
        tools = [self._number(tool) for tool in request["tools"]]
        return {
            **exchange,
            "request": {**request, "messages": messages, "tools": tools},
        }

    def _number(self, value: Any) -> int:
        """Where *value* is in what is shared."""
        text = json.dumps(value, sort_keys=True)
        if text not in self._known:
            self._known[text] = len(self.shared)
            self.shared.append(value)
            self.size += len(text)
        return self._known[text]
