"""Methods are replaced for a while, whatever others do to them meanwhile."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.recording.patching import Patch, Patches


class Speaker:
    """What is replaced."""

    def speak(self) -> str:
        return "plain"


class Heir(Speaker):
    """Has nothing of its own."""


def louder(speak: Callable[[Speaker], str]) -> Callable[[Speaker], str]:
    return lambda speaker: speak(speaker) + "!"


def stranger(speak: Callable[[Speaker], str]) -> Callable[[Speaker], str]:
    return lambda speaker: f"({speak(speaker)})"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was = Speaker.speak
    yield
    Speaker.speak = was  # type: ignore[method-assign]


def test_first_holder_installs_and_last_one_removes() -> None:
    """In whatever order they come and go."""
    patches = Patches(lambda: [Patch(Speaker, "speak", louder)])
    was = Speaker.speak

    said = []
    for change in (patches.hold, patches.hold, patches.release, patches.release):
        change()
        said.append(Speaker().speak())

    assert said == ["plain!", "plain!", "plain!", "plain"]
    assert Speaker.speak is was


def test_inherited_method_is_replaced_in_the_heir_alone() -> None:
    """And is inherited again after that."""
    patches = Patches(lambda: [Patch(Heir, "speak", louder)])

    patches.hold()
    said = Heir().speak(), Speaker().speak()
    patches.release()

    assert said == ("plain!", "plain")
    assert "speak" not in vars(Heir)


def test_what_others_put_over_ours_stays() -> None:
    """Ours below it is not put there twice."""
    patches = Patches(lambda: [Patch(Speaker, "speak", louder)])
    patches.hold()
    ours = Speaker.speak
    Speaker.speak = stranger(ours)  # type: ignore[method-assign]

    patches.release()
    left = Speaker().speak()
    patches.hold()
    again = Speaker().speak()
    Speaker.speak = ours  # type: ignore[method-assign]
    patches.release()

    assert left == again == "(plain!)"
    assert Speaker().speak() == "plain"


def test_what_others_put_back_is_replaced_again() -> None:
    """They may put back what was there before us."""
    patches = Patches(lambda: [Patch(Speaker, "speak", louder)])
    was = Speaker.speak
    patches.hold()
    Speaker.speak = stranger(Speaker.speak)  # type: ignore[method-assign]
    patches.release()
    Speaker.speak = was  # type: ignore[method-assign]

    patches.hold()
    said = Speaker().speak()
    patches.release()

    assert said == "plain!"
    assert Speaker.speak is was


def test_library_that_is_imported_later_is_replaced_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is awaited is looked at as soon as it is there."""
    (tmp_path / "late_library.py").write_text("class Late:\n    speak = str.upper\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "late_library", raising=False)
    finders = [*sys.meta_path]

    def library() -> Iterator[Patch]:
        if (late := sys.modules.get("late_library")) is not None:
            yield Patch(
                late.Late, "speak", lambda speak: lambda text: speak(text) + "!"
            )

    patches = Patches(library, awaited=("late_library", "no_such_library"))
    patches.hold()
    import late_library  # type: ignore[import-not-found]

    during = late_library.Late.speak("hi")
    with pytest.raises(ModuleNotFoundError):
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401
    patches.release()

    assert (during, late_library.Late.speak("hi")) == ("HI!", "HI")
    assert sys.meta_path == finders


def test_library_that_was_awaited_too_long_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last holder may go while the import is on its way."""
    patches = Patches(lambda: asked.append(1) or (), awaited=("slow_library",))
    asked: list[int] = []
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "let_go", SimpleNamespace(now=patches.release))  # type: ignore[arg-type]
    (tmp_path / "slow_library.py").write_text("import let_go\nlet_go.now()\n")
    monkeypatch.delitem(sys.modules, "slow_library", raising=False)

    patches.hold()
    import slow_library  # type: ignore[import-not-found]  # noqa: F401

    assert asked == [1]
