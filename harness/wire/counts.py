"""Token counts: a provider's spelling to ours and back, by a table of places.

A table says for each of our counts where it may stand; of several places the first
that says a number is read, and the first is the one written.
"""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Path", "Places", "read_counts", "write_counts"]

#: The keys that lead to a number.
Path = tuple[str, ...]
#: Our counts, and where each stands.
Places = Mapping[Path, tuple[Path, ...]]


def read_counts(
    said: Mapping[str, Any], places: Places, details: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """The usage that *said* counts, or None where it counts nothing.

    *details* maps their objects of further counts to ours: what is in them and not in
    *places* is kept, "_tokens" cut off its name.

    >>> read_counts({"in": 3}, {("input_tokens",): (("in",),)})
    {'input_tokens': 3}
    """
    found: dict[Path, int] = {}
    for path, spellings in places.items():
        counts = (_at(said, place) for place in spellings)
        number = next((count for count in counts if count is not None), None)
        if number is not None:
            found[path] = number
    placed = {path for paths in places.values() for path in paths}
    for theirs, ours in (details or {}).items():
        detailed = said.get(theirs)
        for name in detailed if isinstance(detailed, Mapping) else ():
            count = _at(said, (theirs, name))
            if count is not None and (theirs, name) not in placed:
                found[ours, name.removesuffix("_tokens")] = count
    return _nested(found.items()) or None


def write_counts(usage: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """What a provider says for *usage*: `read_counts` gives it back.

    >>> write_counts({"input_tokens": 3}, {("input_tokens",): (("in",),)})
    {'in': 3}
    """
    counts = ((theirs[0], _at(usage, path)) for path, theirs in places.items())
    return _nested((path, count) for path, count in counts if count is not None)


def _at(said: Any, place: Path) -> int | None:
    for key in place:
        if type(said) is not dict and not isinstance(said, Mapping):
            return None
        said = said.get(key)
    return said if type(said) is int else None


def _nested(counts: Iterable[tuple[Path, int]]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, count in counts:
        level = nested
        for key in path[:-1]:
            level = level.setdefault(key, {})
        level[path[-1]] = count
    return nested
