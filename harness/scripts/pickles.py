"""Scripts as pickles: turns, journal and all, for another process to play on from."""

from threading import RLock
from typing import Any, Self

from harness.pickles import check_findable
from harness.scripts.parts import Compute, Turn

__all__ = ["Pickled"]

_MADE_AGAIN = ("_lock", "_plans")


class Pickled:
    """What a script needs to be pickled; its copy counts for itself from then on."""

    turns: tuple[Turn, ...]

    def __getstate__(self) -> dict[str, Any]:
        """All but what is made again. Raises InputError for what has no name."""
        for number, turn in enumerate(self.turns):
            if isinstance(turn.answer, Compute):
                check_findable(turn.answer.function, self._place(number))
            if turn.when is not None and turn.when.test is not None:
                check_findable(turn.when.test, self._place(number))
        return {k: v for k, v in vars(self).items() if k not in _MADE_AGAIN}

    def __copy__(self) -> Self:
        """One that shares all with this one; nothing is pickled for it."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = RLock()
        self._plans = [self._prepared(n) for n in range(len(self.turns))]

    def _place(self, number: int) -> str:
        raise NotImplementedError

    def _prepared(self, number: int) -> Any:
        raise NotImplementedError
