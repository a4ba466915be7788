"""Secrets that were told, and which of them a text has; however many they are.

In: spellings of secrets, and what stands for each. Out: those that stand in a text. A
few are looked for one by one. Many are looked up by their ends, as keys begin alike:
who looks at every eighth place of a text meets a part of each end that is in it.
"""

from collections.abc import Iterator, Mapping

__all__ = ["KnownSecrets"]

_FEW, _PART = 32, 8
#: So long an end has a whole part that begins at an eighth place, wherever it stands.
_END = 2 * _PART - 1


class KnownSecrets:
    """Spellings of secrets; ``marks`` has what stands for each."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self.marks: dict[str, str] = {}
        self._short: list[str] = []  # those that have no such end
        self._ends: dict[str, list[str]] = {}
        for spelling, mark in marks.items():
            self.tell(spelling, mark)

    def tell(self, spelling: str, mark: str) -> None:
        """Let *mark* stand for *spelling*, unless something does."""
        if spelling in self.marks:
            return
        self.marks[spelling] = mark
        if len(spelling) < _END:
            self._short.append(spelling)
            return
        end = spelling[-_END:]
        for part in {end[at : at + _PART] for at in range(_PART)}:
            self._ends.setdefault(part, []).append(spelling)

    def within(self, text: str) -> list[str]:
        """The spellings that stand in *text*, each once."""
        if len(self.marks) <= _FEW:
            return [one for one in self.marks if one in text]
        return [one for one in self._near(text) if one in text]

    def _near(self, text: str) -> Iterator[str]:
        """Those that may stand in *text*."""
        yield from self._short
        ends = self._ends
        places = range(0, len(text), _PART)
        parts = {part for at in places if (part := text[at : at + _PART]) in ends}
        yield from dict.fromkeys(one for part in sorted(parts) for one in ends[part])
