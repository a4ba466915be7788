"""What one test was given, and what is wrong with it when it ends."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from harness.pytest_plugin.settings import ENDED

__all__ = ["Watch", "causes", "reported"]

_ON_PURPOSE = (
    "If the test wants it so: allow_unused=True, model.script.violations.clear(), "
    "fake.failures.clear(), cassette.misses.clear(), recorded.misses.clear()."
)


class Watch:
    """Looks at the end of *item* what its models and cassettes have to say."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.config = item.config
        self._checks: dict[
            int, tuple[object, str, Callable[[], Iterator[BaseException]]]
        ] = {}

    def check(
        self, thing: object, label: str, problems: Callable[[], Iterator[BaseException]]
    ) -> None:
        """Ask *problems* of *thing* when the test ends; once for each thing."""
        self._checks[id(thing)] = thing, label, problems

    def checked(
        self,
    ) -> Iterator[tuple[object, str, Callable[[], Iterator[BaseException]]]]:
        """What the test was given, what it is called, and what asks for problems."""
        yield from self._checks.values()

    @property
    def passed(self) -> bool:
        """Whether the body of the test ran, and raised nothing."""
        return ENDED in self.item.stash and self.error is None

    @property
    def error(self) -> BaseException | None:
        """What the body of the test raised."""
        ended = self.item.stash.get(ENDED, None)
        return None if ended is None else ended.value

    def found(self) -> list[str]:
        """What is wrong, without what the test has failed for."""
        known = causes(self.error)
        return [
            f"{label}: {reported(problem)}"
            for _, label, problems in self._checks.values()
            for problem in problems()
            if not any(problem is one for one in known)
        ]

    def report(self) -> None:
        """Fail the test for what is wrong, or tell of it if the test failed anyway."""
        if found := self.found():
            self.tell(found, _ON_PURPOSE)

    def tell(self, found: Iterable[str], hint: str = "") -> None:
        """Fail the test for what was *found*, if it has passed; or tell of it."""
        text = "\n\n".join(found)
        if self.passed:
            told = f"{self.item.name} passed, but not as scripted.\n\n{text}"
            pytest.fail(f"{told}\n\n{hint}" if hint else told, pytrace=False)
        self.item.add_report_section("teardown", "chat-harness", text)


def reported(problem: BaseException) -> str:
    """A problem in words."""
    notes: list[str] = getattr(problem, "__notes__", [])
    return "\n".join([f"{type(problem).__name__}: {problem}", *notes])


def causes(error: BaseException | None) -> list[BaseException]:
    """*error*, and all errors that it came of."""
    found = [] if error is None else [error]
    for one in found:
        inner = getattr(one, "exceptions", ())
        carried = getattr(one, "miss", None), getattr(one, "error", None)
        for cause in (one.__cause__, one.__context__, *carried, *inner):
            if isinstance(cause, BaseException) and not any(
                cause is other for other in found
            ):
                found.append(cause)
    return found
