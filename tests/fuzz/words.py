"""The words of a format, out of the code that reads it: a fuzzer's dictionary."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["dictionary", "words_of"]

_ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"[!-~]{1,40}(?: ?[!-~]{1,40}){0,2}:?")
_LONGEST = 60


def words_of(rooms: Iterable[str]) -> list[str]:
    """Give the constants of text in *rooms*, modules or folders of the package."""
    found = (word for room in rooms for path in _files(room) for word in _words(path))
    return sorted(set(found))


def _files(room: str) -> list[Path]:
    path = _ROOT / "harness" / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def _words(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Constant(value=str(text)) if _WORD.fullmatch(text):
                yield from (text, *text.split()) if len(text) <= _LONGEST else ()
            case ast.Constant(value=bytes(data)) if 0 < len(data) <= _LONGEST:
                yield data.decode("latin-1")
            case _:
                pass


def dictionary(words: Iterable[str]) -> str:
    """Give a dictionary as libFuzzer reads it, each word also as a key of JSON."""
    spelled = [form for word in words for form in (word, f'"{word}":', f'"{word}"')]
    lines = (_escaped(one.encode("utf-8", "surrogatepass")) for one in spelled)
    return "\n".join(dict.fromkeys(lines))


def _escaped(data: bytes) -> str:
    plain = (0x20, 0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))
    said = (chr(b) if b in plain else f"\\x{b:02x}" for b in data)
    return f'"{"".join(said)}"'
